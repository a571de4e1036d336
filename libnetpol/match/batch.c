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
 * Where the tables are much larger than the second-level cache there are more steps, one for each
 * load, and each asks for the lines that the next one needs. What is not a group of usual tuples of
 * one family goes one by one.
 */
#include "match/look.h"

enum { GROUP = 16, ENDS = 2 * GROUP };

/* What is known of the tuples of a group. */
struct group {
    struct np_party end[ENDS]; /* the sources, then the destinations */
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

static bool are_plain6(const struct netpol_tuple tuples[GROUP])
{
    bool plain = true;
    for (size_t i = 0; i < GROUP; i++) {
        plain &= np_is_plain6(&tuples[i]);
    }
    return plain;
}

np_inline const uint8_t *address_of(const struct netpol_tuple tuples[GROUP], uint32_t end)
{
    return end < GROUP ? tuples[end].src : tuples[end - GROUP].dst;
}

/* Is one party in the first slot of this address? */
np_inline bool find_first(const struct np_table *table, const uint8_t *address, uint8_t family,
                          struct np_party *out)
{
    return family == 4 ? np_party_first4(table->slots4, table->bits4, np_read_32(address), out)
                       : np_party_first6(table->slots6, table->bits6, np_read_64(address),
                                         np_read_64(address + 8), out);
}

/* The ends of plain tuples of one family. false: some end is not one compiled party. */
np_inline bool find_ends(const struct np_hot *hot, const struct np_table *shared,
                         const struct netpol_tuple tuples[GROUP], uint8_t family, struct group *g)
{
    struct np_table table = *shared; /* a copy, which stores into the group cannot change */
    uint32_t search[ENDS];           /* who was not in the first slot */
    size_t n = 0;
    bool usual = true;
    for (uint32_t i = 0; i < GROUP; i++) {
        const struct netpol_tuple *t = &tuples[i];
        search[n] = i;
        n += !find_first(&table, t->src, family, &g->end[i]);
        search[n] = GROUP + i;
        n += !find_first(&table, t->dst, family, &g->end[GROUP + i]);
        g->port_class[i] = np_plain_class(hot, t, np_family_index(family));
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *address = address_of(tuples, search[i]);
        struct np_party party = family == 4 ? np_party_search4(hot, shared, np_read_32(address))
                                            : np_party_search6(hot, shared, np_read_64(address),
                                                               np_read_64(address + 8));
        g->end[search[i]] = party;
        usual &= np_is_single(party.signature);
    }
    return usual;
}

static bool find_ends6(const struct np_hot *hot, const struct np_table *table,
                       const struct netpol_tuple tuples[GROUP], struct group *g)
{
    return are_plain6(tuples) && find_ends(hot, table, tuples, 6, g);
}

np_inline bool find_group(const struct np_hot *hot, const struct np_table *table,
                          const struct netpol_tuple tuples[GROUP], struct group *g)
{
    if (np_likely(are_plain4(tuples))) {
        return find_ends(hot, table, tuples, 4, g);
    }
    return find_ends6(hot, table, tuples, g);
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
        if (np_unlikely(!find_group(hot, table, tuples + i, &g))) {
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

struct steps {
    struct np_look_side at[GROUP][NP_SIDES];
    size_t cell[GROUP][NP_SIDES];
    uint32_t part[GROUP][NP_SIDES];
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

/* The signatures of a lane as a side sees them. */
np_inline uint32_t near_of(const struct group *g, size_t i, int side)
{
    return g->end[side == NP_SIDE_EGRESS ? i : GROUP + i].signature;
}

np_inline uint32_t far_of(const struct group *g, size_t i, int side)
{
    return g->end[side == NP_SIDE_EGRESS ? GROUP + i : i].signature;
}

np_inline void step_row(const struct np_hot *hot, unsigned sides, const struct group *g, size_t i,
                        const struct netpol_tuple *tuple, struct steps *s)
{
    uint32_t bond = np_look_bond(hot, g->end[i], g->end[GROUP + i], tuple, NULL);
    for (int side = 0; side < NP_SIDES; side++) {
        if (sides >> side & 1) {
            struct np_look_side at = np_look_at(hot, (enum np_side_of_hop)side, near_of(g, i, side),
                                                far_of(g, i, side), bond);
            s->at[i][side] = at;
            fetch(&hot->comb[(size_t)at.base + at.far]);
            fetch(&hot->port_maps[at.side->ports]);
        }
    }
}

np_inline void step_cell(const struct np_hot *hot, unsigned sides, const struct group *g, size_t i,
                         struct steps *s)
{
    for (int side = 0; side < NP_SIDES; side++) {
        if (sides >> side & 1) {
            s->cell[i][side] = np_look_cell(hot, &s->at[i][side], g->port_class[i]);
            fetch(&hot->cells[s->cell[i][side]]);
        }
    }
}

np_inline void step_part(const struct np_hot *hot, unsigned sides, size_t i, struct steps *s)
{
    for (int side = 0; side < NP_SIDES; side++) {
        s->part[i][side] = hot->silent[side];
        if (sides >> side & 1) {
            s->part[i][side] = s->at[i][side].side->parts + hot->cells[s->cell[i][side]];
            fetch(&hot->parts[s->part[i][side]]);
        }
    }
}

np_inline void step_verdict(const struct np_hot *hot, unsigned sides, size_t i,
                            const struct netpol_tuple *tuple, const struct steps *s,
                            struct netpol_verdict *out)
{
    uint32_t part[NP_SIDES];
    for (int side = 0; side < NP_SIDES; side++) {
        part[side] = s->part[i][side];
        if (sides >> side & 1) {
            uint32_t first = s->at[i][side].side->parts;
            part[side] = np_look_through(hot, first, part[side], tuple, NULL);
        }
    }
    np_verdict_write(hot, part[NP_SIDE_EGRESS], part[NP_SIDE_INGRESS], part[NP_SIDE_MESH], out);
}

np_inline void run_far(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                       const struct netpol_tuple tuples[GROUP], struct netpol_verdict *out)
{
    struct group g;
    struct steps s;
    if (!find_group(hot, table, tuples, &g)) {
        run_mixed(hot, table, sides, tuples, out, GROUP);
        return;
    }
    for (size_t i = 0; i < GROUP; i++) {
        step_row(hot, sides, &g, i, &tuples[i], &s);
    }
    for (size_t i = 0; i < GROUP; i++) {
        step_cell(hot, sides, &g, i, &s);
    }
    for (size_t i = 0; i < GROUP; i++) {
        step_part(hot, sides, i, &s);
    }
    for (size_t i = 0; i < GROUP; i++) {
        step_verdict(hot, sides, i, &tuples[i], &s, &out[i]);
    }
}

np_inline void run_all_far(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                           const struct netpol_tuple *tuples, struct netpol_verdict *out,
                           size_t count)
{
    size_t i = 0;
    for (size_t j = 0; j < GROUP && j < count; j++) {
        fetch_slots(table, &tuples[j]);
    }
    for (; i + GROUP <= count; i += GROUP) {
        for (size_t j = i + GROUP; j < i + 2 * GROUP && j < count; j++) {
            fetch_slots(table, &tuples[j]);
        }
        run_far(hot, table, sides, tuples + i, out + i);
    }
    run_mixed(hot, table, sides, tuples + i, out + i, count - i);
}

/* ---- batches ---- */

void np_match_batch_sides(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    enum { EGRESS = 1 << NP_SIDE_EGRESS, INGRESS = 1 << NP_SIDE_INGRESS };
    sides &= (hot->flags & NP_IMAGE_EGRESS ? EGRESS : 0u) |
             (hot->flags & NP_IMAGE_INGRESS ? INGRESS : 0u) |
             (hot->flags & NP_IMAGE_MESH ? 1u << NP_SIDE_MESH : 0u);
    if (hot->beyond_l2 && sides == (EGRESS | INGRESS)) {
        run_all_far(hot, table, EGRESS | INGRESS, tuples, out, count);
    } else if (hot->beyond_l2) {
        run_all_far(hot, table, sides, tuples, out, count);
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
