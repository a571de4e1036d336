/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that were remembered in one relation of the ends must not be given in another. */
#include "compile/matcher.h"
#include "model/build.h"
#include "np_cmocka.h"
#include "reference/reference.h"

enum { HOST = 1 }; /* reserved identity: the subject's own node */

static void add_pod(struct np_build *b)
{
    const struct np_prefix address = {
        .address = {.family = NP_IPV4, .bytes = {10, 0, 0, 1}},
          .length = 32
    };
    const struct np_address node = {
        .family = NP_IPV4, .bytes = {192, 168, 0, 1}
    };
    struct np_endpoint *pod = np_build_endpoint(b, np_build_text(b, "ns"), np_build_text(b, "p"));
    pod->node_name = np_build_text(b, "n1");
    pod->prefixes = np_build_prefixes(b, &address, 1);
    pod->n_prefixes = 1;
    np_build_host_address(b, pod, &node);
    np_build_node(b, np_build_text(b, "n1"));
}

/* A policy that selects whoever talks to its own node denies; lowering 1 "literal", RESERVED. */
static void add_policy(struct np_build *b, bool by_checkpoint)
{
    const struct np_literal host = {.kind = NP_LIT_RESERVED, .number = HOST};
    struct np_checkpoint *checkpoint =
        np_build_checkpoint(b, NP_CHECK_WORKLOAD, NP_INGRESS, "workload");
    struct np_stage *stage = np_build_stage(b, checkpoint, "workload");
    struct np_tier *tier = np_build_tier(b, "t", 1, NP_LISTED);
    stage->on_end = NP_ON_END_ALLOW;
    np_build_add_tier(b, stage, tier);
    struct np_policy *policy = np_build_policy(b, tier, "P", NULL, np_build_text(b, "x"));
    const struct np_literal nothing = {.kind = NP_LIT_NOTHING};
    const struct np_set *own_node = np_build_set_of(b, np_build_literal(b, &host));
    struct np_set_build *everybody = np_build_set(b);
    np_set_clause(everybody);
    np_set_literal(everybody, np_build_literal(b, &nothing), true);
    const struct np_set *all = np_set_done(everybody);
    policy->subjects[NP_INGRESS] = by_checkpoint ? all : own_node;
    if (by_checkpoint) { /* the checkpoint exists in one relation only */
        checkpoint->subjects = own_node;
    }
    np_build_alt(b, np_build_rule(b, policy, NP_INGRESS, NP_ACT_DENY));
}

static void compare(bool by_checkpoint)
{
    struct netpol_ctx *ctx = NULL;
    struct np_model *model = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    struct np_build *b = np_build_create(ctx);
    add_pod(b);
    add_policy(b, by_checkpoint);
    assert_int_equal(np_build_seal(b, &model), NETPOL_OK);
    np_build_destroy(b);
    assert_int_equal(np_compile_model(ctx, model, &matcher), NETPOL_OK);
    assert_int_equal(netpol_view_create(matcher, NULL, &view), NETPOL_OK);
    const uint8_t sources[][4] = {
        {192, 168, 0, 1},
        {192, 168, 0, 2},
        {10,  0,   0, 1}
    };
    const int actions[] = {NETPOL_DENY, NETPOL_ALLOW, NETPOL_ALLOW};
    for (size_t i = 0; i < 3; i++) {
        struct netpol_tuple tuple = {
            .family = 4, .protocol = 6, .dst_port = 80, .dst = {10, 0, 0, 1}
        };
        struct netpol_verdict got, want;
        memcpy(tuple.src, sources[i], 4);
        assert_int_equal(netpol_eval(view, &tuple, &got), NETPOL_OK);
        np_reference_eval(model, &tuple, NULL, NULL, NULL, &want);
        want.generation = got.generation;
        assert_int_equal(got.action, actions[i]);
        assert_memory_equal(&got, &want, sizeof got);
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(matcher);
    netpol_ctx_destroy(ctx);
}

static void who_is_selected_may_depend_on_the_relation(void **state)
{
    (void)state;
    compare(false);
    compare(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_selected_may_depend_on_the_relation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
