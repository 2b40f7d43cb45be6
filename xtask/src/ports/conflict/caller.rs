//! Who asks about a port, and for which service.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diagnostic::Place;
use crate::plan::Port;
use crate::ports::Endpoint;
use crate::process::Tag;

/// What counts as ours. Without a project nothing does.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallerContext {
    pub(crate) project: Option<String>,
    /// Canonical.
    pub(crate) checkout: Option<PathBuf>,
    pub(crate) live_run: Option<String>,
    /// Ports that its supervisor may have reserved, and for which service.
    pub(crate) reserved: Vec<(Endpoint, String)>,
    /// Numbers that services of its file have: none of them is another port for one of them.
    pub(crate) numbers: BTreeSet<u16>,
    /// `None` for a look-up by itself.
    pub(crate) service: Option<RequestingService>,
    /// Our effective user id.
    pub(crate) uid: u32,
}

/// The service that declares the port.
#[derive(Debug, Clone)]
pub(crate) struct RequestingService {
    pub(crate) service: String,
    pub(crate) place: Place,
    /// The variable that sets the number.
    pub(crate) variable: Option<String>,
}

impl CallerContext {
    /// A checkout and its live run, for none of its services.
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

    /// Is it of our checkout?
    pub(crate) fn is_of(&self, tag: &Tag) -> bool {
        self.checkout.as_ref().is_some_and(|checkout| tag.checkout == *checkout)
    }

    /// The same with the numbers that the file's services have.
    pub(crate) fn with_reserved_numbers(self, numbers: BTreeSet<u16>) -> Self {
        CallerContext { numbers, ..self }
    }

    /// The same for a port of a service.
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

    /// All services that a port may be reserved for.
    pub(super) fn reserved_for(&self, port: &Endpoint) -> impl Iterator<Item = &str> {
        let is_it = |of: &Endpoint| (of.number, of.protocol) == (port.number, port.protocol);
        let reserved = self.reserved.iter().filter(move |(of, _)| is_it(of));
        reserved.map(|(_, service)| service.as_str())
    }
}
