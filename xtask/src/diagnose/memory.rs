//! Whether the kernel ran out of memory while a service lived, told by its counters before and after.

/// How many processes the kernel has ended for want of memory; `None` where it does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OomKills {
    /// Those of our own control group, to which the services belong.
    pub(crate) own: Option<u64>,
    /// Those of the whole machine.
    pub(crate) machine: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OomEvidence {
    /// Nothing is known of it.
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
            // Whoever it was, it was none of ours.
            (Some(false), _) => OomEvidence::None,
            (None, Some(true)) => OomEvidence::RanOutSomewhere,
            (None, Some(false) | None) => OomEvidence::None,
        }
    }
}
