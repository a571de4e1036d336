/* SPDX-License-Identifier: Apache-2.0 */
/* Cases 1-8, 14, 44, 45: NetworkPolicy and ClusterNetworkPolicy. */
#include "matrix/matrix.h"

static void selected_and_not(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "x", NULL, "10.0.0.9", NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        pod(m, "a", "u", "app=u", "10.0.0.2", NULL);
        policy(m, kubernetes_tier(m), "deny", pods(m, "app=p"), naive ? 0 : INGRESS);
        seal(m);
        EXPECT(m, ASK(m, .from = "10.0.0.9", .to = "10.0.0.1", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        CHECK(m, naive || m->verdict.ingress.reason == NETPOL_REASON_ISOLATED);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/u", .port = 80), NETPOL_ALLOW);
        EXPECT(m, m->verdict.ingress.reason, NETPOL_REASON_NO_POLICY);
    }
}

static void egress_only_then_baseline(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "x", NULL, "10.0.0.9", NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        struct np_tier *t = kubernetes_tier(m);
        /* naive: whoever is selected has been judged by this tier */
        t->end[NP_INGRESS] = naive ? NP_END_ALLOW : NP_END_DENY;
        policy(m, t, "egress", pods(m, "app=p"), naive ? INGRESS | EGRESS : EGRESS);
        struct np_tier *baseline = tier(m, "Baseline", 300, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, baseline, "default", pods(m, ""), 0), NP_INGRESS, NP_ACT_DENY);
        seal(m);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        CHECK(m, naive || m->verdict.ingress.reason == NETPOL_REASON_RULE);
    }
}

static void named_ports(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "x", NULL, "10.0.0.9", NULL);
        named_port(m, pod(m, "a", "p1", "app=p", "10.0.0.1", NULL), "http", 80);
        named_port(m, pod(m, "a", "p2", "app=p", "10.0.0.2", NULL), "http", 8080);
        struct np_policy *p = policy(m, kubernetes_tier(m), "web", pods(m, "app=p"), INGRESS);
        struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        match->service = naive ? port(m, TCP, 8080) : NULL; /* the name looked up once */
        match->dst_ports = naive ? NULL : port_name(m, "http");
        seal(m);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p2", .port = 8080), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p1", .port = 8080),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p1", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p1", .port = 80, .protocol = UDP), NETPOL_DENY);
    }
}

/* A tier before all others with what options add. */
static struct np_match *exemption(struct matrix *m, const char *option, enum np_direction direction)
{
    struct np_tier *t = np_build_find_tier(m->b, "Options");
    if (!t) {
        t = tier(m, "Options", 0, NP_LISTED, NP_END_PASS, NP_ALWAYS);
    }
    struct np_policy *p = policy(m, t, option, pods(m, ""), 0);
    p->synthetic = true;
    struct np_match *match = rule(m, p, direction, NP_ACT_ALLOW);
    m->rule->origin.option = text(m, option);
    return match;
}

static void own_node(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        node(m, "n1", "192.168.0.1");
        node(m, "n2", "192.168.0.2");
        pod(m, "a", "p", "app=p", "10.0.0.1", "n1");
        pod(m, "a", "q", "app=p", "10.0.0.2", NULL);
        exemption(m, "own_node_ingress", NP_INGRESS)->relations =
            naive ? NP_REL_OWN_NODE | NP_REL_OTHER : NP_REL_OWN_NODE;
        policy(m, kubernetes_tier(m), "deny", pods(m, ""), INGRESS);
        seal(m);
        EXPECT(m, ASK(m, .from = "192.168.0.1", .to = "a/p", .port = 80), NETPOL_ALLOW);
        EXPECT(m, m->verdict.ingress.reason, NETPOL_REASON_OPTION);
        EXPECT(m, ASK(m, .from = "192.168.0.2", .to = "a/p", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "192.168.0.1", .to = "a/q", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_UNKNOWN);
        CHECK(m, naive || m->verdict.missing == NETPOL_MISSING_NODE);
    }
}

static void own_address(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        pod(m, "a", "q", "app=p", "10.0.0.2", NULL); /* the same labels are not the same pod */
        if (!naive) {
            exemption(m, "self_traffic", NP_INGRESS)->relations = NP_REL_SELF;
            exemption(m, "self_traffic", NP_EGRESS)->relations = NP_REL_SELF;
        }
        policy(m, kubernetes_tier(m), "deny", pods(m, ""), INGRESS | EGRESS);
        seal(m);
        EXPECT(m, ASK(m, .from = "10.0.0.1", .to = "10.0.0.1", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "10.0.0.1", .to = "10.0.0.2", .port = 80), NETPOL_DENY);
    }
}

static void pod_without_address(struct matrix *m)
{
    enum { ONE_RULE, NAIVE, TWO_RULES };
    for (int variant = ONE_RULE; variant <= TWO_RULES; variant++) {
        begin(m, variant == NAIVE);
        np_build_options(m->b)->unknown_pod_ip = variant == NAIVE;
        pod(m, "a", "s", "app=s", NULL, NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = only(m, cidr(m, "10.0.0.0/8", NP_DOMAIN_ALL));
        if (variant == TWO_RULES) {
            rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = pods(m, "app=s");
        }
        seal(m);
        static const int right[] = {NETPOL_UNKNOWN, NETPOL_DENY, NETPOL_ALLOW};
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/p", .port = 80), right[variant]);
        CHECK(m, variant != ONE_RULE || m->verdict.missing == NETPOL_MISSING_POD_ADDRESS);
    }
}

static void sound_not_complete(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "s", "app=s", NULL, NULL);
    pod(m, "a", "t", "app=t", "10.0.0.7", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    const struct np_literal *ten = cidr(m, "10.0.0.0/8", NP_DOMAIN_ALL);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = only(m, ten);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = except(m, ten);
    seal(m);
    EXPECT(m, ASK(m, .from = "a/s", .to = "a/p", .port = 80), NETPOL_UNKNOWN);
    EXPECT(m, ASK(m, .from = "a/t", .to = "a/p", .port = 80), NETPOL_ALLOW); /* once it is known */
    EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_ALLOW);
}

static void scope_of_the_default(struct matrix *m)
{
    for (int cilium = 0; cilium < 2; cilium++) {
        begin(m, false);
        pod(m, "x", "s", NULL, "10.0.1.1", NULL);
        pod(m, "y", "s", NULL, "10.0.2.1", NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        struct np_tier *t = kubernetes_tier(m);
        if (cilium) { /* the default comes after Baseline, for the whole checkpoint */
            t->end[NP_INGRESS] = NP_END_PASS;
            tier(m, "Default", 400, NP_BY_VERDICT, NP_END_DENY, NP_CHECKPOINT_ISOLATED);
        }
        policy(m, t, "isolate", pods(m, "app=p"), INGRESS);
        struct np_tier *baseline = tier(m, "Baseline", 300, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, baseline, "accept", pods(m, ""), 0), NP_INGRESS, NP_ACT_ALLOW)->far =
            pods(m, "ns:x");
        seal(m);
        EXPECT(m, ASK(m, .from = "x/s", .to = "a/p", .port = 80),
               cilium ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "y/s", .to = "a/p", .port = 80), NETPOL_DENY);
        EXPECT(m, m->verdict.ingress.reason, NETPOL_REASON_ISOLATED);
    }
}

static void every_address(struct matrix *m)
{
    for (int networks = 0; networks < 2; networks++) { /* 0: Cilium's toCIDR */
        begin(m, networks);
        pod(m, "a", "s", "app=s", "10.0.0.9", NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        uint8_t domain = networks ? NP_DOMAIN_ALL : NP_DOMAIN_OUTSIDE;
        struct np_policy *p = policy(m, kubernetes_tier(m), "s", pods(m, "app=s"), EGRESS);
        rule(m, p, NP_EGRESS, NP_ACT_ALLOW)->far = only(m, cidr(m, "0.0.0.0/0", domain));
        seal(m);
        EXPECT(m, ASK(m, .from = "a/s", .to = "a/p", .port = 80),
               networks ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/s", .to = "8.8.8.8", .port = 80), NETPOL_ALLOW);
    }
}

/* Protocols other than TCP, UDP, SCTP. */
static const struct np_service *other_protocols(struct matrix *m)
{
    static const int16_t named[] = {6, 17, 132};
    struct np_port_span spans[3];
    for (int i = 0; i < 3; i++) {
        spans[i] = (struct np_port_span){named[i], true, true, 0, 65535};
    }
    return np_build_service(m->b, spans, 3, true);
}

static int echo(struct matrix *m, bool ports, bool option_allow, bool cluster_deny)
{
    begin(m, option_allow);
    pod(m, "a", "x", NULL, "10.0.0.9", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_tier *t = kubernetes_tier(m);
    if (option_allow) { /* a PASS at the head of the tier, so that its end is skipped too */
        struct np_policy *head = policy(m, t, "other_proto", pods(m, ""), 0);
        head->order = -1;
        rule(m, head, NP_INGRESS, NP_ACT_PASS)->service = other_protocols(m);
    }
    struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), INGRESS);
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->service = ports ? port(m, TCP, 80) : NULL;
    if (cluster_deny) {
        struct np_tier *admin = tier(m, "Admin", 100, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, admin, "deny", pods(m, ""), 0), NP_INGRESS, NP_ACT_DENY);
    }
    seal(m);
    return ASK(m, .from = "a/x", .to = "a/p", .protocol = ICMP, .icmp_type = 8);
}

static void other_protocol(struct matrix *m)
{
    EXPECT(m, echo(m, true, false, false), NETPOL_DENY);
    EXPECT(m, echo(m, false, false, false), NETPOL_ALLOW);
    EXPECT(m, echo(m, false, false, true), NETPOL_DENY);
    EXPECT(m, echo(m, true, true, false), NETPOL_ALLOW); /* other_proto=allow */
    EXPECT(m, echo(m, true, true, true), NETPOL_DENY);
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 81), NETPOL_DENY);
}

static void labels_nobody_has(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "b1", "app=b", "10.0.0.1", NULL);
    pod(m, "a", "b2", "app=b,extra=1", "10.0.0.2", NULL);
    pod(m, "a", "new", "app=never-seen", NULL,
        NULL); /* the question's endpoint, before compiling */
    struct np_tier *t = kubernetes_tier(m);
    struct np_policy *p = policy(m, t, "b", pods(m, "app=b"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = pods(m, "app=never-seen");
    p = policy(m, t, "b2", pods(m, "extra=1"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = pods(m, "app=x");
    seal(m);
    struct netpol_verdict backends[2];
    EXPECT(m, ASK(m, .from = "a/new", .to = "a/b1", .port = 80), NETPOL_ALLOW); /* exact */
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/b2", .port = 80), NETPOL_ALLOW);
    backends[0] = m->verdict; /* naive: the first backend */
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/b1", .port = 80), NETPOL_DENY);
    backends[1] = m->verdict;
    struct netpol_verdict service;
    np_reference_backends(backends, 2, &service);
    EXPECT(m, service.action, NETPOL_UNKNOWN);
    EXPECT(m, service.missing, NETPOL_MISSING_BACKENDS);
    np_reference_backends(backends, 1, &service);
    EXPECT(m, service.action, NETPOL_ALLOW);
    /* an endpoint that came after the compile is not the outside world */
    EXPECT(m, ASK(m, .from = "a/x", .to_ref = UINT64_MAX, .port = 80), NETPOL_UNKNOWN);
    EXPECT(m, m->verdict.ingress.reason, NETPOL_REASON_STALE);
}

const struct matrix_case kubernetes_cases[] = {
    {1,  "isolated without rules, and not selected",       selected_and_not         },
    {2,  "egress-only policy, Baseline denies ingress",    egress_only_then_baseline},
    {3,  "a port name means another number on each pod",   named_ports              },
    {4,  "own node and other node",                        own_node                 },
    {5,  "a pod and its own address",                      own_address              },
    {6,  "a pod without address",                          pod_without_address      },
    {7,  "X or not X on an unknown fact",                  sound_not_complete       },
    {8,  "isolation, then Baseline Accept",                scope_of_the_default     },
    {14, "0.0.0.0/0 and a pod",                            every_address            },
    {44, "ICMP under other_proto",                         other_protocol           },
    {45, "labels that no pod has; backends that disagree", labels_nobody_has        },
    {0,  NULL,                                             NULL                     },
};
