//! Whether a request did what it may, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;

use serde_json::Value;

use crate::ask::{Fate, Mode, Request};
use crate::census::{Process, stat};
use crate::it::sandbox::Ended;
use crate::place::can_be_bound;
use crate::trace::Trace;
use crate::tree::Tree;

pub(crate) struct Case<'a> {
    pub(crate) trees: &'a [Tree],
    pub(crate) request: &'a Request,
    /// Who was there before the request.
    pub(crate) before: &'a [Process],
    pub(crate) trace: &'a Trace,
    pub(crate) ended: &'a Ended,
}

impl Case<'_> {
    /// All that is wrong, in words; signals to others first.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let mut wrong = self.strayed();
        wrong.extend(self.after_the_interrupt());
        wrong.extend(self.harmed());
        if self.was_broken_off() {
            wrong.extend(self.spared());
            wrong.extend(self.said());
            return wrong;
        }
        wrong.extend(self.exit());
        if self.request.json && wrong.is_empty() {
            wrong.extend(self.document());
        }
        wrong
    }

    fn fates(&self) -> Vec<(usize, Fate)> {
        let fate = |asked: &crate::ask::Asked| (asked.tree, self.request.fate(*asked, &self.trees[asked.tree]));
        self.request.asked.iter().map(fate).collect()
    }

    /// The trees that may be signalled.
    fn meant(&self) -> BTreeSet<usize> {
        let is_meant = |fate| matches!(fate, Fate::Killed | Fate::Survived | Fate::Respawned);
        self.fates()
            .into_iter()
            .filter(|(_, fate)| is_meant(*fate))
            .map(|(tree, _)| tree)
            .collect()
    }

    fn may_be_signalled(&self, process: &Process) -> bool {
        process.is_target && self.meant().contains(&process.tree)
    }

    /// Signals that went to somebody else, or that nobody is sent.
    fn strayed(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut asked_to_end = BTreeSet::new();
        for sent in &self.trace.sent {
            let found = self.before.iter().find(|process| Some(process.pid) == sent.pid);
            let tree = found.and_then(|process| self.trees.get(process.tree));
            let is_suspended = found.is_some_and(|process| process.state == 'T');
            let is_due = match sent.signal.as_str() {
                "SIGTERM" => asked_to_end.insert(sent.pid),
                "SIGCONT" => is_suspended,
                "SIGKILL" => self.request.mode == Mode::Yes && asked_to_end.contains(&sent.pid),
                _ => false,
            };
            if !found.is_some_and(|process| self.may_be_signalled(process)) {
                wrong.push(format!(
                    "SIGNAL TO ANOTHER: {}\n    {found:?}\n    {}",
                    sent.line,
                    shown(tree)
                ));
            } else if !is_due {
                wrong.push(format!(
                    "signal out of turn: {}\n    {found:?}\n    {}",
                    sent.line,
                    shown(tree)
                ));
            }
        }
        if self.trace.runs != 1 {
            wrong.push(format!("{} programs were run", self.trace.runs));
        }
        wrong
    }

    /// Those who are gone, or were suspended or resumed, and should not; those who still are there and should not.
    fn harmed(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let killed: BTreeSet<usize> = self
            .fates()
            .into_iter()
            .filter(|(tree, fate)| *fate == Fate::Killed && (!self.was_broken_off() || self.is_told_free(*tree)))
            .map(|(tree, _)| tree)
            .collect();
        for process in self.before {
            let tree = shown(self.trees.get(process.tree));
            if !self.may_be_signalled(process) {
                let now = stat(process.pid)
                    .filter(|now| now.start == process.start)
                    .map(|now| now.state);
                let was_suspended = process.state == 'T';
                if now.is_none_or(|state| state == 'Z' || (state == 'T') != was_suspended) {
                    wrong.push(format!("HARMED: {process:?} is {now:?} now\n    {tree}"));
                }
            } else if killed.contains(&process.tree) && process.is_there() {
                wrong.push(format!("not ended: {process:?}\n    {tree}"));
            }
        }
        for tree in killed {
            let tree = &self.trees[tree];
            let is_free = if tree.udp {
                UdpSocket::bind(("127.0.0.1", tree.port)).is_ok()
            } else {
                can_be_bound(tree.port)
            };
            if !is_free {
                wrong.push(format!("cannot be bound: {tree}"));
            }
        }
        wrong
    }

    fn exit(&self) -> Vec<String> {
        let fates: Vec<Fate> = self.fates().into_iter().map(|(_, fate)| fate).collect();
        let expected = if fates
            .iter()
            .any(|fate| matches!(fate, Fate::Survived | Fate::Respawned))
        {
            7
        } else if fates.contains(&Fate::Refused) {
            6
        } else {
            0
        };
        match self.ended.code == Some(expected) {
            true => Vec::new(),
            false => vec![format!("exit code {:?} instead of {expected}", self.ended.code)],
        }
    }

    /// What the document says of each port, by number and whether it is UDP's.
    fn told(&self) -> Option<BTreeMap<(u64, bool), String>> {
        let document = serde_json::from_str::<Value>(&self.ended.stdout).ok()?;
        let result = |port: &Value| {
            let number = port["number"].as_u64().unwrap_or_default();
            (
                (number, port["protocol"] == "udp"),
                port["result"].as_str().unwrap_or_default().to_owned(),
            )
        };
        Some(document["ports"].as_array().into_iter().flatten().map(result).collect())
    }

    /// Whether it says of a tree that it was ended and the port is free.
    fn is_told_free(&self, tree: usize) -> bool {
        let tree = &self.trees[tree];
        let protocol = if tree.udp { "UDP " } else { "" };
        let line = format!(", {protocol}port {} is free", tree.port);
        let said = [&self.ended.stdout, &self.ended.stderr];
        let told = self.told().unwrap_or_default();
        said.iter()
            .any(|said| said.lines().any(|it| it.trim_end().ends_with(&line)))
            || told
                .get(&(u64::from(tree.port), tree.udp))
                .is_some_and(|it| it == "killed")
    }

    /// Of a request that was broken off: of no port is anything said that cannot be. What is told as ended is looked at
    /// where all the others are.
    fn said(&self) -> Vec<String> {
        let told = match self.told() {
            Some(told) => told,
            None if !self.request.json || self.ended.stdout.is_empty() => BTreeMap::new(),
            None => return vec!["stdout is no document".to_owned()],
        };
        let mut wrong = Vec::new();
        for asked in &self.request.asked {
            let tree = &self.trees[asked.tree];
            let possible: &[&str] = match self.request.fate(*asked, tree) {
                Fate::Free => &["free"],
                Fate::Refused => &["refused"],
                Fate::WouldKill => &["would_kill"],
                Fate::Survived => &["survived"],
                Fate::Killed => &["killed", "survived"],
                Fate::Respawned => &["killed", "respawned", "survived"],
            };
            let found = told.get(&(u64::from(tree.port), asked.by_udp)).map(String::as_str);
            // Of a range, free ports are not told; and on a terminal there is no document.
            let is_possible = found.map_or(told.is_empty() || possible == ["free"], |found| {
                possible.contains(&found)
            });
            let is_free = possible == ["free"] || possible.contains(&"killed");
            if !is_possible || !is_free && self.is_told_free(asked.tree) {
                wrong.push(format!("told as {found:?}, which cannot be: {tree}"));
            }
        }
        wrong
    }

    fn document(&self) -> Vec<String> {
        let Some(told) = self.told() else {
            return vec!["stdout is no document".to_owned()];
        };
        let mut wrong = Vec::new();
        for asked in &self.request.asked {
            let tree = &self.trees[asked.tree];
            let fate = self.request.fate(*asked, tree);
            let expected = match fate {
                Fate::Free => "free",
                Fate::Killed => "killed",
                Fate::WouldKill => "would_kill",
                Fate::Refused => "refused",
                Fate::Survived => "survived",
                Fate::Respawned => "respawned",
            };
            // Of a range, free ports are not told.
            let found = told.get(&(u64::from(tree.port), asked.by_udp)).map(String::as_str);
            if found != Some(expected) && !(fate == Fate::Free && found.is_none()) {
                wrong.push(format!("told as {found:?} instead of {expected}: {tree}"));
            }
        }
        wrong
    }
}

pub(crate) fn shown(tree: Option<&Tree>) -> String {
    tree.map_or_else(|| "belongs to no tree".to_owned(), ToString::to_string)
}
