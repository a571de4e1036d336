/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CLUSTER_NETWORK_POLICY_H
#define NP_DIALECT_CLUSTER_NETWORK_POLICY_H
/*
 * The kinds of policy.networking.k8s.io as decoded. ClusterNetworkPolicy v1alpha2 and its
 * predecessors AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1 differ in names, counts
 * and how ports are written; one set of structures holds all three.
 */
#include "dialect/label_selector.h"

struct np_cnp_pods {
    const struct np_node *node;
    struct np_label_selector *namespaces, *pods;
};
struct np_cnp_subject {
    const struct np_node *node;
    struct np_label_selector *namespaces;
    struct np_cnp_pods *pods;
};
struct np_cnp_peer {
    const struct np_node *node;
    struct np_label_selector *namespaces, *nodes;
    struct np_cnp_pods *pods;
    np_list(struct np_string_item) networks, domains;
    const struct np_prefix *prefixes; /* of networks, in order */
    bool unknown; /* empty, or of a type that is not known here (admitted loading) */
};
struct np_cnp_range {
    const struct np_node *node;
    struct np_int start, end;
};
struct np_cnp_destination {
    const struct np_node *node;
    struct np_int number;
    struct np_cnp_range *range;
};
struct np_cnp_transport {
    const struct np_node *node;
    struct np_cnp_destination *port;
};
struct np_anp_port_number {
    const struct np_node *node;
    struct np_slice protocol;
    struct np_int port;
};
struct np_anp_port_range {
    const struct np_node *node;
    struct np_slice protocol;
    struct np_cnp_range range; /* its node is not set */
};
struct np_cnp_port {
    const struct np_node *node;
    struct np_slice name;
    struct np_cnp_transport *transports[3]; /* v1alpha2: TCP, UDP, SCTP */
    struct np_anp_port_number *number;      /* v1alpha1 */
    struct np_anp_port_range *range;
};
struct np_cnp_rule {
    const struct np_node *node;
    struct np_slice name, action;
    np_list(struct np_cnp_peer) peers;
    np_list(struct np_cnp_port) ports;
};
struct np_cnp_spec {
    const struct np_node *node;
    struct np_slice tier;
    struct np_int priority;
    struct np_cnp_subject *subject;
    np_list(struct np_cnp_rule) rules[NP_DIRECTIONS];
};
struct np_cnp_policy {
    const struct np_node *node;
    struct np_slice api_version, kind;
    const struct np_node *metadata;
    struct np_cnp_spec *spec;
    bool baseline;     /* the tier */
    bool subject_read; /* the subject is without errors */
    bool unknown_peer; /* of any rule */
};
extern const struct np_shape np_cnp_policy_shape, np_anp_policy_shape, np_banp_policy_shape;

int np_cnp_decode(struct np_decode *d, const struct np_node *root);
int np_anp_decode(struct np_decode *d, const struct np_node *root);
int np_banp_decode(struct np_decode *d, const struct np_node *root);
int np_cnp_lower(struct np_lower *l);
#endif
