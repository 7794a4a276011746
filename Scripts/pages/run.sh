#!/bin/bash
# Makes the HTML pages of sglorad-ctl, from a real daemon and with hostile texts, and opens them in a real browser:
# run.sh BINARIES MODEL [FOLDER for screenshots]
set -euo pipefail

binaries=$(realpath "$1")
model=$(realpath "$2")
screenshots=${3:-}
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d -t sglorad-XXXXXX)
. "$here/Scripts/one-daemon.sh"
mkdir "$work/pages"

start_daemon "$model"
"$binaries/sglorad-ctl" expert import "$here"/Examples/minilm-zoo/experts/* >/dev/null
"$binaries/sglorad-ctl" generator import "$here/Examples/minilm-zoo/generator.safetensors" >/dev/null
seed=0
while IFS='|' read -r label strategy text; do
    seed=$((seed + 1))
    "$binaries/sglorad-ctl" request "$text" --label "$label" --strategy "$strategy" --seed $seed --force >/dev/null
done <<'END'
travel|auto|route requests about travel bookings
travel|auto|book flights and hotels for a trip
travel|weighted|find out whether a visa is needed
reptiles|auto|match definitions of lizards and snakes to their names
birds|auto|match definitions of birds to their names
birds|nearest|songs of birds at night
banking|auto|answer questions about accounts and transfers
banking|auto|explain fees on a credit card
banking|weighted|block a lost card
garden|auto|name trees and flowers from a description
garden|mean|which plants like shade
insects|auto|match insects with what they do
kitchen|auto|find recipes by their ingredients
END
"$binaries/sglorad-ctl" request "qwxz vbnm plok jhgf" >/dev/null 2>&1 || true
"$binaries/sglorad-ctl" cache report --html "$work/pages/cache.html"

(cd "$here" && SGLORAD_PAGES=$work/pages swift test --skip-build --filter writePages >"$work/tests" 2>&1) || {
    cat "$work/tests" >&2
    exit 1
}
python3 "$here/Scripts/pages/check-pages.py" ${screenshots:+--screenshots "$screenshots"} "$work"/pages/*.html
