//! Many pipes and terminals, waited for at once.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::ioctl_fionbio;

/// Tells which of the files that were added can be read, by their keys.
pub(crate) struct Poller {
    epoll: OwnedFd,
}

/// So many are told of at once; the others are the next time.
const MAX_EVENTS: usize = 32;

impl Poller {
    /// # Errors
    /// The system has no descriptor for it.
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        Ok(Poller { epoll })
    }

    /// From now on this is one of them. Reading it does not wait any more, whoever else may read it too; that is a flag of our end
    /// alone.
    ///
    /// # Errors
    /// The system has no room for it (man 2 `epoll_ctl`: ENOMEM, ENOSPC).
    pub(crate) fn add(&self, file: &File, key: u64) -> io::Result<()> {
        ioctl_fionbio(file, true)?;
        Ok(epoll::add(&self.epoll, file, EventData::new_u64(key), EventFlags::IN)?)
    }

    /// It is none of them any more.
    pub(crate) fn remove(&self, file: &File) {
        // It was added, or there is nothing to do.
        let _ = epoll::delete(&self.epoll, file);
    }

    /// Waits until one can be read or has come to its end, at most for `patience`; adds their keys to `ready`.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>, patience: Option<Duration>) {
        let mut events = [MaybeUninit::<epoll::Event>::uninit(); MAX_EVENTS];
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        // A signal that came is heard elsewhere; what can be read still can.
        if let Ok((events, _)) = epoll::wait(&self.epoll, &mut events, patience.as_ref()) {
            ready.extend(events.iter().map(|event| event.data.u64()));
        }
    }
}
