/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names learnt at run time, rule by rule, through the public interface (lowering 3 "Learnt names",
 * rows 15 and 16 of lowering 5). Random sequences are compared with the reference in
 * tests/differential/names.c; names beside readers in names_threads.c.
 */
#include "np_world.h"

#include <stdbool.h>

/* Denied by prefix first (row 15), then by name, then by what is left. */
static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n"
    "status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
    "metadata: {name: names}\nspec:\n  tier: Admin\n  priority: 1\n"
    "  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}\n"
    "  egress:\n"
    "  - action: Deny\n    to: [{networks: [198.51.0.0/16]}]\n"
    "  - action: Accept\n    to: [{domainNames: [www.example.com]}]\n"
    "    protocols: [{tcp: {destinationPort: {number: 443}}}]\n"
    "  - action: Accept\n    to: [{domainNames: ['*.example.org']}]\n"
    "  - action: Deny\n    to: [{networks: [0.0.0.0/0, '::/0']}]\n";

struct scene {
    struct world w;
    struct netpol_endpoints *endpoints;
    struct netpol_view *live;
};

static void use(struct scene *s)
{
    assert_int_equal(netpol_endpoints_create(s->w.matcher, &s->endpoints), NETPOL_OK);
    assert_int_equal(netpol_view_create(s->w.matcher, s->endpoints, &s->live), NETPOL_OK);
}

static void open_scene(struct scene *s, const char *text, const char *profile, const char *setting)
{
    memset(s, 0, sizeof *s);
    world_open(&s->w);
    assert_int_equal(world_load(&s->w, text), NETPOL_OK);
    assert_int_equal(world_try_compile(&s->w, profile, setting), NETPOL_OK);
    use(s);
}

static void close_scene(struct scene *s)
{
    netpol_view_destroy(s->live);
    netpol_endpoints_destroy(s->endpoints);
    world_close(&s->w);
}

static uint8_t bytes_of(const char *text, uint8_t bytes[16])
{
    unsigned a, b, c, d;
    memset(bytes, 0, 16);
    if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) == 4) {
        const uint8_t four[] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};
        memcpy(bytes, four, sizeof four);
        return 4;
    }
    assert_int_equal(sscanf(text, "2001:db8::%x", &a), 1);
    const uint8_t six[] = {0x20, 0x01, 0x0d, 0xb8};
    memcpy(bytes, six, sizeof six);
    bytes[15] = (uint8_t)a;
    return 6;
}

static int learn(struct scene *s, const char *name, const char *address, uint64_t ttl, uint64_t now)
{
    uint8_t bytes[16], family = bytes_of(address, bytes);
    return netpol_names_learn(s->endpoints, name, family, bytes, ttl, now);
}

static struct netpol_tuple tuple_to(const char *address, int port)
{
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .protocol = 6, .src_port = 40000, .dst_port = (uint16_t)port
    };
    tuple.family = bytes_of(address, tuple.dst);
    if (tuple.family == 6) {
        static const uint8_t web[16] = {0xfd, [15] = 1};
        memcpy(tuple.src, web, sizeof web);
    }
    return tuple;
}

/* By every way of asking. */
static struct netpol_verdict verdict_to(const struct scene *s, const char *address, int port)
{
    struct netpol_tuple tuples[3];
    struct netpol_verdict one, many[3];
    for (int i = 0; i < 3; i++) {
        tuples[i] = tuple_to(address, port);
    }
    assert_int_equal(netpol_eval(s->live, &tuples[0], &one), NETPOL_OK);
    assert_int_equal(netpol_eval_batch(s->live, tuples, many, 3), NETPOL_OK);
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(&one, &many[i], sizeof one);
    }
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_scratch *scratch = NULL;
    struct netpol_verdict asked;
    assert_int_equal(netpol_scratch_create(s->w.matcher, &scratch), NETPOL_OK);
    assert_int_equal(netpol_eval_request(s->live, tuples, &request, scratch, &asked), NETPOL_OK);
    netpol_scratch_destroy(scratch);
    assert_int_equal(asked.action, one.action);
    return one;
}

static int action_to(const struct scene *s, const char *address, int port)
{
    return verdict_to(s, address, port).action;
}

static struct netpol_names_stats stats_of(const struct scene *s)
{
    struct netpol_names_stats stats = {.size = sizeof stats};
    assert_int_equal(netpol_names_stats(s->endpoints, &stats), NETPOL_OK);
    return stats;
}

/* ---- learning and time ---- */

static void a_name_decides_until_its_end(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    struct netpol_verdict v = verdict_to(&s, "192.0.2.1", 443);
    assert_int_equal(v.action, NETPOL_UNKNOWN);
    assert_true(v.missing & NETPOL_MISSING_NAMES);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 100), NETPOL_OK);
    v = verdict_to(&s, "192.0.2.1", 443);
    assert_int_equal(v.action, NETPOL_ALLOW);
    struct netpol_rule_info info;
    assert_int_equal(netpol_rule_describe(s.w.matcher, v.egress.rule, v.generation, &info),
                     NETPOL_OK);
    assert_string_equal(info.rule, "spec.egress[1]");
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_DENY);     /* ports beside names */
    assert_int_equal(action_to(&s, "192.0.2.2", 443), NETPOL_UNKNOWN); /* another address */
    assert_int_equal(netpol_names_advance(s.endpoints, 159), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(stats_of(&s).next_end, 160);
    assert_int_equal(netpol_names_advance(s.endpoints, 160), NETPOL_OK); /* over at its end */
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    assert_int_equal(stats_of(&s).entries + stats_of(&s).addresses + stats_of(&s).names, 0);
    close_scene(&s);
}

/* Names that match nothing are names as well: the list is complete. */
static void an_address_with_other_names_is_denied(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "else.example.net", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_DENY);
    assert_int_equal(learn(&s, "example.org", "192.0.2.1", 60, 0), NETPOL_OK); /* not "*." */
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_DENY);
    close_scene(&s);
}

static void without_names_the_option_speaks(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", "unlearnt_names=none");
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_DENY);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(netpol_names_advance(s.endpoints, 60), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_DENY);
    close_scene(&s);
}

/* Row 16: a combination that no compile has seen; one name goes, the other stays. */
static void names_go_one_by_one(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 50, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "a.example.org", "192.0.2.1", 90, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "nobody.test", "192.0.2.1", 120, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_ALLOW); /* by the other name */
    assert_int_equal(netpol_names_advance(s.endpoints, 50), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_ALLOW);
    assert_int_equal(verdict_to(&s, "192.0.2.1", 443).egress.rule,
                     verdict_to(&s, "192.0.2.1", 80).egress.rule);
    assert_int_equal(netpol_names_advance(s.endpoints, 90), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_DENY); /* still has a name */
    assert_int_equal(netpol_names_advance(s.endpoints, 120), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_UNKNOWN);
    close_scene(&s);
}

/* Row 15: names add to the prefixes of the address. */
static void a_prefix_still_hits_an_address_with_names(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "198.51.100.1", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "198.51.100.1", 443), NETPOL_DENY);
    close_scene(&s);
}

static void learning_again_extends_and_never_shortens(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 50, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 10, 10), NETPOL_OK);
    assert_int_equal(stats_of(&s).next_end, 50);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 20), NETPOL_OK);
    assert_int_equal(stats_of(&s).next_end, 80);
    assert_int_equal(stats_of(&s).entries, 1);
    assert_int_equal(netpol_names_advance(s.endpoints, 79), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", NETPOL_NAMES_FOREVER, 79),
                     NETPOL_OK);
    assert_int_equal(stats_of(&s).next_end, NETPOL_NAMES_FOREVER);
    assert_int_equal(netpol_names_advance(s.endpoints, UINT64_MAX), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    close_scene(&s);
}

static void what_is_over_is_not_learnt(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 0, 10), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    assert_int_equal(netpol_names_advance(s.endpoints, 100), NETPOL_OK);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 10, 90),
                     NETPOL_OK); /* ends at 100 */
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 11, 90), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(netpol_names_advance(s.endpoints, 50), NETPOL_OK); /* time does not go back */
    assert_int_equal(stats_of(&s).now, 100);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(netpol_names_advance(s.endpoints, 101), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    close_scene(&s);
}

static void names_are_told_apart_as_dns_does(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "WWW.Example.COM.", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 1);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(learn(&s, "a.b.example.org", "192.0.2.2", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.2", 80), NETPOL_ALLOW);
    close_scene(&s);
}

static void both_families_have_names(void **state)
{
    static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 9};
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(action_to(&s, "2001:db8::7", 443), NETPOL_UNKNOWN);
    assert_int_equal(learn(&s, "www.example.com", "2001:db8::7", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "2001:db8::7", 443), NETPOL_ALLOW);
    assert_int_equal(action_to(&s, "2001:db8::7", 80), NETPOL_DENY);
    assert_int_equal(netpol_names_learn(s.endpoints, "www.example.com", 6, mapped, 60, 0),
                     NETPOL_OK); /* is IPv4 */
    assert_int_equal(action_to(&s, "192.0.2.9", 443), NETPOL_ALLOW);
    assert_int_equal(netpol_names_advance(s.endpoints, 60), NETPOL_OK);
    assert_int_equal(action_to(&s, "2001:db8::7", 443), NETPOL_UNKNOWN);
    close_scene(&s);
}

static int forget(struct scene *s, const char *name, const char *address)
{
    uint8_t bytes[16], family = address ? bytes_of(address, bytes) : 0;
    return netpol_names_forget(s->endpoints, name, family, address ? bytes : NULL);
}

static void what_is_forgotten_counts_no_more(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(forget(&s, NULL, NULL), NETPOL_ERR_NOT_FOUND);
    for (int i = 1; i <= 3; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.2.%d", i);
        assert_int_equal(learn(&s, "www.example.com", address, 60, 0), NETPOL_OK);
        assert_int_equal(learn(&s, "a.example.org", address, 60, 0), NETPOL_OK);
    }
    assert_int_equal(forget(&s, "www.example.net", "192.0.2.1"), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(forget(&s, "A.example.org.", "192.0.2.1"), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_DENY);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(forget(&s, NULL, "192.0.2.2"), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.2", 443), NETPOL_UNKNOWN);
    assert_int_equal(forget(&s, "www.example.com", NULL), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    assert_int_equal(action_to(&s, "192.0.2.3", 443), NETPOL_ALLOW); /* by the other name */
    assert_int_equal(forget(&s, NULL, NULL), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 0);
    assert_int_equal(netpol_names_advance(s.endpoints, 100), NETPOL_OK);
    close_scene(&s);
}

/* ---- pods, nodes, other matchers ---- */

static void put(struct scene *s, uint64_t ref, const char *app, const char *address)
{
    const struct netpol_label label = {"app", app};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "shop",
                                              .name = "new",
                                              .labels = &label,
                                              .n_labels = 1,
                                              .addresses = &address,
                                              .n_addresses = 1,
                                              .node = "n1"};
    assert_int_equal(netpol_endpoints_put(s->endpoints, ref, &spec), NETPOL_OK);
}

static void pods_and_nodes_have_no_names(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    struct netpol_verdict pod = verdict_to(&s, "10.0.0.2", 443),
                          node = verdict_to(&s, "192.168.0.1", 443);
    assert_int_equal(learn(&s, "www.example.com", "10.0.0.2", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "www.example.com", "192.168.0.1", 60, 0), NETPOL_OK);
    struct netpol_verdict after = verdict_to(&s, "10.0.0.2", 443);
    assert_memory_equal(&pod, &after, sizeof pod);
    after = verdict_to(&s, "192.168.0.1", 443);
    assert_memory_equal(&node, &after, sizeof node);
    assert_int_equal(stats_of(&s).combinations, 0);
    close_scene(&s);
}

/* The batch and the single call alone: the model does not know such a pod. */
static int live_action_to(const struct scene *s, const char *address, int port)
{
    struct netpol_tuple tuple = tuple_to(address, port);
    struct netpol_verdict one, many;
    assert_int_equal(netpol_eval(s->live, &tuple, &one), NETPOL_OK);
    assert_int_equal(netpol_eval_batch(s->live, &tuple, &many, 1), NETPOL_OK);
    assert_memory_equal(&one, &many, sizeof one);
    return one.action;
}

static void a_pod_takes_an_address_over_and_gives_it_back(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(live_action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    put(&s, 77, "db", "192.0.2.1");
    int as_pod = live_action_to(&s, "192.0.2.1", 443);
    assert_int_equal(as_pod, live_action_to(&s, "10.0.0.2", 443)); /* as its like */
    assert_int_equal(learn(&s, "a.example.org", "192.0.2.1", 90, 0), NETPOL_OK);
    assert_int_equal(live_action_to(&s, "192.0.2.1", 80), as_pod); /* not while it is a pod's */
    assert_int_equal(netpol_endpoints_remove(s.endpoints, 77), NETPOL_OK);
    assert_int_equal(live_action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(live_action_to(&s, "192.0.2.1", 80), NETPOL_ALLOW);
    put(&s, 78, "db", "192.0.2.1");
    assert_int_equal(netpol_names_advance(s.endpoints, 200), NETPOL_OK);
    assert_int_equal(live_action_to(&s, "192.0.2.1", 443), as_pod);
    put(&s, 78, "db", "192.0.2.3");
    assert_int_equal(live_action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    close_scene(&s);
}

/* Many addresses: the table is made anew around the names. */
static void names_live_through_larger_tables(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    for (int i = 0; i < 2000; i++) {
        char address[32];
        snprintf(address, sizeof address, "203.0.%d.%d", 113 + i / 250, i % 250);
        assert_int_equal(
            learn(&s, i % 2 ? "www.example.com" : "x.example.org", address, (uint64_t)i + 1, 0),
            NETPOL_OK);
    }
    for (int round = 0; round < 2; round++) {
        assert_int_equal(netpol_names_advance(s.endpoints, round ? 1000 : 0), NETPOL_OK);
        for (int i = 0; i < 2000; i++) {
            char address[32];
            snprintf(address, sizeof address, "203.0.%d.%d", 113 + i / 250, i % 250);
            bool over = round && i < 1000;
            assert_int_equal(live_action_to(&s, address, 80), over    ? NETPOL_UNKNOWN
                                                              : i % 2 ? NETPOL_DENY
                                                                      : NETPOL_ALLOW);
        }
    }
    assert_int_equal(stats_of(&s).combinations, 2);
    close_scene(&s);
}

static void names_go_along_to_the_next_matcher(void **state)
{
    static const char edit[] =
        "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
        "metadata: {name: more}\nspec:\n  tier: Admin\n  priority: 0\n"
        "  subject: {namespaces: {}}\n  egress:\n"
        "  - action: Accept\n    to: [{domainNames: [late.test]}]\n";
    struct scene s;
    struct netpol_matcher *next = NULL;
    struct netpol_endpoints *moved = NULL;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "late.test", "192.0.2.2", 90, 0), NETPOL_OK);
    assert_int_equal(netpol_names_advance(s.endpoints, 10), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.2", 443), NETPOL_DENY);
    assert_int_equal(world_load(&s.w, edit), NETPOL_OK);
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "kubernetes",
                                             .previous = s.w.matcher,
                                             .endpoints = s.endpoints};
    assert_int_equal(netpol_compile(s.w.store, &options, s.w.diags, &next), NETPOL_OK);
    assert_int_equal(learn(&s, "x.example.org", "192.0.2.3", 90, 10), NETPOL_OK);
    assert_int_equal(netpol_endpoints_advance(s.endpoints, next, &moved), NETPOL_OK);
    netpol_view_destroy(s.live);
    netpol_endpoints_destroy(s.endpoints);
    world_forget(&s.w);
    s.w.matcher = next;
    s.endpoints = moved;
    assert_int_equal(netpol_view_create(next, moved, &s.live), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(action_to(&s, "192.0.2.2", 443), NETPOL_ALLOW); /* the new rule's name */
    assert_int_equal(action_to(&s, "192.0.2.3", 443), NETPOL_ALLOW); /* learnt during the compile */
    assert_int_equal(stats_of(&s).now, 10);
    assert_int_equal(netpol_names_advance(s.endpoints, 60), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    close_scene(&s);
}

/* Where nothing looks at names they are kept for a matcher that does. */
static void names_cost_nothing_where_no_rule_asks(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s,
               "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n"
               "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n",
               "kubernetes", NULL);
    struct netpol_verdict before = verdict_to(&s, "192.0.2.1", 443);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    struct netpol_verdict after = verdict_to(&s, "192.0.2.1", 443);
    assert_memory_equal(&before, &after, sizeof after);
    assert_int_equal(stats_of(&s).entries, 1);
    assert_int_equal(stats_of(&s).combinations, 0);
    close_scene(&s);
}

/* ---- those who ask the model ---- */

static int asked(const struct scene *s, const char *json, struct sink_text *text)
{
    struct netpol_question *question = NULL;
    struct netpol_answer *answer = NULL;
    struct netpol_answer_info info;
    assert_int_equal(
        netpol_question_parse(s->w.ctx, json, strlen(json), "question", 1, s->w.diags, &question),
        NETPOL_OK);
    assert_int_equal(
        netpol_question_answer(question, s->live, NETPOL_ANSWER_EXPLAIN, s->w.diags, &answer),
        NETPOL_OK);
    netpol_answer_get(answer, &info);
    text->len = 0;
    assert_int_equal(netpol_answer_write(answer, 0, 0, sink_add, text), NETPOL_OK);
    netpol_question_destroy(question);
    netpol_answer_destroy(answer);
    return info.action;
}

static void questions_and_explanations_know_what_was_learnt(void **state)
{
    static const char plain[] =
        "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"ip\":\"192.0.2.1\"},\"port\":443}";
    static const char own[] = "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"ip\":\"192.0.2.1\","
                              "\"names\":[\"other.test\"]},\"port\":443}";
    static struct sink_text text;
    struct scene s;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    assert_int_equal(asked(&s, plain, &text), NETPOL_UNKNOWN);
    assert_int_equal(learn(&s, "www.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(asked(&s, plain, &text), NETPOL_ALLOW);
    assert_int_equal(asked(&s, own, &text), NETPOL_DENY); /* the question's own prevail */
    struct netpol_tuple tuple = tuple_to("192.0.2.1", 443);
    struct netpol_explanation *e = NULL;
    assert_int_equal(netpol_explain(s.live, NULL, &tuple, NULL, &e), NETPOL_OK);
    assert_int_equal(netpol_explanation_verdict(e)->action, NETPOL_ALLOW);
    netpol_explanation_destroy(e);
    struct netpol_flow *flow = NULL;
    struct netpol_hits hits = {.action = -1};
    assert_int_equal(netpol_flow_create(s.live, NULL, &tuple, NULL, &flow), NETPOL_OK);
    assert_int_equal(netpol_flow_hits(flow, NETPOL_SIDE_EGRESS, 0, &hits), NETPOL_OK);
    assert_int_equal(hits.action, NETPOL_ALLOW);
    netpol_flow_destroy(flow);
    const struct netpol_point forward = {.hook = NETPOL_HOOK_NORMAL};
    struct netpol_verdict at;
    assert_int_equal(netpol_eval_at(s.live, &forward, &tuple, NULL, NULL, &at), NETPOL_OK);
    close_scene(&s);
}

/* ---- where it cannot be ---- */

static void an_opened_image_learns_nothing(void **state)
{
    struct scene s;
    const char *why = NULL;
    struct netpol_matcher *opened = NULL;
    size_t size = 0;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    const void *bytes = netpol_matcher_image(s.w.matcher, &size);
    assert_int_equal(netpol_matcher_open(s.w.ctx, bytes, size, 0, &why, &opened), NETPOL_OK);
    struct netpol_endpoints *endpoints = NULL;
    uint8_t address[16] = {192, 0, 2, 1};
    assert_int_equal(netpol_endpoints_create(opened, &endpoints), NETPOL_OK);
    assert_int_equal(netpol_names_learn(endpoints, "www.example.com", 4, address, 60, 0),
                     NETPOL_ERR_UNSUPPORTED);
    assert_int_equal(netpol_names_advance(endpoints, 60), NETPOL_OK);
    assert_int_equal(netpol_names_forget(endpoints, NULL, 0, NULL), NETPOL_ERR_NOT_FOUND);
    netpol_endpoints_destroy(endpoints);
    netpol_matcher_unref(opened);
    close_scene(&s);
}

static void arguments_are_checked(void **state)
{
    struct scene s;
    char long_name[300];
    uint8_t address[16] = {192, 0, 2, 1}, tail[16] = {192, 0, 2, 1, 1};
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    struct netpol_endpoints *e = s.endpoints;
    assert_int_equal(netpol_names_learn(NULL, "a", 4, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, NULL, 4, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, "", 4, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, ".", 4, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, long_name, 4, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, "a", 5, address, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, "a", 4, NULL, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_learn(e, "a", 4, tail, 1, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_advance(NULL, 1), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_forget(NULL, "a", 0, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_forget(e, "a", 4, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_forget(e, long_name, 0, NULL), NETPOL_ERR_ARGUMENT);
    struct netpol_names_stats stats = {.size = 1};
    assert_int_equal(netpol_names_stats(e, &stats), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_names_stats(e, NULL), NETPOL_ERR_ARGUMENT);
    long_name[255] = 0;
    assert_int_equal(netpol_names_learn(e, long_name, 4, address, 1, 0), NETPOL_OK);
    close_scene(&s);
}

/* ---- memory ---- */

/* Every allocation fails in turn: learning is all or nothing, and what is over is over. */
static void without_memory_nothing_is_learnt_and_nothing_lives_on(void **state)
{
    (void)state;
    for (size_t n = 1, done = 0; !done && n < 400; n++) {
        struct scene s;
        open_scene(&s, cluster, "kubernetes", NULL);
        s.w.memory.calls = 0;
        s.w.memory.fail_at = n;
        s.w.memory.sticky = 1;
        bool first = learn(&s, "www.example.com", "192.0.2.1", 50, 0) == NETPOL_OK;
        bool second = learn(&s, "a.example.org", "192.0.2.1", 90, 0) == NETPOL_OK;
        int status = netpol_names_advance(s.endpoints, 60);
        done = s.w.memory.calls < n;
        int action = live_action_to(&s, "192.0.2.1", 443);
        assert_int_equal(action, second && status == NETPOL_OK ? NETPOL_ALLOW : NETPOL_UNKNOWN);
        assert_true(second || !first || status == NETPOL_OK); /* the last name goes without */
        s.w.memory.fail_at = 0;
        assert_int_equal(netpol_names_advance(s.endpoints, 61), NETPOL_OK);
        assert_int_equal(live_action_to(&s, "192.0.2.1", 443),
                         second ? NETPOL_ALLOW : NETPOL_UNKNOWN);
        assert_int_equal(stats_of(&s).unsettled, 0);
        assert_int_equal(stats_of(&s).entries, second);
        close_scene(&s);
    }
}

/* A million names come and go; what is held does not grow. */
static void a_million_names_leave_nothing_behind(void **state)
{
    enum { MANY = 1000000, TTL = 1000 };
    struct scene s;
    size_t settled = 0;
    (void)state;
    open_scene(&s, cluster, "kubernetes", NULL);
    for (uint32_t i = 0; i < MANY; i++) {
        char name[40];
        uint8_t address[16] = {20, (uint8_t)(i % 7), (uint8_t)(i >> 8), (uint8_t)i};
        snprintf(name, sizeof name, "n%u.example.%s", i, i % 3 ? "org" : "net");
        assert_int_equal(netpol_names_learn(s.endpoints, name, 4, address, TTL, i), NETPOL_OK);
        if (i % 64 == 0) {
            assert_int_equal(netpol_names_advance(s.endpoints, i), NETPOL_OK);
            netpol_endpoints_quiesce(s.endpoints); /* the view is in no slot */
        }
        if (i == MANY / 10) {
            settled = s.w.memory.bytes;
        }
    }
    struct netpol_names_stats stats = stats_of(&s);
    assert_in_range(stats.entries, TTL, TTL + 64);
    assert_int_equal(stats.combinations, 2);
    if (s.w.memory.bytes > settled + settled / 2) {
        fail_msg("%zu bytes after %d calls, %zu after a tenth", s.w.memory.bytes, MANY, settled);
    }
    assert_int_equal(netpol_names_advance(s.endpoints, MANY + TTL), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 0);
    close_scene(&s);
}

/* ---- Calico ---- */

static const char calico[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\n"
    "status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: NetworkSet\n"
    "metadata: {name: cdn, namespace: shop, labels: {kind: cdn}}\n"
    "spec: {nets: [203.0.113.0/24], allowedEgressDomains: [cdn.example.com]}\n---\n"
    "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n"
    "metadata: {name: p, namespace: shop}\nspec:\n  selector: app == 'web'\n  types: [Egress]\n"
    "  egress:\n"
    "  - {action: Allow, protocol: TCP, source: {ports: ['1024:65534']},\n"
    "     destination: {domains: [api.example.com], ports: [443]}}\n"
    "  - {action: Allow, destination: {selector: kind == 'cdn'}}\n";

static void calico_domains_are_learnt(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s, calico, "calico", NULL);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    assert_int_equal(learn(&s, "api.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "api.example.com", "2001:db8::1", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "cdn.example.com", "192.0.2.2", 60, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "else.example.com", "203.0.113.5", 60, 0), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_ALLOW);
    assert_int_equal(action_to(&s, "192.0.2.1", 80), NETPOL_DENY);
    assert_int_equal(action_to(&s, "2001:db8::1", 443), NETPOL_ALLOW);
    assert_int_equal(action_to(&s, "192.0.2.2", 80), NETPOL_ALLOW);   /* allowedEgressDomains */
    assert_int_equal(action_to(&s, "203.0.113.5", 80), NETPOL_ALLOW); /* its nets still hold */
    close_scene(&s);
}

static void source_ports_count_beside_names(void **state)
{
    struct scene s;
    struct netpol_verdict v;
    (void)state;
    open_scene(&s, calico, "calico", NULL);
    assert_int_equal(learn(&s, "api.example.com", "192.0.2.1", 60, 0), NETPOL_OK);
    struct netpol_tuple tuple = tuple_to("192.0.2.1", 443);
    static const struct {
        uint16_t port;
        int action;
    } of[] = {
        {1,     NETPOL_DENY   },
        {1023,  NETPOL_DENY   },
        {1024,  NETPOL_ALLOW  },
        {65534, NETPOL_ALLOW  },
        {65535, NETPOL_DENY   },
        {0,     NETPOL_UNKNOWN}  /* not given */
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        tuple.src_port = of[i].port;
        assert_int_equal(netpol_eval(s.live, &tuple, &v), NETPOL_OK);
        if (v.action != of[i].action) {
            fail_msg("source port %u: action %d missing %x", of[i].port, v.action, v.missing);
        }
    }
    close_scene(&s);
}

/* ---- Cilium ---- */

static const char cilium[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\n"
    "status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n---\n"
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
    "metadata: {name: p, namespace: shop}\nspec:\n"
    "  endpointSelector: {matchLabels: {app: web}}\n  egress:\n"
    "  - toFQDNs: [{matchName: www.example.com}, {matchPattern: '*.cdn.test'},\n"
    "              {matchPattern: '**.deep.test'}, {matchPattern: 'a*.mid.test'}]\n"
    "    toPorts: [{ports: [{port: '443', protocol: TCP}]}]\n"
    "  egressDeny:\n  - toCIDR: [198.51.0.0/16]\n";

/* cilium.md: toFQDNs, its wildcards, and row 15: a CIDR deny still hits. */
static void names_of_cilium_are_learnt(void **state)
{
    static const struct {
        const char *name, *address;
        int action;
    } of[] = {
        {"WWW.example.com.", "192.0.2.1",    NETPOL_ALLOW},
        {"www.example.com",  "2001:db8::1",  NETPOL_ALLOW},
        {"www.example.com",  "198.51.100.1", NETPOL_DENY },
        {"x.cdn.test",       "192.0.2.2",    NETPOL_ALLOW},
        {"x.y.cdn.test",     "192.0.2.3",    NETPOL_DENY },
        {"x.y.deep.test",    "192.0.2.4",    NETPOL_ALLOW},
        {"abc.mid.test",     "192.0.2.5",    NETPOL_ALLOW},
        {"bcd.mid.test",     "192.0.2.6",    NETPOL_DENY }
    };
    struct scene s;
    (void)state;
    open_scene(&s, cilium, "cilium", NULL);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        assert_int_equal(learn(&s, of[i].name, of[i].address, 60, 0), NETPOL_OK);
        assert_int_equal(action_to(&s, of[i].address, 443), of[i].action);
        assert_int_equal(action_to(&s, of[i].address, 80), NETPOL_DENY);
    }
    assert_int_equal(netpol_names_advance(s.endpoints, 60), NETPOL_OK);
    assert_int_equal(action_to(&s, "192.0.2.1", 443), NETPOL_UNKNOWN);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_decides_until_its_end),
        cmocka_unit_test(an_address_with_other_names_is_denied),
        cmocka_unit_test(without_names_the_option_speaks),
        cmocka_unit_test(names_go_one_by_one),
        cmocka_unit_test(a_prefix_still_hits_an_address_with_names),
        cmocka_unit_test(learning_again_extends_and_never_shortens),
        cmocka_unit_test(what_is_over_is_not_learnt),
        cmocka_unit_test(names_are_told_apart_as_dns_does),
        cmocka_unit_test(both_families_have_names),
        cmocka_unit_test(what_is_forgotten_counts_no_more),
        cmocka_unit_test(pods_and_nodes_have_no_names),
        cmocka_unit_test(a_pod_takes_an_address_over_and_gives_it_back),
        cmocka_unit_test(names_live_through_larger_tables),
        cmocka_unit_test(names_go_along_to_the_next_matcher),
        cmocka_unit_test(names_cost_nothing_where_no_rule_asks),
        cmocka_unit_test(questions_and_explanations_know_what_was_learnt),
        cmocka_unit_test(an_opened_image_learns_nothing),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(without_memory_nothing_is_learnt_and_nothing_lives_on),
        cmocka_unit_test(a_million_names_leave_nothing_behind),
        cmocka_unit_test(calico_domains_are_learnt),
        cmocka_unit_test(source_ports_count_beside_names),
        cmocka_unit_test(names_of_cilium_are_learnt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
