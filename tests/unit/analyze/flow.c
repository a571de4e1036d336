/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hits: what a flow met, as app-policy/checker traces it and goldmane writes it. Models are built
 * by hand, so that a row says everything.
 */
#include "np_cmocka.h"

#include "analyze/flow.h"
#include "matrix/matrix.h"

enum { TEXT_MAX = 4096 };
struct sink {
    char text[TEXT_MAX];
    size_t len;
};

static int take(void *user, const char *bytes, size_t size)
{
    struct sink *s = user;
    assert_true(s->len + size < sizeof s->text);
    memcpy(s->text + s->len, bytes, size);
    s->len += size;
    s->text[s->len] = '\0';
    return 0;
}

static int setup(void **state)
{
    static struct matrix m;
    m = (struct matrix){0};
    *state = &m;
    return netpol_ctx_create(NULL, &m.ctx);
}

static int teardown(void **state)
{
    struct matrix *m = *state;
    drop(m);
    netpol_ctx_destroy(m->ctx);
    return m->failed;
}

/* ---- a set of policies of Calico's kinds ---- */

static struct np_tier *listed(struct matrix *m, const char *name, double order,
                              enum np_end_action end)
{
    return tier(m, name, order, NP_LISTED, end, NP_TIER_ISOLATED);
}

/* Of Calico's kind: the tie ends in it. `space` NULL: of the cluster. Selects pods app=p. */
static struct np_policy *of_kind(struct matrix *m, struct np_tier *t, const char *kind,
                                 const char *space, const char *name, double order)
{
    struct np_policy *p =
        np_build_policy(m->b, t, kind, space ? text(m, space) : NULL, text(m, name));
    assert_non_null(p);
    p->order = order;
    p->tie = np_build_format(m->b, "%s/%s/%s", name, space ? space : "", kind);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->subjects[d] = pods(m, "app=p");
        p->isolates[d] = true;
    }
    return p;
}

/* One ingress rule for a port. */
static void on_port(struct matrix *m, struct np_policy *p, enum np_action action, uint16_t number)
{
    rule(m, p, NP_INGRESS, action)->service = port(m, TCP, number);
}

static void profiles(struct matrix *m)
{
    struct np_tier *t = tier(m, "(profiles)", 90, NP_LISTED, NP_END_DENY, NP_ALWAYS);
    struct np_policy *p = np_build_policy(m->b, t, "Profile", NULL, text(m, "kns"));
    assert_non_null(p);
    p->synthetic = true;
    p->origin.option = text(m, "namespace_profiles");
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->subjects[d] = pods(m, "ns:shop");
        rule(m, p, (enum np_direction)d, NP_ACT_ALLOW);
    }
}

/*
 * security (Deny): gnp baseline passes 80, 81, 82 and denies 22; default (Deny): a staged policy in
 * front of np web, which logs all, passes 81 and allows 80; then the profiles.
 */
static void world(struct matrix *m)
{
    begin(m, false);
    pod(m, "shop", "p", "app=p,tier=db", "10.0.0.5", NULL);
    pod(m, "shop", "x", "app=x", "10.0.0.6", NULL);
    pod(m, "other", "p", "app=p", "10.0.0.7", NULL);
    struct np_tier *pre = listed(m, "platform", 1, NP_END_PASS);
    of_kind(m, pre, "KubernetesClusterNetworkPolicy", NULL, "nothing", 1);
    struct np_tier *security = listed(m, "security", 2, NP_END_DENY);
    struct np_policy *g = of_kind(m, security, "GlobalNetworkPolicy", NULL, "baseline", 5);
    on_port(m, g, NP_ACT_DENY, 22);
    on_port(m, g, NP_ACT_PASS, 80);
    on_port(m, g, NP_ACT_PASS, 81);
    on_port(m, g, NP_ACT_PASS, 82);
    of_kind(m, security, "GlobalNetworkPolicy", NULL, "late", 6);
    struct np_tier *usual = listed(m, "default", 3, NP_END_DENY);
    struct np_policy *s = of_kind(m, usual, "StagedNetworkPolicy", "shop", "web-next", 1);
    s->state = NP_STAGED_SET;
    on_port(m, s, NP_ACT_DENY, 80);
    struct np_policy *w = of_kind(m, usual, "NetworkPolicy", "shop", "web", 2);
    rule(m, w, NP_INGRESS, NP_ACT_NOTE);
    on_port(m, w, NP_ACT_PASS, 81);
    on_port(m, w, NP_ACT_ALLOW, 80);
    struct np_policy *k = of_kind(m, usual, "KubernetesNetworkPolicy", "shop", "last", 3);
    on_port(m, k, NP_ACT_ALLOW, 83);
    profiles(m);
    seal(m);
}

/* ---- asking ---- */

static struct netpol_flow *flow_of(struct matrix *m, const char *from, const char *to,
                                   uint16_t number, const struct netpol_request *request)
{
    struct netpol_tuple t = {.family = 4, .protocol = TCP, .dst_port = number, .src_port = 40000};
    struct netpol_flow *flow = NULL;
    memcpy(t.src, prefix(from).address.bytes, 16);
    memcpy(t.dst, prefix(to).address.bytes, 16);
    assert_int_equal(np_flow(m->ctx, m->model, NULL, NULL, &t, request, NULL, &flow), NETPOL_OK);
    return flow;
}

/* The texts of a sequence, one after the other; "(nothing)": not judged. */
static const char *sequence(const struct netpol_flow *flow, int side, int pending)
{
    static char text[TEXT_MAX];
    struct netpol_hits hits;
    size_t len = 0;
    *text = '\0';
    if (netpol_flow_hits(flow, side, pending, &hits) != NETPOL_OK) {
        return "(nothing)";
    }
    for (size_t i = 0; i < hits.count; i++) {
        assert_int_equal(hits.items[i].policy_index, i);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "",
                                hits.items[i].text);
    }
    snprintf(text + len, sizeof text - len, "%s", hits.open ? " ..." : "");
    return text;
}

#define PLATFORM "0|platform|kcnp:nothing|pass|-1 "
#define SECURITY "1|security|gnp:baseline|pass|"

static void sequences(void **state)
{
    static const struct {
        const char *to;
        uint16_t port;
        const char *enforced, *pending;
    } rows[] = {
  /* the rule that decides, as written; Log is no hit; staged ones are not counted */
        {"10.0.0.5", 80, PLATFORM SECURITY "1 2|default|np:shop/web|allow|2",
         PLATFORM SECURITY "1 2|default|snp:shop/web-next|deny|0"                                          },
 /* a Pass in the last tier leads to the profile of the pod's namespace */
        {"10.0.0.5", 81,
         PLATFORM SECURITY "2 2|default|np:shop/web|pass|1 3|__PROFILE__|pro:kns.shop|allow|0",
         PLATFORM SECURITY "2 2|default|np:shop/web|pass|1 3|__PROFILE__|pro:kns.shop|allow|0"             },
 /* the end of a tier is of the first policy that applies, not of the last one looked at */
        {"10.0.0.5", 82, PLATFORM SECURITY "3 2|default|np:shop/web|deny|-1",
         PLATFORM SECURITY "3 2|default|snp:shop/web-next|deny|-1"                                         },
        {"10.0.0.5", 90, PLATFORM "1|security|gnp:baseline|deny|-1",
         PLATFORM "1|security|gnp:baseline|deny|-1"                                                        },
        {"10.0.0.5", 22, PLATFORM "1|security|gnp:baseline|deny|0",
         PLATFORM "1|security|gnp:baseline|deny|0"                                                         },
 /* selected by nothing: the profile alone; outside nobody asks */
        {"10.0.0.6", 80, "0|__PROFILE__|pro:kns.shop|allow|0",
         "0|__PROFILE__|pro:kns.shop|allow|0"                                                              },
        {"8.8.8.8",  80, "(nothing)",                                                           "(nothing)"},
    };
    struct matrix *m = *state;
    world(m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct netpol_flow *flow = flow_of(m, "8.8.4.4", rows[i].to, rows[i].port, NULL);
        assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 0), rows[i].enforced);
        assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 1), rows[i].pending);
        assert_string_equal(sequence(flow, NETPOL_SIDE_EGRESS, 0), "(nothing)");
        np_flow_destroy(flow);
    }
}

/* No profile matched: felix logs it under this name. */
static void no_profile(void **state)
{
    struct matrix *m = *state;
    begin(m, false);
    pod(m, "other", "q", "app=q", "10.0.0.8", NULL);
    profiles(m);
    seal(m);
    struct netpol_flow *flow = flow_of(m, "8.8.4.4", "10.0.0.8", 80, NULL);
    assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 0),
                        "0|__PROFILE__|pro:__NO_MATCH__|deny|-1");
    np_flow_destroy(flow);
}

/* Both ends, each with its own sequence. */
static void two_sides(void **state)
{
    struct matrix *m = *state;
    world(m);
    struct netpol_flow *flow = flow_of(m, "10.0.0.5", "10.0.0.6", 80, NULL);
    assert_string_equal(sequence(flow, NETPOL_SIDE_EGRESS, 0),
                        PLATFORM "1|security|gnp:baseline|deny|-1");
    assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 0),
                        "0|__PROFILE__|pro:kns.shop|allow|0");
    np_flow_destroy(flow);
}

/* Every kind by its short name, with a tie and without one. */
static void kinds(void **state)
{
    static const struct {
        const char *kind;
        bool tie;
        const char *hit;
    } rows[] = {
        {"NetworkPolicy",                        true,  "np"   },
        {"GlobalNetworkPolicy",                  true,  "gnp"  },
        {"StagedNetworkPolicy",                  true,  "snp"  },
        {"StagedGlobalNetworkPolicy",            true,  "sgnp" },
        {"StagedKubernetesNetworkPolicy",        true,  "sknp" },
        {"KubernetesNetworkPolicy",              true,  "knp"  },
        {"KubernetesClusterNetworkPolicy",       true,  "kcnp" },
        {"KubernetesAdminNetworkPolicy",         true,  "kanp" },
        {"KubernetesBaselineAdminNetworkPolicy", true,  "kbanp"},
        {"NetworkPolicy",                        false, "knp"  },
        {"ClusterNetworkPolicy",                 false, "kcnp" },
        {"Something",                            true,  "?"    },
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(m, false);
        pod(m, "shop", "p", "app=p", "10.0.0.5", NULL);
        struct np_policy *p =
            of_kind(m, listed(m, "t", 1, NP_END_DENY), rows[i].kind, "shop", "n", 1);
        p->tie = rows[i].tie ? p->tie : NULL;
        seal(m);
        char want[64];
        snprintf(want, sizeof want, "0|t|%s:shop/n|deny|-1", rows[i].hit);
        struct netpol_flow *flow = flow_of(m, "8.8.4.4", "10.0.0.5", 80, NULL);
        assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 0), want);
        np_flow_destroy(flow);
    }
    assert_string_equal(netpol_hit_kind_text(-1), "?");
    assert_string_equal(netpol_hit_kind_text(NETPOL_HIT_KIND_COUNT), "?");
}

/* What a request would decide is open; where it decides nothing the end is known all the same. */
static void open_ways(void **state)
{
    struct matrix *m = *state;
    for (int both = 0; both < 2; both++) {
        begin(m, false);
        pod(m, "shop", "p", "app=p", "10.0.0.5", NULL);
        struct np_tier *t = listed(m, "t", 1, NP_END_DENY);
        struct np_policy *p = of_kind(m, t, "NetworkPolicy", "shop", "n", 1);
        rule(m, p, NP_INGRESS, both ? NP_ACT_DENY : NP_ACT_ALLOW)->request =
            atom(m, NP_VIEW_METHOD, "GET");
        seal(m);
        struct netpol_flow *flow = flow_of(m, "8.8.4.4", "10.0.0.5", 80, NULL);
        struct netpol_hits hits;
        assert_int_equal(netpol_flow_hits(flow, NETPOL_SIDE_INGRESS, 0, &hits), NETPOL_OK);
        assert_int_equal(hits.open, 1);
        assert_int_equal(hits.action, both ? NETPOL_DENY : NETPOL_INSPECT);
        assert_int_equal(hits.count, both);
        np_flow_destroy(flow);
        struct netpol_request get = http("GET", "/");
        flow = flow_of(m, "8.8.4.4", "10.0.0.5", 80, &get);
        assert_string_equal(sequence(flow, NETPOL_SIDE_INGRESS, 0),
                            both ? "0|t|np:shop/n|deny|0" : "0|t|np:shop/n|allow|0");
        np_flow_destroy(flow);
    }
}

/* ---- records ---- */

static void records(void **state)
{
    static const char want[] =
        "{\"start_time\":7,\"end_time\":8,\"action\":\"Allow\",\"source_name\":\"pub\","
        "\"source_namespace\":\"\",\"source_labels\":\"\",\"dest_name\":\"p\","
        "\"dest_namespace\":\"shop\",\"dest_labels\":\"app=p | tier=db\",\"protocol\":\"tcp\","
        "\"dest_port\":80,\"reporter\":\"Dst\",\"policies\":{\"enforced\":["
        "{\"kind\":\"EndOfTier\",\"name\":\"\",\"namespace\":\"\",\"tier\":\"platform\","
        "\"action\":\"Pass\",\"policy_index\":0,\"rule_index\":-1,\"trigger\":"
        "{\"kind\":\"ClusterNetworkPolicy\",\"name\":\"nothing\",\"namespace\":\"\","
        "\"tier\":\"platform\"}},"
        "{\"kind\":\"GlobalNetworkPolicy\",\"name\":\"baseline\",\"namespace\":\"\","
        "\"tier\":\"security\",\"action\":\"Pass\",\"policy_index\":1,\"rule_index\":1,"
        "\"trigger\":null},"
        "{\"kind\":\"CalicoNetworkPolicy\",\"name\":\"web\",\"namespace\":\"shop\","
        "\"tier\":\"default\",\"action\":\"Allow\",\"policy_index\":2,\"rule_index\":2,"
        "\"trigger\":null}],\"pending\":[";
    struct matrix *m = *state;
    struct sink out = {.len = 0};
    world(m);
    struct netpol_flow *flow = flow_of(m, "8.8.4.4", "10.0.0.5", 80, NULL);
    struct netpol_flow_times times = {7, 8};
    assert_int_equal(netpol_flow_write(flow, &times, take, &out), NETPOL_OK);
    assert_true(out.len > strlen(want));
    assert_memory_equal(out.text, want, strlen(want));
    assert_non_null(strstr(out.text, "\"kind\":\"StagedNetworkPolicy\",\"name\":\"web-next\""));
    assert_string_equal(out.text + out.len - 4, "]}}\n");
    np_flow_destroy(flow);
}

static void reporters(void **state)
{
    struct matrix *m = *state;
    struct sink out = {.len = 0};
    world(m);
    struct netpol_flow *flow = flow_of(m, "10.0.0.5", "10.0.0.6", 80, NULL);
    assert_int_equal(netpol_flow_write(flow, NULL, take, &out), NETPOL_OK);
    const char *src = strstr(out.text, "\"reporter\":\"Src\"");
    const char *dst = strstr(out.text, "\"reporter\":\"Dst\"");
    assert_true(src && dst && src < dst);
    assert_memory_equal(out.text, "{\"action\":\"Deny\"", 16);
    np_flow_destroy(flow);
    out.len = 0;
    flow = flow_of(m, "8.8.4.4", "8.8.8.8", 80, NULL); /* nobody reports */
    assert_int_equal(netpol_flow_write(flow, NULL, take, &out), NETPOL_OK);
    assert_int_equal(out.len, 0);
    np_flow_destroy(flow);
}

/* Who an address is to a flow log: a network set, an address inside or outside. */
static void names_of_addresses(void **state)
{
    static const struct {
        const char *from, *name;
    } rows[] = {
        {"8.8.4.4",     "\"source_name\":\"pub\""  },
        {"10.9.9.9",    "\"source_name\":\"pvt\""  },
        {"172.31.0.1",  "\"source_name\":\"pvt\""  },
        {"172.32.0.1",  "\"source_name\":\"pub\""  },
        {"192.168.1.1", "\"source_name\":\"pvt\""  },
        {"203.0.113.5", "\"source_name\":\"known\""},
    };
    struct matrix *m = *state;
    begin(m, false);
    pod(m, "shop", "p", "app=p", "10.0.0.5", NULL);
    thing(m, NP_OBJ_NETWORK_SET, "known", "role=partner", "203.0.113.0/24");
    of_kind(m, listed(m, "t", 1, NP_END_DENY), "NetworkPolicy", "shop", "n", 1);
    seal(m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sink out = {.len = 0};
        struct netpol_flow *flow = flow_of(m, rows[i].from, "10.0.0.5", 80, NULL);
        assert_int_equal(netpol_flow_write(flow, NULL, take, &out), NETPOL_OK);
        assert_non_null(strstr(out.text, rows[i].name));
        np_flow_destroy(flow);
    }
}

static void arguments(void **state)
{
    struct matrix *m = *state;
    struct netpol_hits hits;
    struct netpol_tuple t = {0};
    struct netpol_flow *flow = NULL;
    world(m);
    assert_int_equal(netpol_flow_create(NULL, NULL, &t, NULL, &flow), NETPOL_ERR_ARGUMENT);
    flow = flow_of(m, "8.8.4.4", "10.0.0.5", 80, NULL);
    assert_int_equal(netpol_flow_hits(flow, NETPOL_SIDE_NONE, 0, &hits), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_flow_hits(flow, NETPOL_SIDE_INGRESS, 0, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_flow_hits(flow, NETPOL_SIDE_EGRESS, 0, &hits), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_flow_write(flow, NULL, NULL, NULL), NETPOL_ERR_ARGUMENT);
    np_flow_destroy(flow);
    netpol_flow_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sequences, setup, teardown),
        cmocka_unit_test_setup_teardown(no_profile, setup, teardown),
        cmocka_unit_test_setup_teardown(two_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(open_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(records, setup, teardown),
        cmocka_unit_test_setup_teardown(reporters, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
