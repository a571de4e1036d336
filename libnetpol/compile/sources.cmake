# SPDX-License-Identifier: Apache-2.0
netpol_room(
    compile
    compile.c
    describe.c
    options.c)
