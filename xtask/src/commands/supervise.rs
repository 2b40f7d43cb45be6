//! The supervisor in the background; [`crate::world::background`] starts it, nobody types it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::commands::{Ended, tell};
use crate::error::{Exit, Problem};
use crate::plan::{self, OnExit};
use crate::report::paint::Paint;
use crate::report::problem::problem;
use crate::world::control::{self, Reply, Request, Server, Transition, UnderWay};
use crate::world::driver::{Audience, Driver, First, Message};
use crate::world::logs::{Sink, Stream};
use crate::world::os;
use crate::world::runs::{Folder, Locked, Mode, Record};
use crate::world::terminal::Size;

/// What `up --detach` starts
#[derive(clap::Args)]
pub(crate) struct Args {
    project: String,
    checkout: PathBuf,
    /// `on_exit = "keep"`
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run(args: &Args) -> Ended {
    os::close_inherited();
    os::leave_session();
    let Some(client) = control::first_client() else {
        return Ok(Exit::Interrupted);
    };
    let refuse = client.replies.clone();
    let ended = supervise(args, client.request, client.replies).map_err(|problem| {
        let exit = problem.exit;
        // A client that went away wants no answer.
        let _ = refuse.send(Reply::Refused(problem));
        exit
    });
    drop(refuse);
    let _ = client.told.recv_timeout(LAST_WORD);
    Ok(ended.unwrap_or_else(|exit| exit))
}

/// How long clients may take to hear their last reply.
const LAST_WORD: Duration = Duration::from_secs(1);

fn supervise(args: &Args, request: Request, reply: Sender<Reply>) -> Result<Exit, Problem> {
    let (sender, receiver) = channel();
    let hear = sender.clone();
    os::hear_signals(move |heard| drop(hear.send(Message::Heard(heard))))
        .map_err(|error| Problem::new(format!("cannot listen for signals: {error}")))?;
    let folder = Folder::of(&args.checkout)?;
    let Locked::Mine(lock) = folder.lock()? else {
        // Another supervisor was faster: the client turns to that one.
        let _ = reply.send(Reply::Ending);
        return Ok(Exit::Done);
    };
    let record = Record::new(&args.project, &args.checkout, Mode::Background, &folder)?;
    folder.write(&record)?;
    os::adopt_orphans();
    let ask = sender.clone();
    let server = Server::start(&record.socket, move |request, reply| {
        drop(ask.send(Message::Asked(request, reply)))
    })?;
    let on_exit = if args.keep { OnExit::Keep } else { OnExit::Stop };
    let mut nobody = Nobody;
    let driver = Driver::new((sender, receiver), &folder, record, Arc::new(Nobody), &mut nobody);
    let outcome = driver.run(First::Request(request, reply), on_exit);
    server.finish(LAST_WORD);
    drop(lock);
    Ok(outcome.exit)
}

/// Nobody watches: the log files have the lines, and clients are told what they ask for.
struct Nobody;

impl Audience for Nobody {
    fn transition(&mut self, _: &Transition, _: &plan::Service) {}

    fn settled(&mut self, _: bool, _: Duration) {}

    fn progress(&mut self, _: &[UnderWay]) {}

    fn draws_progress(&self) -> bool {
        false
    }
}

impl Sink for Nobody {
    fn lines(&self, _: &str, _: Stream, _: &[u8]) {}

    fn shows_colours(&self) -> bool {
        false
    }

    fn size(&self) -> Size {
        Size::USUAL
    }

    fn trouble(&self, trouble: Problem) {
        tell(&problem(&trouble, Paint::new(false)));
    }
}
