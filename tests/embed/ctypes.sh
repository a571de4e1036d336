#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs embed.py with the system's python3.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || {
    echo "SKIP: python3 is missing, the ctypes embedder was not run" >&2
    exit 77
}
exec "$python" tests/embed/embed.py
