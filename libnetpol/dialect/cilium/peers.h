/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_PEERS_H
#define NP_DIALECT_CILIUM_PEERS_H
/*
 * The L3 part of one element of ingress, ingressDeny, egress or egressDeny: who is at the far end.
 *
 * An element has lists of nine kinds and may use one of them. Absent lists and empty ones are
 * different things: without any list the element is about every end, with one that is there and
 * empty it is about nobody (pkg/policy/utils/parserules.go). Each member of the list becomes a set
 * of its own, which is one alternative of the element's rule.
 *
 * Source: pkg/policy/api/{ingress,egress,cidr,entity,fqdn,service,groups,rule_validation}.go.
 */
#include "dialect/cilium/selector.h"

struct np_cilium_cidr_rule {
    const struct np_node *node;
    struct np_slice cidr, group;      /* cidr, cidrGroupRef */
    struct np_label_selector *groups; /* cidrGroupSelector: over labels of CiliumCIDRGroups */
    np_list(struct np_string_item) except;
    struct np_prefix prefix;          /* of cidr; family 0: not given */
    const struct np_prefix *excepted; /* of except, in order */
};
struct np_cilium_service_name {
    const struct np_node *node;
    struct np_slice name, space; /* space empty: any */
};
struct np_cilium_service_selector {
    const struct np_node *node;
    struct np_label_selector *selector; /* over labels of services; absent: all */
    struct np_slice space;
};
struct np_cilium_service {
    const struct np_node *node;
    struct np_cilium_service_name *named;        /* k8sService */
    struct np_cilium_service_selector *selected; /* k8sServiceSelector */
};
struct np_cilium_aws_group {
    const struct np_node *node;
    np_list(struct np_pair) labels;
    np_list(struct np_string_item) ids, names;
    struct np_slice region;
};
struct np_cilium_cloud_group {
    const struct np_node *node;
    struct np_cilium_aws_group *aws;
};
struct np_cilium_fqdn {
    const struct np_node *node;
    struct np_slice name, pattern; /* one of the two */
};
struct np_cilium_peers {
    np_list(struct np_cilium_selector) endpoints, requires, nodes;
    np_list(struct np_string_item) cidr, entities;
    np_list(struct np_cilium_cidr_rule) cidr_set;
    np_list(struct np_cilium_cloud_group) groups;
    np_list(struct np_cilium_service) services; /* egress */
    np_list(struct np_cilium_fqdn) fqdns;       /* egress */
    const struct np_prefix *prefixes;           /* of cidr, in order */
};
extern const struct np_shape np_cilium_cidr_rule_shape, np_cilium_service_shape,
    np_cilium_cloud_group_shape, np_cilium_fqdn_shape;

/*
 * The fields of an element's table; at: where in `tag` the peers are ("peers." with its point),
 * way: "from" or "to". NP_CILIUM_PEER_FIELDS(np_cilium_element, peers., "from")
 */
/* clang-format off */
#define NP_CILIUM_PEER_FIELDS(tag, at, way)                                                        \
    NP_FIELD(way "Endpoints", OBJECTS, OPTIONAL, "1.0",                                            \
             "one of these, by labels; in a namespaced policy of its namespace, unless a key says " \
             "of which; empty: nobody",                                                            \
             NP_TO(tag, at endpoints), .shape = &np_cilium_selector_shape, .formerly = way)        \
    NP_FIELD(way "Requires", OBJECTS, OPTIONAL, "1.0", "not supported since 1.19, must be empty",   \
             NP_TO(tag, at requires), .shape = &np_cilium_selector_shape)                          \
    NP_FIELD(way "CIDR", STRINGS, OPTIONAL, "1.0",                                                 \
             "one of these addresses or ranges, outside of the cluster",                           \
             NP_TO(tag, at cidr))                                                                  \
    NP_FIELD(way "CIDRSet", OBJECTS, OPTIONAL, "1.0",                                              \
             "one of these ranges, with exceptions, outside of the cluster",                       \
             NP_TO(tag, at cidr_set), .shape = &np_cilium_cidr_rule_shape)                         \
    NP_FIELD(way "Entities", STRINGS, OPTIONAL, "1.0",                                             \
             "one of these: all, world, world-ipv4, world-ipv6, cluster, cluster-mesh, host, "     \
             "remote-node, kube-apiserver, ingress, init, health, unmanaged, none",                \
             NP_TO(tag, at entities))                                                              \
    NP_FIELD(way "Nodes", OBJECTS, OPTIONAL, "1.16",                                               \
             "one of these nodes, by labels, the own node excluded",                               \
             NP_TO(tag, at nodes), .shape = &np_cilium_selector_shape)                             \
    NP_FIELD(way "Groups", OBJECTS, OPTIONAL, "1.2", "addresses that a cloud provider tells",      \
             NP_TO(tag, at groups), .shape = &np_cilium_cloud_group_shape)
#define NP_CILIUM_EGRESS_PEER_FIELDS(tag, at)                                                      \
    NP_CILIUM_PEER_FIELDS(tag, at, "to")                                                           \
    NP_FIELD("toServices", OBJECTS, OPTIONAL, "1.0", "the endpoints of one of these services",     \
             NP_TO(tag, at services), .shape = &np_cilium_service_shape)                           \
    NP_FIELD("toFQDNs", OBJECTS, OPTIONAL, "1.5",                                                  \
             "addresses outside of the cluster that one of these names resolves to; not in "       \
             "egressDeny",                                                                         \
             NP_TO(tag, at fqdns), .shape = &np_cilium_fqdn_shape)
/* clang-format on */

/* After the element was decoded: what its lists ask of each other and of the place. */
void np_cilium_check_peers(struct np_decode *d, const struct np_node *element,
                           struct np_cilium_peers *p, enum np_direction direction, bool deny);

/* No list is there: no far axis. */
bool np_cilium_peers_absent(const struct np_cilium_peers *p);
/* How many alternatives; 0 where a list is there and empty: nobody. */
size_t np_cilium_peers_count(const struct np_cilium_peers *p);
/* Of peer i; NULL: every end (entity all). */
const struct np_set *np_cilium_peer_set(struct np_lower *l, const struct np_cilium_peers *p,
                                        size_t i, enum np_direction direction);
#endif
