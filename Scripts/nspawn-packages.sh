#!/bin/bash
# Tries the Debian packages' whole life in a bare Debian 12 under a real systemd: nspawn-packages.sh PACKAGES
#
# Needs root, debootstrap and systemd-container. The root is made once, in .build-nspawn, and used under an overlay in memory.
# The container has no network: it installs from a folder of packages. Install, use, upgrade under load,
# remove, purge; then the file system must be what it was, but for logs.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
packages=$(realpath "$1")
fail() {
    printf 'nspawn-packages: %s\n' "$@" >&2
    exit 1
}
((EUID == 0)) || fail "needs root"
for program in debootstrap systemd-nspawn apt-ftparchive; do
    command -v $program >/dev/null ||
        fail "$program is missing: apt-get install debootstrap systemd-container apt-utils"
done
compgen -G "$packages/sglorad_*.deb" >/dev/null || fail "there are no packages in $packages; run: make deb"
began=$SECONDS
step() { printf 'nspawn-packages: [%3d s] %s\n' $((SECONDS - began)) "$*"; }

bare=$here/.build-nspawn/bookworm
if [[ ! -e "$bare.complete" ]]; then
    step "debootstrap"
    rm -rf --one-file-system "$bare"
    mkdir -p "$bare"
    debootstrap --variant=minbase --include=systemd-sysv,dbus bookworm "$bare" >"$bare.log" 2>&1 || {
        tail -n 20 "$bare.log" >&2
        fail "debootstrap failed; its log is $bare.log"
    }
    touch "$bare.complete"
fi

work=$(mktemp -d /tmp/sglorad-packages.XXXXXX)
root=$work/root
container=
leader=
finish() {
    local status=$?
    if ((status)) && [[ -n "$leader" ]]; then
        echo "nspawn-packages: the container's journal:" >&2
        inside journalctl --no-pager -n 60 -u sglorad.service -u sglorad.socket >&2 2>/dev/null || true
    fi
    if [[ -n "$container" ]]; then
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
mkdir "$root" "$work/layer"
mount -t tmpfs -o mode=0755 tmpfs "$work/layer"
mkdir "$work/layer/upper" "$work/layer/work"
mount -t overlay overlay -o "lowerdir=$bare,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root" ||
    fail "this kernel or sandbox does not permit an overlay mount"

step "a folder of packages: ours, a newer version of ours, and what they depend on"
folder=$root/packages
mkdir "$folder" "$folder/newer"
cp "$packages"/*.deb "$folder/"
version=$(dpkg-deb --field "$(echo "$packages"/sglorad_*.deb)" Version)
newer=$version+newer
for package in "$packages"/*.deb; do
    dpkg-deb --raw-extract "$package" "$work/package"
    sed -i "s/$(printf '%s' "$version" | sed 's/[.]/\\&/g')/$newer/" "$work/package/DEBIAN/control"
    dpkg-deb --build -Znone "$work/package" "$folder/newer/" >/dev/null
    rm -rf "$work/package"
done
depended=$here/.build-nspawn/depended
if ! compgen -G "$depended/*.deb" >/dev/null; then
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
    chroot "$root" apt-get update -qq
    chroot "$root" sh -c 'apt-get install -qq -y --no-install-recommends --download-only /packages/*.deb' >/dev/null
    mkdir -p "$depended"
    cp "$root"/var/cache/apt/archives/*.deb "$depended/"
    chroot "$root" apt-get clean
fi
cp "$depended"/*.deb "$folder/"
(cd "$folder" && apt-ftparchive packages . >Packages)
rm -rf "$root"/var/lib/apt/lists/* "$root"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:/packages ./" >"$root/etc/apt/sources.list"
cat >"$folder/load.sh" <<'LOAD'
#!/bin/sh
# Submits requests, one after the other, until it is told to stop. Each must be taken in, with at most a few attempts.
i=0
while [ ! -e /load/stop ]; do
    i=$((i + 1))
    tries=0
    until id=$(sglorad-ctl request --no-wait --idempotency-key "$1-$i" --seed "$i" "match definitions of birds to their names" 2>>/load/said.$1); do
        tries=$((tries + 1))
        echo "$1-$i" >>/load/again.$1
        [ $tries -lt 100 ] || exit 1
        sleep 0.1
    done
    echo "$id" >>/load/ids.$1
done
LOAD
chmod +x "$folder/load.sh"

systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --private-network --boot --directory="$root" \
    --console=pipe </dev/null >"$work/log" 2>&1 &
container=$!
for _ in $(seq 600); do
    kill -0 "$container" 2>/dev/null || fail "the container did not start:" "$(cat "$work/log")"
    leader=$(pgrep -P "$container" | head -n 1) || true
    [[ -z "$leader" ]] || state=$(nsenter -t "$leader" -a systemctl is-system-running 2>/dev/null) || true
    [[ "${state:-}" =~ ^(running|degraded)$ ]] && break
    sleep 0.1
done
[[ "${state:-}" =~ ^(running|degraded)$ ]] || fail "the container did not finish booting (state: ${state:-no answer})"

inside() { nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as() {
    local user=$1
    shift
    inside setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/tmp "$@"
}
apt() {
    inside apt-get -qq -y --no-install-recommends "$@" >"$work/apt.log" 2>&1 || {
        cat "$work/apt.log" >&2
        fail "apt-get $* failed"
    }
}
is() { [[ "$2" == "$3" ]] || fail "$1: expected '$3', found '$2'"; }
property() { inside systemctl show --value --property="$1" "${2:-sglorad.service}"; }
# Every file with its kind, mode, owner and content; not what apt, dpkg, the linker and systemd write for themselves, nor the
# backups that changing a user leaves, nor logs.
snapshot() {
    inside sh -c 'find / -xdev \( -path /packages -o -path /tmp -o -path /load -o -path /proc -o -path /sys \
        -o -path /dev -o -path /run -o -path /var/log -o -path /var/tmp -o -path /var/cache/apt -o -path /var/lib/apt -o -path /var/lib/dpkg \
        -o -path /var/cache/ldconfig -o -path /etc/ld.so.cache -o -path /var/cache/debconf -o -path /var/lib/systemd/random-seed \
        -o -path /var/lib/systemd/timers -o -path /var/lib/systemd/catalog -o -path "/etc/*-" -o -path /etc/.pwd.lock \) -prune \
        -o \( -type f -printf "%p %y %m %u:%g " -exec sha256sum {} \; -o -printf "%p %y %m %u:%g %l\n" \)' |
        sed -E 's/([0-9a-f]{64})  .*/\1/' | sort >"$1"
}

for user in alice carol bob; do inside useradd --user-group "$user"; done
apt update
snapshot "$work/before"

step "install"
inside sh -c 'cd /packages && apt-get -qq -y --no-install-recommends install ./sglorad*.deb' >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log" >&2
    fail "the installation failed"
}
is "the installed version" "$(inside dpkg-query --show --showformat='${Version}' sglorad)" "$version"
inside systemctl start sglorad.socket
is "the socket" "$(property ActiveState sglorad.socket) $(property UnitFileState sglorad.socket)" "active enabled"
is "the service before the first call" "$(property ActiveState)" inactive
inside test ! -e /opt/swift || fail "there is a Swift toolchain in the bare Debian"
is "mode and owner of the spool's new/" "$(inside stat -c '%a %U:%G' /var/spool/sglorad/new)" "3770 sglorad:sglorad"
for user in alice carol; do inside usermod --append --groups sglorad-users "$user"; done
inside usermod --append --groups sglorad-admin carol

step "use"
as carol sh -c 'sglorad-ctl expert import /usr/share/sglorad/examples/minilm-zoo/experts/*' >/dev/null
as carol sglorad-ctl generator import /usr/share/sglorad/examples/minilm-zoo/generator.safetensors >/dev/null
as alice sglorad-ctl request "match definitions of birds to their names" -o /tmp/adapter >/dev/null
inside test -s /tmp/adapter/adapter_model.safetensors || fail "the request produced no adapter"
inside sglorad-ctl doctor >/dev/null || fail "doctor finds something wrong: $(inside sglorad-ctl doctor || true)"
status=0
as bob sglorad-ctl status >/dev/null 2>&1 || status=$?
is "exit status of somebody who is in no group" "$status" 77

step "upgrade to $newer, under load"
inside sh -c 'echo "# changed by the operator" >>/etc/sglorad/sglorad.yaml; mkdir /load; chown alice /load'
jobs=()
for worker in 1 2 3 4; do
    as alice /packages/load.sh $worker &
    jobs+=($!)
done
lines() { inside sh -c "cat /load/ids.* 2>/dev/null | wc -l"; }
until (($(lines) > 20)); do sleep 0.1; done
process=$(property MainPID)
inside sh -c 'cd /packages/newer && apt-get -qq -y --no-install-recommends install ./*.deb' >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log" >&2
    fail "the upgrade failed"
}
at_upgrade=$(lines)
until (($(lines) > at_upgrade + 20)); do sleep 0.1; done
inside touch /load/stop
for job in "${jobs[@]}"; do wait "$job" || fail "a request was not taken in: $(inside sh -c 'tail -n 3 /load/said.*')"; done
is "the upgraded version" "$(inside dpkg-query --show --showformat='${Version}' sglorad)" "$newer"
[[ "$(property MainPID)" != "$process" ]] || fail "the service was not restarted by the upgrade"
inside tail -n 1 /etc/sglorad/sglorad.yaml | grep -q operator || fail "the upgrade lost the operator's configuration"
total=$(lines)
again=$(inside sh -c 'cat /load/again.* 2>/dev/null | wc -l')
is "different requests of $total" "$(inside sh -c 'sort -u /load/ids.* | wc -l')" "$total"
while read -r id; do
    for _ in $(seq 600); do
        state=$(as alice sglorad-ctl queue show "$id" --json | sed -nE 's/.*"state" *: *"([a-z]+)".*/\1/p')
        [[ "$state" == queued || "$state" == running ]] || break
        sleep 0.1
    done
    is "state of the request $id" "$state" done
done < <(inside sh -c 'cat /load/ids.*')
! inside sh -c 'grep -q "no socket" /load/said.*' || fail "the socket was closed during the upgrade"
inside sh -c 'cat /load/said.*' | sed -E 's/^/    they were told: /' | sort | uniq -c >&2
step "$total requests were made during the upgrade, $again were tried again, none was lost"

step "remove keeps the state, install finds it"
adapters=$(as alice sglorad-ctl adapter list --json | grep -c '"adapterId"')
apt remove sglorad
inside test ! -e /usr/bin/sglorad || fail "the program remains"
inside test ! -e /run/sglorad/io.sglorad || fail "the socket remains"
inside test -d /var/lib/sglorad/private || fail "removing the package removed the state"
inside sh -c 'cd /packages/newer && apt-get -qq -y --no-install-recommends install ./sglorad_*.deb' >/dev/null 2>&1
is "number of adapters after the package was removed and installed" "$(as alice sglorad-ctl adapter list --json | grep -c '"adapterId"')" "$adapters"

step "purge"
apt purge sglorad sglorad-minilm sglorad-examples
apt autoremove --purge
inside rm -rf /load /tmp/adapter
snapshot "$work/after"
diff "$work/before" "$work/after" >"$work/difference" || fail "the file system is not what it was:" "$(cat "$work/difference")"
step "the file system is what it was: $(wc -l <"$work/before") files, folders and links"
