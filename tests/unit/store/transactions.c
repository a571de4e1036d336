/* SPDX-License-Identifier: Apache-2.0 */
/* Loads are transactions: all or nothing, and everything that is wrong is told. */
#include "np_world.h"

#define POLICY(name)                                                     \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {" \
    "name: " name ", namespace: ns}\nspec:\n  podSelector: {}\n---\n"
#define BROKEN(name)                                                     \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {" \
    "name: " name ", namespace: ns}\nspec:\n  podselector: {}\n---\n"

static struct netpol_store_stats stats_of(const struct world *w)
{
    struct netpol_store_stats stats;
    netpol_store_stats(w->store, &stats);
    return stats;
}

static void a_failed_load_changes_nothing_and_tells_every_error(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    struct netpol_store_stats before = stats_of(&w);
    assert_int_equal(before.objects, 1);
    assert_int_equal(before.policies, 1);

    assert_int_equal(world_load(&w, POLICY("b") BROKEN("c") POLICY("d") BROKEN("e")),
                     NETPOL_ERR_INPUT);
    assert_int_equal(netpol_diags_seen(w.diags, NETPOL_ERROR), 2);
    struct netpol_store_stats after = stats_of(&w);
    assert_memory_equal(&before, &after, sizeof before);
    world_close(&w);
}

static void the_same_object_twice_is_an_error_that_names_both_places(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a") POLICY("b") POLICY("a")), NETPOL_ERR_INPUT);
    const struct netpol_diag *diag = world_diag(&w, "NP3001");
    assert_non_null(diag);
    assert_int_equal(diag->line, 13);
    assert_string_equal(diag->object, "NetworkPolicy/ns/a");
    assert_has(diag->message, "test.yaml:1:1");
    assert_int_equal(stats_of(&w).objects, 0);
    world_close(&w);
}

static void the_same_object_in_a_later_load_replaces(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    uint64_t version = stats_of(&w).version;
    assert_int_equal(world_load(&w, POLICY("a") POLICY("b")), NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 2);
    assert_true(stats_of(&w).version > version);
    world_close(&w);
}

static void several_loads_are_one_transaction(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_ERR_STATE);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 0);
    assert_int_equal(world_try_compile(&w, "kubernetes", NULL), NETPOL_ERR_STATE);
    assert_int_equal(world_load(&w, POLICY("b")), NETPOL_OK);
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 2);
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_ERR_STATE);
    assert_int_equal(netpol_store_rollback(w.store), NETPOL_ERR_STATE);
    world_close(&w);
}

static void one_bad_load_spoils_the_transaction(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "a"),
                     NETPOL_OK);
    assert_int_equal(world_load(&w, BROKEN("b")), NETPOL_ERR_INPUT);
    assert_int_equal(world_load(&w, POLICY("c")), NETPOL_OK);
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_ERR_INPUT);
    assert_int_equal(stats_of(&w).objects, 1);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "a"),
                     NETPOL_OK);
    world_close(&w);
}

static void removals_wait_for_the_commit(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "a"),
                     NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "a"),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(stats_of(&w).objects, 1);
    assert_int_equal(netpol_store_rollback(w.store), NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 1);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "a"),
                     NETPOL_OK);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK); /* not given twice: it was removed */
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 1);
    world_close(&w);
}

static void keep_going_loads_the_rest_and_says_that_it_is_incomplete(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(
        world_load_flags(&w, POLICY("a") BROKEN("b") POLICY("c"), NETPOL_LOAD_KEEP_GOING),
        NETPOL_OK);
    assert_int_equal(stats_of(&w).objects, 2);
    assert_int_equal(stats_of(&w).incomplete, 1);
    assert_int_equal(netpol_diags_seen(w.diags, NETPOL_ERROR), 1);
    assert_has(world_diag(&w, "NP3005")->message, "1 document");
    world_close(&w);
}

static void admitted_objects_stand_alone(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a")), NETPOL_OK);
    assert_int_equal(
        world_load_flags(&w, BROKEN("a") BROKEN("b") POLICY("c"), NETPOL_LOAD_ADMITTED), NETPOL_OK);
    /* a keeps its version, b is held as unreadable, c is there */
    assert_int_equal(stats_of(&w).objects, 3);
    assert_int_equal(stats_of(&w).unreadable, 1);
    assert_int_equal(stats_of(&w).incomplete, 0);
    assert_string_equal(world_diag(&w, "NP3004")->object, "NetworkPolicy/ns/a");
    /* the next good version takes the place of what could not be read */
    assert_int_equal(world_load_flags(&w, POLICY("b"), NETPOL_LOAD_ADMITTED), NETPOL_OK);
    assert_int_equal(stats_of(&w).unreadable, 0);
    world_close(&w);
}

static void an_unreadable_pod_leaves_the_inventory_incomplete(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load_flags(&w,
                                      "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: "
                                      "ns, labels: {app: [1]}}\n",
                                      NETPOL_LOAD_ADMITTED),
                     NETPOL_OK);
    assert_int_equal(stats_of(&w).incomplete, 1);
    world_close(&w);
}

static void skipped_kinds_are_counted_in_one_message(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\n"
                                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
                                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"),
                     NETPOL_OK);
    assert_int_equal(stats_of(&w).skipped, 3);
    assert_int_equal(netpol_diags_count(w.diags), 1);
    assert_has(world_diag(&w, "NP3002")->message, "ConfigMap 2, Secret 1");
    world_close(&w);
}

static void the_limit_on_objects_holds(void **state)
{
    struct counting memory = {0};
    struct netpol_limits limits = {.size = sizeof limits, .objects = 2};
    struct netpol_ctx *ctx = counting_ctx(&memory, &limits);
    struct netpol_store *store = NULL;
    static const char three[] = POLICY("a") POLICY("b") POLICY("c");
    (void)state;
    assert_int_equal(netpol_store_create(ctx, &store), NETPOL_OK);
    assert_int_equal(netpol_store_load_buffer(store, three, sizeof three - 1, "x", NULL, NULL),
                     NETPOL_ERR_LIMIT);
    assert_int_equal(
        netpol_store_load_buffer(store, three, strlen(POLICY("a") POLICY("b")), "x", NULL, NULL),
        NETPOL_OK);
    /* replacing needs no room, one more does */
    assert_int_equal(netpol_store_load_buffer(store, three, strlen(POLICY("a")), "x", NULL, NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_store_load_buffer(store, three + strlen(POLICY("a") POLICY("b")),
                                              strlen(POLICY("c")), "x", NULL, NULL),
                     NETPOL_ERR_LIMIT);
    netpol_store_destroy(store);
    netpol_ctx_destroy(ctx);
    assert_int_equal(memory.blocks, 0);
}

static void memory_may_end_at_any_moment(void **state)
{
    static const char text[] = POLICY("a") POLICY("b") POLICY("c");
    struct world w;
    size_t n;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POLICY("a") POLICY("z")), NETPOL_OK);
    struct netpol_store_stats before = stats_of(&w);
    for (n = 1; n < 10000; n++) {
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = world_load(&w, text);
        w.memory.fail_at = 0;
        if (status == NETPOL_OK) {
            break;
        }
        assert_int_equal(status, NETPOL_ERR_MEMORY);
        struct netpol_store_stats after = stats_of(&w);
        assert_memory_equal(&before, &after, sizeof before);
    }
    assert_in_range(n, 10, 9999);
    assert_int_equal(stats_of(&w).objects, 4);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_load_changes_nothing_and_tells_every_error),
        cmocka_unit_test(the_same_object_twice_is_an_error_that_names_both_places),
        cmocka_unit_test(the_same_object_in_a_later_load_replaces),
        cmocka_unit_test(several_loads_are_one_transaction),
        cmocka_unit_test(one_bad_load_spoils_the_transaction),
        cmocka_unit_test(removals_wait_for_the_commit),
        cmocka_unit_test(keep_going_loads_the_rest_and_says_that_it_is_incomplete),
        cmocka_unit_test(admitted_objects_stand_alone),
        cmocka_unit_test(an_unreadable_pod_leaves_the_inventory_incomplete),
        cmocka_unit_test(skipped_kinds_are_counted_in_one_message),
        cmocka_unit_test(the_limit_on_objects_holds),
        cmocka_unit_test(memory_may_end_at_any_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
