# A container with a systemd of its own, for scripts that source this file: an overlay in memory over a folder of the machine, so
# that nothing on the machine changes. The name that messages begin with is in $me. Needs root and systemd-nspawn.
#
#   container_over LOWER    mounts the overlay over LOWER at $root
#   container_boot [ARG…]   boots it with more arguments for systemd-nspawn, and waits until it has booted
#   inside COMMAND…         runs a command in it as root; as USER COMMAND… as a user
#   is WHAT FOUND WANTED    ends with a message unless both are the same
#   property NAME [UNIT]    a property of a unit, sglorad.service if none is named
#
# At the end of the script everything is taken down; if it fails, the journal of the service is printed before.

began=$SECONDS
container=
leader=
root=

fail() {
    printf "$me: %s\n" "$@" >&2
    exit 1
}

step() { printf '%s: [%3d s] %s\n' "$me" $((SECONDS - began)) "$*"; }

((EUID == 0)) || fail "needs root"
command -v systemd-nspawn >/dev/null || fail "systemd-nspawn is missing: apt-get install systemd-container"
work=$(mktemp -d "/tmp/sglorad-$me.XXXXXX")

container_over() {
    root=$work/root
    mkdir "$root" "$work/layer"
    mount -t tmpfs -o mode=0755 tmpfs "$work/layer"
    mkdir "$work/layer/upper" "$work/layer/work"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/layer/upper,workdir=$work/layer/work" "$root" ||
        fail "this kernel or sandbox does not permit an overlay mount over $1"
}

container_boot() {
    local state=
    systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --boot --directory="$root" --console=pipe "$@" \
        </dev/null >"$work/log" 2>&1 &
    container=$!
    for _ in $(seq 600); do
        kill -0 "$container" 2>/dev/null || fail "the container did not start:" "$(cat "$work/log")"
        leader=$(pgrep -P "$container" | head -n 1) || true
        [[ -z "$leader" ]] || state=$(nsenter -t "$leader" -a systemctl is-system-running 2>/dev/null) || true
        [[ "$state" =~ ^(running|degraded)$ ]] && return
        sleep 0.1
    done
    fail "the container did not finish booting (state: ${state:-no answer})"
}

container_finish() {
    local status=$?
    if ((status)) && [[ -n "$leader" ]]; then
        echo "$me: the container's journal:" >&2
        inside journalctl --no-pager -n 60 -u sglorad.service -u sglorad.socket >&2 2>/dev/null || cat "$work/log" >&2
    fi
    if [[ -n "$container" ]]; then
        # Ask the container to shut down first; if it does not, kill it with its init process.
        [[ -z "$leader" ]] || kill -RTMIN+4 "$leader" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$container" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL ${leader:+"$leader"} "$container" 2>/dev/null || true
        wait "$container" 2>/dev/null || true
    fi
    [[ -z "$root" ]] || umount --lazy "$root" "$work/layer" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap container_finish EXIT

inside() {
    nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

as() {
    local user=$1
    shift
    inside setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/tmp "$@"
}

is() { [[ "$2" == "$3" ]] || fail "$1: expected '$3', found '$2'"; }

property() { inside systemctl show --value --property="$1" "${2:-sglorad.service}"; }
