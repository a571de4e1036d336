/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing an image: the sections one behind the other, what is between them zero, so that the same
 * sections give the same bytes.
 */
#include "image/layout.h"

/* The byte before an aligned block says how far behind the allocator's block it begins. */
void *np_image_alloc(const struct netpol_ctx *ctx, size_t size)
{
    if (size > SIZE_MAX - NP_IMAGE_ALIGN) {
        return NULL;
    }
    unsigned char *block = np_alloc(ctx, size + NP_IMAGE_ALIGN);
    if (!block) {
        return NULL;
    }
    size_t skip = NP_IMAGE_ALIGN - (uintptr_t)block % NP_IMAGE_ALIGN;
    block[skip - 1] = (unsigned char)skip;
    return block + skip;
}

void np_image_free(const struct netpol_ctx *ctx, void *bytes, size_t size)
{
    if (bytes) {
        unsigned char *start = bytes;
        np_free(ctx, start - start[-1], size + NP_IMAGE_ALIGN);
    }
}

static uint64_t at_least(uint64_t bytes, enum np_section section, uint64_t elements)
{
    uint64_t due = elements * np_section_shapes[section].element;
    return bytes < due ? due : bytes;
}

/* Sizes as given, and what np_image_reach asks for behind. */
static void size_sections(struct np_image_writer *writer)
{
    struct np_image view = {.header = &writer->header};
    struct np_image_section *sections = writer->header.sections;
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        sections[i].bytes = writer->sections[i].bytes;
        view.section[i] = writer->sections[i].items;
        view.count[i] = (uint32_t)(writer->sections[i].bytes / np_section_shapes[i].element);
    }
    struct np_reach reach = np_image_reach(&view);
    uint64_t *cells = &sections[NP_SECTION_CELLS].bytes, *parts = &sections[NP_SECTION_PARTS].bytes;
    *cells = at_least(*cells, NP_SECTION_CELLS, reach.cells);
    *parts = at_least(*parts, NP_SECTION_PARTS, reach.parts);
    uint64_t *missing = &sections[NP_SECTION_MISSING].bytes;
    uint64_t n_parts = *parts / sizeof(struct netpol_part);
    *missing = at_least(*missing, NP_SECTION_MISSING, n_parts);
    sections[NP_SECTION_BLOCKS].bytes = (n_parts + 31) / 32 * sizeof(uint32_t);
}

/* Parts that no side has, met only by what is broken: they deny. */
static void fill_parts(struct netpol_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct netpol_part){.action = NETPOL_DENY, .reason = NETPOL_REASON_INVALID};
    }
}

/* Where the parts of sides begin. */
static void fill_blocks(const struct np_image_writer *writer, uint32_t *blocks)
{
    for (int side = 0; side < NP_SIDES; side++) {
        const struct np_side *sides = writer->sections[NP_SECTION_SIDE_EGRESS + side].items;
        uint64_t bytes = writer->sections[NP_SECTION_SIDE_EGRESS + side].bytes;
        for (size_t i = 0; i < bytes / sizeof *sides; i++) {
            blocks[sides[i].parts / 32] |= 1u << sides[i].parts % 32;
        }
    }
}

int np_image_write(struct np_image_writer *writer, void **bytes, size_t *size)
{
    struct np_image_header *header = &writer->header;
    memcpy(header->magic, NP_IMAGE_MAGIC, sizeof header->magic);
    header->version = NP_IMAGE_VERSION;
    header->header_bytes = sizeof *header;
    header->n_sections = NP_SECTION_COUNT;
    header->checksum = 0;
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        if (writer->sections[i].bytes > UINT32_MAX) {
            return NETPOL_ERR_LIMIT;
        }
    }
    size_sections(writer);
    np_image_layout(header);
    if (header->bytes > UINT32_MAX) {
        return NETPOL_ERR_LIMIT;
    }
    size_t total = (size_t)header->bytes;
    unsigned char *image = np_image_alloc(writer->ctx, total);
    if (!image) {
        return NETPOL_ERR_MEMORY;
    }
    memcpy(image, header, sizeof *header);
    size_t done = sizeof *header;
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        size_t at = (size_t)header->sections[i].offset;
        size_t count = i == NP_SECTION_BLOCKS ? 0 : (size_t)writer->sections[i].bytes;
        memset(image + done, 0, at - done);
        if (count > 0) {
            memcpy(image + at, writer->sections[i].items, count);
        }
        done = at + count;
    }
    memset(image + done, 0, total - done);
    struct np_image_section *parts = &header->sections[NP_SECTION_PARTS];
    uint64_t given = writer->sections[NP_SECTION_PARTS].bytes;
    fill_parts((struct netpol_part *)(void *)(image + parts->offset + given),
               (size_t)(parts->bytes - given) / sizeof(struct netpol_part));
    fill_blocks(writer, (uint32_t *)(void *)(image + header->sections[NP_SECTION_BLOCKS].offset));
    header->checksum = np_image_checksum(image, total);
    memcpy(image, header, sizeof *header);
    *bytes = image;
    *size = total;
    return NETPOL_OK;
}
