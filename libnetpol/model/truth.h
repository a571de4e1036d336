/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_TRUTH_H
#define NP_MODEL_TRUTH_H
/*
 * Truth of a condition: no, yes, or maybe with its causes (strong Kleene logic).
 *
 * A two-valued engine must guess when the inventory or the request does not say, and each guess is
 * either a breach or an outage. MAYBE is carried instead, with WHY in its upper bits, so that an
 * answer can say "inspect" (the request decides) or "unknown" (this fact is missing) and name it.
 * It is sound, not complete: `X or not X` on an unknown X stays MAYBE (lowering 5, case 7).
 */
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t np_truth;
enum {
    NP_NO = 0,
    NP_YES = 1,
    NP_MAYBE = 2,
    NP_CAUSE_REQUEST = 4,  /* the request was not given */
    NP_CAUSE_EXTERNAL = 8, /* somebody else decides (CUSTOM provider, authentication) */
    NP_CAUSE_FACT = 16,    /* the inventory cannot tell; one or more of the facts below */
    /* which fact; public as NETPOL_MISSING_*, same order (eval.h) */
    NP_FACT_POD_ADDRESS = 1 << 8,      /* the endpoint has no address of this family */
    NP_FACT_UNLEARNT_ADDRESS = 1 << 9, /* an address of the pod range that no endpoint has */
    NP_FACT_SERVICE_ADDRESS = 1 << 10, /* a service address: translate first */
    NP_FACT_NAMES = 1 << 11,           /* which names resolve to this address */
    NP_FACT_NODE = 1 << 12,            /* on which node the endpoint runs */
    NP_FACT_SHARED_ADDRESS = 1 << 13,  /* owners of one address disagree */
    NP_FACT_BACKENDS = 1 << 14,        /* backends of a service disagree, or there is none */
    NP_FACT_SIGNATURE = 1 << 15,       /* endpoint not compiled yet */
    NP_FACT_IDENTITY = 1 << 16,        /* who the source is */
    NP_FACT_UNREADABLE = 1 << 17,      /* a policy or condition that could not be read */
    NP_FACT_PORTS = 1 << 18,           /* ports were not given */
    NP_FACT_INCOMPLETE = 1 << 19       /* the set of resources is known to be incomplete */
};
#define NP_CAUSES        0xfffffffcu
#define NP_UNKNOWN(fact) ((np_truth)(NP_MAYBE | NP_CAUSE_FACT | (fact)))

static inline bool np_is_maybe(np_truth t)
{
    return (t & 3) == NP_MAYBE;
}
static inline np_truth np_truth_of(bool b)
{
    return b ? NP_YES : NP_NO;
}
static inline np_truth np_not(np_truth a)
{
    return np_is_maybe(a) ? a : a ^ 1u;
}
static inline np_truth np_and(np_truth a, np_truth b)
{
    if (a == NP_NO || b == NP_NO)
        return NP_NO;
    if (a == NP_YES)
        return b;
    return b == NP_YES ? a : (a | b);
}
static inline np_truth np_or(np_truth a, np_truth b)
{
    return np_not(np_and(np_not(a), np_not(b)));
}
#endif
