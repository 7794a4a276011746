#!/bin/bash
# Builds the documentation of all modules as one archive. A broken link is a failure.
set -euo pipefail

cd "$(dirname "$0")/.."
output=.build/documentation
modules=(ErrorModel Privacy StrictJSON StrictGGUF LinearAlgebra LowRank AdapterFormats TextEncoding SemanticGuidance Generation Evaluation
    Executors Files Storage ExpertLibrary IntentQueue SpoolForms Spool VarlinkDefinition Varlink SgloradInterface
    SgloradClient SystemdIntegration Telemetry LlamaServer Adaptation Control Daemon)
targets=()
for module in "${modules[@]}"; do targets+=(--target "$module"); done
mkdir -p "$output"
# Adaptation, Control and Daemon are used within the package only, so their interfaces have package access.
swift package --allow-writing-to-directory "$output" generate-documentation \
    --enable-experimental-combined-documentation "${targets[@]}" \
    --symbol-graph-minimum-access-level package \
    --output-path "$output/sglorad.doccarchive" --disable-indexing >"$output/log" 2>&1 || {
    cat "$output/log" >&2
    exit 1
}
# Modules are documented in parallel and share the log, so a warning may appear in the middle of another line.
if grep -E '(warning|error): ' "$output/log" >/dev/null; then
    cat "$output/log" >&2
    echo "docs: the documentation has errors or broken links; see the warnings above" >&2
    exit 1
fi
echo "docs: $output/sglorad.doccarchive"
