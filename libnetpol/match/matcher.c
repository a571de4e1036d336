/* SPDX-License-Identifier: Apache-2.0 */
/* The handle around an open image: made, shared, let go. */
#include "match/matcher.h"

int np_matcher_open(struct netpol_ctx *ctx, void *bytes, size_t size, bool owned, const char **why,
                    struct netpol_matcher **out)
{
    struct netpol_matcher *matcher = np_zalloc(ctx, sizeof *matcher);
    if (!matcher) {
        return NETPOL_ERR_MEMORY;
    }
    int status = np_image_open(bytes, size, &matcher->image, why);
    if (status != NETPOL_OK) {
        np_free(ctx, matcher, sizeof *matcher);
        return status;
    }
    atomic_init(&matcher->refs, 1);
    matcher->ctx = ctx;
    matcher->bytes = owned ? bytes : NULL;
    matcher->size = size;
    matcher->generation = atomic_fetch_add(&ctx->generations, 1) + 1;
    np_hot_open(&matcher->image, matcher->generation, &matcher->derived, &matcher->hot,
                &matcher->frozen);
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
    if (matcher->full) {
        matcher->full->release(matcher);
    }
    if (matcher->bytes) {
        np_image_free(matcher->ctx, matcher->bytes, matcher->size);
    }
    np_free(matcher->ctx, matcher, sizeof *matcher);
}
