/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many questions, once for all instruction sets: a batch_*.c defines what differs and includes
 * this.
 *
 *     ends4(hot, table, shape, g)           the first slots of the ends of a group of plain IPv4
 *                                           tuples, and port classes; false: not all are plain
 *     places4(hot, searched)                the places of addresses
 *     verdict_write(hot, shape, found, out) as np_verdict_write
 *     BATCH                                 the name of what is defined
 *
 * A lookup is a chain of loads that wait for each other, with a branch or two that traffic decides
 * and no processor foresees: is an address in its first slot, or to be searched? So a batch goes in
 * groups and in steps. First the ends of all tuples, without such a branch: whose end was not in
 * its first slot is searched next, all of these together. Then the parts. Lookups of one step do
 * not depend on each other, so that the processor has many of them under way.
 *
 * Where the tables are much larger than the second-level cache there are more steps, one for each
 * load, and each asks for the lines that the next one needs. Tuples of both families become two
 * groups; what is not usual goes one by one.
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

/* hot: the caller's own copy of *shared. false: not usual tuples of one family, or some end is not
 * one compiled party. */
np_inline bool find_group(const struct np_hot *hot, const struct np_hot *shared,
                          const struct np_table *table, struct np_shape shape, struct group *g)
{
    memset(g->missed, 0, sizeof g->missed);
    return np_likely(g->tuples[0].family == 4)
               ? ends4(hot, table, shape, g) && search4(shared, table, g)
               : find_ends6(shared, table, g);
}

/* ---- the parts of a group ---- */

np_inline uint32_t bond_of(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                           size_t i)
{
    return shape.relations ? np_look_bond(hot, shape, party_of(g, i), party_of(g, GROUP + i),
                                          &g->tuples[i], NULL)
                           : 0;
}

np_inline struct np_found find_parts(const struct np_hot *hot, struct np_shape shape,
                                     const struct group *g, size_t i)
{
    return np_look_parts(hot, shape, g->signature[i], g->signature[GROUP + i],
                         bond_of(hot, shape, g, i), g->port_class[i]);
}

/* The same in steps, each of which asks for the lines that the next one reads. */
enum { STEPS = 32 }; /* more lines than that are not asked for at once */
struct steps {
    struct np_look_side at[NP_SIDES][STEPS];
    uint32_t part[NP_SIDES][STEPS];
};

np_inline void step_row(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                        size_t i, struct steps *s)
{
    uint32_t bond = bond_of(hot, shape, g, i);
    uint32_t src = g->signature[i], dst = g->signature[GROUP + i];
    for (int side = 0; side < NP_SIDES; side++) {
        if (shape.sides >> side & 1) {
            struct np_look_side at =
                side == NP_SIDE_EGRESS
                    ? np_look_at(hot, shape, NP_SIDE_EGRESS, src, dst, bond)
                    : np_look_at(hot, shape, (enum np_side_of_hop)side, dst, src, bond);
            s->at[side][i] = at;
            fetch(&hot->comb[(size_t)at.base + at.far]);
            fetch(&hot->port_maps[at.side->ports]);
        }
    }
}

np_inline void step_cell(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                         size_t i, struct steps *s)
{
    for (int side = 0; side < NP_SIDES; side++) {
        if (shape.sides >> side & 1) {
            size_t cell = np_look_cell(hot, shape, &s->at[side][i], g->port_class[i]);
            s->part[side][i] = (uint32_t)cell;
            fetch(&hot->cells[cell]);
        }
    }
}

np_inline void step_part(const struct np_hot *hot, struct np_shape shape, size_t i, struct steps *s)
{
    for (int side = 0; side < NP_SIDES; side++) {
        if (shape.sides >> side & 1) {
            s->part[side][i] = s->at[side][i].side->parts + hot->cells[s->part[side][i]];
            fetch(&hot->parts[s->part[side][i]]);
        }
    }
}

np_inline void step_all(const struct np_hot *hot, struct np_shape shape, const struct group *g,
                        struct steps *s)
{
    for (size_t i = 0; i < g->count; i++) {
        step_row(hot, shape, g, i, s);
    }
    for (size_t i = 0; i < g->count; i++) {
        step_cell(hot, shape, g, i, s);
    }
    for (size_t i = 0; i < g->count; i++) {
        step_part(hot, shape, i, s);
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

/* Residual trees, and what is missing: for the lanes that have such. */
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
    struct steps s;
    uint64_t rest = 0;
    if (np_unlikely(!find_group(hot, shared, table, shape, g))) {
        return false;
    }
    if (far) {
        step_all(hot, shape, g, &s);
    }
    for (size_t i = 0; i < g->count; i++) {
        struct np_found found = far ? stepped(shape, &s, i) : find_parts(hot, shape, g, i);
        rest |= verdict_write(hot, shape, found, &out[i]);
    }
    if (np_unlikely(rest)) {
        write_rest(shared, shape, g, out);
    }
    return true;
}

np_inline bool is_usual(const struct netpol_tuple *t, unsigned family)
{
    uint32_t src, dst;
    return family == 4 ? np_is_plain4(t, &src, &dst) : np_is_plain6(t);
}

/*
 * Tuples of both families: those of each are brought together and are a group, the rest goes one by
 * one. A dual-stack cluster has batches of nothing else, and copying is cheap beside lookups that
 * wait for each other.
 */
np_inline void run_split(const struct np_hot *hot, const struct np_hot *shared, bool far,
                         const struct np_table *table, struct np_shape shape,
                         const struct netpol_tuple *tuples, struct netpol_verdict *out,
                         size_t count)
{
    struct netpol_tuple part[GROUP];
    struct netpol_verdict said[GROUP];
    uint8_t place[GROUP];
    struct group g = {.tuples = part};
    uint64_t done[GROUP / 64] = {0};
    for (unsigned family = 4; family <= 6; family += 2) {
        g.count = 0;
        for (size_t i = 0; i < count; i++) {
            if (is_usual(&tuples[i], family)) {
                part[g.count] = tuples[i];
                place[g.count++] = (uint8_t)i;
                done[i / 64] |= UINT64_C(1) << i % 64;
            }
        }
        if (g.count && !run_group(hot, shared, far, table, shape, &g, said)) {
            run_mixed(shared, table, shape, part, said, g.count);
        }
        for (size_t k = 0; k < g.count; k++) {
            out[place[k]] = said[k];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!(done[i / 64] >> i % 64 & 1)) {
            np_match_one(shared, table, shape, &tuples[i], &out[i]);
        }
    }
}

/* Of both families? Others are few, and neither. */
np_inline bool is_split(const struct netpol_tuple *tuples, size_t count)
{
    size_t four = 0;
    for (size_t i = 0; i < count; i++) {
        four += tuples[i].family == 4;
    }
    return four != 0 && four != count;
}

np_inline void run(const struct np_hot *shared, bool far, const struct np_table *table,
                   struct np_shape shape, const struct netpol_tuple *tuples,
                   struct netpol_verdict *out, size_t count)
{
    const struct np_hot hot = *shared; /* which no store through a pointer can change */
    const size_t most = far ? STEPS : GROUP;
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
        if (np_unlikely(is_split(g.tuples, g.count))) {
            run_split(&hot, shared, far, table, shape, g.tuples, out + i, g.count);
        } else if (np_unlikely(!run_group(&hot, shared, far, table, shape, &g, out + i))) {
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
    bool simple = !shape.relations && !shape.wide;
    if (simple && shape.sides == NP_SIDE_BIT_INGRESS) {
        run_near_or_far(hot, table, np_shape_ingress, tuples, out, count);
    } else if (simple && shape.sides == np_shape_network.sides) {
        run_near_or_far(hot, table, np_shape_network, tuples, out, count);
    } else {
        run_near_or_far(hot, table, shape, tuples, out, count);
    }
}
