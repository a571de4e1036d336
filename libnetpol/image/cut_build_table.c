/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes tables: every field's numbers fall into classes (equal when the same items hold them), a
 * pair of address classes into a row and a triple of the others into a column (again equal when the
 * same items remain), and the first item that is in both is the cell. Equal rows are kept once.
 *
 * The work is done with sets of items as bits, so it pays for lists of some hundreds; and only
 * while all tables together stay about as large as a second-level cache.
 */
#include "image/cut_grid.h"

enum {
    BYTES_MAX = 1 << 20, /* of both grids and the columns */
    PAIRS_MAX = 1 << 21, /* cells to look at while making them */
    CELLS_MAX = 1 << 26,
    CLASSES_MAX = 65535,
    PORT_CLASSES_MAX = 256,
    PORTS = 65536,
    PROTOCOLS = 512
};

/* Distinct sets of items, numbered as they come. */
struct classes {
    const struct netpol_ctx *ctx;
    size_t words; /* of a set */
    uint64_t *sets;
    size_t count, capacity;
    struct np_map known;
};
struct maker {
    struct np_cut_build *cuts;
    const struct np_cut_item *items;
    size_t n_items, words;
    bool too_large;
    struct classes fields[NP_CUT_FIELDS];
    struct classes columns, pairs;
    uint16_t *numbers[NP_CUT_FIELDS]; /* field's number -> class */
    size_t sizes[NP_CUT_FIELDS];
    uint16_t *column, *pair; /* combinations */
    size_t n_column, n_pair;
    uint16_t *row, *cells; /* set of a pair -> row; a row of cells */
    size_t n_row, n_cells;
    struct np_cut_grid_build row_grid, cell_grid;
};

static void init(struct maker *m, struct classes *classes)
{
    classes->ctx = m->cuts->ctx;
    classes->words = m->words;
    np_map_init(&classes->known, m->cuts->ctx);
}

static void drop(struct classes *classes)
{
    np_free(classes->ctx, classes->sets, classes->capacity * sizeof *classes->sets);
    np_map_free(&classes->known);
}

static const uint64_t *set_of(const struct classes *classes, size_t number)
{
    return classes->sets + number * classes->words;
}

/* The number of the set; added when new. False: no memory, or (then too_large) too many. */
static bool number_of(struct maker *m, struct classes *classes, const uint64_t *set,
                      uint16_t *number)
{
    size_t bytes = classes->words * sizeof *set;
    bool added;
    uint64_t *value =
        np_map_add(&classes->known, (struct np_slice){(const char *)set, bytes}, &added);
    if (!value) {
        return false;
    }
    if (added) {
        size_t need = (classes->count + 1) * classes->words;
        m->too_large = classes->count >= CLASSES_MAX;
        if (m->too_large || !np_vec_grow(classes->ctx, (void **)&classes->sets, &classes->capacity,
                                         need, sizeof *set)) {
            return false;
        }
        memcpy(classes->sets + classes->count * classes->words, set, bytes);
        *value = classes->count++;
    }
    *number = (uint16_t)*value;
    return true;
}

static void flip(uint64_t *set, size_t item)
{
    set[item / 64] ^= UINT64_C(1) << item % 64;
}

/* ---- classes of numbers ---- */

/* Walks all numbers of a field and flips items where they begin and end. edges: see caller. */
static bool sweep(struct maker *m, unsigned field, uint32_t *edges, uint64_t *set)
{
    size_t size = m->sizes[field];
    uint32_t *head = edges, *next = edges + size + 1; /* lists of 2 * item + 1, begin and end */
    bool same = false;
    for (size_t i = 0; i < m->n_items; i++) {
        uint32_t ends[2] = {m->items[i].low[field], m->items[i].high[field] + 1};
        for (unsigned e = 0; e < 2; e++) {
            next[2 * i + e] = head[ends[e]];
            head[ends[e]] = (uint32_t)(2 * i + e + 1);
        }
    }
    for (size_t n = 0; n < size; n++) {
        same = n > 0 && head[n] == 0;
        for (uint32_t at = head[n]; at; at = next[at - 1]) {
            flip(set, (at - 1) / 2);
        }
        if (same) {
            m->numbers[field][n] = m->numbers[field][n - 1];
        } else if (!number_of(m, &m->fields[field], set, &m->numbers[field][n])) {
            return false;
        }
    }
    return true;
}

static bool sweep_protocols(struct maker *m, uint64_t *set)
{
    for (uint32_t p = 0; p < PROTOCOLS; p++) {
        memset(set, 0, m->words * sizeof *set);
        for (size_t i = 0; i < m->n_items; i++) {
            if ((p & m->items[i].mask) == m->items[i].protocol) {
                flip(set, i);
            }
        }
        if (!number_of(m, &m->fields[NP_CUT_PROTOCOL], set, &m->numbers[NP_CUT_PROTOCOL][p])) {
            return false;
        }
    }
    return true;
}

static bool classify(struct maker *m, unsigned field)
{
    const struct netpol_ctx *ctx = m->cuts->ctx;
    size_t edges_count = m->sizes[field] + 1 + 2 * m->n_items;
    uint32_t *edges = np_zalloc(ctx, edges_count * sizeof *edges);
    uint64_t *set = np_zalloc(ctx, m->words * sizeof *set);
    m->numbers[field] = np_alloc(ctx, m->sizes[field] * sizeof *m->numbers[field]);
    bool done = edges && set && m->numbers[field] &&
                (field == NP_CUT_PROTOCOL ? sweep_protocols(m, set) : sweep(m, field, edges, set));
    np_free(ctx, edges, edges_count * sizeof *edges);
    np_free(ctx, set, m->words * sizeof *set);
    return done;
}

/* ---- combinations ---- */

static void meet(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        out[i] = a[i] & b[i];
    }
}

static bool make_pairs(struct maker *m, uint64_t *set)
{
    const struct classes *src = &m->fields[NP_CUT_SRC], *dst = &m->fields[NP_CUT_DST];
    for (size_t s = 0; s < src->count; s++) {
        for (size_t d = 0; d < dst->count; d++) {
            meet(set, set_of(src, s), set_of(dst, d), m->words);
            if (!number_of(m, &m->pairs, set, &m->pair[s * dst->count + d])) {
                return false;
            }
        }
    }
    return true;
}

/* Ports run fastest: a rule about a range of them is one run of cells. */
static bool make_columns(struct maker *m, uint64_t *ports, uint64_t *set)
{
    const struct classes *src = &m->fields[NP_CUT_SRC_PORT], *dst = &m->fields[NP_CUT_DST_PORT];
    const struct classes *protocols = &m->fields[NP_CUT_PROTOCOL];
    uint16_t *at = m->column;
    for (size_t p = 0; p < protocols->count; p++) {
        for (size_t s = 0; s < src->count; s++) {
            meet(ports, set_of(protocols, p), set_of(src, s), m->words);
            for (size_t d = 0; d < dst->count; d++) {
                meet(set, ports, set_of(dst, d), m->words);
                if (!number_of(m, &m->columns, set, at++)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static size_t first_in_both(const uint64_t *a, const uint64_t *b, size_t from, size_t words)
{
    for (size_t i = from; i < words; i++) {
        if (a[i] & b[i]) {
            return 64 * i + (size_t)__builtin_ctzll(a[i] & b[i]);
        }
    }
    return SIZE_MAX;
}

/* Answers of every set of a pair; equal rows become one. */
static bool make_cells(struct maker *m)
{
    for (size_t p = 0; p < m->pairs.count; p++) {
        const uint64_t *pair = set_of(&m->pairs, p);
        size_t from = 0, to = m->words;
        while (from < to && pair[from] == 0) {
            from++;
        }
        while (to > from && pair[to - 1] == 0) {
            to--;
        }
        for (size_t c = 0; c < m->columns.count; c++) {
            size_t first = first_in_both(pair, set_of(&m->columns, c), from, to);
            m->cells[c] = (uint16_t)(first == SIZE_MAX ? NP_CUT_CELL_NONE : m->items[first].order);
        }
        if (!np_cut_grid_row(&m->cell_grid, m->cells, true, &m->row[p])) {
            return false;
        }
        m->too_large = np_cut_grid_bytes(&m->cell_grid) > BYTES_MAX;
        if (m->too_large) {
            return false;
        }
    }
    return true;
}

static bool make_rows(struct maker *m)
{
    size_t n_dst = m->fields[NP_CUT_DST].count;
    uint16_t row;
    for (size_t i = 0; i < m->n_pair; i++) {
        m->pair[i] = m->row[m->pair[i]];
    }
    for (size_t s = 0; s < m->fields[NP_CUT_SRC].count; s++) {
        if (!np_cut_grid_row(&m->row_grid, m->pair + s * n_dst, false, &row)) {
            return false;
        }
    }
    return true;
}

static bool combine(struct maker *m)
{
    const struct netpol_ctx *ctx = m->cuts->ctx;
    const struct classes *f = m->fields;
    uint64_t ports = (uint64_t)f[NP_CUT_SRC_PORT].count * f[NP_CUT_DST_PORT].count;
    uint64_t columns = ports * f[NP_CUT_PROTOCOL].count;
    uint64_t pairs = (uint64_t)f[NP_CUT_SRC].count * f[NP_CUT_DST].count;
    m->too_large |= f[NP_CUT_SRC_PORT].count > PORT_CLASSES_MAX ||
                    f[NP_CUT_DST_PORT].count > PORT_CLASSES_MAX ||
                    f[NP_CUT_PROTOCOL].count > PORT_CLASSES_MAX;
    m->too_large |= columns * sizeof(uint16_t) > BYTES_MAX || pairs > PAIRS_MAX;
    if (m->too_large) {
        return false;
    }
    m->n_column = (size_t)columns;
    m->n_pair = (size_t)pairs;
    m->column = np_alloc(ctx, m->n_column * sizeof *m->column);
    m->pair = np_alloc(ctx, m->n_pair * sizeof *m->pair);
    uint64_t *sets = np_alloc(ctx, 2 * m->words * sizeof *sets);
    bool done = m->column && m->pair && sets && make_columns(m, sets, sets + m->words) &&
                make_pairs(m, sets);
    np_free(ctx, sets, 2 * m->words * sizeof *sets);
    m->too_large |= (uint64_t)m->pairs.count * m->columns.count > CELLS_MAX;
    if (!done || m->too_large) {
        return false;
    }
    m->n_row = m->pairs.count;
    m->n_cells = m->columns.count;
    m->row = np_alloc(ctx, m->n_row * sizeof *m->row);
    m->cells = np_alloc(ctx, m->n_cells * sizeof *m->cells);
    np_cut_grid_begin(&m->cell_grid, ctx, m->n_cells);
    np_cut_grid_begin(&m->row_grid, ctx, f[NP_CUT_DST].count);
    done = m->row && m->cells && make_cells(m) && make_rows(m);
    m->too_large |= m->cell_grid.too_large || m->row_grid.too_large ||
                    m->n_column * sizeof(uint16_t) + np_cut_grid_bytes(&m->cell_grid) +
                            np_cut_grid_bytes(&m->row_grid) >
                        BYTES_MAX;
    return done && !m->too_large;
}

/* ---- layout ---- */

/* Appends count numbers as u16 or, if narrow, as bytes. */
static int put(struct maker *m, const uint16_t *numbers, size_t count, bool narrow, uint32_t *at)
{
    size_t bytes = count * (narrow ? 1 : 2);
    int status = np_cut_words(m->cuts, (bytes + 3) / 4, 16, at);
    if (status == NETPOL_OK && narrow) {
        unsigned char *out = (unsigned char *)(m->cuts->nodes.items + *at);
        for (size_t i = 0; i < count; i++) {
            out[i] = (unsigned char)numbers[i];
        }
    } else if (status == NETPOL_OK) {
        memcpy(m->cuts->nodes.items + *at, numbers, bytes);
    }
    return status;
}

static int lay_out(struct maker *m, struct np_cut_table *t)
{
    const struct {
        unsigned field;
        bool narrow;
        uint32_t *at, *count;
    } fields[] = {
        {NP_CUT_SRC,      false, &t->src_class, &t->n_src      },
        {NP_CUT_DST,      false, &t->dst_class, &t->n_dst      },
        {NP_CUT_SRC_PORT, true,  &t->src_port,  &t->n_src_ports},
        {NP_CUT_DST_PORT, true,  &t->dst_port,  &t->n_dst_ports},
        {NP_CUT_PROTOCOL, true,  &t->protocol,  &t->n_protocols},
    };
    int status = NETPOL_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == NETPOL_OK; i++) {
        unsigned f = fields[i].field;
        bool port = f == NP_CUT_SRC_PORT || f == NP_CUT_DST_PORT;
        *fields[i].count = (uint32_t)m->fields[f].count;
        if (!port || m->fields[f].count > 1) {
            status = put(m, m->numbers[f], m->sizes[f], fields[i].narrow, fields[i].at);
        }
    }
    t->n_columns = (uint32_t)m->columns.count;
    t->n_rows = (uint32_t)m->cell_grid.n_rows;
    status = status == NETPOL_OK ? put(m, m->column, m->n_column, false, &t->column) : status;
    status = status == NETPOL_OK ? np_cut_grid_put(&m->row_grid, m->cuts, &t->rows) : status;
    return status == NETPOL_OK ? np_cut_grid_put(&m->cell_grid, m->cuts, &t->cells) : status;
}

static void release(struct maker *m)
{
    const struct netpol_ctx *ctx = m->cuts->ctx;
    for (unsigned f = 0; f < NP_CUT_FIELDS; f++) {
        drop(&m->fields[f]);
        np_free(ctx, m->numbers[f], m->sizes[f] * sizeof *m->numbers[f]);
    }
    drop(&m->columns);
    np_free(ctx, m->row, m->n_row * sizeof *m->row);
    drop(&m->pairs);
    np_free(ctx, m->column, m->n_column * sizeof *m->column);
    np_free(ctx, m->pair, m->n_pair * sizeof *m->pair);
    np_free(ctx, m->cells, m->n_cells * sizeof *m->cells);
    if (m->row_grid.ctx) {
        np_cut_grid_free(&m->row_grid);
        np_cut_grid_free(&m->cell_grid);
    }
}

int np_cut_table_make(struct np_cut_build *cuts, const struct np_cut_items *items,
                      const uint32_t places[2], struct np_cut_table *table, bool *made)
{
    struct maker m = {
        .cuts = cuts,
        .items = items->items,
        .n_items = items->count,
        .words = (items->count + 63) / 64,
        .sizes = {places[0], places[1], PORTS, PORTS, PROTOCOLS},
    };
    *made = false;
    if (items->count == 0 || items->count > NP_CUT_TABLE_ITEMS) {
        return NETPOL_OK;
    }
    for (unsigned f = 0; f < NP_CUT_FIELDS; f++) {
        init(&m, &m.fields[f]);
    }
    init(&m, &m.columns);
    init(&m, &m.pairs);
    bool done = true;
    for (unsigned f = 0; f < NP_CUT_FIELDS && done; f++) {
        done = classify(&m, f);
    }
    done = done && combine(&m);
    int status = done ? lay_out(&m, table) : m.too_large ? NETPOL_OK : NETPOL_ERR_MEMORY;
    *made = done && status == NETPOL_OK;
    release(&m);
    return status;
}
