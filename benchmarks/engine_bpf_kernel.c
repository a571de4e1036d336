/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy decision as a CNI with BPF maps makes it: the endpoint by its address (hash), the
 * identity of the other end (trie of prefixes), then the endpoint's policy map twice, for that
 * identity and for any. The policy map is a trie (ranges of ports are prefixes) or a hash (every
 * port an entry). Runs over an array of headers.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "engine_bpf.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, BPF_HEADERS);
    __type(key, __u32);
    __type(value, struct bpf_header);
} headers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 1 << 20);
    __type(key, struct bpf_prefix);
    __type(value, __u32);
} identities SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1 << 16);
    __type(key, __u32);
    __type(value, struct bpf_endpoint);
} endpoints SEC(".maps");

struct policy_trie {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(struct bpf_policy_key));
    __uint(value_size, sizeof(__u32));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1 << 13);
    __type(key, __u32);
    __array(values, struct policy_trie);
} policy_tries SEC(".maps");

struct policy_hash {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1);
    __uint(key_size, sizeof(struct bpf_policy_key));
    __uint(value_size, sizeof(__u32));
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1 << 13);
    __type(key, __u32);
    __array(values, struct policy_hash);
} policy_hashes SEC(".maps");

struct run {
    __u32 count, store, sum;
};
/* Set by who starts the program. */
__u32 count_wanted;
__u32 store_wanted;
__u32 sum_of_answers;

static __always_inline __u32 *ask(void *policy, const struct bpf_header *h, __u32 identity,
                                  __u32 length)
{
    struct bpf_policy_key key = {
        .length = length, .identity = identity, .protocol = h->protocol, .port = h->dst_port};
    return bpf_map_lookup_elem(policy, &key);
}

static __always_inline __u32 decide(const struct bpf_header *h, void *policies, __u32 length)
{
    struct bpf_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &h->dst);
    if (!endpoint) {
        return 1; /* not an endpoint: allowed, by no rule */
    }
    __u32 index = endpoint->policy;
    void *policy = bpf_map_lookup_elem(policies, &index);
    if (!policy) {
        return 0;
    }
    struct bpf_prefix address = {32, h->src};
    __u32 *identity = bpf_map_lookup_elem(&identities, &address);
    __u32 *exact = ask(policy, h, identity ? *identity : BPF_WORLD, length);
    __u32 *any = ask(policy, h, BPF_ANY_IDENTITY, length);
    return exact ? *exact : any ? *any : endpoint->missed;
}

static __always_inline long finish(struct bpf_header *h, struct run *run, __u32 answer)
{
    if (run->store) {
        h->answer = answer;
    }
    run->sum += answer;
    return 0;
}

static long by_trie(__u32 i, void *context)
{
    struct bpf_header *h = bpf_map_lookup_elem(&headers, &i);
    return h ? finish(h, context, decide(h, &policy_tries, BPF_KEY_ALL)) : 1;
}

static long by_hash(__u32 i, void *context)
{
    struct bpf_header *h = bpf_map_lookup_elem(&headers, &i);
    return h ? finish(h, context, decide(h, &policy_hashes, 0)) : 1;
}

/* The loop without a decision: what is to be taken off. */
static long by_nothing(__u32 i, void *context)
{
    struct bpf_header *h = bpf_map_lookup_elem(&headers, &i);
    return h ? finish(h, context, h->dst) : 1;
}

#define PROGRAM(name, callback)                           \
    SEC("tc") int name(struct __sk_buff *packet)          \
    {                                                     \
        struct run run = {count_wanted, store_wanted, 0}; \
        bpf_loop(run.count, callback, &run, 0);           \
        sum_of_answers = run.sum;                         \
        return 0;                                         \
    }
PROGRAM(run_trie, by_trie)
PROGRAM(run_hash, by_hash)
PROGRAM(run_nothing, by_nothing)

char bpf_license[] SEC("license") = "Apache-2.0";
