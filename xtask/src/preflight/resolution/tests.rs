//! A policy, and findings of ports → what is done about each.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::diagnostic::{Diagnostic, Exit};
use crate::plan::planned::planned;
use crate::ports::Subject;

/// `file` is `on_conflict` of the service, `policy` has words: a value for `--on-conflict`, `yes`, `terminal`.
#[track_caller]
fn check(file: &str, policy: &str, kind: ConflictKind, expected: Remedy) {
    let plan = api(file);
    let remedy = policy_of(policy).remedy(Some(&plan.services[0].ports[0]), &found(kind));
    assert_eq!(remedy, expected, "{file}; {policy}; {kind:?}");
}

/// `file` is `on_conflict` of the service.
fn api(file: &str) -> Plan {
    let file = format!("[services.api]\ncommand = 'api'\nport = 8000\non_conflict = '{file}'");
    planned(Path::new("/shop"), &file)
}

fn policy_of(text: &str) -> ConflictPolicy {
    let mut policy = ConflictPolicy::default();
    for word in text.split_whitespace() {
        match word {
            "yes" => policy.yes = true,
            "terminal" => policy.interactive = true,
            "ask" => policy.on_conflict = Some(OnConflict::Ask),
            "fail" => policy.on_conflict = Some(OnConflict::Fail),
            "kill" => policy.on_conflict = Some(OnConflict::Kill),
            "next" => policy.on_conflict = Some(OnConflict::Next),
            word => panic!("{word}?"),
        }
    }
    policy
}

fn found(kind: ConflictKind) -> Finding {
    Diagnostic::new("port 8000 is taken")
        .code(Code::PortBusy(kind))
        .level(Level::Fail)
        .exit(Exit::PortBusy)
        .about(Subject::service("api"))
}

#[test]
fn a_stranger_is_stopped_by_whoever_may_and_wants_to() {
    let foreign = ConflictKind::Foreign;
    check("ask", "", foreign, Remedy::Blocked);
    check("ask", "terminal", foreign, Remedy::Ask);
    check("ask", "yes", foreign, Remedy::Stop);
    check("kill", "", foreign, Remedy::Blocked);
    check("kill", "terminal", foreign, Remedy::Stop);
    check("kill", "yes", foreign, Remedy::Stop);
    check("fail", "terminal", foreign, Remedy::Blocked);
    check("fail", "yes", foreign, Remedy::Blocked);
    check("next", "", foreign, Remedy::Reassign);
    check("next", "yes", foreign, Remedy::Reassign);
}

#[test]
fn the_command_line_overrides_the_file() {
    let foreign = ConflictKind::Foreign;
    check("next", "ask", foreign, Remedy::Blocked);
    check("next", "ask terminal", foreign, Remedy::Ask);
    check("fail", "ask yes", foreign, Remedy::Stop);
    check("kill", "fail yes", foreign, Remedy::Blocked);
    check("ask", "kill", foreign, Remedy::Stop);
    check("kill", "next yes", foreign, Remedy::Reassign);
}

#[test]
fn only_strangers_are_stopped_and_only_the_own_stack_keeps_a_port_from_moving() {
    for kind in [
        ConflictKind::Protected,
        ConflictKind::Container,
        ConflictKind::SystemService,
        ConflictKind::Tunnel,
        ConflictKind::OtherCheckout,
        ConflictKind::OtherProject,
        ConflictKind::Hidden,
        ConflictKind::Connection,
        ConflictKind::NoOwner,
    ] {
        check("kill", "yes terminal", kind, Remedy::Blocked);
        check("ask", "terminal", kind, Remedy::Blocked);
        check("next", "", kind, Remedy::Reassign);
    }
    check("ask", "yes", ConflictKind::Bound, Remedy::Stop);
    check("next", "", ConflictKind::OwnRunning, Remedy::Blocked);
}

#[test]
fn nothing_is_reassigned_beside_what_is_blocked_or_twice() {
    let plan = api("next");
    let id = PortId::new("api", "main");
    let taken = PortFinding {
        port: Some(id.clone()),
        finding: found(ConflictKind::Foreign),
    };
    let need = PortFinding {
        port: None,
        finding: Diagnostic::new("`api` was not found")
            .code(Code::CommandNotFound)
            .level(Level::Fail)
            .about(Subject::service("api")),
    };
    let policy = ConflictPolicy::default();
    let alone = resolve(&plan, vec![taken.clone()], policy, &BTreeMap::new());
    assert_eq!(alone.reassign(), [(&id, &taken.finding)]);
    let with_need = resolve(&plan, vec![need, taken.clone()], policy, &BTreeMap::new());
    assert_eq!(with_need.reassign(), []);
    assert!(with_need.is_blocked());
    let again = resolve(&plan, vec![taken], policy, &BTreeMap::from([(id, 8001)]));
    assert_eq!(again.reassign(), []);
    assert!(again.is_blocked());
}
