/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/label_selector.h"

#include "dialect/syntax.h"

const char *const np_selector_operators[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
static const enum np_term_op term_ops[] = {NP_OP_IN, NP_OP_NOT_IN, NP_OP_EXISTS, NP_OP_ABSENT};

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

void np_selector_check_value(struct np_decode *d, const struct np_node *node, struct np_slice value)
{
    const char *wrong = np_syntax_label_value(value);
    if (wrong) {
        np_decode_report(d, NP_CODE_2025, node, "label value \"%.*s\" %s", shown(value), value.ptr,
                         wrong);
    }
}

void np_selector_check_values(struct np_decode *d, const struct np_requirement *r)
{
    bool takes_values = np_slice_is(r->op, "In") || np_slice_is(r->op, "NotIn");
    size_t written = np_is(r->values.node, NP_LIST) ? r->values.node->list.count : 0;
    if (takes_values && written == 0) {
        np_decode_report_in(d, NP_CODE_2022, r->node, "values", "%.*s without values",
                            (int)r->op.len, r->op.ptr);
    } else if (r->op.ptr && !takes_values && written != 0) {
        np_decode_report_in(d, NP_CODE_2023, r->node, "values", "%.*s with values", (int)r->op.len,
                            r->op.ptr);
    }
    for (size_t i = 0; i < r->values.count; i++) {
        size_t mark = np_path_key(d, "values");
        np_path_index(d, i);
        np_selector_check_value(d, r->values.items[i].node, r->values.items[i].text);
        np_path_end(d, mark);
    }
}

static void check_requirement(struct np_decode *d, void *object)
{
    const struct np_requirement *r = object;
    const char *wrong = r->key.ptr ? np_syntax_label_key(r->key) : NULL;
    if (wrong) {
        np_decode_report_in(d, NP_CODE_2024, r->node, "key", "label key \"%.*s\" %s", shown(r->key),
                            r->key.ptr, wrong);
    }
    np_selector_check_values(d, r);
}

static void check_selector(struct np_decode *d, void *object)
{
    const struct np_label_selector *s = object;
    size_t mark = np_path_key(d, "matchLabels");
    for (size_t i = 0; i < s->match_labels.count; i++) {
        const struct np_pair *pair = &s->match_labels.items[i];
        size_t inner = np_path_member(d, pair->key);
        const char *wrong = np_syntax_label_key(pair->key);
        if (wrong) {
            np_decode_report_full(d, NP_CODE_2024, -1, NULL, np_spot_of_key(pair->member),
                                  "label key \"%.*s\" %s", shown(pair->key), pair->key.ptr, wrong);
        }
        np_selector_check_value(d, pair->member->value, pair->value);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

#include "dialect/label_selector.def"

/* ---- lowering ---- */

size_t np_selector_terms(const struct np_label_selector *selector)
{
    return selector ? selector->match_labels.count + selector->match_expressions.count : 0;
}

enum np_term_op np_selector_op(struct np_slice name)
{
    size_t i = 0;
    while (np_selector_operators[i + 1] && !np_slice_is(name, np_selector_operators[i])) {
        i++;
    }
    return term_ops[i];
}

static const struct np_selector *lower_requirement(struct np_build *b, enum np_scope scope,
                                                   const struct np_requirement *r)
{
    np_str *values = np_build_alloc(b, r->values.count, sizeof(np_str));
    for (size_t i = 0; values && i < r->values.count; i++) {
        values[i] = np_build_str(b, r->values.items[i].text);
    }
    return np_build_term(b, scope, np_build_str(b, r->key), np_selector_op(r->op), values,
                         (uint32_t)r->values.count);
}

void np_lower_terms(struct np_build *b, enum np_scope scope,
                    const struct np_label_selector *selector, const struct np_selector **terms,
                    uint32_t *count)
{
    for (size_t i = 0; selector && i < selector->match_labels.count; i++) {
        np_str value = np_build_str(b, selector->match_labels.items[i].value);
        np_str key = np_build_str(b, selector->match_labels.items[i].key);
        terms[(*count)++] = np_build_term(b, scope, key, NP_OP_IN, &value, 1);
    }
    for (size_t i = 0; selector && i < selector->match_expressions.count; i++) {
        terms[(*count)++] = lower_requirement(b, scope, &selector->match_expressions.items[i]);
    }
}

const struct np_selector *np_lower_selector(struct np_build *b, enum np_scope scope,
                                            const struct np_label_selector *selector)
{
    size_t room = np_selector_terms(selector);
    const struct np_selector **terms = np_build_alloc(b, room, sizeof(struct np_selector *));
    uint32_t count = 0;
    if (terms) {
        np_lower_terms(b, scope, selector, terms, &count);
    }
    return np_build_select(b, NP_SELECT_ALL, terms, count);
}
