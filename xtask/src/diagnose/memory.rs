//! Whether the kernel ran out of memory during a service's life, according to its counters before and after.

/// The number of processes that the OOM killer has killed; `None` if the kernel does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OomKills {
    /// In our own control group, which includes the services.
    pub(crate) own: Option<u64>,
    /// On the whole machine.
    pub(crate) machine: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OomEvidence {
    /// No evidence.
    None,
    /// For a process of our own control group.
    RanOut,
    /// For some process of the machine.
    RanOutSomewhere,
}

impl OomKills {
    pub(crate) fn since(self, before: OomKills) -> OomEvidence {
        let rose = |before: Option<u64>, now: Option<u64>| Some(now? > before?);
        match (rose(before.own, self.own), rose(before.machine, self.machine)) {
            (Some(true), _) => OomEvidence::RanOut,
            // The process was not one of ours.
            (Some(false), _) => OomEvidence::None,
            (None, Some(true)) => OomEvidence::RanOutSomewhere,
            (None, Some(false) | None) => OomEvidence::None,
        }
    }
}
