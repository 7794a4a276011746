# A bare Debian 12 for scripts that source this file, which have $here (the checkout), fail and step: its folder is $bare.
# It is made once by debootstrap, in .build-nspawn.

command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
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
