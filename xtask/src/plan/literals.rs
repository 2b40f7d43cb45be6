//! Port numbers written literally instead of as references: they do not follow a reassigned port.

use super::{Check, Service};

impl Service {
    /// Where the command or health check contains the number as that of its own port.
    pub(crate) fn names(&self, number: u16) -> Option<&'static str> {
        self.places(&|text| names_port(text, number)).first().copied()
    }

    /// Where the service refers to this port on this machine: variables by name, in backticks, the command, the health
    /// check.
    pub(crate) fn addresses(&self, number: u16) -> Vec<String> {
        let says = |text: &str| has_address(text, number);
        let is_said = |name: &&std::ffi::OsString| {
            let value = self.environment.get(*name).and_then(|value| value.to_str());
            value.is_some_and(says)
        };
        let variables = self.own_variables.iter().filter(is_said);
        let places = self.places(&says).into_iter().map(str::to_owned);
        variables
            .map(|name| format!("`{}`", name.display()))
            .chain(places)
            .collect()
    }

    fn places(&self, says: &dyn Fn(&str) -> bool) -> Vec<&'static str> {
        let any = |words: &[String]| words.iter().any(|word| says(word));
        let is_in_check = match self.health.as_ref().map(|health| &health.check) {
            Some(Check::HttpUrl(url)) => says(url),
            Some(Check::Command(words)) => any(words),
            Some(Check::HttpPath(_) | Check::Tcp) | None => false,
        };
        let command = any(&self.command.words).then_some("command");
        command
            .into_iter()
            .chain(is_in_check.then_some("health check"))
            .collect()
    }
}

/// Whether the number is a port in this text: as a separate word, after `:`, or as the value of an option or variable
/// that names a port: `--port=8000`, `-p8000:80`, `PORT=8000`; but not in `--max-old-space-size=8000` or `8000ms`.
fn names_port(text: &str, number: u16) -> bool {
    let digits = number.to_string();
    // Words of a shell command are checked separately.
    let mut words = text.split(|it: char| it.is_whitespace() || "'\"`;|&(){}<>,".contains(it));
    words.any(|word| {
        let value = match word.rsplit_once('=') {
            Some((name, value)) => sounds_like_port(name).then_some(value),
            None => Some(
                SHORT
                    .iter()
                    .find_map(|option| word.strip_prefix(option))
                    .unwrap_or(word),
            ),
        };
        value.is_some_and(|value| begins_with(value, &digits)) || after_colon(word, &digits).next().is_some()
    })
}

fn sounds_like_port(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SHORT.contains(&name)
        || ["port", "listen", "bind", "addr", "publish"]
            .iter()
            .any(|it| lower.contains(it))
}

const SHORT: [&str; 3] = ["-p", "-P", "-b"];

/// `http://localhost:8000/`, `127.0.0.1:8000` or `:8000`, but not with the name of another machine.
fn has_address(text: &str, number: u16) -> bool {
    let digits = number.to_string();
    after_colon(text, &digits).any(|at| is_local(&text[..at]))
}

/// The positions of the colons.
fn after_colon<'t>(text: &'t str, digits: &'t str) -> impl Iterator<Item = usize> + 't {
    let colons = text.match_indices(':');
    colons.filter_map(|(at, _)| begins_with(&text[at + 1..], digits).then_some(at))
}

fn begins_with(text: &str, digits: &str) -> bool {
    let rest = text.strip_prefix(digits);
    rest.is_some_and(|rest| !rest.starts_with(|it: char| it.is_alphanumeric() || "._-".contains(it)))
}

/// Whether the text ends with a name of this machine, or with no name.
fn is_local(text: &str) -> bool {
    let is_of_name = |it: char| it.is_alphanumeric() || ".-_".contains(it);
    if text.ends_with("[::1]") || text.ends_with("[::]") {
        return true;
    }
    let name = text.trim_end_matches(is_of_name);
    let name = &text[name.len()..];
    let is_known = ["", "localhost", "0.0.0.0", "host.docker.internal"].contains(&name);
    is_known && !text.ends_with(']') || name.starts_with("127.") || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_that_of_a_port_by_where_it_stands() {
        for text in [
            "8000",
            "127.0.0.1:8000",
            ":8000",
            "http://localhost:8000/health",
            "--port=8000",
            "--server.port=8000",
            "-p8000:80",
            "-p=8000",
            "8000:80",
            "--publish=8000:80",
            "--bind=8000",
            "PORT=8000 npm start",
            "cd web && uvicorn app --port 8000; true",
            "TCP-LISTEN:8000,fork",
        ] {
            assert!(names_port(text, 8000), "{text}");
        }
        for text in [
            "--max-old-space-size=8000",
            "18000",
            "80001",
            "8000ms",
            "TIMEOUT=8000",
            "cache-8000",
            "/srv/8000/www",
            "v8000.1",
            "8000.5",
        ] {
            assert!(!names_port(text, 8000), "{text}");
        }
    }

    #[test]
    fn an_address_is_one_of_this_machine() {
        for text in [
            "http://127.0.0.1:8000",
            "localhost:8000,localhost:8001",
            "http://[::1]:8000/",
            "ws://api.localhost:8000/x",
            "postgres://me:word@localhost:8000/db",
            ":8000",
        ] {
            assert!(has_address(text, 8000), "{text}");
        }
        for text in [
            "8000",
            "http://example.com:8000",
            "http://[2001:db8::1]:8000",
            "localhost:80000",
            "10.0.0.7:8000",
            "--size=8000",
        ] {
            assert!(!has_address(text, 8000), "{text}");
        }
    }
}
