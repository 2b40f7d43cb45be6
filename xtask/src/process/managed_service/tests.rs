//! The origin of a process, one fact per line → its manager and the command that stops it.

use super::*;

/// Lines: `unit U [users]`, `parent PID NAME : arguments [in DIRECTORY]`, `variable NAME=VALUE`, `our NAME=VALUE`, `uid
/// N`, `label L` (what launchd answers). Nearest parent first. We run under `ci.service` and below pid 300.
#[track_caller]
fn check(input: &str, expected: Option<&str>) {
    let ours = Ancestry {
        us: 900,
        ancestors: vec![300, 1],
        unit: Some("ci.service".to_owned()),
    };
    let (mut parents, mut commands, mut directories) = (Vec::new(), Vec::new(), Vec::new());
    let (mut variables, mut our_variables) = (Vec::new(), Vec::new());
    let (mut unit, mut uid, mut label) = (None, Some(501), None);
    for line in input.trim().lines().map(str::trim) {
        let (kind, rest) = line.split_once(' ').unwrap();
        match kind {
            "unit" => unit = Some(rest.split_once(' ').map_or((rest, false), |(unit, _)| (unit, true))),
            "uid" => uid = rest.parse().ok(),
            "label" => label = Some(rest.to_owned()),
            "variable" => variables.push(rest.split_once('=').unwrap()),
            "our" => our_variables.push(rest.split_once('=').unwrap()),
            "parent" => {
                let (process, command) = rest.split_once(" : ").unwrap_or((rest, ""));
                let (pid, name) = process.split_once(' ').unwrap();
                let pid: u32 = pid.parse().unwrap();
                let (command, directory) = command.split_once(" in ").unwrap_or((command, ""));
                commands.push((pid, command.split('|').map(str::to_owned).collect::<Vec<_>>()));
                directories.extend((!directory.is_empty()).then(|| (pid, PathBuf::from(directory))));
                parents.push(ProcessRef { pid, name: name.into() });
            }
            other => panic!("unknown line `{other}`"),
        }
    }
    let find = |from: &[(&str, &str)], name: &str| {
        let found = from.iter().find(|(its, _)| *its == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let lineage = ProcessContext {
        unit,
        parents: &parents,
        uid,
        command: &|pid| {
            commands
                .iter()
                .find(|it| it.0 == pid)
                .map(|it| it.1.clone())
                .unwrap_or_default()
        },
        directory: &|pid| directories.iter().find(|it| it.0 == pid).map(|it| it.1.clone()),
        variable: &|name| find(&variables, name),
        launchd_label: &|| label.clone(),
        our_variable: &|name| find(&our_variables, name),
    };
    let said = manager(&lineage, &ours).map(|manager| format!("{}; {}", manager.reason(), manager.stop));
    assert_eq!(said.as_deref(), expected);
}

#[test]
fn a_unit_looks_after_its_processes_unless_it_only_stands_for_a_login_or_for_us() {
    check(
        "unit redis.service",
        Some("systemd runs it as `redis.service`; systemctl stop redis.service"),
    );
    check(
        "unit vite.service users",
        Some("systemd runs it as `vite.service`; systemctl --user stop vite.service"),
    );
    check(
        "unit php@8.3\\x20a.service",
        Some(r"systemd runs it as `php@8.3\x20a.service`; systemctl stop 'php@8.3\x20a.service'"),
    );
    for none in [
        "user@1000.service",
        "session-3.scope",
        "app-org.kde.konsole@1f.service",
        "ci.service",
    ] {
        check(&format!("unit {none}"), None);
    }
    check("uid 0", None);
}

#[cfg(unix)] // Supervisor does not run on Windows, and its paths are shown as words of a Unix shell.
#[test]
fn supervisord_calls_a_program_by_its_group() {
    let web = "parent 20 supervisord : /usr/bin/python3|/usr/bin/supervisord|-c|/etc/my conf
        variable SUPERVISOR_PROCESS_NAME=web
        variable SUPERVISOR_GROUP_NAME=";
    check(
        &format!("{web}web"),
        Some("supervisord runs it as `web`; supervisorctl -c '/etc/my conf' stop web"),
    );
    check(
        &format!("{web}shop").replace("|-c|/etc/my conf", ""),
        Some("supervisord runs it as `shop:web`; supervisorctl stop shop:web"),
    );
    // Its environment may not be ours to read.
    check(
        "parent 20 supervisord : supervisord|--configuration=s.conf in /home/kim",
        Some("supervisord runs it; supervisorctl -c /home/kim/s.conf stop NAME"),
    );
}

#[test]
fn a_manager_above_us_says_nothing_of_what_we_started() {
    let below = |name: &str| {
        format!(
            "parent 40 bash : bash|-c|server
            parent 300 supervisord : supervisord
            variable SUPERVISOR_PROCESS_NAME={name}
            variable SUPERVISOR_GROUP_NAME={name}
            our SUPERVISOR_PROCESS_NAME=jupyter
            our SUPERVISOR_GROUP_NAME=jupyter"
        )
    };
    check(&below("jupyter"), None);
    check(
        &below("web"),
        Some("supervisord runs it as `web`; supervisorctl stop web"),
    );
    check("parent 300 runsv : runsv|web in /etc/sv/web", None);
    let pm2 = |id: u8| format!("parent 300 PM2 v7.0.4: God\nvariable pm_id={id}\nvariable name=api\nour pm_id=1");
    check(&pm2(1), None);
    check(&pm2(2), Some("PM2 runs it as `api`; pm2 stop api"));
}

#[test]
fn what_was_typed_into_a_shell_is_not_the_managers() {
    let below = |shell: &str| {
        format!("parent 40 bash : {shell}\nparent 20 supervisord : supervisord\nvariable SUPERVISOR_PROCESS_NAME=ttyd")
    };
    check(&below("bash"), None);
    check(&below("-bash"), None);
    check(
        &below("bash|-c|server"),
        Some("supervisord runs it as `ttyd`; supervisorctl stop ttyd"),
    );
    check(
        &below("bash|run.sh"),
        Some("supervisord runs it as `ttyd`; supervisorctl stop ttyd"),
    );
}

#[test]
fn other_managers_are_known_by_their_supervisor() {
    check(
        "parent 30 sh : sh|-c|node .
        parent 20 PM2 v5.3.0: God : PM2 v5.3.0: God Daemon (/home/kim/.pm2)
        variable name=api
        variable PM2_HOME=/home/kim/.pm2",
        Some("PM2 runs it as `api`; pm2 stop api"),
    );
    check(
        "parent 20 PM2 v7.0.4: God : PM2
        variable pm_id=0
        variable PM2_HOME=/tmp/it",
        Some("PM2 runs it as `0`; PM2_HOME=/tmp/it pm2 stop 0"),
    );
    check(
        "parent 20 runsv : runsv|redis in /etc/sv/redis",
        Some("runit runs it as `redis`; sv stop /etc/sv/redis"),
    );
    check(
        "parent 20 s6-supervise : s6-supervise|redis",
        Some("s6 runs it as `redis`; s6-svc -d redis"),
    );
    check(
        "parent 20 supervise-daemo : supervise-daemon|redis|--start|/usr/bin/redis-server",
        Some("OpenRC runs it as `redis`; rc-service redis stop"),
    );
}

#[test]
fn launchd_tells_a_job_its_label() {
    let job = |label: &str| format!("parent 1 launchd\nvariable XPC_SERVICE_NAME={label}\nour XPC_SERVICE_NAME=ci");
    check(&job("ci"), None);
    check(
        &job("homebrew.mxcl.postgresql@16"),
        Some("Homebrew runs it as `postgresql@16`; brew services stop postgresql@16"),
    );
    check(
        &job("com.example.api"),
        Some("launchd runs it as `com.example.api`; launchctl bootout gui/501/com.example.api"),
    );
    check(
        &format!("uid 0\n{}", job("com.example.api")),
        Some("launchd runs it as `com.example.api`; launchctl bootout system/com.example.api"),
    );
    check(&job("0"), None);
    check(&job("application.com.apple.Terminal.1"), None);
}

#[test]
fn a_manager_that_is_a_script_is_known_by_its_arguments() {
    check(
        "parent 20 Python : /opt/homebrew/bin/python3|/opt/homebrew/bin/supervisord|-n
        variable SUPERVISOR_PROCESS_NAME=web
        variable SUPERVISOR_GROUP_NAME=web",
        Some("supervisord runs it as `web`; supervisorctl stop web"),
    );
    check(
        r"parent 20 node.exe : C:\node.exe|C:\npm\node_modules\pm2\lib\Daemon.js
        variable name=api",
        Some("PM2 runs it as `api`; pm2 stop api"),
    );
    check("parent 20 python3 : python3|manage.py|runserver", None);
}

#[test]
fn a_service_of_windows_is_stopped_by_its_service_manager() {
    let service = Some("the service manager of Windows runs it; net stop NAME");
    let services = "parent 8 services.exe : x\nparent 6 wininit.exe : x";
    check(
        &format!("parent 20 pg_ctl.exe : pg_ctl.exe|runservice\n{services}"),
        service,
    );
    check("parent 8 Services : x\nparent 6 WinInit : x", service);
    check("parent 8 services : ./services\nparent 6 bash : bash|dev.sh", None);
    // Programs of the Task Scheduler, and what was typed behind the SSH server, which is a service.
    check(&format!("parent 20 svchost.exe : x\n{services}"), None);
    check(
        &format!("parent 30 cmd.exe : cmd.exe\nparent 20 sshd.exe : x\n{services}"),
        None,
    );
    check("parent 30 explorer.exe : x", None);
}

#[test]
fn launchd_is_asked_where_the_environment_is_closed() {
    let job = |label: &str| format!("parent 1 launchd\nlabel {label}");
    check(
        &job("com.example.api"),
        Some("launchd runs it as `com.example.api`; launchctl bootout gui/501/com.example.api"),
    );
    check(
        &job("homebrew.mxcl.redis"),
        Some("Homebrew runs it as `redis`; brew services stop redis"),
    );
    check(&format!("{}\nour XPC_SERVICE_NAME=ci", job("ci")), None);
    check(
        &format!("variable XPC_SERVICE_NAME=0\n{}", job("com.example.api")),
        None,
    );
    // launchd knows only the first process of a job.
    check(&format!("parent 40 node : node\n{}", job("com.example.api")), None);
    check("parent 1 launchd", None);
}
