#!/bin/bash
# Makes the Debian packages: make-deb.sh OUTPUT [VERSION]
#
# VERSION replaces the version that CHANGELOG.md gives; SKIP_BUILD=1 packs what the last build left.
set -euo pipefail

cd "$(dirname "$0")/.."
output=$1
Scripts/setup.sh packages
Scripts/debian-changelog.py ${2:+"$2"} >debian/changelog
rm -rf "$output"
mkdir -p "$output"
# dpkg-checkbuilddeps does not know what was installed by other means than packages, so setup.sh has looked.
OUTPUT=$output dpkg-buildpackage --build=binary --no-sign --no-check-builddeps \
    --buildinfo-option=-u"$output" --changes-option=-u"$output" \
    --buildinfo-file="$output/sglorad.buildinfo" --changes-file="$output/sglorad.changes"
rm -rf debian/{sglorad,sglorad-minilm,sglorad-examples,.debhelper} debian/{files,*.substvars,*.debhelper.log,debhelper-build-stamp}
echo "deb: $(cd "$output" && echo *.deb) in $output"
