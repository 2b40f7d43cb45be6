//! Files of Kubernetes: all of it against the schemas, and pods, variables and gates run by podman.
//!
//! Podman 4.3 knows no Services, so each pod gets its Service's name as an alias. It restarts init containers as if they were
//! the service, so a Deployment that has some is run as the pod that it would make, with `OnFailure`. It fills in no `$(NAME)`
//! and leaves `$$` as it is, so the test does that.

use crate::compose::IMAGE;
use crate::podman::PODMAN;
use crate::shop::Shop;
use crate::tools;

/// A file for each Deployment, with all ConfigMaps.
const SPLIT: &str = r#"
import re, yaml
documents = list(yaml.safe_load_all(open('deploy/shop.yaml')))
filled = lambda word: re.sub(r'\$(\$|\(.*?\))', lambda it: '$' if it[1] == '$' else 'a variable', word)
maps = [it for it in documents if it['kind'] == 'ConfigMap']
for it in (it for it in documents if it['kind'] == 'Deployment'):
    name, template = it['metadata']['name'], it['spec']['template']
    if 'initContainers' in template['spec']:
        it = dict(template, apiVersion='v1', kind='Pod')
        it['metadata']['name'] = name + '-pod'
        it['spec']['restartPolicy'] = 'OnFailure'
    for container in template['spec']['containers']:
        container['args'] = [filled(word) for word in container['args']]
    yaml.safe_dump_all(maps + [it], open(name + '.yaml', 'w'), allow_unicode=True)
"#;

#[test]
fn the_schemas_take_it_and_podman_runs_it_needs_root() {
    let shop = Shop::new(
        "[tasks.seed]\ncommand = \"./seed\"\nenvironment = { DB_PASSWORD = 'x' }\ndepends_on = ['store']\n[export.kubernetes]\nimage = 'localhost/shop:1'\n\
         [export.kubernetes.web]\ncpu = '250m'\nmemory = '64Mi'\nreplicas = 1\n",
    );
    shop.export(&["kubernetes"]);
    shop.sandbox.write("split.py", SPLIT);
    let bin = tools::kubernetes();
    let bin = bin.display();
    let printed = shop.run(&format!(
        r#"
        {bin}/kubernetes-validate -k 1.32 --strict deploy/shop.yaml >&2
        {bin}/python split.py
        {PODMAN}
        {IMAGE}
        # The file that the task would leave in a volume.
        touch image/app/migrated
        tar -C image -c . | pod import --change 'WORKDIR /app' --change 'ENV PATH=/bin' - shop:1 >/dev/null 2>&1
        pod network create shop >/dev/null
        for it in store backend web; do
            pod kube play --network shop:alias=$it $it.yaml >log 2>&1 || {{ cat log >&2; exit 1; }}
        done
        ready
        look
        is_new() {{ now=$(pgrep -f "$2") && [ "$now" != "$1" ]; }}
        for it in '^\./app 6390' '^\.\./app 8000'; do
            old=$(pgrep -f "$it")
            kill -9 "$old"
            until_is 20 is_new "$old" "$it"
            until_is 20 answers "${{it##* }}/"
        done
        # `kube down` would end process 1 of the pod, and all others with it.
        for it in web-pod-web backend-pod-backend store-pod-0-store; do pod stop -t 20 $it >log 2>&1; done
        for it in web backend store; do pod kube down $it.yaml >log 2>&1 || {{ cat log >&2; exit 1; }}; done
        nothing_left
        [ -z "$(pod ps -aq)" ]
        pod events --stream=false --filter event=died --format '{{{{.Name}}}} {{{{.ContainerExitCode}}}}' | grep -v infra
        "#
    ));
    // Each gate has run once and passed, two were killed by the test, and all ended by SIGTERM.
    assert_eq!(
        printed,
        "backend-pod-wait-for-store 0\nbackend-pod-migrate 0\nweb-pod-wait-for-backend 0\n\
         store-pod-0-store 137\nbackend-pod-backend 137\n\
         web-pod-web 143\nbackend-pod-backend 143\nstore-pod-0-store 143\n"
    );
    shop.has_arrived_in("/app/back end", "store:6390");
}
