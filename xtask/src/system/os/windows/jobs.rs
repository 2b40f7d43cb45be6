//! Job objects: processes that are counted and killed together.
//!
//! Source: learn.microsoft.com, "Job Objects" and "Nested Jobs": since Windows 8 a process may be in several.

#![expect(unsafe_code, reason = "Win32 functions are unsafe to call")]

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::JobObjects::*;

use super::check;
use super::processes::owned;

#[derive(Debug)]
pub(super) struct Job(OwnedHandle);

/// The exit code of a process that we end; `taskkill` and std use it too.
pub(super) const KILLED: u32 = 1;

impl Job {
    /// `limits` are of `JOB_OBJECT_LIMIT_…`.
    pub(super) fn new(limits: u32) -> io::Result<Job> {
        // SAFETY: null stands for the usual attributes and no name, and the handle is ours to close.
        let job = Job(unsafe { owned(CreateJobObjectW(ptr::null(), ptr::null())) }?);
        let mut information = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        information.BasicLimitInformation.LimitFlags = limits;
        let size = size_of_val(&information) as u32;
        let class = JobObjectExtendedLimitInformation;
        // SAFETY: the handle is open, and the structure is the one of this class.
        check(unsafe { SetInformationJobObject(job.0.as_raw_handle(), class, (&raw const information).cast(), size) })?;
        Ok(job)
    }

    pub(super) fn take_in(&self, process: &impl AsRawHandle) -> io::Result<()> {
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle()) })
    }

    /// Ends all of its processes.
    pub(super) fn kill(&self) {
        // SAFETY: the handle is open. It fails only for want of a right that its maker has.
        unsafe { TerminateJobObject(self.0.as_raw_handle(), KILLED) };
    }

    /// The processes in it that have not exited.
    pub(super) fn members(&self) -> io::Result<Vec<u32>> {
        /// Two counts of 32 bits stand before the list.
        const HEAD: usize = 8 / size_of::<usize>();
        let mut room = 64;
        loop {
            let mut list = vec![0_usize; HEAD + room];
            let size = size_of_val(&list[..]) as u32;
            let class = JobObjectBasicProcessIdList;
            // SAFETY: the handle is open, and the list has this size and the alignment of the structure.
            let listed = check(unsafe {
                QueryInformationJobObject(
                    self.0.as_raw_handle(),
                    class,
                    list.as_mut_ptr().cast(),
                    size,
                    ptr::null_mut(),
                )
            });
            let bytes = list[..HEAD]
                .iter()
                .flat_map(|word| word.to_ne_bytes())
                .collect::<Vec<u8>>();
            let count = |at: usize| {
                bytes[at..]
                    .first_chunk()
                    .map_or(0, |count| u32::from_ne_bytes(*count) as usize)
            };
            let (assigned, n_listed) = (count(0), count(4));
            match listed {
                // ERROR_MORE_DATA, or a list that was cut off without it.
                _ if assigned > n_listed && assigned > room => room = assigned * 2,
                Ok(()) => return Ok(list[HEAD..].iter().take(n_listed).map(|pid| *pid as u32).collect()),
                Err(error) => return Err(error),
            }
        }
    }
}
