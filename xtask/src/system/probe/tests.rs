//! Binds on this machine, and the rules of others.

use std::net::TcpListener;

use super::*;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn probed(address: IpAddr, port: u16) -> BindResult {
    probe(address, port, Protocol::Tcp, &SocketTable::of([(port, Protocol::Tcp)]))
}

#[test]
fn a_listener_makes_the_port_busy_until_it_is_gone() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(probed(LOCAL, port), BindResult::Busy);
    drop(listener);
    assert_eq!(probed(LOCAL, port), BindResult::Free);
}

#[test]
fn an_address_of_another_machine_cannot_be_had() {
    let documentation = "192.0.2.1".parse().unwrap();
    assert_eq!(probed(documentation, 0), BindResult::NoAddress);
}

/// What a listener is bound to; `::!` excludes IPv4.
fn listener(address: &str) -> Listener {
    let only_v6 = address.ends_with('!');
    let address = SocketAddr::new(address.trim_end_matches('!').parse().unwrap(), 8000);
    Listener {
        protocol: Protocol::Tcp,
        address,
        remote: None,
        state: crate::ports::SocketState::Listening,
        inode: 1,
        uid: 501,
        only_v6: Some(only_v6),
    }
}

/// Whether macOS lets us bind beside this listener of our user, dual-stack if to `::`.
///
/// Source: `in_pcbbind` and `in6_pcbbind` of XNU, as for `is_free_beside`.
fn binds_on_macos(listener: &Listener, asked: IpAddr, reuse: Reuse) -> bool {
    let held = listener.address.ip();
    // The lookup compares addresses of one family; a dual-stack listener is found in both.
    let overlaps = |held: IpAddr, asked: IpAddr| {
        let is_wild = reuse == Reuse::No && (held.is_unspecified() || asked.is_unspecified());
        held.is_ipv4() == asked.is_ipv4() && (held == asked || is_wild)
    };
    let v4_any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let is_dual = held == Ipv6Addr::UNSPECIFIED && listener.only_v6 == Some(false);
    match asked {
        IpAddr::V4(_) => !overlaps(held, asked) && (!is_dual || !overlaps(v4_any, asked)),
        IpAddr::V6(v6) if v6.is_unspecified() => {
            // Two wildcards of different families are let pass.
            !overlaps(held, asked) && (held == v4_any || !overlaps(held, v4_any))
        }
        IpAddr::V6(_) => !overlaps(held, asked),
    }
}

#[test]
fn a_listener_that_would_answer_is_never_missed_on_macos() {
    let addresses = ["0.0.0.0", "127.0.0.1", "192.168.1.5", "::", "::!", "::1"];
    for held in addresses {
        for asked in ["0.0.0.0", "127.0.0.1", "192.168.1.5", "::", "::1"] {
            let asked: IpAddr = asked.parse().unwrap();
            let listener = listener(held);
            let is_in_the_way = covers(&listener, asked);
            // As `probe` does it where `V6_BINDS_BESIDE_V4`.
            let also = (asked == Ipv6Addr::UNSPECIFIED).then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let mut strictly = std::iter::once(asked).chain(also);
            let strict = strictly.all(|ip| binds_on_macos(&listener, ip, Reuse::No));
            assert_eq!(strict, !is_in_the_way, "{asked} beside {held}, strictly");
            let binds = |ip| binds_on_macos(&listener, ip, Reuse::Yes);
            let free = is_free_beside(asked, &binds, &|| Some(vec![listener.clone()]));
            assert!(!(free && is_in_the_way), "{asked} beside {held}, with the option");
        }
    }
    // What makes it necessary.
    assert!(binds_on_macos(&listener("0.0.0.0"), LOCAL, Reuse::Yes));
    assert!(binds_on_macos(
        &listener("0.0.0.0"),
        Ipv6Addr::UNSPECIFIED.into(),
        Reuse::No
    ));
}

#[test]
fn closed_connections_alone_leave_a_port_to_servers_that_set_the_option() {
    for asked in ["0.0.0.0", "127.0.0.1", "::", "::1"] {
        assert!(is_free_beside(asked.parse().unwrap(), &|_| true, &|| Some(Vec::new())));
    }
    // The listeners are unknown, or one at another port of the table's answers.
    assert!(!is_free_beside(LOCAL, &|_| true, &|| None));
    let elsewhere = || Some(vec![listener("192.168.1.5")]);
    assert!(is_free_beside(LOCAL, &|_| true, &elsewhere));
}
