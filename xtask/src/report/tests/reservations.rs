//! The list of reservations of all checkouts.

use super::{check, reader};
use crate::config::Protocol;
use crate::report::reservations::{NumberOrigin, Occupancy, Reserved, table};
use expect_test::expect;
use std::path::PathBuf;

fn reserved(number: u16, service: &str, why: NumberOrigin, held: Option<Occupancy>) -> Reserved {
    Reserved {
        number,
        protocol: Protocol::Tcp,
        project: "shop".into(),
        service: service.into(),
        port: "main".to_owned(),
        why,
        instead_of: (why == NumberOrigin::Next).then_some(8000),
        checkout: PathBuf::from("/home/kim/code/shop").into(),
        branch: Some("main".into()),
        held,
    }
}

fn all() -> Vec<Reserved> {
    vec![
        reserved(6390, "db", NumberOrigin::Declared, Some(Occupancy::Other)),
        reserved(8001, "api", NumberOrigin::Next, Some(Occupancy::Ours)),
        Reserved {
            protocol: Protocol::Udp,
            port: "dns".to_owned(),
            branch: None,
            checkout: PathBuf::from("/srv/a\x1bb").into(),
            ..reserved(8053, "api", NumberOrigin::Auto, Some(Occupancy::Free))
        },
        reserved(9000, "web", NumberOrigin::Auto, None),
    ]
}

#[test]
fn each_reservation_is_a_row() {
    check(
        &table(&all(), &reader(100)),
        expect![[r#"
            PORT      SERVICE       SOURCE                 STATUS   BRANCH  CHECKOUT
            6390      shop/db       declared               other    main    ~/code/shop
            8001      shop/api      next, instead of 8000  ours     main    ~/code/shop
            8053/udp  shop/api.dns  auto                   free     -       /srv/a\x1bb
            9000      shop/web      auto                   unknown  main    ~/code/shop"#]],
    );
}

#[test]
fn narrow_terminal_leaves_out_columns() {
    check(
        &table(&all(), &reader(60)),
        expect![[r#"
            PORT      SERVICE       STATUS   BRANCH  CHECKOUT
            6390      shop/db       other    main    ~/code/shop
            8001      shop/api      ours     main    ~/code/shop
            8053/udp  shop/api.dns  free     -       /srv/a\x1bb
            9000      shop/web      unknown  main    ~/code/shop"#]],
    );
}
