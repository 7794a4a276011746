#!/bin/bash
# Runs the applications in Examples/apps, README's lines and the Python tests against a real daemon: clients.sh BINARIES MODEL
set -euo pipefail

binaries=$(realpath "$1")
model=$(realpath "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d /tmp/sgl-XXXXXX)
export SGLORAD_SOCKET=$work/socket PATH=$binaries:$PATH
daemon=
stop() {
    [[ -z "$daemon" ]] || { kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null || true; }
    daemon=
}
trap 'stop; rm -rf "$work"' EXIT
start() {
    sglorad --state-dir "$work/state" --socket "$SGLORAD_SOCKET" --model "$model" 2>>"$work/log" &
    daemon=$!
    for _ in $(seq 300); do
        sglorad-ctl status >/dev/null 2>&1 && return
        kill -0 "$daemon" 2>/dev/null || break
        sleep 0.1
    done
    cat "$work/log" >&2
    exit 1
}
step() { printf '\n== clients: %s\n' "$*"; }
fail() {
    echo "clients: $*" >&2
    exit 1
}
# lines LANGUAGE: the first block of that language in README.md.
lines() { awk -v fence="\`\`\`$1" '$0 == "```" && inside { exit } inside { print } $0 == fence { inside = 1 }' "$here/README.md"; }

step "the Python package is a wheel, and mypy is content"
environment=$here/.build-clients/python
[[ -x "$environment/bin/python" ]] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check mypy==1.18.2 setuptools wheel
rm -rf "$work/source" && cp -r "$here/python/sglorad" "$work/source"
"$environment/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$work/wheel" "$work/source"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$work"/wheel/*.whl
(cd "$here/python/sglorad" && "$environment/bin/python" -m mypy --cache-dir "$work/mypy" src)
"$environment/bin/python" -m mypy --strict --cache-dir "$work/mypy" "$here/Examples/apps/python/watch.py"

step "the Python tests"
python_tests() { (cd "$here/python/sglorad/tests" && env SGLORAD_BINARIES="$binaries" SGLORAD_MODEL="$model" PYTHONDONTWRITEBYTECODE=1 "$@"); }
python_tests "$environment/bin/python" -m unittest
if "$here/.build-python/bin/python" -c 'import peft, torch, transformers' 2>/dev/null; then
    step "an adapter loaded with PEFT"
    python_tests PYTHONPATH="$here/python/sglorad/src" "$here/.build-python/bin/python" -m unittest test_peft
fi

step "a daemon with the example library"
start
sglorad-ctl expert import "$here"/Examples/minilm-zoo/experts/* | tail -n 1
sglorad-ctl generator import "$here/Examples/minilm-zoo/generator.safetensors"

step "README's Python lines"
lines python >"$work/readme.py"
[[ $(wc -l <"$work/readme.py") -ge 8 ]] || fail "README.md has no Python lines"
(mkdir "$work/python" && cd "$work/python" && "$environment/bin/python" "$work/readme.py")
[[ -s "$work/python/travel/adapter_model.safetensors" ]] || fail "README's Python lines wrote no adapter"

step "the Python application; a task that is refused; a daemon that is restarted meanwhile"
"$environment/bin/python" "$here/Examples/apps/python/watch.py" "match definitions of birds to their names"
status=0
"$environment/bin/python" "$here/Examples/apps/python/watch.py" "qwxz vbnm plok jhgf" || status=$?
((status == 2)) || fail "the nonsense task was not refused (exit status $status)"
kill -STOP "$daemon"
"$environment/bin/python" "$here/Examples/apps/python/watch.py" "match definitions of fish to their names" >"$work/restart" &
waiting=$!
# Gone with a queued call or before it: the application finds the next daemon in either case.
sleep 1
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || true
start
wait "$waiting" || fail "the application did not survive a restart"
cat "$work/restart"

step "the shell script"
"$here/Examples/apps/shell/ask.sh" "route requests about travel bookings" "$work/asked"
"$here/Examples/apps/shell/ask.sh" "route requests about travel bookings" "$work/asked"
[[ -s "$work/asked/adapter_model.safetensors" ]] || fail "ask.sh wrote no adapter"
status=0
"$here/Examples/apps/shell/ask.sh" "qwxz vbnm plok jhgf" "$work/refused" || status=$?
((status == 2)) || fail "ask.sh: the nonsense task was not refused (exit status $status)"

step "the service that asks at boot: systemd accepts it, and its command asks"
unit=$here/Examples/apps/boot/sglorad-ask.service
mkdir "$work/units"
# Beside the unit that it needs, and with programs of this machine, which systemd looks for.
cp "$here/systemd/sglorad.socket" "$here/systemd/sglorad.service" "$work/units"
sed -i 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$work/units/sglorad.service"
sed "s|/usr/local/lib/sglorad-ask|$here/Examples/apps/shell|" "$unit" >"$work/units/sglorad-ask.service"
# It exits with 0 even for an unknown key, so any output is a failure.
said=$(SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no "$work/units/sglorad-ask.service" 2>&1) || true
[[ -z "$said" ]] || fail "$said"
command=$(sed -n 's/^ExecStart=//p' "$work/units/sglorad-ask.service" | sed "s|/var/lib/sglorad-ask|$work/boot|")
mkdir "$work/boot" && eval "$command"
[[ -s "$work/boot/travel/adapter_model.safetensors" ]] || fail "the service's command wrote no adapter"

step "README's Swift lines, and the Swift application"
lines swift >"$work/main.swift"
diff "$work/main.swift" "$here/Examples/apps/swift/Sources/readme/main.swift" ||
    fail "README's Swift lines are not those of Examples/apps/swift/Sources/readme/main.swift"
swift build --quiet --package-path "$here/Examples/apps/swift" --scratch-path "$here/.build-clients/swift"
swift=$here/.build-clients/swift/debug
(mkdir "$work/swift" && cd "$work/swift" && "$swift/readme")
[[ -s "$work/swift/travel/adapter_model.safetensors" ]] || fail "README's Swift lines wrote no adapter"
route() { "$swift/route" "$1" "a wading bird with a long neck" heron trout; }
route "match definitions of birds to their names" | tee "$work/route"
grep -q "with it" "$work/route" || fail "the Swift application failed"
route "qwxz vbnm plok jhgf" | tee "$work/route"
grep -q "^refused" "$work/route" || fail "the Swift application: the nonsense task was not refused"
kill -STOP "$daemon"
route "match definitions of trees to their names" >"$work/route" &
waiting=$!
sleep 1
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || true
start
wait "$waiting" && grep -q "with it" "$work/route" || fail "the Swift application did not survive a restart: $(cat "$work/route")"
stop
step "all of them ran"
