//! The keys of `[export]`.

use super::key::{Key, key};
use super::kind::Kind;
use super::{COMPOSE, COMPOSE_OF, EXPORT, KUBERNETES, KUBERNETES_OF};

pub(super) const KEYS: &[Key] = &[
    key(
        EXPORT,
        "root",
        Kind::AbsolutePath,
        "this directory",
        "the project's directory on the machine where the stack will run",
    )
    .also(&["dir", "directory", "path"]),
    key(
        EXPORT,
        "user",
        Kind::User,
        "whoever starts them",
        "the user whose processes the services are there; root for the systemd of the machine, if it is not set",
    ),
    key(EXPORT, "compose", Kind::Table, "", "the images of Compose"),
    key(EXPORT, "kubernetes", Kind::Table, "", "the images of Kubernetes"),
    IMAGE,
    key(
        COMPOSE,
        "build",
        Kind::PlainPath,
        "",
        "the directory with the Dockerfile of every service that has no image of its own, from the project's directory",
    )
    .also(&["context", "dockerfile"]),
    IMAGE_OF,
    key(
        COMPOSE_OF,
        "build",
        Kind::PlainPath,
        "that of all",
        "the directory with its Dockerfile, from the project's directory",
    )
    .also(&["context", "dockerfile"]),
    IMAGE.of(KUBERNETES),
    IMAGE_OF.of(KUBERNETES_OF),
    key(
        KUBERNETES_OF,
        "cpu",
        Kind::Quantity,
        "",
        "the processors it asks for, such as `\"250m\"`, a quarter of one",
    ),
    key(
        KUBERNETES_OF,
        "memory",
        Kind::Quantity,
        "",
        "the memory it asks for and is limited to, such as `\"256Mi\"`",
    ),
    key(KUBERNETES_OF, "replicas", Kind::Integer, "`1`", "how many of it run"),
];

const IMAGE: Key = key(
    COMPOSE,
    "image",
    Kind::String,
    "",
    "the image of every service that has none of its own",
);
const IMAGE_OF: Key = key(
    COMPOSE_OF,
    "image",
    Kind::String,
    "that of all",
    "the image of this service or task",
);
