//! What a service may not do: nothing that a service under development needs.

use std::path::Path;

use super::syntax::{UnitText, word};
use super::{Manager, Stack};
use crate::export::process::Process;
use crate::plan::Runs;

/// What `ProtectSystem=full` makes read-only. Source: systemd.exec(5).
const PROTECTED: [&str; 4] = ["/usr", "/boot", "/efi", "/etc"];

/// Left out on purpose: `MemoryDenyWriteExecute=` (engines of JavaScript write the code that they run), `PrivateTmp=` and
/// `ProtectHome=` (sockets and projects lie there), `RestrictSUIDSGID=` (directories of a shared git repository). A user's
/// systemd gets none of those that forbid what only root may do.
pub(super) fn set(unit: &mut UnitText, stack: &Stack, process: &Process) {
    match process.service.runs {
        Runs::Command => {}
        // An engine without a daemon makes containers in this process.
        Runs::Compose(_) | Runs::External => return,
    }
    unit.set("NoNewPrivileges", "yes");
    if stack.manager == Manager::User {
        return;
    }
    unit.set("ProtectSystem", "full");
    let root = &stack.request.plan.checkout;
    if PROTECTED.iter().any(|it| root.starts_with(Path::new(it))) {
        unit.set("ReadWritePaths", word(&format!("-{}", root.display())));
    }
    for key in [
        "ProtectControlGroups",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
    ] {
        unit.set(key, "yes");
    }
}
