/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kinds a selector matches. Candidates come from its narrowest part that is found backwards;
 * each is judged by the selector itself. Selectors of equal content are judged once.
 */
#include "compile/members_internal.h"

#include <stdlib.h>

/* ---- content ---- */

static bool put_content(struct np_ends_state *state, const struct np_selector *s)
{
    bool fine = np_project_put(state, (uint64_t)s->count << 32 | (uint64_t)s->term_op << 16 |
                                          (uint64_t)s->scope << 8 | s->op);
    if (s->op == NP_SELECT_TERM) {
        fine = fine && np_project_put(state, s->key->id);
        for (uint32_t i = 0; fine && i < s->count; i++) {
            fine = np_project_put(state, s->values[i]->id);
        }
        return fine;
    }
    for (uint32_t i = 0; fine && i < s->count; i++) {
        fine = put_content(state, s->kids[i]);
    }
    return fine;
}

uint32_t np_selector_number(struct np_draft *draft, const struct np_selector *selector)
{
    struct np_ends_state *state = draft->ends;
    state->scratch.count = 0;
    return put_content(state, selector)
               ? np_words_add(&state->members->selectors, state->scratch.items,
                              (uint32_t)state->scratch.count)
               : 0;
}

/* ---- candidates ---- */

static uint32_t key_of(const struct np_mentions *m, const struct np_selector *term)
{
    return np_mentions_key(m, term->scope, term->key);
}

/* The word of a value of a term; 0: nothing has it. */
static uint64_t word_of(const struct np_mentions *m, const struct np_selector *term, uint32_t i)
{
    uint32_t key = key_of(m, term);
    return key ? (uint64_t)key << 32 | np_project_value(m, key, term->values[i]) : 0;
}

static const struct np_range *range_of(const struct np_index *index, uint64_t word)
{
    static const struct np_range empty = {0, 0};
    uint32_t number = word ? np_pairs_find(&index->terms, word) : 0;
    return number ? &index->ranges.items[number - 1] : &empty;
}

/* Terms that say what is there, about something that is in the words of kinds. */
static bool is_listed(const struct np_mentions *m, const struct np_selector *term)
{
    if (term->scope == NP_SCOPE_FIELD) {
        uint32_t key = key_of(m, term);
        if (!key || (key != m->fields[NP_FIELD_NAMESPACE] && key != m->fields[NP_FIELD_NAME] &&
                     key != m->fields[NP_FIELD_ACCOUNT])) {
            return false;
        }
    }
    return term->term_op == NP_OP_IN || term->term_op == NP_OP_EXISTS;
}

/* At most how many kinds; all of them where there is no list. */
static uint64_t weight(const struct np_ends_state *state, const struct np_selector *s)
{
    const struct np_index *index = &state->members->index;
    const struct np_mentions *m = &state->mentions;
    uint64_t all = state->kinds.entries.count;
    uint64_t sum = 0;
    switch (s->op) {
    case NP_SELECT_TERM:
        if (!is_listed(m, s)) {
            return all;
        }
        if (s->term_op == NP_OP_EXISTS) {
            return range_of(index, (uint64_t)key_of(m, s) << 32)->count;
        }
        for (uint32_t i = 0; i < s->count; i++) {
            sum += range_of(index, word_of(m, s, i))->count;
        }
        return sum < all ? sum : all;
    case NP_SELECT_ALL:
        for (uint32_t i = 0; i < s->count; i++) {
            uint64_t one = weight(state, s->kids[i]);
            all = one < all ? one : all;
        }
        return all;
    case NP_SELECT_ANY:
        for (uint32_t i = 0; i < s->count; i++) {
            sum += weight(state, s->kids[i]);
        }
        return sum < all ? sum : all;
    default:
        return all;
    }
}

static bool add_kind(struct np_draft *draft, uint32_t kind)
{
    struct np_members_state *members = draft->ends->members;
    if (members->kind_stamp[kind] == members->kind_stamps) {
        return true;
    }
    members->kind_stamp[kind] = members->kind_stamps;
    uint32_t *place = np_vec_push(draft->ctx, &members->kinds);
    if (place) {
        *place = kind;
    }
    return place != NULL;
}

static bool add_range(struct np_draft *draft, const struct np_range *range)
{
    const struct np_index *index = &draft->ends->members->index;
    bool fine = true;
    for (uint32_t i = 0; fine && i < range->count; i++) {
        fine = add_kind(draft, index->term_kinds[range->begin + i]);
    }
    return fine;
}

static bool add_all(struct np_draft *draft)
{
    bool fine = true;
    for (uint32_t kind = 1; fine && kind <= draft->ends->kinds.entries.count; kind++) {
        fine = add_kind(draft, kind);
    }
    return fine;
}

/* Into members->kinds. false: no memory. */
static bool add_candidates(struct np_draft *draft, const struct np_selector *s)
{
    const struct np_ends_state *state = draft->ends;
    const struct np_index *index = &state->members->index;
    const struct np_mentions *m = &state->mentions;
    uint64_t least = weight(state, s);
    bool fine = true;
    if (least >= state->kinds.entries.count) {
        return add_all(draft);
    }
    if (s->op == NP_SELECT_TERM && s->term_op == NP_OP_EXISTS) {
        return add_range(draft, range_of(index, (uint64_t)key_of(m, s) << 32));
    }
    for (uint32_t i = 0; fine && i < s->count; i++) {
        if (s->op == NP_SELECT_TERM) {
            fine = add_range(draft, range_of(index, word_of(m, s, i)));
        } else if (s->op == NP_SELECT_ANY) {
            fine = add_candidates(draft, s->kids[i]);
        } else if (weight(state, s->kids[i]) == least) {
            return add_candidates(draft, s->kids[i]);
        }
    }
    return fine;
}

/* ---- judging ---- */

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool judge(struct np_draft *draft, const struct np_selector *selector,
                  struct np_selected *out)
{
    struct np_ends_state *state = draft->ends;
    struct np_members_state *members = state->members;
    members->kinds.count = 0;
    members->kind_stamps++;
    if (!add_candidates(draft, selector)) {
        return false;
    }
    uint32_t *kinds = members->kinds.items;
    uint32_t count = 0;
    for (size_t i = 0; i < members->kinds.count; i++) {
        if (np_selector_match(selector, state->kind_first.items[kinds[i] - 1])) {
            kinds[count++] = kinds[i];
        }
    }
    if (count > 1) {
        qsort(kinds, count, sizeof *kinds, compare_numbers);
    }
    uint32_t *kept = np_arena_array(&draft->arena, count, sizeof *kept);
    if (kept && count) {
        memcpy(kept, kinds, count * sizeof *kinds);
    }
    *out = (struct np_selected){kept, count, true};
    return kept != NULL;
}

const struct np_selected *np_selector_kinds(struct np_draft *draft,
                                            const struct np_selector *selector)
{
    struct np_members_state *members = draft->ends->members;
    uint32_t number = np_selector_number(draft, selector);
    while (number > members->selected.count) { /* numbers are also given for nodes' selectors */
        struct np_selected *more = np_vec_push(draft->ctx, &members->selected);
        if (!more) {
            return NULL;
        }
        *more = (struct np_selected){0};
    }
    struct np_selected *selected = number ? &members->selected.items[number - 1] : NULL;
    if (selected && !selected->known) {
        struct np_selected judged;
        if (!judge(draft, selector, &judged)) {
            return NULL;
        }
        *selected = judged;
    }
    return selected;
}
