/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_GROUND_H
#define NP_MODEL_GROUND_H
/*
 * What models stand on: the memory of everything that a model made from another one (build.h,
 * np_build_upon) shares with it, that is the inventory and the conditions of policies. Only what a
 * seal writes (the order of policies and their numbers) is each model's own.
 *
 * A ground is written to while its first model is built, then never again. It keeps the one below
 * it, so a pointer into any of them lasts as long as the newest.
 */
#include "base/base.h"
#include <stdatomic.h>

struct np_ground {
    atomic_uint refs;
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct np_strings *strings;
    struct np_ground *below; /* counted; NULL: the first */
    uint32_t depth;          /* how many are below */
};
/* below is counted by the new one; NULL: none. NULL: no memory. */
struct np_ground *np_ground_create(const struct netpol_ctx *ctx, struct np_ground *below);
struct np_ground *np_ground_ref(struct np_ground *ground);
void np_ground_unref(struct np_ground *ground); /* NULL is ignored; thread-safe */
#endif
