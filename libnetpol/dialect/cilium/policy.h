/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_POLICY_H
#define NP_DIALECT_CILIUM_POLICY_H
/*
 * CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy of cilium.io/v2 as decoded.
 *
 * Both hold rules, one in `spec` and any number in `specs`; Cilium flattens them, here each is a
 * PART, a policy of the model of its own. A rule selects its subjects and has four lists of
 * elements; an element has peers (peers.h), ports (ports.h) with what they say of requests (l7.h),
 * or ICMP types. Absent and empty lists are kept apart: an empty list of peers is nobody. Null
 * where a list of peers, ports or requests may stand is refused.
 *
 * Source: pkg/policy/api/{rule,ingress,egress,l4,icmp}.go and rule_validation.go,
 * pkg/k8s/apis/cilium.io/v2/{cnp,ccnp}_types.go of cilium/cilium.
 */
#include "dialect/cilium/l7.h"
#include "dialect/cilium/peers.h"
#include "dialect/cilium/ports.h"

struct np_cilium_port_rule {
    const struct np_node *node;
    np_list(struct np_cilium_port) ports;
    struct np_cilium_l7 l7;
};
struct np_cilium_authentication {
    const struct np_node *node;
    struct np_slice mode;
};
struct np_cilium_element {
    const struct np_node *node;
    struct np_cilium_peers peers;
    np_list(struct np_cilium_port_rule) ports;
    np_list(struct np_cilium_icmp_rule) icmps;
    struct np_cilium_authentication *authentication; /* not of elements that deny */
};
typedef np_list(struct np_cilium_element) np_cilium_elements;
struct np_cilium_default_deny {
    const struct np_node *node;
    struct np_int flags[NP_DIRECTIONS];
};
struct np_cilium_label {
    const struct np_node *node;
    struct np_slice key, value, source;
};
struct np_cilium_log {
    const struct np_node *node;
    struct np_slice value;
};
struct np_cilium_spec {
    const struct np_node *node;
    struct np_cilium_selector *endpoints, *nodes;
    np_cilium_elements allow[NP_DIRECTIONS], deny[NP_DIRECTIONS];
    struct np_cilium_default_deny *default_deny;
    np_list(struct np_cilium_label) labels;
    struct np_slice description;
    struct np_cilium_log *log;
};
struct np_cilium_policy {
    const struct np_node *node;
    struct np_slice api_version, kind;
    const struct np_node *metadata;
    struct np_cilium_spec *spec;
    np_list(struct np_cilium_spec) specs;
    bool subjects_read; /* the selectors of all parts are without errors */
};
extern const struct np_shape np_cilium_np_policy_shape, np_cilium_cnp_policy_shape;

int np_cilium_np_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_cnp_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_policy_lower(struct np_lower *l);

/* The parts: spec, then specs in order. */
size_t np_cilium_parts(const struct np_cilium_policy *policy);
const struct np_cilium_spec *np_cilium_part(const struct np_cilium_policy *policy, size_t part);

/* Where an element stands. */
struct np_cilium_place {
    struct np_policy *policy;
    enum np_direction direction;
    enum np_action action; /* ALLOW, DENY */
    const char *path;      /* "spec.ingress[0]" */
    np_str log;            /* log.value; NULL: none */
};
/* Appends what it becomes: none to some rules. */
void np_cilium_element_lower(struct np_lower *l, const struct np_cilium_element *element,
                             const struct np_cilium_place *place);
#endif
