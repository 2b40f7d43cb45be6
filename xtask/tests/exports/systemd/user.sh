#!/bin/bash
# user.sh SCRIPT: runs `bash SCRIPT` beside a real `systemd --user` and a journal, in a network, process table and cgroups of
# their own. Nothing is booted. Ends with the status of SCRIPT; after a minute everything in it is killed. Needs root.
set -eu
if [ $# = 1 ]; then
  cgroups=/sys/fs/cgroup
  # Beside the first version, the second lies here.
  [ -f $cgroups/cgroup.procs ] || cgroups=/sys/fs/cgroup/unified
  own=$cgroups/devtasks-export-$$
  mkdir "$own"
  code=0
  (
    echo "$BASHPID" >"$own/cgroup.procs"
    exec timeout --kill-after=5 60 unshare --fork --kill-child --pid --mount-proc --mount --ipc --uts --net --cgroup \
      bash "$0" inside "$1"
  ) || code=$?
  find "$own" -depth -type d -exec rmdir {} \; 2>/dev/null
  exit $code
fi

mount --make-rprivate /
mount -t tmpfs tmpfs /run
# Without this the manager leaves empty cgroups on the host.
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /run/systemd/system /run/user/0 /run/home/.config/systemd/user /run/log/journal
chmod 700 /run/user/0
# Nothing of the caller reaches the services.
for name in $(compgen -e); do unset "$name"; done
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/run/home XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus
ip link set lo up
# The kernel's messages are of the whole machine.
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\nReadKMsg=no\n' >/run/systemd/journald.conf.d/own.conf
/lib/systemd/systemd-journald >/run/journald.log 2>&1 &
until [ -S /run/systemd/journal/stdout ]; do read -rt 0.05 <> <(:) || true; done
/lib/systemd/systemd --user --log-target=console --unit=basic.target >/run/manager.log 2>&1 &
until systemctl --user is-system-running 2>/dev/null | grep -qE 'running|degraded'; do read -rt 0.05 <> <(:) || true; done
code=0
bash "$2" || code=$?
[ $code = 0 ] || { cat /run/manager.log; journalctl -D /run/log/journal --no-pager; } >&2
exit $code
