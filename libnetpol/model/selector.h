/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_SELECTOR_H
#define NP_MODEL_SELECTOR_H
/*
 * Selectors: boolean trees over the labels of ONE object.
 *
 * Every dialect's selector becomes this tree: a Kubernetes LabelSelector is an ALL of terms, a peer
 * with namespaceSelector and podSelector is ONE ALL over terms of two scopes, Calico's grammar uses
 * NOT and ANY. Negation of labels lives in here; negation of an address does not (policy.h).
 * A selector is evaluated against one object at a time: labels of two objects never mix.
 */
#include "base/base.h"

enum np_scope {
    NP_SCOPE_OBJECT,          /* the object's own labels */
    NP_SCOPE_NAMESPACE,       /* labels of its namespace; an object without one has none */
    NP_SCOPE_SERVICE_ACCOUNT, /* labels of its service account */
    NP_SCOPE_FIELD /* key is "namespace", "name", "serviceaccount", "cluster", "orchestrator",
                      "hostnetwork" (absent: its own network): the value itself */
};
enum np_term_op {
    NP_OP_IN,     /* key present and value one of values */
    NP_OP_NOT_IN, /* key absent, or value none of values (k8s labels.Selector; Calico != and not in)
                   */
    NP_OP_EXISTS,
    NP_OP_ABSENT,
    NP_OP_PREFIX, /* value starts with one of values (Calico) */
    NP_OP_SUFFIX,
    NP_OP_CONTAINS
};
enum np_select_op { NP_SELECT_ALL, NP_SELECT_ANY, NP_SELECT_NOT, NP_SELECT_TERM };
struct np_selector {
    uint8_t op;             /* enum np_select_op; ALL of nothing is true, ANY of nothing is false */
    uint8_t scope, term_op; /* TERM */
    uint32_t count;         /* kids or values */
    np_str key;
    union {
        const struct np_selector *const *kids;
        const np_str *values;
    };
};
struct np_label {
    np_str key, value;
};
struct np_labels {
    const struct np_label *items; /* sorted by key text, keys distinct */
    uint32_t count;
};
np_str np_labels_get(const struct np_labels *labels, np_str key); /* NULL: absent; "" is present */
/* Whether value holds part: at its begin, at its end, or anywhere. op: NP_OP_PREFIX and on. */
bool np_value_has_part(uint8_t op, struct np_slice value, struct np_slice part);
struct np_endpoint;
bool np_selector_match(const struct np_selector *selector, const struct np_endpoint *endpoint);
#endif
