//! Service managers that restart a process and must be asked to stop it: systemd, launchd, the one of Windows,
//! supervisord, PM2, runit, s6, OpenRC.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::ProcessRef;
use super::arguments::{is_interpreter, program, value};
use super::shells::is_interactive_shell_name;
use crate::foreign::{Foreign, shell_word};
use crate::process::Ancestry;

/// A service manager, its name for the process, and the command that stops it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManagedService {
    pub(crate) by: ServiceManager,
    /// For example `redis.service` or `shop:web`; `None` if unknown, and then `stop` contains `NAME`.
    pub(crate) name: Option<Foreign>,
    pub(crate) stop: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceManager {
    Systemd,
    /// systemd holds the socket itself and starts the service on the first connection.
    SystemdSocket,
    Launchd,
    /// launchd holds the socket itself and starts the job on the first connection.
    LaunchdSocket,
    Homebrew,
    Windows,
    Supervisord,
    Pm2,
    Runit,
    S6,
    OpenRc,
}

impl ServiceManager {
    /// The command that lists the names of managed processes.
    pub(crate) fn list(self) -> &'static str {
        match self {
            ServiceManager::Systemd => "systemctl status",
            ServiceManager::SystemdSocket => "systemctl list-sockets",
            ServiceManager::Launchd => "launchctl list",
            // A job names the port of its socket in its file. Source: man 5 launchd.plist, `SockServiceName`.
            ServiceManager::LaunchdSocket => {
                "grep -ls SockServiceName /Library/LaunchDaemons/* /System/Library/LaunchDaemons/* ~/Library/LaunchAgents/*"
            }
            ServiceManager::Homebrew => "brew services list",
            ServiceManager::Windows => "tasklist /svc",
            ServiceManager::Supervisord => "supervisorctl status",
            ServiceManager::Pm2 => "pm2 ls",
            ServiceManager::Runit => "sv status /etc/service/*",
            ServiceManager::S6 => "s6-svstat",
            ServiceManager::OpenRc => "rc-status",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            ServiceManager::Systemd | ServiceManager::SystemdSocket => "systemd",
            ServiceManager::Launchd | ServiceManager::LaunchdSocket => "launchd",
            ServiceManager::Homebrew => "Homebrew",
            ServiceManager::Windows => "the service manager of Windows",
            ServiceManager::Supervisord => "supervisord",
            ServiceManager::Pm2 => "PM2",
            ServiceManager::Runit => "runit",
            ServiceManager::S6 => "s6",
            ServiceManager::OpenRc => "OpenRC",
        }
    }
}

impl ManagedService {
    fn new(by: ServiceManager, name: &str, stop: String) -> Self {
        ManagedService {
            by,
            name: Some(name.into()),
            stop,
        }
    }

    /// A socket that systemd holds for a service, with the socket unit that declares it.
    ///
    /// Source: man 5 systemd.socket: a connection starts the service, so stopping that does not free the port.
    pub(crate) fn socket(is_users: bool, unit: Option<&str>) -> Self {
        ManagedService {
            by: ServiceManager::SystemdSocket,
            name: unit.map(Foreign::from),
            stop: systemctl(is_users, unit.unwrap_or("NAME.socket")),
        }
    }

    /// A socket that launchd holds for a job, as it does for Remote Login on port 22.
    ///
    /// Source: man 5 launchd.plist, `Sockets`.
    pub(crate) fn launchd_socket() -> Self {
        ManagedService {
            by: ServiceManager::LaunchdSocket,
            name: None,
            stop: "sudo launchctl bootout system/NAME".to_owned(),
        }
    }

    /// In cluster mode PM2 itself listens for its workers.
    pub(crate) fn pm2_cluster() -> Self {
        ManagedService {
            by: ServiceManager::Pm2,
            name: None,
            stop: "pm2 stop NAME".to_owned(),
        }
    }

    /// Completes the sentence "it is left alone: …".
    pub(crate) fn reason(&self) -> String {
        let title = self.by.title();
        match (&self.name, self.by) {
            (name, ServiceManager::SystemdSocket | ServiceManager::LaunchdSocket) => {
                let unit = name.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
                format!("{title} holds it for socket activation{unit}")
            }
            (Some(name), _) => format!("{title} runs it as `{name}`"),
            (None, _) => format!("{title} runs it"),
        }
    }
}

/// The origin of a process, as far as it could be read.
pub(crate) struct ProcessContext<'a> {
    /// The innermost systemd unit of the process, and whether it belongs to a user manager.
    pub(crate) unit: Option<(&'a str, bool)>,
    /// Nearest first.
    pub(crate) parents: &'a [ProcessRef],
    pub(crate) uid: Option<u32>,
    pub(crate) command: &'a dyn Fn(u32) -> Vec<String>,
    pub(crate) directory: &'a dyn Fn(u32) -> Option<PathBuf>,
    /// Reads a variable of the process's environment.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Asks launchd for the label of the process, which may take a second.
    pub(crate) launchd_label: &'a dyn Fn() -> Option<String>,
    /// Reads a variable of our own environment.
    pub(crate) our_variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The manager of a process: its nearest ancestor that is a service manager.
///
/// A program started from an interactive shell has no manager. Managers that are also our own ancestors are ignored: a
/// shell in a container runs below one, and so does everything started from it.
pub(crate) fn manager(lineage: &ProcessContext, ours: &Ancestry) -> Option<ManagedService> {
    for (at, parent) in lineage.parents.iter().enumerate() {
        let command = || (lineage.command)(parent.pid);
        if is_interactive_shell_name(parent.name.raw(), &command) {
            break;
        }
        let found = match parent.name.raw().as_str() {
            "supervisord" => supervisord(lineage, parent.pid, &command()),
            "runsv" => directory_manager(ServiceManager::Runit, "sv stop", lineage, parent.pid, &command()),
            "s6-supervise" => directory_manager(ServiceManager::S6, "s6-svc -d", lineage, parent.pid, &command()),
            "supervise-daemo" | "supervise-daemon" => open_rc(&command()),
            name if name.starts_with("PM2 ") => pm2(lineage),
            "launchd" => launchd(lineage),
            // What svchost starts is no service of its own: programs of the Task Scheduler, servers of COM.
            name if is_program_of_windows(name, "svchost") => break,
            name if is_program_of_windows(name, "services") && is_below_wininit(&lineage.parents[at + 1..]) => {
                Some(windows_service())
            }
            name if is_interpreter(name) => match script_manager(&command()) {
                Some(ServiceManager::Supervisord) => supervisord(lineage, parent.pid, &command()),
                Some(ServiceManager::Pm2) => pm2(lineage),
                _ => None,
            },
            _ => None,
        };
        let is_above_us = ours.ancestors.contains(&parent.pid);
        if found.is_some() && (!is_above_us || is_another_program(lineage)) {
            return found;
        }
    }
    let (unit, is_users) = lineage.unit.filter(|(unit, _)| manages(unit))?;
    (ours.unit.as_deref() != Some(unit))
        .then(|| ManagedService::new(ServiceManager::Systemd, unit, systemctl(is_users, unit)))
}

/// Whether the process is a different program of a manager that also started us.
fn is_another_program(lineage: &ProcessContext) -> bool {
    let differs = |variables: &[&str]| {
        let values = |of: &dyn Fn(&str) -> Option<String>| variables.iter().map(|name| of(name)).collect::<Vec<_>>();
        let (its, ours) = (values(lineage.variable), values(lineage.our_variable));
        its.iter().all(Option::is_some) && its != ours
    };
    let is_another_job = || label(lineage).is_some_and(|label| Some(label) != (lineage.our_variable)(LABEL));
    differs(&[PROCESS_NAME, GROUP_NAME]) || differs(&[PM2_ID]) || is_another_job()
}

/// The manager that this command line is, if it is a script: macOS and Windows name a process after its interpreter.
///
/// Source: PM2, lib/Client.js: the daemon is `lib/Daemon.js`, whose title replaces its arguments except on Windows.
pub(crate) fn script_manager(command: &[String]) -> Option<ServiceManager> {
    let [own, arguments @ ..] = command else { return None };
    if own.starts_with("PM2 v") {
        return Some(ServiceManager::Pm2);
    }
    let script = arguments.iter().find(|word| !word.starts_with('-'))?;
    match program(script) {
        _ if !is_interpreter(own) => None,
        "supervisord" => Some(ServiceManager::Supervisord),
        "Daemon.js" if script.replace('\\', "/").ends_with("/pm2/lib/Daemon.js") => Some(ServiceManager::Pm2),
        _ => None,
    }
}

fn is_program_of_windows(name: &str, wanted: &str) -> bool {
    program(name).eq_ignore_ascii_case(wanted)
}

/// Only the service manager of Windows is called `services` and has this parent.
fn is_below_wininit(parents: &[ProcessRef]) -> bool {
    let parent = parents.first().map(|parent| parent.name.raw());
    parent.is_some_and(|name| is_program_of_windows(name, "wininit"))
}

/// A service of Windows. Only an administrator can stop it, by a name that the process does not tell.
fn windows_service() -> ManagedService {
    ManagedService {
        by: ServiceManager::Windows,
        name: None,
        stop: "net stop NAME".to_owned(),
    }
}

fn systemctl(is_users: bool, unit: &str) -> String {
    let user = if is_users { "--user " } else { "" };
    format!("systemctl {user}stop {}", shell_word(unit))
}

/// Source: supervisord.org, "Subprocess Environment".
const PROCESS_NAME: &str = "SUPERVISOR_PROCESS_NAME";
const GROUP_NAME: &str = "SUPERVISOR_GROUP_NAME";

/// Source: supervisord.org, "Actions": `stop GROUP:NAME`; a single program is a group of the same name.
fn supervisord(lineage: &ProcessContext, pid: u32, command: &[String]) -> Option<ManagedService> {
    let process = (lineage.variable)(PROCESS_NAME);
    let name = process.map(|process| match (lineage.variable)(GROUP_NAME) {
        Some(group) if group != process => format!("{group}:{process}"),
        _ => process,
    });
    let config = value(command, &["-c", "--configuration"]);
    let config = config.map(|path| {
        let directory = (lineage.directory)(pid).unwrap_or_default();
        format!("-c {} ", shell_word(&directory.join(path).to_string_lossy()))
    });
    let typed = name.as_deref().map_or("NAME".into(), shell_word);
    Some(ManagedService {
        by: ServiceManager::Supervisord,
        stop: format!("supervisorctl {}stop {typed}", config.unwrap_or_default()),
        name: name.map(Foreign::from),
    })
}

const PM2_ID: &str = "pm_id";

/// Source: PM2, lib/God/ForkMode.js: a program receives its settings as variables, including `name` and `PM2_HOME`.
fn pm2(lineage: &ProcessContext) -> Option<ManagedService> {
    let name = (lineage.variable)("name").or_else(|| (lineage.variable)(PM2_ID));
    let home = (lineage.variable)("PM2_HOME").filter(|home| !home.ends_with("/.pm2"));
    let home = home.map(|home| format!("PM2_HOME={} ", shell_word(&home)));
    let typed = name.as_deref().map_or("NAME".into(), shell_word);
    Some(ManagedService {
        by: ServiceManager::Pm2,
        stop: format!("{}pm2 stop {typed}", home.unwrap_or_default()),
        name: name.map(Foreign::from),
    })
}

/// A manager with one supervisor process per service, in the service's directory, which its command takes.
///
/// Source: man 8 runsv and sv; skarnet.org, s6-supervise and s6-svc: `-d` stops the service and keeps it stopped.
fn directory_manager(
    by: ServiceManager,
    stop: &str,
    lineage: &ProcessContext,
    pid: u32,
    command: &[String],
) -> Option<ManagedService> {
    let (name, directory) = service_directory(lineage, pid, command.get(1)?);
    Some(ManagedService::new(
        by,
        &name,
        format!("{stop} {}", shell_word(&directory)),
    ))
}

/// The service's name, and its directory; if that cannot be read, the argument.
fn service_directory(lineage: &ProcessContext, pid: u32, argument: &str) -> (String, String) {
    let directory = (lineage.directory)(pid).unwrap_or_else(|| argument.into());
    let name = Path::new(argument).file_name().or(directory.file_name());
    let name = name.map_or_else(|| argument.to_owned(), |name| name.to_string_lossy().into_owned());
    (name, directory.to_string_lossy().into_owned())
}

/// Source: man 8 supervise-daemon: the first argument is the service.
fn open_rc(command: &[String]) -> Option<ManagedService> {
    let name = command.iter().skip(1).find(|word| !word.starts_with('-'))?;
    Some(ManagedService::new(
        ServiceManager::OpenRc,
        name,
        format!("rc-service {} stop", shell_word(name)),
    ))
}

const LABEL: &str = "XPC_SERVICE_NAME";

/// The label of the job that the process belongs to; `0` if it belongs to none. Where its environment is closed to us,
/// as that of programs of Apple, launchd knows the main process of each job.
///
/// Source: launchd sets `XPC_SERVICE_NAME` to the label of a job, and to `0` for processes that are not jobs.
fn label(lineage: &ProcessContext) -> Option<String> {
    let is_main = lineage.parents.first().is_some_and(|parent| parent.name == "launchd");
    (lineage.variable)(LABEL).or_else(|| is_main.then(|| (lineage.launchd_label)())?)
}

/// Source: man 1 launchctl, `bootout`; Homebrew's labels begin with `homebrew.mxcl.`.
fn launchd(lineage: &ProcessContext) -> Option<ManagedService> {
    let label = label(lineage).filter(|label| label != "0" && !label.starts_with("application."))?;
    if let Some(formula) = label.strip_prefix("homebrew.mxcl.") {
        let stop = format!("brew services stop {}", shell_word(formula));
        return Some(ManagedService::new(ServiceManager::Homebrew, formula, stop));
    }
    let domain = match lineage.uid {
        Some(uid) if uid != 0 => format!("gui/{uid}"),
        Some(_) | None => "system".to_owned(),
    };
    let job = format!("{domain}/{label}");
    let stop = format!("launchctl bootout {}", shell_word(&job));
    Some(ManagedService::new(ServiceManager::Launchd, &label, stop))
}

/// Whether `unit` means that a service manager controls its processes. Login scopes, the user manager and desktop
/// application units only contain the processes of a terminal. Stopping cron does not stop the jobs that it started.
///
/// Source: systemd.io/DESKTOP_ENVIRONMENTS, "XDG standardization for applications" (`app-…`); systemd-logind(8);
/// Debian's cron.service, `KillMode=process`.
fn manages(unit: &str) -> bool {
    const OF_JOBS: [&str; 3] = ["cron.service", "crond.service", "atd.service"];
    unit.ends_with(".service")
        && !OF_JOBS.contains(&unit)
        && !unit.starts_with("user@")
        && !unit.starts_with("app-")
        && !unit.starts_with("gnome-terminal-server")
}
