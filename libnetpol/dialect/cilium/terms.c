/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/cilium/terms.h"
#include "base/defect.h"

#include "dialect/cilium/cilium.h"
#include "dialect/cilium/identity.h"
#include "dialect/cilium/labels.h"

static struct np_cilium_said always(bool holds)
{
    return (struct np_cilium_said){.answer = holds ? NP_CILIUM_YES : NP_CILIUM_NO};
}

/* ---- labels without values ---- */

/* Where the key is there, and its value is empty, as that of every label that pods do not have. */
static bool holds_with(const struct np_cilium_term *term)
{
    bool lists_it = false;
    for (size_t i = 0; i < term->n_values; i++) {
        lists_it = lists_it || term->values[i].len == 0;
    }
    return term->op == NP_OP_EXISTS || (term->op == NP_OP_IN && lists_it) ||
           (term->op == NP_OP_NOT_IN && !lists_it);
}

static bool holds_without(const struct np_cilium_term *term)
{
    return term->op == NP_OP_ABSENT ||
           (term->op == NP_OP_NOT_IN && !np_defect(CILIUM_NOT_IN_ABSENT));
}

struct np_cilium_said np_cilium_label(const struct np_cilium_term *term, bool there)
{
    return always(there ? holds_with(term) : holds_without(term));
}

struct np_cilium_said np_cilium_label_of(const struct np_cilium_term *term,
                                         const struct np_literal *literal)
{
    bool with = holds_with(term), without = holds_without(term);
    return with == without ? always(with)
                           : (struct np_cilium_said){.answer = NP_CILIUM_LITERAL,
                                                     .literal = literal,
                                                     .negative = without};
}

/* ---- pods ---- */

struct np_cilium_said np_cilium_object_term(struct np_lower *l, enum np_scope scope,
                                            struct np_slice key, const struct np_cilium_term *term)
{
    np_str *values = np_build_alloc(l->build, term->n_values, sizeof *values);
    for (size_t i = 0; values && i < term->n_values; i++) {
        values[i] = np_build_str(l->build, term->values[i]);
    }
    return (struct np_cilium_said){
        .answer = NP_CILIUM_TERM,
        .term = np_build_term(l->build, scope, np_build_str(l->build, key),
                              (enum np_term_op)term->op, values, (uint32_t)term->n_values)};
}

struct np_cilium_said np_cilium_of_cluster(struct np_lower *l, const struct np_cilium_term *term)
{
    struct np_slice name = np_str_slice(np_cilium_cluster(l));
    bool listed = false;
    for (size_t i = 0; i < term->n_values; i++) {
        listed = listed || np_slice_equal(term->values[i], name);
    }
    return always(term->op == NP_OP_EXISTS || (term->op == NP_OP_IN && listed) ||
                  (term->op == NP_OP_NOT_IN && !listed));
}

bool np_cilium_label_kept(const struct np_options *options, struct np_slice key)
{
    return options->identity_labels || np_cilium_label_counts(key); /* kept, all */
}

/* A pod's own labels are looked up last, so that none of them can stand for one of Cilium's. */
struct np_cilium_said np_cilium_of_pod(struct np_lower *l, const struct np_cilium_term *term)
{
    struct np_slice rest;
    if (!np_cilium_label_kept(l->options, term->key)) {
        return np_cilium_label(term, false);
    }
    if (np_slice_is(term->key, NP_CILIUM_LABEL_NAMESPACE)) {
        return np_cilium_object_term(l, NP_SCOPE_FIELD, np_slice_of("namespace"), term);
    }
    if (np_cilium_label_begins(term->key, NP_CILIUM_LABEL_NAMESPACE_LABEL, &rest)) {
        return np_cilium_object_term(l, NP_SCOPE_NAMESPACE, rest, term);
    }
    if (np_slice_is(term->key, NP_CILIUM_LABEL_ACCOUNT)) {
        return np_cilium_object_term(l, NP_SCOPE_FIELD, np_slice_of("serviceaccount"), term);
    }
    if (np_slice_is(term->key, NP_CILIUM_LABEL_CLUSTER)) {
        return np_cilium_of_cluster(l, term);
    }
    return np_cilium_label_begins(term->key, NP_CILIUM_LABEL_OWN, NULL)
               ? np_cilium_label(term, false)
               : np_cilium_object_term(l, NP_SCOPE_OBJECT, term->key, term);
}

struct np_cilium_said np_cilium_of_host(struct np_lower *l, const struct np_cilium_term *term)
{
    return np_cilium_label_kept(l->options, term->key)
               ? np_cilium_object_term(l, NP_SCOPE_OBJECT, term->key, term)
               : np_cilium_label(term, false);
}

/* ---- groups of ranges ---- */

/* Labels of groups have values, so the groups are asked; what a term denies, the address lacks. */
struct np_cilium_said np_cilium_of_group(struct np_lower *l, const struct np_cilium_term *term)
{
    struct np_slice name;
    if (np_cilium_label_begins(term->key, NP_CILIUM_LABEL_GROUP_NAME, &name)) {
        return np_cilium_label_of(term, np_cilium_group_literal(l, name));
    }
    bool by_value = term->op == NP_OP_IN || term->op == NP_OP_NOT_IN;
    struct np_label_selector *groups = np_build_alloc(l->build, 1, sizeof *groups);
    struct np_requirement *asks = np_build_alloc(l->build, 1, sizeof *asks);
    struct np_string_item *values = np_build_alloc(l->build, term->n_values, sizeof *values);
    if (!groups || !asks || !values) {
        return always(false);
    }
    for (size_t i = 0; i < term->n_values; i++) {
        values[i].text = term->values[i];
    }
    asks->key = term->key;
    asks->op = np_slice_of(by_value ? "In" : "Exists");
    asks->values.items = values;
    asks->values.count = term->n_values;
    groups->match_expressions.items = asks;
    groups->match_expressions.count = 1;
    return (struct np_cilium_said){.answer = NP_CILIUM_LITERAL,
                                   .literal = np_cilium_groups_literal(l, groups),
                                   .negative = holds_without(term)};
}

/* ---- selectors of Kubernetes ---- */

struct np_cilium_term *np_cilium_terms_of(struct np_lower *l, enum np_cilium_source source,
                                          const struct np_label_selector *selector, size_t *count)
{
    size_t room = np_selector_terms(selector);
    struct np_cilium_term *terms = np_build_alloc(l->build, room, sizeof *terms);
    *count = 0;
    for (size_t i = 0; terms && selector && i < selector->match_labels.count; i++) {
        const struct np_pair *pair = &selector->match_labels.items[i];
        terms[(*count)++] = (struct np_cilium_term){.source = (uint8_t)source,
                                                    .op = NP_OP_IN,
                                                    .equality = true,
                                                    .key = pair->key,
                                                    .values = &pair->value,
                                                    .n_values = 1};
    }
    for (size_t i = 0; terms && selector && i < selector->match_expressions.count; i++) {
        const struct np_requirement *r = &selector->match_expressions.items[i];
        struct np_slice *values = np_build_alloc(l->build, r->values.count, sizeof *values);
        for (size_t k = 0; values && k < r->values.count; k++) {
            values[k] = r->values.items[k].text;
        }
        terms[(*count)++] = (struct np_cilium_term){.source = (uint8_t)source,
                                                    .op = (uint8_t)np_selector_op(r->op),
                                                    .key = r->key,
                                                    .values = values,
                                                    .n_values = values ? r->values.count : 0};
    }
    return terms;
}

/* The label of an identity that a namespace's label becomes. */
static struct np_slice of_namespace(struct np_lower *l, struct np_slice key)
{
    return np_str_slice(
        np_build_format(l->build, NP_CILIUM_LABEL_NAMESPACE_LABEL "%.*s", (int)key.len, key.ptr));
}

struct pods {
    const struct np_selector **terms;
    uint32_t count;
};

/* What is always true adds nothing; what never is selects nobody. */
static void add(struct np_lower *l, struct pods *pods, const struct np_cilium_term *term)
{
    struct np_cilium_said said = np_cilium_of_pod(l, term);
    if (said.answer == NP_CILIUM_TERM) {
        pods->terms[pods->count++] = said.term;
    } else if (said.answer == NP_CILIUM_NO) {
        pods->terms[pods->count++] = np_build_select(l->build, NP_SELECT_ANY, NULL, 0);
    }
}

const struct np_selector *np_cilium_pods(struct np_lower *l, struct np_slice namespace_name,
                                         const struct np_label_selector *namespaces,
                                         const struct np_label_selector *pods)
{
    size_t of_spaces = 0, of_pods = 0;
    size_t room = 1 + np_selector_terms(namespaces) + np_selector_terms(pods);
    struct np_cilium_term *spaces = np_cilium_terms_of(l, NP_CILIUM_K8S, namespaces, &of_spaces);
    struct np_cilium_term *own = np_cilium_terms_of(l, NP_CILIUM_K8S, pods, &of_pods);
    struct pods all = {.terms = np_build_alloc(l->build, room, sizeof *all.terms)};
    if (!spaces || !own || !all.terms) {
        return NULL;
    }
    if (namespace_name.len) {
        const struct np_cilium_term of_policy = {.op = NP_OP_IN,
                                                 .key = np_slice_of(NP_CILIUM_LABEL_NAMESPACE),
                                                 .values = &namespace_name,
                                                 .n_values = 1};
        add(l, &all, &of_policy);
    }
    for (size_t i = 0; i < of_spaces; i++) {
        spaces[i].key = of_namespace(l, spaces[i].key);
        add(l, &all, &spaces[i]);
    }
    for (size_t i = 0; i < of_pods; i++) {
        bool replaced = namespace_name.len && own[i].equality &&
                        np_slice_is(own[i].key, NP_CILIUM_LABEL_NAMESPACE);
        if (!replaced) {
            add(l, &all, &own[i]);
        }
    }
    return np_build_select(l->build, NP_SELECT_ALL, all.terms, all.count);
}
