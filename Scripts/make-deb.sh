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
if [[ -n "${SKIP_BUILD:-}" ]]; then
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog --show-field Timestamp)
    export SOURCE_DATE_EPOCH
    fakeroot debian/rules clean >/dev/null
    python3 Scripts/manuals/generate.py .build-deb/release .build-deb/manuals
    fakeroot debian/rules override_dh_auto_configure
    touch debian/debhelper-build-stamp
    fakeroot debian/rules OUTPUT="$output" binary
else
    # dpkg-checkbuilddeps does not know what was installed by other means than packages, so setup.sh has looked.
    OUTPUT=$output dpkg-buildpackage --build=binary --no-sign --no-check-builddeps \
        --buildinfo-option=-u"$output" --changes-option=-u"$output" \
        --buildinfo-file="$output/sglorad.buildinfo" --changes-file="$output/sglorad.changes"
fi
rm -rf debian/{sglorad,sglorad-minilm,sglorad-examples,.debhelper} debian/{files,*.substvars,*.debhelper.log,debhelper-build-stamp}
echo "deb: $(cd "$output" && echo *.deb) in $output"
