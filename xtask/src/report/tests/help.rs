//! What of help and usage errors is coloured.

use expect_test::expect;

use super::check;
use crate::report::help::help;
use crate::report::paint::Paint;

#[test]
fn headings_and_levels_are_coloured_and_no_letter_changes() {
    let text = "error: unknown\n\n  tip: a similar one\n\nUsage: devtasks up\n\nExit codes:\n  0    done:\n";
    let shown = help(text, Paint::new(true), 100);
    assert_eq!(
        shown,
        "\x1b[31m\x1b[1merror:\x1b[0m unknown\n\n  \x1b[36mtip:\x1b[0m a similar one\n\n\
         \x1b[1mUsage:\x1b[0m devtasks up\n\n\x1b[1mExit codes:\x1b[0m\n  0    done:\n"
    );
    assert_eq!(help(text, Paint::new(false), 100), text);
}

#[test]
fn long_lines_are_broken_between_words_below_their_description() {
    let text = "Usage: up [OPTIONS] [SERVICE]...\n\nOptions:\n  -y, --yes          Answer every question with yes\n\n\
                A busy port is shown with its owner, and you are asked.\nNothing is\nstarted before that.\n\nExit codes:\n  0    all are ready, or it was ended by down\n";
    check(
        &help(text, Paint::new(false), 40),
        expect![[r#"
            Usage: up [OPTIONS] [SERVICE]...

            Options:
              -y, --yes          Answer every
                question with yes

            A busy port is shown with its owner, and
            you are asked. Nothing is started before
            that.

            Exit codes:
              0    all are ready, or it was ended by
                   down"#]],
    );
    // No description has room there; a word that is too long stays whole.
    check(
        &help(
            "  --an-option-of-many-letters  what it does there\n",
            Paint::new(false),
            40,
        ),
        expect![[r#"
            --an-option-of-many-letters  what it
              does there"#]],
    );
    let wide = format!("{}\n", "word ".repeat(30).trim_end());
    let longest = |width| help(&wide, Paint::new(false), width).lines().map(str::len).max();
    assert_eq!((longest(200), longest(57)), (Some(99), Some(54)));
}
