/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables as a graph: a subject's group leads to its rows, by class of the far end; a row says
 * what each column (some port classes) answers. What a lookup goes through is drawn in red.
 */
#include "analyze/dump.h"
#include "match/look.h"

#include <stdio.h>

struct drawing {
    const struct np_dump *dump;
    netpol_sink_fn sink;
    void *user;
    int status;
    struct np_text text;
    bool looked[NP_SIDES];                                    /* the lookup judges this side */
    uint32_t group[NP_SIDES], class[NP_SIDES], row[NP_SIDES]; /* where it passes */
};

static void flush(struct drawing *d)
{
    if (d->text.failed) {
        d->status = NETPOL_ERR_MEMORY;
    }
    if (d->status == NETPOL_OK && d->text.len && d->sink(d->user, d->text.ptr, d->text.len) != 0) {
        d->status = NETPOL_ERR_IO;
    }
    d->text.len = 0;
}

/* In a label of a record. */
static void add_escaped(struct drawing *d, const char *text)
{
    for (; *text; text++) {
        if (strchr("\"\\{}|<> ", *text)) {
            np_text_add(&d->text, "\\", 1);
        }
        np_text_add(&d->text, text, 1);
    }
}

/* The first members of some signatures; the rest as a number. */
static void add_members(struct drawing *d, uint32_t signature, uint32_t *left)
{
    const struct np_dump *dump = d->dump;
    char name[256];
    for (uint32_t i = dump->first_member[signature]; i < dump->first_member[signature + 1]; i++) {
        if (*left == 0) {
            return;
        }
        if (--*left == 0) {
            np_text_addf(&d->text, "\\l...");
            return;
        }
        np_dump_member_name(dump, &dump->members.items[i], name);
        np_text_addf(&d->text, "\\l");
        add_escaped(d, name);
    }
}

static void draw_classes(struct drawing *d)
{
    const struct np_dump *dump = d->dump;
    np_text_addf(&d->text, "    subgraph cluster_classes { label=\"classes of far ends\";\n");
    for (uint32_t c = 0; c < dump->image->header->n_classes && d->status == NETPOL_OK; c++) {
        uint32_t left = 12;
        np_text_addf(&d->text, "        c%u [shape=note, label=\"class %u", c, c);
        for (uint32_t s = 0; s < dump->n_signatures && left; s++) {
            if ((dump->hot->sig_class[s] & NP_SIG_CLASS_MASK) == c) {
                add_members(d, s, &left);
            }
        }
        bool on = false;
        for (int side = 0; side < NP_SIDES; side++) {
            on = on || (d->looked[side] && d->class[side] == c);
        }
        np_text_addf(&d->text, "\\l\"%s];\n", on ? ", color=red" : "");
        flush(d);
    }
    np_text_addf(&d->text, "    }\n");
}

/* A row and what its columns say. */
static void draw_row(struct drawing *d, int side, uint32_t group, uint32_t row, bool on)
{
    const struct np_dump *dump = d->dump;
    const struct np_side *entry = &dump->hot->side[side][dump->heads[side][group]];
    uint32_t columns = np_dump_columns(dump, entry);
    char text[512];
    np_text_addf(&d->text, "    r%d_%u_%u [shape=record, label=\"{row %u", side, group, row, row);
    for (uint32_t c = 0; c < columns; c++) {
        np_dump_part(dump, entry->parts + dump->hot->cells[(size_t)row + c], text);
        np_text_addf(&d->text, "|column %u: ", c);
        add_escaped(d, text);
        np_text_addf(&d->text, "\\l");
    }
    np_text_addf(&d->text, "}\"%s];\n", on ? ", color=red" : "");
    flush(d);
}

/* The classes whose row this is. */
static void draw_link(struct drawing *d, int side, uint32_t group, uint32_t row, bool most)
{
    const struct np_dump *dump = d->dump;
    const struct np_side *entry = &dump->hot->side[side][dump->heads[side][group]];
    bool on = d->looked[side] && d->group[side] == group && d->row[side] == row;
    draw_row(d, side, group, row, on);
    np_text_addf(&d->text, "    g%d_%u -> r%d_%u_%u [label=\"", side, group, side, group, row);
    if (most) {
        np_text_addf(&d->text, "most classes");
    }
    for (uint32_t c = 0, any = 0; c < dump->image->header->n_classes && !most; c++) {
        const struct np_comb *comb = &dump->hot->comb[(size_t)entry->base + c];
        if (comb->base == entry->base && comb->row == row) {
            np_text_addf(&d->text, any++ ? ",%u" : "class %u", c);
        }
    }
    np_text_addf(&d->text, "\"%s];\n", on ? ", color=red, penwidth=2" : "");
    flush(d);
}

static void draw_group(struct drawing *d, int side, uint32_t group)
{
    const struct np_dump *dump = d->dump;
    uint32_t left = 12, head = dump->heads[side][group];
    const struct np_side *entry = &dump->hot->side[side][head];
    bool on = d->looked[side] && d->group[side] == group;
    np_text_addf(&d->text, "    g%d_%u [shape=box, label=\"%s %u, base %u", side, group,
                 np_dump_sides[side], group, entry->base);
    for (uint32_t s = head; s < dump->hot->n_near && left; s++) {
        if (dump->groups[side][s] == group) {
            add_members(d, s, &left);
        }
    }
    np_text_addf(&d->text, "\\l\"%s];\n", on ? ", color=red" : "");
    draw_link(d, side, group, entry->row, true);
    for (uint32_t c = 0; c < dump->image->header->n_classes && d->status == NETPOL_OK; c++) {
        const struct np_comb *comb = &dump->hot->comb[(size_t)entry->base + c];
        bool first = comb->base == entry->base && comb->row != entry->row;
        for (uint32_t k = 0; k < c && first; k++) {
            const struct np_comb *other = &dump->hot->comb[(size_t)entry->base + k];
            first = other->base != entry->base || other->row != comb->row;
        }
        if (first) {
            draw_link(d, side, group, comb->row, false);
        }
    }
}

/* Where a lookup passes; only of usual tuples, the others have no single path. */
static void find_path(struct drawing *d, const struct netpol_tuple *tuple)
{
    const struct np_dump *dump = d->dump;
    struct np_party src, dst;
    if (!tuple || !np_plain_ends(dump->hot, dump->table, tuple, &src, &dst)) {
        return;
    }
    struct np_shape shape = np_shape_of(dump->hot, NP_SIDES_ALL);
    uint32_t bond = np_look_bond(dump->hot, shape, src, dst, tuple, NULL);
    for (int side = 0; side < NP_SIDES; side++) {
        uint32_t near = side == NP_SIDE_EGRESS ? src.signature : dst.signature;
        uint32_t far = side == NP_SIDE_EGRESS ? dst.signature : src.signature;
        if (!np_side_judges(dump->hot->flags, (unsigned)side)) {
            continue;
        }
        struct np_look_side at = np_look_at(dump->hot, (enum np_side_of_hop)side, near, far, bond);
        d->looked[side] = true;
        d->group[side] = dump->groups[side][near < dump->hot->n_near ? near : 0];
        d->class[side] = at.far;
        d->row[side] = np_dump_row(dump, at.base, at.row, at.far);
    }
}

int np_dump_dot(const struct np_dump *dump, const struct netpol_tuple *tuple, netpol_sink_fn sink,
                void *user)
{
    struct drawing d = {.dump = dump, .sink = sink, .user = user};
    np_text_init(&d.text, dump->ctx);
    find_path(&d, tuple);
    np_text_addf(&d.text, "digraph image {\n    rankdir=LR;\n    node [fontname=monospace, "
                          "fontsize=9];\n    edge [fontname=monospace, fontsize=8];\n");
    draw_classes(&d);
    for (int side = 0; side < NP_SIDES; side++) {
        for (uint32_t g = 0; g < dump->n_groups[side] && d.status == NETPOL_OK; g++) {
            if (np_side_judges(dump->hot->flags, (unsigned)side)) {
                draw_group(&d, side, g);
            }
        }
    }
    np_text_addf(&d.text, "}\n");
    flush(&d);
    np_text_free(&d.text);
    return d.status;
}
