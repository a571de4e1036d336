/* SPDX-License-Identifier: Apache-2.0 */
/* Imported lists as residual trees: what has no source port is judged as the reference judges it.
 */
#include "np_cmocka.h"
#include "compile/matcher.h"
#include "compile/plan.h"
#include "match/matcher.h"
#include "model/build.h"
#include "reference/reference.h"

#include <netpol/netpol.h>

enum { RULES = 200 }; /* enough for a tree */

/* Whom a list is about: everybody. */
static const struct np_set *everybody(struct np_build *b)
{
    const struct np_literal nobody = {.kind = NP_LIT_NOTHING};
    struct np_set_build *set = np_build_set(b);
    np_set_clause(set);
    np_set_literal(set, np_build_literal(b, &nobody), true);
    return np_set_done(set);
}

/* Rule i: from anybody to 10.0.i.0/24, with these source ports; half of them a policy each. */
static struct np_model *list_of(const struct netpol_ctx *ctx, const struct np_port_span *sources,
                                enum np_action action)
{
    struct np_build *b = np_build_create(ctx);
    struct np_model *model = NULL;
    assert_non_null(b);
    struct np_checkpoint *checkpoint = np_build_checkpoint(b, NP_CHECK_LIST, NP_INGRESS, "list");
    struct np_stage *stage = np_build_stage(b, checkpoint, "list");
    struct np_tier *tier = np_build_tier(b, "list", 1, NP_LISTED);
    np_build_add_tier(b, stage, tier);
    tier->end[NP_INGRESS] = action == NP_ACT_ALLOW ? NP_END_DENY : NP_END_ALLOW;
    struct np_policy *policy = NULL;
    for (unsigned i = 0; i < RULES; i++) {
        if (i % (RULES / 2) == 0) {
            policy = np_build_policy(b, tier, "List", NULL, np_build_text(b, i ? "more" : "list"));
            policy->subjects[NP_INGRESS] = everybody(b);
        }
        struct np_match *match = np_build_alt(b, np_build_rule(b, policy, NP_INGRESS, action));
        struct np_literal near = {
            .kind = NP_LIT_CIDR,
            .domain = NP_DOMAIN_ALL,
            .prefix = {.address = {.family = NP_IPV4, .bytes = {10, 0, (uint8_t)i}}, .length = 24}
        };
        match->near = np_build_set_of(b, np_build_literal(b, &near));
        match->src_service = np_build_service(b, sources, 1, false);
    }
    assert_int_equal(np_build_seal(b, &model), NETPOL_OK);
    np_build_destroy(b);
    return model;
}

static void check_list(const struct netpol_view *view, const struct np_model *model)
{
    static const uint8_t protocols[] = {1, 6, 17, 33, 47, 58, 132, 136};
    static const uint16_t ports[] = {0, 1, 50, 99, 100, 101, 65535};
    for (size_t i = 0; i < sizeof protocols * sizeof ports / sizeof *ports; i++) {
        struct netpol_tuple tuple = {
            .dst = {10, 0, 7, 1},
              .family = 4, .protocol = protocols[i % sizeof protocols]
        };
        struct netpol_verdict verdict, due;
        tuple.src_port = ports[i / sizeof protocols];
        tuple.icmp_type = 8;
        for (unsigned fragment = 0; fragment < 2; fragment++) {
            tuple.flags = fragment ? NETPOL_TUPLE_LATER_FRAGMENT : 0;
            assert_int_equal(netpol_eval(view, &tuple, &verdict), NETPOL_OK);
            np_reference_eval(model, &tuple, NULL, NULL, NULL, &due);
            assert_int_equal(verdict.action, due.action);
            assert_int_equal(verdict.ingress.rule, due.ingress.rule);
        }
    }
}

static void source_ports_are_not_those_of_icmp(void **state)
{
    /* clang-format off */
    static const struct np_port_span spans[] = {
        {.protocol = -1, .ports = true, .no_port = false, .first = 0, .last = 100},
        {.protocol = -1, .ports = true, .no_port = false, .first = 0, .last = 65535},
        {.protocol = -1, .ports = true, .no_port = false, .first = 0, .last = 0},
        {.protocol = -1, .ports = true, .no_port = true, .first = 100, .last = 200},
        {.protocol = -1, .ports = true, .no_port = true, .first = 0, .last = 65535},
        {.protocol = -1, .ports = false, .no_port = true, .first = 0, .last = 0},
        {.protocol = 1, .ports = true, .no_port = false, .first = 0, .last = 65535},
        {.protocol = 1, .ports = true, .no_port = true, .first = 5, .last = 9},
        {.protocol = 58, .ports = false, .no_port = true, .first = 0, .last = 0},
        {.protocol = 17, .ports = true, .no_port = false, .first = 0, .last = 100},
    };
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < 2 * sizeof spans / sizeof *spans; i++) {
        struct netpol_ctx *ctx;
        struct netpol_matcher *matcher;
        struct netpol_view *view;
        assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
        struct np_model *model = list_of(ctx, &spans[i / 2], i % 2 ? NP_ACT_ALLOW : NP_ACT_DENY);
        assert_int_equal(np_compile_model(ctx, model, &matcher), NETPOL_OK);
        assert_int_equal(matcher->image.count[NP_SECTION_CUT_ROOTS], 1);
        assert_int_equal(netpol_view_create(matcher, NULL, &view), NETPOL_OK);
        check_list(view, model);
        netpol_view_destroy(view);
        netpol_matcher_unref(matcher);
        netpol_ctx_destroy(ctx);
    }
}

static bool is_not_more(void *user, const struct np_policy *policy)
{
    (void)user;
    return !np_slice_is(np_str_slice(policy->name), "more");
}

/* What an update leaves of it is judged the general way, for which nothing has been planned. */
static void a_list_that_is_too_short_for_a_tree_is_planned_from_nothing(void **state)
{
    static const struct np_port_span span = {
        .protocol = 6, .ports = true, .no_port = false, .first = 0, .last = 100};
    struct netpol_ctx *ctx;
    struct netpol_matcher *matcher, *next = NULL;
    struct np_model *shorter = NULL;
    bool outgrown = false;
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    struct np_model *model = list_of(ctx, &span, NP_ACT_DENY);
    assert_int_equal(np_compile_model(ctx, model, &matcher), NETPOL_OK);
    struct np_build *b = np_build_upon(model, is_not_more, NULL);
    struct np_plan_change change = {.dropped = np_build_dropped(b, &change.n_dropped)};
    assert_int_equal(change.n_dropped, 1);
    assert_int_equal(np_build_seal(b, &shorter), NETPOL_OK);
    assert_int_equal(np_compile_model_upon(matcher, shorter, &change, &next, &outgrown), NETPOL_OK);
    assert_true(outgrown);
    np_build_destroy(b);
    np_model_destroy(shorter);
    netpol_matcher_unref(matcher);
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_ports_are_not_those_of_icmp),
        cmocka_unit_test(a_list_that_is_too_short_for_a_tree_is_planned_from_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
