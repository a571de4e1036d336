/* SPDX-License-Identifier: Apache-2.0 */
/* What all workloads share, and the linear scan that every engine is checked against. */
#include "workload_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool bench_lines_add(struct bench_lines *rules, const struct bench_line *rule)
{
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity ? rules->capacity * 2 : 1024;
        struct bench_line *items = realloc(rules->items, capacity * sizeof *items);
        if (!items) {
            return false;
        }
        rules->items = items;
        rules->capacity = capacity;
    }
    rules->items[rules->count++] = *rule;
    return true;
}

static inline bool holds(const struct bench_line *r, const struct bench_key *k)
{
    return ((k->dst ^ r->dst) & bench_mask(r->dst_length)) == 0 &&
           ((k->src ^ r->src) & bench_mask(r->src_length)) == 0 &&
           (r->any_protocol || r->protocol == k->protocol) && r->dst_first <= k->dst_port &&
           k->dst_port <= r->dst_last && r->src_first <= k->src_port && k->src_port <= r->src_last;
}

uint32_t bench_linear(const struct bench_lines *rules, const struct bench_key *key)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (holds(&rules->items[i], key)) {
            return rules->items[i].answer;
        }
    }
    return BENCH_DEFAULT;
}

struct np_prefix bench_prefix(uint32_t address, uint8_t length)
{
    struct np_prefix prefix = {.address.family = NP_IPV4, .length = length};
    address &= bench_mask(length);
    for (int i = 0; i < 4; i++) {
        prefix.address.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
    }
    return prefix;
}

static uint16_t port_in(struct bench_random *r, uint16_t first, uint16_t last)
{
    return (uint16_t)(first + bench_below(r, 1u + last - first));
}

struct bench_key bench_key_in(struct bench_random *r, const struct bench_line *rule)
{
    static const uint8_t protocols[] = {BENCH_TCP, BENCH_TCP, BENCH_UDP};
    uint32_t noise = (uint32_t)bench_next(r);
    return (struct bench_key){
        .src = rule->src | (noise & ~bench_mask(rule->src_length)),
        .dst = rule->dst | ((uint32_t)bench_next(r) & ~bench_mask(rule->dst_length)),
        .src_port = port_in(r, rule->src_first, rule->src_last),
        .dst_port = port_in(r, rule->dst_first, rule->dst_last),
        .protocol = rule->any_protocol ? protocols[bench_below(r, 3)] : rule->protocol,
    };
}

bool bench_workload_make(const char *name, size_t nominal, bool both, struct bench_workload *out)
{
    bool made = false;
    *out = (struct bench_workload){.name = name, .nominal = nominal, .both = both};
    if (strcmp(name, "k8s") == 0 || strcmp(name, "k8s-hard") == 0) {
        made = bench_k8s_make(strcmp(name, "k8s-hard") == 0, nominal, both, out);
    } else {
        made = !both && bench_list_make(name, nominal, out);
    }
    if (!made) {
        bench_workload_free(out);
    }
    return made;
}

bool bench_workload_skew(struct bench_workload *w)
{
    struct bench_random r = {w->n_trace};
    struct bench_key *trace = malloc(w->n_trace * sizeof *trace);
    for (size_t i = 0; trace && i < w->n_trace; i++) {
        double even = (double)(bench_next(&r) >> 11) * 0x1p-53;
        size_t at = (size_t)exp(even * log((double)w->n_trace));
        trace[i] = w->trace[at < w->n_trace ? at : 0];
    }
    if (trace) {
        free(w->trace);
        w->trace = trace;
    }
    return trace != NULL;
}

void bench_workload_free(struct bench_workload *w)
{
    bench_k8s_free(w);
    free(w->rules[NP_INGRESS].items);
    free(w->rules[NP_EGRESS].items);
    free(w->trace);
    *w = (struct bench_workload){0};
}
