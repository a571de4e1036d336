/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROPERTIES_H
#define PROPERTIES_H
/*
 * What the files of the property tests share.
 *
 * Every property is put to the reference and, on fewer sets, to the matcher: then a set is
 * compiled, its image opened again, and that image answers what has no request.
 */
#include "differential/engines.h"

enum { QUESTIONS = 10 };

struct run {
    struct netpol_ctx *ctx;
    const char *property;
    unsigned features; /* enum gen_features */
    bool matcher;      /* who is asked; else the reference */
    uint64_t seed;
    struct gen gen;
    struct gen_random random;
    uint64_t asked, actions[NETPOL_ACTION_COUNT];
    unsigned failures;
    bool show;     /* print every walk */
    uint64_t bite; /* how often the difference could show at all */
};

/* A set ready to be asked. */
struct built {
    const struct np_model *model;
    struct np_model *owned; /* the same where nothing is compiled */
    struct world world;     /* all NULL then */
};
extern const struct gen_tweak as_drawn;
struct built build(struct run *run, const struct gen_tweak *tweak); /* exits when it cannot be */
void unbuild(struct built *b);

/* A question; of the matcher mostly one without a request. */
void draw(struct run *run, struct gen_question *q);
void ask(struct run *run, const struct built *b, const struct gen_question *q,
         const struct gen_tweak *tweak, struct netpol_verdict *out);
/* One enforcement point; does not count. */
void ask_at(const struct run *run, const struct built *b, const struct gen_question *q,
            const struct gen_tweak *tweak, const struct netpol_point *point,
            struct netpol_verdict *out);
void fail(struct run *run, const struct gen_question *q, const struct netpol_verdict *a,
          const struct netpol_verdict *b);

typedef bool agreement(const struct netpol_verdict *a, const struct netpol_verdict *b);
bool same_whole(const struct netpol_verdict *a, const struct netpol_verdict *b);
bool same_action(const struct netpol_verdict *a, const struct netpol_verdict *b);
/* Builds the set twice and asks both the same questions; `agrees` says what must hold. */
void compare(struct run *run, const struct gen_tweak *first, const struct gen_tweak *second,
             agreement *agrees);

/* The hop of a question without fragments or mapped addresses; false: a reference is not known, or
 * an address has several owners. */
bool resolve(const struct np_model *model, const struct gen_question *q, struct np_hop *hop);

/* ---- properties_sets.c ---- */
void load_order(struct run *run);
void given_twice(struct run *run);
void split_by_point(struct run *run);
void additive(struct run *run);
void permuted_rank(struct run *run);
void moved_past_disjoint(struct run *run);
void deny_on_top(struct run *run);
void without_notes(struct run *run);
void only_pass(struct run *run);
void staging(struct run *run);

/* ---- properties_facts.c ---- */
void completion(struct run *run);
void refined(struct run *run);
void in_six(struct run *run);
void mapped(struct run *run);
void class_invariance(struct run *run);
void node_names(struct run *run);
void self(struct run *run);
void accounted(struct run *run);
void safe_readings(struct run *run);

/* ---- properties_walk.c: of one checkpoint or one condition ---- */
void enumerated(struct run *run);
void complement(struct run *run);
void complementary_rules(struct run *run);
#endif
