//! What `launchctl list` prints.

/// The label of the job with this process. A job that does not run has `-` instead of a pid.
///
/// Source: man 1 launchctl, `list`: pid, last exit status and label, separated by tabs.
pub(crate) fn label(list: &str, pid: u32) -> Option<&str> {
    list.lines().find_map(|line| {
        let mut columns = line.splitn(3, '\t');
        let is_its = columns.next()?.trim().parse() == Ok(pid);
        columns.nth(1).map(str::trim).filter(|_| is_its)
    })
}
