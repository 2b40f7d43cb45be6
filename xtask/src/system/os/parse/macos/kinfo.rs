//! Rows of the process table: `struct kinfo_proc`.

use super::{text, u32_at};
use crate::process::{Identity, Process, ProcessState};

/// A row of the process table, with what only macOS tells in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The session is not in the table, so it is 0.
    pub(crate) process: Process,
    /// The effective user.
    pub(crate) uid: u32,
}

/// The answer of `kern.proc.all`, `kern.proc.pid` and so on → the processes. Zombies are among them.
///
/// Source: bsd/sys/sysctl.h, `struct kinfo_proc`; bsd/sys/proc.h, `struct extern_proc`. x/sys/unix of Go
/// (zerrors_darwin_arm64.go, ztypes_darwin_arm64.go) has the same size.
pub(crate) fn rows(bytes: &[u8], boot: &str) -> Vec<Row> {
    bytes.chunks_exact(SIZE).filter_map(|row| parsed(row, boot)).collect()
}

pub(super) const SIZE: usize = 648;

fn parsed(row: &[u8], boot: &str) -> Option<Row> {
    const SECONDS: usize = 0;
    const MICROSECONDS: usize = 8;
    const STATE: usize = 36;
    const PID: usize = 40;
    const NAME: usize = 243;
    const NAME_END: usize = NAME + 17;
    const UID: usize = 420;
    const PARENT: usize = 560;
    const GROUP: usize = 564;
    const TERMINAL: usize = 572;
    // SSTOP and SZOMB of bsd/sys/proc.h.
    const STOPPED: u8 = 4;
    const ZOMBIE: u8 = 5;
    let seconds = u64::from_ne_bytes(*row.get(SECONDS..)?.first_chunk()?);
    let pid = u32_at(row, PID)?;
    let process = Process {
        identity: Identity {
            boot: boot.to_owned(),
            pid,
            start: seconds * 1_000_000 + u64::from(u32_at(row, MICROSECONDS)?),
        },
        name: String::from_utf8_lossy(text(row.get(NAME..NAME_END)?))
            .into_owned()
            .into(),
        parent: u32_at(row, PARENT)?,
        group: u32_at(row, GROUP)?,
        session: 0,
        terminal: terminal(u32_at(row, TERMINAL)?),
        state: match *row.get(STATE)? {
            STOPPED => ProcessState::Suspended,
            ZOMBIE => ProcessState::Zombie,
            _ => ProcessState::Running,
        },
        // `kernel_task`, whose threads are not in the table.
        kernel: pid == 0,
    };
    Some(Row {
        process,
        uid: u32_at(row, UID)?,
    })
}

/// The usual name of a device: `ttys003`, `console`, or else its numbers.
///
/// Source: bsd/sys/types.h, `major`, `NODEV`; bsd/kern/tty_ptmx.c, `PTSD_TEMPLATE`; its major number is assigned when the
/// kernel starts, and is 16 in public listings of `/dev`.
fn terminal(device: u32) -> Option<String> {
    const NONE: u32 = u32::MAX;
    let (major, minor) = (device >> 24, device & 0x00ff_ffff);
    match (major, minor) {
        _ if device == NONE => None,
        (0, 0) => Some("console".to_owned()),
        (16, minor) => Some(format!("ttys{minor:03}")),
        (major, minor) => Some(format!("{major}:{minor}")),
    }
}
