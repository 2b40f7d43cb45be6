//! Causes from the exit status, with and without a log.

use super::super::OomEvidence;
use super::{check_ended, found};

#[test]
fn exit_codes_of_shells_speak_for_themselves() {
    check_ended("127", "starting", "CommandNotFound 5: ");
    check_ended("126", "starting", "NotExecutable 5: ");
    check_ended("2", "starting", "nothing");
}

#[test]
fn a_crash_is_told_from_its_signal() {
    for (signal, code, cause) in [
        (4, 132, "IllegalInstruction"),
        (6, 134, "Aborted"),
        (7, 135, "SegmentationFault"),
        (8, 136, "ArithmeticError"),
        (9, 137, "Killed"),
        (11, 139, "SegmentationFault"),
    ] {
        let expected = format!("{cause} 1: ");
        check_ended(&format!("signal {signal}"), "ready", &expected);
        check_ended(&code.to_string(), "ready", &expected);
    }
    check_ended("signal 15", "ready", "nothing");
    check_ended("143", "ready", "nothing");
}

#[test]
fn whoever_is_killed_has_not_said_why() {
    let log = "ConnectionRefusedError: [Errno 111] Connection refused";
    check_ended("signal 9", log, "Killed 1: ");
    check_ended("signal 11", log, "SegmentationFault 1: ");
    check_ended("signal 15", log, "nothing");
    check_ended("137", log, "Killed 1: ");
}

#[test]
fn whoever_aborts_has() {
    let log = "memory allocation of 8589934592 bytes failed";
    let expected = format!("OutOfMemory 1: {log}");
    check_ended("signal 6", log, &expected);
    check_ended("134", log, &expected);
}

#[test]
fn exit_0_is_no_failure() {
    check_ended("0", "OSError: [Errno 98] Address already in use", "nothing");
}

#[test]
fn sigkill_while_the_kernel_ran_out_of_memory_is_the_kernels() {
    for how in ["signal 9", "137"] {
        assert_eq!(found(how, OomEvidence::RanOut, "ready"), "KilledForMemory 1: ");
        assert_eq!(
            found(how, OomEvidence::RanOutSomewhere, "ready"),
            "ProbablyKilledForMemory 1: "
        );
    }
    for how in ["signal 11", "1", "0"] {
        assert_eq!(found(how, OomEvidence::RanOut, ""), found(how, OomEvidence::None, ""));
    }
}
