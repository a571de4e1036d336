/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that judge: every index that a lookup can form is inside the table it points into.
 *
 * A lookup adds numbers from different tables (a row and a column, a side's first part and an
 * ordinal), so what is checked is that the largest of one and the largest of the other fit
 * together. That refuses nothing that the writer makes (it pads), holds for whatever combination
 * a hostile image brings about, and needs one pass over each table.
 */
#include "image/cut_layout.h"
#include "image/layout.h"

enum {
    PART_FLAGS = NETPOL_PART_LOG | NETPOL_PART_AUDIT | NETPOL_PART_WOULD_DENY |
                 NETPOL_PART_AUTH_REQUIRED | NETPOL_PART_REDIRECT | NETPOL_PART_JUDGED |
                 NETPOL_PART_UNTRACKED | NETPOL_PART_SHARED_ADDRESS | NETPOL_PART_INCOMPLETE |
                 NETPOL_PART_STAGED_ALLOW | NETPOL_PART_STAGED_INSPECT |
                 NETPOL_PART_STAGED_UNKNOWN | NETPOL_PART_STAGED_DENY,
    IMAGE_FLAGS = NP_IMAGE_WIDE_PORTS | NP_IMAGE_RELATIONS | NP_IMAGE_EGRESS | NP_IMAGE_INGRESS |
                  NP_IMAGE_MESH | NP_IMAGE_MAPPED_DENY | NP_IMAGE_SHARED_UNKNOWN | NP_IMAGE_NODES |
                  NP_IMAGE_RELATIVE | NP_IMAGE_DUAL_WORLD,
#define NETPOL_MISSING_BIT(name, bit, text) | 1 << (bit)
    MISSING = 0 NETPOL_MISSING_MAP(NETPOL_MISSING_BIT),
#undef NETPOL_MISSING_BIT
    FIRST_SIDE = NP_SECTION_SIDE_EGRESS
};
_Static_assert(NP_SECTION_SIDE_INGRESS == FIRST_SIDE + NP_SIDE_INGRESS &&
                   NP_SECTION_SIDE_MESH == FIRST_SIDE + NP_SIDE_MESH,
               "sections of sides are in the order of sides");

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The largest of the numbers at items, each `width` (1, 2) bytes. */
static uint32_t largest(const void *items, size_t count, unsigned width)
{
    const uint8_t *bytes = items;
    const uint16_t *words = items;
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most = larger(most, width == 2 ? words[i] : bytes[i]);
    }
    return most;
}

/* The largest of every field of sides, and of rows. */
static struct np_side furthest(const struct np_image *image)
{
    struct np_side most = {0};
    for (int side = 0; side < NP_SIDES; side++) {
        const struct np_side *sides = image->section[FIRST_SIDE + side];
        for (uint32_t i = 0; i < image->count[FIRST_SIDE + side]; i++) {
            most.ports = larger(most.ports, sides[i].ports);
            most.parts = larger(most.parts, sides[i].parts);
            most.base = larger(most.base, sides[i].base);
            most.row = larger(most.row, sides[i].row);
        }
    }
    const struct np_row *rows = image->section[NP_SECTION_REL_ROWS];
    for (uint32_t i = 0; i < image->count[NP_SECTION_REL_ROWS]; i++) {
        most.base = larger(most.base, rows[i].base);
        most.row = larger(most.row, rows[i].row);
    }
    const struct np_comb *comb = image->section[NP_SECTION_COMB];
    for (uint32_t i = 0; i < image->count[NP_SECTION_COMB]; i++) {
        most.row = larger(most.row, comb[i].row);
    }
    return most;
}

static struct np_reach reach_of(const struct np_image *image, const struct np_side *most)
{
    unsigned width = image->header->flags & NP_IMAGE_WIDE_PORTS ? 2 : 1;
    uint32_t column = largest(image->section[NP_SECTION_PORT_MAPS],
                              image->count[NP_SECTION_PORT_MAPS] / width, width);
    uint32_t cell = largest(image->section[NP_SECTION_CELLS], image->count[NP_SECTION_CELLS], 2);
    return (struct np_reach){.cells = (uint64_t)most->row + column + 1,
                             .parts = (uint64_t)most->parts + cell + 1};
}

struct np_reach np_image_reach(const struct np_image *image)
{
    struct np_side most = furthest(image);
    return reach_of(image, &most);
}

/* Where sides have variants, each has all of them. */
static bool variants_valid(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    const uint32_t *first = image->section[NP_SECTION_SIDE_REL];
    uint64_t sides = header->flags & NP_IMAGE_RELATIONS ? (uint64_t)NP_SIDES * header->n_near : 0;
    bool valid = image->count[NP_SECTION_SIDE_REL] == sides;
    for (uint32_t i = 0; i < image->count[NP_SECTION_SIDE_REL] && valid; i++) {
        valid = (uint64_t)first[i] + NP_VARIANTS <= image->count[NP_SECTION_REL_ROWS];
    }
    return valid;
}

static const char *sides_wrong(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    if (header->n_near == 0 || header->n_near > header->n_signatures) {
        return "the number of subjects does not fit";
    }
    if (!variants_valid(image)) {
        return "a subject's variants are outside";
    }
    for (unsigned side = 0; side < NP_SIDES; side++) {
        uint32_t entries = np_side_judges(header->flags, side) ? header->n_near : 1;
        if (image->count[FIRST_SIDE + side] != entries) {
            return "a table of subjects has another length";
        }
    }
    unsigned width = header->flags & NP_IMAGE_WIDE_PORTS ? 2 : 1;
    struct np_side most = furthest(image);
    if ((uint64_t)most.ports + header->n_port_classes >
        image->count[NP_SECTION_PORT_MAPS] / width) {
        return "a subject's port map is outside";
    }
    if ((uint64_t)most.base + header->n_classes > image->count[NP_SECTION_COMB]) {
        return "a subject's row of classes is outside";
    }
    struct np_reach reach = reach_of(image, &most);
    if (reach.cells > image->count[NP_SECTION_CELLS]) {
        return "a row of cells is outside";
    }
    if (reach.parts > image->count[NP_SECTION_PARTS] ||
        image->count[NP_SECTION_MISSING] < image->count[NP_SECTION_PARTS]) {
        return "a cell's answer is outside";
    }
    return NULL;
}

static bool is_rule(const struct np_image *image, uint32_t rule)
{
    return rule == 0 || rule < image->header->n_rules;
}

static const char *parts_wrong(const struct np_image *image)
{
    const struct netpol_part *parts = image->section[NP_SECTION_PARTS];
    const uint32_t *missing = image->section[NP_SECTION_MISSING];
    uint32_t roots = image->count[NP_SECTION_CUT_ROOTS], trees = 0;
    for (uint32_t i = 0; i < image->count[NP_SECTION_PARTS]; i++) {
        const struct netpol_part *part = &parts[i];
        bool residual = part->flags & NP_PART_RESIDUAL;
        if (part->action >= NETPOL_ACTION_COUNT || part->reason >= NETPOL_REASON_COUNT ||
            (part->flags & ~(PART_FLAGS | NP_PART_RESIDUAL)) || (missing[i] & ~(uint32_t)MISSING)) {
            return "an answer has a value that does not exist";
        }
        if ((residual ? part->rule >= roots : !is_rule(image, part->rule)) ||
            !is_rule(image, part->staged)) {
            return "an answer names a rule that does not exist";
        }
        if (part->program && part->program >= image->count[NP_SECTION_PROGRAMS]) {
            return "an answer names a program that does not exist";
        }
        trees += residual;
    }
    return trees < image->count[NP_SECTION_PARTS] ? NULL : "there is no answer but trees";
}

static bool is_block(const struct np_image *image, uint32_t part)
{
    const uint32_t *blocks = image->section[NP_SECTION_BLOCKS];
    return blocks[part / 32] >> part % 32 & 1;
}

static bool blocks_valid(const struct np_image *image)
{
    if (image->count[NP_SECTION_BLOCKS] != ((uint64_t)image->count[NP_SECTION_PARTS] + 31) / 32) {
        return false;
    }
    for (int side = 0; side < NP_SIDES; side++) {
        const struct np_side *sides = image->section[FIRST_SIDE + side];
        for (uint32_t i = 0; i < image->count[FIRST_SIDE + side]; i++) {
            if (!is_block(image, sides[i].parts)) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Trees are sound in themselves, and their values are ordinals wherever they are reached from: a
 * side that reaches a part begins its parts at or before it, so at the latest where BLOCKS says
 * that the last block before it begins.
 */
static const char *cuts_wrong(const struct np_image *image)
{
    const struct np_cut_root *roots = image->section[NP_SECTION_CUT_ROOTS];
    const struct netpol_part *parts = image->section[NP_SECTION_PARTS];
    uint32_t count = image->count[NP_SECTION_PARTS], block = 0;
    if (!blocks_valid(image)) {
        return "a subject's answers begin where none should";
    }
    for (uint32_t root = 0; root < image->count[NP_SECTION_CUT_ROOTS]; root++) {
        if (!np_cut_valid(image, root, count)) {
            return "a residual tree leads outside";
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        block = is_block(image, i) ? i : block;
        if ((parts[i].flags & NP_PART_RESIDUAL) && roots[parts[i].rule].values > count - block) {
            return "a residual tree's answer is outside";
        }
    }
    return NULL;
}

const char *np_validate_tables(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    const uint32_t *classes = image->section[NP_SECTION_SIG_CLASS];
    if (header->flags & ~(uint32_t)IMAGE_FLAGS) {
        return "the image has flags that do not exist";
    }
    if (header->n_signatures < NP_SIG_FIRST || header->n_signatures >= NP_SIG_SHARED ||
        header->n_signatures != image->count[NP_SECTION_SIG_CLASS]) {
        return "the number of signatures does not fit";
    }
    for (uint32_t i = 0; i < header->n_signatures; i++) {
        if ((classes[i] & NP_SIG_CLASS_MASK) >= header->n_classes) {
            return "a signature's class does not exist";
        }
    }
    const char *wrong = sides_wrong(image);
    wrong = wrong ? wrong : parts_wrong(image);
    return wrong ? wrong : cuts_wrong(image);
}
