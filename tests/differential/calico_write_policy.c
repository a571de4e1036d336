/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn policies as YAML: those of Calico, and those of Kubernetes. */
#include "differential/calico_set.h"

/* A list in brackets, piece by piece. */
static const char *between(unsigned i)
{
    return i ? ", " : "";
}

/* ---- entities ---- */

static void write_nets(const char *name, const uint8_t *nets, unsigned count,
                       struct random_text *out)
{
    if (count) {
        random_put(out, ", %s: [", name);
        for (unsigned i = 0; i < count; i++) {
            random_put(out, "%s\"%s\"", between(i), cal_net_texts[nets[i]]);
        }
        random_put(out, "]");
    }
}

static void write_ports(const char *name, const struct cal_port *ports, unsigned count,
                        struct random_text *out)
{
    if (!count) {
        return;
    }
    random_put(out, ", %s: [", name);
    for (unsigned i = 0; i < count; i++) {
        const struct cal_port *port = &ports[i];
        if (port->name) {
            random_put(out, "%s%s", between(i), port->name);
        } else if (port->first == port->last) {
            random_put(out, "%s%u", between(i), port->first);
        } else {
            random_put(out, "%s\"%u:%u\"", between(i), port->first, port->last);
        }
    }
    random_put(out, "]");
}

static void write_selector(const char *name, const struct cal_selector *s, struct random_text *out)
{
    if (s->present) {
        random_put(out, ", %s: ", name);
        cal_write_selector(s, out);
    }
}

static void write_accounts(const struct cal_entity *e, struct random_text *out)
{
    if (!e->n_accounts && !e->account.present) {
        return;
    }
    random_put(out, ", serviceAccounts: {names: [");
    for (unsigned i = 0; i < e->n_accounts; i++) {
        random_put(out, "%s%s", between(i), cal_account_names[e->accounts[i]]);
    }
    random_put(out, "]");
    write_selector("selector", &e->account, out);
    random_put(out, "}");
}

/* As one line: the first member is there so that all others begin with a comma. */
static void write_entity(const struct cal *c, const char *name, const struct cal_entity *e,
                         struct random_text *out)
{
    bool any = e->n_nets || e->n_not_nets || e->n_ports || e->n_not_ports || e->service ||
               e->n_accounts || e->account.present || e->selector.present ||
               e->not_selector.present || e->spaces.present;
    if (!any) {
        return;
    }
    random_put(out, "    %s: {", name);
    size_t first = out->len;
    write_nets("nets", e->nets, e->n_nets, out);
    write_nets("notNets", e->not_nets, e->n_not_nets, out);
    write_selector("selector", &e->selector, out);
    write_selector("notSelector", &e->not_selector, out);
    write_selector("namespaceSelector", &e->spaces, out);
    write_accounts(e, out);
    if (e->service) {
        random_put(out, ", services: {name: s%u, namespace: %s}", e->service - 1,
                   cal_space_names[c->services[e->service - 1].space]);
    }
    write_ports("ports", e->ports, e->n_ports, out);
    write_ports("notPorts", e->not_ports, e->n_not_ports, out);
    if (out->len > first && !out->overflow) {
        out->bytes[first] = ' ';
    }
    random_put(out, "}\n");
}

/* ---- rules ---- */

static void write_icmp(const char *name, const struct cal_icmp *icmp, struct random_text *out)
{
    if (icmp->present) {
        random_put(out, "    %s: {type: %u", name, icmp->type);
        random_put(out, icmp->has_code ? ", code: %u}\n" : "}\n", icmp->code);
    }
}

static void write_http(const struct cal_http *http, struct random_text *out)
{
    if (!http->present) {
        return;
    }
    random_put(out, "    http: {methods: [");
    for (unsigned i = 0; i < http->n_methods; i++) {
        random_put(out, "%s\"%s\"", between(i), http->methods[i]);
    }
    random_put(out, "], paths: [");
    for (unsigned i = 0; i < http->n_paths; i++) {
        random_put(out, "%s{%s: \"%s\"}", between(i), http->prefix[i] ? "prefix" : "exact",
                   http->paths[i]);
    }
    random_put(out, "]}\n");
}

static void write_protocol(const char *name, uint8_t protocol, struct random_text *out)
{
    if (protocol) {
        random_put(out, "    %s: %s\n", name, cal_protocols[protocol].text);
    }
}

void cal_write_rules(const struct cal_rule *rules, unsigned count, struct random_text *out,
                     const struct cal *c)
{
    static const char *const actions[] = {"Allow", "Deny", "Log", "Pass"};
    for (unsigned i = 0; i < count; i++) {
        const struct cal_rule *rule = &rules[i];
        random_put(out, "  - action: %s\n", actions[rule->action]);
        if (rule->ip_version) {
            random_put(out, "    ipVersion: %u\n", rule->ip_version);
        }
        write_protocol("protocol", rule->protocol, out);
        write_protocol("notProtocol", rule->not_protocol, out);
        write_icmp("icmp", &rule->icmp, out);
        write_icmp("notICMP", &rule->not_icmp, out);
        write_entity(c, "source", &rule->source, out);
        write_entity(c, "destination", &rule->destination, out);
        write_http(&rule->http, out);
    }
}

/* ---- policies ---- */

static void write_types(const struct cal_policy *p, const char *name, struct random_text *out)
{
    static const char *const types[] = {"", "Ingress", "Egress", "Ingress, Egress"};
    if (p->typed) {
        random_put(out, "  %s: [%s]\n", name, types[p->types & 3]);
    }
}

static void write_own_selectors(const struct cal_policy *p, struct random_text *out)
{
    const struct {
        const char *name;
        const struct cal_selector *selector;
    } all[] = {
        {"selector",               &p->selector},
        {"serviceAccountSelector", &p->account },
        {"namespaceSelector",      &p->spaces  }
    };
    for (unsigned i = 0; i < 3; i++) {
        if (all[i].selector->present) {
            random_put(out, "  %s: ", all[i].name);
            cal_write_selector(all[i].selector, out);
            random_put(out, "\n");
        }
    }
}

static void write_body(const struct cal *c, const struct cal_policy *p, struct random_text *out)
{
    if (p->order) {
        random_put(out, "  order: %g\n", cal_orders[p->order]);
    }
    write_own_selectors(p, out);
    write_types(p, "types", out);
    random_put(out, "%s", p->untracked ? "  doNotTrack: true\n" : "");
    random_put(out, "%s", p->pre_dnat ? "  preDNAT: true\n" : "");
    random_put(out, "%s", p->forward ? "  applyOnForward: true\n" : "");
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        if (p->n_rules[d]) {
            random_put(out, "  %s:\n", d == CAL_INGRESS ? "ingress" : "egress");
            cal_write_rules(p->rules[d], p->n_rules[d], out, c);
        }
    }
}

void cal_write_policy(const struct cal *c, const struct cal_policy *p, struct random_text *out)
{
    static const char *const kinds[] = {"NetworkPolicy", "GlobalNetworkPolicy",
                                        "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"};
    static const char *const actions[] = {"", "Set", "Delete", "Learn", "Ignore"};
    random_begin(out);
    if (p->kind >= CAL_STAGED_K8S) {
        cal_write_kubernetes(c, p, out);
        return;
    }
    random_put(out, "apiVersion: projectcalico.org/v3\nkind: %s\nmetadata: {name: %s",
               kinds[p->kind], cal_policy_names[p->name]);
    if (p->space < CAL_SPACES) {
        random_put(out, ", namespace: %s", cal_space_names[p->space]);
    }
    random_put(out, "}\nspec:\n  tier: %s\n", cal_tier_names[p->tier]);
    if (p->staged) {
        random_put(out, "  stagedAction: %s\n", actions[p->staged]);
    }
    if (p->staged != CAL_DELETE_IT) {
        write_body(c, p, out);
    }
}

/* ---- of Kubernetes ---- */

static void write_label_selector(const struct cal_selector *s, struct random_text *out)
{
    const struct cal_node *term = &s->nodes[0];
    if (term->op == CAL_ALL) {
        random_put(out, "{}");
    } else {
        random_put(out, "{matchLabels: {%s: \"%s\"}}", term->key, term->values[0]);
    }
}

static void write_port_of(const struct cal_rule *rule, struct random_text *out)
{
    const struct cal_port *port = &rule->destination.ports[0];
    if (!rule->destination.n_ports) {
        return;
    }
    random_put(out, "    ports: [{protocol: %s, port: ", cal_protocols[rule->protocol].text);
    if (port->name) {
        random_put(out, "%s}]\n", port->name);
    } else {
        random_put(out, port->last > port->first ? "%u, endPort: %u}]\n" : "%u}]\n", port->first,
                   port->last);
    }
}

static void write_peer(const struct cal_entity *e, struct random_text *out)
{
    if (e->n_nets) {
        random_put(out, "[{ipBlock: {cidr: \"%s%s\"}}]\n", cal_net_texts[e->nets[0]],
                   strchr(cal_net_texts[e->nets[0]], '/')   ? ""
                   : strchr(cal_net_texts[e->nets[0]], ':') ? "/128"
                                                            : "/32");
        return;
    }
    random_put(out, "[{podSelector: ");
    write_label_selector(&e->selector, out);
    if (e->spaces.present) {
        random_put(out, ", namespaceSelector: ");
        write_label_selector(&e->spaces, out);
    }
    random_put(out, "}]\n");
}

static void write_network_policy(const struct cal_policy *p, struct random_text *out)
{
    static const char *const actions[] = {"", "Set", "Delete"};
    bool staged = p->kind == CAL_STAGED_K8S;
    random_put(
        out, "apiVersion: %s\nkind: %sNetworkPolicy\nmetadata: {name: %s, namespace: %s}\nspec:\n",
        staged ? "projectcalico.org/v3" : "networking.k8s.io/v1", staged ? "StagedKubernetes" : "",
        cal_policy_names[p->name], cal_space_names[p->space]);
    if (p->staged) {
        random_put(out, "  stagedAction: %s\n", actions[p->staged]);
    }
    if (p->staged == CAL_DELETE_IT) {
        return;
    }
    random_put(out, "  podSelector: ");
    write_label_selector(&p->selector, out);
    random_put(out, "\n");
    write_types(p, "policyTypes", out);
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        random_put(out, "%s",
                   !p->n_rules[d]     ? ""
                   : d == CAL_INGRESS ? "  ingress:\n"
                                      : "  egress:\n");
        for (unsigned i = 0; i < p->n_rules[d]; i++) {
            const struct cal_rule *rule = &p->rules[d][i];
            const struct cal_entity *far = d == CAL_INGRESS ? &rule->source : &rule->destination;
            bool any = far->n_nets || far->selector.present || rule->destination.n_ports;
            random_put(out, any ? "  -\n" : "  - {}\n");
            if (far->n_nets || far->selector.present) {
                random_put(out, d == CAL_INGRESS ? "    from: " : "    to: ");
                write_peer(far, out);
            }
            write_port_of(rule, out);
        }
    }
}

static void write_cluster_rule(const struct cal_rule *rule, unsigned direction,
                               struct random_text *out)
{
    static const char *const actions[] = {"Accept", "Deny", "", "Pass"};
    static const char *const protocols[] = {"", "tcp", "udp", "sctp"};
    const struct cal_entity *far = direction == CAL_INGRESS ? &rule->source : &rule->destination;
    const struct cal_port *port = &rule->destination.ports[0];
    random_put(out, "  - action: %s\n    %s: [", actions[rule->action],
               direction == CAL_INGRESS ? "from" : "to");
    if (far->n_nets) {
        const char *net = cal_net_texts[far->nets[0]];
        random_put(out, "{networks: [\"%s%s\"]}]\n", net,
                   strchr(net, '/')   ? ""
                   : strchr(net, ':') ? "/128"
                                      : "/32");
    } else {
        random_put(out, "{pods: {namespaceSelector: ");
        write_label_selector(&far->spaces, out);
        random_put(out, ", podSelector: ");
        write_label_selector(&far->selector, out);
        random_put(out, "}}]\n");
    }
    if (rule->destination.n_ports && port->first == port->last) {
        random_put(out, "    protocols: [{%s: {destinationPort: {number: %u}}}]\n",
                   protocols[rule->protocol], port->first);
    } else if (rule->destination.n_ports) {
        random_put(out, "    protocols: [{%s: {destinationPort: {range: {start: %u, end: %u}}}}]\n",
                   protocols[rule->protocol], port->first, port->last);
    }
}

static void write_cluster_policy(const struct cal_policy *p, struct random_text *out)
{
    random_put(out,
               "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
               "metadata: {name: %s}\nspec:\n  tier: %s\n  priority: %u\n"
               "  subject: {pods: {namespaceSelector: ",
               cal_policy_names[p->name], p->tier == CAL_TIER_ADMIN ? "Admin" : "Baseline",
               p->order);
    write_label_selector(&p->spaces, out);
    random_put(out, ", podSelector: ");
    write_label_selector(&p->selector, out);
    random_put(out, "}}\n");
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        random_put(out, "%s",
                   !p->n_rules[d]     ? ""
                   : d == CAL_INGRESS ? "  ingress:\n"
                                      : "  egress:\n");
        for (unsigned i = 0; i < p->n_rules[d]; i++) {
            write_cluster_rule(&p->rules[d][i], d, out);
        }
    }
}

void cal_write_kubernetes(const struct cal *c, const struct cal_policy *p, struct random_text *out)
{
    (void)c;
    if (p->kind == CAL_CNP) {
        write_cluster_policy(p, out);
    } else {
        write_network_policy(p, out);
    }
}
