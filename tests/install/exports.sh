#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# exports.sh LIBNETPOL.so LIBNETPOL.a FORBIDDEN: the shared library exports netpol_* only, the static
# one adds np_* to a program's names and nothing else, and neither asks for a forbidden function.
set -eu
shared=$1 static=$2 forbidden=$3

failed=0
complain() { # complain TEXT SYMBOLS
    [ -z "$2" ] && return
    echo "FAILED: $1:"
    echo "$2" | sed 's/^/    /'
    failed=1
}

exported=$(nm -D --defined-only "$shared" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u)
asked=$(nm -D --undefined-only "$shared" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort -u)
linked=$(nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | sort -u)
public=$(echo "$exported" | grep -c '^netpol_' || true)
pattern=$(grep -v -e '^#' -e '^$' "$forbidden" | paste -sd '|')

[ "$public" -gt 0 ] || complain "nothing is exported" "$shared"
complain "exported without the public prefix" \
    "$(echo "$exported" | grep -v -e '^netpol_' -e '^NETPOL_[0-9.]*$' || true)"
complain "global in the static library without our prefixes" \
    "$(echo "$linked" | grep -v -E '^(netpol|np)_' || true)"
complain "forbidden functions are called" "$(echo "$asked" | grep -E -x "($pattern)" || true)"
[ $failed = 0 ] && echo "$public symbols exported, all of them public"
exit $failed
