/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_MEMBERS_INTERNAL_H
#define NP_COMPILE_MEMBERS_INTERNAL_H
/*
 * Members of sets from inside.
 *
 * The simplest method asks the reference about every signature, for every set: 28,000 sets times
 * 6,000 signatures. But a clause is an AND, so whoever it holds for is among those of its narrowest
 * literal; and whom a literal can hold for is found backwards: from a label to the kinds that have
 * it, from a prefix to the places in it, from both to signatures (members_index.c). Only those
 * candidates are judged, each by the reference. Selectors and sets of equal content are one
 * (members_selector.c).
 *
 * Some signatures are many and alike to most sets: pods without address to sets of prefixes, and
 * unlearnt addresses to sets of labels. They are judged once for all, and shared (`rest`).
 */
#include "compile/ends_internal.h"

/* Lists of numbers, one behind the other. */
struct np_lists {
    uint32_t *begin; /* of list n; its end is the next one's begin */
    uint32_t *items;
};
struct np_range {
    uint32_t begin, count;
};
enum np_flat { /* signatures that sets of one sort of literal do not tell apart */
               NP_FLAT_NONE,
               NP_FLAT_ADDRESSLESS, /* pods without address: to prefixes */
               NP_FLAT_MISSING,     /* addresses whose endpoint is not known: to labels of pods */
               NP_FLATS
};
struct np_index {
    struct np_lists by_kind, by_class, by_fact; /* signatures, signatures, classes of places */
    uint32_t n_facts;
    uint32_t *fact_weight;        /* signatures by fact */
    uint8_t *flat;                /* by signature: enum np_flat */
    np_vec(uint32_t) nodes;       /* signatures of nodes */
    np_vec(uint32_t) bare;        /* neither node nor endpoint */
    np_vec(uint32_t) addressless; /* to which prefixes are MAYBE; none of the flat */
    np_vec(uint32_t) flats[NP_FLATS];
    /* kinds that have a term: words as in project.c, and key << 32 for "has the key" */
    struct np_pairs terms; /* word -> number of a range, from 1 */
    np_vec(struct np_range) ranges;
    uint32_t *term_kinds;
};
struct np_selected {
    const uint32_t *kinds; /* that a selector matches, ascending */
    uint32_t count;
    bool known;
};
struct np_kept {
    struct np_members own, rest, whole; /* whole: made when asked for */
    bool merged;
};
struct np_members_state {
    bool ready; /* false: memory ran out on the way */
    struct np_index index;
    struct np_words selectors; /* contents */
    np_vec(struct np_selected) selected;
    struct np_words sets;  /* contents, roles, relations -> index into kept, plus one */
    struct np_pairs known; /* set, role, relation -> the same */
    np_vec(struct np_kept) kept;
    np_vec(uint64_t) content;
    np_vec(uint32_t) found; /* signatures with a truth, of the set at hand */
    np_truth *truth;        /* by signature, of the set at hand; NO between sets */
    uint32_t *stamp;        /* by signature: the clause that was there last */
    uint32_t *kind_stamp;
    uint32_t stamps, kind_stamps;
    np_vec(uint32_t) candidates;
    np_vec(uint32_t) kinds;
    struct np_members shared[NP_FLATS][2]; /* all YES, all MAYBE; made when needed */
};
/* members_index.c */
bool np_index_build(struct np_draft *draft);
void np_index_free(struct np_draft *draft);
/* members_judge.c: fills own and rest. false: no memory. */
bool np_members_judge(struct np_draft *draft, const struct np_set *set, bool source,
                      enum np_relation relation, struct np_kept *out);
/* members_selector.c */
uint32_t np_selector_number(struct np_draft *draft,
                            const struct np_selector *selector); /* of its content; 0: no memory */
/* The kinds it matches. NULL: no memory. */
const struct np_selected *np_selector_kinds(struct np_draft *draft,
                                            const struct np_selector *selector);
#endif
