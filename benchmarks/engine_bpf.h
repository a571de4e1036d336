/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_ENGINE_BPF_H
#define NETPOL_BENCHMARKS_ENGINE_BPF_H
/* What the program in the kernel and the one that fills its maps share. */
#include <linux/types.h>

struct bpf_header {
    __u32 src; /* network order, as the trie compares bytes */
    __u32 dst;
    __u16 dst_port; /* network order */
    __u8 protocol, spare;
    __u32 answer;
};
struct bpf_prefix {
    __u32 length, address;
};
struct bpf_endpoint {
    __u32 policy; /* index in the map of maps */
    __u32 missed; /* the answer where the policy map has none */
};
struct bpf_policy_key {
    __u32 length; /* of a trie; unused in hash maps: 0 */
    __u32 identity;
    __u8 direction, protocol;
    __u16 port; /* network order */
};
enum {
    BPF_HEADERS = 1 << 19,
    BPF_KEY_FIXED = 40, /* bits of identity and direction */
    BPF_KEY_PROTOCOL = 48,
    BPF_KEY_ALL = 64,
    BPF_ANY_IDENTITY = 0,
    BPF_WORLD = 2,
    BPF_FIRST_IDENTITY = 256
};
#endif
