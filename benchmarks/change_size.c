/* SPDX-License-Identifier: Apache-2.0 */
/* What large clusters take: a million rules if expanded, and 100,000 pods of both families. */
#include "change.h"
#include "match/matcher.h"
#include "workload_k8s.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cluster {
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    size_t hot_bytes, endpoint_bytes;
    double compile_ms;
};

static void drop(struct cluster *c)
{
    netpol_view_destroy(c->view);
    netpol_matcher_unref(c->matcher);
    netpol_store_destroy(c->store);
    netpol_ctx_destroy(c->ctx);
}

/* Best of three compiles of the loaded store. endpoint_bytes is part of hot_bytes. */
static bool compile(struct cluster *c, const struct bench_cluster_set *set, bool dual)
{
    const struct netpol_compile_options options = {
        .size = sizeof options, .profile = "kubernetes", .without_model = 1};
    *c = (struct cluster){.compile_ms = 1e9};
    bool ok = change_ok(netpol_ctx_create(NULL, &c->ctx), "context") &&
              change_ok(netpol_store_create(c->ctx, &c->store), "store") &&
              change_ok(bench_store_fill(c->store, set, dual), "filling the store");
    for (int round = 0; ok && round < 3; round++) {
        netpol_matcher_unref(c->matcher);
        c->matcher = NULL;
        double start = change_seconds();
        ok = change_ok(netpol_compile(c->store, &options, NULL, &c->matcher), "compile");
        double ms = (change_seconds() - start) * 1e3;
        c->compile_ms = ms < c->compile_ms ? ms : c->compile_ms;
    }
    if (ok) {
        const struct np_image_header *h = c->matcher->image.header;
        c->hot_bytes = h->hot_bytes;
        for (int i = NP_SECTION_SLOTS4; i <= NP_SECTION_SHARED; i++) {
            c->endpoint_bytes += h->sections[i].bytes;
        }
    }
    return ok && change_ok(netpol_view_create(c->matcher, NULL, &c->view), "view");
}

bool change_expanded(void)
{
    struct bench_workload w;
    struct cluster c;
    if (!bench_workload_make("k8s", 1000000, false, &w)) {
        return false;
    }
    bool ok = compile(&c, w.cluster, false);
    if (ok) {
        unsigned pods = w.cluster->n_pods, policies = w.cluster->n_policies;
        change_record("compile of 1M expanded rules from the loaded store, selectors included",
                      pods, policies, c.compile_ms, "ms", 100);
        change_record("hot sections of 1M expanded rules", pods, policies,
                      (double)c.hot_bytes / 1e6, "MB", 4);
        for (size_t i = 0; ok && i < 1000; i++) { /* the store says what the list says */
            const struct bench_key *k = &w.trace[i];
            struct netpol_tuple t = bench_tuple(k);
            struct netpol_verdict v;
            netpol_eval(c.view, &t, &v);
            bool allowed = bench_linear(&w.rules[NP_INGRESS], k) & 1;
            bool self = k->src == k->dst; /* which the profile allows */
            ok = self || allowed == (v.action == NETPOL_ALLOW);
        }
    }
    drop(&c);
    bench_workload_free(&w);
    return ok;
}

/* Half of each family; three of four between pods, the rest from outside. */
static void draw(struct bench_random *r, const struct bench_cluster_set *set,
                 struct netpol_tuple *t)
{
    uint32_t src = bench_below(r, set->n_pods), dst = bench_below(r, set->n_pods);
    const struct bench_policy *policy = &set->policies[bench_below(r, set->n_policies)];
    const struct bench_block *block = &set->blocks[bench_below(r, set->n_blocks)];
    struct bench_key key = {.src = set->pods[src].address,
                            .dst = set->pods[dst].address,
                            .src_port = 40000,
                            .dst_port = policy->rules[NP_INGRESS][0].spans[0].first,
                            .protocol = BENCH_TCP};
    uint32_t kind = bench_below(r, 4);
    if (kind == 0) {
        key.src = block->address | ((uint32_t)bench_next(r) & ~bench_mask(block->length));
    }
    *t = bench_tuple(&key);
    if (kind >= 2) { /* fd00:10:244::pod */
        const uint8_t net[16] = {0xfd, 0, 0, 0x10, 0x02, 0x44};
        t->family = NP_IPV6;
        memcpy(t->src, net, 16);
        memcpy(t->dst, net, 16);
        for (int i = 0; i < 4; i++) {
            t->src[12 + i] = (uint8_t)(src >> (24 - 8 * i));
            t->dst[12 + i] = (uint8_t)(dst >> (24 - 8 * i));
        }
    }
}

static double batches(const struct cluster *c, const struct netpol_tuple *tuples, size_t count,
                      bool quick)
{
    enum { BATCH = 256 };
    static struct netpol_verdict verdicts[BATCH];
    double best = 1e9;
    for (int round = 0; round < (quick ? 5 : 15); round++) {
        double start = change_seconds();
        for (size_t i = 0; i + BATCH <= count; i += BATCH) {
            netpol_eval_batch(c->view, tuples + i, verdicts, BATCH);
        }
        double ns = (change_seconds() - start) * 1e9 / (double)(count / BATCH * BATCH);
        best = ns < best ? ns : best;
    }
    return best;
}

bool change_large(bool quick)
{
    enum { HEADERS = 1 << 19 };
    const struct bench_cluster_set shape = {.n_pods = 100000, .n_values = 2000, .n_blocks = 10000};
    struct bench_cluster_set set = {0};
    struct cluster c = {0};
    struct bench_random r = {99};
    struct netpol_tuple *tuples = aligned_alloc(64, HEADERS * sizeof *tuples);
    bool ok = tuples && bench_cluster_draw(5, &shape, 6, &set) && compile(&c, &set, true);
    if (ok) {
        for (size_t i = 0; i < HEADERS; i++) {
            draw(&r, &set, &tuples[i]);
        }
        change_record("compile of a dual-stack cluster with 2000 label sets and 10000 blocks",
                      set.n_pods, set.n_policies, c.compile_ms, "ms", -1);
        change_record("its hot sections, endpoints included", set.n_pods, set.n_policies,
                      (double)c.hot_bytes / 1e6, "MB", 12);
        change_record("of these, endpoints", set.n_pods, set.n_policies,
                      (double)c.endpoint_bytes / 1e6, "MB", -1);
        change_record("its batches", set.n_pods, set.n_policies,
                      batches(&c, tuples, HEADERS, quick), "ns", 20);
    }
    drop(&c);
    bench_cluster_free(&set);
    free(tuples);
    return ok;
}
