/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIFF_CLUSTER_H
#define NP_TESTS_DIFF_CLUSTER_H
/* Small clusters by chance, as manifests. */
#include "np_world.h"
#include <stdbool.h>

enum { MAX_PODS = 8, TEXT = 32768 };

/* ---- chance ---- */

static uint32_t chance;

static uint32_t draw(uint32_t below)
{
    chance ^= chance << 13;
    chance ^= chance >> 17;
    chance ^= chance << 5;
    return chance % below;
}

static const char *one_of(const char *const *words, uint32_t count)
{
    return words[draw(count)];
}
#define ONE_OF(words) one_of(words, (uint32_t)(sizeof(words) / sizeof *(words)))

/* ---- a cluster ---- */

struct pod {
    const char *space, *workload;
    char name[32];
    const char *app, *tier, *port_name, *node;
    char address4[24], address6[24]; /* "": none */
    bool here[2];
};
struct cluster {
    struct pod pods[MAX_PODS];
    uint32_t n_pods;
    uint32_t policies[6]; /* seeds; the same seed is the same policy */
    uint32_t n_policies;
    bool nodes, range;
    uint32_t team; /* which label namespace b has */
};
struct text {
    size_t len;
    char text[TEXT];
};

static void add(struct text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(out->text + out->len, sizeof out->text - out->len, format, args);
    va_end(args);
    assert_true(len >= 0 && out->len + (size_t)len < sizeof out->text);
    out->len += (size_t)len;
}

static const char *const apps[] = {"web", "db", "cache"};
static const char *const tiers[] = {"front", "back"};
static const char *const spaces[] = {"a", "b"};
static const char *const workloads[] = {"w0", "w1", "w2"};
static const char *const cidrs[] = {"10.0.0.0/8",  "10.0.0.0/30", "0.0.0.0/0",  "203.0.113.0/24",
                                    "10.9.0.1/32", "fd00::/64",   "10.0.0.4/31"};

static void make_pod(struct cluster *c, uint32_t i)
{
    struct pod *pod = &c->pods[i];
    uint32_t kind = draw(6);
    pod->space = ONE_OF(spaces);
    pod->workload = ONE_OF(workloads);
    snprintf(pod->name, sizeof pod->name, "%s-%u", pod->workload, i);
    pod->app = ONE_OF(apps);
    pod->tier = ONE_OF(tiers);
    pod->port_name = draw(3) ? "http" : "";
    pod->node = c->nodes && draw(3) ? (draw(2) ? "n0" : "n1") : "";
    pod->here[0] = draw(8) != 0;
    pod->here[1] = draw(8) != 0;
    if (kind != 0) {
        snprintf(pod->address4, sizeof pod->address4, "10.0.0.%u", i);
    }
    if (kind == 1 || kind == 2) {
        snprintf(pod->address6, sizeof pod->address6, "fd00::%x", i + 1);
    }
    if (kind == 2) {
        pod->address4[0] = '\0';
    }
}

static void write_pod(struct text *out, const struct pod *pod)
{
    add(out, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  namespace: %s\n", pod->name,
        pod->space);
    add(out, "  labels: {app: %s, tier: %s}\n", pod->app, pod->tier);
    add(out,
        "  ownerReferences:\n  - {apiVersion: apps/v1, kind: StatefulSet, name: %s, "
        "uid: u, controller: true}\n",
        pod->workload);
    add(out, "spec:\n");
    if (pod->node[0]) {
        add(out, "  nodeName: %s\n", pod->node);
    }
    add(out, "  containers:\n  - name: c\n    image: i\n");
    if (pod->port_name[0]) {
        add(out, "    ports: [{name: %s, containerPort: %u, protocol: TCP}]\n", pod->port_name,
            pod->app[0] == 'w' ? 80 : 8080);
    }
    if (pod->address4[0] || pod->address6[0]) {
        const char *first = pod->address4[0] ? pod->address4 : pod->address6;
        add(out, "status:\n  podIP: \"%s\"\n  podIPs:\n  - ip: \"%s\"\n", first, first);
        if (pod->address4[0] && pod->address6[0]) {
            add(out, "  - ip: \"%s\"\n", pod->address6);
        }
    }
    add(out, "---\n");
}

static void write_peer(struct text *out)
{
    switch (draw(4)) {
    case 0:
        add(out, "    - podSelector: {matchLabels: {app: %s}}\n", ONE_OF(apps));
        break;
    case 1:
        add(out, "    - namespaceSelector: {matchLabels: {team: x}}\n");
        break;
    case 2:
        add(out, "    - namespaceSelector: {}\n      podSelector: {matchLabels: {tier: %s}}\n",
            ONE_OF(tiers));
        break;
    default:
        if (draw(3) == 0) {
            add(out, "    - ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.2/31, 10.9.0.0/16]}\n");
        } else {
            add(out, "    - ipBlock: {cidr: \"%s\"}\n", ONE_OF(cidrs));
        }
    }
}

static void write_port(struct text *out)
{
    static const char *const ports[] = {"{protocol: TCP, port: 80}",
                                        "{protocol: TCP, port: 8080, endPort: 8090}",
                                        "{protocol: UDP}",
                                        "{protocol: TCP, port: http}",
                                        "{protocol: UDP, port: 53}",
                                        "{protocol: TCP}",
                                        "{protocol: TCP, port: 1, endPort: 79}"};
    add(out, "    - %s\n", ONE_OF(ports));
}

static void write_rules(struct text *out, const char *direction, const char *peers)
{
    uint32_t count = draw(3);
    add(out, count ? "  %s:\n" : "  %s: []\n", direction);
    for (uint32_t i = 0; i < count; i++) {
        bool peer = draw(4) != 0, port = draw(3) != 0;
        add(out, "  - ");
        if (!peer && !port) {
            add(out, "{}\n");
            continue;
        }
        add(out, "%s:\n", peer ? peers : "ports");
        for (uint32_t n = peer ? 1 + draw(2) : 0; n-- > 0;) {
            write_peer(out);
        }
        if (peer && port) {
            add(out, "    ports:\n");
        }
        for (uint32_t n = port ? 1 + draw(2) : 0; n-- > 0;) {
            write_port(out);
        }
    }
}

static void write_policy(struct text *out, uint32_t seed, uint32_t number)
{
    uint32_t kept = chance;
    chance = seed;
    uint32_t types = 1 + draw(3);
    add(out,
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p%u\n"
        "  namespace: %s\nspec:\n",
        number, ONE_OF(spaces));
    if (draw(3)) {
        add(out, "  podSelector: {matchLabels: {app: %s}}\n", ONE_OF(apps));
    } else {
        add(out, "  podSelector: {}\n");
    }
    add(out, "  policyTypes: [%s]\n",
        types == 1   ? "Ingress"
        : types == 2 ? "Egress"
                     : "Ingress, Egress");
    if (types & 1) {
        write_rules(out, "ingress", "from");
    }
    if (types & 2) {
        write_rules(out, "egress", "to");
    }
    add(out, "---\n");
    chance = kept;
}

static void write_cluster(struct text *out, const struct cluster *c, int side)
{
    out->len = 0;
    add(out,
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: x}}\n---\n"
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: b, labels: {team: %s}}\n---\n",
        c->team ? "x" : "z");
    for (uint32_t n = 0; c->nodes && n < 2; n++) {
        add(out,
            "apiVersion: v1\nkind: Node\nmetadata: {name: n%u}\nstatus:\n  addresses: "
            "[{type: InternalIP, address: 10.9.0.%u}]\n---\n",
            n, n);
    }
    for (uint32_t i = 0; i < c->n_pods; i++) {
        if (c->pods[i].here[side]) {
            write_pod(out, &c->pods[i]);
        }
    }
    for (uint32_t i = 0; i < c->n_policies; i++) {
        if (c->policies[i]) {
            write_policy(out, c->policies[i], i);
        }
    }
}

static void make_cluster(struct cluster *c)
{
    memset(c, 0, sizeof *c);
    c->nodes = draw(2) != 0;
    c->range = draw(2) != 0;
    c->team = draw(2);
    c->n_pods = 3 + draw(MAX_PODS - 2);
    for (uint32_t i = 0; i < c->n_pods; i++) {
        make_pod(c, i);
    }
    c->n_policies = 1 + draw(5);
    for (uint32_t i = 0; i < c->n_policies; i++) {
        c->policies[i] = 1 + draw(1000000);
    }
}
#endif
