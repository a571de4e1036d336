/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_PROJECT_INTERNAL_H
#define NP_IMAGE_PROJECT_INTERNAL_H
/* How the words of PROJECTION and KINDS lie; shared by their reader and their writer. */
#include "image/project.h"

/* The head of PROJECTION. */
enum {
    HEAD_FLAGS,
    HEAD_KEYS,
    HEAD_TESTS,
    HEAD_PORTS,
    HEAD_SPACES,
    HEAD_ACCOUNTS,
    HEAD_BYTES, /* of texts */
    HEAD_SPARE,
    HEAD_WORDS
};
/* Rows of its tables; a text is two words, offset and length. */
enum { KEY_SCOPE = 2, KEY_TESTS, KEY_N_TESTS, KEY_WORDS };
enum { TEST_OP = 2, TEST_WORDS };
enum { PORT_WORDS = 2 };
enum { SPACE_CLASS = 2, SPACE_WORDS };
enum { ACCOUNT_CLASS = 4, ACCOUNT_WORDS };

/* Canonical words: the classes of namespace and account; 1 for the host's network; items. */
enum { WORDS_BEFORE_ITEMS = 2 };

/* The key is there; value 0: one that nobody asks for, else the place of the test + 1. */
static inline uint64_t np_item_value(uint32_t key, uint32_t value)
{
    return (uint64_t)key << 32 | value;
}
static inline uint64_t np_item_pattern(uint32_t key, uint32_t test)
{
    return (uint64_t)key << 32 | 1u << 31 | test;
}
static inline uint64_t np_item_port(uint32_t name, uint8_t protocol, uint16_t port)
{
    return 1ull << 63 | (uint64_t)name << 24 | (uint64_t)protocol << 16 | port;
}

/* KINDS: two counts, four tables of u32, then (from a multiple of 8) the canonical words. */
enum { KINDS_COUNT, KINDS_WORDS, KINDS_HEAD };
static inline size_t np_kinds_tables(size_t count)
{
    return ((KINDS_HEAD + 4 * count + 1) & ~(size_t)1) * sizeof(uint32_t);
}
int np_words_compare(const uint64_t *a, uint32_t n_a, const uint64_t *b, uint32_t n_b);
uint32_t np_combo_at(uint32_t kind, uint32_t place, uint32_t node);
#endif
