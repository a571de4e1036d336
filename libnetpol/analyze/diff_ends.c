/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends: pods of either inventory, joined by what they are called, then the pieces of the
 * address space; and which of them look alike in both models.
 */
#include "analyze/diff.h"

#include <stdlib.h>

static int compare_text(np_str a, np_str b)
{
    return np_slice_compare(np_str_slice(a), np_str_slice(b));
}

/* Pods of a workload stand together. */
static int compare_pods(const void *x, const void *y)
{
    const struct np_endpoint *a = *(const struct np_endpoint *const *)x;
    const struct np_endpoint *b = *(const struct np_endpoint *const *)y;
    int by = compare_text(a->namespace_name, b->namespace_name);
    by = by ? by : compare_text(a->name, b->name);
    by = by ? by : a->sibling - b->sibling;
    by = by ? by : compare_text(a->workload_kind, b->workload_kind);
    return by ? by : (a->index > b->index) - (a->index < b->index);
}

static const struct np_endpoint *any_of(const struct np_diff_end *end)
{
    return end->pod[NP_DIFF_NEW] ? end->pod[NP_DIFF_NEW] : end->pod[NP_DIFF_OLD];
}

static int compare_ends(const void *x, const void *y)
{
    const struct np_endpoint *a = any_of(x), *b = any_of(y);
    int by = compare_text(a->namespace_name, b->namespace_name);
    by = by ? by : compare_text(a->workload_name, b->workload_name);
    by = by ? by : compare_text(a->workload_kind, b->workload_kind);
    by = by ? by : compare_text(a->name, b->name);
    by = by ? by : a->sibling - b->sibling;
    return by ? by : (a->index > b->index) - (a->index < b->index);
}

/* The same pod: nothing else may have its name. */
static bool is_same_pod(const struct np_endpoint *a, const struct np_endpoint *b)
{
    return compare_text(a->namespace_name, b->namespace_name) == 0 &&
           compare_text(a->name, b->name) == 0 && a->sibling == b->sibling;
}

typedef np_vec(const struct np_endpoint *) pod_list;

/* Pods of the host's network are their node, unless the options make them pods like others. */
static bool list_pods(struct np_diff *diff, enum np_diff_which which, pod_list *out)
{
    const struct np_inventory *inventory = &diff->models[which].model->inventory;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        if (inventory->endpoints[i]->kind == NP_OBJ_WORKLOAD) {
            const struct np_endpoint **place = np_vec_push(diff->ctx, out);
            if (!place) {
                return false;
            }
            *place = inventory->endpoints[i];
        }
    }
    if (out->count > 1) {
        qsort(out->items, out->count, sizeof *out->items, compare_pods);
    }
    return true;
}

static struct np_diff_end pod_end(const struct np_endpoint *old, const struct np_endpoint *now)
{
    struct np_diff_end end = {
        .pod = {old, now}
    };
    end.families = (old ? np_survey_families(old) : 0) | (now ? np_survey_families(now) : 0);
    return end;
}

/* Which of the heads of two sorted lists comes first? <0 the old one, 0 both are the same pod. */
static int heads(const pod_list *old, size_t o, const pod_list *now, size_t n)
{
    if (o == old->count || n == now->count) {
        return o == old->count ? 1 : -1;
    }
    if (is_same_pod(old->items[o], now->items[n])) {
        return 0;
    }
    return compare_pods(&old->items[o], &now->items[n]) < 0 ? -1 : 1;
}

static void join(struct np_diff *diff, const pod_list *old, const pod_list *now)
{
    for (size_t o = 0, n = 0; o < old->count || n < now->count;) {
        int first = heads(old, o, now, n);
        const struct np_endpoint *a = first <= 0 ? old->items[o++] : NULL;
        const struct np_endpoint *b = first >= 0 ? now->items[n++] : NULL;
        diff->ends[diff->n_pods++] = pod_end(a, b);
    }
    if (diff->n_pods > 1) {
        qsort(diff->ends, diff->n_pods, sizeof *diff->ends, compare_ends);
    }
}

static bool allocate(struct np_diff *diff, size_t pods, const struct np_diff_end *pieces,
                     uint32_t n_pieces)
{
    diff->ends = np_arena_array(&diff->arena, pods + n_pieces, sizeof *diff->ends);
    return diff->ends && (pieces || n_pieces == 0);
}

int np_diff_ends(struct np_diff *diff)
{
    pod_list lists[NP_DIFF_MODELS] = {{0}, {0}};
    struct np_diff_end *pieces = NULL;
    uint32_t n_pieces = 0;
    int status = np_diff_pieces(diff, &n_pieces, &pieces);
    if (status == NETPOL_OK) {
        bool fine =
            list_pods(diff, NP_DIFF_OLD, &lists[NP_DIFF_OLD]) &&
            list_pods(diff, NP_DIFF_NEW, &lists[NP_DIFF_NEW]) &&
            allocate(diff, lists[NP_DIFF_OLD].count + lists[NP_DIFF_NEW].count, pieces, n_pieces);
        status = fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    if (status == NETPOL_OK) {
        join(diff, &lists[NP_DIFF_OLD], &lists[NP_DIFF_NEW]);
        diff->n_ends = diff->n_pods;
        for (uint32_t i = 0; i < n_pieces; i++) {
            diff->ends[diff->n_ends++] = pieces[i];
        }
    }
    np_vec_free(diff->ctx, &lists[NP_DIFF_OLD]);
    np_vec_free(diff->ctx, &lists[NP_DIFF_NEW]);
    return status;
}

/* ---- classes ---- */

/* A pod on another node than before: its own node is another one. */
static bool has_other_node(const struct np_diff_end *end)
{
    const struct np_endpoint *old = end->pod[NP_DIFF_OLD], *now = end->pod[NP_DIFF_NEW];
    return old && now && compare_text(old->node_name, now->node_name) != 0;
}

/* Is it, in some model, a node, or somebody else's pod? */
static void look_at_relations(const struct np_diff *diff, const struct np_diff_end *end,
                              struct np_diff_class *class)
{
    static const uint8_t families[] = {0, NP_IPV4, NP_IPV6};
    for (int w = 0; w < NP_DIFF_MODELS; w++) {
        for (size_t f = 0; f < 3; f++) {
            struct np_end resolved;
            uint32_t owners = 1;
            bool asked =
                f == 0 ? end->families == 0 : end->families & (f == 1 ? NP_FAMILY_4 : NP_FAMILY_6);
            if (asked) {
                np_diff_resolve(diff, (enum np_diff_which)w, end, families[f], 0, 0, &resolved,
                                &owners);
                class->several = class->several || owners > 1;
                class->odd = class->odd || resolved.node || resolved.domain == NP_DOMAIN_NODES ||
                             (!end->pod[w] && resolved.endpoint);
            }
        }
    }
}

static bool classify(struct np_diff *diff, struct np_map *seen, struct np_text *look, uint32_t at)
{
    struct np_diff_end *end = &diff->ends[at];
    look->len = 0;
    np_diff_look(diff, NP_DIFF_OLD, end, look);
    size_t half = look->len;
    np_diff_look(diff, NP_DIFF_NEW, end, look);
    bool moved = look->failed || look->len != 2 * half ||
                 memcmp(look->ptr, look->ptr + half, half) != 0 || has_other_node(end);
    uint64_t tail = (uint64_t)half << 1 | moved;
    np_text_add(look, (const char *)&tail, sizeof tail);
    bool added = false;
    uint64_t *place =
        look->failed ? NULL : np_map_add(seen, (struct np_slice){look->ptr, look->len}, &added);
    if (!place) {
        return false;
    }
    if (added) {
        *place = diff->n_classes;
        struct np_diff_class *class = &diff->classes[diff->n_classes++];
        *class = (struct np_diff_class){.first = at, .second = NP_DIFF_NONE, .moved = moved};
    }
    struct np_diff_class *class = &diff->classes[*place];
    if (!added && class->second == NP_DIFF_NONE) {
        class->second = at;
    }
    look_at_relations(diff, end, class);
    end->class = (uint32_t)*place;
    return true;
}

int np_diff_classes(struct np_diff *diff)
{
    struct np_map seen;
    struct np_text look;
    bool fine = true;
    diff->classes = np_arena_array(&diff->arena, diff->n_ends, sizeof *diff->classes);
    if (!diff->classes) {
        return NETPOL_ERR_MEMORY;
    }
    np_map_init(&seen, diff->ctx);
    np_text_init(&look, diff->ctx);
    for (uint32_t i = 0; i < diff->n_ends && fine; i++) {
        fine = classify(diff, &seen, &look, i);
    }
    np_text_free(&look);
    np_map_free(&seen);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
