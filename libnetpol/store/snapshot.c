/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: the objects of one moment, counted and sorted by key. */
#include "store/internal.h"
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
    snapshot->count = snapshot->objects_room = count;
    np_free(store->ctx, sorted, count * sizeof *sorted);
    return true;
}

/* ---- from the one before ---- */

/* Where an object of this key is among the sorted ones, or belongs. SIZE_MAX: no memory. */
static size_t position(const struct np_snapshot *snapshot, struct np_slice key, bool *there)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, snapshot->ctx);
    size_t low = 0, high = snapshot->count;
    *there = false;
    while (low < high && !*there) {
        size_t middle = low + (high - low) / 2;
        np_store_key_of(&text, snapshot->objects[middle]);
        if (text.failed) {
            return SIZE_MAX;
        }
        int order = np_slice_compare((struct np_slice){text.ptr, text.len}, key);
        *there = order == 0;
        low = order < 0 ? middle + 1 : *there ? middle : low;
        high = order < 0 ? high : middle;
    }
    return low;
}

struct change {
    struct np_slice key;
    size_t at;                   /* in the snapshot before */
    struct np_object *old, *new; /* NULL: none */
};

static int by_place(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : np_slice_compare(x->key, y->key);
}

/* What was touched, in order. NULL: no memory. */
static struct change *list_changes(const struct netpol_store *store)
{
    size_t count = store->touched.count, cursor = 0, i = 0;
    struct change *changes = np_alloc(store->ctx, (count + 1) * sizeof *changes);
    uint64_t unused;
    while (changes && i < count &&
           np_map_next(&store->touched, &cursor, &changes[i].key, &unused)) {
        bool there;
        struct change *c = &changes[i++];
        const uint64_t *value = np_map_find(&store->objects, c->key);
        c->at = position(store->last, c->key, &there);
        if (c->at == SIZE_MAX) {
            np_free(store->ctx, changes, (count + 1) * sizeof *changes);
            return NULL;
        }
        c->old = there ? store->last->objects[c->at] : NULL;
        c->new = value ? (struct np_object *)(uintptr_t)*value : NULL;
    }
    if (changes && count) {
        qsort(changes, count, sizeof *changes, by_place);
    }
    return changes;
}

static void copy_changed(const struct np_snapshot *last, const struct change *changes, size_t count,
                         struct np_snapshot *out)
{
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        size_t stays = changes[i].at - from;
        if (stays) {
            memcpy(out->objects + out->count, last->objects + from, stays * sizeof *out->objects);
        }
        out->count += stays;
        from = changes[i].at + (changes[i].old != NULL);
        if (changes[i].new) {
            out->objects[out->count++] = changes[i].new;
        }
    }
    if (last->count > from) {
        memcpy(out->objects + out->count, last->objects + from,
               (last->count - from) * sizeof *out->objects);
    }
    out->count += last->count - from;
}

/* Those the base does not count: the last one's own that are still there, and the new ones. */
static void count_own(const struct np_snapshot *last, const struct change *changes, size_t count,
                      struct np_snapshot *out)
{
    for (size_t i = 0; i < last->n_own; i++) {
        bool left = false;
        for (size_t k = 0; k < count; k++) {
            left = left || changes[k].old == last->own[i];
        }
        if (!left) {
            out->own[out->n_own++] = np_object_ref(last->own[i]);
        }
    }
    for (size_t k = 0; k < count; k++) {
        if (changes[k].new) {
            out->own[out->n_own++] = np_object_ref(changes[k].new);
        }
    }
}

/* false: no memory; nothing is counted yet. */
static bool derive(const struct netpol_store *store, struct np_snapshot *out)
{
    const struct np_snapshot *last = store->last;
    size_t count = store->touched.count;
    struct change *changes = list_changes(store);
    out->own_room = last->n_own + count;
    out->own = np_alloc(store->ctx, out->own_room * sizeof *out->own);
    out->objects_room = last->count + count;
    out->objects = np_alloc(store->ctx, out->objects_room * sizeof *out->objects);
    if (!changes || (out->own_room && !out->own) || (out->objects_room && !out->objects)) {
        np_free(store->ctx, changes, (count + 1) * sizeof *changes);
        np_free(store->ctx, out->own, out->own_room * sizeof *out->own);
        np_free(store->ctx, out->objects, out->objects_room * sizeof *out->objects);
        return false;
    }
    copy_changed(last, changes, count, out);
    count_own(last, changes, count, out);
    out->base = np_snapshot_ref(last->base ? last->base : store->last);
    np_free(store->ctx, changes, (count + 1) * sizeof *changes);
    return true;
}

/* ---- taking, counting ---- */

int np_snapshot_take(struct netpol_store *store, struct np_snapshot **out)
{
    enum { OWN = 1024 }; /* beyond, the base keeps too much alive that nobody has any more */
    size_t n_ranges = store->ranges.count;
    struct np_snapshot *snapshot = np_zalloc(store->ctx, sizeof *snapshot);
    if (!snapshot) {
        return NETPOL_ERR_MEMORY;
    }
    *snapshot = (struct np_snapshot){
        .ctx = store->ctx, .version = store->version, .incomplete = store->incomplete};
    atomic_init(&snapshot->refs, 1);
    bool few = store->last && store->last->n_own < OWN;
    if (!(few ? derive(store, snapshot) : copy_objects(store, snapshot))) {
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
    np_snapshot_forget(store);
    store->last = np_snapshot_ref(snapshot);
    *out = snapshot;
    return NETPOL_OK;
}

void np_snapshot_forget(struct netpol_store *store)
{
    np_snapshot_free(store->last);
    store->last = NULL;
    np_map_free(&store->touched);
}

struct np_snapshot *np_snapshot_ref(struct np_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->refs, 1, memory_order_relaxed);
    return snapshot;
}

void np_snapshot_free(struct np_snapshot *snapshot)
{
    while (snapshot && atomic_fetch_sub_explicit(&snapshot->refs, 1, memory_order_acq_rel) == 1) {
        const struct netpol_ctx *ctx = snapshot->ctx;
        struct np_snapshot *base = snapshot->base;
        struct np_object **counted = base ? snapshot->own : snapshot->objects;
        size_t count = base ? snapshot->n_own : snapshot->count;
        for (size_t i = 0; i < count; i++) {
            np_object_unref(counted[i]);
        }
        np_free(ctx, snapshot->own, snapshot->own_room * sizeof *snapshot->own);
        np_free(ctx, snapshot->objects, snapshot->objects_room * sizeof *snapshot->objects);
        np_free(ctx, snapshot->ranges, snapshot->n_ranges * sizeof *snapshot->ranges);
        np_free(ctx, snapshot, sizeof *snapshot);
        snapshot = base;
    }
}
