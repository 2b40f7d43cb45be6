//! What of help and usage errors is coloured.

use crate::report::help::help;
use crate::report::paint::Paint;

#[test]
fn headings_and_levels_are_coloured_and_no_letter_changes() {
    let text = "error: unknown\n\n  tip: a similar one\n\nUsage: devtasks up\n\nExit codes:\n  0    done:\n";
    let shown = help(text, Paint::new(true));
    assert_eq!(
        shown,
        "\x1b[31m\x1b[1merror:\x1b[0m unknown\n\n  \x1b[36mtip:\x1b[0m a similar one\n\n\
         \x1b[1mUsage:\x1b[0m devtasks up\n\n\x1b[1mExit codes:\x1b[0m\n  0    done:\n"
    );
    assert_eq!(help(text, Paint::new(false)), text);
}
