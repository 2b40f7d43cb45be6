//! Names and numbers that meet, and text that was not meant for us.

use expect_test::expect;

use super::check;

#[test]
fn two_defaults_that_are_the_same_number() {
    check(
        r#"
== web/package.json
{"scripts": {"dev": "next dev"}, "dependencies": {"next": "16"}}
== api/package.json
{"scripts": {"dev": "node server.js"}, "dependencies": {"express": "5"}}
== api/server.js
app.listen(process.env.API_SERVER_PORT ?? 3000);
== api/.env
API_SERVER_PORT=3000
"#,
        expect![[r#"
            [project]
            name = "shop"

            # api/package.json: "dev": "node server.js"
            [services.api]
            command = "node server.js"
            working_dir = "api"
            port = "${API_SERVER_PORT:-3000}"            # api/.env: API_SERVER_PORT=3000
            depends_on = ["install-api"]

            # web/package.json: "dev": "next dev"
            [services.web]
            command = "npx next dev --port ${WEB_PORT}"
            working_dir = "web"
            port = "${WEB_PORT:-3001}"                   # the default of next, and 3000 is another service's
            depends_on = ["install-web"]

            # npm install, whenever api/package.json is newer than what it installed
            [tasks.install-api]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "api"

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"
        "#]],
    );
}

#[test]
fn ports_of_env_files_are_found_by_name_and_by_number() {
    check(
        r#"
== .env
SERVER_PORT=4001
export VITE_PORT="5199"
REDIS_PORT = 6390
SECRET=hunter2
== server/package.json
{"scripts": {"dev": "node index.js"}, "dependencies": {"express": "5", "redis": "5"}}
== server/index.js
const client = createClient({ url: process.env.REDIS_URL });
app.listen(process.env.PORT || 3000);
== client/package.json
{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # server/index.js: createClient(
            [services.redis]
            command = "redis-server --save '' --port ${REDIS_PORT}"
            port = "${REDIS_PORT:-6390}"                 # .env: REDIS_PORT=6390
            healthcheck = { tcp = true }

            # server/package.json: "dev": "node index.js"
            # server/index.js reads REDIS_URL
            [services.server]
            command = "node index.js"
            working_dir = "server"
            port = "${SERVER_PORT:-4001}"                # .env: SERVER_PORT=4001
            environment = { REDIS_URL = "redis://127.0.0.1:${services.redis.port}/0" }
            depends_on = ["install-server", "redis"]

            # client/package.json: "dev": "vite"
            [services.client]
            command = "npx vite --port ${VITE_PORT} --strictPort"
            working_dir = "client"
            port = "${VITE_PORT:-5199}"                  # .env: VITE_PORT=5199
            depends_on = ["install-client"]

            # npm install, whenever server/package.json is newer than what it installed
            [tasks.install-server]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "server"

            # npm install, whenever client/package.json is newer than what it installed
            [tasks.install-client]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "client"
        "#]],
    );
}

#[test]
fn what_others_wrote_ends_no_comment_and_no_string() {
    check(
        "== Procfile\nweb: python -c \"print('a\\\\b')\" \u{1b}[31m ${HOME} # \"\"\"\n== package.json\n{\"scripts\": {\"dev\": \"vite\\n[services.evil]\\ncommand = 'x'\"}, \"devDependencies\": {\"vite\": \"8\"}}\n",
        expect![[r#"
            [project]
            name = "shop"

            # Procfile: web: python -c "print('a\\b')" \x1b[31m ${HOME} # """
            [services.web]
            command = "python -c \"print('a\\\\b')\" \u001B[31m $${HOME} # \"\"\""
            shell = true

            # package.json: "dev": "vite\n[services.evil]\ncommand = 'x'"
            [services.frontend]
            command = "npx vite '[services.evil]' command '=' x --port ${FRONTEND_PORT} --strictPort"
            port = "${FRONTEND_PORT:-5173}"              # the default of vite
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
        "#]],
    );
}

#[test]
fn one_name_for_two() {
    check(
        r#"
== shop/web/package.json
{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
== admin/web/package.json
{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # admin/web/package.json: "dev": "vite"
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            working_dir = "admin/web"
            port = "${WEB_PORT:-5173}"                   # the default of vite
            depends_on = ["install-web"]

            # shop/web/package.json: "dev": "vite"
            [services.shop-web]
            command = "npx vite --port ${SHOP_WEB_PORT} --strictPort"
            working_dir = "shop/web"
            port = "${SHOP_WEB_PORT:-5174}"              # the default of vite, and 5173 is another service's
            depends_on = ["install-web-npm"]

            # npm install, whenever admin/web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "admin/web"

            # npm install, whenever shop/web/package.json is newer than what it installed
            [tasks.install-web-npm]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "shop/web"
        "#]],
    );
}

#[test]
fn a_frontend_is_told_where_its_backend_is() {
    check(
        r#"
== api/package.json
{"scripts": {"dev": "node server.js"}, "dependencies": {"express": "5"}}
== api/server.js
app.listen(process.env.PORT || 4000);
== web/package.json
{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
== web/vite.config.js
export default { server: { proxy: { "/api": process.env.API_URL ?? "http://localhost:4000" } } };
== web/src/client.ts
const base = import.meta.env.VITE_API || "http://localhost:4000/api/v1";
const other = "http://localhost:4000/unused";
"#,
        expect![[r#"
            [project]
            name = "shop"

            # api/package.json: "dev": "node server.js"
            [services.api]
            command = "node server.js"
            working_dir = "api"
            port = "${API_PORT:-4000}"                   # api/server.js: process.env.PORT || 4000
            depends_on = ["install-api"]

            # web/package.json: "dev": "vite"
            # web/src/client.ts reads VITE_API
            # web/vite.config.js reads API_URL
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            working_dir = "web"
            port = "${WEB_PORT:-5173}"                   # the default of vite
            environment = { VITE_API = "${services.api.url}/api/v1", API_URL = "${services.api.url}" }
            depends_on = ["install-web", "api"]

            # npm install, whenever api/package.json is newer than what it installed
            [tasks.install-api]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "api"

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"
        "#]],
    );
}

#[test]
fn a_database_that_only_an_env_file_names() {
    check(
        r#"
== requirements.txt
flask
== app.py
app = Flask(__name__)
== .env.example
DATABASE_URL=postgresql+psycopg://me:hunter2@localhost/shop
CACHE="redis://127.0.0.1:6390/0"
OTHER=https://localhost:9999
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            requirements = ["requirements.txt"]
            sync = true                                  # `up` creates it and installs requirements.txt

            # app.py: app = Flask(…)
            [services.backend]
            command = "python -m flask --app app run --debug --port ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-5000}"               # the default of flask

            # Not carried over, or left to you:
            # - .env.example: there is no .env yet; `cp .env.example .env`, and fill it in
            # - .env.example: DATABASE_URL names Postgres on port 5432, which nothing here starts; if it runs on this machine, add a service with `external = true` and `port = 5432`
            # - .env.example: CACHE names Redis on port 6390, which nothing here starts; if it runs on this machine, add a service with `external = true` and `port = 6390`
        "#]],
    );
}

#[test]
fn redis_where_an_env_file_has_it() {
    check(
        r#"
== requirements.txt
flask
redis
== app.py
cache = redis.from_url(os.environ["REDIS_URL"])
app = Flask(__name__)
== .env
REDIS_URL=redis://localhost:6390/2
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            requirements = ["requirements.txt"]
            sync = true                                  # `up` creates it and installs requirements.txt

            # app.py: redis.from_url(
            [services.redis]
            command = "redis-server --save '' --port ${REDIS_PORT}"
            port = "${REDIS_PORT:-6390}"                 # .env: REDIS_URL
            healthcheck = { tcp = true }

            # app.py: app = Flask(…)
            # `environment` wins over REDIS_URL of .env, and follows when `redis` moves
            [services.backend]
            command = "python -m flask --app app run --debug --port ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-5000}"               # the default of flask
            environment = { REDIS_URL = "redis://127.0.0.1:${services.redis.port}/2" }
            depends_on = ["redis"]
        "#]],
    );
}
