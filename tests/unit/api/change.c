/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints that change, through the public interface alone: whatever pods come, go, and trade
 * labels, addresses and nodes, the verdicts are those of a compile made afterwards, or UNKNOWN
 * where a call said NEEDS_COMPILE.
 */
#include "np_world.h"

#include <stdbool.h>

enum { PODS = 14, ADDRESSES = 20, OWN = 2, ENDS = PODS + ADDRESSES + 6 };

static const char policies[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n---\n"
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: data, labels: {team: b}}\n---\n"
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    "spec: {podCIDR: 10.244.1.0/24}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n---\n"
    "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\n"
    "spec: {podCIDR: 10.244.2.0/24}\n"
    "status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}\n---\n"
    "apiVersion: v1\nkind: Service\nmetadata: {name: till, namespace: shop}\n"
    "spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]}\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: web, namespace: shop}\n"
    "spec:\n  podSelector: {matchLabels: {app: web}}\n"
    "  ingress:\n"
    "  - from: [{podSelector: {matchExpressions: [{key: tier, operator: Exists}]}}]\n"
    "    ports: [{port: http}]\n"
    "  - from: [{ipBlock: {cidr: 10.244.0.0/16, except: [10.244.2.0/25]}}]\n"
    "    ports: [{port: 443}]\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: db, namespace: data}\n"
    "spec:\n  podSelector: {matchExpressions: [{key: app, operator: In, values: [db, cache]}]}\n"
    "  policyTypes: [Ingress, Egress]\n"
    "  ingress:\n"
    "  - from: [{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: web}}}]\n"
    "  egress:\n"
    "  - to: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}]\n"
    "  - to: [{ipBlock: {cidr: 'fd00::/16'}}]\n";
static const char edit[] =
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: extra, namespace: shop}\n"
    "spec:\n  podSelector: {}\n  policyTypes: [Egress]\n"
    "  egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {colour: red}}}]}]\n";

struct pod {
    bool there, host;
    uint64_t ref;
    int space, app, tier, colour, node, port, hash;
    int n, has[OWN]; /* numbers of addresses */
};
struct town {
    struct world w;
    struct netpol_endpoints *endpoints;
    struct netpol_view *live;
    struct pod pods[PODS];
    int owner[ADDRESSES]; /* pod + 1 */
    bool waits;           /* some call said NEEDS_COMPILE since the compile */
};

static uint64_t state = 88172645463325252u;

static int random_below(int bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)((state >> 33) % (uint64_t)bound);
}

static void address_text(int number, char text[64])
{
    if (number >= ADDRESSES * 3 / 4) {
        snprintf(text, 64, "fd00::%x", (unsigned)number + 1);
    } else {
        snprintf(text, 64, "10.244.%d.%d", 1 + number % 2, 1 + number * 16);
    }
}

struct said {
    struct netpol_endpoint_spec spec;
    struct netpol_label labels[4];
    struct netpol_port_name port;
    const char *addresses[OWN];
    char texts[OWN][64], name[16], hash[16];
};

static void say(const struct pod *pod, int number, struct said *s)
{
    static const char *const spaces[] = {"shop", "data"}, *const nodes[] = {NULL, "n1", "n2"};
    static const char *const apps[] = {"web", "db", "cache", "other"};
    memset(s, 0, sizeof *s);
    snprintf(s->name, sizeof s->name, "pod%d", number);
    snprintf(s->hash, sizeof s->hash, "h%d", pod->hash);
    size_t n = 0;
    s->labels[n++] = (struct netpol_label){"app", apps[pod->app]};
    s->labels[n++] = (struct netpol_label){"pod-template-hash", s->hash};
    if (pod->tier) {
        s->labels[n++] = (struct netpol_label){"tier", pod->tier == 1 ? "x" : "y"};
    }
    if (pod->colour) {
        s->labels[n++] = (struct netpol_label){"colour", "red"};
    }
    s->port = (struct netpol_port_name){"http", 6, (uint16_t)(pod->port == 1 ? 80 : 8080)};
    for (int i = 0; i < pod->n; i++) {
        address_text(pod->has[i], s->texts[i]);
        s->addresses[i] = s->texts[i];
    }
    if (pod->host) {
        snprintf(s->texts[0], 64, "192.168.0.%d", pod->node ? pod->node : 1);
        s->addresses[0] = s->texts[0];
    }
    s->spec = (struct netpol_endpoint_spec){.size = sizeof s->spec,
                                            .namespace_name = spaces[pod->space],
                                            .name = s->name,
                                            .labels = s->labels,
                                            .n_labels = n,
                                            .addresses = s->addresses,
                                            .n_addresses = pod->host ? 1 : (size_t)pod->n,
                                            .ports = &s->port,
                                            .n_ports = pod->port != 0,
                                            .node = nodes[pod->node],
                                            .host_network = pod->host};
}

/* The store first, then the endpoints, as an agent does. */
static void put(struct town *t, int number)
{
    struct said s;
    struct pod *pod = &t->pods[number];
    say(pod, number, &s);
    assert_int_equal(netpol_store_put_endpoint(t->w.store, &s.spec, &pod->ref, NULL),
                     NETPOL_NEEDS_COMPILE);
    int status = t->endpoints ? netpol_endpoints_put(t->endpoints, pod->ref, &s.spec) : NETPOL_OK;
    assert_in_range(status, NETPOL_OK, NETPOL_NEEDS_COMPILE);
    t->waits = t->waits || status == NETPOL_NEEDS_COMPILE;
    pod->there = true;
}

static void take_address(struct town *t, int number, int address)
{
    int owner = t->owner[address] - 1;
    if (owner >= 0 && owner != number) { /* the other's update may come after it, or before */
        struct pod *other = &t->pods[owner];
        int kept = 0;
        for (int i = 0; i < other->n; i++) {
            if (other->has[i] != address) {
                other->has[kept++] = other->has[i];
            }
        }
        other->n = kept;
    }
    t->owner[address] = number + 1;
    t->pods[number].has[t->pods[number].n++] = address;
}

static void drop_addresses(struct town *t, int number)
{
    for (int i = 0; i < t->pods[number].n; i++) {
        t->owner[t->pods[number].has[i]] = 0;
    }
    t->pods[number].n = 0;
}

static void remove_pod(struct town *t, int number)
{
    struct said s;
    struct pod *pod = &t->pods[number];
    say(pod, number, &s);
    assert_int_equal(netpol_store_remove(t->w.store, "", "Pod", s.spec.namespace_name, s.name),
                     NETPOL_OK);
    if (t->endpoints) {
        assert_int_equal(netpol_endpoints_remove(t->endpoints, pod->ref), NETPOL_OK);
    }
    drop_addresses(t, number);
    pod->there = false;
}

static void change(struct town *t, bool known_only)
{
    int number = random_below(PODS);
    struct pod *pod = &t->pods[number];
    if (pod->there && random_below(5) == 0) {
        remove_pod(t, number);
        return;
    }
    bool fresh = !pod->there;
    if (fresh) {
        pod->space = random_below(2);
        pod->host = random_below(6) == 0;
        pod->node = random_below(3);
        pod->port = random_below(3);
    }
    if (fresh || random_below(2)) {
        pod->app = random_below(known_only ? 2 : 4);
        pod->tier = random_below(known_only ? 2 : 3);
        pod->colour = random_below(2);
        pod->hash = random_below(1000000);
    }
    int losers[OWN], n_losers = 0;
    if (!pod->host && (fresh || random_below(2))) {
        drop_addresses(t, number);
        for (int i = random_below(OWN + 1); i > 0; i--) {
            int address = random_below(ADDRESSES), owner = t->owner[address] - 1;
            if (owner == number) {
                continue;
            }
            if (owner >= 0) {
                losers[n_losers++] = owner;
            }
            take_address(t, number, address);
        }
    }
    put(t, number);
    for (int i = 0; i < n_losers; i++) {
        put(t, losers[i]);
    }
}

/* ---- asking ---- */

static void end_bytes(const struct town *t, int end, uint8_t bytes[16], uint8_t *family,
                      uint64_t *ref)
{
    static const uint8_t others[6][16] = {
        {8,    8, 8, 8},
        {10,   244, 1, 250},
        {192,    168, 0, 1},
        {192,168, 0, 2},
        {10, 96, 0, 10},
        {1 }
    };
    memset(bytes, 0, 16);
    *family = 0;
    *ref = 0;
    if (end < PODS) {
        *ref = t->pods[end].ref;
    } else if (end < PODS + ADDRESSES) {
        int number = end - PODS;
        if (number >= ADDRESSES * 3 / 4) {
            bytes[0] = 0xfd;
            bytes[15] = (uint8_t)(number + 1);
            *family = 6;
        } else {
            const uint8_t four[4] = {10, 244, (uint8_t)(1 + number % 2),
                                     (uint8_t)(1 + number * 16)};
            memcpy(bytes, four, 4);
            *family = 4;
        }
    } else {
        memcpy(bytes, others[end - PODS - ADDRESSES], 16);
        *family = end == ENDS - 1 ? 6 : 4;
    }
}

static bool make_tuple(const struct town *t, int src, int dst, int port, struct netpol_tuple *out)
{
    uint8_t src_family, dst_family;
    *out = (struct netpol_tuple){.protocol = 6, .dst_port = (uint16_t)port};
    end_bytes(t, src, out->src, &src_family, &out->src_ref);
    end_bytes(t, dst, out->dst, &dst_family, &out->dst_ref);
    if ((src < PODS && !out->src_ref) || (dst < PODS && !out->dst_ref) ||
        (src_family && dst_family && src_family != dst_family)) {
        return false;
    }
    out->flags = (uint16_t)((out->src_ref ? NETPOL_TUPLE_SRC_REF : 0) |
                            (out->dst_ref ? NETPOL_TUPLE_DST_REF : 0));
    out->family = src_family ? src_family : dst_family;
    return true;
}

struct tally {
    unsigned equal, waiting;
};

static void compare(struct town *t, const struct netpol_view *fresh, struct tally *tally)
{
    static const int ports[] = {80, 443, 8080};
    for (int src = 0; src < ENDS; src++) {
        for (int dst = 0; dst < ENDS; dst++) {
            struct netpol_tuple tuple;
            struct netpol_verdict a, b;
            if (!make_tuple(t, src, dst, ports[(src + dst) % 3], &tuple)) {
                continue;
            }
            assert_int_equal(netpol_eval(t->live, &tuple, &a), NETPOL_OK);
            assert_int_equal(netpol_eval(fresh, &tuple, &b), NETPOL_OK);
            a.generation = b.generation;
            if (memcmp(&a, &b, sizeof a) == 0) {
                tally->equal++;
            } else if (t->waits && a.action == NETPOL_UNKNOWN &&
                       (a.missing & NETPOL_MISSING_SIGNATURE)) {
                tally->waiting++;
            } else {
                print_message("end %d to %d: live %d missing %x rule %u/%u, fresh %d rule %u/%u\n",
                              src, dst, a.action, a.missing, a.egress.rule, a.ingress.rule,
                              b.action, b.egress.rule, b.ingress.rule);
                fail();
            }
        }
    }
}

static struct netpol_matcher *compile(struct town *t, struct netpol_endpoints *mark,
                                      const char *setting)
{
    struct netpol_matcher *matcher = NULL;
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "kubernetes",
                                             .settings = &setting,
                                             .n_settings = setting != NULL,
                                             .endpoints = mark};
    assert_int_equal(netpol_compile(t->w.store, &options, t->w.diags, &matcher), NETPOL_OK);
    return matcher;
}

static void check(struct town *t, const char *setting, struct tally *tally)
{
    struct netpol_view *fresh;
    struct netpol_matcher *matcher = compile(t, NULL, setting);
    assert_int_equal(netpol_view_create(matcher, NULL, &fresh), NETPOL_OK);
    compare(t, fresh, tally);
    netpol_view_destroy(fresh);
    netpol_matcher_unref(matcher);
}

static void use(struct town *t, struct netpol_matcher *matcher, struct netpol_endpoints *endpoints)
{
    struct netpol_endpoints_stats stats = {.size = sizeof stats};
    netpol_view_destroy(t->live);
    netpol_endpoints_destroy(t->endpoints);
    t->endpoints = endpoints;
    assert_int_equal(netpol_view_create(matcher, endpoints, &t->live), NETPOL_OK);
    netpol_matcher_unref(matcher);
    assert_int_equal(netpol_endpoints_stats(endpoints, &stats), NETPOL_OK);
    t->waits = stats.uncompiled != 0;
}

static void live(const char *setting, int round, struct tally *tally)
{
    struct town t = {.waits = false};
    struct netpol_endpoints *endpoints;
    world_open(&t.w);
    assert_int_equal(world_load(&t.w, policies), NETPOL_OK);
    assert_int_equal(netpol_store_add_pod_range(t.w.store, "10.244.0.0/16"), NETPOL_OK);
    for (int i = 0; i < 2 * PODS; i++) {
        change(&t, false);
    }
    struct netpol_matcher *matcher = compile(&t, NULL, setting);
    assert_int_equal(netpol_endpoints_create(matcher, &endpoints), NETPOL_OK);
    use(&t, matcher, endpoints);
    check(&t, setting, tally);
    for (int step = 0; step < 12; step++) {
        change(&t, step < 6);
        check(&t, setting, tally);
    }
    /* a policy is edited, pods change while that is compiled */
    if (round % 2) {
        assert_int_equal(world_load(&t.w, edit), NETPOL_OK);
    }
    matcher = compile(&t, t.endpoints, setting);
    for (int step = 0; step < 6; step++) {
        change(&t, true);
    }
    assert_int_equal(netpol_endpoints_advance(t.endpoints, matcher, &endpoints), NETPOL_OK);
    use(&t, matcher, endpoints);
    check(&t, setting, tally);
    netpol_view_destroy(t.live);
    netpol_endpoints_destroy(t.endpoints);
    world_close(&t.w);
}

static void test_changed_is_compiled(void **unused)
{
    static const char *const settings[] = {NULL, "host_network=pod", "unlearnt_pod_address=outside",
                                           "unknown_pod_ip=no"};
    (void)unused;
    struct tally tally = {0, 0};
    for (int round = 0; round < 16; round++) {
        live(settings[round % 4], round / 4, &tally);
    }
    print_message("%u verdicts equal, %u waiting for a compile\n", tally.equal, tally.waiting);
    assert_true(tally.equal > 100000);
    assert_true(tally.waiting > 0 && tally.waiting < tally.equal / 2);
}

/* Unique labels and addresses of every new pod: nothing waits for a compile. */
static void test_churn_needs_no_compile(void **unused)
{
    (void)unused;
    enum { CHURN = 20000 };
    struct town t = {.waits = false};
    struct netpol_endpoints *endpoints;
    struct netpol_endpoints_stats stats = {.size = sizeof stats};
    world_open(&t.w);
    assert_int_equal(world_load(&t.w, policies), NETPOL_OK);
    assert_int_equal(netpol_store_add_pod_range(t.w.store, "10.244.0.0/16"), NETPOL_OK);
    t.pods[0] = (struct pod){.app = 0, .port = 1, .n = 1, .has = {0}};
    put(&t, 0);
    struct netpol_matcher *matcher = compile(&t, NULL, NULL);
    assert_int_equal(netpol_endpoints_create(matcher, &endpoints), NETPOL_OK);
    use(&t, matcher, endpoints);
    for (int i = 1; i <= CHURN; i++) {
        struct said s;
        struct pod pod = t.pods[0];
        pod.hash = i;
        say(&pod, i, &s);
        snprintf(s.texts[0], 64, "10.244.%d.%d", i / 250 % 200, 1 + i % 250);
        assert_int_equal(netpol_endpoints_put(endpoints, 1000 + (uint64_t)i, &s.spec), NETPOL_OK);
        if (i > 100) {
            assert_int_equal(netpol_endpoints_remove(endpoints, 900 + (uint64_t)i), NETPOL_OK);
        }
    }
    assert_int_equal(netpol_endpoints_stats(endpoints, &stats), NETPOL_OK);
    assert_int_equal(stats.uncompiled, 0);
    assert_int_equal(stats.endpoints, 101);
    assert_true(stats.writes >= 2 * CHURN - 100);
    netpol_endpoints_quiesce(endpoints);
    assert_int_equal(netpol_endpoints_stats(endpoints, &stats), NETPOL_OK);
    assert_true(stats.bytes < 200000); /* it does not grow with the churn */
    netpol_view_destroy(t.live);
    netpol_endpoints_destroy(endpoints);
    world_close(&t.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_is_compiled),
        cmocka_unit_test(test_churn_needs_no_compile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
