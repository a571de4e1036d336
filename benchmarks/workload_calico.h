/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_WORKLOAD_CALICO_H
#define NETPOL_BENCHMARKS_WORKLOAD_CALICO_H
/*
 * Policies of the size that is known of Calico's evaluator in user space: thousands of rules in one
 * tier, thousands of sets of addresses, all of it at one endpoint.
 *
 * checker: 294 policies of 68 ingress rules; all pass but ten that deny and one that allows; 24.2 %
 * name one of 3,708 sets with 256,000 members.
 *
 * egress: 300 policies of 62 egress rules that allow; three of four name blocks, the others a set;
 * a few ports each, and nine of ten ports are on five rules at most.
 *
 * The same name gives the same workload on every machine.
 */
#include "workload_set.h"

enum { CALICO_NETS = 3, CALICO_PORTS = 4, CALICO_NO_SET = -1 };

struct calico_net {
    uint32_t address; /* host bits cleared */
    uint8_t length;
};
struct calico_span {
    uint16_t first, last;
};
enum calico_action { CALICO_PASS, CALICO_DENY, CALICO_ALLOW };
struct calico_rule {
    uint8_t action;   /* enum calico_action */
    uint8_t protocol; /* 0: any, and then no ports */
    uint8_t n_nets, n_ports;
    int32_t set;                            /* of the far end; CALICO_NO_SET */
    struct calico_net nets[CALICO_NETS];    /* of the far end; none: any */
    struct calico_span ports[CALICO_PORTS]; /* of the destination; none: any */
};
struct calico_set {
    uint32_t first, count; /* of members */
    uint32_t range, n_ranges;
};
struct calico_range {
    uint32_t first, last;
};
struct calico_workload {
    const char *name;
    bool egress;
    uint32_t n_policies, rules_each; /* rules of all policies lie one after the other */
    struct calico_rule *rules;
    uint32_t n_rules;
    struct calico_set *sets;
    uint32_t n_sets;
    struct calico_net *members; /* of all sets */
    uint32_t n_members;
    struct calico_range *ranges; /* the same, by set, sorted, merged: for the linear scan */
    uint32_t n_pods;
    /* Half from what a random rule is about, half that no rule holds: those walk all rules. */
    struct bench_key *trace;
    size_t n_trace;
};
/* Names: checker, egress. scale: divides policies and sets, for tests. false: no such name, or no
 * memory; *out is to be freed all the same. */
bool calico_workload_make(const char *name, uint32_t scale, struct calico_workload *out);
void calico_workload_free(struct calico_workload *w);
/* The address of the i-th pod, all of which are alike. */
static inline uint32_t calico_pod(uint32_t i)
{
    return 10u << 24 | 77u << 16 | (i + 1);
}

/*
 * What decides, from the first rule to the last: its number, from 0; n_rules: none. The sets are
 * pre-parsed and searched by bisection, so this is also what a good linear evaluator takes.
 */
uint32_t calico_linear(const struct calico_workload *w, const struct bench_key *key);

/* workload_calico_yaml.c: many documents; malloc'ed, the caller frees; NULL: no memory. */
char *calico_yaml(const struct calico_workload *w, size_t *size);
#endif
