//! Procfiles, run by honcho and foreman.

use std::path::Path;

use crate::shop::Shop;
use crate::tools;

#[track_caller]
fn check(runner: &Path, code_after_term: i32) {
    let shop = Shop::new("");
    shop.export(&["procfile"]);
    let runner = runner.display();
    shop.run(&format!(
        r#"
        {runner} start -f deploy/Procfile >log 2>&1 & runner=$!
        ready || {{ cat log >&2; exit 1; }}
        look
        kill -TERM $runner
        code=0; wait $runner || code=$?
        [ $code = {code_after_term} ] || {{ echo "it ended with $code" >&2; exit 1; }}
        nothing_left
        # One that ends takes all with it.
        rm migrated
        {runner} start -f deploy/Procfile >log 2>&1 & runner=$!
        ready
        kill -9 "$(get 8000/pid)"
        wait $runner || true
        nothing_left
        "#
    ));
    shop.has_arrived();
}

#[test]
fn honcho_runs_the_stack() {
    check(&tools::honcho(), 143);
}

#[test]
fn foreman_runs_the_stack() {
    check(Path::new("foreman"), 0);
}
