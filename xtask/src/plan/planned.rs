//! For tests: the plan of a `devtasks.toml` that stands in the test.

use std::path::Path;

use super::{Allocation, Environment, Plan, PlanInputs, Port, Selection, draft, on_this_machine};
use crate::config::{self, Config};

/// The plan of all services, with ports as written. The calling environment is empty, and no other file exists.
#[track_caller]
pub(crate) fn planned(checkout: &Path, file: &str) -> Plan {
    plan_of(&read(file), checkout, &Selection::default(), &on_this_machine)
}

#[track_caller]
pub(crate) fn read(file: &str) -> Config {
    config::read(Path::new("devtasks.toml"), file).expect("the file of a test is right")
}

/// The same for some services, at other addresses.
#[track_caller]
pub(crate) fn plan_of(
    config: &Config,
    checkout: &Path,
    asked: &Selection,
    address: &dyn Fn(&config::Service, &Port) -> String,
) -> Plan {
    let inputs = PlanInputs {
        checkout,
        calling: &Environment::new(),
        read: &|_| None,
        in_main: &|_, _| None,
        nearest_venv: &|_, _| None,
        default_base: &|_, _| 0,
        address,
    };
    let draft = draft(config, asked, inputs).expect("it can be planned");
    let (plan, problems) = draft.plan(&Allocation::as_written(&draft.declared()));
    assert!(problems.is_empty(), "{problems:?}");
    plan
}
