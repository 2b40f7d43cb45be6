//! Units, run by `systemd --user` in namespaces, and by a systemd that was booted in a container.

use crate::shop::Shop;

const USER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/systemd/user.sh");

/// Functions of a script.
const TOOLS: &str = r#"
# sc: of the user, or of the machine if the script is run by root's own systemd.
state() { sc show -P ActiveState "shop-$1.service"; }
main_pid() { sc show -P MainPID "shop-$1.service"; }
is() { [ "$(state "$1")" = "$2" ]; }
"#;

#[test]
fn a_users_systemd_runs_the_stack() {
    let shop = Shop::new("");
    shop.export(&["systemd", "--user"]);
    let script = r#"
        sc() { systemctl --user "$@"; }
        log() { journalctl -D /run/log/journal -t shop-$1 -o cat --no-pager; }
        systemd-analyze --user verify deploy/*.target deploy/*.service >verified 2>&1
        [ ! -s verified ] || { cat verified; exit 1; }
        cp deploy/* ~/.config/systemd/user/
        sc daemon-reload
        sc start shop.target
        # The start has waited until all are ready.
        answers 8080/
        look
        comes_back
        sc stop shop.target
        nothing_left

        # Somebody else has the port.
        ./app 8000 & holder=$!
        until_is 10 answers 8000/
        sc start shop.target
        is backend failed
        log backend | grep "port 8000 is taken: LISTEN.*\"app\",pid=$holder,"
        kill $holder
        sc stop shop.target
        nothing_left
    "#;
    let said = shop.run_by(&[USER], &format!("{TOOLS}{script}"));
    println!("{said}");
    shop.has_arrived();
}
