/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_IDENTITY_H
#define NP_IMAGE_IDENTITY_H
/*
 * Identities in an image: IDENTITIES is sorted by number, IDENTITY_PREFIXES by family, address and
 * length, so that what stands before an address and is nearest is the longest prefix that holds it,
 * or lies inside one that does: `outer` leads from prefix to prefix outwards.
 */
#include "image/image.h"

/* By family, address, length. */
static inline int np_identity_order(const struct np_identity_record *a,
                                    const struct np_identity_record *b)
{
    int order = a->family - b->family;
    order = order ? order : memcmp(a->address, b->address, sizeof a->address);
    return order ? order : a->length - b->length;
}

static inline bool np_identity_holds(const struct np_identity_record *prefix, uint8_t family,
                                     const uint8_t address[16])
{
    unsigned whole = prefix->length / 8, bits = prefix->length % 8;
    unsigned rest = bits ? 0xff00u >> bits & 0xffu : 0;
    return prefix->family == family && memcmp(prefix->address, address, whole) == 0 &&
           (rest == 0 || ((unsigned)(prefix->address[whole] ^ address[whole]) & rest) == 0);
}

/* Index in IDENTITIES; the count: there is none of this number. */
static inline uint32_t np_identity_index(const struct np_image *image, uint32_t number)
{
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    uint32_t low = 0, count = image->count[NP_SECTION_IDENTITIES], high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (records[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && records[low].number == number ? low : count;
}

/* The number of the longest prefix that holds an address; 0: none does. */
static inline uint32_t np_identity_longest(const struct np_image *image, uint8_t family,
                                           const uint8_t address[16])
{
    const struct np_identity_record *records = image->section[NP_SECTION_IDENTITIES];
    const struct np_identity_prefix *prefixes = image->section[NP_SECTION_IDENTITY_PREFIXES];
    struct np_identity_record asked = {.family = family, .length = 128};
    memcpy(asked.address, address, sizeof asked.address);
    uint32_t low = 0, high = image->count[NP_SECTION_IDENTITY_PREFIXES];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (np_identity_order(&records[prefixes[middle].identity], &asked) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low && !np_identity_holds(&records[prefixes[low - 1].identity], family, address)) {
        low = prefixes[low - 1].outer;
    }
    return low ? records[prefixes[low - 1].identity].number : 0;
}
#endif
