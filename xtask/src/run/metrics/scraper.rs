//! Answers one scrape after another: asks the driver, reads the kernel, writes the page.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::exposition::{Format, page};
use super::reading::{HighWaterMarks, Reading};
use crate::diagnostic::Diagnostic;
use crate::run::driver::Message;
use crate::system::usage;

pub(crate) struct Scraper {
    driver: Sender<Message>,
    marks: Mutex<HighWaterMarks>,
    own_start: Option<u64>,
}

/// Whom a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Prometheus, or a person.
    Scrape,
    /// The textfile collector of node_exporter, which has metrics of its own process.
    NodeExporter,
}

/// How long the driver may take to hand out its numbers. It does so without waiting for anything, unless it is starting a
/// process.
const PATIENCE: Duration = Duration::from_secs(3);

impl Scraper {
    /// `driver` takes the messages of the run.
    pub(crate) fn new(driver: Sender<Message>) -> Self {
        Scraper {
            driver,
            marks: Mutex::default(),
            own_start: usage::own_start(),
        }
    }

    /// For the command `metrics`: the Prometheus format.
    ///
    /// # Errors
    /// The run is ending.
    pub(crate) fn text(&self, for_node_exporter: bool) -> Result<String, Diagnostic> {
        let reader = match for_node_exporter {
            true => Reader::NodeExporter,
            false => Reader::Scrape,
        };
        self.page(Format::Prometheus, reader)
            .ok_or_else(|| Diagnostic::new("the stack is ending, or its supervisor does not answer"))
    }

    /// `None` if the run is ending, or the driver does not answer in time.
    pub(super) fn page(&self, format: Format, reader: Reader) -> Option<String> {
        // Scrapes at the same time would read the same twice.
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, told) = channel();
        self.driver.send(Message::Measure(tell)).ok()?;
        let measures = told.recv_timeout(PATIENCE).ok()?;
        let mut reading = Reading::of(measures, &mut marks);
        if reader == Reader::Scrape {
            reading.own = usage::own();
            reading.own_start = self.own_start;
        }
        drop(marks);
        Some(page(reading, format))
    }
}
