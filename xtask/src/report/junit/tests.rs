//! What was checked → XML. `tests/it/doctor` has another parser read it.

use expect_test::expect;

use super::document;
use crate::diagnostic::{Code, Diagnostic, Level};
use crate::ports::Subject;
use crate::preflight::checked::{Kind, Passed};
use crate::report::doctor::Results;
use crate::report::tests::{place, reader};

#[test]
fn each_kind_is_a_suite_and_each_check_a_case() {
    let at = place(4, 11, 5, "command = \"serve\"");
    let fail = Diagnostic::new("`a<b>&\"c\x1b\u{ffff}`")
        .code(Code::CommandNotFound)
        .at(&at);
    let warn = Diagnostic::new("stale").code(Code::PidfileStale).level(Level::Warn);
    let findings = [fail.about(Subject::service("api")), warn.about(Subject::default())];
    let results = |strict| Results {
        findings: &findings,
        passed: vec![Passed {
            kind: Kind::Ports,
            what: "api".to_owned(),
            fact: "port 8000 is free".to_owned(),
        }],
        strict,
        ..Results::unreadable(&[], None)
    };
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="devtasks doctor" tests="3" failures="1">
          <testsuite name="ports" tests="1" failures="0">
            <testcase classname="devtasks.ports" name="api: port 8000 is free"/>
          </testsuite>
          <testsuite name="commands" tests="1" failures="1">
            <testcase classname="devtasks.commands" name="api: command.not_found" file="devtasks.toml" line="4">
              <failure type="command.not_found" message="`a&lt;b&gt;&amp;&quot;c\x1b�`">error: `a&lt;b&gt;&amp;&quot;c\x1b�`
          --&gt; devtasks.toml:4:11  [services.backend]</failure>
            </testcase>
          </testsuite>
          <testsuite name="processes" tests="1" failures="0">
            <testcase classname="devtasks.processes" name="pidfile.stale">
              <system-out>warning: stale</system-out>
            </testcase>
          </testsuite>
        </testsuites>
    "#]].assert_eq(&document(&results(false), &reader(80)));
    let strict = document(&results(true), &reader(80));
    assert!(strict.contains("tests=\"3\" failures=\"2\""), "{strict}");
    assert!(!strict.contains("system-out"), "{strict}");
}
