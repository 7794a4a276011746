#!/bin/bash
# Fuzzes the readers of foreign bytes with libFuzzer and AddressSanitizer: fuzz.sh SECONDS [TARGET…]; four at a time.
#
# Tests/Fuzz/corpus/TARGET is the committed corpus; new inputs of a run stay in .build-fuzz/corpus. An input that breaks a
# target is left in .build-fuzz/found. Copied to the committed corpus, it becomes a regression test of 'make test'.
set -euo pipefail

seconds=${1:-60}
shift || true
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
build=.build-fuzz
export SGLORAD_FUZZ=1
# Reuse the dependencies that the debug build has already fetched.
[[ -e "$build" || ! -d .build/repositories ]] || { mkdir -p "$build" && cp -a .build/repositories "$build/"; }
echo "fuzz: building"
swift build --scratch-path "$build" --product fuzz -Xswiftc -O -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld \
    -Xcc -fsanitize=address >"$build.log" 2>&1 || {
    tail -n 40 "$build.log" >&2
    exit 1
}
program=$(swift build --scratch-path "$build" --show-bin-path)/fuzz
targets=("$@")
((${#targets[@]})) || targets=(Tests/Fuzz/corpus/*)
targets=("${targets[@]##*/}")

# The Swift and C runtimes keep some memory until exit, so leak detection is off; growing leaks hit the memory limit.
export ASAN_OPTIONS=detect_leaks=0
mkdir -p "$build/found"
run() {
    local target=$1 words=()
    mkdir -p "$build/corpus/$target"
    # With a fixed seed, runs try the same inputs in the same order, as far as their time allows.
    [[ -z "${FUZZ_SEED:-}" ]] || words+=("-seed=$FUZZ_SEED")
    [[ ! -e Tests/Fuzz/dictionaries/$target ]] || words+=("-dict=Tests/Fuzz/dictionaries/$target")
    FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/found/$target-" "${words[@]}" \
        "$build/corpus/$target" "Tests/Fuzz/corpus/$target" >"$build/$target.log" 2>&1 && {
        echo "fuzz: $target: $(awk '/number_of_executed_units/ { print $2 }' "$build/$target.log") inputs in ${seconds} s," \
            "$(grep -oE 'cov: [0-9]+' "$build/$target.log" | tail -n 1 | cut -d' ' -f2) edges, nothing found"
        return
    }
    grep -vE '^#[0-9]+[[:space:]]+(REDUCE|NEW|pulse)' "$build/$target.log" | tail -n 40 >&2
    echo "fuzz: $target failed; the input is in $build/found, the log is $build/$target.log. To reproduce:" >&2
    echo "    ASAN_OPTIONS=detect_leaks=0 FUZZ_TARGET=$target $program $build/found/$target-…" >&2
    return 1
}
status=0
for ((i = 0; i < ${#targets[@]}; i += 4)); do
    jobs=()
    for target in "${targets[@]:i:4}"; do
        run "$target" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || status=1; done
done
exit "$status"
