//! Changed files: which services are watched, and what is done when something changes.

use super::{Driver, Message, UnitId};
use crate::diagnostic::{Diagnostic, Hint, Level};
use crate::supervise::change_loop::{ChangeLoop, MAX_IN_A_ROW};
use crate::supervise::{ChangedFiles, Event, Spec};
use crate::system::watch::{WatchNotice, WatchedFiles, Watcher};

impl Driver<'_> {
    /// Watches the files of all services that ask for it; those that changed their own files too often, again.
    pub(super) fn watch_all(&mut self) {
        for instance in &mut self.services {
            (instance.change_loop, instance.is_unwatched) = (ChangeLoop::default(), false);
        }
        for unit in self.machine.units() {
            let watched = self.watched(unit).is_some();
            self.events.push_back(Event::Watched { unit, watched });
        }
        self.watch_files();
    }

    fn watch_files(&mut self) {
        let wanted: Vec<WatchedFiles> = (0..self.services.len()).filter_map(|unit| self.watched(unit)).collect();
        if self.watcher.is_none() && !wanted.is_empty() {
            let sender = self.sender.clone();
            // The driver may have ended.
            match Watcher::start(move |notice| drop(sender.send(Message::Watch(notice)))) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(problem) => {
                    self.sink.trouble(problem);
                    let units = 0..self.services.len();
                    let unwatched = units.map(|unit| Event::Watched { unit, watched: false });
                    self.events.extend(unwatched);
                }
            }
        }
        if let Some(watcher) = &self.watcher {
            watcher.watch(wanted);
        }
    }

    fn watched(&self, unit: UnitId) -> Option<WatchedFiles> {
        let instance = &self.services[unit];
        let service = instance.wanted();
        let watch = service.watch.as_ref()?;
        let is_watched = !instance.is_unwatched && Spec::from(service).watched;
        is_watched.then(|| WatchedFiles {
            service: service.name.clone(),
            directory: service.working_dir.clone(),
            globs: watch.globs.clone(),
        })
    }

    pub(super) fn hear_of_files(&mut self, notice: WatchNotice) {
        match notice {
            WatchNotice::Changed { service, files } => {
                if let Some(unit) = self.machine.unit(&service) {
                    self.files_changed(unit, files);
                }
            }
            WatchNotice::Refused { service, problem } => {
                self.sink.trouble(problem);
                if let Some(unit) = self.machine.unit(&service) {
                    self.stop_watching(unit);
                }
            }
            WatchNotice::Remark(problem) => self.sink.trouble(problem),
        }
    }

    /// Until the next `up` or `restart`.
    fn stop_watching(&mut self, unit: UnitId) {
        self.services[unit].is_unwatched = true;
        self.events.push_back(Event::Watched { unit, watched: false });
        self.watch_files();
    }

    fn files_changed(&mut self, unit: UnitId, files: ChangedFiles) {
        let now = self.clock.now();
        if self.ended_by.is_some() || self.watched(unit).is_none() || !self.machine.heeds_changes(unit) {
            return;
        }
        if self.services[unit].change_loop.is_closed_by_change(now) {
            let problem = changes_its_own(&self.services[unit].service.name, &files);
            self.sink.trouble(problem);
            return self.stop_watching(unit);
        }
        for unit in self.machine.restarted_with(&[unit]) {
            if self.machine.state(unit).is_over() {
                self.services[unit].forget_the_last();
            }
        }
        self.events.push_back(Event::FilesChanged { unit, files });
    }
}

fn changes_its_own(service: &str, files: &ChangedFiles) -> Diagnostic {
    let file = files.names.first().map_or("…", String::as_str);
    Diagnostic::new(format!(
        "`{file}` changed right after each of the last {MAX_IN_A_ROW} starts of `{service}`, which seems to write it itself; \
         its files are no longer watched"
    ))
    .level(Level::Warn)
    .hint(format!("add `\"!{file}\"` to `watch`"))
    .hint(Hint::run("watch them again with", format!("restart {service}")))
}
