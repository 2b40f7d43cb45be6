//! The owner of a port: the card on a terminal, the summary elsewhere.

use super::{busy, check, owner, parent, reader, suspended};
use crate::diagnostic::{Hint, Level};
use crate::expected::Expected;
use crate::ports::{Finding, Owner, SocketState};
use crate::process::ProcessInfo;
use crate::process::{ProcessState, Repository, Tag};
use crate::report::card::{RenderContext, card};
use crate::report::finding::{conflict, finding};
use crate::report::paint::Paint;
use expect_test::expect;
use std::path::PathBuf;

#[track_caller]
fn check_card(owner: &Owner, expected: impl Expected) {
    check(&card(owner, &reader(80)), expected);
}

#[test]
fn a_busy_port_is_shown_with_its_owner_and_what_to_type() {
    check(
        &conflict(&busy(vec![owner()]), &reader(80)),
        expect![[r#"
            Port 8000 (backend) is busy.

              python3   pid 4242   yours   running   started 2 h 14 min ago
              python -m http.server 8000
              in        ~/Downloads
              from      zsh (991) < tmux (880)
              children  1     clients  1 (Firefox 4511)

            Port 8000 is taken by `python3` (pid 4242).
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
}

#[test]
fn card_names_a_debugger() {
    let debugged = Owner {
        process: ProcessInfo {
            command: [
                "python3",
                "/x/debugpy/launcher/../../debugpy",
                "--connect",
                "127.0.0.1:5",
                "-m",
                "uvicorn",
            ]
            .map(str::to_owned)
            .to_vec()
            .into(),
            ..owner().process
        },
        ..owner()
    };
    let text = card(&debugged, &reader(100));
    assert!(
        text.contains("from      zsh (991) < tmux (880)   under a debugger (debugpy)\n"),
        "{text}"
    );
}

#[test]
fn card_fits_into_60_columns() {
    let text = conflict(&busy(vec![suspended()]), &reader(60));
    check(
        &text,
        expect![[r#"
            Port 8000 (backend) is busy.

              python3   pid 4242   yours   suspended (Ctrl-Z in pts/3)
              started 2 h 14 min ago
              python -m uvicorn app:app --reload --port 8000
              in        ~/code/shop-old/backend
                        (checkout `shop-old`, branch main)
              from      zsh (991) < tmux (880)
              children  1     clients  1 (Firefox 4511)

            Port 8000 is taken by `python3` (pid 4242).
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
    let cards = text.lines().take_while(|line| !line.starts_with("Port 8000 is"));
    assert!(cards.into_iter().all(|line| line.chars().count() <= 60));
}

#[test]
fn several_owners_have_a_card_each() {
    let worker = Owner {
        process: ProcessInfo {
            parents: vec![parent(4242, "python3")],
            children: 0,
            ..owner().process
        },
        clients: Vec::new(),
        ..owner()
    };
    check(
        &conflict(&busy(vec![owner(), worker]), &reader(80)),
        expect![[r#"
            Port 8000 (backend) is busy.

              python3   pid 4242   yours   running   started 2 h 14 min ago
              python -m http.server 8000
              in        ~/Downloads
              from      zsh (991) < tmux (880)
              children  1     clients  1 (Firefox 4511)

              python3   pid 4242   yours   running   started 2 h 14 min ago
              python -m http.server 8000
              in        ~/Downloads
              from      python3 (4242)
              children  0     clients  0

            Port 8000 is taken by `python3` (pid 4242).
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
}

#[test]
fn conflict_without_an_owner_is_a_sentence_and_no_card() {
    let hidden = Finding {
        message: "port 8000 is taken, and its owner cannot be seen: it belongs to user `root`".to_owned(),
        hints: vec![Hint::run_after("look with", "sudo ", "port who 8000")],
        ..busy(Vec::new())
    };
    check(
        &conflict(&hidden, &reader(80)),
        expect![[r#"
            Port 8000 is taken, and its owner cannot be seen: it belongs to user `root`.
            hint: look with `sudo cargo xtask port who 8000`"#]],
    );
}

#[test]
fn finding_without_a_terminal_is_an_error_with_its_place() {
    check(
        &finding(&busy(vec![suspended()]), &reader(100)),
        expect![[r#"
            error: port 8000 is taken by `python3` (pid 4242)
              --> devtasks.toml:14:8  [services.backend]
                  python -m uvicorn app:app --reload --port 8000, in ~/code/shop-old/backend, user kim,
                  suspended, started 2 h 14 min ago

            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
    check(
        &finding(&busy(vec![suspended()]), &reader(60)),
        expect![[r#"
            error: port 8000 is taken by `python3` (pid 4242)
              --> devtasks.toml:14:8  [services.backend]
                  python -m uvicorn app:app --reload --port 8000,
                  in ~/code/shop-old/backend, user kim, suspended,
                  started 2 h 14 min ago

            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
}

#[test]
fn findings_are_told_by_their_level() {
    let each = [Level::Fail, Level::Warn, Level::Unknown, Level::Ok].map(|level| {
        let it = Finding {
            level,
            hints: Vec::new(),
            place: None,
            ..busy(Vec::new())
        };
        finding(&it, &reader(80))
    });
    check(
        &each.concat(),
        expect![[r#"
            error: port 8000 is taken by `python3` (pid 4242)
            warning: port 8000 is taken by `python3` (pid 4242)
            unknown: port 8000 is taken by `python3` (pid 4242)
            ok: port 8000 is taken by `python3` (pid 4242)"#]],
    );
}

#[test]
fn card_leaves_out_what_is_not_known() {
    let unknown = Owner {
        process: ProcessInfo {
            command: Vec::new().into(),
            user: None,
            uid: None,
            cwd: None,
            started_at: None,
            parents: Vec::new(),
            children: 0,
            ..owner().process
        },
        clients: Vec::new(),
        ..owner()
    };
    check_card(
        &unknown,
        expect![[r#"
            python3   pid 4242   of an unknown user   running
            from      an orphan: its parent has ended
            children  0     clients  0"#]],
    );
    check(
        &finding(&busy(vec![unknown]), &reader(80)),
        expect![[r#"
            error: port 8000 is taken by `python3` (pid 4242)
              --> devtasks.toml:14:8  [services.backend]

            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
}

#[test]
fn card_names_another_user_by_name_or_number() {
    let named = Owner {
        process: ProcessInfo {
            user: Some("postgres".into()),
            uid: Some(26),
            ..owner().process
        },
        ..owner()
    };
    check_card(
        &named,
        expect![[r#"
            python3   pid 4242   of postgres   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      zsh (991) < tmux (880)
            children  1     clients  1 (Firefox 4511)"#]],
    );
    let numbered = Owner {
        process: ProcessInfo {
            user: None,
            uid: Some(26),
            ..owner().process
        },
        ..owner()
    };
    check_card(
        &numbered,
        expect![[r#"
            python3   pid 4242   of user 26   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      zsh (991) < tmux (880)
            children  1     clients  1 (Firefox 4511)"#]],
    );
}

#[test]
fn an_orphan_is_told_from_a_service_of_the_system() {
    let of_init = Owner {
        process: ProcessInfo {
            parents: vec![parent(1, "systemd")],
            ..owner().process
        },
        ..owner()
    };
    check_card(
        &of_init,
        expect![[r#"
            python3   pid 4242   yours   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      an orphan: its parent has ended (systemd took it over)
            children  1     clients  1 (Firefox 4511)"#]],
    );
    let unit = Owner {
        process: ProcessInfo {
            unit: Some("redis.service".into()),
            ..of_init.process
        },
        ..of_init
    };
    check_card(
        &unit,
        expect![[r#"
            python3   pid 4242   yours   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      systemd (1), unit redis.service
            children  1     clients  1 (Firefox 4511)"#]],
    );
    let of_a_shell = Owner {
        process: ProcessInfo {
            parents: vec![parent(1, "bash")],
            ..owner().process
        },
        ..owner()
    };
    check_card(
        &of_a_shell,
        expect![[r#"
            python3   pid 4242   yours   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      bash (1), or an orphan that it took over
            children  1     clients  1 (Firefox 4511)"#]],
    );
}

#[test]
fn card_says_how_the_port_is_held_unless_listening() {
    let bound = Owner {
        process: ProcessInfo {
            state: ProcessState::Zombie,
            ..owner().process
        },
        holds_by: SocketState::Bound,
        ..owner()
    };
    check_card(
        &bound,
        expect![[r#"
            python3   pid 4242   yours   ended, not waited for   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      zsh (991) < tmux (880)
            children  1     clients  1 (Firefox 4511)
            holds     bound to the port, not listening"#]],
    );
    let connection = Owner {
        process: ProcessInfo {
            state: ProcessState::Suspended,
            ..owner().process
        },
        holds_by: SocketState::Connection,
        ..owner()
    };
    check_card(
        &connection,
        expect![[r#"
            python3   pid 4242   yours   suspended   started 2 h 14 min ago
            python -m http.server 8000
            in        ~/Downloads
            from      zsh (991) < tmux (880)
            children  1     clients  1 (Firefox 4511)
            holds     a connection whose own end is this port"#]],
    );
}

#[test]
fn the_owner_of_another_run_is_known_by_service_and_branch() {
    let tagged = Owner {
        process: ProcessInfo {
            tag: Some(Tag {
                project: "shop".into(),
                service: "backend".into(),
                checkout: PathBuf::from("/home/kim").into(),
                run: "r1".into(),
            }),
            cwd: Some(PathBuf::from("/home/kim").into()),
            repository: Some(Repository {
                root: PathBuf::from("/home/kim").into(),
                branch: None,
            }),
            ..owner().process
        },
        clients: (1..=5).map(|pid| parent(pid, "curl")).collect(),
        ..owner()
    };
    check_card(
        &tagged,
        expect![[r#"
            python3   pid 4242   yours   running   started 2 h 14 min ago
            python -m http.server 8000
            in        ~   (service `backend` of `shop`, checkout `kim`, no branch)
            from      zsh (991) < tmux (880)
            children  1     clients  5 (curl 1, curl 2, curl 3, …)"#]],
    );
}

#[test]
fn long_commands_are_cut_and_control_characters_written_out() {
    let long = Owner {
        process: ProcessInfo {
            name: "evil\x1b[2J".into(),
            command: vec!["node".to_owned(), format!("--x={}", "y".repeat(100)), "a b".to_owned()].into(),
            cwd: Some(PathBuf::from("/tmp/a\nb").into()),
            ..owner().process
        },
        ..owner()
    };
    check_card(
        &long,
        expect![[r#"
            evil\x1b[2J   pid 4242   yours   running   started 2 h 14 min ago
            node --x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
            in        /tmp/a\nb
            from      zsh (991) < tmux (880)
            children  1     clients  1 (Firefox 4511)"#]],
    );
    let message = Finding {
        message: "port 8000 is taken by `evil\x1b[2J` (pid 1)".to_owned(),
        hints: vec!["kill `\x07`".into()],
        ..busy(vec![long])
    };
    check(
        &conflict(&message, &reader(80)),
        expect![[r#"
            Port 8000 (backend) is busy.

              evil\x1b[2J   pid 4242   yours   running   started 2 h 14 min ago
              node --x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
              in        /tmp/a\nb
              from      zsh (991) < tmux (880)
              children  1     clients  1 (Firefox 4511)

            Port 8000 is taken by `evil\x1b[2J` (pid 1).
            hint: kill `\x07`"#]],
    );
    check(
        &finding(&message, &reader(80)),
        expect![[r#"
            error: port 8000 is taken by `evil\x1b[2J` (pid 1)
              --> devtasks.toml:14:8  [services.backend]
                  node --x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy 'a b',
                  in /tmp/a\nb, user kim, started 2 h 14 min ago

            hint: kill `\x07`"#]],
    );
}

#[test]
fn colour_changes_no_letter() {
    let coloured = RenderContext {
        paint: Paint::new(true),
        ..reader(60)
    };
    let both =
        |reader: &RenderContext| conflict(&busy(vec![suspended()]), reader) + &finding(&busy(vec![owner()]), reader);
    let text = both(&coloured);
    assert!(text.contains('\x1b'));
    assert_eq!(console::strip_ansi_codes(&text), both(&reader(60)));
}
