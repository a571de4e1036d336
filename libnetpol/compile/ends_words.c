/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of numbers kept once, and a map from numbers to numbers. Open addressing, at most half
 * full. */
#include "compile/ends_internal.h"

enum { FIRST_CAPACITY = 64 };

void np_words_init(struct np_words *words, const struct netpol_ctx *ctx)
{
    *words = (struct np_words){.ctx = ctx};
    np_arena_init(&words->arena, ctx, 4096);
}

void np_words_free(struct np_words *words)
{
    if (words->ctx) {
        np_arena_free(&words->arena);
        np_vec_free(words->ctx, &words->entries);
        np_free(words->ctx, words->slots, words->capacity * sizeof *words->slots);
        *words = (struct np_words){0};
    }
}

static uint32_t *find_slot(const struct np_words *words, uint64_t hash, const uint64_t *items,
                           uint32_t count)
{
    uint32_t mask = words->capacity - 1;
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        uint32_t *slot = &words->slots[at];
        if (*slot == 0) {
            return slot;
        }
        const struct np_word_entry *entry = np_words_get(words, *slot);
        if (entry->hash == hash && entry->count == count &&
            (count == 0 || memcmp(entry->items, items, count * sizeof *items) == 0)) {
            return slot;
        }
    }
}

static bool grow_words(struct np_words *words)
{
    uint32_t capacity = words->capacity ? words->capacity * 2 : FIRST_CAPACITY;
    uint32_t *slots = np_zalloc(words->ctx, capacity * sizeof *slots);
    if (!slots) {
        return false;
    }
    for (uint32_t n = 1; n <= words->entries.count; n++) {
        uint32_t at = (uint32_t)np_words_get(words, n)->hash & (capacity - 1);
        while (slots[at]) {
            at = (at + 1) & (capacity - 1);
        }
        slots[at] = n;
    }
    np_free(words->ctx, words->slots, words->capacity * sizeof *words->slots);
    words->slots = slots;
    words->capacity = capacity;
    return true;
}

uint32_t np_words_add(struct np_words *words, const uint64_t *items, uint32_t count)
{
    if (words->entries.count * 2 >= words->capacity && !grow_words(words)) {
        return 0;
    }
    uint64_t hash = np_hash(words->ctx, items, count * sizeof *items);
    uint32_t *slot = find_slot(words, hash, items, count);
    if (*slot) {
        return *slot;
    }
    uint64_t *copy = np_arena_array(&words->arena, count, sizeof *copy);
    struct np_word_entry *entry = copy ? np_vec_push(words->ctx, &words->entries) : NULL;
    if (!entry) {
        return 0;
    }
    if (count) {
        memcpy(copy, items, count * sizeof *copy);
    }
    *entry = (struct np_word_entry){copy, count, hash};
    *slot = (uint32_t)words->entries.count;
    return *slot;
}

/* ---- pairs ---- */

static uint32_t pair_place(const struct np_pair_slot *slots, uint32_t capacity, uint64_t key)
{
    uint64_t mixed = (key ^ key >> 29) * 0x9e3779b97f4a7c15ull;
    uint32_t at = (uint32_t)(mixed >> 32) & (capacity - 1);
    while (slots[at].key && slots[at].key != key) {
        at = (at + 1) & (capacity - 1);
    }
    return at;
}

void np_pairs_free(struct np_pairs *pairs)
{
    if (pairs->ctx) {
        np_free(pairs->ctx, pairs->slots, pairs->capacity * sizeof *pairs->slots);
        *pairs = (struct np_pairs){0};
    }
}

uint32_t np_pairs_find(const struct np_pairs *pairs, uint64_t key)
{
    return pairs->capacity ? pairs->slots[pair_place(pairs->slots, pairs->capacity, key)].value : 0;
}

bool np_pairs_add(struct np_pairs *pairs, uint64_t key, uint32_t value)
{
    if (pairs->count * 2 >= pairs->capacity) {
        uint32_t capacity = pairs->capacity ? pairs->capacity * 2 : FIRST_CAPACITY;
        struct np_pair_slot *slots = np_zalloc(pairs->ctx, capacity * sizeof *slots);
        if (!slots) {
            return false;
        }
        for (uint32_t i = 0; i < pairs->capacity; i++) {
            if (pairs->slots[i].key) {
                slots[pair_place(slots, capacity, pairs->slots[i].key)] = pairs->slots[i];
            }
        }
        np_free(pairs->ctx, pairs->slots, pairs->capacity * sizeof *pairs->slots);
        pairs->slots = slots;
        pairs->capacity = capacity;
    }
    struct np_pair_slot *slot = &pairs->slots[pair_place(pairs->slots, pairs->capacity, key)];
    if (!slot->key) {
        *slot = (struct np_pair_slot){key, value};
        pairs->count++;
    }
    return true;
}
