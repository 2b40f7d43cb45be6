//! Files with problems.

use expect_test::expect;
use std::path::Path;

use super::super::read;
use super::{check, check_service};

/// A body of `[services.a]` with one problem, in line 3 of that table.
#[track_caller]
fn check_line(line: &str, column: usize, expected: &str) {
    check_service(line, &format!("3:{column} [services.a] {expected}"));
}

#[test]
fn an_unknown_key_gets_a_suggestion() {
    check_line("prot = 1", 1, "unknown key `prot`\n  hint: did you mean `port`?");
    check_line(
        "Healthcheck = 1",
        1,
        "unknown key `Healthcheck`\n  hint: did you mean `healthcheck`?",
    );
    check_line("color = 1", 1, "unknown key `color`");
}

#[test]
fn a_mistyped_key_is_one_problem() {
    check(
        "
        [service.db]
        comand = 'x'
        [services.api]
        cmd = 'x'
        depends_on = ['db']
        ",
        expect![[r#"
            1:2 unknown key `service`
              hint: did you mean `services`?
            4:1 [services.api] unknown key `cmd`
              hint: did you mean `command`?"#]],
    );
}

#[test]
fn a_key_of_another_tool_gets_a_suggestion() {
    check_line("cwd = 'x'", 1, "unknown key `cwd`\n  hint: did you mean `working_dir`?");
    check_line(
        "env.A = 'x'",
        1,
        "unknown key `env`\n  hint: did you mean `environment`?",
    );
}

#[test]
fn unknown_keys_are_found_in_every_table() {
    check(
        "
        sevices = 1
        [project]
        nam = 'x'
        [venvs.v]
        path = 'x'
        pyton = '3'
        [services.a]
        command = 'x'
        port = { numbr = 1, number = 1 }
        [services.a.healthcheck]
        htpp = '/'
        ",
        expect![[r#"
            1:1 unknown key `sevices`
              hint: did you mean `services`?
            3:1 [project] unknown key `nam`
              hint: did you mean `name`?
            6:1 [venvs.v] unknown key `pyton`
              hint: did you mean `python`?
            9:10 [services.a.port] unknown key `numbr`
              hint: did you mean `number`?
            11:1 [services.a.healthcheck] unknown key `htpp`
              hint: did you mean `http`?"#]],
    );
}

#[test]
fn key_or_value_not_supported_yet_says_so() {
    check(
        "
        [services.a]
        command = 'x'
        on_exit = 'x'
        restart = 'unless-stopped'
        healthcheck = { http = 'https://localhost/' }
        ",
        expect![[r#"
            3:1 [services.a] `on_exit` is not supported yet
            4:11 [services.a] `restart = "unless-stopped"` is not supported yet
            5:24 [services.a.healthcheck] `https://` is not supported yet
              hint: check a plain `http://` address"#]],
    );
}

#[test]
fn export_has_an_absolute_path_and_the_name_of_a_user() {
    check(
        "
        [export]
        root = 'srv'
        user = '-x'
        usr = 1
        ",
        expect![[r#"
            2:8 [export] `srv` is not an absolute path
              hint: write the project's directory on the server, such as `/srv/shop`
            3:8 [export] `-x` cannot name a user
              hint: use letters, digits, `_`, `-` and `.`, with no `-` in front
            4:1 [export] unknown key `usr`
              hint: did you mean `user`?"#]],
    );
    check(
        r#"
        [services.backend]
        command = "x"
        [export]
        compose = "x"
        [export.kubernetes]
        imag = "x"
        cpu = "1"
        image = ""
        [export.kubernetes.backedn]
        image = 1
        [export.kubernetes.backend]
        build = "."
        cpu = "1,5"
        memory = "256MB"
        replicas = -1
        "#,
        expect![[r#"
            4:11 [export] `compose` must be a table, found a string
            6:1 [export.kubernetes] unknown key `imag`
              hint: did you mean `image`?
            7:1 [export.kubernetes] unknown key `cpu`
            8:9 [export.kubernetes] `image` is empty
            9:20 [export.kubernetes] unknown service `backedn`
              hint: did you mean `backend`?
            10:9 [export.kubernetes.backedn] `image` must be a string, found an integer
              hint: write `"1"`
            12:1 [export.kubernetes.backend] unknown key `build`
            13:7 [export.kubernetes.backend] `1,5` is not a quantity of Kubernetes
              hint: write a number and a unit, such as `"250m"`
            14:10 [export.kubernetes.backend] `256MB` is not a quantity of Kubernetes
              hint: write a number and a unit, such as `"256Mi"`
            15:12 [export.kubernetes.backend] `replicas` is not a number of replicas"#]],
    );
    check(
        "[export]\nroot = \"/a\\u0007\"\nuser = '${USER}'",
        expect![[r#"
        2:8 [export] `/a\u{7}` is not an absolute path
          hint: write the project's directory on the server, such as `/srv/shop`
        3:8 [export] `user` cannot hold variables
        3:8 [export] `${USER}` cannot name a user
          hint: use letters, digits, `_`, `-` and `.`, with no `-` in front"#]],
    );
}

#[test]
fn a_venv_has_requirements_or_a_project() {
    check(
        "
        [venvs.v]
        path = 'x'
        requirements = ['x', 1]
        project = 'y'
        sync = 'yes'
        [venvs.w]
        path = 'x'
        requirements = ''
        [venvs.x]
        path = 'x'
        project = ['a']
        requirement = 'a'
        ",
        expect![[r#"
            3:22 [venvs.v] `requirements` must be a string, found an integer
              hint: write `"1"`
            4:1 [venvs.v] `project` and `requirements` cannot be combined
              hint: keep `project`, and let its `pyproject.toml` or lock file list everything; or keep `requirements`
            5:8 [venvs.v] `sync` must be `true` or `false`, found a string
              hint: write `sync = true`
            8:16 [venvs.w] `requirements` is empty
            11:11 [venvs.x] `project` must be a string, found a list
            12:1 [venvs.x] unknown key `requirement`
              hint: did you mean `requirements`?"#]],
    );
}

#[test]
fn listen_needs_a_tcp_port() {
    check(
        "
        [services.a]
        command = 'x'
        listen = true
        [services.b]
        command = 'x'
        listen = true
        ports = { web = 80, dns = { number = 53, protocol = 'udp' } }
        [services.c]
        command = 'x'
        listen = true
        port = 80
        [services.d]
        command = 'x'
        listen = 'yes'
        ",
        expect![[r#"
            3:10 [services.a] `listen` needs a port
              hint: add `port` to this service
            6:10 [services.b] `listen` hands TCP sockets over, and one of its ports is UDP
              hint: set `listen = false`
            14:10 [services.d] `listen` must be `true` or `false`, found a string
              hint: write `listen = true`"#]],
    );
}

#[test]
fn a_value_of_the_wrong_type_says_what_was_found() {
    check(
        "
        project = 1
        [venvs]
        v = 1
        w = { path = 1, python = 3.11 }
        [services]
        a = 'x'
        [[services.b]]
        [services.c]
        command = 1
        shell = 'yes'
        working_dir = []
        environment = ['A=b']
        env_file = {}
        depends_on = 'a'
        healthcheck = true
        restart = false
        stop_signal = 9
        stop_grace_period = 10
        on_conflict = true
        profiles = 'web'
        port = true
        [services.d]
        command = ['x', 1, {}]
        ports = [8000]
        environment = { A = [], B = 1979-05-27 }
        env_file = [1]
        depends_on = [1]
        profiles = [1]
        [services.d.healthcheck]
        http = 1
        interval = 5
        retries = '3'
        [services.e]
        command = {}
        healthcheck = { tcp = 1 }
        port = { number = 1.5, host = 1, protocol = 1 }
        ",
        expect![[r#"
            1:11 `project` must be a table, found an integer
            3:5 [venvs] `v` must be a table, found an integer
            4:14 [venvs.w] `path` must be a string, found an integer
              hint: write `"1"`
            4:26 [venvs.w] `python` must be a string, found a float
              hint: write `"3.11"`
            6:5 [services] `a` must be a table, found a string
            7:1 [services] `b` must be a table, found a list
            9:11 [services.c] `command` must be a string or a list of strings, found an integer
              hint: write `"1"`
            10:9 [services.c] `shell` must be `true` or `false`, found a string
              hint: write `shell = true`
            11:15 [services.c] `working_dir` must be a string, found a list
            12:15 [services.c] `environment` must be a table such as `{ NAME = "value" }`, found a list
              hint: write `environment = { A = "b" }`
            13:12 [services.c] `env_file` must be a string or a list of strings, found a table
            14:14 [services.c] `depends_on` must be a list or a table, found a string
              hint: write `depends_on = ["a"]`
            15:15 [services.c] `healthcheck` must be a table, found a boolean
            16:11 [services.c] `restart` must be a string, found a boolean
            17:15 [services.c] `stop_signal` must be a string, found an integer
              hint: write `"9"`
            18:21 [services.c] `stop_grace_period` must be a duration, found an integer
              hint: write `"10s"`
            19:15 [services.c] `on_conflict` must be a string, found a boolean
            20:12 [services.c] `profiles` must be a list of strings, found a string
              hint: write `profiles = ["web"]`
            21:8 [services.c] `port` must be an integer, a string or a table, found a boolean
            23:17 [services.d] `command` must be a string, found an integer
              hint: write `"1"`
            23:20 [services.d] `command` must be a string, found a table
            24:9 [services.d] `ports` must be a table such as `{ http = 8080 }`, found a list
              hint: write `port = 8000`
            25:21 [services.d.environment] `A` must be a string, a number or a boolean, found a list
            25:29 [services.d.environment] `B` must be a string, a number or a boolean, found a datetime
            26:13 [services.d] `env_file` must be a string, found an integer
              hint: write `"1"`
            27:15 [services.d] `depends_on` must be a string, found an integer
              hint: write `"1"`
            28:13 [services.d] `profiles` must be a string, found an integer
              hint: write `"1"`
            30:8 [services.d.healthcheck] `http` must be a string, found an integer
              hint: write `"1"`
            31:12 [services.d.healthcheck] `interval` must be a duration, found an integer
              hint: write `"5s"`
            32:11 [services.d.healthcheck] `retries` must be an integer, found a string
              hint: write `retries = 3`
            34:11 [services.e] `command` must be a string or a list of strings, found a table
            35:23 [services.e.healthcheck] `tcp` must be `true` or `false`, found an integer
            36:19 [services.e.port] `number` must be an integer, a string or a table, found a float
              hint: write `number = 1`
            36:31 [services.e.port] `host` must be a string, found an integer
              hint: write `"1"`
            36:45 [services.e.port] `protocol` must be a string, found an integer
              hint: write `"1"`"#]],
    );
}

#[test]
fn a_value_of_another_shape_gets_the_line_that_was_meant() {
    check(
        "
        [services.a]
        command = 'x'
        depends_on = 'b'
        healthcheck = '/healthz'
        environment = ['A=b', 'B.C=d \"e\"']
        ports = [8000]
        profiles = 'web'
        shell = 'yes'
        [services.b]
        command = 'x'
        port = 8000.5
        healthcheck = 'pg_isready -q'
        [services.c]
        command = 'x'
        ports = ['8000:80', '127.0.0.1:9000:90']
        healthcheck = { http = '/', retries = '3' }
        environment = ['A']
        [services.d]
        command = 'x'
        ports = [true]
        healthcheck = 'tcp'
        ",
        expect![[r#"
            3:14 [services.a] `depends_on` must be a list or a table, found a string
              hint: write `depends_on = ["b"]`
            4:15 [services.a] `healthcheck` must be a table, found a string
              hint: write `healthcheck = { http = "/healthz" }`
            5:15 [services.a] `environment` must be a table such as `{ NAME = "value" }`, found a list
              hint: write `environment = { A = "b", "B.C" = "d \"e\"" }`
            6:9 [services.a] `ports` must be a table such as `{ http = 8080 }`, found a list
              hint: write `port = 8000`
            7:12 [services.a] `profiles` must be a list of strings, found a string
              hint: write `profiles = ["web"]`
            8:9 [services.a] `shell` must be `true` or `false`, found a string
              hint: write `shell = true`
            11:8 [services.b] `port` must be an integer, a string or a table, found a float
              hint: write `port = 8000`
            12:15 [services.b] `healthcheck` must be a table, found a string
              hint: write `healthcheck = { command = "pg_isready -q" }`
            15:9 [services.c] `ports` must be a table such as `{ http = 8080 }`, found a list
              hint: write `ports = { main = 8000, p9000 = 9000 }`
            16:39 [services.c.healthcheck] `retries` must be an integer, found a string
              hint: write `retries = 3`
            17:15 [services.c] `environment` must be a table such as `{ NAME = "value" }`, found a list
            20:9 [services.d] `ports` must be a table such as `{ http = 8080 }`, found a list
            21:15 [services.d] `healthcheck` must be a table, found a string
              hint: write `healthcheck = { tcp = true }`"#]],
    );
}

#[test]
fn a_service_needs_a_command_and_a_venv_a_path() {
    check(
        "
        [services.a]
        [services.b.environment]
        A = 'x'
        [venvs.v]
        ",
        expect![[r#"
            1:11 [services.a] service `a` has no `command`
              hint: add `command = "…"` to [services.a]
            2:11 [services.b] service `b` has no `command`
              hint: add `command = "…"` to [services.b]
            4:8 [venvs.v] venv `v` has no `path`
              hint: add `path = ".venv"` to [venvs.v]"#]],
    );
}

#[test]
fn empty_command_is_refused() {
    let hint = "hint: name the program to run";
    for command in ["''", "'  '", "'# x'", "[]", "''\nshell = true", "' '\nshell = true"] {
        check(
            &format!("[services.a]\ncommand = {command}"),
            &format!("2:11 [services.a] `command` is empty\n  {hint}"),
        );
    }
    for command in ["\"'' x\"", "['', 'x']"] {
        check(
            &format!("[services.a]\ncommand = {command}"),
            &format!("2:11 [services.a] the first word of `command` is empty\n  {hint}"),
        );
    }
    check_service(
        "healthcheck = { command = '' }",
        &format!("3:27 [services.a.healthcheck] `command` is empty\n  {hint}"),
    );
}

#[test]
fn open_quote_in_a_command_is_found() {
    for command in ["\"a 'b\"", "'a \"b'", "\"a b'${C}\""] {
        check(
            &format!("[services.a]\ncommand = {command}"),
            expect![[r#"
                2:11 [services.a] `command` has a quote that is not closed
                  hint: close the quote, or write a list of words"#]],
        );
    }
}

#[test]
fn shell_needs_a_command_string() {
    check(
        "
        [services.a]
        command = ['x']
        shell = true
        ",
        expect![[r#"
            2:11 [services.a] `shell = true` needs a string for `command`, found a list
              hint: write one string, or remove `shell`"#]],
    );
}

#[test]
fn nul_character_is_refused() {
    check_line("working_dir = \"a\\u0000\"", 15, "`working_dir` holds a NUL character");
}

#[test]
fn empty_path_or_name_is_refused() {
    check_line("working_dir = ''", 15, "`working_dir` is empty");
    check_line("env_file = ['']", 13, "`env_file` is empty");
    check(
        "[project]\nname = ''\nenv_file = ''",
        expect![[r#"
            2:8 [project] `name` is empty
            3:12 [project] `env_file` is empty"#]],
    );
}

#[test]
fn variables_in_the_project_table_are_refused() {
    check(
        "[project]\nname = '${A}'\nenv_file = '.env.${A}'",
        expect![[r#"
            2:8 [project] `name` cannot hold variables
            3:12 [project] `env_file` cannot hold variables"#]],
    );
}

#[test]
fn unknown_venv_is_refused() {
    check_line(
        "venv = 'api'",
        8,
        "unknown venv `api`\n  hint: add a table `[venvs.api]` with its `path`",
    );
    check_line(
        "venv = 'apj'\n[venvs.api]\npath = 'x'",
        8,
        "unknown venv `apj`\n  hint: did you mean `api`?",
    );
    check_line("venv = 'Auto'", 8, "unknown venv `Auto`\n  hint: did you mean `auto`?");
    for value in ["true", "1", "[]"] {
        check_line(
            &format!("venv = {value}"),
            8,
            "`venv` must be the name of a venv, `\"auto\"` or `false`\n  hint: write `\"auto\"` for the nearest venv",
        );
    }
}

#[test]
fn a_python_version_is_a_specifier() {
    check(
        "[venvs.v]\npath = 'x'\npython = '^3.11'",
        expect![[r#"
            3:10 [venvs.v] `^3.11` is not a version specifier
              hint: write `>=3.11` with an upper bound, such as `>=3.11,<4`"#]],
    );
}

#[test]
fn a_port_lies_between_1_and_65535() {
    let hint = "hint: write a number from 1 to 65535, or a variable: `\"${PORT:-8000}\"`";
    for (written, shown) in [
        ("0", "0"),
        ("70000", "70000"),
        ("-1", "-1"),
        ("99999999999999999999", "99999999999999999999"),
        ("'abc'", "abc"),
        ("''", ""),
        ("'8000:80'", "8000:80"),
        ("'0'", "0"),
        ("'${P:-65536}'", "65536"),
        ("'${P:-${Q:-x}}'", "x"),
    ] {
        check_line(
            &format!("port = {written}"),
            8,
            &format!("`{shown}` is not a port\n  {hint}"),
        );
    }
    check_service(
        "ports = { a = 0, b = { number = 'x' } }",
        &format!(
            "3:15 [services.a.ports] `0` is not a port\n  {hint}\n3:33 [services.a.ports.b] `x` is not a port\n  {hint}"
        ),
    );
}

#[test]
fn port_and_ports_exclude_each_other() {
    check_line(
        "ports = { a = 1 }\nport = 2",
        1,
        "`port` and `ports` are mutually exclusive\n  hint: move the number of `port` into `ports`",
    );
}

#[test]
fn a_port_table_is_complete_and_right() {
    check_service(
        "port = { host = 'x', protocol = 'TCP', on_conflict = 'kil' }",
        expect![[r#"
            3:8 [services.a] `port` has no `number`
              hint: add `number = 8000`
            3:17 [services.a.port] `x` is not an IP address
              hint: write `127.0.0.1`, `::1`, `0.0.0.0` or another address of this machine
            3:33 [services.a.port] invalid value `TCP` for `protocol`
              hint: did you mean `tcp`?
            3:54 [services.a.port] invalid value `kil` for `on_conflict`
              hint: did you mean `kill`?"#]],
    );
}

#[test]
fn a_base_goes_with_auto_and_is_a_number() {
    let hint = "hint: write a number from 1 to 65535, or a variable: `\"${PORT:-8000}\"`";
    check(
        "
        [services.a]
        command = 'x'
        ports = { x = { number = 'auto', base = 'auto' }, y = { number = 'auto', base = 0 } }
        [services.b]
        command = 'x'
        port = { number = 8000, base = 8000 }
        [services.c]
        command = 'x'
        port = 'Auto'
        ",
        &format!(
            "
        3:41 [services.a.ports.x] `auto` is not a port
          {hint}
        3:81 [services.a.ports.y] `0` is not a port
          {hint}
        6:25 [services.b.port] `base` is where `\"auto\"` begins, and `number` is a number
          hint: write `number = \"auto\"`, or leave `base` out
        9:8 [services.c] `Auto` is not a port
          {hint}
        "
        ),
    );
}

#[test]
fn unknown_value_gets_the_list_of_values() {
    check_line(
        "on_conflict = 'restart'",
        15,
        "invalid value `restart` for `on_conflict`\n  hint: write `ask`, `fail`, `kill` or `next`",
    );
    check_line(
        "restart = 'never'",
        11,
        "invalid value `never` for `restart`\n  hint: write `no`, `on-failure` or `always`",
    );
    check_line(
        "stdin = 'opened'",
        9,
        "invalid value `opened` for `stdin`\n  hint: did you mean `open`?",
    );
    check_line(
        "stdin = 'inherit'",
        9,
        "invalid value `inherit` for `stdin`\n  hint: write `null` or `open`",
    );
    check_line(
        "stdin = true",
        9,
        "`stdin` must be a string, found a boolean\n  hint: write `\"open\"`",
    );
    check_line(
        "stop_signal = 'SIGSTOP'",
        15,
        "invalid value `SIGSTOP` for `stop_signal`\n  hint: write `SIGTERM`, `SIGINT`, `SIGQUIT`, `SIGHUP`, `SIGUSR1`, \
         `SIGUSR2` or `SIGKILL`",
    );
    check(
        "[project]\non_exit = 'stay'",
        expect![[r#"
            2:11 [project] invalid value `stay` for `on_exit`
              hint: write `stop` or `keep`"#]],
    );
}

#[test]
fn names_are_letters_digits_and_two_signs() {
    let hint = "hint: use letters, digits, `_` and `-`, at most 63, with no `-` in front";
    let long = "x".repeat(64);
    for name in ["a.b", "", "a b", "é", "-a", "a/b", &long] {
        check(
            &format!("[services.'{name}']\ncommand = 'x'"),
            &format!("1:11 [services] `{name}` cannot name a service\n  {hint}"),
        );
    }
    check(
        "[venvs.'a b']\npath = 'x'",
        &format!("1:8 [venvs] `a b` cannot name a venv\n  {hint}"),
    );
    check_service(
        "ports = { 'a.b' = 1 }",
        &format!("3:11 [services.a.ports] `a.b` cannot name a port\n  {hint}"),
    );
    check_line(
        "profiles = ['a b']",
        13,
        &format!("`a b` cannot name a profile\n  {hint}"),
    );
    check(
        "[venvs.auto]\npath = 'x'",
        expect![[r#"1:8 [venvs] a venv cannot be called `auto`: `venv = "auto"` has a meaning of its own"#]],
    );
    check(
        &format!("[services.{}]\ncommand = 'x'", "x".repeat(63)),
        &format!("service {}\n  command x", "x".repeat(63)),
    );
}

#[test]
fn a_variable_of_the_environment_has_a_name() {
    let hint = "hint: use letters, digits and `_`";
    check_service(
        "[services.a.environment]\n'' = 'x'\n'A=B' = 'x'\n\"A\\u0000\" = 'x'",
        &format!(
            "4:1 [services.a.environment] `` cannot name a variable\n  {hint}\n\
             5:1 [services.a.environment] `A=B` cannot name a variable\n  {hint}\n\
             6:1 [services.a.environment] `A\\0` cannot name a variable\n  {hint}"
        ),
    );
}

#[test]
fn unknown_dependency_is_refused() {
    check(
        "
        [services.backend]
        command = 'x'
        depends_on = ['databse', 'database', 'database', 'redis']
        [services.database]
        command = 'x'
        [services.web]
        command = 'x'
        depends_on = { bakend = 'healthy', database = 'service_healthy' }
        ",
        expect![[r#"
            3:15 [services.backend] unknown service `databse`
              hint: did you mean `database`?
            3:38 [services.backend] `database` is listed twice in `depends_on`
            3:50 [services.backend] unknown service `redis`
            8:16 [services.web.depends_on] unknown service `bakend`
              hint: did you mean `backend`?
            8:47 [services.web.depends_on] invalid value `service_healthy` for `database`
              hint: write `healthy` or `started`"#]],
    );
}

#[test]
fn dependency_table_is_checked() {
    check(
        "
        [services.a]
        command = 'x'
        depends_on = { b = { condition = 'well', restart = 'yes', required = false }, d = {} }
        [services.b]
        command = 'y'
        ",
        expect![[r#"
            3:34 [services.a.depends_on.b] invalid value `well` for `condition`
              hint: write `healthy` or `started`
            3:52 [services.a.depends_on.b] `restart` must be `true` or `false`, found a string
              hint: write `restart = true`
            3:59 [services.a.depends_on.b] unknown key `required`
            3:79 [services.a.depends_on] unknown service `d`
              hint: did you mean `a`?"#]],
    );
}

#[test]
fn dependency_circle_is_refused() {
    check_line("depends_on = ['a']", 15, "`a` depends on itself");
    check(
        "
        [services.a]
        command = 'x'
        depends_on = { b = 'started' }
        [services.b]
        command = ''
        depends_on = ['d', 'c']
        [services.c]
        command = 'x'
        depends_on = ['d', 'a']
        [services.d]
        command = 'x'
        depends_on = ['e']
        [services.e]
        command = 'x'
        depends_on = ['d']
        ",
        expect![[r#"
            5:11 [services.b] `command` is empty
              hint: name the program to run
            9:20 [services.c] services depend on each other in a circle: `a -> b -> c -> a`
              hint: remove one of these from a `depends_on`
            15:15 [services.e] services depend on each other in a circle: `d -> e -> d`
              hint: remove one of these from a `depends_on`"#]],
    );
}

#[test]
fn a_health_check_is_of_one_kind() {
    check_service(
        "port = 1\nhealthcheck = { tcp = true, http = '/', command = 'x' }",
        expect![[r#"
            4:17 [services.a.healthcheck] `http` and `tcp` are mutually exclusive
              hint: keep one of them"#]],
    );
    check_service(
        "port = 1\nhealthcheck = { tcp = false }",
        expect![[r#"
            4:23 [services.a.healthcheck] `tcp = false` checks nothing
              hint: remove `tcp`"#]],
    );
}

#[test]
fn a_health_check_needs_the_port_it_asks_at() {
    for kind in ["tcp = true", "http = '/'"] {
        let (key, _) = kind.split_once(' ').unwrap();
        let expected = |line| {
            format!(
                "{line}:17 [services.a.healthcheck] `{key}` asks at the main TCP port, and the service has none\n  \
             hint: add `port` to [services.a]"
            )
        };
        check_service(&format!("healthcheck = {{ {kind} }}"), &expected(3));
        check_service(
            &format!("port = {{ number = 1, protocol = 'udp' }}\nhealthcheck = {{ {kind} }}"),
            &expected(4),
        );
    }
}

#[test]
fn an_http_check_is_a_path_or_a_url() {
    for target in ["healthz", "localhost:1/x", "", "ftp://x"] {
        check_service(
            &format!("port = 1\nhealthcheck = {{ http = '{target}' }}"),
            expect![
                "4:24 [services.a.healthcheck] `http` must be a path that starts with `/`, or a URL that starts with `http://`"
            ],
        );
    }
}

#[test]
fn duration_without_unit_or_of_0_is_refused() {
    check_service(
        "stop_grace_period = '10'\n[services.a.healthcheck]\ninterval = '0s'\ntimeout = '0ms'\nstart_period = '5 s'\nretries = 0",
        expect![[r#"
            3:21 [services.a] `10` is not a duration
              hint: add the unit: `10s` or `10ms`
            5:12 [services.a.healthcheck] `interval` must be longer than 0
            6:11 [services.a.healthcheck] `timeout` must be longer than 0
            7:16 [services.a.healthcheck] `5 s` is not a duration
              hint: write it like `10s`, `500ms`, `2m`, `1h` or `1m30s`
            8:11 [services.a.healthcheck] `retries` must be at least 1, found 0"#]],
    );
}

#[test]
fn reference_to_an_unknown_port_is_refused() {
    check(
        "
        [services.api]
        command = ['x', '${services.bd.port}']
        environment = { A = '${X:-${services.db.ports.htp}}', B = '${services.db.ports.x}', C = '${services.api.url}' }
        [services.db]
        command = 'x ${services.nope.url}'
        ports = { http = 1 }
        ",
        expect![[r#"
            2:18 [services.api] unknown service `bd`
              hint: did you mean `db`?
            3:27 [services.api.environment] service `db` has no port `htp`
              hint: did you mean `http`?
            3:60 [services.api.environment] service `db` has no port `x`
              hint: write `${services.db.ports.http}`
            3:90 [services.api.environment] service `api` has no port
              hint: add `port` to [services.api]
            5:14 [services.db] unknown service `nope`"#]],
    );
}

#[test]
fn a_bad_variable_is_found_wherever_one_may_stand() {
    let hint = "hint: write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`, or `$$` for a plain `$`";
    for (line, column) in [
        ("working_dir = 'x${9}'", 17),
        ("env_file = '${9}'", 13),
        ("port = '${9}'", 9),
    ] {
        check_line(line, column, &format!("`${{9}}` is not a variable\n  {hint}"));
    }
    check_line(
        "working_dir = '${A'",
        16,
        "`${` has no closing `}`\n  hint: close it, or write `$$` for a plain `$`",
    );
}

#[test]
fn broken_lines_do_not_hide_the_others() {
    check(
        "
        [services.a]
        command = x
        prot = 1
        port = 1
        port = 2
        environment
        [services.b]
        command = 'x
        prot = 1
        y
        [services.a]
        z = 1
        ",
        expect![[r#"
            2:11 string values must be quoted, expected literal string
            3:1 [services.a] unknown key `prot`
              hint: did you mean `port`?
            5:1 duplicate key `port`
            6:12 key with no value, expected `=`
            8:13 invalid literal string, expected `'`
            9:1 [services.b] unknown key `prot`
              hint: did you mean `port`?
            10:2 key with no value, expected `=`
            11:11 duplicate key `a`
            12:1 [services.a] unknown key `z`"#]],
    );
}

#[test]
fn keys_that_a_broken_line_may_hold_are_not_called_missing() {
    check(
        "
        [services.a]
        command = 'x'
        depends_on = ['b']
        venv = 'v'
        healthcheck = { tcp = true }
        port == 1
        environment = { A = '${services.b.port}' }
        [services.c]
        ",
        expect!["6:7 extra `=`, expected nothing"],
    );
}

#[test]
fn an_open_bracket_is_one_problem_not_one_a_line() {
    check(
        "
        [services.a]
        comand = ['x'
        port = 1
        [services.b]
        prot = 1
        ",
        expect![[r#"
            2:1 [services.a] unknown key `comand`
              hint: did you mean `command`?
            3:1 missing comma between array elements, expected `,`"#]],
    );
    check(
        "
        [services.a]
        command = 'x'
        healthcheck = { tcp = true
        port = 1
        [services.b]
        prot = 1
        ",
        expect!["4:1 missing comma between key-value pairs, expected `,`"],
    );
    check(
        "[services.a]\ncommand = '''x\nprot = 1",
        expect!["3:9 invalid multi-line literal string, expected `'`"],
    );
    check(
        "[services.a\ncommand = 'x'\nprot = 1",
        expect!["1:12 unclosed table, expected `]`"],
    );
}

#[test]
fn a_file_of_garbage_ends_in_problems() {
    let garbage = "x\n".repeat(100);
    assert!(read(Path::new("devtasks.toml"), &garbage).is_err());
}

#[test]
fn fragments_of_a_file_do_not_panic() {
    let whole = "[services.'é']\ncommand = \"é ${A:-é}\"\nport = { number = 1 }\nenvironment = { 'é' = [\n'é'] }\n";
    for (at, _) in whole.char_indices() {
        for text in [&whole[..at], &whole[at..]] {
            // The result differs; that there is one is what counts.
            let _ = read(Path::new("devtasks.toml"), text);
        }
    }
}

#[test]
fn watch_holds_globs_as_seen_from_the_working_directory() {
    check_service(
        r#"watch = ["src", "src/{a"]"#,
        expect![[r#"
        3:17 [services.a] invalid glob `src/{a`: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
          hint: write it as seen from `working_dir`, such as `src/**/*.py`"#]],
    );
    check_service(
        r#"watch = "/srv/*.py""#,
        expect![[r#"
        3:9 [services.a] invalid glob `/srv/*.py`: it must not begin with `/`
          hint: write it as seen from `working_dir`, such as `src/**/*.py`"#]],
    );
    check_service(
        r#"watch = "src/[ab""#,
        expect![[r#"
        3:9 [services.a] invalid glob `src/[ab`: `[` without `]`
          hint: write it as seen from `working_dir`, such as `src/**/*.py`"#]],
    );
    check_service(
        r#"watch = ["!src/gen"]"#,
        expect![[r#"
        3:9 [services.a] `watch` only excludes files
          hint: add a glob of what is watched, such as `"src"`"#]],
    );
    check_service(
        "watch = true",
        expect!["3:9 [services.a] `watch` must be a string or a list of strings, found a boolean"],
    );
    check_service(
        r#"watch = "${DIR}/*.py""#,
        expect!["3:9 [services.a] `watch` cannot hold variables"],
    );
}

#[test]
fn only_a_service_with_a_command_can_watch() {
    check(
        "[services.a]\ncompose = 'db'\nwatch = 'src'",
        expect![[r#"
        3:1 [services.a] `watch` has no meaning here: the Compose file says how it runs
          hint: remove `watch`"#]],
    );
    check(
        "[services.a]\nexternal = true\nport = 1\nwatch = 'src'",
        expect![[r#"
        4:1 [services.a] `watch` has no meaning here: somebody else runs it
          hint: remove `watch`"#]],
    );
    check(
        "[tasks.a]\ncommand = 'x'\nwatch = 'src'",
        expect![[r#"
        3:1 [tasks.a] unknown key `watch`
          hint: only a service has it: a task runs to its end, once"#]],
    );
}
