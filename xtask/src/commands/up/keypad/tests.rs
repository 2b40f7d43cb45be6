//! Keys in a row → what the last one asks for, and what the bottom line says then.

use super::*;

#[track_caller]
fn check(services: &[&str], keys: &str, wish: Option<Wish>, prompt: &str) {
    let mut pad = Keypad::new(services.iter().map(|&service| service.to_owned()).collect());
    let last = keys.chars().map(|key| pad.press(key)).last().flatten();
    assert_eq!(
        (last, pad.prompt().unwrap_or_default().as_str()),
        (wish, prompt),
        "{keys}"
    );
}

fn restart(services: &[&str]) -> Option<Wish> {
    Some(Wish::Restart(
        services.iter().map(|&service| service.to_owned()).collect(),
    ))
}

fn lines_of(service: &str) -> Option<Wish> {
    Some(Wish::ShowLines(Some(service.to_owned())))
}

const BOTH: [&str; 2] = ["api", "web"];
const ONLY_WEB: &str = "only the lines of web are shown   l all";

#[test]
fn a_service_is_chosen_by_its_number() {
    let question = "restart which?  1 api  2 web  a all  Esc none";
    check(&BOTH, "r", Some(Wish::Nothing), question);
    check(&BOTH, "r1", restart(&["api"]), "");
    check(&BOTH, "r2", restart(&["web"]), "");
    check(&BOTH, "ra", restart(&[]), "");
}

#[test]
fn a_choice_can_be_left_and_a_wrong_key_leaves_it_too() {
    check(&BOTH, "r\u{1b}", Some(Wish::Nothing), "");
    check(&BOTH, "r3", Some(Wish::Nothing), "");
    check(&BOTH, "rq", Some(Wish::Nothing), "");
    check(&BOTH, "r3q", Some(Wish::Stop), "");
}

#[test]
fn the_lines_of_one_service_are_shown_until_all_are() {
    check(&BOTH, "l2", lines_of("web"), ONLY_WEB);
    check(&BOTH, "l2l", Some(Wish::ShowLines(None)), "");
    check(&BOTH, "l2\u{1b}", Some(Wish::ShowLines(None)), "");
    check(&BOTH, "l2s", Some(Wish::Status), ONLY_WEB);
}

#[test]
fn one_service_is_not_chosen() {
    check(&["api"], "r", restart(&["api"]), "");
    check(&["api"], "l", Some(Wish::Nothing), "");
    check(&[], "r", Some(Wish::Nothing), "");
}

#[test]
fn the_keyboard_is_connected_to_a_service_by_its_number() {
    let to = |service: &str| Some(Wish::Connect(service.to_owned()));
    check(
        &BOTH,
        "i",
        Some(Wish::Nothing),
        "type into which?  1 api  2 web  Esc none",
    );
    check(&BOTH, "i2", to("web"), "");
    check(&BOTH, "ia", Some(Wish::Nothing), "");
    check(&BOTH, "1", to("api"), "");
    check(&BOTH, "3", None, "");
    check(&["api"], "i", to("api"), "");
    check(&BOTH, "l2i1", to("api"), ONLY_WEB);
}

#[test]
fn korean_letters_count_by_their_key_and_upper_case_too() {
    check(&BOTH, "ㅂ", Some(Wish::Stop), "");
    check(&BOTH, "ㄱ1", restart(&["api"]), "");
    check(&BOTH, "Q", Some(Wish::Stop), "");
}

#[test]
fn other_keys_mean_nothing() {
    check(&BOTH, "x", None, "");
    check(&BOTH, "\u{1b}", None, "");
}

#[test]
fn many_services_have_letters() {
    let names: Vec<String> = (0..12).map(|at| format!("s{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(&names, "rb", restart(&["s9"]), "");
}
