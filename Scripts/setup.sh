#!/bin/bash
# Installs the Debian packages that are missing; says so before it does. With the argument "python", those of Python too.
set -euo pipefail

wanted=(libopenblas-dev libsqlite3-dev pkg-config)
[[ "${1:-}" == python ]] && wanted=(python3 python3-pip unzip)
missing=()
for package in "${wanted[@]}"; do
    # A program that came from elsewhere serves as well as the package.
    case "$package" in
    python3 | unzip) command -v "$package" >/dev/null && continue ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
    esac
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || {
    echo "setup: missing: ${missing[*]}; install them with your system's package manager" >&2
    exit 1
}
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || {
        echo "setup: run as root: apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
