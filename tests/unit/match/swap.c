/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers against a writer that never stops: policies are swapped and endpoints rewritten while
 * threads evaluate. Every verdict must be one that some moment of the evaluation would have given:
 * of one compile, of pods that had the two addresses (or of none, where they come and go); and
 * compiles never go backwards. Arguments: swaps, endpoint writes a swap. Under the thread sanitizer
 * this is the proof of the orderings.
 */
#include "stage.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { READERS = 2, BATCH = 20, OTHERS = 64, SWAPS = 1000, WRITES = 60 };

struct theatre {
    struct netpol_slot *slot;
    atomic_bool over;
    atomic_uint wrong, turns; /* turns: how often a thread came in and went out again */
};
struct spectator {
    struct theatre *theatre;
    struct netpol_reader *reader; /* NULL: borrows */
    uint64_t seen, changed, generation;
};

static void judge(struct spectator *s, const struct netpol_view *view)
{
    struct netpol_tuple tuples[BATCH];
    struct netpol_verdict out[BATCH];
    uint32_t count = s->seen % 3 ? 1 : BATCH;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = i % 4 ? 0 : 1 + (uint32_t)(s->seen + i) / 4 % OTHERS;
        tuples[i] = board_tuple4(STAGE_X, STAGE_Y + other, 80);
    }
    if (count == 1) {
        netpol_eval(view, tuples, out);
    } else {
        netpol_eval_batch(view, tuples, out, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        bool right = i % 4 ? stage_right(&out[i]) : stage_right_other(&out[i]);
        if (!right || out[i].generation < s->generation) {
            atomic_fetch_add(&s->theatre->wrong, 1);
        }
        s->changed += out[i].generation != s->generation;
        s->generation = out[i].generation;
    }
    s->seen++;
}

static void *watch(void *argument)
{
    struct spectator *s = argument;
    struct theatre *t = s->theatre;
    while (!atomic_load(&t->over)) {
        const struct netpol_view *view =
            s->reader ? netpol_reader_enter(s->reader) : netpol_slot_borrow(t->slot);
        for (uint64_t times = s->seen % 4; view && times < 4; times++) {
            judge(s, view);
        }
        if (s->reader) {
            netpol_reader_leave(s->reader);
        } else if (view) {
            netpol_slot_return(t->slot, view);
        }
        atomic_fetch_add(&t->turns, 1);
    }
    return NULL;
}

/* X and Y change hands and kinds; others come and go and fill the tables. */
static void write_endpoints(struct netpol_endpoints *e, uint32_t writes, uint32_t *number)
{
    for (uint32_t i = 0; i < writes; i++) {
        uint32_t n = ++*number, kind = 1 + (n >> 3 & 1);
        switch (n % 4) {
        case 0:
            assert_int_equal(stage_set(e, n & 16 ? REF_X : REF_X2, kind, STAGE_X), NETPOL_OK);
            break;
        case 1:
            assert_int_equal(stage_set(e, n & 32 ? REF_Y : REF_Y2, kind, STAGE_Y), NETPOL_OK);
            break;
        case 2:
            assert_int_equal(stage_set(e, REF_MORE + n, kind, STAGE_Y + 1 + n / 4 % OTHERS),
                             NETPOL_OK);
            break;
        default:
            assert_int_equal(netpol_endpoints_remove(e, REF_MORE + n - 1), NETPOL_OK);
        }
    }
}

/* A compile, and its endpoints caught up with what was written during it. */
static struct netpol_endpoints *swap(struct stage *stage, struct netpol_slot *slot,
                                     struct netpol_endpoints *before, uint32_t *number)
{
    struct netpol_endpoints *e = NULL;
    struct netpol_view *view;
    if (before) {
        np_endpoints_mark(before, stage->generation + 1);
        write_endpoints(before, 8, number); /* while it compiles */
    }
    struct netpol_matcher *matcher = stage_compile(stage);
    assert_non_null(matcher);
    if (before) {
        assert_int_equal(netpol_endpoints_advance(before, matcher, &e), NETPOL_OK);
    } else {
        assert_int_equal(netpol_endpoints_create(matcher, &e), NETPOL_OK);
    }
    assert_int_equal(netpol_view_create(matcher, e, &view), NETPOL_OK);
    netpol_matcher_unref(matcher);
    assert_int_equal(netpol_slot_publish(slot, view, 1), NETPOL_OK);
    return e;
}

/* The writer is so quick that others might see nothing of it on a busy machine. */
static void wait_for_readers(struct theatre *t)
{
    unsigned turns = atomic_load(&t->turns);
    while (atomic_load(&t->turns) - turns < 2 * (READERS + 1)) {
        sched_yield();
    }
}

static uint32_t n_swaps = SWAPS, n_writes = WRITES;

static void test_readers_see_old_or_new(void **unused)
{
    (void)unused;
    struct netpol_ctx *ctx;
    struct stage stage;
    struct theatre t = {.over = false};
    struct spectator spectators[READERS + 1];
    pthread_t threads[READERS + 1];
    uint32_t number = 0;
    uint64_t seen = 0, changed = 0;
    assert_int_equal(netpol_ctx_create(NULL, &ctx), NETPOL_OK);
    stage_open(&stage, ctx);
    assert_int_equal(netpol_slot_create(ctx, &t.slot), NETPOL_OK);
    struct netpol_endpoints *e = swap(&stage, t.slot, NULL, &number);
    for (uint32_t i = 0; i <= READERS; i++) {
        spectators[i] = (struct spectator){.theatre = &t};
        if (i < READERS) {
            assert_int_equal(netpol_reader_create(t.slot, &spectators[i].reader), NETPOL_OK);
        }
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &spectators[i]), 0);
    }
    for (uint32_t i = 0; i < n_swaps; i++) {
        write_endpoints(e, n_writes, &number);
        e = swap(&stage, t.slot, e, &number);
        if (i % 8 == 0) {
            wait_for_readers(&t);
        }
    }
    atomic_store(&t.over, true);
    for (uint32_t i = 0; i <= READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        netpol_reader_destroy(spectators[i].reader);
        seen += spectators[i].seen;
        changed += spectators[i].changed;
    }
    print_message("%u swaps, %u writes, %llu evaluations, %llu changes of compile seen\n", n_swaps,
                  number, (unsigned long long)seen, (unsigned long long)changed);
    assert_int_equal(atomic_load(&t.wrong), 0);
    assert_true(changed > n_swaps / 8);
    assert_int_equal(netpol_slot_reclaim(t.slot), 0);
    assert_int_equal(netpol_slot_destroy(t.slot), NETPOL_OK);
    stage_close(&stage);
    netpol_ctx_destroy(ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_readers_see_old_or_new)};
    if (argc == 3) {
        n_swaps = (uint32_t)strtoul(argv[1], NULL, 10);
        n_writes = (uint32_t)strtoul(argv[2], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
