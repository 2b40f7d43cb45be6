//! Prometheus: a scrape configuration for the metrics of the stack, and alerts about it.
//!
//! Source: prometheus.io/docs, "Configuration", "Alerting rules", "Querying". The metrics are described in
//! `docs/design/metrics.md`.

use std::net::Ipv4Addr;

use super::loss::Loss;
use super::{ExportFile, Exported, Request, Target, header_of_file, quoted};

const TARGET: Target = Target::Prometheus;

/// Where metrics are looked for if the project serves none.
const ADDRESS: &str = "127.0.0.1:9464";

pub(super) fn export(request: &Request) -> Exported {
    let header = header_of_file(TARGET, request, "# ");
    let file = |name: &str, text: String| ExportFile {
        name: name.to_owned(),
        text: format!("{header}{text}"),
        has_variables: false,
    };
    Exported {
        files: vec![
            file("devtasks.rules.yml", rules()),
            file("prometheus.yml", configuration(request)),
        ],
        losses: no_metrics(request).into_iter().collect(),
    }
}

/// That nobody answers there, for targets that show metrics.
pub(super) fn no_metrics(request: &Request) -> Option<Loss> {
    request.metrics.is_none().then(|| Loss {
        service: None,
        key: "metrics",
        message: format!("the stack serves no metrics: add `metrics = \"{ADDRESS}\"` to [project]"),
        substitute: None,
    })
}

fn configuration(request: &Request) -> String {
    let address = request.metrics.map(|mut address| {
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        address.to_string()
    });
    let address = address.unwrap_or_else(|| ADDRESS.to_owned());
    format!(
        "\
global:
  scrape_interval: 5s
  evaluation_interval: 5s
rule_files:
  - devtasks.rules.yml
scrape_configs:
  - job_name: devtasks
    static_configs:
      - targets: [{}]
",
        quoted(&address)
    )
}

struct Alert {
    name: &'static str,
    expression: &'static str,
    /// How long it must hold.
    pending: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

/// About every stack that Prometheus scrapes, so several projects can share the file.
const ALERTS: [Alert; 6] = [
    Alert {
        name: "DevtasksStackDown",
        expression: "up{job=\"devtasks\"} == 0",
        pending: "1m",
        severity: "critical",
        summary: "No stack answers at {{ $labels.instance }}",
        description: "The supervisor has ended, or its metrics are off. `devtasks status` says which.",
    },
    Alert {
        name: "DevtasksServiceDown",
        expression: "sum by (project, service) (devtasks_service_state{state=~\"failed|exited|backoff\"}) > 0",
        pending: "1m",
        severity: "critical",
        summary: "`{{ $labels.service }}` of {{ $labels.project }} is down",
        description: "It has ended and was not stopped. `devtasks why {{ $labels.service }}` says why.",
    },
    Alert {
        name: "DevtasksRestartLoop",
        expression: "sum by (project, service) (increase(devtasks_service_restarts_total{cause!~\"requested|files_changed\"}[10m])) > 3",
        pending: "0m",
        severity: "warning",
        summary: "`{{ $labels.service }}` of {{ $labels.project }} is restarted again and again",
        description: "More than 3 restarts in 10 minutes that nobody asked for. `devtasks logs {{ $labels.service }}` has its last words.",
    },
    Alert {
        name: "DevtasksHealthCheckFailing",
        expression: "sum by (project, service) (rate(devtasks_healthcheck_total{result=\"failed\"}[5m])) / sum by (project, service) (rate(devtasks_healthcheck_total[5m])) > 0.5",
        pending: "1m",
        severity: "warning",
        summary: "The health check of `{{ $labels.service }}` of {{ $labels.project }} fails",
        description: "More than half of the checks in 5 minutes have failed: {{ $value | humanizePercentage }}.",
    },
    Alert {
        name: "DevtasksPortConflict",
        // A series begins at its first conflict, which `increase` does not see.
        expression: "sum by (project, code) (devtasks_port_conflicts_total - (devtasks_port_conflicts_total offset 15m or devtasks_port_conflicts_total * 0)) > 0",
        pending: "0m",
        severity: "info",
        summary: "`up` of {{ $labels.project }} met a port that was taken ({{ $labels.code }})",
        description: "It was freed or moved. `devtasks doctor` shows who takes ports here.",
    },
    Alert {
        name: "DevtasksLogExportDropping",
        expression: "sum by (project) (increase(devtasks_log_export_dropped_total[5m])) > 0",
        pending: "0m",
        severity: "warning",
        summary: "Log lines of {{ $labels.project }} do not reach the aggregator",
        description: "{{ $value | humanize }} lines in 5 minutes were dropped. The log files have them.",
    },
];

fn rules() -> String {
    let mut text = "groups:\n  - name: devtasks\n    rules:\n".to_owned();
    for alert in &ALERTS {
        text.push_str(&format!(
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        annotations:\n          summary: {}\n          description: {}\n",
            alert.name,
            quoted(alert.expression),
            alert.pending,
            alert.severity,
            quoted(alert.summary),
            quoted(alert.description),
        ));
    }
    text
}
