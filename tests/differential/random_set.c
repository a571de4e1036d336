/* SPDX-License-Identifier: Apache-2.0 */
/* Runs over random sets of a language. */
#include "differential/random_set.h"

#include <time.h>

struct run {
    const struct random_language *language;
    struct netpol_ctx *ctx;
    unsigned tuples, features;
    bool brief;
    unsigned excused; /* sets that were refused as a whole */
    uint64_t sets, asked;
    uint64_t engines[64];    /* how often each ran */
    void *set, *small, *try; /* three sets: the one at hand, made smaller, less of that */
    void *loaded, *other;    /* the set, and once more */
    unsigned char *questions;
    void *found;
};

static void *question(const struct run *run, unsigned i)
{
    return run->questions + i * run->language->asked_size;
}

/* ---- failures ---- */

static const char *try_question(const struct run *run, const void *set, const void *asked)
{
    const struct random_language *language = run->language;
    struct random_world *w = run->other;
    struct difference d;
    language->load(w, run->ctx, set, 0);
    const char *why = w->ready ? language->compare(w, asked, false) : random_error(w);
    if (w->ready && !why) {
        struct netpol_tuple tuple = language->tuple(w, asked);
        why = world_agrees(&w->world, &tuple, 1, NULL, NULL, &d) ? NULL : d.engine;
    }
    if (w->ready && !why && language->compare_more) {
        why = language->compare_more(w, asked, false, run->found);
    }
    random_close(w);
    return why;
}

/* Takes away what is not needed for the same failure. */
static void make_small(const struct run *run, const void *asked, const char *why)
{
    size_t size = run->language->set_size;
    for (bool again = true; again;) {
        again = false;
        bool changed;
        memcpy(run->try, run->small, size);
        for (unsigned which = 0; run->language->remove(run->try, which, &changed); which++) {
            const char *now = changed ? try_question(run, run->try, asked) : NULL;
            if (now && strcmp(now, why) == 0) {
                memcpy(run->small, run->try, size);
                again = true;
            } else if (changed) {
                memcpy(run->try, run->small, size);
            }
        }
    }
}

static void report(const struct run *run, uint64_t seed, const void *asked, const char *why)
{
    static struct random_text text;
    struct random_world *w = run->other;
    char reason[64]; /* its text may be written over */
    snprintf(reason, sizeof reason, "%s", why);
    printf("seed %llu: %s\n", (unsigned long long)seed, reason);
    if (run->brief) {
        return;
    }
    memcpy(run->small, run->set, run->language->set_size);
    make_small(run, asked, reason);
    run->language->write(run->small, &text);
    printf("%.*s", (int)text.len, text.bytes);
    run->language->load(w, run->ctx, run->small, 0);
    if (w->ready) {
        run->language->show(w, asked);
    } else {
        random_print_errors(w);
    }
    random_close(w);
}

/* ---- one set ---- */

static bool order_matters(const struct run *run, uint64_t seed)
{
    struct random_world *other = run->other;
    run->language->load(other, run->ctx, run->set, seed * 2 + 1);
    bool differs = !other->ready;
    for (unsigned i = 0; i < run->tuples && !differs; i++) {
        differs = !run->language->same(run->loaded, other, question(run, i));
    }
    if (differs) {
        printf("seed %llu: loaded in another order: another answer\n", (unsigned long long)seed);
        random_print_errors(other);
    }
    random_close(other);
    return differs;
}

/* NULL: all agree. *at: the question they do not agree about. */
static const char *compare(struct run *run, const void **at)
{
    static struct netpol_tuple tuples[WORLD_TUPLES];
    const struct random_language *language = run->language;
    const struct random_world *w = run->loaded;
    const char *why = NULL;
    struct difference d;
    for (unsigned i = 0; i < run->tuples && !why; i++) {
        *at = question(run, i);
        tuples[i] = language->tuple(w, *at);
        why = language->compare(w, *at, true);
    }
    for (unsigned i = 0; i < 4 && i < run->tuples && !why && language->compare_more; i++) {
        why = language->compare_more(w, question(run, i), true, run->found);
        *at = run->found;
    }
    if (!why && !world_agrees(&w->world, tuples, run->tuples, NULL, run->engines, &d)) {
        why = d.engine;
        language->bare(run->found, &d.tuple);
        *at = run->found;
    }
    return why;
}

static bool try_set(struct run *run, uint64_t seed)
{
    const struct random_language *language = run->language;
    struct random_world *w = run->loaded;
    struct gen_random random = {seed * 1000003};
    const void *at = question(run, 0);
    language->draw(run->set, seed, run->features);
    for (unsigned i = 0; i < run->tuples; i++) {
        language->draw_question(run->set, &random, question(run, i));
    }
    language->load(w, run->ctx, run->set, 0);
    const char *why = w->ready ? NULL : random_error(w);
    if (why && language->excused && strstr(why, language->excused)) {
        run->excused++;
        random_close(w);
        return true;
    }
    why = why ? why : compare(run, &at);
    bool fine = !why;
    if (why) {
        report(run, seed, at, why);
    } else if (seed % 4 == 0) {
        fine = !order_matters(run, seed);
    }
    run->sets++;
    run->asked += run->tuples;
    random_close(w);
    return fine;
}

/* ---- runs ---- */

static uint64_t argument(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

static bool make_room(struct run *run)
{
    const struct random_language *language = run->language;
    run->set = calloc(1, language->set_size);
    run->small = calloc(1, language->set_size);
    run->try = calloc(1, language->set_size);
    run->loaded = calloc(1, language->loaded_size);
    run->other = calloc(1, language->loaded_size);
    run->questions = calloc(WORLD_TUPLES, language->asked_size);
    run->found = calloc(1, language->asked_size);
    return run->set && run->small && run->try && run->loaded && run->other && run->questions &&
           run->found;
}

static void leave_room(struct run *run)
{
    void *const rooms[] = {run->set,   run->small,     run->try,  run->loaded,
                           run->other, run->questions, run->found};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        free(rooms[i]);
    }
}

static int run_sets(struct run *run, uint64_t sets, uint64_t first, uint64_t most)
{
    struct timespec began, ended;
    uint64_t failures = 0;
    timespec_get(&began, TIME_UTC);
    for (uint64_t i = 0; i < sets && failures < most; i++) {
        failures += !try_set(run, first + i);
    }
    timespec_get(&ended, TIME_UTC);
    unsigned missed = run->language->report(run->features, stdout);
    if (run->language->excused) {
        printf("%u sets refused (%s)\n", run->excused, run->language->excused);
    }
    printf("%llu sets, %llu tuples from seed %llu, %.1f s, %llu failed, %u not reached\n",
           (unsigned long long)run->sets, (unsigned long long)run->asked, (unsigned long long)first,
           (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9,
           (unsigned long long)failures, missed);
    bool rare = run->excused <= 1 + sets / 50; /* or something else is wrong */
    return rare && failures == 0 && (missed == 0 || sets < run->language->everything) ? 0 : 1;
}

int random_main(const struct random_language *language, int argc, char **argv)
{
    static struct run run;
    uint64_t tuples = argument(argc, argv, 3, 100), most = argument(argc, argv, 5, 1);
    run.language = language;
    run.tuples = tuples < 1 ? 1 : tuples > WORLD_TUPLES ? WORLD_TUPLES : (unsigned)tuples;
    run.features = (unsigned)argument(argc, argv, 4, language->features);
    run.brief = most > 1;
    struct netpol_ctx_options options = {.size = sizeof options, .hash_seed = 1};
    if (netpol_ctx_create(&options, &run.ctx) != NETPOL_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* a run that is stopped has said what it found */
    int code = make_room(&run)
                   ? run_sets(&run, argument(argc, argv, 1, 100), argument(argc, argv, 2, 1), most)
                   : 1;
    leave_room(&run);
    netpol_ctx_destroy(run.ctx);
    return code;
}
