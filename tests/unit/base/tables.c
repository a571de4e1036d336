/* SPDX-License-Identifier: Apache-2.0 */
/* Interned strings and the hash map, against the plainest possible model. */
#include "np_cmocka.h"

#include "base/base.h"

static void interning_gives_one_address_per_text(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    struct np_strings *strings = np_strings_create(ctx);
    np_str first[5000];
    char text[32];
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "label-%u", i);
        assert_null(np_strings_find(strings, np_slice_of(text)));
        first[i] = np_intern_text(strings, text);
        assert_int_equal(first[i]->id, i);
        assert_string_equal(first[i]->text, text);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(text, sizeof text, "label-%u", i);
        assert_ptr_equal(np_intern_text(strings, text), first[i]);
        assert_ptr_equal(np_strings_find(strings, np_slice_of(text)), first[i]);
    }
    assert_int_equal(np_strings_count(strings), 5000);
    np_str empty = np_intern(strings, (struct np_slice){NULL, 0});
    assert_int_equal(empty->len, 0);
    assert_ptr_equal(np_intern_text(strings, ""), empty);
    np_str nul = np_intern(strings, (struct np_slice){"a\0b", 3});
    assert_ptr_not_equal(nul, np_intern_text(strings, "a"));
    np_strings_destroy(strings);
    np_strings_destroy(NULL);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

enum { KEYS = 400 };

/* Random adds and removes; a table of present keys is the model. */
static void map_equals_its_model_under_random_change(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    struct np_map map;
    np_map_init(&map, ctx);
    bool present[KEYS] = {0};
    uint64_t values[KEYS] = {0};
    size_t count = 0;
    uint32_t random = 12345;
    for (uint32_t step = 0; step < 40000; step++) {
        random = random * 1664525u + 1013904223u;
        uint32_t k = (random >> 8) % KEYS;
        char key[64];
        snprintf(key, sizeof key, "%u-a-key-that-is-somewhat-long", k);
        if (random >> 31) {
            bool added;
            uint64_t *value = np_map_add(&map, np_slice_of(key), &added);
            assert_non_null(value);
            assert_int_equal(added, !present[k]);
            count += added;
            assert_int_equal(*value, present[k] ? values[k] : 0);
            *value = values[k] = step;
            present[k] = true;
        } else {
            assert_int_equal(np_map_remove(&map, np_slice_of(key)), present[k]);
            count -= present[k];
            present[k] = false;
        }
        assert_int_equal(map.count, count);
    }
    size_t seen = 0, cursor = 0;
    struct np_slice key;
    uint64_t value;
    while (np_map_next(&map, &cursor, &key, &value)) {
        unsigned long k = strtoul(key.ptr, NULL, 10);
        assert_true(present[k]);
        assert_int_equal(value, values[k]);
        seen++;
    }
    assert_int_equal(seen, count);
    /* 40,000 steps over 400 keys of 30 bytes: dead keys do not pile up. */
    assert_true(map.keys.bytes < 200000);
    np_map_free(&map);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

static void map_holds_empty_and_binary_keys(void **state)
{
    (void)state;
    struct netpol_ctx *ctx;
    bool added;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    struct np_map map;
    np_map_init(&map, ctx);
    assert_null(np_map_find(&map, np_slice_of("x")));
    assert_false(np_map_remove(&map, np_slice_of("x")));
    *np_map_add(&map, (struct np_slice){NULL, 0}, &added) = 7;
    *np_map_add(&map, (struct np_slice){"a\0", 2}, &added) = 8;
    assert_int_equal(*np_map_find(&map, np_slice_of("")), 7);
    assert_null(np_map_find(&map, np_slice_of("a")));
    assert_int_equal(*np_map_find(&map, (struct np_slice){"a\0", 2}), 8);
    np_map_free(&map);
    netpol_ctx_destroy(ctx);
}

/* Each allocation fails in turn: a NULL, nothing lost, nothing leaked. */
static void tables_survive_every_failed_allocation(void **state)
{
    (void)state;
    bool finished = false;
    for (size_t n = 2; !finished; n++) {
        struct counting c = {.fail_at = n};
        struct netpol_ctx *ctx = counting_ctx(&c, NULL);
        struct np_strings *strings = np_strings_create(ctx);
        struct np_map map;
        np_map_init(&map, ctx);
        size_t held = 0;
        bool added;
        for (int i = 0; i < 300; i++) {
            char key[16];
            snprintf(key, sizeof key, "k%d", i);
            if (strings) {
                np_intern_text(strings, key);
            }
            held += np_map_add(&map, np_slice_of(key), &added) != NULL;
        }
        assert_int_equal(map.count, held);
        assert_true(held >= 299);
        if (strings) {
            assert_true(np_strings_count(strings) >= 299);
        }
        finished = c.calls < n;
        np_map_free(&map);
        np_strings_destroy(strings);
        netpol_ctx_destroy(ctx);
        assert_int_equal(c.blocks, 0);
        assert_false(c.bad_size);
    }
}

static void suggestions(void **state)
{
    (void)state;
    static const char *const fields[] = {"podSelector", "policyTypes", "ingress", "egress", "port"};
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"podselector",       "podSelector"},
        {"podSelecter",       "podSelector"},
        {"ingres",            "ingress"    },
        {"egresss",           "egress"     },
        {"inrgess",           "ingress"    },
        {"PORT",              "port"       },
        {"ports",             "port"       },
        {"ab",                NULL         },
        {"",                  NULL         },
        {"namespaceSelector", NULL         },
        {"policyType",        "policyTypes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got = np_suggest(np_slice_of(cases[i].word), fields, 5);
        if (cases[i].expected) {
            assert_non_null(got);
            assert_string_equal(got, cases[i].expected);
        } else {
            assert_null(got);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interning_gives_one_address_per_text),
        cmocka_unit_test(map_equals_its_model_under_random_change),
        cmocka_unit_test(map_holds_empty_and_binary_keys),
        cmocka_unit_test(tables_survive_every_failed_allocation),
        cmocka_unit_test(suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
