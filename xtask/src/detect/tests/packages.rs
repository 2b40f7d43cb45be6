//! Packages of Node.js: their servers, and where they are installed.

use expect_test::expect;

use super::check;

#[test]
fn express_with_nodemon_reads_port() {
    check(
        r#"
== package.json
{"scripts": {"dev": "nodemon server.js", "start": "node server.js"}, "dependencies": {"express": "5"}, "devDependencies": {"nodemon": "3"}}
== yarn.lock
== server.js
const port = process.env.PORT || 4000;
app.get("/health", (request, response) => response.send("ok"));
app.listen(port);
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "dev": "nodemon server.js"
            [services.backend]
            command = "yarn run nodemon server.js"
            port = "${BACKEND_PORT:-4000}"               # server.js: process.env.PORT || 4000
            healthcheck = { http = "/health" }           # server.js answers /health
            depends_on = ["install"]

            # yarn install --frozen-lockfile, whenever yarn.lock is newer than what it installed
            [tasks.install]
            command = "test node_modules/.yarn-integrity -nt yarn.lock || { yarn install --frozen-lockfile && touch node_modules/.yarn-integrity; }"
            shell = true
        "#]],
    );
}

#[test]
fn a_server_with_a_fixed_port_keeps_it() {
    check(
        r#"
== package.json
{"scripts": {"start": "node index.js"}, "main": "index.js"}
== index.js
require("http").createServer(answer).listen(4000);
"#,
        expect![[r#"
            [project]
            name = "shop"

            # package.json: "start": "node index.js"
            [services.backend]
            command = "node index.js"
            port = 4000                                  # index.js has 4000; it reads no PORT
        "#]],
    );
}

#[test]
fn next_nuxt_and_astro_in_a_workspace_of_pnpm() {
    check(
        r#"
== package.json
{"scripts": {"dev": "turbo run dev"}, "devDependencies": {"turbo": "2"}}
== pnpm-lock.yaml
== pnpm-workspace.yaml
== apps/web/package.json
{"name": "@shop/web", "scripts": {"dev": "next dev -p 3001 --turbopack"}, "dependencies": {"next": "16"}}
== apps/shop/package.json
{"name": "@shop/shop", "scripts": {"dev": "nuxt dev"}, "dependencies": {"nuxt": "4"}}
== apps/docs-site/package.json
{"name": "@shop/docs", "scripts": {"dev": "astro dev"}, "dependencies": {"astro": "7"}}
== packages/ui/package.json
{"name": "@shop/ui", "scripts": {"dev": "tsup --watch"}, "devDependencies": {"tsup": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # apps/docs-site/package.json: "dev": "astro dev"
            [services.docs-site]
            command = "pnpm exec astro dev --port ${DOCS_SITE_PORT}"
            working_dir = "apps/docs-site"
            port = "${DOCS_SITE_PORT:-4321}"             # the default of astro
            depends_on = ["install"]

            # apps/shop/package.json: "dev": "nuxt dev"
            [services.shop]
            command = "pnpm exec nuxt dev --port ${SHOP_PORT}"
            working_dir = "apps/shop"
            port = "${SHOP_PORT:-3000}"                  # the default of nuxt
            depends_on = ["install"]

            # apps/web/package.json: "dev": "next dev -p 3001 --turbopack"
            [services.web]
            command = "pnpm exec next dev -p ${WEB_PORT} --turbopack"
            working_dir = "apps/web"
            port = "${WEB_PORT:-3001}"                   # -p 3001
            depends_on = ["install"]

            # pnpm install --frozen-lockfile, whenever pnpm-lock.yaml is newer than what it installed
            [tasks.install]
            command = "test node_modules/.modules.yaml -nt pnpm-lock.yaml || { pnpm install --frozen-lockfile && touch node_modules/.modules.yaml; }"
            shell = true
        "#]],
    );
}

#[test]
fn a_workspace_is_installed_at_its_top_and_other_packages_in_their_directory() {
    check(
        r#"
== shop/package.json
{"workspaces": ["packages/*"]}
== shop/packages/api/package.json
{"scripts": {"dev": "nodemon index.js"}, "dependencies": {"express": "5"}, "devDependencies": {"nodemon": "3"}}
== shop/packages/api/index.js
app.listen(process.env.PORT || 4000);
== shop/packages/web/package.json
{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
== package.json
{"devDependencies": {"prettier": "3"}}
== package-lock.json
== admin/package.json
{"packageManager": "yarn@1.22.22", "scripts": {"dev": "vite"}, "devDependencies": {"vite": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # shop/packages/api/package.json: "dev": "nodemon index.js"
            [services.api]
            command = "npx nodemon index.js"
            working_dir = "shop/packages/api"
            port = "${API_PORT:-4000}"                   # shop/packages/api/index.js: process.env.PORT || 4000
            depends_on = ["install-shop"]

            # admin/package.json: "dev": "vite"
            [services.admin]
            command = "yarn run vite --port ${ADMIN_PORT} --strictPort"
            working_dir = "admin"
            port = "${ADMIN_PORT:-5173}"                 # the default of vite
            depends_on = ["install-admin"]

            # shop/packages/web/package.json: "dev": "vite"
            [services.web]
            command = "npx vite --port ${WEB_PORT} --strictPort"
            working_dir = "shop/packages/web"
            port = "${WEB_PORT:-5174}"                   # the default of vite, and 5173 is another service's
            depends_on = ["install-shop"]

            # npm install, whenever shop/package.json is newer than what it installed
            [tasks.install-shop]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
            working_dir = "shop"

            # yarn install, whenever admin/package.json is newer than what it installed
            [tasks.install-admin]
            command = "test node_modules/.yarn-integrity -nt package.json || { yarn install && touch node_modules/.yarn-integrity; }"
            shell = true
            working_dir = "admin"
        "#]],
    );
}

#[test]
fn a_package_of_a_workspace_may_be_called_docs() {
    check(
        r#"
== package.json
{"private": true, "workspaces": ["apps/*", "!apps/examples"]}
== apps/docs/package.json
{"scripts": {"dev": "next dev"}, "dependencies": {"next": "16"}}
== apps/docs/examples/package.json
{"scripts": {"dev": "next dev"}, "dependencies": {"next": "16"}}
== apps/examples/package.json
{"scripts": {"dev": "next dev"}, "dependencies": {"next": "16"}}
== docs/package.json
{"scripts": {"dev": "vitepress dev"}, "dependencies": {"vitepress": "2"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # apps/docs/package.json: "dev": "next dev"
            [services.docs]
            command = "npx next dev --port ${DOCS_PORT}"
            working_dir = "apps/docs"
            port = "${DOCS_PORT:-3000}"                  # the default of next
            depends_on = ["install"]

            # npm install, whenever package.json is newer than what it installed
            [tasks.install]
            command = "test node_modules/.package-lock.json -nt package.json || { npm install && touch node_modules/.package-lock.json; }"
            shell = true
        "#]],
    );
}

#[cfg(feature = "yaml")]
#[test]
fn packages_that_pnpm_declares() {
    check(
        r#"
== package.json
{"private": true}
== pnpm-lock.yaml
== pnpm-workspace.yaml
packages:
  # sites
  - 'sites/**'
  - docs
catalog:
  - vendor
== sites/examples/package.json
{"scripts": {"dev": "node server.js"}}
== sites/examples/server.js
app.listen(process.env.PORT || 4000);
== docs/package.json
{"scripts": {"dev": "vitepress dev"}, "dependencies": {"vitepress": "2"}}
== vendor/package.json
{"scripts": {"dev": "vite"}, "dependencies": {"vite": "8"}}
"#,
        expect![[r#"
            [project]
            name = "shop"

            # sites/examples/package.json: "dev": "node server.js"
            [services.examples]
            command = "node server.js"
            working_dir = "sites/examples"
            port = "${EXAMPLES_PORT:-4000}"              # sites/examples/server.js: process.env.PORT || 4000

            # docs/package.json: "dev": "vitepress dev"
            [services.docs]
            command = "pnpm exec vitepress dev --port ${DOCS_PORT}"
            working_dir = "docs"
            port = "${DOCS_PORT:-5173}"                  # the default of vitepress
            depends_on = ["install"]

            # pnpm install --frozen-lockfile, whenever pnpm-lock.yaml is newer than what it installed
            [tasks.install]
            command = "test node_modules/.modules.yaml -nt pnpm-lock.yaml || { pnpm install --frozen-lockfile && touch node_modules/.modules.yaml; }"
            shell = true
        "#]],
    );
}
