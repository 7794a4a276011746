#!/bin/bash
# Creates .build-python, a virtual environment with the reference packages for conformance tests: python.sh varlink | all | llama
# 'llama' is 'all' with llama.cpp's converter, from the source package llama-cpp-python (77 MB), of which nothing is built.
set -euo pipefail

cd "$(dirname "$0")/.."
packages=(varlink==31.0.0)
[[ "${1:-varlink}" == varlink ]] || packages+=(torch transformers peft)
[[ "${1:-varlink}" != llama ]] || packages+=(gguf scikit-build-core cmake ninja)
[[ -x .build-python/bin/python ]] || python3 -m venv .build-python
.build-python/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"
if [[ "${1:-varlink}" == llama && ! -e .build-python/llama.cpp/convert_lora_to_gguf.py ]]; then
    fetched=$(mktemp -d)
    trap 'rm -rf "$fetched"' EXIT
    # pip asks the package for its metadata, which needs CMake but compiles nothing.
    PATH="$PWD/.build-python/bin:$PATH" .build-python/bin/python -m pip download --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation --no-binary llama-cpp-python --dest "$fetched" llama-cpp-python==0.3.36
    mkdir -p .build-python/llama.cpp
    tar -xzf "$fetched"/llama_cpp_python-0.3.36.tar.gz -C .build-python/llama.cpp --strip-components=3 --wildcards \
        '*/vendor/llama.cpp/convert_lora_to_gguf.py' '*/vendor/llama.cpp/conversion/*' '*/vendor/llama.cpp/gguf-py/*'
fi
