/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of addresses under a name: sorted by the seal, found by name. */
#include "model/inventory_internal.h"

#include <stdlib.h>

static int compare_sets(const void *a, const void *b)
{
    const struct np_address_set *x = *(const struct np_address_set *const *)a;
    const struct np_address_set *y = *(const struct np_address_set *const *)b;
    int order = np_compare_str(x->kind, y->kind);
    return order ? order : np_compare_str(x->name, y->name);
}

bool np_seal_address_sets(struct np_build *b)
{
    struct np_address_set **items = b->inventory.address_sets.items;
    size_t count = b->inventory.address_sets.count;
    if (count) {
        qsort(items, count, sizeof(struct np_address_set *), compare_sets);
    }
    b->model->inventory.address_sets = np_seal_pointers(b, items, count);
    b->model->inventory.n_address_sets = (uint32_t)count;
    return !b->failed;
}

const struct np_address_set *np_inventory_address_set(const struct np_inventory *inv,
                                                      struct np_slice kind, struct np_slice name)
{
    uint32_t low = 0, high = inv->n_address_sets;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct np_address_set *set = inv->address_sets[middle];
        int order = np_slice_compare(np_str_slice(set->kind), kind);
        order = order ? order : np_slice_compare(np_str_slice(set->name), name);
        if (order == 0) {
            return set;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}
