/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory while it is built: things are made in any order; the seal sorts and connects them. */
#include "model/build_internal.h"

void np_inventory_build_free(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    np_vec_free(b->ctx, &inventory->endpoints);
    np_vec_free(b->ctx, &inventory->namespaces);
    np_vec_free(b->ctx, &inventory->nodes);
    np_vec_free(b->ctx, &inventory->services);
    np_vec_free(b->ctx, &inventory->owners);
    np_vec_free(b->ctx, &inventory->backends);
    np_vec_free(b->ctx, &inventory->accounts);
    np_vec_free(b->ctx, &inventory->pod_ranges);
    np_map_free(&inventory->names);
}

int np_inventory_seal(struct np_build *b)
{
    return b->failed ? NETPOL_ERR_MEMORY : NETPOL_OK;
}
