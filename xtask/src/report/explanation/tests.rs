//! How a section is printed, and what is found by a word.

use super::{all, body, list, near, of};
use crate::report::paint::Paint;

const SECTION: &str = "\
It is busy; see [the guide, a tunnel](GUIDE.md#a-tunnel) and `devtasks.toml`.

```text
Port 8000 is taken.
hint: stop it with `A=1 devtasks port kill 8000`, which devtasks does
```

**See it.** With `devtasks port who 8000` or `ss -ltnp 'sport = :8000'` in a terminal.

**Solve it.**

- Stop it: `devtasks port kill 8000`, which asks before it does
  anything at all.
- Or wait.
";

#[test]
fn a_section_is_text_with_the_name_that_was_typed() {
    assert_eq!(
        body(SECTION, "cargo xtask", Paint::new(false), 44),
        "\
It is busy; see the guide, a tunnel and
`devtasks.toml`.

    Port 8000 is taken.
    hint: stop it with `A=1 cargo xtask port kill 8000`, which devtasks does

See it. With `cargo xtask port who 8000` or
`ss -ltnp 'sport = :8000'` in a terminal.

Solve it.

- Stop it: `cargo xtask port kill 8000`,
  which asks before it does anything at all.
- Or wait.
"
    );
}

#[test]
fn labels_are_bold_on_a_terminal() {
    let seen = body("**See it.** Here.\n", "devtasks", Paint::new(true), 80);
    assert_eq!(seen, "\x1b[1mSee it.\x1b[0m Here.\n");
}

#[test]
fn the_list_has_every_code_once() {
    let listed = list(Paint::new(false), 60);
    for explanation in all() {
        let named = listed
            .lines()
            .filter(|line| line.split(' ').next() == Some(explanation.code));
        assert_eq!(named.count(), 1, "{}", explanation.code);
        assert!(of(explanation.code).is_some_and(|it| it.title == explanation.title));
    }
    assert!(listed.lines().all(|line| line.len() <= 60), "{listed}");
}

#[test]
fn words_and_mistyped_codes_find_what_is_meant() {
    assert_eq!(near("port.busy.foregn"), ["port.busy.foreign"]);
    assert_eq!(near("Python package"), ["cause.python_module_missing"]);
    assert_eq!(near("env.mist"), ["env.mistyped"]);
    assert_eq!(near("weather"), [""; 0]);
}
