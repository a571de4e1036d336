/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many rules that differ in their names alone, and addresses with many names: after every learn,
 * forget and expiry the verdict equals the reference's where the question holds exactly the live
 * names, with whose rule it was. names.c has sets of every shape; here rules are so alike that
 * most of them are left out of what is asked (compile/naming_rules.c), between others that must
 * not be: other ports, denies, rules for a proxy, authentication, prefixes, policies of one pod.
 *
 * usage: names_crowd SETS [SEED [STEPS]]
 */
#include "compile/matcher.h"
#include "differential/engines.h"
#include "differential/generator.h"
#include "reference/reference.h"

#include <netpol/netpol.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 14, ADDRESSES = 3, PODS = 3, PORTS = 3, POLICIES = 12 };

struct run {
    struct gen_random random;
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints;
    struct netpol_view *view;
    char names[NAMES][32];
    uint64_t end[ADDRESSES][NAMES]; /* 0: not live */
    uint64_t now, questions, allowed, denied;
};

/* ---- policies ---- */

/* Each once: more is an error. */
static void write_names(struct run *run, char **at, const char *each, const char *star)
{
    unsigned count = 1 + gen_below(&run->random, 3), first = gen_below(&run->random, NAMES);
    bool pattern = gen_chance(&run->random, 30);
    for (unsigned i = 0; i < count; i++) {
        *at += sprintf(*at, "%s", i ? ", " : "");
        *at += pattern && i == 0 ? sprintf(*at, star, "*.a.test")
                                 : sprintf(*at, each, run->names[(first + i * 5) % NAMES]);
    }
}

static void write_cluster_policy(struct run *run, char **at, unsigned i)
{
    static const char *const subjects[] = {"{}", "{}", "{}", "{matchLabels: {app: app-0}}"};
    *at += sprintf(*at,
                   "---\napiVersion: policy.networking.k8s.io/v1alpha2\n"
                   "kind: ClusterNetworkPolicy\nmetadata: {name: p-%u}\nspec:\n"
                   "  tier: %s\n  priority: %u\n  subject: {pods: {namespaceSelector: {}, "
                   "podSelector: %s}}\n  egress:\n",
                   i, gen_chance(&run->random, 80) ? "Admin" : "Baseline",
                   gen_below(&run->random, 1000), subjects[gen_below(&run->random, 4)]);
    for (unsigned r = 1 + gen_below(&run->random, 3); r > 0; r--) {
        if (gen_chance(&run->random, 12)) { /* names may only be accepted */
            *at += sprintf(*at, "  - {action: %s, to: [{networks: [203.0.113.%u/32]}]}\n",
                           gen_chance(&run->random, 70) ? "Deny" : "Pass",
                           1 + gen_below(&run->random, ADDRESSES));
            continue;
        }
        bool port = gen_chance(&run->random, 40);
        *at += sprintf(*at, "  - {action: Accept, to: [{domainNames: [");
        write_names(run, at, "%s", "'%s'");
        *at += sprintf(*at, "]}]%s}\n",
                       port ? ", protocols: [{tcp: {destinationPort: {number: 443}}}]" : "");
    }
}

static void write_cilium_policy(struct run *run, char **at, unsigned i)
{
    static const char *const subjects[] = {"{}", "{}", "{}", "{matchLabels: {app: app-0}}"};
    static const char *const ports[] = {"[{port: '443', protocol: TCP}]",
                                        "[{port: '443', protocol: TCP}]", "[{port: '80'}]",
                                        "[{port: '443', protocol: TCP}, {port: '80'}]"};
    *at += sprintf(*at,
                   "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
                   "metadata: {name: p-%u, namespace: shop}\nspec:\n"
                   "  endpointSelector: %s\n  egress:\n",
                   i, subjects[gen_below(&run->random, 4)]);
    for (unsigned r = 1 + gen_below(&run->random, 3); r > 0; r--) {
        *at += sprintf(*at, "  - toFQDNs: [");
        write_names(run, at, "{matchName: %s}", "{matchPattern: '%s'}");
        *at += sprintf(*at, "]\n");
        if (gen_chance(&run->random, 80)) {
            bool l7 = gen_chance(&run->random, 4);
            *at += sprintf(*at, "    toPorts: [{ports: %s%s}]\n",
                           l7 ? ports[0] : ports[gen_below(&run->random, 4)],
                           l7 ? ", rules: {http: [{method: GET}]}" : "");
        }
        if (gen_chance(&run->random, 3)) {
            *at += sprintf(*at, "    authentication: {mode: required}\n");
        }
    }
    if (gen_chance(&run->random, 15)) {
        *at += sprintf(*at, "  egressDeny:\n  - toCIDR: [203.0.113.%u/32]\n",
                       1 + gen_below(&run->random, ADDRESSES));
    }
}

static char *write_cluster(struct run *run, bool cilium)
{
    char *text = malloc(POLICIES * 4096 + 4096), *at = text;
    for (unsigned i = 0; text && i < PODS; i++) {
        at += sprintf(at,
                      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: app-%u, namespace: shop, "
                      "labels: {app: app-%u}}\nspec: {containers: [{name: c, image: i}]}\n"
                      "status: {podIP: 10.0.0.%u}\n",
                      i, i, i + 1);
    }
    for (unsigned i = 0; text && i < POLICIES; i++) {
        if (cilium) {
            write_cilium_policy(run, &at, i);
        } else {
            write_cluster_policy(run, &at, i);
        }
    }
    return text;
}

/* ---- steps ---- */

static void address_of(unsigned number, uint8_t out[16])
{
    const uint8_t four[4] = {203, 0, 113, (uint8_t)(number + 1)};
    memset(out, 0, 16);
    memcpy(out, four, sizeof four);
}

static bool step(struct run *run)
{
    unsigned address = gen_below(&run->random, ADDRESSES), name = gen_below(&run->random, NAMES);
    uint32_t which = gen_below(&run->random, 100);
    uint8_t bytes[16];
    address_of(address, bytes);
    if (which < 80) {
        uint64_t end = run->now + 1 + gen_below(&run->random, 40);
        run->end[address][name] = end > run->end[address][name] ? end : run->end[address][name];
        return netpol_names_learn(run->endpoints, run->names[name], 4, bytes, end - run->now,
                                  run->now) == NETPOL_OK;
    }
    if (which < 88) {
        bool live = run->end[address][name];
        run->end[address][name] = 0;
        return netpol_names_forget(run->endpoints, run->names[name], 4, bytes) ==
               (live ? NETPOL_OK : NETPOL_ERR_NOT_FOUND);
    }
    run->now += gen_below(&run->random, 6);
    for (unsigned a = 0; a < ADDRESSES; a++) {
        for (unsigned n = 0; n < NAMES; n++) {
            run->end[a][n] = run->end[a][n] > run->now ? run->end[a][n] : 0;
        }
    }
    return netpol_names_advance(run->endpoints, run->now) == NETPOL_OK;
}

static void show(const char *whose, const struct netpol_verdict *v)
{
    printf("%s: action %d, egress rule %u reason %u flags %x program %u missing %x\n", whose,
           v->action, v->egress.rule, v->egress.reason, v->egress.flags, v->egress.program,
           v->missing);
}

static bool ask(struct run *run, unsigned pod, unsigned address, uint16_t port)
{
    struct netpol_string live[NAMES];
    struct np_end_names given[2] = {{0}, {.items = live}};
    struct netpol_tuple tuple = {.family = 4, .protocol = 6, .src_port = 40000, .dst_port = port};
    const uint8_t src[4] = {10, 0, 0, (uint8_t)(pod + 1)};
    memcpy(tuple.src, src, sizeof src);
    address_of(address, tuple.dst);
    for (unsigned n = 0; n < NAMES; n++) {
        if (run->end[address][n]) {
            live[given[1].count++] = (struct netpol_string){run->names[n], strlen(run->names[n])};
        }
    }
    given[1].given = given[1].count > 0;
    struct netpol_verdict expected, got;
    np_reference_eval_named(np_whole_of(run->matcher)->model, &tuple, NULL, given, NULL, NULL,
                            &expected);
    expected.generation = run->matcher->generation;
    (void)netpol_eval(run->view, &tuple, &got);
    run->questions++;
    run->allowed += got.action == NETPOL_ALLOW;
    run->denied += got.action == NETPOL_DENY;
    if (memcmp(&expected, &got, sizeof got) != 0) {
        printf("pod %u, address %u, port %u, %zu names\n", pod, address, port,
               (size_t)given[1].count);
        show("reference", &expected);
        show("learnt", &got);
        return false;
    }
    return true;
}

static bool ask_all(struct run *run)
{
    static const uint16_t ports[PORTS] = {443, 80, 22};
    bool fine = true;
    for (unsigned i = 0; i < PODS * ADDRESSES * PORTS && fine; i++) {
        fine = ask(run, i % PODS, i / PODS % ADDRESSES, ports[i / PODS / ADDRESSES]);
    }
    return fine;
}

/* ---- sets ---- */

static bool open_set(struct run *run, const char *text, bool cilium)
{
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = cilium ? "cilium" : "kubernetes"};
    return text && netpol_ctx_create(NULL, &run->ctx) == NETPOL_OK &&
           netpol_store_create(run->ctx, &run->store) == NETPOL_OK &&
           netpol_store_load_buffer(run->store, text, strlen(text), "crowd", NULL, NULL) ==
               NETPOL_OK &&
           netpol_compile(run->store, &options, NULL, &run->matcher) == NETPOL_OK &&
           netpol_endpoints_create(run->matcher, &run->endpoints) == NETPOL_OK &&
           netpol_view_create(run->matcher, run->endpoints, &run->view) == NETPOL_OK;
}

static bool try_set(struct run *run, uint64_t seed, uint32_t steps)
{
    run->random = (struct gen_random){seed};
    memset(run->end, 0, sizeof run->end);
    run->now = 0;
    run->ctx = NULL;
    run->store = NULL;
    run->matcher = NULL;
    run->endpoints = NULL;
    run->view = NULL;
    for (unsigned n = 0; n < NAMES; n++) {
        snprintf(run->names[n], sizeof run->names[n], n % 3 ? "n%u.test" : "n%u.a.test", n);
    }
    bool cilium = gen_chance(&run->random, 50);
    char *text = write_cluster(run, cilium);
    bool fine = open_set(run, text, cilium);
    for (uint32_t s = 0; fine && s < steps; s++) {
        fine = step(run) && ask_all(run);
    }
    if (!fine) {
        printf("seed %llu\n%s", (unsigned long long)seed, text ? text : "");
    }
    netpol_view_destroy(run->view);
    netpol_endpoints_destroy(run->endpoints);
    netpol_matcher_unref(run->matcher);
    netpol_store_destroy(run->store);
    netpol_ctx_destroy(run->ctx);
    free(text);
    return fine;
}

int main(int argc, char **argv)
{
    static struct run run;
    uint32_t sets = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 20;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint32_t steps = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 60;
    for (uint32_t i = 0; i < sets; i++) {
        if (!try_set(&run, seed + i, steps)) {
            return 1;
        }
    }
    printf("%u sets, %llu questions, %llu allowed, %llu denied\n", sets,
           (unsigned long long)run.questions, (unsigned long long)run.allowed,
           (unsigned long long)run.denied);
    return run.allowed && run.denied ? 0 : 1;
}
