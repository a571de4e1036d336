/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps the images that ask.c left and answers its questions, with the runtime library alone.
 *
 * usage: answer FOLDER IMAGES VARIANT. VARIANT is the set of instructions that residual trees must
 * have chosen by themselves ("best": whichever); the scalar twin answers as well. One question, all
 * of them at once, and in batches of odd sizes: every verdict must be the expected one to the byte.
 */
#include "cases.h"
#include "match/match.h"

#include <netpol/image.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct netpol_ctx *ctx;
    const char *folder, *variant;
    unsigned long images, trees, cases, wrong;
};

static struct cross_case cases[CROSS_CASES];
static struct netpol_tuple tuples[CROSS_CASES];
static struct netpol_verdict got[CROSS_CASES];

static size_t read_cases(const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t count = in ? fread(cases, sizeof *cases, CROSS_CASES, in) : 0;
    if (in) {
        fclose(in);
    }
    for (size_t i = 0; i < count; i++) {
        tuples[i] = cases[i].tuple;
    }
    return count;
}

static void compare(struct run *run, unsigned long image, size_t count, const char *how)
{
    for (size_t i = 0; i < count; i++) {
        got[i].generation = 0;
        if (memcmp(&got[i], &cases[i].expected, sizeof *got) != 0) {
            fprintf(stderr, "image %lu, question %zu, %s: action %d, rule %u; not %d, %u\n", image,
                    i, how, got[i].action, (unsigned)got[i].ingress.rule, cases[i].expected.action,
                    (unsigned)cases[i].expected.ingress.rule);
            run->wrong++;
            return;
        }
    }
}

static void ask(struct run *run, const struct netpol_view *view, unsigned long image, size_t count)
{
    memset(got, 0xa5, sizeof got);
    for (size_t i = 0; i < count; i++) {
        (void)netpol_eval(view, &tuples[i], &got[i]);
    }
    compare(run, image, count, "single");
    memset(got, 0xa5, sizeof got);
    (void)netpol_eval_batch(view, tuples, got, count);
    compare(run, image, count, "batch");
    memset(got, 0xa5, sizeof got);
    for (size_t i = 0, size = 1; i < count; i += size, size = size * 2 + 1) {
        size = size < count - i ? size : count - i;
        (void)netpol_eval_batch(view, &tuples[i], &got[i], size);
    }
    compare(run, image, count, "batches of odd sizes");
}

/* The variant that was chosen, not told; then the scalar one; then back. */
static bool ask_variants(struct run *run, struct netpol_matcher *matcher, unsigned long image,
                         size_t count)
{
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    struct netpol_view *view = NULL;
    enum np_simd chosen = np_simd_chosen();
    if (netpol_matcher_stats(matcher, &stats) != NETPOL_OK ||
        netpol_view_create(matcher, NULL, &view) != NETPOL_OK) {
        return false;
    }
    if (strcmp(run->variant, "best") != 0 && strcmp(run->variant, stats.simd) != 0) {
        fprintf(stderr, "residual trees use %s, not %s\n", stats.simd, run->variant);
        run->wrong++;
    }
    run->trees += stats.residuals > 0;
    ask(run, view, image, count);
    (void)np_simd_use(NP_SIMD_SCALAR);
    ask(run, view, image, count);
    (void)np_simd_use(chosen);
    netpol_view_destroy(view);
    return true;
}

static bool try_image(struct run *run, unsigned long image)
{
    char path[4096];
    const char *why = "";
    struct netpol_matcher *matcher = NULL;
    snprintf(path, sizeof path, "%s/%lu.cases", run->folder, image);
    size_t count = read_cases(path);
    snprintf(path, sizeof path, "%s/%lu.image", run->folder, image);
    if (count == 0 || netpol_matcher_map(run->ctx, path, 0, &why, &matcher) != NETPOL_OK) {
        fprintf(stderr, "%s: %s\n", path, count ? why : "no questions");
        return false;
    }
    bool asked = ask_variants(run, matcher, image, count);
    netpol_matcher_unref(matcher);
    run->images++;
    run->cases += count;
    return asked;
}

int main(int argc, char **argv)
{
    struct run run = {0};
    if (argc != 4 || netpol_ctx_create(NULL, &run.ctx) != NETPOL_OK) {
        fprintf(stderr, "usage: answer FOLDER IMAGES VARIANT\n");
        return 3;
    }
    run.folder = argv[1];
    run.variant = argv[3];
    unsigned long images = strtoul(argv[2], NULL, 10);
    bool fine = images > 0;
    for (unsigned long i = 0; i < images && fine; i++) {
        fine = try_image(&run, i);
    }
    netpol_ctx_destroy(run.ctx);
    printf("%s: %lu images (%lu with residual trees), %lu questions, %lu wrong\n", run.variant,
           run.images, run.trees, run.cases, run.wrong);
    return fine && run.wrong == 0 && run.trees * 2 >= run.images ? 0 : 1;
}
