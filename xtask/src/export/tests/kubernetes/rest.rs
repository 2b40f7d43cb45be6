//! What Kubernetes does itself, what it lacks, and what it cannot do at all.

use expect_test::expect;

use super::ODD;
use crate::export::Target;
use crate::export::tests::check;

#[test]
fn what_kubernetes_does_itself_is_written_and_the_rest_is_named() {
    check(
        Target::Kubernetes,
        ODD,
        expect![[r#"
            === my-shop.yaml, for its owner
            # Made by `devtasks export kubernetes` from devtasks.toml.
            # Changes are lost: edit those, and run `devtasks export kubernetes` again.
            apiVersion: v1
            kind: Service
            metadata:
              name: db
              labels:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: my-shop
              ports:
                - name: main
                  port: 5434
                  targetPort: main
                  protocol: TCP
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: db
              labels:
                app.kubernetes.io/name: db
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                matchLabels:
                  app.kubernetes.io/name: db
                  app.kubernetes.io/part-of: my-shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: db
                    app.kubernetes.io/part-of: my-shop
                spec:
                  enableServiceLinks: false
                  containers:
                    - name: db
                      image: "postgres:17"
                      ports:
                        - name: main
                          containerPort: 5434
                          protocol: TCP
                      readinessProbe:
                        tcpSocket:
                          port: main
                        periodSeconds: 2
                        failureThreshold: 3
                      resources:
                        requests:
                          cpu: "1"
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: silent
              labels:
                app.kubernetes.io/name: silent
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                matchLabels:
                  app.kubernetes.io/name: silent
                  app.kubernetes.io/part-of: my-shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: silent
                    app.kubernetes.io/part-of: my-shop
                spec:
                  enableServiceLinks: false
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 10
                  containers:
                    - name: silent
                      image: "shop:1"
                      args:
                        - cat
                      stdin: true
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: six
              labels:
                app.kubernetes.io/name: six
                app.kubernetes.io/part-of: my-shop
            data:
              PORT: "8003"
              PORT_MAIN: "8003"
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: six
              labels:
                app.kubernetes.io/name: six
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                app.kubernetes.io/name: six
                app.kubernetes.io/part-of: my-shop
              ports:
                - name: main
                  port: 8003
                  targetPort: main
                  protocol: TCP
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: six
              labels:
                app.kubernetes.io/name: six
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                matchLabels:
                  app.kubernetes.io/name: six
                  app.kubernetes.io/part-of: my-shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: six
                    app.kubernetes.io/part-of: my-shop
                spec:
                  enableServiceLinks: false
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 10
                  containers:
                    - name: six
                      image: "shop:1"
                      args:
                        - "./six"
                      envFrom:
                        - configMapRef:
                            name: six
                      ports:
                        - name: main
                          containerPort: 8003
                          protocol: TCP
                      startupProbe:
                        exec:
                          command:
                            - sh
                            - "-c"
                            - "if command -v curl >/dev/null; then curl -fsS --noproxy '*' -o /dev/null http://127.0.0.1:8003/ready; elif command -v wget >/dev/null; then wget -Y off -q -O /dev/null http://127.0.0.1:8003/ready; else bash -c 'exec 3<>\"/dev/tcp/$0/$1\" && printf \"GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\n\\r\\n\" \"$2\" \"$0\" \"$1\" >&3 && read -r _ code _ <&3 && [[ $code == [23]* ]]' 127.0.0.1 8003 /ready; fi"
                        periodSeconds: 1
                        timeoutSeconds: 2
                        failureThreshold: 60
                      readinessProbe:
                        exec:
                          command:
                            - sh
                            - "-c"
                            - "if command -v curl >/dev/null; then curl -fsS --noproxy '*' -o /dev/null http://127.0.0.1:8003/ready; elif command -v wget >/dev/null; then wget -Y off -q -O /dev/null http://127.0.0.1:8003/ready; else bash -c 'exec 3<>\"/dev/tcp/$0/$1\" && printf \"GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\n\\r\\n\" \"$2\" \"$0\" \"$1\" >&3 && read -r _ code _ <&3 && [[ $code == [23]* ]]' 127.0.0.1 8003 /ready; fi"
                        periodSeconds: 10
                        timeoutSeconds: 2
                        failureThreshold: 3
                      livenessProbe:
                        exec:
                          command:
                            - sh
                            - "-c"
                            - "if command -v curl >/dev/null; then curl -fsS --noproxy '*' -o /dev/null http://127.0.0.1:8003/ready; elif command -v wget >/dev/null; then wget -Y off -q -O /dev/null http://127.0.0.1:8003/ready; else bash -c 'exec 3<>\"/dev/tcp/$0/$1\" && printf \"GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\n\\r\\n\" \"$2\" \"$0\" \"$1\" >&3 && read -r _ code _ <&3 && [[ $code == [23]* ]]' 127.0.0.1 8003 /ready; fi"
                        periodSeconds: 10
                        timeoutSeconds: 2
                        failureThreshold: 3
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: odd-one
              labels:
                app.kubernetes.io/name: odd-one
                app.kubernetes.io/part-of: my-shop
            data:
              EMPTY: ""
              PORT: "8000"
              PORT_8001: "8001"
              PORT_A_VERY_LONG_NAME_OF_A_PORT: "8002"
              PORT_MAIN: "8000"
              PYTHONUNBUFFERED: "1"
              SIX_URL: "http://six:8003"
            ---
            apiVersion: v1
            kind: Service
            metadata:
              name: odd-one
              labels:
                app.kubernetes.io/name: odd-one
                app.kubernetes.io/part-of: my-shop
            spec:
              selector:
                app.kubernetes.io/name: odd-one
                app.kubernetes.io/part-of: my-shop
              ports:
                - name: main
                  port: 8000
                  targetPort: main
                  protocol: TCP
                - name: tcp-8001
                  port: 8001
                  targetPort: tcp-8001
                  protocol: TCP
                - name: udp-8002
                  port: 8002
                  targetPort: udp-8002
                  protocol: UDP
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: odd-one
              labels:
                app.kubernetes.io/name: odd-one
                app.kubernetes.io/part-of: my-shop
            spec:
              replicas: 3
              selector:
                matchLabels:
                  app.kubernetes.io/name: odd-one
                  app.kubernetes.io/part-of: my-shop
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: odd-one
                    app.kubernetes.io/part-of: my-shop
                spec:
                  enableServiceLinks: false
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 2
                  initContainers:
                    - name: wait-for-db
                      image: "shop:1"
                      command:
                        - sh
                        - "-c"
                        - "until { if command -v bash >/dev/null; then bash -c ': </dev/tcp/db/5434'; else nc -z -w 2 db 5434; fi; } 2>/dev/null; do sleep 1; done"
                  containers:
                    - name: odd-one
                      image: "shop:1"
                      args:
                        - "./odd"
                        - "--token=t"
                        - "$HOME $$(id) $5 $"
                        - "two\nlines"
                      workingDir: "/app/odd dir"
                      envFrom:
                        - configMapRef:
                            name: odd-one
                        - secretRef:
                            name: odd-one
                      tty: true
                      stdin: true
                      ports:
                        - name: main
                          containerPort: 8000
                          protocol: TCP
                        - name: tcp-8001
                          containerPort: 8001
                          protocol: TCP
                        - name: udp-8002
                          containerPort: 8002
                          protocol: UDP
                      readinessProbe:
                        tcpSocket:
                          port: main
                        periodSeconds: 2
                        failureThreshold: 3
                      resources:
                        requests:
                          cpu: "250m"
                          memory: "256Mi"
                        limits:
                          memory: "256Mi"
            ---
            apiVersion: batch/v1
            kind: Job
            metadata:
              name: seed
              labels:
                app.kubernetes.io/name: seed
                app.kubernetes.io/part-of: my-shop
            spec:
              suspend: true
              backoffLimit: 0
              template:
                metadata:
                  labels:
                    app.kubernetes.io/name: seed
                    app.kubernetes.io/part-of: my-shop
                spec:
                  enableServiceLinks: false
                  restartPolicy: Never
                  shareProcessNamespace: true
                  terminationGracePeriodSeconds: 10
                  initContainers:
                    - name: wait-for-db
                      image: "shop:1"
                      command:
                        - sh
                        - "-c"
                        - "until { if command -v bash >/dev/null; then bash -c ': </dev/tcp/db/5434'; else nc -z -w 2 db 5434; fi; } 2>/dev/null; do sleep 1; done"
                    - name: migrate
                      image: "shop:1"
                      args:
                        - "./migrate"
                  containers:
                    - name: seed
                      image: "shop:1"
                      args:
                        - "./seed"
            lost: outside, external: somebody else runs it, so Kubernetes is not told of it, and its address stays `127.0.0.1:5432`, which in a container is the container itself
            lost: odd_one, venv: its image must bring the packages: no venv of this machine is in it
            lost: db, compose: what its Compose file says of variables and volumes is not carried over
            lost: silent, healthcheck: nothing waits until it is ready: it has no TCP port to connect to
            lost: six, restart: a Deployment starts it again whenever it ends
            lost: odd_one, environment: secrets are not written: `DB_PASSWORD`, `DB_URL`
                instead: it takes them from the Secret of `kubectl create secret generic odd-one --from-literal=DB_PASSWORD=… --from-literal=DB_URL=…`
            lost: odd_one, command: its command or health check holds a secret, which is written: pass it as a variable
            lost: odd_one, restart: a Deployment starts it again whenever it ends
            lost: odd_one, stop_signal: Kubernetes sends the signal of its image, not SIGINT
            lost: odd_one, depends_on: it is not restarted with `db`
            lost: migrate, tasks: Kubernetes has no tasks that others wait for
                instead: it runs in front of `seed`, at every start and in each replica
            lost: seed, tasks: Kubernetes has no tasks that others wait for
                instead: a suspended Job, which `kubectl patch job seed -p '{"spec":{"suspend":false}}'` runs once
        "#]],
    );
}

#[test]
fn names_must_be_good_and_different() {
    check(
        Target::Kubernetes,
        r#"
        [services.a_b]
        command = "x"
        [services.A-b]
        command = "x"
        [services.1st]
        command = "x"
        environment = { "A B" = "1" }
        [services._]
        command = "x"
        "#,
        expect![[r#"
            error: `a_b` and `A-b` are both called `a-b` in Kubernetes
            error: `1st` cannot be the name of a Service of Kubernetes
            error: variable `A B` of `1st` cannot be a key of a ConfigMap
            error: `_` cannot be the name of a Service of Kubernetes
        "#]],
    );
}
