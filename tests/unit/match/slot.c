/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publication: what a reader has stays until it leaves, what nobody has is freed, and nothing else;
 * readers that are destroyed inside, slots that are destroyed with readers, forks.
 */
#include "stage.h"

#include <sys/wait.h>
#include <unistd.h>

struct world {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct stage stage;
    struct netpol_slot *slot;
    size_t held; /* blocks before the slot */
};

static void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->ctx = counting_ctx(&w->counting, NULL);
    assert_non_null(w->ctx);
    stage_open(&w->stage, w->ctx);
    w->held = w->counting.blocks;
    assert_int_equal(netpol_slot_create(w->ctx, &w->slot), NETPOL_OK);
}

static void world_close(struct world *w)
{
    assert_int_equal(w->counting.blocks, w->held);
    assert_false(w->counting.bad_size);
    stage_close(&w->stage);
    netpol_ctx_destroy(w->ctx);
}

/* A view of a new compile; with endpoints that go with it, or not. */
static struct netpol_view *view_of(struct world *w, struct netpol_endpoints **endpoints)
{
    struct netpol_view *view = NULL;
    struct netpol_matcher *matcher = stage_compile(&w->stage);
    assert_non_null(matcher);
    if (endpoints) {
        assert_int_equal(netpol_endpoints_create(matcher, endpoints), NETPOL_OK);
    }
    assert_int_equal(netpol_view_create(matcher, endpoints ? *endpoints : NULL, &view), NETPOL_OK);
    netpol_matcher_unref(matcher);
    return view;
}

static void publish(struct world *w)
{
    struct netpol_endpoints *endpoints;
    struct netpol_view *view = view_of(w, &endpoints);
    assert_int_equal(netpol_slot_publish(w->slot, view, 1), NETPOL_OK);
}

static uint64_t generation_of(const struct netpol_view *view)
{
    struct netpol_tuple tuple = board_tuple4(STAGE_X, STAGE_Y, 80);
    struct netpol_verdict verdict;
    assert_int_equal(netpol_eval(view, &tuple, &verdict), NETPOL_OK);
    assert_true(stage_right(&verdict));
    return verdict.generation;
}

static void test_a_view_stays_until_its_readers_left(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_reader *one, *two;
    world_open(&w);
    assert_int_equal(netpol_reader_create(w.slot, &one), NETPOL_OK);
    assert_int_equal(netpol_reader_create(w.slot, &two), NETPOL_OK);
    assert_null(netpol_reader_enter(one)); /* nothing was published */
    netpol_reader_leave(one);
    assert_null(netpol_slot_borrow(w.slot));
    publish(&w);
    const struct netpol_view *first = netpol_reader_enter(one);
    assert_int_equal(generation_of(first), 1);
    publish(&w);
    assert_int_equal(netpol_slot_reclaim(w.slot), 1);
    assert_ptr_equal(netpol_reader_enter(one), first); /* nested: that of the outermost */
    assert_int_equal(generation_of(netpol_reader_enter(two)), 2);
    netpol_reader_leave(one);
    assert_int_equal(netpol_slot_reclaim(w.slot), 1);
    assert_int_equal(generation_of(first), 1); /* ASan would tell */
    publish(&w);
    assert_int_equal(netpol_slot_reclaim(w.slot), 2); /* the second waits for the older first */
    netpol_reader_leave(one);
    assert_int_equal(netpol_slot_reclaim(w.slot), 1);
    netpol_reader_leave(two);
    assert_int_equal(netpol_slot_reclaim(w.slot), 0);
    assert_int_equal(generation_of(netpol_reader_enter(two)), 3);
    netpol_reader_leave(two);
    netpol_reader_leave(two); /* outside already: nothing */
    netpol_reader_destroy(one);
    netpol_reader_destroy(two);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    world_close(&w);
}

static void test_what_is_borrowed_stays(void **unused)
{
    (void)unused;
    struct world w;
    world_open(&w);
    publish(&w);
    const struct netpol_view *first = netpol_slot_borrow(w.slot);
    const struct netpol_view *again = netpol_slot_borrow(w.slot);
    assert_ptr_equal(first, again);
    publish(&w);
    assert_int_equal(generation_of(netpol_slot_borrow(w.slot)), 2);
    assert_int_equal(netpol_slot_reclaim(w.slot), 1);
    netpol_slot_return(w.slot, first);
    assert_int_equal(netpol_slot_reclaim(w.slot), 1);
    assert_int_equal(generation_of(first), 1);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_ERR_STATE);
    netpol_slot_return(w.slot, first);
    assert_int_equal(netpol_slot_reclaim(w.slot), 0);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_ERR_STATE); /* the second is out */
    const struct netpol_view *second = netpol_slot_borrow(w.slot);
    netpol_slot_return(w.slot, second);
    netpol_slot_return(w.slot, second);
    netpol_slot_return(w.slot, second); /* once too often: nothing */
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    world_close(&w);
}

static void test_ends_of_slots_and_readers(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_reader *inside, *outside;
    world_open(&w);
    assert_int_equal(netpol_reader_create(w.slot, &inside), NETPOL_OK);
    assert_int_equal(netpol_reader_create(w.slot, &outside), NETPOL_OK);
    publish(&w);
    assert_non_null(netpol_reader_enter(inside));
    assert_non_null(netpol_reader_enter(inside));
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_ERR_STATE);
    assert_int_equal(generation_of(netpol_reader_enter(outside)), 1); /* nothing was done */
    netpol_reader_leave(outside);
    netpol_reader_destroy(inside); /* leaves first */
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    assert_null(netpol_reader_enter(outside));
    netpol_reader_leave(outside);
    assert_true(w.counting.blocks > w.held);
    netpol_reader_destroy(outside);
    assert_int_equal(netpol_slot_destroy(NULL), NETPOL_OK);
    netpol_reader_destroy(NULL);
    world_close(&w);
}

/* Replaced tables of endpoints wait for the readers of the slot, and for views that are in none. */
static void fill(struct netpol_endpoints *e, uint32_t from, uint32_t count)
{
    for (uint32_t i = from; i < from + count; i++) {
        assert_int_equal(stage_set(e, REF_MORE + i, 1, STAGE_Y + 1 + i), NETPOL_OK);
    }
}

static void test_old_tables_wait_for_readers(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_endpoints *e;
    struct netpol_reader *reader;
    world_open(&w);
    struct netpol_view *view = view_of(&w, &e), *loose;
    fill(e, 0, 100);
    assert_non_null(e->retired); /* the view may be in use anywhere */
    netpol_endpoints_quiesce(e);
    assert_null(e->retired);
    assert_int_equal(netpol_slot_publish(w.slot, view, 0), NETPOL_OK);
    assert_int_equal(netpol_reader_create(w.slot, &reader), NETPOL_OK);
    assert_ptr_equal(netpol_reader_enter(reader), view);
    const struct np_table *seen = np_endpoints_table(e);
    fill(e, 100, 100);
    assert_true(seen != np_endpoints_table(e));
    assert_non_null(e->retired);
    assert_int_equal(netpol_slot_reclaim(w.slot), 0);
    assert_non_null(e->retired);
    assert_int_equal(np_party_search4(&view->matcher->hot, seen, STAGE_X).signature,
                     stage_sig(1, 1)); /* ASan would tell */
    netpol_reader_leave(reader);
    assert_int_equal(netpol_slot_reclaim(w.slot), 0);
    assert_null(e->retired);
    fill(e, 200, 200); /* nobody is inside: freed at once */
    assert_null(e->retired);
    assert_int_equal(netpol_view_create(view->matcher, e, &loose), NETPOL_OK);
    fill(e, 400, 400);
    assert_non_null(e->retired); /* the slot does not know who uses the other view */
    netpol_view_destroy(loose);
    netpol_endpoints_quiesce(e);
    assert_null(e->retired);
    netpol_reader_destroy(reader);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK); /* the endpoints are not its own */
    fill(e, 800, 10);
    netpol_endpoints_destroy(e);
    world_close(&w);
}

static void test_arguments(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_endpoints *e, *other;
    struct netpol_slot *second;
    struct netpol_view *same;
    world_open(&w);
    struct netpol_view *view = view_of(&w, &e);
    struct netpol_view *stranger = view_of(&w, &other);
    assert_int_equal(netpol_view_create(view->matcher, other, &same), NETPOL_ERR_GENERATION);
    assert_int_equal(netpol_view_create(view->matcher, e, &same), NETPOL_OK);
    assert_int_equal(netpol_slot_create(w.ctx, &second), NETPOL_OK);
    assert_int_equal(netpol_slot_publish(w.slot, view, 2), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_slot_publish(w.slot, NULL, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_slot_publish(w.slot, view, 1), NETPOL_OK);
    assert_int_equal(netpol_slot_publish(w.slot, view, 1), NETPOL_ERR_ARGUMENT); /* it is there */
    assert_int_equal(netpol_slot_publish(second, same, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_slot_publish(w.slot, same, 0),
                     NETPOL_OK); /* the same endpoints again */
    assert_int_equal(netpol_slot_reclaim(w.slot), 0);
    fill(e, 0, 10); /* still there: another view of them is in force */
    assert_int_equal(netpol_slot_publish(second, stranger, 1), NETPOL_OK);
    assert_int_equal(netpol_slot_after_fork(NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_slot_create(NULL, &second), NETPOL_ERR_ARGUMENT);
    assert_null(netpol_reader_enter(NULL));
    netpol_reader_leave(NULL);
    assert_int_equal(netpol_slot_destroy(second), NETPOL_OK);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    world_close(&w);
}

static void test_memory_may_fail(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_slot *slot;
    struct netpol_reader *reader;
    world_open(&w);
    publish(&w);
    struct netpol_view *view = view_of(&w, NULL);
    w.counting.calls = 0;
    w.counting.fail_at = 1;
    w.counting.sticky = 1;
    assert_int_equal(netpol_slot_create(w.ctx, &slot), NETPOL_ERR_MEMORY);
    assert_int_equal(netpol_reader_create(w.slot, &reader), NETPOL_ERR_MEMORY);
    assert_int_equal(netpol_slot_publish(w.slot, view, 0), NETPOL_ERR_MEMORY);
    w.counting.fail_at = 0;
    assert_int_equal(netpol_reader_create(w.slot, &reader), NETPOL_OK);
    assert_int_equal(generation_of(netpol_reader_enter(reader)), 1);
    netpol_reader_destroy(reader);
    assert_int_equal(netpol_slot_publish(w.slot, view, 0), NETPOL_OK);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    world_close(&w);
}

/* The child has the parent's readers, inside, but not their threads. Returns its exit status. */
static int in_child(struct world *w, struct netpol_reader *reader)
{
    if (netpol_slot_reclaim(w->slot) != 1 || netpol_slot_after_fork(w->slot) != NETPOL_OK ||
        netpol_slot_reclaim(w->slot) != 0) {
        return 1;
    }
    struct netpol_tuple tuple = board_tuple4(STAGE_X, STAGE_Y, 80);
    struct netpol_verdict verdict;
    const struct netpol_view *view = netpol_reader_enter(reader);
    if (!view || netpol_eval(view, &tuple, &verdict) != NETPOL_OK || !stage_right(&verdict) ||
        verdict.generation != 2) {
        return 2;
    }
    if (stage_set(view->endpoints, REF_X2, 2, STAGE_X) != NETPOL_OK) {
        return 3;
    }
    netpol_reader_leave(reader);
    netpol_reader_destroy(reader);
    return netpol_slot_destroy(w->slot) == NETPOL_OK ? 0 : 4;
}

static void test_fork(void **unused)
{
    (void)unused;
    struct world w;
    struct netpol_reader *reader;
    int status;
    world_open(&w);
    publish(&w);
    assert_int_equal(netpol_reader_create(w.slot, &reader), NETPOL_OK);
    assert_non_null(netpol_slot_borrow(w.slot));
    const struct netpol_view *view = netpol_reader_enter(reader);
    publish(&w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(in_child(&w, reader));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(generation_of(view), 1); /* the parent's is as it was */
    netpol_slot_return(w.slot, view);
    netpol_reader_destroy(reader);
    assert_int_equal(netpol_slot_destroy(w.slot), NETPOL_OK);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_view_stays_until_its_readers_left),
        cmocka_unit_test(test_what_is_borrowed_stays),
        cmocka_unit_test(test_ends_of_slots_and_readers),
        cmocka_unit_test(test_old_tables_wait_for_readers),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_memory_may_fail),
        cmocka_unit_test(test_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
