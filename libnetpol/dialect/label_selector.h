/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_LABEL_SELECTOR_H
#define NP_DIALECT_LABEL_SELECTOR_H
/*
 * Label selectors of the Kubernetes API: decoded by table, checked as the API server does, lowered
 * to the model's selectors. A NULL pointer is an absent selector; what that means is the owner's
 * business. An empty one selects everything.
 */
#include "dialect/decode.h"

struct np_requirement {
    const struct np_node *node;
    struct np_slice key, op;
    np_list(struct np_string_item) values;
};
struct np_label_selector {
    const struct np_node *node;
    np_list(struct np_pair) match_labels;
    np_list(struct np_requirement) match_expressions;
};
extern const struct np_shape np_label_selector_shape;

/* For selectors whose keys are of another syntax: the checks that are not about keys. */
extern const char *const np_selector_operators[]; /* NULL at the end */
enum np_term_op np_selector_op(struct np_slice name);
void np_selector_check_value(struct np_decode *d, const struct np_node *node,
                             struct np_slice value);
void np_selector_check_values(struct np_decode *d, const struct np_requirement *r);

/* The selector over one scope; NULL or empty: everything (ALL of nothing). */
const struct np_selector *np_lower_selector(struct np_build *b, enum np_scope scope,
                                            const struct np_label_selector *selector);
/* Appends its terms instead, for one ALL over several scopes; count grows to what is needed. */
size_t np_selector_terms(const struct np_label_selector *selector);
void np_lower_terms(struct np_build *b, enum np_scope scope,
                    const struct np_label_selector *selector, const struct np_selector **terms,
                    uint32_t *count);
#endif
