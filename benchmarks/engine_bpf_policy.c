/* SPDX-License-Identifier: Apache-2.0 */
/* engine_bpf_policy.h has the idea. */
#include "engine_bpf_policy.h"
#include "engine_bpf.h"

#include <stdlib.h>

/* ---- identities ---- */

static int by_prefix(const void *a, const void *b)
{
    const struct bpf_identity_prefix *x = a, *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    return x->length - y->length;
}

static void note(struct bpf_cluster *cluster, uint32_t address, uint8_t length)
{
    cluster->prefixes[cluster->n_prefixes++] = (struct bpf_identity_prefix){address, length};
}

static void note_rule(struct bpf_cluster *cluster, const struct bench_policy_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_peers; i++) {
        const struct bench_block *block = &rule->peers[i].block;
        if (rule->peers[i].kind != BENCH_PEER_BLOCK) {
            continue;
        }
        note(cluster, block->address, block->length);
        for (uint32_t e = 0; e < block->n_excepts; e++) {
            note(cluster, block->excepts[e].address, block->excepts[e].length);
        }
    }
}

bool bpf_cluster_make(const struct bench_cluster_set *set, struct bpf_cluster *out)
{
    size_t most = (size_t)set->n_policies * BENCH_POLICY_RULES * BENCH_PEERS * (1 + BENCH_EXCEPTS);
    *out = (struct bpf_cluster){.set = set};
    out->prefixes = malloc((most + 1) * sizeof *out->prefixes);
    if (!out->prefixes) {
        return false;
    }
    for (uint32_t p = 0; p < set->n_policies; p++) {
        for (uint32_t r = 0; r < BENCH_POLICY_RULES; r++) {
            note_rule(out, &set->policies[p].rules[NP_INGRESS][r]);
        }
    }
    qsort(out->prefixes, out->n_prefixes, sizeof *out->prefixes, by_prefix);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->n_prefixes; i++) {
        if (kept == 0 || by_prefix(&out->prefixes[kept - 1], &out->prefixes[i]) != 0) {
            out->prefixes[kept++] = out->prefixes[i];
        }
    }
    out->n_prefixes = kept;
    return true;
}

void bpf_cluster_free(struct bpf_cluster *cluster)
{
    free(cluster->prefixes);
}

uint32_t bpf_pod_identity(const struct bpf_cluster *cluster, uint32_t pod)
{
    return BPF_FIRST_IDENTITY + (cluster->set->hard ? pod : cluster->set->pods[pod].labels[0]);
}

/* ---- entries ---- */

static bool contains(uint32_t address, uint8_t length, const struct bpf_identity_prefix *inner)
{
    return length <= inner->length && ((address ^ inner->address) & bench_mask(length)) == 0;
}

/* Is the peer this prefix, less the longer ones? Every end of every block is a prefix: all or
 * nothing. */
static bool peer_has_prefix(const struct bench_peer *peer, const struct bpf_identity_prefix *prefix)
{
    const struct bench_block *block = &peer->block;
    if (peer->kind != BENCH_PEER_BLOCK || !contains(block->address, block->length, prefix)) {
        return false;
    }
    for (uint32_t e = 0; e < block->n_excepts; e++) {
        if (contains(block->excepts[e].address, block->excepts[e].length, prefix)) {
            return false;
        }
    }
    return true;
}

enum { MOST_SPANS = BENCH_KEYS * BENCH_POLICY_RULES * BENCH_SPANS };
struct spans { /* that admit one identity, in the order of the policies */
    struct bench_span items[MOST_SPANS];
    uint32_t answers[MOST_SPANS];
    uint32_t count;
};

static bool add(struct bpf_entries *out, const struct bpf_entry *entry)
{
    if (out->count == out->capacity) {
        size_t capacity = out->capacity ? out->capacity * 2 : 256;
        struct bpf_entry *items = realloc(out->items, capacity * sizeof *items);
        if (!items) {
            return false;
        }
        out->items = items;
        out->capacity = capacity;
    }
    out->items[out->count++] = *entry;
    return true;
}

/* The first span that holds decides; ports from `from` on: what holds there, and up to where. */
static uint32_t segment(const struct spans *spans, uint8_t protocol, uint32_t from, uint32_t *last)
{
    *last = UINT16_MAX;
    for (uint32_t i = 0; i < spans->count; i++) {
        const struct bench_span *span = &spans->items[i];
        if (span->protocol != protocol) {
            continue;
        }
        if (span->first > from) {
            *last = span->first - 1u < *last ? span->first - 1u : *last;
        } else if (span->last >= from) {
            *last = span->last < *last ? span->last : *last;
            return spans->answers[i];
        }
    }
    return 0;
}

static bool add_entries(const struct spans *spans, uint32_t identity, struct bpf_entries *out)
{
    static const uint8_t protocols[] = {BENCH_TCP, BENCH_UDP};
    for (size_t p = 0; spans->count && p < sizeof protocols; p++) {
        uint32_t last;
        for (uint32_t from = 0; from <= UINT16_MAX; from = last + 1) {
            uint32_t answer = segment(spans, protocols[p], from, &last);
            const struct bpf_entry entry = {identity, answer, (uint16_t)from, (uint16_t)last,
                                            protocols[p]};
            if (answer && !add(out, &entry)) {
                return false;
            }
        }
    }
    return true;
}

static void admit(struct spans *spans, const struct bench_policy_rule *rule, uint32_t answer)
{
    for (uint32_t s = 0; s < rule->n_spans; s++) {
        spans->items[spans->count] = rule->spans[s];
        spans->answers[spans->count++] = answer;
    }
}

/* pod UINT32_MAX: the prefix instead. */
static void gather(const struct bpf_cluster *cluster, const uint32_t *policies, uint32_t count,
                   uint32_t pod, const struct bpf_identity_prefix *prefix, struct spans *spans)
{
    spans->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t r = 0; r < BENCH_POLICY_RULES; r++) {
            const struct bench_policy_rule *rule =
                &cluster->set->policies[policies[i]].rules[NP_INGRESS][r];
            bool any = false;
            for (uint32_t p = 0; p < rule->n_peers && !any; p++) {
                any = pod == UINT32_MAX ? peer_has_prefix(&rule->peers[p], prefix)
                                        : bench_peer_has(cluster->set, &rule->peers[p], pod);
            }
            if (any) {
                admit(spans, rule, bench_answer(bench_policy_id(policies[i], r, NP_INGRESS), true));
            }
        }
    }
}

bool bpf_policy_entries(const struct bpf_cluster *cluster, uint32_t pod, struct bpf_entries *out)
{
    const struct bench_cluster_set *set = cluster->set;
    uint32_t policies[BENCH_KEYS];
    uint32_t count = bench_policies_of(set, pod, policies);
    uint32_t identities = set->hard ? set->n_pods : set->n_values; /* pod i is of class i */
    struct spans spans;
    out->count = 0;
    for (uint32_t i = 0; i < identities; i++) {
        gather(cluster, policies, count, i, NULL, &spans);
        if (!add_entries(&spans, BPF_FIRST_IDENTITY + i, out)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < cluster->n_prefixes; i++) {
        gather(cluster, policies, count, UINT32_MAX, &cluster->prefixes[i], &spans);
        if (!add_entries(&spans, BPF_PREFIXES + i, out)) {
            return false;
        }
    }
    return true;
}
