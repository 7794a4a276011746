#!/bin/bash
# Compiles the kernels of the text encoder and of generation, and their checks, for 64-bit ARM, runs them under qemu, and compares
# the digests of the results with this processor's: both round a·b + c once, so the bits are the same.
set -euo pipefail

cd "$(dirname "$0")/.."
Scripts/setup.sh arm
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compile() {
    local output=$1
    shift
    clang "$@" -O2 -Wall -Wextra -Werror -ISources/CEncoderKernels/include Sources/CEncoderKernels/*.c \
        Tests/EncoderKernelChecks/*.c Tests/EncoderKernelChecks/Program/main.c -lm -o "$output"
}

compile "$folder/arm" --target=aarch64-linux-gnu -fuse-ld=lld -static
qemu-aarch64-static "$folder/arm" | tee "$folder/arm.txt"
grep -q '^NEON: passed' "$folder/arm.txt" || {
    echo "kernels: the level NEON did not run" >&2
    exit 1
}
compile "$folder/own"
"$folder/own" | tee "$folder/own.txt"
digests=$(grep -hv '^portable' "$folder/arm.txt" "$folder/own.txt" | sed 's/.* digest //' | sort -u | wc -l)
if ((digests != 1)); then
    echo "kernels: the levels' results differ in their bits" >&2
    exit 1
fi

compile_generation() {
    local output=$1
    shift
    clang "$@" -O2 -Wall -Wextra -Werror -ISources/CHalfKernels/include Sources/CHalfKernels/*.c Tests/HalfKernelChecks/main.c -lm \
        -o "$output"
}

compile_generation "$folder/arm" --target=aarch64-linux-gnu -fuse-ld=lld -static
compile_generation "$folder/own"
qemu-aarch64-static "$folder/arm" | tee "$folder/generation.txt"
"$folder/own" | tee -a "$folder/generation.txt"
if ! grep -q '^generation, neon: passed' "$folder/generation.txt" ||
    (($(sed 's/.* digest //' "$folder/generation.txt" | sort -u | wc -l) != 1)); then
    echo "kernels: those of generation give other bits on 64-bit ARM" >&2
    exit 1
fi
