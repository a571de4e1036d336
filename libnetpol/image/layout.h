/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_LAYOUT_H
#define NP_IMAGE_LAYOUT_H
/* What the files of this room share: where sections lie, and the halves of the validation. */
#include "image/image.h"

struct np_section_shape {
    const char *name;
    uint32_t element; /* bytes of one */
    bool cold;
};
extern const struct np_section_shape np_section_shapes[NP_SECTION_COUNT];

/* Sets every offset, hot_bytes and bytes from the sections' sizes. */
void np_image_layout(struct np_image_header *header);
/* Typed pointers and counts; the section table must be as np_image_layout makes it. */
void np_image_view(const void *bytes, struct np_image *out);

/*
 * How far a lookup can reach into CELLS and PARTS. Rows, port maps and parts are shared between
 * sides, so it is the furthest row plus the furthest column that has to be inside, and the furthest
 * first part plus the highest ordinal: one pass over each table and no memory. The writer pads the
 * two sections by the little that this takes.
 */
struct np_reach {
    uint64_t cells, parts; /* elements that have to be there */
};
struct np_reach np_image_reach(const struct np_image *image);

/* Each returns NULL, or what is wrong. */
const char *np_validate_tables(const struct np_image *image); /* signatures, sides, rows, parts */
const char *np_validate_ports(const struct np_image *image);
const char *np_validate_ends(const struct np_image *image); /* endpoints, tries */
const char *np_validate_cold(const struct np_image *image);
const char *np_validate_identities(const struct np_image *image); /* after np_validate_cold */
#endif
