/* SPDX-License-Identifier: Apache-2.0 */
/* Cases 9-13, 15-20: Cilium. */
#include "matrix/matrix.h"

static struct np_tier *normal(struct matrix *m)
{
    return tier(m, "Normal", 200, NP_BY_VERDICT, NP_END_PASS, NP_ALWAYS);
}

/* The default is only here: denied when any policy of the checkpoint isolates. */
static void defaults(struct matrix *m)
{
    tier(m, "Default", 255, NP_BY_VERDICT, NP_END_DENY, NP_CHECKPOINT_ISOLATED);
}

static void two_pods(struct matrix *m)
{
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "y", "app=y", "10.0.0.8", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
}

static void deny_before_allow(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_tier *t = normal(m);
        t->rank_order = naive ? NP_LISTED : NP_BY_VERDICT;
        struct np_match *match =
            rule(m, policy(m, t, "allow", pods(m, "app=p"), INGRESS), NP_INGRESS, NP_ACT_ALLOW);
        match->far = pods(m, "app=x");
        match->service = port(m, TCP, 80);
        rule(m, policy(m, t, "deny", pods(m, "app=p"), INGRESS), NP_INGRESS, NP_ACT_DENY)->far =
            pods(m, "app=x");
        defaults(m);
        seal(m);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

/* An ALLOW on port 80 of p that sends traffic to a proxy. */
static struct np_match *http_rule(struct matrix *m, struct np_policy *p, const char *method,
                                  const char *path)
{
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->service = port(m, TCP, 80);
    match->request = atom(m, NP_VIEW_PATH_CILIUM, path);
    if (method) {
        match->request = all(m, atom(m, NP_VIEW_METHOD, method), match->request);
    }
    m->rule->redirect_parser = NP_PARSER_HTTP;
    return match;
}

static void beside_a_plain_allow(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_policy *p = policy(m, normal(m), "l7", pods(m, "app=p"), INGRESS);
        http_rule(m, p, "GET", "/a");
        m->rule->redirect_parser = naive ? NP_PARSER_NONE : NP_PARSER_HTTP;
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->service = port(m, TCP, 80);
        defaults(m);
        seal(m);
        struct netpol_request post = http("POST", "/b");
        struct netpol_request opaque = plain();
        opaque.payload = NETPOL_PAYLOAD_OPAQUE;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_INSPECT);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &post), NETPOL_ALLOW);
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &opaque),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        CHECK(m, naive || m->verdict.ingress.reason == NETPOL_REASON_PROTOCOL);
    }
}

static void without_default_deny(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_tier *t = normal(m);
        unsigned isolates = naive ? INGRESS : 0;
        rule(m, policy(m, t, "deny-x", pods(m, "app=p"), isolates), NP_INGRESS, NP_ACT_DENY)->far =
            pods(m, "app=x");
        http_rule(m, policy(m, t, "l7", pods(m, "app=p"), isolates), "GET", "/a");
        if (!naive) { /* the rule's own program gets an alternative that is always true */
            np_build_alt(m->b, m->rule)->service = port(m, TCP, 80);
        }
        defaults(m);
        seal(m);
        struct netpol_request post = http("POST", "/b");
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &post), NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/y", .to = "a/p", .port = 80, .request = &post),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

/* R1: /a, header X-A mismatch ADD, header X-B (absent, so R1 fails). R2: /a with X-A: 1. */
static int with_effects(struct matrix *m, bool effects, const char *first, const char *second)
{
    begin(m, !effects);
    two_pods(m);
    struct np_tier *t = normal(m);
    struct np_match *r1 = http_rule(m, policy(m, t, first, pods(m, "app=p"), INGRESS), NULL, "/a");
    r1->request = all(m, r1->request, header(m, "X-B", NULL));
    if (effects) {
        struct np_effect add = {
            .kind = NP_EFFECT_ADD_HEADER,
            .unless = any(m, not(m, atom(m, NP_VIEW_PATH_CILIUM, "/a")), header(m, "X-A", "1")),
            .name = text(m, "x-a"),
            .value = text(m, "1")};
        np_build_effect(m->b, m->rule, &add);
    }
    struct np_match *r2 = http_rule(m, policy(m, t, second, pods(m, "app=p"), INGRESS), NULL, "/a");
    r2->request = all(m, r2->request, header(m, "X-A", "1"));
    defaults(m);
    seal(m);
    struct netpol_request get = http("GET", "/a");
    return ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get);
}

static void effects_of_a_failing_rule(struct matrix *m)
{
    EXPECT(m, with_effects(m, true, "r1", "r2"), NETPOL_ALLOW);
    struct netpol_request other = http("GET", "/b");
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &other), NETPOL_DENY);
    EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_INSPECT);
    EXPECT(m, with_effects(m, false, "r1", "r2"), NETPOL_DENY);
    EXPECT(m, with_effects(m, true, "z1", "r2"), NETPOL_DENY); /* step order matters */
}

static void server_name_and_request(struct matrix *m)
{
    for (int same_rule = 0; same_rule < 2; same_rule++) {
        begin(m, same_rule);
        two_pods(m);
        np_build_options(m->b)->sni_http_join = (uint8_t)same_rule;
        struct np_policy *p = policy(m, normal(m), "l7", pods(m, "app=p"), INGRESS);
        http_rule(m, p, "GET", "/x")->connection = atom(m, NP_VIEW_SNI, "a");
        http_rule(m, p, "GET", "/y")->connection = atom(m, NP_VIEW_SNI, "b");
        defaults(m);
        seal(m);
        struct netpol_request get = http("GET", "/y");
        get.sni = (struct netpol_field){NETPOL_PRESENT, str("a")};
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
               same_rule ? NETPOL_DENY : NETPOL_ALLOW);
        get.sni.value = str("c"); /* no rule accepts it */
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get), NETPOL_DENY);
    }
}

static void name_and_prefix(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_tier *t = normal(m);
        struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), EGRESS);
        const struct np_literal *a_com = names(m, "a.com");
        const struct np_literal *range = cidr(m, "1.2.0.0/16", NP_DOMAIN_OUTSIDE);
        rule(m, p, NP_EGRESS, NP_ACT_ALLOW)->far = only(m, a_com);
        rule(m, p, NP_EGRESS, NP_ACT_DENY)->far =
            naive ? minus(m, range, a_com) : only(m, range); /* the /32 hides the prefix */
        defaults(m);
        seal(m);
        struct netpol_string learnt[] = {str("a.com")};
        struct netpol_request known = plain();
        known.dst_names_given = 1;
        known.dst_names = learnt;
        known.n_dst_names = 1;
        EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 80, .request = &known),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, ASK(m, .from = "a/p", .to = "5.6.7.8", .port = 80, .request = &known),
               NETPOL_ALLOW);
    }
}

static void combination_of_names(struct matrix *m)
{
    begin(m, false);
    two_pods(m);
    struct np_policy *p = policy(m, normal(m), "p", pods(m, "app=p"), EGRESS);
    static const char *const wanted[] = {"f.com", "*.g.com"};
    for (uint16_t i = 0; i < 2; i++) {
        struct np_match *match = rule(m, p, NP_EGRESS, NP_ACT_ALLOW);
        match->far = only(m, names(m, wanted[i]));
        match->service = port(m, TCP, (uint16_t)(i + 1));
    }
    defaults(m);
    seal(m);
    struct netpol_string learnt[] = {str("F.com."), str("www.g.com"), str("g.com")};
    struct netpol_request known = plain();
    known.dst_names_given = 1;
    known.dst_names = learnt;
    known.n_dst_names = 2;
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 1, .request = &known), NETPOL_ALLOW);
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 2, .request = &known), NETPOL_ALLOW);
    known.n_dst_names = 1; /* g expired; f is left */
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 1, .request = &known), NETPOL_ALLOW);
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 2, .request = &known), NETPOL_DENY);
    known.dst_names = learnt + 2; /* "*.g.com" is not g.com */
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 2, .request = &known), NETPOL_DENY);
    EXPECT(m, ASK(m, .from = "a/p", .to = "1.2.3.4", .port = 1), NETPOL_UNKNOWN);
    EXPECT(m, m->verdict.missing, NETPOL_MISSING_NAMES);
    EXPECT(m, ASK(m, .from = "a/p", .to = "a/x", .port = 1), NETPOL_DENY); /* a pod has no names */
}

static void world_has_labels(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        thing(m, NP_OBJ_LABELLED_ADDR, "world", "reserved:world=", "0.0.0.0/0");
        struct np_policy *p = policy(m, normal(m), "p", pods(m, "app=p"), INGRESS);
        uint16_t kinds = naive ? NP_OBJ_WORKLOAD : NP_OBJ_WORKLOAD | NP_OBJ_LABELLED_ADDR;
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far =
            only(m, objects(m, kinds,
                            term(m, "io.cilium.k8s.namespace.labels.team", NP_OP_NOT_IN, "x")));
        defaults(m);
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

static void authentication(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_tier *t = normal(m);
        t->rank_order = naive ? NP_LISTED : NP_BY_VERDICT; /* naive: the first that matches */
        struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), INGRESS);
        struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        match->far = pods(m, "app=x");
        match->service = port(m, TCP, 80);
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = pods(m, "app=x");
        m->rule->auth_mode = 1;
        m->rule->auth_explicit = true;
        defaults(m);
        seal(m);
        struct netpol_request said = plain();
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80),
               naive ? NETPOL_ALLOW : NETPOL_INSPECT);
        CHECK(m, naive || (m->verdict.ingress.flags & NETPOL_PART_AUTH_REQUIRED));
        said.authenticated = NETPOL_TRI_NO;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &said),
               naive ? NETPOL_ALLOW : NETPOL_DENY);
        said.authenticated = NETPOL_TRI_YES;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &said), NETPOL_ALLOW);
    }
}

static void topics(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_policy *p = policy(m, normal(m), "p", pods(m, "app=p"), INGRESS);
        static const char *const allowed[] = {"t1", "t2"};
        for (int i = 0; i < 2; i++) {
            struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
            match->request = atom(m, NP_VIEW_KAFKA_TOPIC, allowed[i]);
            m->rule->redirect_parser = NP_PARSER_KAFKA;
            m->rule->for_all_topics = !naive;
        }
        defaults(m);
        seal(m);
        struct netpol_string asked[] = {str("t1"), str("t2"), str("t3")};
        struct netpol_request produce = plain();
        produce.kind = NETPOL_REQUEST_KAFKA;
        produce.kafka_topics = asked;
        produce.n_kafka_topics = 2;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 9092, .request = &produce),
               NETPOL_ALLOW);
        produce.n_kafka_topics = 3;
        EXPECT(m, ASK(m, .from = "a/x", .to = "a/p", .port = 9092, .request = &produce),
               naive ? NETPOL_ALLOW : NETPOL_DENY); /* naive: one topic that matches is enough */
    }
}

static void pass_with_nothing_behind(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        begin(m, naive);
        two_pods(m);
        struct np_tier *admin = tier(m, "Admin", 100, NP_BY_VERDICT, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, admin, "pass", pods(m, ""), 0), NP_INGRESS, NP_ACT_PASS);
        normal(m);
        tier(m, "Default", 255, NP_BY_VERDICT, NP_END_DENY,
             naive ? NP_ALWAYS : NP_CHECKPOINT_ISOLATED);
        seal(m);
        EXPECT(m, ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80),
               naive ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

const struct matrix_case cilium_cases[] = {
    {9,  "L3-only deny, L3 and L4 allow",                 deny_before_allow        },
    {10, "an HTTP rule beside a plain allow",             beside_a_plain_allow     },
    {11, "enableDefaultDeny=false with L7",               without_default_deny     },
    {12, "effects of a rule that fails",                  effects_of_a_failing_rule},
    {13, "server name from one rule, request of another", server_name_and_request  },
    {15, "toFQDNs and a denied prefix",                   name_and_prefix          },
    {16, "a combination of names, then one expires",      combination_of_names     },
    {17, "NotIn, and the world",                          world_has_labels         },
    {18, "authentication of a broader rule",              authentication           },
    {19, "two Kafka topics, a rule each",                 topics                   },
    {20, "Admin Pass, nothing behind it",                 pass_with_nothing_behind },
    {0,  NULL,                                            NULL                     },
};
