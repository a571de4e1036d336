/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a snapshot to a sealed model: all objects lowered into a builder; or, where the matcher
 * before knows nearly all of them, the few that are new into a builder made upon its model.
 */
#include "compile/internal.h"
#include "dialect/calico/calico.h"
#include "dialect/calico/rule.h"
#include "dialect/cilium/cilium.h"
#include "dialect/cilium/l7.h"
#include "store/internal.h"

#include <stdlib.h>

/* ---- all ---- */

static int lower_objects(struct np_lower *lower, const struct np_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_ranges; i++) {
        np_build_pod_range(lower->build, snapshot->ranges[i]);
    }
    if (snapshot->incomplete) {
        np_build_incomplete(lower->build);
    }
    return np_lower_objects(lower, snapshot->objects, snapshot->count);
}

/* What only the whole set shows. */
static int check(struct np_lower *lower, const struct np_snapshot *snapshot,
                 const struct np_model *model)
{
    lower->options = &model->options;
    int status = np_lower_check(lower, model);
    if (status == NETPOL_OK) {
        status = np_lower_check_namespaces(lower, model);
    }
    if (status == NETPOL_OK && lower->options->engine == NP_ENGINE_CALICO) {
        np_calico_check(lower, model);
        np_calico_check_services(lower, model);
    }
    if (status == NETPOL_OK && lower->options->engine == NP_ENGINE_CILIUM) {
        status = np_cilium_check(lower, model);
        np_cilium_check_hosts(lower, snapshot->objects, snapshot->count);
        status = status == NETPOL_OK ? np_cilium_check_conflicts(lower, model) : status;
        status = status == NETPOL_OK ? np_cilium_check_effects(lower, model) : status;
    }
    np_lower_check_engine(lower, snapshot->objects, snapshot->count);
    return status == NETPOL_OK && lower->errors ? NETPOL_ERR_INPUT : status;
}

int np_lower_all(struct np_whole *whole, const struct np_options *options, bool strict,
                 struct netpol_diags *diags)
{
    struct np_build *build = np_build_create(whole->ctx);
    if (!build) {
        return NETPOL_ERR_MEMORY;
    }
    *np_build_options(build) = *options;
    struct np_lower lower = {.ctx = whole->ctx,
                             .build = build,
                             .options = np_build_options(build),
                             .diags = diags,
                             .strict = strict};
    int status = lower_objects(&lower, whole->snapshot);
    whole->said = lower.said;
    if (status == NETPOL_OK) {
        status = np_build_failed(build) ? NETPOL_ERR_MEMORY : np_build_seal(build, &whole->model);
    }
    np_build_destroy(build);
    return status == NETPOL_OK ? check(&lower, whole->snapshot, whole->model) : status;
}

/* ---- what is different ---- */

enum { CHANGES = 256 }; /* more of them are better made from nothing */

struct changes {
    const struct np_object *old[CHANGES], *new[CHANGES];
    size_t n_old, n_new;
    bool many; /* or not of policies */
};

static void note(struct changes *c, const struct np_object **list, size_t *count,
                 const struct np_object *object)
{
    c->many = c->many || *count == CHANGES || object->reader->family != NP_FAMILY_POLICY;
    if (!c->many) {
        list[(*count)++] = object;
    }
}

/* Which of two different objects comes first; 0: the same key. false: no memory. */
static bool compare_keys(const struct netpol_ctx *ctx, const struct np_object *a,
                         const struct np_object *b, int *order)
{
    struct np_text x np_auto(np_text_free), y np_auto(np_text_free);
    np_text_init(&x, ctx);
    np_text_init(&y, ctx);
    np_store_key_of(&x, a);
    np_store_key_of(&y, b);
    *order = np_slice_compare((struct np_slice){x.ptr, x.len}, (struct np_slice){y.ptr, y.len});
    return !x.failed && !y.failed;
}

/* Both are sorted by key; what is in both is the same object. */
static int find_changes(const struct np_snapshot *before, const struct np_snapshot *now,
                        struct changes *out)
{
    size_t i = 0, j = 0;
    while ((i < before->count || j < now->count) && !out->many) {
        const struct np_object *old = i < before->count ? before->objects[i] : NULL;
        const struct np_object *new = j < now->count ? now->objects[j] : NULL;
        int order = 0;
        if (old == new) {
            i++;
            j++;
            continue;
        }
        if (old && new && !compare_keys(now->ctx, old, new, &order)) {
            return NETPOL_ERR_MEMORY;
        }
        if (old && (!new || order <= 0)) {
            note(out, out->old, &out->n_old, old);
            i++;
        }
        if (new && (!old || order >= 0)) {
            note(out, out->new, &out->n_new, new);
            j++;
        }
    }
    return NETPOL_OK;
}

static bool same_rest(const struct np_snapshot *a, const struct np_snapshot *b)
{
    bool same = a->incomplete == b->incomplete && a->n_ranges == b->n_ranges;
    for (size_t i = 0; same && i < a->n_ranges; i++) {
        same = np_prefix_equal(&a->ranges[i], &b->ranges[i]);
    }
    return same;
}

/* ---- a model upon another ---- */

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const void *const *)a, y = (uintptr_t) * (const void *const *)b;
    return (x > y) - (x < y);
}

static bool keeps(void *user, const struct np_policy *policy)
{
    const struct changes *c = user;
    const void *maker = policy->maker;
    return !maker || c->n_old == 0 || !bsearch(&maker, c->old, c->n_old, sizeof maker, by_address);
}

static bool copy_out(const struct netpol_ctx *ctx, const struct np_build *build,
                     struct np_lowered *out)
{
    size_t count;
    const struct np_policy *const *items = np_build_dropped(build, &count);
    for (size_t i = 0; i < count; i++) {
        const struct np_policy **at = np_vec_push(ctx, &out->dropped);
        if (!at) {
            return false;
        }
        *at = items[i];
    }
    const struct np_policy *policy;
    for (size_t i = 0; (policy = np_build_added(build, &i)) != NULL;) {
        const struct np_policy **at = np_vec_push(ctx, &out->added);
        if (!at) {
            return false;
        }
        *at = policy;
    }
    return true;
}

static int build_upon(struct np_whole *whole, const struct np_whole *before, struct changes *c,
                      struct np_lower *lower, struct np_lowered *out, bool *outgrown)
{
    if (c->n_old) {
        qsort(c->old, c->n_old, sizeof *c->old, by_address);
    }
    struct np_build *build = np_build_upon(before->model, keeps, c);
    if (!build) {
        return NETPOL_ERR_MEMORY;
    }
    lower->build = build;
    lower->options = np_build_options(build);
    int status = NETPOL_OK;
    for (size_t i = 0; status == NETPOL_OK && i < c->n_new; i++) {
        status = np_lower_object(lower, c->new[i]);
    }
    *outgrown = status == NETPOL_OK && np_build_outgrown(build);
    if (status == NETPOL_OK && !*outgrown) {
        bool fine = !np_build_failed(build) && copy_out(whole->ctx, build, out);
        status = fine ? np_build_seal(build, &whole->model) : NETPOL_ERR_MEMORY;
    }
    np_build_destroy(build);
    return status;
}

int np_lower_upon(struct np_whole *whole, const struct np_whole *before, bool strict,
                  struct netpol_diags *diags, struct np_lowered *out, bool *outgrown)
{
    struct changes changes;
    changes.n_old = changes.n_new = 0;
    changes.many = before->said || !same_rest(before->snapshot, whole->snapshot);
    int status = find_changes(before->snapshot, whole->snapshot, &changes);
    *outgrown = status == NETPOL_OK && changes.many;
    if (status != NETPOL_OK || *outgrown) {
        return status;
    }
    struct np_lower lower = {.ctx = whole->ctx, .diags = diags, .strict = strict};
    status = build_upon(whole, before, &changes, &lower, out, outgrown);
    return status == NETPOL_OK && !*outgrown ? check(&lower, whole->snapshot, whole->model)
                                             : status;
}

void np_lowered_free(const struct netpol_ctx *ctx, struct np_lowered *lowered)
{
    np_vec_free(ctx, &lowered->dropped);
    np_vec_free(ctx, &lowered->added);
}
