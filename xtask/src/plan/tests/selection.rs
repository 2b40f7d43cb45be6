//! Which services start, and in which order.

use super::check;
use expect_test::expect;

const SHOP: &str = r#"
    [services.web]
    command = "web"
    depends_on = { api = { restart = true } }

    [services.api]
    command = "api"
    depends_on = { db = "healthy", cache = "started" }

    [services.cache]
    command = "cache"

    [services.db]
    command = "db"

    [services.mail]
    command = "mail"
    profiles = ["tools", "all"]

    [services.debugger]
    command = "debugger"
    depends_on = ["mail"]
    profiles = ["debug", "all"]
"#;

#[test]
fn dependencies_stand_before_their_dependents() {
    check(
        SHOP,
        "",
        "",
        expect![[r#"
            db: db
            cache: cache
            api: api
              needs db
              needs cache started
            web: web
              needs api
              restarts with api"#]],
    );
}

#[test]
fn a_named_service_brings_what_it_depends_on_whatever_its_profile() {
    check(
        SHOP,
        "",
        "cache db",
        expect![[r#"
            cache: cache
            db: db"#]],
    );
    check(
        SHOP,
        "",
        "debugger",
        expect![[r#"
            mail: mail
            debugger: debugger
              needs mail"#]],
    );
}

#[test]
fn a_profile_adds_its_services() {
    check(
        SHOP,
        "",
        "cache --profile tools",
        expect![[r#"
            cache: cache
            mail: mail"#]],
    );
    check(
        SHOP,
        "",
        "--profile debug",
        expect![[r#"
            db: db
            cache: cache
            api: api
              needs db
              needs cache started
            web: web
              needs api
              restarts with api
            mail: mail
            debugger: debugger
              needs mail"#]],
    );
    check(
        SHOP,
        "",
        "everything",
        expect![[r#"
            db: db
            cache: cache
            api: api
              needs db
              needs cache started
            web: web
              needs api
              restarts with api
            mail: mail
            debugger: debugger
              needs mail"#]],
    );
}

#[test]
fn unknown_service_or_profile_is_refused_with_the_nearest_name() {
    check(
        SHOP,
        "",
        "aip xyz db --profile tool --profile x",
        expect![[r#"
            exit 2 unknown service `aip`
              hint: did you mean `api`?
            exit 2 unknown service `xyz`
              hint: choose `web`, `api`, `cache`, `db`, `mail` or `debugger`
            exit 2 unknown profile `tool`
              hint: did you mean `tools`?
            exit 2 unknown profile `x`
              hint: choose `tools`, `all` or `debug`"#]],
    );
    check(
        "[services.db]\ncommand = 'db'",
        "",
        "--profile web",
        expect!["exit 2 unknown profile `web`"],
    );
}

const WITH_TASKS: &str = r#"
    [tasks.migrate]
    command = "migrate --port ${DB_PORT}"
    depends_on = ["db", "build"]

    [tasks.build]
    command = "build"

    [tasks.test]
    command = "test"
    depends_on = ["api"]

    [services.db]
    command = "db"
    port = "${DB_PORT:-6390}"

    [services.api]
    command = "api"
    depends_on = { migrate = { restart = true } }
"#;

#[test]
fn a_task_starts_only_where_it_is_needed_or_named() {
    check(
        WITH_TASKS,
        "",
        "",
        expect![[r#"
            db: db
              DB_PORT=6390
              PORT=6390
              PORT_MAIN=6390
              port main 6390 by DB_PORT
            task build: build
              DB_PORT=6390
            task migrate: migrate|--port|6390
              DB_PORT=6390
              needs db
              needs build completed
            api: api
              DB_PORT=6390
              needs migrate completed
              restarts with migrate"#]],
    );
    check(
        WITH_TASKS,
        "",
        "build",
        expect![[r#"
            task build: build
              DB_PORT=6390"#]],
    );
    check(
        WITH_TASKS,
        "",
        "everything",
        expect![[r#"
            db: db
              DB_PORT=6390
              PORT=6390
              PORT_MAIN=6390
              port main 6390 by DB_PORT
            task build: build
              DB_PORT=6390
            task migrate: migrate|--port|6390
              DB_PORT=6390
              needs db
              needs build completed
            api: api
              DB_PORT=6390
              needs migrate completed
              restarts with migrate
            task test: test
              DB_PORT=6390
              needs api"#]],
    );
    check(
        WITH_TASKS,
        "",
        "mygrate",
        expect![[r#"
            exit 2 unknown service `mygrate`
              hint: did you mean `migrate`?"#]],
    );
}
