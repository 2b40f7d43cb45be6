//! What stands for metrics in a build without them. The key `metrics` and `up --metrics` are errors there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::config::metrics_address::not_in_this_build;
use crate::diagnostic::Diagnostic;
use crate::run::driver::Message;

pub(crate) struct Scraper;

impl Scraper {
    pub(crate) fn new(_: Sender<Message>) -> Self {
        Scraper
    }

    /// # Errors
    /// Always.
    pub(crate) fn text(&self, _: bool) -> Result<String, Diagnostic> {
        Err(not_in_this_build("ask a stack that was started by such a build"))
    }
}

pub(crate) struct Responder;

impl Responder {
    /// # Errors
    /// Always.
    pub(crate) fn start(_: SocketAddr, _: Arc<Scraper>) -> Result<Self, Diagnostic> {
        Err(not_in_this_build("leave `--metrics` out"))
    }
}
