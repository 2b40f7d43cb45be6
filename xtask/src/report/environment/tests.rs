//! Variables → what `env` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use expect_test::{Expect, expect};

use super::{Dialect, environment};
use crate::config::dotenv;
use crate::plan::EnvironmentChange;

fn change() -> EnvironmentChange {
    let pairs = [
        ("API_TOKEN", "t0p"),
        ("A.B", "1"),
        ("DB_URL", "postgresql://kim:pw@127.0.0.1:5432/shop"),
        ("EMPTY", ""),
        ("GREETING", "it's $5 \"each\"\nor not"),
        ("PORT", "8000"),
        ("SPACED", "a b # c"),
    ];
    EnvironmentChange {
        set: pairs.map(|(name, value)| (name.into(), value.into())).into(),
        unset: BTreeSet::from(["PYTHONHOME".into()]),
    }
}

#[track_caller]
fn check(dialect: Dialect, reveal: bool, expected: Expect) {
    expected.assert_eq(&environment("api", &change(), reveal, dialect));
}

#[test]
fn a_shell_can_evaluate_it() {
    check(
        Dialect::Shell,
        false,
        expect![[r#"
        export API_TOKEN='***'
        export DB_URL='postgresql://kim:***@127.0.0.1:5432/shop'
        export EMPTY=''
        export GREETING='it'\''s $5 "each"
        or not'
        export PORT=8000
        export SPACED='a b # c'
        unset PYTHONHOME
    "#]],
    );
    check(
        Dialect::Shell,
        true,
        expect![[r#"
        export API_TOKEN=t0p
        export DB_URL=postgresql://kim:pw@127.0.0.1:5432/shop
        export EMPTY=''
        export GREETING='it'\''s $5 "each"
        or not'
        export PORT=8000
        export SPACED='a b # c'
        unset PYTHONHOME
    "#]],
    );
}

#[test]
fn an_env_file_gives_the_same_values_back() {
    check(
        Dialect::Dotenv,
        false,
        expect![[r#"
        A.B=1
        API_TOKEN='***'
        DB_URL='postgresql://kim:***@127.0.0.1:5432/shop'
        EMPTY=
        GREETING="it's \$5 \"each\"\nor not"
        PORT=8000
        SPACED='a b # c'
    "#]],
    );
    let text = environment("api", &change(), true, Dialect::Dotenv);
    let read = dotenv::parse(&[], Path::new(".env"), text.as_bytes(), &|_| None).unwrap();
    let read: BTreeMap<_, _> = read
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    assert_eq!(read, change().set);
}

#[test]
fn json_is_one_document() {
    check(
        Dialect::Json,
        false,
        expect![[r#"
        {"schema_version":1,"service":"api","variables":{"A.B":"1","API_TOKEN":"***","DB_URL":"postgresql://kim:***@127.0.0.1:5432/shop","EMPTY":"","GREETING":"it's $5 \"each\"\nor not","PORT":"8000","SPACED":"a b # c"},"unset":["PYTHONHOME"]}
    "#]],
    );
}
