/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CORE_H
#define NP_DIALECT_CORE_H
/*
 * The kinds that say what a cluster is made of: pods and what makes them, nodes, namespaces,
 * services and their endpoints, service accounts. Read in part (core.def): fields that mean nothing
 * to policies are passed over, however wrong; what is read is checked as the API server does.
 *
 * A cluster has tens of thousands of pods, so an object keeps only what the model needs, packed:
 * the document is decoded by its shape into memory that is dropped again (np_core_decode), and the
 * `pack` of the kind copies what stays.
 */
#include "dialect/core_shapes.h"
#include "dialect/meta.h"

/* A container port, as pods keep it. */
struct np_core_port {
    struct np_slice name; /* may be empty */
    uint8_t protocol;
    uint16_t port;
};
/* A pod, or the template of a workload's pods. */
struct np_core_pod {
    struct np_label_list labels;
    struct np_slice service_account, node_name; /* node_name empty: not known */
    struct np_slice owner_kind, owner_name;     /* the controller; empty: none */
    const struct np_address *addresses;         /* of the pod, then of its host */
    uint32_t n_addresses, n_host_addresses;
    const struct np_core_port *ports;
    uint32_t n_ports;
    bool host_network, finished; /* finished: Succeeded or Failed, its address is used again */
    bool several;                /* a workload that runs more than one pod */
};

/* Decodes by the shape into dropped memory, then packs what stays into object->spec. */
typedef void *(*np_core_pack_fn)(struct np_decode *d, const void *decoded);
int np_core_decode(struct np_decode *d, const struct np_shape *shape, const struct np_node *root,
                   np_core_pack_fn pack);
struct np_slice np_core_keep(struct np_decode *d, struct np_slice text);
bool np_core_keep_labels(struct np_decode *d, const struct np_label_list *from,
                         struct np_label_list *to);
/* A pod from its parts, each of which may be NULL; owners: of the object. NULL: no memory. */
struct np_core_pod *np_core_pack_pod(struct np_decode *d, const struct np_core_meta *metadata,
                                     const struct np_core_meta *owners,
                                     const struct np_core_pod_spec *spec,
                                     const struct np_core_pod_status *status);
/* Addresses without repeats, in their order. */
bool np_core_keep_address(struct np_address *items, uint32_t *count,
                          const struct np_address *address);
/* The rest of an endpoint: labels, ports, addresses, where it was written. */
void np_core_fill(struct np_lower *l, struct np_endpoint *endpoint, const struct np_core_pod *pod);
/* "file:line:col" of the object. */
np_str np_core_position(struct np_lower *l);
/* What every lowering begins with: false when the object could not be read, which is then noted. */
bool np_core_readable(struct np_lower *l);
int np_core_status(const struct np_lower *l);

extern const struct np_shape np_core_meta_shape, np_core_pod_object_shape, np_core_replicated_shape,
    np_core_daemon_set_shape, np_core_job_shape, np_core_cron_job_shape, np_core_node_shape,
    np_core_labelled_shape, np_core_service_shape, np_core_endpoints_shape, np_core_slice_shape;

/* Checks that several shapes share; each reports what is wrong. */
/* An address at a node: "<what> \"10.0.0\" is not ..."; what is odd but accepted is a warning. */
bool np_core_parse_ip(struct np_decode *d, const struct np_node *at, const char *what,
                      struct np_slice text, struct np_address *out);
bool np_core_check_ip(struct np_decode *d, const struct np_node *map, const char *key,
                      struct np_slice text, struct np_address *out); /* empty: family 0 */
bool np_core_check_syntax(struct np_decode *d, enum np_code code, const struct np_node *map,
                          const char *key, struct np_slice text, np_syntax_fn syntax);

int np_core_unread_lower(struct np_lower *l); /* of kinds in a version that is not read */
int np_core_pod_decode(struct np_decode *d, const struct np_node *root);
int np_core_pod_lower(struct np_lower *l);
int np_core_replicated_decode(struct np_decode *d, const struct np_node *root);
int np_core_daemon_set_decode(struct np_decode *d, const struct np_node *root);
int np_core_job_decode(struct np_decode *d, const struct np_node *root);
int np_core_cron_job_decode(struct np_decode *d, const struct np_node *root);
int np_core_workload_lower(struct np_lower *l);
int np_core_node_decode(struct np_decode *d, const struct np_node *root);
int np_core_node_lower(struct np_lower *l);
int np_core_labelled_decode(struct np_decode *d, const struct np_node *root);
int np_core_namespace_lower(struct np_lower *l);
int np_core_account_lower(struct np_lower *l);
int np_core_service_decode(struct np_decode *d, const struct np_node *root);
int np_core_service_lower(struct np_lower *l);
int np_core_endpoints_decode(struct np_decode *d, const struct np_node *root);
int np_core_slice_decode(struct np_decode *d, const struct np_node *root);
int np_core_backends_lower(struct np_lower *l); /* of both */
#endif
