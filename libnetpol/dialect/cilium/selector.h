/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_SELECTOR_H
#define NP_DIALECT_CILIUM_SELECTOR_H
/*
 * Cilium's selectors: over labels that have a source, and over more than pods.
 *
 * An identity of Cilium is a set of labels `source:key=value`; whatever has an address has one:
 * pods, nodes, the world, prefixes of it. A selector does not say which of them it means, its keys
 * do: `k8s:app` only pods have, `reserved:host` only the own node, `app` (any source) whoever has
 * it, and what is asked to be absent everybody else. There are no objects for nodes and the world
 * in the inventory, and none are needed: for each CATEGORY of ends every term is either true, or
 * false, or one condition of the model, so a selector becomes a set with a clause for each category
 * that is left (selector_sets.c). A key that a category cannot have is absent there: NotIn and
 * DoesNotExist hold.
 *
 * Source: pkg/labels/labels.go (sources, "any", "$"), pkg/k8s/apis/cilium.io/utils/utils.go
 * (namespaces, cluster), pkg/k8s/utils/utils.go SanitizePodLabels (labels nobody can give himself).
 */
#include "dialect/label_selector.h"

enum np_cilium_source {
    NP_CILIUM_ANY, /* of selectors only: whatever source; also a key without one */
    NP_CILIUM_K8S,
    NP_CILIUM_RESERVED,
    NP_CILIUM_CIDR,
    NP_CILIUM_CIDRGROUP,
    NP_CILIUM_FQDN,
    NP_CILIUM_NODE,
    NP_CILIUM_CONTAINER,
    NP_CILIUM_UNSPEC,
    NP_CILIUM_GEN,
    NP_CILIUM_DIRECTORY,
    NP_CILIUM_CNI,
    NP_CILIUM_SOURCES
};
/* A line of matchLabels or matchExpressions as it is read. */
struct np_cilium_term {
    uint8_t source; /* enum np_cilium_source */
    uint8_t op;     /* enum np_term_op: IN, NOT_IN, EXISTS, ABSENT */
    bool equality;  /* of matchLabels */
    struct np_slice key;
    const struct np_slice *values;
    size_t n_values;
    struct np_prefix prefix; /* the key as a range of addresses; family 0: it is none */
};
struct np_cilium_selector {
    const struct np_node *node;
    np_list(struct np_pair) match_labels;
    np_list(struct np_requirement) match_expressions;
    const struct np_cilium_term *terms; /* of both, in this order; without those with errors */
    size_t n_terms;
};
extern const struct np_shape np_cilium_selector_shape;

const char *np_cilium_source_name(enum np_cilium_source source);
/* Has it a key of this source and name? `any:` is another source here. */
bool np_cilium_selector_has(const struct np_cilium_selector *selector, enum np_cilium_source source,
                            const char *key);
bool np_cilium_selector_has_source(const struct np_cilium_selector *selector,
                                   enum np_cilium_source source);

/* Of pods: warns of keys that no identity has (option identity_labels). */
void np_cilium_check_labels(struct np_decode *d, const struct np_cilium_selector *selector);
/*
 * The selector of a policy's subjects, after it was decoded. A namespaced policy is about its own
 * namespace: what names another one is a warning.
 */
void np_cilium_check_subjects(struct np_decode *d, const struct np_cilium_selector *selector);

/* ---- lowering ---- */
/*
 * endpointSelector of l->object, NULL read as {}. Of a namespaced policy it is about pods of the
 * namespace: `k8s:io.kubernetes.pod.namespace` of matchLabels is replaced by it, whatever else the
 * selector asks of namespaces must hold as well (so another one selects nothing). reserved:init and
 * the like select nobody: no such end is ever known as a subject.
 */
const struct np_set *np_cilium_subjects(struct np_lower *l, const struct np_cilium_selector *s);
/* nodeSelector, over the labels of a node (scope OBJECT); NULL read as {}. */
const struct np_selector *np_cilium_node_selector(struct np_lower *l,
                                                  const struct np_cilium_selector *s);
/* fromEndpoints, toEndpoints: with the namespace and cluster that a peer without them gets. */
const struct np_set *np_cilium_endpoints(struct np_lower *l, const struct np_cilium_selector *s);
/* Nobody, because of something that is not known; a warning names it (NP2543). */
const struct np_set *np_cilium_nobody(struct np_lower *l, const char *what);
/* fromNodes, toNodes: nodes other than the subject's own, by label (option node_labels=on). */
const struct np_set *np_cilium_nodes(struct np_lower *l, const struct np_cilium_selector *s);
#endif
