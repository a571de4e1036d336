#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# needs.sh LIBNETPOL-RUNTIME.so LIBNETPOL.so: the runtime library needs the C library and nothing
# else, and exports nothing that the whole one does not. The whole one proves that needs are seen.
set -eu
runtime=$1 whole=$2

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }
exported() { nm -D --defined-only "$1" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u; }
only_c() { ! needed "$1" | grep -v -E '^(libc|ld-[a-z0-9_-]+|libpthread)\.so'; }

only_c "$whole" >/dev/null && { echo "FAILED: libyaml and jansson are not seen in $whole"; exit 1; }
only_c "$runtime" || { echo "FAILED: the runtime library needs these"; exit 1; }

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
exported "$runtime" >"$dir/runtime"
exported "$whole" >"$dir/whole"
more=$(comm -23 "$dir/runtime" "$dir/whole")
[ -z "$more" ] || { echo "FAILED: only the runtime library exports: $more"; exit 1; }
echo "$(wc -l <"$dir/runtime") of $(wc -l <"$dir/whole") symbols, nothing needed but the C library"
