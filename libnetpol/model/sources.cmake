# SPDX-License-Identifier: Apache-2.0
netpol_room(
    model
    address.c
    build.c
    build_policy.c
    build_select.c
    inventory_build.c
    inventory_end.c
    inventory_index.c
    inventory_node.c
    inventory_owner.c
    inventory_seal.c
    policy_seal.c
    prefix.c
    prefix_table.c
    selector.c
    services.c)
