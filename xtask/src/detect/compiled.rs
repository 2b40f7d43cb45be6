//! Go, Rust, Ruby, Java and PHP: the command that each framework's own guide starts it with.

use super::listens::listens;
use super::program::{Origin, Program};
use super::repository::{Repository, base, join, parent};
use super::tool::Kind;

pub(crate) fn programs(repository: &Repository) -> Vec<Program> {
    [
        go(repository),
        rust(repository),
        ruby(repository),
        java(repository),
        php(repository),
    ]
    .concat()
}

fn go(repository: &Repository) -> Vec<Program> {
    let mut found = Vec::new();
    for (manifest, _) in repository.named("go.mod") {
        let module = parent(manifest);
        if let Some(settings) = [".air.toml", ".air.conf"]
            .map(|name| join(module, name))
            .into_iter()
            .find(|path| repository.has(path))
            && repository.commands.contains("air")
        {
            found.push(Program::new(Origin::Guess, module, "air", settings));
            continue;
        }
        let mains = repository.sources(module, &["go"]).into_iter();
        let mut packages: Vec<&str> = Vec::new();
        for (path, _) in mains
            .filter(|(_, text)| text.lines().any(|line| line.trim() == "package main") && text.contains("func main("))
        {
            let directory = parent(path);
            let below = super::repository::below(module, directory).or_else(|| (directory == module).then_some(""));
            let Some(below) = below.filter(|_| !packages.contains(&directory)) else {
                continue;
            };
            packages.push(directory);
            // A command that opens no port is a tool.
            let opens = listens(repository, directory, Some(path), Kind::Go).is_some()
                || directory == module && listens(repository, module, None, Kind::Go).is_some();
            let is_server = ["server", "api", "web", "app"].contains(&base(directory))
                && listens(repository, module, None, Kind::Go).is_some();
            if opens || is_server {
                let target = if below.is_empty() {
                    ".".to_owned()
                } else {
                    format!("./{below}")
                };
                let mut program = Program::new(
                    Origin::Guess,
                    module,
                    format!("go run {target}"),
                    format!("{path}: func main"),
                );
                program.name = (!below.is_empty()).then(|| base(directory).to_owned());
                found.push(program);
            }
        }
    }
    found
}

fn rust(repository: &Repository) -> Vec<Program> {
    const FRAMEWORKS: [&str; 10] = [
        "axum",
        "actix-web",
        "rocket",
        "warp",
        "poem",
        "hyper",
        "tonic",
        "salvo",
        "tide",
        "ntex",
    ];
    let of_package = |(manifest, text): (&str, &str)| {
        let directory = parent(manifest);
        let main = join(directory, "src/main.rs");
        let source = repository.text(&main).filter(|_| text.contains("[package]"))?;
        // Many a program opens a port in its tests.
        let is_listed = |line: &str| FRAMEWORKS.iter().any(|name| line.trim_start().starts_with(name));
        let is_server = text.lines().any(is_listed) || source.contains("TcpListener");
        listens(repository, directory, Some(&main), Kind::Rust).filter(|_| is_server)?;
        let why = format!("{main} opens a port");
        Some(Program::new(Origin::Guess, directory, "cargo run", why))
    };
    repository
        .named("Cargo.toml")
        .into_iter()
        .filter_map(of_package)
        .collect()
}

fn ruby(repository: &Repository) -> Vec<Program> {
    let mut found = Vec::new();
    for (gemfile, text) in repository.named("Gemfile") {
        let directory = parent(gemfile);
        let has = |path: &str| repository.has(&join(directory, path));
        let gem = |name: &str| {
            text.lines().any(|line| {
                line.trim_start().starts_with(&format!("gem \"{name}\""))
                    || line.trim_start().starts_with(&format!("gem '{name}'"))
            })
        };
        if gem("rails") && has("bin/rails") {
            found.push(Program::new(
                Origin::Guess,
                directory,
                "bin/rails server",
                format!("{gemfile}: gem \"rails\""),
            ));
        } else if has("config.ru") {
            let server = if gem("puma") {
                "bundle exec puma"
            } else {
                "bundle exec rackup"
            };
            found.push(Program::new(
                Origin::Guess,
                directory,
                server,
                join(directory, "config.ru"),
            ));
        }
        if gem("sidekiq") {
            found.push(
                Program::new(
                    Origin::Guess,
                    directory,
                    "bundle exec sidekiq",
                    format!("{gemfile}: gem \"sidekiq\""),
                )
                .named("worker"),
            );
        }
    }
    found
}

fn java(repository: &Repository) -> Vec<Program> {
    let mut found = Vec::new();
    for name in ["pom.xml", "build.gradle", "build.gradle.kts"] {
        for (manifest, text) in repository.named(name) {
            if !text.contains("spring-boot") && !text.contains("org.springframework.boot") {
                continue;
            }
            let directory = parent(manifest);
            // Some projects can be built by either.
            if found.iter().any(|program: &Program| program.directory == directory) {
                continue;
            }
            let has = |path: &str| repository.has(&join(directory, path));
            let line = match name {
                "pom.xml" if has("mvnw") => "./mvnw spring-boot:run",
                "pom.xml" => "mvn spring-boot:run",
                _ if has("gradlew") => "./gradlew bootRun",
                _ => "gradle bootRun",
            };
            found.push(Program::new(
                Origin::Guess,
                directory,
                line,
                format!("{manifest}: spring-boot"),
            ));
        }
    }
    found
}

fn php(repository: &Repository) -> Vec<Program> {
    let mut found = Vec::new();
    for (manifest, text) in repository.named("composer.json") {
        let directory = parent(manifest);
        if repository.has(&join(directory, "artisan")) {
            found.push(Program::new(
                Origin::Guess,
                directory,
                "php artisan serve",
                join(directory, "artisan"),
            ));
        } else if repository.has(&join(directory, "public/index.php")) && !text.is_empty() {
            let line = "php -S 127.0.0.1:8000 -t public";
            found.push(Program::new(
                Origin::Guess,
                directory,
                line,
                join(directory, "public/index.php"),
            ));
        }
    }
    found
}
