# SPDX-License-Identifier: Apache-2.0
netpol_room(
    model
    address.c
    build.c
    build_policy.c
    build_select.c
    inventory_build.c
    policy_seal.c
    prefix.c
    selector.c)
