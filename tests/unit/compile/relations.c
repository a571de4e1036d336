/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that were remembered in one relation of the ends must not be given in another. */
#include "compile/matcher.h"
#include "model/build.h"
#include "np_cmocka.h"
#include "reference/reference.h"

enum { HOST = 1, REMOTE_NODE = 6 }; /* reserved identities: the subject's own node, the others */

/* 10.0.0.i on node ni, whose address is 192.168.0.i */
static void add_pod(struct np_build *b, const char *name, uint8_t i)
{
    const struct np_prefix address = {
        .address = {.family = NP_IPV4, .bytes = {10, 0, 0, i}},
          .length = 32
    };
    const struct np_address node = {
        .family = NP_IPV4, .bytes = {192, 168, 0, i}
    };
    struct np_endpoint *pod = np_build_endpoint(b, np_build_text(b, "ns"), np_build_text(b, name));
    pod->node_name = np_build_format(b, "n%u", i);
    pod->prefixes = np_build_prefixes(b, &address, 1);
    pod->n_prefixes = 1;
    np_build_host_address(b, pod, &node);
    np_build_node(b, np_build_format(b, "n%u", i));
}

static void add_host_endpoint(struct np_build *b, uint8_t i)
{
    struct np_endpoint *host = np_build_endpoint(b, NULL, np_build_format(b, "host%u", i));
    host->kind = NP_OBJ_HOST_ENDPOINT;
    host->node_name = np_build_format(b, "n%u", i);
}

/* A policy that selects subjects that are what `number` says denies; lowering 1 "literal",
 * RESERVED. by_checkpoint: its checkpoint is for these, it selects everybody. */
static void add_policy(struct np_build *b, enum np_checkpoint_kind kind, uint32_t number,
                       bool by_checkpoint)
{
    const struct np_literal reserved = {.kind = NP_LIT_RESERVED, .number = number};
    struct np_checkpoint *checkpoint = np_build_checkpoint(b, kind, NP_INGRESS, "check");
    struct np_stage *stage = np_build_stage(b, checkpoint, "stage");
    struct np_tier *tier = np_build_tier(b, "t", 1, NP_LISTED);
    stage->on_end = NP_ON_END_ALLOW;
    np_build_add_tier(b, stage, tier);
    struct np_policy *policy = np_build_policy(b, tier, "P", NULL, np_build_text(b, "x"));
    const struct np_literal nothing = {.kind = NP_LIT_NOTHING};
    const struct np_set *some = np_build_set_of(b, np_build_literal(b, &reserved));
    struct np_set_build *everybody = np_build_set(b);
    np_set_clause(everybody);
    np_set_literal(everybody, np_build_literal(b, &nothing), true);
    const struct np_set *all = np_set_done(everybody);
    policy->subjects[NP_INGRESS] = by_checkpoint ? all : some;
    if (by_checkpoint) { /* the checkpoint exists in one relation only */
        checkpoint->subjects = some;
    }
    np_build_alt(b, np_build_rule(b, policy, NP_INGRESS, NP_ACT_DENY));
}

struct question {
    uint8_t src[4], dst[4];
    int action;
};

/* The matcher says what is expected, and to the byte what the reference says. */
static void compare(struct netpol_ctx *ctx, struct np_build *b, const struct question *questions,
                    size_t count)
{
    struct np_model *model = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    assert_int_equal(np_build_seal(b, &model), NETPOL_OK);
    np_build_destroy(b);
    assert_int_equal(np_compile_model(ctx, model, &matcher), NETPOL_OK);
    assert_int_equal(netpol_view_create(matcher, NULL, &view), NETPOL_OK);
    for (size_t i = 0; i < count; i++) {
        struct netpol_tuple tuple = {.family = 4, .protocol = 6, .dst_port = 80};
        struct netpol_verdict got, want;
        memcpy(tuple.src, questions[i].src, 4);
        memcpy(tuple.dst, questions[i].dst, 4);
        assert_int_equal(netpol_eval(view, &tuple, &got), NETPOL_OK);
        np_reference_eval(model, &tuple, NULL, NULL, NULL, &want);
        want.generation = got.generation;
        assert_int_equal(got.action, questions[i].action);
        assert_memory_equal(&got, &want, sizeof got);
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(matcher);
    netpol_ctx_destroy(ctx);
}

static void who_is_selected_may_depend_on_the_relation(void **state)
{
    static const struct question questions[] = {
        {{10, 0, 0, 1},    {192, 168, 0, 1}, NETPOL_DENY },
        {{10, 0, 0, 2},    {192, 168, 0, 1}, NETPOL_ALLOW},
        {{192, 168, 0, 1}, {192, 168, 0, 1}, NETPOL_DENY }, /* to itself a node is the host */
        {{192, 168, 0, 1}, {10, 0, 0, 1},    NETPOL_DENY }, /* the subject is the pod's node */
        {{192, 168, 0, 1}, {10, 0, 0, 2},    NETPOL_ALLOW},
    };
    (void)state;
    for (int by_checkpoint = 0; by_checkpoint < 2; by_checkpoint++) {
        struct netpol_ctx *ctx = NULL;
        assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
        struct np_build *b = np_build_create(ctx);
        add_pod(b, "p", 1);
        add_pod(b, "q", 2);
        add_host_endpoint(b, 1);
        add_policy(b, NP_CHECK_HOST, HOST, by_checkpoint);
        compare(ctx, b, questions, sizeof questions / sizeof *questions);
    }
}

/*
 * A host endpoint is selected where the far end is on another node: a pair of subject and far end
 * that is in another relation than the two ends of the connection. Nodes made alike are not alike
 * then. (Random sets, seed 1150: the relation of the connection was taken for that of the pair.)
 */
static void a_host_endpoint_sees_the_far_end(void **state)
{
    static const struct question questions[] = {
        {{10, 0, 0, 1},    {10, 0, 0, 2}, NETPOL_DENY },
        {{10, 0, 0, 2},    {10, 0, 0, 1}, NETPOL_DENY },
        {{10, 0, 0, 1},    {10, 0, 0, 1}, NETPOL_ALLOW},
        {{10, 0, 0, 2},    {10, 0, 0, 2}, NETPOL_ALLOW},
        {{192, 168, 0, 1}, {10, 0, 0, 1}, NETPOL_ALLOW}, /* a node is its own */
        {{192, 168, 0, 2}, {10, 0, 0, 1}, NETPOL_DENY },
    };
    (void)state;
    for (int by_checkpoint = 0; by_checkpoint < 2; by_checkpoint++) {
        struct netpol_ctx *ctx = NULL;
        assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
        struct np_build *b = np_build_create(ctx);
        for (uint8_t i = 1; i <= 2; i++) {
            add_pod(b, i == 1 ? "p" : "q", i);
            add_host_endpoint(b, i);
        }
        add_policy(b, NP_CHECK_HOST, REMOTE_NODE, by_checkpoint);
        compare(ctx, b, questions, sizeof questions / sizeof *questions);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_selected_may_depend_on_the_relation),
        cmocka_unit_test(a_host_endpoint_sees_the_far_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
