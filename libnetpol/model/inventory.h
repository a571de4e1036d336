/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_INVENTORY_H
#define NP_MODEL_INVENTORY_H
/*
 * The inventory: what policies are about, as of one snapshot.
 *
 * One structure, `np_endpoint`, stands for everything that carries labels and covers addresses
 * (pods, hosts, network sets, nodes, labelled address ranges). Several may cover one address. A
 * question names its two ends; `np_inventory_end` turns such a name into a `np_end`: which
 * endpoint, which address, in which domain, and which of these could not be known.
 */
#include "model/prefix.h"
#include "model/selector.h"
#include "model/truth.h"

enum np_object_kind { /* bits: what an OBJECTS literal may match */
                      NP_OBJ_WORKLOAD = 1,
                      NP_OBJ_HOST_NET_WORKLOAD = 2,
                      NP_OBJ_HOST_ENDPOINT = 4,
                      NP_OBJ_NETWORK_SET = 8,
                      NP_OBJ_NODE = 16,
                      NP_OBJ_LABELLED_ADDR = 32 /* Cilium: world, cidr, remote-node identities */
};
enum np_domain {
    NP_DOMAIN_PODS = 1,
    NP_DOMAIN_NODES = 2,
    NP_DOMAIN_OUTSIDE = 4,
    NP_DOMAIN_ALL = 7
};

struct np_namespace {
    np_str name;
    struct np_labels labels; /* kubernetes.io/metadata.name always there */
    bool synthesized;        /* no Namespace object was loaded */
};
struct np_named_port {
    np_str name;
    uint8_t protocol;
    uint16_t port;
};
struct np_endpoint {
    uint64_t ref;   /* never re-used within a store; from 1 */
    uint32_t index; /* in the inventory */
    uint16_t kind;  /* one of enum np_object_kind */
    bool host_network;
    bool representative; /* made from a workload template, not from a Pod */
    uint8_t sibling;     /* 1: the second representative of a workload with several replicas */
    np_str namespace_name, name; /* namespace_name NULL: cluster scope */
    np_str workload_kind,
        workload_name;                /* owner resolved: "Deployment", "web"; a bare Pod: itself */
    const struct np_namespace *space; /* NULL: cluster scope */
    struct np_labels labels;
    np_str service_account; /* name; NULL none */
    const struct np_labels *account_labels;
    np_str orchestrator;              /* NULL: "k8s" for a workload, nothing for anything else */
    np_str node_name;                 /* NULL: not known */
    const struct np_prefix *prefixes; /* its addresses (full length), or the ranges of a set */
    uint32_t n_prefixes;
    const struct np_named_port *ports;
    uint32_t n_ports;
    uint32_t n_domains;
    const np_str *domains;          /* of a network set: DNS names that have its labels, too */
    np_str principal;               /* SPIFFE id when the inventory implies one; NULL */
    np_str source_object, position; /* "Pod/ns/name", "file:line:col"; may be NULL */
};
/* A range of addresses with labels is nobody that sends or receives. */
static inline bool np_endpoint_is_end(const struct np_endpoint *endpoint)
{
    return !(endpoint->kind & (NP_OBJ_NETWORK_SET | NP_OBJ_LABELLED_ADDR));
}
struct np_node_info {
    np_str name;
    struct np_labels labels;
    const struct np_prefix *addresses; /* status.addresses, and hostIP of its pods */
    uint32_t n_addresses;
    const struct np_prefix *pod_cidrs;
    uint32_t n_pod_cidrs;
    bool synthesized; /* no Node object was loaded: labels are not known */
};
struct np_service_port {
    np_str name;
    uint8_t protocol;
    uint16_t port;
    uint16_t target_port; /* 0: by name */
    np_str target_name;
};
struct np_backend {                     /* from Endpoints, EndpointSlice, or the selector */
    const struct np_endpoint *endpoint; /* NULL: only an address */
    struct np_address address;
    np_str port_name; /* of the slice's port; NULL when from a selector */
    uint8_t protocol;
    bool waiting;  /* not ready, or not the first address: no traffic is sent there */
    uint16_t port; /* target port; 0: resolve the service port at the endpoint */
};
struct np_service_info {
    np_str namespace_name, name;
    struct np_labels labels, selector; /* selector: equality terms */
    bool has_selector;
    bool external_name, headless;
    np_str external;                   /* ExternalName */
    const struct np_prefix *addresses; /* clusterIPs, externalIPs, load balancer */
    uint32_t n_addresses;
    const struct np_service_port *ports;
    uint32_t n_ports;
    const struct np_backend *backends; /* filled when sealed */
    uint32_t n_backends;
    /* What its slices list beside them; some policies count these as well. */
    const struct np_backend *waiting;
    uint32_t n_waiting;
    bool has_slices; /* else the backends are those of the selector */
};

/* Addresses that policies refer to by the set's name or labels. */
struct np_address_set {
    np_str kind, name; /* "CiliumCIDRGroup"; of one kind names are unique */
    struct np_labels labels;
    const struct np_prefix *prefixes;
    uint32_t n_prefixes;
    /* The cluster's own ends that are neither pods nor nodes (Cilium's health endpoints, ingress
     * proxies): what no pod, node or service has of these addresses is not outside. */
    bool inside;
};

/* Everything is sorted and indexed by np_inventory_seal; immutable after. */
struct np_inventory {
    const struct netpol_ctx *ctx;
    struct np_arena *arena; /* of its ground (ground.h) */
    struct np_strings *strings;
    const struct np_endpoint *const *endpoints;
    uint32_t n_endpoints;
    const struct np_namespace *const *namespaces;
    uint32_t n_namespaces;
    const struct np_node_info *const *nodes;
    uint32_t n_nodes;
    const struct np_service_info *const *services;
    uint32_t n_services;
    const struct np_address_set *const *address_sets;
    uint32_t n_address_sets;
    np_str cluster; /* its name; NULL: not said */
    const struct np_prefix *pod_cidrs;
    uint32_t n_pod_cidrs; /* nodes' and declared ones */
    bool named_sets;      /* some network set has DNS names */
    struct np_inventory_index *index;
};

/* How the inventory is read; part of the options of a profile (policy.h). */
enum np_reading { NP_READ_UNKNOWN, NP_READ_OUTSIDE, NP_READ_NO };

struct netpol_string;
struct np_literal;

/* Which conditions on names hold for an end, found out beforehand: a hash table of them by address,
 * linear probing, at least one place empty. */
struct np_name_truths {
    const struct np_literal *const *slots;
    uint32_t mask; /* number of slots, a power of two, less one */
};
static inline uint32_t np_name_truths_slot(const struct np_literal *literal)
{
    return (uint32_t)(((uint64_t)(uintptr_t)literal * 0x9e3779b97f4a7c15u) >> 32);
}
static inline bool np_name_truths_has(const struct np_name_truths *truths,
                                      const struct np_literal *literal)
{
    uint32_t at = np_name_truths_slot(literal) & truths->mask;
    while (truths->slots[at] && truths->slots[at] != literal) {
        at = (at + 1) & truths->mask;
    }
    return truths->slots[at] != NULL;
}

/* One end of a hop. */
struct np_end {
    struct np_address address; /* family 0: not known */
    const struct np_endpoint
        *endpoint;                   /* the workload (or node's host endpoint); NULL: none known */
    const struct np_node_info *node; /* the node whose address this is; NULL */
    uint8_t domain;                  /* one of enum np_domain */
    np_truth missing;                /* 0, or NP_UNKNOWN(...) : OBJECTS literals give this */
    np_truth
        missing_address; /* the same for CIDR literals: endpoint without address of this family */
    const struct netpol_string *names; /* learnt for this end */
    uint32_t n_names;
    bool names_given;                         /* the question said which (possibly none) */
    const struct np_name_truths *name_truths; /* instead of names, where they are given; NULL */
    /*
     * Usually 0: how the two ends stand to each other follows from what is known of them. Compile
     * asks about a relation by name: NP_REL_* that are possible (policy.h), and why several are.
     * Set on both ends alike.
     */
    uint8_t relations;
    np_truth relation_cause;
};

struct np_ends { /* candidates: several endpoints may own one address */
    struct np_end *items;
    uint32_t count;
    bool shared; /* more than one owner: most restrictive wins, reported */
};
#endif
