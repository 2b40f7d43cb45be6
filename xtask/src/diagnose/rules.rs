//! The rules: which words of which runtimes mean which cause. The tests have each message in full.

use super::FailureKind;

/// A line that holds one of these patterns (see `pattern`) shows this cause.
pub(super) struct Rule {
    pub(super) kind: FailureKind,
    pub(super) says: &'static [&'static str],
    /// Only if the process ended with this.
    pub(super) code: Option<i32>,
    /// Only if one of the lines above holds this.
    pub(super) below: Option<&'static str>,
    /// The line above belongs to it.
    pub(super) shows_above: bool,
}

const fn rule(kind: FailureKind, says: &'static [&'static str]) -> Rule {
    Rule {
        kind,
        says,
        code: None,
        below: None,
        shows_above: false,
    }
}

/// The first that knows a line decides.
pub(super) const RULES: &[Rule] = &[
    rule(
        FailureKind::ContainerHasPort,
        &["bind for *:# failed: port is already allocated"],
    ),
    rule(
        FailureKind::HostHasPort,
        &[
            // Docker; Docker Desktop, on macOS and Windows.
            "error response from daemon: *: address already in use",
            "ports are not available: *: address already in use",
            "ports are not available: *only one usage of each socket address",
            "ports are not available: *access a socket in a way forbidden",
            // Podman: rootless, with pasta, as root.
            "rootlessport listen tcp *: address already in use",
            "rootlessport listen udp *: address already in use",
            "failed to bind port # (address already in use) for option",
            "cannot listen on the tcp port: *: address already in use",
            "cannot listen on the udp port: *: address already in use",
        ],
    ),
    rule(
        FailureKind::PortBusy,
        &[
            "address already in use",
            "eaddrinuse",
            // Python's numbers on Linux, macOS and Windows, where the words are the system's and may be translated.
            "[errno 98]",
            "[errno 48]",
            "[errno 10048]",
            "[winerror 10048]",
            "[errno 10013]",
            "[winerror 10013]",
            "only one usage of each socket address",
            "access a socket in a way forbidden",
            // gunicorn.
            "connection in use: (",
            // Django; Vite, Angular; Spring; Flask; Phoenix; Bun.
            "error: that port is already in use",
            "port # is already in use$",
            "port # is already in use.",
            "port # was already in use",
            "port # is in use by another program",
            "failed, port # already in use",
            "failed to start server. is port # in use?",
        ],
    ),
    rule(
        FailureKind::AlreadyRunning,
        &[
            // Rails; PostgreSQL; Next.
            "^a server is already running",
            "lock file \"*\" already exists",
            "another next dev server is already running",
        ],
    ),
    rule(
        FailureKind::PythonModuleMissing,
        &[
            "modulenotfounderror: no module named ",
            "importerror: no module named ",
            "python*: no module named ",
            "error loading asgi app. could not import module ",
        ],
    ),
    rule(
        FailureKind::NodeModuleMissing,
        &[
            "cannot find module '",
            "cannot find package '",
            "module not found: error: can't resolve '",
        ],
    ),
    rule(
        FailureKind::LibraryMissing,
        &[
            // Ruby.
            "cannot load such file -- ",
            "(bundler::gemnotfound)",
            "could not find * in locally installed gems",
            // Java.
            "could not find or load main class ",
            "unable to access jarfile ",
            "java.lang.classnotfoundexception: ",
            "java.lang.noclassdeffounderror: ",
            // PHP.
            "failed opening required '",
            "php fatal error:  uncaught error: class \"",
            // Go; .NET; Perl.
            "no required module provides package ",
            "could not load file or assembly ",
            "you must install or update .net to run this application",
            "can't locate *.pm in ",
            // The linkers of Linux and macOS.
            ": cannot open shared object file",
            "dyld*: library not loaded: ",
        ],
    ),
    rule(
        FailureKind::CommandNotFound,
        &[
            // bash; zsh; dash and BusyBox; fish.
            ": command not found$",
            "zsh:*command not found: ",
            "bundler: command not found: ",
            "^sh: *: not found$",
            "/sh: *: not found$",
            "^dash: *: not found$",
            "fish: unknown command: ",
            // make, env, timeout, nohup; a script that names its interpreter through env.
            "^make: *: no such file or directory$",
            "^make[#]: *: no such file or directory$",
            "^env: *: no such file or directory$",
            "/env: *: no such file or directory$",
            "failed to run command *: no such file or directory$",
            // npx; pnpm; yarn; uv; Docker and other programs in Go.
            "could not determine executable to run",
            "command \"*\" not found",
            "failed to spawn: `",
            "executable file not found in $path",
        ],
    ),
    Rule {
        // Shells name the script and the line: `run.sh: 3: uvicorn: not found`.
        code: Some(127),
        ..rule(
            FailureKind::CommandNotFound,
            &[": #: *: not found$", ": line #: *: no such file or directory$"],
        )
    },
    rule(
        FailureKind::NotExecutable,
        &[
            ": bad interpreter: ",
            ": cannot execute: ",
            ": cannot execute binary file",
            "exec format error",
        ],
    ),
    Rule {
        code: Some(126),
        ..rule(
            FailureKind::NotExecutable,
            &[": permission denied$", ": is a directory$"],
        )
    },
    rule(
        FailureKind::WatchLimit,
        &[
            // Node; Python's watchdog and watchfiles.
            "system limit for number of file watchers reached",
            "inotify watch limit reached",
            "inotify instance limit reached",
            "os file watch limit reached",
        ],
    ),
    rule(
        FailureKind::TooManyFiles,
        &["too many open files", "emfile", "(os error 24)", "[errno 24]"],
    ),
    rule(
        FailureKind::DiskFull,
        &["no space left on device", "enospc", "[errno 28]", "disk quota exceeded"],
    ),
    rule(
        FailureKind::OutOfMemory,
        &[
            // Node; Java; Python, NumPy; Go; Ruby; PHP; .NET; Rust; C++; the C library.
            "javascript heap out of memory",
            "java.lang.outofmemoryerror",
            "insufficient memory for the java runtime environment",
            "^memoryerror$",
            "^memoryerror: ",
            "_arraymemoryerror: ",
            "fatal error: runtime: out of memory",
            "(nomemoryerror)",
            "allowed memory size of # bytes exhausted",
            "system.outofmemoryexception",
            "memory allocation of # bytes failed",
            "std::bad_alloc",
            "cannot allocate memory",
        ],
    ),
    Rule {
        // The lookup in `os.environ`, and not in any dictionary.
        below: Some("os*\", line #, in __getitem__"),
        ..rule(FailureKind::VariableMissing, &["^keyerror: '@'$"])
    },
    Rule {
        // A model of settings, and not of a request.
        below: Some("validation error* for *settings$"),
        shows_above: true,
        ..rule(FailureKind::VariableMissing, &["^  field required"])
    },
    rule(
        FailureKind::VariableMissing,
        &[
            // Shells, with `set -u` and `${NAME:?}`.
            ": @: unbound variable$",
            ": @: parameter not set",
            ": @: parameter null or not set",
            // Django and its readers of variables.
            "set the @ environment variable",
            "undefinedvalueerror: @ not found",
            // Ruby; Rust; Go; Spring; Prisma.
            "key not found: \"@\" (keyerror)",
            ": notpresent$",
            "required key @ missing value",
            "could not resolve placeholder '@'",
            "environment variable not found",
            "missing environment variable",
            "missing required environment variable",
            "invalid environment variables",
            "environment variable *@* is not set",
            "environment variable *@* not set",
            "environment variable *@* is required",
            "environment variable *@* is missing",
            "^@ must be set$",
            "^@ must be set: ",
            "error: @ must be set$",
            "error: @ is not set$",
            "error: @ is required$",
        ],
    ),
    rule(
        FailureKind::Refused,
        &[
            "connection refused",
            "connect econnrefused ",
            "connectionrefusederror",
            // Python's numbers on Linux, macOS and Windows.
            "[errno 111]",
            "[errno 61]",
            "[winerror 10061]",
            // The JDBC driver of PostgreSQL; MySQL; Prisma; curl.
            "connection to *:# refused",
            "can't connect to mysql server on ",
            "can't reach database server at ",
            "^curl: (7) ",
        ],
    ),
    rule(
        FailureKind::Denied,
        &[
            "[errno 13]",
            "[errno 1]",
            "eacces: permission denied",
            "listen eacces",
            "eperm: operation not permitted",
            "bind: permission denied",
            "open *: permission denied$",
            "(13: permission denied)",
            "permission denied (os error 13)",
            "kind: permissiondenied",
            "could not bind *: permission denied$",
            "java.nio.file.accessdeniedexception",
            "java.net.socketexception: permission denied",
            "java.net.bindexception: permission denied",
            "(permission denied)$",
            "(errno::eacces)",
        ],
    ),
];

/// The exit codes that say something on their own.
///
/// Source: POSIX.1-2024, 2.8.2 "Exit Status for Commands".
pub(super) const CODES: &[(i32, FailureKind)] =
    &[(126, FailureKind::NotExecutable), (127, FailureKind::CommandNotFound)];

/// The signals that a process gets for what it did, and SIGKILL. The numbers are those of Linux; macOS differs in
/// SIGBUS alone, which is 10 there.
///
/// Source: man 7 signal.
pub(super) const SIGNALS: &[(i32, FailureKind)] = &[
    (4, FailureKind::IllegalInstruction),
    (ABORT, FailureKind::Aborted),
    (7, FailureKind::SegmentationFault),
    (8, FailureKind::ArithmeticError),
    (9, FailureKind::Killed),
    (11, FailureKind::SegmentationFault),
];

/// SIGABRT: who gives itself up has said why.
pub(super) const ABORT: i32 = 6;
