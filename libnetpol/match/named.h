/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_NAMED_H
#define NP_MATCH_NAMED_H
/*
 * Addresses for which names were learnt.
 *
 * The question: which rules hold for an address when some of their conditions are about its names,
 * and these come and go while evaluations run? Simplest would be to ask the reference with the
 * names of the address at every evaluation: correct, and slow. A compile cannot have the answers
 * ready: every combination of conditions would be a class of its own. But few combinations ever
 * occur. So the writer folds what is new when it first occurs, and readers look it up:
 *
 * - A COMBINATION is the signature of the bare address and the set of conditions (LITERALS about
 *   names) that its live names satisfy. It gets a number once and for ever; the address has a slot
 *   whose signature is NP_SIG_NAMED plus the number. That signature stands for no compiled party,
 *   so usual lookups and SIMD kernels leave such ends to tuple.c, and pay nothing for them.
 * - Only for near groups whose rules look at names (np_namer_group) the bare address's answer is
 *   not the answer. For these a combination has a COLUMN: the group's answers for this far end, by
 *   relation, ports and source port, each asked of the reference as compile asks for cells. Which
 *   of a group's own conditions hold decides its column, as far as they matter (of rules that say
 *   the same of different names the first one decides), so combinations share them; most have the
 *   one of an address whose names satisfy nothing (`others`).
 * - A combination is made out of the one that the address had before, where a name was added: what
 *   is new is looked at, and the rest taken along. So learning takes what the new name takes.
 * - A combination is written whole before its number is in a slot, and never changes. Readers reach
 *   it by the slot's key alone, which they load by acquire.
 *
 * Nothing of this is freed before the endpoints are: it grows with the combinations met, not with
 * names, addresses, time or calls. Past NP_NAMED_MOST of them, learning is refused.
 *
 * Names of the near end: rules that look at them are answered as for an end whose names are not
 * known: a correct answer, or UNKNOWN.
 */
#include "match/look.h"

/* ---- what a compile in this process knows (compile/naming.c) ---- */

struct np_named_part { /* one answer of one side */
    struct netpol_part part;
    uint32_t missing; /* of an UNKNOWN; else 0 */
};

/* A group of near ends of one side whose rules look at names of the far end. */
struct np_namer_group {
    uint32_t side;            /* enum np_side_of_hop */
    uint32_t n_columns;       /* of ports, as its port map has them */
    uint32_t n_sources;       /* spans of source ports; 1: they do not matter */
    const uint16_t *sources;  /* the first of each; [0] is 0 */
    const uint32_t *literals; /* that its rules mention, ascending */
    uint32_t n_literals;
    bool bare_near; /* the near end is no endpoint: it may be the same address */
};
/* A far end that is asked about. */
struct np_named_far {
    const struct np_where *where;
    uint32_t base; /* signature of the bare address: where answers do not differ but by names */
    const uint32_t *literals; /* ascending */
    uint32_t n_literals;
};
struct np_namer {
    bool used;           /* false: no rule looks at names, and there is nothing to be known */
    uint32_t n_literals; /* distinct conditions on names */
    uint32_t n_patterns; /* of all of them, at least n_literals */
    uint32_t n_groups;
    const struct np_namer_group *groups;
    const uint32_t *group_of[NP_SIDES]; /* by near signature: group + 1, or 0; NULL: none */
    /* Near signatures whose rules look at names of the near end, where the image says what holds
     * without any; NULL: none. Their side is UNKNOWN when names were learnt for the near end. */
    const bool *near_looks[NP_SIDES];
    const uint32_t *first_user, *users; /* by literal: the groups that mention it, ascending */
    bool relations;                     /* does anything depend on relations? */
    /* The literals that a name satisfies, ascending, into out (room for n_patterns); how many. */
    uint32_t (*match)(const struct np_namer *namer, struct np_slice name, uint32_t *out);
    /* Can an address have names: no endpoint of any kind covers it. */
    bool (*is_outside)(const struct np_namer *namer, const struct np_where *where);
    /* Of literals of the group that hold, ascending: those that can matter to its answers, into
     * out (may be `in`); how many. What others hold beside these changes no answer. */
    uint32_t (*reduce)(const struct np_namer *namer, uint32_t group, const uint32_t *in,
                       uint32_t count, uint32_t *out);
    /* The group's answers in a relation for a far end for which exactly these of its literals
     * hold, into out: n_columns x n_sources. false: no memory. */
    bool (*fold)(const struct np_namer *namer, uint32_t group, enum np_relation relation,
                 const struct np_named_far *far, struct np_named_part *out);
};

/* ---- what readers see ---- */

/* Answers of a group for one far end: parts[(block x n_columns + column) x n_sources + source]. */
struct np_named_column {
    const uint32_t *literals; /* of the group, that hold and matter, ascending */
    uint32_t n_literals;
    uint8_t block[NP_RELATIONS]; /* NP_NAMED_NO_BLOCK: cannot be, UNKNOWN */
    struct np_named_part parts[];
};
struct np_named { /* a combination */
    const struct np_namer *namer;
    uint32_t base; /* signature of the bare address */
    uint32_t set;  /* of literals, a number of the writer's */
    uint32_t count;
    const uint32_t *groups; /* ascending: those whose column is not the one of `others` */
    const struct np_named_column *const *columns;
    const struct np_named_column *const *others; /* by group */
    const struct netpol_string *names; /* some of its names, that satisfy the same conditions */
    uint32_t n_names;
};
enum {
    NP_NAMED_NO_BLOCK = 0xff,
    NP_NAMED_FIRST_BITS = 6, /* chunk k holds 1 << (NP_NAMED_FIRST_BITS + k) */
    NP_NAMED_CHUNKS = 14,
    NP_NAMED_MOST = ((1 << NP_NAMED_CHUNKS) - 1) << NP_NAMED_FIRST_BITS
};
struct np_named_table {
    const struct np_named *chunks[NP_NAMED_CHUNKS];
};

/* Where a number is: the chunk, and the place in it. */
static inline unsigned np_named_chunk(uint32_t number, uint32_t *at)
{
    uint32_t moved = number + (1u << NP_NAMED_FIRST_BITS);
    unsigned bits = 31u - (unsigned)__builtin_clz(moved);
    *at = moved - (1u << bits);
    return bits - NP_NAMED_FIRST_BITS;
}

static inline const struct np_named *np_named_at(const struct np_named_table *table,
                                                 uint32_t signature)
{
    uint32_t at;
    unsigned chunk = np_named_chunk(signature - NP_SIG_NAMED, &at);
    return &table->chunks[chunk][at];
}

/* look_named.c: np_look where names were learnt for an end or both (the source's, the
 * destination's; NULL: none). The parties are those of the bare addresses. */
void np_look_named(const struct np_hot *hot, struct np_shape shape, struct np_party src,
                   struct np_party dst, const struct np_named *const named[2], uint32_t port_class,
                   const struct np_ask *ask, struct netpol_verdict *out);
/* tuple.c: what was learnt for the ends of a tuple; NULL: nothing. */
void np_match_named(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuple, const struct np_named *out[2]);
#endif
