//! One file for each subcommand, and the context that they share.
