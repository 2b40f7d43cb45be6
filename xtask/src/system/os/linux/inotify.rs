//! What inotify allows this user, and what of it is in use.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::system::os::{InotifyCount, effective_user_id};

/// The limits for one user; `None` in a kernel without inotify.
///
/// Source: man 7 inotify, "/proc interfaces".
pub(crate) fn inotify_limits() -> Option<InotifyCount> {
    let limit = |name: &str| {
        let text = fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?;
        text.trim().parse().ok()
    };
    Some(InotifyCount {
        watches: limit("max_user_watches")?,
        instances: limit("max_user_instances")?,
    })
}

/// What processes of this user hold that we can see; those in other containers count, too, and are not seen.
///
/// Source: man 5 proc_pid_fdinfo: an instance has a line that begins with `inotify wd:` for each watch.
pub(crate) fn inotify_used() -> InotifyCount {
    let us = effective_user_id();
    let is_ours = |process: &PathBuf| fs::metadata(process).is_ok_and(|it| it.uid() == us);
    let mut used = InotifyCount::default();
    for process in entries(Path::new("/proc")).filter(is_ours) {
        let instances = entries(&process.join("fd"))
            .filter(|it| fs::read_link(it).is_ok_and(|target| target.as_os_str() == "anon_inode:inotify"));
        for instance in instances {
            let name = instance.file_name().unwrap_or_default();
            let watches = fs::read_to_string(process.join("fdinfo").join(name)).unwrap_or_default();
            used.instances += 1;
            used.watches += watches.lines().filter(|line| line.starts_with("inotify wd:")).count() as u64;
        }
    }
    used
}

/// Those whose names are numbers; none of a directory that is closed to us or gone.
fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let is_number = |name: &std::ffi::OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    entries.filter(move |it| is_number(&it.file_name())).map(|it| it.path())
}
