/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_FAR_PARTS_H
#define NP_COMPILE_FAR_PARTS_H
/*
 * What a group sees of the classes, in one relation: parts that none of its rules tells apart, each
 * of which gets one row; then the rows of all classes as a default and exceptions.
 *
 * A group names few of the classes, and there may be many of both. So nothing here walks over all
 * classes for each group: those that no rule of the group touched stay in the part they were in,
 * and how many these parts have is counted once for all groups that are alike to the relation.
 * What many sets say alike of far ends (of those that lack an address every block says that it may
 * be theirs) is told apart once and settles.
 */
#include "compile/plan.h"

enum { NP_FAR_RESTS = 32 };
enum { NP_FAR_4 = 1, NP_FAR_6 = 2, NP_FAR_NONE = 4, NP_FAR_ANY = 7 };

enum { NP_FAR_ENDPOINT = 1, NP_FAR_BARE = 2 };
struct np_far_near { /* of a group: bits (NP_SIG_*) that some near end has, that some one lacks */
    uint8_t any, lacks;
    uint8_t ends; /* is some end an endpoint, is some one none? */
};
static inline uint8_t np_far_end(const struct np_sig *sig)
{
    return sig->kind ? NP_FAR_ENDPOINT : NP_FAR_BARE;
}
/* The classes for which a relation is possible. */
struct np_far_view {
    bool known;
    struct np_far_near near; /* for groups like this */
    uint32_t *classes;       /* by settled part, ascending */
    uint32_t *start;         /* by settled part, and the end */
    uint32_t *sizes[2];      /* by settled part: those with ends whose address is known, is not */
};
struct np_far_parts {
    struct np_plan *plan;
    const struct np_side_plan *side;
    struct np_arena *arena; /* borrowed */
    struct np_partition partition;
    uint8_t *any, *lacks; /* by class: bits some far end has, bits some one lacks */
    /* by class: families that a hop to it may be of, NP_FAR_*; where ports are told apart by them,
     * all classes of a part have the same */
    uint8_t *families;
    uint8_t *ends; /* by class, as in np_far_near */
    struct np_far_view views[NP_RELATIONS];
    const struct np_sig_truth *rests[NP_FAR_RESTS]; /* of sets, told apart for good */
    uint32_t n_rests;
    bool again;            /* one was added: what was made is not as it would be now */
    struct np_bits listed; /* classes; clear in between */
    /* of the group and relation at hand */
    struct np_far_near near;
    enum np_relation relation;
    const struct np_far_view *view;
    uint32_t *first;    /* by part: a class of it; UINT32_MAX: the relation is possible for none */
    uint32_t *sizes[2]; /* by part, as in a view */
    uint32_t *rows;     /* by part, where there is a first: the caller's */
};
/* false: no memory. Free also then. The arena's memory must last as long. */
bool np_far_parts_init(struct np_far_parts *parts, struct np_plan *plan,
                       const struct np_side_plan *side, struct np_arena *arena);
void np_far_parts_free(struct np_far_parts *parts);
/* Fills first, by part of partition. OK, ERR_MEMORY. */
int np_far_parts_make(struct np_far_parts *parts, const struct np_focus *focus,
                      struct np_far_near near, enum np_relation relation);
/* From rows: those of the two variants of the relation. OK, ERR_MEMORY. */
int np_far_parts_rows(struct np_far_parts *parts, struct np_row_draft out[2]);
#endif
