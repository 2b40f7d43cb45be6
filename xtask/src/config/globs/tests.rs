//! Globs → which files they match, and where those are looked for.

use std::path::Path;

use crate::expected::Expected;
use expect_test::expect;

use super::Globs;

/// Globs in `/shop/api`, and files → those that match, and the roots.
#[track_caller]
fn check(globs: &[&str], files: &[&str], expected: impl Expected) {
    let globs = Globs::new(Path::new("/shop/api"), globs);
    let text = match globs {
        Err(why) => format!("error: {why}"),
        Ok(globs) => {
            let matching = files.iter().filter(|file| globs.matches(Path::new(file)));
            let roots = globs.roots.iter().map(|root| {
                let depth = root.depth.map(|depth| format!(" to level {depth}"));
                format!("below {}{}", root.path.display(), depth.unwrap_or_default())
            });
            roots
                .chain(matching.map(|file| (*file).to_owned()))
                .collect::<Vec<_>>()
                .join("\n")
        }
    };
    expected.check(&text);
}

const FILES: &[&str] = &[
    "/shop/api/app.py",
    "/shop/api/src/app.py",
    "/shop/api/src/pkg/models.py",
    "/shop/api/src/pkg/page.html",
    "/shop/lib/money.py",
    "/shop/api/.env",
];

#[test]
fn two_stars_stand_for_any_number_of_directories() {
    check(
        &["src/**/*.py"],
        FILES,
        expect![[r#"
        below /shop/api/src
        /shop/api/src/app.py
        /shop/api/src/pkg/models.py"#]],
    );
}

#[test]
fn one_star_stays_in_its_directory() {
    check(
        &["*.py"],
        FILES,
        expect![[r#"
        below /shop/api to level 1
        /shop/api/app.py"#]],
    );
    check(
        &["src/*/*.{py,html}"],
        FILES,
        expect![[r#"
        below /shop/api/src
        /shop/api/src/pkg/models.py
        /shop/api/src/pkg/page.html"#]],
    );
}

#[test]
fn a_directory_stands_for_all_that_is_below_it() {
    check(
        &["src/"],
        FILES,
        expect![[r#"
        below /shop/api/src
        /shop/api/src/app.py
        /shop/api/src/pkg/models.py
        /shop/api/src/pkg/page.html"#]],
    );
    check(
        &["./src"],
        FILES,
        expect![[r#"
        below /shop/api/src
        /shop/api/src/app.py
        /shop/api/src/pkg/models.py
        /shop/api/src/pkg/page.html"#]],
    );
}

#[test]
fn a_file_stands_for_itself() {
    check(
        &[".env"],
        FILES,
        expect![[r#"
        below /shop/api/.env
        /shop/api/.env"#]],
    );
}

#[test]
fn what_is_excluded_later_does_not_match() {
    check(
        &["src", "!src/pkg"],
        FILES,
        expect![[r#"
        below /shop/api/src
        /shop/api/src/app.py"#]],
    );
    check(
        &["**/*.py", "!**/models.py"],
        FILES,
        expect![[r#"
        below /shop/api
        /shop/api/app.py
        /shop/api/src/app.py"#]],
    );
}

#[test]
fn a_glob_may_begin_above_its_directory() {
    check(
        &["../lib/*.py"],
        FILES,
        expect![[r#"
        below /shop/lib to level 1
        /shop/lib/money.py"#]],
    );
}

#[test]
fn what_is_no_glob_is_said() {
    check(&["src/[a"], FILES, expect!["error: `[` without `]`"]);
    check(
        &["src/{a"],
        FILES,
        expect!["error: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"],
    );
    check(&["/shop/api"], FILES, expect!["error: it must not begin with `/`"]);
    check(
        &["src/../lib"],
        FILES,
        expect!["error: `..` may stand only at its beginning"],
    );
    check(&["."], FILES, expect!["error: it names no file"]);
}
