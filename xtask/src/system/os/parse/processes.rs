//! Parsers for `/proc` and `/etc/passwd`: a process's `stat` line and control group, user names, and kernel counters.

use std::collections::BTreeMap;

use crate::process::{Identity, Process, ProcessState};

/// `/proc/PID/stat` → a row of the process table; `None` if it is truncated.
///
/// The name is enclosed in parentheses and may contain spaces and parentheses, so it ends at the last one.
///
/// The state is that of the main thread. If only the main thread has exited, the process still runs and keeps its
/// resources: either the program ended that thread itself, or its other threads are about to exit.
///
/// A process that is reaped meanwhile has -1 as group and session.
///
/// Source: man 5 proc_pid_stat, man 3 pthread_exit (the process goes on); PF_KTHREAD in linux/sched.h; `do_task_stat` in
/// fs/proc/array.c, which fills in group and session only with the lock of the signal handlers.
pub(crate) fn stat(line: &[u8], boot: &str) -> Option<Process> {
    const PF_KTHREAD: u64 = 0x0020_0000;
    let open = line.iter().position(|&byte| byte == b'(')?;
    let close = line.iter().rposition(|&byte| byte == b')')?;
    let pid = str::from_utf8(&line[..open]).ok()?.trim().parse().ok()?;
    let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
    let mut fields = str::from_utf8(&line[close + 1..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let (group, session): (i64, i64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let terminal = terminal(fields.next()?.parse().ok()?);
    let flags: u64 = fields.nth(1)?.parse().ok()?;
    let n_threads: u32 = fields.nth(10)?.parse().ok()?;
    let start = fields.nth(1)?.parse().ok()?;
    let state = match state {
        // `t` means stopped by a tracer, for example at a breakpoint.
        "T" | "t" => ProcessState::Suspended,
        "Z" | "X" | "x" if n_threads <= 1 => ProcessState::Zombie,
        // It was reaped while the line was written.
        _ if group < 0 => ProcessState::Zombie,
        _ => ProcessState::Running,
    };
    Some(Process {
        identity: Identity {
            boot: boot.to_owned(),
            pid,
            start,
        },
        name: name.into(),
        parent,
        group: u32::try_from(group).unwrap_or(0),
        session: u32::try_from(session).unwrap_or(0),
        terminal,
        state,
        kernel: flags & PF_KTHREAD != 0,
    })
}

/// `/proc/PID/stat` → whether the main thread is alive, independent of other threads.
///
/// Source: man 5 proc_pid_stat, `state`.
pub(crate) fn has_main_thread(line: &[u8]) -> bool {
    let name_ends = line.iter().rposition(|&byte| byte == b')');
    let state = name_ends.and_then(|at| line.get(at + 2));
    state.is_some_and(|state| !b"ZXx".contains(state))
}

/// `NAME=value` entries, each followed by NUL → the variables, as far as they are text.
pub(crate) fn variables(environ: &[u8]) -> BTreeMap<String, String> {
    let pair = |entry: &[u8]| {
        let (name, value) = str::from_utf8(entry).ok()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    environ.split(|&byte| byte == 0).filter_map(pair).collect()
}

/// The position of a process in the control group hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cgroup {
    pub(crate) path: String,
    /// The innermost systemd service, such as `redis.service`. `user@1000.service` does not count: it contains all
    /// programs of a user.
    pub(crate) unit: Option<String>,
    /// The id that Docker, Podman, containerd or CRI-O puts into the path, 64 digits; the guest of nspawn or LXC.
    pub(crate) container: Option<String>,
}

/// `/proc/PID/cgroup` → the path in systemd's own hierarchy.
///
/// Source: man 7 cgroups (`0::` is version 2, `name=systemd` version 1).
pub(crate) fn cgroup(text: &str) -> Option<Cgroup> {
    let path_of = |controllers: &str| {
        text.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (name, path) = rest.split_once(':')?;
            (name == controllers).then_some(path)
        })
    };
    // A hybrid system has both, and the path of version 2 may be just `/`.
    let path = path_of("name=systemd")
        .filter(|path| *path != "/")
        .or_else(|| path_of(""))?;
    let mut parts = path.rsplit('/');
    Some(Cgroup {
        path: path.to_owned(),
        unit: parts
            .clone()
            .find(|part| part.ends_with(".service") && !part.starts_with("user@"))
            .map(str::to_owned),
        container: parts.find_map(container),
    })
}

/// The number after `name` in lines of names and numbers: `oom_kill 3` in `/proc/vmstat` or `memory.events`.
pub(crate) fn counter(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let (its_name, number) = line.split_once(' ')?;
        (its_name == name).then(|| number.trim().parse().ok())?
    })
}

/// The name of a user in the text of `/etc/passwd`.
pub(crate) fn user_name(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The usual name of a `tty_nr`: `pts/3`, `tty1`, `ttyS0`, or else the device numbers.
///
/// Source: man 5 proc_pid_stat for the bits, kernel docs admin-guide/devices.txt for the numbers.
fn terminal(device: i32) -> Option<String> {
    let device = device.cast_unsigned();
    let major = (device >> 8) & 0xfff;
    let minor = (device & 0xff) | ((device >> 12) & 0xfff00);
    match (major, minor) {
        (0, 0) => None,
        (136..=143, _) => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        (4, 0..=63) => Some(format!("tty{minor}")),
        (4, _) => Some(format!("ttyS{}", minor - 64)),
        (5, 1) => Some("console".to_owned()),
        (_, _) => Some(format!("{major}:{minor}")),
    }
}

/// The container named by a path component: `docker-ID.scope`, `libpod-ID.scope`, `cri-containerd-ID.scope`, or the
/// bare id; `systemd-nspawn@NAME.service`, `lxc.payload.NAME`.
fn container(part: &str) -> Option<String> {
    let guest = part.strip_prefix("lxc.payload.");
    let guest = guest.or_else(|| part.strip_prefix("systemd-nspawn@")?.strip_suffix(".service"));
    if let Some(name) = guest {
        return Some(name.to_owned());
    }
    let part = part.strip_suffix(".scope").unwrap_or(part);
    let id = part.rsplit('-').next().unwrap_or(part);
    (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}
