//! Blocks of lines → batches, in an order that answers of a target disturb.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Attempt, Pace, Rest, Shipper, Transport};
use crate::diagnostic::Diagnostic;
use crate::run::log_export::LineBlock;
use crate::run::log_export::queue::ShipQueue;
use crate::run::log_export::tests::block;
use crate::run::logs::{Sink, Stream};
use crate::system::terminal::Size;

/// Batches of up to three lines; `!` marks an attempt that failed.
#[derive(Default)]
struct Threes {
    service: String,
    batch: Vec<String>,
    sent: Arc<Mutex<Vec<String>>>,
    /// How many of the next attempts fail.
    n_failures: usize,
}

impl Transport for Threes {
    fn pace(&self) -> Pace {
        Pace {
            time: Duration::from_millis(1),
            bytes: 1,
        }
    }

    fn begin(&mut self, block: &LineBlock) {
        self.service = block.service.to_string();
    }

    fn add(&mut self, line: &[u8]) {
        self.batch
            .push(format!("{}:{}", self.service, String::from_utf8_lossy(line)));
    }

    fn is_full(&self) -> bool {
        self.batch.len() == 3
    }

    fn send(&mut self, _: Duration) -> Attempt {
        let mut sent = self.sent.lock().unwrap();
        if let Some(left) = self.n_failures.checked_sub(1) {
            self.n_failures = left;
            sent.push("!".to_owned());
            return Attempt {
                rest: Rest::Later(Some(Duration::ZERO)),
                ..Attempt::later("busy")
            };
        }
        sent.push(self.batch.join(" "));
        let batch = std::mem::take(&mut self.batch);
        Attempt::sent(batch.len() as u64)
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Sink for Told {
    fn lines(&self, _: &str, _: Stream, _: &[u8]) -> bool {
        true
    }

    fn shows_colours(&self) -> bool {
        false
    }

    fn leaves_out_checks(&self) -> bool {
        false
    }

    fn size(&self) -> Size {
        Size::USUAL
    }

    fn trouble(&self, problem: Diagnostic) {
        self.0.lock().unwrap().push(problem.message);
    }
}

/// Blocks, each a service and its lines → the batches, and what was told.
fn shipped(blocks: &[(&str, &str)], n_failures: usize) -> (String, Vec<String>) {
    let queue = Arc::new(ShipQueue::new(1_000_000));
    for (service, lines) in blocks {
        let block = block(&Arc::from(*service), 7, Stream::Stdout, lines.as_bytes());
        queue.push(&Arc::new(block));
    }
    let n_lines = queue.status("x").waiting;
    let sent = Arc::default();
    let transport = Threes {
        sent: Arc::clone(&sent),
        n_failures,
        ..Threes::default()
    };
    let told = Arc::new(Told::default());
    Shipper::start("x".to_owned(), Arc::clone(&queue), Box::new(transport), told.clone()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while queue.status("x").sent < n_lines && Instant::now() < deadline {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    queue.close(Duration::from_secs(30));
    queue.count();
    assert_eq!((queue.status("x").sent, queue.status("x").dropped), (n_lines, 0));
    let sent = sent.lock().unwrap().join(" | ");
    (sent, told.0.lock().unwrap().clone())
}

#[test]
fn a_batch_may_end_within_a_block() {
    let (sent, told) = shipped(&[("a", "1\n2\n"), ("b", "3\n4\n5\n6\n7\n"), ("a", "8\n\n")], 0);
    assert_eq!(sent, "a:1 a:2 b:3 | b:4 b:5 b:6 | b:7 a:8 a:");
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_batch_is_sent_again_until_it_is_taken() {
    let (sent, told) = shipped(&[("a", "1\n2\n3\n4\n")], 3);
    assert_eq!(sent, "! | ! | ! | a:1 a:2 a:3 | a:4");
    assert_eq!(told, ["log target `x`: busy; lines wait until it takes them"]);
}
