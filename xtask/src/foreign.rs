//! What others chose to call themselves: text that is shown to the user but must not reach the terminal as it is.

mod escape;

pub(crate) use escape::{command_line, steers, visible};
