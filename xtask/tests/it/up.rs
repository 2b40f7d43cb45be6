//! `up`: starts in order, waits until everything is really ready, ends cleanly.

use crate::sandbox::{Sandbox, port};

#[test]
fn a_stack_comes_up_and_ctrl_c_leaves_nothing() {
    let (db, api) = (port(), port());
    let sandbox = Sandbox::new(&format!(
        r#"
        [services.db]
        command = "SERVICE --listen 127.0.0.1:{db}"
        port = {db}
        healthcheck = {{ tcp = true }}
        [services.api]
        command = "SERVICE --listen 127.0.0.1:{api} --http"
        port = {api}
        healthcheck = {{ http = "/" }}
        depends_on = ["db"]
        "#
    ));
    let up = sandbox.up(&[]);
    up.interrupt();
    let ended = up.wait();
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("nothing is left"), "{ended:?}");
    assert_eq!(sandbox.processes(), [0; 0]);
}
