//! Replaces secrets in command lines of other processes with `***` before they are displayed.

/// The arguments with secret values masked: `--token X`, `--token=X`, `API_KEY=X`, `"password": "X"`,
/// `Authorization: X`, `scheme://user:X@host`, and tokens with a known vendor prefix (`ghp_…`).
///
/// Short options are not masked: `-p` may be a port or a password.
pub(crate) fn mask(command: &[String]) -> Vec<String> {
    let mut value_follows = false;
    command
        .iter()
        .map(|argument| {
            let follows = std::mem::replace(&mut value_follows, false);
            if follows && !argument.starts_with('-') {
                return MASK.to_owned();
            }
            value_follows = is_secret_option(argument);
            masked_text(argument)
        })
        .collect()
}

/// What stands for a secret.
pub(crate) const MASK: &str = "***";

/// Words in the name of a secret. `DB_PASSWORD`, `dbPassword` and `--db-password` all consist of `db password`.
const SECRET_WORDS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pass",
    "secret",
    "secrets",
    "token",
    "apikey",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "jwt",
];

/// Suffixes of a word in the name of a secret.
const SECRET_ENDS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "secretkey",
    "requirepass",
    "masterauth",
];

/// Words before `key` that make it the name of a secret.
const KEY_KINDS: [&str; 8] = [
    "api",
    "access",
    "private",
    "secret",
    "signing",
    "encryption",
    "master",
    "account",
];

/// Last words of names that refer to a secret without containing it, such as `--token-file`.
const HARMLESS_ENDS: [&str; 12] = [
    "file", "path", "dir", "stdin", "type", "ttl", "expiry", "expires", "length", "limit", "url", "endpoint",
];

/// Prefixes of secrets of well-known services.
const PREFIXES: [&str; 12] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk-ant-",
    "sk_live_",
    "npm_",
    "AKIA",
    "eyJ",
];

/// Whether the next argument is a secret value: after `--token`, not `--token=x`, `--no-password` or `--token-file`.
fn is_secret_option(argument: &str) -> bool {
    argument
        .strip_prefix("--")
        .or_else(|| argument.strip_prefix('-'))
        .is_some_and(|name| name.len() > 1 && name.chars().all(is_name) && is_secret(name))
}

/// Masks one argument, which may itself be a command line (`sh -c "…"`), a header, a URL or a connection string.
fn masked_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let name = &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())];
        if name.is_empty() {
            let (part, after) = userinfo(rest).unwrap_or_else(|| {
                let end = rest.chars().next().map_or(0, char::len_utf8);
                (rest[..end].to_owned(), &rest[end..])
            });
            shown += &part;
            rest = after;
        } else if is_known_secret(name) {
            shown += MASK;
            rest = &rest[name.len()..];
        } else {
            shown += name;
            rest = &rest[name.len()..];
            if is_secret(name)
                && let Some((separator, after)) = separator(name, rest)
            {
                shown += separator;
                let value = value(name, separator, after);
                if !value.is_empty() {
                    shown += MASK;
                }
                rest = &after[value.len()..];
            }
        }
    }
    shown
}

/// If `rest` starts with `://`: the user part of the URL with secrets masked, and the remaining text.
fn userinfo(rest: &str) -> Option<(String, &str)> {
    let authority = rest.strip_prefix("://")?;
    let end = authority
        .find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace())
        .unwrap_or(authority.len());
    let at = authority[..end].rfind('@')?;
    let (user, after) = (&authority[..at], &authority[at..]);
    match user.split_once(':') {
        // The user name may itself be a token: `https://ghp_…:x-oauth-basic@github.com`.
        Some((name, _)) if is_known_secret(name) => Some((format!("://{MASK}"), after)),
        Some((name, _)) => Some((format!("://{name}:{MASK}"), after)),
        // `git@` is a common user name; without a colon, 16 or more characters are a token.
        None => {
            let is_secret = is_known_secret(user) || user.len() >= 16;
            Some((format!("://{}", if is_secret { MASK } else { user }), after))
        }
    }
}

/// The text between a name and its value: `=`, `: `, `":"`, or the blanks after an option.
fn separator<'a>(name: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let quote = rest.len() - rest.trim_start_matches(['"', '\'']).len();
    let after = &rest[quote..];
    let signs = after.len() - after.trim_start_matches([' ', ':', '=']).len();
    let (separator, value) = rest.split_at(quote + signs);
    let told = separator.contains([':', '=']) && !value.starts_with("//");
    let option = name.starts_with('-') && separator.starts_with(' ') && !value.starts_with('-');
    (told || option).then_some((separator, value))
}

/// The value at the start of `text`, including quotes.
fn value<'a>(name: &str, separator: &str, text: &'a str) -> &'a str {
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let end = text[1..].find(quote).map_or(text.len(), |end| end + 2);
        return &text[..end];
    }
    // The value of a header may contain spaces: `Authorization: Bearer X`.
    let header = separator.starts_with(':')
        && split_words(name)
            .iter()
            .any(|word| word == "authorization" || word == "cookie");
    let end = text.find(|c: char| matches!(c, '&' | ';' | ',' | '"' | '\'' | '}') || (!header && c.is_whitespace()));
    &text[..end.unwrap_or(text.len())]
}

/// Whether a variable or option of this name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let words = split_words(name);
    // `PGPASSWORD`, `mytoken` and `requirepass` are single words.
    let ends = |word: &str| SECRET_ENDS.iter().any(|end| word.ends_with(end));
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let key = words
        .windows(2)
        .any(|pair| KEY_KINDS.contains(&pair[0].as_str()) && pair[1] == "key");
    // `PWD` alone is the shell's working directory.
    let pwd = words.len() > 1 && has(&["pwd"]);
    let harmless = words.first().is_some_and(|word| word == "no")
        || words.last().is_some_and(|word| HARMLESS_ENDS.contains(&word.as_str()));
    (has(&SECRET_WORDS) || words.iter().any(|word| ends(word)) || key || pwd) && !harmless
}

fn is_known_secret(name: &str) -> bool {
    name.len() >= 16 && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// `dbPassword`, `DB_PASSWORD` and `--db-password` → `db`, `password`.
fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_was_lower = false;
    for c in name.chars() {
        let starts_word = !c.is_alphanumeric() || (before_was_lower && c.is_uppercase());
        if starts_word && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before_was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
