/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The matcher against the reference, over random policy sets.
 *
 * usage: matcher SETS [SEED [TUPLES [TRIES [WORKERS]]]]. Set i has seed SEED + i; every fifth has
 * the shape of Calico's policies. For each set TUPLES tuples at boundaries are put to the reference
 * and to every engine (engines.c). The first failure is made small (in at most TRIES) and printed:
 * the model, the tuple, both verdicts. At the end: what was reached (coverage.def); a run of many
 * sets fails when something was not. WORKERS processes share the sets; what they met is told
 * together.
 */
#include "differential/boundaries.h"
#include "differential/coverage.h"
#include "differential/engines.h"
#include "differential/show.h"
#include "differential/shrink.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EVERYTHING = 2000, /* sets that must have reached everything */
    ENGINES = 32,
    WORKERS = 16 /* at most */
};

struct tally { /* plain numbers: workers send it home */
    struct coverage coverage;
    uint64_t sets, tuples, image_bytes, crowds;
    uint64_t runs[ENGINES];
};
struct run {
    struct netpol_ctx *ctx, *other; /* of different hashes */
    uint64_t first, sets;           /* seeds */
    unsigned tuples;                /* of a set */
    uint32_t tries;
    struct tally tally;
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

static bool try_set(struct run *run, uint64_t seed)
{
    static struct gen g;
    static struct boundaries b;
    static struct netpol_tuple tuples[WORLD_TUPLES];
    static struct netpol_verdict verdicts[WORLD_TUPLES];
    struct world w;
    struct difference d = {0};
    struct tally *tally = &run->tally;
    unsigned count = run->tuples;
    struct gen_random random = {seed * 1000003};
    gen_make(&g, seed, seed % 5 ? GEN_ALL : GEN_CALICO_SHAPE);
    const char *why = world_open(&w, run->ctx, &g, &as_drawn);
    bool fine = !why;
    if (fine) {
        boundaries_of(w.model, &b);
        for (unsigned i = 0; i < count; i++) {
            boundaries_draw(&b, &random, &tuples[i]);
        }
        fine = world_agrees(&w, tuples, count, verdicts, tally->runs, &d);
        coverage_model(&tally->coverage, w.model);
        for (unsigned i = 0; i < count && fine; i++) {
            coverage_verdict(&tally->coverage, w.model, &verdicts[i]);
            if (i % 16 == 0) {
                coverage_question(&tally->coverage, w.model, &tuples[i]);
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
    tally->image_bytes += size;
    tally->sets++;
    tally->tuples += count;
    tally->crowds += w.model && w.model->inventory.n_nodes >= 1000;
    world_close(&w);
    return fine;
}

/* ---- workers ---- */

/* Every step-th set from the first. */
static bool try_sets(struct run *run, uint64_t first, uint64_t step)
{
    bool fine = true;
    for (uint64_t i = first; i < run->sets && fine; i += step) {
        fine = try_set(run, run->first + i);
    }
    return fine;
}

/* The reading end of the worker's pipe; -1: it could not be started. */
static int start_worker(struct run *run, uint64_t number, uint64_t of)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool fine = try_sets(run, number, of);
        /* more than a pipe holds: the parent reads while this writes */
        const char *from = (const char *)&run->tally;
        for (size_t sent = 0; sent < sizeof run->tally;) {
            ssize_t n = write(ends[1], from + sent, sizeof run->tally - sent);
            if (n <= 0) {
                _Exit(1);
            }
            sent += (size_t)n;
        }
        fflush(stdout);
        _Exit(fine ? 0 : 1);
    }
    close(ends[1]);
    return child > 0 ? ends[0] : -1;
}

/* All numbers of a tally are 64 bits wide. */
static bool add_worker(struct run *run, int from)
{
    static struct tally one;
    uint64_t *sum = (uint64_t *)&run->tally, *more = (uint64_t *)&one;
    FILE *in = from >= 0 ? fdopen(from, "rb") : NULL;
    bool whole = in && fread(&one, sizeof one, 1, in) == 1;
    for (size_t i = 0; whole && i < sizeof one / sizeof *more; i++) {
        sum[i] += more[i];
    }
    if (in) {
        fclose(in);
    }
    return whole;
}

static bool try_all(struct run *run, unsigned workers)
{
    int pipes[WORKERS];
    bool fine = true;
    if (workers < 2) {
        return try_sets(run, 0, 1);
    }
    for (unsigned w = 0; w < workers; w++) {
        pipes[w] = start_worker(run, w, workers);
    }
    for (unsigned w = 0; w < workers; w++) {
        fine = add_worker(run, pipes[w]) && fine;
    }
    for (int status; wait(&status) > 0;) {
        fine = fine && status == 0;
    }
    return fine;
}

/* ---- the run ---- */

static bool report(const struct run *run, double seconds)
{
    const struct tally *t = &run->tally;
    unsigned missed = coverage_report(&t->coverage, stdout);
    for (size_t i = 0; i < n_engines; i++) {
        printf("%s: %llu\n", engines[i].name, (unsigned long long)t->runs[i]);
    }
    printf("%llu sets (%llu of 1,000 nodes or more), %llu tuples, %llu bytes of images, %.1f s, "
           "%u not reached\n",
           (unsigned long long)t->sets, (unsigned long long)t->crowds,
           (unsigned long long)t->tuples, (unsigned long long)t->image_bytes, seconds, missed);
    return missed == 0 || run->sets < EVERYTHING;
}

static uint64_t argument(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct timespec began, ended;
    uint64_t tuples = argument(argc, argv, 3, 200), workers = argument(argc, argv, 5, 1);
    run.sets = argument(argc, argv, 1, 200);
    run.first = argument(argc, argv, 2, 1);
    run.tuples = tuples < 1 ? 1 : tuples > WORLD_TUPLES ? WORLD_TUPLES : (unsigned)tuples;
    run.tries = (uint32_t)argument(argc, argv, 4, 20000);
    struct netpol_ctx_options options = {.size = sizeof options, .log = keep_log, .hash_seed = 1};
    int status = netpol_ctx_create(&options, &run.ctx);
    options.hash_seed = 2;
    if (status != NETPOL_OK || netpol_ctx_create(&options, &run.other) != NETPOL_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* a run that is stopped has said what it found */
    timespec_get(&began, TIME_UTC);
    bool fine = try_all(&run, workers > WORKERS ? WORKERS : (unsigned)workers);
    timespec_get(&ended, TIME_UTC);
    double seconds =
        (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    fine = report(&run, seconds) && fine;
    netpol_ctx_destroy(run.ctx);
    netpol_ctx_destroy(run.other);
    return fine ? 0 : 1;
}
