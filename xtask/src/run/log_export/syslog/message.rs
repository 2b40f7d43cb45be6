//! Lines → messages of RFC 5424.

use crate::run::log_export::messages::Messages;
use crate::run::log_export::{LineBlock, LineSource};
use crate::run::logs::Stream;

/// What ends a message or says where it ends, in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    None,
    /// `LENGTH ` before it.
    ///
    /// Source: RFC 6587, 3.4.1.
    OctetCount,
    /// A line break after it, which datagrams do without.
    ///
    /// Source: RFC 6587, 3.4.2.
    Newline,
}

/// Writes lines as messages.
pub(super) struct MessageFormat {
    fields: Fields,
    framing: Framing,
    /// What stands before the text of each line of the block.
    before: Vec<u8>,
}

/// The fields that all messages of a run share.
struct Fields {
    host: String,
    /// Structured data, with its brackets.
    data: String,
}

impl Fields {
    /// 32473 is the enterprise number for examples: devtasks has none of its own.
    ///
    /// Source: RFC 5612.
    fn new(source: &LineSource) -> Fields {
        let (project, run) = (value(&source.project), value(&source.run));
        Fields {
            host: name(&source.host, 255),
            data: format!("[devtasks@32473 project=\"{project}\" run=\"{run}\"]"),
        }
    }
}

impl MessageFormat {
    pub(super) fn new(source: &LineSource, framing: Framing) -> MessageFormat {
        MessageFormat {
            fields: Fields::new(source),
            framing,
            before: Vec::new(),
        }
    }

    /// `<14>1 2026-11-23T08:00:00.123456Z box api 4242 stdout [devtasks@32473 …] `
    pub(super) fn begin(&mut self, block: &LineBlock) {
        let Fields { host, data } = &self.fields;
        let (at, service) = (block.at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ"), name(&block.service, 48));
        let (priority, pid, stream) = (USER_FACILITY + severity(block.stream), block.pid, block.stream.name());
        self.before = format!("<{priority}>1 {at} {host} {service} {pid} {stream} {data} ").into_bytes();
    }

    pub(super) fn add(&self, line: &[u8], to: &mut Messages) {
        if self.framing == Framing::OctetCount {
            push_number(&mut to.bytes, self.before.len() + line.len());
            to.bytes.push(b' ');
        }
        to.bytes.extend_from_slice(&self.before);
        to.bytes.extend_from_slice(line);
        if self.framing == Framing::Newline {
            to.bytes.push(b'\n');
        }
        to.end_message();
    }
}

/// Messages of user programs.
///
/// Source: RFC 5424, 6.2.1: the facility times 8 plus the severity.
const USER_FACILITY: u8 = 8;

/// Informational, and notice for stderr: many programs write everything there, so it is no error, but it can be told
/// apart.
pub(in crate::run::log_export) fn severity(stream: Stream) -> u8 {
    match stream {
        Stream::Stdout => 6,
        Stream::Stderr => 5,
    }
}

/// Printable ASCII of limited length; `-` if there is none.
///
/// Source: RFC 5424, 6: PRINTUSASCII.
fn name(text: &str, at_most: usize) -> String {
    let printable = |letter: char| if letter.is_ascii_graphic() { letter } else { '_' };
    match text.chars().map(printable).take(at_most).collect::<String>() {
        empty if empty.is_empty() => "-".to_owned(),
        name => name,
    }
}

/// The value of a parameter.
///
/// Source: RFC 5424, 6.3.3.
fn value(text: &str) -> String {
    let mut value = String::new();
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | ']') {
            value.push('\\');
        }
        value.push(letter);
    }
    value
}

fn push_number(to: &mut Vec<u8>, number: usize) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut at = digits.len();
    while rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    to.extend_from_slice(&digits[at..]);
}
