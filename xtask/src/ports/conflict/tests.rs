//! Facts about a port, one per line → the finding as text.

use crate::expected::Expected;
use crate::foreign::Foreign;
use expect_test::expect;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::caller::RequestingService;
use super::*;
use crate::config::Protocol;
use crate::diagnostic::{Place, Platform};
use crate::ports::tunnel::Tunnel;
use crate::ports::{BindProbe, VisibilityLimit};
use crate::process::ProcessInfo;
use crate::process::container::{Container, EngineReply, Runtime};
use crate::process::managed_service::{ManagedService, ServiceManager};
use crate::process::{Identity, ProcessRef, ProcessState, Tag};

mod elsewhere;
mod roles;

/// Lines:
/// `port 8000 [udp] [HOST]`, `answer [ADDRESS] free|reused|busy|denied|noaddress|failed N`,
/// `we [root] [nobody] [variable] [asking] [beside=NUMBER,…] [reserved=SERVICE]`: as user 501 for `backend` of `shop`
/// in /shop, with live run r1; `asking`: for no service; `beside`: numbers of other services; `reserved`: the service
/// that the supervisor reserves it for; `owner PID NAME [bound|connection] [suspended]
/// [tag=PROJECT:CHECKOUT:RUN:SERVICE] [below=PID[:NAME]] [at=IP] [typed] [family=PID] [socket=INODE]
/// [protected=WHY_WITH_UNDERSCORES] [ROLE]`, `beside` with the same words,
/// `socket UID listening|bound|connection|timewait=MILLISECONDS [veiled] [ROLE]`, `unknown WHY`,
/// `blind wsl1|wsl2|mirrored|container|docker|podman|devcontainer|codespace|pod`, `outgoing FIRST LAST`, `excluded FIRST
/// LAST`.
/// A role: `container=docker:[NAME[:PROJECT:SERVICE]]`, `inside=docker:ID`, `silent=podman`, `none=docker`,
/// `managed=UNIT`, `activated=[UNIT]`, `launchd=`, `tunnel=WHAT_WITH_UNDERSCORES`, `forward=EDITOR`.
#[track_caller]
fn check(input: &str, expected: impl Expected) {
    check_on(Platform::Linux, input, expected);
}

/// The same, with the hints of this system.
#[track_caller]
fn check_on(platform: Platform, input: &str, expected: impl Expected) {
    let (port, fact, ours) = read(input);
    let found = finding(&port, &fact, &ours);
    assert_eq!(
        found.subject.service,
        ours.service.as_ref().map(|wanted| wanted.service.clone())
    );
    assert_eq!(found.place, ours.service.map(|wanted| wanted.place));
    assert_eq!(found.subject.port, Some(port));
    compare(platform, &[found], expected);
}

fn read(input: &str) -> (Endpoint, PortFact, CallerContext) {
    let mut port = Endpoint {
        number: 8000,
        host: None,
        protocol: Protocol::Tcp,
    };
    let mut ours = CallerContext {
        project: Some("shop".to_owned()),
        checkout: Some("/shop".into()),
        live_run: Some("r1".to_owned()),
        reserved: Vec::new(),
        numbers: Default::default(),
        service: Some(RequestingService {
            service: "backend".to_owned(),
            place: place(14),
            variable: None,
        }),
        uid: 501,
    };
    let mut fact = PortFact::default();
    for line in input.trim().lines() {
        let mut words = line.split_whitespace();
        match words.next().unwrap() {
            "port" => {
                port.number = words.next().unwrap().parse().unwrap();
                for word in words {
                    match word {
                        "udp" => port.protocol = Protocol::Udp,
                        host => port.host = Some(host.parse().unwrap()),
                    }
                }
            }
            "answer" => {
                let mut word = words.next().unwrap();
                let mut address = port.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
                if let Ok(other) = word.parse() {
                    address = other;
                    word = words.next().unwrap();
                }
                let answer = match word {
                    "free" => BindResult::Free,
                    "reused" => BindResult::FreeIfReused,
                    "busy" => BindResult::Busy,
                    "denied" => BindResult::Denied,
                    "noaddress" => BindResult::NoAddress,
                    "excluded" => BindResult::Excluded,
                    "failed" => BindResult::Failed(words.next().unwrap().parse().unwrap()),
                    other => panic!("unknown answer `{other}`"),
                };
                fact.probes.push(BindProbe { address, answer });
            }
            "we" => {
                for word in words {
                    match word {
                        "root" => ours.uid = 0,
                        "asking" => ours.service = None,
                        "nobody" => {
                            ours = CallerContext {
                                uid: 501,
                                ..CallerContext::default()
                            }
                        }
                        "variable" => {
                            ours.service.as_mut().unwrap().variable = Some("BACKEND_PORT".to_owned());
                        }
                        word if word.starts_with("beside=") => {
                            let numbers = word["beside=".len()..].split(',');
                            let numbers = numbers.map(|number| number.parse().unwrap());
                            ours.numbers = numbers.collect();
                        }
                        word => {
                            let service = word.strip_prefix("reserved=").expect("a known word");
                            ours.reserved.push((port, service.to_owned()));
                        }
                    }
                }
            }
            "owner" => fact.owners.push(owner(words)),
            "beside" => fact.other_loopback_owners.push(owner(words)),
            "blind" => {
                fact.visibility_limit = words.next().map(|it| match it {
                    "wsl1" => VisibilityLimit::Wsl1,
                    "wsl2" => VisibilityLimit::Wsl2,
                    "mirrored" => VisibilityLimit::Wsl2Mirrored,
                    "container" => VisibilityLimit::Container(None),
                    "podman" => VisibilityLimit::Container(Some(Runtime::Podman)),
                    "docker" => VisibilityLimit::Container(Some(Runtime::Docker)),
                    "devcontainer" => VisibilityLimit::Devcontainer,
                    "codespace" => VisibilityLimit::Codespace,
                    "pod" => VisibilityLimit::Pod,
                    other => panic!("unknown limit `{other}`"),
                })
            }
            "outgoing" | "excluded" => {
                let mut number = || words.next().unwrap().parse().unwrap();
                let range = Some((number(), number()));
                match line.trim().starts_with("outgoing") {
                    true => fact.ephemeral_range = range,
                    false => fact.excluded_range = range,
                }
            }
            "socket" => fact.unowned.push(socket(words)),
            "unknown" => fact.unknown = Some(words.collect::<Vec<_>>().join(" ")),
            other => panic!("unknown line `{other}`"),
        }
    }
    (port, fact, ours)
}

#[track_caller]
fn compare(platform: Platform, findings: &[Finding], expected: impl Expected) {
    let mut said = String::new();
    for finding in findings {
        let level = format!("{:?}", finding.level).to_lowercase();
        said += &format!(
            "{} {level} {}: {}\n",
            finding.code.name(),
            finding.exit.code(),
            finding.message
        );
        for hint in &finding.hints {
            said += &format!("hint: {}\n", hint.render_on(platform, "cargo xtask"));
        }
    }
    expected.check(said.trim_end());
}

fn place(line: usize) -> Place {
    Place {
        file: Arc::new("devtasks.toml".into()),
        line,
        column: 8,
        source: String::new(),
        width: 1,
        table: String::new(),
    }
}

fn owner<'a>(mut words: impl Iterator<Item = &'a str>) -> Owner {
    let pid = words.next().unwrap().parse().unwrap();
    let mut owner = Owner {
        process: ProcessInfo {
            identity: Identity {
                boot: String::new(),
                pid,
                start: 0,
            },
            name: words.next().unwrap().into(),
            command: Vec::new().into(),
            user: None,
            uid: Some(501),
            cwd: Some(PathBuf::from("/shop").into()),
            started_at: None,
            state: ProcessState::Running,
            terminal: None,
            parents: Vec::new(),
            children: 0,
            repository: None,
            tag: None,
            unit: None,
        },
        addresses: Vec::new(),
        holds_by: SocketState::Listening,
        clients: Vec::new(),
        role: Role::Server,
        sockets: Vec::new(),
        family: pid,
        protected: None,
    };
    for word in words {
        match word.split_once('=') {
            None if word == "bound" => owner.holds_by = SocketState::Bound,
            None if word == "connection" => owner.holds_by = SocketState::Connection,
            None if word == "suspended" => owner.process.state = ProcessState::Suspended,
            None if word == "typed" => owner.process.terminal = Some("pts/3".to_owned()),
            Some(("at", ip)) => owner.addresses.push(SocketAddr::new(ip.parse().unwrap(), 8000)),
            Some(("socket", inode)) => owner.sockets.push(inode.parse().unwrap()),
            Some(("family", pid)) => owner.family = pid.parse().unwrap(),
            Some(("protected", why)) => owner.protected = Some(why.replace('_', " ")),
            Some(("below", parent)) => {
                let (pid, name) = parent.split_once(':').unwrap_or((parent, ""));
                owner.process.parents.push(ProcessRef {
                    pid: pid.parse().unwrap(),
                    name: name.into(),
                });
            }
            Some(("tag", tag)) => {
                let parts: Vec<&str> = tag.split(':').collect();
                owner.process.tag = Some(Tag {
                    project: parts[0].into(),
                    checkout: PathBuf::from(parts[1].replace('_', " ")).into(),
                    run: parts[2].into(),
                    service: parts[3].into(),
                });
            }
            _ => owner.role = role(word),
        }
    }
    owner
}

fn role(word: &str) -> Role {
    let (kind, rest) = word.split_once('=').unwrap();
    let mut parts = rest.split(':').filter(|part| !part.is_empty());
    let manager = |by, name: Option<&str>, stop: &str| {
        let name = name.map(str::to_owned);
        Role::Managed(ManagedService {
            by,
            name: name.map(Foreign::from),
            stop: stop.to_owned(),
        })
    };
    match kind {
        "managed" => manager(ServiceManager::Systemd, Some(rest), &format!("systemctl stop {rest}")),
        "launchd" => Role::Managed(ManagedService::launchd_socket()),
        "activated" => Role::Managed(ManagedService::socket(false, parts.next())),
        "tunnel" => Role::Tunnel(Tunnel {
            what: rest.replace('_', " "),
            close: None,
        }),
        "forward" => Role::Tunnel(Tunnel::of_editor(rest)),
        _ => {
            let runtime = match parts.next() {
                Some("docker") => Some(Runtime::Docker),
                Some("podman") => Some(Runtime::Podman),
                _ => None,
            };
            let mut next = || parts.next().map(str::to_owned);
            let container = Container {
                runtime,
                ..Container::default()
            };
            Role::Container(match kind {
                "container" => Container {
                    name: next().map(Foreign::from),
                    project: next().map(Foreign::from),
                    service: next().map(Foreign::from),
                    told: EngineReply::Container,
                    ..container
                },
                "inside" => Container {
                    id: next().map(Foreign::from),
                    is_inside: true,
                    ..container
                },
                "silent" => container,
                "none" => Container {
                    told: EngineReply::NoSuchContainer,
                    ..container
                },
                other => panic!("unknown word `{other}`"),
            })
        }
    }
}

fn socket<'a>(words: impl Iterator<Item = &'a str>) -> UnownedSocket {
    let mut words = words.peekable();
    let uid = words.next().unwrap().parse().unwrap();
    let state = words.next().unwrap();
    UnownedSocket {
        address: "127.0.0.1:8000".parse().unwrap(),
        state: match state.split_once('=') {
            None if state == "listening" => SocketState::Listening,
            None if state == "bound" => SocketState::Bound,
            None if state == "connection" => SocketState::Connection,
            Some(("timewait", left)) => SocketState::TimeWait {
                left: Duration::from_millis(left.parse().unwrap()),
            },
            _ => panic!("unknown state `{state}`"),
        },
        uid,
        user: (uid == 0).then(|| "root".into()),
        may_hide_owner: words.next_if(|word| *word == "veiled").is_some(),
        role: words.next().map_or(Role::Server, role),
    }
}

#[test]
fn free_port_has_the_code_port_free() {
    check("answer free", expect!["port.free ok 0: port 8000 is free"]);
    check(
        "port 5353 udp ::1\nanswer free",
        expect!["port.free ok 0: UDP port 5353 of ::1 is free"],
    );
}

#[test]
fn a_stranger_is_foreign_even_in_our_directory() {
    check(
        "answer busy
        we variable
        owner 4242 python3",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242)
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
    check(
        "answer busy
        we variable beside=8000,8001,8003
        owner 4242 python3",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242)
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another port: `BACKEND_PORT=8002 cargo xtask up`"#]],
    );
    check(
        "port 65535
        answer busy
        owner 4243 gunicorn below=4242
        owner 4242 gunicorn
        owner 4244 gunicorn below=4242",
        expect![[r#"
            port.busy.foreign fail 3: port 65535 is taken by `gunicorn` (pid 4242) and 2 more processes
            hint: stop it with `cargo xtask port kill 65535`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
}

#[test]
fn stranger_is_stopped_with_port_kill_outside_a_project_too() {
    check(
        "answer busy
        we nobody
        owner 4242 python3",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242)
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
    check(
        "answer busy
        we nobody
        owner 4242 python3 suspended typed",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242); it is suspended
            hint: type `fg` in `pts/3` to resume it, then Ctrl-C to end it
            hint: or stop it with `cargo xtask port kill 8000`"#]],
    );
    check(
        "answer busy
        we nobody
        owner 4242 python3 suspended",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242); it is suspended
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
    check(
        "answer busy
        we nobody
        owner 4242 python3
        owner 4243 python3 suspended",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 4242) and 1 more process
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
}

#[test]
fn port_kill_hint_ends_all_owners_of_the_port() {
    check(
        "answer busy
        we nobody
        owner 4242 gunicorn
        owner 4243 gunicorn below=4242
        owner 5000 node",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `gunicorn` (pid 4242) and 2 more processes
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
}

#[test]
fn busy_address_is_named_unless_it_is_the_usual_one() {
    check(
        "answer busy
        we nobody
        owner 4242 node at=::",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `node` (pid 4242) at all addresses
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
    check(
        "answer 0.0.0.0 free
        answer ::1 busy
        we nobody
        owner 4242 node at=::1",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `node` (pid 4242) at ::1 only
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
    // A service at 127.0.0.1 is not hindered.
    check(
        "answer 127.0.0.1 free
        answer ::1 busy
        owner 4242 node at=::1",
        expect!["port.free ok 0: port 8000 is free"],
    );
}

#[test]
fn own_service_that_is_bound_and_does_not_listen_yet_is_own_running() {
    check(
        "answer reused
        owner 4242 python3 bound tag=shop:/shop:r1:backend",
        expect![[r#"
            port.busy.own_running ok 0: port 8000 is held by `python3` (pid 4242): `backend` of this checkout runs
            hint: look at it with `cargo xtask status`"#]],
    );
}

#[test]
fn tagged_owners_are_own_running_leftover_or_of_another_checkout_or_project() {
    check(
        "answer busy
        owner 4242 python3 tag=shop:/shop:r1:backend",
        expect![[r#"
            port.busy.own_running ok 0: port 8000 is held by `python3` (pid 4242): `backend` of this checkout runs
            hint: look at it with `cargo xtask status`"#]],
    );
    check(
        "answer busy
        owner 4242 python3 tag=shop:/shop:r1:admin",
        expect![[r#"
            port.busy.own_running fail 3: port 8000 is taken by `python3` (pid 4242): it is `admin` of this checkout
            hint: look at it with `cargo xtask status`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        owner 4242 python3 tag=shop:/shop:r0:backend",
        expect![[r#"
            port.busy.own_leftover warn 3: port 8000 is taken by `python3` (pid 4242), left over from an earlier run of `backend`
            hint: run `cargo xtask up`, which ends it
            hint: or end it with `cargo xtask down --leftovers`"#]],
    );
    check(
        "answer busy
        owner 4242 python3 suspended tag=shop:/my_old_shop:r7:api",
        expect![[r#"
            port.busy.other_checkout fail 3: port 8000 is taken by `python3` (pid 4242): service `api` of `shop` in /my old shop; it is suspended
            hint: stop it there with `cd '/my old shop' && cargo xtask down`
            hint: or stop it anyway with `cargo xtask port kill 8000 --foreign`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we nobody
        owner 4242 python3 tag=blog:/blog:r1:web",
        expect![[r#"
            port.busy.other_project fail 3: port 8000 is taken by `python3` (pid 4242): service `web` of `blog` in /blog
            hint: stop it there with `cd /blog && cargo xtask down`
            hint: or stop it anyway with `cargo xtask port kill 8000 --foreign`"#]],
    );
}

#[test]
fn a_port_that_a_supervisor_holds_is_reserved_for_its_service() {
    let own_running = "port.busy.own_running ok 0: port 8000 is reserved for `backend` of this checkout, which has not started yet\nhint: look at it with `cargo xtask status`";
    let supervisor = "owner 4242 xtask bound tag=shop:/shop:r1:(supervisor)";
    check(&format!("answer busy\n{supervisor}"), own_running);
    check(
        &format!("answer busy\nwe reserved=admin reserved=backend\n{supervisor}"),
        own_running,
    );
    check(
        &format!("answer busy\nwe reserved=admin\n{supervisor}"),
        expect![[r#"
            port.busy.own_running fail 3: port 8000 is reserved for `admin` of this checkout, which has not started yet
            hint: look at it with `cargo xtask status`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    // It is above who asks.
    check(
        &format!("answer busy\n{supervisor} protected=it_is_an_ancestor_of_this_command"),
        own_running,
    );
    check(
        &format!("answer busy\nwe asking reserved=backend\n{supervisor}"),
        &format!("{own_running}\nhint: or stop it with `cargo xtask down backend`"),
    );
    check(
        &format!("answer busy\nwe asking\n{supervisor}"),
        expect![[r#"
            port.busy.own_running ok 0: port 8000 is reserved for a service of this checkout, which has not started yet
            hint: look at it with `cargo xtask status`
            hint: or stop it with `cargo xtask down`"#]],
    );
    check(
        "port 8000 udp
        answer busy
        owner 4242 xtask connection tag=shop:/shop:r1:(supervisor)",
        expect![[r#"
            port.busy.own_running ok 0: UDP port 8000 is reserved for `backend` of this checkout, which has not started yet
            hint: look at it with `cargo xtask status`"#]],
    );
    check(
        "answer busy
        owner 4242 xtask bound tag=shop:/shop-old:r7:(supervisor)",
        expect![[r#"
            port.busy.other_checkout fail 3: port 8000 is reserved by `xtask` (pid 4242) for a service of `shop` in /shop-old, which has not started yet
            hint: stop it there with `cd /shop-old && cargo xtask down`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        owner 4242 xtask tag=shop:/shop-old:r7:(supervisor)",
        expect![[r#"
            port.busy.other_checkout fail 3: port 8000 is held by `xtask` (pid 4242), the supervisor of `shop` in /shop-old, for its metrics or for a service that has not started yet
            hint: stop it there with `cd /shop-old && cargo xtask down`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check_consent(
        "answer busy\nowner 4242 xtask bound tag=shop:/shop-old:r7:(supervisor)",
        KillPolicy::Never,
    );
    // Where it is itself a client, it keeps nothing.
    check(
        "answer busy
        owner 4242 xtask connection tag=shop:/shop:r1:(supervisor)",
        expect![[r#"
            port.busy.connection fail 3: port 8000 is the local end of a connection of `xtask` (pid 4242)
            hint: wait until that connection is closed: it uses the port as its ephemeral port
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
}

#[test]
fn hint_without_a_service_is_down_or_port_kill() {
    check(
        "port 8000 udp
        answer busy
        we asking
        owner 4242 python3 tag=shop:/shop:r1:backend",
        expect![[r#"
            port.busy.own_running ok 0: UDP port 8000 is held by `python3` (pid 4242): `backend` of this checkout runs
            hint: look at it with `cargo xtask status`
            hint: or stop it with `cargo xtask down backend`"#]],
    );
    check(
        "port 8000 udp
        answer busy
        we asking
        owner 4242 python3",
        expect![[r#"
            port.busy.foreign fail 3: UDP port 8000 is taken by `python3` (pid 4242)
            hint: stop it with `cargo xtask port kill 8000/udp`"#]],
    );
}

#[track_caller]
fn check_consent(input: &str, expected: KillPolicy) {
    let (port, fact, ours) = read(&format!("we asking\n{input}"));
    assert_eq!(kill_policy(&port, &fact, &ours), expected, "{input}");
}

#[test]
fn kill_policy_is_yes_for_strangers_and_leftovers() {
    check_consent("answer free", KillPolicy::NotNeeded);
    check_consent("port 80\nanswer denied", KillPolicy::NotNeeded);
    check_consent("answer busy\nowner 42 node", KillPolicy::Yes);
    check_consent("answer reused\nowner 42 node bound", KillPolicy::Yes);
    check_consent("answer busy\nowner 42 node tag=shop:/shop:r0:backend", KillPolicy::Yes);
}

#[test]
fn kill_policy_is_foreign_for_other_checkouts_and_projects() {
    check_consent("answer busy\nowner 42 node tag=shop:/other:r7:api", KillPolicy::Foreign);
    check_consent(
        "answer busy\nowner 42 node tag=blog:/blog:r7:api\nowner 43 node",
        KillPolicy::Foreign,
    );
}

#[test]
fn kill_policy_is_never_for_own_protected_hidden_and_connected_owners() {
    let own_running = "owner 41 node tag=shop:/shop:r1:backend";
    check_consent(&format!("answer busy\n{own_running}"), KillPolicy::Never);
    // Whatever is said about the other one.
    check_consent(
        &format!("answer busy\n{own_running}\nowner 42 node tag=shop:/other:r7:api"),
        KillPolicy::Never,
    );
    check_consent(
        "answer busy\nowner 42 node\nowner 43 dockerd protected=it_is",
        KillPolicy::Never,
    );
    check_consent(
        "answer reused\nowner 43 dockerd bound protected=it_is",
        KillPolicy::Never,
    );
    check_consent("answer busy\nowner 42 curl connection", KillPolicy::Never);
    check_consent("answer busy\nowner 42 node\nsocket 0 listening", KillPolicy::Never);
    check_consent(
        "answer busy\nowner 42 xtask bound tag=shop:/shop:r1:(supervisor)",
        KillPolicy::Never,
    );
    check_consent("answer busy\nunknown netlink: permission denied", KillPolicy::Never);
}

#[test]
fn kill_policy_is_no_process_without_an_owner() {
    check_consent("answer busy\nsocket 0 timewait=41200", KillPolicy::NoProcess);
    check_consent("answer busy\nwe root\nsocket 0 listening", KillPolicy::NoProcess);
    check_consent("answer busy", KillPolicy::NoProcess);
    // What remains of a server that has ended.
    check_consent("answer reused\nsocket 0 timewait=41200", KillPolicy::NotNeeded);
    check_consent("answer reused\nowner 42 node connection", KillPolicy::NotNeeded);
}

#[test]
fn the_most_restrictive_owner_decides() {
    check(
        "answer busy
        owner 10 python3 tag=shop:/shop:r0:backend
        owner 11 node
        owner 12 ruby tag=shop:/other:r7:api",
        expect![[r#"
            port.busy.other_checkout fail 3: port 8000 is taken by `ruby` (pid 12) and 2 more processes: service `api` of `shop` in /other
            hint: stop it there with `cd /other && cargo xtask down`
            hint: or stop it anyway with `cargo xtask port kill 8000 --foreign`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        owner 10 node
        socket 0 listening",
        expect![[r#"
            port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
            hint: look with `sudo cargo xtask port who 8000`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
}

#[test]
fn a_port_can_be_held_without_listening() {
    check(
        "answer busy
        owner 4242 python3 bound",
        expect![[r#"
            port.busy.bound fail 3: port 8000 is reserved by `python3` (pid 4242), which is bound to it and does not listen
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we variable
        owner 4242 curl connection protected=it_belongs_to_the_editor forward=code",
        expect![[r#"
            port.busy.connection fail 3: port 8000 is the local end of a connection of `curl` (pid 4242)
            hint: wait until that connection is closed: it uses the port as its ephemeral port
            hint: or give `backend` another port: `BACKEND_PORT=8001 cargo xtask up`"#]],
    );
    check(
        "answer busy
        we nobody
        socket 0 connection",
        expect![[r#"
            port.busy.connection fail 3: port 8000 is the local end of a connection of user `root`
            hint: wait until that connection is closed: it uses the port as its ephemeral port"#]],
    );
}

#[test]
fn busy_port_without_an_owner_has_the_code_no_owner() {
    check(
        "answer busy
        we nobody
        socket 0 timewait=41200
        socket 0 timewait=3000",
        expect![[r#"
            port.busy.no_owner fail 3: port 8000 waits for a closed connection to expire (TIME_WAIT, 42 s left); no process holds it
            hint: wait 42 s, or use a server that sets `SO_REUSEADDR`"#]],
    );
    check(
        "answer busy
        we root
        socket 0 listening",
        expect![[r#"
            port.busy.no_owner fail 3: port 8000 is taken by no process that can be seen: the kernel or a socket in flight holds it
            hint: try `cargo xtask port who 8000` once more
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we nobody",
        expect![[r#"
            port.busy.no_owner fail 3: port 8000 is taken, yet no process and no socket was found that holds it
            hint: look with `sudo cargo xtask port who 8000`"#]],
    );
}

#[test]
fn an_owner_that_cannot_be_seen_is_named_by_its_user() {
    check(
        "answer busy
        we nobody
        socket 33 listening",
        expect![[r#"
            port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user 33
            hint: look with `sudo cargo xtask port who 8000`"#]],
    );
    check(
        "answer busy
        we nobody
        unknown netlink: permission denied",
        expect![[r#"
            port.busy.hidden fail 3: port 8000 is taken, and its owner could not be looked up: netlink: permission denied
            hint: look with `sudo cargo xtask port who 8000`"#]],
    );
}

#[test]
fn port_free_with_so_reuseaddr_only_says_so() {
    check(
        "answer reused
        socket 0 timewait=41200",
        expect![
            "port.free ok 0: port 8000 is free; a closed connection lingers for 42 s, which only bothers a server without `SO_REUSEADDR`"
        ],
    );
    check(
        "answer reused
        owner 4242 python3 bound",
        expect![
            "port.busy.bound warn 0: port 8000 is free for a server that sets `SO_REUSEADDR` only: `python3` (pid 4242) is bound to it"
        ],
    );
    check(
        "answer reused
        owner 4242 python3 connection",
        expect![
            "port.busy.connection warn 0: port 8000 is free for a server that sets `SO_REUSEADDR` only: `python3` (pid 4242) still has a connection there"
        ],
    );
}

#[test]
fn port_that_may_not_be_bound_is_denied_not_busy() {
    check(
        "port 80
        answer denied",
        expect![[r#"
            port.denied fail 3: port 80 needs privilege: it is not in use, but this user may not bind it
            hint: give `backend` another `port` in devtasks.toml
            hint: or let every user bind it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=80`"#]],
    );
    check(
        "port 50000
        answer denied
        we nobody",
        expect!["port.denied fail 3: port 50000 may not be bound: the system excludes it or forbids it to this user"],
    );
    check(
        "port 8000 10.1.2.3
        answer noaddress",
        expect![[r#"
            port.denied fail 3: port 8000 of 10.1.2.3 cannot be bound: this machine has no address 10.1.2.3
            hint: give the port of `backend` another `host` in devtasks.toml"#]],
    );
    check(
        "unknown too many open files",
        expect!["port.free unknown 0: whether port 8000 is free is not known: too many open files"],
    );
}
