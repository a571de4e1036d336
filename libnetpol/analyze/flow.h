/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_FLOW_H
#define NP_ANALYZE_FLOW_H
/*
 * Flows: the walk of the reference, reduced to the hits that Calico would log.
 *
 * Hits are collected while the way is certain: as soon as a rule or a tier's end may or may not
 * have been taken, no more are added but the one that decides, if that is known all the same, and
 * the sequence is open. A part of a verdict may come from a host or a workload, or from one of
 * several owners of an address: the hits are those of the checkpoint that the part speaks of.
 */
#include "compile/matcher.h"
#include "reference/reference.h"
#include <netpol/flow.h>

struct np_flow_hits {
    np_vec(struct netpol_hit) list;
    uint8_t action; /* enum netpol_action */
    bool judged, open;
};
struct np_named;
struct np_flow_end { /* as flow logs name it */
    const char *namespace_name, *name;
    struct np_labels labels;
};
struct netpol_flow {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct netpol_matcher *matcher;             /* referenced; NULL: the model's owner keeps it */
    struct np_flow_hits hits[2][NP_DIRECTIONS]; /* [pending] */
    struct np_flow_end src, dst;
    uint8_t protocol;
    bool has_port;
    uint16_t port;
};

/* *out holds strings of the model. matcher may be NULL. named: what was learnt of source and
 * destination (match/named.h); NULL: nothing. */
int np_flow(const struct netpol_ctx *ctx, const struct np_model *model,
            struct netpol_matcher *matcher, const struct netpol_point *point,
            const struct netpol_tuple *tuple, const struct netpol_request *request,
            const struct np_named *const named[2], struct netpol_flow **out);
void np_flow_destroy(struct netpol_flow *flow);
/* The text of a hit, in the arena; NULL: no memory. */
const char *np_hit_text(struct np_arena *arena, const struct netpol_hit *hit);
/* false: it is none, *out is untouched. The strings are parts of the text. */
bool np_hit_parse(struct np_slice text, struct netpol_hit_text *out);
int np_flow_write(const struct netpol_flow *flow, const struct netpol_flow_times *times,
                  netpol_sink_fn sink, void *user);
#endif
