//! `port = "auto"`: a stable number for each checkout, away from those of others.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::sandbox::port::row;
use crate::sandbox::{Running, Sandbox};

/// `api` and `web` with `auto` ports whose bases are the first and the sixth of forty that nobody else has.
fn stack() -> (Sandbox, u16) {
    let first = row(40);
    let sandbox = Sandbox::new(
        r#"
[project]
name = "shop"

[services.api]
command = ["SERVICE", "--listen", "127.0.0.1:env:API_PORT", "--say", "on ${PORT}"]
port = { number = "auto", base = "${API_PORT}" }

[services.web]
command = ["SERVICE", "--listen", "127.0.0.1:env", "--say", "api at ${services.api.url}"]
port = { number = "auto", base = "${WEB_PORT}" }
depends_on = ["api"]
"#,
    );
    sandbox.write(".env", &format!("API_PORT={first}\nWEB_PORT={}\n", first + 5));
    (sandbox, first)
}

/// Another checkout beside the sandbox's own: a linked worktree of its repository, as git makes one.
fn worktree(sandbox: &Sandbox, name: &str) -> PathBuf {
    let directory = sandbox.checkout(name);
    let env = sandbox.project().join(".env");
    fs::copy(env, directory.join(".env")).unwrap();
    let git = sandbox.project().join(".git/worktrees").join(name);
    fs::create_dir_all(&git).unwrap();
    fs::write(git.join("commondir"), "../..\n").unwrap();
    fs::write(git.join("HEAD"), format!("ref: refs/heads/{name}\n")).unwrap();
    fs::write(directory.join(".git"), format!("gitdir: {}\n", git.display())).unwrap();
    directory
}

#[track_caller]
fn json(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    sandbox.start_in(directory, &arguments).wait().json()
}

/// The numbers of both services.
#[track_caller]
fn ports(sandbox: &Sandbox, directory: &Path) -> [u64; 2] {
    let status = json(sandbox, directory, &["status"]);
    [0, 1].map(|at| status["services"][at]["ports"][0]["number"].as_u64().unwrap())
}

#[track_caller]
fn up(sandbox: &Sandbox, directory: &Path) -> Running {
    let up = sandbox.start_in(directory, &["up"]);
    up.wait_for("eady in");
    up
}

#[track_caller]
fn down(sandbox: &Sandbox, directory: &Path, up: Running) {
    sandbox.start_in(directory, &["down"]).wait().with(0);
    up.wait().with(0);
}

#[test]
fn the_main_checkout_keeps_the_base_and_worktrees_run_beside_it() {
    let (sandbox, first) = stack();
    let base = u64::from(first);
    let main = sandbox.project();
    let [two, three] = ["shop-2", "shop-3"].map(|name| worktree(&sandbox, name));
    // Whoever comes first.
    let second = up(&sandbox, &two);
    let third = up(&sandbox, &three);
    let own = up(&sandbox, &main);
    assert_eq!(ports(&sandbox, &main), [base, base + 5]);
    assert_eq!(ports(&sandbox, &two), [base + 10, base + 15]);
    assert_eq!(ports(&sandbox, &three), [base + 20, base + 25]);
    second.wait_for(&format!("api at http://127.0.0.1:{}", base + 10));
    own.wait_for(&format!("api at http://127.0.0.1:{base}"));
    let status = json(&sandbox, &two, &["status"]);
    assert_eq!(status["services"][0]["ports"][0]["declared"], Value::Null);
    down(&sandbox, &two, second);
    down(&sandbox, &three, third);
    down(&sandbox, &main, own);
    sandbox.nothing_is_left();
}

#[test]
fn the_numbers_stay_until_the_base_is_edited_or_they_are_reset() {
    let (sandbox, first) = stack();
    let base = u64::from(first);
    let [two, three] = ["shop-2", "shop-3"].map(|name| worktree(&sandbox, name));
    for directory in [&two, &three] {
        let up = up(&sandbox, directory);
        down(&sandbox, directory, up);
    }
    fs::remove_dir_all(&two).unwrap();
    assert_eq!(ports(&sandbox, &three), [base + 20, base + 25]);
    // What is gone has nothing reserved, so a new one may have it.
    let four = worktree(&sandbox, "shop-4");
    assert_eq!(ports(&sandbox, &four), [base + 10, base + 15]);
    let reset = sandbox.start_in(&three, &["up", "--reset-ports"]);
    reset.wait_for("eady in");
    assert!(
        reset
            .stderr()
            .contains(&format!("`api` moves from port {} to {}.", base + 20, base + 10)),
        "{}",
        reset.stderr()
    );
    assert_eq!(ports(&sandbox, &three), [base + 10, base + 15]);
    down(&sandbox, &three, reset);
    fs::write(
        three.join(".env"),
        format!("API_PORT={}\nWEB_PORT={}\n", first + 2, first + 5),
    )
    .unwrap();
    assert_eq!(ports(&sandbox, &three), [base + 12, base + 15]);
}

/// A directory on a disk that does not answer would keep whoever looks at it waiting. Who was seen to be gone is
/// dropped.
#[test]
fn other_checkouts_are_not_looked_at_unless_they_have_what_is_to_be_chosen() {
    let (sandbox, first) = stack();
    let main = sandbox.project();
    let [two, three] = ["shop-2", "shop-3"].map(|name| worktree(&sandbox, name));
    for directory in [&two, &three] {
        let up = up(&sandbox, directory);
        down(&sandbox, directory, up);
    }
    for directory in [&two, &three] {
        fs::remove_dir_all(directory).unwrap();
    }
    let noted = || {
        let text = fs::read_to_string(sandbox.home().join(".local/state/devtasks/ports.json")).unwrap();
        [&two, &three].map(|directory| text.contains(&format!("\"{}\"", directory.display())))
    };
    // Its numbers are those of no other, or written, or chosen before.
    for arguments in [&["up"][..], &["up", "--reset-ports"]] {
        let own = sandbox.start(arguments);
        own.wait_for("eady in");
        down(&sandbox, &main, own);
    }
    assert_eq!(noted(), [true, true]);
    let listed = sandbox.run(&["port", "ls", "--all-projects", "shop"]).with(0).stdout;
    assert!(
        listed.contains(&main.display().to_string()) && !listed.contains("shop-"),
        "{listed}"
    );

    let four = worktree(&sandbox, "shop-4");
    let fourth = up(&sandbox, &four);
    assert_eq!(noted(), [false, true]);
    down(&sandbox, &four, fourth);
    let config = fs::read_to_string(main.join("devtasks.toml")).unwrap();
    let moves = "[services.api]\non_conflict = \"next\"\n";
    sandbox.write("devtasks.toml", &config.replace("[services.api]\n", moves));
    sandbox.write(".env", &format!("API_PORT={}\nWEB_PORT={}\n", first + 19, first + 5));
    let _taken = sandbox.stranger(&["--listen", &format!("127.0.0.1:{}", first + 19)]);
    let own = up(&sandbox, &main);
    assert_eq!(ports(&sandbox, &main)[0], u64::from(first + 20));
    assert_eq!(noted(), [false, false]);
    down(&sandbox, &main, own);
}

#[test]
fn a_main_checkout_that_does_not_get_its_base_is_told_once_who_has_it() {
    let (sandbox, first) = stack();
    let (main, clone) = (sandbox.project(), sandbox.checkout("shop-b"));
    fs::copy(main.join(".env"), clone.join(".env")).unwrap();
    let there = up(&sandbox, &clone);
    down(&sandbox, &clone, there);
    let told = |port: u16| {
        let (there, now) = (clone.display(), port + 10);
        format!("is on port {now} instead of {port}, which is reserved by `shop` in {there}")
    };
    let own = up(&sandbox, &main);
    for (service, port) in [("api", first), ("web", first + 5)] {
        let told = format!("`{service}` {}.\n", told(port));
        assert!(own.stderr().contains(&told), "{}", own.stderr());
    }
    down(&sandbox, &main, own);
    let own = up(&sandbox, &main);
    assert!(!own.stderr().contains("instead of"), "{}", own.stderr());
    down(&sandbox, &main, own);

    // Where a port has moved there, it can return.
    let declared = first + 29;
    let config = format!(
        "[project]\nname = \"shop\"\n[services.x]\ncommand = [{:?}, \"--listen\", \"127.0.0.1:env\"]\n\
         port = {declared}\non_conflict = \"next\"\n",
        crate::sandbox::service().display().to_string()
    );
    fs::write(clone.join("devtasks.toml"), config).unwrap();
    let _taken = sandbox.stranger(&["--listen", &format!("127.0.0.1:{declared}")]);
    let there = up(&sandbox, &clone);
    down(&sandbox, &clone, there);
    sandbox.write(".env", &format!("API_PORT={}\nWEB_PORT={}\n", first + 30, first + 31));
    let own = up(&sandbox, &main);
    let told = format!(
        "`api` {}: `xtask up --reset-ports` there and then here.\n",
        told(first + 30)
    );
    assert!(own.stderr().contains(&told), "{}", own.stderr());
    down(&sandbox, &main, own);
}

#[test]
fn what_a_live_stranger_holds_is_passed_over_in_a_worktree_and_a_conflict_in_the_main_checkout() {
    let (sandbox, first) = stack();
    let base = u64::from(first);
    let two = worktree(&sandbox, "shop-2");
    let listen = |port: u16| sandbox.stranger(&["--listen", &format!("127.0.0.1:{port}")]);
    let _strangers = (listen(first), listen(first + 15));
    let second = up(&sandbox, &two);
    assert_eq!(ports(&sandbox, &two), [base + 20, base + 25]);
    down(&sandbox, &two, second);
    let ended = sandbox.run(&["up"]).with(3);
    assert!(ended.stderr.contains(&format!("port {first} is taken by")), "{ended:?}");
    // Its own processes are no strangers: once they run, all say the same.
    let up = up(&sandbox, &two);
    assert_eq!(json(&sandbox, &two, &["doctor"])["ok"], true);
    down(&sandbox, &two, up);
}

#[test]
fn a_reset_of_a_running_stack_finds_the_same_numbers() {
    let (sandbox, _) = stack();
    let two = worktree(&sandbox, "shop-2");
    let second = up(&sandbox, &two);
    let before = ports(&sandbox, &two);
    let reset = sandbox.start_in(&two, &["up", "--reset-ports"]).wait().with(0);
    assert!(reset.stderr.contains("shop is already running"), "{reset:?}");
    assert_eq!(ports(&sandbox, &two), before);
    down(&sandbox, &two, second);
}

#[test]
fn what_is_set_for_the_call_is_taken_as_it_stands() {
    let (sandbox, first) = stack();
    let base = u64::from(first);
    let [two, three] = ["shop-2", "shop-3"].map(|name| worktree(&sandbox, name));
    let before = up(&sandbox, &two);
    down(&sandbox, &two, before);
    let mut command = sandbox.command(&["up"]);
    command.current_dir(&two).env("API_PORT", (first + 3).to_string());
    let with = Running::start(command);
    with.wait_for("eady in");
    assert_eq!(ports(&sandbox, &two), [base + 3, base + 15]);
    down(&sandbox, &two, with);
    // What it had is kept for it meanwhile, also from one who would need that alone.
    let config = fs::read_to_string(three.join("devtasks.toml")).unwrap();
    let (api, _) = config.split_once("[services.web]").unwrap();
    fs::write(three.join("devtasks.toml"), api).unwrap();
    let third = up(&sandbox, &three);
    let status = json(&sandbox, &three, &["status"]);
    assert_eq!(status["services"][0]["ports"][0]["number"], base + 20);
    down(&sandbox, &three, third);
    let without = up(&sandbox, &two);
    assert_eq!(ports(&sandbox, &two), [base + 10, base + 15]);
    down(&sandbox, &two, without);
}

#[test]
fn two_that_begin_at_once_get_numbers_of_their_own() {
    let (sandbox, first) = stack();
    let directories = ["a", "b", "c"].map(|name| worktree(&sandbox, name));
    let ups = directories
        .each_ref()
        .map(|directory| sandbox.start_in(directory, &["up"]));
    ups.iter().for_each(|up| up.wait_for("eady in"));
    let mut numbers: Vec<u64> = directories
        .iter()
        .map(|directory| ports(&sandbox, directory)[0])
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [10, 20, 30].map(|offset| u64::from(first) + offset));
}

#[test]
fn without_a_base_the_number_comes_from_the_names() {
    let config = "[project]\nname = \"NAME\"\n[services.api]\ncommand = \"true\"\nport = \"${API:-auto}\"\n";
    let number = |name: &str| {
        let sandbox = Sandbox::new(&config.replace("NAME", name));
        let status = json(&sandbox, &sandbox.project(), &["status"]);
        status["services"][0]["ports"][0]["number"].as_u64().unwrap()
    };
    let numbers = ["shop", "shop", "stall"].map(number);
    assert_eq!(numbers[0], numbers[1]);
    assert_ne!(numbers[0], numbers[2]);
    assert!(
        numbers.iter().all(|number| (10_000..30_000).contains(number)),
        "{numbers:?}"
    );
}

#[test]
fn a_file_of_reservations_that_makes_no_sense_is_kept_beside() {
    let (sandbox, _) = stack();
    let state = sandbox.home().join(".local/state/devtasks");
    let file = state.join("ports.json");
    fs::create_dir_all(&state).unwrap();
    fs::write(&file, "{ no sense").unwrap();
    let up = sandbox.up(&[]);
    assert!(
        up.stderr().contains("was corrupt and has been reset"),
        "{}",
        up.stderr()
    );
    assert_eq!(
        fs::read_to_string(state.join("ports.json.broken")).unwrap(),
        "{ no sense"
    );
    assert!(fs::read_to_string(&file).unwrap().contains("api.main"));
}

#[test]
fn one_of_a_newer_version_is_not_overwritten() {
    let (sandbox, _) = stack();
    let state = sandbox.home().join(".local/state/devtasks");
    let file = state.join("ports.json");
    fs::create_dir_all(&state).unwrap();
    let newer = r#"{"version": 1000, "all": "different"}"#;
    fs::write(&file, newer).unwrap();
    let ended = sandbox.run(&["up"]).with(1);
    assert_eq!(
        sandbox.plain(&ended.stderr),
        "error: `[sandbox]/home/.local/state/devtasks/ports.json` was written by a newer version of devtasks

hint: use that version, or forget what checkouts have reserved with `rm [sandbox]/home/.local/state/devtasks/ports.json`
"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), newer);
}

#[test]
fn what_is_noted_already_is_not_written_again() {
    let (sandbox, _) = stack();
    let file = sandbox.home().join(".local/state/devtasks/ports.json");
    let first = sandbox.up(&[]);
    down(&sandbox, &sandbox.project(), first);
    let written = fs::metadata(&file).unwrap().modified().unwrap();
    let second = sandbox.up(&[]);
    down(&sandbox, &sandbox.project(), second);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written);
}
