//! `[tasks.NAME]` and dependencies on tasks.

use super::check;
use expect_test::expect;

#[test]
fn a_task_is_written_like_a_service_that_has_no_port() {
    check(
        "
        [tasks.migrate]
        command = 'alembic upgrade head'
        working_dir = 'backend'
        venv = 'auto'
        environment = { A = 1 }
        env_file = 'x.env'
        depends_on = ['db', 'build']
        stop_signal = 'SIGINT'
        stop_grace_period = '1s'
        [tasks.build]
        command = 'make && make install'
        shell = true
        [services.db]
        command = 'db'
        ",
        expect![[r#"
            service db
              command db
            task migrate
              command alembic|upgrade|head
              working_dir backend
              venv auto
              environment A=1
              env_file x.env
              depends_on db healthy
              depends_on build completed
              stop_signal Int
              stop_grace_period 1s
            task build
              command shell: make && make install"#]],
    );
}

#[test]
fn depends_on_list_waits_until_a_task_has_completed() {
    check(
        "
        [services.a]
        command = 'x'
        depends_on = ['migrate', 'b']
        [services.b]
        command = 'x'
        depends_on = { migrate = { restart = true }, seed = 'started', build = 'completed', c = {} }
        [services.c]
        command = 'x'
        depends_on = { migrate = { condition = 'completed' } }
        [tasks.migrate]
        command = 'x'
        [tasks.seed]
        command = 'x'
        [tasks.build]
        command = 'x'
        ",
        expect![[r#"
            service a
              command x
              depends_on migrate completed
              depends_on b healthy
            service b
              command x
              depends_on migrate completed restart
              depends_on seed started
              depends_on build completed
              depends_on c healthy
            service c
              command x
              depends_on migrate completed
            task migrate
              command x
            task seed
              command x
            task build
              command x"#]],
    );
}

#[test]
fn condition_that_never_comes_is_refused() {
    check(
        "
        [services.a]
        command = 'x'
        depends_on = { migrate = 'healthy', b = 'completed' }
        [services.b]
        command = 'x'
        depends_on = { migrate = { condition = 'healthy' }, seed = 'complete' }
        [tasks.seed]
        command = 'x'
        [tasks.migrate]
        command = 'x'
        ",
        expect![[r#"
            3:26 [services.a.depends_on] `migrate` is a task: it ends, and is never healthy
              hint: write `"completed"`
            3:41 [services.a.depends_on] `b` is a service: it keeps running, and never completes
              hint: write it as `[tasks.b]`, or wait until it is `"healthy"`
            6:40 [services.b.depends_on.migrate] `migrate` is a task: it ends, and is never healthy
              hint: write `"completed"`
            6:60 [services.b.depends_on] invalid value `complete` for `seed`
              hint: did you mean `completed`?"#]],
    );
}

#[test]
fn task_with_a_key_of_services_only_is_refused() {
    check(
        "
        [tasks.a]
        port = 80
        restart = 'always'
        profiles = ['x']
        cwd = 'x'
        [tasks.b]
        command = 'x'
        [services.b]
        command = 'x'
        environment = { A = '${services.a.port}' }
        [tasks.'a b']
        command = 'x'
        ",
        expect![[r#"
            1:8 [tasks.a] task `a` has no `command`
              hint: add `command = "…"` to [tasks.a]
            2:1 [tasks.a] unknown key `port`
              hint: only a service has it: a task runs to its end, once
            3:1 [tasks.a] unknown key `restart`
              hint: only a service has it: a task runs to its end, once
            4:1 [tasks.a] unknown key `profiles`
              hint: only a service has it: a task runs to its end, once
            5:1 [tasks.a] unknown key `cwd`
              hint: did you mean `working_dir`?
            6:8 [tasks] `b` is a service as well as a task
              hint: give one of them another name
            10:22 [services.b.environment] unknown service `a`
              hint: did you mean `b`?
            11:8 [tasks] `a b` cannot name a task
              hint: use letters, digits, `_` and `-`, at most 63, with no `-` in front"#]],
    );
}

#[test]
fn dependency_circle_through_a_task_is_refused() {
    check(
        "
        [services.api]
        command = 'x'
        depends_on = ['migrate']
        [tasks.migrate]
        command = 'x'
        depends_on = ['api']
        ",
        expect![[r#"
            6:15 [tasks.migrate] services depend on each other in a circle: `api -> migrate -> api`
              hint: remove one of these from a `depends_on`"#]],
    );
}
