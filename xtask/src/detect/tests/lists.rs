//! Files that list programs: a Procfile, scripts, and those of editors.

use expect_test::expect;

use super::{check, check_import};

#[test]
fn a_procfile_wins_over_what_would_be_guessed() {
    check(
        r#"
== Procfile
web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT --log-file -
worker: celery -A shop worker
# comment: x
css: npm run css
release: python manage.py migrate && python manage.py seed
== requirements.txt
django
gunicorn
celery
== manage.py
import django
== shop/celery.py
app = Celery("shop", broker="amqp://")
== package.json
{"scripts": {"css": "tailwindcss -i a.css -o b.css --watch"}, "devDependencies": {"@tailwindcss/cli": "4"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            requirements = ["requirements.txt"]
            sync = true                                  # `up` creates it and installs requirements.txt

            # Procfile: web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT --log-file -
            [services.web]
            command = "gunicorn shop.wsgi --bind 0.0.0.0:${WEB_PORT} --log-file -"
            venv = "python"
            port = "${WEB_PORT:-8000}"                   # the default of gunicorn

            # Procfile: worker: celery -A shop worker
            [services.worker]
            command = "celery -A shop worker"
            venv = "python"

            # Procfile: css: npm run css
            # package.json: "css": "tailwindcss -i a.css -o b.css --watch"
            [services.css]
            command = "npx tailwindcss -i a.css -o b.css --watch"
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true

            # Procfile: release: python manage.py migrate && python manage.py seed
            [tasks.release]
            command = "python manage.py migrate && python manage.py seed"
            shell = true
            venv = "python"
        "#]],
    );
}

#[test]
fn one_for_development_comes_before_the_other() {
    check(
        r#"
== Procfile
web: bundle exec puma
== Procfile.dev
web: bin/rails server -p 3000
js: yarn build --watch
jobs: bundle exec sidekiq
== Gemfile
gem "rails"
== bin/rails
== package.json
{"scripts": {"build": "esbuild app.js"}, "dependencies": {"esbuild": "1"}}
== yarn.lock
"#,
        expect![[r#"
            [project]
            name = "shop"

            # Procfile.dev: web: bin/rails server -p 3000
            [services.web]
            command = "bin/rails server -p ${WEB_PORT}"
            port = "${WEB_PORT:-3000}"                   # -p 3000
            depends_on = ["install"]

            # Procfile.dev: jobs: bundle exec sidekiq
            [services.jobs]
            command = "bundle exec sidekiq"
            depends_on = ["install"]

            # Procfile.dev: js: yarn build --watch
            # package.json: "build": "esbuild app.js"
            [services.js]
            command = "yarn run esbuild app.js --watch"
            depends_on = ["install-yarn"]

            # Gemfile
            [tasks.install]
            command = "bundle check || bundle install"
            shell = true

            # yarn install --frozen-lockfile, whenever yarn.lock is newer than what it installed
            [tasks.install-yarn]
            command = "test node_modules/.yarn-integrity -nt yarn.lock || { yarn install --frozen-lockfile && touch node_modules/.yarn-integrity; }"
            shell = true
        "#]],
    );
}

#[test]
fn concurrently_is_split() {
    check(
        r#"
== package.json
{"scripts": {
  "dev": "concurrently -k -n api,web \"npm:dev:api\" \"npm run dev --prefix client\"",
  "dev:api": "cross-env NODE_ENV=development tsx watch server/index.ts"
}, "devDependencies": {"concurrently": "9", "tsx": "4", "cross-env": "7"}}
== package-lock.json
== server/index.ts
const { PORT = 3000 } = process.env;
app.listen(PORT);
== client/package.json
{"scripts": {"dev": "vite --port 3000"}, "devDependencies": {"vite": "8"}}
== client/package-lock.json
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "dev": "concurrently -k -n api,web \"npm:dev:api\" \"npm run dev --prefix client\""
            # package.json: "dev:api": "cross-env NODE_ENV=development tsx watch server/index.ts"
            [services.api]
            command = "npx tsx watch server/index.ts"
            port = "${API_PORT:-3000}"                   # server/index.ts: { PORT = 3000 } = process.env
            environment = { NODE_ENV = "development" }
            depends_on = ["install"]

            # package.json: "dev": "concurrently -k -n api,web \"npm:dev:api\" \"npm run dev --prefix client\""
            # client/package.json: "dev": "vite --port 3000"
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            working_dir = "client"
            port = "${WEB_PORT:-3001}"                   # --port 3000, and 3000 is another service's
            depends_on = ["install-client"]

            # npm ci, whenever package-lock.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package-lock.json || { npm ci && touch node_modules/.package-lock.json; }"
            shell = true

            # npm ci, whenever client/package-lock.json is newer than what it installed
            [tasks.install-client]
            command = "test node_modules/.package-lock.json -nt package-lock.json || { npm ci && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "client"
        "#]],
    );
}

#[test]
fn run_p_and_a_backend_of_python_in_one_script() {
    check(
        r#"
== package.json
{"scripts": {"dev": "run-p dev:*", "dev:web": "vite", "dev:api": "cd api && . .venv/bin/activate && uvicorn main:app --port 8000 --reload"},
 "devDependencies": {"vite": "8", "npm-run-all": "4"}}
== api/requirements.txt
fastapi
== api/main.py
app = FastAPI()
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            # package.json: "dev": "run-p dev:*"
            # package.json: "dev:api": "cd api && . .venv/bin/activate && uvicorn main:app --port 8000 --reload"
            [services.api]
            command = "uvicorn main:app --port ${API_PORT} --reload"
            working_dir = "api"
            venv = "api"
            port = "${API_PORT:-8000}"                   # --port 8000

            # package.json: "dev": "run-p dev:*"
            # package.json: "dev:web": "vite"
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            port = "${WEB_PORT:-5173}"                   # the default of vite
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true

            # Not carried over, or left to you:
            # - api/requirements.txt does not list uvicorn, which runs the app here; add it if nothing else brings it
        "#]],
    );
}

const EDITORS: &str = r#"
== .claude/launch.json
{
  "version": "0.0.1",
  "configurations": [
    {"name": "Web App", "runtimeExecutable": "npm", "runtimeArgs": ["run", "dev"], "port": 3100, "cwd": "web"},
    {"name": "api", "runtimeExecutable": "python", "runtimeArgs": ["-m", "uvicorn", "main:app"], "cwd": "${workspaceFolder}/api", "port": 8000, "env": {"LOG": "debug"}},
    {"name": "outside", "runtimeExecutable": "npm", "cwd": "/srv"}
  ]
}
== .vscode/tasks.json
{
  // what I start
  "version": "2.0.0",
  "tasks": [
    {"label": "dev server", "type": "npm", "script": "dev", "path": "web", "isBackground": true},
    {"label": "test", "type": "shell", "command": "pytest", "args": ["-q", {"value": "a b", "quoting": "strong"}]},
  ]
}
== web/package.json
{"scripts": {"dev": "next dev"}, "dependencies": {"next": "16"}}
== api/requirements.txt
uvicorn
fastapi
== api/main.py
app = FastAPI()
"#;

#[test]
fn editors_and_scripts_name_the_same_servers() {
    check(
        EDITORS,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            # .claude/launch.json: "api" runs python -m uvicorn main:app
            [services.api]
            command = "python -m uvicorn main:app --port ${API_PORT}"
            working_dir = "api"
            venv = "api"
            port = "${API_PORT:-8000}"                   # .claude/launch.json: "port": 8000
            environment = { LOG = "debug" }

            # .claude/launch.json: "Web App" runs npm run dev
            # web/package.json: "dev": "next dev"
            # .vscode/tasks.json: "dev server" runs npm run dev
            [services.web-app]
            command = "npx next dev --port ${WEB_APP_PORT}"
            working_dir = "web"
            port = "${WEB_APP_PORT:-3100}"               # .claude/launch.json: "port": 3100
            depends_on = ["install-web"]

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"

            # Not carried over, or left to you:
            # - .vscode/tasks.json: "test" runs pytest -q 'a b': no server that is known here
            # - .claude/launch.json: "outside" runs npm: nothing that runs in this project
        "#]],
    );
}

#[test]
fn each_file_of_an_editor_alone() {
    check_import(
        ".claude/launch.json",
        EDITORS,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            # .claude/launch.json: "api" runs python -m uvicorn main:app
            [services.api]
            command = "python -m uvicorn main:app --port ${API_PORT}"
            working_dir = "api"
            venv = "api"
            port = "${API_PORT:-8000}"                   # .claude/launch.json: "port": 8000
            environment = { LOG = "debug" }

            # .claude/launch.json: "Web App" runs npm run dev
            # web/package.json: "dev": "next dev"
            [services.web-app]
            command = "npx next dev --port ${WEB_APP_PORT}"
            working_dir = "web"
            port = "${WEB_APP_PORT:-3100}"               # .claude/launch.json: "port": 3100
            depends_on = ["install-web"]

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"

            # Not carried over, or left to you:
            # - .claude/launch.json: "outside" runs npm: nothing that runs in this project
        "#]],
    );
    check_import(
        ".vscode/tasks.json",
        EDITORS,
        expect![[r#"
            [project]
            name = "shop"

            # .vscode/tasks.json: "dev server" runs npm run dev
            # web/package.json: "dev": "next dev"
            [services.dev-server]
            command = "npx next dev --port ${DEV_SERVER_PORT}"
            working_dir = "web"
            port = "${DEV_SERVER_PORT:-3000}"            # the default of next
            depends_on = ["install-web"]

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"

            # .vscode/tasks.json: "test" runs pytest -q 'a b'
            [tasks.test]
            command = "pytest -q 'a b'"
        "#]],
    );
    check_import(
        "web/package.json",
        EDITORS,
        expect![[r#"
            [project]
            name = "shop"

            # web/package.json: "dev": "next dev"
            [services.web]
            command = "npx next dev --port ${WEB_PORT}"
            working_dir = "web"
            port = "${WEB_PORT:-3000}"                   # the default of next
            depends_on = ["install-web"]

            # npm install, whenever web/package.json is newer than what it installed
            [tasks.install-web]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "web"
        "#]],
    );
}

#[test]
fn an_unknown_program_of_a_venv_runs_in_it() {
    check_import(
        "Procfile",
        r#"
== Procfile
release: cd api && .venv/bin/alembic upgrade head
seed: cd api && . .venv/bin/activate && invoke seed
other: cd api && poetry run arq jobs
cat: cd api && cat
== api/requirements.txt
alembic
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            # Procfile: other: cd api && poetry run arq jobs
            [services.other]
            command = "arq jobs"
            working_dir = "api"
            venv = "api"

            # Procfile: seed: cd api && . .venv/bin/activate && invoke seed
            [services.seed]
            command = "invoke seed"
            working_dir = "api"
            venv = "api"

            # Procfile: cat: cd api && cat
            [services.cat]
            command = "cat"
            working_dir = "api"

            # Procfile: release: cd api && .venv/bin/alembic upgrade head
            [tasks.release]
            command = "alembic upgrade head"
            working_dir = "api"
            venv = "api"
        "#]],
    );
}
