#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# consumer.sh BUILD SOURCE VERSION CC [CXX]: installs the build to a folder of its own, then builds
# and runs programs against it through CMake, pkg-config (shared, static) and as a subdirectory; the
# whole library, and the runtime library with an image that the whole one made.
set -eu
build=$1 source=$2 version=$3 cc=$4 cxx=${5:-}
consumer=$source/tests/install/consumer
for program in cmake pkg-config ninja "$cxx"; do
    if [ -z "$program" ] || ! command -v "$program" >/dev/null; then
        echo "SKIP: ${program:-a C++ compiler} is missing"
        exit 77
    fi
done

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
step() { # step NAME COMMAND...: runs quietly, shows the output of what fails
    name=$1
    shift
    if "$@" >"$dir/log" 2>&1; then
        echo "ok: $name"
    else
        echo "FAILED: $name: $*"
        cat "$dir/log"
        exit 1
    fi
}
prints_version() { # prints_version PROGRAM [ENV]
    [ "$("$@")" = "$version" ]
}
cmake_build() { # cmake_build NAME ARGS...
    step "$1: configure" cmake -G Ninja -S "$consumer" -B "$dir/$1" -DCMAKE_C_COMPILER="$cc" \
        -DCMAKE_CXX_COMPILER="$cxx" -DNETPOL_VERSION="$version" "$2"
    step "$1: build" cmake --build "$dir/$1"
    for program in shared static cxx; do
        step "$1: run $program" prints_version "$dir/$1/consumer_$program"
    done
    step "$1: leave an image" "$dir/$1/consumer_static" "$dir/$1/image"
    for program in runtime runtime_static; do
        step "$1: run $program" prints_version "$dir/$1/consumer_$program" "$dir/$1/image"
    done
}

step "install" cmake --install "$build" --prefix "$dir/first"
# Moved, so that nothing may depend on where it was installed.
mv "$dir/first" "$dir/prefix"
prefix=$dir/prefix
pc=$(dirname "$(find "$prefix" -name libnetpol.pc)")
export PKG_CONFIG_PATH="$pc"
lib=$(dirname "$pc")

cmake_build package -DCMAKE_PREFIX_PATH="$prefix"
cmake_build embedded -DNETPOL_SOURCE="$source"

step "pkg-config: version" pkg-config --exact-version="$version" libnetpol
# shellcheck disable=SC2046 # the flags are words
step "pkg-config: shared" "$cc" -std=c11 -o "$dir/shared" "$consumer/consumer.c" \
    $(pkg-config --cflags --libs libnetpol)
step "pkg-config: run shared" prints_version env LD_LIBRARY_PATH="$lib" "$dir/shared"
# shellcheck disable=SC2046
step "pkg-config: static" "$cc" -std=c11 -o "$dir/static" "$consumer/consumer.c" \
    $(pkg-config --static --cflags --libs libnetpol | sed 's/-lnetpol/-l:libnetpol.a/')
step "pkg-config: run static" prints_version "$dir/static"
# shellcheck disable=SC2046
step "pkg-config: runtime, static" "$cc" -std=c11 -static -o "$dir/runtime" "$consumer/runtime.c" \
    $(pkg-config --static --cflags --libs libnetpol-runtime |
        sed 's/-lnetpol-runtime/-l:libnetpol-runtime.a/')
step "pkg-config: run runtime" prints_version "$dir/runtime" "$dir/package/image"

soname=libnetpol.so.$(echo "$version" | cut -d. -f1-2)
step "the SONAME is there" test -e "$lib/$soname"
step "the runtime's SONAME is there" test -e "$lib/libnetpol-runtime.so.${soname#libnetpol.so.}"
if [ -e "$prefix/bin/netpol" ]; then
    step "the installed command runs" "$prefix/bin/netpol" version
fi
