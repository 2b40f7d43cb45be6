//! What Linux shows of the WSL, container or pod that it is, or is in.

use crate::ports::VisibilityLimit;
use crate::process::container::Runtime;

#[derive(Debug, Clone, Default)]
pub(crate) struct Marks {
    /// `/proc/sys/kernel/osrelease`.
    pub(crate) kernel: String,
    /// The interface that WSL 2 has only with `networkingMode=mirrored`.
    pub(crate) has_loopback0: bool,
    /// The engine that left its mark in the root directory.
    pub(crate) engine: Option<Runtime>,
    /// The control group is that of a container.
    pub(crate) is_contained: bool,
    pub(crate) is_pod: bool,
    pub(crate) is_codespace: bool,
    /// Counts only in a container.
    pub(crate) is_devcontainer: bool,
}

/// A container comes before WSL: it has the kernel of WSL as well, and its ports are its own or those of its host.
///
/// Source: WSL 1 reports `4.4.0-19041-Microsoft`, WSL 2 `5.15.167.4-microsoft-standard-WSL2`.
pub(crate) fn limit(marks: &Marks) -> Option<VisibilityLimit> {
    let is_contained = marks.engine.is_some() || marks.is_contained;
    match () {
        () if marks.is_codespace => Some(VisibilityLimit::Codespace),
        () if marks.is_pod => Some(VisibilityLimit::Pod),
        () if is_contained && marks.is_devcontainer => Some(VisibilityLimit::Devcontainer),
        () if is_contained => Some(VisibilityLimit::Container(marks.engine)),
        () if !marks.kernel.to_lowercase().contains("microsoft") => None,
        // A kernel built by the user may be named otherwise, but only WSL 1 has no kernel of Linux at all.
        () if marks.kernel.trim_end().ends_with("-Microsoft") => Some(VisibilityLimit::Wsl1),
        () if marks.has_loopback0 => Some(VisibilityLimit::Wsl2Mirrored),
        () => Some(VisibilityLimit::Wsl2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel's release, and marks.
    #[track_caller]
    fn check(kernel: &str, mark: impl Fn(&mut Marks), expected: Option<VisibilityLimit>) {
        let mut marks = Marks {
            kernel: format!("{kernel}\n"),
            ..Marks::default()
        };
        mark(&mut marks);
        assert_eq!(limit(&marks), expected, "{marks:?}");
    }

    const WSL2: &str = "5.15.167.4-microsoft-standard-WSL2";

    #[test]
    fn wsl_is_known_by_its_kernel() {
        check("6.18.5-amd64", |_| {}, None);
        check("4.4.0-19041-Microsoft", |_| {}, Some(VisibilityLimit::Wsl1));
        check("4.19.104-microsoft-standard", |_| {}, Some(VisibilityLimit::Wsl2));
        check(WSL2, |_| {}, Some(VisibilityLimit::Wsl2));
        check(WSL2, |it| it.has_loopback0 = true, Some(VisibilityLimit::Wsl2Mirrored));
        check("6.18.5-amd64", |it| it.has_loopback0 = true, None);
    }

    #[test]
    fn a_container_is_known_by_what_its_engine_or_editor_left() {
        let docker = |it: &mut Marks| it.engine = Some(Runtime::Docker);
        check(WSL2, docker, Some(VisibilityLimit::Container(Some(Runtime::Docker))));
        check(
            "6.1",
            |it| it.is_contained = true,
            Some(VisibilityLimit::Container(None)),
        );
        check("6.1", |it| it.is_devcontainer = true, None);
        let devcontainer = |it: &mut Marks| (it.engine, it.is_devcontainer) = (Some(Runtime::Docker), true);
        check(WSL2, devcontainer, Some(VisibilityLimit::Devcontainer));
        check(
            "6.8.0-azure",
            |it| it.is_codespace = true,
            Some(VisibilityLimit::Codespace),
        );
        check("6.1", |it| it.is_pod = true, Some(VisibilityLimit::Pod));
    }
}
