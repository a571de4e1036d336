/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_NAMING_H
#define NP_COMPILE_NAMING_H
/*
 * What match/named.h needs of a compile, kept with the matcher: which groups of near ends have
 * rules that look at names of the far end, and for each of them what to ask the reference: a near
 * end that stands for the group, the model as the group sees it, a point for each column of its
 * ports. The plan itself goes on to the next compile; nothing here is of the plan.
 */
#include "compile/plan.h"
#include "match/named.h"

struct np_naming;

/*
 * numbers: signature of the draft -> of the image. *out NULL: no rule looks at names. The model
 * must outlive it. OK, ERR_MEMORY.
 */
int np_naming_make(struct np_plan *plan, const uint32_t *numbers, const struct np_model *model,
                   const struct np_hot *hot, struct np_naming **out);
void np_naming_free(struct np_naming *naming);                          /* NULL is ignored */
const struct np_namer *np_naming_namer(const struct np_naming *naming); /* NULL: without groups */

/* ---- naming_match.c: which literals a name satisfies ---- */
struct np_name_index {
    const struct netpol_ctx *ctx;
    struct np_map whole, ends; /* text -> index + 1 of the first in candidates */
    np_vec(struct np_name_candidate) candidates;
    np_vec(uint32_t) rest; /* candidates that no text leads to */
};
struct np_name_candidate {
    const struct np_pattern *pattern;
    uint32_t literal, next; /* index + 1 */
};
void np_name_index_init(struct np_name_index *index, const struct netpol_ctx *ctx);
void np_name_index_free(struct np_name_index *index);
bool np_name_index_add(struct np_name_index *index, const struct np_pattern *pattern,
                       uint32_t literal); /* false: no memory */
/* Ascending; room for every pattern. */
uint32_t np_name_index_match(const struct np_name_index *index, struct np_slice name,
                             uint32_t *out);
#endif
