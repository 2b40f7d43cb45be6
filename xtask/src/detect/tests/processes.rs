//! Which processes of a list open a port, and with what they are started.

use expect_test::expect;

use super::check;

#[test]
fn only_the_file_that_is_started_tells_of_a_port() {
    check(
        r#"
== Procfile
web: node server.js
worker: node worker.js
css: cd web && node watch.js
jobs: node jobs/queue.js
scheduler: node dist/cron.js
mails: node --require ./trace.js dist/mails.js
== package.json
{"main": "server.js", "scripts": {"start": "node server.js"}}
== server.js
const settings = require("./settings");
require("./http")(settings);
== http.js
module.exports = (settings) => require("http").createServer(answer).listen(settings.port);
== settings.js
exports.port = process.env.PORT||3000;
== worker.js
setInterval(work, 1000);
== trace.js
== web/watch.js
require("./paths");
== web/paths.js
== web/server.js
app.listen(process.env.PORT || 4000);
== jobs/queue.js
import "./redis.js";
== jobs/redis.ts
import { Worker } from "bullmq";
== src/mails.ts
import { send } from "./send";
== src/send.ts
"#,
        expect![[r#"
            [project]
            name = "shop"

            # Procfile: web: node server.js
            # package.json: "start": "node server.js"
            [services.web]
            command = "node server.js"
            port = "${WEB_PORT:-3000}"                   # settings.js: process.env.PORT||3000

            # Procfile: worker: node worker.js
            [services.worker]
            command = "node worker.js"

            # Procfile: jobs: node jobs/queue.js
            [services.jobs]
            command = "node jobs/queue.js"

            # Procfile: scheduler: node dist/cron.js
            [services.scheduler]
            command = "node dist/cron.js"

            # Procfile: css: cd web && node watch.js
            [services.css]
            command = "node watch.js"
            working_dir = "web"

            # Procfile: mails: node --require ./trace.js dist/mails.js
            [services.mails]
            command = "node --require ./trace.js dist/mails.js"
        "#]],
    );
}

#[test]
fn a_worker_with_a_port_of_its_own_keeps_it() {
    check(
        r#"
== Procfile
web: node server.js
worker: node worker.js
queue: PORT=3100 node dist/queue.js
== package.json
{}
== server.js
app.listen(process.env.PORT || 3000);
== worker.js
require("http").createServer(metrics).listen(process.env.METRICS_PORT || 9100);
"#,
        expect![[r#"
            [project]
            name = "shop"

            # Procfile: web: node server.js
            # server.js opens a port
            [services.web]
            command = "node server.js"
            port = "${WEB_PORT:-3000}"                   # server.js: process.env.PORT || 3000

            # Procfile: worker: node worker.js
            [services.worker]
            command = "node worker.js"
            port = "${METRICS_PORT:-9100}"               # worker.js: process.env.METRICS_PORT || 9100

            # Procfile: queue: PORT=3100 node dist/queue.js
            [services.queue]
            command = "node dist/queue.js"
            port = "${QUEUE_PORT:-3100}"                 # PORT=3100
        "#]],
    );
}

#[test]
fn what_a_file_loads_by_an_alias_tells_of_a_port() {
    check(
        r#"
== Procfile
api: tsx watch src/main.ts
mails: tsx src/mails.ts
== package.json
{}
== src/main.ts
import { start } from "@/http/server";
== src/http/server.ts
app.listen(process.env.PORT || 4000);
== src/mails.ts
import { send } from "~/lib/send";
import { shop } from "@shop/server";
== lib/send.ts
"#,
        expect![[r#"
            [project]
            name = "shop"

            # Procfile: api: tsx watch src/main.ts
            [services.api]
            command = "tsx watch src/main.ts"
            port = "${API_PORT:-4000}"                   # src/http/server.ts: process.env.PORT || 4000

            # Procfile: mails: tsx src/mails.ts
            [services.mails]
            command = "tsx src/mails.ts"
        "#]],
    );
}

#[test]
fn a_worker_of_python_opens_no_port() {
    check(
        r#"
== Procfile
web: python app.py
worker: python worker.py
cron: python -m jobs.cron
queue: go run ./cmd/queue
== requirements.txt
flask
== app.py
app.run(port=int(os.environ.get("PORT", 5000)))
== worker.py
while True: work()
== jobs/cron.py
schedule.every().hour.do(work)
== go.mod
module shop
== cmd/queue/main.go
package main
== cmd/api/main.go
func main() { http.ListenAndServe(":"+os.Getenv("PORT"), nil) }
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            requirements = ["requirements.txt"]
            sync = true                                  # `up` creates it and installs requirements.txt

            # Procfile: web: python app.py
            [services.web]
            command = "python app.py"
            venv = "python"
            port = "${WEB_PORT:-5000}"                   # app.py: environ.get("PORT", 5000

            # Procfile: worker: python worker.py
            [services.worker]
            command = "python worker.py"
            venv = "python"

            # Procfile: cron: python -m jobs.cron
            [services.cron]
            command = "python -m jobs.cron"
            venv = "python"

            # Procfile: queue: go run ./cmd/queue
            [services.queue]
            command = "go run ./cmd/queue"
        "#]],
    );
}

#[test]
fn redis_follows_although_an_env_file_has_its_address() {
    check(
        r#"
== requirements.txt
django
celery
redis
== manage.py
import django
== shop/celery.py
app = Celery("shop")
== shop/settings.py
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")
CACHE = os.environ["REDIS_URL"]
== .env
SECRET_KEY=hunter2
REDIS_URL="redis://localhost:6379/1" # mine
CELERY_BROKER_URL=redis://127.0.0.1:6379/0
OTHER_REDIS_URL=redis://localhost:6400/0
SESSIONS=redis://me:hunter2@localhost:6379/3
ELSEWHERE_REDIS_URL=redis://cache.example.com:6379/0
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            requirements = ["requirements.txt"]
            sync = true                                  # `up` creates it and installs requirements.txt

            # shop/settings.py: redis://localhost
            [services.redis]
            command = "redis-server --save '' --port ${REDIS_PORT}"
            port = "${REDIS_PORT:-6379}"                 # .env: REDIS_URL
            healthcheck = { tcp = true }

            # manage.py
            # `environment` wins over REDIS_URL, CELERY_BROKER_URL of .env, and follows when `redis` moves
            [services.backend]
            command = "python manage.py runserver ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-8000}"               # the default of Django
            environment = { REDIS_URL = "redis://127.0.0.1:${services.redis.port}/1", CELERY_BROKER_URL = "redis://127.0.0.1:${services.redis.port}/0" }
            depends_on = ["redis"]

            # shop/celery.py: app = Celery(…)
            # `environment` wins over REDIS_URL, CELERY_BROKER_URL of .env, and follows when `redis` moves
            [services.worker]
            command = "python -m celery -A shop worker --loglevel INFO"
            venv = "python"
            environment = { REDIS_URL = "redis://127.0.0.1:${services.redis.port}/1", CELERY_BROKER_URL = "redis://127.0.0.1:${services.redis.port}/0" }
            depends_on = ["redis"]

            # It runs when it is asked for; `depends_on = ["migrate"]` of a service runs it at every start.
            [tasks.migrate]
            command = "python manage.py migrate"
            venv = "python"

            # Not carried over, or left to you:
            # - .env: OTHER_REDIS_URL names Redis on port 6400, which nothing here starts; if it runs on this machine, add a service with `external = true` and `port = 6400`
        "#]],
    );
}

#[test]
fn an_address_that_another_env_file_replaces_stays() {
    check(
        r#"
== requirements.txt
flask
redis
== app.py
cache = redis.from_url(os.environ["REDIS_URL"])
app = Flask(__name__)
== .env
REDIS_URL=redis://localhost:6379/1
== .env.local
REDIS_URL=redis://cache.example.com:6379/1
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
            port = "${REDIS_PORT:-6379}"                 # .env: REDIS_URL
            healthcheck = { tcp = true }

            # app.py: app = Flask(…)
            [services.backend]
            command = "python -m flask --app app run --debug --port ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-5000}"               # the default of flask
            depends_on = ["redis"]
        "#]],
    );
}

#[test]
fn what_finds_a_program_stays_where_no_package_brings_it() {
    check(
        r#"
== Procfile
web: npx vite
css: npx -y tailwindcss -w
icons: bunx --bun iconify watch
docs: pnpm dlx serve-docs
links: npx @shop/links watch
== package.json
{"devDependencies": {"vite": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # Procfile: css: npx -y tailwindcss -w
            [services.css]
            command = "npx -y tailwindcss -w"
            depends_on = ["install"]

            # Procfile: icons: bunx --bun iconify watch
            [services.icons]
            command = "bunx --bun iconify watch"
            depends_on = ["install"]

            # Procfile: docs: pnpm dlx serve-docs
            [services.docs]
            command = "pnpm dlx serve-docs"
            depends_on = ["install"]

            # Procfile: links: npx @shop/links watch
            [services.links]
            command = "npx @shop/links watch"
            depends_on = ["install"]

            # Procfile: web: npx vite
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            port = "${WEB_PORT:-5173}"                   # the default of vite
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
        "#]],
    );
}

#[test]
fn a_package_whose_program_has_a_part_of_its_name() {
    check(
        r#"
== package.json
{"scripts": {"dev": "concurrently \"npm:dev:*\"", "dev:email": "email dev", "dev:types": "tsc -w"},
 "devDependencies": {"react-email": "4", "typescript": "5", "concurrently": "9"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "dev": "concurrently \"npm:dev:*\""
            # package.json: "dev:email": "email dev"
            [services.email]
            command = "npx email dev"
            depends_on = ["install"]

            # package.json: "dev": "concurrently \"npm:dev:*\""
            # package.json: "dev:types": "tsc -w"
            [services.types]
            command = "npx tsc -w"
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
        "#]],
    );
    check(
        r#"
== package.json
{"scripts": {"dev": "email dev --port 3002"}, "dependencies": {"react-email": "4"}}
== bun.lock
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "dev": "email dev --port 3002"
            [services.web]
            command = "bunx email dev --port ${WEB_PORT}"
            port = "${WEB_PORT:-3002}"                   # --port 3002
            depends_on = ["install"]

            # bun install --frozen-lockfile, whenever bun.lock is newer than what it installed
            [tasks.install]
            command = "test node_modules/.installed -nt bun.lock || { bun install --frozen-lockfile && touch node_modules/.installed; }"
            shell = true
        "#]],
    );
}

#[test]
fn a_program_without_a_name_is_called_after_itself() {
    check(
        r#"
== package.json
{"scripts": {"dev": "concurrently \"tsc -w\" \"node --watch jobs/mails.js\" \"node server.js\""},
 "devDependencies": {"typescript": "5", "concurrently": "9"}}
== server.js
app.listen(process.env.PORT || 3000);
== jobs/mails.js
setInterval(send, 1000);
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "dev": "concurrently \"tsc -w\" \"node --watch jobs/mails.js\" \"node server.js\""
            [services.backend]
            command = "node server.js"
            port = "${BACKEND_PORT:-3000}"               # server.js: process.env.PORT || 3000
            depends_on = ["install"]

            # package.json: "dev": "concurrently \"tsc -w\" \"node --watch jobs/mails.js\" \"node server.js\""
            [services.tsc]
            command = "npx tsc -w"
            depends_on = ["install"]

            # package.json: "dev": "concurrently \"tsc -w\" \"node --watch jobs/mails.js\" \"node server.js\""
            [services.mails]
            command = "node --watch jobs/mails.js"
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
        "#]],
    );
}
