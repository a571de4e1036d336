/* SPDX-License-Identifier: Apache-2.0 */
/* Are two conditions written the same? Texts are interned, so pointers tell them apart. */
#include "model/policy.h"

/* Recursion ends where the selector's source was nested no deeper. */
static bool same_selector(const struct np_selector *a, const struct np_selector *b)
{
    if (a == b || !a || !b) {
        return a == b;
    }
    if (a->op != b->op || a->count != b->count) {
        return false;
    }
    if (a->op == NP_SELECT_TERM &&
        (a->scope != b->scope || a->term_op != b->term_op || a->key != b->key)) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        bool same = a->op == NP_SELECT_TERM ? a->values[i] == b->values[i]
                                            : same_selector(a->kids[i], b->kids[i]);
        if (!same) {
            return false;
        }
    }
    return true;
}

static bool same_prefix(const struct np_prefix *a, const struct np_prefix *b)
{
    return a->length == b->length && a->address.family == b->address.family &&
           memcmp(a->address.bytes, b->address.bytes, sizeof a->address.bytes) == 0;
}

static bool same_literal(const struct np_literal *a, const struct np_literal *b)
{
    bool same = a->kind == b->kind && a->kinds == b->kinds && a->domain == b->domain &&
                a->name == b->name && a->number == b->number && a->n_patterns == b->n_patterns &&
                a->n_prefixes == b->n_prefixes && same_prefix(&a->prefix, &b->prefix) &&
                same_selector(a->selector, b->selector);
    for (uint32_t i = 0; same && i < a->n_patterns; i++) {
        same = a->patterns[i].kind == b->patterns[i].kind &&
               a->patterns[i].ignore_case == b->patterns[i].ignore_case &&
               a->patterns[i].text == b->patterns[i].text;
    }
    for (uint32_t i = 0; same && i < a->n_prefixes; i++) {
        same = same_prefix(&a->prefixes[i], &b->prefixes[i]);
    }
    return same;
}

static bool same_clause(const struct np_clause *a, const struct np_clause *b)
{
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++) {
        same = a->items[i].negative == b->items[i].negative &&
               same_literal(a->items[i].literal, b->items[i].literal);
    }
    return same;
}

bool np_set_same(const struct np_set *a, const struct np_set *b)
{
    if (a == b || !a || !b) {
        return a == b;
    }
    bool same = a->count == b->count;
    for (uint32_t i = 0; same && i < a->count; i++) {
        same = same_clause(&a->clauses[i], &b->clauses[i]);
    }
    return same;
}
