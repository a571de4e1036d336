/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_TRUTHS_H
#define NP_COMPILE_TRUTHS_H
/*
 * The truths of a group's rules, so that the reference is asked once for each combination of them.
 *
 * The outcome of a checkpoint is folded over the truths of its rules and of whom its policies
 * select; the latter, the route and the listener are the same for all of a group. So where truths
 * are all that rules contribute, equal truths are equal outcomes; an alternative that route or
 * listener may rule out is kept apart from its siblings, whose truth it must not hide. The truth of
 * one condition is the reference's here as well: sets through members, ports through its own
 * functions.
 *
 * A group may have 20,000 rules, thousands of columns, and tens of thousands of parts of the
 * classes, so nothing here walks over all rules for each of them:
 *
 * - what of a rule is the same for all parts is kept by column, once for a relation; what is not is
 *   found from the class (truths.c);
 * - a rule that certainly matches, of a policy that certainly selects, ends its tier, or its stage:
 *   what is behind it can change nothing. So most columns are one rule of each tier, the least of
 *   those that match (truths_row.c);
 * - of rules in a row that may match and do the same, for reasons that the first of them has too,
 *   only the first counts: it is named, and the others add no outcome (truths_key.c).
 */
#include "compile/plan.h"

struct np_truth_alternative {
    const struct np_match *match;
    uint32_t rule;
    uint32_t n_columns;
    const struct np_port_truth *columns; /* class: the column; those that it says something of */
    const np_truth *all;                 /* instead, by column; NULL: there are few */
    np_truth near;                       /* in the relation at hand, without far end and ports */
    bool free;                           /* its ports are not those of a service */
    bool odd;                            /* route or listener may rule it out */
};
struct np_truth_rule {
    const struct np_rule *rule;
    uint32_t first; /* alternative; the next one's is the end */
    uint32_t tier, behind_tier, behind_stage;
    bool stops; /* once it matches, what is behind it does not matter */
};
struct np_truth_entry { /* of a column: in order of rules */
    uint32_t alternative;
    np_truth truth;
    uint32_t skip; /* the first entry behind that is not the same again */
};
struct np_truth_link { /* what depends on the far end, by class; what a part adds, by column */
    uint32_t alternative, next; /* next: index + 1 */
    np_truth truth;
};
struct np_truth_wide {
    uint32_t found; /* index */
    uint32_t skip;  /* the first behind that is not like it but for its ports */
};
#define NP_RULE_NONE    UINT32_MAX
#define NP_ORDINAL_NONE UINT32_MAX

struct np_truths {
    struct np_plan *plan;
    const struct np_side_plan *side;
    const struct np_focus *focus;
    struct np_port_lists ports;
    bool usual; /* of the side: what its rules say is all that answers depend on */
    bool plain; /* and of the group */
    uint32_t near, far;
    enum np_relation relation;
    struct np_arena arena;   /* of the group at hand */
    const uint32_t *columns; /* a point each */
    uint32_t n_columns, n_rules, n_alternatives, n_tiers;
    struct np_truth_rule *rules; /* and one behind */
    struct np_truth_alternative *alternatives;
    np_truth *doubts; /* by column: why alternatives with `all` may be in doubt about it */
    uint32_t certain; /* a rule whose policy certainly selects, and no option made it; or NONE */
    /* of the relation at hand */
    uint32_t *begin; /* by column, of entries; [n_columns] is the end */
    np_vec(struct np_truth_entry) entries;
    np_vec(uint32_t) always; /* free alternatives that do not look at the far end */
    np_vec(struct np_truth_link) links;
    uint32_t *head;           /* by class: index + 1 into links, the last alternative first */
    np_vec(uint32_t) touched; /* classes with a head */
    uint32_t *decided;        /* [tier][column]: the first rule that certainly matches */
    uint8_t *mixed;           /* by column: that is not all there is to say */
    uint8_t *linked;          /* by tier: the far end matters there */
    /* of the part at hand */
    uint32_t n_asked;
    np_vec(
        struct np_truth_link) found; /* by rule, descending; those whose columns are few go to: */
    np_vec(struct np_truth_link) chained;
    uint32_t *chain, *chain_stamp, stamp; /* by column */
    np_vec(struct np_truth_wide) wide;    /* the others, ascending */
    uint32_t *least;                      /* as decided, with what the part adds */
    uint8_t *unclear;                     /* as mixed */
    bool all_unclear;
    np_vec(uint32_t) kept; /* rules that the combination at hand consists of, ascending */
    np_vec(uint32_t) key;
    /* least of the one tier that says different things in the relation at hand, and ordinals by
     * what it says, n_rules: nothing. NULL: several do */
    const uint32_t *deciding;
    uint32_t *ordinals;
    struct np_map seen; /* combination -> ordinal */
};
/* false: no memory. Free also then. */
bool np_truths_init(struct np_truths *t, struct np_plan *plan, const struct np_side_plan *side);
void np_truths_free(struct np_truths *t);
/* Begins a group; near: a signature of it. columns and map (port class -> column) stay the
 * caller's. OK, ERR_MEMORY. */
int np_truths_begin(struct np_truths *t, const struct np_focus *focus, uint32_t near,
                    const uint32_t *columns, uint32_t n_columns, const uint16_t *map);
/* Fixes how the ends stand to each other. OK, ERR_MEMORY. */
int np_truths_relate(struct np_truths *t, enum np_relation relation);
/* Fixes the far end: a signature that is the first of its class. Only columns below n_asked will be
 * asked about. OK, ERR_MEMORY. */
int np_truths_aim(struct np_truths *t, uint32_t far, uint32_t n_asked);
/* May source ports matter to the part at hand? */
bool np_truths_by_source(const struct np_truths *t);
/* Fills kept with all rules that may match the part, whatever the ports. false: no memory. */
bool np_truths_keep_all(struct np_truths *t);
/* The ordinal of a column of which one tier decides: where it is kept, to be filled if it is
 * NP_ORDINAL_NONE. NULL: the combination must be found. */
static inline uint32_t *np_truths_quick(const struct np_truths *t, uint32_t column)
{
    if (!t->deciding || t->all_unclear || t->unclear[column]) {
        return NULL;
    }
    uint32_t rule = t->deciding[column];
    return &t->ordinals[rule < t->n_rules ? rule : t->n_rules];
}
/* Where the ordinal of the combination is kept; *added: it did not come up before; kept are its
 * rules. NULL: no memory. */
uint64_t *np_truths_find(struct np_truths *t, uint32_t column, uint16_t source_port, bool *added);

/* From inside. truths.c: all of an alternative but its near and far end. */
np_truth np_truths_ports(const struct np_truths *t, const struct np_truth_alternative *a,
                         uint32_t column, uint16_t source_port);
/* truths_row.c */
bool np_truths_fill_entries(struct np_truths *t);
#endif
