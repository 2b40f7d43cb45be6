//! Complete last lines of a log, of which one shows the cause.

use super::{check, check_ended};

#[test]
fn node_prints_the_properties_of_an_error_after_its_trace() {
    let log = |message: &str, code: &str| {
        format!(
            "node:events:502
      throw er; // Unhandled 'error' event
      ^

{message}
    at Server.setupListenHandle [as _listen2] (node:net:1908:16)
    at listenInCluster (node:net:1965:12)
    at doListen (node:net:2139:7)
    at process.processTicksAndRejections (node:internal/process/task_queues:83:21)
Emitted 'error' event on Server instance at:
    at emitErrorNT (node:net:1944:8)
    at process.processTicksAndRejections (node:internal/process/task_queues:82:21) {{
  code: '{code}',
  errno: -98,
  syscall: 'listen',
  address: '127.0.0.1',
  port: 3000
}}

Node.js v20.20.2"
        )
    };
    let message = "Error: listen EADDRINUSE: address already in use 127.0.0.1:3000";
    check(&log(message, "EADDRINUSE"), &format!("PortBusy 3: {message}"));
    let message = "Error: connect ECONNREFUSED 127.0.0.1:6379";
    check(&log(message, "ECONNREFUSED"), &format!("Refused 1: {message}"));
}

#[test]
fn node_names_a_missing_module_above_who_asked_for_it() {
    check(
        "node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module 'express'
Require stack:
- /srv/server.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/srv/server.js' ]
}

Node.js v20.20.2",
        "NodeModuleMissing 1: Error: Cannot find module 'express'",
    );
    check(
        "node:internal/modules/esm/resolve:873
  throw new ERR_MODULE_NOT_FOUND(packageName, fileURLToPath(base), null);
        ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'vite' imported from /srv/vite.config.mjs
    at packageResolve (node:internal/modules/esm/resolve:873:9) {
  code: 'ERR_MODULE_NOT_FOUND'
}

Node.js v20.20.2",
        "NodeModuleMissing 1: Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'vite' imported from /srv/vite.config.mjs",
    );
}

#[test]
fn node_ends_a_full_heap_with_a_native_trace() {
    check_ended(
        "signal 6",
        "<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]
10: 0x10b9821 v8::internal::FactoryBase<v8::internal::Factory>::NewFixedDoubleArray(int) [node]
16: 0x195e476  [node]",
        "OutOfMemory 1: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    );
}

#[test]
fn npm_has_the_last_word_of_a_script() {
    check_ended(
        "127",
        "
> shop@1.0.0 dev
> vite --port 5173

sh: 1: vite: not found
npm notice
npm notice New minor version of npm available! 11.19.1 -> 11.21.2
npm notice
npm error Lifecycle script `dev` failed with error:
npm error code 127
npm error path /srv/frontend
npm error workspace shop@1.0.0
npm error location /srv/frontend
npm error command failed
npm error command sh -c vite --port 5173",
        "CommandNotFound 5: sh: 1: vite: not found",
    );
    let refused = "Error: connect ECONNREFUSED 127.0.0.1:6379";
    let npm = "npm ERR! code ELIFECYCLE\nnpm ERR! errno 1\n".repeat(10);
    check(&format!("{refused}\n{npm}"), &format!("Refused 1: {refused}"));
}

#[test]
fn make_reports_the_code_of_what_it_ran() {
    check_ended(
        "2",
        "uvicorn app:app\nmake: uvicorn: No such file or directory\nmake: *** [Makefile:2: run] Error 127",
        "CommandNotFound 5: make: uvicorn: No such file or directory",
    );
}

#[test]
fn python_prints_the_message_below_the_trace() {
    check(
        "Traceback (most recent call last):
  File \"<frozen runpy>\", line 198, in _run_module_as_main
  File \"/usr/lib/python3.11/http/server.py\", line 1260, in test
    with ServerClass(addr, HandlerClass) as httpd:
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File \"/usr/lib/python3.11/socketserver.py\", line 472, in server_bind
    self.socket.bind(self.server_address)
OSError: [Errno 98] Address already in use",
        "PortBusy 3: OSError: [Errno 98] Address already in use",
    );
}

#[test]
fn uvicorn_shuts_down_in_words_after_the_cause() {
    check(
        "INFO:     Started server process [4242]
INFO:     Waiting for application startup.
INFO:     Application startup complete.
ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use
INFO:     Waiting for application shutdown.
INFO:     Application shutdown complete.",
        "PortBusy 3: ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
    );
    check_ended(
        "3",
        "INFO:     Waiting for application startup.
ERROR:    Traceback (most recent call last):
  File \"/srv/.venv/lib/python3.12/site-packages/starlette/routing.py\", line 693, in lifespan
    async with self.lifespan_context(app) as maybe_state:
ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)

ERROR:    Application startup failed. Exiting.",
        "Refused 1: ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
    );
}

#[test]
fn gunicorn_tries_five_times_and_gives_up() {
    check(
        "[2026-11-23 08:00:00 +0000] [4242] [INFO] Starting gunicorn 22.0.0
[2026-11-23 08:00:00 +0000] [4242] [ERROR] Connection in use: ('127.0.0.1', 8000)
[2026-11-23 08:00:00 +0000] [4242] [ERROR] Retrying in 1 second.
[2026-11-23 08:00:04 +0000] [4242] [ERROR] Connection in use: ('127.0.0.1', 8000)
[2026-11-23 08:00:04 +0000] [4242] [ERROR] Retrying in 1 second.
[2026-11-23 08:00:05 +0000] [4242] [ERROR] Can't connect to ('127.0.0.1', 8000)",
        "PortBusy 3: [2026-11-23 08:00:04 +0000] [4242] [ERROR] Connection in use: ('127.0.0.1', 8000)",
    );
    check_ended(
        "3",
        "[2026-11-23 08:00:00 +0000] [4243] [ERROR] Exception in worker process
Traceback (most recent call last):
  File \"/srv/.venv/lib/python3.12/site-packages/gunicorn/util.py\", line 371, in import_app
    mod = importlib.import_module(module)
ModuleNotFoundError: No module named 'flask'
[2026-11-23 08:00:00 +0000] [4243] [INFO] Worker exiting (pid: 4243)
[2026-11-23 08:00:00 +0000] [4242] [ERROR] Worker (pid:4243) exited with code 3
[2026-11-23 08:00:00 +0000] [4242] [ERROR] Shutting down: Master
[2026-11-23 08:00:00 +0000] [4242] [ERROR] Reason: Worker failed to boot.",
        "PythonModuleMissing 1: ModuleNotFoundError: No module named 'flask'",
    );
}

#[test]
fn python_shows_what_led_to_an_exception_above_it() {
    for chain in [
        "The above exception was the direct cause of the following exception:",
        "During handling of the above exception, another exception occurred:",
    ] {
        check(
            &format!(
                "Traceback (most recent call last):
  File \"/srv/a.py\", line 3, in connect
    socket.create_connection((\"127.0.0.1\", 5432))
ConnectionRefusedError: [Errno 111] Connection refused

{chain}

Traceback (most recent call last):
  File \"/srv/a.py\", line 5, in <module>
    raise shop.StartupError(\"no database\")
shop.StartupError: no database"
            ),
            "Refused 1: ConnectionRefusedError: [Errno 111] Connection refused",
        );
    }
}

#[test]
fn sqlalchemy_adds_where_to_read_on() {
    check(
        "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?

(Background on this error at: https://sqlalche.me/e/20/e3q8)",
        "Refused 1: sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused",
    );
}

#[test]
fn a_key_that_os_environ_does_not_have_is_a_variable() {
    for frame in ["\"<frozen os>\", line 679", "\"/usr/lib/python3.10/os.py\", line 680"] {
        check(
            &format!(
                "Traceback (most recent call last):
  File \"/srv/app.py\", line 3, in <module>
    url = os.environ[\"DATABASE_URL\"]
          ~~~~~~~~~~^^^^^^^^^^^^^^^^
  File {frame}, in __getitem__
KeyError: 'DATABASE_URL'"
            ),
            "VariableMissing 1: KeyError: 'DATABASE_URL'",
        );
    }
}

#[test]
fn pydantic_names_the_field_above_what_is_wrong_with_it() {
    check(
        "Traceback (most recent call last):
  File \"/srv/app.py\", line 9, in <module>
    settings = Settings()
               ^^^^^^^^^^
pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
database_url
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.7/v/missing",
        "VariableMissing 1: database_url\nField required [type=missing, input_value={}, input_type=dict]",
    );
}

#[test]
fn rust_says_what_it_wanted_below_the_panic() {
    check_ended(
        "101",
        "
thread 'main' panicked at src/main.rs:3:41:
DATABASE_URL must be set: NotPresent
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
        "VariableMissing 1: DATABASE_URL must be set: NotPresent",
    );
    check(
        "Error: cannot start the server

Caused by:
    Address already in use (os error 98)",
        "PortBusy 3: Address already in use (os error 98)",
    );
}

#[test]
fn go_ends_a_panic_with_its_goroutines() {
    check_ended(
        "2",
        "panic: listen tcp :8080: bind: address already in use

goroutine 1 [running]:
main.main()
\t/srv/main.go:12 +0x65
exit status 2",
        "PortBusy 3: panic: listen tcp :8080: bind: address already in use",
    );
}

#[test]
fn java_prints_the_message_above_a_long_trace() {
    let trace = "\tat java.base/sun.nio.ch.Net.bind(Net.java:555)\n".repeat(40);
    check(
        &format!("Exception in thread \"main\" java.net.BindException: Address already in use\n{trace}"),
        "PortBusy 3: Exception in thread \"main\" java.net.BindException: Address already in use",
    );
    check(
        &format!(
            "Exception in thread \"main\" shop.StartupException: no database\n{trace}\
             Caused by: java.net.ConnectException: Connection refused\n{trace}\t... 12 more"
        ),
        "Refused 1: Caused by: java.net.ConnectException: Connection refused",
    );
    check(
        "Error: Could not find or load main class shop.Main\nCaused by: java.lang.ClassNotFoundException: shop.Main",
        "LibraryMissing 1: Caused by: java.lang.ClassNotFoundException: shop.Main",
    );
}

#[test]
fn spring_describes_and_advises() {
    check(
        "
***************************
APPLICATION FAILED TO START
***************************

Description:

Web server failed to start. Port 8080 was already in use.

Action:

Identify and stop the process that's listening on port 8080 or configure this application to listen on another port.
",
        "PortBusy 3: Web server failed to start. Port 8080 was already in use.",
    );
}

#[test]
fn postgres_shuts_down_in_words_after_the_cause() {
    check(
        "2026-11-23 08:00:00.377 UTC [4242] LOG:  starting PostgreSQL 15.18 on x86_64-pc-linux-gnu, 64-bit
2026-11-23 08:00:00.377 UTC [4242] LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use
2026-11-23 08:00:00.377 UTC [4242] HINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.
2026-11-23 08:00:00.377 UTC [4242] WARNING:  could not create listen socket for \"localhost\"
2026-11-23 08:00:00.377 UTC [4242] FATAL:  could not create any TCP/IP sockets
2026-11-23 08:00:00.384 UTC [4242] LOG:  database system is shut down",
        "PortBusy 3: 2026-11-23 08:00:00.377 UTC [4242] LOG:  could not bind IPv4 address \"127.0.0.1\": Address already in use",
    );
}

#[test]
fn nginx_tries_again_and_still_could_not() {
    let line = "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)";
    check(
        &format!("{line}\n{line}\nnginx: [emerg] still could not bind()"),
        &format!("PortBusy 3: {line}"),
    );
}

#[test]
fn ruby_prints_the_trace_below() {
    check(
        "/usr/lib/ruby/3.1.0/socket.rb:201:in `bind': Address already in use - bind(2) for \"127.0.0.1\" port 3000 (Errno::EADDRINUSE)
\tfrom /usr/lib/ruby/3.1.0/socket.rb:201:in `listen'
\tfrom config.ru:3:in `<main>'",
        "PortBusy 3: /usr/lib/ruby/3.1.0/socket.rb:201:in `bind': Address already in use - bind(2) for \"127.0.0.1\" port 3000 (Errno::EADDRINUSE)",
    );
}

#[test]
fn colours_hide_nothing() {
    check(
        "\x1b[1;35mModuleNotFoundError\x1b[0m: \x1b[35mNo module named 'x'\x1b[0m",
        "PythonModuleMissing 1: ModuleNotFoundError: No module named 'x'",
    );
}

#[test]
fn what_is_said_last_decides() {
    check(
        "OSError: [Errno 98] Address already in use\nretrying\nModuleNotFoundError: No module named 'x'\nbye",
        "PythonModuleMissing 1: ModuleNotFoundError: No module named 'x'",
    );
}

#[test]
fn node_tries_every_address_of_a_name() {
    check(
        "node:events:502
      throw er; // Unhandled 'error' event
      ^

AggregateError [ECONNREFUSED]:
    at internalConnectMultiple (node:net:1139:18)
    at afterConnectMultiple (node:net:1712:7) {
  code: 'ECONNREFUSED',
  [errors]: [
    Error: connect ECONNREFUSED ::1:6379
        at createConnectionError (node:net:1675:14)
        at afterConnectMultiple (node:net:1705:16) {
      errno: -111,
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '::1',
      port: 6379
    },
    Error: connect ECONNREFUSED 127.0.0.1:6379
        at createConnectionError (node:net:1675:14)
        at afterConnectMultiple (node:net:1705:16) {
      errno: -111,
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '127.0.0.1',
      port: 6379
    }
  ]
}

Node.js v20.20.2",
        "Refused 1: Error: connect ECONNREFUSED 127.0.0.1:6379",
    );
}

#[test]
fn a_container_engine_says_whether_another_container_has_the_port() {
    let line = "Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint shop-db-1 (8e1c02d7c3a4): Bind for 0.0.0.0:5432 failed: port is already allocated";
    check(
        &format!(
            " Network shop_default  Creating
 Network shop_default  Created
 Container shop-db-1  Creating
 Container shop-db-1  Created
Attaching to db-1
{line}"
        ),
        &format!("ContainerHasPort 3: {line}"),
    );
    let line = "docker: Error response from daemon: driver failed programming external connectivity on endpoint db (3f9a6c11d2e8): Bind for 127.0.0.1:5432 failed: port is already allocated.";
    check_ended(
        "125",
        &format!("{line}\n\nRun 'docker run --help' for more information"),
        &format!("ContainerHasPort 3: {line}"),
    );
}

#[test]
fn a_container_engine_says_whether_a_process_has_the_port() {
    let docker =
        "Error response from daemon: driver failed programming external connectivity on endpoint db (3f9a6c11d2e8):";
    for line in [
        &format!("{docker} Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use"),
        &format!("{docker} failed to bind host port for 0.0.0.0:5432:172.17.0.2:5432/tcp: address already in use"),
        // Docker Desktop, on macOS and Windows.
        "Error response from daemon: Ports are not available: exposing port TCP 0.0.0.0:5432 -> 127.0.0.1:0: listen tcp 0.0.0.0:5432: bind: address already in use",
        "Error response from daemon: Ports are not available: exposing port TCP 0.0.0.0:5432 -> 127.0.0.1:0: listen tcp 0.0.0.0:5432: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.",
    ] {
        check(
            &format!(
                " Container shop-db-1  Created
Attaching to db-1
{line}"
            ),
            &format!("HostHasPort 3: {line}"),
        );
        check_ended(
            "125",
            &format!("docker: {line}\n\nRun 'docker run --help' for more information"),
            &format!("HostHasPort 3: docker: {line}"),
        );
    }
    let rootless = "Error: rootlessport listen tcp 0.0.0.0:5432: bind: address already in use";
    check_ended("126", rootless, &format!("HostHasPort 3: {rootless}"));
    let rootful = "Error: cannot listen on the TCP port: listen tcp4 :5432: bind: address already in use";
    check_ended("126", rootful, &format!("HostHasPort 3: {rootful}"));
    let pasta = "Failed to bind port 5432 (Address already in use) for option '-t 5432-5432:5432-5432', exiting";
    check_ended(
        "126",
        &format!("Error: pasta failed with exit code 1:\n{pasta}\n"),
        &format!("HostHasPort 3: {pasta}"),
    );
}
