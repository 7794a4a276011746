#!/bin/bash
# Makes the Debian packages: make-deb.sh OUTPUT [VERSION]
#
# VERSION replaces the version that CHANGELOG.md gives; SKIP_BUILD=1 packs what the last build left.
#
# Swift's compiler writes the length of a source file's path into programs. So every build sees its checkout as /mnt, in a mount
# namespace of its own, and gives the same bytes wherever it lies.
set -euo pipefail

cd "$(dirname "$0")/.."
output=$1
Scripts/setup.sh packages
Scripts/debian-changelog.py ${2:+"$2"} >debian/changelog
rm -rf "$output"
mkdir -p "$output"

namespace=(unshare --mount)
((EUID == 0)) || namespace+=(--map-root-user)
in_place() {
    case "$PWD/ $(readlink -f "$(command -v swift || echo /)") " in
        /mnt/* | *' /mnt/'*) echo "the checkout or Swift lies in /mnt itself" ;;
        *) "${namespace[@]}" mount --bind "$PWD" /mnt 2>/dev/null || echo "mount namespaces are not allowed here" ;;
    esac
}
here='cd "$1"'
reason=$(in_place)
if [[ -n "$reason" ]]; then
    namespace=()
    echo "deb: $reason, so the packages' bytes depend on the name of this folder" >&2
else
    here='mount --bind "$1" /mnt && cd /mnt'
fi
# dpkg-checkbuilddeps does not know what was installed by other means than packages, so setup.sh has looked.
OUTPUT=$output "${namespace[@]}" bash -c "$here"' && shift && exec "$@"' make-deb "$PWD" \
    dpkg-buildpackage --build=binary --no-sign --no-check-builddeps \
    --buildinfo-option=-u"$output" --changes-option=-u"$output" \
    --buildinfo-file="$output/sglorad.buildinfo" --changes-file="$output/sglorad.changes"
rm -rf debian/{sglorad,sglorad-minilm,sglorad-examples,.debhelper} debian/{files,*.substvars,*.debhelper.log,debhelper-build-stamp}
echo "deb: $(cd "$output" && echo *.deb) in $output"
