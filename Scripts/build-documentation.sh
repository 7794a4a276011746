#!/bin/bash
# Builds the documentation of all modules as one archive; a link that leads nowhere is a failure.
set -euo pipefail

cd "$(dirname "$0")/.."
output=.build/documentation
modules=(ErrorModel LinearAlgebra LowRank AdapterFormats TextEncoding SemanticGuidance Generation DurableStorage
    ExpertCache IntentQueue ControlProtocol SystemdIntegration SgloradCore)
targets=()
for module in "${modules[@]}"; do targets+=(--target "$module"); done
mkdir -p "$output"
swift package --allow-writing-to-directory "$output" generate-documentation \
    --enable-experimental-combined-documentation "${targets[@]}" \
    --output-path "$output/sglorad.doccarchive" --disable-indexing >"$output/log" 2>&1 || {
    cat "$output/log" >&2
    exit 1
}
# The house documents the parameters that a name does not explain, not every one.
if grep -A 8 '^warning: ' "$output/log" | grep -vE 'is missing documentation' | grep -B 0 -A 8 '^warning: ' >&2; then
    echo "docs: the documentation has problems" >&2
    exit 1
fi
echo "docs: $output/sglorad.doccarchive"
