/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hubble's flows by the C API: what a row of tests/tool/test_hubble.py cannot show. Sources:
 * api/v1/flow/flow.proto; pkg/hubble/parser/threefour (AUDIT).
 */
#include "analyze/hubble.h"
#include "matrix/matrix.h"
#include "np_world.h"

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns, labels: {app: a}}\n"
    "status: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: ns, labels: {app: b}}\n"
    "status: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: p, namespace: ns}\nspec:\n  podSelector: {matchLabels: {app: b}}\n"
    "  ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}, {podSelector: {}}], ports: [{port: 80}]}]\n";

static const struct netpol_tuple to_80 = {
    .src = {10, 0, 0, 1},
    .dst = {10, 0, 0, 2},
    .family = 4,
    .protocol = 6,
    .src_port = 40000,
    .dst_port = 80
};

static void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    assert_int_equal(world_try_compile(w, "cilium", NULL), NETPOL_OK);
}

static struct netpol_hubble *flows_of(const struct world *w, const struct netpol_tuple *tuple)
{
    struct netpol_hubble *hubble = NULL;
    assert_int_equal(netpol_hubble_create(w->view, NULL, tuple, NULL, &hubble), NETPOL_OK);
    return hubble;
}

static void flows_are_told_one_by_one(void **state)
{
    struct world w;
    struct netpol_hubble_flow flow;
    (void)state;
    open_cluster(&w);
    struct netpol_hubble *hubble = flows_of(&w, &to_80);
    assert_int_equal(netpol_hubble_count(hubble), 2);
    assert_int_equal(netpol_hubble_at(hubble, 0, &flow), NETPOL_OK);
    assert_int_equal(flow.side, NETPOL_SIDE_EGRESS);
    assert_int_equal(flow.match, NETPOL_HUBBLE_MATCH_ALL);
    assert_string_equal(flow.policies[0].derived, "allow-any-egress");
    assert_int_equal(netpol_hubble_at(hubble, 1, &flow), NETPOL_OK);
    assert_int_equal(flow.side, NETPOL_SIDE_INGRESS);
    assert_int_equal(flow.verdict, NETPOL_HUBBLE_FORWARDED);
    assert_int_equal(flow.match, NETPOL_HUBBLE_MATCH_L3_L4);
    assert_int_equal(flow.src_identity, 256);
    assert_int_equal(flow.dst_identity, 257);
    assert_int_equal(flow.n_policies, 1);
    assert_string_equal(flow.policies[0].name, "p");
    assert_null(flow.policies[0].derived);
    assert_int_not_equal(flow.rule, 0);
    assert_int_equal(netpol_hubble_at(hubble, 2, &flow), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_hubble_at(NULL, 0, &flow), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_count(NULL), 0);
    netpol_hubble_destroy(hubble);
    netpol_hubble_destroy(NULL);
    world_close(&w);
}

/* By the model and by the tables of the image an end has one identity. */
static void identities_are_those_of_the_tables(void **state)
{
    static const char more[] =
        "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {podCIDR: 10.0.0.0/24}\n"
        "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n---\n"
        "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\n"
        "status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: c, namespace: ns, labels: {app: c}}\n"
        "spec: {nodeName: n1}\nstatus: {podIP: 10.0.0.3}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: d, namespace: ns, labels: {app: d}}\n"
        "spec: {nodeName: n2}\nstatus: {podIP: 10.0.0.4}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: h, namespace: ns, labels: {app: h}}\n"
        "spec: {nodeName: n2, hostNetwork: true}\nstatus: {podIP: 192.168.0.2}\n";
    static const uint8_t addresses[][4] = {
        {10,  0,   0,   1 },
        {10,  0,   0,   2 },
        {10,  0,   0,   3 },
        {10,  0,   0,   4 },
        {10,  0,   0,   99},
        {192, 168, 0,   1 },
        {192, 168, 0,   2 },
        {10,  1,   2,   3 },
        {203, 0,   113, 77},
        {8,   8,   8,   8 }
    };
    enum { N = sizeof addresses / sizeof *addresses };
    struct world w;
    uint32_t told = 0;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(world_load(&w, more), NETPOL_OK);
    assert_int_equal(world_try_compile(&w, "cilium", NULL), NETPOL_OK);
    for (size_t i = 0; i < (size_t)N * N; i++) {
        struct netpol_tuple tuple = to_80;
        memcpy(tuple.src, addresses[i / N], 4);
        memcpy(tuple.dst, addresses[i % N], 4);
        struct netpol_hubble *hubble = flows_of(&w, &tuple);
        for (size_t k = 0; k < netpol_hubble_count(hubble); k++, told++) {
            struct netpol_hubble_flow flow;
            uint32_t src, dst;
            assert_int_equal(netpol_hubble_at(hubble, k, &flow), NETPOL_OK);
            assert_int_equal(netpol_identity_ends(w.view, &tuple, flow.side, &src, &dst),
                             NETPOL_OK);
            assert_int_equal(flow.src_identity, src);
            assert_int_equal(flow.dst_identity, dst);
        }
        netpol_hubble_destroy(hubble);
    }
    assert_in_range(told, 50, 200);
    world_close(&w);
}

/* They hold the matcher: what they say is there after everything else is gone. */
static void flows_outlive_the_view(void **state)
{
    struct world w;
    static struct sink_text text;
    (void)state;
    open_cluster(&w);
    struct netpol_hubble *hubble = flows_of(&w, &to_80);
    world_forget(&w);
    text.len = 0;
    assert_int_equal(netpol_hubble_write(hubble, NETPOL_HUBBLE_COMPACT, NULL, sink_add, &text),
                     NETPOL_OK);
    assert_string_equal(text.text,
                        "N/A: ns/a:40000 (ID:256) -> ns/b:80 (ID:257) policy-verdict:all EGRESS "
                        "ALLOWED (TCP Flags: SYN)\n"
                        "N/A: ns/a:40000 (ID:256) -> ns/b:80 (ID:257) policy-verdict:L3-L4 INGRESS "
                        "ALLOWED (TCP Flags: SYN)\n");
    netpol_hubble_destroy(hubble);
    world_close(&w);
}

/* A later fragment has no ports, an unusual protocol no place in flow.proto. */
static void tuples_are_of_every_kind(void **state)
{
    struct world w;
    static struct sink_text text;
    (void)state;
    open_cluster(&w);
    struct netpol_tuple tuple = to_80;
    tuple.flags = NETPOL_TUPLE_LATER_FRAGMENT;
    struct netpol_hubble *hubble = flows_of(&w, &tuple);
    text.len = 0;
    assert_int_equal(netpol_hubble_write(hubble, NETPOL_HUBBLE_JSONPB, NULL, sink_add, &text),
                     NETPOL_OK);
    assert_has(text.text, "\"l4\":{\"TCP\":{}}");
    assert_has(text.text, "\"Summary\":\"TCP\"");
    netpol_hubble_destroy(hubble);
    tuple.flags = 0;
    tuple.protocol = 47;
    hubble = flows_of(&w, &tuple);
    text.len = 0;
    assert_int_equal(netpol_hubble_write(hubble, NETPOL_HUBBLE_JSONPB, NULL, sink_add, &text),
                     NETPOL_OK);
    assert_null(strstr(text.text, "\"l4\""));
    assert_has(text.text, "\"Summary\":\"protocol 47\"");
    netpol_hubble_destroy(hubble);
    world_close(&w);
}

/* What cannot be is dropped as such, at no side. */
static void a_tuple_that_cannot_be_is_dropped(void **state)
{
    struct world w;
    struct netpol_hubble_flow flow;
    (void)state;
    open_cluster(&w);
    struct netpol_tuple tuple = to_80;
    tuple.family = 5;
    struct netpol_hubble *hubble = flows_of(&w, &tuple);
    assert_int_equal(netpol_hubble_count(hubble), 1);
    assert_int_equal(netpol_hubble_at(hubble, 0, &flow), NETPOL_OK);
    assert_int_equal(flow.side, NETPOL_SIDE_NONE);
    assert_int_equal(flow.verdict, NETPOL_HUBBLE_DROPPED);
    assert_int_equal(flow.drop, NETPOL_HUBBLE_DROP_INVALID_PACKET);
    netpol_hubble_destroy(hubble);
    world_close(&w);
}

static void arguments_are_checked(void **state)
{
    struct world w;
    struct netpol_hubble *hubble = NULL;
    struct netpol_point point = {.plane = 9};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    static struct sink_text text;
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_hubble_create(NULL, NULL, &to_80, NULL, &hubble), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_create(w.view, NULL, NULL, NULL, &hubble), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_create(w.view, NULL, &to_80, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_create(w.view, &point, &to_80, NULL, &hubble),
                     NETPOL_ERR_ARGUMENT);
    request.kind = 77;
    assert_int_equal(netpol_hubble_create(w.view, NULL, &to_80, &request, &hubble),
                     NETPOL_ERR_ARGUMENT);
    assert_null(hubble);
    hubble = flows_of(&w, &to_80);
    struct netpol_hubble_time time = {0, 1000000000};
    assert_int_equal(netpol_hubble_write(hubble, 2, NULL, sink_add, &text), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_write(hubble, 0, &time, sink_add, &text), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hubble_write(hubble, 0, NULL, NULL, NULL), NETPOL_ERR_ARGUMENT);
    netpol_hubble_destroy(hubble);
    /* an image alone has no model */
    struct netpol_matcher *opened = NULL;
    size_t size;
    const void *bytes = netpol_matcher_image(w.matcher, &size);
    assert_int_equal(netpol_matcher_open(w.ctx, bytes, size, 0, NULL, &opened), NETPOL_OK);
    world_forget(&w);
    w.matcher = opened;
    assert_int_equal(netpol_view_create(opened, NULL, &w.view), NETPOL_OK);
    assert_int_equal(netpol_hubble_create(w.view, NULL, &to_80, NULL, &hubble),
                     NETPOL_ERR_UNSUPPORTED);
    world_close(&w);
}

static void times_are_written(void **state)
{
    static const struct {
        struct netpol_hubble_time time;
        const char *text;
    } rows[] = {
        {{0, 0},          "1970-01-01T00:00:00Z"          },
        {{-1, 5},         "1969-12-31T23:59:59.000000005Z"},
        {{951782400, 0},  "2000-02-29T00:00:00Z"          },
        {{4107542400, 0}, "2100-03-01T00:00:00Z"          },
    };
    struct counting memory = {0};
    struct netpol_ctx *ctx = counting_ctx(&memory, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct np_text out;
        np_text_init(&out, ctx);
        np_hubble_time(&out, &rows[i].time);
        assert_string_equal(out.ptr, rows[i].text);
        np_text_free(&out);
    }
    netpol_ctx_destroy(ctx);
}

/* hubble/pkg/printer (GetFlowType): by their reason; layers of gopacket: messages by name. */
static void drops_and_messages_have_names(void **state)
{
    static const struct {
        uint8_t protocol, type, code;
        const char *text;
    } rows[] = {
        {1,  8,   0,  "ICMPv4 EchoRequest"                                },
        {1,  8,   1,  "ICMPv4 EchoRequest(Code: 1)"                       },
        {1,  3,   4,  "ICMPv4 DestinationUnreachable(FragmentationNeeded)"},
        {1,  3,   15, "ICMPv4 DestinationUnreachable(PrecedenceCutoff)"   },
        {1,  3,   16, "ICMPv4 DestinationUnreachable(Code: 16)"           },
        {1,  11,  0,  "ICMPv4 TimeExceeded(TTLExceeded)"                  },
        {1,  200, 7,  "ICMPv4 200(7)"                                     },
        {58, 129, 0,  "ICMPv6 EchoReply"                                  },
        {58, 1,   6,  "ICMPv6 DestinationUnreachable(RejectRouteToDst)"   },
        {58, 4,   3,  "ICMPv6 ParameterProblem(Code: 3)"                  },
        {58, 143, 0,  "ICMPv6 143(0)"                                     },
    };
    struct world w;
    static struct sink_text text;
    (void)state;
    open_cluster(&w);
    struct netpol_tuple tuple = to_80;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tuple.protocol = rows[i].protocol;
        tuple.icmp_type = rows[i].type;
        tuple.icmp_code = rows[i].code;
        struct netpol_hubble *hubble = flows_of(&w, &tuple);
        struct np_text out;
        np_text_init(&out, w.ctx);
        np_hubble_summary(&out, hubble, &hubble->flows[0]);
        assert_string_equal(out.ptr, rows[i].text);
        np_text_free(&out);
        netpol_hubble_destroy(hubble);
    }
    tuple = to_80;
    tuple.family = 5;
    struct netpol_hubble *hubble = flows_of(&w, &tuple);
    text.len = 0;
    assert_int_equal(netpol_hubble_write(hubble, NETPOL_HUBBLE_COMPACT, NULL, sink_add, &text), 0);
    assert_has(text.text, " <> ");
    assert_has(text.text, " Invalid packet DROPPED (");
    text.len = 0;
    assert_int_equal(netpol_hubble_write(hubble, NETPOL_HUBBLE_JSONPB, NULL, sink_add, &text), 0);
    assert_has(text.text, "\"event_type\":{\"type\":1,\"sub_type\":134}");
    netpol_hubble_destroy(hubble);
    world_close(&w);
}

static void memory_may_end_anywhere(void **state)
{
    struct world w;
    size_t n = 1;
    (void)state;
    open_cluster(&w);
    struct netpol_pair header = {
        {"a", 1},
        {"b", 1}
    };
    struct netpol_request request = NETPOL_REQUEST_INIT;
    request.kind = NETPOL_REQUEST_HTTP;
    request.headers = &header;
    request.n_headers = 1;
    for (bool last = false; !last; n++) {
        struct netpol_hubble *hubble = NULL;
        static struct sink_text text;
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = netpol_hubble_create(w.view, NULL, &to_80, &request, &hubble);
        text.len = 0;
        if (status == NETPOL_OK) {
            status = netpol_hubble_write(hubble, NETPOL_HUBBLE_JSONPB, NULL, sink_add, &text);
        }
        w.memory.fail_at = 0;
        assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
        last = status == NETPOL_OK && w.memory.calls < n;
        netpol_hubble_destroy(hubble);
    }
    assert_in_range(n, 10, 1000);
    world_close(&w);
}

/* ---- audit: what would be denied is let through, and said ---- */

static void what_audit_mode_lets_through_is_told(void **state)
{
    static struct matrix m;
    struct netpol_matcher *matcher = NULL;
    struct netpol_hubble *hubble = NULL;
    static struct sink_text text;
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &m.ctx), 0);
    begin(&m, false);
    pod(&m, "ns", "a", "app=a", "10.0.0.1", NULL);
    pod(&m, "ns", "b", "app=b", "10.0.0.2", NULL);
    struct np_tier *t = tier(&m, "Normal", 2, NP_BY_VERDICT, NP_END_DENY, NP_TIER_ISOLATED);
    struct np_policy *p = policy(&m, t, "p", pods(&m, "app=b"), INGRESS);
    struct np_match *deny = rule(&m, p, NP_INGRESS, NP_ACT_DENY);
    deny->far = pods(&m, "app=a");
    seal(&m);
    for (uint32_t i = 0; i < m.model->n_checkpoints; i++) {
        m.model->checkpoints[i]->mode = NP_MODE_AUDIT;
    }
    assert_int_equal(np_compile_model(m.ctx, m.model, &matcher), NETPOL_OK);
    m.model = NULL; /* the matcher's */
    assert_int_equal(np_hubble(matcher, NULL, &to_80, NULL, &hubble), NETPOL_OK);
    assert_int_equal(hubble->n_flows, 2);
    const struct netpol_hubble_flow *flow = &hubble->flows[1].told;
    assert_int_equal(flow->verdict, NETPOL_HUBBLE_AUDIT);
    assert_int_equal(flow->drop, NETPOL_HUBBLE_DROP_NONE);
    assert_int_equal(flow->denied, 1);
    assert_int_equal(flow->match, NETPOL_HUBBLE_MATCH_L3_ONLY);
    text.len = 0;
    assert_int_equal(np_hubble_write(hubble, NETPOL_HUBBLE_COMPACT, NULL, sink_add, &text), 0);
    assert_has(text.text, "policy-verdict:L3-Only INGRESS AUDITED (TCP Flags: SYN)");
    text.len = 0;
    assert_int_equal(np_hubble_write(hubble, NETPOL_HUBBLE_JSONPB, NULL, sink_add, &text), 0);
    assert_has(text.text, "\"verdict\":\"AUDIT\"");
    assert_has(text.text, "\"ingress_denied_by\":[{\"name\":\"p\"");
    np_hubble_destroy(hubble);
    netpol_matcher_unref(matcher);
    drop(&m);
    netpol_ctx_destroy(m.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_are_told_one_by_one),
        cmocka_unit_test(identities_are_those_of_the_tables),
        cmocka_unit_test(flows_outlive_the_view),
        cmocka_unit_test(tuples_are_of_every_kind),
        cmocka_unit_test(a_tuple_that_cannot_be_is_dropped),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(drops_and_messages_have_names),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(what_audit_mode_lets_through_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
