/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ClusterNetworkPolicy lets pods reach by name they may ask for, too: pods with the label of
 * the cluster's DNS, in any namespace, at their ports of these names. Source:
 * pkg/k8s/cluster_network_policy.go (ParseClusterNetworkPolicy, kcnpParseFQDNSelectors).
 */
#include "dialect/cilium/cilium.h"
#include "dialect/cilium/l7.h"
#include "dialect/cilium/ports.h"

/* "*.x" is every name below x, which Cilium writes with two stars. */
static struct np_cilium_fqdn query_of(struct np_lower *l, struct np_slice domain)
{
    struct np_cilium_fqdn fqdn = {.name = domain};
    if (domain.len && domain.ptr[0] == '*') {
        fqdn.name.len = 0;
        fqdn.pattern =
            np_str_slice(np_build_format(l->build, "*%.*s", (int)domain.len, domain.ptr));
    }
    return fqdn;
}

void np_cilium_allow_queries(struct np_lower *l, const struct np_node *node,
                             const struct np_string_item *domains, size_t count,
                             struct np_rule *rule)
{
    const struct np_cilium_port ports[] = {
        {.name = np_slice_of("dns"),     .number = NP_CILIUM_ANY_PROTOCOL},
        {.name = np_slice_of("dns-tcp"), .number = NP_CILIUM_ANY_PROTOCOL}
    };
    struct np_cilium_fqdn *queries = np_build_alloc(l->build, count, sizeof *queries);
    struct np_axes axes;
    if (!rule || !queries || !np_cilium_port_axes(l, ports, 2, &axes)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        queries[i] = query_of(l, domains[i].text);
    }
    struct np_cilium_l7_rules rules = {.node = node};
    rules.dns.node = node;
    rules.dns.items = queries;
    rules.dns.count = count;
    const struct np_cilium_l7 l7 = {.rules = &rules};
    np_lower_alternative(
        l, rule,
        np_lower_pod_set(l, NP_OBJ_WORKLOAD,
                         np_build_equals(l->build, NP_SCOPE_OBJECT, "k8s-app", "kube-dns")),
        axes);
    np_cilium_lower_l7(l, &l7, rule);
}
