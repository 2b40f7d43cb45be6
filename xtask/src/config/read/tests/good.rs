//! Valid files.

use super::{check, check_service};
use expect_test::expect;

#[test]
fn an_empty_file_is_a_project_without_services() {
    check("", expect![""]);
    check("#:schema docs/devtasks.schema.json\n", expect![""]);
    check("[project]\n[services]\n[venvs]", expect![""]);
}

#[test]
fn on_exit_of_the_project_is_read() {
    check("[project]\non_exit = 'keep'", expect!["on_exit keep"]);
    check("[project]\non_exit = 'stop'", expect![""]);
}

#[test]
fn export_says_where_the_stack_will_run() {
    check(
        "[export]\nroot = '/srv/shop'\nuser = 'shop'",
        expect![[r#"
        export root /srv/shop
        export user shop"#]],
    );
}

#[test]
fn the_address_of_metrics_may_hold_variables() {
    check(
        "[project]\nmetrics = '127.0.0.1:9464'",
        expect!["metrics 127.0.0.1:9464"],
    );
    check(
        "[project]\nmetrics = '127.0.0.1:${METRICS_PORT:-9464}'",
        expect!["metrics 127.0.0.1:[METRICS_PORT:-9464]"],
    );
}

#[test]
fn images_are_of_all_or_of_one_service() {
    check(
        r#"
        [services.image]
        command = "x"
        [tasks.migrate]
        command = "x"
        [export.compose]
        build = "."
        image = { image = "redis:7" }
        migrate = { build = "ops" }
        [export.kubernetes]
        image = "shop:1"
        [export.kubernetes.migrate]
        cpu = "0.5"
        memory = "256Mi"
        replicas = 3
        "#,
        expect![[r#"
            service image
              command x
            task migrate
              command x
            export compose all build .
            export compose image image redis:7
            export compose migrate build ops
            export kubernetes all image shop:1
            export kubernetes migrate cpu 0.5
            export kubernetes migrate memory 256Mi
            export kubernetes migrate replicas 3"#]],
    );
}

#[test]
fn a_whole_file_is_read_in_its_order() {
    check(
        r#"
        #:schema docs/devtasks.schema.json

        [project]
        name = "shop"
        env_file = [".env", ".env.local"]

        [venvs.api]
        path = "backend/.venv"
        python = ">=3.11"

        [services.db]
        command = "redis-server --port ${DB_PORT} --save ''"
        port = "${DB_PORT:-6390}"
        healthcheck = { tcp = true }

        [services.backend]
        command = ["python", "-m", "uvicorn", "app:app", "--port", "${BACKEND_PORT}"]
        working_dir = "backend"
        venv = "api"
        port = "${BACKEND_PORT:-8000}"
        environment = { LOG_LEVEL = "debug", DB_URL = "redis://127.0.0.1:${services.db.port}" }
        env_file = ["backend/.env"]
        depends_on = ["db"]
        healthcheck = { http = "/healthz", interval = "5s", timeout = "2s", retries = 4, start_period = "1m30s" }
        restart = "no"
        stop_signal = "SIGTERM"
        stop_grace_period = "10s"
        on_conflict = "ask"

        [services.a-frontend]
        command = "npx vite --port ${FRONTEND_PORT} --strictPort"
        working_dir = "frontend"
        ports = { http = "${FRONTEND_PORT:-8080}", hmr = 24678 }
        environment = { API_URL = "http://127.0.0.1:${services.backend.port}" }
        depends_on = ["backend"]
        profiles = ["web"]
        "#,
        expect![[r#"
            project shop
            env_file [.env .env.local]
            venv api backend/.venv [(AtLeast, [3, 11])]
            service db
              command redis-server|--port|[DB_PORT]|--save|
              port main [DB_PORT:-6390]
              healthcheck tcp, every 10s for 2s, 3 retries, start 60s
            service backend
              command python|-m|uvicorn|app:app|--port|[BACKEND_PORT]
              working_dir backend
              venv named api
              port main [BACKEND_PORT:-8000]
              environment LOG_LEVEL=debug
              environment DB_URL=redis://127.0.0.1:[db.port]
              env_file backend/.env
              depends_on db healthy
              healthcheck http /healthz, every 5s for 2s, 4 retries, start 90s
            service a-frontend
              command npx|vite|--port|[FRONTEND_PORT]|--strictPort
              working_dir frontend
              port http [FRONTEND_PORT:-8080]
              port hmr 24678
              environment API_URL=http://127.0.0.1:[backend.port]
              depends_on backend healthy
              profiles web"#]],
    );
}

#[test]
fn command_string_is_split_as_by_a_posix_shell() {
    for (text, words) in [
        ("a b  c", "a|b|c"),
        ("a 'b c' d", "a|b c|d"),
        (r#"a "b c" d"#, "a|b c|d"),
        (r#"a b" c "d'e f'"#, "a|b c de f"),
        ("a '' b", "a||b"),
        ("a && b | c > d", "a|&&|b|||c|>|d"),
        ("a b # c", "a|b"),
        ("a b#c", "a|b#c"),
        ("a é", "a|é"),
    ] {
        check(
            &format!("[services.a]\ncommand = '''{text}'''"),
            &format!("service a\n  command {words}"),
        );
    }
}

#[cfg(unix)] // Windows takes a backslash for a letter of a path.
#[test]
fn a_backslash_in_a_command_string_takes_the_meaning_of_what_follows() {
    for (text, words) in [(r#"a "b\"c\d""#, r#"a|b"c\d"#), (r"a b\ c \'", "a|b c|'")] {
        check(
            &format!("[services.a]\ncommand = '''{text}'''"),
            &format!("service a\n  command {words}"),
        );
    }
}

#[test]
fn command_variable_stays_in_its_word_with_its_default() {
    for (text, words) in [
        ("a ${B:-x y} c", "a|[B:-x y]|c"),
        ("a --b=${B:-x y}/c", "a|--b=[B:-x y]/c"),
        (r#"a "${B} ${C}" d"#, "a|[B] [C]|d"),
        ("a '${B} c'", "a|[B] c"),
        ("${A:-b 'c} d", "[A:-b 'c]|d"),
        ("a $$HOME '$$' $x", "a|$HOME|$|$x"),
        ("a # ${B}\n${C} d", "a|[C]|d"),
        ("a${B}${C}", "a[B][C]"),
    ] {
        check(
            &format!("[services.a]\ncommand = '''{text}'''"),
            &format!("service a\n  command {words}"),
        );
    }
}

#[test]
fn command_list_is_taken_as_it_is() {
    check(
        r#"
        [services.a]
        command = ["a b", "'c'", "", "${D}", "$$"]
        "#,
        expect![[r#"
            service a
              command a b|'c'||[D]|$"#]],
    );
}

#[test]
fn command_string_for_a_shell_is_taken_as_it_is() {
    check(
        r#"
        [services.a]
        command = "cd 'x y' && ${B} | c"
        shell = true
        "#,
        expect![[r#"
            service a
              command shell: cd 'x y' && [B] | c"#]],
    );
}

#[test]
fn a_port_has_three_forms() {
    check_service(
        "port = 8000",
        expect![[r#"
        service a
          command x
          port main 8000"#]],
    );
    check_service(
        "port = 0x1F90",
        expect![[r#"
        service a
          command x
          port main 8080"#]],
    );
    check_service(
        "port = 8_000",
        expect![[r#"
        service a
          command x
          port main 8000"#]],
    );
    check_service(
        "port = '8000'",
        expect![[r#"
        service a
          command x
          port main 8000"#]],
    );
    check_service(
        "port = '8${N}'",
        expect![[r#"
        service a
          command x
          port main 8[N]"#]],
    );
    check_service(
        "port = { number = 53, host = '::1', protocol = 'udp', on_conflict = 'fail' }",
        expect![[r#"
            service a
              command x
              port main 53 at ::1 udp Fail"#]],
    );
    check_service(
        "[services.a.port]\nnumber = '${P:-1}'",
        expect![[r#"
            service a
              command x
              port main [P:-1]"#]],
    );
}

#[test]
fn a_port_may_be_auto() {
    check_service(
        "port = 'auto'",
        expect![[r#"
        service a
          command x
          port main auto"#]],
    );
    check_service(
        "port = '${P:-auto}'",
        expect![[r#"
        service a
          command x
          port main [P:-auto]"#]],
    );
    check_service(
        "port = { number = 'auto', base = '${P}', on_conflict = 'next' }",
        expect![[r#"
            service a
              command x
              port main auto from [P] Next"#]],
    );
    check_service(
        "port = { number = '${P:-auto}', base = 8000 }",
        expect![[r#"
            service a
              command x
              port main [P:-auto] from 8000"#]],
    );
}

#[test]
fn the_first_of_several_ports_is_the_main_one() {
    check_service(
        "[services.a.ports]\nz = 65535\nb = { number = 1, host = '${HOST}' }",
        expect![[r#"
            service a
              command x
              port z 65535
              port b 1 at [HOST]"#]],
    );
}

#[test]
fn localhost_is_127_0_0_1() {
    check_service(
        "port = { number = 1, host = 'localhost' }",
        expect![[r#"
            service a
              command x
              port main 1 at 127.0.0.1"#]],
    );
}

#[test]
fn a_venv_is_named_found_or_none() {
    check_service(
        "venv = false",
        expect![[r#"
        service a
          command x"#]],
    );
    check_service(
        "venv = 'auto'",
        expect![[r#"
        service a
          command x
          venv auto"#]],
    );
    check_service(
        "venv = 'b'\n[venvs.b]\npath = '${VENV:-.venv}'\npython = '3.12'",
        expect![[r#"
            venv b [VENV:-.venv] [(Matching, [3, 12])]
            service a
              command x
              venv named b"#]],
    );
}

#[test]
fn a_venv_says_what_is_installed_in_it() {
    check(
        "
        [venvs.one]
        path = 'one'
        requirements = 'base.txt'
        [venvs.two]
        path = 'two'
        requirements = ['base.txt', '${EXTRA:-dev.txt}']
        sync = true
        [venvs.three]
        path = 'three'
        project = 'backend'
        sync = false
        [venvs.four]
        path = 'four'
        requirements = []
        ",
        expect![[r#"
            venv one one -r base.txt
            venv two two -r base.txt -r [EXTRA:-dev.txt] sync
            venv three three of backend
            venv four four"#]],
    );
}

#[test]
fn a_dependency_says_what_it_waits_for() {
    check_service(
        "depends_on = { c = 'started', b = 'healthy' }\n[services.b]\ncommand = 'y'\n[services.c]\ncommand = 'z'",
        expect![[r#"
            service a
              command x
              depends_on c started
              depends_on b healthy
            service b
              command y
            service c
              command z"#]],
    );
}

#[test]
fn a_dependency_may_be_a_table_of_its_own() {
    check_service(
        "depends_on = { b = { restart = true }, c = { condition = 'started', restart = false }, d = {} }
        [services.b]\ncommand = 'y'\n[services.c]\ncommand = 'z'\n[services.d]\ncommand = 'z'",
        expect![[r#"
            service a
              command x
              depends_on b healthy restart
              depends_on c started
              depends_on d healthy
            service b
              command y
            service c
              command z
            service d
              command z"#]],
    );
}

#[test]
fn a_restart_policy_is_one_of_three() {
    check_service(
        "restart = 'no'",
        expect![[r#"
        service a
          command x"#]],
    );
    check_service(
        "restart = 'on-failure'",
        expect![[r#"
        service a
          command x
          restart OnFailure"#]],
    );
    check_service(
        "restart = 'always'",
        expect![[r#"
        service a
          command x
          restart Always"#]],
    );
}

#[test]
fn environment_takes_numbers_and_booleans() {
    check_service(
        "environment = { A = 'x', B = 0x10, C = 1.50, D = true, 'e.f-g' = '', H = '${services.a.url}' }\nport = 1",
        expect![[r#"
            service a
              command x
              port main 1
              environment A=x
              environment B=16
              environment C=1.50
              environment D=true
              environment e.f-g=
              environment H=[a.url]"#]],
    );
}

#[test]
fn an_env_file_is_one_or_several() {
    check_service(
        "env_file = '.env'",
        expect![[r#"
        service a
          command x
          env_file .env"#]],
    );
    check_service(
        "env_file = ['a', '${B}']",
        expect![[r#"
            service a
              command x
              env_file a
              env_file [B]"#]],
    );
    check("[project]\nenv_file = 'x'", expect!["env_file [x]"]);
    check("[project]\nenv_file = []", expect!["env_file []"]);
}

#[test]
fn a_health_check_has_three_kinds_or_none() {
    let times = "every 10s for 2s, 3 retries, start 60s";
    for (port, check, shown) in [
        ("port = 1", "tcp = true", "tcp"),
        ("port = 1", "http = '/a?b=${C}'", "http /a?b=[C]"),
        ("", "http = 'http://127.0.0.1:9/x'", "http http://127.0.0.1:9/x"),
        ("", "http = '${URL}/x'", "http [URL]/x"),
        ("", "command = 'pg_isready -q'", "command pg_isready|-q"),
        ("", "command = ['a b']", "command a b"),
        ("", "", "none"),
    ] {
        let port_line = if port.is_empty() { "" } else { "\n  port main 1" };
        check_service(
            &format!("{port}\nhealthcheck = {{ {check} }}"),
            &format!("service a\n  command x{port_line}\n  healthcheck {shown}, {times}"),
        );
    }
    check_service(
        "healthcheck = { start_period = '5s' }",
        expect![[r#"
            service a
              command x
              healthcheck none, every 10s for 2s, 3 retries, start 5s"#]],
    );
}

#[test]
fn a_stop_signal_is_read_with_and_without_its_prefix_in_any_case() {
    for (text, signal) in [
        ("sigint", "Int"),
        ("INT", "Int"),
        ("SIGQUIT", "Quit"),
        ("hup", "Hup"),
        ("Usr1", "Usr1"),
        ("SIGUSR2", "Usr2"),
        ("KILL", "Kill"),
    ] {
        check_service(
            &format!("stop_signal = '{text}'"),
            &format!("service a\n  command x\n  stop_signal {signal}"),
        );
    }
    check_service(
        "stop_signal = 'TERM'",
        expect![[r#"
        service a
          command x"#]],
    );
}

#[test]
fn remaining_keys_of_a_service_are_read() {
    check_service(
        "stop_grace_period = '0s'\non_conflict = 'kill'\nprofiles = ['web', 'b_2']\nrestart = 'no'\nstdin = 'open'\ntty = true",
        expect![[r#"
            service a
              command x
              stdin Open
              tty true
              stop_grace_period 0ns
              on_conflict Kill
              profiles web b_2"#]],
    );
}

#[test]
fn dotted_keys_and_tables_within_mean_the_same() {
    check(
        "
        services.a.command = 'x'
        services.a.healthcheck.tcp = true
        services.a.port = 1
        [services.b.environment]
        A = 'b'
        [services.b]
        command = 'y'
        ",
        expect![[r#"
            service a
              command x
              port main 1
              healthcheck tcp, every 10s for 2s, 3 retries, start 60s
            service b
              command y
              environment A=b"#]],
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_tolerated() {
    check(
        "\u{feff}[services.a]\r\ncommand = 'x'\r\nport = 1\r\n# end",
        expect![[r#"
            service a
              command x
              port main 1"#]],
    );
}

#[test]
fn watch_is_a_glob_or_a_list_of_globs() {
    check_service(
        r#"watch = "src""#,
        expect![[r#"
        service a
          command x
          watch src"#]],
    );
    check_service(
        r#"watch = ["src/**/*.py", "!src/gen"]"#,
        expect![[r#"
        service a
          command x
          watch src/**/*.py !src/gen"#]],
    );
    check_service(
        "watch = []",
        expect![[r#"
        service a
          command x"#]],
    );
}
