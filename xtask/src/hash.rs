//! A hash that is the same in every build and on every machine.

/// FNV-1a, 64 bits. `std` does not guarantee that its hashes stay the same. These name state directories, choose stable
/// ports and name the copy that runs in the background.
pub(crate) fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

// The vectors of the FNV authors: http://www.isthe.com/chongo/src/fnv/test_fnv.c
#[test]
fn fnv_gives_the_published_values() {
    assert_eq!(fnv(*b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv(*b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fnv(*b"foobar"), 0x8594_4171_f739_67e8);
}
