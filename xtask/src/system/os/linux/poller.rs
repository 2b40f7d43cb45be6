//! Waits for many pipes and terminals at once.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::ioctl_fionbio;

/// Reports the keys of added files that are readable.
pub(crate) struct Poller {
    epoll: OwnedFd,
}

/// Maximum number of events per call; the rest is reported by the next call.
const MAX_EVENTS: usize = 32;

impl Poller {
    /// # Errors
    /// No descriptor is available.
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Poller { epoll })
    }

    /// Adds a file. Makes our end, and no other, non-blocking, because another process may read the data first.
    ///
    /// # Errors
    /// The system has no room for it (man 2 `epoll_ctl`: ENOMEM, ENOSPC).
    pub(crate) fn add(&self, file: &File, key: u64) -> io::Result<()> {
        ioctl_fionbio(file, true)?;
        Ok(epoll::add(&self.epoll, file, EventData::new_u64(key), EventFlags::IN)?)
    }

    /// Removes a file.
    pub(crate) fn remove(&self, file: &File) {
        // Fails only if it was not added, which is harmless.
        let _ = epoll::delete(&self.epoll, file);
    }

    /// Waits until some file is readable or at its end, at most `patience`; appends their keys to `ready`.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>, patience: Option<Duration>) {
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); MAX_EVENTS];
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        // Signals are handled elsewhere, and readable files stay readable.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, patience.as_ref()) {
            ready.extend(events.iter().map(|event| event.data.u64()));
        }
    }
}
