/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_CUT_LAYOUT_H
#define NP_IMAGE_CUT_LAYOUT_H
/*
 * How residual trees lie in their three sections.
 *
 * First every field becomes small. The addresses at which some box begins or ends are the only ones
 * that matter, so an address is replaced by its PLACE: how many such borders lie before it. Places
 * are dense, of both families alike, and mostly fit 16 bits. An AXIS finds them: a tree of nodes of
 * 16 borders, each one cache line and one compare, as deep everywhere.
 *
 * A box is then five spans: places of source and destination, both ports, and protocol with
 * "no ports" as its lowest bit. What follows is looked up in up to two tables and up to four trees,
 * each of a part of the boxes; the earliest box found is the answer.
 *
 * TABLE, while it stays small: places, ports and protocols become classes (equal when the same
 * boxes remain), source and destination class give a row, ports and protocol a column, and the cell
 * is the answer. No compare, no branch. Both grids are squeezed: 64 cells in a row are a block,
 * equal blocks are one, and a block is only its runs of equal cells. Boxes that limit source ports
 * have a table of their own, for they would multiply the columns of all others.
 *
 * TREES: boxes in groups by which ends are narrow. In a group an entry says which bits of which
 * field lead to which next entry, or which leaf. A leaf is chunks of 8 boxes in list order, each of
 * three cache lines: the lower bounds of the four spans, their widths, then protocols and orders.
 *
 * Offsets count from the start of a section: in 32-bit words in CUT_NODES, entries (two words) too,
 * chunks in CUT_LEAVES.
 */
#include "image/cut.h"

enum np_cut_field {
    NP_CUT_SRC, /* place of the source */
    NP_CUT_DST,
    NP_CUT_SRC_PORT,
    NP_CUT_DST_PORT,
    NP_CUT_PROTOCOL, /* protocol << 1 | no ports */
    NP_CUT_FIELDS
};
enum np_cut_family { NP_CUT_IPV4, NP_CUT_IPV6, NP_CUT_NEITHER, NP_CUT_FAMILIES };

/*
 * What a root leads to lies in its own words and chunks, behind those of the root before; so
 * checking all roots looks at everything once.
 */
struct np_cut_root {
    uint32_t plan[NP_CUT_FAMILIES]; /* words; equal where the families do not differ */
    uint32_t first_word, end_word, first_chunk, end_chunk;
    uint32_t values; /* those it can give are below */
};

/*
 * From address to place. Borders are the last addresses before a change, in order.
 *
 * IPv4: at[depth - 1] is where they lie, in nodes of 16, behind the last what nothing exceeds.
 * Above it, up to one node at at[0], nodes hold the last borders of 16 of their 17 children: as
 * many as are below the address say which child is next, and in the end where in it. The highest
 * bit of borders is flipped (signed compares are everywhere).
 *
 * IPv6: four words each at at[0], high first; searched by halves.
 */
enum { NP_CUT_NODE = 16, NP_CUT_CHILDREN = 17, NP_CUT_DEPTH = 6 };
struct np_cut_axis {
    uint32_t count, depth; /* count 0: every place is 0, the rest unused */
    uint32_t at[NP_CUT_DEPTH];
};
#define NP_CUT_BORDER_PAD 0x7fffffffu
/* Nodes of the level above one of so many nodes. */
static inline uint32_t np_cut_above(uint32_t nodes)
{
    return (nodes + NP_CUT_CHILDREN - 1) / NP_CUT_CHILDREN;
}

/*
 * An entry; the numbers of meta from above:
 *   inner: 0 (4 bits), field 3, shift 5, bits 4, best 16
 *   leaf:  1 (1 bit), chunks 15, best 16
 * best: no box below comes before best << plan.scale. base: of the next entries (in words, even);
 * of the chunks. Entries lie by level, and lead to the next level only: a search has an end.
 */
struct np_cut_entry {
    uint32_t base, meta;
};
#define NP_CUT_LEAF 0x80000000u
enum {
    NP_CUT_LEVELS = 7,
    NP_CUT_CHUNKS_MAX = 32767,
    NP_CUT_BEST_MAX = 65535,
    NP_CUT_GROUPS = 4,
    NP_CUT_TABLES = 2,
    NP_CUT_CELL_NONE = 65535,
    NP_CUT_LANES = 8
};
static inline uint32_t np_cut_best(uint32_t meta)
{
    return meta & 0xffff;
}
static inline uint32_t np_cut_bits(uint32_t meta)
{
    return meta >> 16 & 15;
}
static inline uint32_t np_cut_shift(uint32_t meta)
{
    return meta >> 20 & 31;
}
static inline uint32_t np_cut_at(uint32_t meta) /* enum np_cut_field */
{
    return meta >> 25 & 7;
}
static inline uint32_t np_cut_chunks(uint32_t meta)
{
    return meta >> 16 & NP_CUT_CHUNKS_MAX;
}

/* Eight boxes. Holds: key - low <= span in all four, and (protocol & mask) == protocol. */
struct np_cut_chunk {
    uint16_t low[4][NP_CUT_LANES], span[4][NP_CUT_LANES];
    uint16_t protocol[NP_CUT_LANES], mask[NP_CUT_LANES]; /* unused lanes: 0x8000, 0xffff */
    uint32_t order[NP_CUT_LANES];
};

/* 64 cells: bit i of starts is set where cell i (not 0) differs from the one before. */
struct np_cut_block {
    uint64_t starts;
    uint32_t run, spare; /* its first in the grid's runs */
};
/* u16 by row and column; ids: u16 by row * width + column / 64. */
struct np_cut_grid {
    uint32_t ids, width;
    uint32_t blocks, n_blocks; /* on 4 words */
    uint32_t runs, n_runs;     /* u16 */
};

static inline uint32_t np_cut_cell(const uint32_t *words, const struct np_cut_grid *grid,
                                   uint32_t row, uint32_t column)
{
    const uint16_t *ids = (const uint16_t *)(const void *)(words + grid->ids);
    const struct np_cut_block *blocks = (const void *)(words + grid->blocks);
    const uint16_t *runs = (const uint16_t *)(const void *)(words + grid->runs);
    const struct np_cut_block *block = &blocks[ids[row * grid->width + column / 64]];
    uint64_t upto = block->starts << (63 - column % 64);
    return runs[block->run + (uint32_t)__builtin_popcountll(upto)];
}

/* All offsets in words; tables of bytes or 16-bit numbers begin on a word. */
struct np_cut_table {
    uint32_t src_class, dst_class; /* u16 by place */
    uint32_t src_port, dst_port;   /* u8 by port; 0: all ports are class 0 */
    uint32_t protocol;             /* u8 by protocol << 1 | no ports */
    uint32_t column;               /* u16 by ((protocol * n_src_ports + src) * n_dst_ports + dst) */
    uint32_t n_src, n_dst, n_src_ports, n_dst_ports, n_protocols, n_columns, n_rows;
    struct np_cut_grid rows;  /* by source and destination class */
    struct np_cut_grid cells; /* by row and column: order, or NP_CUT_CELL_NONE */
};
struct np_cut_plan { /* on 64 bytes */
    uint32_t otherwise;
    uint32_t values, n_values; /* u32 by order; n_values 0: the order is the value */
    uint32_t n_tables, n_groups;
    uint32_t scale;                            /* of best in entries */
    struct np_cut_entry groups[NP_CUT_GROUPS]; /* in order of best */
    struct np_cut_axis src, dst;
    struct np_cut_table tables[NP_CUT_TABLES];
    uint32_t levels[NP_CUT_LEVELS + 1]; /* where each begins, and the last ends */
    uint32_t first_chunk, end_chunk;
};
/* Order of nothing found. */
#define NP_CUT_NONE UINT32_MAX
#endif
