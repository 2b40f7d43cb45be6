//! Ports and hosts: numbers, the variables that name them, references to them.

use super::check;

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
        "
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
              port main 8000 on conflict Kill
        ",
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
        "
            api: api|7000|7000
              DB_PORT=7000
        ",
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
        "
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
              port main 9229
        ",
    );
}

#[test]
fn what_is_no_port_or_no_address_is_refused_and_its_value_not_shown() {
    let config = r#"
        [services.api]
        command = "api"
        port = { number = "${N}", host = "${HOST}" }
    "#;
    check(
        config,
        ".env: N=secret\n.env: HOST=example.org",
        "",
        "
        exit 2 devtasks.toml:3:19 the value of `N` is not a port number
          hint: set `N` to a number from 1 to 65535
        exit 2 devtasks.toml:3:34 the value of `HOST` is not an IP address
          hint: set `HOST` to an address such as `127.0.0.1` or `::1`
    ",
    );
    check(
        config,
        ".env: N=0\n.env: HOST=::1",
        "",
        "
        exit 2 devtasks.toml:3:19 the value of `N` is not a port number
          hint: set `N` to a number from 1 to 65535
    ",
    );
    check(
        config,
        ".env: N=70000\n.env: HOST=::1",
        "",
        "
        exit 2 devtasks.toml:3:19 the value of `N` is not a port number
          hint: set `N` to a number from 1 to 65535
    ",
    );
    check(
        config,
        ".env: N=\n.env: HOST=",
        "",
        "
        exit 2 devtasks.toml:3:19 `N` is empty, not a port number
          hint: set `N` to a number from 1 to 65535
        exit 2 devtasks.toml:3:34 `HOST` is empty, not an IP address
          hint: set `HOST` to an address such as `127.0.0.1` or `::1`
    ",
    );
    check(
        config,
        "",
        "",
        "
        exit 2 env.missing devtasks.toml:3:19 variable `N` is not set
          hint: set `N` in `.env`, or write `${N:-default}`
        exit 2 env.missing devtasks.toml:3:34 variable `HOST` is not set
          hint: set `HOST` in `.env`, or write `${HOST:-default}`
    ",
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
        "
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
          hint: give `web` a variable of its own
    ",
    );
    check(
        config,
        "$ N=9000",
        "",
        "
        api: api
          N=9000
          PORT=9000
          PORT_MAIN=9000
          port main 9000 by N
        web: web
          N=9000
          PORT=9000
          PORT_MAIN=9000
          port main 9000 by N
    ",
    );
}

#[test]
fn who_does_not_start_has_no_say_about_a_variable() {
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
        "
        web: web
          N=8080
          PORT=8080
          PORT_MAIN=8080
          port main 8080 by N
    ",
    );
}
