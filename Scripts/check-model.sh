#!/bin/bash
# Checks every file of the text encoder against its digest: check-model.sh FOLDER
set -euo pipefail

list=$(cd "$(dirname "$0")" && pwd)/all-MiniLM-L6-v2.sha256
folder=$1
[[ -d "$folder" ]] || {
    echo "model: there is no folder $folder" >&2
    exit 1
}
said=$(cd "$folder" && sha256sum --check --quiet --strict "$list" 2>&1) || {
    printf 'model: %s is not all-MiniLM-L6-v2 as sglorad knows it; these files are missing or differ:\n%s\n' "$folder" "$said" >&2
    exit 1
}
