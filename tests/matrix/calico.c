/* SPDX-License-Identifier: Apache-2.0 */
/* Cases 21-32: Calico. */
#include "matrix/matrix.h"

enum { COVERING = NP_OBJ_WORKLOAD | NP_OBJ_HOST_ENDPOINT | NP_OBJ_NETWORK_SET };

static struct np_tier *calico_tier(struct matrix *m)
{
    return tier(m, "default", 1000000, NP_LISTED, NP_END_DENY, NP_TIER_ISOLATED);
}

/* Does an ingress Allow with this far end match the source? */
static bool source_matches(struct matrix *m, const struct np_set *far, const char *source)
{
    struct np_policy *p = policy(m, calico_tier(m), "p", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = far;
    seal(m);
    return ASK(m, .from = source, .to = "a/p", .port = 80) == NETPOL_ALLOW;
}

static void cover(struct matrix *m, bool naive)
{
    begin(m, naive);
    pod(m, "a", "p", "app=p", "10.9.0.1", NULL);
    pod(m, "a", "s", naive ? "app=x,role=ext" : "app=x", "10.0.0.5", NULL);
    if (!naive) {
        thing(m, NP_OBJ_NETWORK_SET, "ext", "role=ext", "10.0.0.0/24");
    }
}

static void one_object_at_a_time(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) { /* naive: the labels of both on one thing */
        cover(m, naive);
        const struct np_selector *ext_x = labels(m, "role=ext,app=x");
        EXPECT(m, source_matches(m, only(m, objects(m, COVERING, ext_x)), "10.0.0.5"), naive);
        cover(m, naive);
        const struct np_selector *no_app = term(m, "app", NP_OP_ABSENT, NULL);
        EXPECT(m, source_matches(m, only(m, objects(m, COVERING, no_app)), "10.0.0.5"), !naive);
    }
}

static void sets_that_overlap(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) { /* naive: only the longest prefix speaks */
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.9.0.1", NULL);
        thing(m, NP_OBJ_NETWORK_SET, "a", "zone=a", naive ? "10.0.0.0/16" : "10.0.0.0/8");
        thing(m, NP_OBJ_NETWORK_SET, "b", "zone=b", "10.1.0.0/16");
        const struct np_set *zone_a = only(m, objects(m, COVERING, labels(m, "zone=a")));
        EXPECT(m, source_matches(m, zone_a, "10.1.2.3"), !naive);
        EXPECT(m, ASK(m, .from = "10.0.2.3", .to = "a/p", .port = 80), NETPOL_ALLOW);
    }
}

static void outside(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "p", "app=p", "10.9.0.1", NULL);
}

static void negation_at_the_address(struct matrix *m)
{
    outside(m);
    const struct np_selector *has_app = term(m, "app", NP_OP_EXISTS, NULL);
    EXPECT(m, source_matches(m, except(m, objects(m, COVERING, has_app)), "8.8.8.8"), true);
    outside(m); /* namespaced: one selector with the namespace of the policy */
    const struct np_selector *here = both(m, labels(m, "ns:a"), term(m, "app", NP_OP_ABSENT, NULL));
    EXPECT(m, source_matches(m, only(m, objects(m, COVERING, here)), "8.8.8.8"), false);
    outside(m);
    const struct np_selector *no_app = term(m, "app", NP_OP_ABSENT, NULL);
    EXPECT(m, source_matches(m, only(m, objects(m, COVERING, no_app)), "8.8.8.8"), false);
}

static void own_side(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.5", NULL);
        pod(m, "a", "q", "app=p", "10.0.0.6", NULL);
        struct np_policy *p = policy(m, calico_tier(m), "p", pods(m, "app=p"), INGRESS);
        struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        match->near = naive ? NULL : only(m, cidr(m, "10.0.0.5/32", NP_DOMAIN_ALL));
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 80), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.6", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

static void family_of_a_list(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.5", NULL);
        struct np_tier *t = calico_tier(m);
        t->end[NP_INGRESS] = NP_END_PASS;
        struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), INGRESS);
        struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_DENY);
        match->far = except(m, cidr(m, "fd00::/8", NP_DOMAIN_ALL));
        match->families = naive ? NP_FAMILY_ANY : NP_FAMILY_6;
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

static void tier_without_this_direction(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.5", NULL);
        struct np_tier *first = tier(m, "T", 1, NP_LISTED, NP_END_DENY, NP_TIER_ISOLATED);
        policy(m, first, "egress", pods(m, "app=p"), naive ? INGRESS | EGRESS : EGRESS);
        struct np_policy *p = policy(m, calico_tier(m), "p", pods(m, "app=p"), INGRESS);
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

static void all_staged(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.5", NULL);
        struct np_policy *p = policy(m, calico_tier(m), "staged", pods(m, "app=p"), INGRESS);
        p->state = naive ? NP_ENFORCED : NP_STAGED_SET;
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        if (!naive) {
            const struct np_decision *staged = &m->model->decisions[m->verdict.ingress.staged];
            CHECK(m, m->verdict.ingress.flags & NETPOL_PART_WOULD_DENY);
            EXPECT(m, netpol_verdict_pending(&m->verdict), NETPOL_DENY);
            EXPECT(m, staged->kind, NP_DECIDED_ISOLATION);
            CHECK(m, staged->policy && staged->policy->state == NP_STAGED_SET);
        }
    }
}

/* ---- host endpoints ---- */

static void hosts(struct matrix *m)
{
    node(m, "n1", "192.168.0.1");
    pod(m, "a", "p", "app=p", "10.0.0.5", "n1");
    thing(m, NP_OBJ_HOST_ENDPOINT, "n1-eth0", "role=host", "192.168.0.1")->node_name =
        text(m, "n1");
}

static struct np_stage *host_stage(struct matrix *m, struct np_checkpoint *c, const char *name,
                                   enum np_stage_view view, unsigned routes, enum np_on_end end)
{
    struct np_stage *stage = np_build_stage(m->b, c, name);
    stage->view = (uint8_t)view;
    stage->applies = (uint8_t)routes;
    stage->on_end = (uint8_t)end;
    return stage;
}

/* A policy for host endpoints in a tier of this stage alone. */
static struct np_policy *host_policy(struct matrix *m, struct np_stage *stage, const char *name,
                                     enum np_end_action end)
{
    struct np_tier *t = np_build_tier(m->b, name, 1, NP_LISTED);
    t->end[NP_INGRESS] = (uint8_t)end;
    t->end_if = NP_TIER_ISOLATED;
    np_build_add_tier(m->b, stage, t);
    return policy(m, t, name, only(m, objects(m, NP_OBJ_HOST_ENDPOINT, labels(m, "role=host"))),
                  INGRESS);
}

static struct netpol_request through_node_port(void)
{
    static const uint8_t n1[] = {192, 168, 0, 1};
    struct netpol_request request = plain();
    request.original_family = 4;
    memcpy(request.original, n1, sizeof n1);
    request.original_port = 30080;
    return request;
}

static void node_port(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        hosts(m);
        struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_HOST, NP_INGRESS, "host");
        struct np_stage *before = host_stage(m, c, "preDNAT", naive ? NP_POST_NAT : NP_PRE_NAT,
                                             NP_ROUTE_ANY, NP_ON_END_NEXT);
        host_stage(m, c, "forward", NP_POST_NAT, NP_ROUTE_FORWARDED, NP_ON_END_ALLOW);
        host_stage(m, c, "normal", NP_POST_NAT, NP_ROUTE_TO_FROM_HOST, NP_ON_END_DENY);
        struct np_policy *p = host_policy(m, before, "no-node-port", NP_END_PASS);
        rule(m, p, NP_INGRESS, NP_ACT_DENY)->service = port(m, TCP, 30080);
        seal(m);
        struct netpol_request request = through_node_port();
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 8080, .request = &request),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 8080), NETPOL_ALLOW);
        EXPECT(m,
               ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 8080, .request = &request,
                   .point = {.hook = NETPOL_HOOK_FORWARD}),
               NETPOL_ALLOW); /* one enforcement point alone */
    }
}

static void accepted_before_translation(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) { /* naive: an Allow there only goes on */
        begin(m, naive);
        hosts(m);
        struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_HOST, NP_INGRESS, "host");
        struct np_stage *before =
            host_stage(m, c, "preDNAT", NP_PRE_NAT, NP_ROUTE_ANY, NP_ON_END_NEXT);
        host_stage(m, c, "forward", NP_POST_NAT, NP_ROUTE_FORWARDED, NP_ON_END_ALLOW);
        struct np_stage *normal =
            host_stage(m, c, "normal", NP_POST_NAT, NP_ROUTE_TO_FROM_HOST, NP_ON_END_DENY);
        rule(m, host_policy(m, before, "allow", NP_END_PASS), NP_INGRESS,
             naive ? NP_ACT_PASS : NP_ACT_ALLOW);
        host_policy(m, normal, "deny", NP_END_DENY);
        policy(m, calico_tier(m), "pod", pods(m, "app=p"), INGRESS);
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "192.168.0.1", .port = 22),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 8080), NETPOL_DENY);
        const struct np_decision *by = &m->model->decisions[m->verdict.ingress.rule];
        CHECK(m, by->policy && np_slice_is(np_str_slice(by->policy->name), "pod"));
    }
}

static void forwarded(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        hosts(m);
        struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_HOST, NP_INGRESS, "host");
        struct np_stage *normal =
            host_stage(m, c, "normal", NP_POST_NAT, naive ? NP_ROUTE_ANY : NP_ROUTE_TO_FROM_HOST,
                       NP_ON_END_DENY);
        host_policy(m, normal, "deny", NP_END_DENY);
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "10.0.0.5", .port = 8080),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "192.168.0.1", .port = 8080), NETPOL_DENY);
    }
}

/* ---- ports and requests ---- */

static void names_within_the_selector(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "s", "app=s", "10.0.0.9", NULL);
        named_port(m, pod(m, "a", "t", "app=t", "10.0.0.1", NULL), "web", 8080);
        named_port(m, pod(m, "a", "o", "app=o", "10.0.0.2", NULL), "web", 80);
        struct np_policy *p = policy(m, calico_tier(m), "s", pods(m, "app=s"), EGRESS);
        struct np_match *match = rule(m, p, NP_EGRESS, NP_ACT_ALLOW);
        match->far = pods(m, "app=t");
        match->service = port(m, TCP, 80);
        match->dst_ports = port_name(m, "web");
        if (naive) {
            np_build_alt(m->b, m->rule)->dst_ports = port_name(m, "web");
        }
        seal(m);
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/o", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/t", .port = 80), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/t", .port = 8080), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/t", .port = 81), NETPOL_DENY);
    }
}

static void request_that_is_not_http(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.5", NULL);
        struct np_policy *p = policy(m, calico_tier(m), "p", pods(m, "app=p"), INGRESS);
        struct np_expr get = {.op = NP_EXPR_ATOM, .view = NP_VIEW_METHOD, .absent = !naive};
        get.pattern.text = text(m, "GET");
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->request = np_build_expr(m->b, &get);
        seal(m);
        struct netpol_request opaque = plain();
        struct netpol_request post = http("POST", "/");
        opaque.payload = NETPOL_PAYLOAD_OPAQUE;
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_INSPECT);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80, .request = &opaque),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80, .request = &post),
               NETPOL_DENY);
    }
}

const struct matrix_case calico_cases[] = {
    {21, "two things at one address",                one_object_at_a_time       },
    {22, "network sets that overlap",                sets_that_overlap          },
    {23, "notSelector, and an address outside",      negation_at_the_address    },
    {24, "an address of the own side",               own_side                   },
    {25, "a list of the other family",               family_of_a_list           },
    {26, "a tier without a policy this direction",   tier_without_this_direction},
    {27, "a tier that is all staged",                all_staged                 },
    {28, "preDNAT deny of a node port",              node_port                  },
    {29, "preDNAT Allow, to the host and forwarded", accepted_before_translation},
    {30, "forwarded past a host endpoint",           forwarded                  },
    {31, "a port name within the selector",          names_within_the_selector  },
    {32, "http, and a request that is not HTTP",     request_that_is_not_http   },
    {0,  NULL,                                       NULL                       },
};
