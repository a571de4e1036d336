/* SPDX-License-Identifier: Apache-2.0 */
#include "regex/build/internal.h"

#include <stdlib.h>

void np_re_add(struct np_re_ranges *set, uint32_t low, uint32_t high)
{
    if (low > high || set->failed) {
        return;
    }
    if (++set->work > NP_REGEX_RANGES_MAX) {
        return; /* the parser gives up */
    }
    struct np_re_range *range = np_vec_push(set->ctx, &set->v);
    if (range) {
        *range = (struct np_re_range){low, high};
    } else {
        set->failed = true;
    }
}

/* The first entry of the table that ends at or behind a code point. */
static size_t fold_at(uint32_t rune)
{
    size_t low = 0;
    size_t high = np_re_n_folds;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (np_re_folds[middle].last < rune) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* A circle has at most four code points: three steps go all the way round. */
static void add_circles(struct np_re_ranges *set, uint32_t low, uint32_t high, int steps)
{
    np_re_add(set, low, high);
    for (size_t i = steps ? fold_at(low) : np_re_n_folds; i < np_re_n_folds; i++) {
        const struct np_re_fold *fold = &np_re_folds[i];
        if (fold->first > high) {
            return;
        }
        uint32_t from = low > fold->first ? low : fold->first;
        uint32_t to = high < fold->last ? high : fold->last;
        if (fold->step == 0) {
            from = fold->first + ((from - fold->first) & ~1u);
            to = fold->first + ((to - fold->first) | 1u);
            np_re_add(set, from, to);
        } else {
            uint32_t step = (uint32_t)fold->step;
            add_circles(set, from + step, to + step, steps - 1);
        }
    }
}

void np_re_add_folded(struct np_re_ranges *set, uint32_t low, uint32_t high)
{
    if (low <= high) {
        add_circles(set, low, high, 3);
    }
}

static int compare(const void *a, const void *b)
{
    const struct np_re_range *x = a;
    const struct np_re_range *y = b;
    return x->low < y->low ? -1 : x->low > y->low;
}

void np_re_sort(struct np_re_ranges *set)
{
    struct np_re_range *items = set->v.items;
    size_t kept = 0;
    if (set->v.count > 1) {
        qsort(items, set->v.count, sizeof *items, compare);
    }
    for (size_t i = 0; i < set->v.count; i++) {
        if (kept && items[i].low <= items[kept - 1].high + 1) {
            if (items[i].high > items[kept - 1].high) {
                items[kept - 1].high = items[i].high;
            }
        } else {
            items[kept++] = items[i];
        }
    }
    set->v.count = kept;
}

void np_re_negate(struct np_re_ranges *set)
{
    struct np_re_range *items = set->v.items;
    size_t kept = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < set->v.count; i++) {
        struct np_re_range range = items[i];
        if (range.low > next) {
            items[kept++] = (struct np_re_range){next, range.low - 1};
        }
        next = range.high + 1;
    }
    set->v.count = kept;
    np_re_add(set, next, NP_RE_LAST);
}
