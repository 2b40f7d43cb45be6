//! `port kill` on a terminal: the question, its answers, and Ctrl-C.

use super::Scene;
use crate::sandbox::{Terminal, eventually_gone};

const QUESTION: &str = "[y/N]";

impl Scene {
    fn terminal(&self, arguments: &[&str]) -> Terminal {
        let words = self.typed(&[arguments, &["--color", "never"]].concat());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.terminal(&words)
    }
}

#[test]
fn yes_stops_it() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    let kill = scene.terminal(&["PORT"]);
    kill.answer(QUESTION, "y\n");
    let ended = kill.wait().with(0);
    let shown = scene.named(&ended.stdout);
    assert!(
        shown.contains("\n\nStop it? SIGTERM first; SIGKILL after 10 s, if you confirm it.  [y/N] y\n  stopped in "),
        "{shown}"
    );
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
}

#[test]
fn no_is_the_default_and_leaves_it_alone() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    for answer in ["\n", "n\n", "\x04"] {
        let kill = scene.terminal(&["PORT"]);
        kill.wait_for(QUESTION);
        assert!(!kill.has_ended(), "it has not waited for the answer");
        kill.press(answer);
        let ended = kill.wait().with(6);
        assert!(ended.stdout.contains("It was left alone."), "{ended:?}");
        scene.all_live();
    }
}

#[test]
fn ctrl_c_at_the_question_is_130() {
    let scene = Scene::with("--listen 127.0.0.1:PORT");
    let kill = scene.terminal(&["PORT"]);
    kill.answer(QUESTION, "\x03");
    kill.wait().with(130);
    scene.all_live();
}

#[test]
fn sigkill_takes_another_yes() {
    let scene = Scene::with("--listen 127.0.0.1:PORT --ignore-term");
    let kill = |answer: &str| {
        let kill = scene.terminal(&["PORT", "--grace", "100ms"]);
        kill.answer(QUESTION, "y\n");
        kill.answer("Kill?", answer);
        kill.wait()
    };
    let ended = kill("n\n").with(7);
    assert!(ended.stdout.contains("still there"), "{ended:?}");
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
    let ended = kill("y\n").with(0);
    assert!(ended.stdout.contains("  killed in "), "{ended:?}");
    eventually_gone(scene.pid("holder"));
}

#[test]
fn an_impatient_yes_is_no_answer_to_the_second_question() {
    let scene = Scene::with("--listen 127.0.0.1:PORT --ignore-term");
    let kill = scene.terminal(&["PORT", "--grace", "1500ms"]);
    kill.answer(QUESTION, "y\n");
    kill.answer("left", "y\n");
    kill.answer("Kill?  [y/N] ", "n\n");
    kill.wait().with(7);
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
}

#[test]
fn ctrl_c_at_the_second_question_leaves_the_other_ports_alone() {
    let mut scene = Scene::with("--listen 127.0.0.1:PORT --ignore-term");
    let first = scene.port.to_string();
    scene.port = crate::sandbox::port();
    scene.start("second", "--listen 127.0.0.1:PORT");
    let kill = scene.terminal(&[&first, "PORT", "--grace", "100ms"]);
    kill.answer("Stop them?", "y\n");
    kill.answer("Kill?", "\x03");
    kill.wait().with(130);
    assert_eq!(scene.signals(), ["SIGTERM holder"]);
}

#[test]
fn whoever_starts_it_again_is_offered() {
    let mut scene = Scene::empty();
    scene.shell(
        "loop",
        "while :; do SERVICE --listen 127.0.0.1:PORT --announce open; done",
    );
    scene.name_the_others(&["holder"]);
    let kill = scene.terminal(&["PORT"]);
    kill.answer(QUESTION, "y\n");
    kill.answer("Stop both?", "y\n");
    let ended = kill.wait().with(0);
    let shown = scene.named(&ended.stdout);
    assert!(
        shown.contains("Port [port] was taken again at once, by `service` (pid ")
            && shown.contains("which `bash` (pid of loop) started. Stop both?"),
        "{shown}"
    );
    assert_eq!(scene.signals(), ["SIGTERM holder", "SIGTERM loop", "SIGTERM another"]);
    eventually_gone(scene.pid("loop"));
}
