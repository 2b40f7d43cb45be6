//! Metrics of a run, for Prometheus: what the supervisor counts, what is read at a scrape, and how it is served.
//!
//! The driver counts with plain integers, whether anybody asks or not. All other work is done at a scrape, on the thread
//! of whoever asks: the driver only hands out [`Measures`]. Reasons: docs/design/metrics.md.

#[cfg(not(feature = "metrics"))]
mod absent;
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody asks"))]
mod counts;
#[cfg(feature = "metrics")]
mod exposition;
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody asks"))]
mod measures;
#[cfg(feature = "metrics")]
mod reading;
#[cfg(feature = "metrics")]
mod request;
#[cfg(feature = "metrics")]
mod responder;
#[cfg(feature = "metrics")]
mod scraper;

#[cfg(not(feature = "metrics"))]
pub(crate) use absent::{Responder, Scraper};
pub(crate) use counts::Counts;
pub(crate) use measures::{Conflicts, Measures, ServiceMeasures};
#[cfg(feature = "metrics")]
pub(crate) use responder::Responder;
#[cfg(feature = "metrics")]
pub(crate) use scraper::Scraper;
