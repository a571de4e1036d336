/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host endpoints and workload endpoints to model, and what the cluster adds up to.
 *
 * A pod is read from its Pod. A WorkloadEndpoint is the same pod as Calico keeps it: it makes an
 * endpoint only where no Pod of that name is loaded, else it is compared with it.
 */
#include "dialect/calico/inventory.h"

struct np_calico_item *np_calico_note(struct np_lower *l, struct np_calico_list *list)
{
    struct np_calico_item *item = np_build_alloc(l->build, 1, sizeof *item);
    if (item) {
        item->object = l->object;
        *(list->last ? &list->last->next : &list->first) = item;
        list->last = item;
    }
    return item;
}

int np_calico_host_lower(struct np_lower *l)
{
    struct np_build *b = l->build;
    const struct np_calico_thing *thing = l->object->spec;
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_endpoint *host = np_build_endpoint(b, NULL, np_build_str(b, l->object->name));
    if (!host) {
        return NETPOL_ERR_MEMORY;
    }
    host->kind = NP_OBJ_HOST_ENDPOINT;
    np_calico_fill(l, host, thing);
    for (uint32_t i = 0; i < thing->n_prefixes; i++) { /* they are the node's, loaded or not */
        np_build_host_address(b, host, &thing->prefixes[i].address);
    }
    struct np_calico_item *item = l->calico ? np_calico_note(l, &l->calico->hosts) : NULL;
    if (item) {
        item->endpoint = host;
    }
    return np_core_status(l);
}

int np_calico_workload_lower(struct np_lower *l)
{
    if (np_core_readable(l) && l->calico) {
        np_calico_note(l, &l->calico->workloads);
    }
    return np_core_status(l);
}

/* ---- workload endpoints ---- */

static bool pod_key(struct np_text *key, struct np_slice space, struct np_slice name)
{
    key->len = 0;
    np_text_add(key, space.ptr, space.len);
    np_text_add(key, "/", 1);
    np_text_add(key, name.ptr, name.len);
    return !key->failed;
}

/* "ns/name" -> the Pod's object. */
static bool find_pods(struct np_map *pods, struct np_object *const *objects, size_t count,
                      struct np_text *key)
{
    for (size_t i = 0; i < count; i++) {
        const struct np_object *object = objects[i];
        bool added;
        if (strcmp(object->reader->kind ? object->reader->kind : "", "Pod") != 0 ||
            *object->reader->group) {
            continue;
        }
        uint64_t *value = pod_key(key, object->namespace_name, object->name)
                              ? np_map_add(pods, (struct np_slice){key->ptr, key->len}, &added)
                              : NULL;
        if (!value) {
            return false;
        }
        *value = (uint64_t)(uintptr_t)object;
    }
    return true;
}

static bool has_pod_address(const struct np_core_pod *pod, const struct np_prefix *prefix)
{
    for (uint32_t i = 0; i < pod->n_addresses; i++) {
        if (np_address_equal(&pod->addresses[i], &prefix->address)) {
            return true;
        }
    }
    return false;
}

/* The first thing in which the two differ; NULL: nothing. */
static const char *contradiction(const struct np_calico_thing *thing, const struct np_core_pod *pod)
{
    for (uint32_t i = 0; pod->n_addresses && i < thing->n_prefixes; i++) {
        if (!has_pod_address(pod, &thing->prefixes[i])) {
            return "ipNetworks";
        }
    }
    if (thing->node_name.len && pod->node_name.len &&
        !np_slice_equal(thing->node_name, pod->node_name)) {
        return "node";
    }
    if (thing->account.len && !np_slice_equal(thing->account, pod->service_account)) {
        return "serviceAccountName";
    }
    return NULL;
}

static void compare(struct np_lower *l, const struct np_object *object, const struct np_object *pod)
{
    const char *what =
        pod->spec && pod->state == NP_OBJECT_OK ? contradiction(object->spec, pod->spec) : NULL;
    if (!what) {
        return;
    }
    struct np_place place = {.source = object->source,
                             .line = object->line,
                             .column = object->column,
                             .object = object->label,
                             .path = "spec"};
    l->said = true;
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_2413, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "%s is not what %s has; the Pod is read", what, pod->label);
}

static void make_workload(struct np_lower *l, struct np_calico_item *item)
{
    struct np_build *b = l->build;
    const struct np_calico_thing *thing = item->object->spec;
    struct np_slice name = thing->pod.len ? thing->pod : item->object->name;
    l->object = item->object;
    struct np_endpoint *pod =
        np_build_endpoint(b, np_build_str(b, item->object->namespace_name), np_build_str(b, name));
    if (pod) {
        np_calico_fill(l, pod, thing);
        pod->service_account = thing->account.len ? np_build_str(b, thing->account) : NULL;
        pod->orchestrator = thing->orchestrator.len ? np_build_str(b, thing->orchestrator) : NULL;
        item->endpoint = pod;
    }
    l->object = NULL;
}

static int settle_workloads(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    struct np_text key np_auto(np_text_free);
    struct np_map pods;
    np_text_init(&key, l->ctx);
    np_map_init(&pods, l->ctx);
    bool fine = find_pods(&pods, objects, count, &key);
    for (struct np_calico_item *item = l->calico->workloads.first; fine && item;
         item = item->next) {
        const struct np_calico_thing *thing = item->object->spec;
        fine = pod_key(&key, item->object->namespace_name,
                       thing->pod.len ? thing->pod : item->object->name);
        const uint64_t *pod = fine ? np_map_find(&pods, (struct np_slice){key.ptr, key.len}) : NULL;
        if (pod) {
            compare(l, item->object, (const struct np_object *)(uintptr_t)*pod);
        } else if (fine) {
            make_workload(l, item);
        }
    }
    np_map_free(&pods);
    return fine && !np_build_failed(l->build) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- the cluster ---- */

int np_calico_cluster(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    struct np_calico *calico = l->calico;
    bool hosts = calico->hosts.first != NULL;
    if (calico->workloads.first && settle_workloads(l, objects, count) != NETPOL_OK) {
        return NETPOL_ERR_MEMORY;
    }
    const struct np_calico_list *lists[] = {&calico->hosts, &calico->workloads};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (const struct np_calico_item *item = lists[i]->first; item; item = item->next) {
            np_calico_profile_labels(l, item);
        }
    }
    if (hosts) {
        np_calico_hosts(l);
        np_calico_host_profiles_tier(l);
    }
    np_calico_profiles(l);
    np_calico_synthetic(l, hosts);
    return np_core_status(l);
}
