//! `up`: starts in order, waits until everything is really ready, ends cleanly.

mod again;
mod auto;
mod before;
mod beside;
mod calm;
mod colours;
mod conflict;
mod crash;
mod detach;
mod diagnosis;
mod edit;
mod environment;
mod failure;
mod handed_over;
mod host;
mod interrupt;
mod json;
#[cfg(target_os = "linux")] // Open pipes, from `/proc`; other systems have no `on_exit = "keep"`.
mod keep;
mod keys;
mod leftovers;
mod logs;
#[cfg(target_os = "linux")] // `/proc` leads to its pipe, and prlimit(2) takes its files away.
mod mute_watchdog;
mod next;
mod order;
mod pidfile;
mod question;
mod ready;
mod reserved;
mod restart;
mod screens;
mod slow_start;
mod stdin;
mod stop;
mod tasks;
mod timings;
mod tty;
#[cfg(target_os = "linux")] // What inotify watches, from `/proc`.
mod watch;
