/* SPDX-License-Identifier: Apache-2.0 */
/* Inclusion of conditions by structure: terms, prefixes, spans of ports, alternatives. */
#include "analyze/cover.h"

/* ---- labels ---- */

static bool has_value(const struct np_selector *term, np_str value)
{
    for (uint32_t i = 0; i < term->count; i++) {
        if (term->values[i] == value) {
            return true;
        }
    }
    return false;
}

/* Every value of a is one of b. */
static bool values_within(const struct np_selector *a, const struct np_selector *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (!has_value(b, a->values[i])) {
            return false;
        }
    }
    return true;
}

static bool values_apart(const struct np_selector *a, const struct np_selector *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        if (has_value(b, a->values[i])) {
            return false;
        }
    }
    return true;
}

static bool same_key(const struct np_selector *a, const struct np_selector *b)
{
    return a->scope == b->scope && a->key == b->key;
}

/* Does term `inner` imply term `outer`? */
static bool term_implies(const struct np_selector *inner, const struct np_selector *outer)
{
    if (!same_key(inner, outer)) {
        return false;
    }
    uint8_t in = inner->term_op, out = outer->term_op;
    if (in == out && (in == NP_OP_EXISTS || in == NP_OP_ABSENT)) {
        return true;
    }
    if (in == NP_OP_IN) {
        return out == NP_OP_EXISTS || (out == NP_OP_IN && values_within(inner, outer)) ||
               (out == NP_OP_NOT_IN && values_apart(inner, outer));
    }
    if (in == NP_OP_ABSENT) {
        return out == NP_OP_NOT_IN;
    }
    if (in == NP_OP_NOT_IN) {
        return out == NP_OP_NOT_IN && values_within(outer, inner);
    }
    return false;
}

/* Some term of the conjunction `selector` implies `outer`. */
static bool some_term_implies(const struct np_selector *selector, const struct np_selector *outer)
{
    if (selector->op == NP_SELECT_TERM) {
        return term_implies(selector, outer);
    }
    if (selector->op != NP_SELECT_ALL) {
        return false;
    }
    for (uint32_t i = 0; i < selector->count; i++) {
        if (some_term_implies(selector->kids[i], outer)) {
            return true;
        }
    }
    return false;
}

bool np_cover_selector(const struct np_selector *outer, const struct np_selector *inner)
{
    if (outer == inner) {
        return true;
    }
    if (!outer || !inner) {
        return !outer;
    }
    if (outer->op == NP_SELECT_TERM) {
        return some_term_implies(inner, outer);
    }
    if (outer->op == NP_SELECT_ALL) {
        for (uint32_t i = 0; i < outer->count; i++) {
            if (!np_cover_selector(outer->kids[i], inner)) {
                return false;
            }
        }
        return true;
    }
    for (uint32_t i = 0; outer->op == NP_SELECT_ANY && i < outer->count; i++) {
        if (np_cover_selector(outer->kids[i], inner)) {
            return true;
        }
    }
    return false;
}

static bool terms_contradict(const struct np_selector *a, const struct np_selector *b)
{
    if (!same_key(a, b)) {
        return false;
    }
    bool a_needs = a->term_op == NP_OP_IN || a->term_op == NP_OP_EXISTS;
    if (b->term_op == NP_OP_ABSENT) {
        return a_needs;
    }
    if (a->term_op != NP_OP_IN) {
        return false;
    }
    return (b->term_op == NP_OP_IN && values_apart(a, b)) ||
           (b->term_op == NP_OP_NOT_IN && values_within(a, b));
}

/* Some term of the conjunction contradicts `term`. */
static bool some_term_contradicts(const struct np_selector *selector,
                                  const struct np_selector *term)
{
    if (selector->op == NP_SELECT_TERM) {
        return terms_contradict(selector, term) || terms_contradict(term, selector);
    }
    for (uint32_t i = 0; selector->op == NP_SELECT_ALL && i < selector->count; i++) {
        if (some_term_contradicts(selector->kids[i], term)) {
            return true;
        }
    }
    return false;
}

static bool contradicts_within(const struct np_selector *whole, const struct np_selector *part)
{
    if (part->op == NP_SELECT_TERM) {
        return some_term_contradicts(whole, part);
    }
    for (uint32_t i = 0; part->op == NP_SELECT_ALL && i < part->count; i++) {
        if (contradicts_within(whole, part->kids[i])) {
            return true;
        }
    }
    return false;
}

bool np_selector_contradicts(const struct np_selector *selector)
{
    return selector && contradicts_within(selector, selector);
}

/* ---- sets ---- */

/* The ranges of a literal over addresses; a set that its caller fills may be another tomorrow. */
static uint32_t ranges_of(const struct np_literal *literal, const struct np_prefix **out)
{
    if (literal->domain != NP_DOMAIN_ALL) {
        return 0;
    }
    if (literal->kind == NP_LIT_CIDR) {
        *out = &literal->prefix;
        return 1;
    }
    *out = literal->prefixes;
    return literal->kind == NP_LIT_FED_SET && !literal->name ? literal->n_prefixes : 0;
}

/* Every range of inner lies in one of outer. */
static bool ranges_cover(const struct np_literal *outer, const struct np_literal *inner)
{
    const struct np_prefix *outside, *inside;
    uint32_t n_outside = ranges_of(outer, &outside), n_inside = ranges_of(inner, &inside);
    for (uint32_t i = 0; i < n_inside; i++) {
        bool covered = false;
        for (uint32_t o = 0; o < n_outside && !covered; o++) {
            covered = np_prefix_within(&inside[i], &outside[o]);
        }
        if (!covered) {
            return false;
        }
    }
    return n_inside > 0;
}

static bool literal_covers(const struct np_literal *outer, const struct np_literal *inner)
{
    if (outer == inner) {
        return true;
    }
    if (outer->kind != inner->kind || outer->kind == NP_LIT_FED_SET) {
        return ranges_cover(outer, inner);
    }
    switch (outer->kind) {
    case NP_LIT_OBJECTS:
        return (inner->kinds & ~outer->kinds) == 0 &&
               np_cover_selector(outer->selector, inner->selector);
    case NP_LIT_NODE_ADDRS:
        return (inner->domain & ~outer->domain) == 0 &&
               np_cover_selector(outer->selector, inner->selector);
    case NP_LIT_CIDR:
        return (inner->domain & ~outer->domain) == 0 &&
               np_prefix_within(&inner->prefix, &outer->prefix);
    default:
        return false;
    }
}

static bool apart(const struct np_literal *a, const struct np_literal *b)
{
    return a->kind == NP_LIT_CIDR && b->kind == NP_LIT_CIDR &&
           !np_prefix_within(&a->prefix, &b->prefix) && !np_prefix_within(&b->prefix, &a->prefix);
}

/* Does the conjunction `inner` imply this literal? */
static bool clause_implies(const struct np_clause *inner, const struct np_signed_literal *outer)
{
    for (uint32_t i = 0; i < inner->count; i++) {
        const struct np_signed_literal *item = &inner->items[i];
        bool implies = outer->negative
                           ? (item->negative ? literal_covers(item->literal, outer->literal)
                                             : apart(item->literal, outer->literal))
                           : !item->negative && literal_covers(outer->literal, item->literal);
        if (implies) {
            return true;
        }
    }
    return false;
}

static bool clause_covers(const struct np_clause *outer, const struct np_clause *inner)
{
    for (uint32_t i = 0; i < outer->count; i++) {
        if (!clause_implies(inner, &outer->items[i])) {
            return false;
        }
    }
    return true;
}

bool np_cover_set(const struct np_set *outer, const struct np_set *inner)
{
    if (!outer || outer == inner) {
        return true;
    }
    for (uint32_t c = 0; inner && c < inner->count; c++) {
        bool covered = false;
        for (uint32_t o = 0; o < outer->count && !covered; o++) {
            covered = clause_covers(&outer->clauses[o], &inner->clauses[c]);
        }
        if (!covered) {
            return false;
        }
    }
    return inner != NULL;
}

/* ---- ports ---- */

/* One span of outer covers it: spans that only together cover it are not looked for. */
static bool span_covered(const struct np_service *outer, const struct np_port_span *inner)
{
    for (uint32_t i = 0; i < outer->count; i++) {
        const struct np_port_span *span = &outer->spans[i];
        bool protocol = span->protocol < 0 || span->protocol == inner->protocol;
        bool ports = !inner->ports ||
                     (span->ports && span->first <= inner->first && inner->last <= span->last);
        if (protocol && ports && (span->no_port || !inner->no_port)) {
            return true;
        }
    }
    return false;
}

static bool member_covered(const struct np_portset *outer, const struct np_port_member *inner)
{
    for (uint32_t i = 0; outer && i < outer->count; i++) {
        const struct np_port_member *member = &outer->members[i];
        if (member->name && member->name == inner->name &&
            (member->protocol < 0 || member->protocol == inner->protocol)) {
            return true;
        }
    }
    return false;
}

/* Does it hold for less than its members say? */
static bool is_narrowed(const struct np_portset *portset)
{
    bool narrowed = portset && (portset->complement || portset->within);
    for (uint32_t i = 0; portset && i < portset->count; i++) {
        narrowed = narrowed || portset->members[i].excluded;
    }
    return narrowed;
}

static bool ports_cover(const struct np_match *outer, const struct np_match *inner)
{
    if (!outer->service && !outer->dst_ports) {
        return true;
    }
    bool complement = (outer->service && outer->service->complement) ||
                      (inner->service && inner->service->complement) ||
                      is_narrowed(outer->dst_ports) ||
                      (inner->dst_ports && inner->dst_ports->complement);
    if (complement || (!inner->service && !inner->dst_ports)) {
        return false;
    }
    for (uint32_t i = 0; inner->service && i < inner->service->count; i++) {
        if (!outer->service || !span_covered(outer->service, &inner->service->spans[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; inner->dst_ports && i < inner->dst_ports->count; i++) {
        if (!inner->dst_ports->members[i].excluded &&
            !member_covered(outer->dst_ports, &inner->dst_ports->members[i])) {
            return false;
        }
    }
    return true;
}

/* ---- rules ---- */

bool np_cover_match(const struct np_match *outer, const struct np_match *inner)
{
    bool plain = !outer->src_service && !outer->src_ports && !outer->connection && !outer->request;
    return plain && (inner->families & ~outer->families) == 0 &&
           (inner->relations & ~outer->relations) == 0 && (inner->routes & ~outer->routes) == 0 &&
           (outer->listener == NP_LISTENER_ANY || outer->listener == inner->listener) &&
           np_cover_set(outer->near, inner->near) && np_cover_set(outer->far, inner->far) &&
           ports_cover(outer, inner);
}

bool np_cover_rule(const struct np_rule *outer, const struct np_rule *inner)
{
    for (uint32_t i = 0; i < inner->n_alternatives; i++) {
        bool covered = false;
        for (uint32_t o = 0; o < outer->n_alternatives && !covered; o++) {
            covered = np_cover_match(&outer->alternatives[o], &inner->alternatives[i]);
        }
        if (!covered) {
            return false;
        }
    }
    return inner->n_alternatives > 0;
}
