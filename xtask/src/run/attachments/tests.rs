//! What a service writes and what is typed → what the attached see, and what the service reads.

use std::io::{PipeReader, Read, pipe};

use super::*;

/// The attachments of a service that reads from the returned pipe, and the size of a terminal.
fn attachable() -> (Arc<Attachments>, PipeReader) {
    let (read, write) = pipe().unwrap();
    let write = File::from(os::Descriptor::from(write));
    let attachments = Attachments::new("api");
    attachments.connect(Arc::new(write), false);
    (attachments, read)
}

fn size(rows: u16) -> Option<Size> {
    Some(Size { rows, columns: 80 })
}

/// What was seen so far, remarks in brackets.
fn seen(output: &Receiver<Reply>) -> String {
    let one = |reply| match reply {
        Reply::Attached { .. } => "attached\n".to_owned(),
        Reply::Output(Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Reply::Remark(remark) => format!("[{}]\n", remark.message),
        Reply::Ending => "the end\n".to_owned(),
        other => format!("{other:?}\n"),
    };
    output.try_iter().map(one).collect()
}

fn typed(read: &mut PipeReader, length: usize) -> String {
    let mut bytes = vec![0; length];
    read.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_last_screenful_comes_first_with_its_unfinished_line() {
    let (attachments, _read) = attachable();
    attachments.show(b"one\ntwo\nthree\n(Pdb) ");
    let (_it, output) = attachments.attach(true, size(3));
    assert_eq!(seen(&output), "attached\nthree\n(Pdb) ");
    attachments.show(b"p x\r\n");
    assert_eq!(seen(&output), "p x\r\n");
    let (_it, output) = attachments.attach(true, size(100));
    assert_eq!(seen(&output), "attached\none\ntwo\nthree\n(Pdb) p x\r\n");
    let (_it, output) = attachments.attach(true, None);
    assert_eq!(seen(&output), "attached\n", "without a terminal, only what is new");
}

#[test]
fn a_new_process_starts_with_nothing() {
    let (attachments, _read) = attachable();
    attachments.show(b"one\n");
    attachments.begin();
    attachments.show(b"two\n");
    let (_it, output) = attachments.attach(true, size(9));
    assert_eq!(seen(&output), "attached\ntwo\n");
}

#[test]
fn only_the_end_of_much_output_is_kept() {
    let (attachments, _read) = attachable();
    for number in 0..10_000 {
        attachments.show(format!("{number}\n").as_bytes());
    }
    attachments.show(&[b'x'; 100_000]);
    assert!(attachments.lock().recent.len() <= 2 * KEPT_BYTES);
    attachments.show(b"\nlast\n");
    let (_it, output) = attachments.attach(true, size(2));
    assert_eq!(seen(&output), "attached\nlast\n");
}

#[test]
fn the_first_to_type_does_so_until_it_leaves() {
    let (attachments, mut read) = attachable();
    let (mut first, first_sees) = attachments.attach(false, None);
    let (mut second, second_sees) = attachments.attach(false, None);
    first.enter(b"a\n", || false);
    second.enter(b"b\n", || false);
    second.enter(b"c\n", || false);
    assert_eq!(
        seen(&second_sees),
        "attached\n[another one types into `api`, until that one leaves; you only see it]\n"
    );
    assert_eq!(seen(&first_sees), "attached\n");
    drop(first);
    second.enter(b"d\n", || false);
    assert_eq!(typed(&mut read, 4), "a\nd\n");
}

#[cfg(unix)] // On Windows a write to a pipe waits, and `attach` is not there.
#[test]
fn a_service_that_does_not_read_makes_the_typist_wait_and_leave() {
    let (attachments, _read) = attachable();
    let (mut typist, output) = attachments.attach(false, None);
    let began = Instant::now();
    typist.enter(&vec![b'x'; 1024 * 1024], || began.elapsed() > 2 * UNREAD);
    assert_eq!(
        seen(&output),
        "attached\n[`api` does not read what is typed; it waits]\n"
    );
    attachments.show(b"still seen\n");
    assert_eq!(seen(&output), "still seen\n");
}

#[test]
fn more_than_fits_at_once_arrives_when_the_service_reads() {
    let (attachments, mut read) = attachable();
    let (mut typist, _output) = attachments.attach(false, None);
    let all: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let reading = std::thread::spawn({
        let mut got = vec![0; all.len()];
        move || {
            read.read_exact(&mut got).unwrap();
            got
        }
    });
    typist.enter(&all, || false);
    assert_eq!(reading.join().unwrap(), all);
}

#[test]
fn without_a_process_what_is_typed_is_left_out() {
    let (attachments, _read) = attachable();
    attachments.disconnect();
    let (mut typist, output) = attachments.attach(false, None);
    typist.enter(b"a\n", || false);
    assert_eq!(
        seen(&output),
        "attached\n[`api` does not read now: what is typed is left out]\n"
    );
}

#[test]
fn a_slow_viewer_is_told_what_it_missed_and_the_end_closes_its_output() {
    let (attachments, _read) = attachable();
    let (_it, output) = attachments.attach(false, None);
    for _ in 0..MAX_WAITING + 1 {
        attachments.show(b"12345\n");
    }
    assert_eq!(
        seen(&output),
        "attached\n".to_owned() + &"12345\n".repeat(MAX_WAITING - 1)
    );
    attachments.show(b"more\n");
    attachments.end();
    assert_eq!(
        seen(&output),
        "[12 bytes of `api` are not shown: the output was read too slowly]\nmore\nthe end\n"
    );
    assert!(output.recv().is_err());
}

#[test]
fn the_size_of_the_typist_counts_or_else_the_latest_or_else_our_own() {
    let (attachments, _read) = attachable();
    let now = || attachments.resize(Size::USUAL).rows;
    assert_eq!(now(), 24);
    let (mut first, _sees) = attachments.attach(true, size(10));
    let (second, _also_sees) = attachments.attach(true, size(20));
    assert_eq!(now(), 20);
    first.enter(b"x", || false);
    assert_eq!(now(), 10);
    second.resize(size(21).unwrap());
    first.resizer()(size(11).unwrap());
    assert_eq!(now(), 11);
    drop(first);
    assert_eq!(now(), 24);
}
