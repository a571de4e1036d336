# SPDX-License-Identifier: Apache-2.0
netpol_room(
    base
    arena.c
    bits.c
    ctx.c
    diag.c
    diag_format.c
    map.c
    slice.c
    strings.c
    suggest.c
    text.c
    utf8.c)
