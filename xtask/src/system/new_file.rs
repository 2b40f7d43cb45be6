//! Writes a file that is not there yet: whole or not at all, and never over another one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// # Errors
/// `AlreadyExists`, or it cannot be written.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    // A link fails if something has that name by now; a rename would replace it.
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    linked
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::write_new;

    #[test]
    fn it_replaces_nothing_and_leaves_nothing_beside() {
        let directory = tempfile::tempdir().expect("a temp directory can be made");
        let file = directory.path().join("devtasks.toml");
        write_new(&file, "one").expect("it is new");
        let again = write_new(&file, "two").map_err(|error| error.kind());
        assert_eq!(again, Err(ErrorKind::AlreadyExists));
        assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "one");
        std::os::unix::fs::symlink("nowhere", directory.path().join("link")).expect("a link can be made");
        let through = write_new(&directory.path().join("link"), "three").map_err(|error| error.kind());
        assert_eq!(through, Err(ErrorKind::AlreadyExists));
        let names = std::fs::read_dir(directory.path()).expect("it is there").count();
        assert_eq!(names, 2);
    }
}
