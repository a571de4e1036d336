/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_IMAGE_SEED_H
#define NP_TESTS_IMAGE_SEED_H
/*
 * A small image written by hand, with something in nearly every section: two pods and a block of
 * addresses, one subject under a policy for TCP 80, one under two lists of boxes. For tests and
 * fuzz targets.
 */
#include "image/cut.h"
#include "image/image.h"
#include "image/project.h"
#include "image/trie.h"

#include <netpol/identity.h>

enum {
    SEED_SIGNATURES = 6,
    SEED_NEAR = 5,
    SEED_CLASSES = 3,
    SEED_COLUMNS = 2,
    SEED_RULES = 3,
    SEED_IDENTITIES = 4,
    SEED_BOXES = 60
};

struct seed {
    uint32_t sig_class[SEED_SIGNATURES];
    struct np_side side[NP_SIDES][SEED_NEAR];
    uint32_t side_rel[NP_SIDES * SEED_NEAR];
    struct np_row rel_rows[2 * NP_VARIANTS];
    struct np_comb comb[12];
    uint16_t port_kinds[3 * NP_PORT_KINDS * 256], port_dirs[256], port_pages[2 * 256];
    uint8_t port_maps[2 * 2];
    uint16_t cells[4];
    struct netpol_part parts[8];
    uint32_t missing[8];
    struct np_trie trie4, trie6;
    struct np_slot4 slots4[8];
    struct np_slot6 slots6[4];
    struct np_slot_ref refs[4];
    struct np_own own[4];
    struct np_shared shared[2];
    struct np_rule_record rules[SEED_RULES];
    struct np_program_record programs[2];
    struct np_pair_record options[1];
    uint32_t nodes[1];
    struct np_endpoint_record endpoints[2];
    struct np_combo combos[2];
    struct np_identity_record identities[SEED_IDENTITIES];
    struct np_identity_prefix identity_prefixes[2];
    uint32_t identity_labels[5];
    struct np_project_build *projection;
    struct np_kinds_build *kinds;
    struct np_cut_build *cuts;
    struct np_image_writer writer;
};

static const char seed_strings[] = "\0profile\0kubernetes\0prod\0web";

static inline void seed_tables(struct seed *s)
{
    static const uint32_t classes[SEED_SIGNATURES] = {0, 0, 0, 1, 2 | NP_SIG_FAMILY4 << 24, 0};
    memcpy(s->sig_class, classes, sizeof classes);
    for (int side = 0; side < NP_SIDES; side++) {
        for (int i = 0; i < SEED_NEAR; i++) {
            s->side[side][i] = (struct np_side){.base = 1};
        }
    }
    s->side[NP_SIDE_INGRESS][3] = (struct np_side){.ports = 2, .parts = 1, .base = 4, .row = 0};
    for (int i = 0; i < 2 * NP_VARIANTS; i++) {
        s->rel_rows[i] = (struct np_row){.base = 1};
    }
    s->side_rel[NP_SIDE_INGRESS * SEED_NEAR + 3] = NP_VARIANTS;
    s->rel_rows[NP_VARIANTS] = (struct np_row){.base = 4, .row = 0};
    s->comb[4 + 2] = (struct np_comb){.base = 4, .row = 2};
    s->port_maps[2 + 1] = 1;
    s->cells[1] = 0;
    s->cells[2] = 0;
    s->cells[3] = 1;
    s->parts[1] = (struct netpol_part){.action = NETPOL_DENY,
                                       .reason = NETPOL_REASON_ISOLATED,
                                       .flags = NETPOL_PART_JUDGED,
                                       .rule = 1};
    s->parts[2] = (struct netpol_part){
        .reason = NETPOL_REASON_RULE, .flags = NETPOL_PART_JUDGED, .rule = 2, .program = 1};
    s->parts[3] = (struct netpol_part){.action = NETPOL_UNKNOWN, .reason = NETPOL_REASON_MISSING};
    s->missing[3] = NETPOL_MISSING_NODE;
    s->side[NP_SIDE_EGRESS][4] = (struct np_side){.parts = 4, .base = 1};
    s->side[NP_SIDE_INGRESS][4] = (struct np_side){.parts = 5, .base = 1};
    s->parts[4] = (struct netpol_part){.flags = NP_PART_RESIDUAL, .rule = 0};
    s->parts[5] = (struct netpol_part){.flags = NP_PART_RESIDUAL, .rule = 1};
    s->parts[6] = s->parts[2];
    s->parts[7] = s->parts[1];
    for (int family = 0; family < 3; family++) {
        uint16_t *known = s->port_kinds + family * NP_PORT_KINDS * 256;
        for (int i = 0; i < 256; i++) {
            known[i] = NP_PORT_DIRECT;
        }
        known[6] = 0;
    }
    s->port_pages[256 + 80] = 1;
    s->port_dirs[0] = 1;
}

static inline void seed_ends(struct seed *s)
{
    uint32_t first = 0x0a000001, shared = 0x0a000003;
    s->slots4[np_slot4_at(first, 3)] =
        (struct np_slot4){(uint64_t)first << 32 | 3, (uint64_t)1 << 32 | 1};
    uint32_t at = np_slot4_at(shared, 3);
    at = s->slots4[at].key ? (at + 1) % 8 : at;
    s->slots4[at] = (struct np_slot4){(uint64_t)shared << 32 | NP_SIG_SHARED, 0};
    s->shared[0] = (struct np_shared){.signature = 3, .endpoint = 1, .node = 1};
    s->shared[1] = (struct np_shared){.signature = 4, .endpoint = 2, .last = 1};
    s->slots6[np_slot6_at(0xfd00ull << 48, 1, 2)] =
        (struct np_slot6){0xfd00ull << 48, 1, 3, (uint64_t)1 << 32 | 1};
    s->refs[np_slot_ref_at(77, 2)] = (struct np_slot_ref){
        .ref = 77,
        .who = (uint64_t)1 << 32 | 1,
        .signature = {3, 3, 3},
        .families = 3,
        .family = 4
    };
    s->own[np_slot_ref_at(77, 2)] =
        (struct np_own){.address4 = first, .high6 = 0xfd00ull << 48, .low6 = 1};
    s->rules[2] = (struct np_rule_record){.key = 9, .policy = 20, .rule = 25, .side = 1};
    s->programs[1] = (struct np_program_record){
        .listener = 25, .priority = 7, .parser = NETPOL_PARSER_HTTP, .auth = NETPOL_AUTH_REQUIRED};
    s->options[0] = (struct np_pair_record){1, 9};
    s->nodes[0] = 25;
    s->endpoints[0] = (struct np_endpoint_record){.ref = 77, .namespace_name = 20, .name = 25};
    s->endpoints[1] = (struct np_endpoint_record){.ref = 78, .namespace_name = 20, .node = 1};
    s->combos[0] = (struct np_combo){.kind = 1, .place = 5, .node = 1, .signature = 3};
}

/* The world, a label set, and a prefix within another one. */
static inline void seed_identities(struct seed *s)
{
    static const uint32_t labels[] = {9, 20, 25, 20, 9};
    s->identities[0] = (struct np_identity_record){.number = NETPOL_IDENTITY_WORLD, .n_labels = 1};
    s->identities[1] = (struct np_identity_record){
        .number = 300, .kind = NETPOL_IDENTITY_LABELS, .labels = 1, .n_labels = 2};
    for (uint32_t i = 2; i < SEED_IDENTITIES; i++) { /* 192.0.0.0/16 and 192.0.2.0/24 */
        s->identities[i] = (struct np_identity_record){.number = 16777215 + i,
                                                       .kind = NETPOL_IDENTITY_PREFIX,
                                                       .labels = 3,
                                                       .n_labels = i - 1,
                                                       .family = 4,
                                                       .length = (uint8_t)(8 * i)};
        s->identities[i].address[0] = 192;
    }
    s->identities[3].address[2] = 2;
    memcpy(s->identity_labels, labels, sizeof labels);
    s->identity_prefixes[0] = (struct np_identity_prefix){2, 0};
    s->identity_prefixes[1] = (struct np_identity_prefix){3, 1};
    s->endpoints[0].identity = 300;
}

static inline void seed_section(struct seed *s, enum np_section section, const void *items,
                                size_t bytes)
{
    s->writer.sections[section].items = items;
    s->writer.sections[section].bytes = bytes;
}

/* One label counts, and one kind of endpoint is known. false: no memory. */
static inline bool seed_projection(const struct netpol_ctx *ctx, struct seed *s)
{
    const struct np_slice app = {"app", 3}, web = {"web", 3};
    const uint64_t words[] = {0, 0, 7};
    const uint32_t *projection;
    const void *kinds;
    uint32_t kind;
    size_t count, size;
    s->projection = np_project_build(ctx);
    s->kinds = np_kinds_build(ctx);
    if (!s->projection || !s->kinds ||
        np_project_build_test(s->projection, NP_PROJECT_LABEL, app, NP_PROJECT_IS, web) ||
        np_project_build_write(s->projection, &projection, &count) ||
        np_kinds_build_add(s->kinds, words, 3, 0, &kind) ||
        np_kinds_build_write(s->kinds, &kinds, &size)) {
        return false;
    }
    seed_section(s, NP_SECTION_PROJECTION, projection, count * sizeof *projection);
    seed_section(s, NP_SECTION_KINDS, kinds, size);
    return true;
}

/* Lists of boxes: a short one, and one that is long enough to be searched. */
static inline bool seed_lists(const struct netpol_ctx *ctx, struct seed *s)
{
    struct np_box boxes[SEED_BOXES];
    uint32_t root;
    for (uint32_t i = 0; i < SEED_BOXES; i++) {
        bool six = i % 8 == 7;
        boxes[i] = (struct np_box){
            .src = {six ? 0x20010db8ull << 32 : 0, six ? i << 3 : 0xc0000200 + (i * 37 & 0xf0)},
            .dst = {six ? 0xfd00ull << 48 : 0,     six ? 1 : 0x0a000000 + (i * 11 & 0xc)      },
            .src_length = (uint8_t)(six ? 125 : 28),
            .dst_length = (uint8_t)(six ? 128 : 30 + i % 3),
            .family = six ? 6 : 4,
            .protocol = i % 2 ? 6 : 17,
            .any_protocol = i % 5 == 0,
            .src_last = (uint16_t)(i % 3 ? 65535 : 100 * i),
            .dst_first = (uint16_t)(i * 5),
            .dst_last = (uint16_t)(i * 7 + 20),
            .value = 1 + i % 2
        };
        boxes[i].dst[1] &= six ? UINT64_MAX : ~(uint64_t)3;
    }
    s->cuts = np_cut_begin(ctx);
    if (!s->cuts || np_cut_add(s->cuts, boxes, 5, 2, &root) != NETPOL_OK ||
        np_cut_add(s->cuts, boxes, SEED_BOXES, 2, &root) != NETPOL_OK) {
        return false;
    }
    np_cut_sections(s->cuts, &s->writer);
    return true;
}

/* Fills *s and its writer; false: no memory. seed_free gives back the tries. */
static inline bool seed_make(const struct netpol_ctx *ctx, struct seed *s)
{
    static const struct np_place4 places4[] = {
        {0,          5},
        {0xc0000200, 4},
        {0xc0000300, 5}
    };
    static const struct np_place6 places6[] = {
        {0,                   0, 5},
        {0x20010db8ull << 32, 0, 4}
    };
    *s = (struct seed){0};
    seed_tables(s);
    seed_ends(s);
    seed_identities(s);
    if (np_trie4_build(ctx, places4, 3, &s->trie4) != NETPOL_OK ||
        np_trie6_build(ctx, places6, 2, &s->trie6) != NETPOL_OK) {
        return false;
    }
    s->writer.ctx = ctx;
    s->writer.header =
        (struct np_image_header){.flags = NP_IMAGE_RELATIONS | NP_IMAGE_RELATIVE | NP_IMAGE_EGRESS |
                                          NP_IMAGE_INGRESS | NP_IMAGE_MESH,
                                 .n_signatures = SEED_SIGNATURES,
                                 .n_near = SEED_NEAR,
                                 .n_classes = SEED_CLASSES,
                                 .n_port_classes = SEED_COLUMNS,
                                 .n_rules = SEED_RULES,
                                 .slots4_bits = 3,
                                 .slots6_bits = 2,
                                 .refs_bits = 2,
                                 .trie4_bits = s->trie4.root_bits,
                                 .trie6_bits = s->trie6.root_bits,
                                 .slots4_probes = 3,
                                 .slots6_probes = 2,
                                 .refs_probes = 2,
                                 .next_identity = 301,
                                 .next_prefix = 16777221};
    seed_section(s, NP_SECTION_SIG_CLASS, s->sig_class, sizeof s->sig_class);
    for (int side = 0; side < NP_SIDES; side++) {
        seed_section(s, (enum np_section)(NP_SECTION_SIDE_EGRESS + side), s->side[side],
                     sizeof s->side[side]);
    }
    seed_section(s, NP_SECTION_SIDE_REL, s->side_rel, sizeof s->side_rel);
    seed_section(s, NP_SECTION_REL_ROWS, s->rel_rows, sizeof s->rel_rows);
    seed_section(s, NP_SECTION_COMB, s->comb, sizeof s->comb);
    seed_section(s, NP_SECTION_PORT_KINDS, s->port_kinds, sizeof s->port_kinds);
    seed_section(s, NP_SECTION_PORT_DIRS, s->port_dirs, sizeof s->port_dirs);
    seed_section(s, NP_SECTION_PORT_PAGES, s->port_pages, sizeof s->port_pages);
    seed_section(s, NP_SECTION_PORT_MAPS, s->port_maps, sizeof s->port_maps);
    seed_section(s, NP_SECTION_CELLS, s->cells, sizeof s->cells);
    seed_section(s, NP_SECTION_PARTS, s->parts, sizeof s->parts);
    seed_section(s, NP_SECTION_MISSING, s->missing, sizeof s->missing);
    seed_section(s, NP_SECTION_TRIE4, s->trie4.words, s->trie4.count * sizeof(uint32_t));
    seed_section(s, NP_SECTION_TRIE6, s->trie6.words, s->trie6.count * sizeof(uint32_t));
    seed_section(s, NP_SECTION_SLOTS4, s->slots4, sizeof s->slots4);
    seed_section(s, NP_SECTION_SLOTS6, s->slots6, sizeof s->slots6);
    seed_section(s, NP_SECTION_REFS, s->refs, sizeof s->refs);
    seed_section(s, NP_SECTION_OWN, s->own, sizeof s->own);
    seed_section(s, NP_SECTION_SHARED, s->shared, sizeof s->shared);
    seed_section(s, NP_SECTION_RULES, s->rules, sizeof s->rules);
    seed_section(s, NP_SECTION_PROGRAMS, s->programs, sizeof s->programs);
    seed_section(s, NP_SECTION_STRINGS, seed_strings, sizeof seed_strings);
    seed_section(s, NP_SECTION_OPTIONS, s->options, sizeof s->options);
    seed_section(s, NP_SECTION_NODES, s->nodes, sizeof s->nodes);
    seed_section(s, NP_SECTION_ENDPOINTS, s->endpoints, sizeof s->endpoints);
    seed_section(s, NP_SECTION_COMBOS, s->combos, sizeof s->combos);
    seed_section(s, NP_SECTION_IDENTITIES, s->identities, sizeof s->identities);
    seed_section(s, NP_SECTION_IDENTITY_LABELS, s->identity_labels, sizeof s->identity_labels);
    seed_section(s, NP_SECTION_IDENTITY_PREFIXES, s->identity_prefixes,
                 sizeof s->identity_prefixes);
    return seed_projection(ctx, s) && seed_lists(ctx, s);
}

static inline void seed_free(const struct netpol_ctx *ctx, struct seed *s)
{
    np_trie_free(ctx, &s->trie4);
    np_trie_free(ctx, &s->trie6);
    np_project_build_free(s->projection);
    np_kinds_build_free(s->kinds);
    np_cut_free(s->cuts);
}
#endif
