/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compile: one moment of the store, lowered object by object into a builder, sealed, described,
 * planned, written as an image. Objects come sorted by key, so the result does not depend on the
 * order they were loaded in.
 */
#include "compile/internal.h"
#include "match/table.h"

#include <time.h>

enum { MOST_UPDATES = 256 }; /* of one plan: what nobody needs any more is gone after so many */

struct np_compile { /* what one compile was asked */
    const struct netpol_compile_options *options;
    struct netpol_diags *diags;
    struct np_options resolved;
};

/* ---- the whole ---- */

static struct np_whole *whole_create(struct netpol_ctx *ctx)
{
    struct np_whole *whole = np_zalloc(ctx, sizeof *whole);
    if (whole) {
        whole->ctx = ctx;
        whole->profile = "";
        atomic_init(&whole->kept, NULL);
        np_arena_init(&whole->arena, ctx, 4096);
    }
    return whole;
}

static void whole_destroy(struct np_whole *whole)
{
    if (whole) {
        np_kept_free(atomic_load(&whole->kept));
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

/* ---- what is kept ---- */

struct np_kept *np_kept_create(struct netpol_ctx *ctx, struct np_model *model)
{
    struct np_kept *kept = np_zalloc(ctx, sizeof *kept);
    if (kept) {
        kept->ctx = ctx;
        kept->ground = np_ground_ref(model->ground);
        np_texts_init(&kept->texts, ctx);
    }
    return kept;
}

void np_kept_free(struct np_kept *kept)
{
    if (kept) {
        np_plan_free(&kept->plan);
        np_texts_free(&kept->texts);
        np_free(kept->ctx, kept->numbers, kept->n_numbers * sizeof *kept->numbers);
        np_ground_unref(kept->ground);
        np_free(kept->ctx, kept, sizeof *kept);
    }
}

/* Have signatures the numbers they had in the image before? From now on these are those. */
static int note_numbers(struct np_kept *kept, const struct np_emit *emit, bool *same)
{
    uint32_t n = kept->plan.draft.n_sigs;
    *same = kept->numbers && kept->n_numbers == n &&
            memcmp(kept->numbers, emit->number, n * sizeof *kept->numbers) == 0;
    if (!*same) {
        np_free(kept->ctx, kept->numbers, kept->n_numbers * sizeof *kept->numbers);
        kept->numbers = np_alloc(kept->ctx, n * sizeof *kept->numbers);
        kept->n_numbers = kept->numbers ? n : 0;
        if (kept->numbers) {
            memcpy(kept->numbers, emit->number, n * sizeof *kept->numbers);
        }
    }
    return kept->numbers ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- the image ---- */

/* before: the image of the matcher that the plan was made for, then updated; NULL: none. */
static int write_image(struct np_whole *whole, struct np_kept *kept, const struct np_image *before,
                       void **bytes, size_t *size)
{
    struct np_emit emit = {0};
    bool same = false;
    int status = np_emit_begin(&kept->plan, &emit);
    status = status == NETPOL_OK ? note_numbers(kept, &emit, &same) : status;
    if (status == NETPOL_OK && before && same) {
        np_emit_ends_again(&emit, before);
    } else if (status == NETPOL_OK) {
        status = np_emit_ends(&emit);
        status = status == NETPOL_OK ? np_emit_projection(&emit) : status;
    }
    status = status == NETPOL_OK ? np_emit_cold(&emit, whole, &kept->texts, before) : status;
    status = status == NETPOL_OK ? np_image_write(&emit.writer, bytes, size) : status;
    note_counts(whole, &kept->plan);
    np_emit_free(&emit);
    return status;
}

static int open_image(struct np_whole *whole, void *bytes, size_t size, uint64_t began,
                      struct netpol_matcher **out)
{
    const char *why = NULL;
    int status = np_matcher_open(whole->ctx, bytes, size, true, &why, out);
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

/* Takes over kept in any case: on success it is the whole's. */
static int assemble(struct np_whole *whole, struct np_kept *kept,
                    const struct netpol_matcher *before, uint64_t began,
                    struct netpol_matcher **out)
{
    void *bytes = NULL;
    size_t size = 0;
    int status = np_describe_all(whole, before ? np_whole_of(before) : NULL);
    if (status == NETPOL_OK) {
        status = write_image(whole, kept, before ? &before->image : NULL, &bytes, &size);
    }
    status = status == NETPOL_OK ? open_image(whole, bytes, size, began, out) : status;
    if (status == NETPOL_OK) {
        atomic_store(&whole->kept, kept);
    } else {
        np_kept_free(kept);
    }
    return status;
}

/* ---- from nothing ---- */

static int plan_all(struct np_whole *whole, struct np_kept **out)
{
    struct np_kept *kept = np_kept_create(whole->ctx, whole->model);
    int status = kept ? np_plan_make(whole->ctx, whole->model, &kept->plan) : NETPOL_ERR_MEMORY;
    if (status != NETPOL_OK) {
        np_kept_free(kept);
        return status;
    }
    *out = kept;
    return NETPOL_OK;
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
    uint64_t began = now_ns();
    status = status == NETPOL_OK ? plan_all(whole, &kept) : status;
    return status == NETPOL_OK ? assemble(whole, kept, NULL, began, out) : status;
}

/* ---- from the matcher before ---- */

static void push_number(struct np_whole *whole, uint32_t *list, uint32_t number)
{
    if (number) {
        list[whole->n_changed++] = number;
    }
}

static void push_numbers(struct np_whole *whole, uint32_t *list, const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        push_number(whole, list, policy->end_number[d]);
        for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
            push_number(whole, list, policy->rules[d][r].number);
        }
    }
}

/* Decisions of policies that came or went. */
static int list_changed(struct np_whole *whole, const struct np_plan_change *change)
{
    size_t room = 0;
    for (size_t i = 0; i < change->n_dropped + change->n_added; i++) {
        const struct np_policy *policy = i < change->n_dropped
                                             ? change->dropped[i]
                                             : change->added[i - change->n_dropped];
        room += NP_DIRECTIONS + (size_t)policy->n_rules[0] + policy->n_rules[1];
    }
    uint32_t *list = np_arena_array(&whole->arena, room, sizeof *list);
    for (size_t i = 0; list && i < change->n_dropped; i++) {
        push_numbers(whole, list, change->dropped[i]);
    }
    for (size_t i = 0; list && i < change->n_added; i++) {
        push_numbers(whole, list, change->added[i]);
    }
    whole->changed = list;
    return list ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* Is it a compile of the same kind, whose plan nobody has taken yet? */
static bool fits(const struct np_compile *c, const struct np_whole *whole,
                 const struct np_whole *before)
{
    return before && before->ctx == whole->ctx && before->snapshot && before->model &&
           strcmp(before->profile, c->options->profile) == 0 &&
           memcmp(&before->model->options, &c->resolved, sizeof c->resolved) == 0 &&
           before->model->ground->depth < MOST_UPDATES;
}

static int compile_upon(struct np_whole *whole, struct np_compile *c,
                        struct netpol_matcher **out, bool *outgrown)
{
    struct np_whole *before = c->options->previous ? c->options->previous->whole : NULL;
    struct np_kept *kept =
        fits(c, whole, before) ? atomic_exchange(&before->kept, NULL) : NULL;
    *outgrown = !kept;
    if (!kept) {
        return NETPOL_OK;
    }
    struct np_lowered lowered = {0};
    int status = np_lower_upon(whole, before, c->options->strict != 0, c->diags, &lowered, outgrown);
    if (status == NETPOL_ERR_INPUT || *outgrown) { /* the plan is as it was */
        atomic_store(&before->kept, kept);
        np_lowered_free(whole->ctx, &lowered);
        return status;
    }
    uint64_t began = now_ns(), replanned = 0;
    struct np_plan_change change = {lowered.dropped.items, lowered.dropped.count,
                                    lowered.added.items, lowered.added.count};
    status = status == NETPOL_OK ? list_changed(whole, &change) : status;
    status = status == NETPOL_OK
                 ? np_plan_update(&kept->plan, whole->model, &change, &replanned, outgrown)
                 : status;
    np_lowered_free(whole->ctx, &lowered);
    if (status != NETPOL_OK || *outgrown) {
        np_kept_free(kept);
        c->diags = NULL; /* what the set shows has been told */
        return status;
    }
    struct np_ground *ground = np_ground_ref(whole->model->ground);
    np_ground_unref(kept->ground);
    kept->ground = ground;
    status = assemble(whole, kept, c->options->previous, began, out);
    whole->reused_groups = status == NETPOL_OK ? whole->groups - replanned : 0;
    if (status == NETPOL_OK) {
        (*out)->work.reused_groups = whole->reused_groups;
    }
    return status;
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
    struct np_whole *whole = whole_create(store->ctx);
    int status = whole ? begin(whole, store, &c) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? compile_upon(whole, &c, out, &outgrown) : status;
    if (status == NETPOL_OK && outgrown) {
        start_over(whole);
        status = compile_all(whole, &c, out);
    }
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
    struct np_kept *kept = NULL;
    uint64_t began = now_ns();
    whole->model = model;
    int status = plan_all(whole, &kept);
    status = status == NETPOL_OK ? assemble(whole, kept, NULL, began, out) : status;
    if (status != NETPOL_OK) {
        whole->model = NULL; /* stays the caller's */
        whole_destroy(whole);
    }
    return status;
}
