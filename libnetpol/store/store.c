/* SPDX-License-Identifier: Apache-2.0 */
/* The map of objects: keys, single changes, counts. */
#include "store/internal.h"

int np_store_create(struct netpol_ctx *ctx, struct netpol_store **out)
{
    struct netpol_store *store = np_zalloc(ctx, sizeof *store);
    if (!store) {
        return NETPOL_ERR_MEMORY;
    }
    store->ctx = ctx;
    store->next_ref = 1;
    np_map_init(&store->objects, ctx);
    np_map_init(&store->touched, ctx);
    *out = store;
    return NETPOL_OK;
}

void np_store_destroy(struct netpol_store *store)
{
    np_store_rollback(store);
    size_t cursor = 0;
    struct np_slice key;
    uint64_t value;
    while (np_map_next(&store->objects, &cursor, &key, &value)) {
        np_object_unref((struct np_object *)(uintptr_t)value);
    }
    np_map_free(&store->objects);
    np_map_free(&store->touched);
    np_snapshot_free(store->last);
    np_vec_free(store->ctx, &store->ranges);
    np_free(store->ctx, store, sizeof *store);
}

/* Parts are separated by a byte that no Kubernetes name may contain. */
void np_store_key(struct np_text *text, struct np_slice group, struct np_slice kind,
                  struct np_slice namespace_name, struct np_slice name)
{
    static const char crd[] = "crd.projectcalico.org"; /* the same resources, seen directly */
    group = np_slice_is(group, crd) ? np_slice_of(crd + strlen("crd.")) : group;
    const struct np_slice parts[] = {group, kind, namespace_name, name};
    text->len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        np_text_add(text, parts[i].ptr, parts[i].len);
        np_text_add(text, "", i < 3 ? 1 : 0);
    }
}

void np_store_key_of(struct np_text *text, const struct np_object *object)
{
    np_store_key(text, np_slice_of(object->reader->group),
                 object->reader->kind ? np_slice_of(object->reader->kind) : object->kind,
                 object->namespace_name, object->name);
}

/* More changes than a snapshot could make use of: it is let go. */
void np_store_touch(struct netpol_store *store, struct np_slice key)
{
    enum { TOUCHED = 256 };
    bool added;
    if (store->last &&
        (store->touched.count >= TOUCHED || !np_map_add(&store->touched, key, &added))) {
        np_snapshot_forget(store);
    }
}

uint64_t np_store_new_ref(struct netpol_store *store)
{
    uint64_t ref = store->next_ref;
    store->next_ref += 2;
    return ref;
}

struct np_object *np_store_find(const struct netpol_store *store, struct np_slice key)
{
    const uint64_t *staged = store->stage ? np_map_find(&store->stage->index, key) : NULL;
    if (staged) {
        return store->stage->items.items[*staged - 1].object;
    }
    const uint64_t *value = np_map_find(&store->objects, key);
    return value ? (struct np_object *)(uintptr_t)*value : NULL;
}

static int remove_now(struct netpol_store *store, struct np_slice key)
{
    uint64_t *value = np_map_find(&store->objects, key);
    struct np_object *object = (struct np_object *)(uintptr_t)*value;
    np_map_remove(&store->objects, key);
    np_object_unref(object);
    np_store_touch(store, key);
    store->version++;
    return NETPOL_OK;
}

int np_store_remove(struct netpol_store *store, struct np_slice group, struct np_slice kind,
                    struct np_slice namespace_name, struct np_slice name)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, store->ctx);
    np_store_key(&text, group, kind, namespace_name, name);
    if (text.failed) {
        return NETPOL_ERR_MEMORY;
    }
    struct np_slice key = {text.ptr, text.len};
    if (!np_store_find(store, key)) {
        return NETPOL_ERR_NOT_FOUND;
    }
    return store->stage ? np_stage_remove(store, key) : remove_now(store, key);
}

static int upsert_now(struct netpol_store *store, struct np_object *object, struct np_slice key)
{
    bool added;
    uint64_t *value = np_map_add(&store->objects, key, &added);
    if (!value) {
        np_object_unref(object);
        return NETPOL_ERR_MEMORY;
    }
    struct np_object *old = (struct np_object *)(uintptr_t)*value;
    object->ref = old ? old->ref : np_store_new_ref(store);
    *value = (uint64_t)(uintptr_t)object;
    np_object_unref(old);
    np_store_touch(store, key);
    store->version++;
    return NETPOL_OK;
}

int np_store_upsert(struct netpol_store *store, struct np_object *object, uint64_t *ref)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, store->ctx);
    np_store_key_of(&text, object);
    if (text.failed) {
        np_object_unref(object);
        return NETPOL_ERR_MEMORY;
    }
    struct np_slice key = {text.ptr, text.len};
    bool full = store->objects.count >= store->ctx->limits.objects;
    if (!store->stage && full && !np_store_find(store, key)) {
        np_object_unref(object);
        return NETPOL_ERR_LIMIT;
    }
    int status =
        store->stage ? np_stage_put(store, object, true, NULL) : upsert_now(store, object, key);
    if (status == NETPOL_OK && ref) {
        *ref = np_store_find(store, key)->ref;
    }
    return status;
}

int np_store_add_range(struct netpol_store *store, const char *prefix)
{
    struct np_prefix parsed;
    if (np_prefix_parse(np_slice_of(prefix), &parsed, NULL) != NP_PREFIX_OK) {
        return NETPOL_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < store->ranges.count; i++) {
        if (np_prefix_equal(&store->ranges.items[i], &parsed)) {
            return NETPOL_OK;
        }
    }
    struct np_prefix *added = np_vec_push(store->ctx, &store->ranges);
    if (!added) {
        return NETPOL_ERR_MEMORY;
    }
    *added = parsed;
    store->version++;
    return NETPOL_OK;
}

static bool is_endpoint(const struct np_object *object)
{
    static const char *const kinds[] = {"Pod",         "Deployment", "ReplicaSet",
                                        "StatefulSet", "DaemonSet",  "ReplicationController",
                                        "Job",         "CronJob"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (object->reader->family == NP_FAMILY_CORE &&
            strcmp(object->reader->kind, kinds[i]) == 0) {
            return true;
        }
    }
    return false;
}

void np_store_stats(const struct netpol_store *store, struct netpol_store_stats *out)
{
    size_t cursor = 0;
    struct np_slice key;
    uint64_t value;
    *out = (struct netpol_store_stats){.objects = store->objects.count,
                                       .skipped = store->n_skipped,
                                       .bytes = store->bytes,
                                       .version = store->version,
                                       .incomplete = store->incomplete};
    while (np_map_next(&store->objects, &cursor, &key, &value)) {
        const struct np_object *object = (const struct np_object *)(uintptr_t)value;
        bool policy = object->reader->family == NP_FAMILY_POLICY;
        out->policies += policy;
        out->calico_objects += object->reader->engine == NP_ENGINE_CALICO;
        out->cilium_objects += object->reader->engine == NP_ENGINE_CILIUM;
        out->endpoints += is_endpoint(object);
        out->unreadable += object->state == NP_OBJECT_UNREADABLE;
    }
}
