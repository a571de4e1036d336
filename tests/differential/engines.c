/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a set for every engine, and asking them. */
#include "differential/engines.h"
#include "compile/matcher.h"
#include "match/match.h"

/* ---- a set ---- */

const char *world_open(struct world *w, struct netpol_ctx *ctx, const struct gen *g,
                       const struct gen_tweak *tweak)
{
    struct netpol_matcher *compiled = NULL;
    *w = (struct world){.ctx = ctx};
    struct np_model *model = gen_build(ctx, g, tweak);
    if (!model) {
        return "the set cannot be built";
    }
    int status = np_compile_model(ctx, model, &compiled);
    if (status != NETPOL_OK) {
        np_model_destroy(model);
        return netpol_status_text(status);
    }
    return world_of(w, ctx, compiled);
}

const char *world_of(struct world *w, struct netpol_ctx *ctx, struct netpol_matcher *compiled)
{
    const char *why = NULL;
    *w = (struct world){.ctx = ctx, .compiled = compiled, .model = np_whole_of(compiled)->model};
    size_t size = 0;
    const void *bytes = netpol_matcher_image(w->compiled, &size);
    if (netpol_matcher_open(ctx, bytes, size, 0, &why, &w->opened) != NETPOL_OK) {
        return why ? why : "the image does not open";
    }
    if (netpol_view_create(w->compiled, NULL, &w->view) != NETPOL_OK ||
        netpol_view_create(w->opened, NULL, &w->opened_view) != NETPOL_OK ||
        netpol_scratch_create(w->compiled, &w->scratch) != NETPOL_OK) {
        return "no view";
    }
    return NULL;
}

void world_close(struct world *w)
{
    netpol_scratch_destroy(w->scratch);
    netpol_view_destroy(w->view);
    netpol_view_destroy(w->opened_view);
    netpol_matcher_unref(w->compiled);
    netpol_matcher_unref(w->opened);
}

bool world_same_image(const struct world *a, const struct world *b)
{
    size_t size = 0, other = 0;
    const void *bytes = netpol_matcher_image(a->compiled, &size);
    const void *others = netpol_matcher_image(b->compiled, &other);
    return size == other && memcmp(bytes, others, size) == 0;
}

/* ---- engines ---- */

static bool single(const struct netpol_view *view, const struct netpol_tuple *tuples,
                   struct netpol_verdict *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)netpol_eval(view, &tuples[i], &out[i]);
    }
    return true;
}

static bool eval_single(const struct world *w, const struct engine *engine,
                        const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    (void)engine;
    return single(w->view, tuples, out, count);
}

static bool eval_opened(const struct world *w, const struct engine *engine,
                        const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    (void)engine;
    return single(w->opened_view, tuples, out, count);
}

static bool eval_batch(const struct world *w, const struct engine *engine,
                       const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    (void)engine;
    return netpol_eval_batch(w->view, tuples, out, count) == NETPOL_OK;
}

/* In batches of odd sizes, over the image that was opened again. */
static bool eval_variant(const struct world *w, const struct engine *engine,
                         const struct netpol_tuple *tuples, struct netpol_verdict *out,
                         size_t count)
{
    size_t size = 1;
    if (!np_simd_available((enum np_simd)engine->variant) ||
        !np_simd_use((enum np_simd)engine->variant)) {
        return false;
    }
    for (size_t i = 0; i < count; i += size, size = size * 2 + 1) {
        size = size < count - i ? size : count - i;
        (void)netpol_eval_batch(w->opened_view, &tuples[i], &out[i], size);
    }
    return true;
}

static bool eval_point(const struct world *w, const struct engine *engine,
                       const struct netpol_tuple *tuples, struct netpol_verdict *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct netpol_view *view = engine->variant ? w->opened_view : w->view;
        (void)netpol_eval_at(view, engine->point, &tuples[i], NULL,
                             engine->variant ? NULL : w->scratch, &out[i]);
    }
    return true;
}

static const struct netpol_point of_egress = {.plane = NETPOL_PLANE_NETWORK,
                                              .side = NETPOL_SIDE_EGRESS};
static const struct netpol_point of_ingress = {.plane = NETPOL_PLANE_NETWORK,
                                               .side = NETPOL_SIDE_INGRESS};
static const struct netpol_point of_mesh = {.plane = NETPOL_PLANE_MESH,
                                            .side = NETPOL_SIDE_INGRESS};
static const struct netpol_point of_network = {.plane = NETPOL_PLANE_NETWORK};
static const struct netpol_point of_forward = {.hook = NETPOL_HOOK_FORWARD};

const struct engine engines[] = {
    {"single",                      NULL,        eval_single,  0             },
    {"batch",                       NULL,        eval_batch,   0             },
    {"opened image",                NULL,        eval_opened,  0             },
    {"scalar",                      NULL,        eval_variant, NP_SIMD_SCALAR},
    {"avx2",                        NULL,        eval_variant, NP_SIMD_AVX2  },
    {"avx512",                      NULL,        eval_variant, NP_SIMD_AVX512},
    {"neon",                        NULL,        eval_variant, NP_SIMD_NEON  },
    {"egress",                      &of_egress,  eval_point,   0             },
    {"ingress",                     &of_ingress, eval_point,   0             },
    {"mesh",                        &of_mesh,    eval_point,   0             },
    {"network",                     &of_network, eval_point,   0             },
    {"forward hook",                &of_forward, eval_point,   0             },
    {"egress of the opened image",  &of_egress,  eval_point,   1             },
    {"ingress of the opened image", &of_ingress, eval_point,   1             },
    {"mesh of the opened image",    &of_mesh,    eval_point,   1             },
};
const size_t n_engines = sizeof engines / sizeof *engines;

/* ---- asking ---- */

static void ask_reference(const struct world *w, const struct netpol_point *point,
                          const struct netpol_tuple *tuples, struct netpol_verdict *out,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        np_reference_eval(w->model, &tuples[i], NULL, point, NULL, &out[i]);
        out[i].generation = 0;
    }
}

static bool same(const struct engine *engine, const struct netpol_tuple *tuples,
                 const struct netpol_verdict *expected, struct netpol_verdict *got, size_t count,
                 struct difference *out)
{
    for (size_t i = 0; i < count; i++) {
        got[i].generation = 0;
        if (memcmp(&expected[i], &got[i], sizeof got[i]) != 0) {
            *out = (struct difference){engine->name, engine->point, tuples[i], expected[i], got[i]};
            return false;
        }
    }
    return true;
}

bool world_agrees(const struct world *w, const struct netpol_tuple *tuples, size_t count,
                  struct netpol_verdict *verdicts, uint64_t *runs, struct difference *out)
{
    static struct netpol_verdict whole[WORLD_TUPLES], part[WORLD_TUPLES], got[WORLD_TUPLES];
    const struct netpol_point *asked = NULL;
    ask_reference(w, NULL, tuples, whole, count);
    if (verdicts) {
        memcpy(verdicts, whole, count * sizeof *whole);
    }
    for (size_t e = 0; e < n_engines; e++) {
        const struct engine *engine = &engines[e];
        if (engine->point && engine->point != asked) {
            ask_reference(w, engine->point, tuples, part, count);
            asked = engine->point;
        }
        memset(got, 0xa5, count * sizeof *got);
        if (!engine->eval(w, engine, tuples, got, count)) {
            continue;
        }
        if (runs) {
            runs[e] += count;
        }
        if (!same(engine, tuples, engine->point ? part : whole, got, count, out)) {
            return false;
        }
    }
    return true;
}
