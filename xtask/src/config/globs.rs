//! The globs of `watch`: which files they match, and where those can lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The globs of one service.
#[derive(Debug)]
pub(crate) struct Globs {
    /// By the directory in which they begin.
    matchers: BTreeMap<PathBuf, Gitignore>,
    pub(crate) roots: Vec<Root>,
}

/// A place below which matching files can lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// The directory in which the glob begins.
    pub(crate) base: PathBuf,
    /// `base` and the components before the first wildcard; a file or a directory.
    pub(crate) path: PathBuf,
    /// How many levels below `path`; `None` without a limit.
    pub(crate) depth: Option<usize>,
}

impl Globs {
    /// `directory` is where relative globs begin.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(crate) fn new(directory: &Path, globs: &[impl AsRef<str>]) -> Result<Self, String> {
        let mut builders: BTreeMap<PathBuf, GitignoreBuilder> = BTreeMap::new();
        let mut roots: Vec<Root> = Vec::new();
        for glob in globs {
            let Glob { excludes, up, rest } = Glob::parse(glob.as_ref())?;
            let base = directory.ancestors().nth(up).unwrap_or(Path::new("/")).to_owned();
            let builder = builders
                .entry(base.clone())
                .or_insert_with(|| GitignoreBuilder::new(&base));
            let sign = if excludes { "!" } else { "" };
            let is_literal = !rest.contains(WILDCARDS);
            // A directory stands for all that is below it.
            let lines = [Some(""), is_literal.then_some("/**")];
            for end in lines.into_iter().flatten() {
                let added = builder.add_line(None, &format!("{sign}/{rest}{end}"));
                added.map_err(|error| cause(&error))?;
            }
            if !excludes {
                roots.push(Root::new(base, &rest));
            }
        }
        let built = builders
            .into_iter()
            .map(|(base, builder)| Ok((base, builder.build().map_err(|error| cause(&error))?)));
        roots.dedup();
        Ok(Globs {
            matchers: built.collect::<Result<_, String>>()?,
            roots,
        })
    }

    /// Whether the file at this absolute path is watched, unless it is ignored.
    pub(crate) fn matches(&self, file: &Path) -> bool {
        let mut matchers = self.matchers.iter().filter(|(base, _)| file.starts_with(base));
        matchers.any(|(_, globs)| globs.matched(file, false).is_ignore())
    }
}

impl Root {
    fn new(base: PathBuf, rest: &str) -> Self {
        let components: Vec<&str> = rest.split('/').collect();
        let is_literal = |part: &&&str| !part.contains(WILDCARDS);
        let n_literal = components.iter().take_while(is_literal).count();
        let wild = &components[n_literal..];
        // The alternatives of `{a,b/c}` may have several components.
        let is_deep = wild.is_empty() || wild.iter().any(|part| part.contains("**") || part.contains('{'));
        let path = components[..n_literal]
            .iter()
            .fold(base.clone(), |path, part| path.join(part));
        Root {
            base,
            path,
            depth: (!is_deep).then_some(wild.len()),
        }
    }
}

const WILDCARDS: [char; 5] = ['*', '?', '[', '{', '\\'];

/// `!../lib/**/*.py`: excludes, one directory up, `lib/**/*.py`.
struct Glob {
    excludes: bool,
    up: usize,
    rest: String,
}

impl Glob {
    fn parse(text: &str) -> Result<Self, String> {
        let (excludes, text) = match text.strip_prefix('!') {
            Some(text) => (true, text),
            None => (false, text),
        };
        if text.starts_with('/') {
            return Err("it must not begin with `/`".to_owned());
        }
        let mut parts: Vec<&str> = text.split('/').filter(|part| !["", "."].contains(part)).collect();
        let up = parts.iter().take_while(|part| **part == "..").count();
        parts.drain(..up);
        if parts.contains(&"..") {
            return Err("`..` may stand only at its beginning".to_owned());
        }
        // To git it would be a plain letter.
        if text.rfind('[') > text.rfind(']') {
            return Err("`[` without `]`".to_owned());
        }
        match parts.is_empty() {
            true => Err("it names no file".to_owned()),
            false => Ok(Glob {
                excludes,
                up,
                rest: parts.join("/"),
            }),
        }
    }
}

/// What a matcher says of a bad glob, without repeating the glob.
fn cause(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
