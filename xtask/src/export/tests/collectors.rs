//! Vector and Alloy.

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(Target::Vector, expect![""]);
    check_example(Target::Alloy, expect![""]);
}

#[test]
fn vector_follows_the_file() {
    let written = "[project]\nname = 'shop'\nlog_export = [{ journald = true }, { file = 'tmp/it costs $5.jsonl' }]\n";
    check(
        Target::Vector,
        written,
        expect![[r#"
        === vector.yaml
        # Made by `devtasks export vector` from devtasks.toml.
        # Changes are lost: edit those, and run `devtasks export vector` again.
        sources:
          devtasks:
            type: file
            include: ["/srv/shop/tmp/it costs $$5.jsonl"]
        transforms:
          devtasks_lines:
            type: remap
            inputs: [devtasks]
            source: |
              . = parse_json!(.message)
              .timestamp = parse_timestamp!(.at, "%+")
              .message = del(.line)
        sinks:
          loki:
            type: loki
            inputs: [devtasks_lines]
            endpoint: ${LOKI_URL:-http://127.0.0.1:3100}
            encoding:
              codec: raw_message
            labels:
              project: "{{ project }}"
              service: "{{ service }}"
              stream: "{{ stream }}"
    "#]],
    );
}

#[test]
fn a_file_that_nothing_writes_is_named() {
    let otlp = "[project]\nname = 'my shop'\nlog_export = [{ otlp = 'http://127.0.0.1:4318' }]\n";
    check(
        Target::Vector,
        otlp,
        expect![[r#"
        === vector.yaml
        # Made by `devtasks export vector` from devtasks.toml.
        # Changes are lost: edit those, and run `devtasks export vector` again.
        sources:
          devtasks:
            type: file
            include: ["/srv/shop/tmp/my-shop.jsonl"]
        transforms:
          devtasks_lines:
            type: remap
            inputs: [devtasks]
            source: |
              . = parse_json!(.message)
              .timestamp = parse_timestamp!(.at, "%+")
              .message = del(.line)
        sinks:
          loki:
            type: loki
            inputs: [devtasks_lines]
            endpoint: ${LOKI_URL:-http://127.0.0.1:3100}
            encoding:
              codec: raw_message
            labels:
              project: "{{ project }}"
              service: "{{ service }}"
              stream: "{{ stream }}"
        lost: the stack, log_export: nothing writes the file that is followed: add `log_export = [{ file = "tmp/my-shop.jsonl" }]` to [project]
    "#]],
    );
}

#[test]
fn alloy_receives_or_follows() {
    let otlp = "[project]\nname = 'shop'\nlog_export = [{ otlp = 'http://[::1]:4318/v1/logs' }, { file = 'tmp/a' }]\n";
    check(
        Target::Alloy,
        otlp,
        expect![[r#"
        === config.alloy
        // Made by `devtasks export alloy` from devtasks.toml.
        // Changes are lost: edit those, and run `devtasks export alloy` again.
        otelcol.receiver.otlp "devtasks" {
          http {
            endpoint = "[::1]:4318"
          }
          output {
            logs = [otelcol.exporter.otlphttp.loki.input]
          }
        }

        otelcol.exporter.otlphttp "loki" {
          client {
            endpoint = coalesce(sys.env("LOKI_URL"), "http://127.0.0.1:3100") + "/otlp"
          }
        }
    "#]],
    );
    check(
        Target::Alloy,
        "[project]\nname = 'shop'\n",
        expect![[r#"
        === config.alloy
        // Made by `devtasks export alloy` from devtasks.toml.
        // Changes are lost: edit those, and run `devtasks export alloy` again.
        local.file_match "devtasks" {
          path_targets = [{ "__path__" = "/srv/shop/tmp/shop.jsonl" }]
        }

        loki.source.file "devtasks" {
          targets    = local.file_match.devtasks.targets
          forward_to = [loki.process.devtasks.receiver]
        }

        loki.process "devtasks" {
          stage.json {
            expressions = { at = "", project = "", service = "", stream = "", line = "" }
          }
          stage.labels {
            values = { project = "", service = "", stream = "" }
          }
          stage.timestamp {
            source = "at"
            format = "RFC3339Nano"
          }
          stage.output {
            source = "line"
          }
          forward_to = [loki.write.loki.receiver]
        }

        loki.write "loki" {
          endpoint {
            url = coalesce(sys.env("LOKI_URL"), "http://127.0.0.1:3100") + "/loki/api/v1/push"
          }
        }
        lost: the stack, log_export: nothing writes the file that is followed: add `log_export = [{ file = "tmp/shop.jsonl" }]` to [project]
    "#]],
    );
}
