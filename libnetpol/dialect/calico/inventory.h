/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_INVENTORY_H
#define NP_DIALECT_CALICO_INVENTORY_H
/*
 * Calico's kinds that are no policies: tiers, sets of networks, endpoints, profiles, Felix's
 * configuration. First what the tables of inventory.def fill (views into the document, gone when it
 * is; members after a comment are filled by the check), then what stays in the object.
 */
#include "dialect/calico/calico.h"
#include "dialect/calico/rule.h"
#include "dialect/core.h"

/* ---- as decoded ---- */
struct np_calico_tier_spec {
    const struct np_node *node;
    struct np_real order;
    struct np_slice default_action;
};
struct np_calico_tier_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_calico_tier_spec *spec;
};
struct np_calico_set_spec {
    const struct np_node *node;
    np_list(struct np_string_item) nets, domains;
    /* read */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_calico_set_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_calico_set_spec *spec;
};
struct np_calico_endpoint_port {
    const struct np_node *node;
    struct np_slice name;
    struct np_int_or_string protocol;
    struct np_int port;
    /* read */
    uint8_t number; /* of the protocol */
};
struct np_calico_host_spec {
    const struct np_node *node;
    struct np_slice node_name, interface_name;
    np_list(struct np_string_item) addresses, profiles;
    np_list(struct np_calico_endpoint_port) ports;
    /* read */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_calico_host_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_calico_host_spec *spec;
};
struct np_calico_workload_spec {
    const struct np_node *node;
    struct np_slice orchestrator, workload, node_name, pod, account;
    np_list(struct np_string_item) networks, profiles;
    np_list(struct np_calico_endpoint_port) ports;
    /* read */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_calico_workload_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_calico_workload_spec *spec;
};
struct np_calico_profile_spec {
    const struct np_node *node;
    const struct np_node *labels;
    np_list(struct np_calico_rule) rules[NP_DIRECTIONS];
    /* read */
    struct np_label_list label_list;
};
struct np_calico_profile_object {
    const struct np_node *node;
    const struct np_node *metadata;
    struct np_calico_profile_spec *spec;
};
struct np_calico_host_port {
    const struct np_node *node;
    struct np_slice protocol, net;
    struct np_int port;
    /* read */
    uint8_t number;
    struct np_prefix prefix; /* family 0: any */
};
struct np_calico_felix_spec {
    const struct np_node *node;
    struct np_slice to_host;
    np_list(struct np_calico_host_port) failsafe[NP_DIRECTIONS];
    struct np_int vxlan_port, allow_vxlan, allow_ipip;
};
struct np_calico_felix_object {
    const struct np_node *node;
    struct np_calico_felix_spec *spec;
};

/* ---- as kept: np_object.spec; of profiles and configurations it is the decoded object ---- */
struct np_calico_tier_kept {
    double order; /* HUGE_VAL: not given */
    bool pass;
};
struct np_calico_thing { /* an endpoint or a set */
    struct np_label_list labels;
    struct np_slice node_name, account, pod; /* empty: not given */
    struct np_slice orchestrator;
    const struct np_slice *profiles;
    const struct np_prefix *prefixes;
    const struct np_core_port *ports;
    const struct np_slice *domains;
    uint32_t n_profiles, n_prefixes, n_ports, n_domains;
};

/* The labels of an object of either group, into its arena (metadata.c). */
void np_calico_keep_labels(struct np_decode *d, const struct np_core_meta *metadata,
                           struct np_label_list *out);
/* What an endpoint or a set has, whichever it is. */
void np_calico_fill(struct np_lower *l, struct np_endpoint *endpoint,
                    const struct np_calico_thing *thing);

extern const struct np_shape np_calico_tier_shape, np_calico_set_shape, np_calico_host_shape,
    np_calico_workload_shape, np_calico_profile_shape, np_calico_felix_shape;

/* Profiles that Calico makes itself are read as it makes them: an object that says else is refused.
 */
void np_calico_check_built_in(struct np_decode *d, const struct np_calico_profile_object *profile);

int np_calico_tier_decode(struct np_decode *d, const struct np_node *root);
int np_calico_tier_lower(struct np_lower *l);
int np_calico_set_decode(struct np_decode *d, const struct np_node *root);
int np_calico_set_lower(struct np_lower *l);
int np_calico_host_decode(struct np_decode *d, const struct np_node *root);
int np_calico_host_lower(struct np_lower *l);
int np_calico_workload_decode(struct np_decode *d, const struct np_node *root);
int np_calico_workload_lower(struct np_lower *l);
int np_calico_profile_decode(struct np_decode *d, const struct np_node *root);
int np_calico_profile_lower(struct np_lower *l);
int np_calico_felix_decode(struct np_decode *d, const struct np_node *root);
int np_calico_felix_lower(struct np_lower *l);
#endif
