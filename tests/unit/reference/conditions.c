/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions one by one: ports, names, requests, effects, authentication, what is told apart. */
#include "matrix_test.h"

/* A declared port counts for its own protocol, also when the condition names none. */
static void port_names(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    struct np_port_member web = {.name = text(m, "web"), .protocol = -1};
    match->dst_ports = np_build_portset(m->b, &web, 1, false);
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .protocol = UDP), NETPOL_DENY);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 81), NETPOL_DENY);
}

/* Members of a service: an address or an endpoint with a port. */
static void port_members(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    struct np_port_member here = {
        .protocol = TCP, .address = prefix("10.0.0.1").address, .port = 7};
    match->dst_ports = np_build_portset(m->b, &here, 1, false);
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 7), NETPOL_ALLOW);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 8), NETPOL_DENY);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 7, .protocol = UDP), NETPOL_DENY);
    match = one_rule(m);
    match->dst_ports = np_build_portset(m->b, &here, 1, true); /* every other */
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 7), NETPOL_DENY);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 8), NETPOL_ALLOW);
}

/* Names less other names, within numbers: all of them hold. */
static void port_names_narrowed(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    const struct np_port_member members[] = {
        {.name = text(m, "web"),          .protocol = TCP },
        { .name = text(m,        "old"), .protocol = TCP, .excluded = true}
    };
    const struct np_portset web = {.members = members, .count = 1, .within = port(m, TCP, 81)};
    match->dst_ports = np_build_portset_of(m->b, &web);
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_DENY);
    match = one_rule(m);
    const struct np_portset tcp = {
        .complement = true, .members = &members[1], .count = 1, .within = port(m, TCP, 80)};
    match->dst_ports = np_build_portset_of(m->b, &tcp);
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .protocol = UDP), NETPOL_DENY);
    match = one_rule(m);
    const struct np_port_member same[] = {
        members[0], {.name = members[0].name, .protocol = TCP, .excluded = true}
    };
    const struct np_portset less = {.members = same, .count = 2};
    match->dst_ports = np_build_portset_of(m->b, &less);
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_DENY);
}

/* A source port: given, or not (nothing is sent from port 0). */
static void source_ports(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    match->src_service = port(m, TCP, 40000);
    seal(m);
    struct netpol_tuple t = {.family = 4, .protocol = TCP, .dst_port = 80, .src_port = 40000};
    struct netpol_verdict v;
    memcpy(t.src, prefix("10.0.0.9").address.bytes, 16);
    memcpy(t.dst, prefix("10.0.0.1").address.bytes, 16);
    static const struct {
        uint16_t port;
        int right;
    } rows[] = {
        {40000, NETPOL_ALLOW  },
        {40001, NETPOL_DENY   },
        {0,     NETPOL_UNKNOWN}
    };
    for (size_t i = 0; i < 3; i++) {
        t.src_port = rows[i].port;
        np_reference_eval(m->model, &t, NULL, NULL, NULL, &v);
        assert_int_equal(v.action, rows[i].right);
    }
}

/* A range in pieces that hold every port needs no port to be known. */
static void whole_range(void **state)
{
    struct matrix *m = *state;
    for (int gap = 0; gap < 2; gap++) {
        struct np_match *match = one_rule(m);
        const struct np_port_span spans[] = {
            {TCP, true, false, 1000, 65535                },
            {TCP, true, false, 0,    (uint16_t)(999 - gap)},
        };
        match->service = np_build_service(m->b, spans, 2, false);
        seal(m);
        struct netpol_tuple t = {.family = 4, .protocol = TCP, .flags = NETPOL_TUPLE_NO_PORTS};
        struct netpol_verdict v;
        memcpy(t.src, prefix("10.0.0.9").address.bytes, 16);
        memcpy(t.dst, prefix("10.0.0.1").address.bytes, 16);
        np_reference_eval(m->model, &t, NULL, NULL, NULL, &v);
        assert_int_equal(v.action, gap ? NETPOL_UNKNOWN : NETPOL_ALLOW);
    }
}

static void dns_patterns(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool right;
    } rows[] = {
        {"a.com",   "A.com.",    true },
        {"a.com",   "b.a.com",   false},
        {"*.a.com", "b.a.com",   true },
        {"*.a.com", "c.b.a.com", true },
        {"*.a.com", "a.com",     false},
        {"*.a.com", ".a.com",    false},
        {"*.a.com", "xa.com",    false},
        {"*",       "any",       true },
        {"*",       "",          false},
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->far = only(m, names(m, rows[i].pattern));
        seal(m);
        struct netpol_string name = str(rows[i].name);
        struct netpol_request known = plain();
        known.src_names_given = 1;
        known.src_names = &name;
        known.n_src_names = 1;
        assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .request = &known),
                         rows[i].right ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

/* A header given several times is read as one text joined by commas. */
static void joined_headers(void **state)
{
    static const struct {
        int kind;
        const char *pattern;
        bool right;
    } rows[] = {
        {NP_PATTERN_EXACT,    "ab,,CD", true },
        {NP_PATTERN_EXACT,    "ab",     false},
        {NP_PATTERN_PREFIX,   "ab,",    true },
        {NP_PATTERN_PREFIX,   "b",      false},
        {NP_PATTERN_SUFFIX,   ",CD",    true },
        {NP_PATTERN_SUFFIX,   "cd",     false},
        {NP_PATTERN_CONTAINS, "b,,C",   true },
        {NP_PATTERN_CONTAINS, "bC",     false},
        {NP_PATTERN_PRESENT,  NULL,     true },
    };
    struct matrix *m = *state;
    struct netpol_pair headers[] = {
        {str("X"), str("ab")},
        {str("y"), str("z") },
        {str("x"), str("")  },
        {str("x"), str("CD")}
    };
    struct netpol_request get = http("GET", "/");
    get.headers = headers;
    get.n_headers = 4;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        struct np_expr expr = {.op = NP_EXPR_ATOM, .view = NP_VIEW_HEADER, .name = text(m, "x")};
        expr.pattern.kind = (uint8_t)rows[i].kind;
        expr.pattern.text = text(m, rows[i].pattern);
        match->request = np_build_expr(m->b, &expr);
        seal(m);
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         rows[i].right ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

/* What a path would become is not guessed. */
static void paths_in_doubt(void **state)
{
    static const struct {
        const char *path;
        int right;
    } rows[] = {
        {"/a",      NETPOL_ALLOW  },
        {"/a?x=%2", NETPOL_ALLOW  },
        {"/b",      NETPOL_DENY   },
        {"/b/../a", NETPOL_INSPECT},
        {"/%61",    NETPOL_INSPECT},
        {"//a",     NETPOL_INSPECT},
        {"/a/.",    NETPOL_INSPECT},
        {"/a\\",    NETPOL_INSPECT},
        {"/.a",     NETPOL_DENY   },
    };
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    match->request = atom(m, NP_VIEW_PATH_ISTIO, "/a");
    seal(m);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct netpol_request get = http("GET", rows[i].path);
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         rows[i].right);
    }
}

/* An expression deeper than the bound is not judged, so it never allows. */
static void deep_expression(void **state)
{
    struct matrix *m = *state;
    for (int depth = NP_EXPR_DEPTH; depth <= NP_EXPR_DEPTH + 1; depth++) {
        struct np_match *match = one_rule(m);
        const struct np_expr *expr = atom(m, NP_VIEW_METHOD, "GET");
        for (int i = 1; i < depth; i++) {
            expr = all(m, expr, NULL);
        }
        match->request = expr;
        seal(m);
        struct netpol_request get = http("GET", "/");
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         depth > NP_EXPR_DEPTH ? NETPOL_UNKNOWN : NETPOL_ALLOW);
    }
}

/* A header as rules before left it: replaced, deleted; without room it is in doubt. */
static void effects_on_headers(void **state)
{
    static const struct {
        int effect;
        const char *given;
        int right;
    } rows[] = {
        {NP_EFFECT_REPLACE_HEADER, "0", NETPOL_ALLOW},
        {NP_EFFECT_ADD_HEADER,     "0", NETPOL_DENY }, /* "0,1" */
        {NP_EFFECT_DELETE_HEADER,  "1", NETPOL_DENY },
        {NP_EFFECT_LOG,            "1", NETPOL_ALLOW},
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->request = atom(m, NP_VIEW_METHOD, "never");
        struct np_effect effect = {
            .kind = (uint8_t)rows[i].effect, .name = text(m, "x"), .value = text(m, "1")};
        np_build_effect(m->b, m->rule, &effect);
        struct np_policy *later =
            policy(m, np_build_find_tier(m->b, "NetworkPolicy"), "q", pods(m, "app=p"), INGRESS);
        rule(m, later, NP_INGRESS, NP_ACT_ALLOW)->request = header(m, "X", "1");
        seal(m);
        struct netpol_pair headers[] = {
            {str("x"), str(rows[i].given)}
        };
        struct netpol_request get = http("GET", "/");
        get.headers = headers;
        get.n_headers = 1;
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         rows[i].right);
        struct netpol_tuple t = {.family = 4, .protocol = TCP, .dst_port = 80, .src_port = 1};
        struct netpol_verdict v;
        memcpy(t.src, prefix("10.0.0.9").address.bytes, 16);
        memcpy(t.dst, prefix("10.0.0.1").address.bytes, 16);
        assert_int_equal(np_reference_room(m->model), 2); /* one effect, two checkpoints */
        np_reference_eval_in(m->model, &t, &get, NULL, NULL, NULL, NULL, &v);
        assert_int_equal(v.action, NETPOL_INSPECT);
    }
}

/* Effects of a rule in a tier that is not reached do not happen. */
static void effects_behind_a_decision(void **state)
{
    struct matrix *m = *state;
    for (int pass = 0; pass < 2; pass++) {
        begin(m, false);
        pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        /* egress of x sets the header in its second tier, if that is reached */
        struct np_tier *first = tier(m, "1", 1, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, first, "one", pods(m, "app=x"), 0), NP_EGRESS,
             pass ? NP_ACT_PASS : NP_ACT_ALLOW);
        struct np_tier *second = tier(m, "2", 2, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        rule(m, policy(m, second, "two", pods(m, "app=x"), 0), NP_EGRESS, NP_ACT_ALLOW);
        struct np_effect effect = {
            .kind = NP_EFFECT_ADD_HEADER, .name = text(m, "x"), .value = text(m, "1")};
        np_build_effect(m->b, m->rule, &effect);
        /* ingress of p asks for it: later checkpoints see what earlier ones did */
        struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->request = header(m, "x", "1");
        seal(m);
        struct netpol_request get = http("GET", "/");
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &get),
                         pass ? NETPOL_ALLOW : NETPOL_DENY);
    }
}

/* A rank decides before the next one, whatever that says. */
static void ranks_before_verdicts(void **state)
{
    struct matrix *m = *state;
    (void)one_rule(m); /* an allow */
    m->rule->rank = 0;
    struct np_policy *p =
        policy(m, np_build_find_tier(m->b, "NetworkPolicy"), "q", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_DENY);
    m->rule->rank = 1;
    seal(m);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
}

/* A redirect that may be there makes an allow beside it INSPECT. */
static void redirect_in_doubt(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    match->far = only(m, names(m, "a.com"));
    m->rule->redirect_parser = NP_PARSER_HTTP;
    m->rule->rank = 0;
    struct np_policy *p =
        policy(m, np_build_find_tier(m->b, "NetworkPolicy"), "q", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    m->rule->rank = 1;
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_INSPECT);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
}

/* Which rules match is in doubt, and they ask for different authentication. */
static void authentication_in_doubt(void **state)
{
    struct matrix *m = *state;
    struct np_match *match = one_rule(m);
    match->far = only(m, names(m, "a.com"));
    m->rule->auth_mode = 1;
    m->rule->auth_explicit = true;
    struct np_policy *p =
        policy(m, np_build_find_tier(m->b, "NetworkPolicy"), "q", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    seal(m);
    struct netpol_request said = plain();
    said.authenticated = NETPOL_TRI_NO;
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .request = &said), NETPOL_UNKNOWN);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .request = &said), NETPOL_ALLOW);
    said.authenticated = NETPOL_TRI_YES;
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .request = &said), NETPOL_ALLOW);
}

/* Staged policies: added beside their namesake, or in its place; a staged deletion removes it. */
static void staged_namesakes(void **state)
{
    enum { ADD, PROMOTE };
    static const struct {
        int option, state;
        bool would_deny;
    } rows[] = {
        {ADD,     NP_STAGED_SET,    false}, /* the enforced one still allows */
        {PROMOTE, NP_STAGED_SET,    true }, /* it is replaced by one that allows nothing */
        {ADD,     NP_STAGED_DELETE, false}, /* nothing isolates any more */
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_match *match = one_rule(m);
        match->service = port(m, TCP, 80);
        np_build_options(m->b)->staged = (uint8_t)rows[i].option;
        struct np_tier *t = np_build_find_tier(m->b, "NetworkPolicy");
        policy(m, t, "p", pods(m, "app=p"), INGRESS)->state = (uint8_t)rows[i].state;
        seal(m);
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
        assert_int_equal(!!(m->verdict.ingress.flags & NETPOL_PART_WOULD_DENY), rows[i].would_deny);
        assert_int_equal(m->verdict.ingress.staged != 0, i != 0);
        assert_int_equal(netpol_part_pending(&m->verdict.ingress),
                         rows[i].would_deny ? NETPOL_DENY : NETPOL_ALLOW);
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 81), NETPOL_DENY);
        assert_int_equal(m->verdict.ingress.staged != 0, i != 0);
        bool deleted = rows[i].state == NP_STAGED_DELETE;
        assert_int_equal(netpol_verdict_pending(&m->verdict), deleted ? NETPOL_ALLOW : NETPOL_DENY);
        assert_int_equal(!!(m->verdict.ingress.flags & NETPOL_PART_STAGED_ALLOW), deleted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(port_names),
        TEST(port_members),
        TEST(port_names_narrowed),
        TEST(source_ports),
        TEST(whole_range),
        TEST(dns_patterns),
        TEST(joined_headers),
        TEST(paths_in_doubt),
        TEST(deep_expression),
        TEST(effects_on_headers),
        TEST(effects_behind_a_decision),
        TEST(ranks_before_verdicts),
        TEST(redirect_in_doubt),
        TEST(authentication_in_doubt),
        TEST(staged_namesakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
