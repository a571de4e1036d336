/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles from the matcher before: what is re-used, what is not, and that it shows nowhere else.
 */
#include "store/store.h"
#include "np_world.h"

#define POD(name, address)                                                 \
    "apiVersion: v1\nkind: Pod\n"                                          \
    "metadata: {name: " name ", namespace: ns, labels: {app: " name "}}\n" \
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: " address "}\n---\n"
/* Lets pods labelled `peer` reach pods labelled `app` on `port`. */
#define POLICY(name, app, peer, port)                                   \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"           \
    "metadata: {name: " name ", namespace: ns}\n"                       \
    "spec:\n  podSelector: {matchLabels: {app: " app "}}\n  ingress:\n" \
    "  - from: [{podSelector: {matchLabels: {app: " peer "}}}]\n"       \
    "    ports: [{port: " port "}]\n---\n"

/* One rule about everybody. */
#define ADMIN(tier, rule)                                                                \
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"        \
    "metadata: {name: admin}\nspec:\n  tier: " tier "\n  priority: 1\n"                  \
    "  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: a}}}}\n" \
    "  ingress: [" rule "]\n---\n"
/* So that no tier is ever empty. */
#define ADMIN_ELSEWHERE                                                            \
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"    \
    "metadata: {name: other}\nspec:\n  priority: 9\n  subject: {namespaces: {}}\n" \
    "  egress: [{action: Pass, to: [{namespaces: {}}]}]\n---\n"                    \
    "apiVersion: policy.networking.k8s.io/v1alpha1\n"                              \
    "kind: BaselineAdminNetworkPolicy\nmetadata: {name: default}\nspec:\n"         \
    "  subject: {namespaces: {}}\n  egress: [{action: Allow, to: [{namespaces: {}}]}]\n---\n"

static const char cluster[] = POD("a", "10.0.0.1") POD("b", "10.0.0.2") POD("c", "10.0.0.3")
    POLICY("one", "a", "b", "80") POLICY("two", "b", "c", "443") POLICY("three", "c", "a", "53");

/* Compiles with a matcher before it, which stays the caller's. */
static int compile_from(struct world *w, struct netpol_matcher *previous, const char *profile,
                        struct netpol_matcher **out)
{
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = profile, .previous = previous};
    return netpol_compile(w->store, &options, w->diags, out);
}

/* Puts the next matcher into the world; the one before goes. */
static void compile_next(struct world *w)
{
    struct netpol_matcher *next = NULL;
    assert_int_equal(compile_from(w, w->matcher, "kubernetes", &next), NETPOL_OK);
    world_forget(w);
    w->matcher = next;
    assert_int_equal(netpol_view_create(next, NULL, &w->view), NETPOL_OK);
}

static uint64_t reused(const struct netpol_matcher *matcher)
{
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    assert_int_equal(netpol_matcher_stats(matcher, &stats), NETPOL_OK);
    return stats.reused_groups;
}

static struct netpol_verdict ask(const struct netpol_view *view, uint8_t from, uint8_t to,
                                 uint16_t port)
{
    struct netpol_verdict verdict;
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, from},
        .dst = {10, 0, 0, to  },
        .family = 4,
        .protocol = 6,
        .dst_port = port
    };
    assert_int_equal(netpol_eval(view, &tuple, &verdict), NETPOL_OK);
    return verdict;
}

static int describe(const struct netpol_matcher *matcher, uint32_t number,
                    struct netpol_rule_info *out)
{
    return netpol_rule_describe(matcher, number, netpol_matcher_generation(matcher), out);
}

/* The number of the rule of this title. */
static uint32_t rule_called(const struct netpol_matcher *matcher, const char *title)
{
    struct netpol_rule_info info;
    uint32_t number = 1;
    while (describe(matcher, number, &info) != NETPOL_OK || strcmp(info.title, title) != 0) {
        assert_in_range(number++, 1, 1000);
    }
    return number;
}

static int action(const struct world *w, uint8_t from, uint8_t to, uint16_t port)
{
    return ask(w->view, from, to, port).action;
}

static void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
    assert_int_equal(reused(w->matcher), 0);
}

static void an_edit_plans_its_own_groups_only(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    struct netpol_matcher *first = netpol_matcher_ref(w.matcher);
    struct netpol_view *old = NULL;
    assert_int_equal(netpol_view_create(first, NULL, &old), NETPOL_OK);
    assert_int_equal(action(&w, 2, 1, 80), NETPOL_ALLOW);
    uint32_t edited = ask(w.view, 2, 1, 80).ingress.rule,
             other = ask(w.view, 3, 2, 443).ingress.rule;
    assert_int_equal(world_load(&w, POLICY("one", "a", "b", "8080")), NETPOL_OK);
    compile_next(&w);
    assert_in_range(reused(w.matcher), 1, 1000);
    assert_int_equal(action(&w, 2, 1, 80), NETPOL_DENY);
    assert_int_equal(action(&w, 2, 1, 8080), NETPOL_ALLOW);
    assert_int_equal(action(&w, 3, 2, 443), NETPOL_ALLOW);
    assert_int_equal(ask(w.view, 2, 1, 8080).ingress.rule, edited);
    assert_int_equal(ask(w.view, 3, 2, 443).ingress.rule, other);
    /* what is published stays as it is */
    assert_int_equal(ask(old, 2, 1, 80).action, NETPOL_ALLOW);
    assert_int_equal(ask(old, 2, 1, 8080).action, NETPOL_DENY);
    netpol_view_destroy(old);
    netpol_matcher_unref(first);
    world_close(&w);
}

static void policies_come_and_go(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(
        netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "two"), NETPOL_OK);
    compile_next(&w);
    assert_in_range(reused(w.matcher), 1, 1000);
    assert_int_equal(action(&w, 1, 2, 9), NETPOL_ALLOW); /* isolated by nobody */
    assert_int_equal(world_load(&w, POLICY("four", "b", "a", "9")), NETPOL_OK);
    compile_next(&w);
    assert_in_range(reused(w.matcher), 1, 1000);
    assert_int_equal(action(&w, 1, 2, 9), NETPOL_ALLOW);
    assert_int_equal(action(&w, 3, 2, 443), NETPOL_DENY);
    assert_int_equal(world_load(&w, POLICY("two", "b", "c", "443")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(action(&w, 3, 2, 443), NETPOL_ALLOW);
    assert_int_equal(action(&w, 1, 2, 9), NETPOL_ALLOW);
    world_close(&w);
}

/* A tier that is always there may lose its last policy, and get one again. */
static void the_only_policy_of_a_tier_comes_and_goes(void **state)
{
    static const char baseline[] = "apiVersion: policy.networking.k8s.io/v1alpha1\n"
                                   "kind: BaselineAdminNetworkPolicy\nmetadata: {name: default}\n"
                                   "spec:\n  subject: {namespaces: {}}\n  ingress:\n"
                                   "  - {action: Deny, from: [{namespaces: {}}]}\n";
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, POD("a", "10.0.0.1") POD("b", "10.0.0.2")), NETPOL_OK);
    assert_int_equal(world_load(&w, baseline), NETPOL_OK);
    world_compile(&w);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(action(&w, 1, 2, 80), NETPOL_DENY);
        assert_int_equal(netpol_store_remove(w.store, "policy.networking.k8s.io",
                                             "BaselineAdminNetworkPolicy", "", "default"),
                         NETPOL_OK);
        compile_next(&w);
        assert_in_range(reused(w.matcher), 1, 1000);
        assert_int_equal(action(&w, 1, 2, 80), NETPOL_ALLOW);
        assert_int_equal(world_load(&w, baseline), NETPOL_OK);
        compile_next(&w);
        assert_in_range(reused(w.matcher), 1, 1000);
    }
    world_close(&w);
}

static void the_explanation_is_of_the_edited_policy(void **state)
{
    struct world w;
    static struct sink_text text;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, "\n\n\n" POLICY("one", "a", "b", "8080")), NETPOL_OK);
    compile_next(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"ns/b\"},\"dst\":{\"pod\":\"ns/a\"},\"port\":8080}", 0, 1,
              &text);
    assert_has(text.text, "NetworkPolicy/ns/one");
    assert_has(text.text, "test.yaml:10:5");
    struct netpol_verdict v = ask(w.view, 2, 1, 8080);
    struct netpol_rule_info info;
    assert_int_equal(netpol_rule_describe(w.matcher, v.ingress.rule, v.generation, &info),
                     NETPOL_OK);
    assert_string_equal(info.position, "test.yaml:10:5");
    world_close(&w);
}

/* A label that no policy asked for, a pod more, another profile: from nothing, and right. */
static void what_is_more_than_an_edit_is_made_from_nothing(void **state)
{
    struct world w;
    struct netpol_matcher *other = NULL;
    (void)state;
    open_cluster(&w);
    uint32_t kept = ask(w.view, 1, 3, 53).ingress.rule;
    assert_int_equal(world_load(&w, POD("d", "10.0.0.4")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(reused(w.matcher), 0);
    assert_int_equal(world_load(&w, POLICY("aaa", "d", "b", "80")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(reused(w.matcher), 0);
    assert_int_equal(action(&w, 2, 4, 80), NETPOL_ALLOW);
    assert_int_equal(action(&w, 3, 4, 80), NETPOL_DENY);
    assert_int_equal(ask(w.view, 1, 3, 53).ingress.rule, kept); /* though "aaa" sorts before all */
    assert_int_equal(compile_from(&w, w.matcher, "np-guard", &other), NETPOL_OK);
    assert_int_equal(reused(other), 0);
    netpol_matcher_unref(other);
    world_close(&w);
}

/* What a rule is called may be all that an edit changes. */
static void a_rule_of_another_name_has_another_number(void **state)
{
    static const char before[] = ADMIN("Admin", "{name: first, action: Accept, from: [{pods: "
                                                "{namespaceSelector: {}, podSelector: {}}}]}");
    static const char after[] = ADMIN("Admin", "{name: second, action: Accept, from: [{pods: "
                                               "{namespaceSelector: {}, podSelector: {}}}]}");
    static const char moved[] = ADMIN("Baseline", "{name: second, action: Accept, from: [{pods: "
                                                  "{namespaceSelector: {}, podSelector: {}}}]}");
    const char *const texts[] = {after, moved};
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, ADMIN_ELSEWHERE), NETPOL_OK);
    assert_int_equal(world_load(&w, before), NETPOL_OK);
    world_compile(&w);
    for (size_t i = 0; i < 2; i++) {
        struct netpol_rule_info was, is;
        uint32_t number = rule_called(w.matcher, i ? "second" : "first");
        assert_int_equal(describe(w.matcher, number, &was), NETPOL_OK);
        uint64_t key = was.key;
        assert_int_equal(world_load(&w, texts[i]), NETPOL_OK);
        compile_next(&w);
        assert_in_range(reused(w.matcher), 1, 1000);
        assert_int_equal(describe(w.matcher, number, &is), NETPOL_ERR_NOT_FOUND);
        assert_int_equal(describe(w.matcher, rule_called(w.matcher, "second"), &is), NETPOL_OK);
        assert_true(is.key != key);
    }
    world_close(&w);
}

/* What an option adds to a policy comes after its rules, however many these are. */
static void rules_of_options_keep_their_numbers(void **state)
{
    static const char *const texts[] = {POLICY("one", "a", "b", "80"),
                                        POLICY("one", "a", "b", "80}]\n  - ports: [{port: 81"),
                                        POLICY("one", "a", "b", "82")};
    const char *setting = "other_proto=deny";
    struct world w;
    uint32_t number = 0;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_try_compile(&w, "kubernetes", setting), NETPOL_OK);
    for (size_t i = 0; i < 3; i++) {
        struct netpol_compile_options options = {.size = sizeof options,
                                                 .profile = "kubernetes",
                                                 .settings = &setting,
                                                 .n_settings = 1,
                                                 .previous = w.matcher};
        struct netpol_matcher *next = NULL;
        struct netpol_rule_info info;
        assert_int_equal(world_load(&w, texts[i]), NETPOL_OK);
        assert_int_equal(netpol_compile(w.store, &options, w.diags, &next), NETPOL_OK);
        assert_in_range(reused(next), 1, 1000);
        netpol_matcher_unref(w.matcher);
        w.matcher = next;
        uint32_t at = 1;
        while (describe(next, at, &info) != NETPOL_OK || strcmp(info.option, "other_proto") != 0 ||
               strcmp(info.policy, "NetworkPolicy/ns/one") != 0) {
            assert_in_range(at++, 1, 1000);
        }
        assert_true(i == 0 || at == number);
        number = at;
    }
    world_close(&w);
}

/* Rules that an option made are called the same in twos and threes: each keeps its number. */
static void decisions_of_one_name_keep_their_numbers(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t keys[64];
        struct netpol_rule_info info;
        for (uint32_t n = 1; n < 64; n++) {
            keys[n] = describe(w.matcher, n, &info) == NETPOL_OK ? info.key : 0;
        }
        assert_int_equal(world_load(&w, i % 2 ? POD("d", "10.0.0.4") : POD("d", "10.0.0.5")),
                         NETPOL_OK);
        compile_next(&w);
        assert_int_equal(reused(w.matcher), 0);
        for (uint32_t n = 1; n < 64; n++) {
            assert_int_equal(describe(w.matcher, n, &info) == NETPOL_OK ? info.key : 0, keys[n]);
        }
    }
    world_close(&w);
}

/* Policies under ever new names: what stays has its number, and numbers do not grow for ever. */
static void numbers_are_given_again(void **state)
{
    struct world w;
    char text[600];
    uint32_t most = 0;
    (void)state;
    open_cluster(&w);
    assert_int_equal(
        netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", "one"), NETPOL_OK);
    uint32_t number = ask(w.view, 3, 2, 443).ingress.rule;
    for (unsigned i = 0; i < 1500; i++) {
        struct netpol_rule_info info;
        snprintf(text, sizeof text, POLICY("new%u", "a", "b", "80"), i);
        assert_int_equal(world_load(&w, text), NETPOL_OK);
        snprintf(text, sizeof text, "new%u", i - 1);
        (void)netpol_store_remove(w.store, "networking.k8s.io", "NetworkPolicy", "ns", text);
        compile_next(&w);
        assert_int_equal(ask(w.view, 3, 2, 443).ingress.rule, number);
        uint32_t newest = ask(w.view, 2, 1, 80).ingress.rule;
        assert_int_equal(describe(w.matcher, newest, &info), NETPOL_OK);
        most = newest > most ? newest : most;
    }
    assert_in_range(most, 1100, 3000); /* 1024, four for each in use, and those of 256 edits */
    world_close(&w);
}

static void one_of_two_compiles_has_the_plan(void **state)
{
    struct world w;
    struct netpol_matcher *one = NULL, *two = NULL;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, POLICY("one", "a", "b", "81")), NETPOL_OK);
    assert_int_equal(compile_from(&w, w.matcher, "kubernetes", &one), NETPOL_OK);
    assert_int_equal(compile_from(&w, w.matcher, "kubernetes", &two), NETPOL_OK);
    assert_in_range(reused(one), 1, 1000);
    assert_int_equal(reused(two), 0);
    struct netpol_matcher *both[] = {one, two};
    for (int i = 0; i < 2; i++) {
        struct netpol_view *view = NULL;
        assert_int_equal(netpol_view_create(both[i], NULL, &view), NETPOL_OK);
        assert_int_equal(ask(view, 2, 1, 81).action, NETPOL_ALLOW);
        assert_int_equal(ask(view, 2, 1, 80).action, NETPOL_DENY);
        netpol_view_destroy(view);
        netpol_matcher_unref(both[i]);
    }
    world_close(&w);
}

/* More edits than one plan is updated by. */
static void a_plan_is_made_anew_now_and_then(void **state)
{
    struct world w;
    char text[600];
    uint64_t made = 0;
    (void)state;
    open_cluster(&w);
    for (unsigned i = 0; i < 600; i++) {
        snprintf(text, sizeof text, POLICY("one", "a", "b", "%u"), 1000 + i);
        assert_int_equal(world_load(&w, text), NETPOL_OK);
        compile_next(&w);
        made += reused(w.matcher) == 0;
        assert_int_equal(action(&w, 2, 1, (uint16_t)(1000 + i)), NETPOL_ALLOW);
        assert_int_equal(action(&w, 2, 1, (uint16_t)(999 + i)), NETPOL_DENY);
    }
    assert_in_range(made, 1, 10);
    world_close(&w);
}

static void memory_may_end_in_between(void **state)
{
    struct world w;
    size_t n;
    (void)state;
    open_cluster(&w);
    for (n = 1; n < 100000; n++) {
        struct netpol_matcher *next = NULL;
        char text[600];
        snprintf(text, sizeof text, POLICY("one", "a", "b", "%u"), (unsigned)(1000 + n % 9000));
        assert_int_equal(world_load(&w, text), NETPOL_OK);
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = compile_from(&w, w.matcher, "kubernetes", &next);
        w.memory.fail_at = 0;
        assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
        assert_int_equal(action(&w, 3, 2, 443), NETPOL_ALLOW); /* the one before, whole */
        if (status == NETPOL_OK) {
            bool last = w.memory.calls < n;
            netpol_matcher_unref(next);
            if (last) {
                break;
            }
        }
        compile_next(&w);
        assert_int_equal(action(&w, 2, 1, (uint16_t)(1000 + n % 9000)), NETPOL_ALLOW);
    }
    assert_in_range(n, 50, 99999);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_plans_its_own_groups_only),
        cmocka_unit_test(policies_come_and_go),
        cmocka_unit_test(the_only_policy_of_a_tier_comes_and_goes),
        cmocka_unit_test(the_explanation_is_of_the_edited_policy),
        cmocka_unit_test(what_is_more_than_an_edit_is_made_from_nothing),
        cmocka_unit_test(a_rule_of_another_name_has_another_number),
        cmocka_unit_test(rules_of_options_keep_their_numbers),
        cmocka_unit_test(decisions_of_one_name_keep_their_numbers),
        cmocka_unit_test(numbers_are_given_again),
        cmocka_unit_test(one_of_two_compiles_has_the_plan),
        cmocka_unit_test(a_plan_is_made_anew_now_and_then),
        cmocka_unit_test(memory_may_end_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
