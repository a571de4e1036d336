/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question, and many.
 *
 * A lookup is a chain of loads that wait for each other, with a branch or two that traffic decides
 * and no processor foresees: is an address in its first slot, or to be searched? So a batch goes in
 * groups and in steps. First the ends of all tuples, without such a branch: whose end was not in
 * its first slot is put on a list, and that is searched next. Then the parts. Lookups of one step
 * do not depend on each other, so that the processor has many of them under way.
 *
 * Where the tables are larger than the second-level cache there are more steps, one for each load,
 * and each asks for the lines that the next one needs.
 */
#include "match/look.h"

enum { GROUP = 16, ENDS = 2 * GROUP };

/* What is known of the tuples of a group. */
struct group {
    struct np_party end[ENDS]; /* the sources, then the destinations */
    uint32_t address[ENDS];
    uint32_t port_class[GROUP];
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

/* ---- ends ---- */

np_inline void fetch(const void *line)
{
    __builtin_prefetch(line, 0, 3);
}

/* Are all of them plain IPv4, as np_is_plain4? */
np_inline bool are_plain4(const struct netpol_tuple tuples[GROUP])
{
    uint64_t tail = 0;
    uint32_t rest = 0;
    for (size_t i = 0; i < GROUP; i++) {
        const struct netpol_tuple *t = &tuples[i];
        uint64_t a, b;
        uint32_t c, d;
        memcpy(&a, t->src + 8, sizeof a);
        memcpy(&b, t->dst + 8, sizeof b);
        memcpy(&c, t->src + 4, sizeof c);
        memcpy(&d, t->dst + 4, sizeof d);
        tail |= a | b;
        rest |= c | d | t->flags | t->reserved | (t->family ^ 4u);
    }
    return (tail | rest) == 0;
}

/* The ends of plain IPv4 tuples. false: some end is not one compiled party. */
np_inline bool find_ends4(const struct np_hot *hot, const struct np_table *table,
                          const struct netpol_tuple tuples[GROUP], struct group *g)
{
    const struct np_slot4 *slots = table->slots4;
    unsigned bits = table->bits4;
    uint32_t search[ENDS]; /* who was not in the first slot */
    size_t n = 0;
    bool usual = true;
    for (uint32_t i = 0; i < GROUP; i++) {
        const struct netpol_tuple *t = &tuples[i];
        uint32_t from = np_read_32(t->src), to = np_read_32(t->dst);
        g->address[i] = from;
        g->address[GROUP + i] = to;
        search[n] = i;
        n += !np_party_first4(slots, bits, from, &g->end[i]);
        search[n] = GROUP + i;
        n += !np_party_first4(slots, bits, to, &g->end[GROUP + i]);
        g->port_class[i] = np_plain_class(hot, t, 0);
    }
    for (size_t i = 0; i < n; i++) {
        struct np_party party = np_party_search4(hot, table, g->address[search[i]]);
        g->end[search[i]] = party;
        usual &= np_is_single(party.signature);
    }
    return usual;
}

/* Any tuples: one by one, all the same. */
static void run_mixed(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                      const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        np_match_one(hot, table, sides, &tuples[i], &out[i]);
    }
}

/* sides: constant, so that what is not asked costs nothing. */
np_inline void run(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                   const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        struct group g;
        for (size_t j = i + GROUP; j < i + 2 * GROUP && j < count; j++) {
            fetch(&tuples[j]);
        }
        if (np_unlikely(!are_plain4(tuples + i) || !find_ends4(hot, table, tuples + i, &g))) {
            run_mixed(hot, table, sides, tuples + i, out + i, GROUP);
            continue;
        }
        for (size_t j = 0; j < GROUP; j++) {
            np_look(hot, sides, g.end[j], g.end[GROUP + j], g.port_class[j], &tuples[i + j], NULL,
                    &out[i + j]);
        }
    }
    run_mixed(hot, table, sides, tuples + i, out + i, count - i);
}

/* ---- the same in many steps ---- */

/* What is known of a tuple on its way. */
struct lane {
    const struct netpol_tuple *tuple;
    struct netpol_verdict *out;
    struct np_party src, dst;
    uint32_t port_class;
    struct np_look_side at[NP_SIDES];
    size_t cell[NP_SIDES];
    uint32_t part[NP_SIDES];
};

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

/* false: the tuple is not a usual one. */
np_inline bool find_ends(const struct np_hot *hot, const struct np_table *table, struct lane *l)
{
    struct np_party src, dst;
    unsigned family = 0;
    if (!np_first_ends(table, l->tuple, &src, &dst)) {
        struct np_party from, to; /* whose addresses may be known without cost to the others */
        if (!np_plain_ends(hot, table, l->tuple, &from, &to)) {
            return false;
        }
        src = from;
        dst = to;
        family = np_plain_family(l->tuple);
    }
    l->src = src;
    l->dst = dst;
    l->port_class = np_plain_class(hot, l->tuple, family);
    fetch(&hot->sig_class[src.signature]);
    fetch(&hot->sig_class[dst.signature]);
    fetch(&hot->side[NP_SIDE_EGRESS][np_near(hot, src.signature)]);
    fetch(&hot->side[NP_SIDE_INGRESS][np_near(hot, dst.signature)]);
    return true;
}

np_inline void find_rows(const struct np_hot *hot, unsigned sides, struct lane *l)
{
    enum np_relation relation = np_look_relation(hot, l->src, l->dst, l->tuple, NULL);
    for (int side = 0; side < NP_SIDES; side++) {
        if (sides >> side & 1) {
            uint32_t near = side == NP_SIDE_EGRESS ? l->src.signature : l->dst.signature;
            uint32_t far = side == NP_SIDE_EGRESS ? l->dst.signature : l->src.signature;
            l->at[side] = np_look_at(hot, (enum np_side_of_hop)side, near, far, relation);
            fetch(&hot->comb[(size_t)l->at[side].base + l->at[side].far]);
        }
    }
}

np_inline void find_cells(const struct np_hot *hot, unsigned sides, struct lane *l)
{
    for (int side = 0; side < NP_SIDES; side++) {
        if (sides >> side & 1) {
            l->cell[side] = np_look_cell(hot, &l->at[side], l->port_class);
            fetch(&hot->cells[l->cell[side]]);
        }
    }
}

np_inline void find_parts(const struct np_hot *hot, unsigned sides, struct lane *l)
{
    for (int side = 0; side < NP_SIDES; side++) {
        l->part[side] = hot->silent[side];
        if (sides >> side & 1) {
            l->part[side] = l->at[side].side->parts + hot->cells[l->cell[side]];
            fetch(&hot->parts[l->part[side]]);
        }
    }
}

np_inline void write_verdict(const struct np_hot *hot, unsigned sides, struct lane *l)
{
    for (int side = 0; side < NP_SIDES; side++) {
        if (sides >> side & 1) {
            l->part[side] =
                np_look_through(hot, l->at[side].side->parts, l->part[side], l->tuple, NULL);
        }
    }
    np_verdict_write(hot, l->part[NP_SIDE_EGRESS], l->part[NP_SIDE_INGRESS], l->part[NP_SIDE_MESH],
                     l->out);
}

static void run_far(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    struct lane lanes[GROUP];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        fetch_slots(table, &tuples[i]);
    }
    for (size_t i = 0; i < count; i++) {
        lanes[n].tuple = &tuples[i];
        lanes[n].out = &out[i];
        if (np_likely(find_ends(hot, table, &lanes[n]))) {
            n++;
        } else {
            np_match_any(hot, table, sides, &tuples[i], &out[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        find_rows(hot, sides, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        find_cells(hot, sides, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        find_parts(hot, sides, &lanes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        write_verdict(hot, sides, &lanes[i]);
    }
}

/* ---- batches ---- */

void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    enum { EGRESS = 1 << NP_SIDE_EGRESS, INGRESS = 1 << NP_SIDE_INGRESS };
    sides &= hot->flags & NP_IMAGE_MESH ? NP_SIDES_ALL : EGRESS | INGRESS;
    if (hot->beyond_l2) {
        for (size_t i = 0; i < count; i += GROUP) {
            size_t some = count - i < GROUP ? count - i : GROUP;
            run_far(hot, table, sides, tuples + i, out + i, some);
        }
    } else if (sides == (EGRESS | INGRESS)) {
        run(hot, table, EGRESS | INGRESS, tuples, out, count);
    } else if (sides == INGRESS) {
        run(hot, table, INGRESS, tuples, out, count);
    } else {
        run(hot, table, sides, tuples, out, count);
    }
}

void np_match_batch(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    np_match_batch_sides(hot, table, NP_SIDES_ALL, tuples, out, count);
}
