//! The number of descriptors that a supervisor needs, compared with the limit for this user's processes.

use super::Facts;
use crate::diagnostic::{Code, Diagnostic, Exit, Hint, Platform};
use crate::plan::{Plan, Service, Stdin};
use crate::ports::{Finding, Subject};

/// The maximum number of descriptors that the supervisor of these services has open at once: its own, and for each
/// service the larger of what it needs while running and while its ports are reserved.
pub(crate) fn descriptors<'a>(services: impl IntoIterator<Item = &'a Service>) -> u64 {
    OWN_DESCRIPTORS + services.into_iter().map(of).sum::<u64>()
}

/// Standard streams, lock, control socket, signals, watchdog and log: about ten. The rest is for short uses: both ends
/// of the pipes of a service that is being started, `/proc`, socket look-ups, a few clients.
const OWN_DESCRIPTORS: u64 = 32;

fn of(service: &Service) -> u64 {
    let ports = service.ports.len() as u64;
    let outputs = if service.tty { 1 } else { 2 };
    let input = u64::from(!service.tty && service.stdin == Stdin::Open);
    let check = u64::from(service.health.is_some());
    let log = 1;
    // A port without a host is reserved at both addresses of `localhost`.
    match service.listen {
        true => log + outputs + input + check + ports,
        false => log + (outputs + input + check).max(2 * ports),
    }
}

/// A finding if the stack cannot run as a whole. As with a missing command, nothing is started (exit code 5).
pub(crate) fn open_files(plan: &Plan, facts: &Facts) -> Option<Finding> {
    let needed = descriptors(&plan.services);
    let limit = facts.open_files.filter(|limit| *limit < needed)?;
    let n_services = plan.services.len();
    let message = format!(
        "this stack of {n_services} may need {needed} descriptors at the same time, and no more than {limit} can be had"
    );
    let raise = Hint::from(format!(
        "raise the hard limit with `ulimit -n {needed}` as root, or with `--ulimit nofile={needed}` of a container"
    ));
    // The kernel allows no more than `kern.maxfilesperproc`, whatever the limit. Source: XNU, getdtablesize.
    let of_macos = format!(
        "raise the limit with `sudo sysctl kern.maxfilesperproc={needed}` and `sudo launchctl limit maxfiles {needed} \
         unlimited`, then open a new terminal"
    );
    Some(
        Diagnostic::new(message)
            .code(Code::LimitOpenFiles)
            .exit(Exit::Missing)
            .hint(raise.on(Platform::MacOs, of_macos))
            .hint(Hint::run("start fewer services at a time with", "up NAME"))
            .about(Subject::default()),
    )
}

#[cfg(test)]
mod tests;
