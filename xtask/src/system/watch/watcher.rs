//! The thread: events of the system say only that something happened. What changed, and which directories to watch from
//! now on, is found by another walk once there is quiet.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::snapshot::Snapshot;
use super::{WatchNotice, WatchedFiles};
use crate::config::globs::Globs;
use crate::diagnostic::{Diagnostic, Level};
use crate::supervise::ChangedFiles;
use crate::system::threads::{self, Stack};

/// How long nothing must happen. Editors and `git checkout` change several files one after the other.
const QUIET: Duration = Duration::from_millis(100);

/// How long to wait for quiet at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many changed files are named.
const MAX_NAMED: usize = 10;

/// How often directories are looked for that appear meanwhile.
const MAX_WALKS: usize = 5;

/// The end of the thread, once dropped.
pub(crate) struct Watcher {
    inbox: Sender<Input>,
}

enum Input {
    Watch(Vec<WatchedFiles>),
    Event(notify::Result<Event>),
    End,
}

impl Watcher {
    /// # Errors
    /// The system has no room for a thread, or for another user of its events.
    pub(crate) fn start(tell: impl Fn(WatchNotice) + Send + 'static) -> Result<Self, Diagnostic> {
        let (sender, inbox) = channel();
        let events = sender.clone();
        let system = RecommendedWatcher::new(
            // The thread may have ended.
            move |event| drop(events.send(Input::Event(event))),
            notify::Config::default(),
        );
        let system =
            system.map_err(|error| refused("no service is restarted on changes", &error).level(Level::Warn))?;
        let mut thread = Thread {
            inbox,
            system,
            watched: BTreeSet::new(),
            services: Vec::new(),
            stirred: None,
            tell: Box::new(tell),
        };
        threads::start("watch", Stack::Usual, move || thread.run())?;
        Ok(Watcher { inbox: sender })
    }

    /// Watches the files of exactly these services. Those that were watched before are compared with what they were.
    pub(crate) fn watch(&self, services: Vec<WatchedFiles>) {
        // A thread that panicked has said so.
        let _ = self.inbox.send(Input::Watch(services));
    }
}

/// How many directories must be watched for these globs, each list as seen from its directory.
pub(crate) fn n_directories<'a>(watched: impl Iterator<Item = (&'a Path, &'a Vec<String>)>) -> u64 {
    let snapshots = watched.map(|(directory, globs)| {
        let globs = Globs::new(directory, globs).expect("they were checked when the file was read");
        Snapshot::take(&globs).directories.into_keys()
    });
    snapshots.flatten().collect::<BTreeSet<_>>().len() as u64
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.inbox.send(Input::End);
    }
}

struct Thread {
    inbox: Receiver<Input>,
    system: RecommendedWatcher,
    /// The directories that the system reports on.
    watched: BTreeSet<PathBuf>,
    services: Vec<Service>,
    /// When something happened first and last, since the last comparison.
    stirred: Option<(Instant, Instant)>,
    tell: Box<dyn Fn(WatchNotice) + Send>,
}

struct Service {
    wanted: WatchedFiles,
    globs: Globs,
    snapshot: Snapshot,
    is_stirred: bool,
}

impl Thread {
    fn run(&mut self) {
        loop {
            let input = match self.stirred {
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some((first, last)) => {
                    let due = (last + QUIET).min(first + PATIENCE);
                    self.inbox.recv_timeout(due.saturating_duration_since(Instant::now()))
                }
            };
            match input {
                Ok(Input::Watch(services)) => self.watch(services),
                Ok(Input::Event(Ok(event))) => self.note(&event),
                Ok(Input::Event(Err(_))) => self.services.iter_mut().for_each(|it| it.is_stirred = true),
                Ok(Input::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => self.compare(),
            }
        }
    }

    fn watch(&mut self, wanted: Vec<WatchedFiles>) {
        self.services.retain(|service| wanted.contains(&service.wanted));
        for wanted in wanted {
            if self.services.iter().any(|service| service.wanted == wanted) {
                continue;
            }
            let globs = Globs::new(&wanted.directory, &wanted.globs);
            let globs = globs.expect("they were checked when the file was read");
            match self.look(&globs) {
                Ok(snapshot) => {
                    if snapshot.files.is_empty() {
                        (self.tell)(WatchNotice::Remark(nothing_matches(&wanted)));
                    }
                    self.services.push(Service {
                        wanted,
                        globs,
                        snapshot,
                        is_stirred: false,
                    });
                }
                Err(error) => self.part_from(&wanted, &error),
            }
        }
        self.forget_unused();
    }

    fn note(&mut self, event: &Event) {
        let is_rename = matches!(event.kind, EventKind::Modify(ModifyKind::Name(_)));
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
            EventKind::Access(_) => return,
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => {}
            EventKind::Any | EventKind::Other => {}
        }
        // Its contents must be watched, too. A link to a directory is created as a file.
        let is_directory = match event.kind {
            EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)) => event.paths.iter().any(|it| it.is_dir()),
            EventKind::Access(_) | EventKind::Modify(_) | EventKind::Remove(_) => false,
            EventKind::Any | EventKind::Other => event.need_rescan(),
        };
        let mut is_known = is_directory;
        if is_rename || event.kind.is_remove() {
            // Another directory may be there by the time of the walk.
            for path in &event.paths {
                is_known |= self.watched.contains(path);
                self.forget(|watched| watched.starts_with(path));
            }
        }
        let now = Instant::now();
        for service in &mut self.services {
            if is_known || event.paths.iter().any(|path| service.concerns(path)) {
                service.is_stirred = true;
                let (first, _) = self.stirred.unwrap_or((now, now));
                self.stirred = Some((first, now));
            }
        }
    }

    /// There is quiet: compares the services for which something happened.
    fn compare(&mut self) {
        self.stirred = None;
        for mut service in std::mem::take(&mut self.services) {
            if !std::mem::take(&mut service.is_stirred) {
                self.services.push(service);
                continue;
            }
            match self.look(&service.globs) {
                Ok(snapshot) => {
                    let changed = service.snapshot.changes(&snapshot);
                    if !changed.is_empty() {
                        let name = |path: &&Path| relative(path, &service.wanted.directory);
                        let files = ChangedFiles {
                            names: changed.iter().take(MAX_NAMED).map(name).collect(),
                            total: changed.len(),
                        };
                        let service = service.wanted.service.clone();
                        (self.tell)(WatchNotice::Changed { service, files });
                    }
                    service.snapshot = snapshot;
                    self.services.push(service);
                }
                Err(error) => self.part_from(&service.wanted, &error),
            }
        }
        self.forget_unused();
    }

    /// The files as they are now. Their directories are watched before the walk that counts.
    fn look(&mut self, globs: &Globs) -> notify::Result<Snapshot> {
        let mut snapshot = Snapshot::take(globs);
        for _ in 0..MAX_WALKS {
            let found = snapshot.directories.keys();
            let new: Vec<PathBuf> = found.filter(|it| !self.watched.contains(*it)).cloned().collect();
            if new.is_empty() {
                break;
            }
            for directory in new {
                match self.system.watch(&directory, RecursiveMode::NonRecursive) {
                    Ok(()) => drop(self.watched.insert(directory)),
                    // It is gone again, or was replaced.
                    Err(_) if !directory.is_dir() => {}
                    Err(error) => return Err(error),
                }
            }
            snapshot = Snapshot::take(globs);
        }
        Ok(snapshot)
    }

    fn forget(&mut self, is_meant: impl Fn(&Path) -> bool) {
        let meant: Vec<PathBuf> = self.watched.iter().filter(|it| is_meant(it)).cloned().collect();
        for directory in meant {
            // The system may have dropped it with the directory.
            let _ = self.system.unwatch(&directory);
            self.watched.remove(&directory);
        }
    }

    fn forget_unused(&mut self) {
        let used = self.services.iter().flat_map(|it| it.snapshot.directories.keys());
        let used: BTreeSet<PathBuf> = used.cloned().collect();
        self.forget(|watched| !used.contains(watched));
    }

    fn part_from(&self, wanted: &WatchedFiles, error: &notify::Error) {
        let what = format!("`{}` runs without being restarted on changes", wanted.service);
        (self.tell)(WatchNotice::Refused {
            service: wanted.service.clone(),
            problem: refused(&what, error).level(Level::Warn),
        });
    }
}

impl Service {
    /// Whether a watched file may have changed with this one, or another directory may have to be watched.
    fn concerns(&self, path: &Path) -> bool {
        let Snapshot {
            directories, targets, ..
        } = &self.snapshot;
        let seen_in = |parent: &Path| directories.get(parent).into_iter().flatten();
        let matches = |(parent, name)| seen_in(parent).any(|it| self.globs.matches(&it.join(name)));
        targets.contains(path) || path.parent().zip(path.file_name()).is_some_and(matches)
    }
}

/// As seen from the working directory.
fn relative(path: &Path, directory: &Path) -> String {
    let mut prefix = String::new();
    for base in directory.ancestors() {
        if let Ok(rest) = path.strip_prefix(base) {
            return format!("{prefix}{}", rest.display());
        }
        prefix.push_str("../");
    }
    path.display().to_string()
}

fn refused(what: &str, error: &notify::Error) -> Diagnostic {
    let limit = |name: &str, number: u32| format!("raise the limit with `sudo sysctl fs.inotify.{name}={number}`");
    // man 7 inotify: EMFILE for the instances of a user, ENOSPC for the directories.
    let is_full = |error: &std::io::Error| error.raw_os_error() == Some(EMFILE);
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            let problem = Diagnostic::new(format!("{what}: the system watches no more directories for this user"));
            problem.hint(limit("max_user_watches", 524_288))
        }
        notify::ErrorKind::Io(error) if is_full(error) => {
            let problem = Diagnostic::new(format!("{what}: too many programs of this user watch files"));
            problem.hint(limit("max_user_instances", 1024))
        }
        notify::ErrorKind::Io(error) => Diagnostic::new(format!("{what}: {}", crate::system::cause(error))),
        _ => Diagnostic::new(format!("{what}: {error}")),
    }
}

/// The same on Linux, macOS and Windows.
const EMFILE: i32 = 24;

fn nothing_matches(wanted: &WatchedFiles) -> Diagnostic {
    let directory = wanted.directory.display();
    let problem = Diagnostic::new(format!("no file matches `watch` of `{}` so far", wanted.service));
    let hint = format!("write globs as seen from `{directory}`; what `.gitignore` names or is hidden does not count");
    problem.level(Level::Warn).hint(hint)
}
