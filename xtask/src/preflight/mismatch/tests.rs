//! Addresses on which a service listens → the difference from what it declares.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use expect_test::expect;

use super::Mismatch;
use crate::diagnostic::Place;
use crate::plan::{OnConflict, Port, Protocol};

#[test]
fn mismatch_names_the_number_or_the_address_that_is_listened_at() {
    let port = Port {
        key: "http".to_owned(),
        number: 8080,
        host: Some(Ipv4Addr::LOCALHOST.into()),
        protocol: Protocol::Tcp,
        on_conflict: OnConflict::Ask,
        origin: Default::default(),
        variable: None,
        place: Place {
            file: Arc::new("devtasks.toml".into()),
            line: 14,
            column: 8,
            source: String::new(),
            width: 1,
            table: String::new(),
        },
    };
    let check = |listens: &[&str], expected: expect_test::Expect| {
        let listens: Vec<SocketAddr> = listens.iter().map(|it| it.parse().unwrap()).collect();
        let mismatch = Mismatch::new(std::slice::from_ref(&port), &port, &listens);
        expected.assert_eq(&mismatch.map_or("nothing".to_owned(), |it| it.words()));
    };
    check(&[], expect!["nothing"]);
    check(&["127.0.0.1:8080"], expect!["nothing"]);
    check(
        &["[::1]:8081", "127.0.0.1:8081"],
        expect!["listens on 8081, not on 8080 as declared"],
    );
    check(
        &["127.0.0.1:8080", "127.0.0.1:9229"],
        expect!["listens on 9229, not on 8080 as declared"],
    );
    check(
        &["[::1]:8080", "127.0.0.1:9229"],
        expect!["listens on 127.0.0.1:9229 and [::1]:8080, not on 127.0.0.1:8080 as declared"],
    );
}
