//! A reading as text: the Prometheus format 0.0.4, or OpenMetrics 1.0. Values in, text out.

use std::borrow::Cow;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet, prometheus_text, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::counts::{BOUNDS, Durations, RestartCause};
use super::reading::{Reading, ServiceReading};
use crate::supervise::State;
use crate::system::usage::{OwnUsage, TreeUsage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => prometheus_text::CONTENT_TYPE,
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The whole page.
pub(super) fn page(reading: Reading, format: Format) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(reading));
    let mut page = String::new();
    let written = match format {
        Format::Prometheus => prometheus_text::encode(&mut page, &registry),
        Format::OpenMetrics => text::encode(&mut page, &registry),
    };
    written.expect("a string takes everything");
    page
}

/// All states, as the label `state` names them.
const STATES: [State; 11] = [
    State::Waiting,
    State::Starting,
    State::Running,
    State::Ready,
    State::Unhealthy,
    State::Stopping,
    State::Backoff,
    State::Exited,
    State::Completed,
    State::Failed,
    State::Stopped,
];

impl Collector for Reading {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page { reading: self, encoder };
        page.states()?;
        page.checks()?;
        page.processes()?;
        page.ports_and_logs()?;
        page.supervisor()
    }
}

struct Page<'r, 'e> {
    reading: &'r Reading,
    encoder: DescriptorEncoder<'e>,
}

/// One value, with its service and at most one label of its own.
struct Sample<'r, V> {
    service: Option<&'r str>,
    label: Option<(&'static str, Cow<'r, str>)>,
    value: V,
}

impl<'r, V> Sample<'r, V> {
    fn of(service: &'r ServiceReading, value: V) -> Self {
        Sample {
            service: Some(&service.measures.name),
            label: None,
            value,
        }
    }

    fn of_supervisor(value: V) -> Self {
        Sample {
            service: None,
            label: None,
            value,
        }
    }

    fn with(self, name: &'static str, value: impl Into<Cow<'r, str>>) -> Self {
        Sample {
            label: Some((name, value.into())),
            ..self
        }
    }
}

impl<'r> Page<'r, '_> {
    fn states(&mut self) -> fmt::Result {
        let services = &self.reading.services;
        let states = services.iter().flat_map(|service| {
            let is_now = |state| u64::from(service.measures.state == state);
            STATES.map(|state| Sample::of(service, is_now(state)).with("state", state.name()))
        });
        self.gauge(
            "devtasks_service_state",
            "Whether the service is in this state: 1 or 0.",
            states,
        )?;
        let is_up = |state| matches!(state, State::Running | State::Ready | State::Completed);
        self.gauge(
            "devtasks_service_up",
            "Whether the service is running or ready, or the task has completed: 1 or 0.",
            services
                .iter()
                .map(|service| Sample::of(service, u64::from(is_up(service.measures.state)))),
        )?;
        let started = services.iter().filter(|service| service.measures.state.is_alive());
        let started = started.filter_map(|service| Some((service, service.measures.started_at?)));
        self.gauge(
            "devtasks_service_start_time_seconds",
            "When the process of the service was started, in seconds since 1970.",
            started.map(|(service, at)| Sample::of(service, at.as_duration().as_secs_f64())),
        )?;
        let ready = services.iter();
        let ready = ready.filter_map(|service| Some((service, service.measures.ready_after()?)));
        self.gauge(
            "devtasks_service_ready_seconds",
            "How long the process of the service took from its start until it was ready.",
            ready.map(|(service, after)| Sample::of(service, after.as_secs_f64())),
        )?;
        let restarts = services.iter().flat_map(|service| {
            let causes = RestartCause::ALL.into_iter().zip(service.measures.counts.restarts);
            causes.map(move |(cause, count)| Sample::of(service, count).with("cause", cause.name()))
        });
        self.counter(
            "devtasks_service_restarts",
            "Starts of the service after its first one in this run, by cause.",
            restarts,
        )
    }

    fn checks(&mut self) -> fmt::Result {
        let checked = self.reading.services.iter();
        let checked = checked.filter(|service| service.measures.has_health_check);
        let results = checked.clone().flat_map(|service| {
            let counts = &service.measures.counts;
            let results = [("passed", counts.checks_passed), ("failed", counts.checks_failed)];
            results.map(|(result, count)| Sample::of(service, count).with("result", result))
        });
        self.counter(
            "devtasks_healthcheck",
            "Health checks that were answered, by result.",
            results,
        )?;
        self.histogram(
            "devtasks_healthcheck_duration_seconds",
            "How long the health checks took.",
            checked.map(|service| Sample::of(service, &service.measures.counts.checks)),
        )
    }

    fn processes(&mut self) -> fmt::Result {
        let used = self.reading.services.iter();
        let used = used.filter_map(|service| Some((service, service.usage.as_ref()?)));
        let of = |value: fn(&TreeUsage) -> u64| {
            used.clone()
                .map(move |(service, usage)| Sample::of(service, value(usage)))
        };
        self.counter(
            "devtasks_service_cpu_seconds",
            "Processor time of the processes of the service, since its current process was started.",
            used.clone()
                .map(|(service, usage)| Sample::of(service, usage.cpu.as_secs_f64())),
        )?;
        self.gauge(
            "devtasks_service_resident_memory_bytes",
            "Memory of the processes of the service; what they share is counted for each.",
            of(|usage| usage.resident_bytes),
        )?;
        let open = used.clone();
        let open = open.filter_map(|(service, usage)| Some(Sample::of(service, usage.open_fds?)));
        self.gauge(
            "devtasks_service_open_fds",
            "Open descriptors of the processes of the service.",
            open,
        )?;
        self.gauge(
            "devtasks_service_processes",
            "Processes of the service.",
            of(|usage| usage.processes),
        )
    }

    fn ports_and_logs(&mut self) -> fmt::Result {
        let (services, conflicts) = (&self.reading.services, &self.reading.conflicts);
        let clients = services.iter().flat_map(|service| {
            let clients = service.clients.iter();
            clients.map(move |(port, count)| Sample::of(service, *count).with("port", port.to_string()))
        });
        self.gauge(
            "devtasks_port_clients",
            "Connections of clients to the port that were accepted.",
            clients,
        )?;
        let conflicts = conflicts.iter().map(|((service, code), count)| Sample {
            service: Some(service),
            label: Some(("code", Cow::Borrowed(code.name()))),
            value: *count,
        });
        self.counter(
            "devtasks_port_conflicts",
            "Ports of the service that `up` found taken before it was started, by finding code.",
            conflicts,
        )?;
        let of_streams = |name: fn(&ServiceReading) -> [(&'static str, u64); 2]| {
            services.iter().flat_map(move |service| {
                name(service).map(|(stream, count)| Sample::of(service, count).with("stream", stream))
            })
        };
        self.counter(
            "devtasks_log_lines",
            "Lines that the service has written, by stream.",
            of_streams(|service| {
                let log = &service.measures.log;
                [("stdout", log.stdout.lines), ("stderr", log.stderr.lines)]
            }),
        )?;
        self.counter(
            "devtasks_log_bytes",
            "Bytes of these lines, with their line breaks.",
            of_streams(|service| {
                let log = &service.measures.log;
                [("stdout", log.stdout.bytes), ("stderr", log.stderr.bytes)]
            }),
        )
    }

    fn supervisor(&mut self) -> fmt::Result {
        let version = Sample::of_supervisor(1_u64).with("version", env!("CARGO_PKG_VERSION"));
        self.gauge("devtasks_build_info", "The version of devtasks: always 1.", [version])?;
        self.counter(
            "devtasks_log_export_dropped",
            "Lines that a log target did not get, counted for each target.",
            self.reading.dropped_lines.map(Sample::of_supervisor),
        )?;
        let Reading { own, own_start, .. } = self.reading;
        let Some(own) = own else {
            return Ok(());
        };
        let OwnUsage {
            cpu,
            resident_bytes,
            virtual_bytes,
            open_fds,
            max_fds,
        } = own;
        let cpu = Sample::of_supervisor(cpu.as_secs_f64());
        self.counter("process_cpu_seconds", "Processor time of the supervisor.", [cpu])?;
        let mut gauge = |name, help, value: Option<u64>| self.gauge(name, help, value.map(Sample::of_supervisor));
        gauge(
            "process_resident_memory_bytes",
            "Memory of the supervisor.",
            Some(*resident_bytes),
        )?;
        gauge(
            "process_virtual_memory_bytes",
            "Address space of the supervisor.",
            Some(*virtual_bytes),
        )?;
        gauge("process_open_fds", "Open descriptors of the supervisor.", *open_fds)?;
        let max_fds = Some(u64::try_from(*max_fds).unwrap_or(u64::MAX));
        gauge("process_max_fds", "The limit on its open descriptors.", max_fds)?;
        gauge(
            "process_start_time_seconds",
            "When the supervisor was started, in seconds since 1970.",
            *own_start,
        )
    }

    /// `name` without `_total`, which both formats add.
    fn counter<V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'r, V>>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Counter, samples, |mut metric, value| {
            metric.encode_counter::<NoLabelSet, V, f64>(&value, None)
        })
    }

    fn gauge<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'r, V>>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, samples, |mut metric, value| {
            metric.encode_gauge(&value)
        })
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = Sample<'r, &'r Durations>>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, samples, |mut metric, durations| {
            let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(durations.counts).collect();
            let count = durations.counts.iter().sum();
            metric.encode_histogram::<NoLabelSet>(durations.sum.as_secs_f64(), count, &buckets, None)
        })
    }

    /// A family without samples is left out.
    fn family<V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: impl IntoIterator<Item = Sample<'r, V>>,
        encode: impl Fn(MetricEncoder, V) -> fmt::Result,
    ) -> fmt::Result {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return Ok(());
        }
        let project = self.reading.project.as_str();
        let mut metric = self.encoder.encode_descriptor(name, help, None, kind)?;
        for Sample { service, label, value } in samples {
            let mut labels = vec![("project", project)];
            labels.extend(service.map(|service| ("service", service)));
            labels.extend(label.iter().map(|(name, value)| (*name, value.as_ref())));
            encode(metric.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
