//! A client that is attached to a service: its lines are typed into the service, whose output it gets.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use interprocess::local_socket::Stream;

use super::server::{answer, refuse};
use crate::diagnostic::Diagnostic;
use crate::protocol::Input;
use crate::run::attachments::Attachment;
use crate::run::driver::Attached;
use crate::system::os;
use crate::system::threads::{self, Stack};

/// A line with input is at most this long, in bytes: a client sends what it reads at once.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// Serves the client until it leaves or the service has ended.
pub(super) fn serve(stream: Stream, attached: Result<Attached, Diagnostic>) {
    let stream = Arc::new(stream);
    let read = |attachment| {
        let stream = Arc::clone(&stream);
        threads::start("input", Stack::Usual, move || take_input(&stream, attachment))
    };
    let output = attached.and_then(|(attachment, output)| read(attachment).map(|()| output));
    // The client may be suspended for as long as it likes; then it misses output.
    let _ = os::set_send_timeout(&stream, None);
    // The client may have left.
    let _ = answer(&*stream, output.unwrap_or_else(refuse));
}

/// Types what the client sends, until it leaves.
fn take_input(stream: &Stream, mut attachment: Attachment) {
    let mut from = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        match serde_json::from_slice(&line) {
            Ok(Input::Typed(bytes)) => attachment.enter(&bytes.0, || os::has_hung_up(stream)),
            Ok(Input::Resized(size)) => attachment.resize(size),
            Err(_) => return,
        }
    }
}
