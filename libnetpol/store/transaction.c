/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: what is loaded waits on the side; the commit moves it over in two steps, of which
 * only the first (making room) can fail and is undone when it does.
 */
#include "store/internal.h"
#include <stdlib.h>

enum { KINDS_COUNTED = 64, KINDS_SHOWN = 8, KIND_BYTES = 64 };

int np_store_begin(struct netpol_store *store)
{
    if (store->stage) {
        return NETPOL_ERR_STATE;
    }
    struct np_stage_area *stage = np_zalloc(store->ctx, sizeof *stage);
    if (!stage) {
        return NETPOL_ERR_MEMORY;
    }
    np_map_init(&stage->index, store->ctx);
    np_map_init(&stage->skipped, store->ctx);
    store->stage = stage;
    return NETPOL_OK;
}

void np_store_rollback(struct netpol_store *store)
{
    struct np_stage_area *stage = store->stage;
    if (!stage) {
        return;
    }
    for (size_t i = 0; i < stage->items.count; i++) {
        np_object_unref(stage->items.items[i].object);
    }
    np_vec_free(store->ctx, &stage->items);
    np_map_free(&stage->index);
    np_map_free(&stage->skipped);
    np_free(store->ctx, stage, sizeof *stage);
    store->stage = NULL;
}

/* The place of a key among the staged items, made when it is new. NULL: no memory. */
static struct np_staged *stage_slot(struct netpol_store *store, struct np_slice key, bool *added)
{
    struct np_stage_area *stage = store->stage;
    uint64_t *index = np_map_add(&stage->index, key, added);
    if (!index) {
        return NULL;
    }
    if (*added) {
        struct np_staged *item = np_vec_push(store->ctx, &stage->items);
        if (!item) {
            np_map_remove(&stage->index, key);
            return NULL;
        }
        const uint64_t *old = np_map_find(&store->objects, key);
        const struct np_object *object = old ? (const struct np_object *)(uintptr_t)*old : NULL;
        *item = (struct np_staged){.ref = object ? object->ref : np_store_new_ref(store),
                                   .known = object != NULL};
        store->stage->growth -= item->known; /* an empty item is a removal until an object comes */
        *index = stage->items.count;
    }
    return &stage->items.items[*index - 1];
}

/* How many objects there will be after the commit. */
static uint64_t count_of(const struct netpol_store *store)
{
    return store->objects.count + (uint64_t)store->stage->growth;
}

int np_stage_put(struct netpol_store *store, struct np_object *object, bool replace,
                 const struct np_object **before)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, store->ctx);
    np_store_key_of(&text, object);
    bool added = false;
    struct np_staged *item =
        text.failed ? NULL : stage_slot(store, (struct np_slice){text.ptr, text.len}, &added);
    if (!item) {
        np_object_unref(object);
        return NETPOL_ERR_MEMORY;
    }
    if (before) {
        *before = item->object;
    }
    if (item->object && !replace) {
        np_object_unref(object);
        return NETPOL_OK;
    }
    if (!item->object && count_of(store) >= store->ctx->limits.objects) {
        np_object_unref(object);
        return NETPOL_ERR_LIMIT;
    }
    store->stage->growth += !item->object;
    np_object_unref(item->object);
    object->ref = item->ref;
    item->object = object;
    return NETPOL_OK;
}

int np_stage_remove(struct netpol_store *store, struct np_slice key)
{
    bool added;
    struct np_staged *item = stage_slot(store, key, &added);
    if (!item) {
        return NETPOL_ERR_MEMORY;
    }
    store->stage->growth -= item->object != NULL;
    np_object_unref(item->object);
    /* What comes back under this key later is another object: it gets references of its own. */
    *item = (struct np_staged){.ref = np_store_new_ref(store), .known = item->known};
    return NETPOL_OK;
}

bool np_stage_skip(struct np_stage_area *stage, struct np_slice kind)
{
    if (kind.len > KIND_BYTES || stage->skipped.count >= KINDS_COUNTED) {
        kind = np_slice_of("others");
    }
    bool added;
    uint64_t *count = np_map_add(&stage->skipped, kind, &added);
    if (!count) {
        return false;
    }
    (*count)++;
    stage->n_skipped++;
    return true;
}

/* ---- commit ---- */

/* A key with no object behind it (value 0) in the main map only exists while room is made. */
static bool make_room(struct netpol_store *store)
{
    size_t cursor = 0;
    struct np_slice key;
    uint64_t position;
    while (np_map_next(&store->stage->index, &cursor, &key, &position)) {
        bool added;
        if (store->stage->items.items[position - 1].object &&
            !np_map_add(&store->objects, key, &added)) {
            return false;
        }
    }
    return true;
}

static void give_room_back(struct netpol_store *store)
{
    size_t cursor = 0;
    struct np_slice key;
    uint64_t position;
    while (np_map_next(&store->stage->index, &cursor, &key, &position)) {
        const uint64_t *value = np_map_find(&store->objects, key);
        if (value && *value == 0) {
            np_map_remove(&store->objects, key);
        }
    }
}

static void move_over(struct netpol_store *store)
{
    struct np_stage_area *stage = store->stage;
    size_t cursor = 0;
    struct np_slice key;
    uint64_t position;
    while (np_map_next(&stage->index, &cursor, &key, &position)) {
        struct np_staged *item = &stage->items.items[position - 1];
        uint64_t *value = np_map_find(&store->objects, key);
        struct np_object *old = value ? (struct np_object *)(uintptr_t)*value : NULL;
        if (item->object && value) { /* make_room has made the place */
            *value = (uint64_t)(uintptr_t)item->object;
            item->object = NULL;
        } else if (value) {
            np_map_remove(&store->objects, key);
        }
        np_store_touch(store, key);
        np_object_unref(old);
    }
    store->bytes += stage->bytes;
    store->n_skipped += stage->n_skipped;
    store->incomplete = store->incomplete || stage->incomplete;
    store->version++;
}

struct kind_count {
    struct np_slice kind;
    uint64_t count;
};

static int by_kind(const void *a, const void *b)
{
    const struct kind_count *x = a, *y = b;
    return np_slice_compare(x->kind, y->kind);
}

/* One message for all of them: "skipped 12 objects ...: ConfigMap 7, Secret 5". */
static void tell_skipped(const struct netpol_store *store, struct netpol_diags *diags)
{
    const struct np_stage_area *stage = store->stage;
    struct kind_count kinds[KINDS_COUNTED + 1];
    size_t count = 0, cursor = 0;
    while (np_map_next(&stage->skipped, &cursor, &kinds[count].kind, &kinds[count].count)) {
        count++;
    }
    if (count == 0) {
        return;
    }
    qsort(kinds, count, sizeof kinds[0], by_kind);
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, store->ctx);
    for (size_t i = 0; i < count && i < KINDS_SHOWN; i++) {
        np_text_addf(&text, "%s%.*s %llu", i ? ", " : "", (int)kinds[i].kind.len, kinds[i].kind.ptr,
                     (unsigned long long)kinds[i].count);
    }
    if (count > KINDS_SHOWN) {
        np_text_addf(&text, ", and %zu more kinds", count - KINDS_SHOWN);
    }
    np_diag(diags, NP_CODE_3002, NULL, "%llu objects mean nothing to policies and were skipped: %s",
            (unsigned long long)stage->n_skipped, text.failed ? "..." : text.ptr);
}

static void tell_left_out(const struct netpol_store *store, struct netpol_diags *diags)
{
    if (store->stage->n_left_out) {
        np_diag(diags, NP_CODE_3005, NULL,
                "%llu documents were left out; every answer is from an incomplete set",
                (unsigned long long)store->stage->n_left_out);
    }
}

int np_store_commit(struct netpol_store *store, struct netpol_diags *diags)
{
    int status = NETPOL_OK;
    if (!store->stage) {
        return NETPOL_ERR_STATE;
    }
    if (store->stage->failed) {
        status = NETPOL_ERR_INPUT;
    } else if (!make_room(store)) {
        give_room_back(store);
        status = NETPOL_ERR_MEMORY;
    } else {
        move_over(store);
        tell_left_out(store, diags);
    }
    tell_skipped(store, diags);
    np_store_rollback(store);
    return status;
}
