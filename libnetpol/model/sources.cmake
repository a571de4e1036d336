# SPDX-License-Identifier: Apache-2.0
netpol_room(
    model
    address.c
    build.c
    build_policy.c
    inventory_build.c
    prefix.c
    selector.c)
