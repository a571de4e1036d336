/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_TERMS_H
#define NP_DIALECT_CILIUM_TERMS_H
/*
 * What one term of a selector says: of an end that has a label or lacks it, of pods, of groups of
 * ranges. And selectors of Kubernetes' policies as Cilium reads them: over the labels of
 * identities, as if each key had the source k8s (pkg/k8s/network_policy.go ParseNetworkPolicy).
 */
#include "dialect/cilium/selector.h"

enum np_cilium_answer {
    NP_CILIUM_NO,
    NP_CILIUM_YES,
    NP_CILIUM_TERM,   /* holds for those objects of the category that satisfy it */
    NP_CILIUM_LITERAL /* holds for those addresses */
};
struct np_cilium_said {
    enum np_cilium_answer answer;
    const struct np_selector *term;
    const struct np_literal *literal;
    bool negative; /* of the literal */
};
/* The label is there for whoever is meant, without a value; or nobody has it. */
struct np_cilium_said np_cilium_label(const struct np_cilium_term *term, bool there);
/* It is there for exactly those addresses. */
struct np_cilium_said np_cilium_label_of(const struct np_cilium_term *term,
                                         const struct np_literal *literal);
/* Of a label or a field of objects. */
struct np_cilium_said np_cilium_object_term(struct np_lower *l, enum np_scope scope,
                                            struct np_slice key, const struct np_cilium_term *term);
/* The key of the cluster, which every pod has. */
struct np_cilium_said np_cilium_of_cluster(struct np_lower *l, const struct np_cilium_term *term);
/* A key of source k8s, of a pod. Labels that identities do not keep nobody has. */
struct np_cilium_said np_cilium_of_pod(struct np_lower *l, const struct np_cilium_term *term);
/* The same of a node as a subject: its own labels alone. */
struct np_cilium_said np_cilium_of_host(struct np_lower *l, const struct np_cilium_term *term);
/* A key of source cidrgroup, of an address outside. */
struct np_cilium_said np_cilium_of_group(struct np_lower *l, const struct np_cilium_term *term);
/* Do identities have a label of this key, with the options as they are? */
bool np_cilium_label_kept(const struct np_options *options, struct np_slice key);

/* A selector of Kubernetes as terms of one source; NULL: no terms. NULL: no memory. */
struct np_cilium_term *np_cilium_terms_of(struct np_lower *l, enum np_cilium_source source,
                                          const struct np_label_selector *selector, size_t *count);
/* As np_lower_pods. */
const struct np_selector *np_cilium_pods(struct np_lower *l, struct np_slice namespace_name,
                                         const struct np_label_selector *namespaces,
                                         const struct np_label_selector *pods);
#endif
