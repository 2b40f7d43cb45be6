//! PM2.

use expect_test::expect;

use super::{check, check_example};
use crate::export::Target;

#[test]
fn a_whole_stack() {
    check_example(
        Target::Pm2,
        expect![[r#"
        lost: db, healthcheck: PM2 does not look at health
            instead: a wait for it in front of `backend`, `worker`
        lost: migrate, tasks: PM2 does not run tasks
            instead: it runs in front of `backend`, at every start
        lost: backend, healthcheck: PM2 does not look at health
            instead: a wait for it in front of `frontend`
        lost: worker, healthcheck: PM2 does not look at health
            instead: a wait for it in front of `frontend`
        lost: db, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
        lost: backend, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
        lost: worker, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
        lost: frontend, stop_signal: PM2 stops it with SIGINT, or with the signal of PM2_KILL_SIGNAL when PM2 was started
    "#]],
    );
}

#[test]
fn a_signal_that_pm2_sends_is_not_lost() {
    check(
        Target::Pm2,
        r#"
        [services.a]
        command = ["show", "it's\n\"100%\"\u0001"]
        stop_signal = "SIGINT"
        environment = { PATH = "/opt/bin" }
        "#,
        expect![[r#"
            === ecosystem.config.cjs, for its owner
            // Made by `devtasks export pm2` from devtasks.toml.
            // Changes are lost: edit those, and run `devtasks export pm2` again.
            module.exports = {
              apps: [
                {
                  name: "shop-a",
                  namespace: "shop",
                  cwd: "/srv/shop",
                  script: "/usr/bin/env",
                  args: ["show", "it's\n\"100%\"\u0001"],
                  interpreter: "none",
                  env: {
                    PATH: "/opt/bin",
                  },
                  autorestart: false,
                  kill_timeout: 10000,
                },
              ],
            };
        "#]],
    );
}
