//! Lines → messages, and their way through each kind of socket.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::sync::Arc;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::Syslog;
use super::message::{Framing, MessageFormat};
use crate::config::SyslogAddress;
use crate::run::log_export::LineSource;
use crate::run::log_export::messages::Messages;
use crate::run::log_export::shipper::{Attempt, Rest, Transport};
use crate::run::log_export::tests::{block, source};
use crate::run::logs::Stream;

const PATIENCE: Duration = Duration::from_secs(5);

#[track_caller]
fn check(framing: Framing, service: &str, stream: Stream, lines: &[&[u8]], expected: Expect) {
    let mut format = MessageFormat::new(&source(), framing);
    let mut messages = Messages::default();
    format.begin(&block(&Arc::from(service), 4242, stream, b""));
    lines.iter().for_each(|line| format.add(line, &mut messages));
    expected.assert_eq(&String::from_utf8_lossy(&messages.bytes));
}

#[test]
fn a_line_is_a_message() {
    check(
        Framing::Newline,
        "api",
        Stream::Stdout,
        &[b"one", b""],
        expect![[r#"
        <14>1 2026-11-23T08:00:00.123456Z box api 4242 stdout [devtasks@32473 project="my \"shop\"" run="1a-2b"] one
        <14>1 2026-11-23T08:00:00.123456Z box api 4242 stdout [devtasks@32473 project="my \"shop\"" run="1a-2b"] 
    "#]],
    );
    check(
        Framing::OctetCount,
        "api",
        Stream::Stderr,
        &[b"one", b"caf\xc3\xa9"],
        expect![[
            r#"108 <13>1 2026-11-23T08:00:00.123456Z box api 4242 stderr [devtasks@32473 project="my \"shop\"" run="1a-2b"] one110 <13>1 2026-11-23T08:00:00.123456Z box api 4242 stderr [devtasks@32473 project="my \"shop\"" run="1a-2b"] café"#
        ]],
    );
    check(
        Framing::None,
        "größe",
        Stream::Stdout,
        &[b"\ttab \xff"],
        expect![[
            r#"<14>1 2026-11-23T08:00:00.123456Z box gr__e 4242 stdout [devtasks@32473 project="my \"shop\"" run="1a-2b"] 	tab �"#
        ]],
    );
}

#[test]
fn fields_hold_what_the_format_allows() {
    let odd = LineSource {
        project: "a\"b\\c]d".to_owned(),
        run: "r".to_owned(),
        host: String::new(),
    };
    let mut format = MessageFormat::new(&odd, Framing::None);
    let mut messages = Messages::default();
    format.begin(&block(&Arc::from("s".repeat(63)), 1, Stream::Stdout, b""));
    format.add(b"x", &mut messages);
    expect![[r#"<14>1 2026-11-23T08:00:00.123456Z - ssssssssssssssssssssssssssssssssssssssssssssssss 1 stdout [devtasks@32473 project="a\"b\\c\]d" run="r"] x"#]].assert_eq(&String::from_utf8_lossy(&messages.bytes));
}

fn add(syslog: &mut Syslog, lines: &[&[u8]]) {
    syslog.begin(&block(&Arc::from("api"), 7, Stream::Stdout, b""));
    lines.iter().for_each(|line| syslog.add(line));
}

/// What a message says.
fn said(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    text.rsplit_once("\"] ").expect("it is a message").1.to_owned()
}

#[cfg(unix)] // Windows tells who sends nothing of an absent receiver.
#[test]
fn udp_waits_for_a_receiver_and_loses_nothing_on_this_machine() {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut syslog = Syslog::new(SyslogAddress::Udp(address.to_string()), &source());
    add(&mut syslog, &[b"one", b"two"]);
    for _ in 0..3 {
        let attempt = syslog.send(PATIENCE);
        assert_eq!((attempt.sent, attempt.rest), (0, Rest::Later(None)));
        assert_eq!(attempt.trouble.as_deref(), Some("connection refused"));
    }
    let receiver = UdpSocket::bind(address).unwrap();
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(2));
    let mut buffer = [0; 70_000];
    for expected in ["one", "two"] {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(said(&buffer[..length]), expected);
    }
}

#[test]
fn a_line_that_no_datagram_holds_is_cut_between_two_characters() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = receiver.local_addr().unwrap();
    let mut syslog = Syslog::new(SyslogAddress::Udp(address.to_string()), &source());
    let mut buffer = [0; 70_000];
    add(&mut syslog, &["é".repeat(40_000).as_bytes(), b"after"]);
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(2));
    let length = receiver.recv(&mut buffer).unwrap();
    assert!((65_500..=65_507).contains(&length), "{length}");
    assert!(said(&buffer[..length]).chars().all(|letter| letter == 'é'));
    let length = receiver.recv(&mut buffer).unwrap();
    assert_eq!(said(&buffer[..length]), "after");
}

#[test]
fn a_stream_begins_again_with_a_whole_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut syslog = Syslog::new(SyslogAddress::Tcp(address.to_string()), &source());
    add(&mut syslog, &[b"one"]);
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(1));
    let (mut first, _) = listener.accept().unwrap();
    let mut buffer = [0; 1000];
    let length = first.read(&mut buffer).unwrap();
    assert!(buffer.starts_with(b"1"), "the length comes first");
    assert_eq!(said(&buffer[..length]), "one");
    // The receiver goes away: what follows is not written into nothing.
    drop((first, listener));
    add(&mut syslog, &[b"two", b"three"]);
    let attempt = syslog.send(PATIENCE);
    assert_eq!((attempt.sent, attempt.rest), (0, Rest::Later(None)));
    let listener = TcpListener::bind(address).unwrap();
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(2));
    drop(syslog);
    let mut all = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut all).unwrap();
    let mut rest = &all[..];
    for expected in ["two", "three"] {
        let blank = rest.iter().position(|byte| *byte == b' ').unwrap();
        let length: usize = std::str::from_utf8(&rest[..blank]).unwrap().parse().unwrap();
        assert_eq!(said(&rest[blank + 1..blank + 1 + length]), expected);
        rest = &rest[blank + 1 + length..];
    }
    assert_eq!(rest, b"");
}

#[cfg(unix)] // On Windows a new stream begins: see `Syslog::send`.
#[test]
fn a_stream_that_is_not_read_goes_on_in_the_middle_of_a_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut syslog = Syslog::new(SyslogAddress::Tcp(address.to_string()), &source());
    let line = vec![b'x'; 1_000_000];
    add(&mut syslog, &[&line[..]; 16]);
    let first = syslog.send(Duration::from_millis(50));
    assert_eq!(first.rest, Rest::Later(None));
    let (mut reader, _) = listener.accept().unwrap();
    let mut buffer = vec![0; 4_000_000];
    reader.read_exact(&mut buffer).unwrap();
    let second = syslog.send(Duration::from_millis(50));
    let reading = std::thread::spawn(move || {
        reader.read_to_end(&mut buffer).unwrap();
        buffer
    });
    let third = syslog.send(PATIENCE);
    assert_eq!((first.sent + second.sent + third.sent, third.rest), (16, Rest::None));
    drop(syslog);
    let all = reading.join().unwrap();
    assert_eq!(
        all.iter().filter(|byte| **byte == b'x').count(),
        16_000_000 + 16 * "box".matches('x').count()
    );
}

#[cfg(unix)]
#[test]
fn a_socket_file_takes_datagrams_or_a_stream() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let mut syslog = Syslog::new(SyslogAddress::Unix(path.clone()), &source());
    add(&mut syslog, &[b"one"]);
    let attempt = syslog.send(PATIENCE);
    assert_eq!(attempt.trouble.as_deref(), Some("no such file or directory"));
    let receiver = UnixDatagram::bind(&path).unwrap();
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(1));
    let mut buffer = [0; 1000];
    let length = receiver.recv(&mut buffer).unwrap();
    assert_eq!(said(&buffer[..length]), "one");
    drop(receiver);
    std::fs::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    add(&mut syslog, &[b"two", b"three"]);
    // The old socket is gone, which shows at the first attempt.
    assert_eq!(syslog.send(PATIENCE).rest, Rest::Later(None));
    assert_eq!(syslog.send(PATIENCE), Attempt::sent(2));
    drop(syslog);
    let mut all = String::new();
    listener.accept().unwrap().0.read_to_string(&mut all).unwrap();
    let said: Vec<String> = all.lines().map(|line| said(line.as_bytes())).collect();
    assert_eq!(said, ["two", "three"]);
}

#[test]
fn a_message_that_was_sent_in_part_is_sent_again_in_a_new_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut syslog = Syslog::new(SyslogAddress::Tcp(address.to_string()), &source());
    let line = vec![b'x'; 1_000_000];
    add(&mut syslog, &[&line[..]; 16]);
    let first = syslog.send(Duration::from_millis(50));
    assert_eq!(first.rest, Rest::Later(None));
    drop(listener.accept().unwrap());
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut all).unwrap();
        all
    });
    let second = syslog.send(PATIENCE);
    assert_eq!((first.sent + second.sent, second.rest), (16, Rest::None));
    drop(syslog);
    let all = reading.join().unwrap();
    let beginning = b"1000102 <14>1 ";
    assert!(all.starts_with(beginning), "{}", String::from_utf8_lossy(&all[..40]));
    assert_eq!(all.len() as u64, second.sent * 1_000_110, "only whole messages");
}
