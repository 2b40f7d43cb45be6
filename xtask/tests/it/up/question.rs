//! A busy port on a terminal: the card, the question, and every answer.

use crate::sandbox::{Running, Sandbox, Terminal, eventually, eventually_gone, is_free, port};

const QUESTION: &str = "[y/N]";

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
        let stranger = sandbox.stranger(&[&["--listen", &listen], stranger].concat());
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
    let (card, rest) = shown.split_once("[y/N] y\n").unwrap();
    assert!(
        card.starts_with(&format!(
            "Port {port} (api) is busy.\n\n  service   pid [pid]  yours   running   started [time] ago\n"
        )),
        "{card}"
    );
    assert!(
        card.ends_with("\n\nStop it? SIGTERM first; SIGKILL after [time], if you confirm it.  "),
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
    for answer in ["\n", "n\n", "what\n", "\x04"] {
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
    up.answer("Kill?  [y/N]", "n\n");
    up.wait().with(3);
    asked.is_left_alone();

    let up = asked.up(&[]);
    up.answer(QUESTION, "y\n");
    up.answer("Kill?  [y/N]", "y\n");
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
    let ports = [port(), port()];
    let sandbox = Sandbox::new(&format!(
        "[services.one]\ncommand = \"SERVICE\"\nport = {}\n[services.two]\ncommand = \"SERVICE\"\nport = {}\n",
        ports[0], ports[1]
    ));
    let strangers = ports.map(|port| sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]));
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
    up.answer("Kill?  [y/N]", "\x03");
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
        .stranger(&["--listen", &format!("127.0.0.1:{}", asked.port)]);
    up.press("y\n");
    up.wait().with(3);
    assert!(!next.has_ended());
    assert!(!is_free(asked.port));
}
