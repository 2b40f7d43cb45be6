//! The keys of the tables within `[services.NAME]`.

use super::key::{Key, key};
use super::{DEPENDENCY, HEALTHCHECK, PORT};

pub(super) const KEYS: &[Key] = &[
    key(
        PORT,
        "number",
        "integer, string or `\"auto\"`",
        "",
        "the port, from 1 to 65535; `\"auto\"` is a stable one for each checkout",
    ),
    key(
        PORT,
        "base",
        "integer or string",
        "by the names of project, service and port",
        "where `\"auto\"` begins: the number in the main checkout",
    ),
    key(
        PORT,
        "host",
        "IP address",
        "any local address",
        "the address it listens on",
    ),
    key(PORT, "protocol", "`\"tcp\"` or `\"udp\"`", "`\"tcp\"`", "the transport"),
    key(
        PORT,
        "on_conflict",
        "`\"ask\"`, `\"fail\"`, `\"kill\"` or `\"next\"`",
        "that of the service",
        "what `up` does when this port is taken",
    ),
    key(
        DEPENDENCY,
        "condition",
        "`\"healthy\"`, `\"started\"` or `\"completed\"`",
        "`\"healthy\"`, of a task `\"completed\"`",
        "what this service waits for",
    ),
    key(
        DEPENDENCY,
        "restart",
        "boolean",
        "`false`",
        "whether this service is restarted when that one is",
    ),
    key(
        HEALTHCHECK,
        "http",
        "path or URL",
        "",
        "ready when a `GET` of it is answered with 200 to 399",
    )
    .also(&["url", "path"]),
    key(
        HEALTHCHECK,
        "tcp",
        "`true`",
        "",
        "ready when the main port accepts a connection",
    ),
    key(
        HEALTHCHECK,
        "command",
        "string or list of strings",
        "",
        "ready if it exits with 0",
    )
    .also(&["test", "cmd"]),
    key(
        HEALTHCHECK,
        "interval",
        "duration",
        "`\"10s\"`",
        "time between checks of a ready service",
    ),
    key(
        HEALTHCHECK,
        "timeout",
        "duration",
        "`\"2s\"`",
        "time limit of one check",
    ),
    key(
        HEALTHCHECK,
        "retries",
        "integer",
        "`3`",
        "consecutive failures that make a ready service unhealthy",
    ),
    key(
        HEALTHCHECK,
        "start_period",
        "duration",
        "`\"60s\"`",
        "time in which a starting service must become ready",
    ),
];
