/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds residual trees: boxes to items, one plan for each family, equal lists once.
 *
 * A box is asked about packets with and without ports. The latter show up as one more bit of the
 * protocol; a box that holds them whatever its ports say becomes two items when it limits ports.
 */
#include "image/cut_internal.h"
#include <stdlib.h>

/* TABLE_FROM: shorter lists are trees, for a table by port alone takes 64 KiB. */
enum { TABLE_FROM = 200, PORTLESS = 1, PROTOCOL_ALL = 511, PORTS_ALL = 65535 };

struct np_cut_build *np_cut_begin(const struct netpol_ctx *ctx)
{
    struct np_cut_build *cuts = np_zalloc(ctx, sizeof *cuts);
    if (cuts) {
        cuts->ctx = ctx;
        np_map_init(&cuts->known, ctx);
    }
    return cuts;
}

void np_cut_free(struct np_cut_build *cuts)
{
    if (!cuts) {
        return;
    }
    np_vec_free(cuts->ctx, &cuts->roots);
    np_vec_free(cuts->ctx, &cuts->nodes);
    np_vec_free(cuts->ctx, &cuts->leaves);
    np_map_free(&cuts->known);
    np_free(cuts->ctx, cuts, sizeof *cuts);
}

void np_cut_sections(const struct np_cut_build *cuts, struct np_image_writer *writer)
{
    const struct {
        enum np_section section;
        const void *items;
        size_t bytes;
    } all[] = {
        {NP_SECTION_CUT_ROOTS,  cuts->roots.items,  cuts->roots.count * sizeof *cuts->roots.items},
        {NP_SECTION_CUT_NODES,  cuts->nodes.items,  cuts->nodes.count * sizeof *cuts->nodes.items},
        {NP_SECTION_CUT_LEAVES, cuts->leaves.items,
         cuts->leaves.count * sizeof *cuts->leaves.items                                         },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        writer->sections[all[i].section].items = all[i].items;
        writer->sections[all[i].section].bytes = all[i].bytes;
    }
}

int np_cut_words(struct np_cut_build *cuts, size_t words, size_t align, uint32_t *at)
{
    size_t start = (cuts->nodes.count + align - 1) / align * align;
    size_t end = start + words;
    if (words > UINT32_MAX / 2 || end > UINT32_MAX / 4) {
        return NETPOL_ERR_LIMIT;
    }
    if (!np_vec_grow(cuts->ctx, (void **)&cuts->nodes.items, &cuts->nodes.capacity, end,
                     sizeof *cuts->nodes.items)) {
        return NETPOL_ERR_MEMORY;
    }
    memset(cuts->nodes.items + cuts->nodes.count, 0, (end - cuts->nodes.count) * sizeof(uint32_t));
    cuts->nodes.count = end;
    *at = (uint32_t)start;
    return NETPOL_OK;
}

/* ---- from boxes to items ---- */

static struct np_cut_address first_of(const uint64_t address[2], unsigned length, unsigned family)
{
    unsigned width = family == 6 ? 128 : 32;
    struct np_cut_address a = {family == 6 ? address[0] : 0,
                               family == 6 ? address[1] : address[1] & UINT32_MAX};
    unsigned rest = length < width ? width - length : 0;
    uint64_t low = rest >= 64 ? 0 : UINT64_MAX << rest;
    uint64_t high = rest <= 64 ? UINT64_MAX : rest >= 128 ? 0 : UINT64_MAX << (rest - 64);
    return (struct np_cut_address){a.high & high, a.low & low};
}

static struct np_cut_address last_of(struct np_cut_address first, unsigned length, unsigned family)
{
    unsigned width = family == 6 ? 128 : 32;
    unsigned rest = length < width ? width - length : 0;
    uint64_t low = rest >= 64 ? UINT64_MAX : (UINT64_C(1) << rest) - 1;
    uint64_t high = rest <= 64 ? 0 : rest >= 128 ? UINT64_MAX : (UINT64_C(1) << (rest - 64)) - 1;
    return (struct np_cut_address){first.high | high, first.low | low};
}

static bool concerns(const struct np_box *box, enum np_cut_family family)
{
    static const uint8_t number[] = {4, 6, 0};
    return box->family == 0 || (family != NP_CUT_NEITHER && box->family == number[family]);
}

struct list { /* one family's side of a list */
    struct np_cut_build *cuts;
    const struct np_box *boxes;
    size_t count;
    enum np_cut_family family;
    bool monotone; /* values never fall along the list: the value is the order */
    struct np_cut_address *borders[2];
    size_t n_borders[2];
    struct np_cut_items items;
    uint32_t *values; /* of the items, in list order */
};

/* Where places change because of this end of this box. */
static void add_borders(struct list *list, int end, const struct np_box *box)
{
    unsigned length = end ? box->dst_length : box->src_length;
    if (box->family == 0 || length == 0) {
        return;
    }
    struct np_cut_address first = first_of(end ? box->dst : box->src, length, box->family);
    struct np_cut_address last = last_of(first, length, box->family);
    if (first.low || first.high) {
        list->borders[end][list->n_borders[end]++] =
            (struct np_cut_address){first.high - (first.low == 0), first.low - 1};
    }
    bool ends = box->family == 6 ? (last.high & last.low) == UINT64_MAX : last.low == UINT32_MAX;
    if (!ends) {
        list->borders[end][list->n_borders[end]++] = last;
    }
}

static void set_places(const struct list *list, int end, const struct np_box *box,
                       struct np_cut_item *item)
{
    unsigned length = end ? box->dst_length : box->src_length;
    const struct np_cut_address *borders = list->borders[end];
    size_t count = list->n_borders[end];
    item->low[end] = 0;
    item->high[end] = (uint32_t)count;
    if (box->family != 0 && length != 0) {
        struct np_cut_address first = first_of(end ? box->dst : box->src, length, box->family);
        item->low[end] = np_cut_place(borders, count, first);
        item->high[end] = np_cut_place(borders, count, last_of(first, length, box->family));
    }
}

static void set_protocol(struct np_cut_item *item, uint16_t value, uint16_t mask)
{
    item->protocol = value;
    item->mask = mask;
    item->low[NP_CUT_PROTOCOL] = value;
    item->high[NP_CUT_PROTOCOL] = (value | (~mask & PROTOCOL_ALL));
}

static void add_item(struct list *list, const struct np_box *box, const struct np_cut_item *item)
{
    size_t at = list->items.count++;
    list->items.items[at] = *item;
    list->items.items[at].order = list->monotone ? box->value : (uint32_t)at;
    list->values[at] = box->value;
}

static void add_box(struct list *list, const struct np_box *box)
{
    struct np_cut_item item;
    uint16_t value = (uint16_t)(box->any_protocol ? 0 : box->protocol << 1);
    uint16_t mask = (uint16_t)(box->any_protocol ? 0 : PROTOCOL_ALL - PORTLESS);
    memset(&item, 0, sizeof item);
    set_places(list, 0, box, &item);
    set_places(list, 1, box, &item);
    item.low[NP_CUT_SRC_PORT] = box->src_first;
    item.high[NP_CUT_SRC_PORT] = box->src_last;
    item.low[NP_CUT_DST_PORT] = box->dst_first;
    item.high[NP_CUT_DST_PORT] = box->dst_last;
    bool all = box->src_first == 0 && box->src_last == PORTS_ALL && box->dst_first == 0 &&
               box->dst_last == PORTS_ALL;
    set_protocol(&item, value, box->no_ports && all ? mask : mask | PORTLESS);
    if (box->src_first <= box->src_last && box->dst_first <= box->dst_last) {
        add_item(list, box, &item);
    }
    if (box->no_ports && !all) {
        item.low[NP_CUT_SRC_PORT] = item.low[NP_CUT_DST_PORT] = 0;
        item.high[NP_CUT_SRC_PORT] = item.high[NP_CUT_DST_PORT] = PORTS_ALL;
        set_protocol(&item, value | PORTLESS, mask | PORTLESS);
        add_item(list, box, &item);
    }
}

/* ---- one plan ---- */

static bool limits_source_ports(const struct np_cut_item *item)
{
    return item->low[NP_CUT_SRC_PORT] != 0 || item->high[NP_CUT_SRC_PORT] != PORTS_ALL;
}

/* One table of all, or one of what does not limit source ports and one of the rest, or none. */
static int make_tables(struct list *list, const uint32_t places[2], struct np_cut_plan *plan)
{
    struct np_cut_items all = list->items, part[2] = {{0}};
    bool made = false;
    if (all.count < TABLE_FROM) {
        return NETPOL_OK;
    }
    int status = np_cut_table_make(list->cuts, &all, places, &plan->tables[0], &made);
    if (status != NETPOL_OK || made || all.count > NP_CUT_TABLE_ITEMS) {
        plan->n_tables = made;
        return status;
    }
    struct np_cut_item *sorted = np_alloc(list->cuts->ctx, (all.count + 1) * sizeof *sorted);
    if (!sorted) {
        return NETPOL_ERR_MEMORY;
    }
    for (int p = 0; p < 2; p++) {
        part[p].items = p == 0 ? sorted : sorted + part[0].count;
        for (size_t i = 0; i < all.count; i++) {
            if (limits_source_ports(&all.items[i]) == (p == 1)) {
                part[p].items[part[p].count++] = all.items[i];
            }
        }
    }
    size_t before = list->cuts->nodes.count;
    for (int p = 0; p < 2 && status == NETPOL_OK && (p == 0 || made); p++) {
        status = np_cut_table_make(list->cuts, &part[p], places, &plan->tables[p], &made);
    }
    plan->n_tables = made && status == NETPOL_OK ? 2 : 0;
    if (!made) {
        list->cuts->nodes.count = before;
        memset(plan->tables, 0, sizeof plan->tables);
    }
    np_free(list->cuts->ctx, sorted, (all.count + 1) * sizeof *sorted);
    return status;
}

static int finish(struct list *list, struct np_cut_plan *plan)
{
    struct np_cut_build *cuts = list->cuts;
    const uint32_t places[2] = {(uint32_t)list->n_borders[0] + 1, (uint32_t)list->n_borders[1] + 1};
    const struct np_cut_items none = {0};
    int status = make_tables(list, places, plan);
    if (status == NETPOL_OK) {
        status = np_cut_trees_make(cuts, plan->n_tables ? &none : &list->items, places, plan);
    }
    if (status == NETPOL_OK && !list->monotone && list->items.count) {
        status = np_cut_words(cuts, list->items.count, 1, &plan->values);
        plan->n_values = (uint32_t)list->items.count;
        if (status == NETPOL_OK) {
            memcpy(cuts->nodes.items + plan->values, list->values,
                   list->items.count * sizeof *list->values);
        }
    }
    return status;
}

static int plan_list(struct list *list, uint32_t otherwise, uint32_t *where)
{
    struct np_cut_build *cuts = list->cuts;
    struct np_cut_plan plan;
    struct np_cut_axis *axes[2] = {&plan.src, &plan.dst};
    int status = np_cut_words(cuts, sizeof plan / sizeof(uint32_t), 16, where);
    memset(&plan, 0, sizeof plan);
    plan.otherwise = otherwise;
    for (size_t i = 0; i < list->count; i++) {
        if (concerns(&list->boxes[i], list->family)) {
            add_borders(list, 0, &list->boxes[i]);
            add_borders(list, 1, &list->boxes[i]);
        }
    }
    for (int end = 0; end < 2 && status == NETPOL_OK; end++) {
        status = np_cut_axis_make(cuts, list->family, list->borders[end], &list->n_borders[end],
                                  axes[end]);
    }
    if (status != NETPOL_OK) {
        return status;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (concerns(&list->boxes[i], list->family)) {
            add_box(list, &list->boxes[i]);
        }
    }
    status = finish(list, &plan);
    if (status == NETPOL_OK) {
        memcpy(cuts->nodes.items + *where, &plan, sizeof plan);
    }
    return status;
}

static int plan_family(struct np_cut_build *cuts, const struct np_box *boxes, size_t count,
                       enum np_cut_family family, uint32_t otherwise, uint32_t *where)
{
    struct list list = {.cuts = cuts, .boxes = boxes, .count = count, .family = family};
    size_t most = 2 * count + 1;
    list.monotone = true;
    for (size_t i = 1; i < count; i++) {
        list.monotone &= boxes[i - 1].value <= boxes[i].value;
    }
    /* Tables hold orders of 16 bits. */
    uint32_t limit = count <= NP_CUT_TABLE_ITEMS ? NP_CUT_CELL_NONE : NP_CUT_NONE;
    list.monotone &= count == 0 || boxes[count - 1].value < limit;
    list.borders[0] = np_alloc(cuts->ctx, most * sizeof *list.borders[0]);
    list.borders[1] = np_alloc(cuts->ctx, most * sizeof *list.borders[1]);
    list.items.items = np_alloc(cuts->ctx, most * sizeof *list.items.items);
    list.values = np_alloc(cuts->ctx, most * sizeof *list.values);
    bool room = list.borders[0] && list.borders[1] && list.items.items && list.values;
    int status = room ? plan_list(&list, otherwise, where) : NETPOL_ERR_MEMORY;
    np_free(cuts->ctx, list.borders[0], most * sizeof *list.borders[0]);
    np_free(cuts->ctx, list.borders[1], most * sizeof *list.borders[1]);
    np_free(cuts->ctx, list.items.items, most * sizeof *list.items.items);
    np_free(cuts->ctx, list.values, most * sizeof *list.values);
    return status;
}

/* ---- lists ---- */

enum { BOX_WORDS = 9 };

/* A list as words that are equal when the lists are; NULL: no memory. */
static uint64_t *spelt(const struct netpol_ctx *ctx, const struct np_box *boxes, size_t count,
                       uint32_t otherwise, size_t *bytes)
{
    *bytes = (1 + count * BOX_WORDS) * sizeof(uint64_t);
    uint64_t *words = np_alloc(ctx, *bytes);
    if (words) {
        words[0] = otherwise;
        for (size_t i = 0; i < count; i++) {
            const struct np_box *b = &boxes[i];
            const uint64_t box[BOX_WORDS] = {
                b->src[0],
                b->src[1],
                b->dst[0],
                b->dst[1],
                (uint64_t)b->src_length << 8 | b->dst_length,
                (uint64_t)b->family << 24 | (uint64_t)b->protocol << 16 |
                    (uint64_t)b->any_protocol << 8 | b->no_ports,
                (uint64_t)b->src_first << 16 | b->src_last,
                (uint64_t)b->dst_first << 16 | b->dst_last,
                b->value,
            };
            memcpy(words + 1 + i * BOX_WORDS, box, sizeof box);
        }
    }
    return words;
}

static int add_root(struct np_cut_build *cuts, const struct np_box *boxes, size_t count,
                    uint32_t otherwise, struct np_cut_root *root)
{
    bool differs[NP_CUT_FAMILIES] = {false, false, true};
    for (size_t i = 0; i < count; i++) {
        differs[NP_CUT_IPV4] |= boxes[i].family == 4;
        differs[NP_CUT_IPV6] |= boxes[i].family == 6;
    }
    int status = NETPOL_OK;
    root->first_word = (uint32_t)cuts->nodes.count;
    root->first_chunk = (uint32_t)cuts->leaves.count;
    for (int f = NP_CUT_FAMILIES - 1; f >= 0 && status == NETPOL_OK; f--) {
        if (differs[f]) {
            status =
                plan_family(cuts, boxes, count, (enum np_cut_family)f, otherwise, &root->plan[f]);
        } else {
            root->plan[f] = root->plan[NP_CUT_NEITHER];
        }
    }
    root->end_word = (uint32_t)cuts->nodes.count;
    root->end_chunk = (uint32_t)cuts->leaves.count;
    return status;
}

/* One more than the largest value. */
static uint32_t values_of(const struct np_box *boxes, size_t count, uint32_t otherwise)
{
    uint32_t most = otherwise;
    for (size_t i = 0; i < count; i++) {
        most = boxes[i].value > most ? boxes[i].value : most;
    }
    return most + 1;
}

int np_cut_add(struct np_cut_build *cuts, const struct np_box *boxes, size_t count,
               uint32_t otherwise, uint32_t *root)
{
    struct np_cut_root made;
    bool added = false;
    size_t bytes;
    if (count > UINT32_MAX / 4 || cuts->roots.count >= UINT32_MAX / 32) {
        return NETPOL_ERR_LIMIT;
    }
    /* Short lists repeat under many cells; long ones are imported once, and not worth keeping. */
    uint64_t *words = spelt(cuts->ctx, boxes, count < 1024 ? count : 0, otherwise, &bytes);
    uint64_t *seen =
        words && count < 1024
            ? np_map_add(&cuts->known, (struct np_slice){(const char *)words, bytes}, &added)
            : NULL;
    np_free(cuts->ctx, words, bytes);
    if (!words || (!seen && count < 1024)) {
        return NETPOL_ERR_MEMORY;
    }
    if (seen && !added && *seen) {
        *root = (uint32_t)(*seen - 1);
        return NETPOL_OK;
    }
    memset(&made, 0, sizeof made);
    made.values = values_of(boxes, count, otherwise);
    int status = add_root(cuts, boxes, count, otherwise, &made);
    struct np_cut_root *slot = status == NETPOL_OK ? np_vec_push(cuts->ctx, &cuts->roots) : NULL;
    if (!slot) {
        return status == NETPOL_OK ? NETPOL_ERR_MEMORY : status;
    }
    *slot = made;
    *root = (uint32_t)(cuts->roots.count - 1);
    if (seen) {
        *seen = (uint64_t)*root + 1;
    }
    return NETPOL_OK;
}
