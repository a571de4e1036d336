/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_L7_H
#define NP_DIALECT_CILIUM_L7_H
/*
 * What one entry of toPorts says beyond its ports: rules about requests, server names, TLS, and
 * the listener that the traffic is sent to. Source: pkg/policy/api/{l4,http,l7,fqdn,kafka}.go and
 * rule_validation.go of cilium/cilium; Kafka and l7proto as in v1.19, the last that has them.
 *
 * An owner puts a struct np_cilium_l7 into the structure of its entry, the fields of
 * NP_CILIUM_L7_FIELDS into the entry's table, calls np_cilium_check_l7 from where it knows
 * direction and ports, and np_cilium_lower_l7 once the rule of the entry has its alternatives.
 *
 * Absent, null and empty lists differ: `rules: {}` says nothing of requests, `http: []` sends
 * traffic to the proxy, which lets every HTTP request pass.
 */
#include "dialect/cilium/peers.h"
#include "dialect/lower.h"

struct np_cilium_secret {
    const struct np_node *node;
    struct np_slice space, name;
};
struct np_cilium_header_match {
    const struct np_node *node;
    struct np_slice name, value, mismatch;
    struct np_cilium_secret *secret;
};
struct np_cilium_http {
    const struct np_node *node;
    struct np_slice method, path, host;
    np_list(struct np_string_item) headers;
    np_list(struct np_cilium_header_match) header_matches;
};
struct np_cilium_kafka {
    const struct np_node *node;
    struct np_slice role, api_key, api_version, client, topic;
};
struct np_cilium_l7_rules {
    const struct np_node *node;
    np_list(struct np_cilium_http) http;
    np_list(struct np_cilium_fqdn) dns;
    np_list(struct np_cilium_kafka) kafka;
    struct np_slice l7proto;
    const struct np_node *l7; /* a list of maps */
};
struct np_cilium_tls {
    const struct np_node *node;
    struct np_cilium_secret *secret;
    struct np_slice trusted_ca, certificate, private_key; /* keys in the secret */
};
struct np_cilium_envoy_config {
    const struct np_node *node;
    struct np_slice kind, name;
};
struct np_cilium_listener {
    const struct np_node *node;
    struct np_cilium_envoy_config *config;
    struct np_slice name;
    struct np_int priority;
};
struct np_cilium_l7 {
    struct np_cilium_l7_rules *rules;
    struct np_cilium_tls *terminating, *originating;
    np_list(struct np_string_item) server_names;
    struct np_cilium_listener *listener;
};
extern const struct np_shape np_cilium_l7_rules_shape, np_cilium_tls_shape,
    np_cilium_listener_shape;

/* The fields, for the table of an entry; at: where in `tag` the struct np_cilium_l7 is. */
#define NP_CILIUM_L7_FIELDS(tag, at)                                                              \
    NP_FIELD("rules", OBJECT, OPTIONAL, "v1.0",                                                   \
             "requests that are let pass: http, or dns (to v1.19 also kafka, or l7proto)",        \
             NP_TO(tag, at rules), .shape = &np_cilium_l7_rules_shape)                            \
    NP_FIELD("terminatingTLS", OBJECT, OPTIONAL, "v1.8",                                          \
             "the proxy ends the client's TLS with this certificate", NP_TO(tag, at terminating), \
             .shape = &np_cilium_tls_shape)                                                       \
    NP_FIELD("originatingTLS", OBJECT, OPTIONAL, "v1.8",                                          \
             "the proxy speaks TLS to the destination", NP_TO(tag, at originating),               \
             .shape = &np_cilium_tls_shape)                                                       \
    NP_FIELD("serverNames", STRINGS, OPTIONAL, "v1.10",                                           \
             "server names of TLS (SNI); * within a label, ** for one label or more",             \
             NP_TO(tag, at server_names))                                                         \
    NP_FIELD("listener", OBJECT, OPTIONAL, "v1.14", "the Envoy listener that traffic is sent to", \
             NP_TO(tag, at listener), .shape = &np_cilium_listener_shape)

/* Where an entry stands. */
struct np_cilium_l7_port {
    const struct np_node *node; /* NULL: could not be read */
    int16_t protocol;           /* -1: ANY, or absent */
    bool every;                 /* "0", "" or absent */
    bool range;                 /* endPort beyond port */
};
struct np_cilium_l7_place {
    enum np_direction direction;
    bool deny;         /* of ingressDeny, egressDeny */
    bool host_policy;  /* nodeSelector */
    bool cluster_wide; /* CiliumClusterwideNetworkPolicy */
    const struct np_node *entry;
    const struct np_cilium_l7_port *ports; /* as the list has them */
    size_t n_ports;
};
/* d->path ends at the entry. */
void np_cilium_check_l7(struct np_decode *d, struct np_cilium_l7 *l7,
                        const struct np_cilium_l7_place *place);

/*
 * Sets what the entry asks of connections and requests in every alternative of the rule, its
 * redirect and its effects. Call it last: the rule has its alternatives, origin, authentication,
 * title and log, and its policy says whether it isolates (where it does not, what the rule does not
 * list is let pass). An entry whose rules are about headers becomes several rules of the model,
 * which differ in index, request and effects alone: they are tried one after the other.
 */
void np_cilium_lower_l7(struct np_lower *l, const struct np_cilium_l7 *l7, struct np_rule *rule);

/*
 * Of a sealed model: rules that cannot stand together (conflicts.c), an error each, counted in
 * l->errors. OK, ERR_MEMORY.
 */
int np_cilium_check_conflicts(struct np_lower *l, const struct np_model *model);
/* The same for rules of which one changes a header that another looks at: warnings, errors when
 * strict. */
int np_cilium_check_effects(struct np_lower *l, const struct np_model *model);
#endif
