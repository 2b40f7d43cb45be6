//! Ports for tests: outside the ephemeral range, and each used by only one test.
//!
//! A test run takes blocks of ports. The first port of a block stays bound while the run lives, so that other runs on
//! the machine skip it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

use socket2::{Domain, Socket, Type};

use super::running::while_nothing_starts;

const FIRST: u16 = 12_000;
const BLOCK: u16 = 50;
const N_BLOCKS: u16 = 400;

struct Block {
    _guard: TcpListener,
    next: u16,
    end: u16,
}

/// A port that no other test of this run gets.
pub(crate) fn port() -> u16 {
    static BLOCKS: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(block) = blocks.last_mut() {
            while block.next < block.end {
                block.next += 1;
                if is_free(block.next - 1) {
                    return block.next - 1;
                }
            }
        }
        let block = claim(blocks.len());
        blocks.push(block);
    }
}

/// The first of `length` (at most 40) consecutive ports that no other test of this run gets.
pub(crate) fn row(length: u16) -> u16 {
    static ROWS: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        // Far from where `port` starts, so that the two rarely probe each other's blocks.
        let block = claim(rows.len() + usize::from(N_BLOCKS) / 2);
        let first = block.next;
        rows.push(block);
        if (first..first + length).all(is_free) {
            return first;
        }
    }
}

fn claim(n_before: usize) -> Block {
    // Runs start at different places, to shorten the search.
    let start = std::process::id().wrapping_mul(7919) as usize + n_before;
    for block in (0..usize::from(N_BLOCKS)).map(|step| (start + step) % usize::from(N_BLOCKS)) {
        let first = FIRST + BLOCK * u16::try_from(block).expect("there are few blocks");
        if let Ok(guard) = TcpListener::bind((Ipv4Addr::LOCALHOST, first)) {
            return Block {
                _guard: guard,
                next: first + 1,
                end: first + BLOCK,
            };
        }
    }
    panic!("no block of ports is free from {FIRST} on")
}

/// TIME_WAIT connections count as busy, unlike for std's listeners.
fn is_free(port: u16) -> bool {
    let addresses: [SocketAddr; 2] = [(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    let can_be_bound = |address: SocketAddr| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        socket.and_then(|socket| socket.bind(&address.into())).is_ok()
    };
    while_nothing_starts(|| addresses.into_iter().all(can_be_bound))
}
