#!/bin/bash
# Adapts a language model that llama.cpp runs, from nothing to answers before and after: demo-llm.sh BINARIES MODEL FOLDER
#
# FOLDER keeps llama-server and Gemma 3 270M, so that the second run needs neither a download nor a compiler.
# LLAMA_BUILD=FOLDER takes llama-server from there instead of building it.
set -euo pipefail

binaries=$(realpath "$1")
encoder=$(realpath "$2")
mkdir -p "$3"
llama=$(realpath "$3")
here=$(cd "$(dirname "$0")/.." && pwd)
library=$here/Examples/gemma-zoo
gemma=$llama/gemma/gemma-3-270m-q4_k_m.gguf
base=google/gemma-3-270m
intent="route travel requests: book flights and hotels, rent a car, vaccines, time zones, plugs, hand luggage"
work=$(mktemp -d)
. "$here/Scripts/one-daemon.sh"

started=$(date +%s)
step() { printf '\n\e[1m%s\e[0m   (%d s)\n' "$*" $(($(date +%s) - started)); }

step "1. Get the language model and llama.cpp's server; both stay in $3"
"$here/Scripts/llama/fetch-gemma.sh" "$llama/gemma"
cat "$library/NOTICE"
echo "The terms in full: $3/gemma/GEMMA_TERMS.html"
"$here/Scripts/llama/build.sh" "$llama"

step "2. Start a daemon in $work"
start_daemon "$encoder"

step "3. Import fourteen experts of the model, and name the model's own file"
run expert import "$library"/experts/* | tail -n 3
run base add "$base" --gguf "$gemma"

step "4. Ask for an adapter, in plain words; no expert was trained on this task"
run request "$intent" --top-k 4 --temperature 0.05 --proximity plain --format gguf --seed 7 -o "$work/adapter"

step "5. llama-server on a Unix socket: its answers without and with the adapter"
python3 "$here/Scripts/llama/ask.py" "$llama/bin/llama-server" "$gemma" "$work/adapter/adapter_model.gguf" "$library" "$work"

step "Done. Stopping both and removing $work."
