/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of questions and answers. */
#include "analyze/question.h"
#include "api/internal.h"
#include "match/table.h"

int netpol_question_parse(struct netpol_ctx *ctx, const char *json, size_t size, const char *name,
                          uint32_t line, struct netpol_diags *diags, struct netpol_question **out)
{
    if (!ctx || !json || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    return np_question_parse(ctx, (struct np_slice){json, size}, name ? name : "question", line,
                             diags, out);
}

void netpol_question_destroy(struct netpol_question *question)
{
    np_question_destroy(question);
}

int netpol_question_prepare(struct netpol_question *question, struct netpol_store *store,
                            struct netpol_diags *diags)
{
    return question && store ? np_question_prepare(question, store, diags) : NETPOL_ERR_ARGUMENT;
}

int netpol_question_expects(const struct netpol_question *question)
{
    return question ? question->expects : -1;
}

int netpol_question_answer(const struct netpol_question *question, const struct netpol_view *view,
                           int parts, struct netpol_diags *diags, struct netpol_answer **out)
{
    enum {
        KNOWN =
            NETPOL_ANSWER_EXPLAIN | NETPOL_ANSWER_STAGED | NETPOL_ANSWER_FLOW | NETPOL_ANSWER_HUBBLE
    };
    if (!question || !view || !out || (parts & ~KNOWN)) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (view->endpoints && np_endpoints_changed(view->endpoints)) {
        return NETPOL_ERR_STATE; /* the model knows the endpoints as compiled */
    }
    return np_whole_of(view->matcher)
               ? np_question_answer(question, view->matcher, np_view_table(view), parts, diags, out)
               : NETPOL_ERR_UNSUPPORTED;
}

void netpol_answer_destroy(struct netpol_answer *answer)
{
    np_answer_destroy(answer);
}

void netpol_answer_get(const struct netpol_answer *answer, struct netpol_answer_info *out)
{
    if (answer && out) {
        np_answer_get(answer, out);
    } else if (out) {
        *out = (struct netpol_answer_info){.action = NETPOL_UNKNOWN,
                                           .policy = "",
                                           .rule = "",
                                           .position = "",
                                           .note = "",
                                           .ok = -1,
                                           .pending = -1,
                                           .pending_policy = "",
                                           .pending_rule = "",
                                           .pending_position = ""};
    }
}

const struct netpol_verdict *netpol_answer_verdict(const struct netpol_answer *answer, size_t p,
                                                   size_t h)
{
    return answer && p < answer->n_paths && h == 0 ? &answer->paths[p].verdict : NULL;
}

const struct netpol_flow *netpol_answer_flow(const struct netpol_answer *answer, size_t p)
{
    return answer && p < answer->n_paths ? answer->paths[p].flow : NULL;
}

const struct netpol_hubble *netpol_answer_hubble(const struct netpol_answer *answer, size_t p)
{
    return answer && p < answer->n_paths ? answer->paths[p].hubble : NULL;
}

int netpol_answer_write(const struct netpol_answer *answer, int json, int color,
                        netpol_sink_fn sink, void *user)
{
    return answer && sink ? np_answer_write(answer, json != 0, color != 0, sink, user)
                          : NETPOL_ERR_ARGUMENT;
}
