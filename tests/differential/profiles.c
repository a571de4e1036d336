/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile is nothing but the values of its options: two profiles with equal options agree
 * everywhere (lowering 6, 20), and where they differ by default, some answer does.
 */
#include "np_world.h"

#include "compile/matcher.h"
#include "differential/boundaries.h"

static const char manifests[] =
    "apiVersion: v1\n"
    "kind: Namespace\n"
    "metadata: {name: a, labels: {team: x}}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Node\n"
    "metadata: {name: n1}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: p1, namespace: a, labels: {app: web}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i, ports: [{name: http, containerPort: 80}]}]}\n"
    "status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: \"fd00::1\"}]}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: p2, namespace: a, labels: {app: db}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Pod\n"
    "metadata: {name: p3, namespace: b, labels: {app: agent}}\n"
    "spec: {nodeName: n1, hostNetwork: true, containers: [{name: c, image: i}]}\n"
    "status: {hostIP: 192.168.0.1, podIP: 192.168.0.1}\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: s, namespace: a}\n"
    "spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{port: 80}]}\n"
    "---\n"
    "apiVersion: networking.k8s.io/v1\n"
    "kind: NetworkPolicy\n"
    "metadata: {name: web, namespace: a}\n"
    "spec:\n"
    "  podSelector: {matchLabels: {app: web}}\n"
    "  policyTypes: [Ingress, Egress]\n"
    "  ingress:\n"
    "  - from:\n"
    "    - ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.128/25]}\n"
    "    - ipBlock: {cidr: \"fd00::/64\"}\n"
    "    - namespaceSelector: {}\n"
    "      podSelector: {matchLabels: {app: agent}}\n"
    "    ports: [{port: http}, {protocol: UDP, port: 53, endPort: 60}]\n"
    "  egress:\n"
    "  - to: [{ipBlock: {cidr: 192.168.0.0/16}}]\n"
    "---\n"
    "apiVersion: policy.networking.k8s.io/v1alpha2\n"
    "kind: ClusterNetworkPolicy\n"
    "metadata: {name: nodes}\n"
    "spec:\n"
    "  tier: Admin\n"
    "  priority: 5\n"
    "  subject: {namespaces: {}}\n"
    "  egress:\n"
    "  - {action: Accept, to: [{nodes: {}}]}\n"
    "  - {action: Deny, to: [{networks: [\"fd00:1::/64\"]}]}\n";

enum { OPTIONS = NP_OPTION_COUNT, ROUNDS = 60, TUPLES = 200 };

/* "name=value" of every option: the value of this number, or of a random one. */
static void choose(struct gen_random *r, char settings[OPTIONS][64])
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct netpol_option_info *option = netpol_option_at(i);
        const char *value = option->values;
        for (uint32_t left = gen_below(r, 3); left && strchr(value, '|'); left--) {
            value = strchr(value, '|') + 1;
        }
        snprintf(settings[i], 64, "%s=%.*s", option->name, (int)strcspn(value, "|"), value);
    }
}

static struct netpol_matcher *compile(struct world *w, const char *profile,
                                      char settings[OPTIONS][64], size_t count)
{
    const char *texts[OPTIONS];
    for (size_t i = 0; i < count; i++) {
        texts[i] = settings[i];
    }
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = profile, .settings = texts, .n_settings = count};
    struct netpol_matcher *matcher = NULL;
    assert_int_equal(netpol_compile(w->store, &options, w->diags, &matcher), NETPOL_OK);
    return matcher;
}

/* How many of the tuples at boundaries have other answers. */
static uint32_t count_differences(struct netpol_matcher *a, struct netpol_matcher *b,
                                  struct gen_random *r)
{
    static struct boundaries at;
    struct netpol_view *views[2];
    uint32_t differences = 0;
    assert_int_equal(netpol_view_create(a, NULL, &views[0]), NETPOL_OK);
    assert_int_equal(netpol_view_create(b, NULL, &views[1]), NETPOL_OK);
    boundaries_of(np_whole_of(a)->model, &at);
    for (int i = 0; i < TUPLES; i++) {
        struct netpol_tuple tuple;
        struct netpol_verdict x, y;
        boundaries_draw(&at, r, &tuple);
        netpol_eval(views[0], &tuple, &x);
        netpol_eval(views[1], &tuple, &y);
        x.generation = y.generation = 0;
        differences += memcmp(&x, &y, sizeof x) != 0;
    }
    netpol_view_destroy(views[0]);
    netpol_view_destroy(views[1]);
    netpol_matcher_unref(a);
    netpol_matcher_unref(b);
    return differences;
}

static void equal_options_agree(void **state)
{
    char settings[OPTIONS][64];
    struct gen_random random = {20};
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, manifests), NETPOL_OK);
    for (int round = 0; round < ROUNDS; round++) {
        choose(&random, settings);
        struct netpol_matcher *one = compile(&w, "kubernetes", settings, OPTIONS);
        struct netpol_matcher *other = compile(&w, "np-guard", settings, OPTIONS);
        assert_int_equal(count_differences(one, other, &random), 0);
    }
    world_close(&w);
}

static void other_options_differ(void **state)
{
    struct gen_random random = {21};
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, manifests), NETPOL_OK);
    struct netpol_matcher *one = compile(&w, "kubernetes", NULL, 0);
    struct netpol_matcher *other = compile(&w, "np-guard", NULL, 0);
    assert_int_not_equal(count_differences(one, other, &random), 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_options_agree),
        cmocka_unit_test(other_options_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
