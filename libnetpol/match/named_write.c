/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Combinations, made by the writer when they are first met. What a combination needs is looked for
 * where it may be already: its set of literals, the columns of the groups that mention one of them,
 * the columns of all other groups, which are those of its place. Everything lives in one arena.
 */
#include "match/named_write.h"
#include "base/defect.h"

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
    np_vec_free(book->ctx, &book->fresh);
    np_vec_free(book->ctx, &book->mentions);
    np_vec_free(book->ctx, &book->key);
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
        *set = (struct np_literal_set){.items = copy, .count = count};
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
    uint32_t number = number_of_set(book, book->literals.items, count);
    if (number != UINT32_MAX && number && !book->sets.items[number].name.ptr) {
        struct np_slice copy = np_arena_slice(&book->arena, name);
        book->sets.items[number].name = (struct netpol_string){copy.ptr, copy.len};
        number = copy.ptr ? number : UINT32_MAX;
    }
    return number;
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

uint32_t np_named_join(struct np_named_book *book, uint32_t a, uint32_t b)
{
    const struct np_literal_set *x = &book->sets.items[a], *y = &book->sets.items[b];
    uint32_t count = 0;
    if (a == b || y->count == 0) {
        return a;
    }
    if (!room_for_literals(book)) {
        return UINT32_MAX;
    }
    for (uint32_t i = 0, k = 0; i < x->count || k < y->count;) {
        uint32_t one = i < x->count ? x->items[i] : UINT32_MAX;
        uint32_t other = k < y->count ? y->items[k] : UINT32_MAX;
        book->literals.items[count++] = one < other ? one : other;
        i += one <= other;
        k += other <= one;
    }
    return count == x->count ? a : number_of_set(book, book->literals.items, count);
}

/* ---- columns ---- */

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
                                          const struct np_named_far *far)
{
    const struct np_namer_group *group = &book->namer->groups[number];
    enum np_relation relations[NP_RELATIONS];
    uint32_t n = relations_of(book, group, far->base, relations);
    size_t cells = (size_t)group->n_columns * group->n_sources;
    struct np_named_column *column =
        np_arena_alloc(&book->arena, sizeof *column + n * cells * sizeof(struct np_named_part));
    uint32_t *literals = np_arena_array(&book->arena, far->n_literals, sizeof *literals);
    if (!column || !literals) {
        return NULL;
    }
    if (far->n_literals) {
        memcpy(literals, far->literals, far->n_literals * sizeof *literals);
    }
    column->literals = literals;
    column->n_literals = far->n_literals;
    memset(column->block, NP_NAMED_NO_BLOCK, sizeof column->block);
    for (uint32_t i = 0; i < n; i++) {
        column->block[relations[i]] = (uint8_t)i;
        if (!book->namer->fold(book->namer, number, relations[i], far, &column->parts[i * cells])) {
            return NULL;
        }
    }
    book->n_columns++;
    book->folded += n * cells;
    return column;
}

/* By group, place, and the group's literals that hold and matter. NULL: no memory. */
static const struct np_named_column *column_of(struct np_named_book *book, uint32_t number,
                                               const struct np_named_far *far)
{
    bool added;
    if (!np_vec_grow(book->ctx, (void **)&book->key.items, &book->key.capacity,
                     (size_t)far->n_literals + 2, sizeof *book->key.items)) {
        return NULL;
    }
    uint32_t *words = book->key.items;
    words[0] = number;
    words[1] = far->base;
    if (far->n_literals) {
        memcpy(words + 2, far->literals, far->n_literals * sizeof *words);
    }
    uint64_t *known = np_map_add(&book->columns, key_of(words, far->n_literals + 2), &added);
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
    const struct np_named_far far = {.where = where, .base = base};
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
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* What the set has and the origin's has not, into book->fresh. */
static bool list_fresh(struct np_named_book *book, uint32_t set, uint32_t origin)
{
    const struct np_literal_set *all = &book->sets.items[set], *had = &book->sets.items[origin];
    book->fresh.count = 0;
    if (!np_vec_grow(book->ctx, (void **)&book->fresh.items, &book->fresh.capacity, all->count + 1,
                     sizeof *book->fresh.items)) {
        return false;
    }
    for (uint32_t i = 0, k = 0; i < all->count; i++) {
        k += k < had->count && had->items[k] < all->items[i];
        if (k == had->count || had->items[k] != all->items[i]) {
            book->fresh.items[book->fresh.count++] = all->items[i];
        }
    }
    return true;
}

/* The groups that mention a fresh literal, each with these, into book->mentions. */
static bool list_mentions(struct np_named_book *book)
{
    const struct np_namer *namer = book->namer;
    book->mentions.count = 0;
    for (size_t i = 0; i < book->fresh.count; i++) {
        uint32_t literal = book->fresh.items[i];
        for (uint32_t u = namer->first_user[literal]; u < namer->first_user[literal + 1]; u++) {
            uint64_t *mention = np_vec_push(book->ctx, &book->mentions);
            if (!mention) {
                return false;
            }
            *mention = (uint64_t)namer->users[u] << 32 | literal;
        }
    }
    if (book->fresh.count > 1 && book->mentions.count) { /* of one literal they are in order */
        qsort(book->mentions.items, book->mentions.count, sizeof *book->mentions.items, compare);
    }
    return true;
}

/* Where the number is in the mentions from `at` on; *end: behind its last. */
static uint32_t group_at(const struct np_named_book *book, size_t at, size_t *end)
{
    if (at == book->mentions.count) {
        *end = at;
        return UINT32_MAX;
    }
    uint32_t group = (uint32_t)(book->mentions.items[at] >> 32);
    for (*end = at; *end < book->mentions.count && book->mentions.items[*end] >> 32 == group;) {
        ++*end;
    }
    return group;
}

/* A group's column: the literals of the one it had (NULL: none) and those mentioned from..end. */
static const struct np_named_column *grown(struct np_named_book *book, uint32_t group,
                                           const struct np_named_column *had, size_t from,
                                           size_t end, const struct np_named_order *order)
{
    uint32_t count = 0, before = had ? had->n_literals : 0;
    if (!room_for_literals(book)) {
        return NULL;
    }
    for (uint32_t i = 0; i < before || from < end;) {
        uint32_t one = i < before ? had->literals[i] : UINT32_MAX;
        uint32_t other = from < end ? (uint32_t)book->mentions.items[from] : UINT32_MAX;
        book->literals.items[count++] = one < other ? one : other;
        i += one < other;
        from += one > other;
    }
    count =
        book->namer->reduce(book->namer, group, book->literals.items, count, book->literals.items);
    const struct np_named_far far = {order->where, order->base, book->literals.items, count};
    return column_of(book, group, &far);
}

/* The columns of the origin, those of groups that mention what is fresh made anew. */
static bool fill_columns(struct np_named_book *book, const struct np_named_order *order,
                         const struct np_named *origin, struct np_named *out)
{
    size_t room = origin->count + book->mentions.count, end;
    uint32_t *groups = np_arena_array(&book->arena, room, sizeof *groups);
    const struct np_named_column **columns = np_arena_array(&book->arena, room, sizeof *columns);
    bool fine = groups && columns;
    uint32_t at = 0;
    for (size_t i = 0; fine && (at < origin->count || i < book->mentions.count);) {
        uint32_t old = at < origin->count ? origin->groups[at] : UINT32_MAX;
        uint32_t fresh = group_at(book, i, &end);
        const struct np_named_column *column = old <= fresh ? origin->columns[at] : NULL;
        if (fresh <= old && !(np_defect(NAMES_FIRST_COLUMN) && column)) {
            column = grown(book, fresh, column, i, end, order);
        }
        i = fresh <= old ? end : i;
        groups[out->count] = old < fresh ? old : fresh;
        columns[out->count++] = column;
        at += old <= fresh;
        fine = column != NULL;
    }
    out->groups = groups;
    out->columns = columns;
    return fine;
}

/* The origin's names, and of each part that adds a literal the name that is known for it. */
static bool list_names(struct np_named_book *book, const struct np_named_order *order,
                       const struct np_named *origin, struct np_named *out)
{
    size_t room = (size_t)origin->n_names + order->n_parts;
    struct netpol_string *names = np_arena_array(&book->arena, room, sizeof *names);
    if (!names) {
        return false;
    }
    np_named_union_begin(book);
    np_named_union_add(book, origin->set);
    for (uint32_t i = 0; i < origin->n_names; i++) {
        names[out->n_names++] = origin->names[i];
    }
    for (uint32_t i = 0; i < order->n_parts; i++) {
        if (np_named_union_add(book, order->parts[i])) {
            names[out->n_names++] = book->sets.items[order->parts[i]].name;
        }
    }
    out->names = names;
    return true;
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

static bool fill(struct np_named_book *book, const struct np_named_order *order,
                 struct np_named *out)
{
    static const struct np_named nothing = {0};
    const struct np_named *origin = order->origin == NP_NAMED_NOT
                                        ? &nothing
                                        : np_named_at(&book->table, NP_SIG_NAMED + order->origin);
    return list_fresh(book, order->set, origin->set) && list_mentions(book) &&
           fill_columns(book, order, origin, out) && list_names(book, order, origin, out);
}

int np_named_make(struct np_named_book *book, const struct np_named_order *order, uint32_t *number)
{
    const uint32_t words[] = {order->base, order->set};
    bool added;
    const struct place *place = place_of(book, order->where, order->base);
    if (place && place->outside && book->n_combinations >= NP_NAMED_MOST) {
        return NETPOL_ERR_LIMIT;
    }
    struct np_named *named = place ? next_named(book) : NULL;
    struct np_named made = {.namer = book->namer, .base = order->base, .set = order->set};
    bool fine = named && (!place->outside || fill(book, order, &made));
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
