/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an image: is it one, is it whole, and then whether every index is inside. */
#include "image/layout.h"

const struct np_section_shape np_section_shapes[NP_SECTION_COUNT] = {
#define HOT                                                 false
#define COLD                                                true
#define NP_SECTION(name, element, bytes, temperature, what) {#name, bytes, temperature},
#include "image/sections.def"
#undef NP_SECTION
#undef HOT
#undef COLD
};

/* Elements that C knows are as long as the table of sections says. */
#define NP_SECTION(name, element, bytes, temperature, what) NP_BYTES_##name = (bytes),
enum {
#include "image/sections.def"
};
#undef NP_SECTION
_Static_assert(NP_BYTES_SIDE_EGRESS == sizeof(struct np_side), "side");
_Static_assert(NP_BYTES_REL_ROWS == sizeof(struct np_row), "row");
_Static_assert(NP_BYTES_COMB == sizeof(struct np_comb), "comb");
_Static_assert(NP_BYTES_PARTS == sizeof(struct netpol_part), "part");
_Static_assert(NP_BYTES_SLOTS4 == sizeof(struct np_slot4), "slot4");
_Static_assert(NP_BYTES_SLOTS6 == sizeof(struct np_slot6), "slot6");
_Static_assert(NP_BYTES_REFS == sizeof(struct np_slot_ref), "slot ref");
_Static_assert(NP_BYTES_OWN == sizeof(struct np_own), "own");
_Static_assert(NP_BYTES_SHARED == sizeof(struct np_shared), "shared");
_Static_assert(NP_BYTES_RULES == sizeof(struct np_rule_record), "rule");
_Static_assert(NP_BYTES_PROGRAMS == sizeof(struct np_program_record), "program");
_Static_assert(NP_BYTES_OPTIONS == sizeof(struct np_pair_record), "pair");
_Static_assert(NP_BYTES_ENDPOINTS == sizeof(struct np_endpoint_record), "endpoint");
_Static_assert(NP_BYTES_IDENTITIES == sizeof(struct np_identity_record), "identity");
_Static_assert(NP_BYTES_IDENTITY_PREFIXES == sizeof(struct np_identity_prefix), "prefix");
_Static_assert(NP_BYTES_COMBOS == sizeof(struct np_combo), "combo");
_Static_assert(sizeof(struct np_image_header) % 8 == 0, "no padding at the end");

static uint64_t aligned(uint64_t offset, uint64_t to)
{
    return (offset + to - 1) & ~(to - 1);
}

void np_image_layout(struct np_image_header *header)
{
    uint64_t at = sizeof *header;
    bool cold = false;
    header->hot_bytes = 0;
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        at = aligned(at, NP_IMAGE_ALIGN);
        if (np_section_shapes[i].cold && !cold) {
            header->hot_bytes = at;
            at = aligned(at, NP_IMAGE_PAGE);
            cold = true;
        }
        header->sections[i].offset = at;
        at += header->sections[i].bytes;
    }
    header->bytes = aligned(at, NP_IMAGE_ALIGN);
}

void np_image_view(const void *bytes, struct np_image *out)
{
    *out = (struct np_image){.header = bytes, .bytes = bytes};
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        const struct np_image_section *section = &out->header->sections[i];
        out->section[i] = out->bytes + section->offset;
        out->count[i] = (uint32_t)(section->bytes / np_section_shapes[i].element);
    }
}

uint64_t np_image_checksum(const void *bytes, size_t size)
{
    static const char nothing[sizeof(uint64_t)];
    const size_t at = offsetof(struct np_image_header, checksum), behind = at + sizeof nothing;
    if (size < behind) {
        return 0;
    }
    const char *start = bytes;
    const struct np_slice parts[] = {
        {start,          at            },
        {nothing,        sizeof nothing},
        {start + behind, size - behind }
    };
    return np_hash_parts(parts, sizeof parts / sizeof *parts);
}

/* The sections lie as the writer would lay them. */
static const char *sections_wrong(const struct np_image_header *header)
{
    struct np_image_header due = *header;
    for (int i = 0; i < NP_SECTION_COUNT; i++) {
        uint64_t bytes = header->sections[i].bytes;
        if (bytes > header->bytes || bytes % np_section_shapes[i].element != 0) {
            return "a section has an impossible size";
        }
    }
    np_image_layout(&due);
    if (due.bytes != header->bytes || due.hot_bytes != header->hot_bytes ||
        memcmp(due.sections, header->sections, sizeof due.sections) != 0) {
        return "the sections do not lie one behind the other";
    }
    return NULL;
}

static int header_judge(const struct np_image_header *header, size_t size, const char **why)
{
    if (memcmp(header->magic, NP_IMAGE_MAGIC, sizeof header->magic) != 0) {
        *why = "not an image of a compiled policy";
        return NETPOL_ERR_INPUT;
    }
    const uint16_t one = 1;
    if (*(const unsigned char *)&one != 1) {
        *why = "images can be used on little-endian machines only";
        return NETPOL_ERR_UNSUPPORTED;
    }
    if (header->version != NP_IMAGE_VERSION || header->header_bytes != sizeof *header ||
        header->n_sections != NP_SECTION_COUNT) {
        *why = "the image is of another version";
        return NETPOL_ERR_UNSUPPORTED;
    }
    *why = NULL;
    if (header->bytes != size || size > UINT32_MAX) {
        *why = "the image is truncated, or has something behind it";
    } else if (header->checksum != np_image_checksum(header, size)) {
        *why = "the image is damaged: its checksum is wrong";
    } else {
        *why = sections_wrong(header);
    }
    return *why ? NETPOL_ERR_INPUT : NETPOL_OK;
}

int np_image_open(const void *bytes, size_t size, struct np_image *out, const char **why)
{
    const char *wrong = NULL;
    int status = NETPOL_ERR_INPUT;
    if (size < sizeof(struct np_image_header)) {
        wrong = "too short to be an image of a compiled policy";
    } else if ((uintptr_t)bytes % sizeof(uint64_t) != 0) {
        wrong = "the bytes do not begin at a multiple of 8";
    } else {
        status = header_judge(bytes, size, &wrong);
    }
    if (!wrong) {
        const char *(*const judges[])(const struct np_image *) = {
            np_validate_tables, np_validate_ports, np_validate_ends, np_validate_cold,
            np_validate_identities};
        np_image_view(bytes, out);
        for (size_t i = 0; i < sizeof judges / sizeof *judges && !wrong; i++) {
            wrong = judges[i](out);
        }
        status = wrong ? NETPOL_ERR_INPUT : NETPOL_OK;
    }
    if (why) {
        *why = wrong ? wrong : "";
    }
    return status;
}
