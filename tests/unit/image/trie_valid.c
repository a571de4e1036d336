/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged tries: whatever np_trie*_valid lets pass can be searched without leaving the words, and
 * answers with signatures that exist. The words lie at the end of their block, so that a sanitizer
 * sees a step outside.
 */
#include "places.h"

#include "image/trie_find.h"

enum { PREFIXES = 150, FLIPS = 6000 };

struct world {
    struct counting counting;
    struct netpol_ctx *ctx;
    uint64_t random;
    struct np_place6 places[2 * PREFIXES + 1];
    struct np_trie trie;
    bool six;
};

static int set_up(struct world *w, bool six)
{
    w->ctx = counting_ctx(&w->counting, NULL);
    w->random = 99;
    w->six = six;
    size_t count =
        places_draw(w->places, PREFIXES, (uint64_t)10 << 56, 0, 8, six ? 128 : 32, &w->random);
    struct np_place4 places4[2 * PREFIXES + 1];
    for (size_t i = 0; i < count; i++) {
        places4[i] =
            (struct np_place4){(uint32_t)(w->places[i].high >> 32), w->places[i].signature};
    }
    return six ? np_trie6_build(w->ctx, w->places, count, &w->trie)
               : np_trie4_build(w->ctx, places4, count, &w->trie);
}

static void tear_down(struct world *w)
{
    np_trie_free(w->ctx, &w->trie);
    netpol_ctx_destroy(w->ctx);
    assert_int_equal(w->counting.blocks, 0);
}

static bool is_valid(const struct world *w, const uint32_t *words, size_t count, uint8_t root_bits)
{
    return w->six ? np_trie6_valid(words, count, root_bits, SIGNATURES)
                  : np_trie4_valid(words, count, root_bits, SIGNATURES);
}

static void search(struct world *w, const uint32_t *words)
{
    for (int i = 0; i < 200; i++) {
        uint64_t high = random_next(&w->random), low = random_next(&w->random);
        high = i % 2 ? high >> 8 | (uint64_t)10 << 56 : high;
        uint32_t found = w->six ? np_trie6_find(words, w->trie.root_bits, high, low)
                                : np_trie4_find(words, w->trie.root_bits, (uint32_t)(high >> 32));
        assert_true(found < SIGNATURES);
    }
}

static void flip_bits(bool six)
{
    struct world w = {0};
    assert_int_equal(set_up(&w, six), NETPOL_OK);
    size_t size = w.trie.count * sizeof(uint32_t), refused = 0;
    uint32_t *words = malloc(size);
    for (size_t i = 0; i < FLIPS; i++) {
        memcpy(words, w.trie.words, size);
        size_t at = random_next(&w.random) % w.trie.count;
        words[at] ^= 1u << (random_next(&w.random) % 32);
        if (i % 3 == 0) { /* what two entries name, one of them twice */
            words[at] = words[random_next(&w.random) % w.trie.count];
        }
        if (is_valid(&w, words, w.trie.count, w.trie.root_bits)) {
            search(&w, words);
        } else {
            refused++;
        }
    }
    assert_true(refused > FLIPS / 20);
    free(words);
    tear_down(&w);
}

static void flipped_ipv4_words_are_refused_or_harmless(void **state)
{
    (void)state;
    flip_bits(false);
}

static void flipped_ipv6_words_are_refused_or_harmless(void **state)
{
    (void)state;
    flip_bits(true);
}

static void truncated_tries_are_refused_or_harmless(void **state)
{
    (void)state;
    for (int six = 0; six < 2; six++) {
        struct world w = {0};
        assert_int_equal(set_up(&w, six), NETPOL_OK);
        size_t passed = 0;
        for (size_t count = 0; count < w.trie.count; count++) {
            uint32_t *words = malloc(count * sizeof *words + 1);
            memcpy(words, w.trie.words, count * sizeof *words);
            if (is_valid(&w, words, count, w.trie.root_bits)) {
                search(&w, words);
                passed++;
            }
            free(words);
        }
        assert_true(passed <= NP_TRIE_BUCKET * 4); /* the words behind the last bucket */
        assert_false(is_valid(&w, w.trie.words, w.trie.count, 17));
        assert_false(is_valid(&w, w.trie.words, w.trie.count, 255));
        tear_down(&w);
    }
}

/* A table that leads to itself, and one table under two entries. */
static void loops_and_shared_blocks_are_refused(void **state)
{
    (void)state;
    uint32_t words[64];
    for (size_t i = 0; i < 64; i++) {
        words[i] = NP_TRIE_IS_LEAF | 1;
    }
    words[0] = 1;
    words[1] = 0;                                 /* first */
    words[2] = 28 | NP_TRIE_BITS_LEAST << 8;      /* shape */
    words[3] = words[4] = 0;                      /* below, above */
    assert_true(np_trie4_valid(words, 21, 0, 2)); /* 1 + 4 + 16 */
    assert_int_equal(np_trie4_find(words, 0, 77), 1);
    assert_false(np_trie4_valid(words, 20, 0, 2));
    assert_false(np_trie4_valid(words, 21, 0, 1));
    words[5] = 1;
    assert_false(np_trie4_valid(words, 64, 0, 2));
    words[5] = NP_TRIE_IS_BUCKET | 21; /* one bound, two signatures */
    words[21] = 9;
    words[22] = words[23] = 1;
    assert_true(np_trie4_valid(words, 64, 0, 2));
    words[6] = words[5];
    assert_false(np_trie4_valid(words, 64, 0, 2));
    words[6] = NP_TRIE_IS_BUCKET | 24;
    words[25] = words[26] = 1;
    assert_true(np_trie4_valid(words, 64, 0, 2));
    words[26] = 2;
    assert_false(np_trie4_valid(words, 64, 0, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_ipv4_words_are_refused_or_harmless),
        cmocka_unit_test(flipped_ipv6_words_are_refused_or_harmless),
        cmocka_unit_test(truncated_tries_are_refused_or_harmless),
        cmocka_unit_test(loops_and_shared_blocks_are_refused),
    };
    return cmocka_run_group_tests_name("trie_valid", tests, NULL, NULL);
}
