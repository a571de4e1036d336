#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headers.sh INCLUDE_DIR CC [CXX]: compiles each public header alone, as C11 and as C++17. A header
# that forgets an include, or says something only one of the languages knows, fails here.
set -eu
include=$1 cc=$2 cxx=${3:-}
if [ -z "$cxx" ] || ! command -v "$cxx" >/dev/null; then
    echo "SKIP: no C++ compiler"
    exit 77
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
count=0
for header in "$include"/netpol/*.h; do
    name=netpol/$(basename "$header")
    printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$dir/alone.c"
    cp "$dir/alone.c" "$dir/alone.cpp"
    "$cc" -std=c11 -pedantic-errors -Wall -Wextra -Wconversion -Werror -I"$include" \
        -fsyntax-only "$dir/alone.c"
    "$cxx" -std=c++17 -pedantic-errors -Wall -Wextra -Wconversion -Werror -I"$include" \
        -fsyntax-only "$dir/alone.cpp"
    count=$((count + 1))
done
echo "$count headers compile alone as C11 and C++17"
