//! Known programs: what they are for, which port they take unless told otherwise, and how they are told.

/// What a program is there for. Two programs of one directory with the same role are the same program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Python, Go, Rust, Ruby, Java, PHP.
    Server,
    /// JavaScript that answers requests itself.
    NodeServer,
    /// What serves pages to a browser while they are written.
    Frontend,
    Worker,
    Scheduler,
    Redis,
    Other,
}

/// How a program is told its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortForm {
    /// `--port 8000`, with these spellings; the first one is added.
    Flag(&'static [&'static str]),
    /// `--bind 127.0.0.1:8000`.
    Bind(&'static [&'static str]),
    /// `runserver 8000`, as the word after this one.
    After(&'static str),
    /// A variable; `PORT` is set for every service.
    Variable(&'static str),
    None,
}

/// One known program.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The words that it is known by; the first is the program.
    words: &'static [&'static str],
    /// Words that are another use of the program.
    not: &'static [&'static str],
    pub(crate) role: Role,
    pub(crate) port: Option<u16>,
    pub(crate) form: PortForm,
    /// Added if it is missing.
    pub(crate) needs: &'static [&'static str],
    pub(crate) kind: Kind,
}

impl Tool {
    /// As people call it.
    pub(crate) fn title(&self) -> &'static str {
        match self.name() {
            "manage.py" => "Django",
            "artisan" => "Laravel",
            "mvnw" | "mvn" | "gradlew" | "gradle" => "Spring Boot",
            name => name,
        }
    }

    /// `vite`; `manage.py` for Django.
    pub(crate) fn name(&self) -> &'static str {
        self.words[0]
    }
}

/// Where a program comes from, and whose sources may tell its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Python,
    /// In node_modules.
    NodeModule,
    /// Sources in these languages tell the port.
    Javascript,
    Go,
    Rust,
    Other,
}

const PORT: &[&str] = &["--port", "-p"];
const BUILD: &[&str] = &[
    "build",
    "preview",
    "generate",
    "check",
    "optimize",
    "lint",
    "info",
    "sync",
    "--version",
    "--help",
    "test",
];

const fn tool(words: &'static [&'static str], role: Role, port: u16, form: PortForm, kind: Kind) -> Tool {
    let port = if port == 0 { None } else { Some(port) };
    Tool {
        words,
        not: BUILD,
        role,
        port,
        form,
        needs: &[],
        kind,
    }
}

const fn needing(needs: &'static [&'static str], tool: Tool) -> Tool {
    Tool { needs, ..tool }
}

static TOOLS: &[Tool] = {
    use Kind::{Go, Javascript, NodeModule, Other, Python, Rust};
    use PortForm::{After, Bind, Flag, None, Variable};
    use Role::{Frontend, NodeServer, Redis, Scheduler, Server, Worker};
    &[
        tool(&["uvicorn"], Server, 8000, Flag(&["--port"]), Python),
        tool(&["fastapi", "dev"], Server, 8000, Flag(&["--port"]), Python),
        tool(&["fastapi", "run"], Server, 8000, Flag(&["--port"]), Python),
        tool(&["granian"], Server, 8000, Flag(&["--port"]), Python),
        tool(&["daphne"], Server, 8000, Flag(&["-p", "--port"]), Python),
        tool(&["hypercorn"], Server, 8000, Bind(&["--bind", "-b"]), Python),
        tool(&["gunicorn"], Server, 8000, Bind(&["--bind", "-b"]), Python),
        tool(&["waitress-serve"], Server, 8080, Flag(&["--port"]), Python),
        tool(&["flask", "run"], Server, 5000, Flag(&["--port", "-p"]), Python),
        tool(&["manage.py", "runserver"], Server, 8000, After("runserver"), Python),
        tool(
            &["manage.py", "runserver_plus"],
            Server,
            8000,
            After("runserver_plus"),
            Python,
        ),
        tool(&["manage.py", "rqworker"], Worker, 0, None, Python),
        tool(&["manage.py", "qcluster"], Worker, 0, None, Python),
        tool(&["streamlit", "run"], Server, 8501, Flag(&["--server.port"]), Python),
        tool(&["celery", "worker"], Worker, 0, None, Python),
        tool(&["celery", "beat"], Scheduler, 0, None, Python),
        tool(&["celery", "flower"], Server, 5555, Flag(&["--port"]), Python),
        tool(&["rq", "worker"], Worker, 0, None, Python),
        tool(&["arq"], Worker, 0, None, Python),
        tool(&["dramatiq"], Worker, 0, None, Python),
        needing(
            &["--strictPort"],
            tool(&["vite"], Frontend, 5173, Flag(&["--port"]), NodeModule),
        ),
        needing(
            &["--strictPort"],
            tool(&["react-router", "dev"], Frontend, 5173, Flag(&["--port"]), NodeModule),
        ),
        needing(
            &["--strictPort"],
            tool(&["remix", "vite:dev"], Frontend, 5173, Flag(&["--port"]), NodeModule),
        ),
        tool(&["remix", "dev"], Frontend, 3000, Variable("PORT"), NodeModule),
        tool(
            &["nitropack", "dev"],
            NodeServer,
            3000,
            Flag(&["--port", "-p"]),
            NodeModule,
        ),
        tool(&["next", "dev"], Frontend, 3000, Flag(PORT), NodeModule),
        tool(&["next", "start"], Frontend, 3000, Flag(PORT), NodeModule),
        tool(&["nuxt", "dev"], Frontend, 3000, Flag(PORT), NodeModule),
        tool(&["nuxi", "dev"], Frontend, 3000, Flag(PORT), NodeModule),
        tool(&["astro", "dev"], Frontend, 4321, Flag(&["--port"]), NodeModule),
        tool(&["astro", "start"], Frontend, 4321, Flag(&["--port"]), NodeModule),
        tool(&["ng", "serve"], Frontend, 4200, Flag(&["--port"]), NodeModule),
        tool(
            &["vue-cli-service", "serve"],
            Frontend,
            8080,
            Flag(&["--port"]),
            NodeModule,
        ),
        tool(
            &["react-scripts", "start"],
            Frontend,
            3000,
            Variable("PORT"),
            NodeModule,
        ),
        tool(&["craco", "start"], Frontend, 3000, Variable("PORT"), NodeModule),
        tool(&["webpack", "serve"], Frontend, 8080, Flag(&["--port"]), NodeModule),
        tool(&["webpack-dev-server"], Frontend, 8080, Flag(&["--port"]), NodeModule),
        tool(&["rsbuild", "dev"], Frontend, 3000, Flag(&["--port"]), NodeModule),
        tool(&["gatsby", "develop"], Frontend, 8000, Flag(PORT), NodeModule),
        tool(&["parcel"], Frontend, 1234, Flag(PORT), NodeModule),
        tool(&["vitepress", "dev"], Frontend, 5173, Flag(&["--port"]), NodeModule),
        tool(
            &["docusaurus", "start"],
            Frontend,
            3000,
            Flag(&["--port", "-p"]),
            NodeModule,
        ),
        tool(&["http-server"], Frontend, 8080, Flag(&["-p", "--port"]), NodeModule),
        tool(&["live-server"], Frontend, 8080, Flag(&["--port"]), NodeModule),
        tool(&["json-server"], NodeServer, 3000, Flag(&["--port", "-p"]), NodeModule),
        tool(&["wrangler", "dev"], NodeServer, 8787, Flag(&["--port"]), NodeModule),
        tool(&["strapi", "develop"], NodeServer, 1337, Variable("PORT"), NodeModule),
        tool(&["nest", "start"], NodeServer, 3000, Variable("PORT"), Javascript),
        tool(&["nodemon"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["node"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["tsx"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["ts-node"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["ts-node-dev"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["bun"], NodeServer, 0, Variable("PORT"), Javascript),
        tool(&["go", "run"], Server, 0, Variable("PORT"), Go),
        tool(&["air"], Server, 0, Variable("PORT"), Go),
        tool(&["cargo", "run"], Server, 0, Variable("PORT"), Rust),
        tool(&["cargo", "watch"], Server, 0, Variable("PORT"), Rust),
        tool(&["rails", "server"], Server, 3000, Flag(&["-p", "--port"]), Other),
        tool(&["rails", "s"], Server, 3000, Flag(&["-p", "--port"]), Other),
        tool(&["puma"], Server, 9292, Flag(&["-p", "--port"]), Other),
        tool(&["rackup"], Server, 9292, Flag(&["-p", "--port"]), Other),
        tool(&["thin", "start"], Server, 3000, Flag(&["-p", "--port"]), Other),
        tool(&["sidekiq"], Worker, 0, None, Other),
        tool(&["artisan", "serve"], Server, 8000, Flag(&["--port"]), Other),
        tool(&["artisan", "queue:work"], Worker, 0, None, Other),
        tool(&["artisan", "queue:listen"], Worker, 0, None, Other),
        tool(&["artisan", "schedule:work"], Scheduler, 0, None, Other),
        tool(&["php", "-S"], Server, 8000, Bind(&["-S"]), Other),
        tool(
            &["mvnw", "spring-boot:run"],
            Server,
            8080,
            Variable("SERVER_PORT"),
            Other,
        ),
        tool(
            &["mvn", "spring-boot:run"],
            Server,
            8080,
            Variable("SERVER_PORT"),
            Other,
        ),
        tool(&["gradlew", "bootRun"], Server, 8080, Variable("SERVER_PORT"), Other),
        tool(&["gradle", "bootRun"], Server, 8080, Variable("SERVER_PORT"), Other),
        tool(&["mix", "phx.server"], Server, 4000, Variable("PORT"), Other),
        tool(&["redis-server"], Redis, 6379, Flag(&["--port"]), Other),
    ]
};

/// What is told its port by `--port`, whatever it is.
static ANY: Tool = tool(&[""], Role::Server, 0, PortForm::Flag(&["--port"]), Kind::NodeModule);

/// The tool that these words run, if its name is known.
pub(crate) fn known(words: &[String]) -> Option<&'static Tool> {
    tool_of(words).filter(|tool| !tool.name().is_empty())
}

/// The tool that these words run, without interpreters and paths.
pub(crate) fn tool_of(words: &[String]) -> Option<&'static Tool> {
    let plain = without_interpreter(words);
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let first = name(plain.first()?);
    let fits = |tool: &&Tool| {
        let (program, rest) = tool.words.split_first().expect("a tool has a name");
        let has = |word: &&str| plain[1..].iter().any(|it| it == *word);
        let is_other = plain.get(1).is_some_and(|word| tool.not.contains(&word.as_str()));
        first == *program && rest.iter().all(has) && !is_other
    };
    let has_port = || plain.iter().any(|word| word == "--port" || word.starts_with("--port="));
    TOOLS.iter().find(fits).or_else(|| has_port().then_some(&ANY))
}

/// `python -m uvicorn app:app` → `uvicorn app:app`, `bundle exec puma` → `puma`.
fn without_interpreter(words: &[String]) -> &[String] {
    let refs: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_python = |word: &str| word.rsplit('/').next().is_some_and(|name| name.starts_with("python"));
    let n = match refs.as_slice() {
        [python, "-m", ..] if is_python(python) => 2,
        [python, script, ..] if is_python(python) && script.ends_with("manage.py") => 1,
        ["php", script, ..] if script.ends_with("artisan") => 1,
        ["bundle", "exec", ..] => 2,
        ["ruby", script, ..] if script.ends_with("rails") => 1,
        ["sh" | "bash", script, ..] if script.ends_with("mvnw") || script.ends_with("gradlew") => 1,
        ["pnpm" | "yarn", "exec" | "run", _, ..] => 2,
        ["npx" | "bunx", _, ..] => 1,
        _ => 0,
    };
    &words[n..]
}
