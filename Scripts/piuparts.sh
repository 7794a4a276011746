#!/bin/bash
# Has piuparts install, remove and purge the Debian packages in a bare Debian 12, and look for what is left: piuparts.sh PACKAGES
#
# Needs root and debootstrap; fetches what the packages depend on.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
packages=$(realpath "$1")
fail() {
    printf 'piuparts: %s\n' "$@" >&2
    exit 1
}
step() { printf 'piuparts: %s\n' "$*"; }
((EUID == 0)) || fail "needs root"
command -v piuparts >/dev/null || fail "piuparts is missing: apt-get install piuparts"
compgen -G "$packages/sglorad_*.deb" >/dev/null || fail "there are no packages in $packages; run: make deb"
. "$here/Scripts/bare-debian.sh"

log=$here/.build-nspawn/piuparts.log
mirror=$(awk '$1 == "deb" { print $2; exit }' "$bare/etc/apt/sources.list")
# There is no earlier version in Debian to upgrade from: nspawn-packages.sh tries upgrades.
piuparts --existing-chroot="$bare" --distribution=bookworm --mirror="$mirror main" --no-eatmydata --no-upgrade-test \
    "$packages"/*.deb >"$log" 2>&1 || {
    grep -E 'ERROR|WARN|FAIL' "$log" | tail -n 40 >&2
    fail "it found something; all of what it says is in $log"
}
step "installed, removed and purged, and nothing is left"
