/* SPDX-License-Identifier: Apache-2.0 */
/* What depends on both ends: the same endpoint, the own node; the route through a host; the
 * listener. */
#include "reference/internal.h"

/* A node: by its address, or a thing of the host's network (which then need not be known as a
 * node). */
bool np_end_is_node(const struct np_end *end)
{
    return end->endpoint ? end->endpoint->kind != NP_OBJ_WORKLOAD && end->domain == NP_DOMAIN_NODES
                         : end->node != NULL;
}

np_str np_end_node_name(const struct np_end *end)
{
    if (end->node) {
        return end->node->name;
    }
    return end->endpoint ? end->endpoint->node_name : NULL;
}

static bool is_same(const struct np_end *near, const struct np_end *far)
{
    if (near->endpoint || far->endpoint) {
        return near->endpoint == far->endpoint;
    }
    /* whoever has the address */
    return near->address.family && np_address_equal(&near->address, &far->address);
}

/* A pod whose address is not known, and an address of the pod range whose pod is not known. */
static bool may_be_same(const struct np_end *a, const struct np_end *b)
{
    return a->endpoint && a->address.family == 0 && !b->endpoint && np_is_maybe(b->missing);
}

/* The relations that are possible; *cause: why there is more than one. */
static uint8_t possible_relations(const struct np_end *near, const struct np_end *far,
                                  np_truth *cause)
{
    if (near->relations && far->relations) { /* of this pair, not of one of it and a subject */
        *cause = near->relation_cause;
        return near->relations;
    }
    bool near_node = np_end_is_node(near);
    bool far_node = np_end_is_node(far);
    np_str near_name = np_end_node_name(near);
    np_str far_name = np_end_node_name(far);
    bool same_node = near_name && near_name == far_name;
    if (is_same(near, far) || (near_node && far_node && same_node)) {
        return NP_REL_SELF;
    }
    if (may_be_same(near, far) || may_be_same(far, near)) {
        *cause = near->endpoint ? far->missing : near->missing;
        return NP_REL_SELF | NP_REL_OTHER;
    }
    if (near_node == far_node) {
        return NP_REL_OTHER;
    }
    if (near_name && far_name) {
        return same_node ? NP_REL_OWN_NODE : NP_REL_OTHER;
    }
    const struct np_end *guest = near_node ? far : near;
    if (!guest->endpoint && !np_is_maybe(guest->missing)) {
        return NP_REL_OTHER; /* something outside runs on no node */
    }
    *cause = NP_UNKNOWN(NP_FACT_NODE);
    return NP_REL_OWN_NODE | NP_REL_OTHER;
}

np_truth np_relation_truth(const struct np_end *near, const struct np_end *far, uint8_t relations)
{
    np_truth cause = NP_NO;
    uint8_t possible = possible_relations(near, far, &cause);
    if ((possible & relations) == 0) {
        return NP_NO;
    }
    return (possible & ~relations) ? cause : NP_YES;
}

np_truth np_reference_relation(const struct np_end *near, const struct np_end *far,
                               uint8_t relations)
{
    return np_relation_truth(near, far, relations);
}

/* Through a host to something else, or to and from the host itself. */
np_truth np_route_truth(const struct np_walk *walk, uint8_t routes)
{
    if (routes == NP_ROUTE_ANY) {
        return NP_YES;
    }
    uint8_t route = walk->hop->route;
    if (route == 0) {
        /* decided after translation: a node port that leads to a pod is forwarded */
        const struct np_end *near =
            walk->direction == NP_INGRESS ? &walk->hop->dst : &walk->hop->src;
        route = np_end_is_node(near) ? NP_ROUTE_TO_FROM_HOST : NP_ROUTE_FORWARDED;
    }
    return np_truth_of(route & routes);
}

uint8_t np_listener(const struct np_walk *walk)
{
    uint8_t mode = walk->hop->mesh_mode ? walk->hop->mesh_mode : walk->checkpoint->mesh_mode;
    switch (mode) {
    case NETPOL_MESH_SIDECAR_HTTP:
    case NETPOL_MESH_WAYPOINT:
        return NP_LISTENER_HTTP;
    case NETPOL_MESH_SIDECAR_TCP:
    case NETPOL_MESH_ZTUNNEL:
        return NP_LISTENER_TCP;
    default: /* the protocol of the port is not known: by whether there is a request */
        return walk->hop->request && walk->hop->request->kind == NETPOL_REQUEST_HTTP
                   ? NP_LISTENER_HTTP
                   : NP_LISTENER_TCP;
    }
}
