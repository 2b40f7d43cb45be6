//! Grafana: one dashboard that shows the stack at a glance.
//!
//! Source: grafana.com/docs, "Dashboard JSON model", and the types of `@grafana/schema`. The metrics are described in
//! `docs/design/metrics.md`.

use serde_json::{Value, json};

use super::prometheus::no_metrics;
use super::{ExportFile, Exported, Request, Target, header_of_file};

const TARGET: Target = Target::Grafana;

pub(super) fn export(request: &Request) -> Exported {
    let project = &request.plan.project;
    let dashboard = json!({
        "title": "devtasks",
        "description": header_of_file(TARGET, request, "").trim_end().replace('\n', " "),
        "uid": "devtasks",
        "tags": ["devtasks"],
        "schemaVersion": 39,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "5s",
        "time": {"from": "now-30m", "to": "now"},
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            {
                "name": "project",
                "label": "Project",
                "type": "query",
                "datasource": source(),
                "query": "label_values(devtasks_build_info, project)",
                "refresh": 2,
                "current": {"text": project, "value": project},
            },
        ]},
        "panels": panels(),
    });
    Exported {
        files: vec![ExportFile {
            name: "devtasks.dashboard.json".to_owned(),
            text: format!("{dashboard:#}\n"),
            has_variables: false,
        }],
        losses: no_metrics(request).into_iter().collect(),
    }
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

/// The width of the grid. Source: "Dashboard JSON model", `gridPos`.
const COLUMNS: usize = 24;

/// Two panels a row below the first row of numbers and the states.
fn panels() -> Vec<Value> {
    let mut panels = Vec::new();
    let width = COLUMNS / NUMBERS.len();
    for (at, (title, unit, expression)) in NUMBERS.iter().enumerate() {
        panels.push(json!({
            "type": "stat",
            "title": title,
            "gridPos": {"x": at * width, "y": 0, "w": width, "h": 4},
            "datasource": source(),
            "targets": [query("A", expression, "")],
            "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false}},
        }));
    }
    panels.push(json!({
        "type": "state-timeline",
        "title": "States",
        "gridPos": {"x": 0, "y": 4, "w": COLUMNS, "h": 8},
        "datasource": source(),
        "targets": [query("A", STATES, "{{service}}")],
        "fieldConfig": {"defaults": {"mappings": [{"type": "value", "options": {
            "0": {"text": "stopped or done", "color": "text"},
            "1": {"text": "failed or unhealthy", "color": "red"},
            "2": {"text": "starting, stopping or waiting", "color": "yellow"},
            "3": {"text": "running", "color": "blue"},
            "4": {"text": "ready", "color": "green"},
        }}]}, "overrides": []},
        "options": {"mergeValues": true, "showValue": "never", "rowHeight": 0.8},
    }));
    for (at, (title, unit, legend, expression)) in GRAPHS.iter().enumerate() {
        panels.push(json!({
            "type": "timeseries",
            "title": title,
            "gridPos": {"x": at % 2 * COLUMNS / 2, "y": 12 + at / 2 * 8, "w": COLUMNS / 2, "h": 8},
            "datasource": source(),
            "targets": [query("A", expression, legend)],
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "options": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []}},
        }));
    }
    for (at, panel) in panels.iter_mut().enumerate() {
        panel["id"] = json!(at + 1);
    }
    panels
}

fn query(name: &str, expression: &str, legend: &str) -> Value {
    json!({"refId": name, "datasource": source(), "expr": expression, "legendFormat": legend})
}

/// Title, unit and expression.
const NUMBERS: [(&str, &str, &str); 6] = [
    ("Services up", "none", "sum(devtasks_service_up{project=\"$project\"})"),
    (
        "Services down",
        "none",
        "sum(devtasks_service_state{project=\"$project\", state=~\"failed|exited|backoff|unhealthy\"})",
    ),
    (
        "Restarts in this run",
        "none",
        "sum(devtasks_service_restarts_total{project=\"$project\"})",
    ),
    (
        "Ports that were taken",
        "none",
        "sum(devtasks_port_conflicts_total{project=\"$project\"}) or vector(0)",
    ),
    (
        "Log lines dropped",
        "none",
        "sum(devtasks_log_export_dropped_total{project=\"$project\"}) or vector(0)",
    ),
    (
        "Processor of the supervisor",
        "percentunit",
        "sum(rate(process_cpu_seconds_total{project=\"$project\"}[$__rate_interval]))",
    ),
];

/// A number for each group of states; the highest that holds.
const STATES: &str = "max by (service) (\
    devtasks_service_state{project=\"$project\", state=\"ready\"} * 4 \
    or devtasks_service_state{project=\"$project\", state=\"running\"} * 3 \
    or devtasks_service_state{project=\"$project\", state=~\"waiting|starting|stopping\"} * 2 \
    or devtasks_service_state{project=\"$project\", state=~\"failed|backoff|unhealthy\"})";

/// Title, unit, legend and expression.
const GRAPHS: [(&str, &str, &str, &str); 8] = [
    (
        "Restarts",
        "none",
        "{{service}}: {{cause}}",
        "sum by (service, cause) (increase(devtasks_service_restarts_total{project=\"$project\"}[$__rate_interval])) > 0",
    ),
    (
        "Health checks, 95th percentile",
        "s",
        "{{service}}",
        "histogram_quantile(0.95, sum by (service, le) (rate(devtasks_healthcheck_duration_seconds_bucket{project=\"$project\"}[$__rate_interval])))",
    ),
    (
        "Processor",
        "percentunit",
        "{{service}}",
        "sum by (service) (rate(devtasks_service_cpu_seconds_total{project=\"$project\"}[$__rate_interval]))",
    ),
    (
        "Memory",
        "bytes",
        "{{service}}",
        "sum by (service) (devtasks_service_resident_memory_bytes{project=\"$project\"})",
    ),
    (
        "Clients",
        "none",
        "{{service}} {{port}}",
        "sum by (service, port) (devtasks_port_clients{project=\"$project\"})",
    ),
    (
        "Log lines a second",
        "none",
        "{{service}}",
        "sum by (service) (rate(devtasks_log_lines_total{project=\"$project\"}[$__rate_interval]))",
    ),
    (
        "Time until ready",
        "s",
        "{{service}}",
        "max by (service) (devtasks_service_ready_seconds{project=\"$project\"})",
    ),
    (
        "Open descriptors",
        "none",
        "{{service}}",
        "sum by (service) (devtasks_service_open_fds{project=\"$project\"})",
    ),
];
