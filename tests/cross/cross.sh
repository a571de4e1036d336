#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cross.sh native|aarch64 ASK ANSWER SOURCE BUILD SETS SEED: writes policy sets and answers with ASK,
# and has them answered by the runtime library alone: by ANSWER, or by the same program built for
# 64-bit ARM and run by qemu-user.
set -eu
target=$1 ask=$2 answer=$3 source=$4 build=$5 sets=$6 seed=$7

emulator='' variant=best
if [ "$target" = aarch64 ]; then
    for program in aarch64-linux-gnu-gcc qemu-aarch64 ninja; do
        command -v $program >/dev/null || { echo "SKIP: cross/aarch64: $program is missing"; exit 77; }
    done
    if ! echo '#include <stdio.h>' | aarch64-linux-gnu-gcc -fsyntax-only -x c - 2>/dev/null; then
        echo "SKIP: cross/aarch64: the C library for it is missing (libc6-dev-arm64-cross)"
        exit 77
    fi
    mkdir -p "$build"
    log=$build/aarch64.log
    if ! { cmake -G Ninja -S "$source" -B "$build/aarch64" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_TOOLCHAIN_FILE="$source/cmake/toolchains/aarch64-linux-gnu.cmake" \
        -DNETPOL_RUNTIME_ONLY=ON -DNETPOL_WERROR=ON &&
        cmake --build "$build/aarch64" --target netpol_cross_answer; } >"$log" 2>&1; then
        cat "$log"
        echo "FAILED: building the runtime library for aarch64"
        exit 1
    fi
    emulator=qemu-aarch64 variant=neon
    answer=$build/aarch64/tests/cross/netpol_cross_answer
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
images=$("$ask" "$dir" "$sets" "$seed")
$emulator "$answer" "$dir" "$images" "$variant"
