#!/bin/bash
# Checks the rules of docs/architecture.md that the compiler does not: what a module may import, and how long a file may be.
set -euo pipefail

cd "$(dirname "$0")/.."
status=0
# violation RULE FILE…: reports the files that break a rule; none is fine.
violation() {
    local rule=$1
    shift
    (($#)) || return 0
    status=1
    printf 'architecture: %s:\n' "$rule" >&2
    printf '    %s\n' "$@" >&2
}
# importing 'MODULE|…' FOLDER…: the Swift files in the folders that import one of the modules, or one whose name begins so.
importing() {
    local modules=$1
    shift
    # grep exits with 1 if nothing matches, and with 2 if a folder is missing.
    grep -rlE --include='*.swift' "import ($modules)" "$@" || (($? == 1))
}
# longer LINES FOLDER: the Swift files in the folder, apart from generated ones, with more lines than that.
longer() {
    local limit=$1
    find "$2" -name '*.swift' -not -path '*/Generated/*' -print0 |
        xargs -0 --no-run-if-empty -n 1 wc -l | awk -v limit="$limit" '$1 > limit { print $2 " (" $1 " lines)" }'
}

found=$(importing 'Varlink|SgloradInterface|NIO' Sources/Adaptation Sources/Spool Sources/Files Sources/Storage)
mapfile -t files < <(printf '%s' "$found")
violation "the domain and its files must not import the wire (Varlink, SgloradInterface, SwiftNIO)" "${files[@]}"

found=$(importing 'Adaptation|ExpertLibrary|Files|Executors|Varlink|SgloradInterface|NIO' Sources/LlamaServer)
mapfile -t files < <(printf '%s' "$found")
violation "LlamaServer must know nothing of the domain" "${files[@]}"

found=$(importing 'GRDB|NIO' Sources/Control)
mapfile -t files < <(printf '%s' "$found")
violation "Control must import neither GRDB nor SwiftNIO" "${files[@]}"

found=$(importing 'Files|Storage|Adaptation|Control|Daemon|Crypto|Logging|NIO|Foundation$' Sources/SgloradClient)
mapfile -t files < <(printf '%s' "$found")
violation "applications must not have to build more than the wire for SgloradClient (nor see SwiftNIO)" "${files[@]}"
found=$(importing 'Files|Storage|Adaptation|Control|Daemon|Crypto|Logging|CProcess|ProcessGuard' \
    Sources/Varlink Sources/SgloradInterface Sources/SpoolForms Sources/Executors Sources/Privacy Sources/StrictJSON Sources/ErrorModel)
mapfile -t files < <(printf '%s' "$found")
violation "SwiftNIO is the only foreign package below SgloradClient" "${files[@]}"
found=$(grep -rlE '^public import (Varlink|SgloradInterface|Privacy|ErrorModel|Executors)' Sources/SgloradClient || (($? == 1)))
mapfile -t files < <(printf '%s' "$found")
violation "SgloradClient must not show the wire's types" "${files[@]}"

found=$(longer 150 Sources/Control)
mapfile -t files < <(printf '%s' "$found")
violation "a file in Sources/Control has at most 150 lines" "${files[@]}"

found=$(longer 500 Sources)
mapfile -t files < <(printf '%s' "$found")
violation "a file that is not generated has at most 500 lines" "${files[@]}"

((status)) || echo "architecture: every rule holds"
exit "$status"
