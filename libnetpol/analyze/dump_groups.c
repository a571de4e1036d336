/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects that share a side: their policies, columns, rows and parts. */
#include "analyze/dump.h"
#include "match/names.h"

struct group {
    const struct np_dump *dump;
    int side;
    uint32_t head;
    const struct np_side *entry;
    uint32_t n_columns;
};

/* ---- parts ---- */

/* Ordinals that some row of the group has; by class and variant. */
static void visit_cells(const struct group *g, void (*visit)(void *user, uint32_t ordinal),
                        void *user)
{
    const struct np_dump *dump = g->dump;
    uint32_t n_classes = dump->image->header->n_classes;
    for (uint32_t v = 0; v < NP_VARIANTS; v++) {
        struct np_row variant = np_dump_variant(dump, g->side, g->head, v);
        if (v > 0 && variant.base == g->entry->base && variant.row == g->entry->row) {
            continue;
        }
        for (uint32_t c = 0; c < n_classes; c++) {
            uint32_t row = np_dump_row(dump, variant.base, variant.row, c);
            for (uint32_t column = 0; column < g->n_columns && row != variant.row; column++) {
                visit(user, dump->hot->cells[(size_t)row + column]);
            }
        }
        for (uint32_t column = 0; column < g->n_columns; column++) {
            visit(user, dump->hot->cells[(size_t)variant.row + column]);
        }
    }
}

struct ordinals {
    struct np_bits seen;
    uint32_t count; /* none is this high */
};

static void note_ordinal(void *user, uint32_t ordinal)
{
    struct ordinals *ordinals = user;
    np_bits_set(&ordinals->seen, ordinal);
    ordinals->count = ordinal >= ordinals->count ? ordinal + 1 : ordinals->count;
}

/* Once, where neighbours are of one policy. */
static const char *write_policy(const struct group *g, uint32_t index, const char *last,
                                struct np_outline *out)
{
    const struct netpol_part *part = &g->dump->hot->parts[index];
    struct netpol_rule_info info;
    if ((part->flags & NP_PART_RESIDUAL) || !np_names_rule(g->dump->image, part->rule, &info) ||
        !info.policy[0] || strcmp(info.policy, last) == 0) {
        return last;
    }
    np_outline_text(out, NULL, info.policy);
    return info.policy;
}

static void write_parts(const struct group *g, struct np_outline *out)
{
    struct ordinals ordinals = {0};
    char text[512];
    if (!np_bits_init(g->dump->ctx, &ordinals.seen, UINT16_MAX + 1u)) {
        out->status = NETPOL_ERR_MEMORY;
        return;
    }
    visit_cells(g, note_ordinal, &ordinals);
    np_outline_list(out, "parts", false);
    for (uint32_t i = 0; i < ordinals.count; i++) {
        if (np_bits_get(&ordinals.seen, i)) {
            np_outline_map(out, NULL, true);
            np_outline_number(out, "ordinal", i);
            np_dump_part(g->dump, g->entry->parts + i, text);
            np_outline_text(out, "says", text);
            np_outline_close(out);
        }
    }
    np_outline_close(out);
    np_outline_list(out, "policies", true);
    const char *last = "";
    for (uint32_t i = 0; i < ordinals.count; i++) {
        if (np_bits_get(&ordinals.seen, i)) {
            last = write_policy(g, g->entry->parts + i, last, out);
        }
    }
    np_outline_close(out);
    np_bits_free(g->dump->ctx, &ordinals.seen);
}

/* ---- columns ---- */

static void write_columns(const struct group *g, struct np_outline *out)
{
    np_outline_list(out, "columns", false);
    for (uint32_t column = 0; column < g->n_columns; column++) {
        np_outline_map(out, NULL, true);
        np_outline_number(out, "column", column);
        np_outline_list(out, "port classes", true);
        for (uint32_t c = 0; c < g->dump->n_port_classes; c++) {
            if (np_dump_column(g->dump, g->entry, c) == column) {
                np_outline_number(out, NULL, c);
            }
        }
        np_outline_close(out);
        np_outline_close(out);
    }
    np_outline_close(out);
}

/* ---- rows ---- */

static void write_cells(const struct group *g, uint32_t row, struct np_outline *out)
{
    np_outline_number(out, "row", row);
    np_outline_list(out, "ordinals", true);
    for (uint32_t column = 0; column < g->n_columns; column++) {
        np_outline_number(out, NULL, g->dump->hot->cells[(size_t)row + column]);
    }
    np_outline_close(out);
}

static void write_row_of(const struct group *g, struct np_row variant, uint32_t row,
                         struct np_outline *out)
{
    uint32_t n_classes = g->dump->image->header->n_classes;
    np_outline_map(out, NULL, true);
    np_outline_list(out, "classes", true);
    for (uint32_t c = 0; c < n_classes; c++) {
        const struct np_comb *comb = &g->dump->hot->comb[(size_t)variant.base + c];
        if (comb->base == variant.base && comb->row == row) {
            np_outline_number(out, NULL, c);
        }
    }
    np_outline_close(out);
    write_cells(g, row, out);
    np_outline_close(out);
}

/* The row of most classes, then each other one with the classes that have it. */
static void write_rows(const struct group *g, uint32_t which, struct np_outline *out)
{
    const struct np_dump *dump = g->dump;
    struct np_row variant = np_dump_variant(dump, g->side, g->head, which);
    uint32_t n_classes = dump->image->header->n_classes;
    np_outline_map(out, NULL, false);
    np_outline_text(out, "relation", np_dump_variants[which]);
    np_outline_number(out, "base", variant.base);
    np_outline_map(out, "most classes", true);
    write_cells(g, variant.row, out);
    np_outline_close(out);
    np_outline_list(out, "others", false);
    for (uint32_t c = 0; c < n_classes; c++) {
        const struct np_comb *comb = &dump->hot->comb[(size_t)variant.base + c];
        bool first = comb->base == variant.base;
        for (uint32_t k = 0; k < c && first; k++) {
            const struct np_comb *other = &dump->hot->comb[(size_t)variant.base + k];
            first = other->base != variant.base || other->row != comb->row;
        }
        if (first) {
            write_row_of(g, variant, comb->row, out);
        }
    }
    np_outline_close(out);
    np_outline_close(out);
}

static void write_group(const struct group *g, uint32_t number, struct np_outline *out)
{
    const struct np_dump *dump = g->dump;
    np_outline_map(out, NULL, false);
    np_outline_textf(out, "group", "%s %u", np_dump_sides[g->side], number);
    np_outline_number(out, "ports at", g->entry->ports);
    np_outline_number(out, "parts at", g->entry->parts);
    np_outline_list(out, "subjects", true);
    for (uint32_t s = 0; s < dump->hot->n_near; s++) {
        if (dump->groups[g->side][s] == number) {
            np_outline_number(out, NULL, s);
        }
    }
    np_outline_close(out);
    write_parts(g, out);
    write_columns(g, out);
    np_outline_list(out, "rows", false);
    for (uint32_t v = 0; v < NP_VARIANTS; v++) {
        struct np_row variant = np_dump_variant(dump, g->side, g->head, v);
        if (v == 0 || variant.base != g->entry->base || variant.row != g->entry->row) {
            write_rows(g, v, out);
        }
    }
    np_outline_close(out);
    np_outline_close(out);
}

void np_dump_groups(const struct np_dump *dump, struct np_outline *out)
{
    np_outline_list(out, "groups", false);
    for (int side = 0; side < NP_SIDES; side++) {
        for (uint32_t i = 0; i < dump->n_groups[side] && out->status == NETPOL_OK; i++) {
            uint32_t head = dump->heads[side][i];
            const struct np_side *entry = &dump->hot->side[side][head];
            struct group g = {dump, side, head, entry, np_dump_columns(dump, entry)};
            write_group(&g, i, out);
        }
    }
    np_outline_close(out);
}
