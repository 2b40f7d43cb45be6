//! Who stands below whom in the process table.

use super::kinfo::Row;
use crate::process::ProcessState;

/// The children of `pid`, including zombies.
pub(crate) fn children(rows: &[Row], pid: u32) -> Vec<u32> {
    let its = rows.iter().filter(|row| row.process.parent == pid);
    // `kernel_task` is its own parent.
    its.map(|row| row.process.identity.pid)
        .filter(|child| *child != pid)
        .collect()
}

/// All descendants of `pid`, nearest first. A process whose parent has exited is no longer a descendant.
pub(crate) fn descendants(rows: &[Row], pid: u32) -> Vec<u32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        next += 1;
        for child in children(rows, parent) {
            if !tree.contains(&child) {
                tree.push(child);
            }
        }
    }
    tree.remove(0);
    tree
}

/// Processes in one of `groups`, with that group, and those of our user that were started after us and whose parent has
/// exited. Zombies hold nothing and are left out.
pub(crate) fn outside(rows: &[Row], us: u32, groups: &[u32]) -> Vec<(u32, Option<u32>)> {
    const LAUNCHD: u32 = 1;
    let ours = rows.iter().find(|row| row.process.identity.pid == us);
    let is_later = |row: &Row| {
        ours.is_some_and(|ours| {
            ours.uid == row.uid && row.process.identity.start >= ours.process.identity.start && row != ours
        })
    };
    rows.iter()
        .filter(|row| row.process.state != ProcessState::Zombie)
        .filter_map(|row| {
            let group = groups.contains(&row.process.group).then_some(row.process.group);
            let is_orphan = row.process.parent == LAUNCHD && is_later(row);
            (group.is_some() || is_orphan).then_some((row.process.identity.pid, group))
        })
        .collect()
}
