/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residual trees (image/cut_layout.h). Boxes and cuts are told in places: place i of an axis is
 * what lies behind its i-th border, up to and with the next one.
 */
#include "analyze/dump.h"
#include "image/cut_layout.h"

struct plan {
    const struct np_dump *dump;
    const uint32_t *words;
    const struct np_cut_plan *plan;
    uint8_t family; /* 4 or 6; else no borders */
    struct np_outline *out;
};

static const char *const fields[NP_CUT_FIELDS] = {"source place", "destination place",
                                                  "source port", "destination port", "protocol"};

static uint32_t value_of(const struct plan *p, uint32_t number)
{
    return p->plan->n_values ? p->words[p->plan->values + number] : number;
}

static void write_axis(const struct plan *p, const char *key, const struct np_cut_axis *axis)
{
    char name[256];
    bool four = p->family == 4;
    const uint32_t *borders = p->words + axis->at[four && axis->depth ? axis->depth - 1 : 0];
    np_outline_list(p->out, key, true);
    for (uint32_t i = 0; i < axis->count; i++) {
        struct np_dump_member border = {.family = p->family};
        if (four) {
            border.first[1] = borders[i] ^ 0x80000000u;
        } else {
            const uint32_t *at = borders + 4 * (size_t)i;
            border.first[0] = (uint64_t)at[0] << 32 | at[1];
            border.first[1] = (uint64_t)at[2] << 32 | at[3];
        }
        memcpy(border.last, border.first, sizeof border.last);
        np_dump_member_name(p->dump, &border, name);
        np_outline_text(p->out, NULL, name);
    }
    np_outline_close(p->out);
}

static void write_box(const struct plan *p, const struct np_cut_chunk *chunk, int lane)
{
    np_outline_map(p->out, NULL, true);
    for (int f = 0; f < 4; f++) {
        np_outline_textf(p->out, fields[f], "%u-%u", chunk->low[f][lane],
                         (uint32_t)chunk->low[f][lane] + chunk->span[f][lane]);
    }
    np_outline_textf(p->out, fields[NP_CUT_PROTOCOL], "%u of %u", chunk->protocol[lane] >> 1,
                     chunk->mask[lane] >> 1);
    np_outline_number(p->out, "order", chunk->order[lane]);
    np_outline_number(p->out, "ordinal", value_of(p, chunk->order[lane]));
    np_outline_close(p->out);
}

static void write_leaf(const struct plan *p, const struct np_cut_entry *entry)
{
    const struct np_cut_chunk *chunks = p->dump->image->section[NP_SECTION_CUT_LEAVES];
    np_outline_list(p->out, "boxes", false);
    for (uint32_t c = 0; c < np_cut_chunks(entry->meta); c++) {
        for (int lane = 0; lane < NP_CUT_LANES; lane++) {
            const struct np_cut_chunk *chunk = &chunks[entry->base + c];
            if (chunk->protocol[lane] != 0x8000 || chunk->mask[lane] != 0xffff) {
                write_box(p, chunk, lane);
            }
        }
    }
    np_outline_close(p->out);
}

/* Entry by entry, in the order of the section; `at` is where an inner entry leads. */
static void write_entry(const struct plan *p, uint32_t at, const struct np_cut_entry *entry)
{
    bool leaf = entry->meta & NP_CUT_LEAF;
    np_outline_map(p->out, NULL, !leaf);
    np_outline_number(p->out, "at", at);
    np_outline_number(p->out, "best", np_cut_best(entry->meta));
    if (leaf) {
        write_leaf(p, entry);
    } else {
        uint32_t field = np_cut_at(entry->meta);
        np_outline_text(p->out, "by", field < NP_CUT_FIELDS ? fields[field] : "?");
        np_outline_number(p->out, "shift", np_cut_shift(entry->meta));
        np_outline_number(p->out, "bits", np_cut_bits(entry->meta));
        np_outline_number(p->out, "next", entry->base);
    }
    np_outline_close(p->out);
}

static void write_trees(const struct plan *p)
{
    np_outline_list(p->out, "groups", false);
    for (uint32_t g = 0; g < p->plan->n_groups && g < NP_CUT_GROUPS; g++) {
        write_entry(p, 0, &p->plan->groups[g]);
    }
    np_outline_close(p->out);
    np_outline_list(p->out, "entries", false);
    for (uint32_t at = p->plan->levels[0]; at < p->plan->levels[NP_CUT_LEVELS]; at += 2) {
        struct np_cut_entry entry;
        memcpy(&entry, p->words + at, sizeof entry);
        write_entry(p, at, &entry);
    }
    np_outline_close(p->out);
}

static void write_table(const struct plan *p, const struct np_cut_table *t)
{
    np_outline_map(p->out, NULL, false);
    np_outline_map(p->out, "classes", true);
    np_outline_number(p->out, "source", t->n_src);
    np_outline_number(p->out, "destination", t->n_dst);
    np_outline_number(p->out, "source port", t->n_src_ports);
    np_outline_number(p->out, "destination port", t->n_dst_ports);
    np_outline_number(p->out, "protocol", t->n_protocols);
    np_outline_close(p->out);
    np_outline_list(p->out, "rows", false);
    for (uint32_t row = 0; row < t->n_rows; row++) {
        np_outline_list(p->out, NULL, true);
        for (uint32_t c = 0; c < t->n_columns; c++) {
            uint32_t cell = np_cut_cell(p->words, &t->cells, row, c);
            np_outline_number(p->out, NULL,
                              cell == NP_CUT_CELL_NONE ? p->plan->otherwise : value_of(p, cell));
        }
        np_outline_close(p->out);
    }
    np_outline_close(p->out);
    np_outline_close(p->out);
}

static void write_plan(const struct np_dump *dump, const struct np_cut_root *root, int family,
                       struct np_outline *out)
{
    static const char *const names[] = {"IPv4", "IPv6", "no family"};
    static const uint8_t numbers[] = {4, 6, 0};
    const uint32_t *words = dump->image->section[NP_SECTION_CUT_NODES];
    struct plan p = {.dump = dump, .words = words, .family = numbers[family], .out = out};
    p.plan = (const struct np_cut_plan *)(const void *)(words + root->plan[family]);
    np_outline_map(out, NULL, false);
    np_outline_text(out, "family", names[family]);
    np_outline_number(out, "otherwise", p.plan->otherwise);
    if (p.family) {
        write_axis(&p, "source borders", &p.plan->src);
        write_axis(&p, "destination borders", &p.plan->dst);
    }
    np_outline_list(out, "tables", false);
    for (uint32_t t = 0; t < p.plan->n_tables && t < NP_CUT_TABLES; t++) {
        write_table(&p, &p.plan->tables[t]);
    }
    np_outline_close(out);
    write_trees(&p);
    np_outline_close(out);
}

void np_dump_cuts(const struct np_dump *dump, struct np_outline *out)
{
    const struct np_cut_root *roots = dump->image->section[NP_SECTION_CUT_ROOTS];
    np_outline_list(out, "residual trees", false);
    for (uint32_t r = 0; r < dump->image->count[NP_SECTION_CUT_ROOTS]; r++) {
        np_outline_map(out, NULL, false);
        np_outline_number(out, "tree", r);
        np_outline_list(out, "families", false);
        for (int f = 0; f < NP_CUT_FAMILIES; f++) {
            bool told = false;
            for (int k = 0; k < f; k++) {
                told = told || (f == NP_CUT_NEITHER && roots[r].plan[k] == roots[r].plan[f]);
            }
            if (!told) {
                write_plan(dump, &roots[r], f, out);
            }
        }
        np_outline_close(out);
        np_outline_close(out);
    }
    np_outline_close(out);
}
