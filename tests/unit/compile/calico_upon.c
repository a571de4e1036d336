/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calico sets that are edited: the compile from the matcher before says what a compile of
 * everything says, in every stage of a host endpoint, whichever edit it was.
 */
#include "np_world.h"

#define GNP(name, spec)                                                                   \
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: " name \
    "}\nspec: {" spec "}\n---\n"

static const char cluster[] =
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns, labels: {app: a}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: ns, labels: {app: b}}\n"
    "spec: {nodeName: n2, containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
    "metadata: {name: n1, labels: {role: host}}\n"
    "spec: {node: n1, interfaceName: '*', profiles: [projectcalico-default-allow]}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: first}\n"
    "spec: {order: 1, defaultAction: Pass}\n---\n" GNP("base", "selector: app == 'b', ingress: "
                                                               "[{action: Allow, protocol: TCP}]");

/* clang-format off */
static const struct edit {
    const char *remove; /* a GlobalNetworkPolicy; NULL: none */
    const char *load;
} edits[] = {
    {.load = GNP("raw", "selector: role == 'host', doNotTrack: true, applyOnForward: true, ingress: "
                        "[{action: Deny, protocol: TCP, destination: {ports: [1, 22]}}]")},
    {.load = GNP("pre", "selector: role == 'host', preDNAT: true, applyOnForward: true, ingress: "
                        "[{action: Deny, protocol: TCP, destination: {ports: [2]}}]")},
    {.load = GNP("fwd", "tier: first, selector: role == 'host', applyOnForward: true, ingress: "
                        "[{action: Deny, protocol: TCP, destination: {ports: [3]}}]")},
    {.load = GNP("fwd", "tier: first, selector: role == 'host', applyOnForward: true, ingress: "
                        "[{action: Deny, protocol: TCP, destination: {ports: [4]}}]")},
    {.remove = "raw",
     .load = GNP("pod", "tier: first, selector: app == 'a', ingress: "
                        "[{action: Deny, protocol: UDP}]")},
    {.remove = "pre"},
    {.remove = "fwd"},
    {.load = GNP("late", "tier: nowhere, selector: app == 'a', ingress: "
                         "[{action: Allow, protocol: TCP, destination: {ports: [4]}}]")},
    {.load = GNP("late", "tier: nowhere, selector: app == 'a', ingress: "
                         "[{action: Allow, protocol: TCP, destination: {ports: [3]}}]")},
    {.remove = "late"},
    {.remove = "pod",
     .load = GNP("raw", "selector: role == 'host', doNotTrack: true, applyOnForward: true, ingress: "
                        "[{action: Allow, protocol: TCP, destination: {ports: [1]}}]")},
};
/* clang-format on */

static int compile_from(struct world *w, struct netpol_matcher *previous,
                        struct netpol_matcher **out, size_t *warnings)
{
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = "calico", .previous = previous};
    netpol_diags_clear(w->diags);
    int status = netpol_compile(w->store, &options, w->diags, out);
    *warnings = netpol_diags_count(w->diags);
    return status;
}

/* To the pods and to the node, on ports that the policies speak of, in every stage and in all. */
static void same_answers(const struct netpol_view *one, const struct netpol_view *other)
{
    static const uint8_t ends[][4] = {
        {8,   8,   8, 8},
        {10,  0,   0, 1},
        {10,  0,   0, 2},
        {192, 168, 0, 1}
    };
    enum { ENDS = 4, PORTS = 6, HOOKS = NETPOL_HOOK_NORMAL + 1 };
    static const uint16_t ports[PORTS] = {1, 2, 3, 4, 22, 80};
    for (unsigned i = 0; i < ENDS * ENDS * PORTS * 2 * HOOKS; i++) {
        struct netpol_verdict x, y;
        struct netpol_point point = {.hook = (uint8_t)(i % HOOKS)};
        unsigned k = i / HOOKS;
        struct netpol_tuple tuple = {.family = 4, .protocol = k % 2 ? 6 : 17, .src_port = 40000};
        tuple.dst_port = ports[k / 2 % PORTS];
        memcpy(tuple.src, ends[k / 2 / PORTS % ENDS], 4);
        memcpy(tuple.dst, ends[k / 2 / PORTS / ENDS], 4);
        assert_int_equal(netpol_eval_at(one, &point, &tuple, NULL, NULL, &x), NETPOL_OK);
        assert_int_equal(netpol_eval_at(other, &point, &tuple, NULL, NULL, &y), NETPOL_OK);
        if (x.action != y.action || x.ingress.action != y.ingress.action ||
            x.ingress.flags != y.ingress.flags || x.egress.action != y.egress.action) {
            fail_msg("question %u: %d and %d", i, x.action, y.action);
        }
    }
}

static void edits_compile_to_what_everything_compiles_to(void **state)
{
    struct world w;
    size_t warnings, expected;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(compile_from(&w, NULL, &w.matcher, &warnings), NETPOL_OK);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct netpol_matcher *next = NULL, *whole = NULL;
        struct netpol_view *view = NULL, *other = NULL;
        if (edits[i].remove) {
            assert_int_equal(netpol_store_remove(w.store, "projectcalico.org",
                                                 "GlobalNetworkPolicy", NULL, edits[i].remove),
                             NETPOL_OK);
        }
        if (edits[i].load) {
            assert_int_equal(world_load(&w, edits[i].load), NETPOL_OK);
        }
        assert_int_equal(compile_from(&w, w.matcher, &next, &warnings), NETPOL_OK);
        assert_int_equal(compile_from(&w, NULL, &whole, &expected), NETPOL_OK);
        assert_int_equal(warnings, expected);
        assert_int_equal(netpol_view_create(next, NULL, &view), NETPOL_OK);
        assert_int_equal(netpol_view_create(whole, NULL, &other), NETPOL_OK);
        same_answers(view, other);
        netpol_view_destroy(view);
        netpol_view_destroy(other);
        netpol_matcher_unref(whole);
        netpol_matcher_unref(w.matcher);
        w.matcher = next;
    }
    world_close(&w);
}

/* A warning a kind, an error when strict; the verdict is as if they were not there. */
static void another_engine_has_no_say(void **state)
{
    struct world w;
    struct netpol_matcher *matcher = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(netpol_compile(w.store, &options, w.diags, &matcher), NETPOL_OK);
    const struct netpol_diag *diag = world_diag(&w, "NP3106");
    assert_non_null(diag);
    assert_int_equal(diag->severity, NETPOL_WARNING);
    assert_int_equal(netpol_diags_count(w.diags), 3); /* policy, tier, host endpoint */
    netpol_matcher_unref(matcher);
    netpol_diags_clear(w.diags);
    options.strict = 1;
    assert_int_equal(netpol_compile(w.store, &options, w.diags, &matcher), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_diags_seen(w.diags, NETPOL_ERROR), 3);
    world_close(&w);
}

/* What is said of the cluster is said again when a policy is edited, and is an error when strict.
 */
static void what_is_said_of_the_cluster(void **state)
{
    struct world w;
    struct netpol_matcher *next = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = "calico"};
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(world_load(&w, "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\n"
                                    "metadata: {name: n2}\nspec: {node: n2, interfaceName: '*', "
                                    "profiles: [gone]}\n"),
                     NETPOL_OK);
    assert_int_equal(netpol_compile(w.store, &options, w.diags, &w.matcher), NETPOL_OK);
    assert_non_null(world_diag(&w, "NP2414"));
    assert_int_equal(world_load(&w, GNP("p", "selector: app == 'a', ingress: [{action: Deny}]")),
                     NETPOL_OK);
    options.previous = w.matcher;
    netpol_diags_clear(w.diags);
    assert_int_equal(netpol_compile(w.store, &options, w.diags, &next), NETPOL_OK);
    assert_non_null(world_diag(&w, "NP2414"));
    netpol_matcher_unref(next);
    options.strict = 1;
    netpol_diags_clear(w.diags);
    assert_int_equal(netpol_compile(w.store, &options, w.diags, &next), NETPOL_ERR_INPUT);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_compile_to_what_everything_compiles_to),
        cmocka_unit_test(another_engine_has_no_say),
        cmocka_unit_test(what_is_said_of_the_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
