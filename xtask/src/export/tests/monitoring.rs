//! Prometheus and Grafana.

use expect_test::expect;

use super::check_example;
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(Target::Prometheus, expect![""]);
    check_example(Target::Grafana, expect![""]);
}
