/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that come and go under a published view, and what readers pay for looking. */
#include "change.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A pod like the others but for a label of its own. */
struct pod {
    char app[24], hash[24], name[32], address[24];
    struct netpol_label labels[3];
    const char *addresses[1];
    struct netpol_endpoint_spec spec;
};

static void make(struct pod *p, unsigned i)
{
    snprintf(p->app, sizeof p->app, "app-%u", 20 * (i % 10));
    snprintf(p->hash, sizeof p->hash, "unique-%u", i);
    snprintf(p->name, sizeof p->name, "new-%u", i);
    snprintf(p->address, sizeof p->address, "11.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
    p->labels[0] = (struct netpol_label){"app", p->app};
    p->labels[1] = (struct netpol_label){"pod-template-hash", p->hash};
    p->labels[2] = (struct netpol_label){"tier", "web"};
    p->addresses[0] = p->address;
    p->spec = (struct netpol_endpoint_spec){.size = sizeof p->spec,
                                            .namespace_name = "team-0",
                                            .name = p->name,
                                            .labels = p->labels,
                                            .n_labels = 3,
                                            .addresses = p->addresses,
                                            .n_addresses = 1};
}

static void verdict_to(const struct netpol_view *view, const uint8_t dst[4], unsigned port,
                       struct netpol_verdict *out)
{
    struct netpol_tuple t = {
        .src = {10, 100, 0, 201},
          .family = 4, .protocol = 6, .src_port = 40000
    };
    memcpy(t.dst, dst, 4);
    t.dst_port = (uint16_t)port;
    netpol_eval(view, &t, out);
}

/* A new pod is judged like the pod of the cluster that has its labels (cluster.c numbers them). */
static bool judged_alike(const struct netpol_view *view, unsigned i)
{
    unsigned twin = 20 * (i % 10) * 10;
    const uint8_t new_pod[4] = {11, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    const uint8_t old_pod[4] = {10, 100, (uint8_t)(twin >> 8), (uint8_t)twin};
    struct netpol_verdict a, b;
    for (unsigned port = 8080; port < 8082; port++) {
        verdict_to(view, new_pod, port, &a);
        verdict_to(view, old_pod, port, &b);
        if (a.action != b.action || a.ingress.rule != b.ingress.rule || a.ingress.rule == 0) {
            fprintf(stderr, "change: a new pod is not judged like its twin\n");
            return false;
        }
    }
    return true;
}

enum { FIRST_REF = 1 << 30, CHURN = 100000, ALIVE = 1000 };

/* Every pod has labels that no pod ever had; ALIVE of them exist at a time. */
static bool churn(const struct netpol_view *view, struct netpol_endpoints *endpoints, unsigned pods,
                  unsigned policies)
{
    unsigned compiles = 0;
    double puts = 0, removes = 0;
    for (unsigned i = 0; i < CHURN; i++) {
        struct pod pod;
        make(&pod, i);
        double start = change_seconds();
        int status = netpol_endpoints_put(endpoints, FIRST_REF + i, &pod.spec);
        double put = change_seconds();
        if (!change_ok(status, "put")) {
            return false;
        }
        compiles += status == NETPOL_NEEDS_COMPILE;
        if (i >= ALIVE &&
            !change_ok(netpol_endpoints_remove(endpoints, FIRST_REF + i - ALIVE), "remove")) {
            return false;
        }
        puts += put - start;
        removes += change_seconds() - put;
        if (i % 997 == 0 && !judged_alike(view, i)) {
            return false;
        }
    }
    double clock = change_seconds();
    for (unsigned i = 0; i < CHURN; i++) { /* what asking for the time takes */
        (void)change_seconds();
    }
    clock = (change_seconds() - clock) / CHURN;
    change_record("pods with labels of their own that need a compile, of 100000", pods, policies,
                  compiles, "pods", 0);
    change_record("endpoint from labels", pods, policies, (puts / CHURN - clock) * 1e6, "us", 10);
    change_record("endpoint removed", pods, policies, (removes / CHURN - clock) * 1e6, "us", -1);
    return true;
}

static bool known_kind(struct netpol_endpoints *endpoints, unsigned pods, unsigned policies,
                       bool quick)
{
    struct pod pod;
    uint32_t kind = 0;
    double best = 1e9;
    make(&pod, 0);
    if (!change_ok(netpol_endpoints_kind(endpoints, &pod.spec, &kind), "kind")) {
        return false;
    }
    for (int round = 0; round < (quick ? 3 : 9); round++) {
        struct netpol_endpoint_entry entry = {
            .size = sizeof entry, .kind = kind, .family = 4, .address = {12}};
        double start = change_seconds();
        for (unsigned i = 0; i < CHURN; i++) {
            entry.ref = FIRST_REF * 2ull + i;
            entry.address[1] = (uint8_t)(i >> 16);
            entry.address[2] = (uint8_t)(i >> 8);
            entry.address[3] = (uint8_t)i;
            if (!change_ok(netpol_endpoints_set(endpoints, &entry), "set")) {
                return false;
            }
        }
        double us = (change_seconds() - start) * 1e6 / CHURN;
        best = us < best ? us : best;
        for (unsigned i = 0; i < CHURN; i++) {
            netpol_endpoints_remove(endpoints, FIRST_REF * 2ull + i);
        }
    }
    change_record("endpoint of known kind, added", pods, policies, best, "us", 1);
    return true;
}

static bool readers(struct netpol_slot *slot, unsigned pods, unsigned policies, bool quick)
{
    enum { LOOKS = 2000000 };
    struct netpol_reader *reader = NULL;
    double best = 1e9;
    unsigned seen = 0;
    if (!change_ok(netpol_reader_create(slot, &reader), "reader")) {
        return false;
    }
    for (int round = 0; round < (quick ? 3 : 9); round++) {
        double start = change_seconds();
        for (unsigned i = 0; i < LOOKS; i++) {
            seen += netpol_reader_enter(reader) != NULL;
            netpol_reader_leave(reader);
        }
        double ns = (change_seconds() - start) * 1e9 / LOOKS;
        best = ns < best ? ns : best;
    }
    netpol_reader_destroy(reader);
    change_record("reader enters and leaves", pods, policies, best, "ns", 5);
    return seen != 0;
}

bool change_pods(struct netpol_ctx *ctx, struct netpol_matcher *matcher, unsigned pods,
                 unsigned policies, bool quick)
{
    struct netpol_slot *slot = NULL;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    if (!change_ok(netpol_slot_create(ctx, &slot), "slot") ||
        !change_ok(netpol_endpoints_create(matcher, &endpoints), "endpoints") ||
        !change_ok(netpol_view_create(matcher, endpoints, &view), "view") ||
        !change_ok(netpol_slot_publish(slot, view, 1), "publish")) {
        netpol_view_destroy(view);
        netpol_endpoints_destroy(endpoints);
        if (slot) {
            netpol_slot_destroy(slot);
        }
        return false;
    }
    bool ok = known_kind(endpoints, pods, policies, quick) &&
              churn(view, endpoints, pods, policies) && readers(slot, pods, policies, quick);
    netpol_slot_destroy(slot); /* and all that is in it */
    return ok;
}
