/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many questions, once for all instruction sets: a batch_*.c defines what differs and includes
 * this.
 *
 *     ends4(hot, table, shape, g)           the first slots of the ends of a group of plain IPv4
 *                                           tuples, and port classes; false: not all are plain
 *     places4(hot, searched)                the places of addresses
 *     struct writer, writer_of(hot)         what is the same in all verdicts
 *     verdict_write(writer, hot, shape, found, out) as np_verdict_write
 *     BATCH                                 the name of what is defined
 *
 * A lookup is a chain of loads that wait for each other, with a branch or two that traffic decides
 * and no processor foresees: is an address in its first slot, or to be searched? So a batch goes in
 * groups and in steps. First the ends of all tuples, without such a branch: whose end was not in
 * its first slot is searched next, all of these together. Then the parts. Lookups of one step do
 * not depend on each other, so that the processor has many of them under way.
 *
 * Where the tables are much larger than the second-level cache there are more steps, one for each
 * load, and each asks for the lines that the next one needs. What is not a group of usual tuples
 * goes one by one.
 *
 * All of it is inlined for the few shapes of images that are usual; the rest have one text.
 */
#include "match/batch_ends.h"

/* Any tuples: one by one, all the same. */
static void run_mixed(const struct np_hot *hot, const struct np_table *table, struct np_shape shape,
                      const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        np_match_one(hot, table, shape, &tuples[i], &out[i]);
    }
}

/* The ends that are not in their first slots. */
static bool search4(const struct np_hot *hot, const struct np_table *table, struct group *g)
{
    struct searched s;
    uint8_t on[ENDS];
    size_t n = list_missed(g, &s, on);
    places4(hot, &s);
    for (size_t i = 0; i < n; i++) {
        search_on4(table, on[i], g, &s);
    }
    return end_search4(g, &s);
}

enum { GLANCE = 8 }; /* so many tuples tell what a batch is like, nearly always */
np_inline bool all4(const struct group *g, size_t most)
{
    unsigned other = 0;
    for (size_t i = 0; i < g->count && i < most; i++) {
        other |= g->tuples[i].family ^ 4u;
    }
    return other == 0;
}

/* hot: the caller's own copy of *shared. false: not usual tuples, or some end is not one compiled
 * party. */
np_inline bool find_group(const struct np_hot *hot, const struct np_hot *shared,
                          const struct np_table *table, struct np_shape shape, struct group *g)
{
    memset(g->missed, 0, sizeof g->missed);
    if (np_likely(all4(g, GLANCE))) {
        if (np_likely(ends4(hot, table, shape, g)) && np_likely(search4(shared, table, g))) {
            return true;
        }
        if (all4(g, GROUP)) {
            return false;
        }
        memset(g->missed, 0, sizeof g->missed);
    }
    return find_ends(shared, table, g);
}

/* ---- the parts of a group ---- */

np_inline uint32_t bond_of(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                           size_t i)
{
    return np_look_bond(hot, shape, party_of(g, shape, i), party_of(g, shape, GROUP + i),
                        &g->tuples[i], NULL);
}

np_inline struct np_found find_parts(const struct np_hot *hot, struct np_shape shape,
                                     const struct group *g, size_t i)
{
    return np_look_parts(hot, shape, g->signature[i], g->signature[GROUP + i],
                         bond_of(hot, shape, g, i), g->port_class[i]);
}

/*
 * The same in steps: a lookup is longer than what a processor looks ahead, so that one after the
 * other they hardly overlap. far: each step asks for the lines that the next one reads.
 */
struct steps {
    uint32_t slot[GROUP], base[GROUP], row[GROUP]; /* of COMB; whose; of most classes, then its */
    uint32_t entry[GROUP], first[GROUP];           /* of PORT_MAPS; of the side's parts */
    uint32_t part[NP_SIDES][GROUP];
};

/* As np_look_row, by arithmetic: one lookup is faster with a branch, many are slower. */
np_inline uint32_t own_row(const struct np_hot *hot, uint32_t slot, uint32_t base, uint32_t most)
{
    const struct np_comb *comb = &hot->comb[slot];
    uint32_t own = 0u - (uint32_t)(comb->base == base || (np_defect(SLOT_OF_OTHERS) && comb->base));
    return (comb->row & own) | (most & ~own);
}

/* *odd: adds what would make a bond another than 0, where that is not looked at. */
np_inline void step_rows(const struct np_hot *hot, struct np_shape shape, enum np_side_of_hop side,
                         bool far, const struct group *g, struct steps *s, uint32_t *odd)
{
    size_t near_end = side == NP_SIDE_EGRESS ? 0 : GROUP, far_end = GROUP - near_end;
    for (size_t i = 0; i < g->count; i++) {
        uint32_t near = g->signature[near_end + i], other = g->signature[far_end + i];
        uint32_t bond = shape.relations ? bond_of(hot, shape, g, i) : 0;
        struct np_look_side at = np_look_at(hot, side, near, other, bond);
        *odd |= shape.relations ? 0 : hot->sig_class[near] | hot->sig_class[other];
        s->entry[i] = at.side->ports + g->port_class[i];
        s->first[i] = at.side->parts;
        if (far) {
            s->slot[i] = at.base + at.far;
            s->base[i] = at.base;
            s->row[i] = at.row;
            fetch(&hot->comb[s->slot[i]]);
            fetch(&hot->port_maps[s->entry[i]]);
        } else {
            s->row[i] = own_row(hot, at.base + at.far, at.base, at.row);
        }
    }
}

np_inline void step_parts(const struct np_hot *hot, struct np_shape shape, enum np_side_of_hop side,
                          bool far, const struct group *g, struct steps *s)
{
    for (size_t i = 0; far && i < g->count; i++) {
        s->row[i] = own_row(hot, s->slot[i], s->base[i], s->row[i]);
        fetch(&hot->cells[s->row[i] + np_look_column(hot, shape, s->entry[i])]);
    }
    for (size_t i = 0; i < g->count; i++) {
        size_t cell = (size_t)s->row[i] + np_look_column(hot, shape, s->entry[i]);
        uint32_t part = s->first[i] + hot->cells[cell];
        s->part[side][i] = part;
        if (far) {
            fetch(&hot->parts[part]);
        }
    }
}

np_inline void step_side(const struct np_hot *hot, struct np_shape shape, enum np_side_of_hop side,
                         bool far, const struct group *g, struct steps *s, uint32_t *odd)
{
    if (shape.sides >> side & 1) {
        step_rows(hot, shape, side, far, g, s, odd);
        step_parts(hot, shape, side, far, g, s);
    }
}

np_inline struct np_found stepped(struct np_shape shape, const struct steps *s, size_t i)
{
    return (struct np_found){
        shape.sides & NP_SIDE_BIT_EGRESS ? s->part[NP_SIDE_EGRESS][i] : 0,
        shape.sides & NP_SIDE_BIT_INGRESS ? s->part[NP_SIDE_INGRESS][i] : 0,
        shape.sides & NP_SIDE_BIT_MESH ? s->part[NP_SIDE_MESH][i] : 0,
    };
}

/* ---- groups ---- */

/* Bonds, residual trees, and what is missing: for the lanes that have such. */
static void write_rest(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                       struct netpol_verdict *out)
{
    struct np_rest rest = {.tuples = g->tuples, .out = out};
    for (size_t i = 0; i < g->count; i++) {
        struct np_found found = find_parts(hot, shape, g, i);
        if (np_verdict_write(hot, shape, found, &out[i])) {
            rest.lane[rest.count] = (uint8_t)i;
            rest.src[rest.count] = g->signature[i];
            rest.dst[rest.count] = g->signature[GROUP + i];
            rest.found[rest.count++] = found;
        }
    }
    np_batch_rest(hot, shape, &rest);
}

/* hot: the caller's own copy of *shared. false: not a usual group, nothing is written. */
np_inline bool run_group(const struct np_hot *hot, const struct np_hot *shared, bool far,
                         const struct np_table *table, struct np_shape shape, struct group *g,
                         struct netpol_verdict *out)
{
    const struct writer writer = writer_of(hot);
    struct steps s;
    uint64_t rest = 0;
    if (np_unlikely(!find_group(hot, shared, table, shape, g))) {
        return false;
    }
    uint32_t odd = 0;
    step_side(hot, shape, NP_SIDE_EGRESS, far, g, &s, &odd);
    step_side(hot, shape, NP_SIDE_INGRESS, far, g, &s, &odd);
    step_side(hot, shape, NP_SIDE_MESH, far, g, &s, &odd);
    for (size_t i = 0; i < g->count; i++) {
        rest |= verdict_write(&writer, hot, shape, stepped(shape, &s, i), &out[i]);
    }
    rest |= odd & shape.odd;
    if (np_unlikely(rest)) {
        write_rest(shared, shape, g, out);
    }
    return true;
}

enum { LINES = 32 }; /* more than those of so many tuples are not asked for at once */
np_inline void run(const struct np_hot *shared, bool far, const struct np_table *table,
                   struct np_shape shape, const struct netpol_tuple *tuples,
                   struct netpol_verdict *out, size_t count)
{
    const struct np_hot hot = *shared; /* which no store through a pointer can change */
    const size_t most = far ? LINES : GROUP;
    struct group g;
    for (size_t j = 0; far && j < most && j < count; j++) {
        fetch_slots(table, &tuples[j]);
    }
    for (size_t i = 0; i < count; i += most) {
        g.tuples = tuples + i;
        g.count = count - i < most ? count - i : most;
        for (size_t j = i + most; far && j < i + 2 * most && j < count; j++) {
            fetch_slots(table, &tuples[j]);
        }
        if (np_unlikely(!run_group(&hot, shared, far, table, shape, &g, out + i))) {
            run_mixed(shared, table, shape, tuples + i, out + i, g.count);
        }
    }
}

/* ---- shapes ---- */

np_inline void run_near_or_far(const struct np_hot *hot, const struct np_table *table,
                               struct np_shape shape, const struct netpol_tuple *tuples,
                               struct netpol_verdict *out, size_t count)
{
    if (hot->beyond_l2) {
        run(hot, true, table, shape, tuples, out, count);
    } else {
        run(hot, false, table, shape, tuples, out, count);
    }
}

void BATCH(const struct np_hot *hot, const struct np_table *table, unsigned sides,
           const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    struct np_shape shape = np_shape_of(hot, sides);
    if (np_shape_is_usual(shape, NP_SIDE_BIT_INGRESS)) {
        shape = np_shape_usual(hot, NP_SIDE_BIT_INGRESS);
        run_near_or_far(hot, table, shape, tuples, out, count);
    } else if (np_shape_is_usual(shape, NP_SIDES_NETWORK)) {
        shape = np_shape_usual(hot, NP_SIDES_NETWORK);
        run_near_or_far(hot, table, shape, tuples, out, count);
    } else {
        run_near_or_far(hot, table, shape, tuples, out, count);
    }
}
