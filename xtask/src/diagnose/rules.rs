//! The rules: the messages of each runtime and their cause. The tests contain each message in full.

use std::sync::LazyLock;

use regex_lite::Regex;

use super::FailureKind::{self, *};
use super::{Diagnosis, Line, NAME, Subject, regex};

/// A line that matches the pattern has this cause.
pub(super) struct Rule {
    kind: FailureKind,
    pattern: Regex,
    /// A matching line contains one of these, in lower case. They are searched first, because `regex-lite` has no fast
    /// search for plain text.
    pub(super) literals: Vec<String>,
    /// The required exit code of the process.
    code: Option<i32>,
    /// One of the lines above must match this.
    below: Option<Regex>,
    /// The line above belongs to the evidence.
    shows_above: bool,
    /// The text of `Subject::Remedy`, if the rule has one.
    remedy: Option<&'static str>,
}

/// How many lines above are checked for `Rule::below`.
const MAX_LINES_ABOVE: usize = 12;

/// Matching ignores case; `NAME` is the name of a variable; a named group is the `Subject`.
fn rule(kind: FailureKind, pattern: &str) -> Rule {
    Rule {
        kind,
        pattern: regex(&format!("(?i){}", pattern.replace("NAME", NAME))),
        literals: literals(pattern),
        code: None,
        below: None,
        shows_above: false,
        remedy: None,
    }
}

/// The longest literal text of each alternative of a pattern, without escapes, groups, classes or repetitions.
pub(super) fn literals(pattern: &str) -> Vec<String> {
    static NOT_PLAIN: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(\\.|\(([^()]|\([^()]*\))*\)|\[.*?\]|\.)[*+?]?|.[*+?]|[\^$]"));
    let pattern = NOT_PLAIN.replace_all(pattern, "\0");
    let longest = |texts: &str| texts.split('\0').max_by_key(|text| text.len()).map(str::to_owned);
    pattern.split('|').filter_map(longest).collect()
}

impl Rule {
    fn code(mut self, code: i32) -> Rule {
        self.code = Some(code);
        self
    }

    fn below(mut self, pattern: &str) -> Rule {
        self.below = Some(regex(&format!("(?i){pattern}")));
        self
    }

    fn shows_above(mut self) -> Rule {
        self.shows_above = true;
        self
    }

    fn remedy(mut self, remedy: &'static str) -> Rule {
        self.remedy = Some(remedy);
        self
    }

    /// The diagnosis, if the line has this cause.
    pub(super) fn diagnosis(&self, line: &Line, above: &[Line], code: Option<i32>) -> Option<Diagnosis> {
        let is_candidate = self.literals.iter().any(|literal| line.lower.contains(literal));
        if !is_candidate || self.code.is_some_and(|only| code != Some(only)) {
            return None;
        }
        let found = self.pattern.captures(&line.text)?;
        let mut near = above.iter().rev().take(MAX_LINES_ABOVE);
        let mut stands_below = |pattern: &Regex| near.any(|line| pattern.is_match(&line.text));
        if self.below.as_ref().is_some_and(|pattern| !stands_below(pattern)) {
            return None;
        }
        let above = above.last().filter(|_| self.shows_above);
        let shown: Vec<_> = above.into_iter().chain([line]).map(|line| line.text.trim()).collect();
        let evidence = shown.join("\n");
        let remedy = self.remedy.map(|remedy| Subject::Remedy(remedy.to_owned()));
        Some(Diagnosis {
            subject: remedy.or_else(|| Subject::new(self.kind, &found, &evidence)),
            evidence,
            ..Diagnosis::new(self.kind)
        })
    }
}

/// The first rule that matches a line applies.
#[rustfmt::skip] // One row for each rule.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| vec![
    rule(ContainerHasPort, r"bind for .*:\d+ failed: port is already allocated"),
    // Docker; Docker Desktop, on macOS and Windows.
    rule(HostHasPort, r"error response from daemon: .*: address already in use"),
    rule(HostHasPort, r"ports are not available: .*(: address already in use|only one usage of each socket address)"),
    rule(HostHasPort, r"ports are not available: .*access a socket in a way forbidden"),
    // Podman: rootless, with pasta, as root.
    rule(HostHasPort, r"rootlessport listen (tcp|udp) .*: address already in use"),
    rule(HostHasPort, r"failed to bind port \d+ \(address already in use\) for option"),
    rule(HostHasPort, r"cannot listen on the (tcp|udp) port: .*: address already in use"),
    rule(PortBusy, r"address already in use|eaddrinuse"),
    // Python's error numbers on Linux, macOS and Windows. The message is the system's and may be translated.
    rule(PortBusy, r"\[errno (98|48|10048|10013)\]|\[winerror (10048|10013)\]"),
    rule(PortBusy, r"only one usage of each socket address|access a socket in a way forbidden"),
    // gunicorn; Django.
    rule(PortBusy, r"connection in use: \(|error: that port is already in use"),
    // Vite, Angular; Spring; Flask; Phoenix; Bun.
    rule(PortBusy, r"port \d+ is already in use(\.|$)|port \d+ was already in use|port \d+ is in use by another program"),
    rule(PortBusy, r"failed, port \d+ already in use|failed to start server\. is port \d+ in use\?"),
    // Rails; PostgreSQL; Next.
    rule(AlreadyRunning, r#"^a server is already running|lock file ".*" already exists"#),
    rule(AlreadyRunning, r"another next dev server is already running"),
    rule(PythonModuleMissing, r#"(modulenotfounderror|importerror|python.*): no module named ['"]?(?<module>[^.'";\s]*)"#),
    rule(ApplicationMissing, r#"error loading asgi app\. could not import module (?<application>"[^"]*")"#),
    rule(ApplicationMissing, r#"error loading asgi app\. attribute (?<application>"[^"]*") not found in module "#),
    // gunicorn.
    rule(ApplicationMissing, r"failed to find attribute (?<application>'[^']*') in '"),
    rule(NodeModuleMissing, r"cannot find module '(?<file>\.{0,2}/[^']*)?"),
    rule(NodeModuleMissing, r"cannot find package '|module not found: error: can't resolve '"),
    // Ruby.
    rule(LibraryMissing, r"cannot load such file -- |\(bundler::gemnotfound\)").remedy("bundle install"),
    rule(LibraryMissing, r"could not find .* in locally installed gems").remedy("bundle install"),
    // Java.
    rule(LibraryMissing, r"could not find or load main class |unable to access jarfile "),
    rule(LibraryMissing, r"java\.lang\.(classnotfoundexception|noclassdeffounderror): "),
    // PHP.
    rule(LibraryMissing, r"failed opening required '.*vendor/autoload\.php").remedy("composer install"),
    rule(LibraryMissing, r#"failed opening required '|php fatal error:  uncaught error: class ""#),
    // Go; .NET; Perl.
    rule(LibraryMissing, r"no required module provides package ").remedy("go mod tidy"),
    rule(LibraryMissing, r"could not load file or assembly |you must install or update \.net to run this application"),
    rule(LibraryMissing, r"can't locate .*\.pm in "),
    // The linkers of Linux and macOS.
    rule(LibraryMissing, r": cannot open shared object file|dyld.*: library not loaded: "),
    // bash; zsh; dash and BusyBox; fish.
    rule(CommandNotFound, r"(?<command>[^ :]*): command not found$"),
    rule(CommandNotFound, r"(zsh:.*|bundler: )command not found: (.*[ :])?(?<command>[^ :]*)$"),
    rule(CommandNotFound, r"(^(da)?|/)sh: (.*[ :])?(?<command>[^ :]*): not found$"),
    rule(CommandNotFound, r"fish: unknown command: "),
    // make, env, timeout, nohup; a script whose `#!` line uses env.
    rule(CommandNotFound, r"^make(\[\d+\])?: (.*[ :])?(?<command>[^ :]*): no such file or directory$"),
    rule(CommandNotFound, r"(^|/)env: (.*[ :])?(?<command>[^ :]*): no such file or directory$"),
    rule(CommandNotFound, r"failed to run command (.*[ :])?(?<command>[^ :]*): no such file or directory$"),
    // npx; pnpm; yarn; uv; Docker and other programs in Go.
    rule(CommandNotFound, r#"could not determine executable to run|command ".*" not found|failed to spawn: `"#),
    rule(CommandNotFound, r"executable file not found in \$path"),
    // Shells name the script and the line: `run.sh: 3: uvicorn: not found`.
    rule(CommandNotFound, r": \d+: (.*[ :])?(?<command>[^ :]*): not found$").code(127),
    rule(CommandNotFound, r": line \d+: (.*[ :])?(?<command>[^ :]*): no such file or directory$").code(127),
    rule(NotExecutable, r": bad interpreter: |: cannot execute(: | binary file)|exec format error"),
    // Shells write `Permission`; programs in Go write `permission`, also for files that are not programs.
    rule(NotExecutable, r"(^|: )(?<program>[^:]*/[^:]*): (?-i:P)ermission denied$").code(126),
    rule(NotExecutable, r": permission denied$|: is a directory$").code(126),
    // Node; Python's watchdog and watchfiles.
    rule(WatchLimit, r"system limit for number of file watchers reached|os file watch limit reached"),
    rule(WatchLimit, r"inotify (watch|instance) limit reached"),
    rule(TooManyFiles, r"too many open files|emfile|\(os error 24\)|\[errno 24\]"),
    rule(DiskFull, r"no space left on device|enospc|\[errno 28\]|disk quota exceeded"),
    // Node; Java.
    rule(OutOfMemory, r"javascript heap out of memory")
        .remedy("Node's own limit with `NODE_OPTIONS = \"--max-old-space-size=4096\"`"),
    rule(OutOfMemory, r"java\.lang\.outofmemoryerror: java heap space")
        .remedy("Java's own limit with `JAVA_TOOL_OPTIONS = \"-Xmx2g\"`"),
    rule(OutOfMemory, r"java\.lang\.outofmemoryerror|insufficient memory for the java runtime environment"),
    // Python, NumPy; Go; Ruby; PHP; .NET; Rust; C++; the C library.
    rule(OutOfMemory, r"^memoryerror(: |$)|_arraymemoryerror: |fatal error: runtime: out of memory|\(nomemoryerror\)"),
    rule(OutOfMemory, r"allowed memory size of \d+ bytes exhausted|system\.outofmemoryexception"),
    rule(OutOfMemory, r"memory allocation of \d+ bytes failed|std::bad_alloc|cannot allocate memory"),
    // A lookup in `os.environ`, not in any other dictionary.
    rule(VariableMissing, r"^keyerror: '(?<variable>NAME)'$").below(r#"os.*", line \d+, in __getitem__"#),
    // A settings model, not a request model.
    rule(VariableMissing, r"^  field required").below(r"validation error.* for .*settings$").shows_above(),
    // Shells, with `set -u` and `${NAME:?}`.
    rule(VariableMissing, r": (?<variable>NAME): unbound variable$"),
    rule(VariableMissing, r": (?<variable>NAME): parameter (null or )?not set"),
    // Django and its libraries for environment variables.
    rule(VariableMissing, r"set the (?<variable>NAME) environment variable"),
    rule(VariableMissing, r"undefinedvalueerror: (?<variable>NAME) not found"),
    // Ruby; Go; Spring.
    rule(VariableMissing, r#"key not found: "(?<variable>NAME)" \(keyerror\)"#),
    rule(VariableMissing, r"required key (?<variable>NAME) missing value"),
    rule(VariableMissing, r"could not resolve placeholder '(?<variable>NAME)'"),
    // Rust; Prisma; others.
    rule(VariableMissing, r": notpresent$|environment variable not found|invalid environment variables"),
    rule(VariableMissing, r"missing (required )?environment variable"),
    rule(VariableMissing, r"environment variable .*\b(?<variable>NAME)\b.* (not set|is required|is missing)"),
    rule(VariableMissing, r"(^|error: )(?<variable>NAME) must be set$"),
    rule(VariableMissing, r"^(?<variable>NAME) must be set: "),
    rule(VariableMissing, r"error: (?<variable>NAME) is (not set|required)$"),
    // Python's debugger; `input()`, also in a terminal that is gone.
    rule(InputEnded, r"^bdb\.bdbquit|^eoferror: eof when reading a line"),
    rule(InputEnded, r"^oserror: \[errno 5\] ").below(r"\binput\(|stdin|readline"),
    rule(Refused, r"connection refused|connect econnrefused |connectionrefusederror"),
    // Python's error numbers on Linux, macOS and Windows.
    rule(Refused, r"\[errno (111|61)\]|\[winerror 10061\]"),
    // The JDBC driver of PostgreSQL; MySQL; Prisma; curl.
    rule(Refused, r"connection to .*:\d+ refused|can't connect to mysql server on "),
    rule(Refused, r"can't reach database server at |^curl: \(7\) "),
    rule(Denied, r"\[errno (13|1)\]|eacces: permission denied|listen eacces|eperm: operation not permitted"),
    rule(Denied, r"bind: permission denied|open .*: permission denied$|could not bind .*: permission denied$"),
    rule(Denied, r"\(13: permission denied\)|permission denied \(os error 13\)|kind: permissiondenied"),
    rule(Denied, r"java\.nio\.file\.accessdeniedexception|java\.net\.(socket|bind)exception: permission denied"),
    rule(Denied, r"\(permission denied\)$|\(errno::eacces\)"),
]);

/// Exit codes that show a cause by themselves.
///
/// Source: POSIX.1-2024, 2.8.2 "Exit Status for Commands".
pub(super) const CODES: &[(i32, FailureKind)] = &[(126, NotExecutable), (127, CommandNotFound)];

/// SIGKILL, and the signals that a process causes itself. The numbers are those of Linux; on macOS only SIGBUS differs
/// (10).
///
/// Source: man 7 signal.
pub(super) const SIGNALS: &[(i32, FailureKind)] = &[
    (4, IllegalInstruction),
    (ABORT, Aborted),
    (7, SegmentationFault),
    (8, ArithmeticError),
    (9, Killed),
    (11, SegmentationFault),
];

/// SIGABRT is self-inflicted, so the log explains it.
pub(super) const ABORT: i32 = 6;
