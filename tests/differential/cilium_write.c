/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn sets as YAML: the inventory. Policies: cilium_write_policy.c. */
#include "differential/cilium_set.h"

void cil_write_labels(const struct cil_labels *labels, struct random_text *out)
{
    random_put(out, "{");
    for (unsigned i = 0; i < labels->count; i++) {
        random_put(out, "%s%s: \"%s\"", i ? ", " : "", labels->items[i].key,
                   labels->items[i].value);
    }
    random_put(out, "}");
}

/* ---- what there is ---- */

static void write_space(const struct cil *c, unsigned i, struct random_text *out)
{
    random_begin(out);
    random_put(
        out, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: ", cil_space_names[i]);
    cil_write_labels(&c->spaces[i], out);
    random_put(out, "}\n");
}

static void write_node(const struct cil *c, unsigned i, struct random_text *out)
{
    char four[40], six[40];
    cil_node_address(four, i, 4);
    cil_node_address(six, i, 6);
    random_begin(out);
    random_put(out, "apiVersion: v1\nkind: Node\nmetadata: {name: n%u, labels: ", i + 1);
    cil_write_labels(&c->nodes[i], out);
    random_put(out,
               "}\nstatus: {addresses: [{type: InternalIP, address: %s}, {type: InternalIP, "
               "address: \"%s\"}]}\n",
               four, six);
}

static void write_pod_ports(const struct cil_pod *pod, struct random_text *out)
{
    static const char *const protocols[] = {[6] = "TCP", [17] = "UDP", [132] = "SCTP"};
    for (unsigned b = 0, n = 0; b < CIL_POD_PORTS; b++) {
        if (pod->ports >> b & 1 && !pod->host_network) {
            random_put(out, "%s{name: %s, protocol: %s, containerPort: %u}", n++ ? ", " : "",
                       cil_pod_ports[b].name, protocols[cil_pod_ports[b].protocol],
                       cil_pod_ports[b].port);
        }
    }
}

static void write_pod(unsigned i, const struct cil_pod *pod, struct random_text *out)
{
    char four[40], six[40];
    if (pod->host_network) {
        cil_node_address(four, pod->node, 4);
        cil_node_address(six, pod->node, 6);
    } else {
        cil_pod_address(four, i, 4);
        cil_pod_address(six, i, 6);
    }
    random_begin(out);
    random_put(out, "apiVersion: v1\nkind: Pod\nmetadata: {name: pod%u, namespace: %s, labels: ", i,
               cil_space_names[pod->space]);
    cil_write_labels(&pod->labels, out);
    random_put(out,
               "}\nspec:\n  nodeName: n%u\n  serviceAccountName: %s\n  hostNetwork: %s\n"
               "  containers: [{name: c, image: i, ports: [",
               pod->node + 1u, cil_account_names[pod->account],
               pod->host_network ? "true" : "false");
    write_pod_ports(pod, out);
    random_put(out, "]}]\nstatus: {phase: Running, podIP: \"%s\", podIPs: [",
               pod->four ? four : six);
    if (pod->four) {
        random_put(out, "{ip: %s}%s", four, pod->six ? ", " : "");
    }
    if (pod->six) {
        random_put(out, "{ip: \"%s\"}", six);
    }
    random_put(out, "]}\n");
}

/* ---- services ---- */

static void begin_slice(const char *name, const char *space, int family, struct random_text *out)
{
    random_begin(out);
    random_put(out,
               "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
               "metadata: {name: %s-%d, namespace: %s, labels: {kubernetes.io/service-name: %s}}\n"
               "addressType: IPv%d\nports: [{name: p, protocol: TCP, port: 80}]\nendpoints: [",
               name, family, space, name, family);
}

static void write_service(unsigned i, const struct cil_service *s, struct random_text *out)
{
    char name[8];
    snprintf(name, sizeof name, "s%u", i);
    random_begin(out);
    random_put(out,
               "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: %s, labels: ", name,
               cil_space_names[s->space]);
    cil_write_labels(&s->labels, out);
    random_put(out, "}\nspec: {clusterIP: None, ports: [{name: p, port: 80}]");
    if (s->selects) {
        random_put(out, ", selector: ");
        cil_write_labels(&s->selector, out);
    }
    random_put(out, "}\n");
    for (int family = 4; !s->selects && family <= 6; family += 2) {
        begin_slice(name, cil_space_names[s->space], family, out);
        for (unsigned b = 0, n = 0; b < CIL_BACKENDS; b++) {
            char address[40];
            cil_backend_address(address, b, family);
            if (s->backends >> b & 1) {
                random_put(out, "%s{addresses: [\"%s\"]}", n++ ? ", " : "", address);
            }
        }
        random_put(out, "]\n");
    }
}

static void write_apiserver(uint8_t which, struct random_text *out)
{
    random_begin(out);
    random_put(out,
               "apiVersion: v1\nkind: Service\nmetadata: {name: kubernetes, namespace: default}\n"
               "spec: {clusterIP: None, ports: [{name: p, port: 443}]}\n");
    for (int family = 4; family <= 6; family += 2) {
        char node[40];
        cil_node_address(node, 0, family);
        begin_slice("kubernetes", "default", family, out);
        if (which & 1) {
            random_put(out, "{addresses: [\"%s\"]}", node);
        }
        if (which & 2) {
            random_put(out, "%s{addresses: [\"%s\"]}", which & 1 ? ", " : "",
                       cil_outside[1][family == 6]);
        }
        random_put(out, "]\n");
    }
}

static void write_group(unsigned i, const struct cil_group *g, struct random_text *out)
{
    random_begin(out);
    random_put(
        out, "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g%u, labels: ", i);
    cil_write_labels(&g->labels, out);
    random_put(out, "}\nspec: {externalCIDRs: [");
    for (unsigned k = 0; k < g->n_nets; k++) {
        random_put(out, "%s\"%s\"", k ? ", " : "", cil_net(g->nets[k])->text);
    }
    random_put(out, "]}\n");
}

void cil_write(const struct cil *c, struct random_text *out)
{
    out->len = out->count = 0;
    out->overflow = false;
    for (unsigned i = 0; i < CIL_SPACES; i++) {
        write_space(c, i, out);
    }
    for (unsigned i = 0; i < CIL_NODES; i++) {
        write_node(c, i, out);
    }
    for (unsigned i = 0; i < CIL_PODS; i++) {
        if (c->pods[i].present) {
            write_pod(i, &c->pods[i], out);
        }
    }
    for (unsigned i = 0; i < CIL_SERVICES; i++) {
        if (c->services[i].present) {
            write_service(i, &c->services[i], out);
        }
    }
    write_apiserver(c->apiserver, out);
    for (unsigned i = 0; i < CIL_GROUPS; i++) {
        if (c->groups[i].present) {
            write_group(i, &c->groups[i], out);
        }
    }
    for (unsigned i = 0; i < CIL_POLICIES; i++) {
        if (c->policies[i].present) {
            cil_write_policy(&c->policies[i], out);
        }
    }
    out->starts[out->count] = out->len;
}
