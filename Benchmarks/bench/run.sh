#!/bin/bash
# Builds what `make bench` measures and what it is compared with, then measures: run.sh MODEL [ROWS]
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here"
model=$1
rows=${2:-}
python=.build/bench-python
packages=(sentence-transformers transformers onnx onnxruntime safetensors numpy)

swift build --configuration release --product sglorad
swift build --configuration release --product sglorad-ctl
swift build --configuration release --package-path Benchmarks --scratch-path .build/benchmarks --product probe

if [[ ! -e $python/.complete ]]; then
    echo "bench: installing torch (for the CPU), ${packages[*]} into $python (about 1 GB)"
    python3 -m venv "$python"
    pip=("$python/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1)
    "${pip[@]}" --extra-index-url https://download.pytorch.org/whl/cpu 'torch==2.13.0+cpu' || "${pip[@]}" torch
    "${pip[@]}" "${packages[@]}"
    touch "$python/.complete"
fi
mkdir -p .build/bench
exec "$python/bin/python" Benchmarks/bench/bench.py .build/release "$model" --shared "${SHARED:-../shared}" \
    --probe .build/benchmarks/release/probe --work .build/bench --markdown .build/bench/table.md ${rows:+--rows "$rows"}
