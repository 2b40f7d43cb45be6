#!/bin/bash
# boot.sh NSPAWN SCRIPT: boots a real systemd with NSPAWN, from a copy of this system that ends with it, and runs `bash SCRIPT`
# there, in this directory, which is the same inside. Its output, and its status. After a minute everything in it is killed.
# Needs root.
set -eu
if [ "$1" != inside ]; then
  own=$(mktemp -d)
  mkdir "$own/said" "$own/tree"
  timeout --kill-after=5 60 unshare --mount --fork --kill-child bash "$0" inside "$own" "$1" "$2" >"$own/boot.log" 2>&1 || true
  cat "$own/said/output" || true
  code=$(cat "$own/said/code") || { cat "$own/boot.log" >&2; code=2; }
  rm -r "$own"
  # They are empty, and nspawn leaves them.
  for cgroups in /sys/fs/cgroup /sys/fs/cgroup/*; do
    find "$cgroups/payload" "$cgroups/supervisor" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
  exit "$code"
fi

own=$2 nspawn=$3 script=$PWD/$4
mount --make-rprivate /
mount -t tmpfs tmpfs "$own/tree"
mkdir "$own"/tree/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$own/tree/upper,workdir=$own/tree/work" "$own/tree/root"
root=$own/tree/root
: >"$root/etc/fstab"
rm -f "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/systemd/system/devtasks-script.target" <<E2
[Unit]
Requires=basic.target systemd-journald.service
Wants=devtasks-script.service
After=basic.target
AllowIsolate=yes
E2
cat >"$root/etc/systemd/system/devtasks-script.service" <<E2
[Unit]
After=basic.target
[Service]
Type=oneshot
WorkingDirectory=$PWD
ExecStart=/bin/sh -c 'bash $script >/said/output 2>&1; echo \$\$? >/said/code; systemctl exit 0'
E2
mkdir -p "$root/said"
exec "$nspawn" --quiet --register=no --keep-unit --link-journal=no --private-network --bind="$own/said:/said" \
  --bind="$PWD" -D "$root" --console=pipe --boot -- --unit=devtasks-script.target --log-level=info </dev/null
