//! Why a service is in its state, as text.

use super::words;
use crate::diagnose::ExitStatus;
use crate::foreign::visible;
use crate::supervise::{Cause, ChangedFiles};

/// `a Python package is missing`, `killed by SIGABRT: it ran out of memory`, `exit code 1`,
/// `not ready after 60 s: GET /healthz 503`.
pub(crate) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Exited { status: ended, .. } => match beyond_status(cause) {
            // A signal is worth naming next to its diagnosis; an exit code is not.
            Some(why) if ended.signal.is_some() => format!("{}: {why}", status(*ended)),
            Some(why) => why,
            None => status(*ended),
        },
        Cause::NotReady { after, detail } if detail.is_empty() => {
            format!("not ready after {}", words::duration(*after))
        }
        Cause::NotReady { after, detail } => format!("not ready after {}: {detail}", words::duration(*after)),
        Cause::NotSpawned { message, .. } => message.clone(),
        Cause::Dependency { name } => format!("its dependency `{name}` did not come up"),
        Cause::Unhealthy { detail } => detail.clone(),
        Cause::Survived { left } => format!("{} did not exit after SIGKILL", words::count(*left, "process")),
        Cause::Unverified { detail } => format!("whether it has ended could not be verified: {detail}"),
        Cause::FilesChanged(files) => files_changed(files),
        Cause::Again { last, pause } if pause.is_zero() => format!("{}, again at once", self::cause(last)),
        Cause::Again { last, pause } => format!("{}, again in {}", self::cause(last), words::duration(*pause)),
        Cause::GaveUp { last, n_restarts } => {
            format!(
                "{}; gave up after {}",
                self::cause(last),
                words::count(*n_restarts as usize, "restart")
            )
        }
    }
}

/// `src/app.py changed`, `src/app.py and 41 more changed`.
pub(crate) fn files_changed(files: &ChangedFiles) -> String {
    let first = visible(files.names.first().map_or("a file", String::as_str));
    match files.total {
        0 | 1 => format!("{first} changed"),
        total => format!("{first} and {} more changed", total - 1),
    }
}

/// What a cause says beyond the exit status; `None` if nothing.
pub(crate) fn beyond_status(cause: &Cause) -> Option<String> {
    match cause {
        Cause::Exited {
            diagnosis: Some(diagnosis),
            ..
        } => Some(diagnosis.kind.words().to_owned()),
        Cause::Exited {
            status,
            before_ready: true,
            ..
        } if status.code == Some(0) => Some("it ended before it was ready".to_owned()),
        Cause::Exited { .. } => None,
        other => Some(self::cause(other)),
    }
}

/// `exit code 1`, `killed by SIGKILL`.
pub(crate) fn status(status: ExitStatus) -> String {
    match status {
        ExitStatus { code: Some(code), .. } => format!("exit code {code}"),
        ExitStatus {
            signal: Some(signal), ..
        } => format!("killed by {}", signal_name(signal)),
        ExitStatus {
            code: None,
            signal: None,
        } => "exit status unknown".to_owned(),
    }
}

/// Signal numbers that Linux and macOS share; signal(7) lists where other systems differ.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        // SIGBUS on Linux. On macOS 7 is SIGEMT, which is not used.
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}
