//! Whole screens of `up` at several widths, with colours and without: how events, lines of services and questions look.
//!
//! `<red bold>` stands in front of what is red and bold, `<>` in front of what has no colour.

use expect_test::{Expect, expect};
use rustix::process::Signal;

use crate::sandbox::{Sandbox, Terminal, eventually_suspended, port, signal};

/// The screen without colours, whatever was painted.
fn unpainted(painted: &str) -> String {
    let mut rest = painted;
    let mut plain = String::new();
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        match tag.split_once('>') {
            Some((name, after)) if name.chars().all(|it| it.is_ascii_lowercase() || it == ' ') => rest = after,
            _ => {
                plain.push('<');
                rest = tag;
            }
        }
    }
    plain + rest
}

/// Durations, pids and ports are replaced. What depends on where the test runs is left out of a card: the command, and
/// parents.
fn without_numbers(sandbox: &Sandbox, port: u16, screen: &str) -> String {
    let screen = screen.replace(&port.to_string(), "[port]");
    let mut lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    let place = |lines: &[&str], begin: &str| lines.iter().position(|line| unpainted(line).starts_with(begin));
    if let (Some(from), Some(children)) = (place(&lines, "  from "), place(&lines, "  children ")) {
        lines.drain(from..children);
    }
    if let Some(directory) = place(&lines, "  in ") {
        lines.remove(directory - 1);
    }
    sandbox.plain(&(lines.join("\n") + "\n"))
}

/// The screen of the same command with colours, which is compared, and without, which must be the same text. `reach` waits
/// until it is complete.
#[track_caller]
fn check(sandbox: &Sandbox, (port, columns): (u16, u16), reach: impl Fn(&Terminal), expected: &Expect, exit: i32) {
    let show = |arguments: &[&str]| {
        let up = sandbox.terminal_of(24, columns, &[&["up", "--no-keys"], arguments].concat());
        reach(&up);
        let screen = without_numbers(sandbox, port, &up.painted_screen());
        up.press("\x03");
        up.wait().with(exit);
        screen
    };
    let painted = show(&[]);
    expected.assert_eq(&painted);
    assert_eq!(show(&["--color", "never"]), unpainted(&painted));
}

/// Nothing has this one.
const NO_PORT: u16 = u16::MAX;

/// The task `setup`, then `db`, which says something later, then `backend`.
fn stack() -> (Sandbox, u16) {
    let port = port();
    let sandbox = Sandbox::new(&format!(
        "[services.backend]\ncommand = \"SERVICE --listen 127.0.0.1:{port}\"\nport = {port}\n\
         depends_on = {{ db = \"started\" }}\n\
         [services.db]\ncommand = \"SERVICE --wait-for go --announce connected\"\n\
         depends_on = {{ setup = \"completed\" }}\n\
         [tasks.setup]\ncommand = \"SERVICE --exit 0\"\n"
    ));
    (sandbox, port)
}

fn until_it_says_something(sandbox: &Sandbox) -> impl Fn(&Terminal) {
    move |up: &Terminal| {
        up.wait_for_screen("another");
        sandbox.write("go", "");
        up.wait_for_screen("connected");
    }
}

#[test]
fn a_start() {
    for (columns, expected) in [
        (
            60,
            expect![[r#"
        <bold>project<>  2 services and 1 task  port [port] free

          <green>✓<> <bold>setup  <>  <green>completed<>  [time]
          <green>·<> <bold>db     <>  <green>running
          <green>✓<> <bold>backend<>  <green>ready    <>  [time]  http://127.0.0.1:[port]

        <green>All 2 ready<> in [time].  http://127.0.0.1:[port]
        Ctrl-C stops everything; `xtask status` shows it from
        another terminal.

        <yellow>db      |<> connected
    "#]],
        ),
        (
            160,
            expect![[r#"
        <bold>project<>  2 services and 1 task  port [port] free

          <green>✓<> <bold>setup  <>  <green>completed<>  [time]
          <green>·<> <bold>db     <>  <green>running
          <green>✓<> <bold>backend<>  <green>ready    <>  [time]  http://127.0.0.1:[port]

        <green>All 2 ready<> in [time].  http://127.0.0.1:[port]
        Ctrl-C stops everything; `xtask status` shows it from another terminal.

        <yellow>db      |<> connected
    "#]],
        ),
    ] {
        let (sandbox, port) = stack();
        check(
            &sandbox,
            (port, columns),
            until_it_says_something(&sandbox),
            &expected,
            130,
        );
    }
}

#[test]
fn a_start_where_only_ascii_is_shown() {
    let (mut sandbox, port) = stack();
    sandbox.set("LC_ALL", "C");
    let expected = expect![[r#"
        <bold>project<>  2 services and 1 task  port [port] free

          <green>+<> <bold>setup  <>  <green>completed<>  [time]
          <green>-<> <bold>db     <>  <green>running
          <green>+<> <bold>backend<>  <green>ready    <>  [time]  http://127.0.0.1:[port]

        <green>All 2 ready<> in [time].  http://127.0.0.1:[port]
        Ctrl-C stops everything; `xtask status` shows it from another terminal.

        <yellow>db      |<> connected
    "#]];
    check(&sandbox, (port, 100), until_it_says_something(&sandbox), &expected, 130);
}

#[test]
fn a_failure() {
    let sandbox = Sandbox::new(
        "[services.api]\ncommand = \"SERVICE --wait-for go --announce 'KeyError: PORT' --exit 3\"\n\
         [services.worker]\ncommand = \"SERVICE\"\n",
    );
    for (columns, expected) in [
        (
            60,
            expect![[r#"
        <bold>project<>  2 services

          <green>·<> <bold>api   <>  <green>running
          <green>·<> <bold>worker<>  <green>running

        <green>All 2 ready<> in [time].
        Ctrl-C stops everything; `xtask status` shows it from
        another terminal.

        <cyan>api    |<> KeyError: PORT

        <bold>api<> <red bold>failed after [time] (exit code 3)

          KeyError: PORT
    "#]],
        ),
        (
            100,
            expect![[r#"
        <bold>project<>  2 services

          <green>·<> <bold>api   <>  <green>running
          <green>·<> <bold>worker<>  <green>running

        <green>All 2 ready<> in [time].
        Ctrl-C stops everything; `xtask status` shows it from another terminal.

        <cyan>api    |<> KeyError: PORT

        <bold>api<> <red bold>failed after [time] (exit code 3)

          KeyError: PORT
    "#]],
        ),
    ] {
        let reach = |up: &Terminal| {
            up.wait_for_screen("another");
            sandbox.write("go", "");
            up.wait_for_screen("\n  KeyError");
        };
        check(&sandbox, (NO_PORT, columns), reach, &expected, 130);
    }
}

#[test]
fn a_busy_port_whose_owner_is_suspended() {
    let (sandbox, port) = Sandbox::with_api();
    let stranger = sandbox.stranger_elsewhere(&["--listen", &format!("127.0.0.1:{port}")]);
    signal(stranger.pid(), Signal::STOP);
    eventually_suspended(stranger.pid());
    // Narrower than 60, so that the first line is broken however short the pid is.
    for (columns, expected) in [
        (
            56,
            expect![[r#"
        <red bold>Port [port] (api) is busy.

          <bold>service<>   pid [pid]  yours   <yellow>suspended
          started [time] ago
          in        ~
          children  0     clients  0

          <bold>s<>  stop it   <dim>SIGTERM first; SIGKILL after [time], if you
                       <dim>confirm it
          <bold>n<>  leave it  <dim>nothing is started
        <bold>[s/N]
    "#]],
        ),
        (
            100,
            expect![[r#"
        <red bold>Port [port] (api) is busy.

          <bold>service<>   pid [pid]  yours   <yellow>suspended<>   started [time] ago
          in        ~
          children  0     clients  0

          <bold>s<>  stop it   <dim>SIGTERM first; SIGKILL after [time], if you confirm it
          <bold>n<>  leave it  <dim>nothing is started
        <bold>[s/N]
    "#]],
        ),
        (
            160,
            expect![[r#"
        <red bold>Port [port] (api) is busy.

          <bold>service<>   pid [pid]  yours   <yellow>suspended<>   started [time] ago
          in        ~
          children  0     clients  0

          <bold>s<>  stop it   <dim>SIGTERM first; SIGKILL after [time], if you confirm it
          <bold>n<>  leave it  <dim>nothing is started
        <bold>[s/N]
    "#]],
        ),
    ] {
        check(
            &sandbox,
            (port, columns),
            |up| up.wait_for_screen("/N]"),
            &expected,
            130,
        );
    }
}
