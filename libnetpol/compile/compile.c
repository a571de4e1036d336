/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compile: one moment of the store, lowered object by object into a builder, sealed, described.
 * Objects come sorted by key, so the result does not depend on the order they were loaded in.
 */
#include "compile/internal.h"

static int lower_objects(struct np_lower *lower, const struct np_snapshot *snapshot)
{
    int status = np_lower_begin(lower);
    for (size_t i = 0; status == NETPOL_OK && i < snapshot->count; i++) {
        lower->object = snapshot->objects[i];
        if (lower->object->reader->lower) {
            status = lower->object->reader->lower(lower);
        }
    }
    for (size_t i = 0; i < snapshot->n_ranges; i++) {
        np_build_pod_range(lower->build, snapshot->ranges[i]);
    }
    if (snapshot->incomplete) {
        np_build_incomplete(lower->build);
    }
    return status;
}

static int build_model(struct netpol_matcher *matcher, const struct np_options *options,
                       bool strict, struct netpol_diags *diags)
{
    struct np_build *build = np_build_create(matcher->ctx);
    if (!build) {
        return NETPOL_ERR_MEMORY;
    }
    *np_build_options(build) = *options;
    struct np_lower lower = {.ctx = matcher->ctx,
                             .build = build,
                             .options = np_build_options(build),
                             .diags = diags,
                             .strict = strict};
    int status = lower_objects(&lower, matcher->snapshot);
    if (status == NETPOL_OK) {
        status = np_build_failed(build) ? NETPOL_ERR_MEMORY : np_build_seal(build, &matcher->model);
    }
    np_build_destroy(build);
    if (status == NETPOL_OK) {
        lower.options = &matcher->model->options;
        status = np_lower_check(&lower, matcher->model);
    }
    if (status == NETPOL_OK) {
        status = np_lower_check_namespaces(&lower, matcher->model);
    }
    return status == NETPOL_OK && lower.errors ? NETPOL_ERR_INPUT : status;
}

static int fill(struct netpol_matcher *matcher, struct netpol_store *store,
                const struct netpol_compile_options *options, struct netpol_diags *diags)
{
    struct np_options resolved;
    int status = np_options_resolve(store->ctx, options->profile, options->settings,
                                    options->n_settings, diags, &resolved);
    if (status == NETPOL_OK) {
        status = np_snapshot_take(store, &matcher->snapshot);
    }
    if (status == NETPOL_OK) {
        status = build_model(matcher, &resolved, options->strict != 0, diags);
    }
    if (status != NETPOL_OK) {
        return status;
    }
    matcher->profile = np_arena_text(&matcher->arena, np_slice_of(options->profile));
    matcher->model->profile = np_intern_text(matcher->model->strings, options->profile);
    if (!matcher->profile || !matcher->model->profile) {
        return NETPOL_ERR_MEMORY;
    }
    return np_describe_all(matcher);
}

int np_compile(struct netpol_store *store, const struct netpol_compile_options *options,
               struct netpol_diags *diags, struct netpol_matcher **out)
{
    if (store->stage) {
        return NETPOL_ERR_STATE;
    }
    struct netpol_matcher *matcher = np_zalloc(store->ctx, sizeof *matcher);
    if (!matcher) {
        return NETPOL_ERR_MEMORY;
    }
    matcher->ctx = store->ctx;
    atomic_init(&matcher->refs, 1);
    np_arena_init(&matcher->arena, store->ctx, 4096);
    int status = fill(matcher, store, options, diags);
    if (status != NETPOL_OK) {
        np_matcher_unref(matcher);
        return status;
    }
    matcher->generation = atomic_fetch_add(&store->ctx->generations, 1) + 1;
    *out = matcher;
    return NETPOL_OK;
}

struct netpol_matcher *np_matcher_ref(struct netpol_matcher *matcher)
{
    if (matcher) {
        atomic_fetch_add_explicit(&matcher->refs, 1, memory_order_relaxed);
    }
    return matcher;
}

void np_matcher_unref(struct netpol_matcher *matcher)
{
    if (!matcher || atomic_fetch_sub_explicit(&matcher->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (matcher->model) {
        np_model_destroy(matcher->model);
    }
    np_snapshot_free(matcher->snapshot);
    np_arena_free(&matcher->arena);
    np_free(matcher->ctx, matcher, sizeof *matcher);
}
