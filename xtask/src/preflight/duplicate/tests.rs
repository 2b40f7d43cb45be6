//! `devtasks.toml` → duplicate ports.

use std::path::Path;

use expect_test::expect;

use super::duplicates;
use crate::expected::Expected;
use crate::plan::planned::planned;

#[track_caller]
fn check(config: &str, expected: impl Expected) {
    let plan = planned(Path::new("/shop"), config);
    let findings = duplicates(&plan).into_iter().map(|finding| {
        let hints: String = finding
            .hints
            .iter()
            .map(|hint| format!("\nhint: {}", hint.render("")))
            .collect();
        let (code, exit) = (finding.code.name(), finding.exit.code());
        format!(
            "{code} {exit} {}: {}{hints}",
            finding.subject.service.unwrap(),
            finding.message
        )
    });
    expected.check(&findings.collect::<Vec<_>>().join("\n"));
}

#[test]
fn port_declared_twice_names_both_places() {
    check(
        "[services.db]
command = 'true'
port = 8000
[services.backend]
command = 'true'
port = { number = 8000, host = '0.0.0.0' }",
        expect![[r#"
            port.duplicate 2 backend: port 8000 is declared twice, by `db` (devtasks.toml:3:8) and by `backend`
            hint: give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "[services.web]
command = 'true'
ports = { http = { number = 8080, host = '::' }, hmr = { number = 8080, host = '127.0.0.2' } }",
        expect![[r#"
            port.duplicate 2 web: `web` declares port 8080 twice, as `http` and as `hmr`
            hint: give `web` another `port` in devtasks.toml"#]],
    );
}

#[test]
fn ports_that_can_be_bound_side_by_side_are_no_duplicates() {
    check(
        "[services.a]
command = 'true'
[services.a.ports]
a = 8000
b = 8001
c = { number = 8000, protocol = 'udp' }
d = { number = 8000, host = '127.0.0.2' }
e = { number = 8000, host = '::1' }
f = { number = 9000, host = '0.0.0.0' }
g = { number = 9000, host = '::1' }",
        expect![""],
    );
}
