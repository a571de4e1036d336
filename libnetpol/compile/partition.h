/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_PARTITION_H
#define NP_COMPILE_PARTITION_H
/*
 * Partition refinement: which of n things has no condition told apart so far?
 *
 * All begin in part 0. A condition marks some of them (np_partition_mark, each thing at most once),
 * then np_partition_split moves the marked things of each part and mark into a part of their own.
 * Only what is marked is touched, so a condition costs what it holds for, and resetting costs what
 * was touched. Part numbers depend only on the order of marks: the same conditions, the same
 * numbers. What is the same each time can be settled: then it is the state that a reset goes back
 * to.
 */
#include "base/base.h"

struct np_partition {
    const struct netpol_ctx *ctx;
    uint32_t *part;  /* of each thing */
    uint32_t *sizes; /* of each part; 0: emptied */
    uint32_t n, n_parts;
    uint32_t *settled, *settled_sizes; /* parts and sizes after a reset */
    uint32_t n_settled;
    uint32_t *touched; /* things that ever left their settled part; each once */
    uint32_t n_touched;
    struct np_marked *marked;
    uint32_t n_marked;
    uint32_t *leaving;      /* by part: how many are marked; 0 between splits */
    struct np_moved *moved; /* hash: (part, mark) -> new part, for the split at hand */
    uint32_t moved_bits;
    uint32_t stamp;
};
/* false: no memory. */
bool np_partition_init(const struct netpol_ctx *ctx, struct np_partition *p, uint32_t n);
void np_partition_free(struct np_partition *p);
void np_partition_reset(struct np_partition *p);  /* all in their settled part again: 0 */
void np_partition_settle(struct np_partition *p); /* from now on the parts as they are */
void np_partition_mark(struct np_partition *p, uint32_t thing, uint32_t mark);
void np_partition_split(struct np_partition *p);
#endif
