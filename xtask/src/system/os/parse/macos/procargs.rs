//! How a process was started: `kern.procargs2`.

use super::{text, u32_at};

/// What a process was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments<'a> {
    pub(crate) words: Vec<&'a [u8]>,
    /// `NAME=value` entries, each followed by NUL, as in `/proc/PID/environ`. Empty if the system keeps them back, as for
    /// programs that System Integrity Protection restricts.
    pub(crate) environ: &'a [u8],
}

/// Parses the number of arguments, the path of the program, which is padded with NUL to a multiple of 8 bytes, the
/// arguments and the environment. An empty entry ends the environment; what the kernel tells dyld follows.
///
/// Source: bsd/kern/kern_sysctl.c, `sysctl_procargsx`, which leaves out the environment (`omit_env_vars`);
/// bsd/kern/kern_exec.c, `exec_save_path`.
pub(crate) fn arguments(bytes: &[u8]) -> Option<Arguments<'_>> {
    const PATH: usize = 4;
    let count = u32_at(bytes, 0)? as usize;
    let path = bytes.get(PATH..)?;
    let padded = (text(path).len() + 1).next_multiple_of(8);
    let mut left = path.get(padded..)?;
    let mut words = Vec::new();
    while words.len() < count && !left.is_empty() {
        words.push(text(left));
        left = left.get(text(left).len() + 1..).unwrap_or_default();
    }
    let mut end = 0;
    while let Some(entry) = left.get(end..).map(text).filter(|entry| !entry.is_empty()) {
        end = (end + entry.len() + 1).min(left.len());
    }
    Some(Arguments {
        words,
        environ: &left[..end],
    })
}
