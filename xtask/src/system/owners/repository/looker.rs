//! Reads directories of other processes with a timeout: if the server of a mount is gone, even a look-up blocks
//! forever, and no signal interrupts it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::repository;
use crate::diagnostic::Diagnostic;
use crate::process::Repository;
use crate::system::threads::{self, Stack};

/// For all directories of one look-up together.
pub(crate) const REPOSITORY_TIMEOUT: Duration = Duration::from_millis(500);

/// The nearest checkout at or above `directory`; `None` if there is none, it cannot be read, or the file system does
/// not respond within `left`. Subtracts the time used from `left`.
pub(crate) fn repository_within(directory: &Path, left: &mut Duration) -> Option<Repository> {
    /// One for the whole program: while it waits for a directory, further requests return at once.
    static LOOKER: Mutex<Option<Looker>> = Mutex::new(None);
    if left.is_zero() {
        return None;
    }
    let began = Instant::now();
    let mut looker = LOOKER.lock().unwrap_or_else(PoisonError::into_inner);
    if looker.is_none() {
        // If no thread can be started, the card lacks the checkout.
        *looker = Looker::start(repository).ok();
    }
    let found = looker.as_mut()?.ask(directory, *left);
    *left = left.saturating_sub(began.elapsed());
    found
}

/// A thread that looks up one directory at a time.
struct Looker {
    asks: Sender<PathBuf>,
    answers: Receiver<Option<Repository>>,
    /// The last request timed out.
    is_late: bool,
}

impl Looker {
    fn start(look: impl Fn(&Path) -> Option<Repository> + Send + 'static) -> Result<Looker, Diagnostic> {
        let (asks, asked) = channel::<PathBuf>();
        let (answer, answers) = channel();
        let work = move || {
            for directory in asked {
                // The receiver may have timed out.
                let _ = answer.send(look(&directory));
            }
        };
        threads::start("directories", Stack::Small, work)?;
        Ok(Looker {
            asks,
            answers,
            is_late: false,
        })
    }

    fn ask(&mut self, directory: &Path, patience: Duration) -> Option<Repository> {
        if self.is_late {
            // An answer that arrives now belongs to the previous request.
            self.answers.try_recv().ok()?;
            self.is_late = false;
        }
        self.asks.send(directory.to_owned()).ok()?;
        let answer = self.answers.recv_timeout(patience);
        self.is_late = answer.is_err();
        answer.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_answer_is_not_waited_for_until_the_answer_is_there() {
        let (go_on, wait) = channel::<()>();
        let look = move |directory: &Path| {
            if directory.ends_with("dead") {
                wait.recv().unwrap();
            }
            Some(Repository {
                root: directory.into(),
                branch: None,
            })
        };
        let mut looker = Looker::start(look).unwrap();
        let mut root = |directory: &str, patience: Duration| {
            let found = looker.ask(Path::new(directory), patience);
            found.map(|it| it.root.to_string())
        };
        const LONG: Duration = Duration::from_secs(30);
        assert_eq!(root("one", LONG).as_deref(), Some("one"));
        assert_eq!(root("dead", Duration::from_millis(10)), None);
        let began = Instant::now();
        assert_eq!(root("two", LONG), None);
        assert!(began.elapsed() < LONG);
        go_on.send(()).unwrap();
        while root("three", LONG).is_none() {
            assert!(began.elapsed() < LONG);
        }
        assert_eq!(root("four", LONG).as_deref(), Some("four"));
    }
}
