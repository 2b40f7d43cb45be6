//! States, URL and prompt → the line at several widths.

use super::*;

#[track_caller]
fn check(line: &BottomLine, width: usize, expected: &str) {
    let text = line.text("", width);
    assert_eq!(text, expected);
    assert!(console::measure_text_width(&text) <= width);
}

fn two_ready() -> BottomLine {
    let mut line = BottomLine::default();
    line.note("api", State::Ready);
    line.note("web", State::Ready);
    line.reach("http://127.0.0.1:8080".to_owned());
    line
}

#[test]
fn as_many_keys_are_named_as_fit() {
    let line = two_ready();
    check(
        &line,
        100,
        "2 ready  http://127.0.0.1:8080           r restart  l log  i input  s status  o open  ? help  q stop",
    );
    check(
        &line,
        60,
        "2 ready  http://127.0.0.1:8080     r restart  ? help  q stop",
    );
    check(&line, 40, "2 ready  http://127.0.0.1:8080    ? help");
    check(&line, 20, "2 ready  http://127…");
}

#[test]
fn states_are_counted() {
    let mut line = two_ready();
    line.note("web", State::Failed);
    line.reach(String::new());
    check(&line, 24, "1 failed, 1 ready");
}

#[test]
fn what_is_under_way_stands_before_the_keys() {
    let line = two_ready();
    assert_eq!(
        line.text("  … db starting 2.0 s", 40),
        "  … db starting 2.0 s             ? help"
    );
    assert_eq!(line.text("  … db starting 2.0 s", 12), "  … db star…");
}

#[test]
fn what_is_asked_stands_alone() {
    let mut line = two_ready();
    line.ask(Some("restart which?  1 api  2 web".to_owned()));
    check(&line, 100, "restart which?  1 api  2 web");
    assert_eq!(line.text("  … db starting 2.0 s", 100), "restart which?  1 api  2 web");
    line.ask(None);
    check(&line, 40, "2 ready  http://127.0.0.1:8080    ? help");
}
