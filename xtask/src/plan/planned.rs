//! For tests: the plan of a `devtasks.toml` that stands in the test.

use std::path::Path;

use super::{Allocation, Environment, Plan, PlanInputs, Selection, draft, on_this_machine};
use crate::config;

/// The plan of all services, with ports as written. The calling environment is empty, and no other file exists.
#[track_caller]
pub(crate) fn planned(checkout: &Path, file: &str) -> Plan {
    let config = config::read(Path::new("devtasks.toml"), file).expect("the file of a test is right");
    let inputs = PlanInputs {
        checkout,
        calling: &Environment::new(),
        read: &|_| None,
        nearest_venv: &|_, _| None,
        default_base: &|_, _| 0,
        address: &on_this_machine,
    };
    let draft = draft(&config, &Selection::default(), inputs).expect("it can be planned");
    let (plan, problems) = draft.plan(&Allocation::as_written(&draft.declared()));
    assert!(problems.is_empty(), "{problems:?}");
    plan
}
