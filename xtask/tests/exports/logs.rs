//! Lines of services at real receivers: rsyslog, by UDP, TCP, a socket file and from the file of JSON lines; journald; and
//! OTLP, read with the official definitions.

use crate::it::sandbox::Sandbox;
use crate::shop::run_in_namespace;
use crate::tools;

const OTLP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/logs/otlp.py");

/// A rule set for each way in, which writes what it got.
const RSYSLOG: &str = r#"
global(workDirectory="HERE/work" maxMessageSize="128k")
module(load="imudp") module(load="imtcp") module(load="imuxsock" SysSock.Use="off") module(load="imfile")
template(name="message" type="list") {
  property(name="pri-text") constant(value="|") property(name="app-name") constant(value="|")
  property(name="msgid") constant(value="|") property(name="structured-data") constant(value="|")
  property(name="msg") constant(value="\n")
}
template(name="text" type="string" string="%msg%\n")
ruleset(name="udp") { action(type="omfile" file="HERE/got/udp" template="message") }
ruleset(name="tcp") { action(type="omfile" file="HERE/got/tcp" template="message") }
ruleset(name="unix") { action(type="omfile" file="HERE/got/unix" template="message") }
ruleset(name="file") { action(type="omfile" file="HERE/got/file" template="text") }
input(type="imudp" port="514" address="127.0.0.1" ruleset="udp" rcvbufSize="16m")
input(type="imtcp" port="601" address="127.0.0.1" ruleset="tcp")
input(type="imuxsock" Socket="HERE/syslog.socket" UseSpecialParser="off" RateLimit.Interval="0" ruleset="unix")
input(type="imfile" File="HERE/lines.jsonl" Tag="devtasks" Ruleset="file")
"#;

#[test]
fn every_receiver_gets_every_line_even_if_it_comes_late() {
    let sandbox = Sandbox::new("");
    let here = sandbox.project().display().to_string();
    sandbox.write(
        "devtasks.toml",
        &format!(
            r#"
[project]
name = "my \"shop]"
log_export = [
  {{ syslog = "udp://127.0.0.1:514" }}, {{ syslog = "tcp://127.0.0.1:601" }}, {{ syslog = "unix://{here}/syslog.socket" }},
  {{ file = "lines.jsonl" }}, {{ journald = true }}, {{ otlp = "http://127.0.0.1:4318" }},
]
[services.api]
command = '''echo hello; echo oops >&2; printf 'caf\303\251 "q"\n'; seq 500; echo last; exec sleep 1000'''
shell = true
"#
        ),
    );
    sandbox.write("rsyslog.conf", &RSYSLOG.replace("HERE", &here));
    let script = format!(
        r#"
        X={program} PYTHON={python}/python
        mount --make-rprivate /
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /var/log
        mkdir -p /run/systemd/journal /run/log/journal work got
        touch lines.jsonl
        rsyslogd -N1 -f rsyslog.conf 2>checked || {{ cat checked >&2; exit 1; }}
        $X up --detach --quiet
        # Nobody but the file takes them yet.
        wait_there() {{ [ "$($X status | grep -c "$1")" = "$2" ]; }}
        until_is 10 wait_there '0 lines sent, 504 waiting' 5 || {{ $X status >&2; exit 1; }}
        /lib/systemd/systemd-journald >journald 2>&1 &
        rsyslogd -n -f rsyslog.conf -i $PWD/pid >rsyslog 2>&1 &
        $PYTHON {OTLP} 4318 >got/otlp &
        until_is 10 wait_there '504 lines sent$' 6 || {{ cat rsyslog >&2; $X status >&2; exit 1; }}
        $X down --quiet 2>told; [ ! -s told ] || {{ cat told >&2; exit 1; }}
        lines() {{ [ "$(wc -l <got/$1)" = 504 ]; }}
        for way in udp tcp unix file otlp; do until_is 5 lines $way || {{ wc -l got/* >&2; exit 1; }}; done
        for way in udp tcp unix; do
            echo "$way: $(grep oops got/$way | sed 's/run="[^"]*"/run=""/')"
            grep -c 'stdout.*|café "q"$' got/$way
        done
        $PYTHON - <<'PYTHON'
import json
lines = [json.loads(line) for line in open("got/file")]
print("file:", [line["line"] for line in lines if line["stream"] == "stderr"], {{line["service"] for line in lines}})
records = [json.loads(line) for line in open("got/otlp")]
print("otlp:", len({{text for _, _, text in records}}), [
    [of_resource["service.name"], of_resource["service.namespace"], of_record["log.iostream"]]
    for of_resource, of_record, text in records if text == "oops"
])
PYTHON
        journal() {{ journalctl -D /run/log/journal -q --no-pager "$@"; }}
        in_journal() {{ [ "$(journal -o cat SYSLOG_IDENTIFIER=api | wc -l)" = 504 ]; }}
        until_is 5 in_journal
        journal -o json DEVTASKS_STREAM=stderr | jq -c '[.MESSAGE, .PRIORITY, .SYSLOG_IDENTIFIER, .DEVTASKS_PROJECT]'
        "#,
        program = env!("CARGO_BIN_EXE_xtask"),
        python = tools::opentelemetry().display(),
    );
    expect_test::expect![[r#"
        udp: user.notice|api|stderr|[devtasks@32473 project="my \"shop\]" run=""]|oops
        1
        tcp: user.notice|api|stderr|[devtasks@32473 project="my \"shop\]" run=""]|oops
        1
        unix: user.notice|api|stderr|[devtasks@32473 project="my \"shop\]" run=""]|oops
        1
        file: ['oops'] {'api'}
        otlp: 504 [['api', 'my "shop]', 'stderr']]
        ["oops","5","api","my \"shop]"]
    "#]]
    .assert_eq(&run_in_namespace(&sandbox, &script));
}
