/* SPDX-License-Identifier: Apache-2.0 */
/* Who may reach whom: units, the pairs that were asked for, rows in order. */
#include "analyze/list.h"

#include "analyze/tell.h"
#include "compile/matcher.h"
#include "match/table.h"
#include "model/build.h"

#include <stdlib.h>

/* ---- units ---- */

static int compare_text(np_str a, np_str b)
{
    return np_slice_compare(np_str_slice(a), np_str_slice(b));
}

/* Pods of a workload stand together. */
static int compare_endpoints(const void *x, const void *y)
{
    const struct np_endpoint *a = *(const struct np_endpoint *const *)x;
    const struct np_endpoint *b = *(const struct np_endpoint *const *)y;
    int by = compare_text(a->namespace_name, b->namespace_name);
    by = by ? by : compare_text(a->workload_name, b->workload_name);
    by = by ? by : compare_text(a->workload_kind, b->workload_kind);
    by = by ? by : compare_text(a->name, b->name);
    return by ? by : (a->index > b->index) - (a->index < b->index);
}

static bool same_workload(const struct np_endpoint *a, const struct np_endpoint *b)
{
    return a->namespace_name == b->namespace_name && a->workload_name == b->workload_name &&
           a->workload_kind == b->workload_kind;
}

static const char *unit_name(struct np_list *list, const struct np_endpoint *endpoint, bool pod)
{
    struct np_text text;
    np_text_init(&text, list->ctx);
    if (pod) {
        np_text_addf(&text, "%s/%s", endpoint->namespace_name ? endpoint->namespace_name->text : "",
                     endpoint->name ? endpoint->name->text : "");
    } else {
        np_tell_endpoint(&text, endpoint);
    }
    const char *name =
        text.failed ? NULL
                    : np_arena_text(&list->survey.arena, (struct np_slice){text.ptr, text.len});
    np_text_free(&text);
    return name;
}

static bool add_unit(struct np_list *list, const struct np_endpoint *first,
                     const struct np_endpoint *second, bool pod)
{
    struct np_unit *unit = &list->units[list->n_units++];
    unit->class = &list->survey.classes[list->survey.class_of[first->index]];
    unit->first = first;
    unit->second = second;
    unit->name = unit_name(list, first, pod);
    return unit->name != NULL;
}

/* One unit for a workload of equal pods, else one a pod. */
static bool add_workload(struct np_list *list, const struct np_endpoint *const *pods, size_t count)
{
    bool equal = true;
    for (size_t i = 1; i < count; i++) {
        equal =
            equal && list->survey.class_of[pods[i]->index] == list->survey.class_of[pods[0]->index];
    }
    if (equal) {
        return add_unit(list, pods[0], count > 1 ? pods[1] : NULL, false);
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_unit(list, pods[i], NULL, true)) {
            return false;
        }
    }
    return true;
}

static int make_units(struct np_list *list)
{
    const struct np_inventory *inventory = &list->model->inventory;
    struct np_arena *arena = &list->survey.arena;
    const struct np_endpoint **pods = np_arena_array(arena, inventory->n_endpoints, sizeof *pods);
    list->units = np_arena_array(arena, inventory->n_endpoints, sizeof *list->units);
    size_t count = 0;
    if (!pods || !list->units) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        if (list->survey.class_of[i] != UINT32_MAX) {
            pods[count++] = inventory->endpoints[i];
        }
    }
    if (count > 1) {
        qsort(pods, count, sizeof *pods, compare_endpoints);
    }
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_workload(pods[from], pods[to]); to++) {
        }
        if (!add_workload(list, pods + from, to - from)) {
            return NETPOL_ERR_MEMORY;
        }
    }
    return NETPOL_OK;
}

/* ---- what was asked for ---- */

struct filter {
    const char *text;
    struct np_address address; /* family 0: no address */
    bool found;
};

static bool parse_filter(const char *text, struct filter *out)
{
    *out = (struct filter){.text = text, .found = !text};
    if (!text) {
        return true;
    }
    if (np_address_parse(np_slice_of(text), &out->address, NULL) == NP_PREFIX_OK) {
        out->found = true;
        return true;
    }
    out->address.family = 0;
    return strchr(text, '/') != NULL;
}

static bool is_asked(struct filter *filter, const struct np_unit *unit)
{
    if (!filter->text) {
        return true;
    }
    size_t len = strlen(filter->text);
    bool space = len > 0 && filter->text[len - 1] == '/';
    bool hit =
        space ? strncmp(unit->name, filter->text, len) == 0 : strcmp(unit->name, filter->text) == 0;
    if (!hit && !space && unit->first->name && unit->first->namespace_name) {
        const char *slash = strchr(filter->text, '/');
        size_t prefix = (size_t)(slash - filter->text);
        hit = prefix == unit->first->namespace_name->len &&
              memcmp(filter->text, unit->first->namespace_name->text, prefix) == 0 &&
              strcmp(slash + 1, unit->first->name->text) == 0;
    }
    filter->found = filter->found || hit;
    return hit;
}

/* ---- rows ---- */

struct pairs {
    struct filter from, to;
    bool *is_from, *is_to;     /* by unit */
    const struct np_class *of; /* the source class that the cache is about */
    struct np_verdicts *cache; /* by destination class */
    bool *known;
};

/* Units of one class and two pods of it: any two stand for all. */
static const struct np_endpoint *other_end(const struct np_unit *src, const struct np_unit *dst)
{
    return src == dst ? src->second : dst->first;
}

static int pair_row(struct np_list *list, struct pairs *pairs, const struct np_unit *src,
                    const struct np_unit *dst)
{
    const struct np_endpoint *to = other_end(src, dst);
    size_t class = (size_t)(dst->class - list->survey.classes);
    if (!to) {
        return NETPOL_OK; /* a single pod and itself */
    }
    if (pairs->of != src->class) {
        pairs->of = src->class;
        memset(pairs->known, 0, list->survey.n_classes * sizeof *pairs->known);
    }
    if (!pairs->known[class]) {
        int status =
            np_list_pair(list, src->class, src->first, dst->class, to, &pairs->cache[class]);
        if (status != NETPOL_OK) {
            return status;
        }
        pairs->known[class] = true;
    }
    return np_list_emit(list, src->name, dst->name, &pairs->cache[class]);
}

static int all_pairs(struct np_list *list, struct pairs *pairs)
{
    int status = NETPOL_OK;
    for (uint32_t s = 0; s < list->n_units && status == NETPOL_OK; s++) {
        for (uint32_t d = 0; pairs->is_from[s] && d < list->n_units && status == NETPOL_OK; d++) {
            if (pairs->is_to[d]) {
                status = pair_row(list, pairs, &list->units[s], &list->units[d]);
            }
        }
    }
    return status;
}

static int outside_rows(struct np_list *list, const struct filter *outside, const bool *asked,
                        bool from_outside)
{
    int status = NETPOL_OK;
    struct np_segment one = {outside->address, outside->address, outside->address};
    struct np_segment *all = list->segments;
    uint32_t count = list->n_segments;
    if (outside->address.family) {
        list->segments = &one;
        list->n_segments = 1;
    }
    for (uint32_t u = 0; u < list->n_units && status == NETPOL_OK; u++) {
        if (asked[u]) {
            status = np_list_outside_rows(list, &list->units[u], from_outside);
        }
    }
    list->segments = all;
    list->n_segments = count;
    return status;
}

static int write_rows(struct np_list *list, struct pairs *pairs)
{
    bool to_outside = pairs->to.address.family || (list->options->addresses && !pairs->to.text);
    bool from_outside =
        pairs->from.address.family || (list->options->addresses && !pairs->from.text);
    int status = NETPOL_OK;
    if (list->options->addresses) {
        status = np_list_segments(list);
    }
    if (status == NETPOL_OK) {
        status = all_pairs(list, pairs);
    }
    if (status == NETPOL_OK && to_outside) {
        status = outside_rows(list, &pairs->to, pairs->is_from, false);
    }
    if (status == NETPOL_OK && from_outside) {
        status = outside_rows(list, &pairs->from, pairs->is_to, true);
    }
    return status;
}

/* ---- entry ---- */

static int not_found(struct netpol_diags *diags, const char *text)
{
    struct np_place place = {.source = "command line"};
    np_diag(diags, NP_CODE_4001, &place, "nothing is called \"%s\"", text);
    return NETPOL_ERR_NOT_FOUND;
}

static int prepare(struct np_list *list, struct pairs *pairs, struct netpol_diags *diags)
{
    struct np_arena *arena = &list->survey.arena;
    uint32_t classes = list->survey.n_classes;
    pairs->is_from = np_arena_array(arena, list->n_units, sizeof(bool));
    pairs->is_to = np_arena_array(arena, list->n_units, sizeof(bool));
    pairs->known = np_arena_array(arena, classes, sizeof(bool));
    pairs->cache = np_arena_array(arena, classes, sizeof *pairs->cache);
    if (!pairs->is_from || !pairs->is_to || !pairs->known || !pairs->cache) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t u = 0; u < list->n_units; u++) {
        pairs->is_from[u] = !pairs->from.address.family && is_asked(&pairs->from, &list->units[u]);
        pairs->is_to[u] = !pairs->to.address.family && is_asked(&pairs->to, &list->units[u]);
    }
    if (!pairs->from.found) {
        return not_found(diags, pairs->from.text);
    }
    return pairs->to.found ? NETPOL_OK : not_found(diags, pairs->to.text);
}

static int run(struct np_list *list, struct pairs *pairs, struct netpol_diags *diags)
{
    int status = np_survey_make(list->ctx, list->model, &list->survey);
    if (status == NETPOL_OK) {
        status = make_units(list);
    }
    if (status == NETPOL_OK) {
        status = prepare(list, pairs, diags);
    }
    return status == NETPOL_OK ? write_rows(list, pairs) : status;
}

int netpol_list(const struct netpol_view *view, const struct netpol_list_options *options,
                int (*row)(void *user, const struct netpol_reach *reach), void *user,
                struct netpol_diags *diags)
{
    static const struct netpol_list_options everything = {.size = sizeof everything};
    struct pairs pairs = {0};
    if (!view || !row || (options && options->size != sizeof *options)) {
        return NETPOL_ERR_ARGUMENT;
    }
    const struct netpol_matcher *matcher = view->matcher;
    if (!np_whole_of(matcher)) {
        return NETPOL_ERR_UNSUPPORTED;
    }
    if (view->endpoints && np_endpoints_changed(view->endpoints)) {
        return NETPOL_ERR_STATE; /* the model knows the endpoints as compiled */
    }
    struct np_list list = {.ctx = matcher->ctx,
                           .model = np_whole_of(matcher)->model,
                           .view = view,
                           .options = options ? options : &everything,
                           .row = row,
                           .user = user,
                           .intervals = {.ctx = matcher->ctx},
                           .more = {.ctx = matcher->ctx}};
    if (!parse_filter(list.options->from, &pairs.from)) {
        return not_found(diags, list.options->from);
    }
    if (!parse_filter(list.options->to, &pairs.to)) {
        return not_found(diags, list.options->to);
    }
    int status = run(&list, &pairs, diags);
    for (uint32_t c = 0; pairs.cache && c < list.survey.n_classes; c++) {
        np_verdicts_free(list.ctx, &pairs.cache[c]);
    }
    np_vec_free(list.ctx, &list.intervals);
    np_vec_free(list.ctx, &list.more);
    np_vec_free(list.ctx, &list.named);
    np_survey_free(&list.survey);
    return status;
}
