//! `devtasks.toml` and `.env` as they should not be: each is a message, a place and code 2, and nothing is started.

use crate::sandbox::Sandbox;
use expect_test::{Expect, expect};

/// The whole of stderr, for `up` and for `doctor` alike.
#[track_caller]
fn check(config: &str, expected: Expect) {
    let sandbox = Sandbox::new(config);
    let up = sandbox.run(&["up"]).with(2);
    assert_eq!(up.stdout, "");
    expected.assert_eq(&sandbox.plain(&up.stderr));
    sandbox.run(&["doctor"]).with(2);
    sandbox.nothing_is_left();
}

#[test]
fn what_is_no_toml() {
    check(
        "[services.api\ncommand = \"x\"\n",
        expect![[r#"
            error: unclosed table, expected `]`
              --> devtasks.toml:1:14
               |
             1 | [services.api
               |              ^
        "#]],
    );
}

#[test]
fn unknown_keys_come_with_suggestions_all_at_once() {
    check(
        "[services.api]\ncomand = \"x\"\nprot = 8000\n",
        expect![[r#"
            error: unknown key `comand`
              --> devtasks.toml:2:1  [services.api]
               |
             2 | comand = "x"
               | ^^^^^^

            hint: did you mean `command`?

            error: unknown key `prot`
              --> devtasks.toml:3:1  [services.api]
               |
             3 | prot = 8000
               | ^^^^

            hint: did you mean `port`?
        "#]],
    );
}

#[test]
fn a_cycle_is_shown() {
    check(
        "[services.a]\ncommand = \"x\"\ndepends_on = [\"b\"]\n[services.b]\ncommand = \"x\"\ndepends_on = [\"a\"]\n",
        expect![[r#"
            error: services depend on each other in a circle: `a -> b -> a`
              --> devtasks.toml:6:15  [services.b]
               |
             6 | depends_on = ["a"]
               |               ^^^

            hint: remove one of these from a `depends_on`
        "#]],
    );
}

#[test]
fn ports_out_of_range() {
    check(
        "[services.a]\ncommand = \"x\"\nport = 0\n[services.b]\ncommand = \"x\"\nport = 70000\n",
        expect![[r#"
            error: `0` is not a port
              --> devtasks.toml:3:8  [services.a]
               |
             3 | port = 0
               |        ^

            hint: write a number from 1 to 65535, or a variable: `"${PORT:-8000}"`

            error: `70000` is not a port
              --> devtasks.toml:6:8  [services.b]
               |
             6 | port = 70000
               |        ^^^^^

            hint: write a number from 1 to 65535, or a variable: `"${PORT:-8000}"`
        "#]],
    );
}

#[test]
fn two_services_on_one_port() {
    // Nobody opens it: this is refused before anything is looked at.
    check(
        "[services.a]\ncommand = \"sleep 1\"\nport = 8000\n[services.b]\ncommand = \"sleep 1\"\nport = 8000\n",
        expect![[r#"
            error: port 8000 is declared twice, by `a` (devtasks.toml:3:8) and by `b`
              --> devtasks.toml:6:8  [services.b]

            hint: give `b` another `port` in devtasks.toml

        "#]],
    );
}

#[test]
fn a_missing_variable() {
    check(
        "[services.a]\ncommand = \"sleep ${NAP}\"\n[services.b]\ncommand = \"x\"\nport = \"${B_PORT:?choose one}\"\n",
        expect![[r#"
            error: variable `B_PORT` is not set: choose one
              --> devtasks.toml:5:9  [services.b]
               |
             5 | port = "${B_PORT:?choose one}"
               |         ^^^^^^^^^^^^^^^^^^^^^

            hint: set `B_PORT` in `.env`

            error: variable `NAP` is not set
              --> devtasks.toml:2:18  [services.a]
               |
             2 | command = "sleep ${NAP}"
               |                  ^^^^^^

            hint: set `NAP` in `.env`, or write `${NAP:-default}`
        "#]],
    );
}

#[test]
fn a_key_of_a_later_release_is_not_supported_yet() {
    check(
        "[services.a]\ncommand = \"x\"\non_exit = \"p\"\nrestart = \"unless-stopped\"\n",
        expect![[r#"
            error: `on_exit` is not supported yet
              --> devtasks.toml:3:1  [services.a]
               |
             3 | on_exit = "p"
               | ^^^^^^^

            error: `restart = "unless-stopped"` is not supported yet
              --> devtasks.toml:4:11  [services.a]
               |
             4 | restart = "unless-stopped"
               |           ^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn what_is_no_text_is_refused() {
    let sandbox = Sandbox::new("");
    sandbox.write_bytes("devtasks.toml", b"[services.a]\ncommand = \"\xff\xfe\"\n");
    let ended = sandbox.run(&["up"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: `devtasks.toml` is not UTF-8 text\n\nhint: save it as UTF-8\n"
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_mistake() {
    let sandbox = Sandbox::new("");
    sandbox.write_bytes(
        "devtasks.toml",
        b"\xef\xbb\xbf[services.a]\r\ncommand = \"SERVICE\"\r\n",
    );
    sandbox.run(&["status"]).with(1);
}

#[test]
fn a_file_without_services_has_nothing_to_start() {
    let sandbox = Sandbox::new("[project]\nname = \"empty\"\n");
    let ended = sandbox.run(&["up"]).with(2);
    assert_eq!(
        ended.stderr,
        "error: there is no service to start\n\nhint: add a `[services.NAME]` with a `command` to devtasks.toml\n"
    );
}
