/* SPDX-License-Identifier: Apache-2.0 */
/* Single objects: typed endpoints, references, pod ranges, snapshots that do not know load order.
 */
#include "np_world.h"
#include "store/store.h"

static int put(struct world *w, const char *name, const char *address, uint64_t *ref)
{
    const struct netpol_label labels[] = {
        {"app", "web"}
    };
    struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                        .namespace_name = "ns",
                                        .name = name,
                                        .labels = labels,
                                        .n_labels = 1,
                                        .addresses = &address,
                                        .n_addresses = address ? 1 : 0};
    return netpol_store_put_endpoint(w->store, &spec, ref, w->diags);
}

static void a_reference_stays_with_the_name_and_is_never_given_again(void **state)
{
    struct world w;
    uint64_t first = 0, again = 0, other = 0, later = 0;
    (void)state;
    world_open(&w);
    assert_int_equal(put(&w, "a", "10.0.0.1", &first), NETPOL_NEEDS_COMPILE);
    assert_int_equal(put(&w, "b", "10.0.0.2", &other), NETPOL_NEEDS_COMPILE);
    assert_int_equal(put(&w, "a", "10.0.0.3", &again), NETPOL_NEEDS_COMPILE);
    assert_true(first != 0 && first == again && first != other);
    assert_int_equal(netpol_store_remove(w.store, "", "Pod", "ns", "a"), NETPOL_OK);
    assert_int_equal(put(&w, "a", "10.0.0.1", &later), NETPOL_NEEDS_COMPILE);
    assert_true(later != first && later != other && later != first + 1);
    world_compile(&w);
    assert_true(netpol_view_find(w.view, "ns", "a") == later);
    assert_true(netpol_view_find(w.view, "ns", "b") == other);
    assert_true(netpol_view_find(w.view, "ns", "nobody") == 0);
    world_close(&w);
}

static void a_pod_of_a_manifest_and_a_typed_one_are_the_same_object(void **state)
{
    struct world w;
    struct netpol_store_stats stats;
    uint64_t ref = 0;
    (void)state;
    world_open(&w);
    assert_int_equal(put(&w, "a", "10.0.0.1", &ref), NETPOL_NEEDS_COMPILE);
    assert_int_equal(world_load(&w,
                                "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}\n"
                                "spec: {containers: [{name: c, image: i}]}\n"),
                     NETPOL_OK);
    netpol_store_stats(w.store, &stats);
    assert_int_equal(stats.objects, 1);
    assert_int_equal(stats.endpoints, 1);
    world_compile(&w);
    assert_true(netpol_view_find(w.view, "ns", "a") == ref);
    world_close(&w);
}

static void what_no_pod_could_have_is_refused(void **state)
{
    struct world w;
    struct netpol_store_stats stats;
    (void)state;
    world_open(&w);
    assert_int_equal(put(&w, "Upper", "10.0.0.1", NULL), NETPOL_ERR_INPUT);
    assert_int_equal(put(&w, "a", "10.0.0.1/33", NULL), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_diags_seen(w.diags, NETPOL_ERROR), 2);
    netpol_store_stats(w.store, &stats);
    assert_int_equal(stats.objects, 0);
    world_close(&w);
}

static void endpoints_wait_for_an_open_transaction(void **state)
{
    struct world w;
    struct netpol_store_stats stats;
    uint64_t first = 0, second = 0;
    (void)state;
    world_open(&w);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(put(&w, "a", NULL, &first), NETPOL_NEEDS_COMPILE);
    assert_int_equal(put(&w, "a", "10.0.0.1", &second), NETPOL_NEEDS_COMPILE);
    assert_true(first == second && first != 0);
    assert_int_equal(netpol_store_rollback(w.store), NETPOL_OK);
    netpol_store_stats(w.store, &stats);
    assert_int_equal(stats.objects, 0);
    assert_int_equal(put(&w, "a", NULL, &second), NETPOL_NEEDS_COMPILE);
    assert_true(first != second);
    world_close(&w);
}

static void an_address_of_a_declared_range_is_unlearnt(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                                    "metadata: {name: p, namespace: ns}\nspec:\n  podSelector: {}\n"
                                    "  ingress: [{from: [{podSelector: {}}]}]\n"),
                     NETPOL_OK);
    assert_int_equal(put(&w, "a", "10.1.0.1", NULL), NETPOL_NEEDS_COMPILE);
    static const char question[] =
        "{\"src\":{\"ip\":\"10.1.0.9\"},\"dst\":{\"pod\":\"ns/a\"},\"port\":80}";
    world_compile(&w);
    assert_int_equal(world_action(&w, question), NETPOL_DENY);
    assert_int_equal(netpol_store_add_pod_range(w.store, "10.1.0.0/16"), NETPOL_OK);
    assert_int_equal(netpol_store_add_pod_range(w.store, "10.1.0.0/99"), NETPOL_ERR_ARGUMENT);
    assert_int_equal(world_action(&w, question), NETPOL_DENY); /* compiled before */
    world_compile(&w);
    assert_int_equal(world_action(&w, question), NETPOL_UNKNOWN);
    world_close(&w);
}

static void a_snapshot_is_sorted_and_keeps_what_it_saw(void **state)
{
    struct world w;
    struct np_snapshot *one = NULL, *two = NULL;
    static const char *const names[] = {"m", "a", "z", "k", "b"};
    (void)state;
    world_open(&w);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(put(&w, names[i], NULL, NULL), NETPOL_NEEDS_COMPILE);
    }
    assert_int_equal(np_snapshot_take(w.store, &one), NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "", "Pod", "ns", "k"), NETPOL_OK);
    assert_int_equal(np_snapshot_take(w.store, &two), NETPOL_OK);
    assert_int_equal(one->count, 5);
    assert_int_equal(two->count, 4);
    static const char *const sorted[] = {"a", "b", "k", "m", "z"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(np_slice_is(one->objects[i]->name, sorted[i]));
    }
    assert_ptr_equal(one->objects[0], two->objects[0]); /* shared, not copied */
    np_snapshot_free(one);
    np_snapshot_free(two);
    world_close(&w);
}

static void removing_needs_the_group(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w,
                                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                                "metadata: {name: p, namespace: ns}\nspec:\n  podSelector: {}\n"),
                     NETPOL_OK);
    assert_int_equal(netpol_store_remove(w.store, "", "NetworkPolicy", "ns", "p"),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "", "p"),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "p"),
                     NETPOL_OK);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_stays_with_the_name_and_is_never_given_again),
        cmocka_unit_test(a_pod_of_a_manifest_and_a_typed_one_are_the_same_object),
        cmocka_unit_test(what_no_pod_could_have_is_refused),
        cmocka_unit_test(endpoints_wait_for_an_open_transaction),
        cmocka_unit_test(an_address_of_a_declared_range_is_unlearnt),
        cmocka_unit_test(a_snapshot_is_sorted_and_keeps_what_it_saw),
        cmocka_unit_test(removing_needs_the_group),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
