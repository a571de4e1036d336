/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_POLICY_H
#define NP_DIALECT_CALICO_POLICY_H
/*
 * The policies of projectcalico.org/v3 and crd.projectcalico.org/v1 as decoded: NetworkPolicy,
 * GlobalNetworkPolicy and the three kinds that stage one. A structure holds them all; a kind's
 * table has the fields that it has.
 */
#include "dialect/calico/rule.h"
#include "dialect/kubernetes.h"

struct np_calico_spec {
    const struct np_node *node;
    struct np_slice tier, selector, account_selector, namespace_selector, staged_action;
    struct np_real order;
    np_list(struct np_calico_rule) rules[NP_DIRECTIONS];
    np_list(struct np_string_item) types, hints;
    struct np_int untracked, pre_dnat, forward; /* doNotTrack, preDNAT, applyOnForward */
    /* read; NULL: not given, or "" */
    const struct np_calico_selector *selects, *accounts, *namespaces;
    bool unread; /* of these (lenient loading) */
};
struct np_calico_policy {
    const struct np_node *node;
    struct np_slice api_version, kind;
    const struct np_node *metadata;
    struct np_calico_spec *spec;
    bool subject_read; /* the selectors of the subjects are without errors */
};
struct np_calico_staged_kube_policy {
    const struct np_node *node;
    struct np_slice api_version, kind;
    const struct np_node *metadata;
    struct np_calico_staged_kube_spec *spec;
    bool subject_read;
};
struct np_calico_staged_kube_spec {
    struct np_kube_spec kube; /* first: its node */
    struct np_slice staged_action;
};
extern const struct np_shape np_calico_np_policy_shape, np_calico_gnp_policy_shape,
    np_calico_snp_policy_shape, np_calico_sgnp_policy_shape, np_calico_sknp_policy_shape;

int np_calico_np_decode(struct np_decode *d, const struct np_node *root);
int np_calico_gnp_decode(struct np_decode *d, const struct np_node *root);
int np_calico_snp_decode(struct np_decode *d, const struct np_node *root);
int np_calico_sgnp_decode(struct np_decode *d, const struct np_node *root);
int np_calico_sknp_decode(struct np_decode *d, const struct np_node *root);
int np_calico_policy_lower(struct np_lower *l); /* all but the last */
int np_calico_sknp_lower(struct np_lower *l);
/* Of a namespaced and of a global policy; NULL: it is one. */
const char *np_calico_np_name(struct np_slice text);
const char *np_calico_gnp_name(struct np_slice text);
#endif
