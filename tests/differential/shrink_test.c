/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the shrinker find the heart of a failure? The engine under test is the reference over a set
 * in which one thing was altered; whatever else was drawn must go.
 */
#include "np_cmocka.h"

#include "differential/boundaries.h"
#include "differential/shrink.h"

static const struct gen_tweak as_drawn = {0};

struct broken {
    struct netpol_ctx *ctx;
    void (*alter)(struct gen *g);
};

static bool differs(void *user, const struct gen *gen, const struct netpol_tuple *tuple)
{
    const struct broken *broken = user;
    static struct gen altered;
    struct netpol_verdict right, wrong;
    altered = *gen;
    broken->alter(&altered);
    struct np_model *model = gen_build(broken->ctx, gen, &as_drawn);
    struct np_model *other = gen_build(broken->ctx, &altered, &as_drawn);
    assert_non_null(model);
    assert_non_null(other);
    np_reference_eval(model, tuple, NULL, NULL, NULL, &right);
    np_reference_eval(other, tuple, NULL, NULL, NULL, &wrong);
    np_model_destroy(model);
    np_model_destroy(other);
    return right.action != wrong.action;
}

/* PASS taken for DENY. */
static void pass_denies(struct gen *g)
{
    for (int i = 0; i < g->n_policies; i++) {
        for (int k = 0; k < NP_DIRECTIONS * GEN_RULES; k++) {
            struct gen_rule *rule = &g->policies[i].rules[k % NP_DIRECTIONS][k / NP_DIRECTIONS];
            rule->action = rule->action == NP_ACT_PASS ? NP_ACT_DENY : rule->action;
        }
    }
}

/* `except` forgotten. */
static void no_except(struct gen *g)
{
    for (int i = 0; i < g->n_policies; i++) {
        for (int k = 0; k < NP_DIRECTIONS * GEN_RULES; k++) {
            struct gen_rule *rule = &g->policies[i].rules[k % NP_DIRECTIONS][k / NP_DIRECTIONS];
            for (int a = 0; a < rule->alts; a++) {
                for (int l = 0; l < GEN_LITERALS; l++) {
                    rule->match[a].far.items[l].except_bits = 0;
                }
            }
        }
    }
}

/* A set and a tuple that the broken engine gets wrong. */
static bool find(struct shrink *s, const struct broken *broken)
{
    static struct boundaries b;
    for (uint64_t seed = 1; seed < 5000; seed++) {
        struct gen_random random = {seed};
        gen_make(&s->gen, seed, GEN_ALL & ~GEN_CROWD);
        struct np_model *model = gen_build(broken->ctx, &s->gen, &as_drawn);
        assert_non_null(model);
        boundaries_of(model, &b);
        bool found = false;
        for (int i = 0; i < 50 && !found; i++) {
            boundaries_draw(&b, &random, &s->tuple);
            found = s->gen.n_policies > 4 && differs(s->user, &s->gen, &s->tuple);
        }
        np_model_destroy(model);
        if (found) {
            return true;
        }
    }
    return false;
}

static void shrinks(void (*alter)(struct gen *g))
{
    static struct shrink s;
    struct broken broken = {.alter = alter};
    assert_int_equal(netpol_ctx_create(NULL, &broken.ctx), NETPOL_OK);
    s = (struct shrink){.fails = differs, .user = &broken, .most = 20000};
    assert_true(find(&s, &broken));
    shrink_case(&s);
    assert_true(differs(&broken, &s.gen, &s.tuple));
    uint32_t rules = 0;
    for (int i = 0; i < s.gen.n_policies; i++) {
        rules += s.gen.policies[i].n_rules[0] + s.gen.policies[i].n_rules[1];
    }
    assert_in_range(s.gen.n_policies, 1, 2);
    assert_in_range(rules, 1, 3);
    assert_int_equal(s.gen.crowd, 0);
    assert_int_equal(s.tuple.reserved, 0);
    netpol_ctx_destroy(broken.ctx);
}

static void pass(void **state)
{
    (void)state;
    shrinks(pass_denies);
}

static void except(void **state)
{
    (void)state;
    shrinks(no_except);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass),
        cmocka_unit_test(except),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
