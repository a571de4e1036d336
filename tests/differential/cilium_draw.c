/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing sets of Cilium resources: pools, inventory, questions. */
#include "differential/cilium_set.h"

#include <arpa/inet.h>

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---- pools ---- */

/* IPv6 behind IPv4; each family's last is of all addresses. */
static const char *const net_texts[CIL_NETS] = {
    "10.0.0.0/24",    "10.0.0.2/31",     "192.168.0.0/23",  "192.168.0.1/32",  "8.8.0.0/16",
    "8.8.8.0/24",     "8.8.8.8/32",      "8.8.8.8/31",      "9.9.9.9/32",      "0.0.0.0/0",
    "fd00::/64",      "fd00::2/127",     "fd01::/112",      "fd01::1/128",     "2001:db8::/32",
    "2001:db8::/112", "2001:db8::8/128", "2001:db8::8/127", "2001:db9::9/128", "::/0"};
const struct cil_protocol cil_protocols[CIL_PROTOCOLS] = {
    {"",     {6, 17, 132},    true },
    {"ANY",  {6, 17, 132},    true },
    {"TCP",  {6, 6, 6},       true },
    {"UDP",  {17, 17, 17},    true },
    {"SCTP", {132, 132, 132}, true },
    {"TCP",  {6, 6, 6},       true },
    {"GRE",  {47, 47, 47},    false},
    {"ESP",  {50, 50, 50},    false},
    {"VRRP", {112, 112, 112}, false},
};
const struct cil_named_port cil_pod_ports[CIL_POD_PORTS] = {
    {"web", 6,   80  },
    {"web", 6,   8080},
    {"dns", 17,  53  },
    {"alt", 17,  80  },
    {"alt", 132, 81  }
};
const struct cil_header_match cil_header_matches[CIL_HEADER_MATCHES] = {
    {NULL,  NULL, NULL     },
    {"X-A", "1",  NULL     },
    {"X-B", NULL, NULL     },
    {"X-A", "2",  "LOG"    },
    {"X-M", "1",  "ADD"    },
    {"X-N", "1",  "REPLACE"},
};
const struct cil_listener cil_listeners[CIL_LISTENERS] = {
    {NULL,                           NULL,  NULL,  0 },
    {NULL,                           "own", "one", 0 },
    {"CiliumEnvoyConfig",            "own", "two", 10},
    {"CiliumClusterwideEnvoyConfig", "all", "one", 50},
    {NULL,                           "own", "two", 99},
};
/* pkg/policy/api/kafka of cilium/proxy */
const struct cil_kafka_kind cil_kafka_kinds[CIL_KAFKA_KINDS] = {
    {"produce",         0,  true,  true,  false},
    {"fetch",           1,  true,  false, true },
    {"metadata",        3,  true,  true,  true },
    {"findcoordinator", 10, false, false, true },
    {"heartbeat",       12, false, false, true },
    {"saslhandshake",   17, false, false, false},
    {"createtopics",    19, true,  false, false},
};
const char *const cil_domains[CIL_DOMAINS][2] = {
    {"a.io",      NULL     },
    {"*.a.io",    "**.a.io"},
    {"WWW.a.io.", NULL     },
    {"*.b.io",    "**.b.io"},
    {"b.io",      NULL     }
};
const char *const cil_cloud_names[CIL_CLOUDS] = {"aws;region=r;ids=sg-1,sg-2",
                                                 "aws;labels=k=v,l=w;names=web", "aws;ids=sg-3"};
const char *const cil_space_names[CIL_SPACES] = {"a", "b", "kube-system"};
const char *const cil_account_names[CIL_ACCOUNTS] = {"default", "sa1"};
const char *const cil_policy_names[4] = {"p", "q", "p-q", "r"};
const char *const cil_entities[CIL_ENTITY_COUNT] = {
    "all",         "world",          "world-ipv4", "world-ipv6", "cluster", "cluster-mesh", "host",
    "remote-node", "kube-apiserver", "ingress",    "init",       "health",  "unmanaged",    "none"};
const char *const cil_outside[CIL_OUTSIDE][2] = {
    {"8.8.8.8", "2001:db8::8"},
    {"8.8.8.9", "2001:db8::9"},
    {"9.9.9.9", "2001:db9::9"}
};

const struct cil_net *cil_net(uint8_t number)
{
    static struct cil_net nets[CIL_NETS];
    struct cil_net *net = &nets[number];
    if (!net->text) {
        char address[48];
        net->six = number >= CIL_FAMILY_NETS;
        snprintf(address, sizeof address, "%s", net_texts[number]);
        address[strcspn(address, "/")] = '\0';
        (void)inet_pton(net->six ? AF_INET6 : AF_INET, address, net->bytes);
        net->bits = (uint8_t)atoi(strchr(net_texts[number], '/') + 1);
        unsigned bits = net->bits; /* 8.8.8.8/31 is written so; its bytes are those of the range */
        for (unsigned i = bits; i < 128; i++) {
            net->bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
        }
        net->text = net_texts[number];
    }
    return net;
}

/* pkg/labels/cidr.go: no ':' in a key, and no '-' where it ends or begins. */
const char *cil_net_key(uint8_t number)
{
    static char keys[CIL_NETS][32];
    char *out = keys[number];
    if (!*out) {
        size_t at = 0;
        for (const char *text = net_texts[number]; *text; text++) {
            bool colon = *text == ':', edge = at == 0 || text[1] == '/';
            if (colon && at == 0) {
                out[at++] = '0';
            }
            out[at++] = colon ? '-' : *text;
            if (colon && edge && text[1] == '/') {
                out[at++] = '0';
            }
        }
    }
    return out;
}

void cil_pod_address(char out[40], unsigned pod, int family)
{
    snprintf(out, 40, family == 4 ? "10.0.0.%u" : "fd00::%x", pod + 1);
}

void cil_node_address(char out[40], unsigned node, int family)
{
    snprintf(out, 40, family == 4 ? "192.168.0.%u" : "fd01::%x", node + 1);
}

void cil_backend_address(char out[40], unsigned backend, int family)
{
    if (backend < CIL_OUTSIDE) {
        snprintf(out, 40, "%s", cil_outside[backend][family == 6]);
    } else if (backend == CIL_OUTSIDE) {
        cil_node_address(out, 1, family);
    } else {
        cil_pod_address(out, 1, family);
    }
}

/* ---- inventory ---- */

static const char *pick_text(struct gen_random *r, const char *const *texts, uint32_t count)
{
    return texts[gen_below(r, count)];
}

static struct cil_labels draw_labels(struct gen_random *r, const char *const keys[2],
                                     const char *const *values, uint32_t n_values)
{
    struct cil_labels out = {0};
    for (unsigned i = 0; i < 2; i++) {
        if (gen_chance(r, 65)) {
            out.items[out.count++] = (struct cil_label){keys[i], pick_text(r, values, n_values)};
        }
    }
    return out;
}

static struct cil_labels draw_pod_labels(struct gen_random *r)
{
    static const char *const keys[] = {"app", "role"}, *const values[] = {"x", "y", ""};
    return draw_labels(r, keys, values, 3);
}

static void draw_pod(struct gen_random *r, struct cil_pod *pod)
{
    *pod = (struct cil_pod){.present = gen_chance(r, 80),
                            .four = gen_chance(r, 80),
                            .host_network = gen_chance(r, 8),
                            .space = gen_draw(r, CIL_SPACES),
                            .account = gen_draw(r, CIL_ACCOUNTS),
                            .node = gen_draw(r, CIL_NODES),
                            .labels = draw_pod_labels(r)};
    pod->six = !pod->four || gen_chance(r, 60);
    unsigned named = gen_chance(r, 50) ? 1u << gen_below(r, 2) : 0;
    named |= gen_chance(r, 30) ? 1u << 2 : 0;
    named |= gen_chance(r, 40) ? 8u << gen_below(r, 2) : 0;
    pod->ports = (uint8_t)named;
}

static void draw_service(struct gen_random *r, struct cil_service *s)
{
    static const char *const keys[] = {"svc", "kind"}, *const values[] = {"s", "t"};
    *s = (struct cil_service){.present = gen_chance(r, 75),
                              .selects = gen_chance(r, 60),
                              .space = gen_draw(r, CIL_SPACES),
                              .labels = draw_labels(r, keys, values, 2),
                              .backends = gen_draw(r, 1 << CIL_BACKENDS)};
    s->selector = draw_pod_labels(r);
    if (s->selects && s->selector.count == 0) {
        s->selector = (struct cil_labels){1, {{"app", "x"}}};
    }
}

static void draw_group(struct gen_random *r, struct cil_group *g)
{
    static const char *const keys[] = {"feed", "trust"}, *const values[] = {"f", "g"};
    *g = (struct cil_group){.present = gen_chance(r, 80),
                            .labels = draw_labels(r, keys, values, 2),
                            .n_nets = gen_from(r, 1, CIL_FEW)};
    for (unsigned i = 0; i < g->n_nets; i++) {
        g->nets[i] = gen_draw(r, CIL_NETS);
    }
}

static void draw_cloud(struct gen_random *r, unsigned which, struct cil_cloud *cloud)
{
    *cloud = (struct cil_cloud){.fed = which + 1 < CIL_CLOUDS && gen_chance(r, 80),
                                .n_nets = gen_draw(r, CIL_FEW + 1)};
    for (unsigned i = 0; i < cloud->n_nets; i++) {
        cloud->nets[i] = gen_draw(r, CIL_NETS);
    }
}

static void draw_options(struct gen_random *r, struct cil_options *o)
{
    o->allow_localhost = gen_chance(r, 50) ? 0 : gen_draw(r, 3);
    o->policy_enforcement = gen_chance(r, 80) ? 0 : gen_draw(r, 3);
    o->no_non_default_deny = gen_chance(r, 15);
    o->judge_frag_needed = gen_chance(r, 40);
    o->plain_dropped = gen_chance(r, 20);
    o->any_cluster = gen_chance(r, 40);
    o->node_labels = gen_chance(r, 50);
    o->extended = gen_chance(r, 50);
    o->raw_paths = gen_chance(r, 30);
    o->cidr_pods = gen_chance(r, 20);
    o->cidr_nodes = gen_chance(r, 20);
    o->same_rule = gen_chance(r, 30);
    o->self_judged = gen_chance(r, 30);
    o->host_firewall = gen_chance(r, 50);
    o->deny_alone_ignored = gen_chance(r, 30);
}

void cil_draw(struct cil *c, uint64_t seed, unsigned features)
{
    static const char *const space_keys[] = {"env", "team"}, *const space_values[] = {"p", "q"};
    static const char *const node_keys[] = {"zone", "pool"}, *const node_values[] = {"z", "u"};
    struct gen_random r = {seed};
    memset(c, 0, sizeof *c);
    c->seed = seed;
    c->features = features;
    if (features & CIL_OPTIONS) {
        draw_options(&r, &c->options);
    }
    for (unsigned i = 0; i < CIL_SPACES; i++) {
        c->spaces[i] = draw_labels(&r, space_keys, space_values, 2);
    }
    for (unsigned i = 0; i < CIL_NODES; i++) {
        c->nodes[i] = draw_labels(&r, node_keys, node_values, 2);
    }
    for (unsigned i = 0; i < CIL_PODS; i++) {
        draw_pod(&r, &c->pods[i]);
    }
    for (unsigned i = 0; features & CIL_SERVICED && i < CIL_SERVICES; i++) {
        draw_service(&r, &c->services[i]);
    }
    for (unsigned i = 0; features & CIL_GROUPED && i < CIL_GROUPS; i++) {
        draw_group(&r, &c->groups[i]);
    }
    for (unsigned i = 0; features & CIL_CLOUDED && i < CIL_CLOUDS; i++) {
        draw_cloud(&r, i, &c->clouds[i]);
    }
    for (unsigned i = 0; features & CIL_DOMAINED && i < CIL_PODS; i++) { /* the DNS service */
        struct cil_labels *labels = &c->pods[i].labels;
        if (gen_chance(&r, 30)) {
            labels->items[labels->count++] = (struct cil_label){"k8s-app", "kube-dns"};
        }
    }
    c->apiserver = gen_from(&r, 1, 3); /* where it is is known */
    cil_draw_policies(c, &r);
}

/* ---- questions ---- */

/* One of the addresses that things of the pools have or begin and end with. */
static void draw_address(struct gen_random *r, int family, uint8_t out[16])
{
    char text[40];
    uint32_t kind = gen_below(r, 100);
    if (kind < 62) {
        cil_pod_address(text, gen_below(r, CIL_PODS + 1), family);
    } else if (kind < 77) {
        cil_node_address(text, gen_below(r, CIL_NODES + 1), family);
    } else if (kind < 90) {
        snprintf(text, sizeof text, "%s", cil_outside[gen_below(r, CIL_OUTSIDE)][family == 6]);
    } else {
        uint8_t first = family == 4 ? 0 : CIL_FAMILY_NETS;
        const struct cil_net *net = cil_net(gen_from(r, first, CIL_FAMILY_NETS - 1));
        random_edge(r, net->bytes, net->bits, family, out);
        return;
    }
    (void)inet_pton(family == 4 ? AF_INET : AF_INET6, text, out);
}

static void draw_tuple(struct gen_random *r, struct netpol_tuple *out)
{
    static const uint16_t ports[] = {0,    1,    52, 53, 54,  79,  80,   81,
                                     82,   89,   90, 91, 443, 444, 8000, 8080,
                                     8191, 8192, 80, 80, 53,  443, 8080, 65535};
    static const uint8_t protocols[] = {6, 6, 6, 6, 6, 17, 17, 132, 1, 58, 47, 99};
    static const uint8_t types[] = {0, 3, 8, 128, 129, 254}, codes[] = {0, 4, 255};
    *out = (struct netpol_tuple){.family = gen_chance(r, 60) ? 4 : 6};
    draw_address(r, out->family, out->src);
    draw_address(r, out->family, out->dst);
    out->protocol = gen_pick(r, protocols, sizeof protocols);
    if (out->protocol == 1 || out->protocol == 58) {
        out->protocol = out->family == 4 ? 1 : 58;
        out->icmp_type = gen_pick(r, types, sizeof types);
        out->icmp_code = gen_pick(r, codes, sizeof codes);
    } else if (out->protocol != 47 && out->protocol != 99) {
        out->src_port = (uint16_t)(1 + gen_below(r, 60000));
        out->dst_port = ports[gen_below(r, SIZE(ports))];
    }
    if (gen_chance(r, 4)) {
        out->flags = NETPOL_TUPLE_LATER_FRAGMENT;
    }
}

void cil_draw_question(const struct cil *c, struct gen_random *r, struct cil_asked *out)
{
    *out = (struct cil_asked){.asked = gen_chance(r, 50)};
    draw_tuple(r, &out->tuple);
    if (gen_chance(r, 50)) {
        cil_aim(c, r, out);
    }
    out->by_reference[0] = gen_chance(r, 25);
    out->by_reference[1] = gen_chance(r, 25);
    if (out->asked) {
        cil_draw_request(c, r, out);
    }
}
