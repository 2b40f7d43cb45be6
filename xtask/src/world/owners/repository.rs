//! Which git checkout a folder lies in, read from `.git` itself.

use std::fs;
use std::path::{Path, PathBuf};

use crate::preflight::Repository;

/// The nearest checkout at or above `folder`; `None` when there is none, or it may not be read.
///
/// Source: gitrepository-layout(5): `.git` is a folder, or in a worktree or submodule a file that names one; `HEAD` in it
/// names the branch.
pub(crate) fn repository(folder: &Path) -> Option<Repository> {
    folder.ancestors().find_map(|root| {
        let head = fs::read_to_string(git_folder(root)?.join("HEAD")).ok()?;
        Some(Repository {
            root: root.to_owned(),
            branch: head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned),
        })
    })
}

fn git_folder(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if fs::metadata(&git).ok()?.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(root.join(text.trim().strip_prefix("gitdir: ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as `path: text`, and what is found from `sub/folder`, as `root branch`.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<(&str, Option<&str>)>) {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("sub/folder");
        fs::create_dir_all(&folder).unwrap();
        for (path, text) in files {
            let path = temp.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let expected = expected.map(|(root, branch)| Repository {
            root: temp.path().join(root),
            branch: branch.map(str::to_owned),
        });
        let found = repository(&folder).filter(|found| found.root.starts_with(temp.path()));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_branch_stands_in_head() {
        check(
            &[(".git/HEAD", "ref: refs/heads/fix/port\n")],
            Some(("", Some("fix/port"))),
        );
    }

    #[test]
    fn a_detached_head_has_no_branch() {
        check(
            &[(".git/HEAD", "4b825dc642cb6eb9a060e54bf8d69288fbee4904\n")],
            Some(("", None)),
        );
    }

    #[test]
    fn a_worktree_names_its_folder() {
        check(
            &[
                (".git/HEAD", "ref: refs/heads/main\n"),
                (".git/worktrees/sub/HEAD", "ref: refs/heads/topic\n"),
                ("sub/.git", "gitdir: ../.git/worktrees/sub\n"),
            ],
            Some(("sub", Some("topic"))),
        );
    }

    #[test]
    fn without_git_there_is_none() {
        check(&[], None);
        check(&[(".git", "nonsense")], None);
    }
}
