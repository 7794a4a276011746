#!/bin/bash
# Verifies the systemd units and their exposure and, as root, the users and folders they depend on.
set -euo pipefail

command -v systemd-analyze >/dev/null || {
    echo "units: systemd-analyze is missing: apt-get install systemd" >&2
    exit 1
}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'units: %s\n' "$@" >&2
    exit 1
}

# Neither the program that the service starts nor the units it refers to need be installed on this machine.
sed -E "s#^ExecStart=/usr/bin/sglorad #ExecStart=/bin/true #" "$here/systemd/sglorad.service" >"$work/sglorad.service"
cp "$here/systemd/sglorad.socket" "$work/"
# systemd-analyze verify exits with 0 even for an unknown key, so any output is a failure.
said=$(systemd-analyze verify --man=no "$work/sglorad.service" "$work/sglorad.socket" 2>&1) || true
[[ -z "$said" ]] || fail "$said"
sed -E "s#^ExecStart=/usr/local/bin/llama-server #ExecStart=/bin/true #" "$here/systemd/llama-server.service.example" \
    >"$work/llama-server.service"
said=$(systemd-analyze verify --man=no "$work/llama-server.service" "$work/sglorad.service" "$work/sglorad.socket" 2>&1) || true
[[ -z "$said" ]] || fail "$said"
for key in PrivateNetwork=yes RuntimeDirectory=llama "RestrictAddressFamilies=AF_UNIX AF_INET"; do
    grep -qx "$key" "$work/llama-server.service" || fail "llama-server.service.example does not contain $key"
done
# A threshold of 10 means an exposure of 1.0.
systemd-analyze security --offline=true --threshold=10 "$work/sglorad.service" | tail -n 1

for key in LimitNOFILE=4096 LimitCORE=0 Environment=SWIFT_BACKTRACE=enable=no MemorySwapMax=0 Type=notify RestrictAddressFamilies=AF_UNIX \
    WatchdogSec=60s User=sglorad; do
    grep -qx "$key" "$work/sglorad.service" || fail "sglorad.service does not contain $key"
done
# In a user namespace every caller of the socket would appear as nobody. OpenBLAS and libdispatch need @resources.
! grep -qE '^PrivateUsers=(yes|true|1)|^SystemCallFilter=~.*@resources' "$work/sglorad.service" ||
    fail "sglorad.service must set neither PrivateUsers= nor SystemCallFilter=~@resources"

((EUID == 0)) || {
    echo "units: skipped users and folders: verifying them needs root"
    exit 0
}
root=$work/root
mkdir -p "$root"/{etc,var/spool,usr/lib/{sysusers.d,tmpfiles.d}}
touch "$root"/etc/{passwd,group,shadow,gshadow}
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
cp "$here/etc/sysusers.d/sglorad.conf" "$root/usr/lib/sysusers.d/"
cp "$here/etc/tmpfiles.d/sglorad.conf" "$root/usr/lib/tmpfiles.d/"
said=$(systemd-sysusers --root="$root" sglorad.conf 2>&1 | grep -vE '^Creating (group|user) ') || true
[[ -z "$said" ]] || fail "sysusers.d: $said"
# systemd-tmpfiles resolves the names in access control lists on the running machine, so bind-mount ours temporarily.
named() { unshare --mount sh -c 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"' \
    "$root/etc" "$@"; }
named true 2>/dev/null || {
    echo "units: skipped folders: this root is not permitted to mount"
    exit 0
}
said=$(named systemd-tmpfiles --root="$root" --create sglorad.conf 2>&1) || true
[[ -z "$said" ]] || fail "tmpfiles.d: $said"
gid() { awk -F: -v name="$1" '$1 == name { print $3 }' "$root/etc/group"; }
uid=$(awk -F: '$1 == "sglorad" { print $3 }' "$root/etc/passwd")
[[ -n "$uid" && -n "$(gid sglorad-users)" && -n "$(gid sglorad-admin)" ]] || fail "sysusers.d does not create all users and groups"
own=$uid:$(gid sglorad)
while read -r folder mode owner; do
    found=$(stat -c '%a %u:%g' "$root/var/spool/sglorad/$folder")
    [[ "$found" == "$mode $owner" ]] || fail "tmpfiles.d creates $folder as $found instead of $mode $owner"
done <<EOF
. 755 0:0
tmp 3770 $own
new 3770 $own
done 711 $own
rejected 711 $own
taking 700 $own
EOF

# Check the effect of modes and lists: a user can put a file in and cannot see anybody else's.
chmod 0755 "$work"
spool=$root/var/spool/sglorad
as() {
    local who=$1
    shift
    setpriv --reuid="$who" --regid="$who" --groups="$groups" -- "$@" 2>/dev/null
}
groups=$(gid sglorad-users)
as 60011 sh -c "umask 077; echo {} >$spool/tmp/a.json && mv $spool/tmp/a.json $spool/new/a.json" ||
    fail "a user cannot put a file into the spool"
[[ $(stat -c '%g' "$spool/new/a.json") == "$(gid sglorad)" ]] || fail "a file in new/ does not belong to the daemon's group"
! as 60011 ls "$spool/new" >/dev/null || fail "a user can list new/"
! as 60012 rm -f "$spool/new/a.json" || fail "a user can remove another user's file"
! as 60011 ls "$spool/taking" >/dev/null || fail "a user can list taking/"
groups=60300
! as 60013 sh -c "echo {} >$spool/new/b.json" || fail "a stranger can put a file into the spool"
setpriv --reuid="$uid" --regid="$(gid sglorad)" --clear-groups -- mv "$spool/new/a.json" "$spool/taking/" ||
    fail "the daemon cannot take a file in"
echo "units: users, groups and the spool are correct"
