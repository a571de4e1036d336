/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors with sources, of subjects and peers: the semantics page of Cilium 2.1, lowering 5 row
 * 17, the regressions of labels that pretend to be Cilium's own.
 */
#include "cilium_peers.h"

/* ---- 2.1: namespaces, sources, what a category lacks ---- */

static void namespaced(void **state)
{
    static const struct row rows[] = {
        {FROM(""),                                                                            "a/x, a/w",      NULL     },
        {LABELS("app: x"),                                                                    "a/x",           NULL     },
        {LABELS("k8s:app: x"),                                                                "a/x",           NULL     },
        {LABELS("any:app: x"),                                                                "a/x",           NULL     },
        {LABELS("node:app: x"),                                                               "",              NULL     },
        {LABELS("container:app: x"),                                                          "",              NULL     },
        {EXPR("key: app, operator: In, values: [x, w]"),                                      "a/x, a/w",      NULL     },
        {EXPR("key: app, operator: NotIn, values: [x]"),                                      "a/w",           NULL     },
        {EXPR("key: tier, operator: Exists"),                                                 "a/w",           NULL     },
        {EXPR("key: tier, operator: DoesNotExist"),                                           "a/x",           NULL     },
        {EXPR("key: 'k8s:tier', operator: NotIn, values: ['1']"),                             "a/x",           NULL     },
        {LABELS("app: x, tier: '1'"),                                                         "",              NULL     },
 /* another namespace, if it is said */
        {LABELS("k8s:io.kubernetes.pod.namespace: b"),                                        "b/x, b/liar",   NULL     },
        {LABELS("io.kubernetes.pod.namespace: b, app: x"),                                    "b/x",           NULL     },
        {EXPR("key: io.kubernetes.pod.namespace, operator: Exists"),                          PODS,            NULL     },
        {EXPR("key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]"),              "b/x, b/liar",
         NULL                                                                                                           },
        {LABELS("io.cilium.k8s.namespace.labels.team: blue"),                                 "b/x, b/liar",   NULL     },
        {LABELS("'k8s:io.cilium.k8s.namespace.labels.team': red, app: x"),                    "a/x",           NULL     },
        {LABELS("io.cilium.k8s.policy.serviceaccount: sa-x"),                                 "a/x",           NULL     },
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.serviceaccount: sa-x"), "b/x",
         NULL                                                                                                           },
        {LABELS("io.cilium.k8s.policy.cluster: default"),                                     "a/x, a/w",      NULL     },
        {LABELS("io.cilium.k8s.policy.cluster: other"),                                       "",              NULL     },
 /* reserved labels: no namespace is added */
        {LABELS("'reserved:host': ''"),                                                       "own node",      NULL     },
        {LABELS("$host: ''"),                                                                 "own node",      NULL     },
        {LABELS("reserved.host: ''"),                                                         "",              NULL     },
        {LABELS("'reserved:host': 'yes'"),                                                    "",              NULL     },
        {LABELS("'reserved:remote-node': ''"),                                                "other node",    NULL     },
        {LABELS("'reserved:world': ''"),                                                      OUTSIDE,         NULL     },
        {LABELS("'reserved:world-ipv4': ''"),                                                 OUTSIDE,         ""       },
        {LABELS("'reserved:world-ipv6': ''"),                                                 "",              OUTSIDE  },
        {LABELS("'reserved:nothing': ''"),                                                    "",              NULL     },
        {EXPR("key: 'reserved:host', operator: DoesNotExist"),
         "a/x, a/w, b/x, b/liar, other node, far, near",                                                       NULL     },
        {EXPR("key: 'reserved:world', operator: NotIn, values: ['']"),                        PODS ", " NODES, NULL     },
        {EXPR("key: 'reserved:world-ipv4', operator: DoesNotExist"),                          PODS ", " NODES, EVERYBODY},
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidr:10.1.0.0/16', "
              "operator: Exists}]"),
         "near",                                                                                               ""       },
        {FROM("matchLabels: {'reserved:world': ''}, matchExpressions: [{key: 'cidr:10.1.0.0/16', "
              "operator: DoesNotExist}]"),
         "far",                                                                                                OUTSIDE  },
        {FROM("matchLabels: {'reserved:world': '', 'cidr:2001-db8-1--0/48': ''}"),            "",              "near"   },
        {FROM("matchLabels: {'reserved:world': '', 'any:10.1.0.0/16': ''}"),                  "near",          ""       },
        {FROM("matchLabels: {'$world': '', 'any:world': ''}"),                                OUTSIDE,         NULL     },
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    f.egress = true; /* the same lists the other way */
    const struct row egress[] = {
        {"toEndpoints: [{matchLabels: {app: x}}]",              "a/x",      NULL},
        {"toEndpoints: [{matchLabels: {'reserved:host': ''}}]", "own node", NULL},
    };
    check_rows(&f, egress, ARRAY_SIZE(egress));
    close_fixture(&f);
}

static void clusterwide(void **state)
{
    static const struct row rows[] = {
        {FROM(""),                                                                         PODS,            NULL}, /* neither host nor world */
        {LABELS("app: x"),                                                                 "a/x, b/x",      NULL},
        {LABELS("io.kubernetes.pod.namespace: b"),                                         "b/x, b/liar",   NULL},
        {EXPR("key: app, operator: NotIn, values: [x]"),                                   "a/w, b/liar",   NULL},
        {EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
         "b/x, b/liar",                                                                                     NULL},
        {LABELS("'reserved:host': ''"),                                                    "own node",      NULL}, /* it has no namespace, and gets none */
        {EXPR("key: 'reserved:world', operator: DoesNotExist"),                            PODS ", " NODES, NULL},
        {EXPR("key: io.kubernetes.pod.namespace, operator: DoesNotExist"),                 "",              NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.clusterwide = true;
    check_rows(&f, rows, ARRAY_SIZE(rows));
    read_element(&f, LABELS("'reserved:ingress': '', app: x"));
    lower_element(&f);
    const struct np_literal *nobody = f.sets[0]->clauses[0].items[0].literal;
    assert_int_equal(nobody->kind, NP_LIT_NOTHING);
    assert_string_equal(nobody->name->text, "an end with reserved:ingress, with any:app");
    f.options.local_cluster = 1; /* off: then what lacks a namespace has no cluster to lack */
    const struct row anybody[] = {
        {EXPR("key: io.kubernetes.pod.namespace, operator: DoesNotExist"), NODES ", " OUTSIDE,
         NULL                                                                                      },
        {FROM(""),                                                         PODS,               NULL},
    };
    check_rows(&f, anybody, ARRAY_SIZE(anybody));
    close_fixture(&f);
}

/* Lowering 5, row 17: NotIn holds for whoever lacks the key, unless the cluster must be there. */
static void labels_that_a_category_lacks(void **state)
{
    static const struct row row = {
        EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
        "b/x, b/liar, " NODES ", " OUTSIDE, NULL};
    static const struct row local = {
        EXPR("key: io.cilium.k8s.namespace.labels.team, operator: NotIn, values: [red]"),
        "b/x, b/liar", NULL};
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, &local, 1);
    f.options.local_cluster = 1; /* on, off */
    check_rows(&f, &row, 1);
    close_fixture(&f);
}

/* CVE-2023-39347 and its like: b/liar has labels of the names that Cilium gives, and none counts.
 */
static void nobody_gives_himself_a_namespace(void **state)
{
    static const struct row rows[] = {
        {LABELS("io.kubernetes.pod.namespace: a"),                                               "a/x, a/w",    NULL},
        {LABELS("'k8s:io.kubernetes.pod.namespace': a"),                                         "a/x, a/w",    NULL},
        {EXPR("key: io.kubernetes.pod.namespace, operator: NotIn, values: [a]"),                 "b/x, b/liar",
         NULL                                                                                                       },
        {LABELS("io.cilium.k8s.namespace.labels.team: red"),                                     "a/x, a/w",    NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.serviceaccount: sa-liar"),
         "b/liar",                                                                                              NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.policy.cluster: other"),          "",            NULL},
        {LABELS("io.kubernetes.pod.namespace: b, io.cilium.k8s.other: '1'"),                     "",            NULL},
        {FROM("matchLabels: {io.kubernetes.pod.namespace: b}, matchExpressions: [{key: "
              "io.cilium.k8s.other, operator: DoesNotExist}]"),
         "b/x, b/liar",                                                                                         NULL},
        {LABELS("'reserved:host': ''"),                                                          "own node",    NULL},
        {LABELS("io.kubernetes.pod.namespace: b, 'k8s:host': ''"),                               "b/liar",      NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, rows, ARRAY_SIZE(rows));
    close_fixture(&f);
}

/* 2.1: labels that change with every rollout are not among those of an identity. */
static void labels_of_identities(void **state)
{
    static const struct row kept[] = {
        {LABELS("pod-template-hash: h"),                         "",         NULL},
        {EXPR("key: pod-template-hash, operator: DoesNotExist"), "a/x, a/w", NULL},
        {LABELS("app.kubernetes.io/name: w"),                    "a/w",      NULL},
    };
    static const struct row all[] = {
        {LABELS("pod-template-hash: h"),                         "a/w", NULL},
        {EXPR("key: pod-template-hash, operator: DoesNotExist"), "a/x", NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    check_rows(&f, kept, ARRAY_SIZE(kept));
    read_element(&f, LABELS("'k8s:pod-template-hash': h"));
    assert_string_equal(netpol_diags_at(f.diags, 0)->code, "NP2544");
    assert_string_equal(netpol_diags_at(f.diags, 0)->path, "fromEndpoints[0]");
    f.options.identity_labels = 1; /* kept, all */
    check_rows(&f, all, ARRAY_SIZE(all));
    close_fixture(&f);
}

static void subjects(void **state)
{
#define SUBJECT(text) "endpointSelector: [{" text "}]"
    static const struct row namespaced_rows[] = {
        {SUBJECT(""),                                                            "a/x, a/w", NULL},
        {SUBJECT("matchLabels: {app: x}"),                                       "a/x",      NULL},
        {SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': a}"),         "a/x, a/w", NULL},
 /* replaced (utils.go, "removing illegal namespace match"), or it must hold as well */
        {SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': b, app: x}"), "a/x",      NULL},
        {SUBJECT("matchLabels: {io.kubernetes.pod.namespace: b}"),               "",         NULL},
        {SUBJECT(
             "matchExpressions: [{key: 'k8s:io.kubernetes.pod.namespace', operator: In, values: "
             "[b]}]"),
         "",                                                                                 NULL},
        {SUBJECT("matchLabels: {io.cilium.k8s.namespace.labels.team: blue}"),    "",         NULL},
        {SUBJECT("matchLabels: {'reserved:init': ''}"),                          "",         NULL},
        {SUBJECT("matchLabels: {'reserved:host': ''}"),                          "",         NULL},
    };
    static const struct row clusterwide_rows[] = {
        {SUBJECT(""),                                                                   PODS,          NULL},
        {SUBJECT("matchLabels: {io.kubernetes.pod.namespace: b}"),                      "b/x, b/liar", NULL},
        {SUBJECT("matchLabels: {io.cilium.k8s.namespace.labels.team: blue}"),           "b/x, b/liar", NULL},
        {SUBJECT("matchLabels: {'reserved:health': ''}"),                               "",            NULL},
        {SUBJECT("matchExpressions: [{key: 'reserved:init', operator: DoesNotExist}]"), PODS,          NULL},
    };
    struct fixture f;
    (void)state;
    open_fixture(&f);
    f.subject = true;
    check_rows(&f, namespaced_rows, ARRAY_SIZE(namespaced_rows));
    read_element(&f, SUBJECT("matchLabels: {'k8s:io.kubernetes.pod.namespace': b}"));
    assert_string_equal(netpol_diags_at(f.diags, 0)->code, "NP2532");
    f.clusterwide = true;
    check_rows(&f, clusterwide_rows, ARRAY_SIZE(clusterwide_rows));
    assert_int_equal(netpol_diags_count(f.diags), 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(namespaced),
        cmocka_unit_test(clusterwide),
        cmocka_unit_test(labels_that_a_category_lacks),
        cmocka_unit_test(nobody_gives_himself_a_namespace),
        cmocka_unit_test(labels_of_identities),
        cmocka_unit_test(subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
