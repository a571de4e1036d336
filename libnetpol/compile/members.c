/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of all signatures a set holds for. Every answer is the reference's for the representative.
 */
#include "compile/members_internal.h"

bool np_set_is_relative(const struct np_set *set)
{
    enum { HOST = 1, REMOTE_NODE = 6 }; /* reserved identities of nodes, as one node sees them */
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (literal->kind == NP_LIT_RESERVED &&
                (literal->number == HOST || literal->number == REMOTE_NODE)) {
                return true;
            }
        }
    }
    return false;
}

void np_draft_relate(enum np_relation relation, struct np_end *src, struct np_end *dst)
{
    static const struct {
        uint8_t relations;
        uint32_t fact;
    } table[NP_RELATIONS] = {
        [NP_RELATION_OTHER] = {NP_REL_OTHER,                   0                       },
        [NP_RELATION_SELF] = {NP_REL_SELF,                    0                       },
        [NP_RELATION_OWN_NODE] = {NP_REL_OWN_NODE,                0                       },
        [NP_RELATION_MAYBE_NODE] = {NP_REL_OWN_NODE | NP_REL_OTHER, NP_FACT_NODE            },
        [NP_RELATION_MAYBE_UNLEARNT] = {NP_REL_SELF | NP_REL_OTHER,     NP_FACT_UNLEARNT_ADDRESS},
        [NP_RELATION_MAYBE_TRANSLATED] = {NP_REL_SELF | NP_REL_OTHER,     NP_FACT_SERVICE_ADDRESS },
    };
    uint32_t fact = table[relation].fact;
    src->relations = dst->relations = table[relation].relations;
    src->relation_cause = dst->relation_cause = fact ? NP_UNKNOWN(fact) : NP_NO;
}

/* ---- judging ---- */

static bool collect(struct np_draft *draft, const struct np_set *set, bool source,
                    enum np_relation relation)
{
    struct np_members_state *state = draft->ends->members;
    struct np_hop hop = {.family = 0};
    struct np_end *end = source ? &hop.src : &hop.dst;
    state->found.count = 0;
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        if (s == NP_SIG_UNCOMPILED) {
            continue;
        }
        *end = draft->sigs[s].end;
        np_draft_relate(relation, &hop.src, &hop.dst);
        np_truth truth = np_reference_set(draft->model, set, &hop, end);
        struct np_sig_truth *member = truth ? np_vec_push(draft->ctx, &state->found) : NULL;
        if (member) {
            *member = (struct np_sig_truth){s, truth};
        } else if (truth) {
            return false;
        }
    }
    return true;
}

/* ---- remembering ---- */

static struct np_members_state *begin(struct np_draft *draft)
{
    struct np_members_state *state = draft->ends->members;
    if (!state) {
        state = draft->ends->members = np_arena_alloc(&draft->arena, sizeof *state);
        if (state) {
            state->known.ctx = draft->ctx;
        }
    }
    return state;
}

static const struct np_members *keep(struct np_draft *draft)
{
    struct np_members_state *state = draft->ends->members;
    size_t count = state->found.count;
    struct np_sig_truth *items = np_arena_array(&draft->arena, count, sizeof *items);
    struct np_members *members = items ? np_vec_push(draft->ctx, &state->kept) : NULL;
    if (members) {
        if (count) {
            memcpy(items, state->found.items, count * sizeof *items);
        }
        *members = (struct np_members){items, (uint32_t)count};
    }
    return members;
}

struct np_members np_draft_members(struct np_draft *draft, const struct np_set *set, bool source,
                                   enum np_relation relation)
{
    const struct np_members no_memory = {NULL, UINT32_MAX};
    struct np_members_state *state = begin(draft);
    if (!state) {
        return no_memory;
    }
    if (!np_set_is_relative(set)) {
        relation = NP_RELATION_OTHER;
    }
    uint64_t key = (uint64_t)(uintptr_t)set << 4 | (unsigned)source << 3 | (unsigned)relation;
    uint32_t known = np_pairs_find(&state->known, key);
    if (known) {
        return state->kept.items[known - 1];
    }
    const struct np_members *members = collect(draft, set, source, relation) ? keep(draft) : NULL;
    if (!members || !np_pairs_add(&state->known, key, (uint32_t)state->kept.count)) {
        return no_memory;
    }
    return *members;
}

void np_members_free(struct np_draft *draft)
{
    struct np_members_state *state = draft->ends->members;
    if (state) {
        np_pairs_free(&state->known);
        np_vec_free(draft->ctx, &state->found);
        np_vec_free(draft->ctx, &state->kept);
    }
}
