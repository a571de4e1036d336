/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_FLOW_H
#define NETPOL_FLOW_H
/*
 * Flows: which policies a connection met at each of its two ends, in the form of Calico's flow
 * logs.
 *
 * Each end that is judged has two sequences of hits: of the policies in force, and of what would be
 * with staged policies enforced (pending). A sequence has one hit for every rule that passed the
 * connection on, one for every tier that ended without a rule (of the first policy of that tier
 * that applies, which triggered it), and the one that decided. What an option decides, or that
 * nothing applied, is no hit. See docs/calico.md.
 */
#include <netpol/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of policies: X(name, as in a hit's text, as in JSON). */
#define NETPOL_HIT_KIND_MAP(X)                                                          \
    X(UNKNOWN, "?", "KindUnspecified")                                                  \
    X(CALICO, "np", "CalicoNetworkPolicy")                                              \
    X(CALICO_GLOBAL, "gnp", "GlobalNetworkPolicy")                                      \
    X(STAGED, "snp", "StagedNetworkPolicy")                                             \
    X(STAGED_GLOBAL, "sgnp", "StagedGlobalNetworkPolicy")                               \
    X(STAGED_KUBERNETES, "sknp", "StagedKubernetesNetworkPolicy")                       \
    X(KUBERNETES, "knp", "NetworkPolicy")                                               \
    X(CLUSTER, "kcnp", "ClusterNetworkPolicy")                                          \
    X(ADMIN, "kanp", "AdminNetworkPolicy") /* these two: of older releases of Calico */ \
    X(BASELINE_ADMIN, "kbanp", "BaselineAdminNetworkPolicy")                            \
    X(PROFILE, "pro", "Profile")
enum netpol_hit_kind {
#define NETPOL_HIT_KIND_ENUM(name, text, json) NETPOL_HIT_##name,
    NETPOL_HIT_KIND_MAP(NETPOL_HIT_KIND_ENUM)
#undef NETPOL_HIT_KIND_ENUM
        NETPOL_HIT_KIND_COUNT
};
/* "np", "gnp", ...: static, "?" for values out of range. Thread-safe. */
NETPOL_API const char *netpol_hit_kind_text(int kind);

enum netpol_hit_action { NETPOL_HIT_ALLOW, NETPOL_HIT_DENY, NETPOL_HIT_PASS };
struct netpol_hit {
    int kind;                                 /* enum netpol_hit_kind */
    int action;                               /* enum netpol_hit_action */
    int policy_index;                         /* place in its sequence, from 0 */
    int rule_index;                           /* as written, from 0; -1: no rule, the tier's end */
    const char *tier, *namespace_name, *name; /* namespace_name "": of the cluster */
    const char *text;                         /* "0|default|np:shop/allow-web|allow|2" */
};
/*
 * A hit read from text, in the form above or in one of those that older releases of Calico wrote
 * ("default.web", "shop/default.web", "shop/default.staged:web", "shop/knp.default.web" in the
 * place of the kind and name). The strings are views of the text. OK, ERR_ARGUMENT, ERR_INPUT (*out
 * is untouched). Thread-safe, linear in the text.
 */
struct netpol_hit_text {
    int kind, action, policy_index, rule_index;
    struct netpol_string tier, namespace_name, name;
};
NETPOL_API int netpol_hit_parse(const char *text, size_t size, struct netpol_hit_text *out);

struct netpol_hits {
    const struct netpol_hit *items; /* in order; NULL only with count 0 */
    size_t count;
    int action; /* enum netpol_action */
    int open;   /* 1: not all is known of the way, so hits that perhaps were are not here */
};

struct netpol_flow;
/*
 * Judges one question twice and keeps what it met. point (NULL: all checkpoints) and request may be
 * NULL. *out is owned by the caller and lives as long as it likes: it holds a reference on the
 * matcher. Thread-safe. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_UNSUPPORTED (a matcher without model),
 * ERR_STATE (an end has changed since the compile). Linear in the rules that apply.
 */
NETPOL_API int netpol_flow_create(const struct netpol_view *view, const struct netpol_point *point,
                                  const struct netpol_tuple *tuple,
                                  const struct netpol_request *request, struct netpol_flow **out);
NETPOL_API void netpol_flow_destroy(struct netpol_flow *flow); /* NULL is ignored */
/*
 * The hits of a side (enum netpol_side), in force (pending 0) or with staged policies enforced.
 * They live as long as the flow. OK, ERR_ARGUMENT, ERR_NOT_FOUND (nothing is judged on this side;
 * *out is untouched). Thread-safe. Constant time.
 */
NETPOL_API int netpol_flow_hits(const struct netpol_flow *flow, int side, int pending,
                                struct netpol_hits *out);
struct netpol_flow_times {
    int64_t start, end; /* seconds since 1970, as start_time and end_time; 0: not written */
};
/*
 * One JSON object a judged side, each on a line of its own: reporter Src for the source's, Dst for
 * the destination's. times may be NULL. OK, ERR_ARGUMENT, ERR_IO, ERR_MEMORY. Thread-safe.
 */
NETPOL_API int netpol_flow_write(const struct netpol_flow *flow,
                                 const struct netpol_flow_times *times, netpol_sink_fn sink,
                                 void *user);

#ifdef __cplusplus
}
#endif
#endif
