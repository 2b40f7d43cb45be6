//! The port that sources open: the variable they read it from, and its number.

use regex_lite::Regex;

use super::entry::loaded;
use super::program::Number;
use super::repository::Repository;
use super::tool::Kind;

/// What a source says of its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listens {
    /// `PORT` of `process.env.PORT`; `None` if the number cannot be changed from outside.
    pub(crate) variable: Option<String>,
    /// An argument of the program that sets it, with `${PORT}` where the number goes.
    pub(crate) argument: Option<Vec<String>>,
    pub(crate) number: Option<Number>,
    pub(crate) file: String,
}

/// Patterns of one language.
struct Patterns {
    extensions: &'static [&'static str],
    /// A file without one of these opens no port.
    opens: &'static [&'static str],
    /// The name of a variable, and its number if that stands beside it.
    variable: &'static str,
    /// The number.
    literal: &'static str,
    /// The name of a flag and its default.
    flag: Option<&'static str>,
    /// Unless the source tells.
    default: Option<u16>,
}

static JAVASCRIPT: Patterns = Patterns {
    extensions: &["js", "mjs", "cjs", "ts", "mts", "cts"],
    opens: &[
        ".listen(",
        "serve(",
        "createServer(",
        "Deno.serve",
        "WebSocketServer(",
        "startStandaloneServer(",
    ],
    variable: r#"(?:process\.env|Bun\.env|env)(?:\.|\[['"])([A-Z_]*PORT)\b(?:[^\n;]{0,30}?\b(\d{2,5})\b)?|\{[^}]*?\b([A-Z_]*PORT)\s*=\s*(\d{2,5})[^}]*\}\s*=\s*process\.env"#,
    literal: r"\.listen\(\s*(\d{2,5})|(?i:\bport)\s*[:=]\s*(\d{2,5})",
    flag: None,
    default: Some(3000),
};

static GO: Patterns = Patterns {
    extensions: &["go"],
    opens: &["ListenAndServe", ".Run(", ".Listen(", ".Start("],
    variable: r#"(?:Getenv|LookupEnv)\("([A-Z_]*PORT)"\)"#,
    literal: r#""(?:localhost|127\.0\.0\.1|0\.0\.0\.0)?:(\d{2,5})"|(?i:port)\w*\s*:?=\s*"(\d{2,5})""#,
    flag: Some(r#"flag\.(?:Int|String)\(\s*"(port|addr|listen|p)"\s*,\s*"?(?:[\w.]*:)?(\d{2,5})"#),
    default: Some(8080),
};

static RUST: Patterns = Patterns {
    extensions: &["rs"],
    opens: &[
        "TcpListener",
        "HttpServer",
        "axum::",
        "rocket::",
        "warp::serve",
        ".bind(",
    ],
    variable: r#"env::var\("([A-Z_]*PORT)"\)"#,
    literal: r#""(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{2,5})"|\[\s*\d+,\s*\d+,\s*\d+,\s*\d+\s*\]\s*,\s*(\d{2,5})|"[\d.]+",\s*(\d{2,5})\s*\)|unwrap_or\((\d{4,5})\)"#,
    flag: None,
    default: Some(8080),
};

static PYTHON: Patterns = Patterns {
    extensions: &["py"],
    opens: &[".run(", "serve_forever", "HTTPServer", "run_app(", ".listen("],
    variable: r#"(?:environ\.get|getenv)\(\s*["']([A-Z_]*PORT)["'](?:\s*,\s*["']?(\d{2,5}))?|environ\[["']([A-Z_]*PORT)["']\]"#,
    literal: r"(?i:\bport)\s*=\s*(\d{2,5})|HTTPServer\(\(\s*[^,]*,\s*(\d{2,5})",
    flag: None,
    default: Some(8000),
};

/// What the sources of a program say: the file `entry` and, for what is built from its directory, the others there.
/// JavaScript is what `entry` loads, and Python that file alone.
pub(crate) fn listens(repository: &Repository, directory: &str, entry: Option<&str>, kind: Kind) -> Option<Listens> {
    let patterns = match kind {
        Kind::Javascript => &JAVASCRIPT,
        Kind::Go => &GO,
        Kind::Rust => &RUST,
        Kind::Python => &PYTHON,
        Kind::NodeModule | Kind::Other => return None,
    };
    let entry = entry.and_then(|path| Some((path, repository.text(path)?)));
    let beside = || repository.sources(directory, patterns.extensions);
    let files: Vec<(&str, &str)> = match (kind, entry) {
        (Kind::Python, entry) => entry.into_iter().collect(),
        (Kind::Javascript, Some((path, _))) => loaded(path, repository),
        (_, entry) => entry.into_iter().chain(beside()).collect(),
    };
    let opens = |text: &str| patterns.opens.iter().any(|call| text.contains(call));
    let opening: Vec<_> = files.iter().filter(|(_, text)| opens(text)).copied().collect();
    // The port may be read in a file for settings.
    let is_setting = |(path, _): &(&str, &str)| ["config", "settings", "env"].iter().any(|part| path.contains(part));
    let settings = files.iter().copied().filter(is_setting);
    // Which may be loaded by a name that is not a path.
    let more = match opening.is_empty() || kind != Kind::Javascript {
        true => Vec::new(),
        false => beside(),
    };
    let settings = settings.chain(more.into_iter().filter(is_setting));
    let read = opening
        .iter()
        .copied()
        .chain(settings)
        .find_map(|file| variable(patterns, file));
    let flagged = || opening.iter().find_map(|file| flag(patterns, *file));
    let fixed = || opening.iter().find_map(|file| literal(patterns, *file));
    let mut found = read.or_else(flagged).or_else(fixed);
    if let Some(found) = found.as_mut().filter(|found| found.number.is_none()) {
        let beside = repository
            .text(&found.file)
            .and_then(|text| number(patterns, (&found.file, text)));
        let default = patterns.default.map(|value| {
            Number::new(
                value,
                format!("{} reads {}", found.file, found.variable.as_deref().unwrap_or("it")),
            )
        });
        found.number = beside.or(default);
    }
    // It opens a port, and which one is not seen.
    found.or_else(|| {
        let (file, text) = opening.first()?;
        let is_gin = kind == Kind::Go && text.contains(".Run()");
        Some(Listens {
            variable: is_gin.then(|| "PORT".to_owned()),
            argument: None,
            number: is_gin.then(|| Number::new(8080, format!("{file}: the default of Run()"))),
            file: (*file).to_owned(),
        })
    })
}

fn variable(patterns: &Patterns, (path, text): (&str, &str)) -> Option<Listens> {
    let found = pattern(patterns.variable).captures(text)?;
    let groups: Vec<&str> = found.iter().skip(1).flatten().map(|group| group.as_str()).collect();
    let name = groups.first()?;
    let whole = one_line(found.get(0)?.as_str());
    let number = groups.get(1).and_then(|digits| digits.parse().ok());
    Some(Listens {
        variable: Some((*name).to_owned()),
        argument: None,
        number: number.map(|value| Number::new(value, format!("{path}: {whole}"))),
        file: path.to_owned(),
    })
}

fn flag(patterns: &Patterns, (path, text): (&str, &str)) -> Option<Listens> {
    let found = pattern(patterns.flag?).captures(text)?;
    let (name, digits) = (found.get(1)?.as_str(), found.get(2)?.as_str());
    let value = if name == "port" || name == "p" {
        "${PORT}"
    } else {
        ":${PORT}"
    };
    Some(Listens {
        variable: None,
        argument: Some(vec![format!("-{name}"), value.to_owned()]),
        number: Some(Number::new(digits.parse().ok()?, format!("{path}: the flag `{name}`"))),
        file: path.to_owned(),
    })
}

fn literal(patterns: &Patterns, file: (&str, &str)) -> Option<Listens> {
    Some(Listens {
        variable: None,
        argument: None,
        number: Some(number(patterns, file)?),
        file: file.0.to_owned(),
    })
}

fn number(patterns: &Patterns, (path, text): (&str, &str)) -> Option<Number> {
    let found = pattern(patterns.literal).captures(text)?;
    let digits = found.iter().skip(1).flatten().next()?.as_str();
    let value = digits.parse().ok().filter(|number| *number > 0)?;
    Some(Number::new(value, format!("{path} has {value}")))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this file are valid")
}
