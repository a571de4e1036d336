/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory while it is built: things are made in any order; the seal sorts and connects them.
 */
#include "model/inventory_internal.h"

#define ADD(b, vector, item)                           \
    do {                                               \
        (b)->outgrown = true;                          \
        void *added = np_vec_push((b)->ctx, (vector)); \
        if (added) {                                   \
            memcpy(added, &(item), sizeof(item));      \
        } else {                                       \
            (b)->failed = true;                        \
        }                                              \
    } while (0)

void np_inventory_build_free(struct np_build *b)
{
    struct np_inventory_build *inventory = &b->inventory;
    np_vec_free(b->ctx, &inventory->endpoints);
    np_vec_free(b->ctx, &inventory->namespaces);
    np_vec_free(b->ctx, &inventory->nodes);
    np_vec_free(b->ctx, &inventory->services);
    np_vec_free(b->ctx, &inventory->address_sets);
    np_vec_free(b->ctx, &inventory->owners);
    np_vec_free(b->ctx, &inventory->backends);
    np_vec_free(b->ctx, &inventory->accounts);
    np_vec_free(b->ctx, &inventory->host_addresses);
    np_vec_free(b->ctx, &inventory->pod_ranges);
    np_map_free(&inventory->names);
}

struct np_endpoint *np_build_endpoint(struct np_build *b, np_str namespace_name, np_str name)
{
    struct np_endpoint *endpoint = np_build_alloc(b, 1, sizeof *endpoint);
    if (endpoint) {
        endpoint->kind = NP_OBJ_WORKLOAD;
        endpoint->namespace_name = namespace_name;
        endpoint->name = name;
        endpoint->index = (uint32_t)b->inventory.endpoints.count;
        ADD(b, &b->inventory.endpoints, endpoint);
    }
    return endpoint;
}

struct np_endpoint *np_build_representative(struct np_build *b, const char *workload_kind,
                                            np_str namespace_name, np_str name)
{
    struct np_endpoint *endpoint = np_build_endpoint(b, namespace_name, name);
    if (endpoint) {
        endpoint->representative = true;
        endpoint->workload_kind = np_build_text(b, workload_kind);
        endpoint->workload_name = name;
    }
    return endpoint;
}

enum thing { A_NAMESPACE, A_NODE };

/* The place of a name among things of one kind, plus one; *value is 0 when it is new. */
static uint64_t *place_of(struct np_build *b, enum thing thing, np_str name)
{
    uint32_t key[2] = {thing, name ? name->id : UINT32_MAX};
    bool added;
    uint64_t *place =
        np_map_add(&b->inventory.names, (struct np_slice){(const char *)key, sizeof key}, &added);
    if (!place) {
        np_build_fail(b);
    }
    return place;
}

struct np_namespace *np_build_namespace(struct np_build *b, np_str name)
{
    uint64_t *place = place_of(b, A_NAMESPACE, name);
    if (!place || *place) {
        return place ? b->inventory.namespaces.items[*place - 1] : NULL;
    }
    struct np_namespace *space = np_build_alloc(b, 1, sizeof *space);
    if (space) {
        space->name = name;
        ADD(b, &b->inventory.namespaces, space);
        *place = b->inventory.namespaces.count;
    }
    return space;
}

struct np_node_info *np_build_node(struct np_build *b, np_str name)
{
    uint64_t *place = place_of(b, A_NODE, name);
    if (!place || *place) {
        return place ? b->inventory.nodes.items[*place - 1] : NULL;
    }
    struct np_node_info *node = np_build_alloc(b, 1, sizeof *node);
    if (node) {
        node->name = name;
        ADD(b, &b->inventory.nodes, node);
        *place = b->inventory.nodes.count;
    }
    return node;
}

void np_build_host_address(struct np_build *b, struct np_endpoint *endpoint,
                           const struct np_address *address)
{
    if (endpoint) {
        struct np_host_address item = {endpoint, *address};
        ADD(b, &b->inventory.host_addresses, item);
    }
}

struct np_service_info *np_build_service_info(struct np_build *b, np_str namespace_name,
                                              np_str name)
{
    struct np_service_info *service = np_build_alloc(b, 1, sizeof *service);
    if (service) {
        service->namespace_name = namespace_name;
        service->name = name;
        ADD(b, &b->inventory.services, service);
    }
    return service;
}

void np_build_backend(struct np_build *b, np_str namespace_name, np_str service,
                      const struct np_backend *backend, np_str pod_namespace, np_str pod_name)
{
    struct np_backend_build item = {namespace_name, service, pod_namespace, pod_name, *backend};
    ADD(b, &b->inventory.backends, item);
}

void np_build_owner(struct np_build *b, const char *kind, np_str namespace_name, np_str name,
                    const char *owner_kind, np_str owner_name)
{
    struct np_owner_link item = {namespace_name, np_build_text(b, kind), name,
                                 np_build_text(b, owner_kind), owner_name};
    ADD(b, &b->inventory.owners, item);
}

void np_build_service_account(struct np_build *b, np_str namespace_name, np_str name,
                              struct np_labels labels)
{
    struct np_account *account = np_build_alloc(b, 1, sizeof *account);
    if (account) {
        *account = (struct np_account){namespace_name, name, labels};
        ADD(b, &b->inventory.accounts, account);
    }
}

struct np_address_set *np_build_address_set(struct np_build *b, const char *kind, np_str name)
{
    struct np_address_set *set = np_build_alloc(b, 1, sizeof *set);
    if (set) {
        set->kind = np_build_text(b, kind);
        set->name = name;
        ADD(b, &b->inventory.address_sets, set);
    }
    return set;
}

void np_build_cluster(struct np_build *b, np_str name)
{
    b->outgrown = true;
    b->model->inventory.cluster = name;
}

np_str np_build_cluster_name(const struct np_build *b)
{
    return b->model->inventory.cluster;
}

void np_build_pod_range(struct np_build *b, struct np_prefix prefix)
{
    ADD(b, &b->inventory.pod_ranges, prefix);
}

int np_inventory_seal(struct np_build *b)
{
    bool done = !b->failed && np_seal_owners(b) && np_seal_nodes(b) && np_seal_namespaces(b) &&
                np_seal_endpoints(b) && np_seal_address_sets(b) && np_seal_index(b) &&
                np_seal_services(b);
    return done && !b->failed ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
