#!/bin/bash
# Checks the packages with lintian, which may find neither errors nor warnings: check-deb.sh PACKAGES
#
# With REPRODUCE=1, everything is built a second time from nothing, in a folder of another name, and every byte is compared.
# With REPRODUCE=pack, only the packing is repeated.
set -euo pipefail

cd "$(dirname "$0")/.."
packages=$1
Scripts/setup.sh packages
lintian --allow-root --fail-on error,warning "$packages/sglorad.changes"
echo "deb: lintian has neither errors nor warnings"
[[ -n "${REPRODUCE:-}" ]] || exit 0
again=$(mktemp -d)
trap 'rm -rf "$again"' EXIT
version=$(dpkg-deb --field "$(echo "$packages"/sglorad_*.deb)" Version)
if [[ "$REPRODUCE" == pack ]]; then
    SKIP_BUILD=1 Scripts/make-deb.sh "$again/packages" "$version"
else
    git clone --quiet . "$again/another-folder"
    cp -a .model "$again/another-folder/"
    (cd "$again/another-folder" && Scripts/make-deb.sh "$again/packages" "$version")
fi
differ=()
for package in "$packages"/*.deb; do
    cmp "$package" "$again/packages/$(basename "$package")" || differ+=("$(basename "$package")")
done
if ((${#differ[@]})); then
    trap - EXIT
    echo "deb: two builds gave different bytes in ${differ[*]}; the second is in $again/packages" >&2
    exit 1
fi
echo "deb: two builds gave the same bytes"
