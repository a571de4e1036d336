/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_QUESTION_H
#define NETPOL_QUESTION_H
/*
 * Questions as people and test files ask them: names instead of addresses, services, JSON.
 *
 * A question becomes one or more paths of one or more hops (a service: a path per backend); its
 * answer is the combination. The same JSON is read by the command, the bindings and the case
 * folders: see docs/questions.md for every member.
 */
#include <netpol/eval.h>
#include <netpol/flow.h>
#include <netpol/hubble.h>
#include <netpol/store.h>

#ifdef __cplusplus
extern "C" {
#endif

struct netpol_question;
struct netpol_answer;

/*
 * Reads one question (one JSON object). name and line are for messages. *out owned by the caller.
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_INPUT (diagnostics NP5xxx with column).
 */
NETPOL_API int netpol_question_parse(struct netpol_ctx *ctx, const char *json, size_t size,
                                     const char *name, uint32_t line, struct netpol_diags *diags,
                                     struct netpol_question **out);
NETPOL_API void netpol_question_destroy(struct netpol_question *question);
/*
 * Puts endpoints that only exist in the question ({"namespace","labels"}) into the store, so that
 * they are compiled; call before netpol_compile. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_INPUT.
 */
NETPOL_API int netpol_question_prepare(struct netpol_question *question, struct netpol_store *store,
                                       struct netpol_diags *diags);
/* "allow", "deny", ... when the question says what it expects; -1 when not. */
NETPOL_API int netpol_question_expects(const struct netpol_question *question);

enum netpol_answer_parts {
    NETPOL_ANSWER_EXPLAIN = 1, /* the walk of every hop */
    /* Also with staged and dry-run policies enforced: the question is then about that answer, so
     * what it expects is compared with it. What is in force is told beside it. */
    NETPOL_ANSWER_STAGED = 2,
    NETPOL_ANSWER_FLOW = 4,  /* the hits of every hop, netpol_answer_flow */
    NETPOL_ANSWER_HUBBLE = 8 /* the flows of every hop, netpol_answer_hubble */
};
/*
 * Answers. parts: enum netpol_answer_parts, or-ed. *out owned by the caller. A pod or service that
 * does not exist is ERR_INPUT with a diagnostic and a suggestion, never an answer.
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_INPUT, ERR_UNSUPPORTED (a matcher without model), ERR_STATE
 * (the endpoints of the view have changed since the compile).
 */
NETPOL_API int netpol_question_answer(const struct netpol_question *question,
                                      const struct netpol_view *view, int parts,
                                      struct netpol_diags *diags, struct netpol_answer **out);
NETPOL_API void netpol_answer_destroy(struct netpol_answer *answer);
/* Strings live as long as the answer; "" where nothing applies. */
struct netpol_answer_info {
    int action, plane, side, reason; /* enums of eval.h */
    uint32_t missing;
    const char *policy, *rule, *position, *note; /* note: "10.0.0.1 is production/redis", ... */
    int ok;       /* 1 or 0 when the question expects something, -1 when not */
    size_t paths; /* one per backend */
    /* With NETPOL_ANSWER_STAGED, else -1 and "": what it would be. */
    int pending; /* enum netpol_action */
    const char *pending_policy, *pending_rule, *pending_position;
};
NETPOL_API void netpol_answer_get(const struct netpol_answer *answer,
                                  struct netpol_answer_info *out);
/* The verdict of hop h of path p; NULL when there is none. */
NETPOL_API const struct netpol_verdict *netpol_answer_verdict(const struct netpol_answer *answer,
                                                              size_t p, size_t h);
/* What path p met, with NETPOL_ANSWER_FLOW; NULL when there is none. It is the answer's. */
NETPOL_API const struct netpol_flow *netpol_answer_flow(const struct netpol_answer *answer,
                                                        size_t p);
/* The flows of path p, with NETPOL_ANSWER_HUBBLE; NULL when there are none. They are the answer's.
 */
NETPOL_API const struct netpol_hubble *netpol_answer_hubble(const struct netpol_answer *answer,
                                                            size_t p);
/* The answer line of docs/questions.md (JSON, no newline), or text with the walk when explained.
 * OK, ERR_ARGUMENT, ERR_IO, ERR_MEMORY. */
NETPOL_API int netpol_answer_write(const struct netpol_answer *answer, int json, int color,
                                   netpol_sink_fn sink, void *user);

#ifdef __cplusplus
}
#endif
#endif
