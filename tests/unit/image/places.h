/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_IMAGE_PLACES_H
#define NP_TESTS_IMAGE_PLACES_H
/* Random sets of places, as prefixes would cut them, spread and crowded; and the plain search. */
#include "np_cmocka.h"

#include "image/trie.h"

enum { SIGNATURES = 1000 };
__extension__ typedef unsigned __int128 wide_address;

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull;
}

static inline int place_compare(const void *a, const void *b)
{
    const struct np_place6 *x = a, *y = b;
    if (x->high != y->high) {
        return x->high < y->high ? -1 : 1;
    }
    return x->low < y->low ? -1 : x->low > y->low;
}

/* Sorts, begins at 0, drops what is there twice, gives signatures. Returns how many are left. */
static inline size_t places_seal(struct np_place6 *places, size_t count, uint64_t *random)
{
    places[0] = (struct np_place6){0};
    qsort(places, count, sizeof *places, place_compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || place_compare(&places[kept - 1], &places[i]) != 0) {
            places[kept++] = places[i];
        }
    }
    for (size_t i = 0; i < kept; i++) {
        places[i].signature = (uint32_t)(random_next(random) % SIGNATURES);
    }
    return kept;
}

/*
 * Bounds of `prefixes` random prefixes: up to 2 * prefixes + 1 places. The first `fixed` bits are
 * those of (high, low); lengths from `fixed` + 1 to `longest`. IPv4 lies in the upper 32 bits.
 */
static inline size_t places_draw(struct np_place6 *places, size_t prefixes, uint64_t high,
                                 uint64_t low, unsigned fixed, unsigned longest, uint64_t *random)
{
    size_t count = 1;
    for (size_t i = 0; i < prefixes; i++) {
        unsigned length = fixed + 1 + (unsigned)(random_next(random) % (longest - fixed));
        wide_address span = length == 0 ? 0 : (wide_address)1 << (128 - length);
        wide_address any = (wide_address)random_next(random) << 64 | random_next(random);
        wide_address base = (wide_address)high << 64 | low;
        wide_address first = (base | any >> fixed) & ~(span - 1);
        wide_address behind = first + span;
        places[count++] = (struct np_place6){(uint64_t)(first >> 64), (uint64_t)first, 0};
        if (behind != 0) {
            places[count++] = (struct np_place6){(uint64_t)(behind >> 64), (uint64_t)behind, 0};
        }
    }
    return places_seal(places, count, random);
}

/* The definition: the last place that does not begin behind the address. */
static inline uint32_t places_find(const struct np_place6 *places, size_t count, uint64_t high,
                                   uint64_t low)
{
    size_t i = 0;
    while (i + 1 < count && (places[i + 1].high < high ||
                             (places[i + 1].high == high && places[i + 1].low <= low))) {
        i++;
    }
    return places[i].signature;
}
#endif
