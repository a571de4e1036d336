/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of the store: check arguments, call the room. */
#include "store/store.h"

static const struct netpol_load_options no_options = {.size = sizeof no_options};

static bool options_valid(const struct netpol_load_options *options)
{
    enum {
        KNOWN =
            NETPOL_LOAD_ADMITTED | NETPOL_LOAD_KEEP_GOING | NETPOL_LOAD_LENIENT | NETPOL_LOAD_STRICT
    };
    return !options || (options->size == sizeof *options && !(options->flags & ~(uint32_t)KNOWN));
}

int netpol_store_create(struct netpol_ctx *ctx, struct netpol_store **out)
{
    return ctx && out ? np_store_create(ctx, out) : NETPOL_ERR_ARGUMENT;
}

void netpol_store_destroy(struct netpol_store *store)
{
    if (store) {
        np_store_destroy(store);
    }
}

int netpol_store_load_path(struct netpol_store *store, const char *path,
                           const struct netpol_load_options *options, struct netpol_diags *diags)
{
    if (!store || !path || !options_valid(options)) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct np_load load = {
        .path = path, .options = options ? options : &no_options, .diags = diags};
    return np_store_load(store, &load);
}

int netpol_store_load_buffer(struct netpol_store *store, const char *bytes, size_t size,
                             const char *name, const struct netpol_load_options *options,
                             struct netpol_diags *diags)
{
    if (!store || (!bytes && size) || !options_valid(options)) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct np_load load = {.bytes = bytes ? bytes : "",
                           .size = size,
                           .name = name ? name : "buffer",
                           .options = options ? options : &no_options,
                           .diags = diags};
    return np_store_load(store, &load);
}

int netpol_store_begin(struct netpol_store *store)
{
    return store ? np_store_begin(store) : NETPOL_ERR_ARGUMENT;
}

int netpol_store_commit(struct netpol_store *store, struct netpol_diags *diags)
{
    return store ? np_store_commit(store, diags) : NETPOL_ERR_ARGUMENT;
}

int netpol_store_rollback(struct netpol_store *store)
{
    if (!store) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (!store->stage) {
        return NETPOL_ERR_STATE;
    }
    np_store_rollback(store);
    return NETPOL_OK;
}

int netpol_store_remove(struct netpol_store *store, const char *group, const char *kind,
                        const char *namespace_name, const char *name)
{
    if (!store || !kind || !name) {
        return NETPOL_ERR_ARGUMENT;
    }
    return np_store_remove(store, np_slice_of(group ? group : ""), np_slice_of(kind),
                           np_slice_of(namespace_name ? namespace_name : ""), np_slice_of(name));
}

static bool spec_valid(const struct netpol_endpoint_spec *spec)
{
    if (!spec || spec->size != sizeof *spec || !spec->namespace_name || !spec->name ||
        (spec->n_labels && !spec->labels) || (spec->n_addresses && !spec->addresses) ||
        (spec->n_ports && !spec->ports)) {
        return false;
    }
    for (size_t i = 0; i < spec->n_labels; i++) {
        if (!spec->labels[i].key || !spec->labels[i].value) {
            return false;
        }
    }
    for (size_t i = 0; i < spec->n_addresses; i++) {
        if (!spec->addresses[i]) {
            return false;
        }
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        if (!spec->ports[i].name) {
            return false;
        }
    }
    return true;
}

int netpol_store_put_endpoint(struct netpol_store *store, const struct netpol_endpoint_spec *spec,
                              uint64_t *ref, struct netpol_diags *diags)
{
    struct np_object *object = NULL;
    if (!store || !spec_valid(spec)) {
        return NETPOL_ERR_ARGUMENT;
    }
    int status = np_decode_endpoint(store->ctx, spec, diags, &object);
    if (status == NETPOL_OK) {
        status = np_store_upsert(store, object, ref);
    }
    return status == NETPOL_OK ? NETPOL_NEEDS_COMPILE : status;
}

int netpol_store_put_set(struct netpol_store *store, const char *name, const char *const *prefixes,
                         size_t n_prefixes, struct netpol_diags *diags)
{
    struct np_object *object = NULL;
    if (!store || !name || (n_prefixes && !prefixes)) {
        return NETPOL_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < n_prefixes; i++) {
        if (!prefixes[i]) {
            return NETPOL_ERR_ARGUMENT;
        }
    }
    int status = np_decode_set(store->ctx, name, prefixes, n_prefixes, diags, &object);
    if (status == NETPOL_OK) {
        status = np_store_upsert(store, object, NULL);
    }
    return status == NETPOL_OK ? NETPOL_NEEDS_COMPILE : status;
}

int netpol_store_remove_set(struct netpol_store *store, const char *name)
{
    return netpol_store_remove(store, NP_SET_GROUP, NP_SET_KIND, NULL, name);
}

int netpol_store_load_sets(struct netpol_store *store, const char *path, struct netpol_diags *diags)
{
    if (!store || !path) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct np_load load = {.path = path, .sets = true, .options = &no_options, .diags = diags};
    return np_store_load(store, &load);
}

int netpol_store_add_pod_range(struct netpol_store *store, const char *prefix)
{
    return store && prefix ? np_store_add_range(store, prefix) : NETPOL_ERR_ARGUMENT;
}

void netpol_store_stats(const struct netpol_store *store, struct netpol_store_stats *out)
{
    if (!out) {
        return;
    }
    *out = (struct netpol_store_stats){0};
    if (store) {
        np_store_stats(store, out);
    }
}
