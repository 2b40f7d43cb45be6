//! What finds room, and that every line is counted once.

use std::sync::Arc;
use std::time::Duration;

use super::{BLOCK_OVERHEAD, ShipQueue};
use crate::run::log_export::LineBlock;
use crate::run::log_export::tests::block;
use crate::run::logs::Stream;

/// Three lines, in 12 bytes.
fn three() -> Arc<LineBlock> {
    Arc::new(block(&Arc::from("api"), 7, Stream::Stdout, b"one\ntwo\nsix\n"))
}

/// A queue with room for two such blocks.
fn queue() -> ShipQueue {
    ShipQueue::new(2 * (12 + BLOCK_OVERHEAD))
}

/// The lines that were sent, wait and were dropped.
#[track_caller]
fn check(queue: &ShipQueue, expected: [u64; 3]) {
    let status = queue.status("x");
    assert_eq!([status.sent, status.waiting, status.dropped], expected);
}

#[test]
fn the_newest_lines_are_dropped_until_lines_were_sent() {
    let queue = queue();
    for _ in 0..3 {
        queue.push(&three());
    }
    check(&queue, [0, 6, 3]);
    assert!(queue.has_overflowed());
    let taken = queue.take().unwrap();
    queue.push(&three());
    check(&queue, [0, 6, 6]);
    queue.settle(2, 1);
    queue.release(&taken);
    queue.push(&three());
    check(&queue, [2, 6, 7]);
}

#[test]
fn what_is_left_at_the_end_is_dropped_even_if_it_is_sent_later() {
    let queue = queue();
    queue.push(&three());
    queue.push(&three());
    let _taken = queue.take().unwrap();
    queue.settle(1, 0);
    queue.close(Duration::from_millis(1));
    queue.count();
    check(&queue, [1, 0, 5]);
    queue.settle(2, 0);
    queue.push(&three());
    check(&queue, [1, 0, 8]);
}

#[test]
fn the_end_waits_only_for_a_shipper_that_still_sends() {
    let queue = queue();
    queue.push(&three());
    queue.close(Duration::from_secs(1000));
    queue.give_up();
    queue.count();
    check(&queue, [0, 0, 3]);
    let all_sent = self::queue();
    all_sent.push(&three());
    let block = all_sent.take().unwrap();
    all_sent.settle(3, 0);
    all_sent.release(&block);
    all_sent.close(Duration::from_secs(1000));
    assert!(all_sent.take().is_none() && !all_sent.pause(Duration::from_secs(1000)));
    all_sent.count();
    check(&all_sent, [3, 0, 0]);
}
