//! The table of ports on wide and narrow terminals.

use super::{check, owner, parent, reader, suspended};
use crate::config::Protocol;
use crate::expected::Expected;
use crate::foreign::Foreign;
use crate::ports::{Endpoint, Owner, PortFact, Role, SocketState, UnownedSocket};
use crate::process::ProcessInfo;
use crate::process::Tag;
use crate::process::container::Container;
use crate::process::managed_service::ManagedService;
use crate::report::ports::table;
use expect_test::expect;
use std::path::PathBuf;

fn port(number: u16, protocol: Protocol) -> Endpoint {
    Endpoint {
        number,
        host: None,
        protocol,
    }
}

fn by(owners: Vec<Owner>) -> PortFact {
    PortFact {
        owners,
        ..PortFact::default()
    }
}

fn hidden() -> PortFact {
    PortFact {
        ownerless: vec![UnownedSocket {
            address: "0.0.0.0:22".parse().unwrap(),
            state: SocketState::Listening,
            uid: 0,
            user: Some("root".into()),
            may_hide_owner: false,
            role: Role::Server,
        }],
        ..PortFact::default()
    }
}

fn service() -> Owner {
    Owner {
        process: ProcessInfo {
            tag: Some(Tag {
                project: "shop".into(),
                service: "api".into(),
                checkout: PathBuf::from("/home/kim/shop").into(),
                run: "r1".into(),
            }),
            ..suspended().process
        },
        ..suspended()
    }
}

#[track_caller]
fn check_table(ports: &[(Endpoint, &PortFact)], width: usize, expected: impl Expected) {
    let text = table(ports, &reader(width));
    check(&text, expected);
    assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
}

#[test]
fn a_row_is_a_process_and_counts_what_stands_below_it() {
    let mut worker = owner();
    worker.process.identity.pid = 4243;
    worker.process.parents.insert(0, parent(4242, "python3"));
    let mut everywhere = owner();
    everywhere.process.identity.pid = 5000;
    everywhere.process.name = "node".into();
    everywhere.addresses = vec!["[::]:8000".parse().unwrap(), "0.0.0.0:8000".parse().unwrap()];
    let tcp = by(vec![owner(), worker, everywhere]);
    let udp = by(vec![owner()]);
    check_table(
        &[
            (port(22, Protocol::Tcp), &hidden()),
            (port(8000, Protocol::Tcp), &tcp),
            (port(8000, Protocol::Udp), &udp),
        ],
        200,
        expect![[r#"
            PORT      ADDRESS    PID   NAME        USER  AGE         DIRECTORY    COMMAND
            22        *          -     hidden      root  -           -            -
            8000      127.0.0.1  4242  python3 +1  kim   2 h 14 min  ~/Downloads  python -m http.server 8000
            8000      *          5000  node        kim   2 h 14 min  ~/Downloads  python -m http.server 8000
            8000/udp  127.0.0.1  4242  python3     kim   2 h 14 min  ~/Downloads  python -m http.server 8000"#]],
    );
}

#[test]
fn narrow_terminal_leaves_out_columns() {
    let fact = by(vec![service()]);
    let ports = [(port(8000, Protocol::Tcp), &fact)];
    check_table(
        &ports,
        120,
        expect![[r#"
            PORT  ADDRESS    PID   NAME                 USER  AGE         SERVICE   DIRECTORY                COMMAND
            8000  127.0.0.1  4242  python3 (suspended)  kim   2 h 14 min  shop/api  ~/code/shop-old/backend  python -m uvicorn ap…"#]],
    );
    check_table(
        &ports,
        90,
        expect![[r#"
            PORT  ADDRESS    PID   NAME                 AGE         SERVICE   COMMAND
            8000  127.0.0.1  4242  python3 (suspended)  2 h 14 min  shop/api  python -m uvicorn app…"#]],
    );
    check_table(
        &ports,
        60,
        expect![[r#"
            PORT  ADDRESS    PID   NAME                 SERVICE
            8000  127.0.0.1  4242  python3 (suspended)  shop/api"#]],
    );
}

#[test]
fn service_column_names_the_container_or_the_unit() {
    let container = |project: Option<&str>| Owner {
        role: Role::Container(Container {
            name: Some("shop-db-1".into()),
            project: project.map(Foreign::from),
            service: project.map(|_| "db".into()),
            ..Container::default()
        }),
        ..owner()
    };
    let managed = Owner {
        role: Role::Managed(ManagedService::socket(false, Some("chat.socket"))),
        ..owner()
    };
    let fact = by(vec![container(Some("shop")), container(None), managed, owner()]);
    check_table(
        &[(port(8000, Protocol::Tcp), &fact)],
        74,
        expect![[r#"
            PORT  ADDRESS    PID   NAME     SERVICE      COMMAND
            8000  127.0.0.1  4242  python3  shop/db      python -m http.server 8000
            8000  127.0.0.1  4242  python3  shop-db-1    python -m http.server 8000
            8000  127.0.0.1  4242  python3  chat.socket  python -m http.server 8000
            8000  127.0.0.1  4242  python3  -            python -m http.server 8000"#]],
    );
}

#[test]
fn process_names_are_shown_without_control_sequences() {
    let mut wild = owner();
    wild.process.name = "\x1b[2J".into();
    wild.process.command = vec!["\x1b[2J".to_owned()].into();
    wild.process.cwd = Some(PathBuf::from("/\x1b[2J").into());
    let text = table(&[(port(1, Protocol::Tcp), &by(vec![wild]))], &reader(200));
    assert!(!text.contains('\x1b'), "{text:?}");
}
