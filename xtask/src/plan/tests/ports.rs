//! Ports and hosts: numbers, the variables that name them, references to them.

use super::check;
use expect_test::expect;

#[test]
fn references_are_numbers_and_urls() {
    check(
        r#"
        [services.db]
        command = "db"
        port = { number = 6390, host = "::1" }

        [services.any]
        command = "any"
        ports = { http = { number = 80, host = "0.0.0.0" }, admin = 81 }

        [services.six]
        command = "six"
        port = { number = 82, host = "::" }

        [services.other]
        command = "other"
        port = { number = 83, host = "10.0.0.7", on_conflict = "fail" }

        [services.api]
        command = ["api", "${services.db.port}", "${services.db.url}/0", "${services.any.ports.admin}",
          "${services.any.url}", "${services.six.url}", "${services.other.url}", "${services.api.port}"]
        port = 8000
        on_conflict = "kill"
        "#,
        "",
        "",
        expect![[r#"
            db: db
              PORT=6390
              PORT_MAIN=6390
              port main 6390 at ::1
            any: any
              PORT=80
              PORT_ADMIN=81
              PORT_HTTP=80
              port http 80 at 0.0.0.0
              port admin 81
            six: six
              PORT=82
              PORT_MAIN=82
              port main 82 at ::
            other: other
              PORT=83
              PORT_MAIN=83
              port main 83 at 10.0.0.7 on conflict Fail
            api: api|6390|http://[::1]:6390/0|81|http://127.0.0.1:80|http://[::1]:82|http://10.0.0.7:83|8000
              PORT=8000
              PORT_MAIN=8000
              port main 8000 on conflict Kill"#]],
    );
}

#[test]
fn references_reach_services_that_do_not_start() {
    check(
        r#"
        [services.db]
        command = "db ${NOT_SET}"
        port = "${DB_PORT:-6390}"
        profiles = ["later"]

        [services.api]
        command = "api ${services.db.port} ${DB_PORT}"
        "#,
        "$ DB_PORT=7000",
        "",
        expect![[r#"
            api: api|7000|7000
              DB_PORT=7000"#]],
    );
}

#[test]
fn hosts_and_numbers_may_be_variables() {
    check(
        r#"
        [services.api]
        command = "api"
        port = { number = "${N}", host = "${HOST:-::1}" }

        [services.web]
        command = "web"
        port = { number = "80${LAST}", host = "${WEB_HOST}" }

        [services.bugs]
        command = "bugs"
        port = "${DEBUG:+9229}"
        "#,
        "
        $ N=8000
        $ LAST=80
        $ WEB_HOST=localhost
        $ DEBUG=1
        ",
        "",
        expect![[r#"
            api: api
              DEBUG=1
              LAST=80
              N=8000
              PORT=8000
              PORT_MAIN=8000
              WEB_HOST=localhost
              port main 8000 at ::1 by N
            web: web
              DEBUG=1
              LAST=80
              N=8000
              PORT=8080
              PORT_MAIN=8080
              WEB_HOST=localhost
              port main 8080 at 127.0.0.1
            bugs: bugs
              DEBUG=1
              LAST=80
              N=8000
              PORT=9229
              PORT_MAIN=9229
              WEB_HOST=localhost
              port main 9229"#]],
    );
}

#[test]
fn a_url_has_the_scheme_that_is_written_or_known_for_the_port() {
    check(
        r#"
        [services.db]
        command = "db"
        port = { number = 5432, host = "::1" }
        [services.cache]
        command = "cache"
        port = "${CACHE_PORT:-6390}"
        scheme = "redis"
        [services.moved]
        command = "moved"
        port = 6379
        [services.odd]
        command = "odd"
        port = 3306
        healthcheck = { http = "/" }
        [services.a]
        command = "a ${services.db.url} ${services.cache.url} ${services.cache.address} ${services.moved.url} ${services.odd.url}"
        "#,
        "port moved.main 6380",
        "a",
        expect![[r#"
            a: a|postgresql://[::1]:5432|redis://127.0.0.1:6390|127.0.0.1:6390|redis://127.0.0.1:6380|http://127.0.0.1:3306
              CACHE_PORT=6390"#]],
    );
}

#[test]
fn variable_that_is_no_port_or_address_is_refused_and_its_value_not_shown() {
    let config = r#"
        [services.api]
        command = "api"
        port = { number = "${N}", host = "${HOST}" }
    "#;
    check(
        config,
        ".env: N=secret\n.env: HOST=example.org",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:19 the value of `N` is not a port number
              hint: set `N` to a number from 1 to 65535
            exit 2 devtasks.toml:3:34 the value of `HOST` is not an IP address
              hint: set `HOST` to an address such as `127.0.0.1` or `::1`"#]],
    );
    check(
        config,
        ".env: N=0\n.env: HOST=::1",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:19 the value of `N` is not a port number
              hint: set `N` to a number from 1 to 65535"#]],
    );
    check(
        config,
        ".env: N=70000\n.env: HOST=::1",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:19 the value of `N` is not a port number
              hint: set `N` to a number from 1 to 65535"#]],
    );
    check(
        config,
        ".env: N=\n.env: HOST=",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:19 `N` is empty, not a port number
              hint: set `N` to a number from 1 to 65535
            exit 2 devtasks.toml:3:34 `HOST` is empty, not an IP address
              hint: set `HOST` to an address such as `127.0.0.1` or `::1`"#]],
    );
    check(
        config,
        "",
        "",
        expect![[r#"
            exit 2 env.missing devtasks.toml:3:20 variable `N` is not set
              hint: set `N` in `.env`, or write `${N:-default}`
            exit 2 env.missing devtasks.toml:3:35 variable `HOST` is not set
              hint: set `HOST` in `.env`, or write `${HOST:-default}`"#]],
    );
}

#[test]
fn a_variable_that_names_two_ports_is_refused() {
    let config = r#"
        [services.api]
        command = "api"
        port = "${N:-8000}"

        [services.web]
        command = "web"
        port = "${N:-8080}"
    "#;
    check(
        config,
        "",
        "",
        expect![[r#"
            api: api
              N=8000
              PORT=8000
              PORT_MAIN=8000
              port main 8000 by N
            web: web
              N=8000
              PORT=8080
              PORT_MAIN=8080
              port main 8080 by N
            exit 2 devtasks.toml:7:8 `N` names two ports: 8000 and 8080
              hint: give `web` a variable of its own"#]],
    );
    check(
        config,
        "$ N=9000",
        "",
        expect![[r#"
            api: api
              N=9000
              PORT=9000
              PORT_MAIN=9000
              port main 9000 by N
            web: web
              N=9000
              PORT=9000
              PORT_MAIN=9000
              port main 9000 by N"#]],
    );
}

#[test]
fn service_that_does_not_start_sets_no_port_variable() {
    let config = r#"
        [services.api]
        command = "api"
        port = "${N:-8000}"

        [services.web]
        command = "web"
        port = "${N:-8080}"
    "#;
    check(
        config,
        "",
        "web",
        expect![[r#"
            web: web
              N=8080
              PORT=8080
              PORT_MAIN=8080
              port main 8080 by N"#]],
    );
}

#[test]
fn a_port_that_moves_takes_along_whatever_refers_to_it() {
    check(
        r#"
        [services.api]
        command = "api --port ${API_PORT} --also ${PORT}"
        port = "${API_PORT:-8000}"
        on_conflict = "next"
        healthcheck = { http = "http://127.0.0.1:${API_PORT}/up" }

        [services.web]
        command = "web --api ${services.api.url} ${API_PORT}"
        environment = { API = "${services.api.port}" }
        "#,
        "
        $ API_PORT=8000
        port api.main 8001
        ",
        "",
        expect![[r#"
            api: api|--port|8001|--also|8001
              API_PORT=8001
              PORT=8001
              PORT_MAIN=8001
              port main 8001 instead of 8000 on conflict Next by API_PORT
              health GET http://127.0.0.1:8001/up every 10s, 2s, 3 times
            web: web|--api|http://127.0.0.1:8001|8001
              API=8001
              API_PORT=8001"#]],
    );
}

#[test]
fn auto_is_asked_for_with_its_base_and_named_by_its_variable() {
    let config = r#"
        [services.api]
        command = "api ${API_PORT} ${services.web.port}"
        port = { number = "auto", base = "${API_PORT}" }

        [services.web]
        command = "web"
        ports = { http = "auto", hmr = "${HMR:-auto}" }
        "#;
    check(
        config,
        "
        .env: API_PORT=8000
        port api.main 8010
        port web.http 12345
        port web.hmr 12346
        ",
        "",
        expect![[r#"
            api: api|8010|12345
              API_PORT=8010
              HMR=12346
              PORT=8010
              PORT_MAIN=8010
              port main 8010 auto by API_PORT
            web: web
              API_PORT=8010
              HMR=12346
              PORT=12345
              PORT_HMR=12346
              PORT_HTTP=12345
              port http 12345 auto
              port hmr 12346 auto by HMR"#]],
    );
    // Without a registry the base is shown; a number set for this call is not `auto`.
    check(
        config,
        "
        .env: API_PORT=8000
        $ API_PORT=9000
        $ HMR=9001
        port web.http 12345
        ",
        "",
        expect![[r#"
            api: api|9000|12345
              API_PORT=9000
              HMR=9001
              PORT=9000
              PORT_MAIN=9000
              port main 9000 by API_PORT
            web: web
              API_PORT=9000
              HMR=9001
              PORT=12345
              PORT_HMR=9001
              PORT_HTTP=12345
              port http 12345 auto
              port hmr 9001 by HMR"#]],
    );
}

#[test]
fn a_base_that_is_no_number_is_refused() {
    check(
        r#"
        [services.api]
        command = "api"
        port = { number = "auto", base = "${API_PORT}" }
        "#,
        ".env: API_PORT=secret",
        "",
        expect![[r#"
            exit 2 devtasks.toml:3:34 the value of `API_PORT` is not a port number
              hint: set `API_PORT` to a number from 1 to 65535"#]],
    );
}

#[test]
fn auto_port_without_a_free_number_is_told_once() {
    check(
        "
        [services.api]
        command = 'api'
        port = { number = 'auto', base = 8000 }
        ",
        "port none 0",
        "",
        expect![[r#"
            api: api
              PORT=8000
              PORT_MAIN=8000
              port main 8000 auto
            exit 2 no number is left for the `auto` port of `api`
              hint: give it a lower `base`"#]],
    );
}

#[test]
fn literal_port_in_a_command_or_health_check_is_found() {
    #[track_caller]
    fn check(service: &str, expected: Option<&str>) {
        let config = format!("[services.api]\nport = 8000\n{service}");
        let (plan, problems) = super::outcome(&config, "", "").unwrap();
        assert_eq!(problems, []);
        assert_eq!(plan.services[0].names(8000), expected, "{service}");
    }
    check("command = 'api --port 8000'", Some("command"));
    check("command = 'api -p8000 --listen=127.0.0.1:8000'", Some("command"));
    check("command = 'api 8000 | cat'\nshell = true", Some("command"));
    check("command = 'api 18000 80001 8000ms'", None);
    check(
        "command = 'api'\nhealthcheck = { http = 'http://127.0.0.1:8000/up' }",
        Some("health check"),
    );
    check(
        "command = 'api'\nhealthcheck = { command = 'ask :8000' }",
        Some("health check"),
    );
    check("command = 'api'\nhealthcheck = { http = '/8000' }", None);
}
