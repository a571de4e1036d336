/* SPDX-License-Identifier: Apache-2.0 */
/* Squeezes grids row by row: blocks of 64 cells as runs, each distinct one once; equal rows once.
 */
#include "image/cut_grid.h"

enum { NUMBERS_MAX = 65535 };

void np_cut_grid_begin(struct np_cut_grid_build *g, const struct netpol_ctx *ctx, size_t columns)
{
    *g = (struct np_cut_grid_build){.ctx = ctx, .columns = columns, .width = (columns + 63) / 64};
    np_map_init(&g->known_blocks, ctx);
    np_map_init(&g->known_rows, ctx);
}

void np_cut_grid_free(struct np_cut_grid_build *g)
{
    np_vec_free(g->ctx, &g->ids);
    np_vec_free(g->ctx, &g->blocks);
    np_vec_free(g->ctx, &g->runs);
    np_map_free(&g->known_blocks);
    np_map_free(&g->known_rows);
}

size_t np_cut_grid_bytes(const struct np_cut_grid_build *g)
{
    return g->ids.count * sizeof(uint16_t) + g->blocks.count * sizeof(struct np_cut_block) +
           g->runs.count * sizeof(uint16_t);
}

/* NULL: memory. The same content has the same number. */
static bool add_block(struct np_cut_grid_build *g, const uint16_t cells[64], uint16_t *id)
{
    bool added;
    struct np_slice key = {(const char *)cells, 64 * sizeof *cells};
    uint64_t *known = np_map_add(&g->known_blocks, key, &added);
    if (!known) {
        return false;
    }
    if (added) {
        struct np_cut_block *block = np_vec_push(g->ctx, &g->blocks);
        if (!block) {
            return false;
        }
        *block = (struct np_cut_block){.run = (uint32_t)g->runs.count};
        for (unsigned i = 0; i < 64; i++) {
            if (i > 0 && cells[i] == cells[i - 1]) {
                continue;
            }
            uint16_t *run = np_vec_push(g->ctx, &g->runs);
            if (!run) {
                return false;
            }
            *run = cells[i];
            block->starts |= i > 0 ? UINT64_C(1) << i : 0;
        }
        *known = g->blocks.count - 1;
    }
    *id = (uint16_t)*known;
    return true;
}

bool np_cut_grid_row(struct np_cut_grid_build *g, const uint16_t *cells, bool share, uint16_t *row)
{
    size_t begin = g->ids.count;
    for (size_t at = 0; at < g->columns; at += 64) {
        uint16_t block[64], *id = np_vec_push(g->ctx, &g->ids);
        size_t count = g->columns - at < 64 ? g->columns - at : 64;
        memcpy(block, cells + at, count * sizeof *block);
        for (size_t i = count; i < 64; i++) {
            block[i] = block[count - 1];
        }
        if (!id || !add_block(g, block, id)) {
            return false;
        }
        g->too_large |= g->blocks.count > NUMBERS_MAX;
    }
    uint64_t number = g->n_rows;
    if (share) {
        bool added;
        struct np_slice key = {(const char *)(g->ids.items + begin), g->width * sizeof(uint16_t)};
        uint64_t *known = np_map_add(&g->known_rows, key, &added);
        if (!known) {
            return false;
        }
        if (added) {
            *known = number;
        } else {
            g->ids.count = begin;
            number = *known;
        }
    }
    g->n_rows += number == g->n_rows;
    g->too_large |= g->n_rows > NUMBERS_MAX;
    *row = (uint16_t)number;
    return !g->too_large;
}

static int put(struct np_cut_build *cuts, const void *items, size_t bytes, uint32_t *at)
{
    int status = np_cut_words(cuts, (bytes + 3) / 4, 16, at);
    if (status == NETPOL_OK && bytes) {
        memcpy(cuts->nodes.items + *at, items, bytes);
    }
    return status;
}

int np_cut_grid_put(const struct np_cut_grid_build *g, struct np_cut_build *cuts,
                    struct np_cut_grid *grid)
{
    grid->width = (uint32_t)g->width;
    grid->n_blocks = (uint32_t)g->blocks.count;
    grid->n_runs = (uint32_t)g->runs.count;
    int status = put(cuts, g->ids.items, g->ids.count * sizeof *g->ids.items, &grid->ids);
    if (status == NETPOL_OK) {
        status =
            put(cuts, g->blocks.items, g->blocks.count * sizeof *g->blocks.items, &grid->blocks);
    }
    return status == NETPOL_OK
               ? put(cuts, g->runs.items, g->runs.count * sizeof *g->runs.items, &grid->runs)
               : status;
}
