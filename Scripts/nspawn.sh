#!/bin/bash
# Runs the service's whole life under a real systemd: nspawn.sh MODEL. Needs root, systemd-nspawn and a build.
#
# Boots a container from this machine's own files under an overlay in memory, so that nothing on this machine changes, and
# runs: install, socket activation, requests by members of the groups, refusal of others, reload, restart, stop, purge.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
model=$(realpath "$1")
me=nspawn
. "$here/Scripts/container.sh"
binaries=$here/.build/release
[[ -x "$binaries/sglorad" ]] || binaries=$here/.build/debug
[[ -x "$binaries/sglorad" && -x "$binaries/sglorad-ctl" ]] || fail "build first: make build"

container_over /
# Make it a machine of its own that starts none of this machine's services.
rm -rf "$root"/etc/systemd/system/* "$root"/etc/sglorad "$root"/var/{lib,cache,spool}/sglorad "$root"/run/sglorad
ln -s /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
systemd-id128 new >"$root/etc/machine-id"
BINARIES=$binaries "$here/Scripts/install.sh" "$root" /usr "$model"
container_boot --bind-ro="$here:/source"

step "install: users and spool are created at boot"
inside getent passwd sglorad >/dev/null || fail "the user sglorad does not exist"
is "mode and owner of the spool's new/" "$(inside stat -c '%a %U:%G' /var/spool/sglorad/new)" "3770 sglorad:sglorad"
inside useradd --user-group --groups sglorad-users alice
inside useradd --user-group --groups sglorad-users,sglorad-admin carol
inside useradd --user-group bob

step "socket activation"
inside systemctl enable --quiet --now sglorad.socket
is "state of the service before the first call" "$(property ActiveState)" inactive
is "mode and owner of the socket" "$(inside stat -c '%a %U:%G' /run/sglorad/io.sglorad)" "660 root:sglorad-users"
inside test -S /run/varlink/registry/io.sglorad || fail "the socket is not in the varlink registry"
as alice sglorad-ctl status >/dev/null || fail "a member of sglorad-users gets no answer"
is "state of the service after the first call" "$(property ActiveState)" active
[[ "$(property StatusText)" == Serving* ]] || fail "the status does not begin with Serving: '$(property StatusText)'"
process=$(property MainPID)
is "the daemon's user" "$(inside ps -o user= -p "$process" | tr -d ' ')" sglorad
inside grep -qE '^Max core file size +0 +0 ' "/proc/$process/limits" || fail "core dumps are not disabled"
inside grep -qE '^Max open files +4096 +4096 ' "/proc/$process/limits" || fail "LimitNOFILE is not 4096"
inside grep -qE '^Seccomp:\s+2$' "/proc/$process/status" || fail "system calls are not filtered"
is "number of network interfaces of the daemon" "$(inside nsenter -t "$process" -n ip -o link 2>/dev/null | grep -vc ' lo: ' || true)" 0

step "an administrator imports experts, a user makes a request"
experts=(wn-birds wn-fish wn-insects)
as carol sglorad-ctl expert import "${experts[@]/#//source/Examples/minilm-zoo/experts/}" >/dev/null
as alice sglorad-ctl request "match definitions of birds to their names" -o /tmp/adapter >/dev/null
inside test -s /tmp/adapter/adapter_model.safetensors || fail "the request produced no adapter"
status=0
as alice sglorad-ctl expert remove wn-fish >/dev/null 2>&1 || status=$?
is "exit status of a user who changes the library" "$status" 77

step "others are refused, by the socket's mode and by the daemon"
status=0
as bob sglorad-ctl status >/dev/null 2>&1 || status=$?
is "exit status of others, refused by the socket's mode" "$status" 77
inside chmod 0666 /run/sglorad/io.sglorad
status=0
said=$(as bob sglorad-ctl adapter list 2>&1) || status=$?
is "exit status of others, refused by the daemon" "$status" 77
[[ "$said" == *sglorad-users* ]] || fail "the refusal does not name the group to join: $said"
inside chmod 0660 /run/sglorad/io.sglorad

step "reload"
inside sh -c 'echo "logLevel: debug" >>/etc/sglorad/sglorad.yaml'
inside systemctl reload sglorad.service
is "state of the service after a reload" "$(property ActiveState)" active
is "process id of the daemon after a reload" "$(property MainPID)" "$process"
inside journalctl --no-pager -u sglorad.service | grep -q 'configuration reloaded' || fail "the journal does not mention the reload"
inside sh -c 'echo "logLevel: loud" >/etc/sglorad/sglorad.yaml'
inside systemctl reload sglorad.service
[[ "$(property StatusText)" == *wrong* ]] || fail "the status does not report the invalid configuration: $(property StatusText)"
as alice sglorad-ctl status >/dev/null || fail "an invalid configuration stopped the daemon"
inside cp /source/etc/sglorad.yaml /etc/sglorad/sglorad.yaml

step "the watchdog is fed, and a killed service restarts with its state"
(("$(property WatchdogTimestampMonotonic)" > 0)) || fail "the watchdog was never fed"
inside kill -KILL "$process"
for _ in $(seq 100); do
    [[ "$(property ActiveState)" == active && "$(property MainPID)" != "$process" ]] && break
    sleep 0.1
done
as alice sglorad-ctl adapter list | grep -q . || fail "the adapter is missing after a crash"

step "stop"
inside systemctl stop sglorad.service 2>/dev/null
is "result of the stopped service" "$(property Result)" success
inside test -S /run/sglorad/io.sglorad || fail "the socket was removed with the service"
inside systemctl stop sglorad.socket
! inside test -e /run/sglorad/io.sglorad || fail "the socket remains after its unit was stopped"
! inside test -L /run/varlink/registry/io.sglorad || fail "the varlink registry still has the socket"

step "purge"
inside /source/Scripts/uninstall.sh "" /usr purge >/dev/null
for path in /usr/bin/sglorad /etc/sglorad /var/lib/sglorad /var/spool/sglorad /run/sglorad; do
    ! inside test -e "$path" || fail "$path was not removed"
done
! inside getent group sglorad-users >/dev/null || fail "the group sglorad-users was not removed"
step "done"
