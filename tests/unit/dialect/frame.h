/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_FRAME_H
#define NP_TESTS_DIALECT_FRAME_H
/* A world for each test, policies as text, and the questions they are asked. */
#include "world.h"

#define NP(name, spec)                                        \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" \
    "metadata: {name: " name ", namespace: x}\nspec: " spec "\n---\n"
#define CNP(name, tier, priority, rest)                                           \
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n" \
    "metadata: {name: " name "}\nspec: {tier: " tier ", priority: " priority ", " rest "}\n---\n"
#define ALL      "subject: {namespaces: {}}"
#define FROM_ALL "from: [{namespaces: {}}]"

/* The addresses of the pods of the world. */
static const char xa[] = "10.0.0.1", xb[] = "10.0.0.2", wa[] = "10.0.1.1", wb[] = "10.0.1.2";

static inline int setup(void **state)
{
    struct netpol_ctx *ctx = NULL;
    struct world *w = calloc(1, sizeof *w);
    if (!w || netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return -1;
    }
    world_open(w, ctx);
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    struct netpol_ctx *ctx = w->ctx;
    world_close(w);
    netpol_ctx_destroy(ctx);
    free(w);
    return 0;
}

static inline void given(struct world *w, const char *text)
{
    assert_int_equal(world_load(w, text), NETPOL_OK);
    assert_int_equal(world_lower(w), NETPOL_OK);
}

#define assert_verdict(w, src, dst, port, expected) \
    assert_int_equal(world_ask(w, src, dst, TCP, port).action, expected)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#endif
