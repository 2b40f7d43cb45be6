//! Starts this program again: as the watchdog of a run, or as a background supervisor. `container` does so as well.
//!
//! An environment variable selects that, and it is read before any argument parser: the library may be part of another
//! program, which could interpret unknown arguments. So a helper first greets to confirm what it is.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::plan::OnExit;
use crate::process::Tag;
use crate::system::os;

/// Set only for a helper. Its arguments are also shown in process lists.
pub(super) const VARIABLE: &str = "DEVTASKS_HELPER";

const WATCHDOG: &str = "watchdog";
const SUPERVISOR: &str = "supervise";
const KEEP: &str = "--keep";
const METRICS: &str = "--metrics";

/// The first output of a helper.
const GREETING: &[u8] = b"devtasks is here\n";

/// How long a helper may take to greet.
pub(crate) const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn not_started_again(error: &io::Error) -> Diagnostic {
    let cause = crate::system::cause(error);
    Diagnostic::new(format!("cannot start this program again: {cause}"))
}

/// The purpose for which this program is started again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    /// Outlives a killed supervisor.
    Watchdog {
        run: String,
        checkout: PathBuf,
        on_exit: OnExit,
    },
    /// Supervises in the background.
    Supervisor {
        project: String,
        checkout: PathBuf,
        on_exit: OnExit,
        /// Where metrics are served.
        metrics: Option<SocketAddr>,
    },
}

impl Helper {
    /// The purpose of this process; `None` if it was not started by devtasks.
    pub(crate) fn here() -> Option<Helper> {
        std::env::var_os(VARIABLE)?;
        Helper::read(std::env::args_os().skip(1))
    }

    fn read(mut words: impl Iterator<Item = OsString>) -> Option<Helper> {
        let (role, name, checkout) = (words.next()?, words.next()?.into_string().ok()?, words.next()?.into());
        let (mut on_exit, mut metrics) = (OnExit::Stop, None);
        while let Some(word) = words.next() {
            match word.to_str()? {
                KEEP => on_exit = OnExit::Keep,
                METRICS => metrics = Some(words.next()?.to_str()?.parse().ok()?),
                _ => return None,
            }
        }
        match role.to_str()? {
            WATCHDOG => Some(Helper::Watchdog {
                run: name,
                checkout,
                on_exit,
            }),
            SUPERVISOR => Some(Helper::Supervisor {
                project: name,
                checkout,
                on_exit,
                metrics,
            }),
            _ => None,
        }
    }

    fn words(&self) -> Vec<OsString> {
        let (role, name, checkout, on_exit, metrics) = match self {
            Helper::Watchdog { run, checkout, on_exit } => (WATCHDOG, run, checkout, on_exit, None),
            Helper::Supervisor {
                project,
                checkout,
                on_exit,
                metrics,
            } => (SUPERVISOR, project, checkout, on_exit, *metrics),
        };
        let mut words: Vec<OsString> = vec![role.into(), name.into(), checkout.into()];
        words.extend((*on_exit == OnExit::Keep).then(|| KEEP.into()));
        words.extend(
            metrics
                .into_iter()
                .flat_map(|at| [METRICS.into(), at.to_string().into()]),
        );
        words
    }

    /// Starts the helper. It gets its own session, so that terminal input and hang-ups do not reach it, and the tag of
    /// its own run, so that it is not part of a service that started us.
    ///
    /// # Errors
    /// No process can be created.
    pub(crate) fn start(&self, program: &Path, stderr: Stdio) -> io::Result<Child> {
        let mut command = Command::new(program);
        os::set_arg0(&mut command, "devtasks");
        command.args(self.words()).envs(self.tag().variables());
        command.env(VARIABLE, "1").current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        os::spawn_session(&mut command)
    }

    /// A supervisor chooses its run id later.
    fn tag(&self) -> Tag {
        let (project, checkout, run) = match self {
            Helper::Watchdog { run, checkout, .. } => ("", checkout, run.as_str()),
            Helper::Supervisor { project, checkout, .. } => (project.as_str(), checkout, ""),
        };
        Tag::supervisor(project.to_owned(), checkout.clone(), run.to_owned())
    }

    /// The name in a sentence.
    fn name(&self) -> &'static str {
        match self {
            Helper::Watchdog { .. } => "the watchdog of this run",
            Helper::Supervisor { .. } => "the supervisor in the background",
        }
    }

    /// Why a started helper has not greeted, as text for the user; kills it if it is still running.
    pub(crate) fn absent(&self, child: &mut Child, heard: Heard) -> Diagnostic {
        let name = self.name();
        let is_forgotten = match heard {
            Heard::SomethingElse => true,
            Heard::Ended => {
                // It closed stdout, so it is exiting, or another program.
                os::ends_within(child, Duration::from_secs(1));
                match child.try_wait().ok().flatten().map(cause) {
                    Some(Some(why)) => return Diagnostic::new(format!("{name} has died before it was there: {why}")),
                    Some(None) | None => true,
                }
            }
            Heard::Greeted | Heard::Nothing => false,
        };
        // It is our unreaped child, so its pid is not reused.
        let _ = child.kill().and_then(|()| child.wait());
        let hook = "`devtasks::helpers();` as the first line of its `main`";
        if is_forgotten {
            Diagnostic::new(format!(
                "{name} did not start: this program took it for a command of its own"
            ))
            .hint(format!("add {hook}, before it reads its arguments"))
        } else {
            let within = GREETING_TIMEOUT.as_secs();
            Diagnostic::new(format!("{name} did not report within {within} s"))
                .hint(format!("add {hook}, if this is a program of yours that holds devtasks"))
        }
    }
}

/// Why our helper exits before it does anything; `None` if only another program would exit like that.
///
/// Source: man 8 ld.so ends with 127 if it cannot load a program, for want of memory perhaps.
fn cause(status: ExitStatus) -> Option<String> {
    match status.code() {
        None | Some(127) => Some(status.to_string()),
        Some(_) => None,
    }
}

/// Called by a helper: writes the greeting.
pub(crate) fn greet() {
    let mut stdout = io::stdout().lock();
    // The process that started us may have exited.
    let _ = stdout.write_all(GREETING).and_then(|()| stdout.flush());
}

/// The greeting as the parent reads it.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) from: ChildStdout,
    /// The number of bytes read so far.
    n_heard: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The complete greeting; later output is not read yet.
    Greeted,
    SomethingElse,
    Ended,
    /// Not complete so far.
    Nothing,
}

impl Greeting {
    pub(crate) fn from(from: ChildStdout) -> Greeting {
        Greeting { from, n_heard: 0 }
    }

    /// Waits at most `patience` for each missing part.
    pub(crate) fn within(&mut self, patience: Duration) -> Heard {
        while let Some(missing) = GREETING.get(self.n_heard..).filter(|missing| !missing.is_empty()) {
            if !os::is_readable_within(&self.from, patience) {
                return Heard::Nothing;
            }
            let mut part = vec![0; missing.len()];
            let n = self.from.read(&mut part).unwrap_or_default();
            match &part[..n] {
                [] => return Heard::Ended,
                part if missing.starts_with(part) => self.n_heard += n,
                _ => return Heard::SomethingElse,
            }
        }
        Heard::Greeted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_started_for_is_read_back() {
        let (run, checkout) = ("7f3a".to_owned(), PathBuf::from("/home/kim/my shop"));
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 9464)));
        for (on_exit, metrics) in [(OnExit::Stop, None), (OnExit::Keep, address), (OnExit::Stop, address)] {
            let (run, checkout) = (run.clone(), checkout.clone());
            let watchdog = Helper::Watchdog {
                run: run.clone(),
                checkout: checkout.clone(),
                on_exit,
            };
            let supervisor = Helper::Supervisor {
                project: run,
                checkout,
                on_exit,
                metrics,
            };
            for helper in [watchdog, supervisor] {
                assert_eq!(Helper::read(helper.words().into_iter()), Some(helper));
            }
        }
    }

    #[test]
    fn other_words_are_no_helpers() {
        for words in [
            "up",
            "watchdog",
            "watchdog run",
            "watchdog run /shop twice",
            "supervise run /shop --metrics",
            "supervise run /shop --metrics 9464",
            "up run /shop",
        ] {
            assert_eq!(Helper::read(words.split(' ').map(OsString::from)), None);
        }
    }
}
