/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who of all signatures a set holds for. Every answer is the reference's for the representative.
 */
#include "compile/members_internal.h"

bool np_set_is_relative(const struct np_set *set)
{
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (literal->kind == NP_LIT_RESERVED &&
                (literal->number == NETPOL_IDENTITY_HOST ||
                 literal->number == NETPOL_IDENTITY_REMOTE_NODE)) {
                return true; /* nodes, as one node sees them */
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

/* ---- remembering ---- */

static struct np_members_state *begin(struct np_draft *draft)
{
    struct np_members_state *state = draft->ends->members;
    if (state) {
        return state->ready ? state : NULL;
    }
    state = draft->ends->members = np_arena_alloc(&draft->arena, sizeof *state);
    if (!state) {
        return NULL;
    }
    size_t kinds = draft->ends->kinds.entries.count + 1;
    state->known.ctx = draft->ctx;
    np_words_init(&state->selectors, draft->ctx);
    np_words_init(&state->sets, draft->ctx);
    state->truth = np_arena_array(&draft->arena, draft->n_sigs, sizeof *state->truth);
    state->stamp = np_arena_array(&draft->arena, draft->n_sigs, sizeof *state->stamp);
    state->kind_stamp = np_arena_array(&draft->arena, kinds, sizeof *state->kind_stamp);
    state->ready = state->truth && state->stamp && state->kind_stamp && np_index_build(draft);
    return state->ready ? state : NULL;
}

void np_members_free(struct np_draft *draft)
{
    struct np_members_state *state = draft->ends->members;
    if (state) {
        np_index_free(draft);
        np_words_free(&state->selectors);
        np_words_free(&state->sets);
        np_pairs_free(&state->known);
        np_vec_free(draft->ctx, &state->selected);
        np_vec_free(draft->ctx, &state->kept);
        np_vec_free(draft->ctx, &state->content);
        np_vec_free(draft->ctx, &state->found);
        np_vec_free(draft->ctx, &state->candidates);
        np_vec_free(draft->ctx, &state->kinds);
    }
}

static bool put_content(struct np_draft *draft, uint64_t word)
{
    struct np_members_state *state = draft->ends->members;
    uint64_t *place = np_vec_push(draft->ctx, &state->content);
    if (place) {
        *place = word;
    }
    return place != NULL;
}

static bool put_literal(struct np_draft *draft, const struct np_signed_literal *item)
{
    const struct np_literal *l = item->literal;
    uint64_t what = 0;
    switch (l->kind) {
    case NP_LIT_OBJECTS:
    case NP_LIT_NODE_ADDRS:
        what = np_selector_number(draft, l->selector);
        break;
    case NP_LIT_CIDR:
        what = np_mentions_prefix(&draft->ends->mentions, NP_FACT_OF_PREFIX, &l->prefix);
        break;
    case NP_LIT_FED_SET:
        what = np_mentions_fed_set(&draft->ends->mentions, l);
        break;
    case NP_LIT_RESERVED:
    case NP_LIT_FACT:
        what = l->number + 1ull;
        break;
    default: /* patterns: only the literal itself is known to be equal */
        what = (uintptr_t)l;
    }
    uint64_t head = (uint64_t)l->kinds << 32 | (uint64_t)l->domain << 16 |
                    (uint64_t)item->negative << 8 | l->kind;
    return what && put_content(draft, head) && put_content(draft, what);
}

/* The number of the content of a set in a role; 0: no memory. */
static uint32_t content_of(struct np_draft *draft, const struct np_set *set, unsigned role)
{
    struct np_members_state *state = draft->ends->members;
    state->content.count = 0;
    bool fine = put_content(draft, role);
    for (uint32_t c = 0; fine && c < set->count; c++) {
        fine = put_content(draft, set->clauses[c].count);
        for (uint32_t i = 0; fine && i < set->clauses[c].count; i++) {
            fine = put_literal(draft, &set->clauses[c].items[i]);
        }
    }
    return fine ? np_words_add(&state->sets, state->content.items, (uint32_t)state->content.count)
                : 0;
}

static bool names_source(const struct np_set *set)
{
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            if (set->clauses[c].items[i].literal->kind == NP_LIT_IDENTITY) {
                return true;
            }
        }
    }
    return false;
}

/* NULL: no memory. */
static struct np_kept *find(struct np_draft *draft, const struct np_set *set, bool source,
                            enum np_relation relation)
{
    struct np_members_state *state = begin(draft);
    if (!state) {
        return NULL;
    }
    uint64_t key = (uint64_t)(uintptr_t)set << 4 | (unsigned)source << 3 | (unsigned)relation;
    uint32_t number = np_pairs_find(&state->known, key);
    if (number) {
        return &state->kept.items[number - 1];
    }
    unsigned role = (np_set_is_relative(set) ? (unsigned)relation : NP_RELATION_OTHER) << 1 |
                    (source && names_source(set));
    number = content_of(draft, set, role);
    if (number > state->kept.count) {
        struct np_kept one = {
            {NULL, 0},
            {NULL, 0},
            {NULL, 0},
            false
        };
        struct np_kept *kept =
            np_members_judge(draft, set, source, (enum np_relation)(role >> 1), &one)
                ? np_vec_push(draft->ctx, &state->kept)
                : NULL;
        if (!kept) {
            state->ready = false; /* numbers and lists are out of step: no more answers */
            return NULL;
        }
        *kept = one;
    }
    return number && np_pairs_add(&state->known, key, number) ? &state->kept.items[number - 1]
                                                              : NULL;
}

/* ---- answers ---- */

static bool merge(struct np_draft *draft, struct np_kept *kept)
{
    const struct np_members *a = &kept->own, *b = &kept->rest;
    if (a->count == 0 || b->count == 0) {
        kept->whole = a->count ? *a : *b;
        return kept->merged = true;
    }
    struct np_sig_truth *items =
        np_arena_array(&draft->arena, (size_t)a->count + b->count, sizeof *items);
    uint32_t i = 0, j = 0, count = 0;
    while (items && (i < a->count || j < b->count)) {
        bool first =
            j == b->count || (i < a->count && a->items[i].signature < b->items[j].signature);
        items[count++] = first ? a->items[i++] : b->items[j++];
    }
    kept->whole = (struct np_members){items, count};
    return kept->merged = items != NULL;
}

struct np_members np_draft_members(struct np_draft *draft, const struct np_set *set, bool source,
                                   enum np_relation relation)
{
    struct np_kept *kept = find(draft, set, source, relation);
    if (!kept || (!kept->merged && !merge(draft, kept))) {
        return (struct np_members){NULL, UINT32_MAX};
    }
    return kept->whole;
}

struct np_members np_draft_members_parts(struct np_draft *draft, const struct np_set *set,
                                         bool source, enum np_relation relation,
                                         struct np_members *rest)
{
    struct np_kept *kept = find(draft, set, source, relation);
    *rest = kept ? kept->rest : (struct np_members){NULL, 0};
    return kept ? kept->own : (struct np_members){NULL, UINT32_MAX};
}

static np_truth truth_in(const struct np_members *members, uint32_t signature)
{
    uint32_t low = 0, high = members->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t at = members->items[middle].signature;
        if (at == signature) {
            return members->items[middle].truth;
        }
        low = at < signature ? middle + 1 : low;
        high = at < signature ? high : middle;
    }
    return NP_NO;
}

int np_draft_member(struct np_draft *draft, const struct np_set *set, bool source,
                    enum np_relation relation, uint32_t signature, np_truth *out)
{
    struct np_members rest;
    struct np_members own = np_draft_members_parts(draft, set, source, relation, &rest);
    *out = NP_NO;
    if (!own.items && own.count) {
        return NETPOL_ERR_MEMORY;
    }
    *out = truth_in(&own, signature);
    *out = *out == NP_NO ? truth_in(&rest, signature) : *out;
    return NETPOL_OK;
}
