//! A busy port on a terminal: the card, the question, and every answer.

use crate::sandbox::{Running, Sandbox, Terminal, eventually, eventually_gone, is_free, port};

/// A stranger is left alone by default.
const QUESTION: &str = "/N]";

/// A server of this checkout is stopped by default.
const OLD_SERVER: &str = "[S/n]";

/// `up` on a terminal while a stranger holds the port.
struct Asked {
    sandbox: Sandbox,
    stranger: Running,
    port: u16,
}

impl Asked {
    fn by(key: &str, stranger: &[&str]) -> Self {
        let (sandbox, port) = Sandbox::with_api();
        let config = std::fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
        sandbox.write("devtasks.toml", &format!("{config}{key}\n"));
        let listen = format!("127.0.0.1:{port}");
        let stranger = sandbox.stranger_elsewhere(&[&["--listen", &listen], stranger].concat());
        Asked {
            sandbox,
            stranger,
            port,
        }
    }

    fn up(&self, arguments: &[&str]) -> Terminal {
        self.sandbox
            .terminal(&[&["up", "--color", "never"], arguments].concat())
    }

    #[track_caller]
    fn is_left_alone(&self) {
        assert!(!self.stranger.has_ended());
        assert_eq!(self.sandbox.processes(), [self.stranger.pid()]);
    }
}

/// The services `one` and `two`, and a stranger at the port of each.
fn two_busy_ports() -> (Sandbox, [u16; 2], [Running; 2]) {
    let ports = [port(), port()];
    let sandbox = Sandbox::new(&format!(
        "[services.one]\ncommand = \"SERVICE\"\nport = {}\n[services.two]\ncommand = \"SERVICE\"\nport = {}\n",
        ports[0], ports[1]
    ));
    let strangers = ports.map(|port| sandbox.stranger_elsewhere(&["--listen", &format!("127.0.0.1:{port}")]));
    (sandbox, ports, strangers)
}

#[test]
fn yes_stops_the_owner_and_the_stack_comes_up() {
    let asked = Asked::by("", &[]);
    let (port, stranger) = (asked.port, asked.stranger.pid());
    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.wait_for("Ready in");
    eventually_gone(stranger);
    up.press("\x03");
    let ended = up.wait().with(130);
    let shown = asked.sandbox.plain(&ended.stdout);
    let (card, rest) = shown.split_once("[s/N] y\n").unwrap();
    assert!(
        card.starts_with(&format!(
            "Port {port} (api) is busy.\n\n  service   pid [pid]  yours   running   started [time] ago\n"
        )),
        "{card}"
    );
    assert!(
        card.ends_with(
            "\n\n  s  stop it   SIGTERM first; SIGKILL after [time], if you confirm it\n  n  leave it  nothing is started\n"
        ),
        "{card}"
    );
    assert!(
        rest.starts_with(&format!("  stopped in [time], port {port} is free\n")),
        "{rest}"
    );
}

#[test]
fn no_is_the_default_and_starts_nothing() {
    let asked = Asked::by("", &[]);
    for answer in ["\n", "n\n", "ㅜ\n", "아니요\n", "\x04"] {
        let up = asked.up(&[]);
        up.answer(QUESTION, answer);
        let ended = up.wait().with(3);
        assert!(
            ended
                .stdout
                .contains("The process was left running; nothing was started."),
            "{ended:?}"
        );
        asked.is_left_alone();
    }
}

#[test]
fn an_answer_that_is_none_is_asked_for_again_and_korean_letters_count_by_their_key() {
    let asked = Asked::by("", &[]);
    let up = asked.up(&[]);
    up.answer(QUESTION, "what\n");
    up.answer("press `s` or `n`", "ㄴ\n");
    up.wait_for("Ready in");
    eventually_gone(asked.stranger.pid());
}

#[test]
fn an_old_server_of_this_checkout_is_stopped_by_default() {
    let (sandbox, port) = Sandbox::with_api();
    let old = sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.wait_for("It runs in this checkout, so it may be an old `api`.");
    up.answer(OLD_SERVER, "\n");
    up.wait_for("Ready in");
    eventually_gone(old.pid());
}

#[test]
fn a_port_that_can_move_is_moved_when_that_is_chosen() {
    let first = port();
    let sandbox = Sandbox::new(&format!(
        "[services.api]\ncommand = \"SERVICE --listen 127.0.0.1:env\"\nport = {first}\n"
    ));
    let stranger = sandbox.stranger_elsewhere(&["--listen", &format!("127.0.0.1:{first}")]);
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.answer("[s/p/N]", "p\n");
    up.wait_for("Ready in");
    assert!(!stranger.has_ended());
    let status = sandbox.run(&["status", "--format", "json"]).with(0).json();
    assert_ne!(status["services"][0]["ports"][0]["port"], first);
    up.press("\x03");
    up.wait().with(130);
}

#[test]
fn several_busy_ports_are_shown_in_one_overview_first() {
    let (sandbox, ports, strangers) = two_busy_ports();
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.answer(QUESTION, "n\n");
    let shown = up.wait().with(3).stdout;
    let overview = format!(
        "2 ports are busy.\n\n  PORT   SERVICE  OWNER\n  {}  one      service (pid {})\n  {}  two      service (pid {})\n\n",
        ports[0],
        strangers[0].pid(),
        ports[1],
        strangers[1].pid()
    );
    assert!(shown.contains(&overview), "{shown}");
}

#[test]
fn ctrl_c_at_the_question_ends_with_130() {
    let asked = Asked::by("", &[]);
    let up = asked.up(&[]);
    up.answer(QUESTION, "\x03");
    up.wait().with(130);
    asked.is_left_alone();
}

#[test]
fn a_window_that_is_closed_at_the_question_is_a_no() {
    let asked = Asked::by("", &[]);
    let mut up = asked.up(&[]);
    up.wait_for(QUESTION);
    up.close();
    // The end of the input, or the signal that comes with it: whichever is heard first.
    let code = up.wait().code.unwrap();
    assert!([3, 130].contains(&code), "{code}");
    asked.is_left_alone();
}

#[test]
fn what_was_asked_for_is_not_asked_again() {
    let check = |key: &str, arguments: &[&str]| {
        let asked = Asked::by(key, &[]);
        let up = asked.up(arguments);
        up.wait_for("Ready in");
        assert!(!up.shown().contains(QUESTION), "{}", up.shown());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| check("", &["--yes"]));
        scope.spawn(|| check("", &["--on-conflict", "kill"]));
        scope.spawn(|| check("on_conflict = \"kill\"", &[]));
    });
}

#[test]
fn fail_asks_nothing_and_shows_the_card() {
    for (key, arguments) in [("", &["--on-conflict", "fail"][..]), ("on_conflict = \"fail\"", &[])] {
        let asked = Asked::by(key, &[]);
        let ended = asked.up(arguments).wait().with(3);
        assert!(!ended.stdout.contains(QUESTION), "{ended:?}");
        assert!(ended.stdout.contains("children  0     clients  0"), "{ended:?}");
        asked.is_left_alone();
    }
}

#[test]
fn in_ci_nothing_is_asked_even_on_a_terminal() {
    let mut asked = Asked::by("on_conflict = \"kill\"", &[]);
    asked.sandbox.set("CI", "true");
    let ended = asked.up(&[]).wait().with(3);
    assert!(!ended.stdout.contains(QUESTION), "{ended:?}");
    asked.is_left_alone();
}

#[test]
fn a_stubborn_owner_is_asked_for_twice() {
    let asked = Asked::by("stop_grace_period = \"200ms\"", &["--ignore-term"]);
    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.answer("Kill?", "n\n");
    up.wait().with(3);
    asked.is_left_alone();

    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.answer("Kill?", "y\n");
    up.wait_for("killed in");
    up.wait_for("Ready in");
}

#[test]
fn a_key_that_is_pressed_before_a_question_does_not_answer_it() {
    let asked = Asked::by("", &[]);
    let wait = format!(
        "until [ -e go ]; do sleep 0.01; done; exec {} up --color never",
        env!("CARGO_BIN_EXE_xtask")
    );
    let mut shell = asked.sandbox.other("sh");
    shell.args(["-c", &wait]);
    let up = Terminal::start(&shell);
    // The second line is not finished.
    up.press("y\ny");
    up.wait_for("y\r\ny");
    asked.sandbox.write("go", "");
    up.answer(QUESTION, "n\n");
    up.wait().with(3);
    asked.is_left_alone();
}

#[test]
fn each_question_has_an_answer_of_its_own() {
    let (sandbox, ports, strangers) = two_busy_ports();
    let up = sandbox.terminal(&["up", "--color", "never"]);
    up.answer(QUESTION, "y\ny\n");
    up.wait_for(&format!("Port {} (two) is busy.", ports[1]));
    eventually(
        || format!("a second question in\n{}", up.shown()),
        || up.shown().matches(QUESTION).count() == 2,
    );
    up.press("n\n");
    up.wait().with(3);
    assert!(strangers[0].has_ended());
    assert!(!strangers[1].has_ended());
}

#[test]
fn ctrl_c_at_the_second_question_ends_with_130() {
    let asked = Asked::by("stop_grace_period = \"200ms\"", &["--ignore-term"]);
    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.answer("Kill?", "\x03");
    up.wait().with(130);
    asked.is_left_alone();
}

#[test]
fn ctrl_c_while_the_owner_takes_its_time_ends_with_130() {
    let asked = Asked::by("", &["--ignore-term"]);
    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.answer("still there", "\x03");
    up.wait().with(130);
    asked.is_left_alone();
}

#[test]
fn an_owner_that_vanishes_before_the_answer_is_no_hindrance() {
    let asked = Asked::by("", &[]);
    let up = asked.up(&[]);
    up.wait_for(QUESTION);
    asked.stranger.kill();
    eventually_gone(asked.stranger.pid());
    up.press("y\n");
    up.wait_for("already gone");
    up.wait_for("Ready in");
}

#[test]
fn an_owner_that_is_replaced_before_the_answer_is_not_confused_with_the_next() {
    let asked = Asked::by("", &[]);
    let up = asked.up(&[]);
    up.wait_for(QUESTION);
    asked.stranger.kill();
    eventually_gone(asked.stranger.pid());
    // The leader of a program with threads counts as gone a moment before its sockets are.
    eventually(|| format!("port {} to be free", asked.port), || is_free(asked.port));
    let next = asked
        .sandbox
        .stranger_elsewhere(&["--listen", &format!("127.0.0.1:{}", asked.port)]);
    up.press("y\n");
    up.wait().with(3);
    assert!(!next.has_ended());
    assert!(!is_free(asked.port));
}
