//! Waits for pipes, terminals and exits with kqueue(2).

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr::{null_mut, without_provenance_mut};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent_timespec, kqueue};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::process::Pid;

/// Reports the keys of added files that are readable.
pub(crate) struct Poller {
    queue: Queue,
}

impl Poller {
    /// # Errors
    /// No descriptor is available.
    pub(crate) fn new() -> io::Result<Poller> {
        Ok(Poller { queue: Queue::new()? })
    }

    /// Adds a file. Makes our end, and no other, non-blocking, because another process may read the data first.
    ///
    /// # Errors
    /// The system has no room for it (man 2 kevent, ENOMEM).
    pub(crate) fn add(&self, file: &File, key: u64) -> io::Result<()> {
        ioctl_fionbio(file, true)?;
        let readable = EventFilter::Read(file.as_raw_fd());
        let event = Event::new(readable, EventFlags::ADD, without_provenance_mut(key as usize));
        Ok(self.queue.change(event)?)
    }

    /// Removes a file.
    pub(crate) fn remove(&self, file: &File) {
        let readable = EventFilter::Read(file.as_raw_fd());
        // Fails only if it was not added, which is harmless.
        let _ = self.queue.change(Event::new(readable, EventFlags::DELETE, null_mut()));
    }

    /// Waits until some file is readable or at its end, at most `patience`; appends their keys to `ready`.
    pub(crate) fn wait(&self, ready: &mut Vec<u64>, patience: Option<Duration>) {
        // Signals are handled elsewhere, and readable files stay readable.
        let _ = self
            .queue
            .wait(patience, |event| ready.push(event.udata().addr() as u64));
    }
}

/// Reports processes that exit.
pub(super) struct Exits {
    queue: Queue,
    /// Those that had exited before they were asked about; zombies too.
    pub(super) gone: Vec<Pid>,
}

impl Exits {
    /// # Errors
    /// No descriptor is available.
    ///
    /// Source: bsd/kern/kern_event.c, `filt_procattach`: ESRCH for a process that exits or has exited, whatever the process
    /// table still says. NOTE_EXIT needs no privilege.
    pub(super) fn of(pids: impl Iterator<Item = Pid>) -> io::Result<Exits> {
        let (queue, mut gone) = (Queue::new()?, Vec::new());
        for pid in pids {
            let exit = EventFilter::Proc {
                pid,
                flags: ProcessEvents::EXIT,
            };
            match queue.change(Event::new(exit, EventFlags::ADD | EventFlags::ONESHOT, null_mut())) {
                Ok(()) => {}
                Err(Errno::SRCH) => gone.push(pid),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Exits { queue, gone })
    }

    /// The processes that have exited since the last call; empty if none does within `patience`.
    ///
    /// # Errors
    /// EINTR: a signal arrived first.
    pub(super) fn wait(&self, patience: Duration) -> rustix::io::Result<Vec<Pid>> {
        let mut ended = Vec::new();
        let note = |event: &Event| {
            if let EventFilter::Proc { pid, .. } = event.filter() {
                ended.push(pid);
            }
        };
        self.queue.wait(Some(patience), note)?;
        Ok(ended)
    }
}

struct Queue(OwnedFd);

/// Maximum number of events per call; the rest is reported by the next call.
const MAX_EVENTS: usize = 32;

impl Queue {
    /// A child does not inherit it, but a program that replaces ours would.
    ///
    /// Source: man 2 kqueue.
    fn new() -> io::Result<Queue> {
        let queue = kqueue()?;
        fcntl_setfd(&queue, FdFlags::CLOEXEC)?;
        Ok(Queue(queue))
    }

    fn change(&self, event: Event) -> rustix::io::Result<()> {
        self.call(&[event], &mut [], None).map(|_| ())
    }

    fn wait(&self, patience: Option<Duration>, each: impl FnMut(&Event)) -> rustix::io::Result<()> {
        let mut events = [const { MaybeUninit::uninit() }; MAX_EVENTS];
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        self.call(&[], &mut events, patience.as_ref())?.iter().for_each(each);
        Ok(())
    }

    #[expect(unsafe_code, reason = "rustix leaves it to us that descriptors are valid")]
    fn call<'a>(
        &self,
        changes: &[Event],
        events: &'a mut [MaybeUninit<Event>],
        patience: Option<&Timespec>,
    ) -> rustix::io::Result<&'a mut [Event]> {
        // SAFETY: a file is open when it is added, and the kernel removes it when it is closed (man 2 kqueue).
        unsafe { kevent_timespec(&self.0, changes, events, patience) }.map(|(events, _)| events)
    }
}
