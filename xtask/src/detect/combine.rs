//! Several files that tell of one program: the most trustworthy one counts, and the others add what it lacks.

use super::candidate::Candidate;
use super::line::Run;
use super::program::Origin;
use super::python;
use super::repository::{Repository, join, upwards};
use super::tool::{Kind, Role};

/// Every program once, and what was left out.
pub(crate) fn combined(mut candidates: Vec<Candidate>, repository: &Repository) -> (Vec<Candidate>, Vec<String>) {
    candidates.sort_by_key(|candidate| candidate.origin);
    let (mut kept, mut left): (Vec<Candidate>, Vec<String>) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let same = kept.iter_mut().find(|it| is_same(it, &candidate, repository));
        if let Some(same) = same {
            add(same, candidate);
        } else if is_nothing_that_runs_on(&candidate) {
            let why = candidate.why.last().filter(|_| !is_builder(&candidate));
            let line = why.map(|why| format!("{why}: no server that is known here"));
            let news = line.filter(|line| !left.contains(line));
            left.extend(news);
        } else {
            kept.push(candidate);
        }
    }
    (kept, left)
}

fn is_same(one: &Candidate, other: &Candidate, repository: &Repository) -> bool {
    if one.directory == other.directory && one.run == other.run && one.environment == other.environment {
        return true;
    }
    let has_role = one.role == other.role && one.role != Role::Other;
    let is_named_alike = one.name == other.name && one.name.is_some();
    let is_one_home = home(one, repository) == home(other, repository);
    // A list of processes may well have two workers.
    has_role && is_one_home && (one.origin != other.origin || is_named_alike)
}

/// The directory that a program belongs to: of its manifest, not the one it happens to run in.
fn home(candidate: &Candidate, repository: &Repository) -> String {
    let own = candidate.directory.as_str();
    let manifests = [
        "package.json",
        "go.mod",
        "Cargo.toml",
        "Gemfile",
        "pom.xml",
        "composer.json",
    ];
    let has_manifest = |above: &&str| manifests.iter().any(|manifest| repository.has(&join(above, manifest)));
    let home = match candidate.kind {
        Kind::Python => python::project_of(repository, own),
        Kind::NodeModule | Kind::Javascript | Kind::Go | Kind::Rust | Kind::Other => upwards(own).find(has_manifest),
    };
    home.unwrap_or(own).to_owned()
}

fn add(same: &mut Candidate, other: Candidate) {
    let is_default = same
        .port
        .as_ref()
        .is_some_and(|port| port.number.why.starts_with("the default") || port.number.why.starts_with("the first"));
    if let Some(port) = other.port {
        match &mut same.port {
            None if same.role != Role::Worker => same.port = Some(port),
            Some(own) if is_default && !port.number.why.starts_with("the default") => own.number = port.number,
            Some(_) | None => {}
        }
    }
    same.health = same.health.take().or(other.health);
    let news: Vec<String> = other.why.into_iter().filter(|why| !same.why.contains(why)).collect();
    // Of a guess only the file is news, and everybody knows it.
    if other.origin != Origin::Guess {
        same.why.extend(news);
    }
}

/// A script that only builds a library, which nobody would expect to be started.
fn is_builder(candidate: &Candidate) -> bool {
    const BUILDERS: [&str; 12] = [
        "tsc",
        "tsup",
        "tsdown",
        "rollup",
        "esbuild",
        "unbuild",
        "swc",
        "babel",
        "microbundle",
        "turbo",
        "nx",
        "vite",
    ];
    let Run::Words(words) = &candidate.run else {
        return false;
    };
    let is_known = |word: &String| BUILDERS.contains(&word.as_str());
    candidate.origin == Origin::Script && words.iter().take(3).any(is_known)
}

/// A script or a task of an editor that opens no port: it builds or watches something, or is for somebody's machine.
fn is_nothing_that_runs_on(candidate: &Candidate) -> bool {
    let is_said = matches!(candidate.origin, Origin::Procfile | Origin::Launch | Origin::Runner);
    !is_said && candidate.role == Role::Other && !candidate.is_task && candidate.port.is_none()
        || candidate.is_task && candidate.origin == Origin::EditorTask
        || candidate.origin == Origin::Script && matches!(candidate.run, Run::Shell(_)) && candidate.role == Role::Other
}
