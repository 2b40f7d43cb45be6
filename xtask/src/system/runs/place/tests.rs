//! Paths of projects → names of their state directories.

use super::*;

#[track_caller]
fn check(checkout: &str, expected: &str) {
    let slug = slug(Path::new(checkout));
    let (name, hash) = slug.rsplit_once('-').unwrap();
    assert_eq!((name, hash.len()), (expected, 16));
    assert!(slug.len() <= 60, "{slug}");
}

#[test]
fn a_plain_name_is_kept_as_it_always_was() {
    check("/home/kim/shop", "shop");
    check("/home/kim/my shop_v1.2-b", "myshop_v1.2-b");
    check("/home/kim/a-name-with-more-than-twenty-letters", "a-name-with-more-tha");
    check("/home/kim/_x", "_x");
    check("/", "root");
    assert_eq!(slug(Path::new("/home/kim/shop")), "shop-40417e127190c08e");
}

#[test]
fn letters_of_any_script_are_kept() {
    check("/home/kim/한글 폴더", "한글폴더");
    check("/home/kim/Größe", "Größe");
    check(
        "/home/kim/한글한글한글한글한글한글한글한글한글한글",
        "한글한글한글한글한글한글한글",
    );
}

#[test]
fn none_looks_like_an_option_or_hides() {
    check("/home/kim/-rf", "rf");
    check("/home/kim/.dotfiles", "dotfiles");
    check("/home/kim/.-.", "project");
    check("/home/kim/🚀", "project");
}
