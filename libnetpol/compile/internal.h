/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_INTERNAL_H
#define NP_COMPILE_INTERNAL_H
/*
 * What the files of compile share: the stations of one compile, and what is kept for the next.
 *
 * Kept is the plan, which remembers conditions by their addresses, hence their ground. A compile
 * takes it out of the matcher before (an atomic exchange, so at most one has it), changes it, and
 * leaves it in its own result; the matcher before stays whole without it. So a row of compiles,
 * each from the last, carries one plan along; any other compile makes a plan of its own.
 */
#include "compile/emit_cold.h"
#include "dialect/dialect.h"

struct np_kept {
    struct netpol_ctx *ctx;
    struct np_plan plan;
    struct np_ground *ground; /* counted: the newest model's */
    struct np_texts texts;
    uint32_t *numbers; /* of signatures in the newest image */
    uint32_t n_numbers;
};
struct np_kept *np_kept_create(struct netpol_ctx *ctx, struct np_model *model); /* NULL: no memory */
void np_kept_free(struct np_kept *kept);                                         /* NULL is ignored */

/* ---- describe.c ---- */
/*
 * Fills the table of decisions and the option texts. before: the matcher that whole->changed is
 * about; NULL: none. OK, ERR_MEMORY.
 */
int np_describe_all(struct np_whole *whole, const struct np_whole *before);

/* ---- lowered.c: a model from a snapshot ---- */
/* What a model that is made upon another one changed. */
struct np_lowered {
    np_vec(const struct np_policy *) dropped, added;
};
void np_lowered_free(const struct netpol_ctx *ctx, struct np_lowered *lowered);
/* The model of whole->snapshot. OK, ERR_MEMORY, ERR_INPUT. */
int np_lower_all(struct np_whole *whole, const struct np_options *options, bool strict,
                 struct netpol_diags *diags);
/*
 * The same by way of the model of `before`, which has the same options: only objects that are not
 * in both snapshots are lowered. *outgrown: the snapshots differ by more than a few policies, or
 * these ask for more than policies; nothing was made. OK, ERR_MEMORY, ERR_INPUT.
 */
int np_lower_upon(struct np_whole *whole, const struct np_whole *before, bool strict,
                  struct netpol_diags *diags, struct np_lowered *out, bool *outgrown);
#endif
