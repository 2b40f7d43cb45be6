//! `log_export`: where the lines of services are sent.

use std::path::{Component, Path};

use super::corrected;
use super::item::Item;
use super::reader::{TomlReader, not_supported, with_hint};
use crate::config::keys::LOG_EXPORT;
use crate::config::suggest::{any_of, did_you_mean};
use crate::config::{Located, LogTarget, SyslogAddress};
use crate::diagnostic::Diagnostic;

pub(super) fn log_export<'t>(reader: &mut TomlReader<'t>, item: &Item<'t>) -> Vec<Located<LogTarget>> {
    let entries = reader.list(item, "a list of tables");
    let mut targets: Vec<Located<LogTarget>> = Vec::new();
    for entry in entries {
        let Some(target) = target(reader, &entry) else { continue };
        if targets.iter().any(|it| it.value == target.value) {
            let problem = Diagnostic::new(format!("`{}` is listed twice", target.value));
            reader.report(
                entry.at_value(),
                problem.hint("remove one of them: each would get every line"),
            );
        }
        targets.push(target);
    }
    targets
}

fn target<'t>(reader: &mut TomlReader<'t>, entry: &Item<'t>) -> Option<Located<LogTarget>> {
    if let Some(text) = entry.value.as_str() {
        let key = if text.starts_with("http") { "otlp" } else { "syslog" };
        let problem = Diagnostic::new("an entry of `log_export` must be a table, found a string");
        let meant = corrected::quoted(text);
        reader.report(entry.at_value(), problem.hint(format!("write `{{ {key} = {meant} }}`")));
        return None;
    }
    let table = reader.known_table(entry, LOG_EXPORT)?;
    let kinds: Vec<Item> = table.items();
    let known = |item: &&Item| ["otlp", "syslog", "journald", "file"].contains(&item.key);
    let kinds: Vec<&Item> = kinds.iter().filter(known).collect();
    let [kind] = kinds.as_slice() else {
        match kinds.as_slice() {
            [first, second, ..] => {
                let problem = Diagnostic::new(format!("`{}` and `{}` are two targets", first.key, second.key));
                let hint = format!("write `{{ {} = … }}, {{ {} = … }}`", first.key, second.key);
                reader.report(second.at_key(), problem.hint(hint));
            }
            [] if table.items().is_empty() => {
                let problem = Diagnostic::new("this entry of `log_export` names no target");
                reader.report(
                    entry.at_value(),
                    problem.hint("write `{ otlp = \"http://127.0.0.1:4318\" }`"),
                );
            }
            _ => {}
        }
        return None;
    };
    let target = match kind.key {
        "otlp" => {
            let url = reader.plain(kind)?.value;
            reader.parsed(kind, otlp(url))?
        }
        "syslog" => {
            let address = reader.plain(kind)?.value;
            LogTarget::Syslog(reader.parsed(kind, syslog(&address))?)
        }
        "file" => {
            let path = reader.plain(kind).filter(|path| !path.value.is_empty())?.value;
            // `./a` is `a`, and one file has one writer.
            let parts = Path::new(&path).components().filter(|part| *part != Component::CurDir);
            LogTarget::File(parts.collect())
        }
        _ => {
            if !reader.boolean(kind)? {
                let problem = Diagnostic::new("`journald = false` sends nothing").hint("remove this entry");
                reader.report(kind.at_value(), problem);
            }
            LogTarget::Journald
        }
    };
    Some(reader.at(entry, target))
}

fn otlp(url: String) -> Result<LogTarget, Diagnostic> {
    const EXAMPLE: &str = "http://127.0.0.1:4318";
    match scheme(&url, "otlp", &["http"], EXAMPLE)? {
        ("https", _) => Err(not_supported("https://").hint("send to a collector on this machine, over `http://`")),
        (_, rest) => {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            host_and_port(host, &url, "4318")?;
            Ok(LogTarget::Otlp(url))
        }
    }
}

fn syslog(address: &str) -> Result<SyslogAddress, Diagnostic> {
    const SCHEMES: [&str; 3] = ["udp", "tcp", "unix"];
    let example = match address.starts_with('/') {
        true => format!("unix://{address}"),
        false => "udp://127.0.0.1:514".to_owned(),
    };
    match scheme(address, "syslog", &SCHEMES, &example)? {
        ("unix", path) if path.starts_with('/') => Ok(SyslogAddress::Unix(path.into())),
        ("unix", path) => {
            let problem = Diagnostic::new(format!("the path of `{address}` does not start with `/`"));
            Err(problem.hint(format!("write `unix:///{path}`")))
        }
        (scheme, host) => {
            host_and_port(host, address, "514")?;
            Ok(match scheme {
                "tcp" => SyslogAddress::Tcp(host.to_owned()),
                _ => SyslogAddress::Udp(host.to_owned()),
            })
        }
    }
}

/// Splits a URL into its scheme, one of `known` or `https`, and what follows `://`.
fn scheme<'u>(url: &'u str, key: &str, known: &[&str], example: &str) -> Result<(&'u str, &'u str), Diagnostic> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(Diagnostic::new(format!("`{url}` has no scheme")).hint(format!("write `{example}`")));
    };
    if known.contains(&scheme) || scheme == "https" && known.contains(&"http") {
        return Ok((scheme, rest));
    }
    let with_slashes: Vec<String> = known.iter().map(|scheme| format!("{scheme}://")).collect();
    let with_slashes: Vec<&str> = with_slashes.iter().map(String::as_str).collect();
    let hint =
        did_you_mean(scheme, known.iter().copied()).unwrap_or_else(|| format!("write {}", any_of(&with_slashes)));
    Err(Diagnostic::new(format!("`{key}` does not know the scheme `{scheme}`")).hint(hint))
}

/// Checks `HOST:PORT`; `usual` is the port for a suggestion.
fn host_and_port(text: &str, url: &str, usual: &str) -> Result<(), Diagnostic> {
    if text.contains('@') {
        return Err(Diagnostic::new("a user name or password cannot be sent").hint("leave out what stands before `@`"));
    }
    // The colons of an IPv6 address stand in brackets.
    let after_host = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let Some(colon) = text[after_host..].find(':').map(|at| after_host + at) else {
        let problem = Diagnostic::new(format!("`{url}` has no port"));
        let with_port = url.replacen(text, &format!("{text}:{usual}"), 1);
        return Err(with_hint(
            problem,
            (!text.is_empty()).then(|| format!("write `{with_port}`")),
        ));
    };
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    if port.contains(':') {
        return Err(Diagnostic::new(format!("`{url}` has more than one `:` after its host"))
            .hint("write an IPv6 address in brackets, as in `[::1]:514`"));
    }
    if host.is_empty() {
        return Err(Diagnostic::new(format!("`{url}` has no host")).hint("write `127.0.0.1` for this machine"));
    }
    match port.parse::<u16>() {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => {
            Err(Diagnostic::new(format!("`{port}` is no port")).hint("write a number from 1 to 65535 after the host"))
        }
    }
}
