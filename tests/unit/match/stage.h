/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_MATCH_STAGE_H
#define NP_TESTS_MATCH_STAGE_H
/*
 * A matcher over a board (board.h) whose endpoints can change: two kinds of pods, which are other
 * signatures in even than in odd generations, so that a verdict tells of which compile and of which
 * pods it is.
 */
#include "board.h"
#include "match/slot.h"

enum { STAGE_KINDS = 2, STAGE_X = 0x0a000001, STAGE_Y = 0x0a000002 };
enum { REF_X = 1, REF_Y, REF_X2, REF_Y2, REF_MORE };

struct stage {
    struct netpol_ctx *ctx;
    struct board *boards[2]; /* of even and odd generations */
    struct np_image_header header;
    struct np_kinds_build *kinds;
    struct np_combo *combos[2];
    uint32_t n_combos;
    uint64_t generation; /* the last that was made */
};

static inline uint32_t stage_sig(uint64_t generation, uint32_t kind)
{
    return (generation & 1 ? 7u : 3u) + 2 * kind; /* odd, so that its class has a row of its own */
}

static inline void stage_open(struct stage *s, struct netpol_ctx *ctx)
{
    const void *bytes;
    size_t size;
    *s = (struct stage){.ctx = ctx};
    s->header.n_signatures = SIGS;
    s->kinds = np_kinds_build(ctx);
    assert_non_null(s->kinds);
    for (uint32_t kind = 1; kind <= STAGE_KINDS; kind++) {
        const uint64_t words[] = {kind, 0};
        uint32_t number;
        assert_int_equal(np_kinds_build_add(s->kinds, words, 2, 0, &number), NETPOL_OK);
    }
    assert_int_equal(np_kinds_build_write(s->kinds, &bytes, &size), NETPOL_OK);
    for (unsigned odd = 0; odd < 2; odd++) {
        struct board *b = s->boards[odd] = board_open(false);
        struct np_combo list[2 * STAGE_KINDS];
        uint32_t n = 0;
        for (uint32_t kind = 1; kind <= STAGE_KINDS; kind++) {
            list[n++] = (struct np_combo){kind, 3, 0, stage_sig(odd, kind)};
            list[n++] = (struct np_combo){kind, NP_SIG_NOWHERE, 0, 4};
            uint32_t address = kind == 1 ? STAGE_X : STAGE_Y;
            board_put4(b, address, stage_sig(odd, kind), kind, 0);
            const struct np_slot_ref slot = {
                .ref = kind == 1 ? REF_X : REF_Y,
                .who = board_who(kind, 0),
                .signature = {stage_sig(odd, kind), 4, stage_sig(odd, kind)},
                .families = 1,
                .family = 4
            };
            board_own(b, board_ref(b, &slot), (struct np_own){.address4 = address});
        }
        assert_int_equal(np_combos_write(ctx, list, n, &s->combos[odd], &s->n_combos), NETPOL_OK);
        b->image.header = &s->header;
        b->image.section[NP_SECTION_KINDS] = bytes;
        b->image.count[NP_SECTION_KINDS] = (uint32_t)size;
        b->image.section[NP_SECTION_COMBOS] = s->combos[odd];
        b->image.count[NP_SECTION_COMBOS] = s->n_combos;
        b->image.count[NP_SECTION_ENDPOINTS] = 2;
    }
}

static inline void stage_close(struct stage *s)
{
    for (unsigned odd = 0; odd < 2; odd++) {
        np_free(s->ctx, s->combos[odd], s->n_combos * sizeof *s->combos[odd]);
        free(s->boards[odd]);
    }
    np_kinds_build_free(s->kinds);
}

/* The next compile; one reference is the caller's. NULL: no memory. */
static inline struct netpol_matcher *stage_compile(struct stage *s)
{
    struct netpol_matcher *m = np_zalloc(s->ctx, sizeof *m);
    if (m) {
        m->generation = ++s->generation;
        struct board *b = s->boards[m->generation & 1];
        atomic_init(&m->refs, 1);
        m->ctx = s->ctx;
        m->image = b->image;
        m->hot = b->hot;
        m->hot.generation = m->generation;
        m->frozen = b->table;
    }
    return m;
}

static inline int stage_set(struct netpol_endpoints *e, uint64_t ref, uint32_t kind,
                            uint32_t address)
{
    struct netpol_endpoint_entry entry = {
        .size = sizeof entry,
        .ref = ref,
        .kind = kind,
        .family = 4,
        .address = {(uint8_t)(address >> 24), (uint8_t)(address >> 16), (uint8_t)(address >> 8),
                    (uint8_t)address}
    };
    return netpol_endpoints_set(e, &entry);
}

/* The same of X to an address that may be nobody's. */
static inline bool stage_right_other(const struct netpol_verdict *v)
{
    for (uint32_t x = 1; x <= STAGE_KINDS; x++) {
        uint32_t src = stage_sig(v->generation, x);
        const uint32_t dst[] = {3, stage_sig(v->generation, 1), stage_sig(v->generation, 2)};
        for (unsigned i = 0; i < 3; i++) {
            if (v->egress.rule == board_rule(NP_SIDE_EGRESS, src, NP_RELATION_OTHER, dst[i], 1) &&
                v->ingress.rule == board_rule(NP_SIDE_INGRESS, dst[i], NP_RELATION_OTHER, src, 1)) {
                return true;
            }
        }
    }
    return false;
}

/* Does the verdict of X to Y come from one compile and from pods of kinds 1 and 2? */
static inline bool stage_right(const struct netpol_verdict *v)
{
    for (uint32_t x = 1; x <= STAGE_KINDS; x++) {
        for (uint32_t y = 1; y <= STAGE_KINDS; y++) {
            uint32_t src = stage_sig(v->generation, x), dst = stage_sig(v->generation, y);
            if (v->egress.rule == board_rule(NP_SIDE_EGRESS, src, NP_RELATION_OTHER, dst, 1) &&
                v->ingress.rule == board_rule(NP_SIDE_INGRESS, dst, NP_RELATION_OTHER, src, 1)) {
                return true;
            }
        }
    }
    return false;
}
#endif
