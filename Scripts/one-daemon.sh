# shellcheck shell=bash
# A daemon of a script's own, which goes with the script. To be sourced, where $binaries has the programs and $work is a new folder,
# which goes as well.

export SGLORAD_SOCKET=$work/socket
daemon=
finish() {
    [[ -z "$daemon" ]] || { kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null || true; }
    rm -rf "$work"
}
trap finish EXIT

# Starts the daemon and waits until it answers: start_daemon ENCODER
start_daemon() {
    "$binaries/sglorad" --state-dir "$work/state" --socket "$SGLORAD_SOCKET" --model "$1" 2>"$work/log" &
    daemon=$!
    for _ in $(seq 300); do
        [[ -S "$SGLORAD_SOCKET" ]] && "$binaries/sglorad-ctl" status >/dev/null 2>&1 && break
        kill -0 "$daemon" 2>/dev/null || {
            cat "$work/log" >&2
            exit 1
        }
        sleep 0.1
    done
}

# Shows a command of sglorad-ctl, and runs it.
run() {
    local words=()
    for word in "$@"; do [[ "$word" == *[^a-zA-Z0-9_./:=,-]* ]] && words+=("\"$word\"") || words+=("$word"); done
    printf '$ sglorad-ctl %s\n' "${words[*]}"
    "$binaries/sglorad-ctl" "$@"
}
