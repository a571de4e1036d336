/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tuple can be before it is looked up: refused, folded, an end by reference, an end that
 * nobody knows, an address of several owners. And many tuples at once.
 */
#include "board.h"

enum { A = 0x0a000001, B = 0x0a000002, C = 0x0a000003 };
static const uint64_t NET6 = 0xfd00ull << 48;

/*
 * Pod 1 (reference 1000) at A and fd00::1, pod 2 (2000) at B only; pod 3 (3000) has no address.
 * Signatures: 4 and 5 of pod 1, 6 (in IPv4), 7 (in IPv6), 6 of pod 2, 8 of pod 3.
 */
static struct board *set_up(void)
{
    struct board *b = board_open(false);
    board_put4(b, A, 4, 1, 0);
    board_put6(b, NET6, 1, 5, 1, 0);
    board_put4(b, B, 6, 2, 0);
    b->sig_class[7] |= (uint32_t)NP_SIG_NO_ADDRESS << 24;
    b->sig_class[8] |= (uint32_t)NP_SIG_NO_ADDRESS << 24;
    const struct np_slot_ref one = {
        .ref = 1000, .who = board_who(1, 0), .signature = {4, 5, 4},
                 .families = 3, .family = 4
    };
    const struct np_slot_ref two = {
        .ref = 2000, .who = board_who(2, 0), .signature = {6, 7, 6},
                 .families = 1, .family = 4
    };
    board_own(b, board_ref(b, &one), (struct np_own){.address4 = A, .high6 = NET6, .low6 = 1});
    board_own(b, board_ref(b, &two), (struct np_own){.address4 = B});
    board_ref(b, &(struct np_slot_ref){
                     .ref = 3000, .who = board_who(3, 0), .signature = {8, 8, 8}
    });
    return b;
}

static void tear_down(struct board *b)
{
    free(b);
}

static void invalid(const struct board *b, const struct netpol_tuple *t)
{
    board_refused(b, t, NETPOL_DENY, NETPOL_REASON_INVALID, 0);
}

static void stale(const struct board *b, const struct netpol_tuple *t)
{
    board_refused(b, t, NETPOL_UNKNOWN, NETPOL_REASON_STALE, NETPOL_MISSING_SIGNATURE);
}

/* ---- refused ---- */

static void what_is_not_understood_is_denied(void **state)
{
    struct board *b = set_up();
    (void)state;
    for (unsigned bit = 6; bit < 16; bit++) {
        struct netpol_tuple t = board_tuple4(A, B, 80);
        t.flags = (uint16_t)(1u << bit);
        invalid(b, &t);
    }
    struct netpol_tuple reserved = board_tuple4(A, B, 80);
    reserved.reserved = 0x80000000u;
    invalid(b, &reserved);
    for (unsigned family = 0; family < 256; family++) {
        struct netpol_tuple t = board_tuple4(A, B, 80);
        t.family = (uint8_t)family;
        if (family != 4 && family != 6) {
            invalid(b, &t);
        }
    }
    tear_down(b);
}

static void ipv4_is_four_bytes(void **state)
{
    struct board *b = set_up();
    (void)state;
    for (unsigned byte = 4; byte < 16; byte++) {
        struct netpol_tuple src = board_tuple4(A, B, 80), dst = src;
        src.src[byte] = 1;
        dst.dst[byte] = 0x80;
        invalid(b, &src);
        invalid(b, &dst);
    }
    tear_down(b);
}

static void map(uint8_t bytes[16], uint32_t address)
{
    board_bytes6(bytes, 0, 0xffffull << 32 | address);
}

static void mapped_addresses_are_folded_or_refused(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple both = board_tuple6(1, 2, 80), one = both;
    (void)state;
    map(both.src, A);
    map(both.dst, B);
    map(one.dst, B);
    board_expect(b, &both, 4, 6, NP_RELATION_OTHER, 1); /* the ports too are those of IPv4 */
    invalid(b, &one);                                   /* families differ */
    one.src_ref = 1000;
    one.flags = NETPOL_TUPLE_SRC_REF;
    memset(one.src, 0, sizeof one.src);
    board_expect(b, &one, 4, 6, NP_RELATION_OTHER, 1); /* asked in the family that is left */
    b->hot.flags |= NP_IMAGE_MAPPED_DENY;
    invalid(b, &both);
    invalid(b, &one);
    struct netpol_tuple six = board_tuple6(1, 2, 80); /* near misses are addresses as any other */
    board_bytes6(six.src, 0, 0xfffeull << 32 | A);
    board_bytes6(six.dst, 1, 0xffffull << 32 | A);
    board_expect(b, &six, 3, 3, NP_RELATION_OTHER, 7);
    tear_down(b);
}

/* ---- references ---- */

static void a_reference_stands_for_its_endpoint(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = {.src_ref = 1000,
                             .dst_ref = 2000,
                             .flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF,
                             .protocol = 6,
                             .dst_port = 80};
    (void)state;
    board_expect(b, &t, 4, 6, NP_RELATION_OTHER, 1); /* in the family of the source's address */
    t.family = 4;
    board_expect(b, &t, 4, 6, NP_RELATION_OTHER, 1);
    t.family = 6;
    board_expect(b, &t, 5, 7, NP_RELATION_OTHER, 7);
    t.dst_ref = 1000;
    board_expect(b, &t, 5, 5, NP_RELATION_SELF, 7);
    t.family = 5;
    invalid(b, &t);
    tear_down(b);
}

/* Without family and without address the hop has none; one address that is known gives it. */
static void the_family_is_that_of_an_address(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = {.src_ref = 3000,
                             .dst_ref = 3000,
                             .flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF,
                             .protocol = 6,
                             .dst_port = 80};
    (void)state;
    b->port_kinds[2][NP_PORT_KNOWN][6] = NP_PORT_DIRECT | 2;
    board_expect(b, &t, 8, 8, NP_RELATION_SELF, 2);
    t.dst_ref = 1000; /* of IPv4 first */
    board_expect(b, &t, 8, 4, NP_RELATION_OTHER, 1);
    t.dst_ref = 3000;
    t.family = 6;
    board_expect(b, &t, 8, 8, NP_RELATION_SELF, 7);
    struct np_slot_ref *slot = board_ref(b, &(struct np_slot_ref){
                                                .ref = 4000,
                                                .who = board_who(4, 0),
                                                .signature = {9, 10, 10},
                                                .families = 2,
                                                .family = 6
    });
    board_own(b, slot, (struct np_own){.high6 = NET6, .low6 = 4});
    t.family = 0;
    t.dst_ref = slot->ref;
    board_expect(b, &t, 8, 10, NP_RELATION_OTHER, 7);
    t.src_ref = 1000; /* the source speaks first */
    board_expect(b, &t, 4, 10, NP_RELATION_OTHER, 1);
    tear_down(b);
}

static void references_that_nobody_has_are_unknown(void **state)
{
    static const uint64_t refs[] = {1, 999, 1ull << 63, UINT64_MAX};
    struct board *b = set_up();
    (void)state;
    board_ref(b, &(struct np_slot_ref){
  /* dead */
                     .ref = UINT64_MAX,
                     .who = board_who(1, 0),
                     .signature = {4, 5, 4}
    });
    for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++) {
        struct netpol_tuple src = board_tuple4(0, B, 80), dst = board_tuple4(A, 0, 80);
        src.flags = NETPOL_TUPLE_SRC_REF;
        dst.flags = NETPOL_TUPLE_DST_REF;
        src.src_ref = dst.dst_ref = refs[i];
        stale(b, &src);
        stale(b, &dst);
    }
    struct netpol_tuple zero = board_tuple4(A, B, 80), ignored = zero;
    zero.flags = NETPOL_TUPLE_DST_REF; /* no reference at all */
    invalid(b, &zero);
    ignored.src_ref = 999; /* not said to be given */
    board_expect(b, &ignored, 4, 6, NP_RELATION_OTHER, 1);
    b->table.probes_ref = 0;
    zero.dst_ref = 1000;
    stale(b, &zero);
    tear_down(b);
}

static void what_no_compile_has_seen_is_unknown(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple by_address = board_tuple4(C, B, 80), back = board_tuple4(B, C, 80);
    struct netpol_tuple by_ref = board_tuple4(A, 0, 80);
    (void)state;
    board_put4(b, C, NP_SIG_UNCOMPILED, 5, 0);
    board_ref(b, &(struct np_slot_ref){
                     .ref = 5000,
                     .who = board_who(5, 0),
                     .signature = {NP_SIG_UNCOMPILED, NP_SIG_UNCOMPILED, NP_SIG_UNCOMPILED}
    });
    by_ref.dst_ref = 5000;
    by_ref.flags = NETPOL_TUPLE_DST_REF;
    stale(b, &by_address);
    stale(b, &back);
    stale(b, &by_ref);
    tear_down(b);
}

static void an_address_beside_a_reference_must_be_its_own(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(A, B, 80);
    (void)state;
    t.flags = NETPOL_TUPLE_SRC_REF;
    t.src_ref = 1000;
    board_expect(b, &t, 4, 6, NP_RELATION_OTHER, 1);
    t.src_ref = 2000; /* pod 2 does not have A */
    stale(b, &t);
    t.src_ref = 3000; /* nor does one without addresses */
    stale(b, &t);
    t.src_ref = 1000;
    t.src[3] = 9; /* nobody's */
    stale(b, &t);
    board_put4(b, A + 8, 9, 1, 0); /* a second address of it, which lies elsewhere */
    board_expect(b, &t, 9, 6, NP_RELATION_OTHER, 1);
    b->sig_class[4] |= (uint32_t)NP_SIG_NODE << 24; /* things on a node have the node's only */
    stale(b, &t);
    t.flags |= NETPOL_TUPLE_SRC_NO_ADDRESS; /* not looked at, whatever is there */
    b->sig_class[4] = 4;
    board_expect(b, &t, 4, 6, NP_RELATION_OTHER, 1);
    struct netpol_tuple six = board_tuple6(1, 2, 80);
    six.flags = NETPOL_TUPLE_SRC_REF;
    six.src_ref = 1000;
    board_expect(b, &six, 5, 3, NP_RELATION_OTHER, 7);
    six.src[15] = 3;
    stale(b, &six);
    tear_down(b);
}

static void an_end_without_address_is_nowhere(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(A, B, 80);
    (void)state;
    t.flags = NETPOL_TUPLE_SRC_NO_ADDRESS;
    board_expect(b, &t, NP_SIG_NOWHERE, 6, NP_RELATION_OTHER, 1);
    t.flags = NETPOL_TUPLE_DST_NO_ADDRESS;
    board_expect(b, &t, 4, NP_SIG_NOWHERE, NP_RELATION_OTHER, 1);
    t.flags |= NETPOL_TUPLE_SRC_NO_ADDRESS;
    board_expect(b, &t, NP_SIG_NOWHERE, NP_SIG_NOWHERE, NP_RELATION_OTHER, 1);
    t.family = 0; /* no end needs one */
    b->port_kinds[2][NP_PORT_KNOWN][6] = NP_PORT_DIRECT | 2;
    board_expect(b, &t, NP_SIG_NOWHERE, NP_SIG_NOWHERE, NP_RELATION_OTHER, 2);
    tear_down(b);
}

/* ---- several owners ---- */

/* C is pod 1's (signature 9), pod 2's (10) and pod 7's (11). */
static void share(struct board *b)
{
    b->shared[2] = (struct np_shared){.signature = 9, .endpoint = 1};
    b->shared[3] = (struct np_shared){.signature = 10, .endpoint = 2};
    b->shared[4] = (struct np_shared){.signature = 11, .endpoint = 7, .last = 1};
    board_put4(b, C, NP_SIG_SHARED | 2, 0, 0);
}

static void the_most_restrictive_owner_stands(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(A, C, 80);
    (void)state;
    share(b);
    struct netpol_verdict v = board_ask(b, &t);
    assert_int_equal(v.action, NETPOL_ALLOW); /* of equals the first: pod 1, itself */
    unsigned self = np_variant(NP_RELATION_SELF, 0);
    assert_int_equal(v.ingress.rule, board_rule(NP_SIDE_INGRESS, 9, self, 4, 1));
    assert_int_equal(v.ingress.flags, NETPOL_PART_JUDGED | NETPOL_PART_SHARED_ADDRESS);
    assert_int_equal(v.egress.flags, NETPOL_PART_JUDGED | NETPOL_PART_SHARED_ADDRESS);
    assert_int_equal(v.generation, 77);

    board_part(b, NP_SIDE_INGRESS, 11, 0, 4, 1)->action = NETPOL_DENY;
    board_part(b, NP_SIDE_EGRESS, 4, 0, 11, 1)->flags = 0; /* not judged: not marked */
    v = board_ask(b, &t);
    assert_int_equal(v.action, NETPOL_DENY);
    assert_int_equal(v.ingress.rule, board_rule(NP_SIDE_INGRESS, 11, 0, 4, 1));
    assert_int_equal(v.egress.flags, 0);
    assert_int_equal(v.missing, 0);

    board_part(b, NP_SIDE_EGRESS, 4, 0, 10 + 1, 1)->flags = NETPOL_PART_JUDGED;
    board_part(b, NP_SIDE_INGRESS, 10, 0, 4, 1)->action = NETPOL_UNKNOWN;
    v = board_ask(b, &t);
    assert_int_equal(v.action, NETPOL_DENY); /* worse than unknown, whoever comes first */
    tear_down(b);
}

static void owners_that_differ_may_be_unknown(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(A, C, 80), back = board_tuple4(C, A, 80);
    (void)state;
    share(b);
    b->hot.flags |= NP_IMAGE_SHARED_UNKNOWN;
    assert_int_equal(board_ask(b, &t).action, NETPOL_ALLOW); /* they agree */
    board_part(b, NP_SIDE_INGRESS, 10, 0, 4, 1)->action = NETPOL_DENY;
    board_refused(b, &t, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, NETPOL_MISSING_SHARED_ADDRESS);
    struct netpol_part *unknown = board_part(b, NP_SIDE_INGRESS, 11, 0, 4, 1);
    unknown->action = NETPOL_UNKNOWN; /* the third agrees with what the first two came to */
    board_refused(b, &t, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, NETPOL_MISSING_SHARED_ADDRESS);
    board_part(b, NP_SIDE_EGRESS, 11, 0, 4, 1)->action = NETPOL_UNKNOWN;
    struct netpol_part *egress = board_part(b, NP_SIDE_EGRESS, 11, 0, 4, 1);
    board_refused(b, &back, NETPOL_UNKNOWN, NETPOL_REASON_MISSING,
                  NETPOL_MISSING_SHARED_ADDRESS | b->missing[egress - b->parts]);
    tear_down(b);
}

/* Every pair: 3 x 3, one of which is denied. */
static void every_pair_of_owners_is_judged(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(C, C, 80);
    static const uint32_t signatures[] = {9, 10, 11};
    (void)state;
    share(b);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            unsigned variant = np_variant(i == j ? NP_RELATION_SELF : NP_RELATION_OTHER, 0);
            struct netpol_part *part =
                board_part(b, NP_SIDE_INGRESS, signatures[j], variant, signatures[i], 1);
            uint8_t rest = part->action;
            part->action = NETPOL_DENY;
            /* 10 shares its row with class 0: what is denied may be denied for both */
            assert_int_equal(board_ask(b, &t).action, NETPOL_DENY);
            assert_int_equal(board_ask(b, &t).ingress.rule, part->rule);
            part->action = rest;
            assert_int_equal(board_ask(b, &t).action, NETPOL_ALLOW);
        }
    }
    tear_down(b);
}

static void a_reference_picks_its_owner(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(C, B, 80);
    (void)state;
    share(b);
    t.flags = NETPOL_TUPLE_SRC_REF;
    t.src_ref = 1000;
    board_expect(b, &t, 9, 6, NP_RELATION_OTHER, 1);
    assert_int_equal(board_ask(b, &t).egress.flags, NETPOL_PART_JUDGED); /* no doubt: not marked */
    t.src_ref = 2000;
    board_expect(b, &t, 10, 6, NP_RELATION_SELF, 1);
    t.src_ref = 3000;
    stale(b, &t);
    b->shared[4].signature = NP_SIG_UNCOMPILED; /* of the others nobody speaks */
    t.src_ref = 1000;
    board_expect(b, &t, 9, 6, NP_RELATION_OTHER, 1);
    t.flags = 0; /* but an owner that no compile has seen may be the one */
    stale(b, &t);
    tear_down(b);
}

/* What is left when other owners went. */
static void one_owner_is_not_several(void **state)
{
    struct board *b = set_up();
    struct netpol_tuple t = board_tuple4(C, B, 80);
    (void)state;
    b->shared[0] = (struct np_shared){.signature = 9, .endpoint = 1, .last = 1};
    board_put4(b, C, NP_SIG_SHARED, 0, 0);
    board_expect(b, &t, 9, 6, NP_RELATION_OTHER, 1);
    assert_int_equal(board_ask(b, &t).egress.flags, NETPOL_PART_JUDGED);
    tear_down(b);
}

/* ---- many ---- */

enum { MANY = 1000 };

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(*state >> 33) % below;
}

static void draw_tuple(uint64_t *state, struct netpol_tuple *t)
{
    static const uint64_t refs[] = {0, 1000, 2000, 3000, 999};
    static const uint16_t ports[] = {80, 443, 53, 1000};
    static const uint8_t protocols[] = {6, 6, 6, 17, 1, 47};
    if (draw(state, 3)) {
        *t = board_tuple4(A + draw(state, 5), A + draw(state, 5), 80);
    } else {
        *t = board_tuple6(1 + draw(state, 3), 1 + draw(state, 3), 80);
    }
    if (draw(state, 10) == 0) {
        map(t->src, A);
        map(t->dst, draw(state, 2) ? B : C);
    }
    t->dst_port = ports[draw(state, 4)];
    t->protocol = protocols[draw(state, 6)];
    t->flags = draw(state, 3) ? 0 : (uint16_t)draw(state, 64);
    t->src_ref = refs[draw(state, 5)];
    t->dst_ref = refs[draw(state, 5)];
}

/* Whatever the group and the place in it, and whether the tables are taken to fit a cache. */
static void a_batch_is_so_many_single_calls(void **state)
{
    static struct netpol_tuple tuples[MANY];
    static struct netpol_verdict single[MANY], batch[MANY + 1];
    static const size_t counts[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, MANY};
    struct board *b = set_up();
    uint64_t random = 1;
    unsigned actions[NETPOL_ACTION_COUNT] = {0};
    (void)state;
    share(b);
    for (size_t i = 0; i < PARTS; i++) {
        b->parts[i].action = draw(&random, 2) ? NETPOL_ALLOW : (uint8_t)draw(&random, 4);
    }
    for (size_t i = 0; i < MANY; i++) {
        draw_tuple(&random, &tuples[i]);
        single[i] = board_ask(b, &tuples[i]);
        actions[single[i].action]++;
    }
    for (size_t i = 0; i < 2 * sizeof counts / sizeof counts[0]; i++) {
        size_t count = counts[i / 2];
        b->hot.beyond_l2 = i % 2;
        memset(batch, 0x5a, sizeof batch);
        np_match_batch(&b->hot, &b->table, tuples, batch, count);
        assert_memory_equal(single, batch, count * sizeof *batch);
        assert_int_equal(batch[count].action, 0x5a);
    }
    for (unsigned i = 0; i < NETPOL_ACTION_COUNT; i++) {
        assert_true(actions[i] > 20);
    }
    tear_down(b);
}

/* Groups of one family, outside and inside, with one among them that is not usual. */
static void groups_of_a_family_are_so_many_single_calls(void **state)
{
    enum { FEW = 150 }; /* more than a group, and not a multiple of anything */
    struct board *b = set_up();
    uint64_t random = 2;
    const enum np_simd best = np_simd_chosen();
    (void)state;
    share(b);
    b->trie4[0] = b->trie6[0xf] = NP_TRIE_IS_LEAF | 12;
    for (size_t i = 0; i < PARTS; i++) {
        b->parts[i].action = (uint8_t)draw(&random, NETPOL_ACTION_COUNT);
    }
    for (unsigned round = 0; round < 400; round++) {
        struct netpol_tuple tuples[FEW];
        struct netpol_verdict batch[FEW], one;
        unsigned sides = draw(&random, 1 << NP_SIDES);
        b->hot.beyond_l2 = round & 1;
        np_simd_use((enum np_simd)(round / 16 % NP_SIMD_COUNT)); /* if it is there */
        uint32_t always =
            NP_IMAGE_RELATIONS | NP_IMAGE_RELATIVE | NP_IMAGE_EGRESS | NP_IMAGE_INGRESS;
        b->hot.flags = round & 2 ? always : always | NP_IMAGE_MESH;
        for (size_t i = 0; i < FEW; i++) {
            uint32_t src = A + draw(&random, 4), dst = A + draw(&random, 2);
            bool six = round & 64 ? draw(&random, 2) : (round & 4) != 0; /* or both */
            tuples[i] = six ? board_tuple6(1 + draw(&random, 3), 1 + draw(&random, 2), 80)
                            : board_tuple4(draw(&random, 3) ? src : src << 4, dst, 443);
            tuples[i].protocol = draw(&random, 4) ? 6 : 1;
        }
        if (round & 8) {
            draw_tuple(&random, &tuples[draw(&random, FEW)]);
        }
        np_match_batch_sides(&b->hot, &b->table, sides, tuples, batch, FEW);
        for (size_t i = 0; i < FEW; i++) {
            np_match_sides(&b->hot, &b->table, sides, &tuples[i], &one);
            assert_memory_equal(&one, &batch[i], sizeof one);
        }
    }
    np_simd_use(best);
    tear_down(b);
}

/* One tuple that is refused among usual ones is refused in a batch as well. */
static void a_group_hides_nothing(void **state)
{
    enum { GROUP = 16, TAILS = 12 };
    struct board *b = set_up();
    (void)state;
    for (unsigned fault = 0; fault < 2 * TAILS + 4; fault++) {
        struct netpol_tuple tuples[GROUP];
        struct netpol_verdict out[GROUP];
        unsigned at = fault % GROUP;
        for (size_t i = 0; i < GROUP; i++) {
            tuples[i] = board_tuple4(A, B, 80);
        }
        if (fault < 2 * TAILS) {
            (fault < TAILS ? tuples[at].src : tuples[at].dst)[4 + fault % TAILS] = 1;
        } else {
            tuples[at].flags = fault == 2 * TAILS ? 1 << 15 : 0;
            tuples[at].reserved = fault == 2 * TAILS + 1;
            tuples[at].family = fault == 2 * TAILS + 2 ? 5 : fault == 2 * TAILS + 3 ? 0 : 4;
        }
        np_match_batch(&b->hot, &b->table, tuples, out, GROUP);
        for (size_t i = 0; i < GROUP; i++) {
            assert_int_equal(out[i].action, i == at ? NETPOL_DENY : NETPOL_ALLOW);
            assert_int_equal(out[i].ingress.reason == NETPOL_REASON_INVALID, i == at);
        }
    }
    tear_down(b);
}

/* ---- two tables ---- */

static void tables_are_compared_by_the_ends_of_a_tuple(void **state)
{
    struct board *b = set_up(), *other = set_up();
    const struct netpol_tuple by_address = board_tuple4(A, B, 80);
    struct netpol_tuple by_ref = by_address, shared = board_tuple4(C, A, 80);
    (void)state;
    share(b);
    share(other);
    by_ref.src_ref = 1000;
    by_ref.flags = NETPOL_TUPLE_SRC_REF;
    assert_true(np_match_same_ends(&b->hot, &b->table, &other->table, &by_address));
    assert_true(np_match_same_ends(&b->hot, &b->table, &other->table, &by_ref));
    assert_true(np_match_same_ends(&b->hot, &b->table, &other->table, &shared));
    other->shared[3].endpoint = 9; /* the second of three owners */
    assert_false(np_match_same_ends(&b->hot, &b->table, &other->table, &shared));
    other->shared[3].endpoint = 2;
    other->shared[3].last = 1; /* and two owners only */
    assert_false(np_match_same_ends(&b->hot, &b->table, &other->table, &shared));
    other->slots4[np_slot4_at(B, SLOT_BITS)].who = board_who(7, 0);
    assert_false(np_match_same_ends(&b->hot, &b->table, &other->table, &by_address));
    struct netpol_tuple bogus = by_address; /* whoever the ends are */
    bogus.reserved = 1;
    assert_true(np_match_same_ends(&b->hot, &b->table, &other->table, &bogus));
    other->refs[np_slot_ref_at(1000, SLOT_BITS)].ref = UINT64_MAX;
    by_ref.dst[3] = 9;
    assert_false(np_match_same_ends(&b->hot, &b->table, &other->table, &by_ref));
    tear_down(b);
    tear_down(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_understood_is_denied),
        cmocka_unit_test(ipv4_is_four_bytes),
        cmocka_unit_test(mapped_addresses_are_folded_or_refused),
        cmocka_unit_test(a_reference_stands_for_its_endpoint),
        cmocka_unit_test(the_family_is_that_of_an_address),
        cmocka_unit_test(references_that_nobody_has_are_unknown),
        cmocka_unit_test(what_no_compile_has_seen_is_unknown),
        cmocka_unit_test(an_address_beside_a_reference_must_be_its_own),
        cmocka_unit_test(an_end_without_address_is_nowhere),
        cmocka_unit_test(the_most_restrictive_owner_stands),
        cmocka_unit_test(owners_that_differ_may_be_unknown),
        cmocka_unit_test(every_pair_of_owners_is_judged),
        cmocka_unit_test(a_reference_picks_its_owner),
        cmocka_unit_test(one_owner_is_not_several),
        cmocka_unit_test(a_batch_is_so_many_single_calls),
        cmocka_unit_test(groups_of_a_family_are_so_many_single_calls),
        cmocka_unit_test(a_group_hides_nothing),
        cmocka_unit_test(tables_are_compared_by_the_ends_of_a_tuple),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
