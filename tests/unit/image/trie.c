/* SPDX-License-Identifier: Apache-2.0 */
/* Tries against a search from the front, at bounds, beside them and anywhere. */
#include "places.h"

#include "image/trie_find.h"

enum { MOST = 4096 };

struct world {
    struct counting counting;
    struct netpol_ctx *ctx;
    uint64_t random;
    struct np_place6 places[2 * MOST + 1];
    struct np_place4 places4[2 * MOST + 1];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->ctx = counting_ctx(&w->counting, NULL);
    w->random = 4711;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    netpol_ctx_destroy(w->ctx);
    int leaked = w->counting.blocks != 0 || w->counting.bad_size;
    free(w);
    return leaked;
}

static void assert_at4(struct world *w, const struct np_trie *trie, size_t count, uint32_t address)
{
    uint32_t due = places_find(w->places, count, (uint64_t)address << 32, 0);
    assert_int_equal(np_trie4_find(trie->words, trie->root_bits, address), due);
}

static void assert_at6(struct world *w, const struct np_trie *trie, size_t count, uint64_t high,
                       uint64_t low)
{
    uint32_t due = places_find(w->places, count, high, low);
    assert_int_equal(np_trie6_find(trie->words, trie->root_bits, high, low), due);
}

/* Compares everything that can be different; `tries` of the comparisons are anywhere. */
static void assert_same4(struct world *w, size_t count, size_t tries)
{
    struct np_trie trie;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal((uint32_t)w->places[i].high, 0);
        w->places4[i] =
            (struct np_place4){(uint32_t)(w->places[i].high >> 32), w->places[i].signature};
    }
    assert_int_equal(np_trie4_build(w->ctx, w->places4, count, &trie), NETPOL_OK);
    assert_true(np_trie4_valid(trie.words, trie.count, trie.root_bits, SIGNATURES));
    size_t step = count < 300 ? 1 : count / 300;
    for (size_t i = 0; i < count; i += step) {
        uint32_t at = w->places4[i].first;
        assert_at4(w, &trie, count, at);
        assert_at4(w, &trie, count, at - 1);
        assert_at4(w, &trie, count, at + 1);
    }
    assert_at4(w, &trie, count, 0);
    assert_at4(w, &trie, count, UINT32_MAX);
    for (size_t i = 0; i < tries; i++) {
        assert_at4(w, &trie, count, (uint32_t)random_next(&w->random));
        uint32_t near = w->places4[random_next(&w->random) % count].first;
        assert_at4(w, &trie, count, near ^ 1u << (random_next(&w->random) % 32));
    }
    np_trie_free(w->ctx, &trie);
}

static void assert_same6(struct world *w, size_t count, size_t tries)
{
    struct np_trie trie;
    assert_int_equal(np_trie6_build(w->ctx, w->places, count, &trie), NETPOL_OK);
    assert_true(np_trie6_valid(trie.words, trie.count, trie.root_bits, SIGNATURES));
    size_t step = count < 300 ? 1 : count / 300;
    for (size_t i = 0; i < count; i += step) {
        uint64_t high = w->places[i].high, low = w->places[i].low;
        assert_at6(w, &trie, count, high, low);
        assert_at6(w, &trie, count, high - (low == 0), low - 1);
        assert_at6(w, &trie, count, high + (low == UINT64_MAX), low + 1);
    }
    assert_at6(w, &trie, count, 0, 0);
    assert_at6(w, &trie, count, UINT64_MAX, UINT64_MAX);
    for (size_t i = 0; i < tries; i++) {
        assert_at6(w, &trie, count, random_next(&w->random), random_next(&w->random));
        const struct np_place6 *near = &w->places[random_next(&w->random) % count];
        assert_at6(w, &trie, count, near->high ^ 1ull << (random_next(&w->random) % 64), near->low);
        assert_at6(w, &trie, count, near->high, near->low ^ 1ull << (random_next(&w->random) % 64));
    }
    np_trie_free(w->ctx, &trie);
}

static void random_ipv4_places_are_found(void **state)
{
    struct world *w = *state;
    for (size_t prefixes = 0; prefixes < 40; prefixes++) {
        assert_same4(w, places_draw(w->places, prefixes, 0, 0, 0, 32, &w->random), 200);
    }
    assert_same4(w, places_draw(w->places, 400, 0, 0, 0, 32, &w->random), 300);
    assert_same4(w, places_draw(w->places, 1500, 0, 0, 7, 29, &w->random), 300);
}

static void crowded_ipv4_places_are_found(void **state)
{
    struct world *w = *state;
    const uint64_t ten = (uint64_t)10 << 56, last = (uint64_t)0xffffff << 40;
    for (int round = 0; round < 8; round++) {
        assert_same4(w, places_draw(w->places, 300, ten, 0, 8, 24, &w->random), 200);
        assert_same4(w, places_draw(w->places, 120, last, 0, 24, 32, &w->random), 200);
        assert_same4(w, places_draw(w->places, 120, 0, 0, 24, 32, &w->random), 200);
        assert_same4(w, places_draw(w->places, 200, 0, 0, 31, 32, &w->random), 50);
    }
}

static void random_ipv6_places_are_found(void **state)
{
    struct world *w = *state;
    const uint64_t documentation = 0x20010db8ull << 32;
    for (size_t prefixes = 0; prefixes < 40; prefixes++) {
        assert_same6(w, places_draw(w->places, prefixes, 0, 0, 0, 128, &w->random), 100);
        assert_same6(w, places_draw(w->places, prefixes, documentation, 0, 32, 64, &w->random),
                     100);
    }
    assert_same6(w, places_draw(w->places, 400, 0, 0, 0, 64, &w->random), 300);
    assert_same6(w, places_draw(w->places, 1500, documentation, 0, 32, 64, &w->random), 300);
    assert_same6(w, places_draw(w->places, 400, documentation, 0x10000, 112, 128, &w->random), 200);
    assert_same6(w, places_draw(w->places, 400, documentation, 0, 60, 128, &w->random), 200);
    assert_same6(w, places_draw(w->places, 100, UINT64_MAX, ~0xffull, 120, 128, &w->random), 200);
}

/* Every power of two, and every complement of one: as deep as tries get. */
static void nested_places_stay_within_the_steps(void **state)
{
    struct world *w = *state;
    for (int mirror = 0; mirror < 2; mirror++) {
        size_t count = 1;
        for (unsigned bit = 0; bit < 128; bit++) {
            uint64_t high = bit < 64 ? 0 : 1ull << (bit - 64), low = bit < 64 ? 1ull << bit : 0;
            w->places[count++] =
                mirror ? (struct np_place6){~high, ~low, 0} : (struct np_place6){high, low, 0};
        }
        assert_same6(w, places_seal(w->places, count, &w->random), 500);
        count = 1;
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t at = mirror ? ~(1u << bit) : 1u << bit;
            w->places[count++] = (struct np_place6){(uint64_t)at << 32, 0, 0};
        }
        assert_same4(w, places_seal(w->places, count, &w->random), 500);
    }
}

/* All addresses of a block, each a place of its own. */
static void places_of_one_address_are_found(void **state)
{
    struct world *w = *state;
    size_t count = 1;
    for (uint32_t i = 0; i < MOST; i++) {
        w->places[count++] = (struct np_place6){(uint64_t)(0xc0a80000u + i) << 32, 0, 0};
    }
    assert_same4(w, places_seal(w->places, count, &w->random), 300);
    count = 1;
    for (uint32_t i = 0; i < MOST; i++) {
        w->places[count++] = (struct np_place6){0xfd00ull << 48, i, 0};
    }
    assert_same6(w, places_seal(w->places, count, &w->random), 300);
}

static void tries_are_small(void **state)
{
    struct world *w = *state;
    struct np_trie trie;
    size_t count = places_draw(w->places, MOST, 0, 0, 7, 32, &w->random);
    for (size_t i = 0; i < count; i++) {
        w->places4[i] =
            (struct np_place4){(uint32_t)(w->places[i].high >> 32), w->places[i].signature};
    }
    assert_int_equal(np_trie4_build(w->ctx, w->places4, count, &trie), NETPOL_OK);
    print_message("%zu IPv4 places: %zu bytes, root %u bits\n", count,
                  trie.count * sizeof *trie.words, trie.root_bits);
    assert_true(trie.count < 3 * count);
    np_trie_free(w->ctx, &trie);
    assert_int_equal(np_trie4_build(w->ctx, w->places4, 1, &trie), NETPOL_OK);
    assert_true(trie.count < 16);
    np_trie_free(w->ctx, &trie);
    count = places_draw(w->places, MOST, 0x20010db8ull << 32, 0, 32, 64, &w->random);
    assert_int_equal(np_trie6_build(w->ctx, w->places, count, &trie), NETPOL_OK);
    print_message("%zu IPv6 places: %zu bytes, root %u bits\n", count,
                  trie.count * sizeof *trie.words, trie.root_bits);
    assert_true(trie.count < 5 * count);
    np_trie_free(w->ctx, &trie);
}

static void a_lack_of_memory_is_told(void **state)
{
    struct world *w = *state;
    size_t count = places_draw(w->places, 300, 0, 0, 0, 64, &w->random);
    size_t failures = 0;
    int status = NETPOL_ERR_MEMORY;
    while (status != NETPOL_OK) {
        struct np_trie trie;
        w->counting.fail_at = w->counting.calls + failures + 1;
        status = np_trie6_build(w->ctx, w->places, count, &trie);
        if (status != NETPOL_OK) {
            assert_int_equal(status, NETPOL_ERR_MEMORY);
            assert_null(trie.words);
            failures++;
        } else {
            np_trie_free(w->ctx, &trie);
        }
    }
    assert_true(failures > 1);
    w->counting.fail_at = 0;
}

static void signatures_that_do_not_fit_are_refused(void **state)
{
    struct world *w = *state;
    struct np_place4 places[] = {
        {0, 1          },
        {5, 0x80000000u}
    };
    struct np_trie trie;
    assert_int_equal(np_trie4_build(w->ctx, places, 2, &trie), NETPOL_ERR_LIMIT);
    assert_null(trie.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_ipv4_places_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(crowded_ipv4_places_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_ipv6_places_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nested_places_stay_within_the_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(places_of_one_address_are_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tries_are_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lack_of_memory_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signatures_that_do_not_fit_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("trie", tests, NULL, NULL);
}
