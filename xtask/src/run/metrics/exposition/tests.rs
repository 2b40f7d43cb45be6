//! A reading → the whole page.

use std::time::Duration;

use expect_test::{Expect, expect};
use jiff::Timestamp;

use super::*;
use crate::diagnostic::{Code, ConflictKind};
use crate::run::logs::{LogCounts, StreamCounts};
use crate::run::metrics::{Conflicts, Counts, ServiceMeasures};

/// A service that has just been asked for.
fn service(name: &str, state: State) -> ServiceReading {
    ServiceReading {
        measures: ServiceMeasures {
            name: name.to_owned(),
            state,
            started_at: None,
            counts: Counts::default(),
            has_health_check: false,
            log: LogCounts::default(),
            ports: Vec::new(),
            is_ours: true,
            pid: None,
            group: None,
            generation: 0,
        },
        usage: None,
        clients: Vec::new(),
    }
}

fn reading(services: Vec<ServiceReading>) -> Reading {
    Reading {
        project: "shop".to_owned(),
        services,
        conflicts: Conflicts::new(),
        dropped_lines: None,
        own: None,
        own_start: None,
    }
}

/// A service with everything, and the supervisor.
fn whole() -> Reading {
    let mut api = service("api", State::Ready);
    let measures = &mut api.measures;
    measures.started_at = Some(Timestamp::from_millisecond(1_795_939_200_250).unwrap());
    measures.has_health_check = true;
    measures.counts.started(Duration::ZERO);
    measures.counts.entered(Duration::from_millis(1500), State::Ready, None);
    measures.counts.checked(true, Duration::from_millis(2));
    measures.counts.checked(false, Duration::from_secs(20));
    measures.log.stdout = StreamCounts { lines: 3, bytes: 120 };
    measures.log.stderr = StreamCounts { lines: 1, bytes: 8 };
    api.usage = Some(TreeUsage {
        processes: 2,
        cpu: Duration::from_millis(1250),
        resident_bytes: 4096,
        open_fds: Some(9),
    });
    api.clients = vec![(8000, 2)];
    let taken = |kind| ("api".to_owned(), Code::PortBusy(kind));
    Reading {
        conflicts: [(taken(ConflictKind::Foreign), 1), (taken(ConflictKind::OwnLeftover), 2)].into(),
        dropped_lines: Some(7),
        own: Some(OwnUsage {
            cpu: Duration::from_millis(30),
            resident_bytes: 5_000_000,
            virtual_bytes: 9_000_000,
            open_fds: Some(21),
            max_fds: 1024,
        }),
        own_start: Some(1_795_939_199),
        ..reading(vec![api])
    }
}

#[track_caller]
fn check(reading: Reading, format: Format, expected: Expect) {
    expected.assert_eq(&page(reading, format).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn the_prometheus_format_names_counters_in_full() {
    check(
        whole(),
        Format::Prometheus,
        expect![[r##"
            # HELP devtasks_service_state Whether the service is in this state: 1 or 0.
            # TYPE devtasks_service_state gauge
            devtasks_service_state{project="shop",service="api",state="waiting"} 0
            devtasks_service_state{project="shop",service="api",state="starting"} 0
            devtasks_service_state{project="shop",service="api",state="running"} 0
            devtasks_service_state{project="shop",service="api",state="ready"} 1
            devtasks_service_state{project="shop",service="api",state="unhealthy"} 0
            devtasks_service_state{project="shop",service="api",state="stopping"} 0
            devtasks_service_state{project="shop",service="api",state="backoff"} 0
            devtasks_service_state{project="shop",service="api",state="exited"} 0
            devtasks_service_state{project="shop",service="api",state="completed"} 0
            devtasks_service_state{project="shop",service="api",state="failed"} 0
            devtasks_service_state{project="shop",service="api",state="stopped"} 0
            # HELP devtasks_service_up Whether the service is running or ready, or the task has completed: 1 or 0.
            # TYPE devtasks_service_up gauge
            devtasks_service_up{project="shop",service="api"} 1
            # HELP devtasks_service_start_time_seconds When the process of the service was started, in seconds since 1970.
            # TYPE devtasks_service_start_time_seconds gauge
            devtasks_service_start_time_seconds{project="shop",service="api"} 1795939200.25
            # HELP devtasks_service_ready_seconds How long the process of the service took from its start until it was ready.
            # TYPE devtasks_service_ready_seconds gauge
            devtasks_service_ready_seconds{project="shop",service="api"} 1.5
            # HELP devtasks_service_restarts_total Starts of the service after its first one in this run, by cause.
            # TYPE devtasks_service_restarts_total counter
            devtasks_service_restarts_total{project="shop",service="api",cause="requested"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="exit"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="signal"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="not_ready"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="unhealthy"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="not_spawned"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="files_changed"} 0
            # HELP devtasks_healthcheck_total Health checks that were answered, by result.
            # TYPE devtasks_healthcheck_total counter
            devtasks_healthcheck_total{project="shop",service="api",result="passed"} 1
            devtasks_healthcheck_total{project="shop",service="api",result="failed"} 1
            # HELP devtasks_healthcheck_duration_seconds How long the health checks took.
            # TYPE devtasks_healthcheck_duration_seconds histogram
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.0005"} 0
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.001"} 0
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.0025"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.005"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.01"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.025"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.05"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.1"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.25"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="0.5"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="1"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="2.5"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="5"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="10"} 1
            devtasks_healthcheck_duration_seconds_bucket{project="shop",service="api",le="+Inf"} 2
            devtasks_healthcheck_duration_seconds_sum{project="shop",service="api"} 20.002
            devtasks_healthcheck_duration_seconds_count{project="shop",service="api"} 2
            # HELP devtasks_service_cpu_seconds_total Processor time of the processes of the service, since its current process was started.
            # TYPE devtasks_service_cpu_seconds_total counter
            devtasks_service_cpu_seconds_total{project="shop",service="api"} 1.25
            # HELP devtasks_service_resident_memory_bytes Memory of the processes of the service; what they share is counted for each.
            # TYPE devtasks_service_resident_memory_bytes gauge
            devtasks_service_resident_memory_bytes{project="shop",service="api"} 4096
            # HELP devtasks_service_open_fds Open descriptors of the processes of the service.
            # TYPE devtasks_service_open_fds gauge
            devtasks_service_open_fds{project="shop",service="api"} 9
            # HELP devtasks_service_processes Processes of the service.
            # TYPE devtasks_service_processes gauge
            devtasks_service_processes{project="shop",service="api"} 2
            # HELP devtasks_port_clients Connections of clients to the port that were accepted.
            # TYPE devtasks_port_clients gauge
            devtasks_port_clients{project="shop",service="api",port="8000"} 2
            # HELP devtasks_port_conflicts_total Ports of the service that `up` found taken before it was started, by finding code.
            # TYPE devtasks_port_conflicts_total counter
            devtasks_port_conflicts_total{project="shop",service="api",code="port.busy.foreign"} 1
            devtasks_port_conflicts_total{project="shop",service="api",code="port.busy.own_leftover"} 2
            # HELP devtasks_log_lines_total Lines that the service has written, by stream.
            # TYPE devtasks_log_lines_total counter
            devtasks_log_lines_total{project="shop",service="api",stream="stdout"} 3
            devtasks_log_lines_total{project="shop",service="api",stream="stderr"} 1
            # HELP devtasks_log_bytes_total Bytes of these lines, with their line breaks.
            # TYPE devtasks_log_bytes_total counter
            devtasks_log_bytes_total{project="shop",service="api",stream="stdout"} 120
            devtasks_log_bytes_total{project="shop",service="api",stream="stderr"} 8
            # HELP devtasks_build_info The version of devtasks: always 1.
            # TYPE devtasks_build_info gauge
            devtasks_build_info{project="shop",version="[version]"} 1
            # HELP devtasks_log_export_dropped_total Lines that a log target did not get, counted for each target.
            # TYPE devtasks_log_export_dropped_total counter
            devtasks_log_export_dropped_total{project="shop"} 7
            # HELP process_cpu_seconds_total Processor time of the supervisor.
            # TYPE process_cpu_seconds_total counter
            process_cpu_seconds_total{project="shop"} 0.03
            # HELP process_resident_memory_bytes Memory of the supervisor.
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes{project="shop"} 5000000
            # HELP process_virtual_memory_bytes Address space of the supervisor.
            # TYPE process_virtual_memory_bytes gauge
            process_virtual_memory_bytes{project="shop"} 9000000
            # HELP process_open_fds Open descriptors of the supervisor.
            # TYPE process_open_fds gauge
            process_open_fds{project="shop"} 21
            # HELP process_max_fds The limit on its open descriptors.
            # TYPE process_max_fds gauge
            process_max_fds{project="shop"} 1024
            # HELP process_start_time_seconds When the supervisor was started, in seconds since 1970.
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds{project="shop"} 1795939199
        "##]],
    );
}

#[test]
fn openmetrics_has_an_end() {
    check(
        whole(),
        Format::OpenMetrics,
        expect![[r##"
            # HELP devtasks_service_state Whether the service is in this state: 1 or 0.
            # TYPE devtasks_service_state gauge
            devtasks_service_state{project="shop",service="api",state="waiting"} 0
            devtasks_service_state{project="shop",service="api",state="starting"} 0
            devtasks_service_state{project="shop",service="api",state="running"} 0
            devtasks_service_state{project="shop",service="api",state="ready"} 1
            devtasks_service_state{project="shop",service="api",state="unhealthy"} 0
            devtasks_service_state{project="shop",service="api",state="stopping"} 0
            devtasks_service_state{project="shop",service="api",state="backoff"} 0
            devtasks_service_state{project="shop",service="api",state="exited"} 0
            devtasks_service_state{project="shop",service="api",state="completed"} 0
            devtasks_service_state{project="shop",service="api",state="failed"} 0
            devtasks_service_state{project="shop",service="api",state="stopped"} 0
            # HELP devtasks_service_up Whether the service is running or ready, or the task has completed: 1 or 0.
            # TYPE devtasks_service_up gauge
            devtasks_service_up{project="shop",service="api"} 1
            # HELP devtasks_service_start_time_seconds When the process of the service was started, in seconds since 1970.
            # TYPE devtasks_service_start_time_seconds gauge
            devtasks_service_start_time_seconds{project="shop",service="api"} 1795939200.25
            # HELP devtasks_service_ready_seconds How long the process of the service took from its start until it was ready.
            # TYPE devtasks_service_ready_seconds gauge
            devtasks_service_ready_seconds{project="shop",service="api"} 1.5
            # HELP devtasks_service_restarts Starts of the service after its first one in this run, by cause.
            # TYPE devtasks_service_restarts counter
            devtasks_service_restarts_total{project="shop",service="api",cause="requested"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="exit"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="signal"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="not_ready"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="unhealthy"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="not_spawned"} 0
            devtasks_service_restarts_total{project="shop",service="api",cause="files_changed"} 0
            # HELP devtasks_healthcheck Health checks that were answered, by result.
            # TYPE devtasks_healthcheck counter
            devtasks_healthcheck_total{project="shop",service="api",result="passed"} 1
            devtasks_healthcheck_total{project="shop",service="api",result="failed"} 1
            # HELP devtasks_healthcheck_duration_seconds How long the health checks took.
            # TYPE devtasks_healthcheck_duration_seconds histogram
            devtasks_healthcheck_duration_seconds_sum{project="shop",service="api"} 20.002
            devtasks_healthcheck_duration_seconds_count{project="shop",service="api"} 2
            devtasks_healthcheck_duration_seconds_bucket{le="0.0005",project="shop",service="api"} 0
            devtasks_healthcheck_duration_seconds_bucket{le="0.001",project="shop",service="api"} 0
            devtasks_healthcheck_duration_seconds_bucket{le="0.0025",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.005",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.01",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.025",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.05",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.1",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.25",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="0.5",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="1.0",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="2.5",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="5.0",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="10.0",project="shop",service="api"} 1
            devtasks_healthcheck_duration_seconds_bucket{le="+Inf",project="shop",service="api"} 2
            # HELP devtasks_service_cpu_seconds Processor time of the processes of the service, since its current process was started.
            # TYPE devtasks_service_cpu_seconds counter
            devtasks_service_cpu_seconds_total{project="shop",service="api"} 1.25
            # HELP devtasks_service_resident_memory_bytes Memory of the processes of the service; what they share is counted for each.
            # TYPE devtasks_service_resident_memory_bytes gauge
            devtasks_service_resident_memory_bytes{project="shop",service="api"} 4096
            # HELP devtasks_service_open_fds Open descriptors of the processes of the service.
            # TYPE devtasks_service_open_fds gauge
            devtasks_service_open_fds{project="shop",service="api"} 9
            # HELP devtasks_service_processes Processes of the service.
            # TYPE devtasks_service_processes gauge
            devtasks_service_processes{project="shop",service="api"} 2
            # HELP devtasks_port_clients Connections of clients to the port that were accepted.
            # TYPE devtasks_port_clients gauge
            devtasks_port_clients{project="shop",service="api",port="8000"} 2
            # HELP devtasks_port_conflicts Ports of the service that `up` found taken before it was started, by finding code.
            # TYPE devtasks_port_conflicts counter
            devtasks_port_conflicts_total{project="shop",service="api",code="port.busy.foreign"} 1
            devtasks_port_conflicts_total{project="shop",service="api",code="port.busy.own_leftover"} 2
            # HELP devtasks_log_lines Lines that the service has written, by stream.
            # TYPE devtasks_log_lines counter
            devtasks_log_lines_total{project="shop",service="api",stream="stdout"} 3
            devtasks_log_lines_total{project="shop",service="api",stream="stderr"} 1
            # HELP devtasks_log_bytes Bytes of these lines, with their line breaks.
            # TYPE devtasks_log_bytes counter
            devtasks_log_bytes_total{project="shop",service="api",stream="stdout"} 120
            devtasks_log_bytes_total{project="shop",service="api",stream="stderr"} 8
            # HELP devtasks_build_info The version of devtasks: always 1.
            # TYPE devtasks_build_info gauge
            devtasks_build_info{project="shop",version="[version]"} 1
            # HELP devtasks_log_export_dropped Lines that a log target did not get, counted for each target.
            # TYPE devtasks_log_export_dropped counter
            devtasks_log_export_dropped_total{project="shop"} 7
            # HELP process_cpu_seconds Processor time of the supervisor.
            # TYPE process_cpu_seconds counter
            process_cpu_seconds_total{project="shop"} 0.03
            # HELP process_resident_memory_bytes Memory of the supervisor.
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes{project="shop"} 5000000
            # HELP process_virtual_memory_bytes Address space of the supervisor.
            # TYPE process_virtual_memory_bytes gauge
            process_virtual_memory_bytes{project="shop"} 9000000
            # HELP process_open_fds Open descriptors of the supervisor.
            # TYPE process_open_fds gauge
            process_open_fds{project="shop"} 21
            # HELP process_max_fds The limit on its open descriptors.
            # TYPE process_max_fds gauge
            process_max_fds{project="shop"} 1024
            # HELP process_start_time_seconds When the supervisor was started, in seconds since 1970.
            # TYPE process_start_time_seconds gauge
            process_start_time_seconds{project="shop"} 1795939199
            # EOF
        "##]],
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    check(
        reading(vec![service("db", State::Waiting)]),
        Format::Prometheus,
        expect![[r##"
            # HELP devtasks_service_state Whether the service is in this state: 1 or 0.
            # TYPE devtasks_service_state gauge
            devtasks_service_state{project="shop",service="db",state="waiting"} 1
            devtasks_service_state{project="shop",service="db",state="starting"} 0
            devtasks_service_state{project="shop",service="db",state="running"} 0
            devtasks_service_state{project="shop",service="db",state="ready"} 0
            devtasks_service_state{project="shop",service="db",state="unhealthy"} 0
            devtasks_service_state{project="shop",service="db",state="stopping"} 0
            devtasks_service_state{project="shop",service="db",state="backoff"} 0
            devtasks_service_state{project="shop",service="db",state="exited"} 0
            devtasks_service_state{project="shop",service="db",state="completed"} 0
            devtasks_service_state{project="shop",service="db",state="failed"} 0
            devtasks_service_state{project="shop",service="db",state="stopped"} 0
            # HELP devtasks_service_up Whether the service is running or ready, or the task has completed: 1 or 0.
            # TYPE devtasks_service_up gauge
            devtasks_service_up{project="shop",service="db"} 0
            # HELP devtasks_service_restarts_total Starts of the service after its first one in this run, by cause.
            # TYPE devtasks_service_restarts_total counter
            devtasks_service_restarts_total{project="shop",service="db",cause="requested"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="exit"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="signal"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="not_ready"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="unhealthy"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="not_spawned"} 0
            devtasks_service_restarts_total{project="shop",service="db",cause="files_changed"} 0
            # HELP devtasks_log_lines_total Lines that the service has written, by stream.
            # TYPE devtasks_log_lines_total counter
            devtasks_log_lines_total{project="shop",service="db",stream="stdout"} 0
            devtasks_log_lines_total{project="shop",service="db",stream="stderr"} 0
            # HELP devtasks_log_bytes_total Bytes of these lines, with their line breaks.
            # TYPE devtasks_log_bytes_total counter
            devtasks_log_bytes_total{project="shop",service="db",stream="stdout"} 0
            devtasks_log_bytes_total{project="shop",service="db",stream="stderr"} 0
            # HELP devtasks_build_info The version of devtasks: always 1.
            # TYPE devtasks_build_info gauge
            devtasks_build_info{project="shop",version="[version]"} 1
        "##]],
    );
    check(
        reading(Vec::new()),
        Format::OpenMetrics,
        expect![[r##"
        # HELP devtasks_build_info The version of devtasks: always 1.
        # TYPE devtasks_build_info gauge
        devtasks_build_info{project="shop",version="[version]"} 1
        # EOF
    "##]],
    );
}

#[test]
fn descriptors_that_may_not_be_counted_are_left_out_alone() {
    let mut db = service("db", State::Running);
    db.usage = Some(TreeUsage {
        processes: 1,
        open_fds: None,
        ..TreeUsage::default()
    });
    let page = page(reading(vec![db]), Format::Prometheus);
    let has = |name: &str| page.contains(&format!("\n{name}{{"));
    assert!(
        has("devtasks_service_processes") && !has("devtasks_service_open_fds"),
        "{page}"
    );
}

#[test]
fn names_are_escaped() {
    let of_odd = Reading {
        project: "a\"b\\c\nd".to_owned(),
        ..reading(Vec::new())
    };
    let page = page(of_odd, Format::Prometheus);
    assert!(page.contains(r#"{project="a\"b\\c\nd","#), "{page}");
}
