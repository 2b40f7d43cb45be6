//! Blocks of lines → the request.

use std::sync::Arc;

use expect_test::{Expect, expect};

use super::{OtlpBatch, endpoint};
use crate::run::log_export::tests::{block, source};
use crate::run::logs::Stream;

/// The document, a record in each line.
#[track_caller]
fn check(batch: &mut OtlpBatch, expected: Expect) {
    let json = String::from_utf8(batch.finished().to_vec()).expect("it is UTF-8");
    let _: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let json = json.replace(&version, "\"version\":\"[version]\"");
    expected.assert_eq(
        &json
            .replace("{\"timeUnixNano", "\n{\"timeUnixNano")
            .replace("{\"resource\"", "\n{\"resource\""),
    );
}

fn batch(blocks: &[(&str, u32, Stream, &[&[u8]])]) -> OtlpBatch {
    let mut batch = OtlpBatch::new(source());
    for (service, pid, stream, lines) in blocks {
        batch.begin(&block(&Arc::from(*service), *pid, *stream, b""));
        lines.iter().for_each(|line| batch.add(line));
    }
    batch
}

#[test]
fn a_request_holds_the_lines_of_each_process_under_its_resource() {
    let mut two = batch(&[
        ("api", 7, Stream::Stdout, &[b"one", b"two"]),
        ("api", 7, Stream::Stderr, &[b"three"]),
        ("db", 9, Stream::Stdout, &[b""]),
    ]);
    assert_eq!(two.n_lines, 4);
    check(
        &mut two,
        expect![[r#"
        {"resourceLogs":[
        {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}},{"key":"service.namespace","value":{"stringValue":"my \"shop\""}},{"key":"service.instance.id","value":{"stringValue":"1a-2b"}},{"key":"host.name","value":{"stringValue":"box"}},{"key":"process.pid","value":{"intValue":"7"}}]},"scopeLogs":[{"scope":{"name":"devtasks","version":"[version]"},"logRecords":[
        {"timeUnixNano":"1795420800123456789","observedTimeUnixNano":"1795420800123456789","body":{"stringValue":"one"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stdout"}}]},
        {"timeUnixNano":"1795420800123456789","observedTimeUnixNano":"1795420800123456789","body":{"stringValue":"two"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stdout"}}]},
        {"timeUnixNano":"1795420800123456789","observedTimeUnixNano":"1795420800123456789","body":{"stringValue":"three"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stderr"}}]}]}]},
        {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"db"}},{"key":"service.namespace","value":{"stringValue":"my \"shop\""}},{"key":"service.instance.id","value":{"stringValue":"1a-2b"}},{"key":"host.name","value":{"stringValue":"box"}},{"key":"process.pid","value":{"intValue":"9"}}]},"scopeLogs":[{"scope":{"name":"devtasks","version":"[version]"},"logRecords":[
        {"timeUnixNano":"1795420800123456789","observedTimeUnixNano":"1795420800123456789","body":{"stringValue":""},"attributes":[{"key":"log.iostream","value":{"stringValue":"stdout"}}]}]}]}]}"#]],
    );
}

#[test]
fn a_line_is_a_string_whatever_its_bytes() {
    let mut odd = batch(&[("api", 7, Stream::Stdout, &[b"say \"hi\" \\ \t\x01 caf\xc3\xa9 \xff"])]);
    check(
        &mut odd,
        expect![[r#"
        {"resourceLogs":[
        {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}},{"key":"service.namespace","value":{"stringValue":"my \"shop\""}},{"key":"service.instance.id","value":{"stringValue":"1a-2b"}},{"key":"host.name","value":{"stringValue":"box"}},{"key":"process.pid","value":{"intValue":"7"}}]},"scopeLogs":[{"scope":{"name":"devtasks","version":"[version]"},"logRecords":[
        {"timeUnixNano":"1795420800123456789","observedTimeUnixNano":"1795420800123456789","body":{"stringValue":"say \"hi\" \\ \t\u0001 café �"},"attributes":[{"key":"log.iostream","value":{"stringValue":"stdout"}}]}]}]}]}"#]],
    );
}

#[test]
fn after_it_was_sent_a_batch_begins_with_a_resource_again() {
    let mut batch = batch(&[("api", 7, Stream::Stdout, &[b"one"])]);
    let before = batch.finished().to_vec();
    batch.clear();
    batch.begin(&block(&Arc::from("api"), 7, Stream::Stdout, b""));
    batch.add(b"one");
    assert_eq!(batch.finished(), before);
    assert_eq!(batch.n_lines, 1);
}

#[test]
fn the_path_of_the_protocol_is_added_unless_there_is_one() {
    assert_eq!(endpoint("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/logs");
    assert_eq!(endpoint("http://127.0.0.1:4318/"), "http://127.0.0.1:4318/v1/logs");
    assert_eq!(
        endpoint("http://loki:3100/otlp/v1/logs"),
        "http://loki:3100/otlp/v1/logs"
    );
}
