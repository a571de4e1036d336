/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_CUT_GRID_H
#define NP_IMAGE_CUT_GRID_H
/* A grid of numbers (struct np_cut_grid) while it is made. */
#include "image/cut_internal.h"

struct np_cut_grid_build {
    const struct netpol_ctx *ctx;
    size_t columns, width, n_rows;
    bool too_large; /* more blocks or rows than 16 bits can name */
    np_vec(uint16_t) ids;
    np_vec(struct np_cut_block) blocks;
    np_vec(uint16_t) runs;
    struct np_map known_blocks, known_rows;
};
void np_cut_grid_begin(struct np_cut_grid_build *g, const struct netpol_ctx *ctx, size_t columns);
/* One more row; share: *row may be an equal one. False: no memory, or too large. */
bool np_cut_grid_row(struct np_cut_grid_build *g, const uint16_t *cells, bool share, uint16_t *row);
size_t np_cut_grid_bytes(const struct np_cut_grid_build *g);
int np_cut_grid_put(const struct np_cut_grid_build *g, struct np_cut_build *cuts,
                    struct np_cut_grid *grid);
void np_cut_grid_free(struct np_cut_grid_build *g);
#endif
