//! PM2's files, run by PM2.

use crate::shop::Shop;
use crate::tools;

#[test]
fn pm2_runs_the_stack() {
    // A service that ends well stays ended, as `on-failure` says.
    let shop = Shop::new("[services.once]\ncommand = [\"sh\", \"-c\", \"echo x >> once\"]\nrestart = \"on-failure\"\n");
    shop.export(&["pm2"]);
    let pm2 = tools::pm2();
    let states = shop.run(&format!(
        r#"
        export PM2_HOME=$PWD/pm2 PATH={pm2}:$PATH
        pm2 start deploy/ecosystem.config.cjs --silent >output 2>&1
        ready || {{ cat output pm2/logs/* >&2; exit 1; }}
        look
        comes_back
        is_stopped() {{ states | grep -q 'once stopped 0'; }}
        states() {{ pm2 jlist --silent | jq -r '.[] | [.name, .pm2_env.status, .pm2_env.restart_time] | join(" ")' | sort; }}
        until_is 20 is_stopped || {{ states >&2; exit 1; }}
        states
        cat once
        pm2 stop shop-web --silent >output
        states | grep web
        pm2 kill --silent >output
        nothing_left
        "#,
        pm2 = pm2.display(),
    ));
    expect_test::expect![[r#"
        shop-backend online 1
        shop-once stopped 0
        shop-store online 0
        shop-web online 0
        x
        shop-web stopped 0
    "#]]
    .assert_eq(&states);
    shop.has_arrived();
}
