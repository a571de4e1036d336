/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn sets as YAML: inventory, tiers, profiles. Policies: calico_write_policy.c. */
#include "differential/calico_set.h"

void cal_write_labels(const struct cal_labels *labels, struct random_text *out)
{
    random_put(out, "{");
    for (unsigned i = 0; i < labels->count; i++) {
        random_put(out, "%s%s: \"%s\"", i ? ", " : "", labels->items[i].key,
                   labels->items[i].value);
    }
    random_put(out, "}");
}

/* ---- inventory ---- */

static void write_space(const struct cal *c, unsigned i, struct random_text *out)
{
    random_begin(out);
    random_put(
        out, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: ", cal_space_names[i]);
    cal_write_labels(&c->spaces[i].labels, out);
    random_put(out, "}\n");
    for (unsigned j = 0; j < CAL_ACCOUNTS; j++) {
        if (c->accounts[j].present[i]) {
            random_begin(out);
            random_put(out,
                       "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: %s, "
                       "labels: ",
                       cal_account_names[j], cal_space_names[i]);
            cal_write_labels(&c->accounts[j].labels[i], out);
            random_put(out, "}\n");
        }
    }
}

static void write_node(unsigned i, struct random_text *out)
{
    char four[40], six[40];
    cal_node_address(four, i, 4);
    cal_node_address(six, i, 6);
    random_begin(out);
    random_put(out,
               "apiVersion: v1\nkind: Node\nmetadata: {name: %s}\nstatus: {addresses: [{type: "
               "InternalIP, address: %s}, {type: InternalIP, address: \"%s\"}]}\n",
               cal_node_names[i], four, six);
}

static void write_pod(unsigned i, const struct cal_pod *pod, struct random_text *out)
{
    char four[40], six[40];
    int first = pod->four ? 4 : 6;
    if (pod->host_network) {
        cal_node_address(four, pod->node, 4);
        cal_node_address(six, pod->node, 6);
    } else {
        cal_pod_address(four, i, 4);
        cal_pod_address(six, i, 6);
    }
    random_begin(out);
    random_put(out, "apiVersion: v1\nkind: Pod\nmetadata: {name: pod%u, namespace: %s, labels: ", i,
               cal_space_names[pod->space]);
    cal_write_labels(&pod->labels, out);
    random_put(out,
               "}\nspec:\n  nodeName: %s\n  serviceAccountName: %s\n  hostNetwork: %s\n"
               "  containers: [{name: c, image: i, ports: [",
               cal_node_names[pod->node], cal_account_names[pod->account],
               pod->host_network ? "true" : "false");
    for (unsigned b = 0, n = 0; b < 4; b++) {
        if (pod->ports >> b & 1 && !pod->host_network) {
            random_put(out, "%s{name: %s, protocol: %s, containerPort: %u}", n++ ? ", " : "",
                       cal_pod_ports[b].name, cal_pod_ports[b].protocol == 6 ? "TCP" : "UDP",
                       cal_pod_ports[b].port);
        }
    }
    random_put(out, "]}]\nstatus: {podIP: \"%s\", podIPs: [", first == 4 ? four : six);
    if (pod->four) {
        random_put(out, "{ip: %s}%s", four, pod->six ? ", " : "");
    }
    if (pod->six) {
        random_put(out, "{ip: \"%s\"}", six);
    }
    random_put(out, "]}\n");
}

static void write_nets(const uint8_t *nets, unsigned count, struct random_text *out)
{
    random_put(out, "[");
    for (unsigned i = 0; i < count; i++) {
        random_put(out, "%s\"%s\"", i ? ", " : "", cal_net_texts[nets[i]]);
    }
    random_put(out, "]");
}

static void write_set(unsigned i, const struct cal_set *set, struct random_text *out)
{
    bool global = set->space == CAL_SPACES;
    random_begin(out);
    random_put(out,
               "apiVersion: projectcalico.org/v3\nkind: %sNetworkSet\nmetadata: {name: set%u, ",
               global ? "Global" : "", i);
    if (!global) {
        random_put(out, "namespace: %s, ", cal_space_names[set->space]);
    }
    random_put(out, "labels: ");
    cal_write_labels(&set->labels, out);
    random_put(out, "}\nspec: {nets: ");
    write_nets(set->nets, set->n_nets, out);
    random_put(out, "}\n");
}

static void write_host_addresses(const struct cal_host *host, struct random_text *out)
{
    char text[40];
    const char *between = "";
    random_put(out, "  expectedIPs: [");
    for (int family = 4; family <= 6; family += 2) {
        if (family == 4 ? host->four : host->six) {
            cal_node_address(text, host->node, family);
            random_put(out, "%s\"%s\"", between, text);
            between = ", ";
        }
    }
    random_put(out, host->extra ? "%s\"" CAL_EXTRA_ADDRESS "\"]\n" : "]\n", between);
}

static void write_host(const struct cal *c, unsigned i, const struct cal_host *host,
                       struct random_text *out)
{
    static const char *const interfaces[] = {"", "*", "eth0"};
    random_begin(out);
    random_put(
        out,
        "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: h%u, labels: ", i);
    cal_write_labels(&host->labels, out);
    random_put(out, "}\nspec:\n  node: %s\n", cal_node_names[host->node]);
    if (host->interface) {
        random_put(out, "  interfaceName: \"%s\"\n", interfaces[host->interface]);
    }
    if (host->four || host->six || host->extra) {
        write_host_addresses(host, out);
    }
    random_put(out, "  profiles: [");
    for (unsigned k = 0, n = 0; c->features & CAL_PROFILED && k < CAL_PROFILES; k++) {
        unsigned profile = host->reversed ? CAL_PROFILES - 1 - k : k;
        if (host->profiles >> profile & 1) {
            random_put(out, "%s%s", n++ ? ", " : "", cal_profile_names[profile]);
        }
    }
    random_put(out, "]\n");
    if (host->port) {
        random_put(out, "  ports: [{name: web, protocol: TCP, port: 80}]\n");
    }
}

/* ---- services ---- */

static void write_slice(const struct cal *c, unsigned i, int family, struct random_text *out)
{
    static const char *const ports[] = {"{name: p, protocol: TCP, port: 80}",
                                        "{name: p, protocol: UDP, port: 53}",
                                        "{name: p, protocol: TCP}"};
    const struct cal_service *s = &c->services[i];
    unsigned n = 0;
    random_begin(out);
    random_put(
        out,
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        "metadata: {name: s%u-%d, namespace: %s, labels: {kubernetes.io/service-name: s%u}}\n"
        "addressType: IPv%d\nports: [%s]\nendpoints: [",
        i, family, cal_space_names[s->space], i, family, ports[s->port]);
    for (unsigned p = 0; p < CAL_PODS; p++) {
        const struct cal_pod *pod = &c->pods[p];
        bool has = family == 4 ? pod->four : pod->six;
        if (s->pods >> p & 1 && pod->present && has && !pod->host_network) {
            char text[40];
            cal_pod_address(text, p, family);
            random_put(out, "%s{addresses: [\"%s\"], conditions: {ready: %s}}", n++ ? ", " : "",
                       text, s->not_ready ? "false" : "true");
        }
    }
    if (s->outside && family == 4) {
        random_put(out, "%s{addresses: [\"" CAL_OUTSIDE_ADDRESS "\"]}", n ? ", " : "");
    }
    random_put(out, "]\n");
}

static void write_service(const struct cal *c, unsigned i, struct random_text *out)
{
    random_begin(out);
    random_put(out,
               "apiVersion: v1\nkind: Service\nmetadata: {name: s%u, namespace: %s}\n"
               "spec: {clusterIP: None, ports: [{name: p, port: 80}]}\n",
               i, cal_space_names[c->services[i].space]);
    write_slice(c, i, 4, out);
    write_slice(c, i, 6, out);
}

/* ---- tiers, profiles ---- */

static void write_tier(const struct cal *c, unsigned i, struct random_text *out)
{
    const struct cal_tier *tier = &c->tiers[i];
    random_begin(out);
    random_put(out, "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: %s}\nspec: {",
               cal_tier_names[i]);
    const char *between = "";
    if (tier->order) {
        random_put(out, "order: %g", cal_orders[tier->order]);
        between = ", ";
    }
    if (tier->pass || tier->said) {
        random_put(out, "%sdefaultAction: %s", between, tier->pass ? "Pass" : "Deny");
    }
    random_put(out, "}\n");
}

static void write_profile(const struct cal *c, unsigned i, struct random_text *out)
{
    const struct cal_profile *profile = &c->profiles[i];
    random_begin(out);
    random_put(out,
               "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: {name: %s}\nspec:\n"
               "  labelsToApply: ",
               cal_profile_names[i]);
    cal_write_labels(&profile->labels, out);
    random_put(out, "\n");
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        if (profile->n_rules[d]) {
            random_put(out, "  %s:\n", d == CAL_INGRESS ? "ingress" : "egress");
            cal_write_rules(profile->rules[d], profile->n_rules[d], out, c);
        }
    }
}

static void write_tiers(const struct cal *c, struct random_text *out)
{
    for (unsigned i = 0; i < CAL_TIERS; i++) {
        if (c->tiers[i].present) {
            write_tier(c, i, out);
        }
    }
    for (unsigned i = 0; i < CAL_PROFILES; i++) {
        if (c->profiles[i].present) {
            write_profile(c, i, out);
        }
    }
}

void cal_write(const struct cal *c, struct random_text *out)
{
    out->len = out->count = 0;
    out->overflow = false;
    for (unsigned i = 0; i < CAL_SPACES; i++) {
        write_space(c, i, out);
    }
    for (unsigned i = 0; i < CAL_NODES; i++) {
        write_node(i, out);
    }
    for (unsigned i = 0; i < CAL_PODS; i++) {
        if (c->pods[i].present) {
            write_pod(i, &c->pods[i], out);
        }
    }
    for (unsigned i = 0; i < CAL_SETS; i++) {
        if (c->sets[i].present) {
            write_set(i, &c->sets[i], out);
        }
    }
    for (unsigned i = 0; i < CAL_HOSTS; i++) {
        if (c->hosts[i].present) {
            write_host(c, i, &c->hosts[i], out);
        }
    }
    for (unsigned i = 0; i < CAL_SERVICES; i++) {
        if (c->services[i].present) {
            write_service(c, i, out);
        }
    }
    write_tiers(c, out);
    for (unsigned i = 0; i < CAL_POLICIES; i++) {
        if (c->policies[i].present) {
            cal_write_policy(c, &c->policies[i], out);
        }
    }
    out->starts[out->count] = out->len;
}
