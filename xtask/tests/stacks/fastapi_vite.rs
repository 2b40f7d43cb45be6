//! `docs/examples/fastapi-vite`: set up by the very commands of its README, then run through its good and bad days.

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use xshell::{Shell, cmd};

use crate::it::sandbox::{Running, eventually, port};
use crate::shop::{Shop, crash, ended_with, set_up};

#[test]
fn the_readme_sets_it_up_exactly_as_pinned() {
    let root = tempfile::tempdir().expect("a directory for the copy");
    let stack = root.path().join("fastapi-vite");
    set_up(&stack);
    let shell = Shell::new().expect("a working directory");
    shell.change_dir(&stack);

    let installed = cmd!(shell, "backend/.venv/bin/python -m pip freeze")
        .read()
        .expect("pip answers");
    let pinned = shell.read_file("backend/requirements.txt").expect("the pins are there");
    let mut pinned: Vec<&str> = pinned
        .lines()
        .filter(|line| line.contains("==") && !line.contains("win32"))
        .collect();
    pinned.sort_unstable();
    assert_eq!(installed.lines().collect::<Vec<_>>(), pinned);

    // It can be imported, so every compiled part fits this Python.
    shell.change_dir("backend");
    cmd!(shell, ".venv/bin/python -c 'import app, uvicorn, watchfiles'")
        .run()
        .expect("the app loads");
    shell.change_dir("../frontend");
    let version = cmd!(shell, "node_modules/.bin/vite --version")
        .read()
        .expect("vite starts");
    assert!(version.starts_with("vite/8.3.8 "), "{version}");
}

#[test]
fn its_lock_file_names_no_registry() {
    let lock = include_str!("../../../docs/examples/fastapi-vite/frontend/package-lock.json");
    assert!(
        !lock.contains("\"resolved\""),
        "`npm install` in the example's directory writes it without"
    );
}

/// One test, because setting it up takes longer than all the rest.
#[test]
fn the_stack_comes_up_survives_its_bad_days_and_leaves_nothing() {
    let shop = Shop::set_up();
    let up = it_comes_up(&shop);
    a_second_up_says_already_running(&shop);
    all_is_ready_and_ours(&shop);
    let up = what_a_crash_left_is_known_and_ended(&shop, up);
    shop.stop(up);
    a_suspended_server_of_somebody_else_is_called_so_and_ended_if_told_so(&shop);
    a_stranger_is_shown_and_left_alone(&shop);
    a_frontend_that_listens_elsewhere_is_not_ready(&shop);
}

fn it_comes_up(shop: &Shop) -> Running {
    let up = shop.sandbox.up(&[]);
    shop.answers();
    up
}

fn a_second_up_says_already_running(shop: &Shop) {
    let second = shop.sandbox.run(&["up"]);
    ended_with(0, &second);
    assert!(second.stderr.contains("shop is already running"), "{second:?}");
    shop.answers();
}

fn all_is_ready_and_ours(shop: &Shop) {
    let status = shop.json(&["status"]);
    let services = status["services"].as_array().unwrap();
    assert_eq!(services.len(), 2);
    for (service, number) in services.iter().zip([shop.backend, shop.frontend]) {
        assert_eq!(service["state"], "ready", "{status:#}");
        assert_eq!(service["health"]["status"], "ok", "{status:#}");
        let port = &service["ports"][0];
        assert_eq!(
            [&port["number"], &port["listening"], &port["ours"]],
            [&json!(number), &json!(true), &json!(true)]
        );
    }
}

/// The supervisor is killed, then the reloader, so that the worker, which calls itself `multiprocessing.spawn`, is left
/// with the port.
fn what_a_crash_left_is_known_and_ended(shop: &Shop, up: Running) -> Running {
    let status = shop.json(&["status"]);
    let reloader = u32::try_from(status["services"][0]["pid"].as_u64().unwrap()).unwrap();
    up.kill();
    up.wait();
    crash(reloader);

    let who = shop.who(shop.backend);
    assert_eq!(who["code"], "port.busy.own_leftover", "{who:#}");
    let [orphan] = &who["owners"].as_array().unwrap()[..] else {
        panic!("one orphan: {who:#}")
    };
    assert!(
        orphan["command"].to_string().contains("from multiprocessing.spawn"),
        "{who:#}"
    );
    assert_eq!(
        [&orphan["project"], &orphan["service"]],
        [&json!("shop"), &json!("backend")]
    );
    let doctor = shop.json(&["doctor"]);
    let codes: Vec<_> = doctor["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["code"])
        .collect();
    assert!(codes.contains(&&json!("port.busy.own_leftover")), "{doctor:#}");
    assert!(codes.contains(&&json!("run.leftovers")), "{doctor:#}");

    let left = shop.sandbox.run(&["up", "--on-conflict", "fail"]);
    ended_with(3, &left);

    let up = shop.sandbox.up(&[]);
    let said = up.stderr();
    assert!(said.contains("An earlier run left"), "{said}");
    assert!(said.contains("nothing of it is left"), "{said}");
    shop.answers();
    all_is_ready_and_ours(shop);
    up
}

/// `uvicorn --reload` by hand, then Ctrl-Z.
fn a_suspended_server_of_somebody_else_is_called_so_and_ended_if_told_so(shop: &Shop) {
    let port = shop.backend.to_string();
    let server = shop.stranger(shop.backend, &["-m", "uvicorn", "app:app", "--reload", "--port", &port]);
    let group = Pid::from_raw(server.pid().cast_signed()).unwrap();
    kill_process_group(group, Signal::TSTP).unwrap();
    let states = || {
        let who = shop.who(shop.backend);
        let owners = who["owners"].as_array().unwrap().clone();
        owners.iter().map(|owner| owner["state"].clone()).collect::<Vec<_>>()
    };
    // The reloader and its worker.
    eventually(|| format!("{:?}", states()), || states() == ["suspended", "suspended"]);

    let card = shop.sandbox.run(&["port", "who", &port]);
    assert!(card.stdout.contains("suspended"), "{card:?}");
    let up = shop.sandbox.run(&["up"]);
    ended_with(3, &up);
    assert!(up.stderr.contains("it is suspended"), "{up:?}");
    assert_eq!(states(), ["suspended", "suspended"], "somebody let it go on");

    let up = shop.sandbox.up(&["--on-conflict", "kill", "--yes"]);
    assert!(up.stderr().contains(&format!("port {port} is free")), "{}", up.stderr());
    shop.answers();
    server.wait();
    shop.stop(up);
}

fn a_stranger_is_shown_and_left_alone(shop: &Shop) {
    let port = shop.frontend.to_string();
    let stranger = shop.stranger(shop.frontend, &["-m", "http.server", &port, "--bind", "127.0.0.1"]);
    let up = shop.sandbox.run(&["up"]);
    ended_with(3, &up);
    let taken = format!("error: port {port} is taken by `python",);
    assert!(up.stderr.contains(&taken), "{up:?}");
    assert!(
        up.stderr
            .contains(&format!("-m http.server {port} --bind 127.0.0.1,\n      in ")),
        "{up:?}"
    );
    assert_eq!(shop.sandbox.processes(), [stranger.pid()]);
    stranger.kill();
    stranger.wait();
}

fn a_frontend_that_listens_elsewhere_is_not_ready(shop: &Shop) {
    let config = include_str!("../../../docs/examples/fastapi-vite/devtasks.toml");
    let other = port();
    shop.sandbox.write(
        "devtasks.toml",
        &config.replace("vite --port ${FRONTEND_PORT}", &format!("vite --port {other}")),
    );
    let up = shop.sandbox.start(&["up"]);
    let waiting_for = || shop.json(&["status"])["services"][1]["waiting_for"][0].to_string();
    let expected = format!("listens on {other}, not on {} as declared", shop.frontend);
    eventually(waiting_for, || waiting_for().contains(&expected));
    assert!(!up.stderr().contains("eady in"), "{}", up.stderr());
    shop.stop(up);
}
