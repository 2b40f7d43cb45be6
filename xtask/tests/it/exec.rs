//! `exec` and `env`: the very environment that a service gets.

use crate::sandbox::{Running, Sandbox, port};

fn shop() -> (Sandbox, u16) {
    let api = port();
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.api]
        command = "SERVICE --listen 127.0.0.1:env --print-env GREETING --print-env API_PORT --print-env SHARED"
        port = "${{API_PORT:-{api}}}"
        working_dir = "back end"
        env_file = ["api.env"]
        environment = {{ GREETING = "hello", URL = "${{services.api.url}}", API_TOKEN = "t0p" }}
        [services.web]
        command = "sleep 1000"
        "#
    ));
    sandbox.write("back end/here", "");
    sandbox.write("api.env", "SHARED='from a file'\n");
    (sandbox, api)
}

#[test]
fn exec_has_the_environment_the_directory_and_the_code() {
    let (sandbox, api) = shop();
    let show = "ls; echo $API_PORT $PORT $URL $GREETING \"$SHARED\" $#; exit 9";
    let ended = sandbox.run(&["exec", "api", "--", "sh", "-c", show]).with(9);
    let expected = format!("here\n{api} {api} http://127.0.0.1:{api} hello from a file 0\n");
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), (expected.as_str(), ""));
    // Without `--`, options are the command's own as well.
    let ended = sandbox.run(&["exec", "api", "ls", "-a"]).with(0);
    assert_eq!(ended.stdout, ".\n..\nhere\n");
}

#[test]
fn beside_a_running_service_its_ports_are_those_that_it_has() {
    let (sandbox, _) = shop();
    let moved = port();
    let mut command = sandbox.command(&["up"]);
    command.env("API_PORT", moved.to_string());
    let up = Running::start(command);
    up.wait_for("All 2 ready in ");
    let show = ["sh", "-c", "echo $API_PORT $URL"];
    for service in ["api", "web"] {
        let ended = sandbox.run(&[&["exec", service, "--"], &show[..]].concat()).with(0);
        let url = if service == "api" {
            format!("http://127.0.0.1:{moved}")
        } else {
            String::new()
        };
        assert_eq!(ended.stdout.trim_end(), format!("{moved} {url}").trim_end());
    }
    // What is started beside the stack is no part of it.
    let stranger = sandbox.start(&["exec", "api", "sleep", "1000"]);
    up.interrupt();
    up.wait().with(130);
    assert!(!stranger.has_ended());
    stranger.interrupt();
    stranger.wait();
}

#[test]
fn what_is_missing_is_5_and_a_mistyped_name_has_its_nearest() {
    let (sandbox, _) = shop();
    let ended = sandbox.run(&["exec", "api", "gti"]).with(5);
    assert_eq!(
        ended.stderr,
        "error: command `gti` was not found\n\nhint: did you mean `git`?\n"
    );
    sandbox.run(&["exec", "apo", "ls"]).with(2);
    sandbox.run(&["exec", "api"]).with(2);
    std::fs::remove_file(sandbox.project().join("back end/here")).unwrap();
    std::fs::remove_dir(sandbox.project().join("back end")).unwrap();
    let ended = sandbox.run(&["exec", "api", "ls"]).with(5);
    assert!(ended.stderr.starts_with("error: cannot enter `"), "{ended:?}");
}

#[test]
fn env_prints_what_goes_beyond_this_terminal_and_masks_secrets() {
    let (sandbox, api) = shop();
    let shell = |token: &str| {
        format!(
            "export API_PORT={api}\nexport API_TOKEN={token}\nexport GREETING=hello\nexport PORT={api}\n\
             export PORT_MAIN={api}\nexport SHARED='from a file'\nexport URL=http://127.0.0.1:{api}\n"
        )
    };
    assert_eq!(sandbox.run(&["env", "api"]).with(0).stdout, shell("'***'"));
    assert_eq!(sandbox.run(&["env", "api", "--reveal"]).with(0).stdout, shell("t0p"));
    let document = sandbox.run(&["env", "api", "--format", "json"]).with(0).json();
    assert_eq!(document["variables"]["API_TOKEN"], "***");
    assert_eq!(document["service"], "api");
    let ended = sandbox.run(&["env", "api", "--format", "dotenv"]).with(0);
    assert!(ended.stdout.contains("SHARED='from a file'\n"), "{ended:?}");
    let ended = sandbox.run(&["status", "--format", "shell"]).with(2);
    assert!(
        ended
            .stderr
            .starts_with("error: `--format shell` and `--format dotenv` are for `env` only\n")
    );
}

#[test]
fn exec_env_and_the_service_itself_agree() {
    let (sandbox, api) = shop();
    let up = sandbox.up(&[]);
    up.wait_for("SHARED=from a file");
    let ended = sandbox
        .run(&["exec", "api", "sh", "-c", "echo $GREETING $API_PORT $SHARED"])
        .with(0);
    assert_eq!(ended.stdout, format!("hello {api} from a file\n"));
    up.wait_for("GREETING=hello");
    up.wait_for(&format!("API_PORT={api}"));
    up.interrupt();
    up.wait().with(130);
}
