//! Supervises in the terminal or in the background; [`crate::run::background`] starts the latter.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crate::commands::events::Inbox;
use crate::commands::tell;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::{self, LogTarget, OnExit};
use crate::protocol::{Mode, Record, Reply, Request, ServiceProgress, StartNotice, Transition};
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::run::control::{self, Server};
use crate::run::driver::{self, Driver, InitialRequest, Message, Observer, Outputs, RunOutcome};
use crate::run::log_export::{LineSource, LogExport, host_name};
use crate::run::logs::{Follower, Sink, Stream};
use crate::run::metrics::{Responder, Scraper};
use crate::system::os;
use crate::system::runs::{LockOutcome, StateDir};
use crate::system::terminal::Size;

/// The process that `up --detach` starts.
pub(crate) fn run(project: &str, checkout: &Path, on_exit: OnExit, metrics: Option<SocketAddr>) -> Exit {
    os::widen_descriptor_table();
    let Some(client) = control::first_client() else {
        return Exit::Interrupted;
    };
    let refuse = client.replies.clone();
    let asked = (client.request, client.replies);
    let ended = in_background(project, checkout, on_exit, metrics, asked).map_err(|problem| {
        let exit = problem.exit;
        // The client may have disconnected.
        let _ = refuse.send(Reply::Refused(problem));
        exit
    });
    drop(refuse);
    let _ = client.told.recv_timeout(LAST_REPLY_TIMEOUT);
    ended.unwrap_or_else(|exit| exit)
}

/// How long clients may take to read their last reply.
const LAST_REPLY_TIMEOUT: Duration = Duration::from_secs(1);

fn in_background(
    project: &str,
    checkout: &Path,
    on_exit: OnExit,
    metrics: Option<SocketAddr>,
    (request, reply): (Request, Sender<Reply>),
) -> Result<Exit, Diagnostic> {
    let inbox = Inbox::open(String::new())?;
    let directory = StateDir::of(checkout)?;
    let LockOutcome::Acquired(lock) = directory.lock()? else {
        // Another supervisor was started first: the client turns to that one.
        let _ = reply.send(Reply::Ending);
        return Ok(Exit::Done);
    };
    let log_export = if let Request::Up { log_export, .. } = &request {
        log_export.clone()
    } else {
        Vec::new()
    };
    let run = SupervisorArgs {
        project,
        checkout,
        directory: &directory,
        mode: Mode::Background,
        on_exit,
        log_export: &log_export,
        metrics,
        first: InitialRequest::Request(request, reply),
    };
    let outcome = supervise(run, inbox, Arc::new(Nobody), &mut Nobody)?;
    drop(lock);
    Ok(outcome.exit)
}

/// A run that is about to start. The caller holds the checkout's lock.
pub(super) struct SupervisorArgs<'a> {
    pub(super) project: &'a str,
    pub(super) checkout: &'a Path,
    pub(super) directory: &'a StateDir,
    pub(super) mode: Mode,
    pub(super) on_exit: OnExit,
    pub(super) log_export: &'a [LogTarget],
    /// Where metrics are served.
    pub(super) metrics: Option<SocketAddr>,
    pub(super) first: InitialRequest,
}

/// Supervises the run until it has ended and all clients have their replies.
pub(super) fn supervise(
    run: SupervisorArgs,
    inbox: Inbox,
    sink: Arc<dyn Sink>,
    audience: &mut dyn Observer,
) -> Result<RunOutcome, Diagnostic> {
    inbox.interrupt.supervise();
    let record = Record::new(run.project, run.checkout, run.mode, run.directory)?;
    run.directory.write(&record)?;
    os::adopt_orphans();
    let ask = inbox.sender.clone();
    let scraper = Arc::new(Scraper::new(inbox.sender.clone()));
    let for_clients = Arc::clone(&scraper);
    let to_driver = inbox.sender.clone();
    let attach = move |service: &str, size| driver::attach(&to_driver, service, size);
    let answer = move |request, reply: Sender<Reply>| match request {
        // On the thread of the client: the driver only hands out its numbers.
        Request::Metrics { for_node_exporter } => {
            let text = for_clients.text(for_node_exporter);
            drop(reply.send(text.map_or_else(Reply::Refused, Reply::Metrics)));
        }
        request => drop(ask.send(Message::Request(request, reply))),
    };
    let server = Server::start(&record.socket, answer, Box::new(attach))?;
    // It was free a moment ago; the stack is worth more than its metrics.
    let served = run.metrics.map(|address| Responder::start(address, scraper));
    let _served = served.and_then(|served| served.map_err(|problem| sink.trouble(problem)).ok());
    let source = LineSource {
        project: record.project.clone(),
        run: record.run.clone(),
        host: host_name(),
    };
    let outputs = Outputs {
        log_export: Arc::new(LogExport::start(run.log_export, &source, &sink)?),
        follower: Follower::start()?,
        sink,
    };
    let channel = (inbox.sender, inbox.receiver);
    let driver = Driver::new(channel, run.directory, record, outputs, inbox.interrupt, audience);
    let outcome = driver.run(run.first, run.on_exit);
    server.finish(LAST_REPLY_TIMEOUT);
    outcome
}

/// The observer without a terminal: the log files have the lines, and clients query the rest.
struct Nobody;

impl Observer for Nobody {
    fn transition(&mut self, _: &Transition, _: &plan::Service) {}

    fn settled(&mut self, _: bool, _: Duration) {}

    fn progress(&mut self, _: &[ServiceProgress]) {}

    fn start_notice(&mut self, _: &StartNotice) {}

    fn tells_progress(&self) -> bool {
        false
    }
}

impl Sink for Nobody {
    fn lines(&self, _: &str, _: Stream, _: &[u8]) -> bool {
        true
    }

    fn shows_colours(&self) -> bool {
        false
    }

    fn leaves_out_checks(&self) -> bool {
        false
    }

    fn size(&self) -> Size {
        Size::USUAL
    }

    fn trouble(&self, trouble: Diagnostic) {
        tell(&problem(&trouble, "devtasks", Paint::new(false)));
    }
}
