/* SPDX-License-Identifier: Apache-2.0 */
#include "model/ground.h"

struct np_ground *np_ground_create(const struct netpol_ctx *ctx, struct np_ground *below)
{
    struct np_ground *ground = np_zalloc(ctx, sizeof *ground);
    struct np_strings *strings = below ? np_strings_upon(below->strings) : np_strings_create(ctx);
    if (!ground || !strings) {
        np_strings_destroy(strings);
        np_free(ctx, ground, sizeof *ground);
        return NULL;
    }
    atomic_init(&ground->refs, 1);
    ground->ctx = ctx;
    np_arena_init(&ground->arena, ctx, 4096);
    ground->strings = strings;
    ground->below = np_ground_ref(below);
    ground->depth = below ? below->depth + 1 : 0;
    return ground;
}

struct np_ground *np_ground_ref(struct np_ground *ground)
{
    if (ground) {
        atomic_fetch_add_explicit(&ground->refs, 1, memory_order_relaxed);
    }
    return ground;
}

void np_ground_unref(struct np_ground *ground)
{
    while (ground && atomic_fetch_sub_explicit(&ground->refs, 1, memory_order_acq_rel) == 1) {
        struct np_ground *below = ground->below;
        np_strings_destroy(ground->strings);
        np_arena_free(&ground->arena);
        np_free(ground->ctx, ground, sizeof *ground);
        ground = below;
    }
}
