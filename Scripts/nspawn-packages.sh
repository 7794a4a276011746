#!/bin/bash
# Tries the Debian packages' whole life in a bare Debian 12 under a real systemd: nspawn-packages.sh PACKAGES [NEWER]
#
# The upgrade is to the packages in NEWER, of another commit; without them, to the same programs under a newer version.
#
# Needs root, debootstrap and systemd-container. The root is made once, in .build-nspawn, and used under an overlay in memory.
# The container has no network: it installs from a folder of packages. Install over what 'make install' of version 0.1 left, and
# purge; install, use, mend, a service that asks at boot, upgrade under load, remove, purge; then the file system must be what it
# was, but for logs.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
packages=$(realpath "$1")
later=${2:+$(realpath "$2")}
me=nspawn-packages
. "$here/Scripts/container.sh"
command -v apt-ftparchive >/dev/null || fail "apt-ftparchive is missing: apt-get install apt-utils"
compgen -G "$packages/sglorad_*.deb" >/dev/null || fail "there are no packages in $packages; run: make deb"

. "$here/Scripts/bare-debian.sh"
container_over "$bare"

step "a folder of packages: ours, a newer version of ours, and what they depend on"
folder=$root/packages
mkdir "$folder" "$folder/newer"
cp "$packages"/*.deb "$folder/"
version=$(dpkg-deb --field "$(echo "$packages"/sglorad_*.deb)" Version)
if [[ -n "$later" ]]; then
    newer=$(dpkg-deb --field "$(echo "$later"/sglorad_*.deb)" Version)
    dpkg --compare-versions "$newer" gt "$version" || fail "the packages in $later have version $newer, which is not newer than $version"
    cp "$later"/*.deb "$folder/newer/"
else
    newer=$version+newer
    for package in "$packages"/*.deb; do
        dpkg-deb --raw-extract "$package" "$work/package"
        sed -i "s/$(printf '%s' "$version" | sed 's/[.]/\\&/g')/$newer/" "$work/package/DEBIAN/control"
        dpkg-deb --build -Znone "$work/package" "$folder/newer/" >/dev/null
        rm -rf "$work/package"
    done
fi
cp "$here/Tests/EndToEndTests/Fixtures/state-c58e2ad.tar.gz" "$here/Examples/apps/shell/ask.sh" \
    "$here/Examples/apps/boot/sglorad-ask.service" "$folder/"
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

container_boot --private-network

apt() {
    inside apt-get -qq -y --no-install-recommends "$@" >"$work/apt.log" 2>&1 || {
        cat "$work/apt.log" >&2
        fail "apt-get $* failed"
    }
}
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

# install_from FOLDER PATTERN: installs packages by their files' names.
install_from() {
    inside sh -c "cd $1 && apt-get -qq -y --no-install-recommends install ./$2" >"$work/apt.log" 2>&1 || {
        cat "$work/apt.log" >&2
        fail "the installation of $1/$2 failed"
    }
}
# Removes everything of ours; then the file system must be what it was.
purge_ours() {
    apt purge sglorad sglorad-minilm sglorad-examples
    apt autoremove --purge
    snapshot "$work/after"
    diff "$work/before" "$work/after" >"$work/difference" || fail "the file system is not what it was:" "$(cat "$work/difference")"
}
# How many objects a listing as JSON has, told by a field that each has once.
count() {
    local field=$1
    shift
    inside sglorad-ctl "$@" --json | grep -c "\"$field\"" || true
}

# The state in which a request ends.
final() {
    local state=
    for _ in $(seq 600); do
        state=$(inside sglorad-ctl queue show "$1" --json | sed -nE 's/.*"state" *: *"([a-z]+)".*/\1/p')
        [[ "$state" == queued || "$state" == running ]] || break
        sleep 0.1
    done
    echo "$state"
}

step "install over what 'make install' of version 0.1 (commit c58e2ad) left, killed with open requests"
inside useradd --system --user-group --home-dir / --shell /usr/sbin/nologin sglorad
inside sh -c 'mkdir /tmp/left && tar -xzf /packages/state-c58e2ad.tar.gz -C /tmp/left && chown -R sglorad:sglorad /tmp/left/state &&
    mv /tmp/left/state /var/lib/sglorad && mv /tmp/left/spool /var/spool/sglorad && rm -r /tmp/left &&
    find /var/spool/sglorad ! -path "*/new/?*" -exec chown sglorad:sglorad {} +'
install_from /packages 'sglorad*.deb'
is "experts of version 0.1" "$(count digest expert list)" 4
for id in r-a55d8e94-48cf-4689-90f2-ff6d93644ffd r-8b69238a-9f2d-4b10-8ec9-824d1f7d4d57; do
    is "the request $id that version 0.1 took in" "$(final "$id")" done
done
(($(count adapterId adapter list) >= 7)) || fail "adapters of version 0.1 are missing: $(inside sglorad-ctl adapter list)"
inside sglorad-ctl cache verify >/dev/null || fail "the state of version 0.1 is not sound: $(inside sglorad-ctl cache verify || true)"
for _ in $(seq 300); do
    ! inside test -e /var/spool/sglorad/done/0/waiting.json || break
    sleep 0.1
done
inside test -e /var/spool/sglorad/done/0/waiting.json || fail "the file that waited in the spool was not answered"
purge_ours

step "install"
install_from /packages 'sglorad*.deb'
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

step "doctor --fix starts the socket that somebody stopped, and makes the spool that somebody removed"
inside systemctl disable --quiet --now sglorad.socket
inside systemctl stop sglorad.service
inside rm -r /var/spool/sglorad/new
inside sglorad-ctl doctor --fix >"$work/doctor" || true
inside sglorad-ctl doctor --fix >>"$work/doctor" || true
is "the socket" "$(property ActiveState sglorad.socket) $(property UnitFileState sglorad.socket)" "active enabled"
is "mode and owner of the spool's new/" "$(inside stat -c '%a %U:%G' /var/spool/sglorad/new || true)" "3770 sglorad:sglorad"
# The daemon looks for its spool again after some seconds.
for _ in $(seq 120); do
    ! inside sglorad-ctl doctor >"$work/doctor" || break
    sleep 1
done
inside sglorad-ctl doctor >"$work/doctor" || fail "doctor finds something wrong after --fix: $(cat "$work/doctor")"

step "a service that asks at boot"
inside sh -c 'install -D -m 755 /packages/ask.sh /usr/local/lib/sglorad-ask/ask.sh
    install -m 644 /packages/sglorad-ask.service /etc/systemd/system/ && systemctl daemon-reload'
inside systemctl stop sglorad.service
inside systemctl enable --quiet --now sglorad-ask.service || fail "the service that asks at boot failed: $(inside journalctl -u sglorad-ask)"
inside test -s /var/lib/private/sglorad-ask/travel/adapter_model.safetensors || fail "the service at boot wrote no adapter"
inside sh -c 'systemctl disable --quiet --now sglorad-ask.service
    rm -r /usr/local/lib/sglorad-ask /etc/systemd/system/sglorad-ask.service /var/lib/sglorad-ask /var/lib/private/sglorad-ask
    systemctl daemon-reload'

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
install_from /packages/newer '*.deb'
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
    is "state of the request $id" "$(final "$id")" done
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
install_from /packages/newer 'sglorad_*.deb'
is "number of adapters after the package was removed and installed" "$(as alice sglorad-ctl adapter list --json | grep -c '"adapterId"')" "$adapters"

step "purge"
inside rm -rf /load /tmp/adapter
purge_ours
step "the file system is what it was: $(wc -l <"$work/before") files, folders and links"
