/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names where they are many: hundreds at one address while every policy selects every pod, every
 * one of thousands of groups of pods that asks for a name, and an address that gathers names that
 * nobody asks for. Answers are compared with the reference (a request goes through it, with the
 * names given) before anything is timed.
 */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct crowd {
    const char *what;
    unsigned policies; /* each about a name of its own and one that all have */
    bool cilium;
    bool own_pods; /* each policy selects a pod of its own; else every pod */
    unsigned names;
};
struct stage {
    const struct crowd *crowd;
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints;
    struct netpol_view *view;
};

static int write_policy(char *at, const struct crowd *c, unsigned i)
{
    char selector[40] = "{}";
    if (c->own_pods) {
        snprintf(selector, sizeof selector, "{matchLabels: {app: app-%u}}", i);
    }
    return c->cilium ? sprintf(at,
                               "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
                               "metadata: {name: p-%u, namespace: shop}\nspec:\n"
                               "  endpointSelector: %s\n  egress:\n"
                               "  - toFQDNs: [{matchName: api-%u.example.com}, "
                               "{matchName: shared.example.net}]\n"
                               "    toPorts: [{ports: [{port: '443', protocol: TCP}]}]\n---\n",
                               i, selector, i)
                     : sprintf(at,
                               "apiVersion: policy.networking.k8s.io/v1alpha2\n"
                               "kind: ClusterNetworkPolicy\nmetadata: {name: p-%u}\n"
                               "spec:\n  tier: Admin\n  priority: %u\n"
                               "  subject: {pods: {namespaceSelector: {}, podSelector: %s}}\n"
                               "  egress:\n  - {action: Accept, to: [{domainNames: "
                               "[api-%u.example.com, shared.example.net]}]}\n"
                               "  - {action: Deny, to: [{networks: [198.51.%u.0/24]}]}\n---\n",
                               i, i % 1000, selector, i, i % 256);
}

static char *write_cluster(const struct crowd *c)
{
    unsigned pods = c->own_pods ? c->policies : 3;
    char *text = malloc((size_t)c->policies * 500 + (size_t)pods * 300 + 100), *at = text;
    for (unsigned i = 0; text && i < pods; i++) {
        at += sprintf(at,
                      "apiVersion: v1\nkind: Pod\n"
                      "metadata: {name: app-%u, namespace: shop, labels: {app: app-%u}}\n"
                      "spec: {containers: [{name: c, image: i}]}\n"
                      "status: {podIP: 10.0.%u.%u}\n---\n",
                      i, i, i / 250, i % 250 + 1);
    }
    for (unsigned i = 0; text && i < c->policies; i++) {
        at += write_policy(at, c, i);
    }
    return text;
}

static bool open_stage(struct stage *s, const struct crowd *crowd)
{
    *s = (struct stage){.crowd = crowd};
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = crowd->cilium ? "cilium" : "kubernetes"};
    char *text = write_cluster(crowd);
    bool fine =
        text && change_ok(netpol_ctx_create(NULL, &s->ctx), "context") &&
        change_ok(netpol_store_create(s->ctx, &s->store), "store") &&
        change_ok(netpol_store_load_buffer(s->store, text, strlen(text), "crowd", NULL, NULL),
                  "load") &&
        change_ok(netpol_compile(s->store, &options, NULL, &s->matcher), "compile") &&
        change_ok(netpol_endpoints_create(s->matcher, &s->endpoints), "endpoints") &&
        change_ok(netpol_view_create(s->matcher, s->endpoints, &s->view), "view");
    free(text);
    return fine;
}

static void close_stage(struct stage *s)
{
    netpol_view_destroy(s->view);
    netpol_endpoints_destroy(s->endpoints);
    netpol_matcher_unref(s->matcher);
    netpol_store_destroy(s->store);
    netpol_ctx_destroy(s->ctx);
}

static const uint8_t crowded[16] = {203, 0, 113, 7};

/* A policy's own name; those in the middle of the walk first, so that who decides changes. */
static void name_of(const struct crowd *c, unsigned i, char out[64])
{
    snprintf(out, 64, "api-%u.example.com", (c->policies / 2 + c->policies - i * 7) % c->policies);
}

static bool learn(struct stage *s, const char *name, double *took)
{
    double began = change_seconds();
    int status = netpol_names_learn(s->endpoints, name, 4, crowded, 1000, 0);
    *took = change_seconds() - began;
    return change_ok(status, "learn");
}

/* The same question without a request, and with one that names the names. */
static bool same(struct stage *s, const struct netpol_string *names, unsigned count)
{
    struct netpol_scratch *scratch = NULL;
    bool fine = change_ok(netpol_scratch_create(s->matcher, &scratch), "scratch");
    for (unsigned pod = 0; fine && pod < 3; pod++) {
        for (unsigned port = 0; fine && port < 2; port++) {
            struct netpol_tuple tuple = {.family = 4, .protocol = 6, .src_port = 40000};
            tuple.dst_port = port ? 443 : 80;
            const uint8_t src[4] = {10, 0, 0, (uint8_t)(pod + 1)};
            memcpy(tuple.src, src, sizeof src);
            memcpy(tuple.dst, crowded, sizeof crowded);
            struct netpol_request request = NETPOL_REQUEST_INIT;
            request.dst_names = names;
            request.n_dst_names = count;
            request.dst_names_given = 1;
            struct netpol_verdict learnt, told;
            (void)netpol_eval(s->view, &tuple, &learnt);
            (void)netpol_eval_request(s->view, &tuple, &request, scratch, &told);
            fine = memcmp(&learnt, &told, sizeof told) == 0;
            if (!fine) {
                printf("%s, %u names: action %d rule %u, by the reference %d rule %u\n",
                       s->crowd->what, count, learnt.action, learnt.egress.rule, told.action,
                       told.egress.rule);
            }
        }
    }
    netpol_scratch_destroy(scratch);
    return fine;
}

/* One name after the other; with check each is followed by a comparison. */
static bool gather(struct stage *s, bool check, double *all, double *worst)
{
    unsigned count = s->crowd->names;
    struct netpol_string *names = calloc(count, sizeof *names);
    char(*texts)[64] = calloc(count, sizeof *texts);
    bool fine = names && texts;
    *all = *worst = 0;
    for (unsigned i = 0; fine && i < count; i++) {
        double took;
        name_of(s->crowd, i, texts[i]);
        names[i] = (struct netpol_string){texts[i], strlen(texts[i])};
        fine = learn(s, texts[i], &took) && (!check || i % 10 || same(s, names, i + 1));
        *all += took;
        *worst = took > *worst ? took : *worst;
    }
    free(names);
    free(texts);
    return fine;
}

static bool run_crowd(const struct crowd *crowd)
{
    struct stage s;
    char what[128];
    double all, worst, first = 0, shared = 0;
    bool fine = open_stage(&s, crowd) && gather(&s, true, &all, &worst) &&
                change_ok(netpol_names_forget(s.endpoints, NULL, 0, NULL), "forget");
    close_stage(&s);
    fine = fine && open_stage(&s, crowd);
    fine = fine && learn(&s, "nobody.test", &first) && gather(&s, false, &all, &worst) &&
           learn(&s, "shared.example.net", &shared);
    struct netpol_names_stats stats = {.size = sizeof stats};
    fine = fine && change_ok(netpol_names_stats(s.endpoints, &stats), "stats");
    const struct {
        const char *of;
        double value, aim;
        const char *unit;
    } figures[] = {
        {"first learn",    1e6 * first,                -1, "us"},
        {"learn, mean",    1e6 * all / crowd->names,   5,  "us"},
        {"learn, worst",   1e6 * worst,                -1, "us"},
        {"a name of all",  1e6 * shared,               -1, "us"},
        {"answers folded", (double)stats.evaluated,    -1, ""  },
        {"kilobytes held", (double)stats.bytes / 1024, -1, "kB"},
    };
    for (size_t i = 0; fine && i < sizeof figures / sizeof *figures; i++) {
        snprintf(what, sizeof what, "%s: %s", crowd->what, figures[i].of);
        change_record(what, crowd->own_pods ? crowd->policies : 3, crowd->policies,
                      figures[i].value, figures[i].unit, figures[i].aim);
    }
    close_stage(&s);
    return fine;
}

/* Names without end for one address, which no rule asks for; then they are over one by one. */
static bool run_flood(unsigned count)
{
    const struct crowd crowd = {"flood", 10, false, false, 0};
    struct stage s;
    bool fine = open_stage(&s, &crowd);
    double began = change_seconds();
    for (unsigned i = 0; fine && i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "n%u.elsewhere.test", i);
        fine = change_ok(netpol_names_learn(s.endpoints, name, 4, crowded, i + 1, 0), "learn");
    }
    double learnt = change_seconds();
    for (unsigned i = 0; fine && i < count; i++) {
        fine = change_ok(netpol_names_advance(s.endpoints, i + 1), "advance");
    }
    double over = change_seconds();
    change_record("names of one address: learn, mean", 3, 10, 1e6 * (learnt - began) / count, "us",
                  5);
    change_record("names of one address: expiry, mean", 3, 10, 1e6 * (over - learnt) / count, "us",
                  5);
    close_stage(&s);
    return fine;
}

bool change_crowd(bool quick)
{
    static const struct crowd crowds[] = {
        {"crowd, ClusterNetworkPolicy", 2000, false, false, 200},
        {"crowd, Cilium",               2000, true,  false, 200},
        {"own pods, Cilium",            5000, true,  true,  200},
    };
    bool fine = true;
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++) {
        fine = run_crowd(&crowds[i]) && fine;
    }
    return run_flood(quick ? 10000 : 100000) && fine;
}
