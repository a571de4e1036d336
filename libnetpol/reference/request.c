/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on the request: a boolean tree over atoms, three-valued, on a pair of readings.
 *
 * Where a field has several readings (a header given twice: joined, or each value), an atom is what
 * certainly (must) and what possibly (may) matches. NOT swaps the two, so the polarity is applied
 * to whole rules only (np_polar), never atom by atom.
 */
#include "reference/internal.h"
#include "base/defect.h"

static struct np_pair both(np_truth t)
{
    return (struct np_pair){t, t};
}

np_truth np_prefix_truth(const struct np_end *end, const struct np_prefix *prefix)
{
    if (np_is_maybe(end->missing_address)) {
        return end->missing_address;
    }
    return np_truth_of(end->address.family && np_prefix_has(prefix, &end->address));
}

static np_truth remote_truth(const struct np_walk *walk, const struct np_prefix *prefix)
{
    const struct netpol_request *request = walk->hop->request;
    if (!request || request->remote_family == 0) {
        return np_prefix_truth(&walk->hop->src, prefix);
    }
    struct np_address remote = {.family = request->remote_family};
    memcpy(remote.bytes, request->remote, sizeof remote.bytes);
    remote = np_address_fold(&remote);
    return np_truth_of(np_prefix_has(prefix, &remote));
}

/* Values one by one: does any, do all match? */
static void each_value(const struct np_field *field, const struct np_pattern *pattern, bool *any,
                       bool *all)
{
    uint64_t cursor = 0;
    struct np_slice value;
    *any = false;
    *all = true;
    while (field->pieces.next(field->pieces.source, &cursor, &value)) {
        bool match = np_pattern_match(pattern, value, field->fold_case);
        *any = *any || match;
        *all = *all && match;
    }
}

static struct np_pair readings(const struct np_walk *walk, const struct np_field *field,
                               const struct np_pattern *pattern)
{
    enum { JOINED, EACH }; /* SAFE: both; the order of option header_reading */
    bool any;
    bool all;
    each_value(field, pattern, &any, &all);
    if (!field->header || walk->model->options.header_reading == EACH) {
        return both(np_truth_of(any));
    }
    bool joined =
        np_defect(CILIUM_HEADER_ANY) ? any : np_pattern_match_joined(pattern, &field->pieces);
    if (walk->model->options.header_reading == JOINED) {
        return both(np_truth_of(joined));
    }
    return (struct np_pair){np_truth_of(joined && all), np_truth_of(joined || any)};
}

static struct np_pair atom_truth(const struct np_walk *walk, const struct np_expr *atom)
{
    if (atom->view == NP_VIEW_SOURCE_IP) {
        return both(np_prefix_truth(&walk->hop->src, &atom->prefix));
    }
    if (atom->view == NP_VIEW_REMOTE_IP) {
        return both(remote_truth(walk, &atom->prefix));
    }
    struct np_field field;
    np_field_of(walk, atom, &field);
    if (field.presence == NETPOL_NOT_ASKED) {
        return both(NP_MAYBE | NP_CAUSE_REQUEST);
    }
    if (field.doubt) {
        return both(field.doubt);
    }
    if (field.presence == NETPOL_ABSENT) {
        return both(np_truth_of(atom->absent));
    }
    if (field.rejected) {
        return both(NP_NO);
    }
    if (field.pieces.next) {
        return readings(walk, &field, &atom->pattern);
    }
    if (field.normal) {
        return both(np_truth_of(np_pattern_match_path(&atom->pattern, &field.path)));
    }
    if (field.proxied) {
        return both(np_truth_of(np_pattern_match_proxy(&atom->pattern, &field.proxy)));
    }
    return both(np_truth_of(np_pattern_match(&atom->pattern, field.value, field.fold_case)));
}

/* Recursion ends at NP_EXPR_DEPTH, which the builder counts. */
static struct np_pair expr_truth(const struct np_walk *walk, const struct np_expr *expr)
{
    struct np_pair result = both(NP_YES);
    switch (expr->op) {
    case NP_EXPR_TRUE:
        return result;
    case NP_EXPR_ATOM:
        return atom_truth(walk, expr);
    case NP_EXPR_NOT:
        result = expr_truth(walk, expr->kids[0]);
        return (struct np_pair){np_not(result.may), np_not(result.must)};
    default:
        break;
    }
    bool all = expr->op == NP_EXPR_ALL;
    result = both(all ? NP_YES : NP_NO);
    for (uint32_t i = 0; i < expr->count; i++) {
        struct np_pair kid = expr_truth(walk, expr->kids[i]);
        result.must = all ? np_and(result.must, kid.must) : np_or(result.must, kid.must);
        result.may = all ? np_and(result.may, kid.may) : np_or(result.may, kid.may);
    }
    return result;
}

struct np_pair np_expr_truth(const struct np_walk *walk, const struct np_expr *expr)
{
    if (!expr) {
        return both(NP_YES);
    }
    if (expr->depth > NP_EXPR_DEPTH) {
        return both(NP_UNKNOWN(NP_FACT_UNREADABLE));
    }
    return expr_truth(walk, expr);
}

/* Recursion as in expr_truth. */
bool np_expr_reads(const struct np_expr *expr, enum np_parser parser)
{
    if (!expr || expr->depth > NP_EXPR_DEPTH) {
        return false;
    }
    if (expr->op == NP_EXPR_ATOM) {
        return np_view_parser(expr->view) == parser;
    }
    for (uint32_t i = 0; i < expr->count; i++) {
        if (np_expr_reads(expr->kids[i], parser)) {
            return true;
        }
    }
    return false;
}

np_truth np_polar(struct np_pair pair, uint8_t action)
{
    if (pair.must == pair.may) {
        return pair.must;
    }
    switch (action) {
    case NP_ACT_ALLOW:
        return pair.must;
    case NP_ACT_PASS: /* neither direction is safe: what is behind may allow or deny */
        return NP_MAYBE | NP_CAUSE_REQUEST;
    default:
        return pair.may;
    }
}
