/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context: allocator, limits, log sink and the seed of its hash tables. It is configured once
 * and then only read, so that any number of threads may share it.
 */
#include "base/base.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static void *system_resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    if (new_size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_size);
}

void *np_alloc(const struct netpol_ctx *ctx, size_t size)
{
    return ctx->allocator.resize(ctx->allocator.user, NULL, 0, size ? size : 1);
}

void *np_zalloc(const struct netpol_ctx *ctx, size_t size)
{
    void *ptr = np_alloc(ctx, size);
    if (ptr) {
        memset(ptr, 0, size);
    }
    return ptr;
}

/* Size 0 was asked of the allocator as 1; the same translation keeps its old_size truthful. */
void *np_resize(const struct netpol_ctx *ctx, void *ptr, size_t old_size, size_t new_size)
{
    if (!ptr) {
        return np_alloc(ctx, new_size);
    }
    return ctx->allocator.resize(ctx->allocator.user, ptr, old_size ? old_size : 1,
                                 new_size ? new_size : 1);
}

void np_free(const struct netpol_ctx *ctx, void *ptr, size_t size)
{
    if (ptr) {
        ctx->allocator.resize(ctx->allocator.user, ptr, size ? size : 1, 0);
    }
}

/*
 * The seed only has to be unknown to whoever writes the input. Early in boot getrandom would have
 * to wait; the clock and an address then stand in, which is weaker but never blocks.
 */
static uint64_t draw_seed(const struct netpol_ctx *ctx)
{
    uint64_t seed = 0;
    ssize_t got;
    do {
        got = getrandom(&seed, sizeof seed, GRND_NONBLOCK);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof seed || seed == 0) {
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        seed = ((uint64_t)now.tv_nsec << 32) ^ (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)ctx;
        seed |= 1;
    }
    return seed;
}

static void fill_limits(struct netpol_limits *limits, const struct netpol_limits *given)
{
    static const struct netpol_limits none = {0};
    const struct netpol_limits *from = given ? given : &none;
    limits->size = sizeof *limits;
    limits->input_bytes = from->input_bytes ? from->input_bytes : 2ull << 30;
    limits->documents = from->documents ? from->documents : 1000000;
    limits->objects = from->objects ? from->objects : 16000000;
    limits->expanded_nodes = from->expanded_nodes ? from->expanded_nodes : 100000;
    limits->depth = from->depth ? from->depth : 64;
    limits->scalar_bytes = from->scalar_bytes ? from->scalar_bytes : 4u << 20;
    limits->key_bytes = from->key_bytes ? from->key_bytes : 4096;
    limits->diags = from->diags ? from->diags : 200;
    if (limits->depth > NP_DEPTH_MAX) {
        limits->depth = NP_DEPTH_MAX;
    }
}

int netpol_ctx_create(const struct netpol_ctx_options *options, struct netpol_ctx **out)
{
    static const struct netpol_ctx_options defaults = {.size = sizeof defaults};
    const struct netpol_ctx_options *o = options ? options : &defaults;
    if (!out || o->size != sizeof *o) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (o->limits && o->limits->size != sizeof *o->limits) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (o->allocator && !o->allocator->resize) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct netpol_ctx made = {
        .allocator = {.resize = system_resize}, .log = o->log, .log_user = o->log_user};
    if (o->allocator) {
        made.allocator = *o->allocator;
    }
    fill_limits(&made.limits, o->limits);
    struct netpol_ctx *ctx = np_alloc(&made, sizeof *ctx);
    if (!ctx) {
        return NETPOL_ERR_MEMORY;
    }
    made.hash_seed = o->hash_seed ? o->hash_seed : draw_seed(ctx);
    *ctx = made;
    *out = ctx;
    return NETPOL_OK;
}

void netpol_ctx_destroy(struct netpol_ctx *ctx)
{
    if (ctx) {
        struct netpol_ctx gone = *ctx;
        np_free(&gone, ctx, sizeof *ctx);
    }
}

void np_log(const struct netpol_ctx *ctx, int level, const char *format, ...)
{
    if (!ctx->log) {
        return;
    }
    char line[512];
    va_list args;
    va_start(args, format);
    int written = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (written >= 0) {
        ctx->log(ctx->log_user, level, line);
    }
}
