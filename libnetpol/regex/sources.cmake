# SPDX-License-Identifier: Apache-2.0
netpol_room(
    regex
    build/class.c
    build/emit.c
    build/escape.c
    build/group.c
    build/parse.c
    build/ranges.c
    build/regex.c
    build/unicode.c
    build/walk.c
    build/wildcard.c)
