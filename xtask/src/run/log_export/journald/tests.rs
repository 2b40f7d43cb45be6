//! Lines → datagrams of fields, also long ones.

#![cfg(target_os = "linux")] // No other system has journald and sealed files.

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;
use rustix::fs::{SealFlags, fcntl_get_seals};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::{Journald, push_field};
use crate::run::log_export::shipper::{Attempt, Rest, Transport};
use crate::run::log_export::tests::{block, source};
use crate::run::logs::Stream;

const PATIENCE: Duration = Duration::from_secs(5);

/// A datagram, or the content of the sealed file in it.
fn receive(journal: &UnixDatagram) -> Vec<u8> {
    let mut buffer = vec![0; 1_000_000];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(
        journal,
        &mut [IoSliceMut::new(&mut buffer)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    );
    let length = got.unwrap().bytes;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
            assert_eq!(length, 0);
            let mut file = File::from(descriptors.next().unwrap());
            assert!(
                fcntl_get_seals(&file)
                    .unwrap()
                    .contains(SealFlags::WRITE | SealFlags::SHRINK)
            );
            let mut content = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut content).unwrap();
            return content;
        }
    }
    buffer.truncate(length);
    buffer
}

#[test]
fn a_line_is_an_entry_with_fields() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let mut journald = Journald::new(path.clone(), source());
    journald.begin(&block(&Arc::from("api"), 7, Stream::Stderr, b""));
    journald.add(b"caf\xc3\xa9 \xff");
    journald.add(&vec![b'y'; 900_000]);
    let attempt = journald.send(PATIENCE);
    assert_eq!((attempt.sent, attempt.rest), (0, Rest::Later(None)));
    assert_eq!(attempt.trouble.as_deref(), Some("no such file or directory"));
    let journal = UnixDatagram::bind(&path).unwrap();
    assert_eq!(journald.send(PATIENCE), Attempt::sent(2));
    let entry = receive(&journal);
    expect![[r#"
        PRIORITY=5
        SYSLOG_IDENTIFIER=api
        OBJECT_PID=7
        DEVTASKS_PROJECT=my "shop"
        DEVTASKS_SERVICE=api
        DEVTASKS_RUN=1a-2b
        DEVTASKS_STREAM=stderr
        DEVTASKS_TIME=2026-11-23T08:00:00.123456Z
        MESSAGE=café �
    "#]]
    .assert_eq(&String::from_utf8_lossy(&entry));
    let long = receive(&journal);
    let fields = entry.len() - "café \u{fffd}".len() + 2;
    assert_eq!(long.len(), fields + 900_000);
    assert!(long.ends_with(b"yyy\n"));
}

#[test]
fn a_value_with_a_line_break_has_its_length_before_it() {
    let mut field = Vec::new();
    push_field(&mut field, "MESSAGE", b"a\nb");
    assert_eq!(field, b"MESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n");
}
