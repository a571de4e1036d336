/* SPDX-License-Identifier: Apache-2.0 */
/* Ends that stand together and look alike: what a row names. */
#include "analyze/diff_rows.h"

static const struct np_endpoint *pod_of(const struct np_diff_end *end)
{
    return end->pod[NP_DIFF_NEW] ? end->pod[NP_DIFF_NEW] : end->pod[NP_DIFF_OLD];
}

static bool equal_text(np_str a, np_str b)
{
    return np_slice_equal(np_str_slice(a), np_str_slice(b));
}

static bool same_workload(const struct np_diff_end *x, const struct np_diff_end *y)
{
    const struct np_endpoint *a = pod_of(x), *b = pod_of(y);
    return equal_text(a->namespace_name, b->namespace_name) &&
           equal_text(a->workload_name, b->workload_name) &&
           equal_text(a->workload_kind, b->workload_kind);
}

const char *np_diff_pod_name(struct np_diff *diff, uint32_t end, bool workload)
{
    const struct np_endpoint *pod = pod_of(&diff->ends[end]);
    struct np_slice space = np_str_slice(pod->namespace_name);
    struct np_slice name =
        np_str_slice(workload && pod->workload_name ? pod->workload_name : pod->name);
    char *text = np_arena_alloc(&diff->arena, space.len + name.len + 2);
    if (text) {
        memcpy(text, space.ptr, space.len);
        text[space.len] = '/';
        memcpy(text + space.len + 1, name.ptr, name.len);
    }
    return text;
}

static bool add_unit(struct np_diff_rows *rows, uint32_t from, uint32_t to, bool workload)
{
    struct np_diff_unit *unit = &rows->units[rows->n_units];
    *unit = (struct np_diff_unit){.from = from, .to = to, .class = rows->diff->ends[from].class};
    unit->next = rows->first_unit[unit->class];
    rows->first_unit[unit->class] = rows->n_units++;
    if (np_diff_is_pod(&rows->diff->ends[from])) {
        unit->name = np_diff_pod_name(rows->diff, from, workload);
        return unit->name != NULL;
    }
    return true;
}

static bool add_workload(struct np_diff_rows *rows, uint32_t from, uint32_t to)
{
    const struct np_diff_end *ends = rows->diff->ends;
    bool equal = true;
    for (uint32_t i = from + 1; i < to; i++) {
        equal = equal && ends[i].class == ends[from].class;
    }
    if (equal) {
        return add_unit(rows, from, to, true);
    }
    for (uint32_t i = from; i < to; i++) {
        if (!add_unit(rows, i, i + 1, false)) {
            return false;
        }
    }
    return true;
}

static bool fill_units(struct np_diff_rows *rows)
{
    struct np_diff *diff = rows->diff;
    rows->units = np_arena_array(&diff->arena, diff->n_ends, sizeof *rows->units);
    rows->first_unit = np_arena_array(&diff->arena, diff->n_classes, sizeof *rows->first_unit);
    rows->links = np_arena_array(&diff->arena, diff->n_classes, sizeof *rows->links);
    if (!rows->units || !rows->first_unit || !rows->links) {
        return false;
    }
    for (uint32_t c = 0; c < diff->n_classes; c++) {
        rows->first_unit[c] = NP_DIFF_NONE;
    }
    for (uint32_t from = 0, to; from < diff->n_pods; from = to) {
        for (to = from + 1; to < diff->n_pods && same_workload(&diff->ends[from], &diff->ends[to]);
             to++) {
        }
        if (!add_workload(rows, from, to)) {
            return false;
        }
    }
    for (uint32_t i = diff->n_pods; i < diff->n_ends; i++) {
        if (!add_unit(rows, i, i + 1, false)) {
            return false;
        }
    }
    return true;
}

int np_diff_make_units(struct np_diff_rows *rows)
{
    return fill_units(rows) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

bool np_diff_is_piece(const struct np_diff_rows *rows, uint32_t unit)
{
    return !np_diff_is_pod(&rows->diff->ends[rows->units[unit].from]);
}
