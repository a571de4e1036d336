/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_WORKLOAD_SET_H
#define NETPOL_BENCHMARKS_WORKLOAD_SET_H
/*
 * Workloads of the classification benchmark: one policy set in two forms, and headers to ask about.
 *
 * libnetpol gets the model (policies over labels, prefixes and ports); the peers get what the same
 * policies are when expanded to 5-tuples, an ordered list of which the first match decides. Every
 * rule of the list carries the id of the policy and rule it came from, so that all engines are
 * asked the same: allowed or not, and because of which rule.
 */
#include "model/build.h"

#include <stdint.h>

enum { BENCH_TCP = 6, BENCH_UDP = 17 };

/* A header; all in host byte order. */
struct bench_key {
    uint32_t src, dst;
    uint16_t src_port, dst_port;
    uint8_t protocol;
};
/* One line of an expanded list; bounds included. */
struct bench_line {
    uint32_t src, dst; /* host bits cleared */
    uint16_t src_first, src_last, dst_first, dst_last;
    uint8_t src_length, dst_length;
    uint8_t protocol, any_protocol;
    uint32_t answer; /* what a match says: id << 1 | allowed; never 0 */
};
struct bench_lines {
    struct bench_line *items;
    size_t count, capacity;
};
/* What no rule of a list decides: allowed, without a rule. */
enum { BENCH_DEFAULT = 1 };
static inline uint32_t bench_answer(uint32_t id, bool allowed)
{
    return id << 1 | (allowed ? 1 : 0);
}

/* What matters to an engine that works on identities instead of 5-tuples: see workload_k8s.h. */
struct bench_cluster_set;

struct bench_workload {
    const char *name;
    size_t nominal;                          /* the size it stands for: 1000, 10000, ... */
    struct bench_lines rules[NP_DIRECTIONS]; /* by direction; the egress list may be empty */
    bool both;                               /* both directions are asked */
    struct bench_key *trace;
    size_t n_trace;
    struct bench_cluster_set *cluster; /* NULL: no cluster behind it */
    /*
     * The model of the directions asked, sealed; the caller destroys it. *answers (malloc'ed) is by
     * decision number. NULL: no memory.
     */
    struct np_model *(*model)(const struct bench_workload *w, const struct netpol_ctx *ctx,
                              uint32_t **answers);
};

/* k8s, k8s-hard, acl, fw, ipc; nominal 1000 to 1000000. both: egress as well. false: no such
 * workload, or no memory. */
bool bench_workload_make(const char *name, size_t nominal, bool both, struct bench_workload *out);
/* ClassBench's filter and trace formats; one direction. *why: what is wrong, with the line. */
bool bench_workload_read(const char *rules, const char *trace, struct bench_workload *out,
                         char why[256]);
/* Draws the trace anew from itself so that few headers come often, as connections do: the chance of
 * the i-th is about 1 / i (Zipf). false: no memory. */
bool bench_workload_skew(struct bench_workload *w);
void bench_workload_free(struct bench_workload *w);

/* The first rule that matches decides; BENCH_DEFAULT where none does. */
uint32_t bench_linear(const struct bench_lines *rules, const struct bench_key *key);
/* false: no memory. */
bool bench_lines_add(struct bench_lines *rules, const struct bench_line *rule);

/* A header as netpol_eval takes it. */
static inline struct netpol_tuple bench_tuple(const struct bench_key *key)
{
    struct netpol_tuple t = {
        .src_port = key->src_port,
        .dst_port = key->dst_port,
        .family = NP_IPV4,
        .protocol = key->protocol,
    };
    for (int i = 0; i < 4; i++) {
        t.src[i] = (uint8_t)(key->src >> (24 - 8 * i));
        t.dst[i] = (uint8_t)(key->dst >> (24 - 8 * i));
    }
    return t;
}

/* ---- numbers that are the same in every run ---- */
struct bench_random {
    uint64_t state;
};
static inline uint64_t bench_next(struct bench_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}
/* 0 .. below - 1 */
static inline uint32_t bench_below(struct bench_random *r, uint64_t below)
{
    return (uint32_t)((bench_next(r) >> 32) * below >> 32);
}
static inline uint32_t bench_mask(unsigned length)
{
    return length ? ~0u << (32 - length) : 0;
}
struct np_prefix bench_prefix(uint32_t address, uint8_t length);
/* A header that a rule holds for. */
struct bench_key bench_key_in(struct bench_random *r, const struct bench_line *rule);

/* of the kinds of workload (workload_k8s.c, workload_list.c) */
bool bench_list_make(const char *name, size_t nominal, struct bench_workload *out);
bool bench_k8s_make(bool hard, size_t nominal, bool both, struct bench_workload *out);
void bench_k8s_free(struct bench_workload *w);
struct np_model *bench_list_model(const struct bench_workload *w, const struct netpol_ctx *ctx,
                                  uint32_t **answers);
#endif
