#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# format.sh [ROOT]: C sources are formatted as .clang-format says. Exit 77: no clang-format.
set -eu
cd "${1:-$(dirname "$0")/../..}"
command -v clang-format >/dev/null || {
    echo "SKIP: clang-format is missing"
    exit 77
}
files=$(find include libnetpol tools tests examples fuzz benchmarks -name '*.[ch]' 2>/dev/null || true)
[ -n "$files" ] || {
    echo "format: nothing to look at"
    exit 1
}
# shellcheck disable=SC2086 # our paths have no blanks
drift=$(clang-format --dry-run $files 2>&1 | grep -c 'clang-format-violations' || true)
echo "format: $(echo "$files" | wc -l) files, $drift places to format (scripts/check --format)"
[ "$drift" = 0 ]
