#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exports_fails.sh CC: proves that exports.sh finds what it looks for, one fault at a time.
set -eu
cc=$1
here=$(dirname "$0")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

build() { # build C-TEXT: makes lib.so and lib.a
    printf '%s\n' "$1" >"$dir/lib.c"
    "$cc" -c -fPIC -w -o "$dir/lib.o" "$dir/lib.c"
    "$cc" -shared -o "$dir/lib.so" "$dir/lib.o"
    rm -f "$dir/lib.a"
    ar rc "$dir/lib.a" "$dir/lib.o"
}
judge() { "$here/exports.sh" "$dir/lib.so" "$dir/lib.a" "$here/forbidden.txt" >"$dir/out" 2>&1; }

build 'int netpol_one(void) { return 1; }'
judge || { echo "a clean library was refused:"; cat "$dir/out"; exit 1; }

caught=0
for fault in 'int stray(void) { return 1; }' \
    'int abort(); int netpol_two(void) { return abort(); }' \
    '#include <stdio.h>
     int netpol_two(void) { return printf("%d", 7); }' \
    'char *getenv(); char *netpol_two(void) { return getenv("x"); }' \
    'double strtod(); double netpol_two(void) { return strtod("1", 0); }' \
    'extern void *stderr; void *netpol_two(void) { return stderr; }'; do
    build "int netpol_one(void) { return 1; }
$fault"
    if judge; then
        echo "not caught: $fault"
        exit 1
    fi
    caught=$((caught + 1))
done
echo "$caught faults caught"
