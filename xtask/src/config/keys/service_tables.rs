//! The keys of the tables within `[services.NAME]`.

use super::key::{Key, key};
use super::kind::Kind;
use super::{DEPENDENCY, HEALTHCHECK, PORT};

pub(super) const KEYS: &[Key] = &[
    key(
        PORT,
        "number",
        Kind::PortNumber,
        "",
        "the port, from 1 to 65535; `\"auto\"` is a stable one for each checkout",
    ),
    key(
        PORT,
        "base",
        Kind::PortBase,
        "by the names of project, service and port",
        "where `\"auto\"` begins: the number in the main checkout",
    ),
    key(
        PORT,
        "host",
        Kind::IpAddress,
        "any local address",
        "the address it listens on",
    ),
    key(
        PORT,
        "protocol",
        Kind::Words(&["tcp", "udp"]),
        "`\"tcp\"`",
        "the transport",
    ),
    key(
        PORT,
        "on_conflict",
        Kind::Words(&["ask", "fail", "kill", "next"]),
        "that of the service",
        "what `up` does when this port is taken",
    ),
    key(
        DEPENDENCY,
        "condition",
        Kind::Words(&["healthy", "started", "completed"]),
        "`\"healthy\"`, of a task `\"completed\"`",
        "what this service waits for",
    ),
    key(
        DEPENDENCY,
        "restart",
        Kind::Boolean,
        "`false`",
        "whether this service is restarted when that one is",
    ),
    key(
        HEALTHCHECK,
        "http",
        Kind::PathOrUrl,
        "",
        "ready when a `GET` of it is answered with 200 to 399",
    )
    .also(&["url", "path"]),
    key(
        HEALTHCHECK,
        "tcp",
        Kind::True,
        "",
        "ready when the main port accepts a connection",
    ),
    key(HEALTHCHECK, "command", Kind::Command, "", "ready if it exits with 0").also(&["test", "cmd"]),
    key(
        HEALTHCHECK,
        "interval",
        Kind::Time,
        "`\"10s\"`",
        "time between checks of a ready service",
    ),
    key(
        HEALTHCHECK,
        "timeout",
        Kind::Time,
        "`\"2s\"`",
        "time limit of one check",
    ),
    key(
        HEALTHCHECK,
        "retries",
        Kind::Positive,
        "`3`",
        "consecutive failures that make a ready service unhealthy",
    ),
    key(
        HEALTHCHECK,
        "start_period",
        Kind::Time,
        "`\"60s\"`",
        "time in which a starting service must become ready",
    ),
];
