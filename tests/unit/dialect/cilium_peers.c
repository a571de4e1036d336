/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of an element that are no selectors of endpoints: the semantics page of Cilium 1, 2.2,
 * 2.3, 2.6, 2.9 and lowering 4.3, 5 (rows 14, 15).
 */
#include "cilium_peers.h"

/* ---- entities (2.2) ---- */

static void entities(void **state)
{
#define ENTITY(name) "fromEntities: [" name "]"
    static const struct row rows[] = {
        {ENTITY("all"),               EVERYBODY,    NULL   },
        {ENTITY("world"),             OUTSIDE,      NULL   },
        {ENTITY("world-ipv4"),        OUTSIDE,      ""     },
        {ENTITY("world-ipv6"),        "",           OUTSIDE},
        {ENTITY("host"),              "own node",   NULL   },
        {ENTITY("remote-node"),       "other node", NULL   },
        {ENTITY("host, remote-node"), NODES,        NULL   },
        {ENTITY("none"),              "",           NULL   },
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.egress = true;
    const struct row egress = {"toEntities: [host, world]", "own node, far, near", NULL};
    check_rows(&f, &egress, 1);
    close_fixture(&f);
}

/* Addresses of the API server: the other node, and one outside of the cluster. */
static const char apiserver[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes, namespace: default}\n"
    "spec: {ports: [{port: 443}]}\n---\n" SLICE_IN("default", "kubernetes", "4", "IPv4",
                                                   "192.168.0.1, 10.1.2.3")
        SLICE_IN("default", "kubernetes", "6", "IPv6", "\"fd01::1\", \"2001:db8:1::3\"");

/* 2.2: a label beside the others, so it is not one of the three that an address is already. */
static void apiserver_and_cluster(void **state)
{
    static const struct row unknown[] = {
        {ENTITY("kube-apiserver"), "own node?, other node?, far?, near?", NULL},
        {ENTITY("cluster"),        PODS ", " NODES ", far?, near?",       NULL},
    };
    static const struct row known[] = {
        {ENTITY("kube-apiserver"),                                                    "other node, near",       NULL},
        {ENTITY("remote-node"),                                                       "other node",             NULL},
        {ENTITY("world"),                                                             OUTSIDE,                  NULL},
        {ENTITY("cluster"),                                                           PODS ", " NODES ", near", NULL},
        {ENTITY("cluster-mesh"),                                                      PODS ", " NODES ", near", NULL},
        {ENTITY("ingress, health, init, unmanaged"),                                  "",                       NULL},
        {LABELS("'reserved:kube-apiserver': ''"),                                     "other node, near",       NULL},
        {FROM("matchLabels: {'reserved:world': '', 'reserved:kube-apiserver': ''}"),  "near",                   NULL},
        {FROM("matchLabels: {'reserved:remote-node': ''}, matchExpressions: [{key: "
              "'reserved:kube-apiserver', operator: DoesNotExist}]"),
         "",                                                                                                    NULL},
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: "
              "'reserved:kube-apiserver', operator: NotIn, values: ['']}]"),
         "far",                                                                                                 NULL},
    };
    static const struct row health[] = {
        {ENTITY("health"),                                       "",        NULL},
        {ENTITY("ingress"),                                      "",        NULL},
        {EXPR("key: 'reserved:health', operator: DoesNotExist"), EVERYBODY, NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, unknown, ARRAY_SIZE(unknown));
    load_objects(&f, apiserver);
    check_rows(&f, known, ARRAY_SIZE(known));
    load_objects(&f, "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: n1}\n"
                     "spec: {health: {ipv4: 10.0.0.77, ipv6: \"fd00::77\"}, ingress: {ipv4: "
                     "10.0.0.78, ipv6: \"fd00::78\"}}\n");
    check_rows(&f, health, ARRAY_SIZE(health));
    read_element(&f, ENTITY("health"));
    lower_element(&f);
    assert_int_equal(truth_at(&f, "10.0.0.77", NULL), NP_YES);
    assert_int_equal(truth_at(&f, "fd00::77", NULL), NP_YES);
    assert_int_equal(truth_at(&f, "10.0.0.78", NULL), NP_NO);
    read_element(&f, ENTITY("cluster"));
    lower_element(&f);
    assert_int_equal(truth_at(&f, "10.0.0.78", NULL), NP_YES);
    assert_int_equal(truth_at(&f, "fd00::78", NULL), NP_YES);
    close_fixture(&f);
}

/* ---- ranges (2.3) ---- */

static void ranges(void **state)
{
#define CIDR(text) "fromCIDR: [" text "]"
#define SET(text)  "fromCIDRSet: [{" text "}]"
    static const struct row rows[] = {
        {CIDR("0.0.0.0/0"),                                                             OUTSIDE, ""     }, /* lowering 5, row 14: no pod, no node */
        {CIDR("'::/0'"),                                                                "",      OUTSIDE},
        {CIDR("10.1.2.3"),                                                              "near",  ""     }, /* no length: one address */
        {CIDR("'2001:db8:1::3'"),                                                       "",      "near" },
        {CIDR("10.1.2.3/32, 8.0.0.0/8"),                                                OUTSIDE, ""     },
        {CIDR("10.0.0.0/24, 192.168.0.0/24"),                                           "",      NULL   },
        {SET("cidr: 0.0.0.0/0, except: [10.0.0.0/8]"),                                  "far",   ""     },
        {SET("cidr: '::/0', except: ['2001:db8:1::/48']"),                              "",      "far"  },
        {SET("cidr: 10.0.0.0/8, except: [10.0.0.0/8]"),                                 "",      NULL   },
 /* an exception is of its own entry */
        {"fromCIDRSet: [{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}, {cidr: 10.1.0.0/16}]", OUTSIDE,
         ""                                                                                             },
    };
    static const struct row matched[] = {
        {CIDR("0.0.0.0/0"),                          EVERYBODY,     ""                },
        {CIDR("10.0.0.0/8"),                         PODS ", near", ""                },
        {SET("cidr: '::/0', except: ['fd00::/16']"), "",            NODES ", " OUTSIDE},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.options.ipblock_matches_pods = f.options.ipblock_matches_nodes =
        1; /* policy-cidr-match-mode */
    check_rows(&f, matched, ARRAY_SIZE(matched));
    close_fixture(&f);
}

#define CIDR_GROUP(name, labels, ranges)                                                           \
    "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: " name ", labels: {" labels \
    "}}\nspec: {externalCIDRs: [" ranges "]}\n---\n"

static void groups(void **state)
{
    static const char objects[] =
        CIDR_GROUP("wide", "of: us", "10.0.0.0/8, \"2001:db8::/32\", \"fd00::/8\"")
            CIDR_GROUP("far", "of: them", "8.8.8.8/32, \"2001:db8::8/128\"")
                CIDR_GROUP("rack", "of: ours", "192.168.0.0/16");
    static const struct row rows[] = {
        {SET("cidrGroupRef: wide"),                                            "near",  OUTSIDE}, /* no pod, no node */
        {SET("cidrGroupRef: far"),                                             "far",   NULL   },
        {SET("cidrGroupRef: unheard"),                                         "",      NULL   },
        {SET("cidrGroupRef: wide, except: [10.1.0.0/16, '2001:db8:1::/48']"),  "",      "far"  },
        {SET("cidrGroupSelector: {matchLabels: {of: us}}"),                    "near",  OUTSIDE},
        {SET("cidrGroupSelector: {}"),                                         OUTSIDE, NULL   },
        {SET("cidrGroupSelector: {matchLabels: {of: nobody}}"),                "",      NULL   },
        {FROM("matchLabels: {'reserved:world': '', 'cidrgroup:of': us}"),      "near",  OUTSIDE},
        {FROM("matchLabels: {'reserved:world': '', 'any:of': them}"),          "far",   NULL   },
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidrgroup:of', "
              "operator: NotIn, values: [us]}]"),
         "far",                                                                         ""     },
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidrgroup:of', "
              "operator: DoesNotExist}]"),
         "",                                                                            NULL   },
        {FROM("matchLabels: {'reserved:world': '', "
              "'cidrgroup:io.cilium.policy.cidrgroupname/far': ''}"),
         "far",                                                                         NULL   },
    };
    /* policy-cidr-match-mode: nodes have these labels then (pkg/ipcache/metadata.go resolveLabels)
     */
    static const struct row matched[] = {
        {SET("cidrGroupRef: rack"),                                               NODES,        ""},
        {FROM("matchLabels: {'reserved:remote-node': '', 'cidrgroup:of': ours}"), "other node", ""},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    load_objects(&f, objects);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.options.ipblock_matches_nodes = 1;
    check_rows(&f, matched, ARRAY_SIZE(matched));
    close_fixture(&f);
}

/* GO-2025-4167: a group that nobody has fed is nobody, never everybody. */
static void cloud_groups(void **state)
{
    static const struct row row = {
        "fromGroups: [{aws: {region: eu-west-1, labels: {b: '2', a: '1'}, "
        "securityGroupsIds: [sg-2, sg-1], securityGroupsNames: [web]}}]",
        "near", NULL};
    struct row unfed = row;
    struct fixture f;
    (void)state;
    unfed.expected = "";
    open_fixture(&f);
    check_rows(&f, &unfed, 1);
    f.fed = "aws;region=eu-west-1;labels=a=1,b=2;ids=sg-1,sg-2;names=web";
    check_rows(&f, &row, 1);
    f.fed = "aws;region=eu-west-1;labels=a=1,b=2;ids=sg-1;names=web";
    check_rows(&f, &unfed, 1);
    close_fixture(&f);
}

/* ---- nodes, services, names ---- */

static void nodes(void **state)
{
    static const struct row rows[] = {
        {"fromNodes: [{matchLabels: {zone: west}}]",                                        "other node", NULL},
        {"fromNodes: [{matchLabels: {zone: east}}]",                                        "",           NULL}, /* the own node is the host */
        {"fromNodes: [{matchLabels: {'node:zone': west}}]",                                 "other node", NULL},
        {"fromNodes: [{matchLabels: {'k8s:zone': west}}]",                                  "",           NULL},
        {"fromNodes: [{}]",                                                                 "other node", NULL},
        {"fromNodes: [{matchExpressions: [{key: zone, operator: NotIn, values: [west]}]}]", "",
         NULL                                                                                                 },
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': west}"),              "other node", NULL},
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': east}"),              "",           NULL},
    };
    static const struct row off[] = {
        {"fromNodes: [{}]",                                                    "", NULL},
        {FROM("matchLabels: {'reserved:remote-node': '', 'node:zone': west}"), "", NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, off, ARRAY_SIZE(off));
    f.options.node_labels = 1;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    close_fixture(&f);
}

static void services(void **state)
{
#define TO_SERVICE(text)  "toServices: [{k8sService: {" text "}}]"
#define TO_SERVICES(text) "toServices: [{k8sServiceSelector: {" text "}}]"
    static const struct row rows[] = {
        {TO_SERVICE("serviceName: web, namespace: b"),                        "b/x",       NULL}, /* not the pod of a */
        {TO_SERVICE("serviceName: web"),                                      "b/x",       NULL}, /* of any namespace: serviceRefMatches */
        {TO_SERVICE("serviceName: out, namespace: b"),                        "near",      NULL},
        {TO_SERVICE("serviceName: named, namespace: b"),                      "",          NULL},
        {TO_SERVICES("selector: {matchLabels: {kind: front}}, namespace: b"), "b/x",       NULL},
        {TO_SERVICES("selector: {}, namespace: b"),                           "b/x, near", NULL},
        {TO_SERVICES("selector: {matchLabels: {kind: front}}"),               "b/x",       NULL},
    };
    static const struct row any[] = {
        {TO_SERVICE("serviceName: web"), "b/x",       NULL},
        {TO_SERVICES("selector: {}"),    "b/x, near", NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.egress = true;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.clusterwide = true;
    check_rows(&f, any, ARRAY_SIZE(any));
    f.options.ipblock_matches_pods = 1;
    const struct row inner = {TO_SERVICE("serviceName: inner"), "a/w", NULL};
    check_rows(&f, &inner, 1);
    close_fixture(&f);
}

/* Lowering 5, row 15: an address that has a name keeps what it has by number. */
static void names(void **state)
{
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.egress = true;
    read_element(&f, "toFQDNs: [{matchName: A.example.COM}]");
    assert_true(f.read);
    lower_element(&f);
    for (int family = 0; family < 2; family++) {
        const char *far = ends[6].address[family], *pod = ends[0].address[family];
        assert_int_equal(truth_at(&f, far, "a.example.com"), NP_YES);
        assert_int_equal(truth_at(&f, far, "a.example.com."), NP_YES);
        assert_int_equal(truth_at(&f, far, "b.example.com"), NP_NO);
        assert_true(np_is_maybe(truth_at(&f, far, NULL)));
        assert_int_equal(truth_at(&f, pod, "a.example.com"), NP_NO);
        assert_int_equal(truth_at(&f, ends[5].address[family], "a.example.com"), NP_NO);
    }
    static const struct { /* 2.9 */
        const char *pattern, *name;
        bool fits;
    } patterns[] = {
        {"*.x.io",   "a.x.io",   true },
        {"*.X.io",   "A.x.IO.",  true },
        {"*.x.io",   "x.io",     false},
        {"*.x.io",   "a.b.x.io", false},
        {"*x.io",    "x.io",     true },
        {"**.x.io",  "a.b.x.io", true },
        {"**.x.io",  "x.io",     false},
        {"*",        "a.b.c",    true },
        {"sub.x.io", "sub.x.io", true },
    };
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        char text[128];
        snprintf(text, sizeof text, "toFQDNs: [{matchPattern: \"%s\"}]", patterns[i].pattern);
        read_element(&f, text);
        lower_element(&f);
        assert_int_equal(truth_at(&f, "8.8.8.8", patterns[i].name), np_truth_of(patterns[i].fits));
        assert_int_equal(truth_at(&f, "2001:db8::8", patterns[i].name),
                         np_truth_of(patterns[i].fits));
    }
    read_element(&f, "toCIDR: [8.8.0.0/16]");
    lower_element(&f);
    assert_int_equal(truth_at(&f, "8.8.8.8", "a.example.com"), NP_YES);
    close_fixture(&f);
}

/* ---- absent, empty, and who is a subject ---- */

static void absent_and_empty(void **state)
{
    static const struct {
        const char *element;
        bool absent;
        size_t count;
    } rows[] = {
        {"{}",                                       true,  0},
        {"fromEndpoints: []",                        false, 0},
        {"fromEndpoints: [{}]",                      false, 1},
        {"fromRequires: []",                         true,  0},
        {"fromCIDR: []",                             false, 0},
        {"fromEntities: [world], fromEndpoints: []", false, 0},
        {"fromCIDR: [1.2.3.4, 5.6.7.8]",             false, 2},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[128];
        snprintf(text, sizeof text, rows[i].element[0] == '{' ? "%s" : "{%s}", rows[i].element);
        read_element(&f, text);
        assert_true(f.read);
        assert_int_equal(np_cilium_peers_absent(&f.element.peers), rows[i].absent);
        assert_int_equal(np_cilium_peers_count(&f.element.peers), rows[i].count);
    }
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities),         cmocka_unit_test(apiserver_and_cluster),
        cmocka_unit_test(groups),           cmocka_unit_test(cloud_groups),
        cmocka_unit_test(ranges),           cmocka_unit_test(nodes),
        cmocka_unit_test(services),         cmocka_unit_test(names),
        cmocka_unit_test(absent_and_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
