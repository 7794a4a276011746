#!/bin/bash
# Installs a release build, the units, the configuration and the model: install.sh DESTDIR PREFIX MODEL
set -euo pipefail

root=$1
prefix=$2
model=$3
here=$(cd "$(dirname "$0")/.." && pwd)
binaries=${BINARIES:-$here/.build/release}
[[ -x "$binaries/sglorad" && -x "$binaries/sglorad-ctl" ]] || {
    echo "install: there is no release build in $binaries; run: make build CONFIGURATION=release" >&2
    exit 1
}
[[ -f "$model/model.safetensors" ]] || {
    echo "install: the text encoder is missing from $model; run: make model" >&2
    exit 1
}

install -D -m 0755 -t "$root$prefix/bin" "$binaries/sglorad" "$binaries/sglorad-ctl"
install -D -m 0644 -t "$root$prefix/lib/systemd/system" "$here"/systemd/sglorad.{service,socket}
install -D -m 0644 "$here/etc/sysusers.d/sglorad.conf" "$root$prefix/lib/sysusers.d/sglorad.conf"
install -D -m 0644 "$here/etc/tmpfiles.d/sglorad.conf" "$root$prefix/lib/tmpfiles.d/sglorad.conf"
# Keep the operator's configuration.
[[ -e "$root/etc/sglorad/sglorad.yaml" ]] ||
    install -D -m 0644 "$here/etc/sglorad.yaml" "$root/etc/sglorad/sglorad.yaml"
(cd "$model" && find . -type f ! -name .complete -exec \
    install -D -m 0644 {} "$root$prefix/share/sglorad/all-MiniLM-L6-v2/{}" \;)
# The manuals and completions are the programs' own words.
manuals=$(mktemp -d)
trap 'rm -rf "$manuals"' EXIT
python3 "$here/Scripts/manuals/generate.py" "$binaries" "$manuals" >/dev/null
for page in "$manuals"/man/*/*.?; do
    install -D -m 0644 -t "$root$prefix/share/man/man${page##*.}" "$page"
done
zsh=zsh/site-functions
[[ "$prefix" != /usr ]] || zsh=zsh/vendor-completions
install -D -m 0644 -t "$root$prefix/share/bash-completion/completions" "$manuals"/completions/bash/*
install -D -m 0644 -t "$root$prefix/share/$zsh" "$manuals"/completions/zsh/*
install -D -m 0644 -t "$root$prefix/share/fish/vendor_completions.d" "$manuals"/completions/fish/*
if [[ -z "$root" && -d /run/systemd/system ]]; then
    systemd-sysusers
    systemd-tmpfiles --create sglorad.conf
    systemctl daemon-reload
    echo "install: done. Next: 'systemctl enable --now sglorad.socket'; add users to the group sglorad-users, administrators also to sglorad-admin"
fi
