# SPDX-License-Identifier: Apache-2.0
netpol_room(
    api
    change.c
    compile.c
    diff.c
    explain.c
    question.c
    store.c)
netpol_runtime_part(
    api
    eval.c
    image.c
    matcher.c
    texts.c
    version.c)
