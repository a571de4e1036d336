/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sets of Cilium resources: an evaluator of its own, the reference and the matcher must
 * agree.
 *
 * usage: cilium SETS [SEED [TUPLES [FEATURES [MOST]]]]. Set i has seed SEED + i. Each is written as
 * YAML, loaded and compiled; TUPLES questions at boundaries are put to the oracle
 * (cilium_oracle.h), to the reference and to every engine (engines.c); every fourth set is loaded
 * once more, in another order and from several files. A failure is made small and printed with its
 * resources. FEATURES: what may be drawn (enum cil_features). The run ends at MOST failures, which
 * are only named when it is more than 1.
 *
 * usage: cilium --write FOLDER [SETS [SEED [TUPLES [FEATURES]]]]: writes the sets and their
 * questions as folders instead (cilium_export.h), for tests/upstream/cilium.
 */
#include "differential/cilium_export.h"

#include <time.h>

struct run {
    struct netpol_ctx *ctx;
    unsigned tuples, features;
    bool brief;
    unsigned conflicts; /* sets that were refused as a whole */
    struct cil_tally tally;
};

/* ---- failures ---- */

static const char *try_question(struct netpol_ctx *ctx, const struct cil *c,
                                const struct cil_asked *asked)
{
    static struct cil_loaded l;
    struct difference d;
    struct cil_asked found;
    cil_load(&l, ctx, c, 0);
    const char *why = NULL;
    if (l.ready) {
        struct netpol_tuple tuple = cil_tuple(&l, asked);
        why = cil_compare(&l, asked, NULL);
        if (!why && !world_agrees(&l.world, &tuple, 1, NULL, NULL, &d)) {
            why = d.engine;
        }
        if (!why && c->features & CIL_MAPPED) {
            why = cil_map_compare(&l, asked, NULL, &found);
        }
    } else {
        why = cil_error(&l);
    }
    cil_unload(&l);
    return why;
}

/* Takes away what is not needed for the same failure. */
static void make_small(struct netpol_ctx *ctx, struct cil *c, const struct cil_asked *asked,
                       const char *why)
{
    static struct cil smaller;
    for (bool again = true; again;) {
        again = false;
        bool changed;
        smaller = *c;
        for (unsigned which = 0; cil_remove(&smaller, which, &changed); which++) {
            const char *now = changed ? try_question(ctx, &smaller, asked) : NULL;
            if (now && strcmp(now, why) == 0) {
                *c = smaller;
                again = true;
            } else if (changed) {
                smaller = *c;
            }
        }
    }
}

static void report(const struct run *run, const struct cil *c, const struct cil_asked *asked,
                   const char *why)
{
    static struct cil small;
    static struct cil_text text;
    static struct cil_loaded l;
    char reason[64]; /* its text may be written over */
    snprintf(reason, sizeof reason, "%s", why);
    why = reason;
    printf("seed %llu: %s\n", (unsigned long long)c->seed, why);
    if (run->brief) {
        return;
    }
    small = *c;
    make_small(run->ctx, &small, asked, why);
    cil_write(&small, &text);
    printf("%.*s", (int)text.len, text.bytes);
    cil_load(&l, run->ctx, &small, 0);
    if (l.ready) {
        cil_show(&l, asked);
    } else {
        cil_print_errors(&l);
    }
    cil_unload(&l);
}

/* ---- one set ---- */

static bool order_matters(const struct run *run, const struct cil *c, const struct cil_loaded *l,
                          const struct cil_asked *asked, unsigned count)
{
    static struct cil_loaded other;
    cil_load(&other, run->ctx, c, c->seed * 2 + 1);
    bool differs = !other.ready;
    for (unsigned i = 0; i < count && !differs; i++) {
        differs = !cil_same(l, &other, &asked[i]);
    }
    if (differs) {
        printf("seed %llu: loaded in another order: another answer\n", (unsigned long long)c->seed);
        cil_print_errors(&other);
    }
    cil_unload(&other);
    return differs;
}

static bool try_set(struct run *run, uint64_t seed)
{
    static struct cil c;
    static struct cil_loaded l;
    static struct cil_asked asked[WORLD_TUPLES];
    static struct netpol_tuple tuples[WORLD_TUPLES];
    struct gen_random random = {seed * 1000003};
    struct difference d;
    struct cil_asked found;
    unsigned at = 0;
    cil_draw(&c, seed, run->features);
    for (unsigned i = 0; i < run->tuples; i++) {
        cil_draw_question(&c, &random, &asked[i]);
    }
    cil_load(&l, run->ctx, &c, 0);
    const char *why = l.ready ? NULL : cil_error(&l);
    if (why && strstr(why, "NP2567")) { /* rules that cannot stand together: drawn now and then */
        run->conflicts++;
        cil_unload(&l);
        return true;
    }
    for (unsigned i = 0; i < run->tuples && !why; i++) {
        tuples[i] = cil_tuple(&l, &asked[i]);
        why = cil_compare(&l, &asked[i], &run->tally);
        at = i;
    }
    for (unsigned i = 0; i < 4 && i < run->tuples && !why && run->features & CIL_MAPPED; i++) {
        why = cil_map_compare(&l, &asked[i], &run->tally, &found);
        if (why) {
            asked[at = i] = found;
        }
    }
    if (!why && !world_agrees(&l.world, tuples, run->tuples, NULL, run->tally.runs, &d)) {
        why = d.engine;
        asked[at] = (struct cil_asked){.tuple = d.tuple};
    }
    bool fine = !why;
    if (why) {
        report(run, &c, &asked[at], why);
    } else if (seed % 4 == 0) {
        fine = !order_matters(run, &c, &l, asked, run->tuples);
    }
    run->tally.sets++;
    run->tally.tuples += run->tuples;
    cil_unload(&l);
    return fine;
}

static uint64_t argument(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

static int write_sets(struct netpol_ctx *ctx, int argc, char **argv)
{
    uint64_t sets = argument(argc, argv, 3, 100), first = argument(argc, argv, 4, 1);
    unsigned tuples = (unsigned)argument(argc, argv, 5, 40);
    unsigned features = (unsigned)argument(argc, argv, 6, CIL_FEATURES);
    for (uint64_t i = 0; i < sets; i++) {
        if (!cil_export(ctx, argv[2], first + i, tuples, features)) {
            fprintf(stderr, "cannot write below %s\n", argv[2]);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct timespec began, ended;
    uint64_t sets = argument(argc, argv, 1, 100), first = argument(argc, argv, 2, 1);
    uint64_t tuples = argument(argc, argv, 3, 100), most = argument(argc, argv, 5, 1);
    uint64_t failures = 0;
    run.tuples = tuples < 1 ? 1 : tuples > WORLD_TUPLES ? WORLD_TUPLES : (unsigned)tuples;
    run.features = (unsigned)argument(argc, argv, 4, CIL_FEATURES);
    run.brief = most > 1;
    struct netpol_ctx_options options = {.size = sizeof options, .hash_seed = 1};
    if (netpol_ctx_create(&options, &run.ctx) != NETPOL_OK) {
        return 1;
    }
    if (argc > 2 && strcmp(argv[1], "--write") == 0) {
        int status = write_sets(run.ctx, argc, argv);
        netpol_ctx_destroy(run.ctx);
        return status;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* a run that is stopped has said what it found */
    timespec_get(&began, TIME_UTC);
    for (uint64_t i = 0; i < sets && failures < most; i++) {
        failures += !try_set(&run, first + i);
    }
    timespec_get(&ended, TIME_UTC);
    unsigned missed = cil_tally_report(&run.tally, run.features, stdout);
    printf("%u sets refused for rules that cannot stand together\n", run.conflicts);
    printf("%llu sets, %llu tuples from seed %llu, %.1f s, %llu failed, %u not reached\n",
           (unsigned long long)run.tally.sets, (unsigned long long)run.tally.tuples,
           (unsigned long long)first,
           (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9,
           (unsigned long long)failures, missed);
    netpol_ctx_destroy(run.ctx);
    if (run.conflicts > 1 + sets / 50) { /* rare, or something else is wrong */
        return 1;
    }
    return failures == 0 && (missed == 0 || sets < CIL_EVERYTHING) ? 0 : 1;
}
