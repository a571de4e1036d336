/* SPDX-License-Identifier: Apache-2.0 */
#include "workload_calico.h"

#include <stdlib.h>
#include <string.h>

enum { TRACE = 1 << 15, PODS = 16, NETWORKS = 64 };

struct shape {
    const char *name;
    bool egress;
    uint32_t policies, rules_each, sets, members, largest;
    uint32_t per_mille_sets;  /* of rules: name a set */
    uint32_t per_mille_nets;  /* of rules: name blocks */
    uint32_t per_mille_ports; /* of rules with a set or blocks: have ports as well */
    uint32_t busy, rare;      /* ports that many rules name, that few do */
};
static const struct shape shapes[] = {
    {"checker", false, 294, 68, 3708, 256000, 54566, 242, 500, 600,  100, 2000},
    {"egress",  true,  300, 62, 3708, 256000, 54566, 250, 750, 1000, 820, 7400},
};
/* How many sets of 3,708 have so many members: what is published of the original. */
static const struct {
    uint32_t sets, least, most;
} sizes[] = {
    {4,    0,   0  },
    {3035, 1,   9  },
    {446,  10,  99 },
    {64,   100, 999},
};

/* ---- sets ---- */

/* Low more often than high. */
static uint32_t skewed(struct bench_random *r, uint32_t least, uint32_t most)
{
    uint32_t x = bench_below(r, 1u << 16);
    uint64_t cubed = (uint64_t)x * x / (1u << 16) * x;
    return least + (uint32_t)((most - least + 1) * (cubed >> 16) >> 16);
}

/* What the sizes above leave goes to the sets of a thousand and more, alike; one is the largest. */
static void draw_sizes(struct bench_random *r, const struct shape *shape, uint32_t scale,
                       struct calico_workload *w)
{
    uint32_t at = 0, left = shape->members / scale;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (uint32_t i = 0; i < (sizes[s].sets + scale - 1) / scale && at + 1 < w->n_sets; i++) {
            uint32_t count = skewed(r, sizes[s].least, sizes[s].most);
            w->sets[at++].count = count < left ? count : left;
            left -= w->sets[at - 1].count;
        }
    }
    uint32_t largest = shape->largest / scale < left ? shape->largest / scale : left;
    w->sets[w->n_sets - 1].count = largest;
    left -= largest;
    for (uint32_t some = w->n_sets - 1 - at; at + 1 < w->n_sets; at++, some--) {
        w->sets[at].count = left / some;
        left -= left / some;
    }
    for (uint32_t i = 0; i < w->n_sets; i++) {
        w->sets[i].first = w->n_members;
        w->n_members += w->sets[i].count;
    }
}

/* An address of one of the networks of 16 bits that are the cluster's own, or of anybody's. */
static uint32_t draw_inside(struct bench_random *r, uint32_t network)
{
    return 10u << 24 | (network % NETWORKS) << 16 | bench_below(r, 1u << 16);
}

static uint32_t draw_outside(struct bench_random *r)
{
    return (11 + bench_below(r, 200)) << 24 | bench_below(r, 1u << 24);
}

/* Two of five sets are of the cluster's own networks, few each, the others of the outside. One of
 * twenty members is in another set as well, one of fifty is a block. */
static struct calico_net draw_member(struct bench_random *r, const struct calico_workload *w,
                                     uint32_t set, uint32_t at)
{
    bool inside = set % 5 < 2 && set + 1 != w->n_sets;
    if (at && bench_below(r, 20) == 0) {
        return w->members[bench_below(r, at)];
    }
    struct calico_net net = {inside ? draw_inside(r, set * 7 + bench_below(r, 3)) : draw_outside(r),
                             32};
    if (bench_below(r, 50) == 0) {
        net.length = (uint8_t)(24 + bench_below(r, 6));
        net.address &= bench_mask(net.length);
    }
    return net;
}

static int by_first(const void *a, const void *b)
{
    const struct calico_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Members as ranges that do not touch. */
static void merge_ranges(struct calico_workload *w, struct calico_set *set, uint32_t at)
{
    struct calico_range *ranges = w->ranges + at;
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct calico_net *net = &w->members[set->first + i];
        ranges[i] = (struct calico_range){net->address, net->address | ~bench_mask(net->length)};
    }
    qsort(ranges, set->count, sizeof *ranges, by_first);
    for (uint32_t i = 0; i < set->count; i++) {
        if (n && ranges[i].first <= ranges[n - 1].last) {
            ranges[n - 1].last =
                ranges[i].last > ranges[n - 1].last ? ranges[i].last : ranges[n - 1].last;
        } else {
            ranges[n++] = ranges[i];
        }
    }
    set->range = at;
    set->n_ranges = n;
}

static bool draw_sets(struct bench_random *r, const struct shape *shape, uint32_t scale,
                      struct calico_workload *w)
{
    w->n_sets = (shape->sets + scale - 1) / scale;
    w->sets = calloc(w->n_sets, sizeof *w->sets);
    if (!w->sets) {
        return false;
    }
    draw_sizes(r, shape, scale, w);
    w->members = calloc(w->n_members, sizeof *w->members);
    w->ranges = calloc(w->n_members, sizeof *w->ranges);
    if (!w->members || !w->ranges) {
        return false;
    }
    for (uint32_t i = 0, at = 0; i < w->n_sets; i++) {
        for (; at < w->sets[i].first + w->sets[i].count; at++) {
            w->members[at] = draw_member(r, w, i, at);
        }
        merge_ranges(w, &w->sets[i], w->sets[i].first);
    }
    return true;
}

/* ---- rules ---- */

static struct calico_net draw_net(struct bench_random *r)
{
    static const uint8_t lengths[] = {32, 32, 32, 32, 32, 28, 26, 24, 24, 24, 22, 20, 16};
    struct calico_net net = {bench_below(r, 3) ? draw_inside(r, bench_below(r, NETWORKS))
                                               : draw_outside(r),
                             lengths[bench_below(r, sizeof lengths)]};
    net.address &= bench_mask(net.length);
    return net;
}

static void draw_ports(struct bench_random *r, const struct shape *shape, struct calico_rule *rule)
{
    rule->n_ports = (uint8_t)(1 + bench_below(r, 3));
    for (uint32_t p = 0; p < rule->n_ports; p++) {
        bool busy = bench_below(r, 2);
        uint32_t which =
            busy ? bench_below(r, shape->busy) : shape->busy + bench_below(r, shape->rare);
        uint16_t port = (uint16_t)(1 + which * 5);
        uint16_t more = (uint16_t)(!busy && bench_below(r, 20) == 0 ? bench_below(r, 40) : 0);
        rule->ports[p] = (struct calico_span){port, (uint16_t)(port + more)};
    }
}

/* Every set once before any twice. */
static void draw_rule(struct bench_random *r, const struct shape *shape,
                      const struct calico_workload *w, uint32_t *sets, struct calico_rule *rule)
{
    uint32_t what = bench_below(r, 1000);
    *rule = (struct calico_rule){.action = shape->egress ? CALICO_ALLOW : CALICO_PASS,
                                 .set = CALICO_NO_SET,
                                 .protocol = bench_below(r, 4) ? BENCH_TCP : BENCH_UDP};
    if (what < shape->per_mille_sets) {
        uint32_t next = (*sets)++;
        rule->set = (int32_t)(next < w->n_sets ? next : bench_below(r, w->n_sets));
    } else if (what < shape->per_mille_sets + shape->per_mille_nets) {
        rule->n_nets = (uint8_t)(1 + bench_below(r, bench_below(r, 4) ? 1 : CALICO_NETS));
        for (uint32_t i = 0; i < rule->n_nets; i++) {
            rule->nets[i] = draw_net(r);
        }
    }
    bool narrow = rule->n_nets || rule->set != CALICO_NO_SET;
    if (!narrow || bench_below(r, 1000) < shape->per_mille_ports) {
        draw_ports(r, shape, rule);
    } else if (bench_below(r, 4) == 0) {
        rule->protocol = 0;
    }
}

static bool draw_rules(struct bench_random *r, const struct shape *shape, uint32_t scale,
                       struct calico_workload *w)
{
    uint32_t sets = 0;
    w->n_policies = (shape->policies + scale - 1) / scale;
    w->rules_each = shape->rules_each;
    w->n_rules = w->n_policies * w->rules_each;
    w->rules = calloc(w->n_rules, sizeof *w->rules);
    for (uint32_t i = 0; w->rules && i < w->n_rules; i++) {
        draw_rule(r, shape, w, &sets, &w->rules[i]);
    }
    for (uint32_t i = 0; w->rules && !shape->egress && i < 10; i++) {
        w->rules[bench_below(r, w->n_rules)].action = CALICO_DENY;
    }
    if (w->rules && !shape->egress) {
        w->rules[w->n_rules / 2].action = CALICO_ALLOW;
    }
    return w->rules != NULL;
}

/* ---- flows ---- */

static uint32_t far_in(struct bench_random *r, const struct calico_workload *w,
                       const struct calico_rule *rule)
{
    struct calico_net net = {0, 0};
    if (rule->set != CALICO_NO_SET && w->sets[rule->set].count) {
        const struct calico_set *set = &w->sets[rule->set];
        net = w->members[set->first + bench_below(r, set->count)];
    } else if (rule->n_nets) {
        net = rule->nets[bench_below(r, rule->n_nets)];
    }
    return net.length ? net.address | ((uint32_t)bench_next(r) & ~bench_mask(net.length))
                      : draw_outside(r);
}

static struct bench_key key_of(struct bench_random *r, const struct calico_workload *w,
                               uint32_t far, uint8_t protocol, uint16_t port)
{
    uint32_t pod = calico_pod(bench_below(r, w->n_pods));
    return (struct bench_key){.src = w->egress ? pod : far,
                              .dst = w->egress ? far : pod,
                              .src_port = (uint16_t)(32768 + bench_below(r, 28000)),
                              .dst_port = port,
                              .protocol = protocol};
}

static struct bench_key draw_hit(struct bench_random *r, const struct calico_workload *w)
{
    const struct calico_rule *rule = &w->rules[bench_below(r, w->n_rules)];
    const struct calico_span *span =
        &rule->ports[bench_below(r, rule->n_ports ? rule->n_ports : 1)];
    uint16_t port = rule->n_ports
                        ? (uint16_t)(span->first + bench_below(r, 1u + span->last - span->first))
                        : (uint16_t)bench_next(r);
    return key_of(r, w, far_in(r, w, rule), rule->protocol ? rule->protocol : BENCH_TCP, port);
}

static bool draw_trace(struct bench_random *r, struct calico_workload *w)
{
    w->trace = malloc(TRACE * sizeof *w->trace);
    while (w->trace && w->n_trace < TRACE) {
        struct bench_key key = draw_hit(r, w);
        if (w->n_trace & 1) { /* one that walks all rules */
            uint32_t far = w->n_trace & 2 ? far_in(r, w, &w->rules[bench_below(r, w->n_rules)])
                                          : (uint32_t)bench_next(r);
            key = key_of(r, w, far, BENCH_TCP, (uint16_t)bench_next(r));
            if (calico_linear(w, &key) != w->n_rules) {
                continue;
            }
        }
        w->trace[w->n_trace++] = key;
    }
    return w->trace != NULL;
}

/* ---- the whole ---- */

bool calico_workload_make(const char *name, uint32_t scale, struct calico_workload *out)
{
    *out = (struct calico_workload){.n_pods = PODS};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].name, name) == 0) {
            struct bench_random r = {20200};
            out->name = shapes[i].name;
            out->egress = shapes[i].egress;
            return draw_sets(&r, &shapes[i], scale, out) &&
                   draw_rules(&r, &shapes[i], scale, out) && draw_trace(&r, out);
        }
    }
    return false;
}

void calico_workload_free(struct calico_workload *w)
{
    free(w->rules);
    free(w->sets);
    free(w->members);
    free(w->ranges);
    free(w->trace);
    *w = (struct calico_workload){0};
}

/* ---- from the first rule to the last ---- */

static bool in_set(const struct calico_workload *w, const struct calico_set *set, uint32_t address)
{
    const struct calico_range *ranges = w->ranges + set->range;
    uint32_t low = 0, high = set->n_ranges;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ranges[middle].last < address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < set->n_ranges && ranges[low].first <= address;
}

static bool holds(const struct calico_workload *w, const struct calico_rule *rule, uint32_t far,
                  const struct bench_key *key)
{
    bool fine = rule->n_ports == 0;
    if (rule->protocol && rule->protocol != key->protocol) {
        return false;
    }
    for (uint32_t i = 0; i < rule->n_ports && !fine; i++) {
        fine = rule->ports[i].first <= key->dst_port && key->dst_port <= rule->ports[i].last;
    }
    if (!fine) {
        return false;
    }
    fine = rule->n_nets == 0;
    for (uint32_t i = 0; i < rule->n_nets && !fine; i++) {
        fine = ((far ^ rule->nets[i].address) & bench_mask(rule->nets[i].length)) == 0;
    }
    return fine && (rule->set == CALICO_NO_SET || in_set(w, &w->sets[rule->set], far));
}

uint32_t calico_linear(const struct calico_workload *w, const struct bench_key *key)
{
    uint32_t far = w->egress ? key->dst : key->src, i = 0;
    while (i < w->n_rules && !holds(w, &w->rules[i], far, key)) {
        i++;
    }
    return i;
}
