/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which workload a pod belongs to: ownerReferences are followed upwards (Pod -> ReplicaSet ->
 * Deployment, Pod -> Job -> CronJob). Where the object in the middle was not loaded, the naming
 * rules of the controllers bridge the gap, but only to a workload that was loaded.
 *
 * A workload's representative stands in for pods that are not there; one live pod makes it go.
 */
#include "model/inventory_internal.h"

enum { CHAIN_MAX = 8 }; /* longer is a loop */

struct owners {
    struct np_build *b;
    struct np_map links;     /* key -> place in inventory.owners, plus one */
    struct np_map workloads; /* key of every representative that was made */
    struct np_map live;      /* key of every workload that has a pod */
};

struct key {
    uint32_t ids[3];
};

static uint32_t id_of(np_str s)
{
    return s ? s->id : UINT32_MAX;
}

static struct np_slice key_of(struct key *key, np_str space, np_str kind, np_str name)
{
    *key = (struct key){
        {id_of(space), id_of(kind), id_of(name)}
    };
    return (struct np_slice){(const char *)key->ids, sizeof key->ids};
}

static bool has(const struct np_map *map, np_str space, np_str kind, np_str name)
{
    struct key key;
    return np_map_find(map, key_of(&key, space, kind, name)) != NULL;
}

static void add(struct owners *o, struct np_map *map, np_str space, np_str kind, np_str name,
                uint64_t value)
{
    struct key key;
    bool added;
    uint64_t *place = np_map_add(map, key_of(&key, space, kind, name), &added);
    if (!place) {
        np_build_fail(o->b);
    } else if (added) {
        *place = value;
    }
}

/* Follows links from a workload to the one that nobody owns. */
static void climb(const struct owners *o, np_str space, np_str *kind, np_str *name)
{
    for (unsigned i = 0; i < CHAIN_MAX; i++) {
        struct key key;
        const uint64_t *place = np_map_find(&o->links, key_of(&key, space, *kind, *name));
        if (!place) {
            return;
        }
        const struct np_owner_link *link = &o->b->inventory.owners.items[*place - 1];
        *kind = link->owner_kind;
        *name = link->owner_name;
    }
}

/* Whether name is "<stem>-<tail>" with the tail given; then *stem. */
static bool has_tail(np_str name, struct np_slice tail, struct np_slice *stem)
{
    struct np_slice text = np_str_slice(name);
    if (tail.len == 0 || text.len < tail.len + 2 || text.ptr[text.len - tail.len - 1] != '-' ||
        memcmp(text.ptr + text.len - tail.len, tail.ptr, tail.len) != 0) {
        return false;
    }
    *stem = (struct np_slice){text.ptr, text.len - tail.len - 1};
    return true;
}

static struct np_slice digits_at_end(np_str name)
{
    struct np_slice text = np_str_slice(name);
    size_t begin = text.len;
    while (begin > 0 && text.ptr[begin - 1] >= '0' && text.ptr[begin - 1] <= '9') {
        begin--;
    }
    return (struct np_slice){text.ptr + begin, text.len - begin};
}

/* The Deployment of a ReplicaSet, or the CronJob of a Job, that is known by its name only. */
static void bridge(const struct owners *o, const struct np_endpoint *pod, np_str *kind,
                   np_str *name)
{
    const struct np_strings *strings = o->b->model->strings;
    struct np_slice of = np_str_slice(*kind);
    struct np_slice tail, stem;
    const char *above;
    if (np_slice_is(of, "ReplicaSet")) {
        np_str label = np_strings_find(strings, np_slice_of("pod-template-hash"));
        tail = np_str_slice(label ? np_labels_get(&pod->labels, label) : NULL);
        above = "Deployment";
    } else if (np_slice_is(of, "Job")) {
        tail = digits_at_end(*name);
        above = "CronJob";
    } else {
        return;
    }
    np_str above_kind = np_strings_find(strings, np_slice_of(above));
    np_str above_name = has_tail(*name, tail, &stem) ? np_strings_find(strings, stem) : NULL;
    if (above_kind && above_name &&
        has(&o->workloads, pod->namespace_name, above_kind, above_name)) {
        *kind = above_kind;
        *name = above_name;
    }
}

static void resolve_pod(struct owners *o, struct np_endpoint *pod)
{
    np_str space = pod->namespace_name;
    if (!pod->workload_kind || !pod->workload_name) {
        pod->workload_kind = np_build_text(o->b, "Pod");
        pod->workload_name = pod->name;
        return;
    }
    climb(o, space, &pod->workload_kind, &pod->workload_name);
    if (!has(&o->workloads, space, pod->workload_kind, pod->workload_name)) {
        bridge(o, pod, &pod->workload_kind, &pod->workload_name);
    }
    add(o, &o->live, space, pod->workload_kind, pod->workload_name, 1);
}

/* false: something better stands for this workload. */
static bool keep_representative(const struct owners *o, struct np_endpoint *endpoint)
{
    np_str kind = endpoint->workload_kind;
    np_str name = endpoint->workload_name;
    climb(o, endpoint->namespace_name, &kind, &name);
    bool same = kind == endpoint->workload_kind && name == endpoint->workload_name;
    if (has(&o->live, endpoint->namespace_name, kind, name) ||
        (!same && has(&o->workloads, endpoint->namespace_name, kind, name))) {
        return false;
    }
    endpoint->workload_kind = kind;
    endpoint->workload_name = name;
    return true;
}

static void collect(struct owners *o)
{
    struct np_inventory_build *inventory = &o->b->inventory;
    for (size_t i = 0; i < inventory->owners.count; i++) {
        const struct np_owner_link *link = &inventory->owners.items[i];
        add(o, &o->links, link->namespace_name, link->kind, link->name, i + 1);
    }
    for (size_t i = 0; i < inventory->endpoints.count; i++) {
        const struct np_endpoint *e = inventory->endpoints.items[i];
        if (e->representative) {
            add(o, &o->workloads, e->namespace_name, e->workload_kind, e->workload_name, 1);
        }
    }
}

bool np_seal_owners(struct np_build *b)
{
    struct owners o = {.b = b};
    struct np_inventory_build *inventory = &b->inventory;
    np_map_init(&o.links, b->ctx);
    np_map_init(&o.workloads, b->ctx);
    np_map_init(&o.live, b->ctx);
    collect(&o);
    for (size_t i = 0; i < inventory->endpoints.count; i++) {
        struct np_endpoint *e = inventory->endpoints.items[i];
        if (!e->representative && e->kind == NP_OBJ_WORKLOAD) {
            resolve_pod(&o, e);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < inventory->endpoints.count; i++) {
        struct np_endpoint *e = inventory->endpoints.items[i];
        if (!e->representative || keep_representative(&o, e)) {
            inventory->endpoints.items[kept++] = e;
        }
    }
    inventory->endpoints.count = kept;
    np_map_free(&o.links);
    np_map_free(&o.workloads);
    np_map_free(&o.live);
    return !b->failed;
}
