#!/bin/bash
# Shows the daemon at work, from an empty state to an adapter: demo.sh BINARIES MODEL
set -euo pipefail

binaries=$(realpath "$1")
model=$(realpath "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
. "$here/Scripts/one-daemon.sh"

step() { printf '\n\e[1m%s\e[0m\n' "$*"; }

step "1. Start a daemon in $work"
start_daemon "$model"
run status

step "2. Import the example library: real experts, and the generator trained on them"
run expert import "$here"/Examples/minilm-zoo/experts/* | tail -n 3
run generator import "$here/Examples/minilm-zoo/generator.safetensors"

intent="match definitions of lizards and snakes to their names"
step "3. Generate an adapter from an intent"
run request "$intent" --seed 7 -o "$work/adapter"
ls -l "$work/adapter"

step "4. Show which experts guided it"
run explain "$intent"

step "5. Show its effect: how close a definition is to two names, without and with the adapter"
id=$("$binaries/sglorad-ctl" adapter list --json | sed -nE 's/.*"adapterId" *: *"([^"]+)".*/\1/p' | head -n 1)
definition="any scaly reptile with a long body and no limbs"
run encode "$definition" snake trout
run encode "$definition" snake trout --adapter "$id"

step "6. An intent unrelated to the library is refused"
run request "qwxz vbnm plok jhgf" || printf '(exit status %d)\n' $?

step "Done. Stopping the daemon and removing its folder."
