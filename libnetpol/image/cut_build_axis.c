/* SPDX-License-Identifier: Apache-2.0 */
/* Lays out axes: from an address to its place among the borders. See cut_layout.h. */
#include "image/cut_internal.h"
#include <stdlib.h>

static int compare(const void *left, const void *right)
{
    const struct np_cut_address *a = left, *b = right;
    return np_cut_before(*a, *b) ? -1 : np_cut_before(*b, *a);
}

uint32_t np_cut_place(const struct np_cut_address *borders, size_t count,
                      struct np_cut_address address)
{
    size_t from = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (np_cut_before(borders[from + half], address)) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return (uint32_t)from;
}

/* One level: key i is the border with the number that key_of says, or the pad. */
static int add_level(struct np_cut_build *cuts, const struct np_cut_address *borders, size_t count,
                     uint32_t nodes, size_t below, uint32_t *at)
{
    int status = np_cut_words(cuts, (size_t)nodes * NP_CUT_NODE, 16, at);
    for (size_t i = 0; i < (size_t)nodes * NP_CUT_NODE && status == NETPOL_OK; i++) {
        /* Borders under one child are `below`; a node's last child needs no key. */
        size_t child = i / NP_CUT_NODE * NP_CUT_CHILDREN + i % NP_CUT_NODE;
        size_t border = below ? (child + 1) * below - 1 : i;
        bool real = border < (below ? count - 1 : count);
        cuts->nodes.items[*at + i] =
            real ? (uint32_t)borders[border].low ^ UINT32_C(0x80000000) : NP_CUT_BORDER_PAD;
    }
    return status;
}

static int add4(struct np_cut_build *cuts, const struct np_cut_address *borders, size_t count,
                struct np_cut_axis *axis)
{
    uint32_t nodes[NP_CUT_DEPTH];
    size_t below[NP_CUT_DEPTH]; /* from the bottom: borders under one child of a node */
    uint32_t depth = 1;
    nodes[0] = (uint32_t)((count + NP_CUT_NODE - 1) / NP_CUT_NODE);
    below[0] = 0;
    while (nodes[depth - 1] > 1) {
        if (depth == NP_CUT_DEPTH) {
            return NETPOL_ERR_LIMIT;
        }
        nodes[depth] = np_cut_above(nodes[depth - 1]);
        below[depth] = depth == 1 ? NP_CUT_NODE : below[depth - 1] * NP_CUT_CHILDREN;
        depth++;
    }
    int status = NETPOL_OK;
    axis->depth = depth;
    for (uint32_t l = 0; l < depth && status == NETPOL_OK; l++) {
        uint32_t up = depth - 1 - l;
        status = add_level(cuts, borders, count, nodes[up], below[up], &axis->at[l]);
    }
    return status;
}

static int add6(struct np_cut_build *cuts, const struct np_cut_address *borders, size_t count,
                struct np_cut_axis *axis)
{
    int status = np_cut_words(cuts, 4 * count, 4, &axis->at[0]);
    for (size_t i = 0; i < count && status == NETPOL_OK; i++) {
        uint32_t *words = cuts->nodes.items + axis->at[0] + 4 * i;
        words[0] = (uint32_t)(borders[i].high >> 32);
        words[1] = (uint32_t)borders[i].high;
        words[2] = (uint32_t)(borders[i].low >> 32);
        words[3] = (uint32_t)borders[i].low;
    }
    return status;
}

int np_cut_axis_make(struct np_cut_build *cuts, enum np_cut_family family,
                     struct np_cut_address *borders, size_t *count, struct np_cut_axis *axis)
{
    size_t kept = 0;
    if (*count == 0) {
        return NETPOL_OK;
    }
    qsort(borders, *count, sizeof *borders, compare);
    for (size_t i = 0; i < *count; i++) {
        if (i == 0 || np_cut_before(borders[kept - 1], borders[i])) {
            borders[kept++] = borders[i];
        }
    }
    *count = kept;
    axis->count = (uint32_t)kept;
    return family == NP_CUT_IPV4 ? add4(cuts, borders, kept, axis)
                                 : add6(cuts, borders, kept, axis);
}
