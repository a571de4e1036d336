/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set judged: clause by clause, the candidates of its narrowest positive literal, each asked of
 * the reference with this clause alone; a set is the OR of its clauses.
 */
#include "compile/members_internal.h"

#include <stdlib.h>

enum { BY_IDENTITY = NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD };

struct judge {
    struct np_draft *draft;
    struct np_ends_state *ends;
    struct np_members_state *state;
    const struct np_index *index;
    bool source;
    enum np_relation relation;
    enum np_flat flat; /* not told apart by this set */
    struct np_hop hop;
    /* of the set at hand, made when asked for: see narrow */
    struct np_model narrow;
    np_vec(const struct np_endpoint *) objects;
    bool narrowed;
    const struct np_set *whole;
    bool failed;
};

/* ---- what sort of set ---- */

static enum np_flat flat_of_literal(const struct np_literal *literal)
{
    switch (literal->kind) {
    case NP_LIT_CIDR:
    case NP_LIT_FED_SET:
        return NP_FLAT_ADDRESSLESS;
    case NP_LIT_OBJECTS:
        return literal->kinds & ~BY_IDENTITY ? NP_FLAT_NONE : NP_FLAT_MISSING;
    default:
        return NP_FLAT_NONE;
    }
}

static enum np_flat flat_of_set(const struct np_set *set)
{
    enum np_flat flat = NP_FLATS;
    for (uint32_t c = 0; c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            enum np_flat one = flat_of_literal(set->clauses[c].items[i].literal);
            if (flat != NP_FLATS && one != flat) {
                return NP_FLAT_NONE;
            }
            flat = one;
        }
    }
    return flat == NP_FLATS ? NP_FLAT_NONE : flat;
}

/* ---- candidates ---- */

static void add(struct judge *j, uint32_t signature)
{
    if (j->state->stamp[signature] == j->state->stamps ||
        (j->flat && j->index->flat[signature] == j->flat)) {
        return;
    }
    j->state->stamp[signature] = j->state->stamps;
    uint32_t *place = np_vec_push(j->draft->ctx, &j->state->candidates);
    if (place) {
        *place = signature;
    }
    j->failed |= !place;
}

static void add_items(struct judge *j, const uint32_t *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(j, items[i]);
    }
}

static void add_list(struct judge *j, const struct np_lists *lists, uint32_t n)
{
    add_items(j, lists->items + lists->begin[n], lists->begin[n + 1] - lists->begin[n]);
}

static void add_fact(struct judge *j, uint32_t fact)
{
    const struct np_lists *classes = &j->index->by_fact;
    for (uint32_t i = classes->begin[fact]; i < classes->begin[fact + 1]; i++) {
        add_list(j, &j->index->by_class, classes->items[i]);
    }
}

static void add_addressless(struct judge *j)
{
    add_items(j, j->index->addressless.items, j->index->addressless.count);
    if (j->flat != NP_FLAT_ADDRESSLESS) {
        add_items(j, j->index->flats[NP_FLAT_ADDRESSLESS].items,
                  j->index->flats[NP_FLAT_ADDRESSLESS].count);
    }
}

static uint64_t addressless_weight(const struct judge *j)
{
    return j->index->addressless.count +
           (j->flat == NP_FLAT_ADDRESSLESS ? 0 : j->index->flats[NP_FLAT_ADDRESSLESS].count);
}

/* "Covered by an object of this kind"; 0: nothing is. */
static uint32_t object_fact(struct judge *j, uint32_t kind)
{
    const uint64_t words[] = {NP_FACT_OF_OBJECT, kind};
    uint32_t fact = np_words_add(&j->ends->mentions.facts, words, 2);
    j->failed |= fact == 0;
    return fact <= j->index->n_facts ? fact : 0;
}

/* The fact of a literal over addresses. */
static uint32_t address_fact(struct judge *j, const struct np_literal *literal)
{
    uint32_t fact =
        literal->kind == NP_LIT_CIDR
            ? np_mentions_prefix(&j->ends->mentions, NP_FACT_OF_PREFIX, &literal->prefix)
            : np_mentions_fed_set(&j->ends->mentions, literal);
    j->failed |= fact == 0;
    return fact <= j->index->n_facts ? fact : 0;
}

/* ---- literals: how many, and who ---- */

static uint64_t objects(struct judge *j, const struct np_literal *literal, bool fill)
{
    const struct np_selected *selected = np_selector_kinds(j->draft, literal->selector);
    const struct np_lists *by_kind = &j->index->by_kind;
    uint64_t sum = 0;
    bool covers = false;
    j->failed |= !selected;
    for (uint32_t i = 0; selected && i < selected->count; i++) {
        uint32_t kind = selected->kinds[i];
        uint16_t object = j->ends->kind_first.items[kind - 1]->kind;
        if (!(object & literal->kinds)) {
            continue;
        }
        sum += by_kind->begin[kind + 1] - by_kind->begin[kind];
        uint32_t fact = object & BY_IDENTITY ? 0 : object_fact(j, kind);
        covers = covers || !(object & BY_IDENTITY);
        sum += j->index->fact_weight[fact];
        if (fill) {
            add_list(j, by_kind, kind);
            add_fact(j, fact);
        }
    }
    bool missing = (literal->kinds & BY_IDENTITY) && j->flat != NP_FLAT_MISSING;
    if (fill && covers) {
        add_addressless(j);
    }
    if (fill && missing) {
        add_items(j, j->index->flats[NP_FLAT_MISSING].items,
                  j->index->flats[NP_FLAT_MISSING].count);
    }
    return sum + (covers ? addressless_weight(j) : 0) +
           (missing ? j->index->flats[NP_FLAT_MISSING].count : 0);
}

static uint64_t addresses(struct judge *j, const struct np_literal *literal, bool fill)
{
    uint32_t fact = address_fact(j, literal);
    if (fill) {
        add_fact(j, fact);
        add_addressless(j);
    }
    return j->index->fact_weight[fact] + addressless_weight(j);
}

/* At most how many signatures the literal may hold for; with fill: these. */
static uint64_t candidates(struct judge *j, const struct np_literal *literal, bool fill)
{
    switch (literal->kind) {
    case NP_LIT_OBJECTS:
        return objects(j, literal, fill);
    case NP_LIT_CIDR:
    case NP_LIT_FED_SET:
        return addresses(j, literal, fill);
    case NP_LIT_NODE_ADDRS:
        if (fill) {
            add_items(j, j->index->nodes.items, j->index->nodes.count);
        }
        return j->index->nodes.count;
    case NP_LIT_DNS_NAMES:
        if (fill) {
            add_items(j, j->index->bare.items, j->index->bare.count);
        }
        return j->index->bare.count;
    case NP_LIT_NOTHING:
        return 0;
    default:
        for (uint32_t s = NP_SIG_NOWHERE; fill && s < j->draft->n_sigs; s++) {
            if (s != NP_SIG_UNCOMPILED) {
                add(j, s);
            }
        }
        return j->draft->n_sigs;
    }
}

static void add_narrowest(struct judge *j, const struct np_clause *clause)
{
    static const struct np_literal any = {.kind = NP_LIT_FACT};
    const struct np_literal *narrowest = &any;
    uint64_t least = UINT64_MAX;
    j->state->candidates.count = 0;
    j->state->stamps++;
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_signed_literal *item = &clause->items[i];
        uint64_t one = item->negative ? UINT64_MAX : candidates(j, item->literal, false);
        if (one < least) {
            narrowest = item->literal;
            least = one;
        }
    }
    candidates(j, narrowest, true);
}

/* ---- truths ---- */

/* Objects of the kinds that a literal's selector matches, one of each. */
static void narrow_to(struct judge *j, const struct np_literal *literal)
{
    const struct np_selected *selected =
        literal->kind == NP_LIT_OBJECTS ? np_selector_kinds(j->draft, literal->selector) : NULL;
    j->failed |= literal->kind == NP_LIT_OBJECTS && !selected;
    for (uint32_t i = 0; selected && i < selected->count; i++) {
        const struct np_endpoint **place = np_vec_push(j->draft->ctx, &j->objects);
        if (place) {
            *place = j->ends->kind_first.items[selected->kinds[i] - 1];
        }
        j->failed |= !place;
    }
}

/*
 * An end without address may be covered by any object, so the reference looks at all of them; those
 * that no literal of the set selects say no, and of one kind one is enough.
 */
static const struct np_model *narrow(struct judge *j, const struct np_set *set)
{
    if (!j->narrowed) {
        for (uint32_t c = 0; c < set->count; c++) {
            for (uint32_t i = 0; i < set->clauses[c].count; i++) {
                narrow_to(j, set->clauses[c].items[i].literal);
            }
        }
        j->narrow = *j->draft->model;
        j->narrow.inventory.endpoints = j->objects.items;
        j->narrow.inventory.n_endpoints = (uint32_t)j->objects.count;
        j->narrowed = true;
    }
    return &j->narrow;
}

static np_truth ask(struct judge *j, const struct np_set *set, uint32_t signature)
{
    struct np_end *end = j->source ? &j->hop.src : &j->hop.dst;
    *end = j->draft->sigs[signature].end;
    np_draft_relate(j->relation, &j->hop.src, &j->hop.dst);
    const struct np_model *model = end->address.family ? j->draft->model : narrow(j, j->whole);
    return j->failed ? NP_NO : np_reference_set(model, set, &j->hop, end);
}

static void note(struct judge *j, uint32_t signature, np_truth truth)
{
    np_truth *all = &j->state->truth[signature];
    if (truth != NP_NO && *all == NP_NO) {
        uint32_t *place = np_vec_push(j->draft->ctx, &j->state->found);
        if (place) {
            *place = signature;
        }
        j->failed |= !place;
    }
    *all = np_or(*all, truth);
}

/* A clause that only asks for labels of pods: whose kind matches, matches. */
static bool is_plain(const struct judge *j, const struct np_clause *clause)
{
    return j->flat == NP_FLAT_MISSING && clause->count == 1 && !clause->items[0].negative;
}

static void judge_clause(struct judge *j, const struct np_clause *clause)
{
    const struct np_set alone = {clause, 1};
    add_narrowest(j, clause);
    bool plain = is_plain(j, clause);
    for (size_t i = 0; i < j->state->candidates.count && !j->failed; i++) {
        uint32_t signature = j->state->candidates.items[i];
        if (j->state->truth[signature] != NP_YES) {
            note(j, signature, plain ? NP_YES : ask(j, &alone, signature));
        }
    }
}

/* All of a flat sort: NO, YES, or as far as is known of them. */
static void judge_rest(struct judge *j, const struct np_set *set, struct np_members *out)
{
    size_t count = j->index->flats[j->flat].count;
    const uint32_t *flat = j->index->flats[j->flat].items;
    np_truth truth = j->flat && count ? ask(j, set, flat[0]) : NP_NO;
    *out = (struct np_members){NULL, 0};
    if (truth == NP_NO) {
        return;
    }
    struct np_members *shared = &j->state->shared[j->flat][np_is_maybe(truth)];
    if (shared->count == 0) {
        struct np_sig_truth *items = np_arena_array(&j->draft->arena, count, sizeof *items);
        for (size_t i = 0; items && i < count; i++) {
            const struct np_end *end = &j->draft->sigs[flat[i]].end;
            items[i].signature = flat[i];
            items[i].truth = truth == NP_YES                  ? NP_YES
                             : j->flat == NP_FLAT_ADDRESSLESS ? end->missing_address
                                                              : end->missing;
        }
        *shared = (struct np_members){items, (uint32_t)count};
        j->failed |= !items;
    }
    *out = *shared;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Found signatures, in order; their truths are NO again for the next set. */
static void settle(struct judge *j, struct np_members *out)
{
    uint32_t *found = j->state->found.items;
    size_t count = j->state->found.count;
    struct np_sig_truth *items = np_arena_array(&j->draft->arena, count, sizeof *items);
    bool sorted = true;
    for (size_t i = 1; i < count; i++) {
        sorted = sorted && found[i - 1] < found[i];
    }
    if (!sorted) {
        qsort(found, count, sizeof *found, compare_numbers);
    }
    for (size_t i = 0; i < count; i++) {
        if (items) {
            items[i] = (struct np_sig_truth){found[i], j->state->truth[found[i]]};
        }
        j->state->truth[found[i]] = NP_NO;
    }
    *out = (struct np_members){items, (uint32_t)count};
    j->failed |= !items;
}

bool np_members_judge(struct np_draft *draft, const struct np_set *set, bool source,
                      enum np_relation relation, struct np_kept *out)
{
    struct judge j = {.draft = draft,
                      .ends = draft->ends,
                      .state = draft->ends->members,
                      .index = &draft->ends->members->index,
                      .source = source,
                      .relation = relation,
                      .whole = set,
                      .flat = flat_of_set(set)};
    j.state->found.count = 0;
    for (uint32_t c = 0; c < set->count && !j.failed; c++) {
        judge_clause(&j, &set->clauses[c]);
    }
    settle(&j, &out->own);
    if (!j.failed) {
        judge_rest(&j, set, &out->rest);
    }
    np_vec_free(draft->ctx, &j.objects);
    return !j.failed;
}
