/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of one rank that send traffic to proxies: who stays an alternative, which proxy can read,
 * in which order headers are changed (Cilium; lowering 4.3 "L7 rules", "headerMatches").
 */
#include "matrix_test.h"

enum { DROPPED = 1 }; /* plain_allow */

/* An isolated pod p; the policy for its rules. */
static struct np_policy *isolated(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "y", "app=y", "10.0.0.8", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_tier *t = tier(m, "Normal", 200, NP_BY_VERDICT, NP_END_DENY, NP_TIER_ISOLATED);
    return policy(m, t, "p", pods(m, "app=p"), INGRESS);
}

static struct np_match *to_port(struct matrix *m, struct np_policy *p, uint16_t number)
{
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->service = port(m, TCP, number);
    return match;
}

static struct np_match *http_to_port(struct matrix *m, struct np_policy *p, const char *path)
{
    struct np_match *match = to_port(m, p, 80);
    match->request = atom(m, NP_VIEW_PATH_CILIUM, path);
    m->rule->redirect_parser = NP_PARSER_HTTP;
    m->rule->redirect_priority = 101;
    return match;
}

/* cilium.md 2.7, the switch: a plain allow for every port beside an HTTP rule from x to port 80. */
static void plain_allows(void **state)
{
    struct matrix *m = *state;
    for (uint8_t option = 0; option < 2; option++) {
        struct np_policy *p = isolated(m);
        np_build_options(m->b)->plain_allow = option;
        http_to_port(m, p, "/a")->far = pods(m, "app=x");
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        seal(m);
        struct netpol_request a = http("GET", "/a"), b = http("GET", "/b"), opaque = plain();
        opaque.payload = NETPOL_PAYLOAD_OPAQUE;
        int other = option == DROPPED ? NETPOL_DENY : NETPOL_ALLOW;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &a), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), other);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_INSPECT);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &opaque), NETPOL_DENY);
        /* where no rule sends it to a proxy, the plain allow is as good as ever */
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 81), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/y", .to = "a/p", .port = 80), NETPOL_ALLOW);
    }
}

/* Is there a rule about requests? As long as that is open, so is the plain allow. */
static void plain_allow_in_doubt(void **state)
{
    struct matrix *m = *state;
    struct np_policy *p = isolated(m);
    np_build_options(m->b)->plain_allow = DROPPED;
    http_to_port(m, p, "/a")->far = only(m, names(m, "a.com"));
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    seal(m);
    struct netpol_request b = http("GET", "/b");
    EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80, .request = &b), NETPOL_UNKNOWN);
    EXPECT(m, m->verdict.missing, NETPOL_MISSING_NAMES);
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_ALLOW);
}

static void bind_to(struct matrix *m, const char *listener, int16_t priority)
{
    m->rule->redirect_parser = NP_PARSER_OTHER;
    m->rule->listener_name = text(m, listener);
    m->rule->redirect_priority = priority;
}

/*
 * cilium.md 8, 2.7: an allow bound to another listener is not an alternative. l2 (priority 126)
 * would let through what the HTTP rule (101) does not list, and is not asked.
 */
static void other_listeners(void **state)
{
    struct matrix *m = *state;
    struct np_policy *p = isolated(m);
    http_to_port(m, p, "/a");
    to_port(m, p, 80);
    bind_to(m, "l2", 126);
    seal(m);
    struct netpol_request b = http("GET", "/b");
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_DENY);
    /* l1 comes before the HTTP rule, which is bound to no listener and stays an alternative */
    p = isolated(m);
    http_to_port(m, p, "/a");
    to_port(m, p, 80);
    bind_to(m, "l1", 7);
    seal(m);
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_INSPECT);
    /* what a listener can read nobody here knows */
    b.payload = NETPOL_PAYLOAD_OPAQUE;
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_INSPECT);
    b.payload = NETPOL_PAYLOAD_TLS;
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_INSPECT);
    b.payload = NETPOL_PAYLOAD_PLAIN;
    /* both of one listener */
    p = isolated(m);
    http_to_port(m, p, "/a");
    bind_to(m, "l1", 7);
    to_port(m, p, 80);
    bind_to(m, "l1", 126);
    seal(m);
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_INSPECT);
}

/* terminatingTLS: the proxy reads requests inside TLS. Without it that is no HTTP. */
static void inside_tls(void **state)
{
    struct matrix *m = *state;
    for (int opens = 0; opens < 2; opens++) {
        struct np_policy *p = isolated(m);
        http_to_port(m, p, "/a");
        m->rule->terminating = text(m, opens ? "a/s" : NULL);
        seal(m);
        struct netpol_request a = http("GET", "/a"), b = http("GET", "/b");
        a.payload = b.payload = NETPOL_PAYLOAD_TLS;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &a),
               opens ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &b), NETPOL_DENY);
        EXPECT(m, m->verdict.ingress.reason == NETPOL_REASON_PROTOCOL, !opens);
        a.payload = NETPOL_PAYLOAD_HBONE; /* is not TLS that anybody here ends */
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &a), NETPOL_DENY);
    }
}

/* The first adds what the second asks for, by the order that the proxy tries them in. */
static void order_of_steps(void **state)
{
    struct matrix *m = *state;
    static const char *const steps[][2] = {
        {"1", "2"},
        {"2", "1"}
    };
    for (int i = 0; i < 2; i++) {
        struct np_policy *p = isolated(m);
        struct np_match *asks = http_to_port(m, p, "/a"); /* written first, so first by index */
        asks->request = all(m, asks->request, header(m, "x-a", "1"));
        m->rule->step = text(m, steps[i][1]);
        struct np_match *adds = http_to_port(m, p, "/a");
        adds->request = all(m, adds->request, header(m, "x-never", NULL));
        m->rule->step = text(m, steps[i][0]);
        struct np_effect add = {.kind = NP_EFFECT_ADD_HEADER,
                                .unless = header(m, "x-a", "1"),
                                .name = text(m, "x-a"),
                                .value = text(m, "1")};
        np_build_effect(m->b, m->rule, &add);
        seal(m);
        struct netpol_request a = http("GET", "/a");
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &a),
               i == 0 ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(plain_allows), TEST(plain_allow_in_doubt), TEST(other_listeners),
        TEST(inside_tls),   TEST(order_of_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
