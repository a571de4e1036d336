/* SPDX-License-Identifier: Apache-2.0 */
/* The builder itself: making, failing, texts, label sets, the seal. */
#include "model/build_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const struct np_options default_options = {
#define NP_OPTION(name, values, fallback, doc) .name = (fallback),
#include "model/options.def"
#undef NP_OPTION
};

struct np_build *np_build_begin(const struct netpol_ctx *ctx, struct np_ground *below)
{
    struct np_build *b = np_zalloc(ctx, sizeof *b);
    struct np_model *model = np_zalloc(ctx, sizeof *model);
    struct np_ground *ground = np_ground_create(ctx, below);
    if (!b || !model || !ground) {
        np_free(ctx, b, sizeof *b);
        np_free(ctx, model, sizeof *model);
        np_ground_unref(ground);
        return NULL;
    }
    model->ctx = ctx;
    np_arena_init(&model->arena, ctx, 4096);
    model->ground = ground;
    model->strings = ground->strings;
    model->options = default_options;
    model->inventory.ctx = ctx;
    model->inventory.arena = &ground->arena;
    model->inventory.strings = ground->strings;
    b->ctx = ctx;
    b->model = model;
    np_map_init(&b->inventory.names, ctx);
    return b;
}

struct np_build *np_build_create(const struct netpol_ctx *ctx)
{
    return np_build_begin(ctx, NULL);
}

void np_build_destroy(struct np_build *b)
{
    if (b) {
        np_inventory_build_free(b);
        np_policy_build_free(b);
        np_vec_free(b->ctx, &b->late);
        np_model_destroy(b->model);
        np_free(b->ctx, b, sizeof *b);
    }
}

void np_model_destroy(struct np_model *model)
{
    if (model) {
        const struct netpol_ctx *ctx = model->ctx;
        np_ground_unref(model->ground);
        np_arena_free(&model->arena);
        np_free(ctx, model, sizeof *model);
    }
}

bool np_build_failed(const struct np_build *b)
{
    return !b || b->failed;
}

void *np_build_fail(struct np_build *b)
{
    if (b) {
        b->failed = true;
    }
    return NULL;
}

void *np_build_alloc(struct np_build *b, size_t count, size_t element)
{
    if (!b) {
        return NULL;
    }
    void *ptr = np_arena_array(&b->model->ground->arena, count, element);
    return ptr ? ptr : np_build_fail(b);
}

void *np_seal_alloc(struct np_build *b, size_t count, size_t element)
{
    void *ptr = np_arena_array(&b->model->arena, count, element);
    return ptr ? ptr : np_build_fail(b);
}

struct np_arena *np_build_arena(struct np_build *b)
{
    return &b->model->ground->arena;
}

struct np_options *np_build_options(struct np_build *b)
{
    return &b->model->options;
}

void np_build_incomplete(struct np_build *b)
{
    b->model->incomplete = NP_UNKNOWN(NP_FACT_INCOMPLETE);
}

np_str np_build_str(struct np_build *b, struct np_slice text)
{
    np_str s = np_intern(b->model->strings, text);
    return s ? s : np_build_fail(b);
}

np_str np_build_text(struct np_build *b, const char *text)
{
    return text ? np_build_str(b, np_slice_of(text)) : NULL;
}

np_str np_build_format(struct np_build *b, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) {
        return np_build_fail(b);
    }
    size_t size = (size_t)len + 1;
    if (size <= sizeof small) {
        return np_build_str(b, (struct np_slice){small, size - 1});
    }
    char *large = np_alloc(b->ctx, size);
    if (!large) {
        return np_build_fail(b);
    }
    va_start(args, format);
    (void)vsnprintf(large, size, format, args);
    va_end(args);
    np_str s = np_build_str(b, (struct np_slice){large, size - 1});
    np_free(b->ctx, large, size);
    return s;
}

static int compare_labels(const void *a, const void *b)
{
    const struct np_label *x = a;
    const struct np_label *y = b;
    return np_slice_compare(np_str_slice(x->key), np_str_slice(y->key));
}

struct np_labels np_build_labels(struct np_build *b, const struct np_label *items, uint32_t count)
{
    struct np_labels labels = {NULL, 0};
    struct np_label *copy = count ? np_build_alloc(b, count, sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, items, count * sizeof *copy);
        qsort(copy, count, sizeof *copy, compare_labels);
        labels = (struct np_labels){copy, count};
    }
    return labels;
}

const struct np_prefix *np_build_prefixes(struct np_build *b, const struct np_prefix *items,
                                          uint32_t count)
{
    struct np_prefix *copy = count ? np_build_alloc(b, count, sizeof *copy) : NULL;
    if (copy) {
        memcpy(copy, items, count * sizeof *copy);
    }
    return copy;
}

void np_build_late(struct np_build *b, np_late_fn resolve, void *what)
{
    struct np_late *late = what ? np_vec_push(b->ctx, &b->late) : NULL;
    if (!late) {
        np_build_fail(b);
        return;
    }
    *late = (struct np_late){resolve, what};
}

void np_build_name_sets(struct np_build *b)
{
    b->model->inventory.named_sets = true;
}

bool np_build_names_sets(const struct np_build *b)
{
    return b->model->inventory.named_sets;
}

int np_build_seal(struct np_build *b, struct np_model **out)
{
    if (np_build_failed(b)) {
        return NETPOL_ERR_MEMORY;
    }
    int status = b->before ? NETPOL_OK : np_inventory_seal(b);
    for (size_t i = 0; i < b->late.count && status == NETPOL_OK; i++) {
        b->late.items[i].resolve(b, &b->model->inventory, b->late.items[i].what);
    }
    if (status == NETPOL_OK) {
        status = np_policy_seal(b);
    }
    if (status == NETPOL_OK && b->failed) {
        status = NETPOL_ERR_MEMORY;
    }
    if (status == NETPOL_OK) {
        b->model->sealed = true;
        *out = b->model;
        b->model = NULL;
    }
    return status;
}
