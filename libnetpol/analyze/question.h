/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_QUESTION_H
#define NP_ANALYZE_QUESTION_H
/*
 * Questions: one JSON object -> ends -> paths -> verdicts -> one answer.
 *
 * An end is told as people know it (a pod, a workload, a service, an address, labels, names). To
 * answer, each end becomes one or more candidates (a service: its backends), each pair of
 * candidates is one path with one hop, and the answer is what all paths agree on. Where they do not
 * agree the answer is unknown: which backend a connection reaches is nobody's choice.
 */
#include "analyze/explain.h"
#include "analyze/flow.h"
#include "analyze/hubble.h"
#include <netpol/question.h>

enum np_end_kind {
    NP_END_NONE,
    NP_END_POD,
    NP_END_IP,
    NP_END_SERVICE,
    NP_END_LABELS,
    NP_END_NAMES
};

struct np_question_end {
    uint8_t kind;                  /* enum np_end_kind */
    uint32_t line, column, length; /* of what names it */
    const char *text;              /* as written: "production/frontend", "10.0.0.1", "ns{app=x}" */
    const char *namespace_name, *name;
    struct np_address address;
    struct netpol_label *labels; /* sorted by key */
    size_t n_labels;
    uint64_t ref; /* LABELS: given by prepare; 0 before */
};

struct netpol_question {
    struct netpol_ctx *ctx;
    struct np_arena arena; /* everything below lives here */
    struct np_question_end src, dst;
    int16_t protocol;             /* -1: not said */
    int32_t port, src_port;       /* -1: not said */
    int32_t icmp_type, icmp_code; /* -1: not said */
    bool fragment;
    bool principal_auto;
    bool has_point;
    struct netpol_point point;
    struct netpol_request request; /* always passed on: absent is said, not left open */
    int expects;                   /* enum netpol_action; -1 */
    const char *source;            /* for messages */
    uint32_t line;
    const char *json; /* the question itself, for excerpts */
    size_t json_size;
};

int np_question_parse(struct netpol_ctx *ctx, struct np_slice json, const char *name, uint32_t line,
                      struct netpol_diags *diags, struct netpol_question **out);
void np_question_destroy(struct netpol_question *question);
int np_question_prepare(struct netpol_question *question, struct netpol_store *store,
                        struct netpol_diags *diags);
int np_question_answer(const struct netpol_question *question, struct netpol_matcher *matcher,
                       const struct np_table *table, int parts, struct netpol_diags *diags,
                       struct netpol_answer **out);

/* ---- between parse and answer (question_resolve.c) ---- */

/* One end of one path. */
struct np_candidate {
    const struct np_endpoint *endpoint; /* NULL: an address or names only */
    struct np_address address;          /* family 0: not fixed yet, or not known */
    int32_t port;                       /* destination: of this candidate; -1: not said */
    struct np_slice name;               /* an external name; ptr NULL: none */
    const char *text;                   /* for people */
    bool by_workload;                   /* the question named a workload, not this pod */
};
struct np_candidates {
    struct np_candidate *items; /* in the arena of the answer */
    uint32_t count;
    const struct np_service_info *service; /* NULL: not asked by service */
};
struct np_resolve {
    const struct netpol_question *question;
    const struct netpol_matcher *matcher;
    struct np_arena *arena;
    struct netpol_diags *diags;
};
/* Who an end may be. OK, ERR_INPUT (diagnosed), ERR_MEMORY. No candidate: a service without
 * backends. */
int np_resolve_end(struct np_resolve *r, const struct np_question_end *end, bool destination,
                   struct np_candidates *out);
/* A diagnostic at an end of the question. */
void np_question_complain(const struct netpol_question *question, struct netpol_diags *diags,
                          enum np_code code, const char *hint, const struct np_question_end *end,
                          const char *path, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* ---- the answer (question_answer.c, question_write.c) ---- */
struct np_path {
    const char *src, *dst; /* for people */
    struct netpol_tuple tuple;
    struct netpol_verdict verdict, pending; /* pending: with NETPOL_ANSWER_STAGED */
    struct netpol_explanation *explanation; /* NULL: not asked for */
    struct netpol_flow *flow;               /* the same */
    struct netpol_hubble *hubble;           /* the same */
};
struct np_said { /* by all paths together */
    int action, plane, side, reason;
    uint32_t missing;
    uint32_t rule; /* the deciding reference; 0: none */
};
struct netpol_answer {
    struct netpol_ctx *ctx;
    struct np_arena arena;
    struct netpol_matcher *matcher; /* referenced */
    struct np_path *paths;
    uint32_t n_paths;
    struct np_said now, pending;
    int parts;        /* enum netpol_answer_parts */
    const char *note; /* "" or "10.0.0.1 is production/redis" */
    int expects;
};
void np_answer_destroy(struct netpol_answer *answer);
void np_answer_get(const struct netpol_answer *answer, struct netpol_answer_info *out);
int np_answer_write(const struct netpol_answer *answer, bool json, bool color, netpol_sink_fn sink,
                    void *user);
/* The part of a verdict that an answer tells of. */
const struct netpol_part *np_verdict_part(const struct netpol_verdict *verdict);
#endif
