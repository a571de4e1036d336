/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_MATCHER_H
#define NP_COMPILE_MATCHER_H
/*
 * compile: snapshot -> sealed model -> plan (plan.h) -> image -> matcher.
 *
 * A matcher compiled in this process keeps, beside its image, what an answer can need that is no
 * table: the model, the objects it was made from (for lints and explanations) and, by decision
 * number, the ready-made description of every decision, so that describing one is a table look-up
 * from any thread.
 */
#include "compile/identities.h"
#include "match/matcher.h"
#include <stdatomic.h>
#include "model/policy.h"
#include "store/store.h"

enum {
    NP_OPTION_COUNT = 0
#define NP_OPTION(name, values, fallback, doc) +1
#include "model/options.def"
#undef NP_OPTION
};

struct np_kept;   /* kept.h */
struct np_whole { /* netpol_matcher.whole */
    struct netpol_ctx *ctx;
    struct np_model *model;
    struct np_snapshot *snapshot; /* NULL: compiled from a model alone */
    bool said; /* things about the cluster that only a compile of everything says again */
    struct np_arena arena;                /* what follows lives here */
    const struct netpol_rule_info *rules; /* by decision number, [0] unused */
    uint32_t n_rules;                     /* [0] included */
    const char *option_values[NP_OPTION_COUNT];
    const char *profile;
    /* Decisions that are not what the matcher before said of their number; all if there is none. */
    const uint32_t *changed;
    uint32_t n_changed;
    struct np_identities identities;
    struct np_naming *naming;       /* naming.h; NULL: no rule looks at names */
    _Atomic(struct np_kept *) kept; /* for the next compile, which takes it; NULL */
    uint64_t evaluated, reused_groups;
    uint64_t groups, rows, residuals;
};
/* NULL: a mapped image. */
static inline const struct np_whole *np_whole_of(const struct netpol_matcher *matcher)
{
    return matcher->whole;
}

/* What a public compile may ask; all checked by the caller but the texts. */
int np_compile(struct netpol_store *store, const struct netpol_compile_options *options,
               struct netpol_diags *diags, struct netpol_matcher **out);
/* From a sealed model, which is taken over on success. OK, ERR_MEMORY, ERR_LIMIT. */
int np_compile_model(struct netpol_ctx *ctx, struct np_model *model, struct netpol_matcher **out);
/*
 * The same from a model made upon that of `before` (model/build.h), of which `change` says what is
 * different. *outgrown: it cannot be done so; the model stays the caller's, as after a failure.
 */
struct np_plan_change;
int np_compile_model_upon(struct netpol_matcher *before, struct np_model *model,
                          const struct np_plan_change *change, struct netpol_matcher **out,
                          bool *outgrown);
/* The description of a decision; NULL when there is none of this number. */
const struct netpol_rule_info *np_matcher_rule(const struct netpol_matcher *matcher,
                                               uint32_t number);

/* What was learnt of source and destination, as the reference takes it: two. named NULL: nothing.
 */
struct np_end_names;
void np_end_names_of(const struct np_named *const named[2], struct np_end_names *out);

/* ---- options and profiles (options.c) ---- */
const struct netpol_option_info *np_option_info(size_t i); /* NULL: no more */
const char *np_profile_name(size_t i);                     /* NULL: no more */
uint32_t np_profile_load_flags(const char *profile);       /* 0 also for unknown names */
/* The i-th option's value, within a static string. */
struct np_slice np_option_value(const struct np_options *options, size_t i);
/* Index of an option by name; NP_OPTION_COUNT: none. */
size_t np_option_find(struct np_slice name);
/* Sets *out to the profile's options, then applies the settings in order. OK, ERR_INPUT,
 * ERR_MEMORY. */
int np_options_resolve(const struct netpol_ctx *ctx, const char *profile,
                       const char *const *settings, size_t n_settings, struct netpol_diags *diags,
                       struct np_options *out);
#endif
