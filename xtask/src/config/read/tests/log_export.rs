//! `log_export`: targets and their mistakes.

use super::check;
use expect_test::expect;

/// Entries of `log_export` → the targets or the problems. Columns count from the start of the line.
#[track_caller]
fn check_targets(entries: &str, expected: expect_test::Expect) {
    check(&format!("[project]\nlog_export = [{entries}]"), expected);
}

#[test]
fn targets_are_read_in_order() {
    check_targets(
        "{ otlp = 'http://127.0.0.1:4318' }, { syslog = 'udp://127.0.0.1:514' }, { syslog = 'tcp://[::1]:601' }, \
         { syslog = 'unix:///dev/log' }, { journald = true }, { file = 'tmp/stack.jsonl' }",
        expect![[r#"
            log_export otlp http://127.0.0.1:4318
            log_export syslog udp://127.0.0.1:514
            log_export syslog tcp://[::1]:601
            log_export syslog unix:///dev/log
            log_export journald
            log_export file tmp/stack.jsonl"#]],
    );
    check_targets(
        "{ otlp = 'http://collector.local:80/custom/logs' }",
        expect!["log_export otlp http://collector.local:80/custom/logs"],
    );
}

#[test]
fn an_entry_names_one_target() {
    check_targets(
        "{}, { otpl = 'http://x:1' }",
        expect![[r#"
        2:15 [project] this entry of `log_export` names no target
          hint: write `{ otlp = "http://127.0.0.1:4318" }`
        2:21 [project.log_export] unknown key `otpl`
          hint: did you mean `otlp`?"#]],
    );
    check_targets(
        "{ otlp = 'http://x:1', syslog = 'udp://x:1' }",
        expect![[r#"
        2:38 [project.log_export] `otlp` and `syslog` are two targets
          hint: write `{ otlp = … }, { syslog = … }`"#]],
    );
    check_targets(
        "{ journald = false }, { journald = 'yes' }",
        expect![[r#"
        2:28 [project.log_export] `journald = false` sends nothing
          hint: remove this entry
        2:50 [project.log_export] `journald` must be `true` or `false`, found a string
          hint: write `journald = true`"#]],
    );
    check_targets(
        "{ file = 'tmp/a' }, { file = './tmp/./a' }",
        expect![[r#"
        2:35 [project] `file tmp/a` is listed twice
          hint: remove one of them: each would get every line"#]],
    );
    check_targets(
        "{ journald = true }, { journald = true }",
        expect![[r#"
        2:36 [project] `journald` is listed twice
          hint: remove one of them: each would get every line"#]],
    );
    check(
        "[project]\nlog_export = 'udp://127.0.0.1:514'",
        expect!["2:14 [project] `log_export` must be a list of tables, found a string"],
    );
    check(
        "[project]\nlog_export = ['udp://127.0.0.1:514']",
        expect![[r#"
            2:15 [project] an entry of `log_export` must be a table, found a string
              hint: write `{ syslog = "udp://127.0.0.1:514" }`"#]],
    );
}

#[test]
fn an_address_has_a_known_scheme_a_host_and_a_port() {
    check_targets(
        "{ syslog = '127.0.0.1:514' }, { syslog = '/dev/log' }, { otlp = 'localhost:4318' }",
        expect![[r#"
            2:26 [project.log_export] `127.0.0.1:514` has no scheme
              hint: write `udp://127.0.0.1:514`
            2:56 [project.log_export] `/dev/log` has no scheme
              hint: write `unix:///dev/log`
            2:79 [project.log_export] `localhost:4318` has no scheme
              hint: write `http://127.0.0.1:4318`"#]],
    );
    check_targets(
        "{ syslog = 'upd://127.0.0.1:514' }, { syslog = 'http://127.0.0.1:514' }",
        expect![[r#"
            2:26 [project.log_export] `syslog` does not know the scheme `upd`
              hint: did you mean `udp`?
            2:62 [project.log_export] `syslog` does not know the scheme `http`
              hint: write `udp://`, `tcp://` or `unix://`"#]],
    );
    check_targets(
        "{ otlp = 'https://x:1' }, { otlp = 'grpc://x:1' }",
        expect![[r#"
        2:24 [project.log_export] `https://` is not supported yet
          hint: send to a collector on this machine, over `http://`
        2:50 [project.log_export] `otlp` does not know the scheme `grpc`
          hint: write `http://`"#]],
    );
    check_targets(
        "{ syslog = 'udp://127.0.0.1' }, { otlp = 'http://localhost/v1/logs' }",
        expect![[r#"
            2:26 [project.log_export] `udp://127.0.0.1` has no port
              hint: write `udp://127.0.0.1:514`
            2:56 [project.log_export] `http://localhost/v1/logs` has no port
              hint: write `http://localhost:4318/v1/logs`"#]],
    );
    check_targets(
        "{ syslog = 'tcp://::1:514' }, { syslog = 'tcp://:514' }, { syslog = 'tcp://' }",
        expect![[r#"
            2:26 [project.log_export] `tcp://::1:514` has more than one `:` after its host
              hint: write an IPv6 address in brackets, as in `[::1]:514`
            2:56 [project.log_export] `tcp://:514` has no host
              hint: write `127.0.0.1` for this machine
            2:83 [project.log_export] `tcp://` has no port"#]],
    );
    check_targets(
        "{ syslog = 'tcp://a:0' }, { syslog = 'tcp://a:b' }, { syslog = 'tcp://a:1/x' }",
        expect![[r#"
            2:26 [project.log_export] `0` is no port
              hint: write a number from 1 to 65535 after the host
            2:52 [project.log_export] `b` is no port
              hint: write a number from 1 to 65535 after the host
            2:78 [project.log_export] `1/x` is no port
              hint: write a number from 1 to 65535 after the host"#]],
    );
    check_targets(
        "{ otlp = 'http://kim:secret@x:1' }, { syslog = 'unix://dev/log' }",
        expect![[r#"
            2:24 [project.log_export] a user name or password cannot be sent
              hint: leave out what stands before `@`
            2:62 [project.log_export] the path of `unix://dev/log` does not start with `/`
              hint: write `unix:///dev/log`"#]],
    );
    check_targets(
        "{ otlp = 'http://${HOST}:1' }, { file = '' }",
        expect![[r#"
        2:24 [project.log_export] `otlp` cannot hold variables
        2:55 [project.log_export] `file` is empty"#]],
    );
}
