//! Files that the program refuses and the schema can refuse: each mistake once.

/// What is wrong, and the file.
pub(crate) const BAD: &[(&str, &str)] = &[
    ("an unknown table", "[service.a]\ncommand = 'x'"),
    ("an unknown key of the project", "[project]\nnaem = 'x'"),
    ("an unknown key of a service", "[services.a]\ncomand = 'x'"),
    ("a key of services in a task", "[tasks.a]\ncommand = 'x'\nport = 1"),
    (
        "a key that is not supported yet",
        "[services.a]\ncommand = 'x'\non_exit = 'x'",
    ),
    (
        "a value that is not supported yet",
        "[services.a]\ncommand = 'x'\nrestart = 'unless-stopped'",
    ),
    ("an empty name", "[project]\nname = ''"),
    ("a name with a variable", "[project]\nname = '${NAME}'"),
    (
        "an env file of the project with a variable",
        "[project]\nenv_file = ['${HOME}/.env']",
    ),
    ("a version that is none", "[project]\nrequires = '^0.2'"),
    ("an unknown word", "[project]\non_exit = 'stay'"),
    ("a metrics address without a port", "[project]\nmetrics = '127.0.0.1'"),
    ("a port alone as metrics address", "[project]\nmetrics = ':9464'"),
    (
        "a log target of text",
        "[project]\nlog_export = ['udp://127.0.0.1:514']",
    ),
    (
        "two log targets in one",
        "[project]\nlog_export = [{ journald = true, file = 'x' }]",
    ),
    ("no log target", "[project]\nlog_export = [{}]"),
    (
        "a log target over TLS",
        "[project]\nlog_export = [{ otlp = 'https://a:1' }]",
    ),
    (
        "a scheme that syslog has not",
        "[project]\nlog_export = [{ syslog = 'tls://a:1' }]",
    ),
    ("journald = false", "[project]\nlog_export = [{ journald = false }]"),
    ("a venv without a path", "[venvs.a]\npython = '>=3.11'"),
    ("a venv called auto", "[venvs.auto]\npath = 'x'"),
    ("a name of a venv with a dot", "[venvs.'a.b']\npath = 'x'"),
    ("an empty path of a venv", "[venvs.a]\npath = ''"),
    ("no version of Python", "[venvs.a]\npath = 'x'\npython = '3.13rc1'"),
    (
        "an unknown operator of versions",
        "[venvs.a]\npath = 'x'\npython = '=>3.11'",
    ),
    ("~= with one number", "[venvs.a]\npath = 'x'\npython = '~=3'"),
    (
        "project and requirements",
        "[venvs.a]\npath = 'x'\nproject = '.'\nrequirements = 'r'",
    ),
    ("sync that is no boolean", "[venvs.a]\npath = 'x'\nsync = 'yes'"),
    ("a service without a command", "[services.a]\nport = 1"),
    ("a service of text", "[services]\na = 'x'"),
    ("a name of a service with a blank", "[services.'a b']\ncommand = 'x'"),
    ("a name of a service that begins with -", "[services.-a]\ncommand = 'x'"),
    ("an empty command", "[services.a]\ncommand = ''"),
    ("an empty list as command", "[services.a]\ncommand = []"),
    ("an empty first word", "[services.a]\ncommand = ['', 'x']"),
    ("a word that is no text", "[services.a]\ncommand = ['x', 1]"),
    ("a list for a shell", "[services.a]\ncommand = ['x']\nshell = true"),
    ("command and compose", "[services.a]\ncommand = 'x'\ncompose = 'x'"),
    (
        "command and external",
        "[services.a]\ncommand = 'x'\nexternal = true\nport = 1",
    ),
    (
        "compose_file without compose",
        "[services.a]\ncommand = 'x'\ncompose_file = 'x'",
    ),
    (
        "a key of processes beside compose",
        "[services.a]\ncompose = 'x'\ntty = true",
    ),
    (
        "a key of processes beside external",
        "[services.a]\nexternal = true\nport = 1\nworking_dir = 'x'",
    ),
    (
        "restart of an external service",
        "[services.a]\nexternal = true\nport = 1\nrestart = 'always'",
    ),
    (
        "an empty working directory",
        "[services.a]\ncommand = 'x'\nworking_dir = ''",
    ),
    ("venv = true", "[services.a]\ncommand = 'x'\nvenv = true"),
    ("port 0", "[services.a]\ncommand = 'x'\nport = 0"),
    ("port 70000", "[services.a]\ncommand = 'x'\nport = 70000"),
    ("port 70000 as text", "[services.a]\ncommand = 'x'\nport = '70000'"),
    ("a port that is no number", "[services.a]\ncommand = 'x'\nport = 'http'"),
    ("a port with a fraction", "[services.a]\ncommand = 'x'\nport = 80.5"),
    (
        "port and ports",
        "[services.a]\ncommand = 'x'\nport = 1\nports = { http = 2 }",
    ),
    (
        "a port table without a number",
        "[services.a]\ncommand = 'x'\nport = { host = '127.0.0.1' }",
    ),
    (
        "a host that is no address",
        "[services.a]\ncommand = 'x'\nport = { number = 1, host = 'example.com' }",
    ),
    (
        "an unknown protocol",
        "[services.a]\ncommand = 'x'\nport = { number = 1, protocol = 'sctp' }",
    ),
    (
        "base that is auto",
        "[services.a]\ncommand = 'x'\nport = { number = 'auto', base = 'auto' }",
    ),
    (
        "an unknown key of a port",
        "[services.a]\ncommand = 'x'\nport = { number = 1, adress = '::1' }",
    ),
    (
        "a name of a port with a dot",
        "[services.a]\ncommand = 'x'\nports = { 'a.b' = 1 }",
    ),
    (
        "a scheme with ://",
        "[services.a]\ncommand = 'x'\nport = 1\nscheme = 'http://'",
    ),
    (
        "a variable that is a list",
        "[services.a]\ncommand = 'x'\nenvironment = { A = [] }",
    ),
    (
        "a name of a variable with =",
        "[services.a]\ncommand = 'x'\nenvironment = { 'A=B' = '1' }",
    ),
    (
        "an environment of text",
        "[services.a]\ncommand = 'x'\nenvironment = ['A=1']",
    ),
    ("an empty env file", "[services.a]\ncommand = 'x'\nenv_file = ''"),
    (
        "an unknown condition",
        "[services.b]\ncommand = 'x'\n[services.a]\ncommand = 'x'\ndepends_on = { b = 'ready' }",
    ),
    (
        "a dependency listed twice",
        "[services.b]\ncommand = 'x'\n[services.a]\ncommand = 'x'\ndepends_on = ['b', 'b']",
    ),
    (
        "a dependency of text",
        "[services.b]\ncommand = 'x'\n[services.a]\ncommand = 'x'\ndepends_on = 'b'",
    ),
    (
        "a healthcheck of text",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = '/healthz'",
    ),
    (
        "two checks",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { http = '/', tcp = true }",
    ),
    (
        "tcp = false",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { tcp = false }",
    ),
    (
        "a check over TLS",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { http = 'https://a/' }",
    ),
    (
        "a path without a slash",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { http = 'healthz' }",
    ),
    (
        "an interval without a unit",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { interval = '10' }",
    ),
    (
        "an interval of 0",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { interval = '0s' }",
    ),
    (
        "an interval that is a number",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { interval = 10 }",
    ),
    (
        "retries of 0",
        "[services.a]\ncommand = 'x'\nport = 1\nhealthcheck = { retries = 0 }",
    ),
    ("stdin that is a boolean", "[services.a]\ncommand = 'x'\nstdin = true"),
    (
        "an unknown restart policy",
        "[services.a]\ncommand = 'x'\nrestart = 'never'",
    ),
    (
        "an unknown signal",
        "[services.a]\ncommand = 'x'\nstop_signal = 'SIGSTOP'",
    ),
    (
        "a duration with a fraction",
        "[services.a]\ncommand = 'x'\nstop_grace_period = '1.5s'",
    ),
    (
        "on_conflict = \"stop\"",
        "[services.a]\ncommand = 'x'\non_conflict = 'stop'",
    ),
    (
        "a profile with a blank",
        "[services.a]\ncommand = 'x'\nprofiles = ['a b']",
    ),
    ("profiles of text", "[services.a]\ncommand = 'x'\nprofiles = 'a'"),
    ("listen without a port", "[services.a]\ncommand = 'x'\nlisten = true"),
    ("watch of a number", "[services.a]\ncommand = 'x'\nwatch = 1"),
    ("a task without a command", "[tasks.a]\nworking_dir = 'x'"),
    ("a root that is not absolute", "[export]\nroot = 'srv/shop'"),
    ("a user with a blank", "[export]\nuser = 'a b'"),
    (
        "a build of two containers' keys",
        "[services.a]\ncommand = 'x'\n[export.kubernetes.a]\nbuild = 'x'",
    ),
    (
        "no quantity",
        "[services.a]\ncommand = 'x'\n[export.kubernetes.a]\nmemory = '256 MiB'",
    ),
    (
        "replicas of text",
        "[services.a]\ncommand = 'x'\n[export.kubernetes.a]\nreplicas = 'two'",
    ),
];
