/* SPDX-License-Identifier: Apache-2.0 */
/* Drawn policies as YAML. Elements of a rule are written in flow style, a line each. */
#include "differential/cilium_set.h"

/* ---- selectors ---- */

static void write_key(const struct cil_term *t, struct random_text *out)
{
    random_put(out, "\"%s%s%s\"", t->source, *t->source ? ":" : "", t->key);
}

static void write_expression(const struct cil_term *t, struct random_text *out)
{
    static const char *const ops[] = {"", "In", "NotIn", "Exists", "DoesNotExist"};
    random_put(out, "{key: ");
    write_key(t, out);
    random_put(out, ", operator: %s", ops[t->op]);
    for (unsigned i = 0; i < t->n_values; i++) {
        random_put(out, i ? ", \"%s\"" : ", values: [\"%s\"", t->values[i]);
    }
    random_put(out, t->n_values ? "]}" : "}");
}

void cil_write_selector(const struct cil_selector *s, struct random_text *out)
{
    const char *between = "{matchLabels: {";
    bool any = false;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->terms[i].op == CIL_EQ) {
            random_put(out, "%s", between);
            write_key(&s->terms[i], out);
            random_put(out, ": \"%s\"", s->terms[i].values[0]);
            between = ", ";
            any = true;
        }
    }
    random_put(out, any ? "}" : "{");
    between = any ? ", matchExpressions: [" : "matchExpressions: [";
    any = false;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->terms[i].op != CIL_EQ) {
            random_put(out, "%s", between);
            write_expression(&s->terms[i], out);
            between = ", ";
            any = true;
        }
    }
    random_put(out, any ? "]}" : "}");
}

/* ---- peers ---- */

static void write_except(const struct cil_peer *p, struct random_text *out)
{
    for (unsigned i = 0; i < p->n_except; i++) {
        random_put(out, i ? ", \"%s\"" : ", except: [\"%s\"", cil_net(p->except[i])->text);
    }
    random_put(out, p->n_except ? "]}" : "}");
}

static void write_range(const struct cil_peer *p, struct random_text *out)
{
    if (p->by == CIL_BY_NET) {
        random_put(out, "{cidr: \"%s\"", cil_net(p->net)->text);
    } else if (p->by == CIL_BY_GROUP) {
        random_put(out, "{cidrGroupRef: g%u", p->name);
    } else {
        random_put(out, "{cidrGroupSelector: ");
        cil_write_selector(&p->selector, out);
    }
    write_except(p, out);
}

static void write_service_peer(const struct cil_peer *p, struct random_text *out)
{
    if (p->named) {
        random_put(out, "{k8sService: {serviceName: s%u, namespace: %s}}", p->name,
                   cil_space_names[p->space]);
        return;
    }
    random_put(out, "{k8sServiceSelector: {selector: ");
    cil_write_selector(&p->selector, out);
    random_put(out, ", namespace: %s}}", cil_space_names[p->space]);
}

static void write_peer(uint8_t l3, const struct cil_peer *p, struct random_text *out)
{
    static const char *const clouds[CIL_CLOUDS] = {
        "{aws: {region: r, securityGroupsIds: [sg-2, sg-1]}}",
        "{aws: {labels: {l: w, k: v}, securityGroupsNames: [web]}}",
        "{aws: {securityGroupsIds: [sg-3]}}"};
    const char *text;
    switch (l3) {
    case CIL_ENDPOINTS:
    case CIL_NODE_PEERS:
        cil_write_selector(&p->selector, out);
        break;
    case CIL_CIDR: /* of one address: without its length */
        text = cil_net(p->net)->text;
        if (strstr(text, "/32") && !strchr(text, ':')) {
            random_put(out, "\"%.*s\"", (int)(strchr(text, '/') - text), text);
        } else {
            random_put(out, "\"%s\"", text);
        }
        break;
    case CIL_CIDR_SET:
        write_range(p, out);
        break;
    case CIL_ENTITIES:
        random_put(out, "%s", cil_entities[p->entity]);
        break;
    case CIL_SERVICE_PEERS:
        write_service_peer(p, out);
        break;
    case CIL_CLOUD_GROUPS: /* as cil_cloud_names calls them */
        random_put(out, "%s", clouds[p->name]);
        break;
    default:
        random_put(out, "{%s: \"%s\"}", p->pattern ? "matchPattern" : "matchName", p->fqdn);
        break;
    }
}

/* ---- ports ---- */

static void write_port(const struct cil_port *p, struct random_text *out)
{
    if (p->name) {
        random_put(out, "{port: %s", p->name);
    } else {
        random_put(out, "{port: \"%u\"", p->first);
    }
    if (p->last) {
        random_put(out, ", endPort: %u", p->last);
    }
    random_put(out, p->protocol ? ", protocol: %s}" : "}", cil_protocols[p->protocol].text);
}

static void write_text(const char *name, const char *text, const char **between,
                       struct random_text *out)
{
    if (text) {
        random_put(out, "%s%s: '%s'", *between, name, text);
        *between = ", ";
    }
}

static void write_http(const struct cil_http *h, struct random_text *out)
{
    const char *between = "{";
    write_text("method", h->method, &between, out);
    write_text("path", h->path, &between, out);
    write_text("host", h->host, &between, out);
    if (h->header) {
        random_put(out, "%sheaders: ['%s']", between, h->header);
        between = ", ";
    }
    if (h->match) {
        const struct cil_header_match *m = &cil_header_matches[h->match];
        random_put(out, "%sheaderMatches: [", between);
        between = "{";
        write_text("name", m->name, &between, out);
        write_text("value", m->value, &between, out);
        write_text("mismatch", m->mismatch, &between, out);
        random_put(out, "}]");
    }
    random_put(out, *between == '{' && !h->match ? "{}" : "}");
}

static void write_kafka(const struct cil_kafka *k, struct random_text *out)
{
    const char *between = "{";
    write_text("role", k->role, &between, out);
    write_text("apiKey", k->key, &between, out);
    write_text("apiVersion", k->version, &between, out);
    write_text("clientID", k->client, &between, out);
    write_text("topic", k->topic, &between, out);
    random_put(out, *between == '{' ? "{}" : "}");
}

static void write_rules(const struct cil_ports *p, struct random_text *out)
{
    static const char *const kinds[] = {
        [CIL_HTTP] = "http", [CIL_DNS] = "dns", [CIL_KAFKA] = "kafka"};
    if (p->l7 == CIL_PARSER) {
        random_put(out, ", rules: {l7proto: r2d2, l7: [{cmd: READ}]}");
        return;
    }
    random_put(out, ", rules: {%s: [", kinds[p->l7]);
    for (unsigned i = 0; i < p->n_l7; i++) {
        random_put(out, "%s", i ? ", " : "");
        if (p->l7 == CIL_HTTP) {
            write_http(&p->http[i], out);
        } else if (p->l7 == CIL_KAFKA) {
            write_kafka(&p->kafka[i], out);
        } else {
            random_put(out, "{%s: \"%s\"}", p->dns_pattern[i] ? "matchPattern" : "matchName",
                       p->dns[i]);
        }
    }
    random_put(out, "]}");
}

static void write_context(const char *name, uint8_t secret, struct random_text *out)
{
    if (secret) {
        random_put(out, ", %s: {secret: {name: %s, namespace: a}}", name, secret == 1 ? "s" : "t");
    }
}

static void write_listener(const struct cil_listener *listener, struct random_text *out)
{
    random_put(out, ", listener: {envoyConfig: {name: %s", listener->config);
    random_put(out, listener->kind ? ", kind: %s}" : "}", listener->kind);
    random_put(out, ", name: %s", listener->name);
    random_put(out, listener->priority ? ", priority: %u}" : "}", listener->priority);
}

static void write_layer7(const struct cil_ports *p, struct random_text *out)
{
    if (p->n_names) {
        for (unsigned i = 0; i < p->n_names; i++) {
            random_put(out, i ? ", \"%s\"" : ", serverNames: [\"%s\"", p->names[i]);
        }
        random_put(out, "]");
    }
    write_context("terminatingTLS", p->terminating, out);
    write_context("originatingTLS", p->originating, out);
    if (p->listener) {
        write_listener(&cil_listeners[p->listener], out);
    }
    if (p->l7 != CIL_L7_NONE) {
        write_rules(p, out);
    }
}

void cil_write_ports(const struct cil_ports *ports, unsigned count, struct random_text *out)
{
    for (unsigned i = 0; i < count; i++) {
        random_put(out, "%s{ports: [", i ? ", " : "toPorts: [");
        for (unsigned k = 0; k < ports[i].n_ports; k++) {
            random_put(out, "%s", k ? ", " : "");
            write_port(&ports[i].ports[k], out);
        }
        random_put(out, "]");
        write_layer7(&ports[i], out);
        random_put(out, "}");
    }
    random_put(out, count ? "]" : "");
}

void cil_write_icmps(const struct cil_element *e, struct random_text *out)
{
    for (unsigned i = 0; i < e->n_icmps; i++) {
        const struct cil_icmp *icmp = &e->icmps[i];
        random_put(out, i ? ", {" : "icmps: [{fields: [{");
        random_put(out, icmp->six ? "family: IPv6, " : "");
        if (icmp->name) {
            random_put(out, "type: %s}", icmp->name);
        } else {
            random_put(out, "type: %u}", icmp->type);
        }
    }
    random_put(out, e->n_icmps ? "]}]" : "");
}

/* ---- rules ---- */

static void write_element(const struct cil_element *e, unsigned direction, struct random_text *out)
{
    static const char *const peers[] = {"",      "Endpoints", "CIDR",  "CIDRSet", "Entities",
                                        "Nodes", "Services",  "FQDNs", "Groups"};
    static const char *const modes[] = {"", "disabled", "required", "test-always-fail"};
    const char *between = "";
    random_put(out, "  - {");
    if (e->l3) {
        random_put(out, "%s%s: [", direction == CIL_INGRESS ? "from" : "to", peers[e->l3]);
        for (unsigned i = 0; i < e->n_peers; i++) {
            random_put(out, "%s", i ? ", " : "");
            write_peer(e->l3, &e->peers[i], out);
        }
        random_put(out, "]");
        between = ", ";
    }
    if (e->n_ports) {
        random_put(out, "%s", between);
        cil_write_ports(e->ports, e->n_ports, out);
        between = ", ";
    }
    if (e->n_icmps) {
        random_put(out, "%s", between);
        cil_write_icmps(e, out);
        between = ", ";
    }
    if (e->auth) {
        random_put(out, "%sauthentication: {mode: %s}", between, modes[e->auth]);
    }
    random_put(out, "}\n");
}

static void write_rule(const struct cil_rule *rule, struct random_text *out)
{
    static const char *const lists[2][2] = {
        {"ingress", "ingressDeny"},
        {"egress",  "egressDeny" }
    };
    static const char *const flags[] = {"", "true", "false"};
    random_put(out, "  %s: ", rule->of_nodes ? "nodeSelector" : "endpointSelector");
    cil_write_selector(&rule->subject, out);
    random_put(out, "\n");
    if (rule->flags[0] || rule->flags[1]) {
        random_put(out, "  enableDefaultDeny: {");
        if (rule->flags[0]) {
            random_put(out, "ingress: %s%s", flags[rule->flags[0]], rule->flags[1] ? ", " : "");
        }
        random_put(out, rule->flags[1] ? "egress: %s}\n" : "}\n", flags[rule->flags[1]]);
    }
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        for (unsigned deny = 0; deny < 2; deny++) {
            uint8_t n = rule->n[d][deny];
            if (n == CIL_LIST_ABSENT) {
                continue;
            }
            random_put(out, n ? "  %s:\n" : "  %s: []\n", lists[d][deny]);
            for (unsigned i = 0; i < n; i++) {
                write_element(&rule->elements[d][deny][i], d, out);
            }
        }
    }
}

void cil_write_policy(const struct cil_policy *p, struct random_text *out)
{
    random_begin(out);
    if (p->kind >= CIL_NP) {
        cil_write_kubernetes(p, out);
        return;
    }
    random_put(out, "apiVersion: cilium.io/v2\nkind: Cilium%sNetworkPolicy\nmetadata: {name: %s",
               p->kind == CIL_CCNP ? "Clusterwide" : "", cil_policy_names[p->name]);
    if (p->kind == CIL_CNP) {
        random_put(out, ", namespace: %s", cil_space_names[p->space]);
    }
    random_put(out, "}\n");
    for (unsigned i = 0; i < p->n_rules; i++) {
        if (i == 0 && !p->as_specs) {
            random_put(out, "spec:\n");
        } else {
            random_put(out, i == 0 || (i == 1 && !p->as_specs) ? "specs:\n-\n" : "-\n");
        }
        write_rule(&p->rules[i], out);
    }
}
