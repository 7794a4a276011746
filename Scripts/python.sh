#!/bin/bash
# Creates .build-python, a virtual environment with the reference packages for conformance tests: python.sh varlink | all | llama
# 'llama' is 'all' with llama.cpp's converter, from the source package llama-cpp-python (77 MB), of which
# nothing is built.
set -euo pipefail

cd "$(dirname "$0")/.."
packages=(varlink==31.0.0)
[[ "${1:-varlink}" == varlink ]] || packages+=(torch transformers peft)
[[ "${1:-varlink}" != llama ]] || packages+=(gguf sentencepiece protobuf)
[[ -x .build-python/bin/python ]] || python3 -m venv .build-python
.build-python/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"
if [[ "${1:-varlink}" == llama ]]; then
    Scripts/llama/source.sh .llama
    rm -rf .build-python/llama.cpp
    ln -s ../.llama/source .build-python/llama.cpp
fi
