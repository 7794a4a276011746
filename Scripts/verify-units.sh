#!/bin/bash
# Verifies the systemd units as systemd itself reads them; any word on standard error is a failure.
set -euo pipefail

command -v systemd-analyze >/dev/null || {
    echo "units: systemd-analyze is missing: apt-get install systemd" >&2
    exit 1
}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The programs that the units start need not be installed here, nor the units they refer to.
sed -E "s#^ExecStart=/usr/bin/sglorad #ExecStart=/bin/true #" "$here/systemd/sglorad.service" >"$work/sglorad.service"
cp "$here/systemd/sglorad.socket" "$work/"
said=$(systemd-analyze verify --man=no "$work/sglorad.service" "$work/sglorad.socket" 2>&1) || true
if [[ -n "$said" ]]; then
    echo "$said" >&2
    exit 1
fi
# 10 stands for an exposure of 1.0.
systemd-analyze security --offline=true --threshold=10 "$work/sglorad.service" | tail -n 1
