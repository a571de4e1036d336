/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Combinations, made by the writer when they are first met. What a combination needs is looked for
 * where it may be already: its set of literals, the columns of the groups that mention one of them,
 * the columns of all other groups, which are those of its place. Everything lives in one arena.
 */
#include "match/named_write.h"

#include <stdlib.h>

/* What all combinations of a bare signature share. */
struct place {
    bool outside;
    const struct np_named_column **others; /* by group */
};

static struct np_slice key_of(const void *words, size_t count)
{
    return (struct np_slice){words, count * sizeof(uint32_t)};
}

bool np_named_begin(const struct netpol_ctx *ctx, const struct np_hot *hot,
                    const struct np_namer *namer, struct np_named_book *book)
{
    *book = (struct np_named_book){.ctx = ctx, .hot = hot, .namer = namer};
    np_arena_init(&book->arena, ctx, 4096);
    np_map_init(&book->set_numbers, ctx);
    np_map_init(&book->places, ctx);
    np_map_init(&book->columns, ctx);
    np_map_init(&book->combinations, ctx);
    struct np_literal_set *empty = np_vec_push(ctx, &book->sets);
    if (empty) {
        *empty = (struct np_literal_set){0};
    }
    return np_bits_init(ctx, &book->marked, (size_t)namer->n_literals + 1) && empty;
}

void np_named_free(struct np_named_book *book)
{
    np_bits_free(book->ctx, &book->marked);
    np_map_free(&book->set_numbers);
    np_map_free(&book->places);
    np_map_free(&book->columns);
    np_map_free(&book->combinations);
    np_vec_free(book->ctx, &book->sets);
    np_vec_free(book->ctx, &book->literals);
    np_vec_free(book->ctx, &book->groups);
    np_arena_free(&book->arena);
}

/* ---- sets of literals ---- */

static uint32_t number_of_set(struct np_named_book *book, const uint32_t *items, uint32_t count)
{
    bool added;
    if (count == 0) {
        return 0;
    }
    struct np_slice key = key_of(items, count);
    uint64_t *number = np_map_add(&book->set_numbers, key, &added);
    if (number && *number == 0) {
        uint32_t *copy = np_arena_array(&book->arena, count, sizeof *copy);
        struct np_literal_set *set = copy ? np_vec_push(book->ctx, &book->sets) : NULL;
        if (!set) {
            np_map_remove(&book->set_numbers, key);
            return UINT32_MAX;
        }
        memcpy(copy, items, count * sizeof *copy);
        *set = (struct np_literal_set){copy, count};
        *number = book->sets.count - 1;
    }
    return number ? (uint32_t)*number : UINT32_MAX;
}

static bool room_for_literals(struct np_named_book *book)
{
    return np_vec_grow(book->ctx, (void **)&book->literals.items, &book->literals.capacity,
                       (size_t)book->namer->n_patterns + 1, sizeof *book->literals.items);
}

uint32_t np_named_match(struct np_named_book *book, struct np_slice name)
{
    if (book->namer->n_literals == 0) {
        return 0;
    }
    if (!room_for_literals(book)) {
        return UINT32_MAX;
    }
    uint32_t count = book->namer->match(book->namer, name, book->literals.items);
    return number_of_set(book, book->literals.items, count);
}

void np_named_union_begin(struct np_named_book *book)
{
    memset(book->marked.words, 0, (book->namer->n_literals / 64 + 1) * sizeof *book->marked.words);
}

bool np_named_union_add(struct np_named_book *book, uint32_t set)
{
    bool more = false;
    const struct np_literal_set *s = &book->sets.items[set];
    for (uint32_t i = 0; i < s->count; i++) {
        more = more || !np_bits_get(&book->marked, s->items[i]);
        np_bits_set(&book->marked, s->items[i]);
    }
    return more;
}

uint32_t np_named_union_end(struct np_named_book *book)
{
    uint32_t count = 0;
    if (!room_for_literals(book)) {
        return UINT32_MAX;
    }
    for (uint32_t w = 0; w <= book->namer->n_literals / 64; w++) {
        for (uint64_t bits = book->marked.words[w]; bits; bits &= bits - 1) {
            book->literals.items[count++] = w * 64 + (uint32_t)__builtin_ctzll(bits);
        }
    }
    return number_of_set(book, book->literals.items, count);
}

/* ---- columns ---- */

/* The far end at hand, and what its names are. */
struct far {
    const struct np_where *where;
    uint32_t base;
    const struct np_literal_set *set;
    const struct netpol_string *names;
    uint32_t n_names;
};

/* The relations in which the end can stand to a near end of the group. An address that is neither
 * an endpoint's nor a node's is never on a node that it could be told by. */
static uint32_t relations_of(const struct np_named_book *book, const struct np_namer_group *group,
                             uint32_t base, enum np_relation out[NP_RELATIONS])
{
    uint32_t n = 0, bits = book->hot->sig_class[base] >> 24;
    out[n++] = NP_RELATION_OTHER;
    if (book->namer->relations && group->bare_near) {
        out[n++] = NP_RELATION_SELF;
    }
    if (book->namer->relations && bits & NP_SIG_MISSING) {
        out[n++] = NP_RELATION_MAYBE_NODE;
        out[n++] =
            bits & NP_SIG_SERVICE ? NP_RELATION_MAYBE_TRANSLATED : NP_RELATION_MAYBE_UNLEARNT;
    }
    return n;
}

static const struct np_named_column *fold(struct np_named_book *book, uint32_t number,
                                          const struct far *far)
{
    const struct np_namer_group *group = &book->namer->groups[number];
    enum np_relation relations[NP_RELATIONS];
    uint32_t n = relations_of(book, group, far->base, relations);
    size_t cells = (size_t)group->n_columns * group->n_sources;
    struct np_named_column *column =
        np_arena_alloc(&book->arena, sizeof *column + n * cells * sizeof(struct np_named_part));
    if (!column) {
        return NULL;
    }
    memset(column->block, NP_NAMED_NO_BLOCK, sizeof column->block);
    for (uint32_t i = 0; i < n; i++) {
        column->block[relations[i]] = (uint8_t)i;
        book->namer->fold(book->namer, number, relations[i], far->where, far->names, far->n_names,
                          &column->parts[i * cells]);
    }
    book->n_columns++;
    book->folded += n * cells;
    return column;
}

/* The literals of the set that the group mentions; how many. */
static uint32_t mask(const struct np_namer_group *group, const struct np_literal_set *set,
                     uint32_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0, k = 0; i < set->count && k < group->n_literals;) {
        if (set->items[i] == group->literals[k]) {
            out[n++] = set->items[i];
            i++;
            k++;
        } else if (set->items[i] < group->literals[k]) {
            i++;
        } else {
            k++;
        }
    }
    return n;
}

/* By group, place, and the group's literals that hold. NULL: no memory. */
static const struct np_named_column *column_of(struct np_named_book *book, uint32_t number,
                                               const struct far *far)
{
    bool added;
    if (!np_vec_grow(book->ctx, (void **)&book->literals.items, &book->literals.capacity,
                     (size_t)book->namer->n_literals + 2, sizeof *book->literals.items)) {
        return NULL;
    }
    uint32_t *words = book->literals.items;
    words[0] = number;
    words[1] = far->base;
    uint32_t n = 2 + mask(&book->namer->groups[number], far->set, words + 2);
    uint64_t *known = np_map_add(&book->columns, key_of(words, n), &added);
    if (known && *known == 0) {
        *known = (uint64_t)(uintptr_t)fold(book, number, far);
    }
    return known ? (const struct np_named_column *)(uintptr_t)*known : NULL;
}

/* ---- places ---- */

/* NULL: no memory. */
static const struct place *place_of(struct np_named_book *book, const struct np_where *where,
                                    uint32_t base)
{
    static const struct np_literal_set none = {0};
    const struct far far = {.where = where, .base = base, .set = &none};
    bool added;
    uint64_t *known = np_map_add(&book->places, key_of(&base, 1), &added);
    if (!known || *known) {
        return known ? (const struct place *)(uintptr_t)*known : NULL;
    }
    struct place *place = np_arena_alloc(&book->arena, sizeof *place);
    uint32_t n = book->namer->n_groups;
    bool fine = place != NULL;
    if (fine) {
        place->outside = book->namer->is_outside(book->namer, where);
        place->others = np_arena_array(&book->arena, n, sizeof *place->others);
        fine = place->others != NULL;
    }
    for (uint32_t g = 0; fine && place->outside && g < n; g++) {
        place->others[g] = column_of(book, g, &far);
        fine = place->others[g] != NULL;
    }
    known = np_map_find(&book->places, key_of(&base, 1));
    *known = fine ? (uint64_t)(uintptr_t)place : 0;
    return fine ? place : NULL;
}

/* ---- combinations ---- */

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The groups that mention a literal of the set, into book->groups. */
static bool list_groups(struct np_named_book *book, const struct np_literal_set *set)
{
    const struct np_namer *namer = book->namer;
    book->groups.count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t literal = set->items[i];
        for (uint32_t u = namer->first_user[literal]; u < namer->first_user[literal + 1]; u++) {
            uint32_t *group = np_vec_push(book->ctx, &book->groups);
            if (!group) {
                return false;
            }
            *group = namer->users[u];
        }
    }
    if (book->groups.count) {
        qsort(book->groups.items, book->groups.count, sizeof *book->groups.items, compare);
    }
    size_t kept = 0;
    for (size_t i = 0; i < book->groups.count; i++) {
        if (kept == 0 || book->groups.items[kept - 1] != book->groups.items[i]) {
            book->groups.items[kept++] = book->groups.items[i];
        }
    }
    book->groups.count = kept;
    return true;
}

static bool fill_columns(struct np_named_book *book, const struct far *far, struct np_named *out)
{
    uint32_t count = (uint32_t)book->groups.count;
    uint32_t *groups = np_arena_array(&book->arena, count, sizeof *groups);
    const struct np_named_column **columns = np_arena_array(&book->arena, count, sizeof *columns);
    bool fine = groups && columns;
    for (uint32_t i = 0; fine && i < count; i++) {
        groups[i] = book->groups.items[i];
        columns[i] = column_of(book, groups[i], far);
        fine = columns[i] != NULL;
    }
    out->count = count;
    out->groups = groups;
    out->columns = columns;
    return fine;
}

static bool copy_names(struct np_named_book *book, const struct far *far, struct np_named *out)
{
    struct netpol_string *names = np_arena_array(&book->arena, far->n_names, sizeof *names);
    bool fine = names != NULL;
    for (uint32_t i = 0; fine && i < far->n_names; i++) {
        struct np_slice text = {far->names[i].ptr, far->names[i].len};
        struct np_slice copy = np_arena_slice(&book->arena, text);
        names[i] = (struct netpol_string){copy.ptr, copy.len};
        fine = copy.ptr != NULL;
    }
    out->names = names;
    out->n_names = far->n_names;
    return fine;
}

/* Where the next combination goes; NULL: no memory. */
static struct np_named *next_named(struct np_named_book *book)
{
    uint32_t at;
    unsigned chunk = np_named_chunk(book->n_combinations, &at);
    if (!book->table.chunks[chunk]) {
        book->table.chunks[chunk] = np_arena_array(
            &book->arena, (size_t)1 << (NP_NAMED_FIRST_BITS + chunk), sizeof(struct np_named));
    }
    struct np_named *first = (struct np_named *)(uintptr_t)book->table.chunks[chunk];
    return first ? first + at : NULL;
}

bool np_named_find(const struct np_named_book *book, uint32_t base, uint32_t set, uint32_t *number)
{
    const uint32_t words[] = {base, set};
    const uint64_t *known =
        book->combinations.count ? np_map_find(&book->combinations, key_of(words, 2)) : NULL;
    if (known) {
        *number = (uint32_t)*known;
    }
    return known != NULL;
}

int np_named_make(struct np_named_book *book, const struct np_where *where, uint32_t base,
                  uint32_t set, const struct netpol_string *names, uint32_t n_names,
                  uint32_t *number)
{
    const struct far far = {where, base, &book->sets.items[set], names, n_names};
    const uint32_t words[] = {base, set};
    bool added;
    const struct place *place = place_of(book, where, base);
    if (place && place->outside && book->n_combinations >= NP_NAMED_MOST) {
        return NETPOL_ERR_LIMIT;
    }
    struct np_named *named = place ? next_named(book) : NULL;
    struct np_named made = {.namer = book->namer, .base = base};
    bool fine = named && (!place->outside ||
                          (list_groups(book, far.set) && fill_columns(book, &far, &made) &&
                           copy_names(book, &far, &made)));
    uint64_t *known = fine ? np_map_add(&book->combinations, key_of(words, 2), &added) : NULL;
    if (!known) {
        return NETPOL_ERR_MEMORY;
    }
    *number = NP_NAMED_NOT;
    if (place->outside) {
        made.others = place->others;
        *named = made;
        *number = book->n_combinations++;
    }
    *known = *number;
    return NETPOL_OK;
}
