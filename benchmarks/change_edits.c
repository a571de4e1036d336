/* SPDX-License-Identifier: Apache-2.0 */
/* One policy among many is edited, and the edit is published while the old view stays in force. */
#include "change.h"
#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool change_ok(int status, const char *what)
{
    if (status != NETPOL_OK && status != NETPOL_NEEDS_COMPILE) {
        fprintf(stderr, "change: %s: %s\n", what, netpol_status_text(status));
        return false;
    }
    return true;
}

/* The pods of cluster.c, by the typed call. */
static int put_pod(struct netpol_store *store, const struct bench_cluster *c, unsigned i)
{
    unsigned set = i / c->replicas % c->label_sets, owner = i / c->replicas;
    char app[24], part[24], hash[16], name[40], space[16], address[24];
    snprintf(app, sizeof app, "app-%u", set);
    snprintf(part, sizeof part, "product-%u", set % 20);
    snprintf(hash, sizeof hash, "x%08x", owner * 2654435761u);
    snprintf(name, sizeof name, "app-%u-%u", set, i);
    snprintf(space, sizeof space, "team-%u", set % 20);
    snprintf(address, sizeof address, "10.%u.%u.%u", 100 + (i >> 16), i >> 8 & 255, i & 255);
    const struct netpol_label labels[] = {
        {"app",                       app               },
        {"app.kubernetes.io/part-of", part              },
        {"pod-template-hash",         hash              },
        {"tier",                      set % 3 == 0   ? "web"
                 : set % 3 == 1 ? "api"
                                : "data"},
    };
    const char *addresses[] = {address};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = space,
                                              .name = name,
                                              .labels = labels,
                                              .n_labels = sizeof labels / sizeof *labels,
                                              .addresses = addresses,
                                              .n_addresses = 1};
    return netpol_store_put_endpoint(store, &spec, NULL, NULL);
}

static bool fill(struct netpol_store *store, const struct bench_cluster *cluster)
{
    struct bench_cluster no_pods = *cluster;
    size_t size;
    no_pods.pods = 0;
    char *text = bench_cluster_yaml(&no_pods, &size);
    bool ok = text && change_ok(netpol_store_begin(store), "begin") &&
              change_ok(netpol_store_load_buffer(store, text, size, "cluster", NULL, NULL), "load");
    for (unsigned i = 0; ok && i < cluster->pods; i++) {
        ok = change_ok(put_pod(store, cluster, i), "put");
    }
    free(text);
    return ok && change_ok(netpol_store_commit(store, NULL), "commit");
}

/* The port is what the edit changes. */
static int edit(struct netpol_store *store, unsigned policy, unsigned label_sets, unsigned port)
{
    char text[600];
    unsigned set = policy % label_sets;
    int n = snprintf(text, sizeof text,
                     "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                     "metadata: {name: policy-%u, namespace: team-%u}\n"
                     "spec:\n  podSelector: {matchLabels: {app: app-%u}}\n"
                     "  policyTypes: [Ingress]\n  ingress:\n"
                     "  - from: [{podSelector: {matchLabels: {app: app-%u}}}]\n"
                     "    ports: [{port: %u, protocol: TCP}]\n",
                     policy, set % 20, set, (set + 20 * (policy % 7)) % label_sets, port);
    return netpol_store_load_buffer(store, text, (size_t)n, "edit", NULL, NULL);
}

struct service { /* what is in force */
    struct netpol_slot *slot;
    struct netpol_matcher *matcher;     /* counted */
    struct netpol_endpoints *endpoints; /* owned by the view in the slot */
};

/* Compiles, takes over the pods, publishes. */
static int publish(struct netpol_store *store, struct service *s)
{
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "kubernetes",
                                             .endpoints = s->endpoints,
                                             .previous = s->matcher};
    struct netpol_matcher *matcher = NULL;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    int status = netpol_compile(store, &options, NULL, &matcher);
    if (status == NETPOL_OK) {
        status = s->endpoints ? netpol_endpoints_advance(s->endpoints, matcher, &endpoints)
                              : netpol_endpoints_create(matcher, &endpoints);
    }
    if (status == NETPOL_OK) {
        status = netpol_view_create(matcher, endpoints, &view);
    }
    if (status == NETPOL_OK) {
        status = netpol_slot_publish(s->slot, view, 1);
    }
    if (status != NETPOL_OK) {
        netpol_view_destroy(view);
        netpol_endpoints_destroy(endpoints);
        netpol_matcher_unref(matcher);
        return status;
    }
    netpol_matcher_unref(s->matcher);
    s->matcher = matcher;
    s->endpoints = endpoints;
    return NETPOL_OK;
}

/* Does the published view let the edited policy's peer in on this port? */
static bool admits(struct service *s, const struct bench_cluster *c, unsigned policy, unsigned port)
{
    unsigned set = policy % c->label_sets, peer = (set + 20 * (policy % 7)) % c->label_sets;
    unsigned to = set * c->replicas, from = peer * c->replicas + 1;
    struct netpol_tuple t = {.family = 4, .protocol = 6, .src_port = 40000};
    struct netpol_verdict v;
    t.dst_port = (uint16_t)port;
    const uint8_t src[4] = {10, (uint8_t)(100 + (from >> 16)), (uint8_t)(from >> 8), (uint8_t)from};
    const uint8_t dst[4] = {10, (uint8_t)(100 + (to >> 16)), (uint8_t)(to >> 8), (uint8_t)to};
    memcpy(t.src, src, sizeof src);
    memcpy(t.dst, dst, sizeof dst);
    const struct netpol_view *view = netpol_slot_borrow(s->slot);
    bool allowed = view && netpol_eval(view, &t, &v) == NETPOL_OK && v.action == NETPOL_ALLOW;
    netpol_slot_return(s->slot, view);
    return allowed;
}

static bool measure(struct netpol_ctx *ctx, struct netpol_store *store, struct service *s,
                    const struct bench_cluster *c, double aim_ms, bool quick)
{
    double best = 1e9, with_load = 1e9, start = change_seconds();
    if (!change_ok(publish(store, s), "the first compile")) {
        return false;
    }
    change_record("first compile and publication", c->pods, c->policies,
                  (change_seconds() - start) * 1e3, "ms", -1);
    if (!change_pods(ctx, s->matcher, c->pods, c->policies, quick)) {
        return false;
    }
    for (unsigned round = 0; round < (quick ? 3u : 9u); round++) {
        unsigned policy = 7 + 13 * round, port = 20000 + round;
        start = change_seconds();
        if (!change_ok(edit(store, policy, c->label_sets, port), "an edit")) {
            return false;
        }
        double loaded = change_seconds();
        if (!change_ok(publish(store, s), "a compile")) {
            return false;
        }
        double end = change_seconds();
        best = end - loaded < best ? end - loaded : best;
        with_load = end - start < with_load ? end - start : with_load;
        if (!admits(s, c, policy, port) || admits(s, c, policy, port + 1)) {
            fprintf(stderr, "change: an edit is not in force\n");
            return false;
        }
    }
    change_record("policy edit to publication", c->pods, c->policies, best * 1e3, "ms", aim_ms);
    change_record("policy edit to publication, with reading the document", c->pods, c->policies,
                  with_load * 1e3, "ms", -1);
    return true;
}

bool change_edits(unsigned pods, unsigned policies, double aim_ms, bool quick)
{
    const struct bench_cluster cluster = {
        .pods = pods, .label_sets = pods / 50, .replicas = 10, .policies = policies};
    struct netpol_ctx *ctx = NULL;
    struct netpol_store *store = NULL;
    struct service s = {0};
    bool ok = change_ok(netpol_ctx_create(NULL, &ctx), "context") &&
              change_ok(netpol_store_create(ctx, &store), "store") &&
              change_ok(netpol_slot_create(ctx, &s.slot), "slot") && fill(store, &cluster) &&
              measure(ctx, store, &s, &cluster, aim_ms, quick);
    if (s.slot) {
        netpol_slot_destroy(s.slot);
    }
    netpol_matcher_unref(s.matcher);
    netpol_store_destroy(store);
    netpol_ctx_destroy(ctx);
    return ok;
}
