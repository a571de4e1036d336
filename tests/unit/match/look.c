/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loads of a lookup over tables laid out by hand: rows and their holes, columns, kinds of
 * ports, relations of the ends, sides that are not asked, the verdict that the parts make.
 */
#include "board.h"

enum { A = 0x0a000001, B = 0x0a000002, C = 0x0a000003, OUTSIDE = 0x50000201 };

static void tear_down(struct board *b)
{
    free(b);
}

/* Every pair of signatures arrives at the part of its own way, on every side. */
static void every_pair_has_its_row(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        struct board *b = board_open(wide != 0);
        for (uint32_t s = NP_SIG_FIRST; s < SIGS; s++) {
            board_put4(b, A + s, s, 100 + s, 0);
        }
        for (uint32_t s = NP_SIG_FIRST; s < SIGS; s++) {
            for (uint32_t d = NP_SIG_FIRST; d < SIGS; d++) {
                struct netpol_tuple t = board_tuple4(A + s, A + d, 443);
                unsigned relation = s == d ? NP_RELATION_SELF : NP_RELATION_OTHER;
                board_expect(b, &t, s, d, relation, 2);
            }
        }
        tear_down(b);
    }
}

static void what_the_table_does_not_have_lies_in_a_place(void **state)
{
    struct board *b = board_open(false);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    b->trie4[5] = NP_TRIE_IS_LEAF | 9;
    b->trie6[0xf] = NP_TRIE_IS_LEAF | 8;
    board_put6(b, 0xfd00ull << 48, 1, 5, 100, 0);
    struct netpol_tuple in = board_tuple4(OUTSIDE, A, 80), out = board_tuple4(A, 0x08080808, 80);
    struct netpol_tuple six = board_tuple6(2, 1, 80);
    board_expect(b, &in, 9, 4, NP_RELATION_OTHER, 1);
    board_expect(b, &out, 4, 3, NP_RELATION_OTHER, 1);
    board_expect(b, &six, 8, 5, NP_RELATION_OTHER, 7);
    tear_down(b);
}

/* Slots that collide, that died, and a search that may not go on for ever. */
static void a_search_passes_what_died_and_ends(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple t = board_tuple4(A, B, 80);
    uint32_t at = np_slot4_at(A, SLOT_BITS);
    (void)state;
    board_put4(b, B, 5, 200, 0);
    for (unsigned i = 0; i < 3; i++) { /* two that died, the same address and another, then ours */
        struct np_slot4 *slot = &b->slots4[(at + i) % SLOTS];
        while (slot->key) {
            slot = &b->slots4[(++at + i) % SLOTS];
        }
        uint32_t signature = i < 2 ? NP_SIG_DEAD : 6;
        *slot = (struct np_slot4){.key = (uint64_t)(i == 1 ? C : A) << 32 | signature,
                                  .who = board_who(i == 2 ? 300 : 999, 0)};
    }
    board_expect(b, &t, 6, 5, NP_RELATION_OTHER, 1);
    for (unsigned i = 0; i < SLOTS; i++) { /* a table without a free slot */
        if (b->slots4[i].key == 0) {
            b->slots4[i].key = (uint64_t)0xff << 32 | 7;
        }
    }
    struct netpol_tuple absent = board_tuple4(OUTSIDE, B, 80);
    board_expect(b, &absent, 3, 5, NP_RELATION_OTHER, 1);
    memset(b->slots4, 0, sizeof b->slots4); /* and an empty one */
    b->table.bits4 = 1;
    b->table.probes4 = 0;
    board_expect(b, &t, 3, 3, NP_RELATION_OTHER, 1);
    tear_down(b);
}

static void six_passes_what_died(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple t = board_tuple6(1, 2, 80);
    (void)state;
    board_put6(b, 0xfd00ull << 48, 1, NP_SIG_DEAD, 999, 0);
    board_put6(b, 0xfd00ull << 48, 1, 6, 300, 0);
    board_put6(b, 0xfd00ull << 48, 2, 5, 200, 0);
    board_put6(b, 0xfd01ull << 48, 2, 7, 200, 0);
    board_expect(b, &t, 6, 5, NP_RELATION_OTHER, 7);
    memset(b->slots6, 0, sizeof b->slots6);
    b->table.bits6 = 1;
    b->table.probes6 = 0;
    board_expect(b, &t, 3, 3, NP_RELATION_OTHER, 7);
    tear_down(b);
}

/* ---- ports ---- */

static void ports_have_kinds(void **state)
{
    static const struct {
        uint8_t protocol;
        uint16_t flags, port;
        uint8_t type;
        unsigned port_class;
    } rows[] = {
        {6,   0,                                                   80,    0, 1},
        {6,   0,                                                   443,   0, 2},
        {6,   0,                                                   81,    0, 0},
        {6,   0,                                                   65535, 0, 0},
        {17,  0,                                                   53,    0, 3},
        {17,  0,                                                   80,    0, 0},
        {1,   0,                                                   80,    8, 4},
        {6,   NETPOL_TUPLE_LATER_FRAGMENT,                         80,    0, 5},
        {6,   NETPOL_TUPLE_NO_PORTS,                               80,    0, 6},
        {6,   NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_LATER_FRAGMENT, 80,    0, 5},
        {1,   NETPOL_TUPLE_NO_PORTS,                               0,     8, 6},
        {1,   NETPOL_TUPLE_LATER_FRAGMENT,                         0,     8, 5},
        {47,  0,                                                   80,    0, 5}, /* GRE has none */
        {47,  NETPOL_TUPLE_NO_PORTS,                               80,    0, 5},
        {132, 0,                                                   80,    0, 0}, /* known, direct */
        {132, NETPOL_TUPLE_NO_PORTS,                               80,    0, 6},
    };
    struct board *b = board_open(false);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct netpol_tuple t = board_tuple4(A, B, rows[i].port);
        t.protocol = rows[i].protocol;
        t.flags = rows[i].flags;
        t.icmp_type = rows[i].type;
        board_expect(b, &t, 4, 5, NP_RELATION_OTHER, rows[i].port_class);
    }
    tear_down(b);
}

/* ICMP looks its type and code up as a port; of TCP they are noise, as are a protocol's ports that
 * has none. */
static void type_and_code_are_the_port_of_icmp(void **state)
{
    struct board *b = board_open(false);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    b->port_kinds[0][NP_PORT_KNOWN][1] = 0; /* by directory: 443 is type 1 code 187 */
    np_hot_derive(&b->hot, &b->derived);
    struct netpol_tuple t = board_tuple4(A, B, 80);
    t.icmp_type = 1;
    t.icmp_code = 187;
    board_expect(b, &t, 4, 5, NP_RELATION_OTHER, 1);
    t.protocol = 1;
    board_expect(b, &t, 4, 5, NP_RELATION_OTHER, 2);
    t.icmp_code = 186;
    board_expect(b, &t, 4, 5, NP_RELATION_OTHER, 0);
    tear_down(b);
}

/* ---- relations ---- */

struct who {
    uint32_t bits, endpoint, node;
};

static void relations_follow_from_numbers(void **state)
{
    enum { NODE = NP_SIG_NODE, MISSING = NP_SIG_MISSING, SERVICE = NP_SIG_SERVICE };
    static const struct {
        struct who src, dst;
        unsigned relation;
    } rows[] = {
        {{0, 1, 7},       {0, 2, 7},                 NP_RELATION_OTHER     }, /* pods of a node */
        {{0, 1, 7},       {0, 1, 7},                 NP_RELATION_SELF      },
        {{0, 1, 0},       {0, 0, 0},                 NP_RELATION_OTHER     },
        {{0, 0, 0},       {0, 0, 0},                 NP_RELATION_OTHER     }, /* two places */
        {{NODE, 0, 7},    {0, 2, 7},                 NP_RELATION_OWN_NODE  },
        {{NODE, 0, 7},    {0, 2, 8},                 NP_RELATION_OTHER     },
        {{NODE, 0, 7},    {0, 2, 0},                 NP_RELATION_MAYBE_NODE},
        {{NODE, 3, 0},    {0, 2, 7},                 NP_RELATION_MAYBE_NODE}, /* node not named */
        {{NODE, 0, 7},    {0, 0, 0},                 NP_RELATION_OTHER     },
        {{NODE, 0, 7},    {MISSING, 0, 0},           NP_RELATION_MAYBE_NODE},
        {{NODE, 0, 7},    {NODE, 3, 7},              NP_RELATION_SELF      },
        {{NODE, 3, 7},    {NODE, 4, 7},              NP_RELATION_SELF      },
        {{NODE, 3, 0},    {NODE, 4, 0},              NP_RELATION_OTHER     },
        {{NODE, 3, 7},    {NODE, 4, 8},              NP_RELATION_OTHER     },
        {{0, 1, 7},       {MISSING, 0, 0},           NP_RELATION_OTHER     }, /* its address is known */
        {{MISSING, 0, 0}, {MISSING, 0, 0},           NP_RELATION_OTHER     },
        {{0, 1, 7},       {MISSING | SERVICE, 0, 0}, NP_RELATION_OTHER     },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board *b = board_open(false);
        struct netpol_tuple there = board_tuple4(A, B, 80), back = board_tuple4(B, A, 80);
        b->sig_class[4] |= rows[i].src.bits << 24;
        b->sig_class[5] |= rows[i].dst.bits << 24;
        board_put4(b, A, 4, rows[i].src.endpoint, rows[i].src.node);
        board_put4(b, B, 5, rows[i].dst.endpoint, rows[i].dst.node);
        board_expect(b, &there, 4, 5, rows[i].relation, 1);
        board_expect(b, &back, 5, 4, rows[i].relation, 1);
        b->hot.flags &= ~(uint32_t)NP_IMAGE_RELATIONS; /* nothing depends on them */
        board_expect(b, &there, 4, 5, NP_RELATION_OTHER, 1);
        tear_down(b);
    }
}

static void whoever_has_an_address_is_itself(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple same = board_tuple4(OUTSIDE, OUTSIDE, 80);
    struct netpol_tuple other = board_tuple4(OUTSIDE, OUTSIDE + 1, 80);
    struct netpol_tuple six = board_tuple6(9, 9, 80), sixes = board_tuple6(9, 10, 80);
    (void)state;
    board_expect(b, &same, 3, 3, NP_RELATION_SELF, 1);
    board_expect(b, &other, 3, 3, NP_RELATION_OTHER, 1);
    board_expect(b, &six, 3, 3, NP_RELATION_SELF, 7);
    board_expect(b, &sixes, 3, 3, NP_RELATION_OTHER, 7);
    tear_down(b);
}

/* A pod by reference whose address is not known, and an address that may be its own. */
static void an_unlearnt_address_may_be_the_pod(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple t = board_tuple4(0, B, 80);
    (void)state;
    t.flags = NETPOL_TUPLE_SRC_REF;
    t.src_ref = 1000;
    b->sig_class[6] |= (uint32_t)NP_SIG_NO_ADDRESS << 24;
    b->sig_class[5] |= (uint32_t)NP_SIG_MISSING << 24;
    board_ref(b, &(struct np_slot_ref){
                     .ref = 1000, .who = board_who(1, 7), .signature = {6, 6, 6}
    });
    board_put4(b, B, 5, 0, 0);
    board_expect(b, &t, 6, 5, NP_RELATION_MAYBE_UNLEARNT, 1);
    b->sig_class[5] |= (uint32_t)NP_SIG_SERVICE << 24;
    board_expect(b, &t, 6, 5, NP_RELATION_MAYBE_TRANSLATED, 1);
    b->slots4[np_slot4_at(B, SLOT_BITS)].who = board_who(2, 0); /* somebody's after all */
    board_expect(b, &t, 6, 5, NP_RELATION_OTHER, 1);
    tear_down(b);
}

/* Who lacks an address is another far end to the other side; to its own, the far end has one. */
static void a_far_end_without_address_has_rows_of_its_own(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple to = board_tuple4(0, B, 80), from = board_tuple4(B, 0, 80);
    (void)state;
    to.flags = NETPOL_TUPLE_SRC_REF;
    from.flags = NETPOL_TUPLE_DST_REF;
    to.src_ref = from.dst_ref = 1000;
    b->sig_class[6] |= (uint32_t)NP_SIG_NO_ADDRESS << 24;
    board_ref(b, &(struct np_slot_ref){
                     .ref = 1000, .who = board_who(1, 7), .signature = {6, 6, 6}
    });
    board_put4(b, B, 5, 2, 7);
    board_expect(b, &to, 6, 5, NP_RELATION_OTHER, 1);
    board_expect(b, &from, 5, 6, NP_RELATION_OTHER, 1);
    assert_int_equal(board_ask(b, &to).egress.rule, board_rule(NP_SIDE_EGRESS, 6, 0, 5, 1));
    assert_int_equal(board_ask(b, &to).ingress.rule, board_rule(NP_SIDE_INGRESS, 5, 1, 6, 1));
    assert_int_equal(board_ask(b, &from).egress.rule, board_rule(NP_SIDE_EGRESS, 5, 1, 6, 1));
    b->hot.flags &= ~(uint32_t)NP_IMAGE_RELATIONS; /* it makes no difference */
    board_expect(b, &to, 6, 5, NP_RELATION_OTHER, 1);
    tear_down(b);
}

/* ---- sides and verdicts ---- */

static void sides_that_are_not_asked_are_silent(void **state)
{
    struct board *b = board_open(false);
    struct netpol_tuple t = board_tuple4(A, B, 80);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    for (unsigned sides = 0; sides < 1 << NP_SIDES; sides++) {
        struct netpol_verdict v, batch;
        const struct netpol_part *parts[] = {&v.egress, &v.ingress, &v.mesh};
        np_match_sides(&b->hot, &b->table, sides, &t, &v);
        np_match_batch_sides(&b->hot, &b->table, sides, &t, &batch, 1);
        assert_memory_equal(&v, &batch, sizeof v);
        for (unsigned side = 0; side < NP_SIDES; side++) {
            unsigned near = side == NP_SIDE_EGRESS ? 4 : 5;
            uint32_t way = board_rule(side, near, 0, 9 - near, 1);
            uint32_t silent = board_rule(side, 0, 0, 0, 0);
            assert_int_equal(parts[side]->rule, sides >> side & 1 ? way : silent);
        }
    }
    b->hot.flags &= ~(uint32_t)NP_IMAGE_MESH; /* nothing judges there */
    struct netpol_verdict v = board_ask(b, &t);
    assert_int_equal(v.mesh.rule, board_rule(NP_SIDE_MESH, 0, 0, 0, 0));
    assert_int_equal(v.ingress.rule, board_rule(NP_SIDE_INGRESS, 5, 0, 4, 1));
    tear_down(b);
}

/* All actions of three parts, judged or not, against the definition. */
static void parts_make_the_verdict(void **state)
{
    enum { N = NETPOL_ACTION_COUNT, WAYS = N * N * N * 8 };
    struct board *b = board_open(false);
    struct netpol_tuple t = board_tuple4(A, B, 80);
    struct netpol_part *parts[] = {board_part(b, NP_SIDE_EGRESS, 4, 0, 5, 1),
                                   board_part(b, NP_SIDE_INGRESS, 5, 0, 4, 1),
                                   board_part(b, NP_SIDE_MESH, 5, 0, 4, 1)};
    static const uint8_t planes[] = {NETPOL_PLANE_NETWORK, NETPOL_PLANE_NETWORK, NETPOL_PLANE_MESH};
    static const uint8_t path[] = {NETPOL_SIDE_EGRESS, NETPOL_SIDE_INGRESS, NETPOL_SIDE_INGRESS};
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    for (unsigned way = 0; way < WAYS; way++) {
        unsigned actions[] = {way % N, way / N % N, way / N / N % N}, judged = way / N / N / N;
        unsigned worst = 0;
        int told = judged & 2 ? 1 : judged & 1 ? 0 : judged & 4 ? 2 : -1;
        uint32_t missing = 0;
        for (int i = NP_SIDES - 1; i >= 0; i--) {
            uint32_t at = (uint32_t)(parts[i] - b->parts);
            parts[i]->action = (uint8_t)actions[i];
            parts[i]->flags = judged >> i & 1 ? NETPOL_PART_JUDGED : NETPOL_PART_LOG;
            told = actions[i] && actions[i] >= worst ? i : told;
            worst = actions[i] > worst ? actions[i] : worst;
            missing |= actions[i] == NETPOL_UNKNOWN ? b->missing[at] : 0;
        }
        struct netpol_verdict v = board_ask(b, &t);
        assert_int_equal(v.action, worst);
        assert_int_equal(v.plane, told < 0 ? NETPOL_PLANE_NONE : planes[told]);
        assert_int_equal(v.side, told < 0 ? NETPOL_SIDE_NONE : path[told]);
        assert_int_equal(v.missing, worst == NETPOL_UNKNOWN ? missing : 0);
        assert_int_equal(v.flags, 0);
        assert_memory_equal(&v.egress, parts[0], sizeof v.egress);
        assert_memory_equal(&v.ingress, parts[1], sizeof v.ingress);
        assert_memory_equal(&v.mesh, parts[2], sizeof v.mesh);
    }
    tear_down(b);
}

/* ---- residual trees ---- */

/* A tree under a cell: source ports 1000 to 1999 are ordinal 3, sources in 10.0.0.0/8 with any port
 * 5, all else 7. */
static uint32_t plant(struct board *b, struct np_cut_build *cuts)
{
    const struct np_box boxes[] = {
        {.family = 4,
         .any_protocol = 1,
         .src_first = 1000,
         .src_last = 1999,
         .dst_last = 65535,
         .value = 3},
        { .family = 4,
         .any_protocol = 1,
         .no_ports = 1,
         .src = {0, 0x0a000000},
         .src_length = 8,
         .src_last = 65535,
         .dst_last = 65535,
         .value = 5},
    };
    struct np_image_writer writer = {0};
    uint32_t root = 0;
    assert_int_equal(np_cut_add(cuts, boxes, 2, 7, &root), NETPOL_OK);
    np_cut_sections(cuts, &writer);
    for (int i = NP_SECTION_CUT_ROOTS; i <= NP_SECTION_CUT_LEAVES; i++) {
        static const uint32_t sizes[] = {32, 4, 1};
        b->image.section[i] = writer.sections[i].items;
        b->image.count[i] = (uint32_t)writer.sections[i].bytes / sizes[i - NP_SECTION_CUT_ROOTS];
    }
    return root;
}

static void a_residual_tree_gives_the_ordinal(void **state)
{
    static const struct {
        uint32_t src;
        uint16_t src_port, flags;
        unsigned port_class, ordinal;
    } rows[] = {
        {A,       1000, 0,                           1, 3},
        {A,       1999, 0,                           1, 3},
        {A,       2000, 0,                           1, 5},
        {OUTSIDE, 1500, 0,                           1, 3},
        {OUTSIDE, 999,  0,                           1, 7},
        {A,       1500, NETPOL_TUPLE_LATER_FRAGMENT, 5, 5}, /* no ports: only the second holds */
    };
    struct counting memory = {0};
    struct netpol_ctx *ctx = counting_ctx(&memory, NULL);
    struct np_cut_build *cuts = np_cut_begin(ctx);
    struct board *b = board_open(false);
    uint32_t root = plant(b, cuts);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct netpol_tuple t = board_tuple4(rows[i].src, B, 80);
        unsigned far = rows[i].src == A ? 4 : 3;
        struct netpol_part *part = board_part(b, NP_SIDE_INGRESS, 5, 0, far, rows[i].port_class);
        t.src_port = rows[i].src_port;
        t.flags = rows[i].flags;
        struct netpol_part kept = *part;
        part->flags |= NP_PART_RESIDUAL;
        part->rule = root;
        struct netpol_verdict v = board_ask(b, &t), many[40];
        struct netpol_tuple tuples[40];
        assert_int_equal(v.ingress.rule, b->side[NP_SIDE_INGRESS][5].parts + rows[i].ordinal + 1);
        for (size_t j = 0; j < 40; j++) {
            tuples[j] = t;
        }
        for (int beyond = 0; beyond < 2; beyond++) {
            b->hot.beyond_l2 = beyond;
            np_match_batch(&b->hot, &b->table, tuples, many, 40);
            assert_memory_equal(&many[0], &v, sizeof v);
            assert_memory_equal(&many[39], &v, sizeof v);
        }
        *part = kept;
    }
    np_cut_free(cuts);
    netpol_ctx_destroy(ctx);
    assert_int_equal(memory.blocks, 0);
    tear_down(b);
}

/* An image that no compile makes. The verdict says no, and shows nothing of trees. */
static void a_tree_that_leads_to_a_tree_refuses(void **state)
{
    struct counting memory = {0};
    struct netpol_ctx *ctx = counting_ctx(&memory, NULL);
    struct np_cut_build *cuts = np_cut_begin(ctx);
    struct board *b = board_open(false);
    uint32_t root = plant(b, cuts);
    (void)state;
    board_put4(b, A, 4, 100, 0);
    board_put4(b, B, 5, 200, 0);
    struct netpol_tuple t = board_tuple4(A, B, 80);
    t.src_port = 1500;
    struct netpol_part *part = board_part(b, NP_SIDE_INGRESS, 5, 0, 4, 1);
    struct netpol_part *next = &b->parts[b->side[NP_SIDE_INGRESS][5].parts + 3];
    part->flags |= NP_PART_RESIDUAL;
    part->rule = root;
    next->flags |= NP_PART_RESIDUAL;
    next->rule = root;
    b->derived.refusal = 0;
    b->parts[0] = (struct netpol_part){.action = NETPOL_DENY, .reason = NETPOL_REASON_INVALID};
    struct netpol_verdict v = board_ask(b, &t), many[40];
    struct netpol_tuple tuples[40];
    assert_memory_equal(&v.ingress, &b->parts[0], sizeof v.ingress);
    for (size_t j = 0; j < 40; j++) {
        tuples[j] = t;
    }
    np_match_batch(&b->hot, &b->table, tuples, many, 40);
    assert_memory_equal(&many[39], &v, sizeof v);
    np_cut_free(cuts);
    netpol_ctx_destroy(ctx);
    tear_down(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_its_row),
        cmocka_unit_test(what_the_table_does_not_have_lies_in_a_place),
        cmocka_unit_test(a_search_passes_what_died_and_ends),
        cmocka_unit_test(six_passes_what_died),
        cmocka_unit_test(ports_have_kinds),
        cmocka_unit_test(type_and_code_are_the_port_of_icmp),
        cmocka_unit_test(relations_follow_from_numbers),
        cmocka_unit_test(whoever_has_an_address_is_itself),
        cmocka_unit_test(an_unlearnt_address_may_be_the_pod),
        cmocka_unit_test(a_far_end_without_address_has_rows_of_its_own),
        cmocka_unit_test(sides_that_are_not_asked_are_silent),
        cmocka_unit_test(parts_make_the_verdict),
        cmocka_unit_test(a_residual_tree_gives_the_ordinal),
        cmocka_unit_test(a_tree_that_leads_to_a_tree_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
