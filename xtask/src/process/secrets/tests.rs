//! Command line → masked command line, one argument per line.

use super::mask;

#[track_caller]
fn check(command: &str, expected: &str) {
    let lines = |text: &str| {
        text.trim()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(mask(&lines(command)), lines(expected));
}

#[test]
fn the_value_of_a_secret_option_is_masked() {
    check("serve\n--token\nabc\n--port\n8000", "serve\n--token\n***\n--port\n8000");
    check("--token=abc", "--token=***");
    check("-password\nabc", "-password\n***");
    check("--db-password=a&b", "--db-password=***&b");
    check("--apiKey\nabc", "--apiKey\n***");
    check("--secret-access-key=abc", "--secret-access-key=***");
    check("--dbpassword\nabc", "--dbpassword\n***");
    check("--requirepass\nabc", "--requirepass\n***");
    check("--mytoken=abc", "--mytoken=***");
    check("PGPASSWORD=abc", "PGPASSWORD=***");
    check("https://abcdefghijklmnopqrst@host/x", "https://***@host/x");
}

#[test]
fn what_only_sounds_like_a_secret_is_kept() {
    for command in [
        "-p\n8000",
        "--token-file\n/run/token",
        "--password-stdin\nshop",
        "--no-password\nshop",
        "--max-tokens=100",
        "--tokenizer\nbert",
        "--bypass=yes",
        "PWD=/home/kim",
        "python\n-m\nuvicorn\napp:app\n--reload",
        "--token\n--port\n8000",
        "git@github.com:kim/shop.git",
        "https://localhost:8000/tokens/password?page=2",
        "ssh://git@github.com/shop",
        "schlüssel=größe",
    ] {
        check(command, command);
    }
}

#[test]
fn assignments_and_connection_strings_are_masked() {
    check("env\nAPI_KEY=abc\nDEBUG=1", "env\nAPI_KEY=***\nDEBUG=1");
    check("host=db password=abc dbname=shop", "host=db password=*** dbname=shop");
    check("Server=db;Password=abc;Port=1", "Server=db;Password=***;Port=1");
    check(
        "jdbc:pg://db/shop?user=kim&password=abc&ssl=1",
        "jdbc:pg://db/shop?user=kim&password=***&ssl=1",
    );
    check(r#"{"password": "a b", "port": 1}"#, r#"{"password": ***, "port": 1}"#);
    check(r#"{"password":"a b"}"#, r#"{"password":***}"#);
}

#[test]
fn a_command_line_in_one_argument_is_masked() {
    check(
        "sh\n-c\nDB_PASSWORD='a b' npm run dev --token abc --port 1",
        "sh\n-c\nDB_PASSWORD=*** npm run dev --token *** --port 1",
    );
}

#[test]
fn headers_are_masked() {
    check("-H\nAuthorization: Bearer abc.def", "-H\nAuthorization: ***");
    check("-H\nAUTHORIZATION:abc", "-H\nAUTHORIZATION:***");
    check("-H\nX-Api-Key: abc", "-H\nX-Api-Key: ***");
    check("-H\nCookie: a=b c=d", "-H\nCookie: ***");
    check(
        "curl -H 'Authorization: Bearer abc' http://h",
        "curl -H 'Authorization: ***' http://h",
    );
}

#[test]
fn the_password_of_a_url_is_masked() {
    check("redis://:abc@localhost:6379/0", "redis://:***@localhost:6379/0");
    check("postgres://kim:a@b@db/shop", "postgres://kim:***@db/shop");
    check("--url=https://kim:abc@h/x", "--url=https://kim:***@h/x");
    check("https://ghp_0123456789abcdef@github.com/x", "https://***@github.com/x");
    check(
        "https://ghp_0123456789abcdef:x-oauth-basic@github.com",
        "https://***@github.com",
    );
}

#[test]
fn known_prefixes_give_a_secret_away() {
    check("deploy ghp_0123456789abcdef now", "deploy *** now");
    check("--key=AKIA0123456789ABCDEF", "--key=***");
}
