//! How long "who holds these ports?" takes among several hundred processes, beside the least that any program could do
//! and what `lsof` and `ss` take. Linux; `cargo bench --features bench --bench owners [PROCESSES] [ROUNDS]`.
#![expect(clippy::print_stdout, reason = "a table is what a bench is for")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot run should say where")]

#[path = "crowd/crowd.rs"]
mod crowd;

use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use crowd::Crowd;
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

const PORTS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    if !crowd::plays(arguments.first().map(String::as_str)) {
        measure(
            arguments.first().map_or(300, |count| count.parse().unwrap()),
            arguments.get(1).map_or(30, |count| count.parse().unwrap()),
        );
    }
}

/// One way to find out, and how long it took in each round.
struct Way<'a> {
    name: &'a str,
    run: Box<dyn Fn() + 'a>,
    times: Vec<Duration>,
}

fn measure(processes: usize, rounds: usize) {
    let load = Crowd::load(processes);
    let (_servers, ports) = Crowd::servers(PORTS);
    let free: Vec<u16> = {
        let listeners: Vec<TcpListener> = (0..PORTS).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = listeners.iter().map(|listener| listener.local_addr().unwrap().port());
        ports.collect()
    };
    assert_eq!(floor(&ports), PORTS);
    assert_eq!(devtasks::bench::owners(&ports), (PORTS, 0));
    assert_eq!(devtasks::bench::owners(&free), (0, 0));

    let way = |name, run| Way {
        name,
        run,
        times: Vec::new(),
    };
    let mut ways = [
        way(
            "floor: sock_diag and all descriptors",
            Box::new(|| assert_eq!(floor(&ports), PORTS)) as Box<dyn Fn()>,
        ),
        way(
            "look-up, 20 ports",
            Box::new(|| assert_eq!(devtasks::bench::owners(&ports).0, PORTS)),
        ),
        way(
            "look-up, 1 port",
            Box::new(|| assert_eq!(devtasks::bench::owners(&ports[..1]).0, 1)),
        ),
        way(
            "look-up, 20 free ports",
            Box::new(|| assert_eq!(devtasks::bench::owners(&free).0, 0)),
        ),
        way("ss -Hltnp", Box::new(|| output("ss", &["-Hltnp"]))),
        way(
            "lsof -nP -iTCP -sTCP:LISTEN",
            Box::new(|| output("lsof", &["-nP", "-iTCP", "-sTCP:LISTEN"])),
        ),
    ];
    for _ in 0..rounds {
        for way in &mut ways {
            let start = Instant::now();
            (way.run)();
            way.times.push(start.elapsed());
        }
    }
    println!(
        "{} load processes, {PORTS} servers, {rounds} rounds; milliseconds",
        load.pids().count()
    );
    println!(
        "{:<38} {:>9} {:>9} {:>9} {:>9}",
        "", "least", "median", "most", "to floor"
    );
    let floor = median(&mut ways[0].times);
    for way in &mut ways {
        let median = median(&mut way.times);
        println!(
            "{:<38} {:>9.3} {:>9.3} {:>9.3} {:>9.3}",
            way.name,
            way.times[0].as_secs_f64() * 1e3,
            median.as_secs_f64() * 1e3,
            way.times[way.times.len() - 1].as_secs_f64() * 1e3,
            median.as_secs_f64() / floor.as_secs_f64(),
        );
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn output(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(!output.stdout.is_empty());
}

/// The least that names all holders of listening sockets: a dump for each family, then every descriptor's link.
fn floor(ports: &[u16]) -> usize {
    let mut inodes: Vec<u64> = Vec::new();
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        flags,
        Some(netlink::SOCK_DIAG),
    )
    .unwrap();
    let mut buffer = vec![0; 32 * 1024];
    for family in [2, 10] {
        let mut request = [0; 72];
        request[0..4].copy_from_slice(&72_u32.to_ne_bytes());
        request[4..6].copy_from_slice(&20_u16.to_ne_bytes());
        request[6..8].copy_from_slice(&0x301_u16.to_ne_bytes());
        request[16] = family;
        request[17] = 6;
        request[20..24].copy_from_slice(&(1_u32 << 10).to_ne_bytes());
        send(&socket, &request, SendFlags::empty()).unwrap();
        'dump: loop {
            let (length, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty()).unwrap();
            let mut rest = &buffer[..length];
            while rest.len() >= 16 {
                let length = u32::from_ne_bytes(rest[0..4].try_into().unwrap()) as usize;
                if u16::from_ne_bytes(rest[4..6].try_into().unwrap()) != 20 {
                    break 'dump;
                }
                if ports.contains(&u16::from_be_bytes(rest[20..22].try_into().unwrap())) {
                    inodes.push(u32::from_ne_bytes(rest[84..88].try_into().unwrap()).into());
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
    inodes.sort_unstable();

    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let proc = openat(CWD, "/proc", directory, Mode::empty()).unwrap();
    let mut outer = Vec::<u8>::with_capacity(32 * 1024);
    let mut inner = Vec::<u8>::with_capacity(32 * 1024);
    let mut path = [0_u8; 24];
    let mut link = [MaybeUninit::<u8>::uninit(); 32];
    let mut holders = 0;
    let mut processes = RawDir::new(&proc, outer.spare_capacity_mut());
    while let Some(Ok(entry)) = processes.next() {
        let name = entry.file_name().to_bytes();
        if !name[0].is_ascii_digit() {
            continue;
        }
        path[..name.len()].copy_from_slice(name);
        path[name.len()..name.len() + 4].copy_from_slice(b"/fd\0");
        let Ok(fds) = openat(&proc, &path[..name.len() + 3], directory, Mode::empty()) else {
            continue;
        };
        let mut links = RawDir::new(&fds, inner.spare_capacity_mut());
        while let Some(Ok(entry)) = links.next() {
            let Ok((target, _)) = readlinkat_raw(&fds, entry.file_name(), &mut link) else {
                continue;
            };
            if let Some(digits) = target.strip_prefix(b"socket:[") {
                let inode = digits[..digits.len() - 1]
                    .iter()
                    .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
                holders += usize::from(inodes.binary_search(&inode).is_ok());
            }
        }
    }
    holders
}
