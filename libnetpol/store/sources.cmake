# SPDX-License-Identifier: Apache-2.0
netpol_room(
    store
    load.c
    snapshot.c
    store.c
    transaction.c)
