/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_CUT_H
#define NP_IMAGE_CUT_H
/*
 * Residual trees: an ordered list of boxes over (source, destination, source port, destination
 * port, protocol); the first box that holds the packet gives the value, none of them the default.
 *
 * Split into few groups by which address fields are narrow (that stops replication), each an
 * aligned multi-bit cut tree with a replication budget; leaves of a few boxes, stored as structure
 * of arrays and compared by SIMD (a scalar twin says the same); groups in order of their best box,
 * so that a hit stops the search. cut_build.c and match/cut.c say more.
 */
#include "image/image.h"

struct np_box {              /* IPv4, or IPv6 with family 6; bounds included */
    uint64_t src[2], dst[2]; /* first address as two numbers, big end first; IPv4: in [1] */
    uint8_t src_length, dst_length;
    uint8_t family; /* 4, 6; 0: any (then both lengths are 0) */
    uint8_t protocol, any_protocol;
    uint8_t no_ports; /* 1: also holds for packets without ports (fragments) */
    uint16_t src_first, src_last, dst_first, dst_last;
    uint32_t value; /* ordinal */
};
struct np_cut_build;
struct np_cut_build *np_cut_begin(const struct netpol_ctx *ctx); /* NULL: no memory */
void np_cut_free(struct np_cut_build *cuts);
/* Adds one tree; *root is its number. OK, ERR_MEMORY, ERR_LIMIT. O(n log n) in usual lists. */
int np_cut_add(struct np_cut_build *cuts, const struct np_box *boxes, size_t count,
               uint32_t otherwise, uint32_t *root);
/* The three sections, borrowed until np_cut_free. */
void np_cut_sections(const struct np_cut_build *cuts, struct np_image_writer *writer);
/* Every path of the tree ends, within the sections, at values below its own bound, and that is at
 * most `values`. */
bool np_cut_valid(const struct np_image *image, uint32_t root, uint32_t values);

/* What a tree is asked. */
struct np_cut_key {
    uint64_t src[2], dst[2];
    uint16_t src_port, dst_port;
    uint8_t family, protocol, has_ports;
};
#endif
