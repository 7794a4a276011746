#!/bin/bash
# Retrains the generator of Examples/minilm-zoo: train-example.sh BINARIES MODEL [TASKS]
set -euo pipefail

binaries=$(realpath "$1")
model=$(realpath "$2")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
export SGLORAD_SOCKET=$work/socket
"$binaries/sglorad" --state-dir "$work/state" --socket "$SGLORAD_SOCKET" --model "$model" 2>"$work/log" &
daemon=$!
trap 'kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 200); do
    "$binaries/sglorad-ctl" status >/dev/null 2>&1 && break
    sleep 0.1
done
"$binaries/sglorad-ctl" expert import "$here"/Examples/minilm-zoo/experts/* | tail -n 1
"$binaries/sglorad-ctl" generator train ${3:+--tasks "$3"}
id=$("$binaries/sglorad-ctl" generator list --json | sed -nE 's/.*"generatorId" *: *"([^"]+)".*/\1/p' | head -n 1)
rm -f "$here/Examples/minilm-zoo/generator.safetensors"
"$binaries/sglorad-ctl" generator export "$id" -o "$here/Examples/minilm-zoo/generator.safetensors"
