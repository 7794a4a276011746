#!/bin/bash
# Creates .build-python, a virtual environment with the reference packages for conformance tests: python.sh varlink | all
set -euo pipefail

cd "$(dirname "$0")/.."
packages=(varlink==31.0.0)
[[ "${1:-varlink}" == all ]] && packages+=(torch transformers peft)
[[ -x .build-python/bin/python ]] || python3 -m venv .build-python
.build-python/bin/python -m pip install --quiet --disable-pip-version-check "${packages[@]}"
