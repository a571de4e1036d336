/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers, defaults and options of engine=cilium: spec of cilium/cilium.h, each with its source. */
#include "frame.h"

enum { ICMP = 1, LOCALHOST_TOP = 1, LOCALHOST_OFF = 2, ALWAYS = 1, NEVER = 2 };

static void cilium(struct world *w)
{
    w->options.engine = NP_ENGINE_CILIUM;
    w->options.own_node_ingress = 0;
    w->options.ipblock_matches_pods = w->options.ipblock_matches_nodes = 0;
}

#define NODES                                                                                 \
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: "          \
    "InternalIP, address: 192.168.0.1}]}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: " \
    "n2}\nstatus: {addresses: [{type: InternalIP, address: 192.168.0.2}]}\n---\n"
static const char n1[] = "192.168.0.1", n2[] = "192.168.0.2", outside[] = "8.8.8.8";

/* Lowering, row 8; pkg/policy/repository.go: the default is of tier 255. */
static void baseline_is_heard_before_the_default(void **state)
{
    struct world *w = *state;
    static const char text[] = NP("p", "{podSelector: {}}")
        CNP("open", "Baseline", "1", ALL ", ingress: [{action: Accept, " FROM_ALL "}]");
    given(w, text);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY); /* engine=kubernetes: NetworkPolicy ends there */
    cilium(w);
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW);
    assert_verdict(w, outside, xa, 80, NETPOL_DENY);
    assert_verdict(w, xa, wa, 80, NETPOL_ALLOW);
}

/* Lowering, row 20: a Pass with nothing behind it ends at the default. */
static void pass_ends_at_the_default(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, CNP("on", "Admin", "1", ALL ", ingress: [{action: Pass, " FROM_ALL "}]"));
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW);
    given(w, NP("p", "{podSelector: {}}"));
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, xa, wa, 80, NETPOL_ALLOW); /* its egress is not isolated */
}

/* Lowering, row 14; policy-cidr-match-mode is empty. */
static void ranges_are_about_what_is_outside(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, NODES NP("p", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: "
                           "{cidr: 0.0.0.0/0}}]}]}"));
    assert_verdict(w, xa, outside, 80, NETPOL_ALLOW);
    assert_verdict(w, xa, wa, 80, NETPOL_DENY);
    assert_verdict(w, xa, n2, 80, NETPOL_DENY);
    w->options.ipblock_matches_pods = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, xa, wa, 80, NETPOL_ALLOW);
    assert_verdict(w, xa, n2, 80, NETPOL_DENY);
}

static int ping(const struct world *w, const char *src, const char *dst, uint8_t type, uint8_t code)
{
    struct netpol_tuple tuple = {
        .family = NP_IPV4, .protocol = ICMP, .icmp_type = type, .icmp_code = code};
    struct netpol_verdict verdict;
    struct np_address from, to;
    (void)np_address_parse(np_slice_of(src), &from, NULL);
    (void)np_address_parse(np_slice_of(dst), &to, NULL);
    memcpy(tuple.src, from.bytes, sizeof tuple.src);
    memcpy(tuple.dst, to.bytes, sizeof tuple.dst);
    np_reference_eval(w->model, &tuple, NULL, NULL, NULL, &verdict);
    return verdict.action;
}

/* Lowering, row 44; bpf/lib/policy.h allow_icmp_frag_needed. */
static void icmp(void **state)
{
    struct world *w = *state;
    enum { ECHO = 8, UNREACHABLE = 3, HOST = 1, FRAGMENTATION = 4 };
    cilium(w);
    given(w, NP("p", "{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 80}]}]}")
                 NP("q", "{podSelector: {matchLabels: {pod: b}}, ingress: [{}]}"));
    assert_int_equal(ping(w, wa, xa, ECHO, 0), NETPOL_DENY);
    assert_int_equal(ping(w, wa, xb, ECHO, 0), NETPOL_ALLOW);
    assert_int_equal(ping(w, wa, xa, UNREACHABLE, HOST), NETPOL_DENY);
    assert_int_equal(ping(w, wa, xa, UNREACHABLE, FRAGMENTATION), NETPOL_ALLOW);
    /* the same number as a TCP port */
    assert_verdict(w, wa, xa, UNREACHABLE << 8 | FRAGMENTATION, NETPOL_DENY);
    w->options.icmp_frag_needed = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_int_equal(ping(w, wa, xa, UNREACHABLE, FRAGMENTATION), NETPOL_DENY);
}

/* pkg/policy/mapstate.go determineAllowLocalhostIngress: tier 255; an interim version: on top. */
static void the_own_node(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, NODES NP("p", "{podSelector: {}}"));
    assert_verdict(w, n1, xa, 80, NETPOL_ALLOW);
    assert_verdict(w, n2, xa, 80, NETPOL_DENY);
    assert_verdict(w, n2, xb, 80, NETPOL_ALLOW);
    w->options.allow_localhost = LOCALHOST_TOP;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, n1, xa, 80, NETPOL_ALLOW);
    assert_verdict(w, n2, xa, 80, NETPOL_DENY);
    given(w, NODES "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c, "
                   "namespace: x}\nspec: {endpointSelector: {}, ingressDeny: [{fromEntities: "
                   "[host]}]}\n");
    w->options.allow_localhost = LOCALHOST_TOP;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, n1, xa, 80, NETPOL_DENY); /* in every version */
    given(w, NODES NP("p", "{podSelector: {}}"));
    w->options.allow_localhost = LOCALHOST_OFF;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, n1, xa, 80, NETPOL_DENY);
}

/* pkg/policy/repository.go computePolicyEnforcementAndRules: always, never. */
static void enforcement(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, NP("p", "{podSelector: {matchLabels: {pod: a}}}"));
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
    assert_verdict(w, wa, xb, 80, NETPOL_ALLOW);
    w->options.policy_enforcement = ALWAYS;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, outside, xb, 80, NETPOL_DENY);
    assert_verdict(w, xb, outside, 80, NETPOL_DENY);
    assert_verdict(w, xa, xa, 80, NETPOL_ALLOW);
    w->options.policy_enforcement = NEVER;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW);
}

/* pkg/policy/types: the key is priority + index/100; what has one key is of one rank, deny first.
 */
static void equal_priorities_are_one_rank(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, CNP("a", "Admin", "7", ALL ", ingress: [{action: Accept, " FROM_ALL "}]")
                 CNP("b", "Admin", "7", ALL ", ingress: [{action: Deny, " FROM_ALL "}]"));
    assert_int_equal(world_said(w, "NP2220"), 0);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
}

static void the_index_counts_over_policies(void **state)
{
    struct world *w = *state;
#define PORT(number) ", protocols: [{tcp: {destinationPort: {number: " number "}}}]"
    cilium(w);
    given(w, CNP("a", "Admin", "7",
                 ALL ", ingress: [{action: Accept, " FROM_ALL PORT(
                     "22") "}, {action: Deny, " FROM_ALL PORT("80") "}]")
                 CNP("b", "Admin", "7", ALL ", ingress: [{action: Accept, " FROM_ALL "}]")
                     CNP("c", "Admin", "7",
                         ALL ", ingress: [{action: Accept, " FROM_ALL PORT(
                             "1") "}, "
                                  "{action: Deny, " FROM_ALL "}]"));
    assert_verdict(w, wa, xa, 80, NETPOL_ALLOW); /* b's index 0 before a's and c's index 1 */
    assert_verdict(w, wa, xa, 81, NETPOL_ALLOW);
}

/* What could not be read stands before its tier, and may be decided by an earlier one. */
static void unreadable_policies(void **state)
{
    struct world *w = *state;
    cilium(w);
    w->load_flags = NETPOL_LOAD_ADMITTED;
    given(w, NP("p", "{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: 0}]}]}")
                 CNP("open", "Admin", "1",
                     ALL ", ingress: [{action: Accept, " FROM_ALL PORT("22") "}]"));
    assert_verdict(w, wa, xa, 80, NETPOL_UNKNOWN);
    assert_verdict(w, wa, xa, 22, NETPOL_ALLOW);
    assert_verdict(w, wa, xb, 80, NETPOL_ALLOW);
    w->options.unreadable = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, wa, xa, 80, NETPOL_DENY);
}

/* A policy of nodes: its subjects by label, with one ingress rule. */
static void node_policy(struct np_lower *l)
{
    struct np_build *b = l->build;
    struct np_tier *tier = np_cilium_host_tier(l, NP_CILIUM_NORMAL);
    const struct np_selector *first = np_build_equals(b, NP_SCOPE_OBJECT, "zone", "a");
    struct np_port_span ssh = {.protocol = TCP, .ports = true, .first = 22, .last = 22};
    if (!tier) {
        return;
    }
    struct np_policy *policy = np_build_policy(b, tier, "Test", NULL, np_build_text(b, "nodes"));
    policy->isolates[NP_INGRESS] = true;
    struct np_rule *rule =
        np_lower_option_rule(l, policy, NP_INGRESS, NP_ACT_ALLOW, NP_OBJ_HOST_ENDPOINT);
    np_build_alt(b, rule)->service = np_build_service(b, &ssh, 1, false);
    policy->subjects[NP_INGRESS] = np_lower_pod_set(l, NP_OBJ_HOST_ENDPOINT, first);
}

#define LABELLED_NODE(name, zone, address)                                        \
    "apiVersion: v1\nkind: Node\nmetadata: {name: " name ", labels: {zone: " zone \
    "}}\nstatus: {addresses: [{type: InternalIP, address: " address "}]}\n---\n"

/* bpf/lib/host_firewall.h; enable-host-firewall: what begins or ends on a node, no pod's traffic.
 */
static void nodes_as_subjects(void **state)
{
    struct world *w = *state;
    cilium(w);
    w->more = node_policy;
    given(w, LABELLED_NODE("n1", "a", "192.168.0.1") LABELLED_NODE("n2", "b", "192.168.0.2"));
    assert_verdict(w, outside, n1, 80, NETPOL_ALLOW); /* no host firewall: nobody judges */
    w->options.host_firewall = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, outside, n1, 80, NETPOL_DENY);
    assert_verdict(w, outside, n1, 22, NETPOL_ALLOW);
    assert_verdict(w, outside, n2, 80, NETPOL_ALLOW);
    assert_verdict(w, n2, n1, 80, NETPOL_DENY);
    assert_verdict(w, n1, n2, 80, NETPOL_ALLOW);
    assert_verdict(w, n1, n1, 80, NETPOL_ALLOW);      /* passes no device */
    assert_verdict(w, xa, n1, 80, NETPOL_DENY);       /* a pod of the node */
    assert_verdict(w, outside, xa, 80, NETPOL_ALLOW); /* forwarded: the pod's own matter */
    assert_int_equal(ping(w, outside, n1, 3, 4), NETPOL_ALLOW);
    w->options.self_traffic = 0;
    w->options.policy_enforcement = ALWAYS;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, n1, n1, 80, NETPOL_DENY);
    assert_verdict(w, outside, n2, 80, NETPOL_DENY);
    w->options.policy_enforcement = NEVER;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, outside, n1, 80, NETPOL_ALLOW);
}

#define HOST_POLICY(name, from)                                                              \
    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: " name \
    "}\nspec: {nodeSelector: {}, ingress: [{fromEntities: [" from "]}]}\n---\n"

/* Documentation/security/policy/language.rst, host policies: ignored without the host firewall. */
static void policies_about_nodes(void **state)
{
    struct world *w = *state;
    cilium(w);
    given(w, NODES HOST_POLICY("a", "remote-node") HOST_POLICY("b", "remote-node"));
    assert_int_equal(world_said(w, "NP2590"), 1);
    assert_verdict(w, outside, n1, 80, NETPOL_ALLOW);
    w->strict = true;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_int_equal(w->lower_errors, 1);
    w->options.host_firewall = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_int_equal(w->lower_errors, 0);
    assert_verdict(w, outside, n1, 80, NETPOL_DENY);
    assert_verdict(w, n2, n1, 80, NETPOL_ALLOW);
    assert_verdict(w, outside, xa, 80, NETPOL_ALLOW);
}

static void judging_itself(struct world *w, const char *text)
{
    cilium(w);
    given(w, text);
    w->options.host_firewall = 1;
    w->options.self_traffic = 0; /* judge */
    assert_int_equal(world_lower(w), NETPOL_OK);
}

/* pkg/identity/reserved.go: to itself a node is reserved:host, and no remote node. */
static void a_node_to_itself_is_the_host(void **state)
{
    struct world *w = *state;
    judging_itself(w, NODES HOST_POLICY("a", "host"));
    assert_verdict(w, n1, n1, 80, NETPOL_ALLOW);
    assert_verdict(w, n2, n1, 80, NETPOL_DENY);
    assert_verdict(w, xa, n1, 80, NETPOL_DENY); /* a pod of the node is a pod */
}

/* pkg/policy/repository.go computePolicyEnforcementAndRules: what lets the host in to pods does not
 * let it in to itself. */
static void a_node_to_itself_is_no_remote_node(void **state)
{
    struct world *w = *state;
    judging_itself(w, NODES HOST_POLICY("a", "remote-node"));
    assert_verdict(w, n1, n1, 80, NETPOL_DENY);
    assert_verdict(w, n2, n1, 80, NETPOL_ALLOW);
}

/* A node of which both objects are loaded is one subject; labels are those of its Node. */
static void one_subject_a_node(void **state)
{
    struct world *w = *state;
    cilium(w);
    w->more = node_policy;
    w->options.host_firewall = 1;
    given(
        w,
        LABELLED_NODE(
            "n1", "a",
            "192.168.0.1") "apiVersion: cilium.io/v2\nkind: CiliumNode\n"
                           "metadata: {name: n1, labels: {zone: b}}\nspec: {addresses: [{ip: 172.16.0.1}]}\n---\n"
                           "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: n3, labels: {zone: a}}\n"
                           "spec: {addresses: [{ip: 172.16.0.3}]}\n");
    assert_verdict(w, outside, n1, 80, NETPOL_DENY);
    assert_verdict(w, outside, "172.16.0.1", 80, NETPOL_DENY);
    assert_verdict(w, outside, "172.16.0.3", 80, NETPOL_DENY);
    uint32_t hosts = 0;
    for (uint32_t i = 0; i < w->model->inventory.n_endpoints; i++) {
        hosts += w->model->inventory.endpoints[i]->kind == NP_OBJ_HOST_ENDPOINT;
    }
    assert_int_equal(hosts, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(baseline_is_heard_before_the_default),
        TEST(pass_ends_at_the_default),
        TEST(ranges_are_about_what_is_outside),
        TEST(icmp),
        TEST(the_own_node),
        TEST(enforcement),
        TEST(equal_priorities_are_one_rank),
        TEST(the_index_counts_over_policies),
        TEST(unreadable_policies),
        TEST(nodes_as_subjects),
        TEST(policies_about_nodes),
        TEST(a_node_to_itself_is_the_host),
        TEST(a_node_to_itself_is_no_remote_node),
        TEST(one_subject_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
