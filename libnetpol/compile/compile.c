/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compile: one moment of the store, lowered object by object into a builder, sealed, described,
 * planned, written as an image. Objects come sorted by key, so the result does not depend on the
 * order they were loaded in.
 */
#include "compile/emit_cold.h"
#include "compile/internal.h"
#include "match/table.h"

#include <time.h>

/* ---- the model ---- */

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

static int build_model(struct np_whole *whole, const struct np_options *options, bool strict,
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
    if (status == NETPOL_OK) {
        status = np_build_failed(build) ? NETPOL_ERR_MEMORY : np_build_seal(build, &whole->model);
    }
    np_build_destroy(build);
    if (status == NETPOL_OK) {
        lower.options = &whole->model->options;
        status = np_lower_check(&lower, whole->model);
    }
    if (status == NETPOL_OK) {
        status = np_lower_check_namespaces(&lower, whole->model);
    }
    return status == NETPOL_OK && lower.errors ? NETPOL_ERR_INPUT : status;
}

static int fill_model(struct np_whole *whole, struct netpol_store *store,
                      const struct netpol_compile_options *options, struct netpol_diags *diags)
{
    struct np_options resolved;
    int status = np_options_resolve(store->ctx, options->profile, options->settings,
                                    options->n_settings, diags, &resolved);
    if (status == NETPOL_OK && options->endpoints) { /* what changes from here on is replayed */
        np_endpoints_mark(options->endpoints, (uintptr_t)whole);
    }
    if (status == NETPOL_OK) {
        status = np_snapshot_take(store, &whole->snapshot);
    }
    if (status == NETPOL_OK) {
        status = build_model(whole, &resolved, options->strict != 0, diags);
    }
    if (status != NETPOL_OK) {
        return status;
    }
    whole->profile = np_arena_text(&whole->arena, np_slice_of(options->profile));
    whole->model->profile = np_intern_text(whole->model->strings, options->profile);
    return whole->profile && whole->model->profile ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- the whole ---- */

static struct np_whole *whole_create(struct netpol_ctx *ctx)
{
    struct np_whole *whole = np_zalloc(ctx, sizeof *whole);
    if (whole) {
        whole->ctx = ctx;
        whole->profile = "";
        np_arena_init(&whole->arena, ctx, 4096);
    }
    return whole;
}

static void whole_destroy(struct np_whole *whole)
{
    if (whole) {
        if (whole->model) {
            np_model_destroy(whole->model);
        }
        np_snapshot_free(whole->snapshot);
        np_arena_free(&whole->arena);
        np_free(whole->ctx, whole, sizeof *whole);
    }
}

static void full_eval(const struct netpol_matcher *matcher, const struct netpol_tuple *tuple,
                      const struct netpol_request *request, const struct netpol_point *point,
                      void *room, uint32_t room_items, struct netpol_verdict *out)
{
    struct np_effects effects = {.items = room, .capacity = room_items};
    np_reference_eval_in(np_whole_of(matcher)->model, tuple, request, point, NULL,
                         room ? &effects : NULL, out);
}

static uint32_t full_room(const struct netpol_matcher *matcher)
{
    return np_reference_room(np_whole_of(matcher)->model);
}

static uint64_t full_find(const struct netpol_matcher *matcher, struct np_slice namespace_name,
                          struct np_slice name)
{
    const struct np_endpoint *endpoint =
        np_inventory_pod(&np_whole_of(matcher)->model->inventory, namespace_name, name);
    return endpoint ? endpoint->ref : 0;
}

static void full_release(struct netpol_matcher *matcher)
{
    whole_destroy(matcher->whole);
}

static const struct np_full full = {.eval = full_eval,
                                    .room = full_room,
                                    .room_item = sizeof(struct np_applied),
                                    .find = full_find,
                                    .release = full_release};

/* ---- the image ---- */

static uint64_t now_ns(void)
{
    struct timespec t = {0};
    timespec_get(&t, TIME_UTC);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void note_counts(struct np_whole *whole, const struct np_plan *plan)
{
    whole->evaluated = plan->tables.evaluated;
    whole->residuals = plan->tables.n_cuts;
    whole->rows = plan->tables.cell_rows.count;
    for (int s = 0; s < NP_SIDES; s++) {
        whole->groups += plan->groups[s].grouping.count;
    }
}

static int write_image(struct np_whole *whole, void **bytes, size_t *size)
{
    struct np_plan plan;
    struct np_emit emit = {0};
    int status = np_plan_make(whole->ctx, whole->model, &plan);
    if (status == NETPOL_OK) {
        status = np_emit_begin(&plan, &emit);
        status = status == NETPOL_OK ? np_emit_ends(&emit) : status;
        status = status == NETPOL_OK ? np_emit_projection(&emit) : status;
        status = status == NETPOL_OK ? np_emit_cold(&emit, whole) : status;
        status = status == NETPOL_OK ? np_image_write(&emit.writer, bytes, size) : status;
        note_counts(whole, &plan);
        np_emit_free(&emit);
    }
    np_plan_free(&plan);
    return status;
}

static int assemble(struct np_whole *whole, struct netpol_matcher **out)
{
    void *bytes = NULL;
    size_t size = 0;
    const char *why = NULL;
    uint64_t began = now_ns();
    int status = np_describe_all(whole);
    status = status == NETPOL_OK ? write_image(whole, &bytes, &size) : status;
    if (status != NETPOL_OK) {
        return status;
    }
    status = np_matcher_open(whole->ctx, bytes, size, true, &why, out);
    if (status != NETPOL_OK) {
        np_log(whole->ctx, NETPOL_LOG_ERROR, "the image just written does not open: %s",
               why ? why : "");
        np_image_free(whole->ctx, bytes, size);
        return status == NETPOL_ERR_MEMORY ? status : NETPOL_ERR_INTERNAL;
    }
    (*out)->work.ns = now_ns() - began;
    (*out)->work.evaluated = whole->evaluated;
    (*out)->work.reused_groups = whole->reused_groups;
    (*out)->whole = whole;
    (*out)->full = &full;
    return NETPOL_OK;
}

int np_compile(struct netpol_store *store, const struct netpol_compile_options *options,
               struct netpol_diags *diags, struct netpol_matcher **out)
{
    if (store->stage) {
        return NETPOL_ERR_STATE;
    }
    struct np_whole *whole = whole_create(store->ctx);
    int status = whole ? fill_model(whole, store, options, diags) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? assemble(whole, out) : status;
    if (status != NETPOL_OK) {
        np_snapshot_forget(store);
        whole_destroy(whole);
        return status;
    }
    if (options->endpoints) {
        np_endpoints_marked(options->endpoints, (uintptr_t)whole, (*out)->generation);
    }
    if (options->without_model) {
        (*out)->full = NULL;
        (*out)->whole = NULL;
        whole_destroy(whole);
    }
    return status;
}

int np_compile_model(struct netpol_ctx *ctx, struct np_model *model, struct netpol_matcher **out)
{
    struct np_whole *whole = whole_create(ctx);
    if (!whole) {
        return NETPOL_ERR_MEMORY;
    }
    whole->model = model;
    int status = assemble(whole, out);
    if (status != NETPOL_OK) {
        whole->model = NULL; /* stays the caller's */
        whole_destroy(whole);
    }
    return status;
}
