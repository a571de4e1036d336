/* SPDX-License-Identifier: Apache-2.0 */
/* From what a literal asks for back to those it can hold for: lists over kinds, places, facts and
 * terms, each made by counting and filling. */
#include "compile/members_internal.h"

/* ---- lists ---- */

/* Two passes over the same pairs: the first counts, the second fills. */
struct filler {
    struct np_draft *draft;
    struct np_lists *lists;
    uint32_t n, *at; /* at: where the next item of a list goes */
    bool fill, failed;
};

static void put(struct filler *f, uint32_t list, uint32_t item)
{
    if (f->fill) {
        f->lists->items[f->at[list]++] = item;
    } else {
        f->at[list]++;
    }
}

static bool begin_lists(struct filler *f)
{
    f->lists->begin = np_arena_array(&f->draft->arena, f->n + 1, sizeof *f->lists->begin);
    f->at = np_zalloc(f->draft->ctx, (f->n + 1) * sizeof *f->at);
    return f->lists->begin && f->at;
}

/* The counts become begins. */
static bool turn_lists(struct filler *f)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i <= f->n; i++) {
        uint32_t count = i < f->n ? f->at[i] : 0;
        f->lists->begin[i] = f->at[i] = sum;
        sum += count;
    }
    f->lists->items = np_arena_array(&f->draft->arena, sum, sizeof *f->lists->items);
    f->fill = true;
    return f->lists->items != NULL;
}

static bool make_lists(struct np_draft *draft, struct np_lists *lists, uint32_t n,
                       void (*each)(struct filler *f))
{
    struct filler f = {.draft = draft, .lists = lists, .n = n};
    bool fine = begin_lists(&f);
    if (fine) {
        each(&f);
        fine = turn_lists(&f);
    }
    if (fine) {
        each(&f);
    }
    np_free(draft->ctx, f.at, ((size_t)n + 1) * sizeof *f.at);
    return fine;
}

static uint32_t class_of(const struct np_ends_state *state, uint32_t signature)
{
    const struct np_word_entry *key = np_words_get(&state->keys, signature - NP_SIG_FIRST + 1);
    return (uint32_t)key->items[0];
}

static void each_kind(struct filler *f)
{
    for (uint32_t s = NP_SIG_FIRST; s < f->draft->n_sigs; s++) {
        put(f, f->draft->sigs[s].kind, s);
    }
}

static void each_class(struct filler *f)
{
    for (uint32_t s = NP_SIG_FIRST; s < f->draft->n_sigs; s++) {
        put(f, class_of(f->draft->ends, s), s);
    }
}

static void each_fact(struct filler *f)
{
    const struct np_ends_state *state = f->draft->ends;
    for (uint32_t class = 1; class <= state->place_classes.entries.count; class ++) {
        uint32_t set = (uint32_t)np_words_get(&state->place_classes, class)->items[0];
        const struct np_word_entry *facts = np_words_get(&state->fact_sets, set);
        for (uint32_t i = 0; i < facts->count; i++) {
            put(f, (uint32_t)facts->items[i], class);
        }
    }
}

static bool weigh_facts(struct np_draft *draft, struct np_index *index)
{
    size_t facts = draft->ends->mentions.facts.entries.count + 1;
    index->fact_weight = np_arena_array(&draft->arena, facts, sizeof *index->fact_weight);
    for (size_t i = 1; index->fact_weight && i < facts; i++) {
        for (uint32_t k = index->by_fact.begin[i]; k < index->by_fact.begin[i + 1]; k++) {
            uint32_t class = index->by_fact.items[k];
            index->fact_weight[i] +=
                index->by_class.begin[class + 1] - index->by_class.begin[class];
        }
    }
    return index->fact_weight != NULL;
}

/* ---- signatures that are something ---- */

#define ADD(draft, list, item)                                       \
    do {                                                             \
        uint32_t *place_of_item = np_vec_push((draft)->ctx, (list)); \
        if (!place_of_item) {                                        \
            return false;                                            \
        }                                                            \
        *place_of_item = (item);                                     \
    } while (0)

static enum np_flat flat_of(const struct np_sig *sig)
{
    const struct np_end *end = &sig->end;
    if (!end->endpoint) {
        return sig->bits & NP_SIG_MISSING ? NP_FLAT_MISSING : NP_FLAT_NONE;
    }
    bool plain = end->domain == NP_DOMAIN_PODS && !end->missing && !(sig->bits & NP_SIG_NODE) &&
                 end->address.family == 0 &&
                 end->missing_address == NP_UNKNOWN(NP_FACT_POD_ADDRESS);
    return plain ? NP_FLAT_ADDRESSLESS : NP_FLAT_NONE;
}

static bool sort_out(struct np_draft *draft, struct np_index *index)
{
    index->flat = np_arena_array(&draft->arena, draft->n_sigs, sizeof *index->flat);
    if (!index->flat) {
        return false;
    }
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        const struct np_sig *sig = &draft->sigs[s];
        if (s == NP_SIG_UNCOMPILED) {
            continue;
        }
        enum np_flat flat = flat_of(sig);
        index->flat[s] = (uint8_t)flat;
        if (flat) {
            ADD(draft, &index->flats[flat], s);
        }
        if (sig->bits & NP_SIG_NODE) {
            ADD(draft, &index->nodes, s);
        } else if (!sig->end.endpoint) {
            ADD(draft, &index->bare, s);
        }
        if (np_is_maybe(sig->end.missing_address) && flat != NP_FLAT_ADDRESSLESS) {
            ADD(draft, &index->addressless, s);
        }
    }
    return true;
}

/* ---- terms ---- */

struct collector {
    struct np_draft *draft;
    np_vec(struct np_sort_item) items;
    bool failed;
};

static void add_term(struct collector *c, uint64_t word, uint32_t kind)
{
    struct np_sort_item *item = np_vec_push(c->draft->ctx, &c->items);
    if (item) {
        *item = (struct np_sort_item){
            {0, word},
            kind
        };
    }
    c->failed |= !item;
}

/* That it has the key is a term of its own. */
static void add_terms(struct collector *c, const uint64_t *words, uint32_t count, uint32_t kind)
{
    for (uint32_t i = 0; i < count; i++) {
        add_term(c, words[i], kind);
        if (!(words[i] & NP_IS_TEST)) {
            add_term(c, words[i] >> 32 << 32, kind);
        }
    }
}

static void add_shared_terms(struct collector *c, uint32_t projection, uint32_t kind)
{
    if (projection) {
        const struct np_word_entry *entry = np_words_get(&c->draft->ends->projections, projection);
        add_terms(c, entry->items, entry->count, kind);
    }
}

static bool add_range(struct np_draft *draft, struct np_index *index, uint64_t word,
                      struct np_range range)
{
    struct np_range *place = np_vec_push(draft->ctx, &index->ranges);
    if (place) {
        *place = range;
    }
    return place && np_pairs_add(&index->terms, word, (uint32_t)index->ranges.count);
}

static bool list_terms(struct np_draft *draft, struct np_index *index)
{
    const struct np_ends_state *state = draft->ends;
    struct collector c = {.draft = draft};
    index->terms.ctx = draft->ctx;
    for (uint32_t kind = 1; kind <= state->kinds.entries.count; kind++) {
        const uint64_t *words = np_words_get(&state->kinds, kind)->items;
        add_shared_terms(&c, (uint32_t)(words[1] >> 32), kind);
        add_shared_terms(&c, (uint32_t)words[1], kind);
        add_terms(&c, words + NP_KIND_HEAD, (uint32_t)(words[2] >> 32), kind);
    }
    size_t count = c.items.count;
    index->term_kinds = np_arena_array(&draft->arena, count, sizeof *index->term_kinds);
    bool fine = !c.failed && index->term_kinds &&
                (count == 0 || np_sort_items(draft->ctx, c.items.items, count));
    for (size_t i = 0, first = 0; fine && i < count; i++) {
        uint64_t word = c.items.items[i].key.low;
        index->term_kinds[i] = c.items.items[i].value;
        if (i + 1 == count || c.items.items[i + 1].key.low != word) {
            struct np_range range = {(uint32_t)first, (uint32_t)(i + 1 - first)};
            fine = add_range(draft, index, word, range);
            first = i + 1;
        }
    }
    np_vec_free(draft->ctx, &c.items);
    return fine;
}

bool np_index_build(struct np_draft *draft)
{
    const struct np_ends_state *state = draft->ends;
    struct np_index *index = &draft->ends->members->index;
    uint32_t kinds = (uint32_t)state->kinds.entries.count + 1;
    uint32_t classes = (uint32_t)state->place_classes.entries.count + 1;
    uint32_t facts = (uint32_t)state->mentions.facts.entries.count + 1;
    index->n_facts = facts - 1;
    return make_lists(draft, &index->by_kind, kinds, each_kind) &&
           make_lists(draft, &index->by_class, classes, each_class) &&
           make_lists(draft, &index->by_fact, facts, each_fact) && weigh_facts(draft, index) &&
           sort_out(draft, index) && list_terms(draft, index);
}

void np_index_free(struct np_draft *draft)
{
    struct np_index *index = &draft->ends->members->index;
    np_pairs_free(&index->terms);
    np_vec_free(draft->ctx, &index->ranges);
    np_vec_free(draft->ctx, &index->nodes);
    np_vec_free(draft->ctx, &index->bare);
    np_vec_free(draft->ctx, &index->addressless);
    for (int i = 0; i < NP_FLATS; i++) {
        np_vec_free(draft->ctx, &index->flats[i]);
    }
}
