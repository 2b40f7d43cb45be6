//! Problems that prevent a plan: all are reported, each once.

use super::check;
use expect_test::expect;

#[test]
fn every_missing_variable_is_told_with_its_place() {
    check(
        r#"
        [services.api]
        command = "api ${A} ${B:?ask Kim for it}"
        working_dir = "${C}"
        environment = { X = "${D:-${E}}", Y = "${F:?}" }
        env_file = []

        [services.web]
        command = "web ${A}"
        "#,
        "$ F=",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:3:16 variable `C` is not set
              hint: set `C` in `.env`, or write `${C:-default}`
            exit 2 env.missing devtasks.toml:2:16 variable `A` is not set
              hint: set `A` in `.env`, or write `${A:-default}`
            exit 2 env.missing devtasks.toml:2:21 variable `B` is not set: ask Kim for it
              hint: set `B` in `.env`
            exit 2 env.missing devtasks.toml:4:27 variable `E` is not set
              hint: set `E` in `.env`, or write `${E:-default}`
            exit 2 env.missing devtasks.toml:4:40 variable `F` is empty
              hint: set `F` in `.env`
            exit 2 env.missing devtasks.toml:8:16 variable `A` is not set
              hint: set `A` in `.env`, or write `${A:-default}`"#]],
    );
}

#[test]
fn a_mistyped_variable_gets_the_nearest_name_of_the_project() {
    check(
        r#"
        [services.api]
        command = "api --port ${BACKEND_PORT} --and ${BACKEND_PROT} ${SECRETKEY}"
        port = "${BACKEND_PORT:-8000}"
        "#,
        ".env: SECRET_KEY=x",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:2:45 variable `BACKEND_PROT` is not set
              hint: did you mean `BACKEND_PORT`?
            exit 2 env.missing devtasks.toml:2:61 variable `SECRETKEY` is not set
              hint: did you mean `SECRET_KEY`?"#]],
    );
}

#[test]
fn hints_name_the_env_file_that_is_read() {
    check(
        "[project]\nenv_file = ['a.env', 'b.env']\n[services.a]\ncommand = 'a ${A}'",
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:4:14 variable `A` is not set
              hint: set `A` in `b.env`, or write `${A:-default}`"#]],
    );
    check(
        "[project]\nenv_file = []\n[services.a]\ncommand = 'a ${A}'",
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:4:14 variable `A` is not set
              hint: set `A` in the environment, or write `${A:-default}`"#]],
    );
}

#[test]
fn problems_of_services_that_do_not_start_are_not_told() {
    let config = r#"
        [services.api]
        command = "api"
        port = "${API_PORT}"

        [services.web]
        command = "web ${WEB} ${services.api.port}"
        env_file = "web.env"

        [services.db]
        command = "db"
    "#;
    check(config, "web.env: =wrong", "db", expect!["db: db"]);
    check(
        config,
        "$ WEB=1",
        "web",
        expect!["exit 2 env.missing devtasks.toml:6:23 the port of `api` is not known: variable `API_PORT` is not set"],
    );
}

#[test]
fn consequences_of_a_missing_variable_are_not_told() {
    check(
        r#"
        [services.api]
        command = "api"
        port = "${API_PORT}"

        [services.web]
        command = "web ${services.api.port} ${services.api.url}"
        "#,
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:3:9 variable `API_PORT` is not set
              hint: set `API_PORT` in `.env`, or write `${API_PORT:-default}`"#]],
    );
}

#[test]
fn a_wrong_env_file_of_the_project_is_told_once() {
    let config = r#"
        [services.api]
        command = "api"
        port = 1

        [services.web]
        command = "web"
    "#;
    check(
        config,
        ".env: A=1\n.env: =2\n.env: B='3",
        "",
        expect![[r#"
            exit 2 .env:2:1 the line does not begin with a variable's name and `=`
            exit 2 .env:3:3 the value of `B` has a quote that is not closed
              hint: end it with `'`"#]],
    );
    check(
        config,
        ".env! cannot read `.env`: permission denied",
        "",
        expect!["exit 5 cannot read `.env`: permission denied"],
    );
}

#[test]
fn a_wrong_env_file_that_services_share_is_told_once() {
    check(
        r#"
        [services.api]
        command = "api"
        port = 1
        env_file = ["shared.env", "own.env"]

        [services.web]
        command = "web"
        env_file = "shared.env"

        [services.db]
        command = "db"
        "#,
        "
        shared.env! cannot read `shared.env`: permission denied
        own.env: =2
        ",
        "",
        expect![[r#"
            db: db
            exit 5 cannot read `shared.env`: permission denied
            exit 2 own.env:1:1 the line does not begin with a variable's name and `=`"#]],
    );
}

#[test]
fn missing_variables_in_names_of_env_files_are_all_told() {
    check(
        "[services.a]\ncommand = 'a'\nenv_file = ['${A}', '${B}']",
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:3:14 variable `A` is not set
              hint: set `A` in `.env`, or write `${A:-default}`
            exit 2 env.missing devtasks.toml:3:22 variable `B` is not set
              hint: set `B` in `.env`, or write `${B:-default}`"#]],
    );
}

#[test]
fn a_missing_env_file_is_not_the_plans_to_tell() {
    check(
        "[project]\nenv_file = 'all.env'\n[services.a]\ncommand = 'a'\nenv_file = 'own.env'",
        "",
        "",
        expect![[r#"
            a: a
              env file /shop/all.env
              env file /shop/own.env"#]],
    );
}

#[test]
fn a_command_must_have_a_first_word() {
    check(
        "[services.a]\ncommand = '${WRAPPER:-} serve'",
        "",
        "",
        expect![[r#"
            exit 2 devtasks.toml:2:11 the first word of the command is empty
              hint: name the program to run"#]],
    );
}

#[test]
fn a_health_check_is_a_path_at_a_port_or_a_url() {
    let config = "[services.a]\ncommand = 'a'\nhealthcheck = { http = '${HEALTH}' }";
    check(
        config,
        "$ HEALTH=/healthz",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:24 the path is asked at the main TCP port, and the service has none
              hint: give it a `port`"#]],
    );
    check(
        config,
        "$ HEALTH=localhost/healthz",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:24 the health check is neither a path nor an `http://` URL
              hint: let it begin with `/` or `http://`"#]],
    );
    check(
        config,
        "$ HEALTH=http://localhost/healthz",
        "",
        expect![[r#"
            a: a
              HEALTH=http://localhost/healthz
              health GET http://localhost/healthz every 10s, 2s, 3 times"#]],
    );
}

#[test]
fn a_protocol_without_urls_has_an_address() {
    check(
        r#"
        [services.cache]
        command = "memcached"
        port = 11211

        [services.a]
        command = "a ${services.cache.address} ${services.cache.url}"
        "#,
        "",
        "",
        expect![[r#"
            cache: memcached
              PORT=11211
              PORT_MAIN=11211
              port main 11211
            exit 2 env.missing devtasks.toml:6:14 `cache` has no URL: set its `scheme`, or refer to its `.address`"#]],
    );
}

#[test]
fn service_without_a_tcp_port_has_no_url() {
    check(
        r#"
        [services.dns]
        command = "dns"
        port = { number = 5353, protocol = "udp" }

        [services.a]
        command = "a ${services.dns.port} ${services.dns.url}"
        "#,
        "",
        "",
        expect![[r#"
            dns: dns
              PORT=5353
              PORT_MAIN=5353
              port main 5353 udp
            exit 2 env.missing devtasks.toml:6:14 `dns` has no URL: set its `scheme`, or refer to its `.address`"#]],
    );
}

#[test]
fn the_address_of_metrics_is_checked_once_its_variables_are_filled_in() {
    let config = "[project]\nmetrics = '127.0.0.1:${METRICS_PORT}'";
    check(config, ".env: METRICS_PORT=9464", "", "");
    check(
        config,
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:2:22 variable `METRICS_PORT` is not set
              hint: set `METRICS_PORT` in `.env`, or write `${METRICS_PORT:-default}`"#]],
    );
    check(
        config,
        "$ METRICS_PORT=x",
        "",
        expect![[r#"
            exit 2 devtasks.toml:2:11 `127.0.0.1:x` is not an address with a port
              hint: write both, such as `127.0.0.1:9464`, or `0.0.0.0:9464` for every address of this machine"#]],
    );
}
