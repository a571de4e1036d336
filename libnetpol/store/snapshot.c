/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: the objects of one moment, counted and sorted by key. */
#include "store/store.h"
#include <stdlib.h>

struct keyed {
    struct np_slice key;
    struct np_object *object;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return np_slice_compare(x->key, y->key);
}

static int by_prefix(const void *a, const void *b)
{
    return np_prefix_compare(a, b);
}

static bool copy_objects(const struct netpol_store *store, struct np_snapshot *snapshot)
{
    size_t count = store->objects.count, cursor = 0, i = 0;
    struct keyed *sorted = np_alloc(store->ctx, count * sizeof *sorted);
    snapshot->objects = np_alloc(store->ctx, count * sizeof(struct np_object *));
    if (!sorted || !snapshot->objects) {
        np_free(store->ctx, sorted, count * sizeof *sorted);
        np_free(store->ctx, snapshot->objects, count * sizeof(struct np_object *));
        return false;
    }
    struct np_slice key;
    uint64_t value;
    while (np_map_next(&store->objects, &cursor, &key, &value)) {
        sorted[i++] = (struct keyed){key, (struct np_object *)(uintptr_t)value};
    }
    qsort(sorted, count, sizeof *sorted, by_key);
    for (i = 0; i < count; i++) {
        snapshot->objects[i] = np_object_ref(sorted[i].object);
    }
    snapshot->count = count;
    np_free(store->ctx, sorted, count * sizeof *sorted);
    return true;
}

int np_snapshot_take(const struct netpol_store *store, struct np_snapshot **out)
{
    size_t n_ranges = store->ranges.count;
    struct np_snapshot *snapshot = np_zalloc(store->ctx, sizeof *snapshot);
    if (!snapshot) {
        return NETPOL_ERR_MEMORY;
    }
    *snapshot = (struct np_snapshot){
        .ctx = store->ctx, .version = store->version, .incomplete = store->incomplete};
    if (!copy_objects(store, snapshot)) {
        np_free(store->ctx, snapshot, sizeof *snapshot);
        return NETPOL_ERR_MEMORY;
    }
    snapshot->ranges = np_alloc(store->ctx, n_ranges * sizeof *snapshot->ranges);
    if (!snapshot->ranges) {
        np_snapshot_free(snapshot);
        return NETPOL_ERR_MEMORY;
    }
    snapshot->n_ranges = n_ranges;
    if (n_ranges) {
        memcpy(snapshot->ranges, store->ranges.items, n_ranges * sizeof *snapshot->ranges);
        qsort(snapshot->ranges, n_ranges, sizeof *snapshot->ranges, by_prefix);
    }
    *out = snapshot;
    return NETPOL_OK;
}

void np_snapshot_free(struct np_snapshot *snapshot)
{
    if (!snapshot) {
        return;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        np_object_unref(snapshot->objects[i]);
    }
    const struct netpol_ctx *ctx = snapshot->ctx;
    np_free(ctx, snapshot->objects, snapshot->count * sizeof(struct np_object *));
    np_free(ctx, snapshot->ranges, snapshot->n_ranges * sizeof *snapshot->ranges);
    np_free(ctx, snapshot, sizeof *snapshot);
}
