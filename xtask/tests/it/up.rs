//! `up`: starts in order, waits until everything is really ready, ends cleanly.

mod again;
mod auto;
mod beside;
mod conflict;
mod crash;
mod detach;
mod diagnosis;
mod edit;
mod environment;
mod failure;
mod handed_over;
mod interrupt;
mod json;
mod keep;
mod leftovers;
mod logs;
mod next;
mod order;
mod question;
mod ready;
mod reserved;
mod restart;
mod stdin;
mod stop;
mod tasks;
mod tty;
