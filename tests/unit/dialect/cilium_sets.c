/* SPDX-License-Identifier: Apache-2.0 */
/* Literals that are known by a name, and what objects say of them: cilium/sets.c, inventory.c. */
#include "frame.h"

static const char outside[] = "8.8.8.8", partner[] = "198.51.100.7", other[] = "203.0.113.9";

#define GROUP(name, labels, cidrs)                                                                \
    "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: " name ", labels: " labels \
    "}\nspec: {externalCIDRs: " cidrs "}\n---\n"

/* Egress of every pod to whatever the literal says, the rest denied. */
static void allow_only(struct np_lower *l, const struct np_literal *literal)
{
    struct np_build *b = l->build;
    struct np_policy *policy = np_build_policy(b, np_cilium_tier(l, NP_CILIUM_NORMAL), "Test", NULL,
                                               np_build_text(b, "test"));
    struct np_rule *rule =
        np_lower_option_rule(l, policy, NP_EGRESS, NP_ACT_ALLOW, NP_OBJ_WORKLOAD);
    np_build_alt(b, rule)->far = np_build_set_of(b, literal);
    policy->isolates[NP_EGRESS] = true;
}

static void lower_with(struct world *w, void (*more)(struct np_lower *l))
{
    w->options.engine = NP_ENGINE_CILIUM;
    w->options.ipblock_matches_pods = w->options.ipblock_matches_nodes = 0;
    w->more = more;
    assert_int_equal(world_lower(w), NETPOL_OK);
}

static void to_partners(struct np_lower *l)
{
    allow_only(l, np_cilium_group_literal(l, np_slice_of("partners")));
}

/* pkg/policy/api/cidr.go cidrGroupRef; a group that is not there selects nothing. */
static void groups_by_name(void **state)
{
    struct world *w = *state;
    lower_with(w, to_partners);
    assert_verdict(w, xa, partner, 80, NETPOL_DENY);
    assert_int_equal(world_load(w, GROUP("others", "{}", "[203.0.113.0/24]")
                                       GROUP("partners", "{}", "[198.51.100.0/24, 10.0.0.0/8]")),
                     NETPOL_OK);
    lower_with(w, to_partners);
    assert_verdict(w, xa, partner, 80, NETPOL_ALLOW);
    assert_verdict(w, xa, other, 80, NETPOL_DENY);
    assert_verdict(w, xa, wa, 80, NETPOL_DENY); /* policy-cidr-match-mode: no pods */
    w->options.ipblock_matches_pods = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, xa, wa, 80, NETPOL_ALLOW);
    assert_int_equal(world_said(w, "NP2543"), 0);
}

static void what_is_missing_is_said_once(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, GROUP("others", "{}", "[203.0.113.0/24]")), NETPOL_OK);
    lower_with(w, to_partners);
    assert_int_equal(world_said(w, "NP2543"), 1);
    const struct netpol_diag *d = netpol_diags_at(w->diags, netpol_diags_count(w->diags) - 1);
    assert_non_null(strstr(d->message, "nobody is known for CiliumCIDRGroup/partners"));
    w->strict = true;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_int_equal(w->lower_errors, 1);
}

static void to_role(struct np_lower *l)
{
    static struct np_pair pair;
    static struct np_label_selector selector;
    pair.key = np_slice_of("role");
    pair.value = np_slice_of("partner");
    selector.match_labels.items = &pair;
    selector.match_labels.count = 1;
    allow_only(l, np_cilium_groups_literal(l, &selector));
}

/* pkg/policy/api/cidr.go cidrGroupSelector: all groups that it matches, none is fine. */
static void groups_by_label(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, GROUP("a", "{role: partner}", "[198.51.100.0/25]")
                                       GROUP("b", "{role: other}", "[8.0.0.0/8]")
                                           GROUP("c", "{role: partner}", "[203.0.113.0/24]")),
                     NETPOL_OK);
    lower_with(w, to_role);
    assert_verdict(w, xa, partner, 80, NETPOL_ALLOW);
    assert_verdict(w, xa, other, 80, NETPOL_ALLOW);
    assert_verdict(w, xa, outside, 80, NETPOL_DENY);
    assert_int_equal(world_said(w, "NP2543"), 0);
}

static void to_apiserver(struct np_lower *l)
{
    allow_only(l, np_cilium_apiserver_literal(l));
}

#define APISERVER(address)                                                                    \
    "apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes, namespace: default}\nspec: " \
    "{clusterIP: 10.96.0.1, ports: [{port: 443}]}\n---\n"                                     \
    "apiVersion: v1\nkind: Endpoints\nmetadata: {name: kubernetes, namespace: default}\n"     \
    "subsets: [{addresses: [{ip: " address "}], ports: [{port: 6443}]}]\n---\n"

/* pkg/identity: kube-apiserver is a label beside host, remote-node or the world. */
static void the_api_server(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: "
                                   "{addresses: [{type: InternalIP, address: 192.168.0.1}]}\n"),
                     NETPOL_OK);
    lower_with(w, to_apiserver);
    assert_verdict(w, xa, outside, 6443, NETPOL_UNKNOWN); /* nobody says who it is */
    assert_verdict(w, xa, "192.168.0.1", 6443, NETPOL_UNKNOWN);
    assert_verdict(w, xa, wa, 6443, NETPOL_DENY);
    w->options.unlearnt_apiserver = 1;
    assert_int_equal(world_lower(w), NETPOL_OK);
    assert_verdict(w, xa, outside, 6443, NETPOL_DENY);
    assert_int_equal(world_said(w, "NP2543"), 1);
    assert_int_equal(world_load(w, APISERVER("192.168.0.1")), NETPOL_OK);
    lower_with(w, to_apiserver);
    assert_verdict(w, xa, outside, 6443, NETPOL_DENY);
    assert_verdict(w, xa, "192.168.0.1", 6443, NETPOL_ALLOW);
}

static void the_api_server_outside(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, APISERVER("203.0.113.9")), NETPOL_OK);
    lower_with(w, to_apiserver);
    assert_verdict(w, xa, other, 6443, NETPOL_ALLOW);
    assert_verdict(w, xa, outside, 6443, NETPOL_DENY);
}

static void a_pod_is_no_api_server(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, APISERVER("10.0.1.1")), NETPOL_OK);
    lower_with(w, to_apiserver);
    assert_verdict(w, xa, wa, 6443, NETPOL_DENY);
}

static void to_health(struct np_lower *l)
{
    allow_only(l, np_cilium_reserved_literal(l, 4));
}

static void to_ingress(struct np_lower *l)
{
    allow_only(l, np_cilium_reserved_literal(l, 8));
}

#define CILIUM_NODE                                                                              \
    "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: n1}\nspec: {addresses: "       \
    "[{type: CiliumInternalIP, ip: 10.244.0.88}], health: {ipv4: 10.244.0.99}, ingress: {ipv4: " \
    "10.244.0.77}, ipam: {podCIDRs: [10.244.0.0/24]}}\n---\n"

/* Identities of which nothing is known are nobody that is known, and perhaps an unlearnt pod. */
static void health_and_ingress(void **state)
{
    struct world *w = *state;
    lower_with(w, to_health);
    assert_verdict(w, xa, outside, 80, NETPOL_DENY);
    assert_verdict(w, xa, wa, 80, NETPOL_DENY);
    assert_int_equal(world_load(w, CILIUM_NODE), NETPOL_OK);
    lower_with(w, to_health);
    assert_verdict(w, xa, "10.244.0.99", 80, NETPOL_ALLOW);
    assert_verdict(w, xa, "10.244.0.77", 80, NETPOL_DENY);
    assert_verdict(w, xa, "10.244.0.88", 80, NETPOL_DENY); /* an address of the node */
    lower_with(w, to_ingress);
    assert_verdict(w, xa, "10.244.0.99", 80, NETPOL_DENY);
    assert_verdict(w, xa, "10.244.0.77", 80, NETPOL_ALLOW);
}

static void an_unlearnt_pod_may_be_the_health_endpoint(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_load(w, "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: "
                                   "n1}\nspec: {ipam: {podCIDRs: [10.244.0.0/24]}}\n"),
                     NETPOL_OK);
    lower_with(w, to_health);
    assert_verdict(w, xa, "10.244.0.5", 80, NETPOL_UNKNOWN);
    assert_verdict(w, xa, outside, 80, NETPOL_DENY);
}

static char cluster[64];

static void note_cluster(struct np_lower *l)
{
    snprintf(cluster, sizeof cluster, "%s", np_cilium_cluster(l)->text);
}

/* install/kubernetes/cilium/templates/cilium-configmap.yaml: cluster-name. */
static void the_name_of_the_cluster(void **state)
{
    struct world *w = *state;
    lower_with(w, note_cluster);
    assert_string_equal(cluster, "default");
    assert_int_equal(world_load(w,
                                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, "
                                "namespace: kube-system}\ndata: {cluster-name: east}\n"),
                     NETPOL_OK);
    lower_with(w, note_cluster);
    assert_string_equal(cluster, "east");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_by_name),          TEST(what_is_missing_is_said_once),
        TEST(groups_by_label),         TEST(the_api_server),
        TEST(the_api_server_outside),  TEST(a_pod_is_no_api_server),
        TEST(health_and_ingress),      TEST(an_unlearnt_pod_may_be_the_health_endpoint),
        TEST(the_name_of_the_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
