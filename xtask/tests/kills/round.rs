//! A round: builds trees, asks once, judges.

use std::fmt::Write;
use std::fs::{File, OpenOptions};
use std::process::Child;

use rustix::process::Signal;

use crate::ask::Request;
use crate::census::{Process, stat};
use crate::it::sandbox::signal;
use crate::judge::Case;
use crate::place::{Place, until};
use crate::random::Random;
use crate::summary::Summary;
use crate::tree::Tree;

pub(crate) fn play(place: &mut Place, random: &mut Random, summary: &mut Summary) -> Result<(), String> {
    let n_trees = 8 + random.below(13);
    let mut ports = place.ports(n_trees + 1, random);
    let port_above = ports.pop().expect("there is one more");
    let mut trees: Vec<Tree> = ports.iter().map(|port| Tree::new(*port, random)).collect();
    let mut children = Vec::new();
    let built = build(place, &trees, &mut children);
    let outcome = built.and_then(|()| {
        let before = suspend(place, &trees)?;
        let mut above = None;
        if random.chance(15) {
            trees.push(Tree::never("runs in this checkout", place.running));
        }
        if random.chance(10) {
            above = Some(trees.len());
            trees.push(Tree::never("above the command", port_above));
        }
        let request = Request::new(place, &trees, above, random);
        let (ended, trace) = request.run(place);
        let case = Case {
            trees: &trees,
            request: &request,
            before: &before,
            trace: &trace,
            ended: &ended,
        };
        summary.round(&case);
        let wrong = case.wrong();
        if wrong.is_empty() {
            return Ok(());
        }
        summary.wrong(&wrong);
        let mut told = wrong.join("\n");
        let _ = write!(
            told,
            "\n{}\nended with {:?}\n{}{}",
            request.describe(),
            ended.code,
            ended.stdout,
            ended.stderr
        );
        for tree in &trees {
            let _ = write!(told, "\n  {tree}");
        }
        Err(told)
    });
    let cleared = place.clear(children);
    outcome.and(cleared)
}

fn build(place: &Place, trees: &[Tree], children: &mut Vec<Child>) -> Result<(), String> {
    let path = place.root().join("said");
    let _ = std::fs::remove_file(&path);
    let said: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .expect("it is our directory");
    let n_said = || {
        std::fs::read_to_string(&path)
            .unwrap_or_default()
            .lines()
            .filter(|line| *line == "up")
            .count()
    };
    let mut expected = 0;
    let mut tops = Vec::new();
    for (number, tree) in trees.iter().enumerate() {
        if let Some(child) = place.build(number, tree, &said) {
            expected += tree.says;
            tops.push((tree, number, children.len()));
            children.push(child);
        }
    }
    let failed = |what: &str| {
        let said = std::fs::read_to_string(&path).unwrap_or_default();
        format!(
            "the soak cannot build {what}: {said}\n{:#?}",
            trees.iter().map(ToString::to_string).collect::<Vec<_>>()
        )
    };
    if !until(|| n_said() >= expected) {
        return Err(failed("trees"));
    }
    for (tree, number, child) in tops {
        if tree.has_client {
            let client = place.client(number, tree, &children[child], &said);
            children.push(client);
            expected += 1;
        }
        if tree.top_ends && !until(|| stat(children[child].id()).is_none_or(|stat| stat.state == 'Z')) {
            return Err(failed("orphans"));
        }
    }
    until(|| n_said() >= expected)
        .then_some(())
        .ok_or_else(|| failed("clients"))
}

/// Everybody, once those are suspended that shall be.
fn suspend(place: &Place, trees: &[Tree]) -> Result<Vec<Process>, String> {
    let shall = |process: &Process| process.is_target && trees.get(process.tree).is_some_and(|tree| tree.suspended);
    for process in place.census().iter().filter(|process| shall(process)) {
        signal(process.pid, Signal::STOP);
        if !until(|| stat(process.pid).is_some_and(|stat| stat.state == 'T')) {
            return Err(format!("the soak cannot suspend {process:?}"));
        }
    }
    Ok(place.census())
}
