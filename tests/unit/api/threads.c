/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matchers from many threads: workers evaluate, describe, explain and count references while
 * another thread keeps compiling. Run under the thread sanitizer it also proves that nothing is
 * shared.
 */
#include "np_world.h"
#include <pthread.h>

enum { WORKERS = 4, ROUNDS = 300, COMPILES = 20 };

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: web, namespace: shop}\nspec:\n  podSelector: {}\n  ingress:\n"
    "  - ports: [{port: 80}]\n";

struct worker {
    struct netpol_matcher *matcher;
    unsigned wrong;
};

static void *work(void *user)
{
    struct worker *worker = user;
    struct netpol_view *view = NULL;
    worker->wrong += netpol_view_create(worker->matcher, NULL, &view) != NETPOL_OK;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct netpol_tuple tuple = {
            .src = {192, 0, 2, 1},
            .dst = {10,  0, 0, 1},
            .family = 4,
            .protocol = 6,
            .dst_port = (uint16_t)(79 + i % 2)
        };
        int expected = i % 2 ? NETPOL_ALLOW : NETPOL_DENY;
        struct netpol_verdict verdict;
        struct netpol_rule_info info;
        struct netpol_explanation *e = NULL;
        struct netpol_matcher *again = netpol_matcher_ref(worker->matcher);
        worker->wrong += netpol_eval(view, &tuple, &verdict) != NETPOL_OK;
        worker->wrong += verdict.action != expected;
        worker->wrong += netpol_rule_describe(again, verdict.ingress.rule, verdict.generation,
                                              &info) != NETPOL_OK;
        worker->wrong += netpol_explain(view, NULL, &tuple, NULL, &e) != NETPOL_OK;
        worker->wrong += netpol_explanation_verdict(e)->action != expected;
        netpol_explanation_destroy(e);
        struct netpol_flow *flow = NULL;
        struct netpol_hits hits = {.action = -1};
        worker->wrong += netpol_flow_create(view, NULL, &tuple, NULL, &flow) != NETPOL_OK;
        worker->wrong += netpol_flow_hits(flow, NETPOL_SIDE_INGRESS, 0, &hits) != NETPOL_OK;
        worker->wrong += hits.action != expected;
        netpol_flow_destroy(flow);
        netpol_matcher_unref(again);
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(worker->matcher);
    return NULL;
}

static void many_threads_share_a_matcher(void **state)
{
    struct netpol_ctx *ctx = NULL; /* malloc: the counting allocator is of one thread */
    struct netpol_store *store = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    uint64_t last = 0;
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    assert_int_equal(netpol_store_create(ctx, &store), NETPOL_OK);
    assert_int_equal(netpol_store_load_buffer(store, cluster, sizeof cluster - 1, "x", NULL, NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_compile(store, &options, NULL, &matcher), NETPOL_OK);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){netpol_matcher_ref(matcher), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < COMPILES; i++) {
        struct netpol_matcher *other = NULL;
        assert_int_equal(netpol_compile(store, &options, NULL, &other), NETPOL_OK);
        assert_true(netpol_matcher_generation(other) > last);
        last = netpol_matcher_generation(other);
        netpol_matcher_unref(other);
    }
    netpol_store_destroy(store);
    netpol_matcher_unref(matcher); /* the workers hold it */
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    netpol_ctx_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_share_a_matcher),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
