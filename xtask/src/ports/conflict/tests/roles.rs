//! Owners controlled by another program, and owners that share a port.

use super::*;
use crate::expected::Expected;
use expect_test::expect;

#[test]
fn a_containers_port_is_stopped_by_its_engine() {
    check(
        "answer busy
        owner 7 docker-proxy protected=x container=docker:shop-db-1:shop:db
        owner 8 docker-proxy protected=x container=docker:shop-db-1:shop:db",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by container `shop-db-1` (compose project `shop`, service `db`), which publishes it through `docker-proxy` (pid 7)
            hint: stop it with `docker compose -p shop stop db`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 rootlessport protected=x container=podman:web",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by container `web`, which publishes it through `rootlessport` (pid 7)
            hint: stop it with `podman stop web`"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 node protected=x inside=podman:0123456789abcdef0123",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by `node` (pid 7) in container `0123456789ab`
            hint: stop it with `podman stop 0123456789abcdef0123`"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 node protected=x inside=other:0123456789abcdef0123",
        expect!["port.busy.container fail 3: port 8000 is taken by `node` (pid 7) in container `0123456789ab`"],
    );
}

#[test]
fn container_engine_that_does_not_answer_is_named() {
    check(
        "answer busy
        owner 7 docker-proxy protected=x silent=docker",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by `docker-proxy` (pid 7), which belongs to Docker; Docker does not answer, so which container it is for is not known
            hint: find the container with `docker ps --filter publish=8000`, then `docker stop` it
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we nobody
        owner 7 rootlessport protected=x silent=podman",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by `rootlessport` (pid 7), which belongs to Podman; Podman does not answer, so which container it is for is not known
            hint: find the container that publishes 8000 with `podman ps`, then `podman stop` it"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 dockerd protected=x none=docker",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by `dockerd` (pid 7), which belongs to Docker, yet Docker lists no container that publishes it
            hint: find the container with `docker ps --filter publish=8000`, then `docker stop` it"#]],
    );
}

#[test]
fn a_container_is_told_even_where_its_proxy_cannot_be_seen() {
    check(
        "answer busy
        socket 0 listening container=docker:shop-db-1:shop:db",
        expect![[r#"
            port.busy.container fail 3: port 8000 is taken by container `shop-db-1` (compose project `shop`, service `db`), which publishes it
            hint: stop it with `docker compose -p shop stop db`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check_consent(
        "answer busy\nsocket 501 listening container=docker:web",
        KillPolicy::Never,
    );
}

#[test]
fn system_service_is_stopped_by_its_manager() {
    check(
        "answer busy
        owner 7 redis-server protected=x managed=redis.service",
        expect![[r#"
            port.busy.system_service fail 3: port 8000 is taken by `redis-server` (pid 7): systemd runs it as `redis.service`
            hint: stop it with `systemctl stop redis.service`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we asking
        owner 1 systemd protected=x activated=cups.socket",
        expect![[r#"
            port.busy.system_service fail 3: port 8000 is taken by `systemd` (pid 1): systemd holds it for socket activation (`cups.socket`)
            hint: stop it with `systemctl stop cups.socket`"#]],
    );
    check(
        "answer busy
        we asking
        owner 1 systemd protected=x activated=",
        expect![[r#"
            port.busy.system_service fail 3: port 8000 is taken by `systemd` (pid 1): systemd holds it for socket activation
            hint: find its name with `systemctl list-sockets`, then stop it with `systemctl stop NAME.socket`"#]],
    );
    check(
        "answer busy
        we asking
        socket 0 listening activated=cups.socket",
        expect![[r#"
            port.busy.system_service fail 3: port 8000 is probably taken by systemd: systemd holds it for socket activation (`cups.socket`)
            hint: stop it with `systemctl stop cups.socket`"#]],
    );
    check_consent(
        "answer busy\nowner 7 redis-server protected=x managed=redis.service",
        KillPolicy::Never,
    );
}

#[test]
fn a_tunnel_says_where_it_leads_and_is_ended_only_by_name() {
    check(
        "answer busy
        owner 7 ssh tunnel=an_SSH_tunnel_to_`db:5432`",
        expect![[r#"
            port.busy.tunnel fail 3: port 8000 is taken by `ssh` (pid 7): it is an SSH tunnel to `db:5432`
            hint: close it with `cargo xtask port kill 8000`, if it is no longer needed
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 code protected=it_belongs_to_the_editor forward=code",
        expect![[r#"
            port.busy.tunnel fail 3: port 8000 is taken by `code` (pid 7): it is most likely a port that the editor (`code`) forwards
            hint: close it in the editor: the Ports view of VS Code, or the remote session's window"#]],
    );
    check_consent("answer busy\nowner 7 ssh tunnel=x", KillPolicy::Yes);
    check_consent("answer busy\nowner 7 code protected=x forward=code", KillPolicy::Never);
    // A tunnel that is a service of ours is that first.
    check(
        "answer busy
        owner 7 ssh tag=shop:/shop:r0:backend tunnel=x",
        expect![[r#"
            port.busy.own_leftover warn 3: port 8000 is taken by `ssh` (pid 7), left over from an earlier run of `backend`
            hint: run `cargo xtask up`, which ends it
            hint: or end it with `cargo xtask down --leftovers`"#]],
    );
}

#[test]
fn protected_owner_is_told_with_the_reason() {
    check(
        "answer busy
        we nobody
        owner 7 python3 protected=it_is_an_ancestor_of_this_command",
        expect![
            "port.busy.protected fail 3: port 8000 is taken by `python3` (pid 7), which is never stopped: it is an ancestor of this command"
        ],
    );
}

/// As root in a container has it, for whom not even root's own capabilities are all there.
#[test]
fn hidden_owner_is_hidden_from_root_in_a_container_too() {
    check(
        "answer busy
        we root
        we asking
        socket 0 listening veiled",
        expect![[r#"
            port.busy.hidden fail 3: port 8000 is taken, and its owner cannot be seen: it belongs to user `root`
            hint: look from the host, or give this container the capability `SYS_PTRACE`"#]],
    );
    check_consent("answer busy\nwe root\nsocket 0 listening veiled", KillPolicy::Never);
}

#[test]
fn unrelated_listeners_share_or_split_a_port() {
    check(
        "answer busy
        owner 7 node at=127.0.0.1
        owner 8 ruby at=127.0.0.1",
        expect![[r#"
            port.shared fail 3: port 8000 is shared by `node` (pid 7) and `ruby` (pid 8), which have nothing to do with each other: a connection goes to either
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer busy
        owner 7 python3 at=127.0.0.1
        owner 8 python3 at=127.0.0.1 family=7 below=7",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 7) and 1 more process
            hint: stop it with `cargo xtask port kill 8000`
            hint: or give `backend` another `port` in devtasks.toml"#]],
    );
    check(
        "answer 127.0.0.1 busy
        we asking
        owner 7 postgres at=127.0.0.1
        owner 8 docker-proxy at=::1 protected=x container=docker:db",
        expect![[r#"
            port.split fail 3: port 8000 is split: IPv4 leads to `postgres` (pid 7), IPv6 to container `db` by `docker-proxy` (pid 8), and `localhost` to either
            hint: stop it with `docker stop db`"#]],
    );
    // Our own service, and somebody who has slipped in beside it.
    check(
        "answer busy
        owner 7 python3 at=127.0.0.1 tag=shop:/shop:r1:backend
        owner 8 node at=0.0.0.0",
        expect![[r#"
            port.shared warn 0: port 8000 is shared by `python3` (pid 7), service `backend` of `shop`, which answers at 127.0.0.1, and `node` (pid 8), which answers at all other addresses
            hint: look at it with `cargo xtask status`"#]],
    );
}

#[test]
fn inherited_socket_is_told_from_that_of_a_server() {
    check(
        "answer busy
        we asking
        owner 7 sleep",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `sleep` (pid 7), which does not serve it: it inherited the socket from a server that has exited
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
    check(
        "answer busy
        we asking
        owner 7 python3
        owner 8 sleep below=7 family=7",
        expect![[r#"
            port.busy.foreign fail 3: port 8000 is taken by `python3` (pid 7) and 1 more process
            hint: stop it with `cargo xtask port kill 8000`"#]],
    );
}

#[track_caller]
fn check_remarks(input: &str, expected: impl Expected) {
    let (port, fact, ours) = read(input);
    let remarks = [split(&port, &fact, &ours), ephemeral(&port, &fact, &ours)];
    compare(
        Platform::Linux,
        &remarks.into_iter().flatten().collect::<Vec<_>>(),
        expected,
    );
}

#[test]
fn free_port_may_be_split_or_ephemeral() {
    check_remarks(
        "answer free
        beside 7 node at=::1",
        expect![[r#"
            port.split warn 0: port 8000 of ::1 is held by `node` (pid 7): `localhost` may lead there instead of to `backend`
            hint: write `127.0.0.1` instead of `localhost` where `backend` is meant"#]],
    );
    check_remarks(
        "answer free\nbeside 7 node at=::1 tag=shop:/shop:r1:backend",
        expect![""],
    );
    check_remarks(
        "answer free\nwe asking\nbeside 7 node at=::1\noutgoing 1 9",
        expect![""],
    );
    check_remarks(
        "port 40000
        answer free
        outgoing 32768 60999",
        expect![[r#"
            port.ephemeral warn 0: port 40000 is in the ephemeral port range (32768 to 60999): an outgoing connection may have it when `backend` starts
            hint: give `backend` a port below 32768"#]],
    );
}

/// Owners → their families, as `PID:FAMILY`. We are pid 900, below 300.
#[track_caller]
fn check_families(input: &str, expected: impl Expected) {
    let (_, mut fact, _) = read(input);
    let ours = crate::process::Ancestry {
        us: 900,
        ancestors: vec![300, 1],
        unit: None,
    };
    crate::ports::related_owners::group_related(&mut fact.owners, &ours);
    let families = fact
        .owners
        .iter()
        .map(|it| format!("{}:{}", it.process.identity.pid, it.family));
    expected.check(&families.collect::<Vec<_>>().join(" "));
}

#[test]
fn a_family_is_a_tree_a_socket_or_a_service() {
    check_families(
        "owner 7 gunicorn\nowner 8 gunicorn below=7\nowner 9 gunicorn below=7",
        expect!["7:7 8:7 9:7"],
    );
    // Workers that open the port each for themselves, below a master that does not.
    check_families("owner 8 gunicorn below=7\nowner 9 gunicorn below=7", expect!["8:8 9:8"]);
    // Started apart by a script that also started us, or left to pid 1.
    check_families("owner 8 node below=300\nowner 9 node below=300", expect!["8:8 9:9"]);
    check_families("owner 8 node below=1\nowner 9 node below=1", expect!["8:8 9:9"]);
    check_families(
        "owner 8 node below=1 socket=5\nowner 9 sleep below=1 socket=5",
        expect!["8:8 9:8"],
    );
    check_families(
        "owner 8 node tag=shop:/shop:r1:api\nowner 9 node tag=shop:/shop:r1:api\nowner 10 node tag=shop:/shop:r1:web",
        expect!["8:8 9:8 10:10"],
    );
}
