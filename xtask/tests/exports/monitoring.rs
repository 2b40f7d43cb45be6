//! What Prometheus and Grafana get: checked by promtool and by Grafana's own types.

use std::path::Path;
use std::process::Command;

use crate::it::sandbox::output;
use crate::shop::Shop;
use crate::tools;

const RULES_TEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/prometheus/rules_test.yml");

/// Runs it, and it must end with 0; what it printed.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let ended = output(command);
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(
        ended.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    printed
}

#[test]
fn promtool_accepts_the_configuration_and_every_alert_fires() {
    let shop = Shop::new("");
    shop.export(&["prometheus"]);
    let deploy = shop.sandbox.project().join("deploy");
    std::fs::copy(RULES_TEST, deploy.join("rules_test.yml")).unwrap();
    let promtool = |arguments: &[&str]| {
        let mut command = shop.sandbox.other("promtool");
        succeeds(command.current_dir(&deploy).args(arguments))
    };
    promtool(&["check", "config", "--lint-fatal", "prometheus.yml"]);
    promtool(&["test", "rules", "rules_test.yml"]);
    let rules = std::fs::read_to_string(deploy.join("devtasks.rules.yml")).unwrap();
    let test = std::fs::read_to_string(RULES_TEST).unwrap();
    for alert in rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(test.contains(&format!("alertname: {alert}\n")), "{alert} is not tested");
    }
}

#[test]
fn grafana_s_types_accept_the_dashboard() {
    let shop = Shop::new("");
    shop.export(&["grafana"]);
    let dashboard = std::fs::read_to_string(shop.sandbox.project().join("deploy/devtasks.dashboard.json")).unwrap();
    let types = tools::grafana_types();
    let check = |name: &str, dashboard: &str| {
        // A string literal is no member of an enumeration, though it has the same value.
        let dashboard = dashboard.replace(r#""type": "value""#, r#""type": MappingType.ValueToText"#);
        let text = format!(
            "import {{ type Dashboard, MappingType }} from '@grafana/schema';\nexport const it: Dashboard = {dashboard};\n"
        );
        std::fs::write(types.join(name), text).unwrap();
        let compiler = Path::new("node_modules/.bin/tsc");
        let mut command = Command::new(types.join(compiler));
        command
            .current_dir(&types)
            .args(["--noEmit", "--strict", "--skipLibCheck", name]);
        output(&mut command)
    };
    let ended = check("good.ts", &dashboard);
    assert!(ended.status.success(), "{ended:?}");
    let wrong = dashboard.replacen(r#""h": 4"#, r#""h": "4""#, 1);
    assert!(!check("wrong.ts", &wrong).status.success(), "it checks something");
}
