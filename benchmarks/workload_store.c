/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster of workload_k8s.h as objects in a store: what compiling costs includes lowering. */
#include "workload_k8s.h"

#include <netpol/netpol.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const keys[BENCH_KEYS] = {"app", "tier", "team", "release"};

struct text {
    char *bytes;
    size_t size, capacity;
    bool failed;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
    va_list arguments;
    if (t->capacity - t->size < 512) {
        size_t capacity = t->capacity ? t->capacity * 2 : 1 << 16;
        char *bytes = realloc(t->bytes, capacity);
        if (!bytes) {
            t->failed = true;
            return;
        }
        t->bytes = bytes;
        t->capacity = capacity;
    }
    va_start(arguments, format);
    int n = vsnprintf(t->bytes + t->size, t->capacity - t->size, format, arguments);
    va_end(arguments);
    t->size += n > 0 ? (size_t)n : 0;
}

static void put_range(struct text *t, uint32_t address, uint8_t length)
{
    put(t, "%u.%u.%u.%u/%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255,
        length);
}

static void put_peer(struct text *t, const struct bench_peer *peer)
{
    const struct bench_block *block = &peer->block;
    if (peer->kind == BENCH_PEER_GROUP) {
        put(t, "    - podSelector: {matchLabels: {%s: v%u}}\n", keys[peer->key], peer->value);
    } else if (peer->kind == BENCH_PEER_IDS) {
        put(t,
            "    - podSelector: {matchExpressions: [{key: id, operator: In, values: "
            "[id%u, id%u, id%u]}]}\n",
            peer->ids[0], peer->ids[1], peer->ids[2]);
    } else {
        put(t, "    - ipBlock: {cidr: ");
        put_range(t, block->address, block->length);
        for (uint32_t e = 0; e < block->n_excepts; e++) {
            put(t, "%s", e ? ", " : ", except: [");
            put_range(t, block->excepts[e].address, block->excepts[e].length);
        }
        put(t, "%s}\n", block->n_excepts ? "]" : "");
    }
}

static void put_policy(struct text *t, uint32_t index, const struct bench_policy *policy)
{
    put(t,
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: "
        "{name: p%06u, namespace: shop}\nspec:\n  podSelector: {matchLabels: {%s: v%u}}\n"
        "  policyTypes: [Ingress]\n  ingress:\n",
        index, keys[policy->key], policy->value);
    for (uint32_t r = 0; r < BENCH_POLICY_RULES; r++) {
        const struct bench_policy_rule *rule = &policy->rules[NP_INGRESS][r];
        put(t, "  - from:\n");
        for (uint32_t i = 0; i < rule->n_peers; i++) {
            put_peer(t, &rule->peers[i]);
        }
        put(t, "    ports:\n");
        for (uint32_t s = 0; s < rule->n_spans; s++) {
            const struct bench_span *span = &rule->spans[s];
            put(t, "    - {protocol: %s, port: %u", span->protocol == BENCH_UDP ? "UDP" : "TCP",
                span->first);
            put(t, span->last > span->first ? ", endPort: %u}\n" : "}\n", span->last);
        }
    }
}

static int put_pod(struct netpol_store *store, const struct bench_cluster_set *set, uint32_t pod,
                   bool dual)
{
    struct netpol_label labels[BENCH_KEYS + 1];
    char values[BENCH_KEYS + 1][16], name[16], addresses[2][48];
    size_t n = 0;
    for (; n < (set->hard ? BENCH_KEYS : 1u); n++) {
        snprintf(values[n], sizeof values[n], "v%u", set->pods[pod].labels[n]);
        labels[n] = (struct netpol_label){keys[n], values[n]};
    }
    snprintf(values[n], sizeof values[n], "id%u", pod);
    labels[n] = (struct netpol_label){set->hard ? "id" : "pod-template-hash", values[n]};
    snprintf(name, sizeof name, "pod-%u", pod);
    uint32_t at = set->pods[pod].address;
    snprintf(addresses[0], sizeof addresses[0], "%u.%u.%u.%u", at >> 24, at >> 16 & 255,
             at >> 8 & 255, at & 255);
    snprintf(addresses[1], sizeof addresses[1], "fd00:10:244::%x:%x", pod >> 16, pod & 0xffff);
    const char *list[2] = {addresses[0], addresses[1]};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "shop",
                                              .name = name,
                                              .labels = labels,
                                              .n_labels = n + 1,
                                              .addresses = list,
                                              .n_addresses = dual ? 2 : 1};
    int status = netpol_store_put_endpoint(store, &spec, NULL, NULL);
    return status == NETPOL_NEEDS_COMPILE ? NETPOL_OK : status;
}

int bench_store_fill(struct netpol_store *store, const struct bench_cluster_set *set, bool dual)
{
    struct text t = {0};
    for (uint32_t i = 0; i < set->n_policies; i++) {
        put_policy(&t, i, &set->policies[i]);
    }
    int status = t.failed ? NETPOL_ERR_MEMORY : netpol_store_begin(store);
    for (uint32_t i = 0; status == NETPOL_OK && i < set->n_pods; i++) {
        status = put_pod(store, set, i, dual);
    }
    if (status == NETPOL_OK) {
        status = netpol_store_load_buffer(store, t.bytes, t.size, "policies", NULL, NULL);
    }
    if (status == NETPOL_OK) {
        status = netpol_store_commit(store, NULL);
    }
    free(t.bytes);
    return status;
}
