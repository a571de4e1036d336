/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row by row: for each source the destinations to which something changes, in order. What leaves a
 * piece of the address space is kept until the end, when neighbouring pieces are joined.
 */
#include "analyze/diff_rows.h"
#include "analyze/range.h"

#include <stdlib.h>

static int add_strip(struct np_diff_rows *rows, const struct np_diff_strip *strip)
{
    const struct netpol_ctx *ctx = rows->diff->ctx;
    struct np_diff_strip *place = np_diff_is_piece(rows, strip->src)
                                      ? np_vec_push(ctx, &rows->pieces)
                                      : np_vec_push(ctx, &rows->strips);
    if (place) {
        *place = *strip;
    }
    return place ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* Nothing is said of an address and itself. */
static bool is_alone(const struct np_diff_rows *rows, uint32_t unit)
{
    const struct np_diff_unit *u = &rows->units[unit];
    return np_diff_is_piece(rows, unit) ? rows->diff->ends[u->from].samples[1].family == 0
                                        : u->to - u->from < 2;
}

/* A pair of ends: added on its own, or only compared with the others of the units. */
struct look {
    struct np_diff_strip strip;
    bool self, uniform, any;
    uint32_t outcome; /* of the first pair */
};

static int look_at(struct np_diff_rows *rows, struct look *look, uint32_t a, uint32_t b, bool add)
{
    uint32_t outcome;
    int status = np_diff_judge_odd(rows, a, b, &outcome);
    if (status != NETPOL_OK) {
        return status;
    }
    if (!add) {
        look->outcome = look->any ? look->outcome : outcome;
        look->uniform = look->uniform && np_diff_same_outcome(rows, look->outcome, outcome);
        look->any = true;
        return NETPOL_OK;
    }
    struct np_diff_strip one = look->strip;
    one.src_end = a;
    one.dst_end = b;
    one.outcome = outcome;
    return outcome == NP_DIFF_NOTHING ? NETPOL_OK : add_strip(rows, &one);
}

static int each_pair(struct np_diff_rows *rows, struct look *look, bool add)
{
    const struct np_diff_unit *src = &rows->units[look->strip.src];
    const struct np_diff_unit *dst = &rows->units[look->strip.dst];
    int status = NETPOL_OK;
    for (uint32_t a = src->from; a < src->to && status == NETPOL_OK; a++) {
        if (look->self) {
            status = look_at(rows, look, a, a, add);
            continue;
        }
        for (uint32_t b = dst->from; b < dst->to && status == NETPOL_OK; b++) {
            if (a != b || np_diff_is_piece(rows, look->strip.src)) {
                status = look_at(rows, look, a, b, add);
            }
        }
    }
    return status;
}

/* Two units end by end; one strip if all pairs change alike. */
static int look_closely(struct np_diff_rows *rows, uint32_t src, uint32_t dst, bool self)
{
    struct look look = {
        .strip = {src, src, dst, dst, NP_DIFF_NONE, NP_DIFF_NONE, 0, self},
        .self = self,
        .uniform = true
    };
    int status = each_pair(rows, &look, false);
    if (status != NETPOL_OK || !look.any) {
        return status;
    }
    if (!look.uniform) {
        return each_pair(rows, &look, true);
    }
    look.strip.outcome = look.outcome;
    return look.outcome == NP_DIFF_NOTHING ? NETPOL_OK : add_strip(rows, &look.strip);
}

static int add_link(struct np_diff_rows *rows, uint32_t src, const struct np_diff_link *link)
{
    int status = NETPOL_OK;
    for (uint32_t dst = rows->first_unit[link->class]; dst != NP_DIFF_NONE && status == NETPOL_OK;
         dst = rows->units[dst].next) {
        if (src == dst && is_alone(rows, src)) {
            continue;
        }
        if (link->outcome == NP_DIFF_LOOK) {
            status = look_closely(rows, src, dst, false);
        } else {
            const struct np_diff_strip strip = {src,          src,          dst,           dst,
                                                NP_DIFF_NONE, NP_DIFF_NONE, link->outcome, false};
            status = add_strip(rows, &strip);
        }
    }
    return status;
}

/* ---- joining neighbours ---- */

static bool are_neighbours(const struct np_diff_rows *rows, uint32_t unit, uint32_t next)
{
    const struct np_diff_end *ends = rows->diff->ends;
    return next == unit + 1 && np_diff_is_piece(rows, unit) && np_diff_is_piece(rows, next) &&
           np_range_follows(&ends[rows->units[unit].from].last,
                            &ends[rows->units[next].from].first);
}

static bool is_whole(const struct np_diff_strip *strip)
{
    return strip->src_end == NP_DIFF_NONE && !strip->self;
}

static bool join_dst(const struct np_diff_rows *rows, struct np_diff_strip *a,
                     const struct np_diff_strip *b)
{
    if (!is_whole(a) || !is_whole(b) || a->src != b->src ||
        !are_neighbours(rows, a->dst_last, b->dst) ||
        !np_diff_same_outcome(rows, a->outcome, b->outcome)) {
        return false;
    }
    a->dst_last = b->dst_last;
    return true;
}

static bool join_src(const struct np_diff_rows *rows, struct np_diff_strip *a,
                     const struct np_diff_strip *b)
{
    if (!is_whole(a) || !is_whole(b) || a->dst != b->dst || a->dst_last != b->dst_last ||
        !are_neighbours(rows, a->src_last, b->src) ||
        !np_diff_same_outcome(rows, a->outcome, b->outcome)) {
        return false;
    }
    a->src_last = b->src_last;
    return true;
}

static int by_number(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *x, const void *y)
{
    const struct np_diff_strip *a = x, *b = y;
    int by = by_number(a->src, b->src);
    by = by ? by : by_number(a->dst, b->dst);
    by = by ? by : a->self - b->self;
    by = by ? by : by_number(a->src_end, b->src_end);
    return by ? by : by_number(a->dst_end, b->dst_end);
}

static int compare_columns(const void *x, const void *y)
{
    const struct np_diff_strip *a = x, *b = y;
    int by = by_number(a->dst, b->dst);
    by = by ? by : by_number(a->dst_last, b->dst_last);
    return by ? by : compare_rows(x, y);
}

static void sort_and_join(const struct np_diff_rows *rows, np_diff_strips *strips,
                          int (*compare)(const void *, const void *),
                          bool (*join)(const struct np_diff_rows *, struct np_diff_strip *,
                                       const struct np_diff_strip *))
{
    size_t kept = 0;
    if (strips->count > 1) {
        qsort(strips->items, strips->count, sizeof *strips->items, compare);
    }
    for (size_t i = 0; i < strips->count; i++) {
        if (kept == 0 || !join(rows, &strips->items[kept - 1], &strips->items[i])) {
            strips->items[kept++] = strips->items[i];
        }
    }
    strips->count = kept;
}

static int emit_all(struct np_diff_rows *rows, const np_diff_strips *strips)
{
    int status = NETPOL_OK;
    for (size_t i = 0; i < strips->count && status == NETPOL_OK; i++) {
        status = np_diff_emit(rows, &strips->items[i]);
    }
    return status;
}

/* ---- all of it ---- */

static int from_unit(struct np_diff_rows *rows, uint32_t src)
{
    uint32_t class = rows->units[src].class;
    struct np_diff_links *links = &rows->links[class];
    int status = links->made ? NETPOL_OK : np_diff_make_links(rows, class);
    rows->strips.count = 0;
    for (uint32_t i = 0; i < links->count && status == NETPOL_OK; i++) {
        status = add_link(rows, src, &links->items[i]);
    }
    if (status == NETPOL_OK && !np_diff_is_piece(rows, src) &&
        np_diff_is_candidate(rows->diff, class, class)) {
        status = look_closely(rows, src, src, true);
    }
    if (status == NETPOL_OK) {
        sort_and_join(rows, &rows->strips, compare_rows, join_dst);
        status = emit_all(rows, &rows->strips);
    }
    return status;
}

static int from_pieces(struct np_diff_rows *rows)
{
    sort_and_join(rows, &rows->pieces, compare_rows, join_dst);
    sort_and_join(rows, &rows->pieces, compare_columns, join_src);
    if (rows->pieces.count > 1) {
        qsort(rows->pieces.items, rows->pieces.count, sizeof *rows->pieces.items, compare_rows);
    }
    return emit_all(rows, &rows->pieces);
}

int np_diff_rows(struct np_diff *diff)
{
    struct np_diff_rows rows = {.diff = diff};
    np_map_init(&rows.odd, diff->ctx);
    int status = np_diff_make_units(&rows);
    for (uint32_t u = 0; u < rows.n_units && status == NETPOL_OK; u++) {
        status = from_unit(&rows, u);
    }
    if (status == NETPOL_OK) {
        status = from_pieces(&rows);
    }
    np_map_free(&rows.odd);
    np_vec_free(diff->ctx, &rows.outcomes);
    np_vec_free(diff->ctx, &rows.strips);
    np_vec_free(diff->ctx, &rows.pieces);
    return status;
}
