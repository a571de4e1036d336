/* SPDX-License-Identifier: Apache-2.0 */
/* Policies and peers that cannot be read, held because an API server accepted them. */
#include "frame.h"

/* ---- unreadable policies: design 7, options unreadable=report|close ---- */

static void unreadable_is_refused_unless_admitted(void **state)
{
    struct world *w = *state;
    given(w, NP("p", "{ingress: [{ports: [{port: 0}]}]}"));
    assert_int_equal(w->count, 0);
    assert_int_equal(world_said(w, "NP2101"), 1);
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW);
}

static void unreadable_report(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    given(w, NP("p", "{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 0}]}]}")
                 CNP("first", "Admin", "1",
                     ALL ", ingress: [{action: Deny, " FROM_ALL ", protocols: "
                         "[{tcp: {destinationPort: {number: 22}}}]}]"));
    assert_int_equal(w->count, 2);
    assert_int_equal(w->objects[0]->state, NP_OBJECT_UNREADABLE);
    assert_string_equal(w->objects[0]->label, "NetworkPolicy/x/p");
    assert_int_equal(world_said(w, "NP2020"), 1);
    struct netpol_verdict v = world_ask(w, wa, xa, TCP, 80);
    assert_int_equal(v.action, NETPOL_UNKNOWN);
    assert_int_equal(v.missing, NETPOL_MISSING_UNREADABLE);
    assert_verdict(w, xa, wa, 80, NETPOL_UNKNOWN); /* it may be about egress */
    assert_verdict(w, wa, xb, 80, NETPOL_ALLOW);   /* its subjects were read */
    assert_verdict(w, wa, wb, 80, NETPOL_ALLOW);
    assert_verdict(w, wa, xa, 22, NETPOL_DENY); /* an earlier tier decides */
    assert_verdict(w, xa, xa, 80, NETPOL_ALLOW);
}

static void unreadable_report_may_also_allow(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    given(w, NP("closed", "{podSelector: {}}") NP(
                 "p", "{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 0}]}]}"));
    assert_verdict(w, wa, xa, 80, NETPOL_UNKNOWN);
    assert_verdict(w, wa, xb, 80, NETPOL_DENY);
}

static void unreadable_close(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, NP("p", "{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 0}]}]}"));
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, xa, wa, 80, NETPOL_DENY);
    assert_verdict(w, wa, xb, 80, NETPOL_ALLOW);
    uint32_t rule = world_ask(w, wa, xa, TCP, 80).ingress.rule;
    assert_int_not_equal(rule, 0);
    const struct np_rule *decided = w->model->decisions[rule].rule;
    assert_string_equal(decided->origin.option->text, "unreadable");
    assert_string_equal(decided->origin.object->text, "NetworkPolicy/x/p");
}

static void unreadable_subject_means_the_whole_namespace(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, NP("p", "{podSelector: {matchLabels: {pod: [a]}}}"));
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, wa, xb, 80, NETPOL_DENY);
    assert_verdict(w, wa, wb, 80, NETPOL_ALLOW);
}

static void unreadable_foreign_policies(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
             "metadata: {name: p, namespace: x}\nspec: {}\n");
    assert_int_equal(w->count, 1);
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW); /* of another engine: no say */
    w->options.engine = NP_ENGINE_CILIUM;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, wa, wb, 80, NETPOL_ALLOW);
}

static void unreadable_policies_of_nobody_we_know(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, "apiVersion: crd.antrea.io/v1beta1\nkind: AntreaNetworkPolicy\n"
             "metadata: {name: p, namespace: x}\nspec: {}\n");
    assert_int_equal(w->count, 1);
    assert_string_equal(w->objects[0]->label, "AntreaNetworkPolicy/x/p");
    assert_int_equal(world_said(w, "NP2004"), 1);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, wa, wb, 80, NETPOL_ALLOW);
    given(w, "apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\n"
             "metadata: {name: p}\nspec: {}\n");
    assert_int_equal(w->count, 2);
    assert_verdict(w, wa, wb, 80, NETPOL_DENY);
}

static void unreadable_mesh_policies_are_about_every_pod(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
             "metadata: {name: p, namespace: istio-system}\nspec: {}\n");
    assert_verdict(w, wa, wb, 80, NETPOL_DENY);
}

static void unreadable_baseline_stays_behind_network_policy(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unreadable = 1;
    given(w, CNP("p", "Baseline", "2000", ALL) NP("open", "{podSelector: {}, ingress: [{}]}"));
    assert_verdict(w, wb, xa, 80, NETPOL_DENY); /* egress of w/b meets the unreadable baseline */
    struct netpol_verdict v = world_ask(w, wb, xa, TCP, 80);
    assert_int_equal(v.ingress.action, NETPOL_ALLOW); /* NetworkPolicy had decided there */
    assert_int_equal(v.egress.action, NETPOL_DENY);
}

static void an_object_without_name_is_never_held(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    given(w, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {namespace: x}\n");
    assert_int_equal(w->count, 0);
}

/* ---- unknown peers: network-policy-api, "fail closed"; option unknown_peer=error|fail-closed ----
 */

static const char future[] =
    CNP("accepts", "Admin", "1",
        "subject: {namespaces: {matchLabels: {ns: x}}}, ingress: [{action: Accept, from: "
        "[{namespaces: {}}, {services: {}}], protocols: [{tcp: {destinationPort: {number: 1}}}]}]")
        CNP("denies", "Admin", "2",
            "subject: {namespaces: {matchLabels: {ns: x}}}, ingress: [{action: Deny, from: [{}], "
            "protocols: [{tcp: {destinationPort: {range: {start: 1, end: 2}}}}]}]")
            CNP("passes", "Admin", "3",
                "subject: {namespaces: {matchLabels: {ns: x}}}, ingress: [{action: Pass, from: "
                "[{services: {}}], protocols: [{tcp: {destinationPort: {number: 3}}}]}]");

static void unknown_peer_error(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    given(w, future);
    assert_int_equal(w->count, 3);
    assert_int_equal(world_said(w, "NP2221"), 3);
    assert_verdict(w, wa, xa, 80, NETPOL_UNKNOWN); /* refused, so unreadable, which is reported */
    assert_verdict(w, wa, wb, 80, NETPOL_ALLOW);
    w->options.unreadable = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
}

static void unknown_peer_fail_closed(void **state)
{
    struct world *w = *state;
    w->load_flags = NETPOL_LOAD_ADMITTED;
    w->options.unknown_peer = 1;
    given(w, future);
    assert_verdict(w, wa, xa, 1, NETPOL_DENY); /* Accept matches nothing, then Deny-all */
    assert_verdict(w, wa, xa, 2, NETPOL_DENY);
    assert_verdict(w, wa, xa, 3, NETPOL_DENY); /* Pass becomes Deny-all */
    assert_verdict(w, "8.8.8.8", xa, 3, NETPOL_DENY);
    assert_verdict(w, wa, xa, 4, NETPOL_ALLOW);
}

static void unknown_peer_is_an_error_when_loading(void **state)
{
    struct world *w = *state;
    given(w, future);
    assert_int_equal(w->count, 0);
    assert_int_equal(world_said(w, "NP2207"),
                     1); /* the empty one; the others have unknown fields */
    assert_int_equal(world_said(w, "NP2007"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unreadable_is_refused_unless_admitted),
        TEST(unreadable_report),
        TEST(unreadable_report_may_also_allow),
        TEST(unreadable_close),
        TEST(unreadable_subject_means_the_whole_namespace),
        TEST(unreadable_foreign_policies),
        TEST(unreadable_policies_of_nobody_we_know),
        TEST(unreadable_mesh_policies_are_about_every_pod),
        TEST(unreadable_baseline_stays_behind_network_policy),
        TEST(an_object_without_name_is_never_held),
        TEST(unknown_peer_error),
        TEST(unknown_peer_fail_closed),
        TEST(unknown_peer_is_an_error_when_loading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
