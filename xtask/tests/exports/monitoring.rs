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

/// Every panel of the dashboard shows something of a stack that runs, has been restarted, and has clients.
#[test]
fn prometheus_scrapes_a_stack_and_every_panel_has_data() {
    let shop = Shop::new("");
    let file = shop.sandbox.project().join("devtasks.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let project = "name = \"shop\"\nmetrics = \"127.0.0.1:9464\"\nlog_export = [{ file = \"lines\" }]\n";
    shop.sandbox
        .write("devtasks.toml", &text.replace("name = \"shop\"\n", project));
    shop.export(&["prometheus"]);
    shop.export(&["grafana"]);
    let answers = shop.run(&format!(
        r#"
        # As often as this test can wait; nothing else is changed.
        sed -i 's/_interval: 5s/_interval: 1s/' deploy/prometheus.yml
        {program} up --detach --quiet
        prometheus --config.file=deploy/prometheus.yml --storage.tsdb.path=tsdb --web.listen-address=127.0.0.1:9090 >log 2>&1 &
        prometheus=$!
        query() {{ curl -fsS --get -m 2 --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query; }}
        has_data() {{ query "$1" | jq -e '.data.result | length > 0' >/dev/null; }}
        until_is 20 has_data 'devtasks_service_up == 1' || {{ cat log >&2; exit 1; }}
        {program} metrics | promtool check metrics
        exec 3<>/dev/tcp/127.0.0.1/8080
        comes_back
        jq -r '.panels[].targets[].expr' deploy/devtasks.dashboard.json |
            sed -e 's/\$project/shop/g' -e 's/\$__rate_interval/5s/g' >expressions
        while read -r expression; do
            until_is 20 has_data "$expression" || {{ echo "no data: $expression" >&2; exit 1; }}
        done <expressions
        value() {{ query "$1" | jq -r '[.data.result[].value[1]] | join(" ")'; }}
        is_seen() {{ [ "$(value 'sum(devtasks_service_restarts_total{{service="backend",cause="signal"}})')" = 1 ]; }}
        until_is 20 is_seen
        echo "panels $(wc -l <expressions)"
        echo "up $(value 'sum(devtasks_service_up)')"
        echo "clients of web $(value 'devtasks_port_clients{{service="web"}}')"
        curl -fsS http://127.0.0.1:9090/api/v1/rules | jq -r '[.data.groups[].rules[].health] | unique | join(" ")'
        curl -fsS http://127.0.0.1:9090/api/v1/targets | jq -r '.data.activeTargets[] | .health + " " + .lastError'
        exec 3>&-
        {program} down --quiet
        kill -TERM $prometheus
        wait $prometheus
        nothing_left
        "#,
        program = env!("CARGO_BIN_EXE_xtask"),
    ));
    expect_test::expect![[r#"
        panels 15
        up 4
        clients of web 1
        ok
        up 
    "#]]
    .assert_eq(&answers);
}
