/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_INVENTORY_H
#define NP_DIALECT_CILIUM_INVENTORY_H
/*
 * Cilium's kinds that are no policies (inventory.def): groups of ranges, nodes as Cilium has them,
 * and of its configuration the cluster's name; and sets of addresses that the caller feeds.
 *
 * What a table fills is gone with the document; np_cilium_ranges and so on are what stays.
 */
#include "dialect/cilium/cilium.h"
#include "dialect/core.h"

/* Kinds of struct np_address_set. */
#define NP_CILIUM_GROUP    "CiliumCIDRGroup"
#define NP_CILIUM_FED      "set"
/* Of CiliumNode: addresses of all health endpoints, and of Cilium's ingress and gateway proxies. */
#define NP_CILIUM_IDENTITY "identity"

/* ---- what the tables fill ---- */
struct np_cilium_group_spec {
    const struct np_node *node;
    np_list(struct np_string_item) cidrs;
    /* by check */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_cilium_group_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_cilium_group_spec *spec;
};
struct np_cilium_node_address {
    const struct np_node *node;
    struct np_slice type, ip;
    /* by check */
    struct np_address value; /* family 0: none */
};
struct np_cilium_pair { /* of families */
    const struct np_node *node;
    struct np_slice ipv4, ipv6;
    /* by check */
    struct np_address values[2]; /* family 0: none */
};
struct np_cilium_ipam {
    const struct np_node *node;
    np_list(struct np_string_item) pod_cidrs;
    /* by check */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_cilium_node_spec {
    const struct np_node *node;
    np_list(struct np_cilium_node_address) addresses;
    struct np_cilium_pair *health, *ingress;
    struct np_cilium_ipam *ipam;
};
struct np_cilium_node_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_cilium_node_spec *spec;
};
struct np_cilium_config {
    const struct np_node *node;
    np_list(struct np_pair) data;
};
struct np_cilium_numbered { /* a CiliumIdentity: its name is the number of its labels */
    const struct np_node *node;
    struct np_core_meta *metadata;
    np_list(struct np_pair) labels;
};

/* ---- what stays ---- */
struct np_cilium_ranges { /* a group, or a set of the caller's */
    struct np_label_list labels;
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_cilium_node {
    struct np_label_list labels;
    struct np_prefix *addresses, *ranges;
    uint32_t n_addresses, n_ranges;
    struct np_address health[2], ingress[2]; /* family 0: none */
};
struct np_cilium_name { /* of the cluster; empty: not said */
    struct np_slice text;
};

extern const struct np_shape np_cilium_group_shape, np_cilium_node_shape, np_cilium_config_shape,
    np_cilium_numbered_shape;
int np_cilium_group_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_group_lower(struct np_lower *l);
int np_cilium_fed_lower(struct np_lower *l);
int np_cilium_node_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_node_lower(struct np_lower *l);
int np_cilium_config_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_config_lower(struct np_lower *l);
int np_cilium_numbered_decode(struct np_decode *d, const struct np_node *root);
int np_cilium_numbered_lower(struct np_lower *l);
#endif
