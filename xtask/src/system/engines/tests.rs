//! Recorded answers of engines → the container of a port.

use super::*;

/// `GET /containers/json` of Docker 28.2 with Compose, shortened.
const DOCKER: &str = r#"[
 {"Id":"6fb1c4","Names":["/shop-db-1"],"Image":"postgres:16","State":"running",
  "Ports":[{"IP":"0.0.0.0","PrivatePort":5432,"PublicPort":5432,"Type":"tcp"},{"IP":"::","PrivatePort":5432,"PublicPort":5432,"Type":"tcp"}],
  "Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"db","com.docker.compose.version":"2.36.2"}},
 {"Id":"aa01","Names":["/here"],"Ports":[{"IP":"127.0.0.1","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{}},
 {"Id":"aa02","Names":["/there"],"Ports":[{"IP":"127.0.0.2","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":443,"Type":"tcp"}],"Labels":null},
 {"Id":"aa03","Names":["/dns"],"Ports":[{"IP":"0.0.0.0","PrivatePort":53,"PublicPort":5353,"Type":"udp"}]},
 {"Id":"aa04","Names":["/quiet"],"Ports":null}]"#;

/// Podman 4.3, `podman system service`.
const PODMAN: &str = r#"[{"Id":"be7f","Names":["/shop_web_1"],"Ports":[{"IP":"","PrivatePort":80,"PublicPort":8000,"Type":"tcp"}],
  "Labels":{"io.podman.compose.project":"shop","com.docker.compose.service":"web"}}]"#;

fn engines(server: &str, body: &str) -> Engines {
    let answer = http::Response {
        server: server.to_owned(),
        body: body.to_owned(),
    };
    let (runtime, containers) = parse_containers(&answer).unwrap();
    Engines {
        answered: vec![runtime],
        containers,
    }
}

#[track_caller]
fn check(engines: &Engines, port: &str, address: &str, expected: Option<&str>) {
    let (number, protocol) = port.split_once('/').unwrap();
    let port = Endpoint {
        number: number.parse().unwrap(),
        host: None,
        protocol: if protocol == "udp" {
            Protocol::Udp
        } else {
            Protocol::Tcp
        },
    };
    let found = engines.publishing(&port, address.parse().unwrap());
    let said = found.map(|it| format!("{}: {}", it.words(), it.stop().unwrap()));
    assert_eq!(said.as_deref(), expected);
}

#[test]
fn the_container_that_publishes_a_port_is_found() {
    let docker = engines("Docker/28.2.2 (linux)", DOCKER);
    let db = "container `shop-db-1` (compose project `shop`, service `db`): docker compose -p shop stop db";
    check(&docker, "5432/tcp", "127.0.0.1", Some(db));
    check(&docker, "5432/tcp", "::", Some(db));
    check(
        &docker,
        "8080/tcp",
        "127.0.0.1",
        Some("container `here`: docker stop here"),
    );
    check(
        &docker,
        "8080/tcp",
        "127.0.0.2",
        Some("container `there`: docker stop there"),
    );
    check(&docker, "8080/tcp", "192.0.2.1", None);
    check(&docker, "5353/udp", "0.0.0.0", Some("container `dns`: docker stop dns"));
    check(&docker, "5353/tcp", "0.0.0.0", None);
    check(&docker, "443/tcp", "0.0.0.0", None);
    let broken = DOCKER.replacen(r#"{"Id":"aa01""#, r#"{"Id":7},{"Id":"aa01""#, 1);
    check(
        &engines("Docker", &broken),
        "8080/tcp",
        "127.0.0.1",
        Some("container `here`: docker stop here"),
    );
    let podman = engines("Libpod/4.3.1 (linux)", PODMAN);
    let web = "container `shop_web_1` (compose project `shop`, service `web`): podman stop shop_web_1";
    check(&podman, "8000/tcp", "0.0.0.0", Some(web));
}

#[test]
fn what_an_engine_does_not_know_is_not_made_up() {
    let docker = engines("Docker/28.2.2 (linux)", "[]");
    let port = Endpoint {
        number: 8000,
        host: None,
        protocol: Protocol::Tcp,
    };
    let told = |runtime| {
        let found = Container {
            runtime: Some(runtime),
            ..Container::default()
        };
        docker.complete(&found, &port, None).told
    };
    assert_eq!(told(Runtime::Docker), EngineReply::NoSuchContainer);
    assert_eq!(told(Runtime::Podman), EngineReply::Nothing);
    for nonsense in ["", "{}", "<html>"] {
        let answer = http::Response {
            server: String::new(),
            body: nonsense.to_owned(),
        };
        assert!(parse_containers(&answer).is_none(), "{nonsense}");
    }
}
