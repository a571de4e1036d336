/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn policies of Kubernetes as YAML. */
#include "differential/cilium_set.h"

static void write_spaces_and_pods(const struct cil_peer *p, struct random_text *out)
{
    const char *between = "{";
    if (p->has_spaces) {
        random_put(out, "{namespaceSelector: ");
        cil_write_selector(&p->spaces, out);
        between = ", ";
    }
    if (p->has_pods) {
        random_put(out, "%spodSelector: ", between);
        cil_write_selector(&p->selector, out);
    }
    random_put(out, "}");
}

static void write_network_element(const struct cil_element *e, unsigned direction,
                                  struct random_text *out)
{
    random_put(out, e->l3 || e->n_ports ? "  -\n" : "  - {}\n");
    for (unsigned i = 0; i < e->n_peers; i++) {
        const char *list = direction == CIL_INGRESS ? "    from: [" : "    to: [";
        random_put(out, "%s", i ? ", " : list);
        if (e->l3 == CIL_CIDR_SET) {
            random_put(out, "{ipBlock: {cidr: \"%s\"}}", cil_net(e->peers[i].net)->text);
        } else {
            write_spaces_and_pods(&e->peers[i], out);
        }
    }
    random_put(out, e->n_peers ? "]\n" : "");
    for (unsigned i = 0; e->n_ports && i < e->ports[0].n_ports; i++) {
        const struct cil_port *p = &e->ports[0].ports[i];
        random_put(out, "%s{protocol: %s", i ? ", " : "    ports: [",
                   cil_protocols[p->protocol].text);
        if (p->name) {
            random_put(out, ", port: %s", p->name);
        } else if (p->first) {
            random_put(out, ", port: %u", p->first);
        }
        random_put(out, p->last ? ", endPort: %u}" : "}", p->last);
    }
    random_put(out, e->n_ports ? "]\n" : "");
}

static void write_network_policy(const struct cil_policy *p, struct random_text *out)
{
    static const char *const types[] = {"", "[Ingress]", "[Egress]", "[Ingress, Egress]"};
    const struct cil_rule *rule = &p->rules[0];
    random_put(out,
               "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
               "metadata: {name: %s, namespace: %s}\nspec:\n  podSelector: ",
               cil_policy_names[p->name], cil_space_names[p->space]);
    cil_write_selector(&rule->subject, out);
    random_put(out, p->typed ? "\n  policyTypes: %s\n" : "\n", types[p->types]);
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        random_put(out, "%s",
                   !rule->n[d][0]     ? ""
                   : d == CIL_INGRESS ? "  ingress:\n"
                                      : "  egress:\n");
        for (unsigned i = 0; i < rule->n[d][0]; i++) {
            write_network_element(&rule->elements[d][0][i], d, out);
        }
    }
}

static void write_cluster_peer(uint8_t l3, const struct cil_peer *p, struct random_text *out)
{
    if (l3 == CIL_CIDR_SET) {
        random_put(out, "{networks: [\"%s\"]}", cil_net(p->net)->text);
    } else if (l3 == CIL_FQDNS) {
        random_put(out, "{domainNames: [\"%s\"]}", p->fqdn);
    } else if (p->has_pods) {
        random_put(out, "{pods: ");
        write_spaces_and_pods(p, out);
        random_put(out, "}");
    } else {
        random_put(out, "{namespaces: ");
        cil_write_selector(&p->spaces, out);
        random_put(out, "}");
    }
}

static void write_cluster_port(const struct cil_port *p, struct random_text *out)
{
    static const char *const protocols[] = {[6] = "tcp", [17] = "udp", [132] = "sctp"};
    if (p->name) {
        random_put(out, "{destinationNamedPort: %s}", p->name);
        return;
    }
    random_put(out, "{%s: ", protocols[cil_protocols[p->protocol].numbers[0]]);
    if (p->last > p->first) {
        random_put(out, "{destinationPort: {range: {start: %u, end: %u}}}}", p->first, p->last);
    } else if (p->first) {
        random_put(out, "{destinationPort: {number: %u}}}", p->first);
    } else {
        random_put(out, "{destinationPort: {range: {start: 1, end: 65535}}}}");
    }
}

static void write_cluster_element(const struct cil_element *e, unsigned direction,
                                  struct random_text *out)
{
    static const char *const actions[] = {"Accept", "Deny", "Pass"};
    random_put(out, "  - action: %s\n    %s: [", actions[e->action],
               direction == CIL_INGRESS ? "from" : "to");
    for (unsigned i = 0; i < e->n_peers; i++) {
        random_put(out, "%s", i ? ", " : "");
        write_cluster_peer(e->l3, &e->peers[i], out);
    }
    random_put(out, "]\n");
    for (unsigned i = 0; e->n_ports && i < e->ports[0].n_ports; i++) {
        random_put(out, "%s", i ? ", " : "    protocols: [");
        write_cluster_port(&e->ports[0].ports[i], out);
    }
    random_put(out, e->n_ports ? "]\n" : "");
}

static void write_cluster_policy(const struct cil_policy *p, struct random_text *out)
{
    const struct cil_rule *rule = &p->rules[0];
    random_put(out,
               "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
               "metadata: {name: %s}\nspec:\n  tier: %s\n  priority: %u\n"
               "  subject: {pods: {namespaceSelector: ",
               cil_policy_names[p->name], p->baseline ? "Baseline" : "Admin", p->priority);
    cil_write_selector(&p->spaces, out);
    random_put(out, ", podSelector: ");
    cil_write_selector(&rule->subject, out);
    random_put(out, "}}\n");
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        random_put(out, "%s",
                   !rule->n[d][0]     ? ""
                   : d == CIL_INGRESS ? "  ingress:\n"
                                      : "  egress:\n");
        for (unsigned i = 0; i < rule->n[d][0]; i++) {
            write_cluster_element(&rule->elements[d][0][i], d, out);
        }
    }
}

void cil_write_kubernetes(const struct cil_policy *p, struct random_text *out)
{
    if (p->kind == CIL_KCNP) {
        write_cluster_policy(p, out);
    } else {
        write_network_policy(p, out);
    }
}
