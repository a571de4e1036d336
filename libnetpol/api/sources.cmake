# SPDX-License-Identifier: Apache-2.0
netpol_room(
    api
    compile.c
    diff.c
    dump.c
    explain.c
    flow.c
    question.c
    store.c)
netpol_runtime_part(
    api
    change.c
    eval.c
    image.c
    matcher.c
    texts.c
    version.c)
