/* SPDX-License-Identifier: Apache-2.0 */
/* How branches, checkpoints, parts and hops become one answer, and who is named for it. */
#include "matrix_test.h"

static void two_pods(struct matrix *m)
{
    begin(m, false);
    node(m, "n1", "192.168.0.1");
    node(m, "n2", "192.168.0.2");
    pod(m, "a", "x", "app=x", "10.0.0.9", "n1");
    pod(m, "a", "p", "app=p", "10.0.0.1", "n2");
}

/* Both branches allow, one of them through a proxy: the proxy may have to look. */
static void proxy_on_one_branch(struct matrix *m, bool redirect)
{
    two_pods(m);
    struct np_tier *t = tier(m, "1", 1, NP_LISTED, NP_END_PASS, NP_ALWAYS);
    struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), 0);
    rule(m, p, NP_INGRESS, NP_ACT_PASS)->far = only(m, names(m, "a.com"));
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    t = tier(m, "2", 2, NP_LISTED, NP_END_PASS, NP_ALWAYS);
    rule(m, policy(m, t, "q", pods(m, "app=p"), 0), NP_INGRESS, NP_ACT_ALLOW);
    m->rule->redirect_parser = redirect ? NP_PARSER_HTTP : NP_PARSER_NONE;
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80),
                     redirect ? NETPOL_INSPECT : NETPOL_ALLOW);
}

static void inspection_of_a_branch(void **state)
{
    proxy_on_one_branch(*state, true);
    proxy_on_one_branch(*state, false); /* the doubt separates nothing */
}

/* A fact chooses between two programs: not the request alone decides. */
static void a_fact_between_programs(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    struct np_tier *t = tier(m, "1", 1, NP_LISTED, NP_END_DENY, NP_ALWAYS);
    struct np_policy *p = policy(m, t, "p", pods(m, "app=p"), 0);
    t->end[NP_EGRESS] = NP_END_PASS;
    rule(m, p, NP_INGRESS, NP_ACT_PASS)->far = only(m, names(m, "a.com"));
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->request = atom(m, NP_VIEW_METHOD, "GET");
    t = tier(m, "2", 2, NP_LISTED, NP_END_DENY, NP_ALWAYS);
    t->end[NP_EGRESS] = NP_END_PASS;
    rule(m, policy(m, t, "q", pods(m, "app=p"), 0), NP_INGRESS, NP_ACT_ALLOW)->request =
        atom(m, NP_VIEW_METHOD, "POST");
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_UNKNOWN);
    assert_int_equal(m->verdict.missing, NETPOL_MISSING_NAMES);
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_INSPECT);
}

/* A checkpoint of the host endpoints of every node, on one side, that allows or denies. */
static struct np_policy *host(struct matrix *m, enum np_direction direction, enum np_action action)
{
    struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_HOST, direction, "host");
    struct np_stage *stage = np_build_stage(m->b, c, "forward");
    stage->on_end = NP_ON_END_ALLOW;
    struct np_tier *t = np_build_tier(m->b, "hosts", 1, NP_LISTED);
    np_build_add_tier(m->b, stage, t);
    struct np_policy *p =
        policy(m, t, "host", only(m, objects(m, NP_OBJ_HOST_ENDPOINT, labels(m, "role=host"))), 0);
    rule(m, p, direction, action);
    return p;
}

static void host_endpoint(struct matrix *m, const char *name, const char *address)
{
    thing(m, NP_OBJ_HOST_ENDPOINT, name, "role=host", address)->node_name = text(m, name);
}

static void who_is_named(void **state)
{
    struct matrix *m = *state;
    for (int deny = 0; deny < 2; deny++) {
        two_pods(m);
        host_endpoint(m, "n1", "192.168.0.1");
        host(m, NP_EGRESS, deny ? NP_ACT_DENY : NP_ACT_ALLOW);
        struct np_policy *p = policy(m, kubernetes_tier(m), "x", pods(m, "app=x"), EGRESS);
        rule(m, p, NP_EGRESS, NP_ACT_ALLOW);
        seal(m);
        assert_int_equal(ASK(m, .from = "a/x", .to = "8.8.8.8", .port = 80),
                         deny ? NETPOL_DENY : NETPOL_ALLOW);
        const struct np_decision *by = &m->model->decisions[m->verdict.egress.rule];
        assert_string_equal(by->policy->name->text, deny ? "host" : "x");
        assert_int_equal(m->verdict.side, NETPOL_SIDE_EGRESS);
        assert_int_equal(m->verdict.plane, NETPOL_PLANE_NETWORK);
        /* another node's host endpoint is not on the path */
        assert_int_equal(ASK(m, .from = "a/p", .to = "8.8.8.8", .port = 80), NETPOL_ALLOW);
        /* an allow is told by the ingress part */
        assert_int_equal(ASK(m, .from = "a/p", .to = "a/x", .port = 80), NETPOL_ALLOW);
        assert_int_equal(m->verdict.side, NETPOL_SIDE_INGRESS);
        assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "9.9.9.9", .port = 80), NETPOL_ALLOW);
        assert_int_equal(m->verdict.side, NETPOL_SIDE_NONE);
        assert_int_equal(m->verdict.plane, NETPOL_PLANE_NONE);
    }
}

/* The workload's rule before its host's, and the network plane before the mesh. */
static void last_word(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    host_endpoint(m, "n2", "192.168.0.2");
    host(m, NP_INGRESS, NP_ACT_ALLOW);
    struct np_policy *p = policy(m, kubernetes_tier(m), "pod", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_MESH, NP_INGRESS, "sidecar");
    np_build_stage(m->b, c, "sidecar")->on_end = NP_ON_END_ALLOW;
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_ALLOW);
    const struct np_decision *by = &m->model->decisions[m->verdict.ingress.rule];
    assert_string_equal(by->policy->name->text, "pod");
    assert_true(m->verdict.mesh.flags & NETPOL_PART_JUDGED);
    assert_int_equal(m->verdict.plane, NETPOL_PLANE_NETWORK);
    assert_int_equal(m->verdict.side, NETPOL_SIDE_INGRESS);
}

/* A node port is entered on one node and leads to a pod on another: both nodes' hosts are passed.
 */
static void node_port_elsewhere(void **state)
{
    struct matrix *m = *state;
    static const uint8_t n1[4] = {192, 168, 0, 1};
    struct netpol_request request = plain();
    two_pods(m);
    host_endpoint(m, "n1", "192.168.0.1");
    host(m, NP_INGRESS, NP_ACT_DENY);
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), NETPOL_ALLOW);
    request.original_family = 4;
    request.original_port = 30080;
    memcpy(request.original, n1, 4);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80, .request = &request),
                     NETPOL_DENY);
}

/* On which node a pod runs is not known: its host may deny. */
static void host_in_doubt(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    pod(m, "a", "q", "app=q", "10.0.0.5", NULL);
    host_endpoint(m, "n1", "192.168.0.1");
    host(m, NP_INGRESS, NP_ACT_DENY);
    seal(m);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/q", .port = 80), NETPOL_UNKNOWN);
    assert_int_equal(m->verdict.missing, NETPOL_MISSING_NODE);
    assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/x", .port = 80), NETPOL_DENY);
}

/* An address of the pod range is itself, whichever pod has it. */
static void unlearnt_to_itself(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    np_build_pod_range(m->b, prefix("10.0.0.0/24"));
    struct np_tier *t = tier(m, "0", 0, NP_LISTED, NP_END_PASS, NP_ALWAYS);
    struct np_policy *p = policy(m, t, "not-itself", pods(m, ""), 0);
    rule(m, p, NP_INGRESS, NP_ACT_DENY)->relations = NP_REL_SELF;
    seal(m);
    assert_int_equal(ASK(m, .from = "10.0.0.77", .to = "10.0.0.77", .port = 80), NETPOL_UNKNOWN);
    assert_int_equal(ASK(m, .from = "10.0.0.77", .to = "10.0.0.78", .port = 80), NETPOL_ALLOW);
    assert_int_equal(ASK(m, .from = "10.0.0.1", .to = "10.0.0.1", .port = 80), NETPOL_DENY);
}

static void icmp_fragment(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    struct np_port_span echo = {
        .protocol = ICMP, .ports = true, .first = 8 << 8, .last = 8 << 8 | 255};
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->service = np_build_service(m->b, &echo, 1, false);
    seal(m);
    struct netpol_tuple t = {.family = 4, .protocol = ICMP, .icmp_type = 8, .icmp_code = 3};
    struct netpol_verdict v;
    memcpy(t.src, prefix("8.8.8.8").address.bytes, 16);
    memcpy(t.dst, prefix("10.0.0.1").address.bytes, 16);
    np_reference_eval(m->model, &t, NULL, NULL, NULL, &v);
    assert_int_equal(v.action, NETPOL_ALLOW);
    t.flags = NETPOL_TUPLE_LATER_FRAGMENT; /* type and code are in the first fragment only */
    np_reference_eval(m->model, &t, NULL, NULL, NULL, &v);
    assert_int_equal(v.action, NETPOL_DENY);
    t.flags = 0;
    t.icmp_type = 0;
    np_reference_eval(m->model, &t, NULL, NULL, NULL, &v);
    assert_int_equal(v.action, NETPOL_DENY);
}

/* A rule of a specific peer that says nothing takes what the rules for every peer ask for. */
static void authentication_of_every_peer(void **state)
{
    struct matrix *m = *state;
    two_pods(m);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->far = pods(m, "app=x");
    match->service = port(m, TCP, 80);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    m->rule->auth_mode = 1;
    m->rule->auth_explicit = true;
    seal(m);
    struct netpol_request said = plain();
    said.authenticated = NETPOL_TRI_NO;
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80, .request = &said), NETPOL_DENY);
}

/* Of two redirects the explicit priority wins, the smaller number; else the order of parsers. */
static void stronger_redirect(void **state)
{
    static const struct {
        int16_t http, dns;
        int right;
    } rows[] = {
        {0,  0, NP_PARSER_HTTP},
        {0,  5, NP_PARSER_DNS },
        {3,  5, NP_PARSER_HTTP},
        {50, 5, NP_PARSER_DNS }
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        two_pods(m);
        struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        m->rule->redirect_parser = NP_PARSER_HTTP;
        m->rule->redirect_priority = rows[i].http;
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
        m->rule->redirect_parser = NP_PARSER_DNS;
        m->rule->redirect_priority = rows[i].dns;
        seal(m);
        struct np_hop hop = {.family = 4, .protocol = TCP, .has_ports = true, .dst_port = 80};
        struct np_address src = prefix("10.0.0.9").address;
        struct np_address dst = prefix("10.0.0.1").address;
        uint32_t owners;
        np_inventory_end(&m->model->inventory, &m->model->options, 0, &src, 4, 0, &hop.src,
                         &owners);
        np_inventory_end(&m->model->inventory, &m->model->options, 0, &dst, 4, 0, &hop.dst,
                         &owners);
        struct np_result result;
        np_reference_checkpoint(m->model, m->model->checkpoints[1], &hop, NULL, &result);
        uint32_t redirect = result.program / NP_AUTH_MODES;
        assert_int_equal(m->model->redirects[redirect].parser, rows[i].right);
        assert_int_equal(result.action, NETPOL_INSPECT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inspection_of_a_branch),
        TEST(a_fact_between_programs),
        TEST(who_is_named),
        TEST(last_word),
        TEST(node_port_elsewhere),
        TEST(host_in_doubt),
        TEST(unlearnt_to_itself),
        TEST(icmp_fragment),
        TEST(authentication_of_every_peer),
        TEST(stronger_redirect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
