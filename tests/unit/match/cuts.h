/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_CUTS_H
#define NP_TESTS_CUTS_H
/* What tests of residual trees share: a world to build in, made-up boxes and keys, the oracle. */
#include "np_cmocka.h"

#include "base/base.h"
#include "match/match.h"

struct cuts {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct np_cut_build *build;
    uint64_t random;
    struct np_image image; /* of the build, as read() left it */
};

static inline uint32_t cuts_draw(struct cuts *c, uint32_t below)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((c->random >> 32) * below >> 32);
}

static inline int cuts_set_up(void **state)
{
    struct cuts *c = calloc(1, sizeof *c);
    c->ctx = counting_ctx(&c->counting, NULL);
    c->random = 4711;
    c->build = np_cut_begin(c->ctx);
    assert_non_null(c->build);
    *state = c;
    return 0;
}

static const enum np_section cuts_sections[] = {NP_SECTION_CUT_ROOTS, NP_SECTION_CUT_NODES,
                                                NP_SECTION_CUT_LEAVES};

static inline void cuts_forget(struct cuts *c)
{
    for (size_t i = 0; i < 3; i++) {
        free((void *)(uintptr_t)c->image.section[cuts_sections[i]]);
    }
    memset(&c->image, 0, sizeof c->image);
}

static inline int cuts_tear_down(void **state)
{
    struct cuts *c = *state;
    cuts_forget(c);
    np_cut_free(c->build);
    netpol_ctx_destroy(c->ctx);
    int leaked = c->counting.blocks != 0 || c->counting.bad_size;
    free(c);
    return leaked;
}

/* The build's sections as an image has them: aligned, and exactly as large, for sanitizers. */
static inline void cuts_read(struct cuts *c)
{
    struct np_image_writer writer;
    memset(&writer, 0, sizeof writer);
    np_cut_sections(c->build, &writer);
    cuts_forget(c);
    for (size_t i = 0; i < 3; i++) {
        static const size_t element[] = {32, 4, 1};
        size_t bytes = (size_t)writer.sections[cuts_sections[i]].bytes;
        void *copy = NULL;
        assert_int_equal(posix_memalign(&copy, 64, bytes + !bytes), 0);
        if (bytes) {
            memcpy(copy, writer.sections[cuts_sections[i]].items, bytes);
        }
        c->image.section[cuts_sections[i]] = copy;
        c->image.count[cuts_sections[i]] = (uint32_t)(bytes / element[i]);
    }
}

/* ---- the oracle ---- */
static inline bool cuts_in(const uint64_t a[2], const uint64_t first[2], unsigned length,
                           unsigned family)
{
    unsigned skip = family == 4 ? 96 : 0; /* bits in front of an IPv4 address */
    for (unsigned i = 0; i < length; i++) {
        unsigned bit = skip + i, word = bit / 64, shift = 63 - bit % 64;
        if ((a[word] >> shift & 1) != (first[word] >> shift & 1)) {
            return false;
        }
    }
    return true;
}

static inline bool cuts_holds(const struct np_box *box, const struct np_cut_key *key)
{
    if (box->family != 0 &&
        (box->family != key->family || !cuts_in(key->src, box->src, box->src_length, box->family) ||
         !cuts_in(key->dst, box->dst, box->dst_length, box->family))) {
        return false;
    }
    if (!box->any_protocol && box->protocol != key->protocol) {
        return false;
    }
    return key->has_ports ? key->src_port >= box->src_first && key->src_port <= box->src_last &&
                                key->dst_port >= box->dst_first && key->dst_port <= box->dst_last
                          : box->no_ports != 0;
}

static inline uint32_t cuts_first(const struct np_box *boxes, size_t count, uint32_t otherwise,
                                  const struct np_cut_key *key)
{
    for (size_t i = 0; i < count; i++) {
        if (cuts_holds(&boxes[i], key)) {
            return boxes[i].value;
        }
    }
    return otherwise;
}

/* ---- made-up lists ---- */
struct cuts_shape {
    unsigned addresses; /* distinct ones, few: much overlaps */
    unsigned wide;      /* percent of ends that are anything */
    unsigned ports;     /* percent of port ranges that say something */
    unsigned families;  /* bits: 1 IPv4, 2 IPv6, 4 any */
    bool falling;       /* values fall along the list */
    bool short_prefixes;
};

static inline void cuts_address(struct cuts *c, const struct cuts_shape *shape, uint64_t out[2],
                                uint8_t *length, unsigned family)
{
    uint64_t n = cuts_draw(c, shape->addresses) * UINT64_C(0x9e3779b97f4a7c15);
    unsigned width = family == 6 ? 128 : 32;
    *length = cuts_draw(c, 100) < shape->wide ? 0
              : shape->short_prefixes         ? (uint8_t)cuts_draw(c, width + 1)
                                              : (uint8_t)(width - cuts_draw(c, width / 2));
    out[0] = family == 6 ? n : 0;
    out[1] = family == 6 ? n << 17 ^ n >> 3 : n >> 32;
    for (unsigned i = *length; i < width; i++) {
        unsigned bit = family == 6 ? i : 96 + i;
        out[bit / 64] &= ~(UINT64_C(1) << (63 - bit % 64));
    }
}

static inline void cuts_ports(struct cuts *c, const struct cuts_shape *shape, uint16_t *first,
                              uint16_t *last)
{
    *first = 0;
    *last = UINT16_MAX;
    if (cuts_draw(c, 100) < shape->ports) {
        *first = (uint16_t)(cuts_draw(c, 4) ? cuts_draw(c, 200) : cuts_draw(c, 65536));
        *last = cuts_draw(c, 3) ? *first : (uint16_t)(*first + cuts_draw(c, 65536u - *first));
    }
}

static inline void cuts_boxes(struct cuts *c, const struct cuts_shape *shape, struct np_box *boxes,
                              size_t count)
{
    static const uint8_t protocols[] = {6, 6, 6, 17, 17, 1, 0, 255};
    for (size_t i = 0; i < count; i++) {
        struct np_box *box = &boxes[i];
        memset(box, 0, sizeof *box);
        do {
            box->family = (uint8_t[]){4, 6, 0}[cuts_draw(c, 3)];
        } while (!(shape->families & (box->family == 4 ? 1u : box->family == 6 ? 2u : 4u)));
        if (box->family) {
            cuts_address(c, shape, box->src, &box->src_length, box->family);
            cuts_address(c, shape, box->dst, &box->dst_length, box->family);
        }
        cuts_ports(c, shape, &box->src_first, &box->src_last);
        cuts_ports(c, shape, &box->dst_first, &box->dst_last);
        box->any_protocol = cuts_draw(c, 4) == 0;
        box->protocol = box->any_protocol ? 0 : protocols[cuts_draw(c, 8)];
        box->no_ports = cuts_draw(c, 3) == 0;
        box->value = (uint32_t)(shape->falling ? count - i : i);
    }
}

/* A bound of the box or anything in it, now and then just outside. */
static inline void cuts_touch(struct cuts *c, const uint64_t first[2], unsigned length,
                              unsigned family, uint64_t out[2])
{
    unsigned skip = family == 4 ? 96 : 0, kind = cuts_draw(c, 4);
    out[0] = first[0];
    out[1] = first[1];
    for (unsigned bit = skip + length; bit < 128; bit++) {
        uint64_t one = kind == 0 ? 0 : kind == 1 ? 1 : cuts_draw(c, 2);
        out[bit / 64] |= one << (63 - bit % 64);
    }
    if (cuts_draw(c, 8) == 0) {
        out[1] += cuts_draw(c, 2) ? 1 : UINT64_MAX;
        out[1] &= family == 4 ? UINT32_MAX : UINT64_MAX;
    }
}

static inline struct np_cut_key cuts_key(struct cuts *c, const struct np_box *boxes, size_t count)
{
    struct np_box any, *box = &any;
    struct np_cut_key key;
    memset(&key, 0, sizeof key);
    memset(&any, 0, sizeof any);
    any.src_last = any.dst_last = UINT16_MAX;
    if (count && cuts_draw(c, 10)) {
        any = boxes[cuts_draw(c, (uint32_t)count)];
    }
    key.family = box->family ? box->family : (uint8_t[]){4, 6, 0}[cuts_draw(c, 3)];
    if (key.family) {
        bool known = box->family != 0;
        cuts_touch(c, box->src, known ? box->src_length : 0, key.family, key.src);
        cuts_touch(c, box->dst, known ? box->dst_length : 0, key.family, key.dst);
    }
    key.has_ports = cuts_draw(c, 4) != 0;
    key.src_port = cuts_draw(c, 2) ? box->src_first : box->src_last;
    key.dst_port = cuts_draw(c, 2) ? box->dst_first : box->dst_last;
    key.src_port = (uint16_t)(key.src_port + (cuts_draw(c, 8) == 0));
    key.dst_port = (uint16_t)(key.dst_port - (cuts_draw(c, 8) == 0));
    key.protocol =
        box->any_protocol || !cuts_draw(c, 8) ? (uint8_t)cuts_draw(c, 256) : box->protocol;
    return key;
}

/* Builds the tree, and asks every variant so many keys, one by one and as a batch. */
static inline void cuts_compare(struct cuts *c, const struct np_box *boxes, size_t count,
                                uint32_t otherwise, size_t keys)
{
    enum { MOST = 512 };
    static struct np_cut_key asked[MOST];
    uint32_t due[MOST], got[MOST], root;
    assert_int_equal(np_cut_add(c->build, boxes, count, otherwise, &root), NETPOL_OK);
    cuts_read(c);
    assert_true(np_cut_valid(&c->image, root, UINT32_MAX));
    for (size_t done = 0; done < keys; done += MOST) {
        size_t n = keys - done < MOST ? keys - done : MOST;
        for (size_t i = 0; i < n; i++) {
            asked[i] = cuts_key(c, boxes, count);
            due[i] = cuts_first(boxes, count, otherwise, &asked[i]);
        }
        for (int v = 0; v < NP_SIMD_COUNT; v++) {
            if (!np_simd_use((enum np_simd)v)) {
                continue;
            }
            for (size_t i = 0; i < n; i++) {
                got[i] = np_cut_find(&c->image, root, &asked[i]);
                if (got[i] != due[i]) {
                    fail_msg("variant %d, key %zu: %u, not %u", v, i, got[i], due[i]);
                }
            }
            memset(got, 0xee, sizeof got);
            np_cut_find_batch(&c->image, root, asked, got, n);
            for (size_t i = 0; i < n; i++) {
                if (got[i] != due[i]) {
                    fail_msg("batch of variant %d, key %zu: %u, not %u", v, i, got[i], due[i]);
                }
            }
        }
    }
}
#endif
