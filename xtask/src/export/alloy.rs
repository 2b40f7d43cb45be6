//! Alloy: receives what `log_export` sends by OTLP, or reads its file of JSON lines, and sends it to Loki.
//!
//! Source: grafana.com/docs/alloy, `otelcol.receiver.otlp`, `otelcol.exporter.otlphttp`, `loki.source.file`, `loki.process`,
//! `loki.write`. It was not run: Debian has no package of it.

use super::collector::{no_file, of_file};
use super::{ExportFile, Exported, Request, Target, header_of_file, quoted};
use crate::plan::LogTarget;

const TARGET: Target = Target::Alloy;

pub(super) fn export(request: &Request) -> Exported {
    let otlp = request.plan.log_export.iter().find_map(|target| match target {
        LogTarget::Otlp(url) => Some(url.as_str()),
        LogTarget::Syslog(_) | LogTarget::Journald | LogTarget::File(_) => None,
    });
    let (body, losses) = match otlp {
        Some(url) => (receives(url), None),
        None => (follows(&of_file(request)), no_file(request)),
    };
    Exported {
        files: vec![ExportFile {
            name: "config.alloy".to_owned(),
            text: format!("{}{body}", header_of_file(TARGET, request, "// ")),
            has_variables: false,
        }],
        losses: losses.into_iter().collect(),
    }
}

fn receives(url: &str) -> String {
    let host = url.trim_start_matches("http://");
    let endpoint = host.split('/').next().unwrap_or(host);
    format!(
        "\
otelcol.receiver.otlp \"devtasks\" {{
  http {{
    endpoint = {}
  }}
  output {{
    logs = [otelcol.exporter.otlphttp.loki.input]
  }}
}}

otelcol.exporter.otlphttp \"loki\" {{
  client {{
    endpoint = coalesce(sys.env(\"LOKI_URL\"), \"http://127.0.0.1:3100\") + \"/otlp\"
  }}
}}
",
        quoted(endpoint)
    )
}

fn follows(file: &str) -> String {
    format!(
        "\
local.file_match \"devtasks\" {{
  path_targets = [{{ \"__path__\" = {} }}]
}}

loki.source.file \"devtasks\" {{
  targets    = local.file_match.devtasks.targets
  forward_to = [loki.process.devtasks.receiver]
}}

loki.process \"devtasks\" {{
  stage.json {{
    expressions = {{ at = \"\", project = \"\", service = \"\", stream = \"\", line = \"\" }}
  }}
  stage.labels {{
    values = {{ project = \"\", service = \"\", stream = \"\" }}
  }}
  stage.timestamp {{
    source = \"at\"
    format = \"RFC3339Nano\"
  }}
  stage.output {{
    source = \"line\"
  }}
  forward_to = [loki.write.loki.receiver]
}}

loki.write \"loki\" {{
  endpoint {{
    url = coalesce(sys.env(\"LOKI_URL\"), \"http://127.0.0.1:3100\") + \"/loki/api/v1/push\"
  }}
}}
",
        quoted(file)
    )
}
