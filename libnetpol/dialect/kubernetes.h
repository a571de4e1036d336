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
extern const struct np_shape np_kube_policy_shape;

int np_kubernetes_decode(struct np_decode *d, const struct np_node *root);
int np_kubernetes_lower(struct np_lower *l);
#endif
