#!/bin/bash
# Announces and installs missing Debian packages for the build or, with an argument, for something else: "python" for
# downloading the model, "counts" for counting what operations cost, "manuals" for checking manuals and completions,
# "packages" for making and checking Debian packages, "nspawn" for trying them in a bare system, "pages" for opening the HTML
# reports in a browser, "arm" for running the kernels for 64-bit ARM, "llama" for building llama.cpp.
set -euo pipefail

wanted=(libopenblas-dev libsqlite3-dev pkg-config)
[[ "${1:-}" == python ]] && wanted=(python3 python3-pip)
[[ "${1:-}" == counts ]] && wanted=(valgrind strace binutils python3)
[[ "${1:-}" == manuals ]] && wanted=(python3 mandoc man-db bash-completion zsh fish)
[[ "${1:-}" == packages ]] && wanted+=(debhelper fakeroot lintian dpkg-dev python3)
[[ "${1:-}" == nspawn ]] && wanted=(debootstrap systemd-container apt-utils piuparts)
[[ "${1:-}" == arm ]] && wanted=(qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
[[ "${1:-}" == llama ]] && wanted=(g++ python3 python3-pip python3-venv)
[[ "${1:-}" == pages ]] && wanted=(chromium fonts-dejavu-core python3)
missing=()
for package in "${wanted[@]}"; do
    # A program that was installed by other means is as good as the package.
    case "$package" in
    python3 | unzip | strace | chromium) command -v "$package" >/dev/null && continue ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 && continue ;;
    esac
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || {
    echo "setup: missing packages: ${missing[*]}; there is no apt-get, install them with your system's package manager" >&2
    exit 1
}
as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || {
        echo "setup: missing packages, and no sudo; run as root: apt-get install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
