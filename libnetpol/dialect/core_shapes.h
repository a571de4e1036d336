/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CORE_SHAPES_H
#define NP_DIALECT_CORE_SHAPES_H
/*
 * What the tables of core.def fill: views into the document, gone when it is. Members after the
 * first comment of a structure are filled by its check.
 */
#include "dialect/decode.h"
#include "dialect/meta.h"

struct np_core_owner {
    const struct np_node *node;
    struct np_slice kind, name;
    struct np_int controller;
};
struct np_core_meta {
    const struct np_node *node;
    const struct np_node *labels;
    np_list(struct np_core_owner) owners;
    /* by check */
    struct np_label_list label_list;
};

/* ---- pods ---- */
struct np_core_container_port {
    const struct np_node *node;
    struct np_slice name, protocol;
    struct np_int port;
};
struct np_core_container {
    const struct np_node *node;
    struct np_slice restart_policy;
    np_list(struct np_core_container_port) ports;
};
struct np_core_pod_spec {
    const struct np_node *node;
    struct np_slice account, old_account, node_name;
    struct np_int host_network;
    np_list(struct np_core_container) containers, init_containers;
};
struct np_core_ip {
    const struct np_node *node;
    struct np_slice ip;
    /* by check */
    struct np_address address; /* family 0: none */
};
struct np_core_pod_status {
    const struct np_node *node;
    struct np_slice phase, pod_ip, host_ip;
    np_list(struct np_core_ip) pod_ips, host_ips;
    /* by check */
    struct np_address pod_address, host_address; /* family 0: none */
};
struct np_core_pod_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_pod_spec *spec;
    struct np_core_pod_status *status;
};

/* ---- workloads ---- */
struct np_core_template {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_pod_spec *spec;
};
struct np_core_workload_spec {
    const struct np_node *node;
    struct np_int replicas; /* of a Job: parallelism */
    struct np_core_template *template;
};
struct np_core_workload {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_workload_spec *spec;
};
struct np_core_job_template {
    const struct np_node *node;
    struct np_core_workload_spec *spec;
};
struct np_core_cron_spec {
    const struct np_node *node;
    struct np_core_job_template *job;
};
struct np_core_cron_job {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_cron_spec *spec;
};

/* ---- the cluster ---- */
struct np_core_node_address {
    const struct np_node *node;
    struct np_slice type, address;
    /* by check */
    struct np_address value; /* family 0: a name */
};
struct np_core_node_status {
    const struct np_node *node;
    np_list(struct np_core_node_address) addresses;
};
struct np_core_node_spec {
    const struct np_node *node;
    struct np_slice pod_cidr;
    np_list(struct np_string_item) pod_cidrs;
    /* by check */
    struct np_prefix *prefixes;
    uint32_t n_prefixes;
};
struct np_core_node_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_node_spec *spec;
    struct np_core_node_status *status;
};
struct np_core_labelled { /* Namespace, ServiceAccount */
    const struct np_node *node;
    struct np_core_meta *metadata;
};

/* ---- services ---- */
struct np_core_service_port {
    const struct np_node *node;
    struct np_slice name, protocol;
    struct np_int port;
    struct np_int_or_string target;
};
struct np_core_service_spec {
    const struct np_node *node;
    struct np_slice type, external_name, cluster_ip;
    const struct np_node *selector;
    np_list(struct np_string_item) cluster_ips, external_ips;
    np_list(struct np_core_service_port) ports;
    /* by check */
    struct np_label_list selector_list;
    struct np_address *addresses;
    uint32_t n_addresses;
    bool headless;
};
struct np_core_balancer {
    const struct np_node *node;
    np_list(struct np_core_ip) ingress;
};
struct np_core_service_status {
    const struct np_node *node;
    struct np_core_balancer *balancer;
};
struct np_core_service_object {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_core_service_spec *spec;
    struct np_core_service_status *status;
};

struct np_core_reference {
    const struct np_node *node;
    struct np_slice kind, space, name;
};
struct np_core_endpoint_address {
    const struct np_node *node;
    struct np_slice ip;
    struct np_core_reference *target;
    /* by check */
    struct np_address address;
};
struct np_core_endpoint_port { /* of Endpoints and of EndpointSlice */
    const struct np_node *node;
    struct np_slice name, protocol;
    struct np_int port;
};
struct np_core_subset {
    const struct np_node *node;
    np_list(struct np_core_endpoint_address) addresses;
    np_list(struct np_core_endpoint_port) ports;
};
struct np_core_endpoints {
    const struct np_node *node;
    struct np_core_meta *metadata;
    np_list(struct np_core_subset) subsets;
};
struct np_core_conditions {
    const struct np_node *node;
    struct np_int ready;
};
struct np_core_slice_endpoint {
    const struct np_node *node;
    np_list(struct np_string_item) addresses;
    struct np_core_conditions *conditions;
    struct np_core_reference *target;
};
struct np_core_slice {
    const struct np_node *node;
    struct np_core_meta *metadata;
    struct np_slice address_type;
    np_list(struct np_core_slice_endpoint) endpoints;
    np_list(struct np_core_endpoint_port) ports;
};
#endif
