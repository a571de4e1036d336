/* SPDX-License-Identifier: Apache-2.0 */
/* The context, the allocator hook, arenas, vectors and bitsets. */
#include "np_cmocka.h"

#include "base/base.h"

static void context_defaults_and_arguments(void **state)
{
    (void)state;
    struct netpol_ctx *ctx = NULL, *other = NULL;
    assert_int_equal(netpol_ctx_create(NULL, NULL), NETPOL_ERR_ARGUMENT);
    struct netpol_ctx_options bad = {.size = 3};
    assert_int_equal(netpol_ctx_create(&bad, &ctx), NETPOL_ERR_ARGUMENT);
    struct netpol_limits limits = {.size = 1};
    struct netpol_ctx_options bad_limits = {.size = sizeof bad_limits, .limits = &limits};
    assert_int_equal(netpol_ctx_create(&bad_limits, &ctx), NETPOL_ERR_ARGUMENT);
    assert_null(ctx);

    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    assert_int_equal(netpol_ctx_create(NULL, &other), NETPOL_OK);
    assert_int_equal(ctx->limits.depth, 64);
    assert_int_equal(ctx->limits.documents, 1000000);
    assert_int_equal(ctx->limits.input_bytes, 2147483648u);
    assert_int_equal(ctx->limits.diags, 200);
    /* Two contexts hash differently: who knows one seed does not know the other. */
    assert_int_not_equal(ctx->hash_seed, other->hash_seed);
    assert_int_not_equal(np_hash(ctx, "a", 1), np_hash(other, "a", 1));
    netpol_ctx_destroy(ctx);
    netpol_ctx_destroy(other);
    netpol_ctx_destroy(NULL);
}

static void limits_given_replace_defaults_one_by_one(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_limits limits = {.size = sizeof limits, .depth = 5};
    struct netpol_ctx *ctx = counting_ctx(&c, &limits);
    assert_int_equal(ctx->limits.depth, 5);
    assert_int_equal(ctx->limits.key_bytes, 4096);
    netpol_ctx_destroy(ctx);
    limits.depth = 1000000; /* recursive readers must stay far from the end of the stack */
    ctx = counting_ctx(&c, &limits);
    assert_int_equal(ctx->limits.depth, NP_DEPTH_MAX);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
}

static void arena_gives_zeroed_aligned_and_counts(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    size_t before = c.bytes;
    struct np_arena arena;
    np_arena_init(&arena, ctx, 300);
    unsigned char *last = NULL;
    for (size_t size = 0; size < 5000; size = size * 2 + 1) {
        unsigned char *p = np_arena_alloc(&arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xEE, size);
        assert_ptr_not_equal(p, last);
        last = p;
    }
    assert_int_equal(arena.bytes, c.bytes - before);
    np_arena_reset(&arena);
    assert_true(arena.bytes > 0);
    size_t calls = c.calls;
    unsigned char *again = np_arena_alloc(&arena, 1000); /* fits the chunk that was kept */
    assert_int_equal(c.calls, calls);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(again[i], 0);
    }
    assert_non_null(np_arena_array(&arena, 0, 8));
    assert_null(np_arena_array(&arena, SIZE_MAX / 4, 8));
    assert_null(np_arena_alloc(&arena, SIZE_MAX - 3));
    struct np_slice copy = np_arena_slice(&arena, (struct np_slice){"ab\0c", 4});
    assert_memory_equal(copy.ptr, "ab\0c", 5);
    assert_string_equal(np_arena_text(&arena, (struct np_slice){NULL, 0}), "");
    np_arena_free(&arena);
    assert_int_equal(arena.bytes, 0);
    assert_int_equal(c.bytes, before);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

static void arena_keeps_its_room_when_a_big_block_passes(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    struct np_arena arena;
    np_arena_init(&arena, ctx, 4096);
    assert_non_null(np_arena_alloc(&arena, 16));
    assert_non_null(np_arena_alloc(&arena, 100000));
    size_t calls = c.calls;
    assert_non_null(np_arena_alloc(&arena, 2000));
    assert_int_equal(c.calls, calls);
    np_arena_free(&arena);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
}

static void vector_grows_and_survives_failure(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    np_vec(uint32_t) v = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t *slot = np_vec_push(ctx, &v);
        assert_non_null(slot);
        *slot = i * 3;
    }
    c.fail_at = c.calls + 1;
    c.sticky = 1;
    size_t pushed = 1000;
    while (np_vec_push(ctx, &v)) {
        pushed++;
    }
    assert_int_equal(v.count, pushed);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(v.items[i], i * 3);
    }
    np_vec_free(ctx, &v);
    assert_null(v.items);
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

static void bitset_counts(void **state)
{
    (void)state;
    struct counting c = {0};
    struct netpol_ctx *ctx = counting_ctx(&c, NULL);
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct np_bits set;
        assert_true(np_bits_init(ctx, &set, sizes[s]));
        size_t expected = 0;
        for (size_t i = 0; i < sizes[s]; i += 3) {
            np_bits_set(&set, i);
            expected++;
        }
        assert_int_equal(np_bits_count(&set), expected);
        if (sizes[s]) {
            assert_true(np_bits_get(&set, 0));
            np_bits_clear(&set, 0);
            assert_false(np_bits_get(&set, 0));
            assert_int_equal(np_bits_count(&set), expected - 1);
        }
        np_bits_free(ctx, &set);
    }
    netpol_ctx_destroy(ctx);
    assert_int_equal(c.blocks, 0);
    assert_false(c.bad_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(context_defaults_and_arguments),
        cmocka_unit_test(limits_given_replace_defaults_one_by_one),
        cmocka_unit_test(arena_gives_zeroed_aligned_and_counts),
        cmocka_unit_test(arena_keeps_its_room_when_a_big_block_passes),
        cmocka_unit_test(vector_grows_and_survives_failure),
        cmocka_unit_test(bitset_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
