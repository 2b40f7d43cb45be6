//! `--timings`: the start as a waterfall, on the screen and as a picture, from `up` and from `status`.

use std::fs;

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::sandbox::{Sandbox, output, port};

/// `db`, a task after it, and `api` after both.
fn stack() -> Sandbox {
    let (db, api) = (port(), port());
    Sandbox::new(&format!(
        "[services.db]\ncommand = \"SERVICE --listen 127.0.0.1:{db}\"\nport = {db}\n\
         [tasks.migrate]\ncommand = \"true\"\ndepends_on = [\"db\"]\n\
         [services.api]\ncommand = \"SERVICE --listen 127.0.0.1:{api}\"\nport = {api}\n\
         depends_on = {{ db = \"healthy\", migrate = \"completed\" }}\n"
    ))
}

/// The bars of a terminal, and of one with ASCII alone.
const DRAWN: &str = "·█░✗";
const ASCII: &str = ".#-x";

/// The waterfall in `text`, with `[bars]` for the bars, whose lengths are those of this run.
fn waterfall(sandbox: &Sandbox, text: &str, bars: &str) -> String {
    let is_bar = |letter: char| bars.contains(letter);
    let row = |line: &str| match (line.find(is_bar), line.rfind(is_bar)) {
        (Some(from), Some(to)) if !line.contains("starting") && !line.contains("critical chain") => {
            let end = line[to..].chars().next().map_or(to, |last| to + last.len_utf8());
            let words: Vec<&str> = line[end..].split_whitespace().collect();
            let row = format!("{}  [bars]  {}", line[..from].trim_end(), words.join(" "));
            row.trim_end().to_owned()
        }
        _ if line.trim_start().starts_with("0 ") => "[axis]".to_owned(),
        _ => line.trim_end().to_owned(),
    };
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines
        .iter()
        .position(|line| line.contains("tart") && line.contains(" after "));
    let end = lines.iter().position(|line| line.contains("critical chain"));
    let (Some(begin), Some(end)) = (begin, end) else {
        panic!("no waterfall in\n{text}");
    };
    let rows: Vec<String> = lines[begin..=end].iter().map(|line| row(line)).collect();
    sandbox.plain(&(rows.join("\n") + "\n"))
}

#[track_caller]
fn check(sandbox: &Sandbox, text: &str, expected: &Expect) {
    expected.assert_eq(&waterfall(sandbox, text, DRAWN));
}

/// The waterfall of the whole stack when it became ready, below `headline`.
#[track_caller]
fn check_ready(sandbox: &Sandbox, text: &str, headline: &str) {
    let seen = waterfall(sandbox, text, DRAWN);
    let rows = "
[axis]
  preflight  [bars]  [time]
* db  [bars]  [time]
* migrate  [bars]  [time] after db
* api  [bars]  [time] after migrate

  · waiting   █ starting   ░ ready
  * critical chain: db → migrate → api
";
    assert_eq!(seen, format!("{headline}\n{rows}"));
}

#[test]
fn a_terminal_shows_the_waterfall_in_its_width() {
    for columns in [60, 100, 160] {
        let sandbox = stack();
        let up = sandbox.terminal_of(40, columns, &["up", "--timings", "--no-keys"]);
        up.wait_for_screen("Ctrl-C stops everything");
        let screen = up.screen();
        check_ready(&sandbox, &screen, "Start: ready after [time]");
        let row = screen.lines().find(|line| line.starts_with("* api"));
        let (width, columns) = (row.unwrap_or_default().chars().count(), usize::from(columns));
        // The bars take what the longest note, `after migrate`, leaves.
        assert_eq!(width, columns, "{row:?}");
        up.press("\u{3}");
        up.wait().with(130);
    }
}

#[test]
fn a_terminal_without_utf8_shows_ascii() {
    let mut sandbox = stack();
    sandbox.set("LC_ALL", "C");
    let up = sandbox.terminal_of(40, 100, &["up", "--timings", "--no-keys"]);
    up.wait_for_screen("Ctrl-C stops everything");
    let expected = expect![[r#"
        Start: ready after [time]

        [axis]
          preflight  [bars]  [time]
        * db  [bars]  [time]
        * migrate  [bars]  [time] after db
        * api  [bars]  [time] after migrate

          . waiting   # starting   - ready
          * critical chain: db -> migrate -> api
    "#]];
    expected.assert_eq(&waterfall(&sandbox, &up.screen(), ASCII));
    up.press("\u{3}");
    up.wait().with(130);
}

#[test]
fn a_start_in_the_background_is_drawn_and_remembered() {
    let sandbox = stack();
    let up = sandbox.run(&["up", "-d", "--timings=start.svg"]).with(0);
    check_ready(&sandbox, &up.stderr, "Start: ready after [time]");
    assert_is_picture(&sandbox, "start.svg");
    let is_remembered = || {
        let status = sandbox.run(&["status", "--timings"]).with(0);
        check_ready(&sandbox, &status.stdout, "Last start, [time] ago: ready after [time]");
    };
    is_remembered();
    // Nothing is started, so the last start is the same.
    let again = sandbox.run(&["up", "--timings"]).with(0);
    check_ready(&sandbox, &again.stderr, "Last start, [time] ago: ready after [time]");
    sandbox.run(&["down"]).with(0);
    is_remembered();
    sandbox.run(&["status", "--timings=end.svg"]).with(0);
    assert_is_picture(&sandbox, "end.svg");
}

/// It is XML without scripts, and text of the project is no markup.
#[track_caller]
fn assert_is_picture(sandbox: &Sandbox, name: &str) {
    let mut parse = sandbox.other("python3");
    let tags = "import sys, xml.etree.ElementTree as tree\n\
                print(sorted({it.tag.split('}')[1] for it in tree.parse(sys.argv[1]).iter()}))";
    let parsed = output(parse.args(["-c", tags, name]));
    let said = String::from_utf8_lossy(&parsed.stdout).into_owned() + &String::from_utf8_lossy(&parsed.stderr);
    assert_eq!(said, "['line', 'rect', 'style', 'svg', 'text', 'title']\n");
}

#[test]
fn json_has_the_timings_as_an_event_and_as_a_document() {
    let sandbox = stack();
    let up = sandbox.run(&["up", "-d", "--timings", "--format", "json"]).with(0);
    let events: Vec<Value> = up
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["timings", "summary"]);
    let status = sandbox.run(&["status", "--timings", "--format", "json"]).with(0).json();
    assert_eq!(status["timings"], events[events.len() - 2]["timings"]);
    let timings = &status["timings"];
    assert_eq!(timings["outcome"], "ready");
    assert_eq!(timings["critical"], serde_json::json!(["db", "migrate", "api"]));
    let api = &timings["services"][2];
    assert_eq!(api["name"], "api");
    let states: Vec<&Value> = api["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| &span["state"])
        .collect();
    assert_eq!(states, ["waiting", "starting"]);
    assert_eq!(api["spans"][0]["waiting_for"], serde_json::json!(["db", "migrate"]));
    sandbox.run(&["down"]).with(0);
}

#[test]
fn a_failed_start_is_shown_before_the_reason() {
    let sandbox = stack();
    let config = fs::read_to_string(sandbox.project().join("devtasks.toml")).unwrap();
    sandbox.write("devtasks.toml", &config.replace("\"true\"", "\"false\""));
    let check_failed = |arguments: &[&str], expected: Expect| {
        let up = sandbox.run(arguments).with(1);
        check(&sandbox, &up.stderr, &expected);
        let (shown, reason) = up.stderr.split_once("critical chain").unwrap_or_default();
        assert!(!shown.contains("exit code 1"), "{up:?}");
        assert!(reason.contains("exit code 1"), "{up:?}");
    };
    check_failed(
        &["up", "--timings"],
        expect![[r#"
            Start: failed after [time]

            [axis]
              preflight  [bars]  [time]
            * db  [bars]  [time]
            * migrate  [bars]  [time] failed, after db
              api  [bars]  not started, waits for migrate

              · waiting   █ starting   ░ ready   ✗ failed
              * critical chain: db → migrate
        "#]],
    );
    check_failed(
        &["up", "-d", "--timings"],
        expect![[r#"
            Start: failed after [time]

            [axis]
              preflight  [bars]  [time]
            * db  [bars]  [time]
            * migrate  [bars]  [time] failed, after db
              api  [bars]  not started, waits for migrate

              · waiting   █ starting   ░ ready   ✗ failed
              * critical chain: db → migrate
        "#]],
    );
}

#[test]
fn only_what_is_started_now_is_shown_of_a_running_stack() {
    let sandbox = stack();
    sandbox.run(&["up", "-d", "db"]).with(0);
    let up = sandbox.run(&["up", "--timings"]).with(0);
    check(
        &sandbox,
        &up.stderr,
        &expect![[r#"
        Start: ready after [time]

        [axis]
          preflight  [bars]  [time]
          db  [bars]  ran before
        * migrate  [bars]  [time]
        * api  [bars]  [time] after migrate

          · waiting   █ starting   ░ ready
          * critical chain: migrate → api
    "#]],
    );
    sandbox.run(&["down"]).with(0);
}

#[test]
fn without_a_start_there_is_nothing_to_show() {
    let sandbox = stack();
    let status = sandbox.run(&["status", "--timings=start.svg"]).with(1);
    assert_eq!(
        status.stderr,
        "error: no start of this checkout is known\n\nhint: start the stack with `xtask up`\n"
    );
    assert!(!sandbox.project().join("start.svg").exists());
    let json = sandbox.run(&["status", "--timings", "--format", "json"]).with(1);
    assert_eq!(json.json()["timings"], Value::Null);
    let wrong = sandbox.run(&["up", "--timings=start.png"]).with(2);
    assert!(
        wrong.stderr.contains("`start.png` does not end with `.svg`"),
        "{wrong:?}"
    );
}
