//! Every pair of addresses, listening or only bound, with or without `SO_REUSEADDR` on either side: the look-up agrees
//! with what the kernel tells a server.

use super::*;

#[derive(Clone, Copy, Debug)]
struct Holder {
    address: IpAddr,
    only_v6: bool,
    listens: bool,
    reuses: bool,
}

fn every_holder() -> Vec<Holder> {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let places = [
        ("127.77.1.1", false),
        ("127.77.1.2", false),
        ("0.0.0.0", false),
        ("::1", true),
        ("::", false),
        ("::", true),
    ];
    let mut holders = Vec::new();
    for (text, only_v6) in places {
        for (listens, reuses) in [(true, true), (true, false), (false, true), (false, false)] {
            holders.push(Holder {
                address: address(text),
                only_v6,
                listens,
                reuses,
            });
        }
    }
    holders
}

impl Holder {
    /// Opens its socket on `port`, which may be 0.
    fn open(self, port: u16) -> std::io::Result<Socket> {
        let address = SocketAddr::new(self.address, port);
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(self.only_v6)?;
        }
        socket.set_reuse_address(self.reuses)?;
        socket.bind(&address.into())?;
        if self.listens {
            socket.listen(1)?;
        }
        Ok(socket)
    }
}

/// The bind results of two servers at the address: one without `SO_REUSEADDR`, one with it.
fn told(wanted: IpAddr, port: u16) -> BindResult {
    let try_it = |reuses| {
        let server = Holder {
            address: wanted,
            only_v6: !wanted.is_unspecified(),
            listens: true,
            reuses,
        };
        server.open(port).is_ok()
    };
    match (try_it(false), try_it(true)) {
        (true, _) => BindResult::Free,
        (false, true) => BindResult::FreeIfReused,
        (false, false) => BindResult::Busy,
    }
}

#[test]
fn the_look_up_says_of_every_pair_what_the_kernel_says_to_a_server() {
    let wanted = ["127.77.1.1", "127.77.1.2", "0.0.0.0", "::1", "::"].map(|text| text.parse::<IpAddr>().unwrap());
    let mut seen = [0; 3];
    for holder in every_holder() {
        // A concurrent test may briefly have the same number at some address, or a copy of our socket.
        let deadline = Instant::now() + PATIENCE;
        let answers = loop {
            let socket = holder.open(0).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            let before = wanted.map(|address| told(address, port));
            let found = look_up(&wanted.map(|address| at(address, port)), Addresses::Service);
            let said = wanted.map(|address| found[&at(address, port)].probes[0].answer);
            let named = wanted.map(|address| {
                let owners = &found[&at(address, port)].owners;
                owners
                    .iter()
                    .map(|owner| owner.process.identity.pid)
                    .collect::<Vec<_>>()
            });
            let us = |answer| {
                if answer == BindResult::Free {
                    vec![]
                } else {
                    vec![std::process::id()]
                }
            };
            if said == before && named == before.map(us) && wanted.map(|address| told(address, port)) == before {
                break before;
            }
            assert!(
                Instant::now() < deadline,
                "{holder:?}: {before:?}, not {said:?} by {named:?}"
            );
        };
        for answer in answers {
            seen[[BindResult::Free, BindResult::FreeIfReused, BindResult::Busy]
                .iter()
                .position(|it| *it == answer)
                .unwrap()] += 1;
        }
    }
    // 19 of 30 pairs of addresses meet. There a listener is in the way whatever is set; one that is only bound and reuses,
    // of those alone who do not.
    assert_eq!(seen, [11 * 4, 19, 19 * 3]);
}
