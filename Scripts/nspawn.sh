#!/bin/bash
# The whole life of the service under a real systemd: nspawn.sh MODEL. Needs root, systemd-nspawn and a build.
#
# A container is booted from this machine's own files below a layer in memory, so that nothing here changes: install,
# socket activation, requests as a member of the groups, refusal of a stranger, reload, restart, stop, purge.
set -euo pipefail

model=$(realpath "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
fail() {
    printf 'nspawn: %s\n' "$@" >&2
    exit 1
}
((EUID == 0)) || fail "needs root: sudo make nspawn"
command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: apt-get install systemd-container"
binaries=$here/.build/release
[[ -x "$binaries/sglorad" ]] || binaries=$here/.build/debug
[[ -x "$binaries/sglorad" && -x "$binaries/sglorad-ctl" ]] || fail "build first: make build"

work=$(mktemp -d /tmp/sglorad-nspawn.XXXXXX)
container=
finish() {
    local status=$?
    if ((status)); then
        echo "nspawn: the container's journal:" >&2
        inside journalctl --no-pager -n 60 -u sglorad.service -u sglorad.socket >&2 2>/dev/null || cat "$work/log" >&2
    fi
    if [[ -n "$container" ]]; then
        # Its own way of ending first; what does not go is killed with its process 1.
        kill -RTMIN+4 "$leader" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$container" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$leader" "$container" 2>/dev/null || true
        wait "$container" 2>/dev/null || true
    fi
    umount --lazy "$root" "$work/layer" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT
leader=
root=$work/root
mkdir "$root" "$work/layer"
mount -t tmpfs -o mode=0755 tmpfs "$work/layer"
mkdir "$work/layer/upper" "$work/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root" ||
    fail "this kernel or sandbox lets no overlay be mounted above /"
# A machine of its own that starts nothing of this one's.
rm -rf "$root"/etc/systemd/system/* "$root"/etc/sglorad "$root"/var/{lib,cache,spool}/sglorad "$root"/run/sglorad
ln -s /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
systemd-id128 new >"$root/etc/machine-id"
BINARIES=$binaries "$here/Scripts/install.sh" "$root" /usr "$model"

systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --boot --directory="$root" --console=pipe \
    --bind-ro="$here:/source" </dev/null >"$work/log" 2>&1 &
container=$!
for _ in $(seq 600); do
    kill -0 "$container" 2>/dev/null || fail "the container does not start:" "$(cat "$work/log")"
    leader=$(pgrep -P "$container" | head -n 1) || true
    [[ -z "$leader" ]] || state=$(nsenter -t "$leader" -a systemctl is-system-running 2>/dev/null) || true
    [[ "${state:-}" =~ ^(running|degraded)$ ]] && break
    sleep 0.1
done
[[ "${state:-}" =~ ^(running|degraded)$ ]] || fail "the container does not come up (${state:-no answer})"

inside() { nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
as() {
    local user=$1
    shift
    inside setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/tmp "$@"
}
step() { printf 'nspawn: %s\n' "$*"; }
is() {
    local what=$1 found=$2 wanted=$3
    [[ "$found" == "$wanted" ]] || fail "$what is '$found' and not '$wanted'"
}
property() { inside systemctl show --value --property="$1" "${2:-sglorad.service}"; }

step "installed; the machine made the users and the spool when it started"
inside getent passwd sglorad >/dev/null || fail "there is no user sglorad"
is "the spool's new/" "$(inside stat -c '%a %U:%G' /var/spool/sglorad/new)" "3770 sglorad:sglorad"
inside useradd --user-group --groups sglorad-users alice
inside useradd --user-group --groups sglorad-users,sglorad-admin carol
inside useradd --user-group bob

step "socket activation"
inside systemctl enable --quiet --now sglorad.socket
is "the service before the first call" "$(property ActiveState)" inactive
is "the socket" "$(inside stat -c '%a %U:%G' /run/sglorad/io.sglorad)" "660 root:sglorad-users"
inside test -S /run/varlink/registry/io.sglorad || fail "the socket is not in varlink's registry"
as alice sglorad-ctl status >/dev/null || fail "a member of the group gets no answer"
is "the service after the first call" "$(property ActiveState)" active
[[ "$(property StatusText)" == Serving* ]] || fail "the status is '$(property StatusText)'"
process=$(property MainPID)
is "the daemon's user" "$(inside ps -o user= -p "$process" | tr -d ' ')" sglorad
inside grep -qE '^Max core file size +0 +0 ' "/proc/$process/limits" || fail "cores can be written"
inside grep -qE '^Max open files +4096 +4096 ' "/proc/$process/limits" || fail "LimitNOFILE is not 4096"
inside grep -qE '^Seccomp:\s+2$' "/proc/$process/status" || fail "system calls are not filtered"
is "the daemon's network" "$(inside nsenter -t "$process" -n ip -o link 2>/dev/null | grep -vc ' lo: ' || true)" 0

step "a library from an administrator, a request from a user"
experts=(wn-birds wn-fish wn-insects)
as carol sglorad-ctl expert import "${experts[@]/#//source/Examples/minilm-zoo/experts/}" >/dev/null
as alice sglorad-ctl request "match definitions of birds to their names" -o /tmp/adapter >/dev/null
inside test -s /tmp/adapter/adapter_model.safetensors || fail "no adapter came"
status=0
as alice sglorad-ctl expert remove wn-fish >/dev/null 2>&1 || status=$?
is "a user's exit status at the library" "$status" 77

step "a stranger is refused, at the socket's file and by the daemon"
status=0
as bob sglorad-ctl status >/dev/null 2>&1 || status=$?
is "a stranger's exit status at the file" "$status" 77
inside chmod 0666 /run/sglorad/io.sglorad
status=0
said=$(as bob sglorad-ctl adapter list 2>&1) || status=$?
is "a stranger's exit status at the daemon" "$status" 77
[[ "$said" == *sglorad-users* ]] || fail "the refusal does not say what to do: $said"
inside chmod 0660 /run/sglorad/io.sglorad

step "reload"
inside sh -c 'echo "logLevel: debug" >>/etc/sglorad/sglorad.yaml'
inside systemctl reload sglorad.service
is "the service after a reload" "$(property ActiveState)" active
is "the daemon's process after a reload" "$(property MainPID)" "$process"
inside journalctl --no-pager -u sglorad.service | grep -q 'read anew' || fail "the journal does not know of a reload"
inside sh -c 'echo "logLevel: loud" >/etc/sglorad/sglorad.yaml'
inside systemctl reload sglorad.service
[[ "$(property StatusText)" == *wrong* ]] || fail "a wrong configuration is not said: $(property StatusText)"
as alice sglorad-ctl status >/dev/null || fail "a wrong configuration has stopped the daemon"
inside cp /source/etc/sglorad.yaml /etc/sglorad/sglorad.yaml

step "the watchdog is fed, and what is killed comes back with what it had"
(("$(property WatchdogTimestampMonotonic)" > 0)) || fail "the watchdog was never fed"
inside kill -KILL "$process"
for _ in $(seq 100); do
    [[ "$(property ActiveState)" == active && "$(property MainPID)" != "$process" ]] && break
    sleep 0.1
done
as alice sglorad-ctl adapter list | grep -q . || fail "the adapter is gone after a crash"

step "stop"
inside systemctl stop sglorad.service 2>/dev/null
is "how the service ended" "$(property Result)" success
inside test -S /run/sglorad/io.sglorad || fail "the socket went with the service"
inside systemctl stop sglorad.socket
! inside test -e /run/sglorad/io.sglorad || fail "the socket stays after its unit"
! inside test -L /run/varlink/registry/io.sglorad || fail "the registry keeps the socket"

step "purge"
inside /source/Scripts/uninstall.sh "" /usr purge >/dev/null
for path in /usr/bin/sglorad /etc/sglorad /var/lib/sglorad /var/spool/sglorad /run/sglorad; do
    ! inside test -e "$path" || fail "$path is left"
done
! inside getent group sglorad-users >/dev/null || fail "the group sglorad-users is left"
step "done"
