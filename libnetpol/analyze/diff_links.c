/* SPDX-License-Identifier: Apache-2.0 */
/* What changes from class to class; each pair of classes is judged once. */
#include "analyze/diff_rows.h"

/* NP_DIFF_NOTHING, or the number of what changes between two ends. */
static int judge(struct np_diff_rows *rows, uint32_t src, uint32_t dst, uint32_t *outcome)
{
    struct np_diff_outcome one;
    int status = np_diff_judge(rows->diff, src, dst, &one);
    *outcome = NP_DIFF_NOTHING;
    if (status != NETPOL_OK || one.n_spans == 0) {
        return status;
    }
    struct np_diff_outcome *place = np_vec_push(rows->diff->ctx, &rows->outcomes);
    if (!place) {
        return NETPOL_ERR_MEMORY;
    }
    *place = one;
    *outcome = (uint32_t)(rows->outcomes.count - 1);
    return NETPOL_OK;
}

/* Two different ends of the classes; false: there is but one, or one address. */
static bool pick(const struct np_diff *diff, uint32_t src, uint32_t dst, uint32_t *from,
                 uint32_t *to)
{
    *from = diff->classes[src].first;
    *to = diff->classes[dst].first;
    if (src != dst) {
        return true;
    }
    const struct np_diff_end *end = &diff->ends[*to];
    if (diff->classes[dst].second != NP_DIFF_NONE) {
        *to = diff->classes[dst].second;
        return true;
    }
    return !np_diff_is_pod(end) && end->samples[1].family;
}

static bool is_odd(const struct np_diff *diff, uint32_t src, uint32_t dst)
{
    const struct np_diff_class *a = &diff->classes[src], *b = &diff->classes[dst];
    return a->odd || b->odd || a->several || b->several;
}

/* Everything that changes from a class; a list of pairs with the classes it changes to. */
int np_diff_make_links(struct np_diff_rows *rows, uint32_t class)
{
    struct np_diff *diff = rows->diff;
    struct np_diff_links *links = &rows->links[class];
    np_vec(struct np_diff_link) found = {0};
    int status = NETPOL_OK;
    for (uint32_t c = 0; c < diff->n_classes && status == NETPOL_OK; c++) {
        struct np_diff_link one = {c, NP_DIFF_NOTHING};
        uint32_t from, to;
        if (!np_diff_is_candidate(diff, class, c)) {
            continue;
        }
        if (is_odd(diff, class, c)) {
            one.outcome = NP_DIFF_LOOK;
        } else if (pick(diff, class, c, &from, &to)) {
            status = judge(rows, from, to, &one.outcome);
        }
        if (status == NETPOL_OK && one.outcome != NP_DIFF_NOTHING) {
            struct np_diff_link *place = np_vec_push(diff->ctx, &found);
            status = place ? NETPOL_OK : NETPOL_ERR_MEMORY;
            if (place) {
                *place = one;
            }
        }
    }
    struct np_diff_link *copy = np_arena_array(&diff->arena, found.count, sizeof *copy);
    for (size_t i = 0; copy && i < found.count; i++) {
        copy[i] = found.items[i];
    }
    *links = (struct np_diff_links){.made = true, .items = copy, .count = (uint32_t)found.count};
    np_vec_free(diff->ctx, &found);
    return copy ? status : NETPOL_ERR_MEMORY;
}

int np_diff_judge_odd(struct np_diff_rows *rows, uint32_t src, uint32_t dst, uint32_t *outcome)
{
    const struct np_diff *diff = rows->diff;
    const struct np_diff_class *from = &diff->classes[diff->ends[src].class];
    const struct np_diff_class *to = &diff->classes[diff->ends[dst].class];
    uint32_t key[5] = {diff->ends[src].class, diff->ends[dst].class,
                       np_diff_relation(diff, src, dst), 0, 0};
    bool added;
    if (from->several || to->several) {
        key[3] = src + 1;
        key[4] = dst + 1;
    }
    uint64_t *known =
        np_map_add(&rows->odd, (struct np_slice){(const char *)key, sizeof key}, &added);
    if (!known) {
        return NETPOL_ERR_MEMORY;
    }
    if (!added) {
        *outcome = (uint32_t)*known;
        return NETPOL_OK;
    }
    int status = judge(rows, src, dst, outcome);
    *known = *outcome;
    return status;
}

bool np_diff_same_outcome(const struct np_diff_rows *rows, uint32_t a, uint32_t b)
{
    if (a == b || a == NP_DIFF_NOTHING || b == NP_DIFF_NOTHING) {
        return a == b;
    }
    const struct np_diff_outcome *x = &rows->outcomes.items[a], *y = &rows->outcomes.items[b];
    bool same = x->n_spans == y->n_spans;
    for (uint32_t i = 0; i < x->n_spans && same; i++) {
        const struct np_diff_span *p = &x->spans[i], *q = &y->spans[i];
        same = p->protocol == q->protocol && p->family == q->family && p->all == q->all &&
               p->others == q->others && p->first == q->first && p->last == q->last &&
               memcmp(p->actions, q->actions, sizeof p->actions) == 0 &&
               memcmp(p->decisions, q->decisions, sizeof p->decisions) == 0;
    }
    return same;
}
