# SPDX-License-Identifier: Apache-2.0
netpol_room(
    api
    compile.c
    eval.c
    explain.c
    matcher.c
    question.c
    store.c
    texts.c
    version.c)
