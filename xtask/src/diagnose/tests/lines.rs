//! The line that shows a cause, for every runtime.

use super::{check, check_ended};

#[track_caller]
fn check_lines(cause: &str, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        check(line, &format!("{cause}: {line}"));
    }
}

#[test]
fn a_busy_port_is_seen_in_every_dialect() {
    check_lines(
        "PortBusy 3",
        r#"
        ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use
        ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): Adresse bereits belegt
        ERROR:    [Errno 48] Address already in use
        ERROR:    [Errno 10048] error while attempting to bind on address ('127.0.0.1', 8000): only one usage of each socket address (protocol/network address/port) is normally permitted
        OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted
        ERROR:    [WinError 10013] An attempt was made to access a socket in a way forbidden by its access permissions
        ERROR:    [Errno 13] error while attempting to bind on address ('127.0.0.1', 8000): an attempt was made to access a socket in a way forbidden by its access permissions
        OSError: [Errno 98] Address already in use
        Port 5000 is in use by another program. Either identify and stop that program, or start the server with a different port.
        Error: That port is already in use.
        [2026-11-23 08:00:00 +0000] [4242] [ERROR] Connection in use: ('127.0.0.1', 8000)
        Error: listen EADDRINUSE: address already in use :::3000
        error when starting dev server: Error: Port 5173 is already in use
        Port 4200 is already in use. Use '--port' to specify a different port.
        error: Failed to start server. Is port 3000 in use?
        error: Uncaught (in promise) AddrInUse: Address already in use (os error 98)
        listen tcp :8080: bind: address already in use
        2026/11/23 08:00:00 main.go:12: listen tcp 127.0.0.1:8080: bind: address already in use
        Error: loading initial config: loading new config: http app module: start: listening on :443: listen tcp :443: bind: address already in use
        Exception in thread "main" java.net.BindException: Address already in use
        Web server failed to start. Port 8080 was already in use.
        Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)
        Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }
        Failed to listen on localhost:8000 (reason: Address already in use)
        System.IO.IOException: Failed to bind to address http://127.0.0.1:5000: address already in use.
        08:00:00.000 [error] Running DemoWeb.Endpoint with Bandit 1.5.0 at http failed, port 4000 already in use
        4242:M 23 Nov 2026 08:00:00.000 # Warning: Could not create server TCP listening socket *:6379: bind: Address already in use
        2026-11-23 08:00:00.000 UTC [4242] LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
        nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)
        2026-11-23T08:00:00.000000Z 0 [ERROR] [MY-010262] [Server] Can't start server: Bind on TCP/IP port: Address already in use
        {"t":{"$date":"2026-11-23T08:00:00.000+00:00"},"s":"E","c":"CONTROL","id":20568,"ctx":"initandlisten","msg":"Error setting up listener","attr":{"error":{"code":9001,"codeName":"SocketException","errmsg":"Address already in use"}}}
        "#,
    );
}

#[test]
fn a_lock_file_of_another_one_is_seen() {
    check_lines(
        "AlreadyRunning 1",
        r#"
        A server is already running (pid: 4242, file: /srv/shop/tmp/pids/server.pid). Exiting
        2026-11-23 08:00:00.000 UTC [4242] FATAL:  lock file "postmaster.pid" already exists
        "#,
    );
}

#[test]
fn a_missing_module_or_library_is_seen_in_every_runtime() {
    check_lines(
        "PythonModuleMissing 1",
        r#"
        ModuleNotFoundError: No module named 'sqlalchemy'
        ImportError: No module named yaml
        /srv/.venv/bin/python: No module named uvicorn
        /srv/.venv/bin/python3.12: Error while finding module specification for 'app.main' (ModuleNotFoundError: No module named 'app')
        "#,
    );
    check_lines(
        "ApplicationMissing 1",
        r#"
        ERROR:    Error loading ASGI app. Could not import module "main".
        ERROR:    Error loading ASGI app. Attribute "ap" not found in module "app.main".
        Failed to find attribute 'ap' in 'wsgi'.
        "#,
    );
    check_lines(
        "NodeModuleMissing 1",
        r#"
        Error: Cannot find module 'express'
        Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'vite' imported from /srv/vite.config.js
        Module not found: Error: Can't resolve 'lodash' in '/srv/src'
        "#,
    );
    check_lines(
        "LibraryMissing 1",
        r#"
        <internal:/usr/lib/ruby/rubygems/core_ext/kernel_require.rb>:86:in `require': cannot load such file -- sinatra (LoadError)
        Could not find rack-3.0.8, puma-6.4.2 in locally installed gems
        Error: Unable to access jarfile target/shop.jar
        Exception in thread "main" java.lang.NoClassDefFoundError: org/slf4j/LoggerFactory
        PHP Fatal error:  Uncaught Error: Class "App\Kernel" not found in /srv/public/index.php:5
        PHP Fatal error:  Uncaught Error: Failed opening required '/srv/vendor/autoload.php' (include_path='.:/usr/share/php') in /srv/public/index.php:3
        main.go:5:2: no required module provides package github.com/gin-gonic/gin; to add it:
        Can't locate Mojolicious.pm in @INC (you may need to install the Mojolicious module) (@INC contains: /etc/perl)
        ImportError: libGL.so.1: cannot open shared object file: No such file or directory
        dyld[4242]: Library not loaded: /opt/homebrew/opt/openssl@1.1/lib/libssl.1.1.dylib
        "#,
    );
    check_ended(
        "127",
        "./server: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory",
        "LibraryMissing 1: ./server: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory",
    );
}

#[test]
fn a_command_that_nobody_finds_is_seen() {
    check_lines(
        "CommandNotFound 5",
        r#"
        sh: 1: uvicorn: not found
        /bin/sh: 1: vite: not found
        dash: 1: nope: not found
        sh: vite: not found
        sh: vite: command not found
        bash: line 1: vite: command not found
        zsh:1: command not found: vite
        bundler: command not found: puma
        fish: Unknown command: vite
        make: uvicorn: No such file or directory
        make[1]: uvicorn: No such file or directory
        env: ‘node’: No such file or directory
        /usr/bin/env: 'python': No such file or directory
        timeout: failed to run command ‘nope’: No such file or directory
        npm error could not determine executable to run
        error Command "vite" not found.
        error: Failed to spawn: `uvicorn`
        2026/11/23 08:00:00 exec: "protoc": executable file not found in $PATH
        "#,
    );
    for line in [
        "run.sh: 3: uvicorn: not found",
        "./run.sh: line 3: ./server: No such file or directory",
    ] {
        check_ended("127", line, &format!("CommandNotFound 5: {line}"));
        check(line, "nothing");
    }
}

#[test]
fn a_command_that_cannot_be_executed_is_seen() {
    check_lines(
        "NotExecutable 5",
        r#"
        bash: ./run.sh: /usr/bin/python9: bad interpreter: No such file or directory
        bash: line 1: ./run.sh: cannot execute: required file not found
        bash: line 1: ./server: cannot execute binary file: Exec format error
        exec /srv/server: exec format error
        "#,
    );
    for line in [
        "bash: line 1: ./run.sh: Permission denied",
        "bash: line 1: /etc: Is a directory",
    ] {
        check_ended("126", line, &format!("NotExecutable 5: {line}"));
        check(line, "nothing");
    }
}

#[test]
fn a_missing_permission_is_seen() {
    check_lines(
        "Denied 1",
        r#"
        ERROR:    [Errno 13] error while attempting to bind on address ('0.0.0.0', 80): permission denied
        PermissionError: [Errno 13] Permission denied: '/var/lib/shop/shop.db'
        PermissionError: [Errno 1] Operation not permitted: '/var/lib/shop'
        Error: listen EACCES: permission denied 0.0.0.0:80
        Error: EACCES: permission denied, open '/var/lib/shop/shop.db'
        Error: EPERM: operation not permitted, mkdir '/var/lib/shop'
        listen tcp :80: bind: permission denied
        panic: open /var/lib/shop/shop.db: permission denied
        nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)
        Error: Os { code: 13, kind: PermissionDenied, message: "Permission denied" }
        Error: Permission denied (os error 13)
        java.nio.file.AccessDeniedException: /var/lib/shop
        java.io.FileNotFoundException: /var/lib/shop/shop.db (Permission denied)
        Exception in thread "main" java.net.BindException: Permission denied
        # Warning: Could not create server TCP listening socket *:80: bind: Permission denied
        LOG:  could not bind IPv4 address "127.0.0.1": Permission denied
        server.rb:3:in `initialize': Permission denied @ rb_sysopen - /var/lib/shop/shop.db (Errno::EACCES)
        "#,
    );
}

#[test]
fn memory_that_ran_out_is_seen_where_the_runtime_says_so() {
    check_lines(
        "OutOfMemory 1",
        r#"
        FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
        Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
        # There is insufficient memory for the Java Runtime Environment to continue.
        MemoryError
        numpy.core._exceptions._ArrayMemoryError: Unable to allocate 74.5 GiB for an array with shape (100000, 100000) and data type float64
        OSError: [Errno 12] Cannot allocate memory
        fatal error: runtime: out of memory
        [FATAL] failed to allocate memory (NoMemoryError)
        PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /srv/index.php on line 3
        Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.
        memory allocation of 8589934592 bytes failed
        terminate called after throwing an instance of 'std::bad_alloc'
        FATAL:  could not map anonymous shared memory: Cannot allocate memory
        "#,
    );
}

#[test]
fn a_variable_that_is_not_set_is_seen() {
    check_lines(
        "VariableMissing 1",
        r#"
        bash: line 1: DATABASE_URL: unbound variable
        dash: 1: DATABASE_URL: parameter not set
        bash: line 1: DATABASE_URL: parameter null or not set
        django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable
        decouple.UndefinedValueError: DATABASE_URL not found. Declare it as envvar or define a default value.
        config.rb:3:in `fetch': key not found: "DATABASE_URL" (KeyError)
        called `Result::unwrap()` on an `Err` value: NotPresent
        DATABASE_URL must be set: NotPresent
        Error: DATABASE_URL must be set
        2026/11/23 08:00:00 required key DATABASE_URL missing value
        2026/11/23 08:00:00 env: required environment variable "DATABASE_URL" is not set
        java.lang.IllegalArgumentException: Could not resolve placeholder 'DATABASE_URL' in value "${DATABASE_URL}"
        error: Environment variable not found: DATABASE_URL.
        Error: Missing required environment variable: DATABASE_URL
        Error: environment variable DATABASE_URL not set
        "#,
    );
}

#[test]
fn a_refused_connection_is_seen() {
    check_lines(
        "Refused 1",
        r#"
        ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)
        httpx.ConnectError: [Errno 111] Connection refused
        psycopg2.OperationalError: connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused
        redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.
        pymongo.errors.ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused, Timeout: 30s
        [2026-11-23 08:00:00,000: ERROR/MainProcess] consumer: Cannot connect to redis://localhost:6379/0: Error 111 connecting to localhost:6379. Connection refused..
        pymysql.err.OperationalError: (2003, "Can't connect to MySQL server on 'localhost' ([Errno 111] Connection refused)")
        Error: connect ECONNREFUSED 127.0.0.1:6379
        MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017
        PrismaClientInitializationError: Can't reach database server at `localhost:5432`
        2026/11/23 08:00:00 dial tcp 127.0.0.1:5432: connect: connection refused
        panic: failed to connect to `host=localhost user=shop database=shop`: dial error (dial tcp 127.0.0.1:5432: connect: connection refused)
        Caused by: java.net.ConnectException: Connection refused
        org.postgresql.util.PSQLException: Connection to localhost:5432 refused. Check that the hostname and port are correct
        Connection refused - connect(2) for 127.0.0.1:6379 (Errno::ECONNREFUSED)
        Error: Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }
        PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /srv/db.php:3
        psql: error: connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused
        curl: (7) Failed to connect to 127.0.0.1 port 8000 after 3 ms: Couldn't connect to server
        "#,
    );
}

#[test]
fn an_input_at_its_end_is_seen() {
    check_lines(
        "InputEnded 1",
        r#"
        bdb.BdbQuit
        EOFError: EOF when reading a line
        "#,
    );
    let gone = "OSError: [Errno 5] Input/output error";
    let asked = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 2, in <module>\n    input('go on?')";
    check(&format!("{asked}\n{gone}"), &format!("InputEnded 1: {gone}"));
    // A disk can fail as well.
    check(gone, "nothing");
}

#[test]
fn a_limit_of_the_system_is_seen() {
    check_lines(
        "TooManyFiles 1",
        r#"
        OSError: [Errno 24] Too many open files
        Error: EMFILE: too many open files, open '/srv/src/a.js'
        accept tcp [::]:8080: accept4: too many open files
        Error: Too many open files (os error 24)
        "#,
    );
    check_lines(
        "WatchLimit 1",
        r#"
        Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/src'
        OSError: [Errno 28] inotify watch limit reached
        "#,
    );
    check_lines(
        "DiskFull 1",
        r#"
        OSError: [Errno 28] No space left on device
        Error: ENOSPC: no space left on device, write
        FATAL:  could not write lock file "postmaster.pid": No space left on device
        "#,
    );
}
