//! No Compose, no engine, one that hangs, a Compose file that is wrong: told before anything is started.

use expect_test::{Expect, expect};

use super::Shop;
use crate::sandbox::eventually;

/// What `up` says, and its exit code.
#[track_caller]
fn check(shop: &Shop, code: i32, expected: &Expect) {
    let up = shop.sandbox.run(&["up"]).with(code);
    let said = shop.sandbox.plain(&up.stderr);
    let kept = said.lines().filter(|line| !line.is_empty() && !line.contains('|'));
    let said: Vec<&str> = kept.collect();
    expected.assert_eq(&said.join("\n"));
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn no_engine_answers() {
    let shop = Shop::new("", "");
    shop.misbehave("no-engine");
    check(
        &shop,
        5,
        &expect![[r#"
        error: no container engine answers `docker compose`: failed to connect to the docker API at unix:///var/run/docker.sock; check if the daemon is running
          --> devtasks.toml:2:11  [services.db]
        hint: start Docker Desktop, or the engine with `sudo systemctl start docker`
        hint: or check the permission and `DOCKER_HOST`, if it runs: `docker version` asks the same engine"#]],
    );
}

#[test]
fn an_engine_that_hangs_is_given_ten_seconds() {
    let shop = Shop::new("", "");
    shop.misbehave("hang-ps");
    check(
        &shop,
        5,
        &expect![[r#"
        error: no container engine answers `docker compose`: no answer in [time]
          --> devtasks.toml:2:11  [services.db]
        hint: start Docker Desktop, or the engine with `sudo systemctl start docker`
        hint: or check the permission and `DOCKER_HOST`, if it runs: `docker version` asks the same engine"#]],
    );
}

#[test]
fn ctrl_c_while_an_engine_hangs_starts_nothing() {
    let shop = Shop::new("", "");
    shop.misbehave("hang-ps");
    let up = shop.sandbox.start(&["up"]);
    let calls = shop.sandbox.project().join("calls");
    eventually(|| "a call of `docker`".to_owned(), || calls.exists());
    up.interrupt();
    up.wait().with(130);
    assert_eq!(shop.changes(), Vec::<String>::new());
}

#[test]
fn neither_program_is_there() {
    let mut shop = Shop::new("", "");
    let none = shop.sandbox.project().join("none");
    shop.sandbox.set("PATH", &none.display().to_string());
    check(
        &shop,
        5,
        &expect![[r#"
        error: neither `docker compose`, `podman compose` nor `docker-compose` was found
          --> devtasks.toml:2:11  [services.db]
        hint: install Docker with its Compose plugin, or Podman with `docker-compose`
        hint: or set `external = true` in place of `compose`, if somebody else runs it"#]],
    );
}

#[test]
fn a_docker_without_compose_is_none() {
    let mut shop = Shop::new("", "");
    shop.misbehave("no-plugin");
    // Its first line needs a Python.
    shop.sandbox.write_script(
        "bin/python3",
        "exec /usr/bin/env PATH=/usr/local/bin:/usr/bin:/bin python3 \"$@\"",
    );
    let bin = shop.sandbox.project().join("bin");
    shop.sandbox.set("PATH", &bin.display().to_string());
    check(
        &shop,
        5,
        &expect![[r#"
        error: neither `docker compose`, `podman compose` nor `docker-compose` was found
          --> devtasks.toml:2:11  [services.db]
        hint: install Docker with its Compose plugin, or Podman with `docker-compose`
        hint: or set `external = true` in place of `compose`, if somebody else runs it"#]],
    );
}

#[test]
fn the_compose_file_is_wrong() {
    let shop = Shop::new("", "");
    shop.misbehave("bad-file");
    check(
        &shop,
        2,
        &expect![[r#"
        error: `docker compose` refuses service `db`: yaml: line 3: mapping values are not allowed in this context
          --> devtasks.toml:2:11  [services.db]
        hint: look at the whole message with `docker compose config`"#]],
    );
}

#[test]
fn the_service_is_not_in_the_compose_file() {
    let shop = Shop::new("", "");
    let port = shop.port;
    shop.sandbox.write(
        "devtasks.toml",
        &format!("[services.db]\ncompose = \"dbx\"\nport = {port}\n"),
    );
    check(
        &shop,
        2,
        &expect![[r#"
        error: `docker compose` refuses service `dbx`: no such service: dbx
          --> devtasks.toml:2:11  [services.db]
        hint: did you mean `db`?"#]],
    );
}
