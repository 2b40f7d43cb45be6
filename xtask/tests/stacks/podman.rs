//! Podman in a network and process table of its own, for machines without cgroup v2 and systemd.

/// `pod` is podman with a store in the working directory; it is cleaned up when the script ends.
pub(crate) const PODMAN: &str = r#"
cat >containers.conf <<'EOF'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=2048:2048"]
cgroupns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF
export CONTAINERS_CONF=$PWD/containers.conf
# Networks, names of containers, the pid of what answers for them, and locks lie here whatever the store is.
for it in /etc/containers/networks /run/containers /run/netns /dev/shm; do mkdir -p $it; mount -t tmpfs none $it; done
pod() { podman --log-level=error --root "$PWD/store" --runroot "$PWD/running" --tmpdir "$PWD/engine" "$@"; }
clean() {
    code=$?
    set +e
    pod rm -fa -t 0 >/dev/null 2>&1
    pod system reset -f >/dev/null 2>&1
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null
    exit $code
}
trap clean EXIT
"#;
