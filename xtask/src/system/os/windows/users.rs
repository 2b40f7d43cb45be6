//! Users, and the control pipe, which only its user may open.

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{ListenerOptions, Stream};
use interprocess::os::windows::local_socket::ListenerOptionsExt;
use interprocess::os::windows::security_descriptor::SecurityDescriptor;
use sysinfo::Users;
use widestring::U16CString;

use super::pipes::is_readable_within;
use super::processes::sid;
use crate::foreign::Foreign;

/// Our own security identifier.
fn own_sid() -> Option<&'static str> {
    static OWN: OnceLock<Option<String>> = OnceLock::new();
    OWN.get_or_init(|| sid(std::process::id())).as_deref()
}

/// The number of our user: the last part of the security identifier, by which users of one machine or domain differ.
/// 0 if the system does not tell it.
///
/// Source: learn.microsoft.com, "Security identifiers", relative identifier.
pub(crate) fn user_id() -> u32 {
    own_sid().and_then(number).unwrap_or(0)
}

/// The user as whom files are opened and created.
pub(crate) fn effective_user_id() -> u32 {
    user_id()
}

fn number(sid: &str) -> Option<u32> {
    sid.rsplit('-').next()?.parse().ok()
}

/// The name of a user of this machine, of our own user, or of a user of the system.
///
/// Source: learn.microsoft.com, "Well-known SIDs": `S-1-5-18` to `S-1-5-20`.
pub(crate) fn user_name(uid: u32) -> Option<Foreign> {
    match uid {
        18 => return Some("SYSTEM".into()),
        19 => return Some("LOCAL SERVICE".into()),
        20 => return Some("NETWORK SERVICE".into()),
        _ => {}
    }
    if uid == user_id()
        && let Ok(name) = std::env::var("USERNAME")
    {
        return Some(name.into());
    }
    let users = Users::new_with_refreshed_list();
    let user = users.iter().find(|user| number(&user.id().to_string()) == Some(uid))?;
    Some(user.name().to_owned().into())
}

/// Unknown: files belong to security identifiers.
pub(crate) fn owner(_: &std::fs::Metadata) -> Option<u32> {
    None
}

/// Unknown: files belong to security identifiers.
pub(crate) fn anothers(_: &Path) -> Option<(std::path::PathBuf, u32)> {
    None
}

/// Where the supervisor with this state directory listens: a named pipe, for std and interprocess know no socket files
/// here.
pub(crate) fn control_endpoint(directory: &Path) -> std::path::PathBuf {
    let number = crate::hash::fnv(directory.as_os_str().as_encoded_bytes().iter().copied());
    format!(r"\\.\pipe\devtasks-{number:016x}").into()
}

/// Allows only the user, and the system, to connect. Without a list that says so, nobody may.
///
/// Source: learn.microsoft.com, "Security Descriptor String Format": `GA` is every right, `SY` the system; `P` keeps
/// inherited rights out. The default would let everyone read: "Named Pipe Security and Access Rights".
pub(crate) fn private_socket(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    let user = own_sid().map_or_else(String::new, |sid| format!("(A;;GA;;;{sid})"));
    let list = U16CString::from_str(format!("D:P(A;;GA;;;SY){user}"));
    match list.map(|list| SecurityDescriptor::deserialize(&list)) {
        Ok(Ok(list)) => options.security_descriptor(list),
        // Others may then connect, and are refused by `is_same_user`.
        Ok(Err(_)) | Err(_) => options,
    }
}

/// Whether the process at the other end runs as our user.
///
/// Source: learn.microsoft.com, `GetNamedPipeClientProcessId` and `GetNamedPipeServerProcessId`.
pub(crate) fn is_same_user(stream: &Stream) -> bool {
    let peer = stream.peer_creds().ok().and_then(|creds| creds.pid());
    let theirs = peer.and_then(sid);
    theirs.is_some() && theirs.as_deref() == own_sid()
}

/// Whether the process that listens is the one that is meant: any user may make a pipe of any name.
pub(crate) fn is_trusted_server(stream: &Stream) -> bool {
    is_same_user(stream)
}

/// Whether the other end sends something, or ends, within `patience`.
pub(crate) fn receives_within(stream: &Stream, patience: Duration) -> bool {
    let Stream::NamedPipe(pipe) = stream;
    is_readable_within(pipe, patience)
}

/// A client that has ended is noticed by the next write.
pub(crate) fn has_hung_up(_: &Stream) -> bool {
    false
}

/// Not limited: a write waits for its reader, which costs its thread.
///
/// # Errors
/// None.
///
/// Source: the crate `interprocess`: named pipes have no time limits.
pub(crate) fn set_send_timeout(_: &Stream, _: Option<Duration>) -> io::Result<()> {
    Ok(())
}
