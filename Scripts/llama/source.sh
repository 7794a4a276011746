#!/bin/bash
# Gets llama.cpp's sources from the source package llama-cpp-python on PyPI (77 MB), and checks its digest: source.sh FOLDER
#
# FOLDER/source then has llama.cpp with its converters, FOLDER/tools a Python with CMake and Ninja. Nothing is compiled.
set -euo pipefail

package=llama-cpp-python==0.3.36
archive=llama_cpp_python-0.3.36.tar.gz
digest=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e

mkdir -p "$1"
folder=$(realpath "$1")
[[ -e "$folder/source/.complete" ]] && exit 0
fail() {
    printf 'llama.cpp: %s\n' "$@" >&2
    exit 1
}
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

[[ -x "$folder/tools/bin/python" ]] || python3 -m venv "$folder/tools"
"$folder/tools/bin/python" -m pip install --quiet --disable-pip-version-check scikit-build-core cmake ninja ||
    fail "CMake and Ninja could not be installed from PyPI"
echo "llama.cpp: downloading $package (77 MB)"
# pip asks the package for its metadata, which needs CMake but compiles nothing.
PATH="$folder/tools/bin:$PATH" "$folder/tools/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --no-binary llama-cpp-python --dest "$work" "$package" || fail "the download failed"
echo "$digest  $work/$archive" | sha256sum --check --status ||
    fail "digest mismatch: what was downloaded is not the expected $archive; nothing was unpacked. Try again" \
        "expected $digest" "found    $(sha256sum "$work/$archive" | cut -d' ' -f1)"
mkdir "$work/source"
tar -xzf "$work/$archive" -C "$work/source" --strip-components=3 --wildcards '*/vendor/llama.cpp/*'
touch "$work/source/.complete"
rm -rf "$folder/source"
mv "$work/source" "$folder/source"
