//! Details of the processes that hold ports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::repository::{REPOSITORY_TIMEOUT, repository_within};
use crate::diagnostic::Diagnostic;
use crate::foreign::Foreign;
use crate::process::{Process, ProcessInfo, ProcessRef, Repository, Tag, secrets};
use crate::system::attribution::RunAttribution;
use crate::system::os::{self, Cgroup, Look};

/// A process and its descendants.
#[derive(Debug, Clone)]
pub(crate) struct ProcessDetails {
    pub(crate) info: ProcessInfo,
    /// Its row of the table.
    pub(crate) process: Process,
    /// Descendants, nearest first.
    pub(crate) tree: Vec<u32>,
    /// The executable.
    pub(crate) exe: Option<PathBuf>,
    pub(crate) cgroup: Option<Cgroup>,
    /// Why its attribution could not be determined.
    pub(crate) unknown: Option<Diagnostic>,
}

/// Details of these processes except their sockets, by pid. Processes that have exited are missing; role and protection
/// are not determined here.
pub(crate) fn describe(pids: impl IntoIterator<Item = u32>) -> BTreeMap<u32, ProcessDetails> {
    let mut table = ProcessTable::new();
    let processes: BTreeMap<u32, Process> = pids
        .into_iter()
        .filter_map(|pid| Some((pid, table.row(pid)?)))
        .collect();
    if processes.is_empty() {
        return BTreeMap::new();
    }
    let system = seen(processes.keys().copied());
    let own_cgroup = os::cgroup(std::process::id()).ok().flatten().map(|cgroup| cgroup.path);
    processes
        .into_iter()
        .map(|(pid, process)| {
            let seen = system.process(Pid::from_u32(pid));
            (pid, described(process, seen, own_cgroup.as_deref(), &mut table))
        })
        .collect()
}

/// The usual name of a program. The kernel keeps only 15 bytes of it, and programs rename themselves: node shows
/// `node-MainThread`, gunicorn `gunicorn: maste`.
pub(crate) fn display_name(comm: &str, command: &[String], exe: Option<&Path>) -> String {
    const KEPT: usize = 15;
    let base = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    let program = exe
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned());
    // A server's title replaces its arguments: `nginx: master process nginx`.
    if let Some((title, _)) = command.first().and_then(|first| first.split_once(": "))
        && comm.starts_with(title)
    {
        return title.to_owned();
    }
    let mut known = command.iter().map(|argument| base(argument)).chain(program.clone());
    // Or the title begins with it: `/usr/bin/redis-server *:6379`, on Debian the file `redis-check-rdb`.
    let titled = command.first().and_then(|first| first.split(' ').next()).map(base);
    if known.any(|name| name == comm) || titled.is_some_and(|name| name == comm) {
        return comm.to_owned();
    }
    let mut known = command.iter().map(|argument| base(argument)).chain(program.clone());
    let whole = known.find(|name| comm.len() >= KEPT && name.starts_with(comm) && !name.contains(' '));
    let called = || command.first().map(|first| base(first)).filter(|name| !name.is_empty());
    whole.or(program).or_else(called).unwrap_or_else(|| comm.to_owned())
}

/// Data that is read once for all owners: they often share ancestors, user and directory.
struct ProcessTable {
    rows: BTreeMap<u32, Option<Process>>,
    users: BTreeMap<u32, Option<Foreign>>,
    repositories: BTreeMap<PathBuf, Option<Repository>>,
    /// Remaining time for directories that may be on a mount without a server.
    patience: Duration,
    kin: RunAttribution,
    /// The first problem with something that could not be read.
    unreadable: Option<Diagnostic>,
}

impl ProcessTable {
    fn new() -> Self {
        ProcessTable {
            rows: BTreeMap::new(),
            users: BTreeMap::new(),
            repositories: BTreeMap::new(),
            patience: REPOSITORY_TIMEOUT,
            kin: RunAttribution::default(),
            unreadable: None,
        }
    }

    fn row(&mut self, pid: u32) -> Option<Process> {
        if let Some(known) = self.rows.get(&pid) {
            return known.clone();
        }
        let row = self.seen(os::process(pid));
        self.rows.insert(pid, row.clone());
        row
    }

    /// Treats something that could not be read as unknown, and records the first such problem.
    fn seen<T>(&mut self, look: Look<T>) -> Option<T> {
        look.unwrap_or_else(|problem| {
            self.unreadable.get_or_insert(problem);
            None
        })
    }

    fn tag(&mut self, process: &Process) -> Option<Tag> {
        let tag = match self.kin.supervised(process) {
            Ok(None) => self.kin.tag(process),
            supervised => supervised,
        };
        self.seen(tag)
    }

    fn user(&mut self, uid: u32) -> Option<Foreign> {
        self.users.entry(uid).or_insert_with(|| os::user_name(uid)).clone()
    }

    fn repository(&mut self, directory: &Path) -> Option<Repository> {
        let known = self.repositories.entry(directory.to_owned());
        let patience = &mut self.patience;
        known.or_insert_with(|| repository_within(directory, patience)).clone()
    }

    /// The ancestors of a process, nearest first, process 1 last.
    fn ancestors(&mut self, process: &Process) -> Vec<ProcessRef> {
        let mut found: Vec<ProcessRef> = Vec::new();
        let mut next = process.parent;
        // A reused pid could produce a cycle.
        while next != 0 && found.iter().all(|parent| parent.pid != next) {
            let Some(parent) = self.row(next) else {
                break;
            };
            found.push(ProcessRef {
                pid: next,
                name: parent.name,
            });
            next = parent.parent;
        }
        found
    }
}

fn seen(pids: impl Iterator<Item = u32>) -> System {
    let pids: Vec<Pid> = pids.map(Pid::from_u32).collect();
    let mut system = System::new();
    // Only the required data is read: a full refresh takes a hundred times as long.
    let wanted = ProcessRefreshKind::nothing()
        .with_cmd(UpdateKind::Always)
        .with_cwd(UpdateKind::Always)
        .with_exe(UpdateKind::Always)
        .with_user(UpdateKind::Always)
        .without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), false, wanted);
    system
}

fn described(
    process: Process,
    seen: Option<&sysinfo::Process>,
    own_cgroup: Option<&str>,
    table: &mut ProcessTable,
) -> ProcessDetails {
    let pid = process.identity.pid;
    let command: Vec<String> = seen
        .map(|seen| {
            seen.cmd()
                .iter()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    let uid = seen
        .and_then(|seen| seen.user_id())
        // On Windows the last part of an identifier such as `S-1-5-21-…-1001` tells users apart.
        .and_then(|uid| uid.to_string().rsplit('-').next()?.parse().ok());
    let cwd = seen.and_then(|seen| seen.cwd()).map(Path::to_owned);
    // Only for display: the number of descendants, if the system provides it.
    let tree = os::descendants(pid).unwrap_or_default();
    let cgroup = table.seen(os::cgroup(pid));
    let tag = table.tag(&process);
    let info = ProcessInfo {
        name: display_name(process.name.raw(), &command, seen.and_then(|seen| seen.exe())).into(),
        command: secrets::mask(&command).into(),
        user: uid.and_then(|uid| table.user(uid)),
        uid,
        repository: cwd.as_deref().and_then(|cwd| table.repository(cwd)),
        cwd: cwd.map(Foreign::from),
        started_at: seen.and_then(|seen| Timestamp::from_second(seen.start_time().try_into().ok()?).ok()),
        state: process.state,
        parents: table.ancestors(&process),
        children: tree.len(),
        tag,
        unit: unit(&process, cgroup.as_ref(), own_cgroup),
        terminal: process.terminal.clone(),
        identity: process.identity.clone(),
    };
    let exe = seen.and_then(|seen| seen.exe()).map(Path::to_owned);
    ProcessDetails {
        info,
        process,
        tree,
        exe,
        cgroup,
        unknown: table.unreadable.clone(),
    }
}

/// The systemd unit, if a service manager probably started the process. A process with a terminal was started there,
/// and one in our own control group would be managed as we are.
fn unit(process: &Process, cgroup: Option<&Cgroup>, own_cgroup: Option<&str>) -> Option<Foreign> {
    let cgroup = cgroup.filter(|cgroup| process.terminal.is_none() && Some(cgroup.path.as_str()) != own_cgroup)?;
    cgroup.unit.clone().map(Foreign::from)
}
