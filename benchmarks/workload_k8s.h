/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_WORKLOAD_K8S_H
#define NETPOL_BENCHMARKS_WORKLOAD_K8S_H
/*
 * A cluster and its policies, as Kubernetes users write them.
 *
 * k8s: pods in label classes; nine of ten classes are selected by one policy that admits 2 to 4
 * other classes and three address blocks, each on one or two ports or a range. Many pods are alike.
 *
 * k8s-hard: no two pods are alike. Four group labels a pod, each of which one policy selects, so
 * that every pod is under four policies in a combination of its own; policies admit groups, single
 * pods by a label that only they have, and overlapping blocks with exceptions; no two are equal.
 */
#include "workload_set.h"

enum { BENCH_KEYS = 4, BENCH_PEERS = 8, BENCH_SPANS = 2, BENCH_EXCEPTS = 2, BENCH_IDS = 3 };

struct bench_pod {
    uint32_t address;
    uint32_t labels[BENCH_KEYS]; /* values of the group labels; k8s: the first is the class */
};
struct bench_block {
    uint32_t address;
    uint8_t length;
    uint8_t n_excepts;
    struct {
        uint32_t address;
        uint8_t length;
    } excepts[BENCH_EXCEPTS];
};
enum bench_peer_kind { BENCH_PEER_GROUP, BENCH_PEER_IDS, BENCH_PEER_BLOCK };
struct bench_peer {
    uint8_t kind;
    uint32_t key, value;     /* GROUP: pods whose label `key` is `value` */
    uint32_t ids[BENCH_IDS]; /* IDS: these pods, by the label that is unique to them */
    struct bench_block block;
};
struct bench_span {
    uint8_t protocol;
    uint16_t first, last;
};
struct bench_policy_rule {
    struct bench_peer peers[BENCH_PEERS];
    uint32_t n_peers;
    struct bench_span spans[BENCH_SPANS];
    uint32_t n_spans;
};
enum { BENCH_POLICY_RULES = 2 };
struct bench_policy {
    uint32_t key, value; /* selects pods whose label `key` is `value` */
    struct bench_policy_rule rules[NP_DIRECTIONS][BENCH_POLICY_RULES];
};
struct bench_cluster_set {
    bool hard;
    struct bench_pod *pods;
    uint32_t n_pods, n_values; /* values of a group label */
    struct bench_policy *policies;
    uint32_t n_policies;
    struct bench_block *blocks; /* the pool that peers are drawn from */
    uint32_t n_blocks;
};

/*
 * Draws pods, blocks and policies after the numbers that are set in *shape (hard, n_pods, n_values,
 * n_blocks). blocks_each 0: every policy draws its blocks from the pool; else it takes the next so
 * many of them, so that all are used. false: no memory; *out is to be freed all the same.
 */
bool bench_cluster_draw(uint64_t seed, const struct bench_cluster_set *shape, uint32_t blocks_each,
                        struct bench_cluster_set *out);
void bench_cluster_free(struct bench_cluster_set *set);
/* workload_store.c: pods through the typed call, policies as a document; dual: every pod has an
 * IPv6 address as well. OK or what failed. */
int bench_store_fill(struct netpol_store *store, const struct bench_cluster_set *set, bool dual);

/* The id of what decides: a rule of a policy, or (rule BENCH_ISOLATION) its isolation. */
enum { BENCH_ISOLATION = BENCH_POLICY_RULES };
static inline uint32_t bench_policy_id(uint32_t policy, uint32_t rule, int direction)
{
    return 1 + (policy * 2 + (uint32_t)direction) * (BENCH_POLICY_RULES + 1) + rule;
}
bool bench_peer_has(const struct bench_cluster_set *set, const struct bench_peer *peer,
                    uint32_t pod);
/* Policies that select a pod, at most BENCH_KEYS, ascending; returns how many. */
uint32_t bench_policies_of(const struct bench_cluster_set *set, uint32_t pod,
                           uint32_t policies[BENCH_KEYS]);
/* A block without its exceptions, as prefixes; stops and returns false when emit does. */
bool bench_block_pieces(const struct bench_block *block,
                        bool (*emit)(void *user, uint32_t address, uint8_t length), void *user);
/* workload_k8s_model.c */
struct np_model *bench_k8s_model(const struct bench_workload *w, const struct netpol_ctx *ctx,
                                 uint32_t **answers);
#endif
