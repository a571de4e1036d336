/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_NAMING_INTERNAL_H
#define NP_COMPILE_NAMING_INTERNAL_H
/*
 * What naming.c makes of a plan, and naming_fold.c asks when names were learnt.
 *
 * A group may have thousands of rules, each about a name of its own, and an address hundreds of
 * names. Neither is to be walked for one name more. So a question is asked of few rules: those that
 * may match the address if none of its names satisfied anything (found once for each place), and
 * those that mention a literal that holds. Of the latter, rules that differ in nothing but their
 * names form a CLASS (naming_rules.c): the first one that holds says what all others would, so only
 * its literals matter. And the truth of a literal is looked up, not found by comparing names.
 */
#include "compile/naming.h"

#include <pthread.h>

struct np_rule_list {
    uint32_t *items; /* ascending */
    uint32_t count;
};
/* A group of near ends as it is asked about. */
struct np_asked {
    struct np_focus focus; /* narrowed under the lock */
    struct np_end near;
    uint8_t near_family;
    bool near_is_source;
    struct np_port_point *points[2]; /* by family of the far end: IPv4, IPv6; of each column */
    const uint32_t *first_rule;      /* by place in the group's literals: into rules */
    const uint32_t *rules;           /* of the focus, that mention it, ascending */
    const uint32_t *class_of;        /* by rule of the focus; 0: of no class */
};
struct np_naming {
    struct np_namer namer; /* first: the namer leads back */
    const struct netpol_ctx *ctx;
    const struct np_model *model;
    struct np_arena arena;
    struct np_name_index index;
    struct np_asked *asked;             /* by group of the namer */
    const struct np_literal **literals; /* by number */
    bool one_family;                    /* no rule looks at families */
    /* Several endpoints may ask at once. Under the lock: every focus, and what follows. */
    pthread_mutex_t lock;
    bool has_lock;
    struct np_arena memory;
    struct np_map base_rules;               /* group, place, relation -> struct np_rule_list */
    uint32_t n_classes;                     /* the most that a group has, and one */
    uint32_t *first_of_class, *class_stamp; /* by class */
    uint32_t stamp;
    np_vec(uint32_t) kept;                   /* rules of the question at hand */
    np_vec(const struct np_literal *) slots; /* truths of the question at hand */
};

/* ---- naming_rules.c ---- */
struct np_draft;
/* Into asked->class_of, from arena; *n_classes grows. near: signature of the draft. */
bool np_naming_classes(struct np_draft *draft, const struct np_side_plan *side, uint32_t near,
                       struct np_arena *arena, struct np_asked *asked, uint32_t *n_classes);

/* ---- naming_fold.c: as in struct np_namer ---- */
uint32_t np_naming_reduce(const struct np_namer *namer, uint32_t group, const uint32_t *in,
                          uint32_t count, uint32_t *out);
bool np_naming_fold(const struct np_namer *namer, uint32_t group, enum np_relation relation,
                    const struct np_named_far *far, struct np_named_part *out);
/* The address of a place. */
struct np_address np_naming_address(const struct np_where *where);
#endif
