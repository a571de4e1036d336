#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds and runs go/ with cgo against the shared library of this build; nothing is downloaded.
set -eu
go=$(command -v go) || go=/usr/local/go/bin/go
[ -x "$go" ] || {
    echo "SKIP: go is missing, the cgo embedder was not run" >&2
    exit 77
}
libraries=$(dirname "$NETPOL_LIBRARY")
export CGO_ENABLED=1 GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local
export GOCACHE="$NETPOL_BUILD/go-cache" GOPATH="$NETPOL_BUILD/go-path"
export CGO_CFLAGS="-I$PWD/include" CGO_LDFLAGS="-L$libraries -lnetpol -Wl,-rpath,$libraries"
(cd tests/embed/go && "$go" build -o "$NETPOL_BUILD/embed-go" .)
exec "$NETPOL_BUILD/embed-go"
