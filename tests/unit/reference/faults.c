/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of building and sealing a model fails in turn: a status, no leak; and evaluation
 * makes none. */
#include "np_cmocka.h"

#include "differential/generator.h"

static void every_allocation(void **state)
{
    static const struct gen_tweak as_drawn;
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        static struct gen g;
        gen_make(&g, seed, GEN_ALL & ~GEN_CROWD);
        bool done = false;
        for (size_t at = 1; !done; at++) {
            struct counting counting = {0};
            struct netpol_ctx *ctx = counting_ctx(&counting, NULL);
            assert_non_null(ctx);
            counting.fail_at = counting.calls + at;
            struct np_model *model = gen_build(ctx, &g, &as_drawn);
            done = counting.calls < counting.fail_at;
            assert_int_equal(model != NULL, done);
            np_model_destroy(model);
            netpol_ctx_destroy(ctx);
            assert_int_equal(counting.blocks, 0);
            assert_int_equal(counting.bytes, 0);
            assert_int_equal(counting.bad_size, 0);
        }
    }
}

static void evaluation_allocates_nothing(void **state)
{
    static const struct gen_tweak as_drawn;
    static struct gen g;
    struct counting counting = {0};
    struct netpol_ctx *ctx = counting_ctx(&counting, NULL);
    (void)state;
    assert_non_null(ctx);
    gen_make(&g, 7, GEN_ALL & ~GEN_CROWD);
    struct np_model *model = gen_build(ctx, &g, &as_drawn);
    assert_non_null(model);
    size_t before = counting.calls;
    struct gen_random random = {1};
    for (int i = 0; i < 200; i++) {
        struct gen_question q;
        struct netpol_verdict v;
        gen_question_make(&q, &random, GEN_ALL);
        gen_ask(model, &q, &as_drawn, NULL, NULL, &v);
    }
    assert_int_equal(counting.calls, before);
    np_model_destroy(model);
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation),
        cmocka_unit_test(evaluation_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
