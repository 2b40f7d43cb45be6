//! The git checkout that contains a directory, read from `.git`.

mod looker;

use std::fs;
use std::path::{Path, PathBuf};

use crate::foreign::Foreign;
use crate::process::Repository;
use crate::system::files::read_regular;
pub(crate) use looker::{REPOSITORY_TIMEOUT, repository_within};

/// The nearest checkout at or above `directory`; `None` if there is none or it cannot be read.
///
/// Source: gitrepository-layout(5): `.git` is a directory or, in a worktree or submodule, a file that names one; its
/// `HEAD` names the branch.
fn repository(directory: &Path) -> Option<Repository> {
    directory.ancestors().find_map(|root| {
        let head = text(&git_directory(root)?.join("HEAD"))?;
        Some(Repository {
            root: root.into(),
            branch: head.trim().strip_prefix("ref: refs/heads/").map(Foreign::from),
        })
    })
}

/// Whether the checkout at or above `directory` was created by `git worktree add`.
///
/// Source: gitrepository-layout(5): only the git directory of a worktree has a `commondir`; the `.git` of a submodule
/// is a file too.
pub(crate) fn is_linked_worktree(directory: &Path) -> bool {
    let git = directory.ancestors().find_map(git_directory);
    git.is_some_and(|git| git.join("commondir").is_file())
}

/// The directory in the main checkout that is where `directory` is in its worktree; `None` in a main checkout, and where
/// the main one is a bare repository.
///
/// Source: gitrepository-layout(5): `commondir` names the git directory of the main checkout, as seen from that of the
/// worktree.
fn in_main_checkout(directory: &Path) -> Option<PathBuf> {
    let (root, git) = directory
        .ancestors()
        .find_map(|root| Some((root, git_directory(root)?)))?;
    let common = git.join(text(&git.join("commondir"))?.trim());
    let common = dunce::canonicalize(common).ok().filter(|it| it.ends_with(".git"))?;
    let main = common.parent()?.join(directory.strip_prefix(root).ok()?);
    // Without a `/` at its end, if it is the root itself.
    Some(main.components().collect())
}

/// The file of the main checkout that is where `path` would be in `checkout`, a worktree that lacks it.
pub(crate) fn in_main(path: &Path, checkout: &Path) -> Option<PathBuf> {
    if path.exists() {
        return None;
    }
    let main = in_main_checkout(checkout)?.join(path.strip_prefix(checkout).ok()?);
    main.is_file().then_some(main)
}

fn git_directory(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if fs::metadata(&git).ok()?.is_dir() {
        return Some(git);
    }
    Some(root.join(text(&git)?.trim().strip_prefix("gitdir: ")?))
}

/// In bytes; these files of git contain one line.
const MAX_FILE_BYTES: u64 = 64 * 1024;

fn text(file: &Path) -> Option<String> {
    String::from_utf8(read_regular(file, MAX_FILE_BYTES).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as `path: text` → the checkout found from `sub/directory`, as `root branch`.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<(&str, Option<&str>)>) {
        let temp = tempfile::tempdir().unwrap();
        let directory = temp.path().join("sub/directory");
        fs::create_dir_all(&directory).unwrap();
        for (path, text) in files {
            let path = temp.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let expected = expected.map(|(root, branch)| Repository {
            root: temp.path().join(root).into(),
            branch: branch.map(Foreign::from),
        });
        let found = repository(&directory).filter(|found| found.root.raw().starts_with(temp.path()));
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
    fn a_worktree_names_its_directory() {
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
    fn a_linked_worktree_is_known_from_a_submodule() {
        let temp = tempfile::tempdir().unwrap();
        let check = |directory: &str, expected: bool| {
            assert_eq!(
                is_linked_worktree(&temp.path().join(directory)),
                expected,
                "{directory}"
            );
        };
        for directory in [
            "main/.git/worktrees/topic",
            "main/.git/modules/part",
            "main/part",
            "topic/deep",
        ] {
            fs::create_dir_all(temp.path().join(directory)).unwrap();
        }
        fs::write(temp.path().join("main/.git/worktrees/topic/commondir"), "../..\n").unwrap();
        fs::write(temp.path().join("topic/.git"), "gitdir: ../main/.git/worktrees/topic\n").unwrap();
        fs::write(temp.path().join("main/part/.git"), "gitdir: ../.git/modules/part\n").unwrap();
        check("topic", true);
        check("topic/deep", true);
        check("main", false);
        check("main/part", false);
        check("nowhere", false);
    }

    #[test]
    fn without_git_there_is_none() {
        check(&[], None);
        check(&[(".git", "nonsense")], None);
    }
}
