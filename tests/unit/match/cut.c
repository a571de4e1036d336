/* SPDX-License-Identifier: Apache-2.0 */
/* Residual trees against a walk along the list, every instruction set, one key and many. */
#include "cuts.h"

static const struct cuts_shape shapes[] = {
    {.addresses = 8,   .wide = 30,           .ports = 50, .families = 1,             .short_prefixes = true},
    {.addresses = 2000,                .wide = 10,                    .ports = 40,      .families = 1},
    {.addresses = 300,                .wide = 60,                     .ports = 70,       .families = 1, .falling = true},
    {.addresses = 100, .wide = 20,                     .ports = 40,                 .families = 2                               },
    {.addresses = 50,   .wide = 30,                       .ports = 50,    .families = 7,.short_prefixes = true},
    {.addresses = 1,   .wide = 100, .ports = 90,         .families = 4                                   },
};

static void lists_answer_as_a_walk(void **state)
{
    struct cuts *c = *state;
    static const size_t sizes[] = {1, 2, 7, 8, 9, 17, 60, 300, 1500};
    static struct np_box boxes[1500];
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
            for (int again = 0; again < (sizes[n] < 100 ? 6 : 1); again++) {
                cuts_boxes(c, &shapes[s], boxes, sizes[n]);
                cuts_compare(c, boxes, sizes[n], 77777, 512);
            }
        }
    }
}

static void an_empty_list_is_its_default(void **state)
{
    cuts_compare(*state, NULL, 0, 42, 50);
}

/* The last holds everything, so nothing behind a wildcard is ever found. */
static void wildcards_hide_what_follows(void **state)
{
    struct cuts *c = *state;
    static struct np_box boxes[200];
    struct cuts_shape shape = shapes[1];
    cuts_boxes(c, &shape, boxes, 200);
    memset(&boxes[3], 0, sizeof boxes[3]);
    boxes[3].any_protocol = boxes[3].no_ports = 1;
    boxes[3].src_last = boxes[3].dst_last = UINT16_MAX;
    boxes[3].value = 3;
    cuts_compare(c, boxes, 200, 9, 512);
    memset(boxes, 0, sizeof boxes);
    for (size_t i = 0; i < 200; i++) {
        boxes[i] = boxes[199];
        boxes[i].any_protocol = boxes[i].no_ports = 1;
        boxes[i].src_last = boxes[i].dst_last = UINT16_MAX;
        boxes[i].value = (uint32_t)(7 + i);
    }
    cuts_compare(c, boxes, 200, 9, 512);
    struct np_cut_key key = {.family = 6};
    assert_int_equal(np_cut_find(&c->image, 1, &key), 7);
}

/* One prefix five thousand times: equal in all, then told apart by ports, then by protocol. */
static void equal_prefixes(void **state)
{
    struct cuts *c = *state;
    enum { N = 5000 };
    static struct np_box boxes[N];
    for (int told = 0; told < 4; told++) {
        memset(boxes, 0, sizeof boxes);
        for (uint32_t i = 0; i < N; i++) {
            boxes[i].src[1] = 0x0a000000;
            boxes[i].dst[1] = 0x0a010203;
            boxes[i].src_length = 8;
            boxes[i].dst_length = 32;
            boxes[i].family = 4;
            boxes[i].any_protocol = told != 3;
            boxes[i].protocol = told == 3 ? (uint8_t)i : 0;
            boxes[i].src_first = told == 1 ? (uint16_t)(i * 11) : 0;
            boxes[i].src_last = told == 1 ? (uint16_t)(i * 11 + 20) : UINT16_MAX;
            boxes[i].dst_first = told == 2 ? (uint16_t)(N - i) : 0;
            boxes[i].dst_last = told == 2 ? (uint16_t)(N + i) : UINT16_MAX;
            boxes[i].value = i;
        }
        cuts_compare(c, boxes, N, 1, 512);
    }
}

/* Every prefix of one address, of both families, longest last: only the shortest are ever found;
 * then longest first. */
static void deep_nesting(void **state)
{
    struct cuts *c = *state;
    static struct np_box boxes[33 * 33 + 129 * 9];
    for (int longest_first = 0; longest_first < 2; longest_first++) {
        size_t n = 0;
        memset(boxes, 0, sizeof boxes);
        for (unsigned i = 0; i < 33 * 33 + 129 * 9; i++) {
            bool six = i >= 33 * 33;
            unsigned src = six ? (i - 33 * 33) / 9 : i / 33;
            unsigned dst = six ? (i - 33 * 33) % 9 * 16 : i % 33;
            struct np_box *box = &boxes[n];
            box->family = six ? 6 : 4;
            box->src_length = (uint8_t)(longest_first ? (six ? 128 : 32) - src : src);
            box->dst_length = (uint8_t)(longest_first ? (six ? 128 : 32) - dst : dst);
            box->src[0] = box->dst[0] = six ? UINT64_C(0xfd00aaaa5555ffff) : 0;
            box->src[1] = box->dst[1] = six ? UINT64_C(0x123456789abcdef0) : 0xc0a8ffff;
            box->any_protocol = 1;
            box->src_last = box->dst_last = UINT16_MAX;
            box->value = (uint32_t)n++;
        }
        cuts_compare(c, boxes, n, 5000, 2048);
    }
}

/* More places than 16 bits can tell apart, so that regions have to be cut before leaves. */
static void many_places(void **state)
{
    struct cuts *c = *state;
    enum { N = 50000 };
    struct np_box *boxes = calloc(N, sizeof *boxes);
    assert_non_null(boxes);
    for (uint32_t i = 0; i < N; i++) {
        boxes[i].family = 4;
        boxes[i].src[1] = i * UINT32_C(85899);
        boxes[i].dst[1] = (N - i) * UINT32_C(85891);
        boxes[i].src_length = i % 7 == 3 ? 9 : i % 5 == 1 ? 0 : 32;
        boxes[i].dst_length = i % 11 == 3 ? 0 : i % 3 == 1 ? 20 : 32;
        boxes[i].any_protocol = i % 2 == 0;
        boxes[i].protocol = i % 2 ? 6 : 0;
        boxes[i].src_last = UINT16_MAX;
        boxes[i].dst_first = i % 4 ? 0 : (uint16_t)i;
        boxes[i].dst_last = i % 4 ? UINT16_MAX : (uint16_t)i;
        boxes[i].value = i;
    }
    cuts_compare(c, boxes, N, N, 1024);
    free(boxes);
}

/* Equal lists are one tree; another default is another. The same lists give the same bytes. */
static void equal_lists_are_one_tree(void **state)
{
    struct cuts *c = *state;
    static struct np_box boxes[100];
    uint32_t a, b, other, again;
    struct np_image_writer first, second;
    cuts_boxes(c, &shapes[4], boxes, 100);
    assert_int_equal(np_cut_add(c->build, boxes, 100, 1, &a), NETPOL_OK);
    assert_int_equal(np_cut_add(c->build, boxes, 100, 2, &other), NETPOL_OK);
    assert_int_equal(np_cut_add(c->build, boxes, 100, 1, &b), NETPOL_OK);
    assert_int_equal(a, b);
    assert_int_not_equal(a, other);
    struct np_cut_build *twin = np_cut_begin(c->ctx);
    assert_non_null(twin);
    assert_int_equal(np_cut_add(twin, boxes, 100, 1, &again), NETPOL_OK);
    assert_int_equal(np_cut_add(twin, boxes, 100, 2, &again), NETPOL_OK);
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    np_cut_sections(c->build, &first);
    np_cut_sections(twin, &second);
    for (size_t i = 0; i < 3; i++) {
        enum np_section s = cuts_sections[i];
        assert_int_equal(first.sections[s].bytes, second.sections[s].bytes);
        assert_memory_equal(first.sections[s].items, second.sections[s].items,
                            (size_t)first.sections[s].bytes);
    }
    np_cut_free(twin);
}

/* Every allocation of a short list, and one in so many of a longer one, which has a table. */
static void allocations_may_fail(void **state)
{
    struct cuts *c = *state;
    static struct np_box boxes[400];
    for (size_t count = 20; count <= 400; count *= 20) {
        bool worked = false;
        cuts_boxes(c, &shapes[4], boxes, count);
        for (size_t n = 1; !worked; n += count < 100 ? 1 : 1 + n / 20) {
            uint32_t root;
            c->counting.fail_at = c->counting.calls + n;
            struct np_cut_build *build = np_cut_begin(c->ctx);
            int status = build ? np_cut_add(build, boxes, count, 1, &root) : NETPOL_ERR_MEMORY;
            worked = status == NETPOL_OK;
            assert_true(worked || status == NETPOL_ERR_MEMORY);
            assert_true(worked || n < 1000000);
            np_cut_free(build);
        }
        c->counting.fail_at = 0;
    }
}

static void some_variant_is_there(void **state)
{
    (void)state;
    assert_true(np_simd_available(NP_SIMD_SCALAR));
    assert_true(np_simd_use(NP_SIMD_SCALAR));
    assert_false(np_simd_available(NP_SIMD_AVX2) && np_simd_available(NP_SIMD_NEON));
    assert_false(np_simd_use(NP_SIMD_COUNT));
    for (int v = 0; v < NP_SIMD_COUNT; v++) {
        print_message("variant %d: %s\n", v,
                      np_simd_available((enum np_simd)v) ? "tested" : "not on this machine");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_variant_is_there),
        cmocka_unit_test_setup_teardown(lists_answer_as_a_walk, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(an_empty_list_is_its_default, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(wildcards_hide_what_follows, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(equal_prefixes, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(deep_nesting, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(many_places, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(equal_lists_are_one_tree, cuts_set_up, cuts_tear_down),
        cmocka_unit_test_setup_teardown(allocations_may_fail, cuts_set_up, cuts_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
