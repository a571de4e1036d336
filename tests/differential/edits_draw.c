/* SPDX-License-Identifier: Apache-2.0 */
#include "differential/edits_draw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(items)  ((uint32_t)(sizeof(items) / sizeof((items)[0])))
#define ANY(r, items) (items)[gen_below(r, COUNT(items))]

/* ---- text ---- */

static void add(struct edit *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct edit *e, const char *format, ...)
{
    size_t used = strlen(e->text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->text + used, sizeof e->text - used, format, args);
    va_end(args);
}

static int load(struct netpol_store *store, const struct edit *e, uint32_t flags)
{
    struct netpol_load_options options = {.size = sizeof options, .flags = flags};
    return netpol_store_load_buffer(store, e->text, strlen(e->text), "edit.yaml", &options, NULL);
}

/* ---- the cluster ---- */

static const char *const spaces[] = {"u", "u", "v", "v", "w", "nobody"};
static const char *const apps[] = {"web", "db", "web", "db", "api", "job"};

static void add_pod(struct edit *e, unsigned i, const char *app)
{
    add(e,
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u, namespace: %s, labels: {app: %s, "
        "tier: t%u}}\nspec:\n  nodeName: n%u\n%s  containers:\n  - {name: c, image: i, ports: "
        "[{name: %s, containerPort: %u}]}\nstatus: {podIP: 10.0.0.%u, podIPs: [{ip: 10.0.0.%u}, "
        "{ip: \"fd00::%x\"}], hostIP: 192.0.2.%u}\n",
        i, spaces[i % 5], app, i % 2, i % 2, i == 9 ? "  hostNetwork: true\n" : "",
        i % 3 ? "http" : "dns", i % 3 ? 8080u : 53u, i + 1, i + 1, i + 1, i % 2 + 1);
}

enum { PODS = 12 };

int edits_cluster(struct netpol_store *store)
{
    static struct edit e;
    e.text[0] = '\0';
    for (unsigned i = 0; i < PODS; i++) {
        add_pod(&e, i, apps[i % COUNT(apps)]);
    }
    for (unsigned i = 0; i < 2; i++) {
        add(&e,
            "---\napiVersion: v1\nkind: Node\nmetadata: {name: n%u, labels: {zone: a%u}}\nspec: "
            "{podCIDR: 10.0.%u.0/24}\nstatus: {addresses: [{type: InternalIP, address: "
            "192.0.2.%u}]}\n",
            i, i, i, i + 1);
    }
    add(&e, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: u, labels: {env: prod}}\n"
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: v, labels: {env: test}}\n");
    int status = load(store, &e, 0);
    return status == NETPOL_OK ? netpol_store_add_pod_range(store, "10.0.0.0/16") : status;
}

/* ---- parts of policies ---- */

static void add_labels(struct edit *e, struct gen_random *r)
{
    static const char *const selectors[] = {
        "{}",
        "{matchLabels: {app: web}}",
        "{matchLabels: {app: db}}",
        "{matchLabels: {app: api, tier: t0}}",
        "{matchLabels: {tier: t1}}",
        "{matchLabels: {app: absent}}",
        "{matchExpressions: [{key: app, operator: In, values: [web, job]}]}",
        "{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}",
        "{matchExpressions: [{key: tier, operator: Exists}]}"};
    add(e, "%s", ANY(r, selectors));
}

static void add_spaces(struct edit *e, struct gen_random *r)
{
    static const char *const selectors[] = {
        "{}", "{matchLabels: {env: prod}}", "{matchLabels: {kubernetes.io/metadata.name: w}}",
        "{matchExpressions: [{key: env, operator: DoesNotExist}]}",
        "{matchExpressions: [{key: env, operator: In, values: [test, none]}]}"};
    add(e, "%s", ANY(r, selectors));
}

static const char *const ranges[] = {"0.0.0.0/0", "10.0.0.0/24", "198.51.100.0/24", "192.0.2.1/32",
                                     "\"fd00::/64\""};

static void add_peer(struct edit *e, struct gen_random *r)
{
    switch (gen_below(r, 5)) {
    case 0:
        add(e, "{podSelector: ");
        add_labels(e, r);
        break;
    case 1:
        add(e, "{namespaceSelector: ");
        add_spaces(e, r);
        break;
    case 2:
        add(e, "{namespaceSelector: ");
        add_spaces(e, r);
        add(e, ", podSelector: ");
        add_labels(e, r);
        break;
    case 3:
        add(e, "{ipBlock: {cidr: 10.0.0.0/16, except: [10.0.0.%u/%u]}", gen_below(r, 2) * 8,
            gen_chance(r, 90) ? 29u : 30u);
        break;
    default:
        add(e, "{ipBlock: {cidr: %s}", ANY(r, ranges));
        break;
    }
    add(e, "}");
}

static void add_ports(struct edit *e, struct gen_random *r)
{
    static const char *const ports[] = {"{port: 80}",       "{port: 53, protocol: UDP}",
                                        "{port: http}",     "{port: dns, protocol: UDP}",
                                        "{protocol: SCTP}", "{port: 8000, endPort: 8100}"};
    uint32_t count = gen_below(r, 3);
    if (count || gen_chance(r, 30)) {
        add(e, ", ports: [");
        for (uint32_t i = 0; i < count; i++) {
            if (gen_chance(r, 25)) {
                uint32_t first = 1 + gen_below(r, 9000);
                add(e, "%s{port: %u, endPort: %u}", i ? ", " : "", first,
                    first + gen_below(r, 3) * 500);
            } else {
                add(e, "%s%s", i ? ", " : "", ANY(r, ports));
            }
        }
        add(e, "]");
    }
}

/* ---- policies ---- */

/* The key of a list of rules, unless there are none. */
static void begin_rules(struct edit *e, uint32_t direction, uint32_t rules)
{
    if (rules) {
        add(e, ", %s: [", direction ? "egress" : "ingress");
    }
}

static void add_network_policy(struct edit *e, struct gen_random *r, const char *name)
{
    static const char *const types[] = {"", ", policyTypes: [Ingress]", ", policyTypes: [Egress]",
                                        ", policyTypes: [Ingress, Egress]"};
    add(e,
        "---\n%sapiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, "
        "namespace: %s}\nspec: {podSelector: ",
        gen_chance(r, 30) ? "\n" : "", name, ANY(r, spaces));
    add_labels(e, r);
    add(e, "%s", ANY(r, types));
    for (uint32_t d = 0; d < 2; d++) {
        uint32_t rules = gen_below(r, 3);
        begin_rules(e, d, rules);
        for (uint32_t i = 0; i < rules; i++) {
            add(e, "%s\n  {%s: [", i ? ", " : "", d ? "to" : "from");
            for (uint32_t k = 1 + gen_below(r, 2); k > 0; k--) {
                add_peer(e, r);
                add(e, k > 1 ? ", " : "");
            }
            add(e, "]");
            add_ports(e, r);
            add(e, "}");
        }
        add(e, rules ? "]" : "");
    }
    add(e, "}\n");
}

static void add_admin_peer(struct edit *e, struct gen_random *r, bool egress)
{
    uint32_t kind = gen_below(r, egress ? 5 : 2);
    if (kind == 0) {
        add(e, "{namespaces: ");
        add_spaces(e, r);
    } else if (kind == 1) {
        add(e, "{pods: {namespaceSelector: ");
        add_spaces(e, r);
        add(e, ", podSelector: ");
        add_labels(e, r);
        add(e, "}");
    } else if (kind == 2) {
        add(e, "{nodes: {matchLabels: {zone: a1}}");
    } else {
        add(e, "{networks: [%s]", ANY(r, ranges));
    }
    add(e, "}");
}

static void add_admin_ports(struct edit *e, struct gen_random *r, bool cluster)
{
    static const char *const old[] = {"{portNumber: {protocol: TCP, port: 80}}",
                                      "{portRange: {protocol: TCP, start: 1, end: 65535}}",
                                      "{namedPort: http}",
                                      "{portNumber: {protocol: UDP, port: 53}}"};
    static const char *const new[] = {"{tcp: {destinationPort: {number: 80}}}",
                                      "{tcp: {destinationPort: {range: {start: 8000, end: 8100}}}}",
                                      "{destinationNamedPort: http}",
                                      "{udp: {destinationPort: {number: 53}}}"};
    if (gen_chance(r, 60)) {
        add(e, ", %s: [%s]", cluster ? "protocols" : "ports", cluster ? ANY(r, new) : ANY(r, old));
    }
}

/* kind 0: AdminNetworkPolicy; 1: BaselineAdminNetworkPolicy; 2: ClusterNetworkPolicy. */
static void add_admin_policy(struct edit *e, struct gen_random *r, unsigned kind, const char *name)
{
    static const char *const kinds[] = {"v1alpha1\nkind: AdminNetworkPolicy",
                                        "v1alpha1\nkind: BaselineAdminNetworkPolicy",
                                        "v1alpha2\nkind: ClusterNetworkPolicy"};
    static const char *const old[] = {"Allow", "Deny", "Pass"}, *const new[] = {"Accept", "Deny",
                                                                                "Pass"};
    bool baseline = kind == 1 || (kind == 2 && gen_chance(r, 30));
    add(e, "---\napiVersion: policy.networking.k8s.io/%s\nmetadata: {name: %s}\nspec: {",
        kinds[kind], kind == 1 ? "default" : name);
    if (kind == 2) {
        add(e, "tier: %s, ", baseline ? "Baseline" : "Admin");
    }
    if (kind != 1) {
        add(e, "priority: %u, ", gen_below(r, 4));
    }
    add(e, "subject: ");
    if (gen_chance(r, 50)) {
        add(e, "{namespaces: ");
        add_spaces(e, r);
        add(e, "}");
    } else {
        add(e, "{pods: {namespaceSelector: ");
        add_spaces(e, r);
        add(e, ", podSelector: ");
        add_labels(e, r);
        add(e, "}}");
    }
    for (uint32_t d = 0; d < 2; d++) {
        uint32_t rules = gen_below(r, 4);
        begin_rules(e, d, rules);
        for (uint32_t i = 0; i < rules; i++) {
            uint32_t action = gen_below(r, baseline && kind == 1 ? 2 : 3);
            add(e, "%s\n  {", i ? ", " : "");
            if (gen_chance(r, 50)) {
                add(e, "name: r%u, ", gen_below(r, 3));
            }
            add(e, "action: %s, %s: [", kind == 2 ? new[action] : old[action], d ? "to" : "from");
            add_admin_peer(e, r, d != 0);
            add(e, "]");
            add_admin_ports(e, r, kind == 2);
            add(e, "}");
        }
        add(e, rules ? "]" : "");
    }
    add(e, "}\n");
}

/* ---- edits ---- */

static int remove_one(struct netpol_store *store, struct gen_random *r, const char *name)
{
    static const char *const kinds[] = {"AdminNetworkPolicy", "ClusterNetworkPolicy",
                                        "BaselineAdminNetworkPolicy"};
    int status = NETPOL_ERR_NOT_FOUND;
    if (gen_chance(r, 60)) {
        return netpol_store_remove(store, "networking.k8s.io", "NetworkPolicy", ANY(r, spaces),
                                   name);
    }
    for (uint32_t i = gen_below(r, 2); i < 3 && status == NETPOL_ERR_NOT_FOUND; i++) {
        status = netpol_store_remove(store, "policy.networking.k8s.io", kinds[i], "",
                                     i == 2 ? "default" : name);
    }
    return status;
}

/* What is no policy: pods, labels of a namespace, ranges. */
static int draw_rare(struct netpol_store *store, struct gen_random *r, struct edit *e)
{
    if (gen_chance(r, 60)) {
        add_pod(e, gen_below(r, PODS), ANY(r, apps));
    } else {
        add(e, "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {env: %s}}\n",
            gen_chance(r, 50) ? "u" : "w", gen_chance(r, 50) ? "prod" : "test");
    }
    return load(store, e, 0);
}

/* Of a kind that is not read, or with a field that nobody knows. */
static int draw_unreadable(struct netpol_store *store, struct gen_random *r, const char *name,
                           struct edit *e)
{
    if (gen_chance(r, 30)) {
        add(e,
            "---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: %s, "
            "namespace: u}\nspec: {}\n",
            name);
    } else if (gen_chance(r, 50)) {
        add(e,
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, "
            "namespace: %s}\nspec: {podSelector: {matchLabels: {app: db}}, surprise: 1}\n",
            name, ANY(r, spaces));
    } else {
        add(e,
            "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"
            "metadata: {name: %s}\nspec: {priority: 3, subject: {namespaces: {matchLabels: {env: "
            "prod}}}, ingress: [{action: Perhaps, from: [{namespaces: {}}]}]}\n",
            name);
    }
    return load(store, e, NETPOL_LOAD_ADMITTED);
}

int edits_draw(struct netpol_store *store, struct gen_random *r, unsigned rare, unsigned fresh,
               struct edit *out)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    char name[32];
    uint32_t what = gen_below(r, 100);
    snprintf(name, sizeof name, "%s", ANY(r, names));
    if (gen_chance(r, 10)) {
        snprintf(name, sizeof name, "new%u", fresh);
    }
    out->text[0] = '\0';
    snprintf(out->what, sizeof out->what, "load");
    if (gen_chance(r, rare)) {
        return draw_rare(store, r, out);
    }
    if (what < 25) {
        snprintf(out->what, sizeof out->what, "remove %s", name);
        int status = remove_one(store, r, name);
        return status == NETPOL_ERR_NOT_FOUND ? NETPOL_OK : status;
    }
    if (what < 30) {
        return draw_unreadable(store, r, name, out);
    }
    if (what < 65) {
        add_network_policy(out, r, name);
    } else {
        add_admin_policy(out, r, what < 80 ? 0 : what < 85 ? 1 : 2, name);
    }
    return load(store, out, gen_chance(r, 20) ? NETPOL_LOAD_ADMITTED : 0);
}

/* ---- questions ---- */

static void draw_address(struct gen_random *r, bool six, uint8_t out[16])
{
    static const uint8_t others[][4] = {
        {192, 0,  2,   1 },
        {192, 0,  2,   2 },
        {10,  0,  0,   77},
        {198, 51, 100, 7 },
        {8,   8,  8,   8 },
        {10,  0,  1,   9 }
    };
    memset(out, 0, 16);
    if (six) {
        out[0] = 0xfd;
        out[15] = (uint8_t)(1 + gen_below(r, PODS + 1));
    } else if (gen_chance(r, 80)) {
        out[0] = 10;
        out[3] = (uint8_t)(1 + gen_below(r, PODS));
    } else {
        memcpy(out, ANY(r, others), 4);
    }
}

void edits_tuple(struct gen_random *r, struct netpol_tuple *out)
{
    static const uint16_t ports[] = {80, 53, 8080, 8000, 8100, 8101, 443, 1};
    static const uint8_t protocols[] = {6, 6, 6, 17, 17, 132, 1, 47};
    bool six = gen_chance(r, 20);
    memset(out, 0, sizeof *out);
    draw_address(r, six, out->src);
    draw_address(r, six, out->dst);
    out->family = six ? 6 : 4;
    out->protocol = ANY(r, protocols);
    out->protocol = six && out->protocol == 1 ? 58 : out->protocol;
    if (out->protocol == 6 || out->protocol == 17 || out->protocol == 132) {
        out->dst_port = gen_chance(r, 25) ? (uint16_t)(1 + gen_below(r, 9999)) : ANY(r, ports);
        out->src_port = (uint16_t)(1024 + gen_below(r, 60000));
        out->flags = gen_chance(r, 10) ? NETPOL_TUPLE_NO_PORTS : 0;
        out->dst_port = out->flags ? 0 : out->dst_port;
        out->src_port = out->flags ? 0 : out->src_port;
    } else if (out->protocol != 47) {
        out->icmp_type = (uint8_t)gen_below(r, 20);
    }
}
