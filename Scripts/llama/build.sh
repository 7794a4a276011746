#!/bin/bash
# Builds llama-server and llama-embedding from llama.cpp's sources: build.sh FOLDER
#
# The programs are kept in FOLDER/bin. LLAMA_BUILD=FOLDER names a folder that has them, so that nothing is fetched or built.
set -euo pipefail

programs=(llama-server llama-embedding)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(realpath "$1")
if [[ -n "${LLAMA_BUILD:-}" ]]; then
    mkdir -p "$folder/bin"
    for program in "${programs[@]}"; do
        [[ -x "$LLAMA_BUILD/$program" ]] || {
            echo "llama.cpp: there is no $LLAMA_BUILD/$program; LLAMA_BUILD names the folder of llama.cpp's programs" >&2
            exit 1
        }
        ln -sfn "$(realpath "$LLAMA_BUILD/$program")" "$folder/bin/$program"
    done
fi
for program in "${programs[@]}"; do [[ -x "$folder/bin/$program" ]] || missing=1; done
[[ -n "${missing:-}" ]] || exit 0

command -v c++ >/dev/null || "$here/../setup.sh" llama
"$here/source.sh" "$folder"
log=$folder/build.log
echo "llama.cpp: building ${programs[*]}, about ten minutes on two cores; $log has the compiler's messages"
build() {
    PATH="$folder/tools/bin:$PATH"
    # Linked statically, so that each program is one file.
    cmake -S "$folder/source" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
        -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF
    ninja -C "$folder/build" "${programs[@]}"
}
(build) >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    echo "llama.cpp: the build failed; $log has all of it" >&2
    exit 1
}
mkdir -p "$folder/bin"
for program in "${programs[@]}"; do cp "$folder/build/bin/$program" "$folder/bin/$program"; done
rm -rf "$folder/build"
