/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_CMOCKA_H
#define NP_TESTS_CMOCKA_H
/* CMocka with the headers it needs before it, and an allocator that counts and can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netpol/base.h>

/* What a context built with counting_options() asked for. */
struct counting {
    size_t bytes;   /* held now */
    size_t peak;    /* most held at once */
    size_t blocks;  /* held now */
    size_t calls;   /* allocations and growths asked for */
    size_t fail_at; /* the call with this number (from 1) fails; 0: none */
    int sticky;     /* every later call fails too */
    int bad_size;   /* an old_size did not fit what was asked */
};

struct counted_block {
    size_t size;
    size_t unused;
};

static inline void *counting_resize(void *user, void *ptr, size_t old_size, size_t new_size)
{
    struct counting *c = user;
    struct counted_block *block = ptr ? (struct counted_block *)ptr - 1 : NULL;
    if (block && block->size != old_size) {
        c->bad_size = 1;
    }
    if (new_size == 0) {
        if (block) {
            c->bytes -= block->size;
            c->blocks--;
            free(block);
        }
        return NULL;
    }
    c->calls++;
    if (c->fail_at && (c->calls == c->fail_at || (c->sticky && c->calls > c->fail_at))) {
        return NULL;
    }
    size_t before = block ? block->size : 0;
    struct counted_block *grown = realloc(block, sizeof *grown + new_size);
    if (!grown) {
        return NULL;
    }
    if (!block) {
        c->blocks++;
    }
    grown->size = new_size;
    c->bytes += new_size - before;
    if (c->bytes > c->peak) {
        c->peak = c->bytes;
    }
    return grown + 1;
}

/* A context over the counter; NULL when its own allocation was made to fail. */
static inline struct netpol_ctx *counting_ctx(struct counting *c,
                                              const struct netpol_limits *limits)
{
    struct netpol_allocator allocator = {.user = c, .resize = counting_resize};
    struct netpol_ctx_options options = {
        .size = sizeof options, .allocator = &allocator, .limits = limits, .hash_seed = 42};
    struct netpol_ctx *ctx = NULL;
    return netpol_ctx_create(&options, &ctx) == NETPOL_OK ? ctx : NULL;
}
#endif
