//! One request of OTLP/HTTP and what its answer means.
//!
//! Source: OTLP specification 1.9, "OTLP/HTTP Response".

use std::io::ErrorKind;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;

use crate::run::health::AddressResolver;
use crate::run::log_export::shipper::{Attempt, Rest};

/// How much of an answer is read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// How much of an answer is shown.
const MAX_SHOWN_CHARS: usize = 200;

pub(super) struct Poster {
    agent: Agent,
    url: String,
}

/// An answer, as far as it matters.
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: String,
}

/// `partialSuccess` of an `ExportLogsServiceResponse`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PartialSuccess {
    /// An `int64`: a string, or a number from writers that are lax.
    rejected_log_records: serde_json::Value,
    error_message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Success {
    partial_success: Option<PartialSuccess>,
}

impl Poster {
    pub(super) fn new(url: &str) -> Poster {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("devtasks/", env!("CARGO_PKG_VERSION")))
            .build();
        Poster {
            agent: Agent::with_parts(config, DefaultConnector::default(), AddressResolver),
            url: url.to_owned(),
        }
    }

    /// Posts a batch of so many lines: all are sent, refused, or to be sent later.
    pub(super) fn post(&self, body: &[u8], n_lines: u64, patience: Duration) -> Attempt {
        let request = self.agent.post(&self.url).header("content-type", "application/json");
        match request.config().timeout_global(Some(patience)).build().send(body) {
            Ok(mut response) => {
                let header = response.headers().get("retry-after");
                let answer = Answer {
                    status: response.status().as_u16(),
                    retry_after: header.and_then(|it| it.to_str().ok()).map(str::to_owned),
                    // Without its body, an answer still has its status.
                    body: response
                        .body_mut()
                        .with_config()
                        .limit(MAX_ANSWER_BYTES)
                        .lossy_utf8(true)
                        .read_to_string()
                        .unwrap_or_default(),
                };
                judge(&answer, n_lines, Timestamp::now())
            }
            Err(ureq::Error::Timeout(_)) => Attempt::later("no answer in time"),
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                Attempt::later("connection refused")
            }
            Err(error) => Attempt::later(error.to_string()),
        }
    }
}

/// What an answer means for a batch of so many lines.
fn judge(answer: &Answer, n_lines: u64, now: Timestamp) -> Attempt {
    match answer.status {
        200..300 => accepted(&answer.body, n_lines),
        status @ (429 | 502 | 503 | 504) => Attempt {
            rest: Rest::Later(answer.retry_after.as_ref().and_then(|text| pause(text, now))),
            ..Attempt::later(told(status, &answer.body))
        },
        // Any other status must not be retried.
        status => Attempt::refused(n_lines, told(status, &answer.body)),
    }
}

fn accepted(body: &str, n_lines: u64) -> Attempt {
    let success: Success = serde_json::from_str(body).unwrap_or_default();
    let Some(partial) = success.partial_success else {
        return Attempt::sent(n_lines);
    };
    let rejected = &partial.rejected_log_records;
    let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok());
    match rejected.unwrap_or_default().min(n_lines) {
        // An error message alone is a warning, about lines that were taken.
        0 => Attempt::sent(n_lines),
        refused => Attempt {
            sent: n_lines - refused,
            ..Attempt::refused(refused, format!("rejected: {}", shown(&partial.error_message)))
        },
    }
}

/// `Retry-After`: seconds or a date.
fn pause(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text.trim())
        .ok()?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

fn told(status: u16, body: &str) -> String {
    match shown(body) {
        body if body.is_empty() => format!("status {status}"),
        body => format!("status {status}: {body}"),
    }
}

fn shown(body: &str) -> String {
    let line = body.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, judge};

    /// An answer to 10 lines → what becomes of them.
    #[track_caller]
    fn check(status: u16, retry_after: &str, body: &str, expected: &str) {
        let answer = Answer {
            status,
            retry_after: (!retry_after.is_empty()).then(|| retry_after.to_owned()),
            body: body.to_owned(),
        };
        let now = "2026-11-23T08:00:00Z".parse().expect("it is a time");
        let attempt = judge(&answer, 10, now);
        let trouble = attempt.trouble.unwrap_or_default();
        let text = format!("{} {} {:?} {trouble}", attempt.sent, attempt.refused, attempt.rest);
        assert_eq!(text.trim_end(), expected);
    }

    #[test]
    fn success_may_be_partial() {
        check(200, "", "{}", "10 0 None");
        check(200, "", "", "10 0 None");
        check(202, "", "not JSON", "10 0 None");
        check(200, "", r#"{"partialSuccess":{}}"#, "10 0 None");
        check(
            200,
            "",
            r#"{"partialSuccess":{"errorMessage":"old schema"}}"#,
            "10 0 None",
        );
        let rejected = r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#;
        check(200, "", rejected, "7 3 None rejected: too old");
        check(
            200,
            "",
            r#"{"partialSuccess":{"rejectedLogRecords":99}}"#,
            "0 10 None rejected:",
        );
    }

    #[test]
    fn only_what_the_protocol_names_is_sent_again() {
        for status in [429, 502, 503, 504] {
            check(status, "", "", &format!("0 0 Later(None) status {status}"));
        }
        for status in [400, 401, 404, 413, 500, 501, 307] {
            check(status, "7", "", &format!("0 10 None status {status}"));
        }
        check(400, "", "bad\n  request ", "0 10 None status 400: bad request");
    }

    #[test]
    fn the_target_says_when() {
        check(503, "7", "", "0 0 Later(Some(7s)) status 503");
        check(
            429,
            "Mon, 23 Nov 2026 08:00:30 GMT",
            "",
            "0 0 Later(Some(30s)) status 429",
        );
        check(
            429,
            "Mon, 23 Nov 2026 07:00:00 GMT",
            "",
            "0 0 Later(Some(0ns)) status 429",
        );
        check(429, "soon", "", "0 0 Later(None) status 429");
    }
}
