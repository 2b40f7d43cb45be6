//! This program once more: as the watchdog beside a run, or as a supervisor in the background.
//!
//! A variable of its environment says so, and is looked at before any parser: the program may be one of somebody else, which
//! makes something of its own of words that it does not know. So a helper says first that it is one.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::plan::OnExit;
use crate::process::Tag;
use crate::system::os;

/// Set for a helper alone. The words after it are there to be read in process lists, too.
const VARIABLE: &str = "DEVTASKS_HELPER";

const WATCHDOG: &str = "watchdog";
const SUPERVISOR: &str = "supervise";
const KEEP: &str = "--keep";

/// What a helper says before anything else.
const GREETING: &[u8] = b"devtasks is here\n";

/// How long a helper may take until it has said so.
pub(crate) const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// What this program is started for once more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Helper {
    /// To outlive a killed supervisor.
    Watchdog {
        run: String,
        checkout: PathBuf,
        on_exit: OnExit,
    },
    /// To supervise in the background.
    Supervisor {
        project: String,
        checkout: PathBuf,
        on_exit: OnExit,
    },
}

impl Helper {
    /// What this process was started for; `None` if by anybody but ourselves.
    pub(crate) fn here() -> Option<Helper> {
        std::env::var_os(VARIABLE)?;
        Helper::read(std::env::args_os().skip(1))
    }

    fn read(mut words: impl Iterator<Item = OsString>) -> Option<Helper> {
        let (role, name, checkout) = (words.next()?, words.next()?.into_string().ok()?, words.next()?.into());
        let on_exit = match words.next() {
            None => OnExit::Stop,
            Some(word) if word == KEEP => OnExit::Keep,
            Some(_) => return None,
        };
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
            }),
            _ => None,
        }
    }

    fn words(&self) -> Vec<&OsStr> {
        let (role, name, checkout, on_exit) = match self {
            Helper::Watchdog { run, checkout, on_exit } => (WATCHDOG, run, checkout, on_exit),
            Helper::Supervisor {
                project,
                checkout,
                on_exit,
            } => (SUPERVISOR, project, checkout, on_exit),
        };
        let keep = (*on_exit == OnExit::Keep).then_some(OsStr::new(KEEP));
        let words = [OsStr::new(role), OsStr::new(name), checkout.as_os_str()];
        words.into_iter().chain(keep).collect()
    }

    /// Starts it in a session of its own, where nothing that is typed at our terminal and no hang-up reaches it. It carries
    /// the tag of its own run: where a service has started us, it is no process of that one's.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        os::set_arg0(&mut command, "devtasks");
        os::lead_session(&mut command);
        command.args(self.words()).envs(self.tag().variables());
        command.env(VARIABLE, "1").current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// A supervisor names its run itself, once it has begun.
    fn tag(&self) -> Tag {
        let (project, checkout, run) = match self {
            Helper::Watchdog { run, checkout, .. } => ("", checkout, run.as_str()),
            Helper::Supervisor { project, checkout, .. } => (project.as_str(), checkout, ""),
        };
        Tag::supervisor(project.to_owned(), checkout.clone(), run.to_owned())
    }

    /// In a sentence.
    fn name(&self) -> &'static str {
        match self {
            Helper::Watchdog { .. } => "the watchdog of this run",
            Helper::Supervisor { .. } => "the supervisor in the background",
        }
    }

    /// Why one that was started has not greeted, in words for the user; ends it, if it has not ended.
    pub(crate) fn absent(&self, child: &mut Child, heard: Heard) -> Diagnostic {
        let name = self.name();
        let is_forgotten = match heard {
            Heard::SomethingElse => true,
            Heard::Ended => {
                // It has closed its stdout, and so is ending, or something else.
                os::ends_within(child, Duration::from_secs(1));
                match child.try_wait().ok().flatten().map(cause) {
                    Some(Some(why)) => return Diagnostic::new(format!("{name} has died before it was there: {why}")),
                    Some(None) | None => true,
                }
            }
            Heard::Greeted | Heard::Nothing => false,
        };
        // Ours, and not waited for: nobody else can have its pid.
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

/// Why a helper of ours ends before it does anything; `None` where only another program would end like that.
///
/// Source: man 8 ld.so ends with 127 if it cannot load a program, for want of memory perhaps.
fn cause(status: ExitStatus) -> Option<String> {
    match status.code() {
        None | Some(127) => Some(status.to_string()),
        Some(_) => None,
    }
}

/// For a helper: says that it is one.
pub(crate) fn greet() {
    let mut stdout = std::io::stdout().lock();
    // Who started us may have gone.
    let _ = stdout.write_all(GREETING).and_then(|()| stdout.flush());
}

/// What a helper says first, as the one who started it reads it.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) from: ChildStdout,
    /// So many bytes of it.
    n_heard: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// All of it; whatever comes next is not read yet.
    Greeted,
    SomethingElse,
    Ended,
    /// Not all of it, so far.
    Nothing,
}

impl Greeting {
    pub(crate) fn from(from: ChildStdout) -> Greeting {
        Greeting { from, n_heard: 0 }
    }

    /// Waits so long for each part that is missing.
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
        for on_exit in [OnExit::Stop, OnExit::Keep] {
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
            };
            for helper in [watchdog, supervisor] {
                let words: Vec<OsString> = helper.words().into_iter().map(OsStr::to_owned).collect();
                assert_eq!(Helper::read(words.into_iter()), Some(helper));
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
            "up run /shop",
        ] {
            assert_eq!(Helper::read(words.split(' ').map(OsString::from)), None);
        }
    }
}
