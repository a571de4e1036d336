/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_HUBBLE_H
#define NETPOL_HUBBLE_H
/*
 * Decisions as Hubble would show them: flows in the JSON of `hubble observe -o jsonpb`, and its
 * compact line.
 *
 * A question gives one flow for each end that judges the connection, the source's (egress) first,
 * as Cilium's policy verdicts; what an end does not pass on has no flow behind it. With a request
 * in hand, an end whose rules read requests adds a flow of type L7. The flows are made for policies
 * of every engine; identities are there under engine=cilium. See docs/hubble.md.
 */
#include <netpol/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers of flow.proto and of the datapath. */
enum netpol_hubble_verdict {
    NETPOL_HUBBLE_UNKNOWN,
    NETPOL_HUBBLE_FORWARDED,
    NETPOL_HUBBLE_DROPPED,
    NETPOL_HUBBLE_ERROR, /* it cannot be told: never let through */
    NETPOL_HUBBLE_AUDIT,
    NETPOL_HUBBLE_REDIRECTED
};
enum netpol_hubble_drop {
    NETPOL_HUBBLE_DROP_NONE = 0,
    NETPOL_HUBBLE_DROP_POLICY_DENIED = 133, /* nothing allows it */
    NETPOL_HUBBLE_DROP_INVALID_PACKET = 134,
    NETPOL_HUBBLE_DROP_POLICY_DENY = 181, /* a rule denies it */
    NETPOL_HUBBLE_DROP_AUTH_REQUIRED = 189
};
enum netpol_hubble_match {
    NETPOL_HUBBLE_MATCH_NONE,
    NETPOL_HUBBLE_MATCH_L3_ONLY,
    NETPOL_HUBBLE_MATCH_L3_L4,
    NETPOL_HUBBLE_MATCH_L4_ONLY,
    NETPOL_HUBBLE_MATCH_ALL,
    NETPOL_HUBBLE_MATCH_L3_PROTO,
    NETPOL_HUBBLE_MATCH_PROTO_ONLY
};
/* A policy that let it pass or did not. What no policy says has a label only. */
struct netpol_hubble_policy {
    const char *name, *namespace_name, *kind; /* "": none */
    const char *derived; /* "allow-any-ingress", ...: what stands for a policy; NULL: a policy */
};
struct netpol_hubble_flow {
    int side;                            /* enum netpol_side; NONE: a tuple that cannot be */
    int l7;                              /* 1: about the request */
    int verdict;                         /* enum netpol_hubble_verdict */
    int drop;                            /* enum netpol_hubble_drop */
    int match;                           /* enum netpol_hubble_match */
    int auth_type;                       /* 0 none, 1 SPIRE, 2 test-always-fail */
    int denied;                          /* 1: the policies below denied it, 0: allowed it */
    uint32_t rule;                       /* decision reference, 0: none */
    uint32_t src_identity, dst_identity; /* as the judging end's node sees them; 0: not known */
    const struct netpol_hubble_policy *policies; /* NULL only with none */
    size_t n_policies;
};

struct netpol_hubble;
/*
 * Judges one question and keeps its flows. point (NULL: all checkpoints) and request may be NULL.
 * *out is owned by the caller and holds a reference on the matcher. Thread-safe. OK, ERR_ARGUMENT,
 * ERR_MEMORY, ERR_UNSUPPORTED (a matcher without model), ERR_STATE (an end has changed since the
 * compile). Linear in the rules that apply.
 */
NETPOL_API int netpol_hubble_create(const struct netpol_view *view,
                                    const struct netpol_point *point,
                                    const struct netpol_tuple *tuple,
                                    const struct netpol_request *request,
                                    struct netpol_hubble **out);
NETPOL_API void netpol_hubble_destroy(struct netpol_hubble *hubble); /* NULL is ignored */
/* How many flows; 0 for NULL, and where nothing judges. Constant time, thread-safe. */
NETPOL_API size_t netpol_hubble_count(const struct netpol_hubble *hubble);
/* The i-th, in order; strings live as long as the flows. OK, ERR_ARGUMENT, ERR_NOT_FOUND.
 * Constant time, thread-safe. */
NETPOL_API int netpol_hubble_at(const struct netpol_hubble *hubble, size_t i,
                                struct netpol_hubble_flow *out);

enum netpol_hubble_format {
    NETPOL_HUBBLE_JSONPB, /* one GetFlowsResponse a line */
    NETPOL_HUBBLE_COMPACT /* one line of text a flow */
};
struct netpol_hubble_time {
    int64_t seconds; /* since 1970, UTC */
    uint32_t nanoseconds;
};
/*
 * All flows, each on a line of its own. time: when they were; NULL: not written, so that the same
 * question gives the same lines. OK, ERR_ARGUMENT, ERR_IO, ERR_MEMORY. Thread-safe.
 */
NETPOL_API int netpol_hubble_write(const struct netpol_hubble *hubble, int format,
                                   const struct netpol_hubble_time *time, netpol_sink_fn sink,
                                   void *user);

#ifdef __cplusplus
}
#endif
#endif
