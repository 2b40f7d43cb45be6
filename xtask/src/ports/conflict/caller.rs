//! The context of a port check: our project and run, and the requesting service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::Place;
use crate::plan::Port;
use crate::ports::Endpoint;
use crate::process::Tag;

/// What counts as ours; empty outside of a project.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerContext {
    pub(crate) project: Option<String>,
    /// Canonical.
    pub(crate) checkout: Option<PathBuf>,
    pub(crate) live_run: Option<String>,
    /// Ports that the supervisor of the live run may have reserved, with the service.
    pub(crate) reserved: Vec<(Endpoint, String)>,
    /// Numbers used by the services of `devtasks.toml`; never suggested as an alternative.
    pub(crate) numbers: BTreeSet<u16>,
    /// `None` for a look-up without a service.
    pub(crate) service: Option<RequestingService>,
    /// Our effective user id.
    pub(crate) uid: u32,
}

/// The service that declares the port.
#[derive(Debug, Clone)]
pub(crate) struct RequestingService {
    pub(crate) service: String,
    pub(crate) place: Place,
    /// The variable that sets the port number.
    pub(crate) variable: Option<String>,
}

impl CallerContext {
    /// A checkout and its live run, without a service.
    pub(crate) fn new(project: &str, checkout: &Path, live_run: Option<String>, uid: u32) -> Self {
        CallerContext {
            project: Some(project.to_owned()),
            checkout: Some(checkout.to_owned()),
            live_run,
            reserved: Vec::new(),
            numbers: BTreeSet::new(),
            service: None,
            uid,
        }
    }

    /// Whether the tag is of our checkout.
    pub(crate) fn is_of(&self, tag: &Tag) -> bool {
        self.checkout.as_ref().is_some_and(|checkout| tag.checkout == *checkout)
    }

    /// Adds the numbers used by the services of `devtasks.toml`.
    pub(crate) fn with_reserved_numbers(self, numbers: BTreeSet<u16>) -> Self {
        CallerContext { numbers, ..self }
    }

    /// The context for one port of a service.
    pub(crate) fn for_service(&self, service: &str, port: &Port) -> Self {
        CallerContext {
            service: Some(RequestingService {
                service: service.to_owned(),
                place: port.place.clone(),
                variable: port.variable.clone(),
            }),
            ..self.clone()
        }
    }

    /// All services for which the port may be reserved.
    pub(super) fn reserved_for(&self, port: &Endpoint) -> impl Iterator<Item = &str> {
        let is_it = |of: &Endpoint| (of.number, of.protocol) == (port.number, port.protocol);
        let reserved = self.reserved.iter().filter(move |(of, _)| is_it(of));
        reserved.map(|(_, service)| service.as_str())
    }
}
