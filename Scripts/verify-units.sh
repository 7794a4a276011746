#!/bin/bash
# Verifies the units as systemd itself reads them, their exposure, and, as root, the users and folders that go with them.
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

# The programs that the units start need not be installed here, nor the units they refer to.
sed -E "s#^ExecStart=/usr/bin/sglorad #ExecStart=/bin/true #" "$here/systemd/sglorad.service" >"$work/sglorad.service"
cp "$here/systemd/sglorad.socket" "$work/"
# It returns 0 on a key that it does not know: any word on standard error is a failure.
said=$(systemd-analyze verify --man=no "$work/sglorad.service" "$work/sglorad.socket" 2>&1) || true
[[ -z "$said" ]] || fail "$said"
# 10 stands for an exposure of 1.0.
systemd-analyze security --offline=true --threshold=10 "$work/sglorad.service" | tail -n 1

for key in LimitNOFILE=4096 LimitCORE=0 MemorySwapMax=0 Type=notify RestrictAddressFamilies=AF_UNIX \
    WatchdogSec=60s User=sglorad; do
    grep -qx "$key" "$work/sglorad.service" || fail "sglorad.service does not say $key"
done
# In a user namespace every caller of the socket would be the same nobody; these calls are OpenBLAS's and libdispatch's.
! grep -qE '^PrivateUsers=(yes|true|1)|^SystemCallFilter=~.*@resources' "$work/sglorad.service" ||
    fail "sglorad.service must have neither PrivateUsers= nor SystemCallFilter=~@resources"

((EUID == 0)) || {
    echo "units: users and folders are not verified: that needs root"
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
# The names in access control lists are looked up on the machine that runs, so it is to have them for a moment.
named() { unshare --mount sh -c 'mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"' \
    "$root/etc" "$@"; }
named true 2>/dev/null || {
    echo "units: folders are not verified: this root may not mount"
    exit 0
}
said=$(named systemd-tmpfiles --root="$root" --create sglorad.conf 2>&1) || true
[[ -z "$said" ]] || fail "tmpfiles.d: $said"
gid() { awk -F: -v name="$1" '$1 == name { print $3 }' "$root/etc/group"; }
uid=$(awk -F: '$1 == "sglorad" { print $3 }' "$root/etc/passwd")
[[ -n "$uid" && -n "$(gid sglorad-users)" && -n "$(gid sglorad-admin)" ]] || fail "sysusers.d makes not all it should"
own=$uid:$(gid sglorad)
while read -r folder mode owner; do
    found=$(stat -c '%a %u:%g' "$root/var/spool/sglorad/$folder")
    [[ "$found" == "$mode $owner" ]] || fail "tmpfiles.d makes $folder $found and not $mode $owner"
done <<EOF
. 755 0:0
tmp 3770 $own
new 3770 $own
done 711 $own
rejected 711 $own
taking 700 $own
EOF

# What the modes and lists mean, asked of the kernel: a user puts a file in and sees nobody else's.
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
[[ $(stat -c '%g' "$spool/new/a.json") == "$(gid sglorad)" ]] || fail "a file in new/ is not of the daemon's group"
! as 60011 ls "$spool/new" >/dev/null || fail "a user can list new/"
! as 60012 rm -f "$spool/new/a.json" || fail "a user can remove another's file"
! as 60011 ls "$spool/taking" >/dev/null || fail "a user can list taking/"
groups=60300
! as 60013 sh -c "echo {} >$spool/new/b.json" || fail "a stranger can put a file into the spool"
setpriv --reuid="$uid" --regid="$(gid sglorad)" --clear-groups -- mv "$spool/new/a.json" "$spool/taking/" ||
    fail "the daemon cannot take a file in"
echo "units: users, groups and the spool are as they should be"
