//! Compose files: what stays there, and what runs on the host.

use expect_test::expect;

use super::{check, check_import, repository};

const COMPOSE: &str = r#"
== compose.yaml
x-store: &store
  restart: unless-stopped
services:
  db:
    <<: *store
    image: postgres:17
    environment: { POSTGRES_PASSWORD: secret }
    ports: ["127.0.0.1:${DB_PORT:-5433}:5432"]
    healthcheck:
      test: pg_isready
  redis:
    image: docker.io/library/redis:7
    ports:
      - target: 6379
        published: "6380"
  api:
    build: { context: ./api }
    ports: ["9000:8000"]
    environment:
      - DATABASE_URL=postgres://postgres:secret@db:5432/postgres
      - REDIS_HOST=redis
      - REDIS_PORT=6379
      - TOKEN=${TOKEN}
    depends_on: { db: { condition: service_healthy } }
  legacy:
    build: ./legacy
    ports: ["7000:7000"]
    profiles: [old]
  proxy:
    image: nginx
    depends_on: [api]
== api/requirements.txt
fastapi
== api/main.py
app = FastAPI()
"#;

#[test]
fn a_compose_file_keeps_its_images_and_hands_over_what_is_built() {
    check(
        COMPOSE,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.api]
            path = "api/.venv"
            requirements = ["api/requirements.txt"]
            sync = true                                  # `up` creates it and installs api/requirements.txt

            # compose.yaml: db, image postgres:17
            [services.db]
            compose = "db"
            port = "${DB_PORT:-5433}"                    # compose.yaml publishes it

            # compose.yaml: redis, image docker.io/library/redis:7
            [services.redis]
            compose = "redis"
            port = 6380                                  # compose.yaml publishes 6380
            healthcheck = { tcp = true }

            # compose.yaml: legacy, built from legacy
            [services.legacy]
            compose = "legacy"
            port = 7000                                  # compose.yaml publishes 7000
            profiles = ["old"]

            # api/main.py: app = FastAPI(…)
            # compose.yaml: `api` is built from it; it runs on the host here
            [services.api]
            command = "python -m uvicorn main:app --reload --port ${API_PORT}"
            working_dir = "api"
            venv = "api"
            port = "${API_PORT:-9000}"                   # compose.yaml publishes 9000
            environment = { DATABASE_URL = "postgres://postgres:secret@127.0.0.1:${services.db.port}/postgres", REDIS_HOST = "127.0.0.1", REDIS_PORT = "${services.redis.port}", TOKEN = "${TOKEN:-}" }
            depends_on = ["db"]

            # Not carried over, or left to you:
            # - compose.yaml: `proxy` needs a service that runs on the host here, so it is left out
            # - api/requirements.txt does not list uvicorn, which runs the app here; add it if nothing else brings it
        "#]],
    );
}

#[test]
fn a_compose_file_alone() {
    check_import(
        "compose.yaml",
        COMPOSE,
        expect![[r#"
        [project]
        name = "shop"

        # compose.yaml: db, image postgres:17
        [services.db]
        compose = "db"
        port = "${DB_PORT:-5433}"                    # compose.yaml publishes it

        # compose.yaml: redis, image docker.io/library/redis:7
        [services.redis]
        compose = "redis"
        port = 6380                                  # compose.yaml publishes 6380
        healthcheck = { tcp = true }

        # compose.yaml: api, built from api
        [services.api]
        compose = "api"
        port = 9000                                  # compose.yaml publishes 9000
        depends_on = ["db"]

        # compose.yaml: legacy, built from legacy
        [services.legacy]
        compose = "legacy"
        port = 7000                                  # compose.yaml publishes 7000
        profiles = ["old"]

        # compose.yaml: proxy, image nginx
        [services.proxy]
        compose = "proxy"
        depends_on = ["api"]
    "#]],
    );
    check_import(
        "deploy/docker-compose.prod.yml",
        "== deploy/docker-compose.prod.yml\nservices:\n  web:\n    image: x\n    ports: ['80:80', '443:443']\n",
        expect![[r#"
            [project]
            name = "shop"

            # deploy/docker-compose.prod.yml: web, image x
            [services.web]
            compose = "web"
            compose_file = "deploy/docker-compose.prod.yml"
            ports = { main = 80, p443 = 443 }            # deploy/docker-compose.prod.yml publishes 80
        "#]],
    );
}

#[test]
fn what_an_engine_resolved_comes_before_the_yaml() {
    let mut repository = repository("== compose.yaml\nservices: [broken\n");
    let json =
        r#"{"services": {"db": {"image": "redis", "build": null, "ports": [{"published": "6379", "target": 6379}]}}}"#;
    repository.compose.insert("compose.yaml".to_owned(), json.to_owned());
    let proposal = super::propose(&repository);
    assert_eq!(proposal.services.len(), 1, "{:?}", proposal.left);
    repository.compose.clear();
    let proposal = super::propose(&repository);
    assert_eq!(
        proposal.left,
        ["compose.yaml: it could not be read; `docker compose config` says why"]
    );
}

#[test]
fn an_override_and_several_services_of_one_directory() {
    check(
        r#"
== docker-compose.yml
services:
  db:
    image: postgres:17
  cache:
    image: redis
  web:
    build: { context: ., dockerfile: web/Dockerfile }
    command: ./start
    depends_on: [db]
  worker:
    build: { context: ., dockerfile: web/Dockerfile }
  seed:
    build: ./web
  e2e-tests:
    build: ./web
== docker-compose.override.yml
services:
  db:
    ports: ["5432:5432"]
  web:
    ports: ["8000:80"]
    environment: { STAGE: dev }
== web/requirements.txt
django
celery
== web/manage.py
import django
== web/shop/celery.py
app = Celery("shop")
"#,
        expect![[r#"
            [project]
            name = "shop"

            [venvs.web]
            path = "web/.venv"
            requirements = ["web/requirements.txt"]
            sync = true                                  # `up` creates it and installs web/requirements.txt

            # docker-compose.yml: db, image postgres:17
            [services.db]
            compose = "db"
            port = 5432                                  # docker-compose.yml publishes 5432
            healthcheck = { tcp = true }

            # docker-compose.yml: cache, image redis
            [services.cache]
            compose = "cache"

            # web/manage.py
            # docker-compose.yml: `web` is built from it; it runs on the host here
            [services.web]
            command = "python manage.py runserver ${WEB_PORT}"
            working_dir = "web"
            venv = "web"
            port = "${WEB_PORT:-8000}"                   # docker-compose.yml publishes 8000
            environment = { STAGE = "dev" }
            depends_on = ["db"]

            # web/shop/celery.py: app = Celery(…)
            # docker-compose.yml: `web` is built from it; it runs on the host here
            [services.worker]
            command = "python -m celery -A shop worker --loglevel INFO"
            working_dir = "web"
            venv = "web"
            environment = { STAGE = "dev" }
            depends_on = ["db"]

            # It runs when it is asked for; `depends_on = ["migrate"]` of a service runs it at every start.
            [tasks.migrate]
            command = "python manage.py migrate"
            working_dir = "web"
            venv = "web"
            depends_on = ["db", "cache"]

            # Not carried over, or left to you:
            # - docker-compose.yml: `e2e-tests` runs tests; it is left out
            # - docker-compose.yml: `cache` publishes no port, so nothing on the host reaches it; add `ports: ["6379:6379"]`
            # - docker-compose.yml: `seed` is built from the directory of `web`, which runs on the host here; it is left out
        "#]],
    );
}
