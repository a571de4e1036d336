/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From how a question names an end to what is known of it. What is not known is said, never
 * guessed: an address of the pod range without a pod is not the outside, a pod without address has
 * not no address, a service's address is nobody's until it is translated.
 */
#include "model/inventory_internal.h"
#include "base/defect.h"

static bool own_address(const struct np_prefix *prefixes, uint32_t count, uint8_t family,
                        struct np_address *out)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct np_address *address = &prefixes[i].address;
        unsigned full = address->family == NP_IPV4 ? 32 : 128;
        if ((family == 0 || address->family == family) && prefixes[i].length == full) {
            *out = *address;
            return true;
        }
    }
    return false;
}

/* On the host's network and read so: the pod is known, its traffic and address are the node's. */
static bool is_node_traffic(const struct np_endpoint *endpoint)
{
    return endpoint->kind == NP_OBJ_HOST_NET_WORKLOAD || endpoint->kind == NP_OBJ_HOST_ENDPOINT ||
           endpoint->kind == NP_OBJ_NODE;
}

static void end_of_endpoint(const struct np_inventory *inv, const struct np_options *options,
                            const struct np_endpoint *endpoint, uint8_t family, struct np_end *out)
{
    out->endpoint = endpoint;
    out->domain = NP_DOMAIN_PODS;
    if (is_node_traffic(endpoint)) {
        out->domain = NP_DOMAIN_NODES;
        out->node = np_inventory_node(inv, np_str_slice(endpoint->node_name));
    }
    bool found = own_address(endpoint->prefixes, endpoint->n_prefixes, family, &out->address);
    if (!found && out->node) {
        found = own_address(out->node->addresses, out->node->n_addresses, family, &out->address);
    }
    if (!found && options->unknown_pod_ip == 0) {
        out->missing_address = NP_UNKNOWN(NP_FACT_POD_ADDRESS);
    }
}

/* An address that no pod owns. */
static void end_of_address(const struct np_inventory *inv, const struct np_options *options,
                           const struct np_address *address, struct np_end *out)
{
    out->address = *address;
    out->domain = NP_DOMAIN_OUTSIDE;
    out->node = np_inventory_node_at(inv, address);
    if (out->node) {
        out->domain = NP_DOMAIN_NODES;
        return;
    }
    if (np_inventory_service_at(inv, address)) {
        if (options->service_address == 0 && !np_defect(SERVICE_OUTSIDE)) {
            out->missing = out->missing_address = NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS);
        }
        return;
    }
    if (np_inventory_is_inside(inv, address)) {
        out->domain = NP_DOMAIN_PODS;
        return;
    }
    if (np_inventory_in_pod_range(inv, address) && options->unlearnt_pod_address == 0 &&
        !np_defect(UNLEARNT_OUTSIDE)) {
        out->domain = NP_DOMAIN_PODS;
        out->missing = NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS);
    }
}

/* A host endpoint covers its node's addresses; it is the endpoint of an end that no pod owns. */
static const struct np_endpoint *host_endpoint_at(const struct np_inventory *inv,
                                                  const struct np_address *address)
{
    const struct np_endpoint *some[8];
    uint32_t count = inv->index->hosts ? np_inventory_covering(inv, address, some, 8) : 0;
    for (uint32_t i = 0; i < count && i < 8; i++) {
        if (some[i]->kind == NP_OBJ_HOST_ENDPOINT) {
            return some[i];
        }
    }
    return NULL;
}

/* Is it an address that the endpoint is known to have? */
static bool has_address(const struct np_inventory *inv, const struct np_endpoint *endpoint,
                        const struct np_address *address, const struct np_address *own)
{
    const struct np_endpoint *owner = NULL;
    if (np_address_equal(own, address)) {
        return true;
    }
    uint32_t owners = endpoint->kind == NP_OBJ_WORKLOAD ? np_owners_at(inv, address, 0, &owner) : 0;
    for (uint32_t i = 0; i < owners; i++) {
        np_owners_at(inv, address, i, &owner);
        if (owner == endpoint) {
            return true;
        }
    }
    return false;
}

void np_inventory_place(const struct np_inventory *inv, const struct np_options *options,
                        const struct np_address *address, struct np_end *out)
{
    *out = (struct np_end){0};
    end_of_address(inv, options, address, out);
    out->endpoint = host_endpoint_at(inv, address);
}

bool np_inventory_end(const struct np_inventory *inv, const struct np_options *options,
                      uint64_t ref, const struct np_address *address, uint8_t family,
                      uint32_t which, struct np_end *out, uint32_t *n_owners)
{
    *out = (struct np_end){.domain = NP_DOMAIN_OUTSIDE};
    *n_owners = 1;
    if (address && address->family == 0) {
        address = NULL;
    }
    if (ref) {
        const struct np_endpoint *endpoint = np_inventory_endpoint(inv, ref);
        if (!endpoint || !np_endpoint_is_end(endpoint)) {
            return false;
        }
        end_of_endpoint(inv, options, endpoint, address ? address->family : family, out);
        /* one it is not known to have may be new: as little known as a new reference */
        bool known = !address || has_address(inv, endpoint, address, &out->address);
        out->address = address && known ? *address : out->address;
        return known;
    }
    if (!address) { /* an outside address not known: no option makes it one that nothing matches */
        out->missing_address = NP_UNKNOWN(NP_FACT_POD_ADDRESS);
        return true;
    }
    const struct np_endpoint *owner = NULL;
    uint32_t owners = np_owners_at(inv, address, which, &owner);
    if (owners) {
        *n_owners = np_defect(ONE_OWNER) ? 1 : owners;
        end_of_endpoint(inv, options, owner, family, out);
        out->address = *address;
        out->missing_address = NP_NO;
        return true;
    }
    np_inventory_place(inv, options, address, out);
    return true;
}
