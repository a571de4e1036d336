/* SPDX-License-Identifier: Apache-2.0 */
/* Explanations: which step, which words, which position; as text and as JSON. */
#include "np_world.h"
#include <jansson.h>

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n---\n"
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: ops, labels: {team: ops}}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\n"
    "spec:\n  containers: [{name: c, image: i, ports: [{name: http, containerPort: 8080}]}]\n"
    "status: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: new, namespace: ops, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: rules, namespace: shop}\nspec:\n"
    "  podSelector: {matchLabels: {app: api}}\n  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: job}}}]\n"
    "  - from: [{namespaceSelector: {matchLabels: {team: dev}}}]\n"
    "  - from: [{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}]\n"
    "  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/24]}}]\n"
    "  - from: [{ipBlock: {cidr: 192.168.0.0/16}}]\n"
    "  - from: [{podSelector: {}}]\n    ports: [{port: 9090}, {port: 9091, protocol: UDP}]\n"
    "  - from: [{podSelector: {}}]\n    ports: [{port: metrics}]\n"
    "  - from: [{podSelector: {}}]\n    ports: [{port: http}]\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: other, namespace: shop}\n"
    "spec: {podSelector: {matchLabels: {app: db}}}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: far, namespace: ops}\nspec: {podSelector: {matchLabels: {app: db}}}\n"
    "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"
    "metadata: {name: admin}\nspec:\n  priority: 1\n  subject: {namespaces: {}}\n  ingress:\n"
    "  - name: pass-ops\n    action: Pass\n"
    "    from: [{namespaces: {matchLabels: {team: shop}}}]\n"
    "  - name: stop-telnet\n    action: Deny\n    from: [{namespaces: {}}]\n"
    "    ports: [{portNumber: {protocol: TCP, port: 23}}]\n";

static void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
}

static void every_failed_axis_is_told_in_words(void **state)
{
    static const char *const lines[] = {
        "network ingress of shop/api\n",
        "NetworkPolicy/shop/rules selects it, isolates its ingress",
        "no    spec.ingress[0]  source shop/web: it has app=web, not job",
        "no    spec.ingress[1]  source shop/web: its namespace has team=shop, not dev",
        "no    spec.ingress[2]  source shop/web: it has app=web, which is excluded",
        "no    spec.ingress[3]  source shop/web: 10.0.0.1 is in 10.0.0.0/24, which is excepted",
        "no    spec.ingress[4]  source shop/web: 10.0.0.1 is not in 192.168.0.0/16",
        "no    spec.ingress[5]  TCP 8081 is not TCP 9090 or UDP 9091",
        "no    spec.ingress[6]  TCP 8081 is not a port that it names 'metrics'",
        "no    spec.ingress[7]  TCP 8081 is not a port that it names 'http'",
        "end of tier: deny, isolated by NetworkPolicy/shop/rules",
        "NetworkPolicy/shop/other does not select shop/api: it has app=api, not db",
        "and 1 policy of other namespaces",
        "tier Admin\n",
        "yes   spec.ingress[0]  pass",
        "=> deny, isolated: NetworkPolicy/shop/rules spec  test.yaml:31:3",
        "profile kubernetes; options: engine=kubernetes",
        "self_traffic=allow",
    };
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":8081}",
              0, 1, &out);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_has(out.text, lines[i]);
    }
    assert_null(strstr(out.text, "NetworkPolicy/ops/far"));
    assert_null(strstr(out.text, "\033")); /* no colour unless it is asked */
    world_close(&w);
}

static void a_match_and_what_is_not_reached(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":8080}",
              0, 1, &out);
    assert_has(out.text, "yes   spec.ingress[7]  allow");
    assert_has(out.text, "=> allow, rule: NetworkPolicy/shop/rules spec.ingress[7]");
    world_ask(&w, "{\"src\":{\"pod\":\"ops/new\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":23}", 0,
              1, &out);
    assert_has(out.text,
               "no    spec.ingress[0]  source ops/new: its namespace has team=ops, not shop");
    assert_has(out.text, "yes   spec.ingress[1]  deny");
    assert_has(out.text, "tier NetworkPolicy: not reached");
    assert_has(out.text, "=> deny, rule: AdminNetworkPolicy/admin spec.ingress[1]");
    world_close(&w);
}

static void a_missing_fact_is_named(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"ops/new\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":81}", 0,
              1, &out);
    assert_has(out.text, "unknown: ops/new -> shop/api TCP 81, missing: pod-address\n");
    assert_has(out.text, "maybe spec.ingress[4]  allow  source ops/new: it cannot be told");
    assert_has(out.text, "(missing: pod-address)");
    world_close(&w);
}

static void an_option_that_decides_is_named(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"shop/api\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":81}", 0,
              1, &out);
    assert_has(out.text, "yes   option self_traffic  allow");
    assert_has(out.text, "=> allow, option self_traffic");
    world_close(&w);
}

static void the_json_is_json_and_says_the_same(void **state)
{
    struct world w;
    struct netpol_explanation *e = NULL;
    struct sink_text out = {0};
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4, .protocol = 6, .dst_port = 8081
    };
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_explain(w.view, NULL, &tuple, NULL, &e), NETPOL_OK);
    world_forget(&w); /* an explanation holds what it needs */
    assert_int_equal(netpol_explanation_verdict(e)->action, NETPOL_DENY);
    assert_int_equal(netpol_explanation_write(e, 1, 0, sink_add, &out), NETPOL_OK);
    json_t *root = json_loadb(out.text, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    json_t *steps = json_object_get(root, "steps");
    assert_int_equal(json_array_size(steps), netpol_explanation_count(e));
    size_t options = 0;
    for (; netpol_option_at(options); options++) {
    }
    assert_true(options > 10);
    assert_int_equal(json_object_size(json_object_get(root, "options")), options);
    assert_string_equal(json_string_value(json_object_get(root, "profile")), "kubernetes");
    size_t rules = 0;
    for (size_t i = 0; i < netpol_explanation_count(e); i++) {
        const struct netpol_step *step = netpol_explanation_at(e, i);
        json_t *told = json_array_get(steps, i);
        assert_string_equal(json_string_value(json_object_get(told, "name")), step->name);
        assert_int_equal(json_integer_value(json_object_get(told, "depth")), step->depth);
        rules += step->kind == NETPOL_STEP_RULE && *step->position && step->rule != 0;
    }
    assert_int_equal(rules, 10); /* two of admin, eight of rules */
    assert_null(netpol_explanation_at(e, netpol_explanation_count(e)));
    json_decref(root);
    netpol_explanation_destroy(e);
    world_close(&w);
}

static void the_explained_verdict_is_the_verdict(void **state)
{
    static const uint16_t ports[] = {1, 23, 8080, 9090, 9091};
    static const uint8_t protocols[] = {1, 6, 17, 132};
    struct world w;
    (void)state;
    open_cluster(&w);
    for (uint8_t s = 0; s < 4; s++) {
        for (size_t p = 0; p < 20; p++) {
            struct netpol_tuple tuple = {
                .src = {10, 0, 0, s},
                .dst = {10, 0, 0, 2},
                .family = 4,
                .protocol = protocols[p % 4],
                .dst_port = ports[p / 4]
            };
            struct netpol_verdict verdict;
            struct netpol_explanation *e = NULL;
            assert_int_equal(netpol_eval(w.view, &tuple, &verdict), NETPOL_OK);
            assert_int_equal(netpol_explain(w.view, NULL, &tuple, NULL, &e), NETPOL_OK);
            assert_memory_equal(&verdict, netpol_explanation_verdict(e), sizeof verdict);
            netpol_explanation_destroy(e);
        }
    }
    world_close(&w);
}

static void a_point_explains_its_own_side_only(void **state)
{
    struct world w;
    struct netpol_explanation *e = NULL;
    struct netpol_point point = {.side = NETPOL_SIDE_EGRESS};
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4, .protocol = 6, .dst_port = 8081
    };
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_explain(w.view, &point, &tuple, NULL, &e), NETPOL_OK);
    assert_string_equal(netpol_explanation_at(e, 0)->name, "network egress of shop/web");
    for (size_t i = 1; i < netpol_explanation_count(e); i++) {
        assert_int_not_equal(netpol_explanation_at(e, i)->kind, NETPOL_STEP_CHECKPOINT);
    }
    netpol_explanation_destroy(e);
    world_close(&w);
}

static void what_was_never_judged_is_not_called_free(void **state)
{
    struct world w;
    struct netpol_explanation *e = NULL;
    struct sink_text out = {0};
    struct netpol_tuple stale = {
        .src_ref = 999999, .flags = NETPOL_TUPLE_SRC_REF, .dst = {10, 0, 0, 2},
                .family = 4
    };
    struct netpol_tuple impossible = {.family = 5};
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_explain(w.view, NULL, &impossible, NULL, &e), NETPOL_OK);
    assert_int_equal(netpol_explanation_write(e, 0, 0, sink_add, &out), NETPOL_OK);
    assert_has(out.text, "=> deny, there can be no such connection");
    netpol_explanation_destroy(e);
    out.len = 0;
    assert_int_equal(netpol_explain(w.view, NULL, &stale, NULL, &e), NETPOL_OK);
    assert_int_equal(netpol_explanation_write(e, 0, 0, sink_add, &out), NETPOL_OK);
    assert_has(out.text, "=> unknown, an endpoint reference is not of this compile");
    netpol_explanation_destroy(e);
    world_close(&w);
}

static void memory_may_end_while_explaining(void **state)
{
    struct world w;
    size_t n;
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4, .protocol = 6, .dst_port = 8081
    };
    (void)state;
    open_cluster(&w);
    size_t blocks = w.memory.blocks;
    for (n = 1; n < 1000; n++) {
        struct netpol_explanation *e = NULL;
        struct sink_text out = {0};
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = netpol_explain(w.view, NULL, &tuple, NULL, &e);
        int written = status ? status : netpol_explanation_write(e, 1, 0, sink_add, &out);
        w.memory.fail_at = 0;
        netpol_explanation_destroy(e);
        assert_int_equal(w.memory.blocks, blocks);
        if (written == NETPOL_OK) {
            break;
        }
        assert_int_equal(written, NETPOL_ERR_MEMORY);
    }
    assert_in_range(n, 5, 999);
    world_close(&w);
}

/* Selectors of Cilium are about several kinds of ends; the words say of which an end is not. */
static void kinds_of_ends(void **state)
{
    static const char policy[] =
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
        "metadata: {name: c, namespace: shop}\nspec:\n"
        "  endpointSelector: {matchLabels: {app: api}}\n  ingress:\n"
        "  - fromEndpoints: [{matchLabels: {'reserved:world': '', 'cidr:10.1.0.0/16': ''}}]\n"
        "  - fromEntities: [remote-node]\n"
        "  - fromEndpoints: [{matchLabels: {'any:app': job}, matchExpressions: "
        "[{key: 'reserved:host', operator: DoesNotExist}]}]\n"
        "  - fromEntities: [cluster]\n    toPorts: [{ports: [{port: '9'}]}]\n"
        "  - fromEntities: [cluster]\n"
        "  - fromCIDRSet: [{cidrGroupRef: partners}]\n"
        "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
        "status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}\n";
    static const struct {
        const char *src, *lines[5];
    } rows[] = {
        {"{\"ip\":\"8.8.8.8\"}",
         {"spec.ingress[0]  source 8.8.8.8: 8.8.8.8 is not in 10.1.0.0/16",
          "spec.ingress[1]  source 8.8.8.8: it is not another node",
          "spec.ingress[4]  allow  source 8.8.8.8: it cannot be told: whether it is the API server",
          "spec.ingress[5]  source 8.8.8.8: nobody is known for CiliumCIDRGroup/partners"}},
        {"{\"ip\":\"192.168.0.1\"}",
         {"spec.ingress[0]  source node n1 192.168.0.1: it is not outside of the cluster",
          "spec.ingress[2]  source node n1 192.168.0.1: it is neither a pod, nor outside of the "
          "cluster"}                                                                      },
        {"{\"pod\":\"shop/web\"}",
         {"spec.ingress[0]  source shop/web: it is not outside of the cluster",
          "spec.ingress[2]  source shop/web: it has app=web, not job",
          "spec.ingress[3].toPorts[0]  TCP 80 is not TCP 9 or UDP 9 or SCTP 9",
          "yes   spec.ingress[4]  allow"}                                                 },
    };
    struct world w;
    struct sink_text out;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(world_load(&w, policy + strlen("---\n")), NETPOL_OK);
    assert_int_equal(world_try_compile(&w, "cilium", NULL), NETPOL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char question[160];
        snprintf(question, sizeof question,
                 "{\"src\":%s,\"dst\":{\"pod\":\"shop/api\"},\"port\":80}", rows[i].src);
        world_ask(&w, question, 0, 1, &out);
        for (size_t k = 0; k < 5 && rows[i].lines[k]; k++) {
            assert_has(out.text, rows[i].lines[k]);
        }
    }
    world_close(&w);
}

/* Ranges and names are not about pods; ICMP has types; isolation of whichever tier is counted. */
static void what_is_no_address_outside(void **state)
{
    static const char policies[] =
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
        "metadata: {name: c, namespace: shop}\nspec:\n"
        "  endpointSelector: {matchLabels: {app: web}}\n  egress:\n"
        "  - toCIDR: [10.0.0.0/8]\n  - toCIDR: [192.0.2.0/24]\n"
        "  - toFQDNs: [{matchName: a.example}]\n"
        "  - icmps: [{fields: [{type: 8}]}]\n"
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: k, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress]}\n";
    static const char *const to_pod[] = {
        ("spec.egress[0]  destination shop/api: 10.0.0.2 is a pod's address, which 10.0.0.0/8 does not "
         "match under this profile"),
        "spec.egress[1]  destination shop/api: 10.0.0.2 is not in 192.0.2.0/24",
        "spec.egress[2]  destination shop/api: it is a pod, and names are of addresses outside",
        "spec.egress[3].icmps[0]  TCP 80 is not ICMP type 8",
        "deny, isolated by CiliumNetworkPolicy/shop/c and 1 more",
    };
    struct world w;
    struct sink_text out;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(world_load(&w, policies), NETPOL_OK);
    assert_int_equal(world_try_compile(&w, "cilium", NULL), NETPOL_OK);
    world_ask(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"pod\":\"shop/api\"},\"port\":80}", 0,
              1, &out);
    for (size_t i = 0; i < sizeof to_pod / sizeof *to_pod; i++) {
        assert_has(out.text, to_pod[i]);
    }
    world_ask(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"ip\":\"8.8.8.8\"},\"port\":80}", 0, 1,
              &out);
    assert_has(out.text, "whether a name of it fits a.example");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_axis_is_told_in_words),
        cmocka_unit_test(a_match_and_what_is_not_reached),
        cmocka_unit_test(a_missing_fact_is_named),
        cmocka_unit_test(an_option_that_decides_is_named),
        cmocka_unit_test(the_json_is_json_and_says_the_same),
        cmocka_unit_test(the_explained_verdict_is_the_verdict),
        cmocka_unit_test(a_point_explains_its_own_side_only),
        cmocka_unit_test(what_was_never_judged_is_not_called_free),
        cmocka_unit_test(memory_may_end_while_explaining),
        cmocka_unit_test(kinds_of_ends),
        cmocka_unit_test(what_is_no_address_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
