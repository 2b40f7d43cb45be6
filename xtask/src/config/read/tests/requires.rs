//! `requires`, and what it keeps from being judged.

use super::check;

#[test]
fn a_version_that_fits_is_no_matter() {
    check("[project]\nrequires = '>=0.1'", "requires >=0.1");
    check("[project]\nrequires = '>=0.0.9,<99'", "requires >=0.0.9,<99");
}

#[test]
fn another_version_is_told_before_keys_that_it_may_have() {
    let version = env!("CARGO_PKG_VERSION");
    check(
        "[project]\nrequires = '>=99.1'\nfuture = 1\n[services.a]\nfuture = 1",
        format!(
            "2:12 [project] this project needs devtasks `>=99.1`, and this is {version}\n  hint: update devtasks to 99.1 or later"
        )
        .as_str(),
    );
    // Nor is its syntax.
    check(
        "[project]\nrequires = '>=99.1,<100'\n[services.a\n",
        format!(
            "2:12 [project] this project needs devtasks `>=99.1,<100`, and this is {version}\n  hint: install a version of devtasks that is `>=99.1,<100`"
        )
        .as_str(),
    );
}

#[test]
fn what_is_no_version_is_a_mistake_like_others() {
    check(
        "[project]\nrequires = '^0.2'\nfuture = 1",
        "2:12 [project] `^0.2` is not a version specifier\n  hint: write it like `>=0.2`, `>=0.2,<1` or `~=0.3`\n3:1 [project] unknown key `future`",
    );
    check(
        "[project]\nrequires = 0.2",
        "2:12 [project] `requires` must be a string, found a float\n  hint: write `\"0.2\"`",
    );
}
