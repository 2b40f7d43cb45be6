//! Pipes → the lines that a screen receives when it has no room for a while.
//!
//! On Windows only pipes of a child can be waited for, as they are overlapped; `os::conformance` has those.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{PipeWriter, Write, pipe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::run::log_export::LogExport;
use crate::run::logs::{RunId, Sink};
use crate::system::os;
use crate::system::terminal::Size;

#[derive(Default)]
struct Screen {
    has_room: AtomicBool,
    shown: Mutex<Vec<String>>,
}

impl Sink for Screen {
    fn lines(&self, service: &str, _: Stream, lines: &[u8]) -> bool {
        let has_room = self.has_room.load(Ordering::Relaxed);
        if has_room {
            let lines = String::from_utf8_lossy(lines);
            self.shown.lock().unwrap().push(format!("{service}: {lines}"));
        }
        has_room
    }

    fn shows_colours(&self) -> bool {
        true
    }

    fn leaves_out_checks(&self) -> bool {
        false
    }

    fn size(&self) -> Size {
        Size::USUAL
    }

    fn trouble(&self, problem: Diagnostic) {
        panic!("{problem:?}");
    }
}

#[track_caller]
fn eventually(mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until);
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// A service's log, the pipe that feeds it, and a channel that reports its end.
fn follow(follower: &Follower, log: &Arc<Log>) -> (PipeWriter, Receiver<()>) {
    let (read, write) = pipe().unwrap();
    let (tell, told) = channel();
    let read = Arc::new(File::from(os::Descriptor::from(read)));
    let followed = follower.follow(log, OutputSource::Pipe(Stream::Stdout), 1, read, move || {
        let _ = tell.send(());
    });
    followed.unwrap();
    (write, told)
}

#[test]
fn a_screen_without_room_keeps_no_line_from_its_file_and_gets_all_in_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let screen = Arc::new(Screen::default());
    let follower = Follower::start().unwrap();
    let run = RunId {
        id: "a run".to_owned(),
        began: jiff::Timestamp::UNIX_EPOCH,
    };
    let export = Arc::new(LogExport::none());
    let log = |name: &str| {
        Log::open(
            name,
            directory.path(),
            run.clone(),
            Vec::new(),
            screen.clone(),
            export.clone(),
        )
    };
    let (api, web) = (log("api"), log("web"));
    let ((mut to_api, api_ended), (mut to_web, web_ended)) = (follow(&follower, &api), follow(&follower, &web));

    to_api.write_all(b"one\ntwo\n").unwrap();
    eventually(|| api.tail() == ["one", "two"]);
    to_api.write_all(b"three\n").unwrap();
    // Another one is heard although the first one's lines wait, and its end as well.
    to_web.write_all(b"here\nthe end").unwrap();
    eventually(|| web.tail() == ["here"]);
    drop((to_api, to_web));
    assert_eq!(api.tail(), ["one", "two"], "what waits is not read");
    assert!(api_ended.try_recv().is_err() && web_ended.try_recv().is_err());

    screen.has_room.store(true, Ordering::Relaxed);
    api_ended.recv().unwrap();
    web_ended.recv().unwrap();
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for lines in screen.shown.lock().unwrap().iter() {
        let (service, lines) = lines.split_once(": ").unwrap();
        *shown.entry(service.to_owned()).or_default() += lines;
    }
    assert_eq!(shown["api"], "one\ntwo\nthree\n");
    assert_eq!(shown["web"], "here\nthe end\n");
    assert!(screen.shown.lock().unwrap()[0].starts_with("api"), "it came first");
    assert_eq!(web.tail(), ["here", "the end"]);
}
