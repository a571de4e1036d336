/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compile: one moment of the store, lowered object by object into a builder, sealed, described,
 * planned, written as an image. Objects come sorted by key, so the result does not depend on the
 * order they were loaded in.
 */
#include "compile/internal.h"
#include "match/table.h"

/* The next compile looks again. */
static void say_without(struct np_whole *whole, const struct np_compile *c)
{
    uint32_t without = whole->identities.without;
    if (without) {
        whole->said = true;
        np_diag(c->diags, NP_CODE_3107, NULL,
                "%u label set%s of pods or prefixes have no number: all are in use", without,
                without == 1 ? "" : "s");
    }
    if (whole->identities.doubled) {
        whole->said = true;
        np_diag(c->diags, NP_CODE_3108, NULL,
                "%u of the CiliumIdentities have another one's labels", whole->identities.doubled);
    }
}

static int compile_all(struct np_whole *whole, const struct np_compile *c,
                       struct netpol_matcher **out)
{
    struct np_kept *kept = NULL;
    int status = np_lower_all(whole, &c->resolved, c->options->strict != 0, c->diags);
    if (status == NETPOL_OK) {
        whole->model->profile = np_intern_text(whole->model->strings, c->options->profile);
        status = whole->model->profile ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    uint64_t began = np_now_ns();
    status = status == NETPOL_OK ? np_describe_all(whole, NULL) : status;
    const struct netpol_matcher *before = c->options->previous;
    if (status == NETPOL_OK && before && np_whole_of(before)) {
        status = np_numbers_keep(whole, np_whole_of(before));
    }
    if (status == NETPOL_OK) {
        status = np_identities_find(whole, before ? &before->image : NULL, false);
        say_without(whole, c);
    }
    status = status == NETPOL_OK ? np_plan_all(whole, &kept) : status;
    return status == NETPOL_OK ? np_assemble(whole, kept, NULL, began, out) : status;
}

/* ---- a compile ---- */

static int begin(struct np_whole *whole, struct netpol_store *store, struct np_compile *c)
{
    const struct netpol_compile_options *options = c->options;
    int status = np_options_resolve(store->ctx, options->profile, options->settings,
                                    options->n_settings, c->diags, &c->resolved);
    if (status == NETPOL_OK && options->endpoints) { /* what changes from here on is replayed */
        np_endpoints_mark(options->endpoints, (uintptr_t)whole);
    }
    if (status == NETPOL_OK) {
        status = np_snapshot_take(store, &whole->snapshot);
    }
    if (status == NETPOL_OK) {
        whole->profile = np_arena_text(&whole->arena, np_slice_of(options->profile));
        status = whole->profile ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    return status;
}

/* Back to where a compile from nothing begins. */
static void start_over(struct np_whole *whole)
{
    if (whole->model) {
        np_model_destroy(whole->model);
    }
    whole->model = NULL;
    whole->changed = NULL;
    whole->n_changed = 0;
}

int np_compile(struct netpol_store *store, const struct netpol_compile_options *options,
               struct netpol_diags *diags, struct netpol_matcher **out)
{
    struct np_compile c = {.options = options, .diags = diags};
    bool outgrown = false;
    if (store->stage) {
        return NETPOL_ERR_STATE;
    }
    struct np_whole *whole = np_whole_create(store->ctx);
    int status = whole ? begin(whole, store, &c) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? np_compile_upon(whole, &c, out, &outgrown) : status;
    if (status == NETPOL_OK && outgrown) {
        start_over(whole);
        status = compile_all(whole, &c, out);
    }
    if (status != NETPOL_OK) {
        np_snapshot_forget(store);
        np_whole_destroy(whole);
        return status;
    }
    if (options->endpoints) {
        np_endpoints_marked(options->endpoints, (uintptr_t)whole, (*out)->generation);
    }
    if (options->without_model) {
        (*out)->full = NULL;
        (*out)->whole = NULL;
        np_whole_destroy(whole);
    }
    return status;
}

int np_compile_model(struct netpol_ctx *ctx, struct np_model *model, struct netpol_matcher **out)
{
    struct np_whole *whole = np_whole_create(ctx);
    if (!whole) {
        return NETPOL_ERR_MEMORY;
    }
    struct np_kept *kept = NULL;
    uint64_t began = np_now_ns();
    whole->model = model;
    int status = np_describe_all(whole, NULL);
    status = status == NETPOL_OK ? np_identities_find(whole, NULL, false) : status;
    status = status == NETPOL_OK ? np_plan_all(whole, &kept) : status;
    status = status == NETPOL_OK ? np_assemble(whole, kept, NULL, began, out) : status;
    if (status != NETPOL_OK) {
        whole->model = NULL; /* stays the caller's */
        np_whole_destroy(whole);
    }
    return status;
}
