/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: names to endpoints, services to backends, paths to one verdict, and the JSON of it all.
 */
#include "np_world.h"

#define POD(name, app, address, extra)                                                 \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: " name ", namespace: shop, labels: {" \
    "app: " app "}}\nspec:\n  containers: [{name: c, image: i, ports: ["               \
    "{name: http, containerPort: 8080}]}]\nstatus: {podIPs: [{ip: " address "}]" extra "}\n---\n"
#define DEPLOYMENT(name, replicas)                                                         \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name ", namespace: shop}\n" \
    "spec:\n  replicas: " replicas "\n  selector: {matchLabels: {app: " name "}}\n"        \
    "  template:\n    metadata: {labels: {app: " name "}}\n"                               \
    "    spec: {containers: [{name: c, image: i}]}\n---\n"

static const char cluster[] = POD("web", "web", "10.0.0.1", "") POD(
    "api-1", "api", "10.0.0.2", "") POD("api-2", "api", "10.0.0.3", "")
    POD("db", "db", "10.0.0.4", "") DEPLOYMENT("many", "3") DEPLOYMENT(
        "lone",
        "1") "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop}\n"
             "spec: {clusterIP: 10.96.0.1, selector: {app: api}, ports: [{port: 80, targetPort: http}]}\n"
             "---\napiVersion: v1\nkind: Service\nmetadata: {name: pods, namespace: shop}\n"
             "spec: {clusterIP: None, selector: {app: api}, ports: [{port: 80, targetPort: http}]}\n"
             "---\napiVersion: v1\nkind: Service\nmetadata: {name: mixed, namespace: shop}\n"
             "spec: {selector: {tier: mixed}, ports: [{port: 80}]}\n"
             "---\napiVersion: v1\nkind: Service\nmetadata: {name: out, namespace: shop}\n"
             "spec: {type: ExternalName, externalName: pay.example}\n"
             "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
             "metadata: {name: api, namespace: shop}\nspec:\n"
             "  podSelector: {matchLabels: {app: api}}\n  ingress:\n"
             "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080}]\n"
             "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
             "metadata: {name: alone, namespace: shop}\nspec:\n"
             "  podSelector: {matchExpressions: [{key: app, operator: In, values: [many, lone]}]}\n";

static void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
}

static void the_answer_line_is_as_documented(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w,
              "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"pod\":\"shop/api-1\"},\"port\":8080,"
              "\"expect\":\"allow\"}",
              1, 0, &out);
    assert_string_equal(
        out.text,
        "{\"verdict\":\"deny\",\"plane\":\"network\",\"side\":\"ingress\",\"reason\":\"isolated\","
        "\"policy\":\"NetworkPolicy/shop/api\",\"rule\":\"spec\",\"position\":\"test.yaml:73:3\","
        "\"parts\":[{\"plane\":\"network\",\"side\":\"egress\",\"verdict\":\"allow\","
        "\"reason\":\"no-policy\",\"policy\":\"\",\"rule\":\"\",\"position\":\"\"},"
        "{\"plane\":\"network\",\"side\":\"ingress\",\"verdict\":\"deny\",\"reason\":\"isolated\","
        "\"policy\":\"NetworkPolicy/shop/api\",\"rule\":\"spec\","
        "\"position\":\"test.yaml:73:3\"}],\"expect\":\"allow\",\"ok\":false}");
    world_ask(&w,
              "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"pod\":\"shop/api-1\"},\"port\":8080,"
              "\"expect\":\"allow\"}",
              1, 0, &out);
    assert_has(out.text, "{\"verdict\":\"allow\",\"plane\":\"network\",\"side\":\"ingress\","
                         "\"reason\":\"rule\",\"policy\":\"NetworkPolicy/shop/api\","
                         "\"rule\":\"spec.ingress[0]\"");
    assert_has(out.text, "\"expect\":\"allow\",\"ok\":true}");
    world_close(&w);
}

static void a_service_leads_to_its_backends_and_their_ports(void **state)
{
    struct world w;
    struct netpol_answer_info info;
    (void)state;
    open_cluster(&w);
    struct netpol_answer *answer = world_answer(
        &w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/api\"},\"port\":80}", 0);
    netpol_answer_get(answer, &info);
    assert_int_equal(info.action, NETPOL_ALLOW);
    assert_int_equal(info.paths, 2);
    assert_string_equal(info.note, "shop/api has 2 backends for port 80");
    assert_non_null(netpol_answer_verdict(answer, 1, 0));
    assert_null(netpol_answer_verdict(answer, 2, 0));
    assert_null(netpol_answer_verdict(answer, 0, 1));
    netpol_answer_destroy(answer);
    /* a headless name resolves to the pods, where 80 is 80 */
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/pods\"},"
                         "\"port\":80}"),
        NETPOL_DENY);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/pods\"},"
                         "\"port\":8080}"),
        NETPOL_ALLOW);
    world_close(&w);
}

/* Lowering 5, case 45: backends that disagree give unknown, with the answer of each. */
static void backends_that_differ_give_unknown_with_each_answer(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(
        world_load(&w, "apiVersion: v1\nkind: Pod\nmetadata: {name: m1, namespace: shop, labels: "
                       "{tier: mixed}}\nspec: {containers: [{name: c, image: i}]}\n"
                       "status: {podIP: 10.0.1.1}\n---\n"
                       "apiVersion: v1\nkind: Pod\nmetadata: {name: m2, namespace: shop, labels: "
                       "{tier: mixed, app: api}}\nspec: {containers: [{name: c, image: i}]}\n"
                       "status: {podIP: 10.0.1.2}\n"),
        NETPOL_OK);
    world_compile(&w);
    world_ask(&w,
              "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"service\":\"shop/mixed\"},\"port\":80}", 1,
              0, &out);
    assert_has(out.text, "{\"verdict\":\"unknown\"");
    assert_has(out.text, "\"missing\":[\"backends\"]");
    assert_has(out.text, "\"dst\":\"shop/m1\",\"port\":80,\"verdict\":\"allow\"");
    assert_has(out.text, "\"dst\":\"shop/m2\",\"port\":80,\"verdict\":\"deny\"");
    world_close(&w);
}

static void a_service_without_backends_is_unknown(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    open_cluster(&w);
    world_ask(&w,
              "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"service\":\"shop/mixed\"},\"port\":80}", 1,
              0, &out);
    assert_has(out.text, "{\"verdict\":\"unknown\"");
    assert_has(out.text, "\"missing\":[\"backends\"]");
    world_close(&w);
}

static void an_external_name_is_an_outside_end(void **state)
{
    struct world w;
    struct netpol_answer_info info;
    (void)state;
    open_cluster(&w);
    struct netpol_answer *answer = world_answer(
        &w, "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/out\"},\"port\":443}", 0);
    netpol_answer_get(answer, &info);
    assert_int_equal(info.action, NETPOL_ALLOW);
    assert_string_equal(info.note, "shop/out is outside: pay.example");
    netpol_answer_destroy(answer);
    world_close(&w);
}

/* A Deployment with several replicas to itself is pod to sibling; one replica is the pod itself. */
static void a_workload_to_itself(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/many\"},\"dst\":{\"pod\":\"shop/many\"},"
                         "\"port\":80}"),
        NETPOL_DENY);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/lone\"},\"dst\":{\"pod\":\"shop/lone\"},"
                         "\"port\":80}"),
        NETPOL_ALLOW);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/api-1\"},\"dst\":{\"pod\":\"shop/api-1\"},"
                         "\"port\":80}"),
        NETPOL_ALLOW);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/api-1\"},\"dst\":{\"pod\":\"shop/api-2\"},"
                         "\"port\":80}"),
        NETPOL_DENY);
    world_close(&w);
}

static void addresses_are_recognised(void **state)
{
    struct world w;
    struct netpol_answer_info info;
    (void)state;
    open_cluster(&w);
    struct netpol_answer *answer = world_answer(
        &w, "{\"src\":{\"ip\":\"10.0.0.1\"},\"dst\":{\"ip\":\"::ffff:10.0.0.2\"},\"port\":8080}",
        0);
    netpol_answer_get(answer, &info);
    assert_int_equal(info.action, NETPOL_ALLOW);
    assert_string_equal(info.note, "10.0.0.1 is shop/web; 10.0.0.2 is shop/api-1");
    netpol_answer_destroy(answer);
    /* a service's own address: translate first */
    answer = world_answer(
        &w, "{\"src\":{\"pod\":\"shop/many\"},\"dst\":{\"ip\":\"10.96.0.1\"},\"port\":80}", 0);
    netpol_answer_get(answer, &info);
    assert_string_equal(info.note, "10.96.0.1 is service shop/api");
    netpol_answer_destroy(answer);
    world_close(&w);
}

static void labels_that_no_pod_has_are_judged_exactly(void **state)
{
    static const char json[] = "{\"src\":{\"namespace\":\"shop\",\"labels\":{\"app\":\"web\"}},"
                               "\"dst\":{\"namespace\":\"shop\",\"labels\":{\"app\":\"api\",\"v\":"
                               "\"2\"}},\"port\":8080}";
    struct world w;
    struct netpol_question *q = NULL;
    struct netpol_answer *answer = NULL;
    struct netpol_answer_info info;
    struct sink_text out = {0};
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_parse(&w, json, &q), NETPOL_OK);
    assert_int_equal(netpol_question_answer(q, w.view, 0, w.diags, &answer), NETPOL_ERR_INPUT);
    assert_non_null(world_diag(&w, "NP5010"));
    assert_int_equal(netpol_question_prepare(q, w.store, w.diags), NETPOL_OK);
    world_compile(&w);
    assert_int_equal(netpol_question_answer(q, w.view, 1, w.diags, &answer), NETPOL_OK);
    netpol_answer_get(answer, &info);
    assert_int_equal(info.action, NETPOL_ALLOW);
    assert_string_equal(info.policy, "NetworkPolicy/shop/api");
    assert_int_equal(netpol_answer_write(answer, 0, 0, sink_add, &out), NETPOL_OK);
    assert_has(out.text, "allow: shop{app=web} -> shop{app=api,v=2} TCP 8080\n");
    netpol_answer_destroy(answer);
    netpol_question_destroy(q);
    assert_int_equal(world_parse(&w,
                                 "{\"src\":{\"namespace\":\"shop\",\"labels\":{\"a b\":\"x\"}},"
                                 "\"dst\":{\"pod\":\"shop/db\"}}",
                                 &q),
                     NETPOL_OK);
    assert_int_equal(netpol_question_prepare(q, w.store, w.diags), NETPOL_ERR_INPUT);
    netpol_question_destroy(q);
    world_close(&w);
}

static void what_does_not_exist_is_never_answered(void **state)
{
    static const struct {
        const char *json, *code, *hint;
    } bad[] = {
        {"{\"src\":{\"pod\":\"shop/webb\"},\"dst\":{\"pod\":\"shop/db\"}}",                   "NP5006", "'shop/web'"},
        {"{\"src\":{\"pod\":\"store/web\"},\"dst\":{\"pod\":\"shop/db\"}}",                   "NP5006", "'shop/web'"},
        {"{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/apo\"},\"port\":80}",
         "NP5007",                                                                                      "'shop/api'"},
        {"{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/api\"},\"port\":8080}",
         "NP5008",                                                                                      "80"        },
        {"{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"service\":\"shop/api\"},\"port\":80,"
         "\"protocol\":\"UDP\"}",                                                    "NP5008", "80"        },
        {"{\"src\":{\"ip\":\"10.0.0.1\"},\"dst\":{\"ip\":\"2001:db8::1\"}}",                  "NP5009", ""          },
    };
    struct world w;
    (void)state;
    open_cluster(&w);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct netpol_question *q = NULL;
        struct netpol_answer *answer = NULL;
        netpol_diags_clear(w.diags);
        assert_int_equal(world_parse(&w, bad[i].json, &q), NETPOL_OK);
        assert_int_equal(netpol_question_answer(q, w.view, 0, w.diags, &answer), NETPOL_ERR_INPUT);
        assert_null(answer);
        const struct netpol_diag *diag = world_diag(&w, bad[i].code);
        assert_non_null(diag);
        assert_has(diag->hint, bad[i].hint);
        assert_true(diag->column > 0);
        netpol_question_destroy(q);
    }
    world_close(&w);
}

static void one_point_can_be_asked(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"pod\":\"shop/api-1\"},"
                         "\"port\":8080,\"at\":{\"plane\":\"network\",\"side\":\"egress\"}}"),
        NETPOL_ALLOW);
    assert_int_equal(world_action(&w,
                                  "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"pod\":\"shop/api-1\"},"
                                  "\"port\":8080,\"at\":{\"side\":\"ingress\"}}"),
                     NETPOL_DENY);
    world_close(&w);
}

static void an_incomplete_set_is_said_with_every_answer(void **state)
{
    struct world w;
    struct sink_text out;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(
        world_load_flags(&w, "apiVersion: v1\nkind: Pod\nmetadata: {}\n", NETPOL_LOAD_KEEP_GOING),
        NETPOL_OK);
    world_compile(&w);
    world_ask(&w, "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"pod\":\"shop/web\"},\"port\":80}", 1,
              0, &out);
    assert_has(out.text, "\"incomplete\":true");
    world_ask(&w, "{\"src\":{\"pod\":\"shop/db\"},\"dst\":{\"pod\":\"shop/web\"},\"port\":80}", 0,
              0, &out);
    assert_has(out.text, "incomplete");
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_line_is_as_documented),
        cmocka_unit_test(a_service_leads_to_its_backends_and_their_ports),
        cmocka_unit_test(backends_that_differ_give_unknown_with_each_answer),
        cmocka_unit_test(a_service_without_backends_is_unknown),
        cmocka_unit_test(an_external_name_is_an_outside_end),
        cmocka_unit_test(a_workload_to_itself),
        cmocka_unit_test(addresses_are_recognised),
        cmocka_unit_test(labels_that_no_pod_has_are_judged_exactly),
        cmocka_unit_test(what_does_not_exist_is_never_answered),
        cmocka_unit_test(one_point_can_be_asked),
        cmocka_unit_test(an_incomplete_set_is_said_with_every_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
