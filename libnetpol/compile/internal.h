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
struct np_kept *np_kept_create(struct netpol_ctx *ctx,
                               struct np_model *model); /* NULL: no memory */
void np_kept_free(struct np_kept *kept);                /* NULL is ignored */

/* What one compile was asked. */
struct np_compile {
    const struct netpol_compile_options *options;
    struct netpol_diags *diags;
    struct np_options resolved;
};

/* ---- assemble.c ---- */
struct np_whole *np_whole_create(struct netpol_ctx *ctx); /* NULL: no memory */
void np_whole_destroy(struct np_whole *whole);            /* NULL is ignored */
uint64_t np_now_ns(void);
/* The plan of whole->model, from nothing. OK, ERR_MEMORY, ERR_LIMIT. */
int np_plan_all(struct np_whole *whole, struct np_kept **out);
/*
 * Writes what is described, opens it. kept is taken over in any case; on success it is the whole's,
 * and the whole the matcher's. before: the matcher that the plan was updated from; NULL: none.
 * began: when the work did. OK, ERR_MEMORY, ERR_LIMIT, ERR_INTERNAL.
 */
int np_assemble(struct np_whole *whole, struct np_kept *kept, const struct netpol_matcher *before,
                uint64_t began, struct netpol_matcher **out);
/* ---- upon.c ---- */
/*
 * The compile of whole->snapshot by way of c->options->previous. *outgrown: it cannot be done, and
 * *out is not made; whole->model may be there, of no use. Statuses of np_compile.
 */
int np_compile_upon(struct np_whole *whole, struct np_compile *c, struct netpol_matcher **out,
                    bool *outgrown);

/* ---- describe.c ---- */
extern const struct netpol_rule_info np_no_rule; /* of a number that is free */
/*
 * Fills the table of decisions and the option texts. before: the matcher that whole->changed is
 * about; NULL: none. OK, ERR_MEMORY.
 */
int np_describe_all(struct np_whole *whole, const struct np_whole *before);

/* ---- numbers.c ---- */
/*
 * Gives decisions of whole->model, which are described, the numbers that decisions of the same keys
 * have in the matcher before; where that would leave too many gaps, the highest fill them. OK,
 * ERR_MEMORY.
 */
int np_numbers_keep(struct np_whole *whole, const struct np_whole *before);

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
