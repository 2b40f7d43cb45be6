//! A command line with words separated by `|` → the tunnel for port 8000.

use super::*;

#[track_caller]
fn check(command: &str, expected: Option<&str>) {
    let words: Vec<String> = command.split('|').map(str::to_owned).collect();
    let found = tunnel(words[0].as_str(), &words, 8000).map(|tunnel| tunnel.what);
    assert_eq!(found.as_deref(), expected, "{command}");
}

#[test]
fn ssh_leads_where_its_forward_says() {
    let to_db = Some("an SSH tunnel to `db:5432` by way of `kim@bastion`");
    check("ssh|-L|8000:db:5432|kim@bastion", to_db);
    check("/usr/bin/ssh|-fNL|127.0.0.1:8000:db:5432|-p|2222|kim@bastion", to_db);
    check("ssh|-NTL8000:db:5432|-i|key|kim@bastion|sleep|9", to_db);
    check("ssh|-L|9000:x:1|-L|[::1]:8000:db:5432|kim@bastion", to_db);
    check("ssh|-o|LocalForward=8000 db:5432|kim@bastion", to_db);
    check("ssh|-oLocalForward=8000 db:5432|kim@bastion", to_db);
    check(
        "ssh|-D|8000|bastion",
        Some("an SSH proxy (`ssh -D`) by way of `bastion`"),
    );
    check(
        "ssh|-D|*:8000|bastion",
        Some("an SSH proxy (`ssh -D`) by way of `bastion`"),
    );
    check("ssh|kim@bastion|-N|-L|8000:db:5432", to_db);
    check("ssh|-N|bastion", Some("an SSH tunnel to or by way of `bastion`"));
    check(
        "ssh|-L|18000:db:1|bastion",
        Some("an SSH tunnel to or by way of `bastion`"),
    );
    check("ssh: /home/kim/.ssh/mux [mux]", Some("an SSH tunnel"));
}

#[test]
fn kubectl_names_the_resource_and_its_port() {
    check(
        "kubectl|port-forward|svc/web|8000:80",
        Some("a port forward to port 80 of `svc/web`"),
    );
    check(
        "kubectl|--context=prod|-n|shop|port-forward|--address|0.0.0.0|pod/db|5432:5432|8000:80",
        Some("a port forward to port 80 of `pod/db` in namespace `shop` of `prod`"),
    );
    check(
        "kubectl|port-forward|web|8000",
        Some("a port forward to port 8000 of `web`"),
    );
    check(
        "kubectl|port-forward|--pod-running-timeout|1m|pod/x|8000",
        Some("a port forward to port 8000 of `pod/x`"),
    );
    check("kubectl|proxy|--port=8000", None);
}

#[test]
fn the_others_tell_what_they_can() {
    check(
        "socat|TCP-LISTEN:8000,fork,reuseaddr|TCP:db.internal:5432,nodelay",
        Some("a tunnel of socat to `TCP:db.internal:5432`"),
    );
    check(
        "socat|-d|UNIX-CONNECT:/run/x|tcp4-l:8000",
        Some("a tunnel of socat to `UNIX-CONNECT:/run/x`"),
    );
    check("socat|TCP-LISTEN:9000|TCP:db:1", None);
    check("ngrok|http|3000", Some("the web interface or a tunnel of ngrok"));
    check(
        "cloudflared|access|tcp|--hostname|db.example.com|--url|127.0.0.1:8000",
        Some("a Cloudflare tunnel to `db.example.com`"),
    );
    check("node|server.js", None);
    check("sshd", None);
}
