/* SPDX-License-Identifier: Apache-2.0 */
/* Matchers: counted, numbered, described, and not dependent on the order of loading. */
#include "store/store.h"
#include "np_world.h"
#include "compile/matcher.h"

static const char pods[] = "apiVersion: v1\nkind: Pod\n"
                           "metadata: {name: a, namespace: ns, labels: {app: a}}\n"
                           "spec: {containers: [{name: c, image: i}]}\n"
                           "status: {podIP: 10.0.0.1}\n---\n"
                           "apiVersion: v1\nkind: Pod\n"
                           "metadata: {name: b, namespace: ns, labels: {app: b}}\n"
                           "spec: {containers: [{name: c, image: i}]}\n"
                           "status: {podIP: 10.0.0.2}\n---\n";
static const char deny[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                           "metadata: {name: deny, namespace: ns}\n"
                           "spec: {podSelector: {}, policyTypes: [Ingress]}\n---\n";
static const char allow[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                            "metadata: {name: allow, namespace: ns}\n"
                            "spec:\n  podSelector: {}\n  ingress:\n"
                            "  - from: [{podSelector: {matchLabels: {app: a}}}]\n"
                            "    ports: [{port: 80}]\n---\n";

static void a_matcher_is_free_of_its_store(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, allow), NETPOL_OK);
    world_compile(&w);
    netpol_store_destroy(w.store);
    w.store = NULL;
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"ns/a\"},\"dst\":{\"pod\":\"ns/b\"},\"port\":80}"),
        NETPOL_ALLOW);
    struct netpol_matcher *again = netpol_matcher_ref(w.matcher);
    assert_ptr_equal(again, w.matcher);
    netpol_matcher_unref(again);
    world_close(&w);
}

static void generations_grow_and_are_checked(void **state)
{
    struct world w;
    struct netpol_rule_info info;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, deny), NETPOL_OK);
    world_compile(&w);
    struct netpol_matcher *first = netpol_matcher_ref(w.matcher);
    world_compile(&w);
    uint64_t generation = netpol_matcher_generation(w.matcher);
    assert_true(generation > netpol_matcher_generation(first));
    assert_int_equal(netpol_rule_describe(w.matcher, 1, generation, &info), NETPOL_OK);
    assert_int_equal(netpol_rule_describe(first, 1, generation, &info), NETPOL_ERR_GENERATION);
    assert_int_equal(netpol_rule_describe(w.matcher, 0, generation, &info), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_rule_describe(w.matcher, 1u << 30, generation, &info),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_rule_key(first, 1, generation), 0);
    netpol_matcher_unref(first);
    world_close(&w);
}

/* The deciding rule of a question, described. */
static struct netpol_rule_info decided(struct world *w, uint16_t port)
{
    struct netpol_verdict verdict;
    struct netpol_rule_info info;
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4, .protocol = 6, .dst_port = port
    };
    assert_int_equal(netpol_eval(w->view, &tuple, &verdict), NETPOL_OK);
    assert_int_equal(
        netpol_rule_describe(w->matcher, verdict.ingress.rule, verdict.generation, &info),
        NETPOL_OK);
    return info;
}

static void decisions_are_described(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, allow), NETPOL_OK);
    world_compile(&w);
    struct netpol_rule_info rule = decided(&w, 80);
    assert_string_equal(rule.policy, "NetworkPolicy/ns/allow");
    assert_string_equal(rule.rule, "spec.ingress[0]");
    assert_string_equal(rule.position, "test.yaml:7:5");
    assert_string_equal(rule.tier, "NetworkPolicy");
    assert_string_equal(rule.option, "");
    assert_int_equal(rule.action, NETPOL_ALLOW);
    assert_int_equal(rule.side, NETPOL_SIDE_INGRESS);
    struct netpol_rule_info isolated = decided(&w, 81);
    assert_string_equal(isolated.policy, "NetworkPolicy/ns/allow");
    assert_string_equal(isolated.rule, "spec");
    assert_int_equal(isolated.action, NETPOL_DENY);
    assert_true(isolated.key != rule.key && rule.key != 0);
    world_close(&w);
}

static void keys_stay_when_other_policies_come(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, allow), NETPOL_OK);
    world_compile(&w);
    uint64_t key = decided(&w, 80).key;
    assert_int_equal(world_load(&w, deny), NETPOL_OK);
    assert_int_equal(world_load(&w, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                                    "metadata: {name: aaa, namespace: ns}\n"
                                    "spec:\n  podSelector: {matchLabels: {app: x}}\n"),
                     NETPOL_OK);
    world_compile(&w);
    assert_true(decided(&w, 80).key == key);
    world_close(&w);
    /* another context, another seed, another file position */
    world_open(&w);
    assert_int_equal(world_load(&w, deny), NETPOL_OK);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(world_load(&w, allow), NETPOL_OK);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_OK);
    world_compile(&w);
    assert_true(decided(&w, 80).key == key);
    world_close(&w);
}

/* Property 2 of the model: load order never changes a decision. */
static void the_order_of_loading_changes_nothing(void **state)
{
    static const char *const parts[] = {pods, deny, allow};
    static const int orders[][3] = {
        {0, 1, 2},
        {2, 1, 0},
        {1, 0, 2},
        {2, 0, 1}
    };
    struct netpol_rule_info expected = {0};
    char policy[64] = "";
    uint32_t n_rules = 0;
    (void)state;
    for (size_t o = 0; o < sizeof orders / sizeof orders[0]; o++) {
        struct world w;
        world_open(&w);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(world_load(&w, parts[orders[o][i]]), NETPOL_OK);
        }
        world_compile(&w);
        struct netpol_rule_info now = decided(&w, 81);
        if (o == 0) {
            expected = now;
            n_rules = np_whole_of(w.matcher)->n_rules;
            snprintf(policy, sizeof policy, "%s", now.policy);
        }
        assert_string_equal(now.policy, policy);
        assert_true(now.key == expected.key);
        assert_int_equal(np_whole_of(w.matcher)->n_rules, n_rules);
        for (uint32_t r = 1; r < n_rules; r++) {
            assert_non_null(np_matcher_rule(w.matcher, r));
        }
        world_close(&w);
    }
    assert_string_equal(policy, "NetworkPolicy/ns/allow"); /* the smallest name is blamed */
}

/* Equal priorities: by name with a warning, an error by option or when strict. */
static void equal_priorities_are_told_or_refused(void **state)
{
    static const char ties[] = "apiVersion: policy.networking.k8s.io/v1alpha1\n"
                               "kind: AdminNetworkPolicy\nmetadata: {name: a}\nspec:\n"
                               "  priority: 5\n  subject: {namespaces: {}}\n  ingress:\n"
                               "  - {action: Allow, from: [{namespaces: {}}]}\n---\n"
                               "apiVersion: policy.networking.k8s.io/v1alpha1\n"
                               "kind: AdminNetworkPolicy\nmetadata: {name: b}\nspec:\n"
                               "  priority: 5\n  subject: {namespaces: {}}\n  ingress:\n"
                               "  - {action: Deny, from: [{namespaces: {}}]}\n";
    struct world w;
    struct netpol_compile_options strict = {
        .size = sizeof strict, .profile = "kubernetes", .strict = 1};
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, ties), NETPOL_OK);
    world_compile(&w);
    assert_int_equal(netpol_diags_seen(w.diags, NETPOL_WARNING), 1);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"ns/a\"},\"dst\":{\"pod\":\"ns/b\"},\"port\":80}"),
        NETPOL_ALLOW);
    assert_int_equal(world_try_compile(&w, "kubernetes", "priority_tie=error"), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_compile(w.store, &strict, NULL, &w.matcher), NETPOL_ERR_INPUT);
    assert_null(w.matcher);
    world_close(&w);
}

/* One allocation fails, or it and all that follow. */
static void memory_ends_at_each(struct world *w, bool for_good)
{
    size_t blocks = w->memory.blocks, n;
    for (n = 1; n < 100000; n++) {
        w->memory.calls = 0;
        w->memory.sticky = for_good;
        w->memory.fail_at = n;
        int status = world_try_compile(w, "kubernetes", NULL);
        w->memory.fail_at = 0;
        if (status == NETPOL_OK) {
            break;
        }
        assert_int_equal(status, NETPOL_ERR_MEMORY);
        world_forget(w);
        np_snapshot_forget(w->store); /* where only the view failed, the compile's is kept */
        assert_int_equal(w->memory.blocks, blocks);
    }
    assert_in_range(n, 10, 99999);
    world_forget(w);
    np_snapshot_forget(w->store);
}

static void memory_may_end_during_a_compile(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, pods), NETPOL_OK);
    assert_int_equal(world_load(&w, allow), NETPOL_OK);
    memory_ends_at_each(&w, false);
    memory_ends_at_each(&w, true);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matcher_is_free_of_its_store),
        cmocka_unit_test(generations_grow_and_are_checked),
        cmocka_unit_test(decisions_are_described),
        cmocka_unit_test(keys_stay_when_other_policies_come),
        cmocka_unit_test(the_order_of_loading_changes_nothing),
        cmocka_unit_test(equal_priorities_are_told_or_refused),
        cmocka_unit_test(memory_may_end_during_a_compile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
