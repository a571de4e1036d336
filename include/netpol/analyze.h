/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_ANALYZE_H
#define NETPOL_ANALYZE_H
/*
 * Looking at a whole policy set: lints and connectivity.
 */
#include <netpol/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Runs the lints over a compiled set; findings go to diags with codes NP4xxx (netpol_code_at lists
 * them with their why and fix). options: codes or slugs to leave out. OK, ERR_ARGUMENT, ERR_MEMORY,
 * ERR_UNSUPPORTED (a matcher without model).
 */
struct netpol_lint_options {
    size_t size;                 /* sizeof(struct netpol_lint_options) */
    const char *const *disabled; /* "NP4101" or "dns-egress-missing" */
    size_t n_disabled;
};
NETPOL_API int netpol_lint(const struct netpol_matcher *matcher,
                           const struct netpol_lint_options *options, struct netpol_diags *diags);

/* A set of ports of one protocol: spans of first..last, sorted, disjoint. */
struct netpol_span {
    uint8_t protocol;
    uint16_t first, last;
};
/*
 * One row of connectivity: src may reach dst on these spans. Names: "ns/name" (a workload, or a pod
 * of one whose pods differ) or an address range. Fragments are not listed. A row is for any of the
 * address families that both ends have.
 */
struct netpol_reach {
    const char *src, *dst;
    int all;    /* 1: every protocol and port; spans are empty then */
    int others; /* 1: also every protocol but TCP, UDP, SCTP, ICMP and those that policies name */
    const struct netpol_span *spans; /* ports from 1; ICMP: type << 8 | code; others: 0-65535 */
    size_t n_spans;
    int certain; /* 0: not known, or decided by the request, for these spans */
    int request; /* 1: decided by the request (INSPECT); certain is 0 then */
};
struct netpol_list_options {
    size_t size;           /* sizeof(struct netpol_list_options) */
    const char *from, *to; /* only this end ("ns/name", "ns/" or an address); NULL: all */
    int denied;            /* 1: rows for what is denied instead */
    int addresses; /* 1: also address ranges outside, split at the prefixes of the policies and at
                    * addresses for which names were learnt */
};
/*
 * Who may reach whom, row by row, ordered by names. The callback returns 0 to go on. Workloads of
 * equal pods are one row. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_IO (stopped by the callback),
 * ERR_NOT_FOUND, ERR_UNSUPPORTED (a matcher without model), ERR_STATE (the
 * endpoints of the view have changed since the compile).
 */
NETPOL_API int netpol_list(const struct netpol_view *view,
                           const struct netpol_list_options *options,
                           int (*row)(void *user, const struct netpol_reach *reach), void *user,
                           struct netpol_diags *diags);

/*
 * One difference between two compiled sets: connections from src to dst on span whose verdict
 * changed. Names as in netpol_reach. Rows are exact sets: for every pair of addresses or pods they
 * stand for and every port of the span, the old verdict is `before` and the new one `after`.
 */
struct netpol_change {
    const char *src, *dst;
    struct netpol_span span;
    int all, others;   /* as in netpol_reach; span is then empty */
    int self;          /* 1: each pod and itself; 0: never a pod and itself */
    int family;        /* 4, 6: connections of this family only; 0: of every one both ends have */
    int before, after; /* enum netpol_action */
    const struct netpol_rule_info *before_rules[2],
        *after_rules[2];                /* egress, ingress; NULL: none */
    const struct netpol_tuple *witness; /* one such connection; references are the old store's */
    uint64_t pairs;                     /* how many pairs of pods the row stands for */
};
struct netpol_diff_options {
    size_t size; /* sizeof(struct netpol_diff_options) */
    int rules;   /* 1: also where only the deciding rule changed */
};
/*
 * What changes from old to new, exactly, ordered by names. The two may come from different stores:
 * pods are the same when namespace and name are. Pods that only one has are judged on the other
 * side as the addresses they have. Where requests decide in both (INSPECT), which of them pass is
 * not compared: when that may differ, diags gets a warning (NP4002). The callback returns 0 to go
 * on. diags may be NULL. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_IO (stopped), ERR_UNSUPPORTED (a mapped
 * image).
 */
NETPOL_API int netpol_diff(const struct netpol_matcher *old, const struct netpol_matcher *now,
                           const struct netpol_diff_options *options,
                           int (*row)(void *user, const struct netpol_change *change), void *user,
                           struct netpol_diags *diags);

#ifdef __cplusplus
}
#endif
#endif
