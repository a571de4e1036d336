/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_EXPLAIN_H
#define NP_ANALYZE_EXPLAIN_H
/*
 * Explanations: the walk of the reference, kept step by step with the reason in words.
 *
 * The reference tells what it looked at and which axis failed; the words are made here, from the
 * two ends of the hop and the condition that was not met. Policies of other namespaces that do not
 * select the subject are counted instead of listed.
 */
#include "compile/matcher.h"
#include "reference/reference.h"

struct netpol_explanation {
    struct netpol_ctx *ctx;
    struct np_arena arena;
    struct netpol_matcher *matcher; /* referenced */
    np_vec(struct netpol_step) steps;
    struct netpol_verdict verdict;
};

/* named: what was learnt of source and destination (match/named.h); NULL: nothing. */
int np_explain(struct netpol_matcher *matcher, const struct netpol_point *point,
               const struct netpol_tuple *tuple, const struct netpol_request *request,
               const struct np_named *const named[2], struct netpol_explanation **out);
void np_explanation_destroy(struct netpol_explanation *explanation);
int np_explanation_write(const struct netpol_explanation *e, bool json, bool color,
                         netpol_sink_fn sink, void *user);
/* The same into a text that is being made; indent: spaces before each line. */
void np_explanation_text(const struct netpol_explanation *e, bool color, struct np_text *out);
void np_explanation_json(const struct netpol_explanation *e, struct np_text *out);

/* ---- words (explain_why.c, explain_set.c) ---- */
/* "production/frontend", "10.0.0.1", "node n1". */
void np_say_end(struct np_text *out, const struct np_end *end);
/* Why the end is not of the set, or may not be. */
void np_say_set(struct np_text *out, const struct np_model *model, const struct np_set *set,
                const struct np_hop *hop, const struct np_end *end);
/* Why a rule does not, or may not, match. */
void np_say_rule(struct np_text *out, const struct np_model *model,
                 const struct np_trace_step *step);
/* Why a policy does not select its subject. */
void np_say_subject(struct np_text *out, const struct np_model *model,
                    const struct np_trace_step *step);
/* "TCP 8080", "ICMP type 8 code 0". */
void np_say_port(struct np_text *out, const struct np_hop *hop);
/* "6" -> "TCP"; numbers without a name as they are. */
void np_say_protocol(struct np_text *out, unsigned protocol);
/* One colour, or nothing; NP_PLAIN ends it. */
enum np_color { NP_PLAIN, NP_BOLD, NP_DIM, NP_RED, NP_GREEN, NP_YELLOW };
const char *np_color(bool on, enum np_color color);
enum np_color np_action_color(int action);
/* "missing":["pod-address"] without the braces, when there is any; and as plain words. */
void np_missing_json(struct np_text *out, uint32_t missing);
void np_missing_text(struct np_text *out, uint32_t missing);
/*
 * netpol_part.program (tell_program.c): ,"auth":"required","redirect":{...}, what there is of it;
 * and as words, `before` in front of each.
 */
void np_program_json(struct np_text *out, const struct netpol_matcher *matcher, uint32_t program);
void np_program_text(struct np_text *out, const struct netpol_matcher *matcher, uint32_t program,
                     const char *before);
#endif
