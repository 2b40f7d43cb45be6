//! One stack for every target: values that are hard to write, a task, services that end if they are started too early.

use std::collections::BTreeMap;
use std::fs;

use crate::it::sandbox::{Sandbox, output};

/// Variables of the backend that some syntax or other gives a meaning to.
pub(crate) const VARIABLES: [(&str, &str); 14] = [
    ("EMPTY", ""),
    ("SPACES", "  two  and two  "),
    ("QUOTES", r#"it's a "word""#),
    ("DOLLAR", "$HOME ${PATH} $$ $PORT $(id) `id`"),
    ("PERCENT", "100% %h %% %(here)s %(ENV_HOME)s"),
    ("BACKSLASH", r"a\b \n \\ \"),
    ("COMMENT", "a #b ;c #d"),
    ("LINES", "first\n  second\nlast\n"),
    ("TAB", "a\tb"),
    ("UTF8", "größer 日本 \u{1f600}"),
    ("EQUALS", "a=b=c,d=e"),
    ("BRACES", "{{x}} {\"a\": [1]} <%= %>"),
    ("CONTROL", "\u{1}\u{1b}[0m\u{7f}"),
    ("YAML", "- yes: no # 0x1f"),
];

pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
}

/// What the backend says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) words: Vec<String>,
    pub(crate) directory: String,
}

impl Shop {
    /// With `more` at the end of its `devtasks.toml`.
    pub(crate) fn new(more: &str) -> Self {
        let environment = VARIABLES.map(|(name, value)| format!("{name} = {}", toml(&value.replace('$', "$$"))));
        let arguments = VARIABLES.map(|(_, value)| toml(&value.replace('$', "$$")));
        let text = format!(
            r#"
[project]
name = "shop"

[services.store]
command = ["./app", "${{STORE_PORT}}", "--late", "300"]
port = "${{STORE_PORT:-6390}}"
healthcheck = {{ tcp = true }}

[services.backend]
command = ["../app", "${{BACKEND_PORT}}", "--needs", "../migrated", "--asks", "${{services.store.address}}", "--late", "300", {arguments}]
working_dir = "back end"
port = "${{BACKEND_PORT:-8000}}"
environment = {{ {environment}, STORE_URL = "http://${{services.store.address}}" }}
depends_on = {{ store = "healthy", migrate = "completed" }}
healthcheck = {{ http = "/healthz?a=1&b=%20" }}
restart = "always"

[services.web]
command = ["./app", "${{WEB_PORT}}", "--asks", "${{services.backend.address}}"]
port = "${{WEB_PORT:-8080}}"
depends_on = ["backend"]

[tasks.migrate]
command = "touch migrated"
depends_on = ["store"]
{more}"#,
            arguments = arguments.join(", "),
            environment = environment.join(", "),
        );
        let sandbox = Sandbox::new(&text);
        sandbox.write(".env", "BACKEND_PORT=8000\nFROM_FILE='a b'\n");
        sandbox.write("back end/.keep", "");
        compile(&sandbox);
        Shop { sandbox }
    }

    /// Exports into `deploy`.
    #[track_caller]
    pub(crate) fn export(&self, arguments: &[&str]) {
        let arguments = [&["export"], arguments, &["--output", "deploy"]].concat();
        self.sandbox.run(&arguments).with(0);
    }

    /// Runs a script in the project's directory by a program that is told its name; see [`Shop::run`]. What it printed.
    #[track_caller]
    pub(crate) fn run_by(&self, runner: &[&str], script: &str) -> String {
        run_by(&self.sandbox, runner, script)
    }

    /// Runs a script in the project's directory, where any port may be used, everything dies with it, and after a minute. It
    /// may use the functions of [`TOOLS`]. What it printed.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        run_in_namespace(&self.sandbox, script)
    }

    /// What `look` of the script has saved.
    pub(crate) fn look(&self) -> Look {
        let bytes = |name: &str| fs::read(self.sandbox.project().join(name)).unwrap();
        let words = |name: &str| -> Vec<String> {
            let text = String::from_utf8(bytes(name)).unwrap();
            text.split_terminator('\0').map(str::to_owned).collect()
        };
        let pairs = words("look.environ");
        let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
        Look {
            environment: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            words: words("look.cmdline"),
            directory: String::from_utf8(bytes("look.cwd")).unwrap(),
        }
    }

    /// The backend has all of its variables and arguments, and its directory.
    #[track_caller]
    pub(crate) fn has_arrived(&self) {
        let directory = self.sandbox.project().join("back end");
        self.has_arrived_in(&directory.display().to_string(), "127.0.0.1:6390");
    }

    /// The same where that directory, or the address of the store, is another one.
    #[track_caller]
    pub(crate) fn has_arrived_in(&self, directory: &str, store: &str) {
        let look = self.look();
        for (name, value) in VARIABLES {
            assert_eq!(look.environment.get(name).map(String::as_str), Some(value), "{name}");
        }
        let url = format!("http://{store}");
        for (name, value) in [
            ("PORT", "8000"),
            ("FROM_FILE", "a b"),
            ("STORE_URL", &url),
            ("WEB_PORT", "8080"),
        ] {
            assert_eq!(look.environment.get(name).map(String::as_str), Some(value), "{name}");
        }
        let own = [
            "../app",
            "8000",
            "--needs",
            "../migrated",
            "--asks",
            store,
            "--late",
            "300",
        ];
        let values = VARIABLES.map(|(_, value)| value);
        assert_eq!(look.words, [&own[..], &values[..]].concat());
        assert_eq!(look.directory, directory);
    }
}

/// As [`Shop::run`], in another stack. It may mount what it likes.
#[track_caller]
pub(crate) fn run_in_namespace(sandbox: &Sandbox, script: &str) -> String {
    sandbox.write("script", &format!("set -eu\nip link set lo up\n{TOOLS}\n{script}\n"));
    let mut command = sandbox.other("timeout");
    command.args(["--kill-after=5", "60", "unshare", "--net", "--pid", "--fork"]);
    command.args(["--kill-child", "--mount-proc", "bash", "script"]);
    let ended = output(&mut command);
    let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{stdout}---\n{stderr}");
    stdout
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// As [`Shop::run_by`], in another stack.
#[track_caller]
pub(crate) fn run_by(sandbox: &Sandbox, runner: &[&str], script: &str) -> String {
    sandbox.write("script", &format!("set -eu\n{TOOLS}\n{script}\n"));
    let mut command = sandbox.other("bash");
    command.args(runner).arg("script");
    let ended = output(&mut command);
    let said = format!("{}\n{}", text(&ended.stdout), text(&ended.stderr));
    assert!(ended.status.success(), "{said}");
    said
}

/// The program that the services run, as `app` in the project.
pub(crate) fn compile(sandbox: &Sandbox) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/shop/app.c");
    let mut compile = sandbox.other("cc");
    compile.args(["-static", "-O1", "-o", "app", source]);
    let compiled = output(&mut compile);
    assert!(compiled.status.success(), "{compiled:?}");
}

/// A TOML string; JSON's escapes are TOML's.
fn toml(value: &str) -> String {
    serde_json::to_string(value).unwrap().replace('\u{7f}', "\\u007f")
}

/// Functions of a script.
const TOOLS: &str = r#"
# until_is SECONDS COMMAND…: looks again until it succeeds.
until_is() {
  local end=$((SECONDS + $1)); shift
  until "$@" 2>/dev/null; do [ $SECONDS -lt $end ] || { echo "never: $*" >&2; return 1; }; sleep 0.05; done
}
get() { curl -fsS -m 2 "http://127.0.0.1:$1"; }
answers() { get "$1" >/dev/null; }
# ready: the last service answers, which needed all the others.
ready() { until_is 30 answers 8080/; }
# look: saves what the backend says of itself.
look() { for what in environ cmdline cwd; do get 8000/$what >look.$what; done; }
is_new() { local now; now=$(get 8000/pid) && [ "$now" != "$1" ]; }
# comes_back: another process answers after the backend was killed.
comes_back() { local old; old=$(get 8000/pid); kill -9 "$old"; until_is 20 is_new "$old"; }
none_runs() { ! pgrep -x app >/dev/null && [ -z "$(ss -Hltn)" ]; }
# nothing_left: no service and no listener.
nothing_left() { until_is 20 none_runs || { ps -ef >&2; ss -ltnp >&2; return 1; }; }
"#;
