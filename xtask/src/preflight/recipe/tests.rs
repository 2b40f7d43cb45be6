//! What a venv is made from, and its state → the commands as text.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use super::{Recipe, Source, Work, typed_on};
use crate::diagnostic::{Place, Platform};
use crate::expected::Expected;
use crate::plan::{Venv, VenvInputs, Versions};

/// The project is `/shop`, the venv `/shop/back end/.venv`. One line for each work, as typed on Unix.
#[track_caller]
fn check(recipe: &Recipe, python: Option<&str>, expected: Expect) {
    check_on(Platform::Linux, recipe, python, expected);
}

#[track_caller]
fn check_on(platform: Platform, recipe: &Recipe, python: Option<&str>, expected: Expect) {
    let venv = Venv {
        name: None,
        path: PathBuf::from("/shop/back end/.venv"),
        python: python.map(|text| Versions::parse(text).expect("it is one")),
        inputs: VenvInputs::Unknown,
        sync: false,
        place: Place {
            file: PathBuf::new().into(),
            line: 1,
            column: 1,
            source: String::new(),
            width: 1,
            table: String::new(),
        },
    };
    let line = |(name, work)| {
        let steps = recipe.steps(&venv, work);
        format!("{name}: {}", typed_on(platform, &steps, Path::new("/shop")))
    };
    let works = [("make", Work::Make), ("remake", Work::Remake), ("fill", Work::Fill)];
    expected.check(&works.map(line).join("\n"));
}

fn of(source: Source) -> Recipe {
    Recipe {
        source,
        ..Recipe::default()
    }
}

fn with_uv(source: Source) -> Recipe {
    Recipe { uv: true, ..of(source) }
}

fn files() -> Source {
    Source::Requirements(vec!["/shop/back end/base.txt".into(), "/etc/dev.txt".into()])
}

#[test]
fn powershell_has_a_syntax_of_its_own() {
    let pip = of(files());
    check_on(
        Platform::Windows,
        &pip,
        None,
        expect![[r#"
        make: python3 -m venv "back end/.venv"; & "back end/.venv/bin/python" -m pip install -r "back end/base.txt" -r /etc/dev.txt
        remake: python3 -m venv --clear "back end/.venv"; & "back end/.venv/bin/python" -m pip install -r "back end/base.txt" -r /etc/dev.txt
        fill: & "back end/.venv/bin/python" -m pip install -r "back end/base.txt" -r /etc/dev.txt"#]],
    );
    let uv = with_uv(Source::Uv("/shop/it's".into()));
    check_on(
        Platform::Windows,
        &uv,
        None,
        expect![[r#"
        make: $env:UV_PROJECT_ENVIRONMENT='/shop/back end/.venv'; uv sync --project "it's"
        remake: uv venv --clear --project "it's" "back end/.venv"; $env:UV_PROJECT_ENVIRONMENT='/shop/back end/.venv'; uv sync --project "it's"
        fill: $env:UV_PROJECT_ENVIRONMENT='/shop/back end/.venv'; uv sync --project "it's""#]],
    );
}

#[test]
fn pip_where_there_is_no_uv() {
    check(
        &of(files()),
        None,
        expect![[r#"
        make: python3 -m venv 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt
        remake: python3 -m venv --clear 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt
        fill: 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt"#]],
    );
    let found = Recipe {
        python: Some("python3.13".to_owned()),
        lacks_pip: true,
        ..of(files())
    };
    check(
        &found,
        Some(">=3.11"),
        expect![[r#"
        make: python3.13 -m venv 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt
        remake: python3.13 -m venv --clear 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt
        fill: 'back end/.venv/bin/python' -m ensurepip && 'back end/.venv/bin/python' -m pip install -r 'back end/base.txt' -r /etc/dev.txt"#]],
    );
    check(
        &of(Source::Nothing),
        Some(">=3.11"),
        expect![[r#"
        make: python3.11 -m venv 'back end/.venv'
        remake: python3.11 -m venv --clear 'back end/.venv'
        fill: "#]],
    );
}

#[test]
fn uv_where_it_is_there() {
    let lacks_pip = Recipe {
        lacks_pip: true,
        ..with_uv(files())
    };
    check(
        &lacks_pip,
        Some(">=3.11,<3.13"),
        expect![[r#"
        make: uv venv --python '>=3.11,<3.13' 'back end/.venv' && uv pip install --python 'back end/.venv/bin/python' -r 'back end/base.txt' -r /etc/dev.txt
        remake: uv venv --clear --python '>=3.11,<3.13' 'back end/.venv' && uv pip install --python 'back end/.venv/bin/python' -r 'back end/base.txt' -r /etc/dev.txt
        fill: uv pip install --python 'back end/.venv/bin/python' -r 'back end/base.txt' -r /etc/dev.txt"#]],
    );
    check(
        &with_uv(Source::Nothing),
        None,
        expect![[r#"
        make: uv venv 'back end/.venv'
        remake: uv venv --clear 'back end/.venv'
        fill: "#]],
    );
}

#[test]
fn a_project_by_its_own_tool() {
    check(
        &with_uv(Source::Uv("/shop/back end".into())),
        None,
        expect![[r#"
        make: uv sync --project 'back end'
        remake: uv venv --clear --project 'back end' 'back end/.venv' && uv sync --project 'back end'
        fill: uv sync --project 'back end'"#]],
    );
    check(
        &with_uv(Source::Uv("/shop".into())),
        Some("3.12"),
        expect![[r#"
        make: UV_PROJECT_ENVIRONMENT='/shop/back end/.venv' uv sync --project . --python 3.12
        remake: uv venv --clear --python 3.12 --project . 'back end/.venv' && UV_PROJECT_ENVIRONMENT='/shop/back end/.venv' uv sync --project . --python 3.12
        fill: UV_PROJECT_ENVIRONMENT='/shop/back end/.venv' uv sync --project . --python 3.12"#]],
    );
    check(
        &with_uv(Source::Poetry("/shop".into())),
        None,
        expect![[r#"
        make: python3 -m venv 'back end/.venv' && VIRTUAL_ENV='/shop/back end/.venv' poetry install --no-interaction --directory .
        remake: python3 -m venv --clear 'back end/.venv' && VIRTUAL_ENV='/shop/back end/.venv' poetry install --no-interaction --directory .
        fill: VIRTUAL_ENV='/shop/back end/.venv' poetry install --no-interaction --directory ."#]],
    );
}

#[test]
fn a_pyproject_without_a_lock_file() {
    check(
        &of(Source::Package("/shop".into())),
        None,
        expect![[r#"
        make: python3 -m venv 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -e .
        remake: python3 -m venv --clear 'back end/.venv' && 'back end/.venv/bin/python' -m pip install -e .
        fill: 'back end/.venv/bin/python' -m pip install -e ."#]],
    );
    let names = vec!["fastapi>=0.100".to_owned(), "uvicorn[standard]".to_owned()];
    check(
        &with_uv(Source::Dependencies(names)),
        None,
        expect![[r#"
        make: uv venv 'back end/.venv' && uv pip install --python 'back end/.venv/bin/python' 'fastapi>=0.100' 'uvicorn[standard]'
        remake: uv venv --clear 'back end/.venv' && uv pip install --python 'back end/.venv/bin/python' 'fastapi>=0.100' 'uvicorn[standard]'
        fill: uv pip install --python 'back end/.venv/bin/python' 'fastapi>=0.100' 'uvicorn[standard]'"#]],
    );
    check(
        &of(Source::Dependencies(Vec::new())),
        None,
        expect![[r#"
        make: python3 -m venv 'back end/.venv'
        remake: python3 -m venv --clear 'back end/.venv'
        fill: "#]],
    );
}
