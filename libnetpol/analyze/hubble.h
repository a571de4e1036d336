/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_HUBBLE_H
#define NP_ANALYZE_HUBBLE_H
/*
 * Flows as Hubble has them: the walk of the reference, reduced to what the datapath would report.
 *
 * The datapath judges the connection before anybody reads a request, so a question is judged twice:
 * without its request (the policy verdict), and, where that redirects, with it (the L7 flow).
 * Of the rules that decide alike the map entry that the datapath would find speaks: a redirect
 * before a plain allow, then the more specific one (bpf/lib/policy.h).
 */
#include "compile/matcher.h"
#include "reference/reference.h"
#include <netpol/hubble.h>

struct np_hubble_end { /* an end as the node of the judging one sees it */
    uint32_t identity;
    const char *namespace_name, *pod, *workload_kind, *workload; /* "": none */
    const char **labels;
    uint32_t n_labels;
    struct np_address address; /* family 0: not known */
    const struct netpol_string *names;
    uint32_t n_names;
};
struct np_hubble_flow {
    struct netpol_hubble_flow told;
    struct np_hubble_end src, dst;
    const char *node;  /* of the judging end; "": not known */
    const char **logs; /* of the deciding rules, in order */
    size_t n_logs;
    uint8_t action, reason;
    uint8_t answer; /* enum netpol_action, with all that is known of the request */
    uint32_t missing;
};
struct np_hubble_met { /* a rule that matched */
    const struct np_rule *rule;
    uint32_t alternative;
};
struct netpol_hubble {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct netpol_matcher *matcher; /* referenced */
    const struct np_model *model;   /* the matcher's */
    struct np_hubble_flow flows[4]; /* each side, and its request */
    uint32_t n_flows;
    struct netpol_tuple tuple;
    bool identities;                       /* engine=cilium */
    struct netpol_request request;         /* its texts are in the arena */
    const struct np_service_info *service; /* that the question names as destination; NULL */
};

int np_hubble(struct netpol_matcher *matcher, const struct netpol_point *point,
              const struct netpol_tuple *tuple, const struct netpol_request *request,
              struct netpol_hubble **out);
void np_hubble_destroy(struct netpol_hubble *hubble);
int np_hubble_write(const struct netpol_hubble *hubble, int format,
                    const struct netpol_hubble_time *time, netpol_sink_fn sink, void *user);

/* ---- between the files of hubble ---- */
/* hubble_end.c. false: no memory. near: the judging end. */
bool np_hubble_end(struct netpol_hubble *hubble, const struct np_end *end,
                   const struct np_end *near, struct np_hubble_end *out);
/* What a request is copied to: no view into the caller's memory is left. false: no memory. */
bool np_hubble_keep_request(struct netpol_hubble *hubble, const struct netpol_request *request);
/* hubble_by.c: which entry answers (by its rule, or none), whose it is. false: no memory. */
bool np_hubble_by_rule(struct netpol_hubble *hubble, const struct np_trace_step *step,
                       const struct np_rule *by, const struct np_hubble_met *met, size_t n_met,
                       struct np_hubble_flow *flow);
bool np_hubble_by_none(struct netpol_hubble *hubble, enum np_direction direction,
                       struct netpol_hubble_flow *flow);
/* hubble_text.c */
const char *np_hubble_protocol(uint8_t protocol); /* "TCP", ...; NULL: flows have no such */
bool np_hubble_has_ports(const struct netpol_tuple *tuple);
bool np_hubble_is_icmp(const struct netpol_tuple *tuple); /* with a type */
/* Is it certain that the packet goes the way the connection was opened? Not of a drop. */
bool np_hubble_is_forward(const struct np_hubble_flow *flow);
const char *np_hubble_side(int side);
const char *np_hubble_auth(int type);
void np_hubble_summary(struct np_text *out, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow);
void np_hubble_time(struct np_text *out, const struct netpol_hubble_time *time); /* RFC 3339 */
/* "http://host/path" of a request; the name that is asked for. */
void np_hubble_url(struct np_text *out, const struct netpol_request *request);
void np_hubble_query(struct np_text *out, const struct netpol_request *request);
void np_hubble_icmp(struct np_text *out, const struct netpol_tuple *tuple); /* hubble_icmp.c */
void np_hubble_compact(struct np_text *out, const struct netpol_hubble *hubble,
                       const struct np_hubble_flow *flow, const struct netpol_hubble_time *time);
#endif
