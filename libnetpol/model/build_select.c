/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors, literals, sets and ports: conditions on one end, copied into the model. */
#include "model/build_internal.h"

void *np_build_grow(struct np_build *b, const void *items, uint32_t count, size_t element)
{
    bool full = (count & (count - 1)) == 0; /* also for 0 */
    if (!full) {
        return (void *)(uintptr_t)items;
    }
    size_t room = count ? 2 * (size_t)count : 1;
    void *grown = np_build_alloc(b, room, element);
    if (grown && count) {
        memcpy(grown, items, count * element);
    }
    return grown;
}

/* Copies count elements into the model; NULL for none, and when memory is out. */
static void *copy(struct np_build *b, const void *items, uint32_t count, size_t element)
{
    void *out = count ? np_build_alloc(b, count, element) : NULL;
    if (out) {
        memcpy(out, items, count * element);
    }
    return out;
}

static struct np_selector *new_selector(struct np_build *b, enum np_select_op op, uint32_t count)
{
    struct np_selector *selector = np_build_alloc(b, 1, sizeof *selector);
    if (selector) {
        selector->op = (uint8_t)op;
        selector->count = count;
    }
    return selector;
}

const struct np_selector *np_build_term(struct np_build *b, enum np_scope scope, np_str key,
                                        enum np_term_op op, const np_str *values, uint32_t count)
{
    struct np_selector *term = new_selector(b, NP_SELECT_TERM, count);
    np_str *kept = copy(b, values, count, sizeof *kept);
    if (!term || !key || (count && !kept)) {
        return np_build_fail(b);
    }
    term->scope = (uint8_t)scope;
    term->term_op = (uint8_t)op;
    term->key = key;
    term->values = kept;
    return term;
}

const struct np_selector *np_build_equals(struct np_build *b, enum np_scope scope, const char *key,
                                          const char *value)
{
    np_str text = np_build_text(b, value);
    return text ? np_build_term(b, scope, np_build_text(b, key), NP_OP_IN, &text, 1) : NULL;
}

const struct np_selector *np_build_select(struct np_build *b, enum np_select_op op,
                                          const struct np_selector *const *kids, uint32_t count)
{
    struct np_selector *selector = new_selector(b, op, count);
    const struct np_selector **kept = copy(b, kids, count, sizeof *kept);
    if (!selector || (count && !kept)) {
        return np_build_fail(b);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!kept[i]) {
            return np_build_fail(b);
        }
    }
    selector->kids = kept;
    return selector;
}

/* ---- patterns ---- */

/* Its program, where it is a regular expression. Dialects have refused what is none. */
static void complete(struct np_build *b, struct np_pattern *pattern)
{
    struct np_regex_error error;
    if (pattern->kind == NP_PATTERN_REGEX && !pattern->regex &&
        np_regex_parse(np_build_arena(b), np_str_slice(pattern->text), &pattern->regex, &error) ==
            NETPOL_ERR_MEMORY) {
        np_build_fail(b);
    }
}

/* ---- literals ---- */

const struct np_literal *np_build_literal(struct np_build *b, const struct np_literal *literal)
{
    struct np_literal *kept = copy(b, literal, 1, sizeof *kept);
    if (!kept) {
        return NULL;
    }
    struct np_pattern *patterns =
        copy(b, literal->patterns, literal->n_patterns, sizeof *literal->patterns);
    for (uint32_t i = 0; patterns && i < literal->n_patterns; i++) {
        complete(b, &patterns[i]);
    }
    kept->patterns = patterns;
    kept->prefixes = copy(b, literal->prefixes, literal->n_prefixes, sizeof *literal->prefixes);
    bool whole = (kept->patterns || !kept->n_patterns) && (kept->prefixes || !kept->n_prefixes);
    return whole ? kept : np_build_fail(b);
}

const struct np_literal *np_build_objects(struct np_build *b, uint16_t kinds,
                                          const struct np_selector *selector)
{
    struct np_literal literal = {.kind = NP_LIT_OBJECTS, .kinds = kinds, .selector = selector};
    return selector ? np_build_literal(b, &literal) : np_build_fail(b);
}

const struct np_literal *np_build_cidr(struct np_build *b, struct np_prefix prefix, uint8_t domain)
{
    struct np_literal literal = {.kind = NP_LIT_CIDR, .prefix = prefix, .domain = domain};
    return np_build_literal(b, &literal);
}

const struct np_literal *np_build_node_addrs(struct np_build *b, const struct np_selector *selector,
                                             uint8_t domain)
{
    struct np_literal literal = {.kind = NP_LIT_NODE_ADDRS, .selector = selector, .domain = domain};
    return selector ? np_build_literal(b, &literal) : np_build_fail(b);
}

const struct np_literal *np_build_names(struct np_build *b, const struct np_pattern *patterns,
                                        uint32_t count, uint8_t domain)
{
    struct np_literal literal = {
        .kind = NP_LIT_DNS_NAMES, .patterns = patterns, .n_patterns = count, .domain = domain};
    return np_build_literal(b, &literal);
}

/* ---- sets ---- */

struct np_set_build {
    struct np_build *b;
    struct np_clause *clauses;
    uint32_t count;
};

struct np_set_build *np_build_set(struct np_build *b)
{
    struct np_set_build *s = np_build_alloc(b, 1, sizeof *s);
    if (s) {
        s->b = b;
    }
    return s;
}

void np_set_clause(struct np_set_build *s)
{
    struct np_clause *clauses =
        s ? np_build_grow(s->b, s->clauses, s->count, sizeof *clauses) : NULL;
    if (clauses) {
        clauses[s->count++] = (struct np_clause){NULL, 0};
        s->clauses = clauses;
    }
}

void np_set_literal(struct np_set_build *s, const struct np_literal *literal, bool negative)
{
    if (!s || !literal) {
        if (s) {
            np_build_fail(s->b);
        }
        return;
    }
    if (s->count == 0) {
        np_set_clause(s);
    }
    struct np_clause *clause = s->count ? &s->clauses[s->count - 1] : NULL;
    struct np_signed_literal *items =
        clause ? np_build_grow(s->b, clause->items, clause->count, sizeof *items) : NULL;
    if (items) {
        items[clause->count++] = (struct np_signed_literal){literal, negative};
        clause->items = items;
    }
}

const struct np_set *np_set_done(struct np_set_build *s)
{
    struct np_set *set = s ? np_build_alloc(s->b, 1, sizeof *set) : NULL;
    if (set) {
        set->clauses = s->clauses;
        set->count = s->count;
    }
    return set;
}

const struct np_set *np_build_set_of(struct np_build *b, const struct np_literal *literal)
{
    struct np_set_build *s = np_build_set(b);
    np_set_literal(s, literal, false);
    return np_set_done(s);
}

/* ---- ports ---- */

const struct np_service *np_build_service(struct np_build *b, const struct np_port_span *spans,
                                          uint32_t count, bool complement)
{
    struct np_service *service = np_build_alloc(b, 1, sizeof *service);
    struct np_port_span *kept = copy(b, spans, count, sizeof *kept);
    if (!service || (count && !kept)) {
        return NULL;
    }
    *service = (struct np_service){.complement = complement, .spans = kept, .count = count};
    return service;
}

const struct np_portset *np_build_portset(struct np_build *b, const struct np_port_member *members,
                                          uint32_t count, bool complement)
{
    const struct np_portset portset = {
        .complement = complement, .members = members, .count = count};
    return np_build_portset_of(b, &portset);
}

const struct np_portset *np_build_portset_of(struct np_build *b, const struct np_portset *from)
{
    struct np_portset *portset = np_build_alloc(b, 1, sizeof *portset);
    struct np_port_member *kept = copy(b, from->members, from->count, sizeof *kept);
    if (!portset || (from->count && !kept)) {
        return NULL;
    }
    *portset = *from;
    portset->members = kept;
    return portset;
}

/* ---- expressions ---- */

const struct np_expr *np_build_expr(struct np_build *b, const struct np_expr *expr)
{
    struct np_expr *kept = copy(b, expr, 1, sizeof *kept);
    if (!kept) {
        return NULL;
    }
    kept->kids = copy(b, expr->kids, expr->count, sizeof *expr->kids);
    kept->depth = 1;
    complete(b, &kept->pattern);
    for (uint32_t i = 0; i < expr->count; i++) {
        const struct np_expr *kid = kept->kids ? kept->kids[i] : NULL;
        if (!kid) {
            return np_build_fail(b);
        }
        if (kid->depth >= kept->depth) {
            kept->depth = kid->depth == UINT16_MAX ? UINT16_MAX : (uint16_t)(kid->depth + 1);
        }
    }
    return kept;
}
