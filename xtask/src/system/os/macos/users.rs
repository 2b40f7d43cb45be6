//! Names of users. They are in Open Directory, not in `/etc/passwd`.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use crate::foreign::Foreign;

/// The name of a user.
///
/// Source: man 3 getpwuid_r. Names and paths of accounts fit into `_SC_GETPW_R_SIZE_MAX`, 4096.
#[expect(unsafe_code, reason = "neither std nor rustix asks for users")]
pub(crate) fn user_name(uid: u32) -> Option<Foreign> {
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut texts = [0; 16 * 1024];
    let mut found = null_mut();
    // SAFETY: the entry is written, and `found` points to it, only if there is such a user; its texts lie in `texts`.
    let name = unsafe {
        libc::getpwuid_r(uid, entry.as_mut_ptr(), texts.as_mut_ptr(), texts.len(), &raw mut found);
        match found.is_null() {
            true => return None,
            false => CStr::from_ptr((*found).pw_name),
        }
    };
    Some(name.to_string_lossy().into_owned().into())
}
