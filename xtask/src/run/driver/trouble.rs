//! A service that takes long to start: what its sockets, its health check and its log show meanwhile.

use std::time::Duration;

use super::{Driver, Reply, UnitId};
use crate::diagnose::start_trouble::StartTrouble;
use crate::protocol::StartNotice;
use crate::supervise::State;
use crate::system::clock::wall;

/// A service that starts normally is ready earlier, or has written no error.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often the log is read meanwhile.
const INTERVAL: Duration = Duration::from_secs(1);

impl Driver<'_> {
    /// Looks for the trouble after a failed probe, and tells it once.
    pub(super) fn look_for_trouble(&mut self, unit: UnitId) {
        let now = self.clock.now();
        let instance = &mut self.services[unit];
        let status = instance.http_status.take();
        let due = instance
            .looked_at
            .map_or(instance.in_state_since + PATIENCE, |at| at + INTERVAL);
        if self.machine.state(unit) != State::Starting || now < due {
            return;
        }
        instance.looked_at = Some(now);
        let service = &instance.service;
        let found = match (&instance.mismatch, status) {
            (Some(mismatch), _) => Some(StartTrouble::mismatch(mismatch, service)),
            (None, Some(status)) => StartTrouble::answer(status, service),
            (None, None) if instance.answers_at.is_none() => {
                StartTrouble::written(&instance.log.tail(), service, &self.record.checkout)
            }
            (None, None) => None,
        };
        if found.is_none() || found == instance.trouble {
            return;
        }
        instance.trouble.clone_from(&found);
        let notice = found.map(|trouble| StartNotice { at: wall(), trouble });
        let notice = notice.expect("it was found");
        self.audience.start_notice(&notice);
        self.waiters
            .retain(|waiter| waiter.reply.send(Reply::StartNotice(notice.clone())).is_ok());
    }
}
