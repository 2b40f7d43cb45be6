//! Binds on this machine, and the rules of others.

use std::net::TcpListener;

use super::*;

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_listener_makes_the_port_busy_until_it_is_gone() {
    let listener = TcpListener::bind((LOCAL, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(probe(LOCAL, port, Protocol::Tcp), BindResult::Busy);
    drop(listener);
    assert_eq!(probe(LOCAL, port, Protocol::Tcp), BindResult::Free);
}

#[test]
fn an_address_of_another_machine_cannot_be_had() {
    let documentation = "192.0.2.1".parse().unwrap();
    assert_eq!(probe(documentation, 0, Protocol::Tcp), BindResult::NoAddress);
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

/// Whether macOS lets us bind with `SO_REUSEADDR` beside the listener of our user: unless it is at the same address. A
/// dual-stack wildcard is at both.
fn binds_on_macos(beside: &Listener, asked: IpAddr) -> bool {
    let both = |dual: bool, ip: IpAddr| match ip {
        IpAddr::V6(v6) if v6.is_unspecified() && dual => vec![ip, IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
        _ => vec![ip],
    };
    let held = both(beside.only_v6 == Some(false), beside.address.ip());
    !both(true, asked).iter().any(|ip| held.contains(ip))
}

#[test]
fn a_listener_that_would_answer_is_never_missed_where_the_option_looks_at_one_address() {
    let addresses = ["0.0.0.0", "127.0.0.1", "192.168.1.5", "::", "::!", "::1"];
    for held in addresses {
        for asked in addresses {
            let asked: IpAddr = asked.trim_end_matches('!').parse().unwrap();
            let listener = listener(held);
            let binds = |ip| binds_on_macos(&listener, ip);
            let free = is_free_beside(asked, &binds, &|| Some(vec![listener.clone()]));
            if covers(&listener, asked) {
                assert!(!free, "{asked} beside {held}");
            }
        }
    }
    assert!(!binds_on_macos(&listener("0.0.0.0"), "0.0.0.0".parse().unwrap()));
    assert!(binds_on_macos(&listener("0.0.0.0"), LOCAL));
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
