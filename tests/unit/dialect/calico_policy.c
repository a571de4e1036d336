/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calico's policies from text to answers, where a case folder cannot say it: what could not be
 * read, staged policies, names that two kinds share, messages about the whole set, explanations.
 * Rules and selectors are in tests/cases/calico.
 */
#include "np_world.h"

#define KIND(kind, name, spec)                                                 \
    "apiVersion: projectcalico.org/v3\nkind: " kind "\nmetadata: {name: " name \
    ", namespace: a}\nspec: " spec "\n---\n"
#define NP(name, spec) KIND("NetworkPolicy", name, spec)
#define GNP(name, spec)                                             \
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n" \
    "metadata: {name: " name "}\nspec: " spec "\n---\n"
#define SGNP(name, spec)                                                  \
    "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\n" \
    "metadata: {name: " name "}\nspec: " spec "\n---\n"
#define KUBE(name, spec)                                                            \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " name \
    ", namespace: a}\nspec: " spec "\n---\n"
#define TCP_PORT(action, port) \
    "{action: " action ", protocol: TCP, destination: {ports: [" port "]}}"

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {env: prod}}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a, labels: {app: web}}\n"
    "spec: {nodeName: n1, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}\n"
    "status: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: a, labels: {app: db}}\n"
    "spec: {nodeName: n2, serviceAccountName: robot, containers: [{name: c}]}\n"
    "status: {podIP: 10.0.0.2}\n---\n";

static void given(struct world *w, const char *text, uint32_t flags)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    (void)world_load_flags(w, text, flags);
    assert_int_equal(world_try_compile(w, "calico", NULL), NETPOL_OK);
}

static struct netpol_verdict asked(struct world *w, const char *dst, unsigned port)
{
    char question[128];
    snprintf(question, sizeof question,
             "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/%s\"},\"port\":%u}", dst, port);
    struct netpol_answer *answer = world_answer(w, question, 0);
    struct netpol_answer_info info;
    netpol_answer_get(answer, &info);
    struct netpol_verdict verdict = *netpol_answer_verdict(answer, 0, 0);
    netpol_answer_destroy(answer);
    return verdict;
}

#define assert_action(w, dst, port, expected) assert_int_equal(asked(w, dst, port).action, expected)

/* ---- what could not be read (lowering 4.4, "what does not resolve") ---- */

/* An API server has it: its tier is closed for its subjects as long as nobody can say more. */
static void unreadable(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', ingress: [{action: Deny, protocol: FOO}]}")
              GNP("first",
                  "{tier: kube-admin, types: [Ingress], ingress: [" TCP_PORT("Deny", "22") "]}"),
          NETPOL_LOAD_ADMITTED);
    assert_non_null(world_diag(&w, "NP2020"));
    struct netpol_verdict v = asked(&w, "web", 80);
    assert_int_equal(v.action, NETPOL_UNKNOWN);
    assert_int_equal(v.missing, NETPOL_MISSING_UNREADABLE);
    assert_action(&w, "web", 22, NETPOL_DENY); /* an earlier tier decides */
    assert_action(&w, "db", 80, NETPOL_ALLOW); /* its subjects were read */
    assert_int_equal(world_try_compile(&w, "calico", "unreadable=close"), NETPOL_OK);
    assert_action(&w, "web", 80, NETPOL_DENY);
    world_close(&w);
}

/* Subjects that cannot be read are all of the namespace; a staged shell enforces nothing. */
static void unreadable_subjects(void **state)
{
    struct world w;
    (void)state;
    given(&w, NP("p", "{selector: app ==, tier: later}"), NETPOL_LOAD_ADMITTED);
    assert_action(&w, "web", 80, NETPOL_UNKNOWN);
    assert_action(&w, "db", 80, NETPOL_UNKNOWN);
    world_close(&w);
    given(&w, KIND("StagedNetworkPolicy", "p", "{selector: app ==}"), NETPOL_LOAD_ADMITTED);
    assert_action(&w, "web", 80, NETPOL_ALLOW);
    world_close(&w);
}

/* A Deny whose match is not known may deny; it never turns into an allow. An Allow neither. */
static void lenient(void **state)
{
    struct world w;
    (void)state;
    given(
        &w,
        NP("p",
           "{selector: app == 'web', ingress: ["
           "{action: Deny, protocol: TCP, source: {selector: app ==}, destination: {ports: [1]}}, "
           "{action: Deny, source: {nets: [10.0.0.300]}, protocol: TCP, destination: {ports: [2]}}, "
           "{action: Allow, source: {notNets: [10.0.0.1/8]}, protocol: TCP, destination: {ports: [3]}}, "
           "{action: Allow, protocol: TCP, destination: {ports: [1, 2]}}]}")
            NP("q", "{selector: app ==, order: 1, ingress: [" TCP_PORT("Deny", "9") "]}"),
        NETPOL_LOAD_LENIENT);
    assert_action(&w, "web", 1, NETPOL_UNKNOWN);
    assert_action(&w, "web", 2, NETPOL_UNKNOWN);
    assert_action(&w, "web", 3, NETPOL_UNKNOWN);
    assert_action(&w, "web", 4, NETPOL_DENY);
    assert_action(&w, "db", 9, NETPOL_UNKNOWN); /* whom q is about is not known */
    world_close(&w);
}

/* ---- staged policies (check_test.go TestCheckTiersPolicyScope) ---- */

static int pending(struct world *w, const char *dst, unsigned port)
{
    struct netpol_verdict v = asked(w, dst, port);
    return netpol_verdict_pending(&v);
}

/* Before every other policy, if it counted. */
#define DENIES_WEB(action) \
    "{stagedAction: " action ", order: 1, selector: app == 'web', ingress: [{action: Deny}]}"

static void staged(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', ingress: [" TCP_PORT("Allow", "80") "]}")
              KIND("StagedNetworkPolicy", "p",
                   "{selector: app == 'web', ingress: [" TCP_PORT("Allow", "81") "]}")
                  KIND("StagedNetworkPolicy", "new", "{selector: app == 'db'}")
                      KIND("StagedNetworkPolicy", "learnt", DENIES_WEB("Learn"))
                          KIND("StagedNetworkPolicy", "ignored", DENIES_WEB("Ignore")),
          0);
    assert_action(&w, "web", 80, NETPOL_ALLOW);
    assert_action(&w, "web", 81, NETPOL_DENY);
    assert_int_equal(pending(&w, "web", 80), NETPOL_ALLOW); /* added; Learn and Ignore are not */
    assert_int_equal(pending(&w, "web", 81), NETPOL_ALLOW);
    assert_action(&w, "db", 80, NETPOL_ALLOW);
    assert_int_equal(pending(&w, "db", 80), NETPOL_DENY);
    assert_int_equal(world_try_compile(&w, "calico", "staged=promote"), NETPOL_OK);
    assert_int_equal(pending(&w, "web", 80), NETPOL_DENY); /* in place of its namesake */
    assert_int_equal(pending(&w, "web", 81), NETPOL_ALLOW);
    world_close(&w);
}

/* Delete takes away the policy of Calico, in whichever stage and tier it stands, and no other. */
static void staged_delete(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', ingress: [" TCP_PORT("Deny", "1") ", {action: Allow}]}")
              KUBE("p", "{podSelector: {matchLabels: {app: db}}}")
                  KIND("StagedNetworkPolicy", "p", "{stagedAction: Delete}")
                      GNP("g", "{tier: kube-admin, ingress: [" TCP_PORT("Deny", "2") "]}")
                          SGNP("g", "{stagedAction: Delete}"),
          0);
    assert_action(&w, "web", 1, NETPOL_DENY);
    assert_action(&w, "web", 2, NETPOL_DENY);
    assert_int_equal(pending(&w, "web", 1), NETPOL_ALLOW);
    assert_int_equal(pending(&w, "web", 2), NETPOL_ALLOW);
    assert_int_equal(pending(&w, "db", 1), NETPOL_DENY); /* the one of Kubernetes stays */
    world_close(&w);
}

static void staged_kubernetes_delete(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', types: [Ingress]}")
              KUBE("p", "{podSelector: {matchLabels: {app: db}}}")
                  KIND("StagedKubernetesNetworkPolicy", "p", "{stagedAction: Delete}"),
          0);
    assert_int_equal(pending(&w, "web", 1), NETPOL_DENY); /* the one of Calico stays */
    assert_action(&w, "db", 1, NETPOL_DENY);
    assert_int_equal(pending(&w, "db", 1), NETPOL_ALLOW);
    world_close(&w);
}

/* ---- one name, two kinds ---- */

static uint64_t key_at(struct world *w, unsigned port)
{
    struct netpol_verdict v = asked(w, "web", port);
    return netpol_rule_key(w->matcher, v.ingress.rule, v.generation);
}

static void keys_of_namesakes_differ(void **state)
{
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', ingress: [" TCP_PORT("Allow", "1") "]}") KUBE(
              "p", "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 2}]}]}"),
          0);
    assert_action(&w, "web", 1, NETPOL_ALLOW);
    assert_action(&w, "web", 2, NETPOL_ALLOW);
    assert_true(key_at(&w, 1) != key_at(&w, 2));
    world_close(&w);
}

/* ---- the set as a whole ---- */

static void a_service_that_is_not_there(void **state)
{
    static const char text[] =
        NP("p", "{selector: app == 'db', ingress: [{action: Allow, source: {services: {name: s}}}, "
                "{action: Allow, protocol: TCP, destination: {ports: [5]}}]}");
    struct world w;
    (void)state;
    given(&w, text, 0);
    assert_string_equal(world_diag(&w, "NP2476")->message, "there is no service a/s");
    assert_string_equal(world_diag(&w, "NP2476")->path, "spec.ingress[0]");
    assert_action(&w, "db", 1, NETPOL_DENY);
    assert_action(&w, "db", 5, NETPOL_ALLOW);
    /* with it, and then an edit elsewhere: members stay */
    assert_int_equal(world_load(&w,
                                "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\n"
                                "spec: {selector: {app: web}, ports: [{port: 80}]}\n"),
                     NETPOL_OK);
    netpol_diags_clear(w.diags);
    assert_int_equal(world_try_compile(&w, "calico", NULL), NETPOL_OK);
    assert_null(world_diag(&w, "NP2476"));
    assert_int_equal(
        world_action(&w, "{\"src\":{\"pod\":\"a/web\"},\"dst\":{\"pod\":\"a/db\"},\"port\":1}"),
        NETPOL_ALLOW);
    world_close(&w);
}

/* A tier that nobody made is told once, also where only a stage before translation has policies. */
static void a_tier_that_is_not_there(void **state)
{
    static const char *const flags[] = {"preDNAT: true, applyOnForward: true",
                                        "doNotTrack: true, applyOnForward: true",
                                        "applyOnForward: true", "applyOnForward: false"};
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct world w;
        snprintf(text, sizeof text, GNP("p", "{tier: gone, %s, ingress: [{action: Deny}]}"),
                 flags[i]);
        given(&w, text, 0);
        assert_int_equal(netpol_diags_count(w.diags), 1);
        assert_string_equal(world_diag(&w, "NP2401")->object, "GlobalNetworkPolicy/p");
        world_close(&w);
    }
}

static void application_layer_off(void **state)
{
    static const char question[] =
        "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/web\"},\"port\":80,"
        "\"http\":{\"method\":\"PUT\",\"path\":\"/\"}}";
    struct world w;
    (void)state;
    given(&w,
          NP("p", "{selector: app == 'web', ingress: [{action: Allow, http: {methods: [GET]}}]}"),
          0);
    assert_int_equal(world_action(&w, question), NETPOL_DENY);
    assert_int_equal(world_try_compile(&w, "calico", "application_layer=off"), NETPOL_OK);
    assert_int_equal(world_action(&w, question), NETPOL_ALLOW);
    world_close(&w);
}

/* Under another engine these policies have no say (lowering 2, 3). */
static void another_engine(void **state)
{
    struct world w;
    (void)state;
    given(&w, NP("p", "{selector: app == 'web'}"), 0);
    assert_action(&w, "web", 80, NETPOL_DENY);
    assert_int_equal(world_try_compile(&w, "kubernetes", NULL), NETPOL_OK);
    assert_action(&w, "web", 80, NETPOL_ALLOW);
    world_close(&w);
}

/* ---- explanations ---- */

static void which_condition_failed(void **state)
{
    static const char *const lines[] = {
        "no    spec.ingress[0]  source a/db: it has app=db, not web",
        "no    spec.ingress[1]  source a/db: it is in namespace a, not b",
        "no    spec.ingress[2]  source a/db: 10.0.0.2 is in none of 10.1.0.0/16, 10.2.0.0/16",
        "no    spec.ingress[3]  source a/db: 10.0.0.2 is in one of the excepted 10.0.0.0/24, 10.2.0.0/16",
        "no    spec.ingress[4]  TCP 80 is excluded: a port that it names 'http'",
        "no    spec.ingress[5]  TCP 80 is not UDP",
        "no    spec.ingress[6]  TCP 80 is excluded: TCP",
        "no    spec.ingress[7]  destination a/web: 10.0.0.1 is not in 1.2.3.4/32",
        "no    spec.ingress[8]  source a/db: 10.0.0.2 is no endpoint of Service/a/s",
        "no    spec.ingress[9]  the rule is for the other address family",
        "no    spec.ingress[10]  source a/db: it has app=db, which is excluded",
        "no    spec.ingress[11]  source a/db: its service account does not fit other",
        "no    spec.ingress[12]  source port 7 is not TCP 5",
    };
    struct world w;
    struct sink_text out;
    (void)state;
    given(&w,
          NP("p", "\n  selector: app == 'web'\n  ingress:\n"
                  "  - {action: Deny, source: {selector: app == 'web'}}\n"
                  "  - {action: Deny, source: {namespaceSelector: projectcalico.org/name == 'b'}}\n"
                  "  - {action: Deny, source: {nets: [10.1.0.0/16, 10.2.0.0/16]}}\n"
                  "  - {action: Deny, source: {notNets: [10.0.0.0/24, 10.2.0.0/16]}}\n"
                  "  - {action: Deny, protocol: TCP, destination: {notPorts: [http]}}\n"
                  "  - {action: Deny, protocol: UDP, destination: {notPorts: [http]}}\n"
                  "  - {action: Deny, notProtocol: TCP}\n"
                  "  - {action: Deny, destination: {nets: [1.2.3.4]}}\n"
                  "  - {action: Deny, source: {services: {name: s}}}\n"
                  "  - {action: Deny, ipVersion: 6}\n"
                  "  - {action: Deny, source: {notSelector: app == 'db'}}\n"
                  "  - {action: Deny, source: {serviceAccounts: {names: [other]}}}\n"
                  "  - {action: Deny, protocol: TCP, source: {ports: [5]}}\n"),
          0);
    world_ask(&w,
              "{\"src\":{\"pod\":\"a/db\"},\"dst\":{\"pod\":\"a/web\"},\"port\":80,\"srcPort\":7}",
              0, 1, &out);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_has(out.text, lines[i]);
    }
    world_ask(&w, "{\"src\":{\"ip\":\"8.8.8.8\"},\"dst\":{\"pod\":\"a/web\"},\"port\":80}", 0, 1,
              &out);
    assert_has(out.text,
               "source 8.8.8.8: no endpoint and no network set that it is of is selected");
    world_close(&w);
}

/* ---- ends named by reference alone ---- */

/* The hop is of the family of the source's first address, be the other end of another one. */
static void families_of_references(void **state)
{
    struct world w;
    struct netpol_verdict verdict;
    (void)state;
    given(&w,
          "apiVersion: v1\nkind: Pod\nmetadata: {name: six, namespace: a, labels: {app: six}}\n"
          "spec: {nodeName: n1, containers: [{name: c}]}\nstatus: {podIP: \"fd00::1\"}\n---\n" NP(
              "p", "{types: [Egress], egress: [{action: Deny, protocol: UDP, "
                   "destination: {nets: [10.0.0.0/30]}}, {action: Deny, ipVersion: 4}, "
                   "{action: Allow}]}"),
          0);
    struct netpol_tuple tuple = {.src_ref = netpol_view_find(w.view, "a", "six"),
                                 .dst_ref = netpol_view_find(w.view, "a", "web"),
                                 .flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF,
                                 .protocol = 6,
                                 .dst_port = 80};
    assert_int_equal(netpol_eval(w.view, &tuple, &verdict), NETPOL_OK);
    assert_int_equal(verdict.action, NETPOL_ALLOW);
    tuple.src_ref = netpol_view_find(w.view, "a", "db");
    assert_int_equal(netpol_eval(w.view, &tuple, &verdict), NETPOL_OK);
    assert_int_equal(verdict.action, NETPOL_DENY);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unreadable),
        cmocka_unit_test(unreadable_subjects),
        cmocka_unit_test(lenient),
        cmocka_unit_test(staged),
        cmocka_unit_test(staged_delete),
        cmocka_unit_test(staged_kubernetes_delete),
        cmocka_unit_test(families_of_references),
        cmocka_unit_test(keys_of_namesakes_differ),
        cmocka_unit_test(a_service_that_is_not_there),
        cmocka_unit_test(a_tier_that_is_not_there),
        cmocka_unit_test(application_layer_off),
        cmocka_unit_test(another_engine),
        cmocka_unit_test(which_condition_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
