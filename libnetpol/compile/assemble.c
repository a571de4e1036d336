/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a model and its plan to a matcher: everything described and written as an image, and around
 * it what only the whole library can use.
 */
#include "compile/internal.h"
#include "compile/naming.h"

#include <time.h>

/* ---- the whole ---- */

struct np_whole *np_whole_create(struct netpol_ctx *ctx)
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

void np_whole_destroy(struct np_whole *whole)
{
    if (whole) {
        np_kept_free(atomic_load(&whole->kept));
        np_naming_free(whole->naming);
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
                      const struct np_named *const named[2], void *room, uint32_t room_items,
                      struct netpol_verdict *out)
{
    struct np_effects effects = {.items = room, .capacity = room_items};
    struct np_end_names names[2];
    np_end_names_of(named, names);
    np_reference_eval_in(np_whole_of(matcher)->model, tuple, request, names, point, NULL,
                         room ? &effects : NULL, out);
}

static const struct np_namer *full_namer(const struct netpol_matcher *matcher)
{
    return np_naming_namer(np_whole_of(matcher)->naming);
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
    np_whole_destroy(matcher->whole);
}

static const struct np_full full = {.eval = full_eval,
                                    .namer = full_namer,
                                    .room = full_room,
                                    .room_item = sizeof(struct np_applied),
                                    .find = full_find,
                                    .release = full_release};

/* ---- the image ---- */

uint64_t np_now_ns(void)
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
    (*out)->work.ns = np_now_ns() - began;
    (*out)->work.evaluated = whole->evaluated;
    (*out)->work.reused_groups = whole->reused_groups;
    (*out)->whole = whole;
    (*out)->full = &full;
    return NETPOL_OK;
}

/* What names can change of it. On failure the matcher is gone, the whole stays the caller's. */
static int name_image(struct np_whole *whole, struct np_kept *kept, struct netpol_matcher *matcher)
{
    int status =
        np_naming_make(&kept->plan, kept->numbers, whole->model, &matcher->hot, &whole->naming);
    if (status != NETPOL_OK) {
        matcher->full = NULL;
        matcher->whole = NULL;
        np_matcher_unref(matcher);
    }
    return status;
}

int np_assemble(struct np_whole *whole, struct np_kept *kept, const struct netpol_matcher *before,
                uint64_t began, struct netpol_matcher **out)
{
    void *bytes = NULL;
    size_t size = 0;
    int status = write_image(whole, kept, before ? &before->image : NULL, &bytes, &size);
    struct netpol_matcher *matcher = NULL;
    status = status == NETPOL_OK ? open_image(whole, bytes, size, began, &matcher) : status;
    status = status == NETPOL_OK ? name_image(whole, kept, matcher) : status;
    if (status == NETPOL_OK) {
        *out = matcher;
        atomic_store(&whole->kept, kept);
    } else {
        np_kept_free(kept);
    }
    return status;
}

int np_plan_all(struct np_whole *whole, struct np_kept **out)
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
