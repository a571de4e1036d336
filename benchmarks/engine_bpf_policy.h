/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_ENGINE_BPF_POLICY_H
#define NETPOL_BENCHMARKS_ENGINE_BPF_POLICY_H
/*
 * A cluster as identities: one for every set of labels that policies tell apart, one for every
 * prefix that a policy names. What a policy map holds is then {identity, protocol, ports}.
 */
#include "workload_k8s.h"

struct bpf_identity_prefix {
    uint32_t address;
    uint8_t length;
};
struct bpf_cluster {
    const struct bench_cluster_set *set;
    struct bpf_identity_prefix *prefixes; /* distinct; the i-th is identity BPF_PREFIXES + i */
    uint32_t n_prefixes;
};
enum { BPF_PREFIXES = 1 << 24 };
struct bpf_entry {
    uint32_t identity, answer;
    uint16_t first, last;
    uint8_t protocol;
};
struct bpf_entries {
    struct bpf_entry *items;
    size_t count, capacity;
};

/* false: no memory. Freed with bpf_cluster_free. */
bool bpf_cluster_make(const struct bench_cluster_set *set, struct bpf_cluster *out);
void bpf_cluster_free(struct bpf_cluster *cluster);
uint32_t bpf_pod_identity(const struct bpf_cluster *cluster, uint32_t pod);
/* What is admitted to a pod, ingress: no two entries of an identity overlap. false: no memory. */
bool bpf_policy_entries(const struct bpf_cluster *cluster, uint32_t pod, struct bpf_entries *out);
#endif
