//! A process table, one process per line → the processes to stop, and how many of them first.

use super::*;
use crate::process::argument_vector;

/// Lines: `pid parent group session name [tty] [zombie] [holds] [unit=U] : arguments`, with words separated by `|`. We
/// are pid 900; our parents are read from the table.
#[track_caller]
fn check(input: &str, expected: &str) {
    let mut table = Vec::new();
    let mut holders = Vec::new();
    let mut known = BTreeMap::new();
    for line in input.trim().lines() {
        let (facts, command) = line.split_once(" : ").unwrap_or((line, ""));
        let mut facts = facts.split_whitespace();
        let mut number = || facts.next().unwrap().parse::<u32>().unwrap();
        let (pid, parent, group, session) = (number(), number(), number(), number());
        let mut process = Process {
            identity: Identity {
                boot: String::new(),
                pid,
                start: u64::from(pid),
            },
            name: facts.next().unwrap().into(),
            parent,
            group,
            session,
            terminal: None,
            state: ProcessState::Running,
            kernel: false,
        };
        let mut details = Details {
            command: argument_vector(command),
            ..Details::default()
        };
        for fact in facts {
            match fact.split_once('=') {
                None if fact == "tty" => process.terminal = Some("pts/3".to_owned()),
                None if fact == "zombie" => process.state = ProcessState::Zombie,
                None if fact == "holds" => holders.push(pid),
                Some(("unit", unit)) => {
                    details.manager = Some(crate::process::managed_service::ManagedService {
                        by: crate::process::managed_service::ServiceManager::Systemd,
                        name: Some(unit.into()),
                        stop: String::new(),
                    });
                }
                _ => panic!("unknown fact `{fact}`"),
            }
        }
        known.insert(pid, details);
        table.push(process);
    }
    let ours = Ancestry::of(900, None, &table);
    let details = |pid: u32| known.get(&pid).cloned().unwrap_or_default();
    let said = match targets(&table, &holders, &details, &ours) {
        Targets::Refused { pid, name, reason } => format!("refused: {name} {pid}: {reason}"),
        Targets::End(tree) => {
            let pids: Vec<String> = tree
                .processes
                .iter()
                .map(|target| target.identity.pid.to_string())
                .collect();
            format!("{}; first {}", pids.join(" "), tree.n_first_wave)
        }
    };
    assert_eq!(said, expected);
}

#[test]
fn a_server_in_a_terminal_ends_with_its_job_and_not_its_shell() {
    check(
        "10 1 10 10 bash tty : bash
        20 10 20 10 python3 tty holds : python3|-m|http.server
        21 10 20 10 tee tty : tee|log",
        "20 21; first 2",
    );
}

#[test]
fn uvicorn_reload_ends_by_its_reloader() {
    check(
        "10 1 10 10 bash tty : bash
        20 10 20 10 uvicorn tty holds : python|/venv/bin/uvicorn|app:app|--reload
        21 20 20 10 python tty : python|-c|from multiprocessing.resource_tracker import main;main(4)
        22 20 20 10 python tty holds : python|-c|from multiprocessing.spawn import spawn_main; x",
        "20 21 22; first 3",
    );
}

#[test]
fn workers_end_by_their_master_even_in_a_script_with_siblings() {
    check(
        "20 1 20 20 bash : bash|./dev.sh
        21 20 20 20 redis-server : redis-server
        22 20 20 20 gunicorn holds : python|/venv/bin/gunicorn|-w|2|app
        23 22 20 20 gunicorn holds : python|/venv/bin/gunicorn|-w|2|app
        24 22 20 20 gunicorn holds : python|/venv/bin/gunicorn|-w|2|app
        25 20 20 20 celery : python|/venv/bin/celery",
        "22 23 24; first 1",
    );
    check(
        "10 1 10 10 bash tty : bash
        22 10 22 10 uvicorn holds : python|/venv/bin/uvicorn|--workers|2|app:app
        23 22 22 10 python holds : python|-c|from multiprocessing.spawn import spawn_main; a
        24 22 22 10 python holds : python|-c|from multiprocessing.spawn import spawn_main; b",
        "22 23 24; first 3",
    );
}

#[test]
fn wrappers_end_with_their_server() {
    check(
        "10 1 10 10 zsh tty : -zsh
        20 10 20 10 npm tty : npm run dev
        21 20 20 10 sh tty : sh|-c|vite --port 8080
        22 21 20 10 node tty holds : node|/app/node_modules/.bin/vite|--port|8080
        23 22 20 10 esbuild tty : esbuild|--service",
        "20 21 22 23; first 4",
    );
    check(
        "10 1 10 10 zsh tty : -zsh
        20 10 20 10 node tty : /usr/bin/node|/usr/lib/node_modules/npm/bin/npx-cli.js|vite
        21 20 20 10 node tty holds : node|vite",
        "20 21; first 2",
    );
    check(
        "10 1 10 10 sh : sh|./ci.sh
        20 10 10 10 uv : uv|run|uvicorn
        21 20 10 10 python holds : python|uvicorn",
        "20 21; first 1",
    );
    check(
        "10 1 10 10 sh : sh|./ci.sh
        20 10 10 10 python3 : python3|-m|poetry|run|flask
        21 20 10 10 flask holds : python3|flask",
        "20 21; first 1",
    );
}

#[test]
fn a_reloader_that_does_not_hold_the_port_ends_too() {
    check(
        "10 1 10 10 bash tty : bash
        20 10 20 10 python tty : python|manage.py|runserver
        21 20 20 10 python tty holds : /venv/bin/python|manage.py|runserver",
        "20 21; first 2",
    );
}

#[test]
fn a_wrapper_of_several_is_left_alone() {
    check(
        "10 1 10 10 npm : npm run dev
        20 10 10 10 sh : sh|-c|tsc --watch & vite
        21 20 10 10 node : node|tsc
        22 20 10 10 node holds : node|vite",
        "22; first 1",
    );
}

#[test]
fn a_loop_is_left_to_show_that_it_restarts_its_server() {
    check(
        "20 1 20 20 bash : bash|-c|while :; do python3 -m http.server 8000; done
        21 20 20 20 python3 holds : python3|-m|http.server|8000",
        "21; first 1",
    );
    check(
        "20 1 20 20 bash : bash|run-forever.sh
        21 20 20 20 bash : bash|run-forever.sh
        22 21 20 20 python3 holds : python3|-m|http.server|8000",
        "22; first 1",
    );
}

#[test]
fn a_wrapper_of_another_session_is_not_the_holders() {
    check(
        "20 1 20 20 npm : npm run dev
        21 20 21 21 node holds : node|server.js",
        "21; first 1",
    );
}

#[test]
fn orphans_end_together_with_their_like() {
    check(
        "22 1 20 10 python3 holds : python3|-c|from multiprocessing.spawn import spawn_main; a
        23 1 20 10 python3 holds : python3|-c|from multiprocessing.spawn import spawn_main; b
        24 1 20 10 python3 : python3|-c|from multiprocessing.resource_tracker import main;main(4)
        25 22 20 10 sleep : sleep|99",
        "22 23 24 25; first 2",
    );
    check(
        "22 1 20 20 gunicorn holds : gunicorn|app
        23 1 20 20 gunicorn : gunicorn|app
        24 1 20 20 redis-server : redis-server
        25 24 20 20 gunicorn : gunicorn|app",
        "22 23; first 1",
    );
    check(
        "20 1 20 20 python3 zombie
        22 20 20 20 node holds : node|server.js
        23 1 20 20 node : node|server.js",
        "22 23; first 1",
    );
}

#[test]
fn members_that_left_their_parents_end_with_the_leader_of_their_group() {
    check(
        "20 1 20 20 python3 holds : python3|server.py
        21 1 20 20 python3 : python3|job.py
        22 20 22 22 python3 : python3|daemon.py
        23 22 22 22 python3 zombie",
        "20 21 22; first 3",
    );
}

#[test]
fn two_unrelated_holders_have_a_root_each() {
    check(
        "20 1 19 19 python3 holds : python3|a.py
        30 1 29 29 python3 holds : python3|b.py
        31 30 29 29 python3 holds : python3|c.py",
        "20 30 31; first 2",
    );
}

#[test]
fn nobody_ends_when_one_of_them_is_protected() {
    check(
        "300 1 300 300 python3 holds : python3|runner.py
        900 300 300 300 xtask : xtask|up",
        "refused: python3 300: it is an ancestor of this command",
    );
    check(
        "20 1 20 20 docker-proxy holds : docker-proxy|-host-port|5432",
        "refused: docker-proxy 20: it is the container engine's port proxy",
    );
    check(
        "20 1 20 20 jupyter-lab holds : python3|jupyter-lab
        21 20 21 21 bash tty : bash",
        "refused: bash 21: it is the shell of a terminal (pts/3)",
    );
    check(
        "20 1 20 20 redis-server holds unit=redis.service : redis-server",
        "refused: redis-server 20: systemd runs it as `redis.service`",
    );
}

#[test]
fn a_pipeline_that_we_are_part_of_is_not_taken_for_the_servers_group() {
    check(
        "10 1 10 10 bash tty : bash
        20 10 20 10 python3 tty holds : python3|server.py
        900 10 20 10 xtask tty : xtask|up",
        "20; first 1",
    );
}

#[test]
fn a_holder_that_has_vanished_leaves_nothing_to_end() {
    check("20 1 20 20 python3 zombie holds", "; first 0");
}

/// Groups and sessions of Windows: each process is its own group, and all are in one session.
#[test]
fn wrappers_of_windows_end_with_their_server() {
    check(
        r"10 9 10 1 cmd.exe : C:\Windows\system32\cmd.exe|/c|npm.cmd|run|dev
        11 10 11 1 node.exe : C:\node\node.exe|C:\node\node_modules\npm\bin\npm-cli.js|run|dev
        12 11 12 1 cmd.exe : C:\Windows\system32\cmd.exe|/d|/s|/c|vite
        13 12 13 1 node.exe holds : C:\node\node.exe|C:\shop\node_modules\vite\bin\vite.js",
        "10 11 12 13; first 4",
    );
    check(
        r"10 9 10 1 powershell.exe : powershell.exe
        11 10 11 1 uvicorn.exe : C:\shop\.venv\Scripts\uvicorn.exe|main:app
        12 11 12 1 python.exe : C:\shop\.venv\Scripts\python.exe|C:\shop\.venv\Scripts\uvicorn.exe|main:app
        13 12 13 1 python.exe holds : C:\Python312\python.exe|C:\shop\.venv\Scripts\uvicorn.exe|main:app",
        "11 12 13; first 3",
    );
}
