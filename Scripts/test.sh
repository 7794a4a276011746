#!/bin/bash
# test.sh [SWIFT-TEST-FLAGS…]: runs the tests, and repeats at the end what failed.
#
# The run prints thousands of lines, and a failure stands wherever it happened. Of a process that crashed, the tests that
# were running are named too. Everything stays in .build/tests.log.
set -uo pipefail

cd "$(dirname "$0")/.."
# The tests run in parallel and hold many files open, more than a shell's default limit.
ulimit -Sn 8192 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"
# At most sixteen at once: with all of them begun at once, each waits minutes for its next turn of a thread.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-16}

log=.build/tests.log
mkdir -p .build
swift test "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
((status == 0)) && exit 0

printf '\n== what failed (all of it: %s)\n' "$log"
awk '
    # An issue, and the lines of its details; the last line of the run is left out.
    /^✘ Test run with/ { next }
    /^✘/ { print substr($0, 1, 2000); details = 12; next }
    /^↳/ || (details > 0 && !/^(✔|◇|➜|✘)/) { if (details-- > 0) print substr($0, 1, 2000); next }
    { details = 0 }
' "$log"
if grep -qE 'Fatal error|Program crashed|unexpected signal' "$log"; then
    grep -nE -A12 'Fatal error|Program crashed|unexpected signal' "$log" | cut -c1-500 | head -60
    echo "== tests that were running when the process ended"
    awk '
        /^◇ Test .* started\.$/ { name = $0; sub(/^◇ /, "", name); sub(/ started\.$/, "", name); running[name] = 1 }
        /^(✔|✘) Test .* (passed|failed) after/ {
            name = $0; sub(/^(✔|✘) /, "", name)
            sub(/( with [0-9]+ test cases?)? (passed|failed) after.*$/, "", name); delete running[name]
        }
        END { for (name in running) print name }
    ' "$log" | sort
fi
exit "$status"
