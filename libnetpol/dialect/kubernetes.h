/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_KUBERNETES_H
#define NP_DIALECT_KUBERNETES_H
/* NetworkPolicy as decoded: the shapes of kubernetes.def. */
#include "dialect/label_selector.h"

struct np_kube_port {
    const struct np_node *node;
    struct np_slice protocol;
    struct np_int_or_string port;
    struct np_int end_port;
};
struct np_kube_ip_block {
    const struct np_node *node;
    struct np_slice cidr;
    np_list(struct np_string_item) except;
    struct np_prefix prefix;          /* of cidr */
    const struct np_prefix *excepted; /* of except, in order */
};
struct np_kube_peer {
    const struct np_node *node;
    struct np_label_selector *pods, *namespaces;
    struct np_kube_ip_block *block;
};
struct np_kube_rule {
    const struct np_node *node;
    np_list(struct np_kube_port) ports;
    np_list(struct np_kube_peer) peers; /* from, to */
};
struct np_kube_spec {
    const struct np_node *node;
    struct np_label_selector *subject;
    np_list(struct np_kube_rule) rules[NP_DIRECTIONS];
    np_list(struct np_string_item) types;
};
struct np_kube_policy {
    const struct np_node *node;
    struct np_slice api_version, kind;
    const struct np_node *metadata;
    struct np_kube_spec *spec;
    bool subject_read; /* the selector of the subjects is without errors */
};
extern const struct np_shape np_kube_policy_shape, np_kube_ingress_rule_shape,
    np_kube_egress_rule_shape;

/* The fields of a spec, for the tables of the kinds that have one; at: where in `tag` it is. */
#define NP_KUBE_SPEC_FIELDS(tag, at)                                                             \
    NP_FIELD("podSelector", OBJECT, OPTIONAL, "1.3",                                             \
             "pods of this namespace that the policy is about; absent or empty means all",       \
             NP_TO(tag, at subject), .shape = &np_label_selector_shape)                          \
    NP_FIELD("ingress", OBJECTS, OPTIONAL, "1.3", "what is allowed to the pods; none: nothing",  \
             NP_TO(tag, at rules[NP_INGRESS]), .shape = &np_kube_ingress_rule_shape)             \
    NP_FIELD("egress", OBJECTS, OPTIONAL, "1.8", "what is allowed from the pods; none: nothing", \
             NP_TO(tag, at rules[NP_EGRESS]), .shape = &np_kube_egress_rule_shape)               \
    NP_FIELD("policyTypes", STRINGS, OPTIONAL, "1.8",                                            \
             "Ingress, Egress; absent or empty means Ingress, and Egress when there are egress " \
             "rules",                                                                            \
             NP_TO(tag, at types))
/* The check of such a spec; its shape's structure begins with a struct np_kube_spec. */
void np_kubernetes_check_spec(struct np_decode *d, void *object);

int np_kubernetes_decode(struct np_decode *d, const struct np_node *root);
int np_kubernetes_lower(struct np_lower *l);
/* A policy of the object's kind with such a spec (NULL: absent); NULL: no memory. */
struct np_policy *np_kubernetes_lower_spec(struct np_lower *l, const struct np_kube_spec *spec);
#endif
