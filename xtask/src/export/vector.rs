//! Vector: reads the file of JSON lines that `log_export` writes, and sends it to Loki.
//!
//! Source: vector.dev/docs, sources `file`, transforms `remap`, sinks `loki`. It was not run: Debian has no package of it. Its
//! own receiver of OTLP/HTTP takes protobuf, and devtasks sends JSON.

use super::collector::{no_file, of_file};
use super::{ExportFile, Exported, Request, Target, header_of_file, quoted};

const TARGET: Target = Target::Vector;

pub(super) fn export(request: &Request) -> Exported {
    let text = format!(
        "\
{header}sources:
  devtasks:
    type: file
    include: [{file}]
transforms:
  devtasks_lines:
    type: remap
    inputs: [devtasks]
    source: |
      . = parse_json!(.message)
      .timestamp = parse_timestamp!(.at, \"%+\")
      .message = del(.line)
sinks:
  loki:
    type: loki
    inputs: [devtasks_lines]
    endpoint: ${{LOKI_URL:-http://127.0.0.1:3100}}
    encoding:
      codec: raw_message
    labels:
      project: \"{{{{ project }}}}\"
      service: \"{{{{ service }}}}\"
      stream: \"{{{{ stream }}}}\"
",
        header = header_of_file(TARGET, request, "# "),
        file = quoted(&of_file(request).replace('$', "$$")),
    );
    Exported {
        files: vec![ExportFile {
            name: "vector.yaml".to_owned(),
            text,
            has_variables: false,
        }],
        losses: no_file(request).into_iter().collect(),
    }
}
