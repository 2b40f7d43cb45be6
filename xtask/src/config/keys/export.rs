//! Keys of the tables below `[export]` that are about containers.

use super::key::{Key, key};
use super::{COMPOSE, COMPOSE_OF, KUBERNETES_OF};

pub(super) const IMAGE: Key = key(
    COMPOSE,
    "image",
    "string",
    "",
    "the image of every service that has none of its own",
);
pub(super) const BUILD: Key = key(
    COMPOSE,
    "build",
    "path",
    "",
    "the directory with the Dockerfile of every service that has no image of its own, from the project's directory",
)
.also(&["context", "dockerfile"]);
pub(super) const IMAGE_OF: Key = key(
    COMPOSE_OF,
    "image",
    "string",
    "that of all",
    "the image of this service or task",
);
pub(super) const BUILD_OF: Key = key(
    COMPOSE_OF,
    "build",
    "path",
    "that of all",
    "the directory with its Dockerfile, from the project's directory",
)
.also(&["context", "dockerfile"]);
pub(super) const CPU: Key = key(
    KUBERNETES_OF,
    "cpu",
    "quantity of Kubernetes",
    "",
    "the processors it asks for, such as `\"250m\"`, a quarter of one",
);
pub(super) const MEMORY: Key = key(
    KUBERNETES_OF,
    "memory",
    "quantity of Kubernetes",
    "",
    "the memory it asks for and is limited to, such as `\"256Mi\"`",
);
pub(super) const REPLICAS: Key = key(KUBERNETES_OF, "replicas", "integer", "`1`", "how many of it run");
