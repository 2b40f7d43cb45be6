//! Which interrupt ends the program, depending on its work.

use std::cell::Cell;
use std::sync::mpsc::channel;

use super::*;

/// Consecutive interrupts, and whether each one ends the program.
#[track_caller]
fn check(interrupt: &Interrupt, expected: &[bool]) {
    let ends = expected.iter().map(|_| {
        let (told, ended) = (Cell::new(false), Cell::new(false));
        let tell = || {
            assert!(interrupt.was_heard());
            told.set(true);
        };
        interrupt.hear(tell, || ended.set(true));
        assert!(told.get());
        ended.get()
    });
    assert_eq!(ends.collect::<Vec<_>>(), expected);
}

#[test]
fn whoever_only_looks_is_ended_by_the_first() {
    check(&Interrupt::default(), &[true]);
}

#[test]
fn whoever_signals_is_ended_by_the_second() {
    let interrupt = Interrupt::default();
    let _outer = interrupt.signalling();
    drop(interrupt.signalling());
    check(&interrupt, &[false, true]);
}

#[test]
fn whoever_supervises_is_ended_by_the_second_that_nobody_takes() {
    let interrupt = Interrupt::default();
    interrupt.supervise();
    check(&interrupt, &[false]);
    interrupt.take();
    check(&interrupt, &[false]);
    interrupt.take();
    check(&interrupt, &[false, true]);
}

#[test]
fn a_run_that_begins_meanwhile_takes_the_interrupt() {
    let interrupt = Interrupt::default();
    let (heard, wait) = channel();
    std::thread::scope(|scope| {
        let (interrupt, wait) = (&interrupt, wait);
        scope.spawn(move || {
            wait.recv().unwrap();
            interrupt.supervise();
        });
        interrupt.hear(|| heard.send(()).unwrap(), || panic!("it is ended"));
    });
    assert!(interrupt.was_heard());
}
