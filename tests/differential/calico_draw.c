/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing sets of Calico resources: pools, inventory, tiers. Policies: calico_policies.c. */
#include "differential/calico_set.h"

#include <arpa/inet.h>

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---- pools ---- */

const char *const cal_net_texts[CAL_NETS] = {
    "10.0.0.0/30",    "10.0.0.2/31",    "10.0.0.0/24",   "10.0.0.3",    "192.168.0.1",
    "192.168.0.0/23", "192.168.9.1/32", "8.8.0.0/16",    "8.8.8.8",     "0.0.0.0/0",
    "fd00::/126",     "fd00::2/127",    "fd00::/64",     "fd00::3",     "fd01::1",
    "fd01::/112",     "fd02::1/128",    "2001:db8::/32", "2001:db8::8", "::/0"};
const struct cal_protocol cal_protocols[CAL_PROTOCOLS] = {
    {"",        0,   0, false},
    {"TCP",     6,   0, true },
    {"UDP",     17,  0, true },
    {"SCTP",    132, 0, true },
    {"ICMP",    1,   4, false},
    {"ICMPv6",  58,  6, false},
    {"UDPLite", 136, 0, false},
    {"6",       6,   0, true },
    {"17",      17,  0, true },
    {"1",       1,   0, false},
    {"58",      58,  0, false},
    {"99",      99,  0, false},
    {"136",     136, 0, false},
};
const struct cal_named_port cal_pod_ports[4] = {
    {"web", 6,  80},
    {"web", 6,  81},
    {"dns", 17, 53},
    {"web", 17, 80}
};
const char *const cal_space_names[CAL_SPACES] = {"ns1", "a", "b"};
const char *const cal_account_names[CAL_ACCOUNTS] = {"default", "sa1", "a"};
const char *const cal_node_names[CAL_NODES] = {"n1", "n2"};
const char *const cal_profile_names[CAL_PROFILES] = {"p1", "p2", "p3"};
/* '-' and '.' are before the '/' that joins a name with what is behind it, letters after it. */
const char *const cal_policy_names[5] = {"a", "a-b", "a.b", "ab", "b"};
const double cal_orders[CAL_ORDERS] = {0, 1, 10, 10.5, 1000, -3, 2000000};
const char *const cal_tier_names[CAL_TIER_NAMES] = {
    "t", "t-a", "ta", "zz", "kube-admin", "default", "kube-baseline", "lost"};

const struct cal_net *cal_net(uint8_t number)
{
    static struct cal_net nets[CAL_NETS];
    struct cal_net *net = &nets[number];
    if (!net->text) {
        char address[48];
        const char *slash = strchr(cal_net_texts[number], '/');
        bool six = number >= CAL_FAMILY_NETS;
        snprintf(address, sizeof address, "%s", cal_net_texts[number]);
        address[strcspn(address, "/")] = '\0';
        (void)inet_pton(six ? AF_INET6 : AF_INET, address, net->bytes);
        net->bits = (uint8_t)(slash ? atoi(slash + 1) : six ? 128 : 32);
        net->text = cal_net_texts[number];
    }
    return net;
}

void cal_pod_address(char out[40], unsigned pod, int family)
{
    snprintf(out, 40, family == 4 ? "10.0.0.%u" : "fd00::%x", pod + 1);
}

void cal_node_address(char out[40], unsigned node, int family)
{
    snprintf(out, 40, family == 4 ? "192.168.0.%u" : "fd01::%x", node + 1);
}

/* ---- inventory ---- */

static const char *const label_values[] = {"x", "xy", "y", "yx", ""};

static struct cal_labels draw_labels(struct gen_random *r, const char *const *keys, unsigned n_keys)
{
    struct cal_labels labels = {0};
    for (unsigned i = 0; i < n_keys; i++) {
        if (gen_chance(r, 60)) {
            labels.items[labels.count++] =
                (struct cal_label){keys[i], label_values[gen_below(r, SIZE(label_values))]};
        }
    }
    return labels;
}

static const char *const object_keys[] = {"app", "role", "in"};
static const char *const space_keys[] = {"team", "app"};
static const char *const account_keys[] = {"role", "app"};

static void draw_pod(struct gen_random *r, struct cal_pod *pod)
{
    *pod = (struct cal_pod){.present = gen_chance(r, 80),
                            .four = gen_chance(r, 85),
                            .space = gen_draw(r, CAL_SPACES),
                            .account = gen_draw(r, CAL_ACCOUNTS),
                            .node = gen_draw(r, CAL_NODES),
                            .host_network = gen_chance(r, 5),
                            .ports = gen_draw(r, 16),
                            .labels = draw_labels(r, object_keys, SIZE(object_keys))};
    pod->six = !pod->four || gen_chance(r, 50);
    if ((pod->ports & 3) == 3) { /* names are unique in a container */
        pod->ports &= (uint8_t)~2u;
    }
    if (pod->ports & 3) {
        pod->ports &= (uint8_t)~8u;
    }
}

static void draw_host(struct gen_random *r, bool first, struct cal_host *host)
{
    *host = (struct cal_host){.present = gen_chance(r, 60),
                              .four = gen_chance(r, 70),
                              .six = gen_chance(r, 50),
                              .extra = gen_chance(r, 20) && first, /* an address is one host's */
                              .node = gen_draw(r, CAL_NODES),
                              .interface = gen_draw(r, 3),
                              .profiles = gen_draw(r, 1 << CAL_PROFILES),
                              .reversed = gen_chance(r, 50),
                              .port = gen_chance(r, 40),
                              .labels = draw_labels(r, object_keys, SIZE(object_keys))};
    if (!host->four && !host->six && !host->extra && host->interface == 0) {
        host->interface = 1;
    }
}

static void draw_set(struct gen_random *r, struct cal_set *set)
{
    *set = (struct cal_set){.present = gen_chance(r, 60),
                            .space = gen_draw(r, CAL_SPACES + 1),
                            .n_nets = gen_draw(r, CAL_FEW + 1),
                            .labels = draw_labels(r, object_keys, SIZE(object_keys))};
    for (unsigned i = 0; i < set->n_nets; i++) {
        set->nets[i] = gen_draw(r, CAL_NETS);
    }
}

static void draw_spaces(struct cal *c, struct gen_random *r)
{
    for (unsigned i = 0; i < CAL_SPACES; i++) {
        c->spaces[i] = (struct cal_space){.present = true,
                                          .labels = draw_labels(r, space_keys, SIZE(space_keys))};
        for (unsigned j = 0; j < CAL_ACCOUNTS; j++) {
            c->accounts[j].present[i] = true;
            c->accounts[j].labels[i] = draw_labels(r, account_keys, SIZE(account_keys));
        }
    }
}

static void draw_service(struct gen_random *r, struct cal_service *service)
{
    *service = (struct cal_service){.present = gen_chance(r, 80),
                                    .space = gen_draw(r, CAL_SPACES),
                                    .pods = gen_draw(r, 1 << CAL_PODS),
                                    .outside = gen_chance(r, 30),
                                    .port = gen_draw(r, 3),
                                    .not_ready = gen_chance(r, 40)};
}

void cal_draw(struct cal *c, uint64_t seed, unsigned features)
{
    struct gen_random r = {seed};
    memset(c, 0, sizeof *c);
    c->seed = seed;
    c->features = features;
    draw_spaces(c, &r);
    for (unsigned i = 0; i < CAL_PODS; i++) {
        draw_pod(&r, &c->pods[i]);
    }
    for (unsigned i = 0; !(features & (CAL_FOREIGN | CAL_BARE)) && i < CAL_SETS; i++) {
        draw_set(&r, &c->sets[i]);
    }
    for (unsigned i = 0; !(features & (CAL_FOREIGN | CAL_BARE)) && i < CAL_TIERS; i++) {
        c->tiers[i] = (struct cal_tier){.present = gen_chance(&r, 55),
                                        .pass = gen_chance(&r, 40),
                                        .said = gen_chance(&r, 60),
                                        .order = gen_draw(&r, CAL_ORDERS)};
    }
    for (unsigned i = 0; features & CAL_PROFILED && i < CAL_PROFILES; i++) {
        c->profiles[i] =
            (struct cal_profile){.present = gen_chance(&r, 80),
                                 .labels = draw_labels(&r, object_keys, SIZE(object_keys))};
        cal_draw_profile_rules(c, &r, &c->profiles[i]);
    }
    bool hosts = features & CAL_HOST && gen_chance(&r, 40);
    for (unsigned i = 0; hosts && i < CAL_HOSTS; i++) {
        draw_host(&r, i == 0, &c->hosts[i]);
    }
    for (unsigned i = 0; features & CAL_SERVICE && i < CAL_SERVICES; i++) {
        draw_service(&r, &c->services[i]);
    }
    cal_draw_policies(c, &r);
}

/* ---- questions ---- */

/* One of the addresses that things of the pools have or begin and end with. */
static void draw_address(struct gen_random *r, int family, uint8_t out[16])
{
    char text[40];
    uint32_t kind = gen_below(r, 100);
    if (kind < 60) {
        cal_pod_address(text, gen_below(r, CAL_PODS + 2), family);
    } else if (kind < 75) {
        cal_node_address(text, gen_below(r, CAL_NODES + 1), family);
    } else if (kind < 80 && family == 4) {
        snprintf(text, sizeof text, "%s", CAL_EXTRA_ADDRESS);
    } else {
        uint8_t first = family == 4 ? 0 : CAL_FAMILY_NETS;
        const struct cal_net *net = cal_net(gen_from(r, first, CAL_FAMILY_NETS - 1));
        random_edge(r, net->bytes, net->bits, family, out);
        return;
    }
    (void)inet_pton(family == 4 ? AF_INET : AF_INET6, text, out);
}

static void draw_tuple(struct gen_random *r, struct netpol_tuple *out)
{
    static const uint16_t ports[] = {0,  1,  52, 53, 54,  79,  80,  81,   82,   89,
                                     90, 91, 22, 22, 443, 179, 179, 4789, 8080, 65535};
    static const uint8_t protocols[] = {6, 6, 6, 6, 17, 17, 132, 1, 58, 136, 99, 4};
    static const uint8_t types[] = {0, 3, 8, 128, 254}, codes[] = {0, 1, 4, 255};
    /* a source port of 0 is one that is not known */
    *out = (struct netpol_tuple){.family = gen_chance(r, 60) ? 4 : 6};
    draw_address(r, out->family, out->src);
    draw_address(r, out->family, out->dst);
    out->protocol = gen_pick(r, protocols, sizeof protocols);
    if (out->protocol == 1 || out->protocol == 58) {
        /* the number of the other family is one that nothing else goes by */
        out->protocol = (out->family == 4) != gen_chance(r, 10) ? 1 : 58;
        out->icmp_type = gen_pick(r, types, sizeof types);
        out->icmp_code = gen_pick(r, codes, sizeof codes);
    } else {
        out->src_port = gen_chance(r, 50) ? 80 : ports[1 + gen_below(r, SIZE(ports) - 1)];
        out->dst_port = ports[gen_below(r, SIZE(ports))];
    }
    if (gen_chance(r, 5)) {
        out->flags = NETPOL_TUPLE_LATER_FRAGMENT;
    }
}

void cal_draw_question(const struct cal *c, struct gen_random *r, struct cal_asked *out)
{
    static const char *const methods[] = {"GET", "POST", "PUT"};
    static const char *const paths[] = {"/a",       "/a/", "/a/b",   "/ab",      "//a",  "/c/../a",
                                        "/a?b",     "/b",  "a",      "/a%2fb",   "/%61", "/a;x/b",
                                        "/a%252fb", "/a%", "/..\\a", "/a/b/c#d", "/A",   "/a/./b"};
    *out = (struct cal_asked){.asked = gen_chance(r, 20)};
    draw_tuple(r, &out->tuple);
    out->by_reference[0] = gen_chance(r, 30);
    out->by_reference[1] = gen_chance(r, 30);
    out->http = c->features & CAL_HTTP && gen_chance(r, 50);
    out->translated = c->features & CAL_STAGES && gen_chance(r, 50);
    out->method = methods[gen_below(r, SIZE(methods))];
    out->path = paths[gen_below(r, SIZE(paths))];
    draw_address(r, out->tuple.family, out->original);
    out->original_port = gen_chance(r, 50) ? 80 : 443;
}
