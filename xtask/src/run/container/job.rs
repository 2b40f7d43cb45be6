//! What the helper of a container is told: in its arguments, which process lists show.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::plan::ComposeService;
use crate::run::reexec::VARIABLE;
use crate::system::os;

/// The first argument.
const ROLE: &str = "container";

/// In place of a number: the Compose file decides.
const NO_TIMEOUT: &str = "-";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) service: ComposeService,
    /// The file of its note.
    pub(crate) note: PathBuf,
}

impl Job {
    /// What this process was started for, if it is the helper of a container.
    pub(crate) fn here() -> Option<Job> {
        std::env::var_os(VARIABLE)?;
        Job::read(std::env::args_os().skip(1))
    }

    fn read(mut words: impl Iterator<Item = OsString>) -> Option<Job> {
        let role = words.next()?;
        let (name, note) = (words.next()?.into_string().ok()?, words.next()?.into());
        let timeout = words.next()?.into_string().ok()?;
        let file = words.next().map(PathBuf::from);
        (role == ROLE && words.next().is_none()).then_some(Job {
            service: ComposeService {
                name,
                file,
                stop_timeout: timeout.parse().ok().map(Duration::from_secs),
            },
            note,
        })
    }

    fn words(&self) -> Vec<OsString> {
        let timeout = self.service.stop_timeout_seconds().unwrap_or(NO_TIMEOUT.to_owned());
        let words: [OsString; 4] = [
            ROLE.into(),
            self.service.name.clone().into(),
            self.note.clone().into(),
            timeout.into(),
        ];
        let file = self.service.file.clone().map(OsString::from);
        words.into_iter().chain(file).collect()
    }

    /// The helper's command, without its directory and environment; the variable is to be set last.
    ///
    /// # Errors
    /// Our own program cannot be found.
    pub(crate) fn command(&self) -> std::io::Result<Command> {
        let mut command = Command::new(os::current_exe()?);
        os::set_arg0(&mut command, "devtasks");
        command.args(self.words());
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_told_is_read_back() {
        let note = PathBuf::from("/state/shop one/containers/db.json");
        for file in [None, Some(PathBuf::from("/shop/ops/compose.yaml"))] {
            for stop_timeout in [None, Some(Duration::ZERO), Some(Duration::from_secs(90))] {
                let job = Job {
                    service: ComposeService {
                        name: "postgres".to_owned(),
                        file: file.clone(),
                        stop_timeout,
                    },
                    note: note.clone(),
                };
                assert_eq!(Job::read(job.words().into_iter()), Some(job));
            }
        }
    }

    #[test]
    fn other_words_are_no_job() {
        for words in [
            "up",
            "watchdog db /note -",
            "container db /note",
            "container db /note - file more",
        ] {
            assert_eq!(Job::read(words.split(' ').map(OsString::from)), None);
        }
    }
}
