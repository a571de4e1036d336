/* SPDX-License-Identifier: Apache-2.0 */
/* Names learnt at run time: what a learn takes while names come and go, and what evaluations over
 * learnt addresses cost beside others. */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    APPS = 200,    /* each with a policy about names of its own, and one that all have */
    ALIVE = 50000, /* pairs that are live at once */
    ADDRESSES = 20000
};

/* ---- the cluster ---- */

static char *cluster_text(void)
{
    char *text = malloc(APPS * 900 + 100), *at = text;
    for (unsigned i = 0; text && i < APPS; i++) {
        at += sprintf(at,
                      "apiVersion: v1\nkind: Pod\n"
                      "metadata: {name: app-%u, namespace: shop, labels: {app: app-%u}}\n"
                      "spec: {containers: [{name: c, image: i}]}\n"
                      "status: {podIP: 10.0.%u.%u}\n---\n",
                      i, i, i / 250, i % 250 + 1);
        at += sprintf(at,
                      "apiVersion: policy.networking.k8s.io/v1alpha2\n"
                      "kind: ClusterNetworkPolicy\nmetadata: {name: names-%u}\n"
                      "spec:\n  tier: Admin\n  priority: %u\n  subject: {pods: {namespaceSelector: "
                      "{}, podSelector: {matchLabels: {app: app-%u}}}}\n  egress:\n"
                      "  - {action: Accept, to: [{domainNames: [api-%u.example.com, "
                      "'*.team-%u.example.org', shared.example.net]}]}\n"
                      "  - {action: Deny, to: [{networks: [0.0.0.0/0]}]}\n---\n",
                      i, i, i, i, i);
    }
    return text;
}

static struct netpol_matcher *compile(struct netpol_ctx *ctx, struct netpol_store **store)
{
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    struct netpol_matcher *matcher = NULL;
    char *text = cluster_text();
    bool fine = text && change_ok(netpol_store_create(ctx, store), "store") &&
                change_ok(netpol_store_load_buffer(*store, text, strlen(text), "names", NULL, NULL),
                          "load") &&
                change_ok(netpol_compile(*store, &options, NULL, &matcher), "compile");
    free(text);
    return fine ? matcher : NULL;
}

/* ---- learning ---- */

static void address_of(unsigned i, uint8_t out[16])
{
    const uint8_t four[4] = {198, (uint8_t)(18 + (i >> 16)), (uint8_t)(i >> 8), (uint8_t)i};
    memset(out, 0, 16);
    memcpy(out, four, sizeof four);
}

/* A third of the names are some policy's, a third is under a star, the rest is nobody's. */
static void name_of(unsigned i, char out[64])
{
    if (i % 3 == 0) {
        snprintf(out, 64, "api-%u.example.com", i / 3 % APPS);
    } else if (i % 3 == 1) {
        snprintf(out, 64, "n%u.team-%u.example.org", i % 1000, i / 3 % APPS);
    } else {
        snprintf(out, 64, "host-%u.elsewhere.test", i);
    }
}

static bool learn_many(struct netpol_endpoints *endpoints, unsigned count)
{
    double worst = 0, all = 0, advances = 0;
    unsigned slow = 0, n_advances = 0;
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        uint8_t address[16];
        name_of(i, name);
        address_of(i * 7919u % ADDRESSES, address);
        double began = change_seconds();
        int status = netpol_names_learn(endpoints, name, 4, address, ALIVE, i);
        double took = change_seconds() - began;
        all += took;
        worst = took > worst ? took : worst;
        slow += took > 5e-6;
        if (!change_ok(status, "learn")) {
            return false;
        }
        if (i % 100 == 99) {
            began = change_seconds();
            status = netpol_names_advance(endpoints, i);
            advances += change_seconds() - began;
            n_advances++;
        }
        if (!change_ok(status, "advance")) {
            return false;
        }
    }
    struct netpol_names_stats stats = {.size = sizeof stats};
    (void)netpol_names_stats(endpoints, &stats);
    change_record("learn, mean", APPS, APPS, 1e6 * all / count, "us", 5);
    change_record("learn, worst", APPS, APPS, 1e6 * worst, "us", -1);
    change_record("learns over 5 us", APPS, APPS, 100.0 * slow / count, "%", -1);
    change_record("expiry, mean", APPS, APPS, 1e6 * advances / n_advances / 100, "us", 5);
    change_record("combinations met", APPS, APPS, (double)stats.combinations, "", -1);
    change_record("answers folded", APPS, APPS, (double)stats.evaluated, "", -1);
    change_record("bytes a live pair", APPS, APPS, (double)stats.bytes / (double)stats.entries, "B",
                  -1);
    return true;
}

/* ---- evaluating ---- */

static double eval_ns(const struct netpol_view *view, bool learnt, bool batch)
{
    enum { TUPLES = 4096, TIMES = 50 };
    static struct netpol_tuple tuples[TUPLES];
    static struct netpol_verdict verdicts[TUPLES];
    for (unsigned i = 0; i < TUPLES; i++) {
        uint8_t dst[16];
        tuples[i] = (struct netpol_tuple){.family = 4, .protocol = 6, .dst_port = 443};
        const uint8_t src[4] = {10, 0, 0, (uint8_t)(1 + i % 200)};
        memcpy(tuples[i].src, src, sizeof src);
        address_of(i * 31 % ADDRESSES, dst);
        dst[0] = learnt ? dst[0] : 203;
        memcpy(tuples[i].dst, dst, sizeof dst);
    }
    double began = change_seconds();
    for (unsigned t = 0; t < TIMES; t++) {
        if (batch) {
            (void)netpol_eval_batch(view, tuples, verdicts, TUPLES);
        }
        for (unsigned i = 0; !batch && i < TUPLES; i++) {
            (void)netpol_eval(view, &tuples[i], &verdicts[i]);
        }
    }
    return 1e9 * (change_seconds() - began) / TUPLES / TIMES;
}

bool change_names(bool quick)
{
    struct netpol_ctx *ctx = NULL;
    struct netpol_store *store = NULL;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    if (!change_ok(netpol_ctx_create(NULL, &ctx), "context")) {
        return false;
    }
    struct netpol_matcher *matcher = compile(ctx, &store);
    bool fine = matcher && change_ok(netpol_endpoints_create(matcher, &endpoints), "endpoints") &&
                learn_many(endpoints, quick ? 200000 : 1000000) &&
                change_ok(netpol_view_create(matcher, endpoints, &view), "view");
    if (fine) {
        change_record("eval, learnt address", APPS, APPS, eval_ns(view, true, false), "ns", -1);
        change_record("eval, other address", APPS, APPS, eval_ns(view, false, false), "ns", -1);
        change_record("batch, learnt addresses", APPS, APPS, eval_ns(view, true, true), "ns", -1);
        change_record("batch, other addresses", APPS, APPS, eval_ns(view, false, true), "ns", -1);
    }
    netpol_view_destroy(view);
    netpol_endpoints_destroy(endpoints);
    netpol_matcher_unref(matcher);
    netpol_store_destroy(store);
    netpol_ctx_destroy(ctx);
    return fine;
}
