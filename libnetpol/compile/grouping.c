/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for the parts of a partition of the signatures, which stay when it is refined. */
#include "compile/plan.h"

static bool push(struct np_draft *draft, struct np_grouping *g, uint32_t signature, uint32_t parent)
{
    uint32_t *first = np_vec_push(draft->ctx, &g->firsts);
    uint32_t *from = np_vec_push(draft->ctx, &g->parents);
    if (first && from) {
        *first = signature;
        *from = parent;
    }
    return first && from;
}

int np_grouping_number(struct np_draft *draft, struct np_grouping *g)
{
    const struct np_partition *p = &g->partition;
    bool made = g->of == NULL, fine = true;
    if (made) {
        g->of = np_arena_array(&draft->arena, draft->n_sigs, sizeof *g->of);
    }
    while (g->of && g->numbers.count < p->n_parts) {
        uint32_t *number = np_vec_push(draft->ctx, &g->numbers);
        if (!number) {
            return NETPOL_ERR_MEMORY;
        }
        *number = UINT32_MAX;
    }
    if (!g->of) {
        return NETPOL_ERR_MEMORY;
    }
    uint32_t known = g->count;
    uint32_t *lowest = np_alloc(draft->ctx, (known + 1) * sizeof *lowest);
    if (!lowest) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t k = 0; k < known; k++) {
        lowest[k] = UINT32_MAX;
        g->parents.items[k] = k;
    }
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        if (s == NP_SIG_UNCOMPILED) {
            continue;
        }
        uint32_t *number = &g->numbers.items[p->part[s]];
        if (*number == UINT32_MAX) {
            fine = fine && push(draft, g, s, made ? g->count : g->of[s]);
            *number = g->count++;
        } else if (*number < known && lowest[*number] == UINT32_MAX) {
            lowest[*number] = s;
        }
        g->of[s] = *number;
    }
    /* a number that all have left keeps whom it had: it stands for nobody any more */
    for (uint32_t k = 0; k < known; k++) {
        g->firsts.items[k] = lowest[k] != UINT32_MAX ? lowest[k] : g->firsts.items[k];
    }
    np_free(draft->ctx, lowest, (known + 1) * sizeof *lowest);
    g->first = g->firsts.items;
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

uint32_t np_grouping_parent(const struct np_grouping *grouping, uint32_t number)
{
    return grouping->parents.items[number];
}

void np_grouping_free(struct np_draft *draft, struct np_grouping *g)
{
    if (g->partition.ctx) {
        np_partition_free(&g->partition);
    }
    np_vec_free(draft->ctx, &g->numbers);
    np_vec_free(draft->ctx, &g->firsts);
    np_vec_free(draft->ctx, &g->parents);
}
