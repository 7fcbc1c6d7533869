#!/usr/bin/env bash
# Resolves pyproject.toml anew and writes requirements/*.txt: versions and hashes, no index's address.
set -euo pipefail
cd "$(dirname "$0")/.."
"$UV" lock --quiet ${UPGRADE:+--upgrade}
export_() {
    "$UV" export --quiet --frozen --no-emit-project --no-header --no-annotate --format requirements-txt \
        --no-default-groups --extra embedded --extra parquet --extra spreadsheets "${@:2}" > "requirements/$1.txt"
}
export_ run
export_ dev --group dev
export_ bench --group dev --group bench
if grep -nE '://|^-' requirements/*.txt; then
    echo "requirements/ must not name an index" >&2
    exit 1
fi
wc -l requirements/*.txt
