//! The environment variables that mark a process of a run.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Tag;

const PROJECT: &str = "DEVTASKS_PROJECT";
const SERVICE: &str = "DEVTASKS_SERVICE";
const CHECKOUT: &str = "DEVTASKS_CHECKOUT";
const RUN: &str = "DEVTASKS_RUN";

/// The service name in the tag of a supervisor. It is not a valid name of a service.
const SUPERVISOR: &str = "(supervisor)";

impl Tag {
    /// The tag of a run's supervisor, which holds the sockets that it passes to services.
    pub(crate) fn supervisor(project: String, checkout: PathBuf, run: String) -> Tag {
        Tag {
            project: project.into(),
            service: SUPERVISOR.into(),
            checkout: checkout.into(),
            run: run.into(),
        }
    }

    pub(crate) fn is_supervisor(&self) -> bool {
        self.service == SUPERVISOR
    }

    /// Parses the environment that a process was started with: `NAME=value` entries, each followed by NUL. `None`
    /// unless all four variables are set. A checkout path that is not UTF-8 is not recognized.
    pub(crate) fn from_environ(environ: &[u8]) -> Option<Tag> {
        let value = |name: &str| {
            environ.split(|&byte| byte == 0).find_map(|entry| {
                let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
                String::from_utf8(value.to_vec()).ok()
            })
        };
        // Read first: almost every other process on the machine lacks it.
        let run = value(RUN)?;
        Some(Tag {
            project: value(PROJECT)?.into(),
            service: value(SERVICE)?.into(),
            checkout: PathBuf::from(value(CHECKOUT)?).into(),
            run: run.into(),
        })
    }

    /// The variables to add to the environment of a process of the run.
    pub(crate) fn variables(&self) -> [(&'static str, OsString); 4] {
        [
            (PROJECT, OsString::from(self.project.raw())),
            (SERVICE, OsString::from(self.service.raw())),
            (CHECKOUT, OsString::from(self.checkout.raw())),
            (RUN, OsString::from(self.run.raw())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag() -> Tag {
        Tag {
            project: "shop".into(),
            service: "api".into(),
            checkout: PathBuf::from("/home/kim/my shop").into(),
            run: "7f3a".into(),
        }
    }

    fn environ(variables: &[(&str, OsString)]) -> Vec<u8> {
        let mut environ = b"PATH=/bin\0XDEVTASKS_RUN=no\0".to_vec();
        for (name, value) in variables {
            environ.extend(format!("{name}={}\0", value.display()).bytes());
        }
        environ
    }

    #[test]
    fn what_a_process_is_given_is_read_back() {
        assert_eq!(Tag::from_environ(&environ(&tag().variables())), Some(tag()));
    }

    #[test]
    fn a_part_of_a_tag_is_none() {
        for left_out in 0..4 {
            let mut variables = tag().variables().to_vec();
            variables.remove(left_out);
            assert_eq!(Tag::from_environ(&environ(&variables)), None);
        }
    }
}
