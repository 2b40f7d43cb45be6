//! Which services start, and in which order.

use super::check;

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
        "
        db: db
        cache: cache
        api: api
          needs db
          needs cache started
        web: web
          needs api
          restarts with api
    ",
    );
}

#[test]
fn a_named_service_brings_what_it_depends_on_whatever_its_profile() {
    check(
        SHOP,
        "",
        "cache db",
        "
        cache: cache
        db: db
    ",
    );
    check(
        SHOP,
        "",
        "debugger",
        "
        mail: mail
        debugger: debugger
          needs mail
    ",
    );
}

#[test]
fn a_profile_adds_its_services() {
    check(
        SHOP,
        "",
        "cache --profile tools",
        "
        cache: cache
        mail: mail
    ",
    );
    check(
        SHOP,
        "",
        "--profile debug",
        "
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
          needs mail
    ",
    );
    check(
        SHOP,
        "",
        "everything",
        "
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
          needs mail
    ",
    );
}

#[test]
fn what_does_not_exist_is_refused_with_the_nearest_name() {
    check(
        SHOP,
        "",
        "aip xyz db --profile tool --profile x",
        "
        exit 2 unknown service `aip`
          hint: did you mean `api`?
        exit 2 unknown service `xyz`
          hint: choose `web`, `api`, `cache`, `db`, `mail` or `debugger`
        exit 2 unknown profile `tool`
          hint: did you mean `tools`?
        exit 2 unknown profile `x`
          hint: choose `tools`, `all` or `debug`
    ",
    );
    check(
        "[services.db]\ncommand = 'db'",
        "",
        "--profile web",
        "
        exit 2 unknown profile `web`
    ",
    );
}
