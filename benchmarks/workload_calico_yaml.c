/* SPDX-License-Identifier: Apache-2.0 */
/* The workload as Calico's users write it: GlobalNetworkSets, GlobalNetworkPolicies, pods. */
#include "workload_calico.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct text {
    char *bytes;
    size_t size, capacity;
    bool failed;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
    va_list arguments;
    if (t->capacity - t->size < 512) {
        size_t capacity = t->capacity ? t->capacity * 2 : 1 << 20;
        char *bytes = realloc(t->bytes, capacity);
        if (!bytes) {
            t->failed = true;
            return;
        }
        t->bytes = bytes;
        t->capacity = capacity;
    }
    va_start(arguments, format);
    int n = vsnprintf(t->bytes + t->size, t->capacity - t->size, format, arguments);
    va_end(arguments);
    t->size += n > 0 ? (size_t)n : 0;
}

static void put_net(struct text *t, const char *before, const struct calico_net *net)
{
    uint32_t a = net->address;
    put(t, "%s%u.%u.%u.%u/%u", before, a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, net->length);
}

static void put_pods(struct text *t, const struct calico_workload *w)
{
    for (uint32_t i = 0; i < w->n_pods; i++) {
        uint32_t a = calico_pod(i);
        put(t,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-%u, namespace: shop, labels: "
            "{app: web}}\nspec: {containers: [{name: web, image: web}]}\nstatus: {podIP: "
            "%u.%u.%u.%u, podIPs: [{ip: %u.%u.%u.%u}]}\n",
            i, a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255, a >> 24, a >> 16 & 255, a >> 8 & 255,
            a & 255);
    }
}

static void put_sets(struct text *t, const struct calico_workload *w)
{
    for (uint32_t i = 0; i < w->n_sets; i++) {
        const struct calico_set *set = &w->sets[i];
        put(t,
            "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: "
            "set-%u, labels: {set: s%u}}\nspec:\n  nets:%s\n",
            i, i, set->count ? "" : " []");
        for (uint32_t m = 0; m < set->count; m++) {
            put_net(t, "  - ", &w->members[set->first + m]);
            put(t, "\n");
        }
    }
}

static void put_far(struct text *t, const struct calico_rule *rule)
{
    if (rule->set != CALICO_NO_SET) {
        put(t, "selector: set == 's%d'", (int)rule->set);
    }
    for (uint32_t i = 0; i < rule->n_nets; i++) {
        put_net(t, i ? ", " : "nets: [", &rule->nets[i]);
    }
    put(t, "%s", rule->n_nets ? "]" : "");
}

static void put_ports(struct text *t, const struct calico_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_ports; i++) {
        const struct calico_span *span = &rule->ports[i];
        put(t, "%s%u", i ? ", " : "ports: [", span->first);
        if (span->last > span->first) {
            put(t, ":%u", span->last);
        }
    }
    put(t, "%s", rule->n_ports ? "]" : "");
}

/* Of an egress rule both are about the destination. */
static void put_rule(struct text *t, const struct calico_workload *w,
                     const struct calico_rule *rule)
{
    static const char *const actions[] = {
        [CALICO_PASS] = "Pass", [CALICO_DENY] = "Deny", [CALICO_ALLOW] = "Allow"};
    bool far = rule->n_nets || rule->set != CALICO_NO_SET;
    put(t, "  - action: %s\n", actions[rule->action]);
    if (rule->protocol) {
        put(t, "    protocol: %s\n", rule->protocol == BENCH_UDP ? "UDP" : "TCP");
    }
    if (far) {
        put(t, w->egress ? "    destination: {" : "    source: {");
        put_far(t, rule);
        put(t, w->egress && rule->n_ports ? ", " : "}\n");
    } else if (w->egress && rule->n_ports) {
        put(t, "    destination: {");
    }
    if (rule->n_ports) {
        put(t, w->egress ? "" : "    destination: {");
        put_ports(t, rule);
        put(t, "}\n");
    }
}

static void put_policies(struct text *t, const struct calico_workload *w)
{
    for (uint32_t i = 0; i < w->n_policies; i++) {
        put(t,
            "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: "
            "default.p%03u}\nspec:\n  tier: default\n  order: %u\n  selector: app == 'web'\n"
            "  types: [%s]\n  %s:\n",
            i, i, w->egress ? "Egress" : "Ingress", w->egress ? "egress" : "ingress");
        for (uint32_t r = 0; r < w->rules_each; r++) {
            put_rule(t, w, &w->rules[(size_t)i * w->rules_each + r]);
        }
    }
}

char *calico_yaml(const struct calico_workload *w, size_t *size)
{
    struct text t = {0};
    put(&t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    put_pods(&t, w);
    put_sets(&t, w);
    put_policies(&t, w);
    *size = t.size;
    if (t.failed) {
        free(t.bytes);
        return NULL;
    }
    return t.bytes;
}
