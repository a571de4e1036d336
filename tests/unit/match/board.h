/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_MATCH_BOARD_H
#define NP_TESTS_MATCH_BOARD_H
/*
 * A small image laid out by hand, in which every way through the tables ends at a part of its own:
 * the rule of a part says by which side, near end, variant, row and column it was reached. So a
 * test states where a question must arrive, and not only what it is answered.
 *
 * Signatures are their own classes. Even classes share the row of class 0, odd ones have their own.
 * Near ends with an odd signature read their columns from a reversed map.
 */
#include "match/look.h"
#include "np_cmocka.h"

enum {
    SIGS = 16,
    NEARS = 14, /* the last two have no side */
    COLUMNS = 8,
    ROWS = NP_VARIANTS * SIGS,
    PARTS = NP_SIDES * NEARS * ROWS * COLUMNS,
    COMBS = 8192,
    SLOT_BITS = 5,
    SLOTS = 1 << SLOT_BITS
};

struct board {
    struct np_hot hot;
    struct np_derived derived;
    struct np_table table;
    struct np_image image;
    uint32_t sig_class[SIGS];
    struct np_side side[NP_SIDES][NEARS];
    uint32_t side_rel[NP_SIDES][NEARS];
    struct np_row rel_rows[NP_SIDES][NEARS][NP_VARIANTS];
    struct np_comb comb[COMBS];
    uint16_t port_kinds[3][NP_PORT_KINDS][256];
    uint16_t port_dirs[2][256], port_pages[4][256];
    uint8_t port_maps[2 * COLUMNS * 2 + 2];
    uint16_t cells[ROWS * COLUMNS];
    struct netpol_part parts[PARTS];
    uint32_t missing[PARTS];
    uint32_t trie4[16], trie6[16]; /* by the upper four bits */
    struct np_slot4 slots4[SLOTS];
    struct np_slot6 slots6[SLOTS];
    struct np_slot_ref refs[SLOTS];
    struct np_own own[SLOTS];
    struct np_shared shared[8];
};

static inline uint32_t board_row(unsigned variant, unsigned far)
{
    return (variant * SIGS + (far % 2 ? far : 0)) * COLUMNS;
}

/* The part that a way leads to. */
static inline uint32_t board_index(unsigned side, unsigned near, unsigned variant, unsigned far,
                                   unsigned port_class)
{
    unsigned column = near % 2 ? COLUMNS - 1 - port_class : port_class;
    return (side * NEARS + near) * ROWS * COLUMNS + board_row(variant, far) + column;
}

static inline uint32_t board_rule(unsigned side, unsigned near, unsigned variant, unsigned far,
                                  unsigned port_class)
{
    return board_index(side, near, variant, far, port_class) + 1;
}

static inline struct netpol_part *board_part(struct board *b, unsigned side, unsigned near,
                                             unsigned variant, unsigned far, unsigned port_class)
{
    return &b->parts[board_index(side, near, variant, far, port_class)];
}

/* A base whose entries for the odd classes are free, and that nobody has. */
static inline uint32_t board_lay(struct board *b, unsigned variant)
{
    static uint32_t taken[COMBS];
    uint32_t base = 1;
    if (variant == UINT32_MAX) {
        memset(taken, 0, sizeof taken);
        return 0;
    }
    for (;; base++) {
        bool fits = !taken[base];
        assert_true(base + SIGS < COMBS);
        for (unsigned far = 1; far < SIGS; far += 2) {
            fits &= b->comb[base + far].base == 0;
        }
        if (fits) {
            break;
        }
    }
    taken[base] = 1;
    for (unsigned far = 1; far < SIGS; far += 2) {
        b->comb[base + far] = (struct np_comb){.base = base, .row = board_row(variant, far)};
    }
    return base;
}

static inline void board_sides(struct board *b)
{
    board_lay(b, UINT32_MAX);
    for (unsigned side = 0; side < NP_SIDES; side++) {
        for (unsigned near = 0; near < NEARS; near++) {
            struct np_side *s = &b->side[side][near];
            s->ports = near % 2 ? COLUMNS : 0;
            s->parts = (side * NEARS + near) * ROWS * COLUMNS;
            b->side_rel[side][near] = (side * NEARS + near) * NP_VARIANTS;
            for (unsigned v = 0; v < NP_VARIANTS; v++) {
                b->rel_rows[side][near][v] =
                    (struct np_row){.base = board_lay(b, v), .row = board_row(v, 0)};
            }
            s->base = b->rel_rows[side][near][0].base;
            s->row = b->rel_rows[side][near][0].row;
        }
    }
}

/*
 * Port classes. Known: TCP 80 and 443 are 1 and 2, other TCP ports 0; UDP 53 is 3, others 0; ICMP
 * (no matter what) 4; the rest 0. Without ports 5, not given 6; in IPv6 TCP is 7 whatever the port.
 */
static inline void board_ports(struct board *b)
{
    for (unsigned family = 0; family < 3; family++) {
        for (unsigned protocol = 0; protocol < 256; protocol++) {
            b->port_kinds[family][NP_PORT_KNOWN][protocol] = NP_PORT_DIRECT;
            b->port_kinds[family][NP_PORT_NONE][protocol] = 5;
            b->port_kinds[family][NP_PORT_UNKNOWN][protocol] = 6;
        }
        b->port_kinds[family][NP_PORT_KNOWN][6] = 0;
        b->port_kinds[family][NP_PORT_KNOWN][17] = 1;
        b->port_kinds[family][NP_PORT_KNOWN][1] = NP_PORT_DIRECT | 4;
    }
    b->port_kinds[1][NP_PORT_KNOWN][6] = NP_PORT_DIRECT | 7;
    b->port_dirs[0][0] = 1;
    b->port_dirs[0][443 >> 8] = 2;
    b->port_dirs[1][0] = 3;
    b->port_pages[1][80] = 1;
    b->port_pages[2][443 & 255] = 2;
    b->port_pages[3][53] = 3;
}

static inline void board_maps(struct board *b, bool wide)
{
    for (unsigned i = 0; i < 2 * COLUMNS; i++) {
        unsigned column = i < COLUMNS ? i : 2 * COLUMNS - 1 - i;
        if (wide) {
            b->port_maps[2 * i] = (uint8_t)column;
        } else {
            b->port_maps[i] = (uint8_t)column;
        }
    }
    b->hot.flags |= wide ? NP_IMAGE_WIDE_PORTS : 0;
}

static inline void board_point(struct board *b)
{
    struct np_hot *hot = &b->hot;
    hot->sig_class = b->sig_class;
    hot->side_rel = b->side_rel[0];
    hot->rel_rows = b->rel_rows[0][0];
    hot->comb = b->comb;
    hot->port_kinds = b->port_kinds[0][0];
    hot->port_dirs = b->port_dirs[0];
    hot->port_pages = b->port_pages[0];
    hot->port_maps = b->port_maps;
    hot->cells = b->cells;
    hot->parts = b->parts;
    hot->trie4 = b->trie4;
    hot->trie6 = b->trie6;
    hot->missing = b->missing;
    hot->n_near = NEARS;
    hot->trie4_bits = hot->trie6_bits = 4;
    hot->flags |=
        NP_IMAGE_RELATIONS | NP_IMAGE_RELATIVE | NP_IMAGE_MESH | NP_IMAGE_EGRESS | NP_IMAGE_INGRESS;
    hot->image = &b->image;
    hot->generation = 77;
    for (unsigned side = 0; side < NP_SIDES; side++) {
        hot->side[side] = b->side[side];
    }
    np_hot_derive(hot, &b->derived);
    b->table = (struct np_table){.slots4 = b->slots4,
                                 .slots6 = b->slots6,
                                 .refs = b->refs,
                                 .own = b->own,
                                 .shared = b->shared,
                                 .bits4 = SLOT_BITS,
                                 .bits6 = SLOT_BITS,
                                 .bits_ref = SLOT_BITS,
                                 .probes4 = SLOTS,
                                 .probes6 = SLOTS,
                                 .probes_ref = SLOTS};
}

/* Outside addresses have signature 3. */
static inline struct board *board_open(bool wide)
{
    struct board *b = calloc(1, sizeof *b);
    assert_non_null(b);
    for (uint32_t i = 0; i < SIGS; i++) {
        b->sig_class[i] = i;
        b->trie4[i] = b->trie6[i] = NP_TRIE_IS_LEAF | 3;
    }
    for (unsigned i = 0; i < ROWS * COLUMNS; i++) {
        b->cells[i] = (uint16_t)i;
    }
    for (uint32_t i = 0; i < PARTS; i++) {
        b->parts[i] = (struct netpol_part){.action = NETPOL_ALLOW,
                                           .reason = NETPOL_REASON_RULE,
                                           .flags = NETPOL_PART_JUDGED,
                                           .rule = i + 1};
        b->missing[i] = 1u << (8 + i % 8);
    }
    board_sides(b);
    board_ports(b);
    board_maps(b, wide);
    board_point(b);
    return b;
}

static inline uint64_t board_who(uint32_t endpoint, uint32_t node)
{
    return (uint64_t)endpoint << 32 | node;
}

static inline void board_put4(struct board *b, uint32_t address, uint32_t signature,
                              uint32_t endpoint, uint32_t node)
{
    uint32_t at = np_slot4_at(address, SLOT_BITS);
    while ((uint32_t)b->slots4[at].key != NP_SIG_NONE) {
        at = (at + 1) % SLOTS;
    }
    b->slots4[at] = (struct np_slot4){.key = (uint64_t)address << 32 | signature,
                                      .who = board_who(endpoint, node)};
}

static inline void board_put6(struct board *b, uint64_t high, uint64_t low, uint32_t signature,
                              uint32_t endpoint, uint32_t node)
{
    uint32_t at = np_slot6_at(high, low, SLOT_BITS);
    while ((uint32_t)b->slots6[at].key != NP_SIG_NONE) {
        at = (at + 1) % SLOTS;
    }
    b->slots6[at] = (struct np_slot6){
        .high = high, .low = low, .key = signature, .who = board_who(endpoint, node)};
}

static inline struct np_slot_ref *board_ref(struct board *b, const struct np_slot_ref *entry)
{
    uint32_t at = np_slot_ref_at(entry->ref, SLOT_BITS);
    while (b->refs[at].ref) {
        at = (at + 1) % SLOTS;
    }
    b->refs[at] = *entry;
    return &b->refs[at];
}

/* Gives it its addresses; zeros where it has none. */
static inline void board_own(struct board *b, const struct np_slot_ref *slot, struct np_own own)
{
    b->own[slot - b->refs] = own;
}

static inline struct netpol_verdict board_ask(const struct board *b,
                                              const struct netpol_tuple *tuple)
{
    struct netpol_verdict out;
    memset(&out, 0xa5, sizeof out); /* whatever was there */
    np_match_eval(&b->hot, &b->table, tuple, &out);
    return out;
}

/* TCP, by addresses. */
static inline struct netpol_tuple board_tuple4(uint32_t src, uint32_t dst, uint16_t port)
{
    struct netpol_tuple t = {.family = 4, .protocol = 6, .dst_port = port};
    for (unsigned i = 0; i < 4; i++) {
        t.src[i] = (uint8_t)(src >> (24 - 8 * i));
        t.dst[i] = (uint8_t)(dst >> (24 - 8 * i));
    }
    return t;
}

static inline void board_bytes6(uint8_t out[16], uint64_t high, uint64_t low)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(high >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

static inline struct netpol_tuple board_tuple6(uint64_t src_low, uint64_t dst_low, uint16_t port)
{
    struct netpol_tuple t = {.family = 6, .protocol = 6, .dst_port = port};
    board_bytes6(t.src, 0xfd00ull << 48, src_low);
    board_bytes6(t.dst, 0xfd00ull << 48, dst_low);
    return t;
}

static inline unsigned board_variant(const struct board *b, unsigned relation, unsigned far)
{
    bool differ = b->hot.flags & NP_IMAGE_RELATIONS;
    return differ ? np_variant(relation, b->sig_class[far] >> 24) : 0;
}

/* The question arrived, on all sides, where a way with these leads. */
static inline void board_expect(const struct board *b, const struct netpol_tuple *tuple,
                                unsigned src, unsigned dst, unsigned relation, unsigned port_class)
{
    struct netpol_verdict v = board_ask(b, tuple);
    unsigned src_near = src < NEARS ? src : 0, dst_near = dst < NEARS ? dst : 0;
    unsigned to = board_variant(b, relation, dst), from = board_variant(b, relation, src);
    assert_int_equal(v.egress.rule, board_rule(NP_SIDE_EGRESS, src_near, to, dst, port_class));
    assert_int_equal(v.ingress.rule, board_rule(NP_SIDE_INGRESS, dst_near, from, src, port_class));
    assert_int_equal(v.mesh.rule, board_rule(NP_SIDE_MESH, dst_near, from, src, port_class));
    assert_int_equal(v.generation, 77);
}

static inline void board_refused(const struct board *b, const struct netpol_tuple *tuple,
                                 uint8_t action, uint8_t reason, uint32_t missing)
{
    struct netpol_part part = {.action = action, .reason = reason};
    struct netpol_verdict expected = {.action = action,
                                      .missing = missing,
                                      .generation = 77,
                                      .egress = part,
                                      .ingress = part,
                                      .mesh = part};
    struct netpol_verdict v = board_ask(b, tuple);
    assert_memory_equal(&v, &expected, sizeof v);
}
#endif
