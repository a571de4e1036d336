/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher against the reference, over random policy sets.
 *
 * usage: matcher SETS [SEED [TUPLES [TRIES]]]. Set i has seed SEED + i, so that ranges of seeds run
 * side by side. For each set TUPLES tuples at boundaries are put to the reference and to every
 * engine (engines.c). The first failure is made small (in at most TRIES) and printed: the model,
 * the tuple, both verdicts. At the end: what was reached (coverage.def); a run of many sets fails
 * when something was not.
 */
#include "differential/boundaries.h"
#include "differential/coverage.h"
#include "differential/engines.h"
#include "differential/show.h"
#include "differential/shrink.h"

#include <stdlib.h>
#include <time.h>

enum { EVERYTHING = 2000 /* sets that must have reached everything */ };

struct run {
    struct netpol_ctx *ctx, *other; /* of different hashes */
    struct coverage coverage;
    uint64_t sets, tuples, image_bytes;
    uint64_t runs[32]; /* by engine */
    uint32_t tries;
};

static const struct gen_tweak as_drawn = {0};

/* What the library logs, told with the failure. */
static char last_log[200];

static void keep_log(void *user, int level, const char *message)
{
    (void)user;
    (void)level;
    snprintf(last_log, sizeof last_log, "%s", message);
}

/* Does the case fail, and how? */
static bool explain_case(struct netpol_ctx *ctx, const struct gen *g,
                         const struct netpol_tuple *tuple, FILE *out)
{
    struct world w;
    struct difference d;
    const char *why = world_open(&w, ctx, g, &as_drawn);
    bool fails = why || !world_agrees(&w, tuple, 1, NULL, NULL, &d);
    if (fails && out) {
        struct np_model *model = gen_build(ctx, g, &as_drawn);
        if (model) {
            show_model(out, model);
            np_model_destroy(model);
        }
        if (why) {
            fprintf(out, "%s: %s\n", why, last_log);
        } else {
            show_tuple(out, tuple);
            fprintf(out, "reference: ");
            show_verdict(out, &d.expected);
            fprintf(out, "%s: ", d.engine);
            show_verdict(out, &d.got);
        }
    }
    world_close(&w);
    return fails;
}

static bool case_fails(void *user, const struct gen *g, const struct netpol_tuple *tuple)
{
    return explain_case(user, g, tuple, NULL);
}

static void report_failure(struct run *run, const struct gen *g, const struct difference *d,
                           const char *why)
{
    static struct shrink s;
    s = (struct shrink){
        .gen = *g, .tuple = d->tuple, .fails = case_fails, .user = run->ctx, .most = run->tries};
    printf("seed %llu: %s\n", (unsigned long long)g->seed, why ? why : d->engine);
    if (!case_fails(run->ctx, g, &d->tuple)) { /* only beside the other tuples of its batch */
        show_tuple(stdout, &d->tuple);
        printf("reference: ");
        show_verdict(stdout, &d->expected);
        printf("%s, among others: ", d->engine);
        show_verdict(stdout, &d->got);
        return;
    }
    shrink_case(&s);
    (void)explain_case(run->ctx, &s.gen, &s.tuple, stdout);
    printf("(made small in %u tries from seed %llu)\n", s.tries, (unsigned long long)g->seed);
}

/* The same bytes, whatever the order of loading and the hash. */
static bool order_matters(struct run *run, const struct gen *g, const struct world *w)
{
    struct gen_tweak shuffled = {.shuffle = g->seed * 2 + 1};
    struct world other;
    const char *why = world_open(&other, run->other, g, &shuffled);
    bool differs = why || !world_same_image(w, &other);
    world_close(&other);
    if (differs) {
        printf("seed %llu: loaded in another order: %s\n", (unsigned long long)g->seed,
               why ? why : "another image");
    }
    return differs;
}

static bool try_set(struct run *run, uint64_t seed, unsigned count)
{
    static struct gen g;
    static struct boundaries b;
    static struct netpol_tuple tuples[WORLD_TUPLES];
    static struct netpol_verdict verdicts[WORLD_TUPLES];
    struct world w;
    struct difference d = {0};
    struct gen_random random = {seed * 1000003};
    gen_make(&g, seed, GEN_ALL);
    const char *why = world_open(&w, run->ctx, &g, &as_drawn);
    bool fine = !why;
    if (fine) {
        boundaries_of(w.model, &b);
        for (unsigned i = 0; i < count; i++) {
            boundaries_draw(&b, &random, &tuples[i]);
        }
        fine = world_agrees(&w, tuples, count, verdicts, run->runs, &d);
        coverage_model(&run->coverage, w.model);
        for (unsigned i = 0; i < count && fine; i++) {
            coverage_verdict(&run->coverage, w.model, &verdicts[i]);
            if (i % 16 == 0) {
                coverage_question(&run->coverage, w.model, &tuples[i]);
            }
        }
    }
    if (!fine) {
        report_failure(run, &g, &d, why);
    } else if (seed % 8 == 0 && order_matters(run, &g, &w)) {
        fine = false;
    }
    size_t size = 0;
    (void)netpol_matcher_image(w.compiled, &size);
    run->image_bytes += size;
    run->sets++;
    run->tuples += count;
    world_close(&w);
    return fine;
}

static bool report(const struct run *run, uint64_t sets, double seconds)
{
    unsigned missed = coverage_report(&run->coverage, stdout);
    for (size_t i = 0; i < n_engines; i++) {
        printf("%s: %llu\n", engines[i].name, (unsigned long long)run->runs[i]);
    }
    printf("%llu sets, %llu tuples, %llu bytes of images, %.1f s, %u not reached\n",
           (unsigned long long)run->sets, (unsigned long long)run->tuples,
           (unsigned long long)run->image_bytes, seconds, missed);
    return missed == 0 || sets < EVERYTHING;
}

int main(int argc, char **argv)
{
    static struct run run;
    uint64_t sets = argc > 1 ? strtoull(argv[1], NULL, 10) : 200;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned tuples = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 200;
    struct timespec began, ended;
    run.tries = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 20000;
    tuples = tuples < 1 ? 1 : tuples > WORLD_TUPLES ? WORLD_TUPLES : tuples;
    struct netpol_ctx_options options = {.size = sizeof options, .log = keep_log, .hash_seed = 1};
    int status = netpol_ctx_create(&options, &run.ctx);
    options.hash_seed = 2;
    if (status != NETPOL_OK || netpol_ctx_create(&options, &run.other) != NETPOL_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* a run that is stopped has said what it found */
    timespec_get(&began, TIME_UTC);
    bool fine = true;
    for (uint64_t i = 0; i < sets && fine; i++) {
        fine = try_set(&run, seed + i, tuples);
    }
    timespec_get(&ended, TIME_UTC);
    double seconds =
        (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    fine = report(&run, sets, seconds) && fine;
    netpol_ctx_destroy(run.ctx);
    netpol_ctx_destroy(run.other);
    return fine ? 0 : 1;
}
