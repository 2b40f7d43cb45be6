//! The queue with fast, slow and stuck readers.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Added, MAX_QUEUED_BYTES, OutputQueue};

/// Longer than any step of these tests.
const LONG: Duration = Duration::from_secs(20);

type Read = Arc<Mutex<Vec<u8>>>;

/// A queue whose reader takes output each time it is told to, and the output that it has taken.
fn reluctant() -> (OutputQueue, Sender<()>, Read) {
    let (go, told) = channel();
    let read = Read::default();
    let into = Arc::clone(&read);
    let outlet = OutputQueue::new(move |bytes| {
        // After the sender is dropped, reads without waiting.
        let _ = told.recv();
        into.lock().unwrap().extend_from_slice(bytes);
        Ok(())
    })
    .unwrap();
    (outlet, go, read)
}

/// Adds bytes, waiting if necessary; returns whether they were added.
fn add(outlet: &OutputQueue, bytes: &[u8]) -> bool {
    loop {
        match outlet.add(|buffer| buffer.extend_from_slice(bytes)) {
            Added::Now => return true,
            Added::Never => return false,
            Added::NotYet => std::thread::yield_now(),
        }
    }
}

/// Adds pieces until the queue is full; returns their number.
fn fill(outlet: &OutputQueue) -> usize {
    let piece = vec![b'x'; MAX_QUEUED_BYTES / 4];
    let mut n_pieces = 0;
    while add(outlet, &piece) {
        n_pieces += 1;
        assert!(n_pieces < 100, "memory has no limit");
    }
    n_pieces
}

#[test]
fn everything_comes_out_in_its_order() {
    let (outlet, go, read) = reluctant();
    drop(go);
    for number in 0..10_000 {
        assert!(add(&outlet, format!("{number}\n").as_bytes()));
    }
    assert!(outlet.flush(LONG));
    let expected: String = (0..10_000).map(|number| format!("{number}\n")).collect();
    assert!(*read.lock().unwrap() == expected.as_bytes());
}

#[test]
fn a_reader_that_stops_costs_one_wait_and_bounded_memory() {
    let (outlet, go, read) = reluctant();
    // One queue is on its way, one waits.
    assert!(fill(&outlet) <= 9);
    let began = std::time::Instant::now();
    for _ in 0..1000 {
        assert!(!add(&outlet, b"left out"));
    }
    assert!(began.elapsed() < LONG / 20, "each of them waited");
    assert!(!outlet.flush(LONG));
    drop(go);
    // It reads again: there is room again.
    while !add(&outlet, b"back") {
        std::thread::yield_now();
    }
    assert!(outlet.flush(LONG));
    let read = read.lock().unwrap();
    assert!(read.ends_with(b"xback") && !read.windows(8).any(|it| it == b"left out"));
}

#[test]
fn words_that_must_not_be_lost_are_added_even_without_room() {
    let (outlet, go, read) = reluctant();
    fill(&outlet);
    outlet.push_unbounded(b"the summary");
    drop(go);
    while !read.lock().unwrap().ends_with(b"the summary") {
        std::thread::yield_now();
    }
}

#[test]
fn an_outlet_that_is_closed_takes_everything_and_keeps_nothing() {
    let outlet = OutputQueue::new(|_| Err(io::ErrorKind::BrokenPipe.into())).unwrap();
    let piece = vec![b'x'; MAX_QUEUED_BYTES];
    for _ in 0..100 {
        assert!(add(&outlet, &piece));
    }
    assert!(outlet.flush(LONG));
    assert!(outlet.shared.lock().waiting.is_empty());
}

#[test]
fn what_is_given_up_is_counted_and_comes_out_no_more() {
    let (outlet, go, read) = reluctant();
    assert!(add(&outlet, b"under way\n"));
    // The thread has taken it once there is nothing left to count.
    while !outlet.shared.lock().waiting.is_empty() {
        std::thread::yield_now();
    }
    assert!(add(&outlet, b"one\ntwo\nthr"));
    assert_eq!(outlet.give_up(), 2);
    drop(go);
    assert!(outlet.flush(LONG));
    outlet.push_unbounded(b"late\n");
    assert!(b"under way\n".starts_with(&read.lock().unwrap()));
}
