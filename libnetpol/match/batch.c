/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question, and many.
 *
 * A lookup is a chain of loads that wait for each other, and too long for the processor to have
 * more than two of them under way. So a batch advances in groups, one load at a time for all
 * lookups of the group: their loads wait together. Where the tables are larger than the
 * second-level cache each step also asks for the lines that the next one needs.
 *
 * What is not a usual tuple leaves the group at the first step.
 */
#include "match/look.h"

enum { GROUP = 16 };

struct lane {
    const struct netpol_tuple *tuple;
    struct netpol_verdict *out;
    struct np_party src, dst;
    uint32_t port_class;
    struct np_look_side at[NP_SIDES];
    size_t cell[NP_SIDES];
    uint32_t first[NP_SIDES], part[NP_SIDES]; /* the side's parts; the one there is */
};

/* What all groups share. In each of the steps: constants where the caller's are. */
struct batch {
    const struct np_hot *hot;
    const struct np_table *table;
    unsigned sides;
    bool fetch; /* what the next step needs */
};

void np_match_eval(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    np_match_one(hot, table, NP_SIDES_ALL, tuple, out);
}

void np_match_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                    const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    np_match_one(hot, table, sides, tuple, out);
}

/* ---- the steps of a group ---- */

np_inline void fetch(const void *line)
{
    __builtin_prefetch(line, 0, 3);
}

/* The slots where the ends would be. */
np_inline void fetch_slots(const struct np_table *table, const struct netpol_tuple *t)
{
    if (np_likely(t->family == 4)) {
        fetch(&table->slots4[np_slot4_at(np_read_32(t->src), table->bits4)]);
        fetch(&table->slots4[np_slot4_at(np_read_32(t->dst), table->bits4)]);
    } else {
        uint64_t src[] = {np_read_64(t->src), np_read_64(t->src + 8)};
        uint64_t dst[] = {np_read_64(t->dst), np_read_64(t->dst + 8)};
        fetch(&table->slots6[np_slot6_at(src[0], src[1], table->bits6)]);
        fetch(&table->slots6[np_slot6_at(dst[0], dst[1], table->bits6)]);
    }
}

/* Who the ends are, of which class the ports. false: the tuple is not a usual one. */
np_inline bool find_ends(const struct batch *b, const struct netpol_tuple *tuple, struct lane *l)
{
    const struct np_hot *hot = b->hot;
    struct np_party src, dst;
    l->tuple = tuple;
    if (np_likely(np_first_ends(b->table, tuple, &src, &dst))) {
        l->port_class = np_plain_class(hot, tuple, 0);
    } else {
        struct np_party from, to; /* whose addresses may be known without cost to the others */
        if (!np_plain_ends(hot, b->table, tuple, &from, &to)) {
            return false;
        }
        src = from;
        dst = to;
        l->port_class = np_plain_class(hot, tuple, np_plain_family(tuple));
    }
    l->src = src;
    l->dst = dst;
    if (b->fetch) {
        fetch(&hot->sig_class[src.signature]);
        fetch(&hot->sig_class[dst.signature]);
        fetch(&hot->side[NP_SIDE_EGRESS][np_near(hot, src.signature)]);
        fetch(&hot->side[NP_SIDE_INGRESS][np_near(hot, dst.signature)]);
    }
    return true;
}

np_inline struct np_look_side row_of(const struct np_hot *hot, const struct lane *l, int side,
                                     enum np_relation relation)
{
    uint32_t near = side == NP_SIDE_EGRESS ? l->src.signature : l->dst.signature;
    uint32_t far = side == NP_SIDE_EGRESS ? l->dst.signature : l->src.signature;
    return np_look_at(hot, (enum np_side_of_hop)side, near, far, relation);
}

/* The parts in one go. */
np_inline void find_parts(const struct batch *b, struct lane *l)
{
    const struct np_hot *hot = b->hot;
    enum np_relation relation = np_look_relation(hot, l->src, l->dst, l->tuple, NULL);
    for (int side = 0; side < NP_SIDES; side++) {
        if (b->sides >> side & 1) {
            struct np_look_side at = row_of(hot, l, side, relation);
            l->first[side] = at.side->parts;
            l->part[side] = l->first[side] + hot->cells[np_look_cell(hot, &at, l->port_class)];
        }
    }
}

/* Or in three: rows, cells, parts. */
np_inline void step_rows(const struct batch *b, struct lane *l)
{
    const struct np_hot *hot = b->hot;
    enum np_relation relation = np_look_relation(hot, l->src, l->dst, l->tuple, NULL);
    for (int side = 0; side < NP_SIDES; side++) {
        if (b->sides >> side & 1) {
            l->at[side] = row_of(hot, l, side, relation);
            fetch(&hot->comb[(size_t)l->at[side].base + l->at[side].far]);
        }
    }
}

np_inline void step_cells(const struct batch *b, struct lane *l)
{
    const struct np_hot *hot = b->hot;
    for (int side = 0; side < NP_SIDES; side++) {
        if (b->sides >> side & 1) {
            l->cell[side] = np_look_cell(hot, &l->at[side], l->port_class);
            fetch(&hot->cells[l->cell[side]]);
        }
    }
}

np_inline void step_parts(const struct batch *b, struct lane *l)
{
    const struct np_hot *hot = b->hot;
    for (int side = 0; side < NP_SIDES; side++) {
        if (b->sides >> side & 1) {
            l->first[side] = l->at[side].side->parts;
            l->part[side] = l->first[side] + hot->cells[l->cell[side]];
            fetch(&hot->parts[l->part[side]]);
        }
    }
}

np_inline uint32_t part_of(const struct batch *b, const struct lane *l, int side)
{
    if (!(b->sides >> side & 1)) {
        return b->hot->silent[side];
    }
    return np_look_through(b->hot, l->first[side], l->part[side], l->tuple, NULL);
}

np_inline void write_verdict(const struct batch *b, const struct lane *l)
{
    np_verdict_write(b->hot, part_of(b, l, NP_SIDE_EGRESS), part_of(b, l, NP_SIDE_INGRESS),
                     part_of(b, l, NP_SIDE_MESH), l->out);
}

/* ---- groups ---- */

np_inline size_t enter(const struct batch *b, const struct netpol_tuple *tuples,
                       struct netpol_verdict *out, size_t count, struct lane *lanes)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        lanes[n].out = &out[i];
        if (np_likely(find_ends(b, &tuples[i], &lanes[n]))) {
            n++;
        } else {
            np_match_any(b->hot, b->table, b->sides, &tuples[i], &out[i]);
        }
    }
    return n;
}

np_inline void run_near(const struct batch *b, const struct netpol_tuple *tuples,
                        struct netpol_verdict *out, size_t count)
{
    struct lane lanes[GROUP];
    size_t n = enter(b, tuples, out, count, lanes);
    for (size_t i = 0; i < n; i++) {
        find_parts(b, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        write_verdict(b, &lanes[i]);
    }
}

static void run_far(const struct batch *b, const struct netpol_tuple *tuples,
                    struct netpol_verdict *out, size_t count)
{
    struct lane lanes[GROUP];
    for (size_t i = 0; i < count; i++) {
        fetch_slots(b->table, &tuples[i]);
    }
    size_t n = enter(b, tuples, out, count, lanes);
    for (size_t i = 0; i < n; i++) {
        step_rows(b, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        step_cells(b, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        step_parts(b, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        write_verdict(b, &lanes[i]);
    }
}

/* sides: constant, so that what is not asked costs nothing. */
np_inline void run(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                   const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    struct batch b = {.hot = hot, .table = table, .sides = sides};
    for (size_t i = 0; i < count; i += GROUP) {
        run_near(&b, tuples + i, out + i, count - i < GROUP ? count - i : GROUP);
    }
}

void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    enum { EGRESS = 1 << NP_SIDE_EGRESS, INGRESS = 1 << NP_SIDE_INGRESS };
    sides &= hot->flags & NP_IMAGE_MESH ? NP_SIDES_ALL : EGRESS | INGRESS;
    if (hot->beyond_l2) {
        struct batch far = {.hot = hot, .table = table, .sides = sides, .fetch = true};
        for (size_t i = 0; i < count; i += GROUP) {
            run_far(&far, tuples + i, out + i, count - i < GROUP ? count - i : GROUP);
        }
    } else if (sides == (EGRESS | INGRESS)) {
        run(hot, table, EGRESS | INGRESS, tuples, out, count);
    } else if (sides == INGRESS) {
        run(hot, table, INGRESS, tuples, out, count);
    } else if (sides == EGRESS) {
        run(hot, table, EGRESS, tuples, out, count);
    } else {
        run(hot, table, sides, tuples, out, count);
    }
}

void np_match_batch(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    np_match_batch_sides(hot, table, NP_SIDES_ALL, tuples, out, count);
}
