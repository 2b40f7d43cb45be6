//! One framework each, without a list of processes.

use expect_test::expect;

use super::check;

const VITE: &str = r#"
== frontend/package.json
{"scripts": {"dev": "vite", "build": "vite build"}, "devDependencies": {"vite": "8"}}
== frontend/package-lock.json
"#;

#[test]
fn fastapi_and_vite() {
    let files = r#"
== backend/requirements.txt
fastapi
uvicorn[standard]
== backend/main.py
from fastapi import FastAPI

app = FastAPI()

@app.get("/healthz")
def healthz():
    return {}
== frontend/vite.config.ts
export default { server: { port: 8080, proxy: { "/api": "http://localhost:8000" } } }
== .env.example
BACKEND_PORT=8000
FRONTEND_PORT=8081   # not 8080
SECRET=
"#;
    check(
        &format!("{files}{VITE}"),
        expect![[r#"
            [project]
            name = "shop"

            [venvs.backend]
            path = "backend/.venv"
            requirements = ["backend/requirements.txt"]
            sync = true                                  # `up` creates it and installs backend/requirements.txt

            # backend/main.py: app = FastAPI(…)
            [services.backend]
            command = "python -m uvicorn main:app --reload --port ${BACKEND_PORT}"
            working_dir = "backend"
            venv = "backend"
            port = "${BACKEND_PORT:-8000}"               # .env.example: BACKEND_PORT=8000
            healthcheck = { http = "/healthz" }          # backend/main.py answers /healthz

            # frontend/package.json: "dev": "vite"
            [services.frontend]
            command = "npx vite --port ${FRONTEND_PORT} --strictPort"
            working_dir = "frontend"
            port = "${FRONTEND_PORT:-8081}"              # .env.example: FRONTEND_PORT=8081
            depends_on = ["install-frontend", "backend"]

            # npm ci, whenever frontend/package-lock.json is newer than what it installed
            [tasks.install-frontend]
            command = "test node_modules/.package-lock.json -nt package-lock.json || { npm ci && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "frontend"

            # Not carried over, or left to you:
            # - frontend/vite.config.ts sends requests to port 8000; read `process.env.BACKEND_PORT` there, so that it follows when `backend` moves
            # - .env.example: there is no .env yet; `cp .env.example .env`, and fill it in
        "#]],
    );
}

#[test]
fn an_app_in_a_package_a_src_directory_or_beside_its_neighbours() {
    check(
        r#"
== api/requirements.txt
fastapi
== api/app/__init__.py
== api/app/main.py
from .db import session
from fastapi import FastAPI
app: FastAPI = FastAPI(title="x")
== bare/requirements.txt
fastapi
== bare/app/server.py
import routes
import fastapi
application = fastapi.FastAPI()
== bare/app/routes.py
== factory/pyproject.toml
[project]
name = "factory"
== factory/src/factory/__init__.py
== factory/src/factory/web.py
from fastapi import FastAPI

def create_app():
    app = FastAPI()
    return app
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            [venvs.bare]
            path = "bare/.venv"
            requirements = ["bare/requirements.txt"]
            sync = true                                  # `up` creates it and installs bare/requirements.txt

            [venvs.factory]
            path = "factory/.venv"
            project = "factory"
            sync = true                                  # `up` creates it and installs factory/pyproject.toml

            # api/app/main.py: app = FastAPI(…)
            [services.api]
            command = "python -m uvicorn app.main:app --reload --port ${API_PORT}"
            working_dir = "api"
            venv = "api"
            port = "${API_PORT:-8000}"                   # the default of uvicorn

            # bare/app/server.py: application = FastAPI(…)
            [services.bare]
            command = "python -m uvicorn server:application --reload --port ${BARE_PORT}"
            working_dir = "bare/app"
            venv = "bare"
            port = "${BARE_PORT:-8001}"                  # the default of uvicorn, and 8000 is another service's

            # factory/src/factory/web.py: create_app makes a FastAPI
            [services.factory]
            command = "python -m uvicorn factory.web:create_app --factory --app-dir src --reload --port ${FACTORY_PORT}"
            working_dir = "factory"
            venv = "factory"
            port = "${FACTORY_PORT:-8002}"               # the default of uvicorn, and 8000 is another service's

            # Not carried over, or left to you:
            # - api/requirements.txt does not list uvicorn, which runs the app here; add it if nothing else brings it
            # - bare/requirements.txt does not list uvicorn, which runs the app here; add it if nothing else brings it
            # - factory/pyproject.toml does not list uvicorn, which runs the app here; add it if nothing else brings it
        "#]],
    );
}

#[test]
fn flask_with_a_factory_and_streamlit() {
    check(
        r#"
== web/requirements.txt
flask
gunicorn
== web/shop/__init__.py
from flask import Flask

def create_app():
    app = Flask(__name__)
    return app
== board/requirements.txt
streamlit
== board/app.py
import streamlit as st
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.board]
            path = "board/.venv"
            requirements = ["board/requirements.txt"]
            sync = true                                  # `up` creates it and installs board/requirements.txt

            [venvs.web]
            path = "web/.venv"
            requirements = ["web/requirements.txt"]
            sync = true                                  # `up` creates it and installs web/requirements.txt

            # board/app.py: import streamlit
            [services.board]
            command = "python -m streamlit run app.py --server.headless true --server.port ${BOARD_PORT}"
            working_dir = "board"
            venv = "board"
            port = "${BOARD_PORT:-8501}"                 # the default of streamlit

            # web/shop/__init__.py: create_app makes a Flask
            [services.web]
            command = "python -m flask --app shop run --debug --port ${WEB_PORT}"
            working_dir = "web"
            venv = "web"
            port = "${WEB_PORT:-5000}"                   # the default of flask
        "#]],
    );
}

#[test]
fn django_with_celery_and_redis() {
    check(
        r#"
== requirements/base.txt
Django>=5
celery[redis]
== requirements/local.txt
-r base.txt
== venv/pyvenv.cfg
== manage.py
from django.core.management import execute_from_command_line
== shop/__init__.py
== shop/celery.py
from celery import Celery
app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/1"))
== shop/settings.py
CELERY_BEAT_SCHEDULE = {}
== shop/urls.py
urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/", health),
]
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = "venv"
            requirements = ["requirements/local.txt"]
            sync = true                                  # `up` creates it and installs requirements/local.txt

            # shop/celery.py: redis://localhost
            [services.redis]
            command = "redis-server --save '' --port ${REDIS_PORT}"
            port = "${REDIS_PORT:-6379}"                 # the default of redis-server
            healthcheck = { tcp = true }

            # manage.py
            # shop/celery.py reads CELERY_BROKER_URL
            [services.backend]
            command = "python manage.py runserver ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-8000}"               # the default of Django
            healthcheck = { http = "/health/" }          # shop/urls.py: path("health/", …)
            environment = { CELERY_BROKER_URL = "redis://127.0.0.1:${services.redis.port}/1" }
            depends_on = ["redis"]

            # shop/celery.py: app = Celery(…)
            # shop/celery.py reads CELERY_BROKER_URL
            [services.worker]
            command = "python -m celery -A shop worker --loglevel INFO"
            venv = "python"
            environment = { CELERY_BROKER_URL = "redis://127.0.0.1:${services.redis.port}/1" }
            depends_on = ["redis"]

            # shop/celery.py: app = Celery(…)
            # shop/settings.py has a schedule
            # shop/celery.py reads CELERY_BROKER_URL
            [services.beat]
            command = "python -m celery -A shop beat --loglevel INFO"
            venv = "python"
            environment = { CELERY_BROKER_URL = "redis://127.0.0.1:${services.redis.port}/1" }
            depends_on = ["redis"]

            # It runs when it is asked for; `depends_on = ["migrate"]` of a service runs it at every start.
            [tasks.migrate]
            command = "python manage.py migrate"
            venv = "python"
        "#]],
    );
}

#[test]
fn go_and_rust() {
    check(
        r#"
== go.mod
module shop
== cmd/server/main.go
package main

func main() {
	addr := flag.String("addr", ":8080", "where to listen")
	http.HandleFunc("/healthz", ok)
	http.ListenAndServe(*addr, nil)
}
== cmd/tool/main.go
package main

func main() { println("hello") }
== search/Cargo.toml
[package]
name = "search"
== search/src/main.rs
#[tokio::main]
async fn main() {
    let port: u16 = std::env::var("SEARCH_PORT").ok().and_then(|it| it.parse().ok()).unwrap_or(7000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    axum::serve(listener, Router::new().route("/health", get(ok))).await.unwrap();
}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # cmd/server/main.go: func main
            [services.server]
            command = "go run ./cmd/server -addr :${SERVER_PORT}"
            port = "${SERVER_PORT:-8080}"                # cmd/server/main.go: the flag `addr`
            healthcheck = { http = "/healthz" }          # cmd/server/main.go answers /healthz

            # search/src/main.rs opens a port
            [services.search]
            command = "cargo run"
            working_dir = "search"
            port = "${SEARCH_PORT:-7000}"                # search/src/main.rs has 7000
            healthcheck = { http = "/health" }           # search/src/main.rs answers /health
        "#]],
    );
}

#[test]
fn rails_laravel_and_spring() {
    check(
        r#"
== shop/Gemfile
gem "rails", "~> 8.0"
gem "sidekiq"
== shop/bin/rails
== shop/config/routes.rb
Rails.application.routes.draw do
  get "up" => "rails/health#show", as: :rails_health_check
end
== blog/composer.json
{}
== blog/artisan
== billing/pom.xml
<artifactId>spring-boot-starter-web</artifactId>
== billing/mvnw
== stock/build.gradle.kts
plugins { id("org.springframework.boot") version "4.0.0" }
== stock/gradlew
"#,
        expect![[r#"
            [project]
            name = "shop"

            # shop/Gemfile: gem "rails"
            [services.shop]
            command = "bin/rails server -p ${SHOP_PORT}"
            working_dir = "shop"
            port = "${SHOP_PORT:-3000}"                  # the default of rails
            healthcheck = { http = "/up" }               # shop/config/routes.rb: get "up"
            depends_on = ["install-shop"]

            # billing/pom.xml: spring-boot
            [services.billing]
            command = "./mvnw spring-boot:run"
            working_dir = "billing"
            port = "${BILLING_PORT:-8080}"               # the default of Spring Boot
            environment = { SERVER_PORT = "${BILLING_PORT}" }

            # stock/build.gradle.kts: spring-boot
            [services.stock]
            command = "./gradlew bootRun"
            working_dir = "stock"
            port = "${STOCK_PORT:-8081}"                 # the default of Spring Boot, and 8080 is another service's
            environment = { SERVER_PORT = "${STOCK_PORT}" }

            # blog/artisan
            [services.blog]
            command = "php artisan serve --port ${BLOG_PORT}"
            working_dir = "blog"
            port = "${BLOG_PORT:-8000}"                  # the default of Laravel
            depends_on = ["install-blog"]

            # shop/Gemfile: gem "sidekiq"
            [services.worker]
            command = "bundle exec sidekiq"
            working_dir = "shop"
            depends_on = ["install-shop"]

            # shop/Gemfile
            [tasks.install-shop]
            command = "bundle check || bundle install"
            shell = true
            working_dir = "shop"

            # composer install, whenever blog/composer.json is newer than what it installed
            [tasks.install-blog]
            command = "test vendor/autoload.php -nt composer.json || { composer install && touch vendor/autoload.php; }"
            shell = true
            working_dir = "blog"
        "#]],
    );
}

#[test]
fn uv_and_poetry_projects() {
    check(
        r#"
== pyproject.toml
[project]
name = "shop"
dependencies = ["fastapi", "uvicorn"]
== uv.lock
== main.py
app = FastAPI()
if __name__ == "__main__":
    uvicorn.run(app, port=8123)
== jobs/pyproject.toml
[tool.poetry]
name = "jobs"
[tool.poetry.dependencies]
celery = "^5"
== jobs/poetry.lock
== jobs/jobs/__init__.py
== jobs/jobs/tasks.py
queue = Celery("jobs", broker="amqp://localhost")
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.python]
            path = ".venv"
            project = "."
            sync = true                                  # `up` creates it and installs uv.lock

            [venvs.jobs]
            path = "jobs/.venv"
            project = "jobs"
            sync = true                                  # `up` creates it and installs jobs/poetry.lock

            # main.py: app = FastAPI(…)
            [services.backend]
            command = "python -m uvicorn main:app --reload --port ${BACKEND_PORT}"
            venv = "python"
            port = "${BACKEND_PORT:-8123}"               # main.py has 8123

            # jobs/jobs/tasks.py: queue = Celery(…)
            [services.worker]
            command = "python -m celery -A jobs.tasks:queue worker --loglevel INFO"
            working_dir = "jobs"
            venv = "jobs"
        "#]],
    );
}

#[test]
fn nothing_that_could_be_started() {
    check(
        "== README.md\n== tests/app.py\napp = Flask(__name__)\n",
        expect![[r#"
        [project]
        name = "shop"
    "#]],
    );
    check(
        "== pyproject.toml\n[tool.black]\nline-length = 100\n== lib/a.py\nx = 1\n",
        expect![[r#"
            [project]
            name = "shop"
        "#]],
    );
}

#[test]
fn a_rust_program_that_is_no_server() {
    check(
        "== Cargo.toml\n[package]\nname = \"tool\"\n== src/main.rs\nfn main() {}\n== src/net.rs\nuse std::net::TcpListener;\n",
        expect![[r#"
            [project]
            name = "shop"
        "#]],
    );
}
