/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes lists up. A shape is four tables of weights: pairs of prefix lengths, kinds of port ranges,
 * protocols, and how many distinct networks, subnets and hosts each end has. An address is not
 * drawn but looked up: the bytes of network i are a hash of i, those of its subnet j a hash of
 * (i, j), and low numbers are drawn more often. So values repeat and prefixes nest, as they do in
 * lists that people write.
 */
#include "rulelist.h"
#include <stdlib.h>
#include <string.h>

enum port_class { WC /* any */, HI /* 1024.. */, LO /* ..1023 */, AR /* a range */, EM /* one */ };
struct weight_lengths {
    unsigned weight;
    uint8_t src, dst;
};
struct weight_ports {
    unsigned weight;
    uint8_t src, dst; /* enum port_class */
};
struct weight_protocol {
    unsigned weight;
    uint8_t protocol, any;
};
struct end_shape {
    unsigned networks; /* distinct /16 */
    double subnets;    /* distinct /24 in all, as a part of the list's length */
    double hosts;      /* distinct addresses in all */
};
enum { MAX_WEIGHTS = 24 };
struct shape {
    const char *name;
    struct end_shape src, dst;
    unsigned services; /* distinct exact ports */
    unsigned deny;     /* percent */
    struct weight_lengths lengths[MAX_WEIGHTS];
    struct weight_ports ports[MAX_WEIGHTS];
    struct weight_protocol protocols[MAX_WEIGHTS];
};

const char *const bench_rule_shapes[] = {"acl", "fw", "ipc", NULL};
static const struct shape shapes[] = {
    {.name = "acl", /* long prefixes on both ends, source ports never, many exact services */
     .src = {40, 0.10, 0.30},
     .dst = {24, 0.03, 0.20},
     .services = 110,
     .deny = 20,
     .lengths = {{24, 32, 32},
                 {16, 24, 32},
                 {10, 32, 24},
                 {9, 28, 32},
                 {6, 27, 32},
                 {6, 24, 24},
                 {5, 16, 32},
                 {5, 21, 32},
                 {4, 23, 27},
                 {3, 26, 28},
                 {3, 0, 32},
                 {2, 0, 24},
                 {2, 32, 0},
                 {2, 16, 24},
                 {1, 8, 32},
                 {1, 24, 0},
                 {1, 22, 22}},
     .ports = {{64, WC, EM}, {14, WC, WC}, {12, WC, AR}, {8, WC, HI}, {2, WC, LO}},
     .protocols = {{80, 6, 0}, {11, 17, 0}, {3, 1, 0}, {5, 0, 1}, {1, 47, 0}}            },
    {.name = "fw",  /* any to few servers, nested, and source ports; most values repeat */
     .src = {12, 0.02, 0.10},
     .dst = {10, 0.02, 0.08},
     .services = 40,
     .deny = 45,
     .lengths = {{20, 0, 32},
                 {13, 32, 0},
                 {18, 32, 32},
                 {8, 24, 32},
                 {7, 0, 24},
                 {6, 24, 0},
                 {5, 24, 24},
                 {4, 16, 32},
                 {4, 32, 24},
                 {3, 0, 0},
                 {3, 16, 0},
                 {3, 0, 16},
                 {2, 8, 32},
                 {2, 28, 32},
                 {1, 8, 0},
                 {1, 16, 16}},
     .ports = {{28, WC, EM},
               {22, WC, WC},
               {13, HI, EM},
               {9, EM, WC},
               {8, WC, HI},
               {6, EM, HI},
               {5, HI, HI},
               {4, WC, AR},
               {2, EM, EM},
               {2, WC, LO},
               {1, AR, EM}},
     .protocols = {{55, 6, 0}, {31, 17, 0}, {6, 1, 0}, {6, 0, 1}, {1, 50, 0}, {1, 47, 0}}},
    {.name = "ipc", /* a mix of both, with more lengths in between */
     .src = {60, 0.08, 0.25},
     .dst = {60, 0.08, 0.25},
     .services = 90,
     .deny = 30,
     .lengths = {{22, 32, 32}, {10, 24, 32}, {9, 32, 24}, {8, 24, 24}, {6, 0, 32},  {5, 32, 0},
                 {5, 16, 32},  {5, 32, 16},  {4, 20, 28}, {4, 28, 20}, {3, 16, 24}, {3, 24, 16},
                 {3, 16, 16},  {2, 8, 24},   {2, 24, 8},  {2, 0, 24},  {2, 24, 0},  {2, 8, 32},
                 {1, 0, 16},   {1, 16, 0},   {1, 0, 0}},
     .ports = {{36, WC, EM},
               {30, WC, WC},
               {9, WC, AR},
               {7, EM, WC},
               {5, HI, EM},
               {4, EM, HI},
               {4, WC, HI},
               {3, EM, EM},
               {1, AR, WC},
               {1, HI, HI}},
     .protocols = {{52, 6, 0}, {30, 17, 0}, {8, 1, 0}, {9, 0, 1}, {1, 89, 0}}            },
};

/* Seldom more than a handful of ranges occur beside the fixed ones. */
static const uint16_t usual_ranges[][2] = {
    {6000,  6063 },
    {20,    21   },
    {137,   139  },
    {33434, 33600},
    {1300,  1349 },
    {8000,  8999 },
    {5000,  5100 },
    {2000,  2010 },
    {7000,  7500 },
    {16384, 32767},
    {49152, 65535},
    {5631,  5632 },
    {27000, 27015},
    {512,   514  },
    {3000,  4999 },
    {1024,  5000 },
};
static const uint16_t usual_ports[] = {80,  443, 25,  53,   22,   21,   23,  110,  143,  123, 161,
                                       162, 389, 445, 1433, 1521, 3306, 139, 3389, 8080, 993, 995};

struct random {
    uint64_t state;
};

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint32_t draw(struct random *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    return (uint32_t)(mix(r->state) >> 32);
}

static uint32_t below(struct random *r, uint32_t n)
{
    return (uint32_t)(((uint64_t)draw(r) * n) >> 32);
}

/* The lower of two: small numbers come more often. */
static uint32_t below_skewed(struct random *r, uint32_t n)
{
    uint32_t a = below(r, n), b = below(r, n);
    return a < b ? a : b;
}

static uint32_t mask_of(unsigned length)
{
    return length ? UINT32_MAX << (32 - length) : 0;
}

static uint32_t at_least(double part, size_t count, uint32_t least)
{
    double wanted = part * (double)count;
    return wanted > least ? (uint32_t)wanted : least;
}

/* The address behind a number: see the head of this file. */
static uint32_t make_address(const struct end_shape *end, size_t count, uint64_t seed,
                             struct random *r)
{
    uint32_t subnets = at_least(end->subnets, count, end->networks) / end->networks;
    uint32_t hosts = at_least(end->hosts, count, 16) / (subnets * end->networks) + 1;
    uint64_t network = below_skewed(r, end->networks);
    uint64_t subnet = below_skewed(r, subnets + 1);
    uint64_t host = below_skewed(r, hosts > 200 ? 200 : hosts);
    uint32_t top = (uint32_t)mix(seed ^ (network + 1) * 0x10001u) >> 16;
    uint32_t third = (uint32_t)mix(seed ^ (network << 20 | (subnet + 1) << 1)) & 255;
    uint32_t last = (uint32_t)mix(seed ^ (network << 40 | subnet << 20 | host << 1 | 1)) & 255;
    return top << 16 | third << 8 | last;
}

static void make_ports(enum port_class class, unsigned services, struct random *r, uint16_t *first,
                       uint16_t *last)
{
    uint32_t n;
    *first = 0;
    *last = UINT16_MAX;
    switch (class) {
    case WC:
        break;
    case HI:
        *first = 1024;
        break;
    case LO:
        *last = 1023;
        break;
    case AR:
        n = below_skewed(r, sizeof usual_ranges / sizeof *usual_ranges);
        *first = usual_ranges[n][0];
        *last = usual_ranges[n][1];
        break;
    case EM:
        n = below_skewed(r, services);
        *first = (uint16_t)(n < sizeof usual_ports / sizeof *usual_ports
                                ? usual_ports[n]
                                : 1 + mix(n * 0x5851f42du) % (n % 3 ? 10000 : 1023));
        *last = *first;
        break;
    }
}

/* Index of an entry of a table of weights, by its first field; the table ends with weight 0. */
#define PICK(table, r) pick_weight(&(table)[0].weight, sizeof *(table), (r))
static size_t pick_weight(const unsigned *weights, size_t stride, struct random *r)
{
    const unsigned char *at = (const unsigned char *)weights;
    uint32_t sum = 0, n;
    size_t i;
    unsigned weight;
    for (i = 0; i < MAX_WEIGHTS; i++) {
        memcpy(&weight, at + i * stride, sizeof weight);
        sum += weight;
    }
    n = below(r, sum);
    for (i = 0; i + 1 < MAX_WEIGHTS; i++) {
        memcpy(&weight, at + i * stride, sizeof weight);
        if (n < weight)
            break;
        n -= weight;
    }
    return i;
}

static void make_rule(const struct shape *shape, size_t count, uint64_t seed, struct random *r,
                      struct bench_rule *rule)
{
    const struct weight_lengths *lengths = &shape->lengths[PICK(shape->lengths, r)];
    const struct weight_ports *ports = &shape->ports[PICK(shape->ports, r)];
    const struct weight_protocol *protocol = &shape->protocols[PICK(shape->protocols, r)];
    memset(rule, 0, sizeof *rule);
    rule->src_length = lengths->src;
    rule->dst_length = lengths->dst;
    rule->src = make_address(&shape->src, count, mix(seed ^ 1), r) & mask_of(lengths->src);
    rule->dst = make_address(&shape->dst, count, mix(seed ^ 2), r) & mask_of(lengths->dst);
    rule->protocol = protocol->protocol;
    rule->any_protocol = protocol->any;
    rule->src_last = rule->dst_last = UINT16_MAX;
    if (rule->protocol == 6 || rule->protocol == 17) { /* the others have no ports */
        make_ports(ports->src, shape->services, r, &rule->src_first, &rule->src_last);
        make_ports(ports->dst, shape->services, r, &rule->dst_first, &rule->dst_last);
    }
    rule->allow = below(r, 100) >= shape->deny;
}

static bool equal_boxes(const struct bench_rule *a, const struct bench_rule *b)
{
    return a->src == b->src && a->dst == b->dst && a->src_length == b->src_length &&
           a->dst_length == b->dst_length && a->src_first == b->src_first &&
           a->src_last == b->src_last && a->dst_first == b->dst_first &&
           a->dst_last == b->dst_last && a->protocol == b->protocol &&
           a->any_protocol == b->any_protocol;
}

static uint64_t hash_box(const struct bench_rule *rule)
{
    uint64_t h = mix((uint64_t)rule->src << 32 | rule->dst);
    h = mix(h ^ ((uint64_t)rule->src_first << 48 | (uint64_t)rule->src_last << 32 |
                 (uint64_t)rule->dst_first << 16 | rule->dst_last));
    return mix(h ^ ((uint64_t)rule->src_length << 24 | (uint64_t)rule->dst_length << 16 |
                    (uint64_t)rule->protocol << 8 | rule->any_protocol));
}

static unsigned width_bits(uint32_t first, uint32_t last)
{
    unsigned bits = 0;
    for (uint32_t n = last - first; n; n >>= 1)
        bits++;
    return bits;
}

/*
 * Writers put the special before the general, mostly: sorted by how much a rule says, give or take
 * one byte of an address. The id holds the sort key until the list is in order.
 */
static uint32_t sort_key(const struct bench_rule *rule, struct random *r)
{
    uint32_t says = (uint32_t)(rule->src_length + rule->dst_length) + (rule->any_protocol ? 0 : 8) +
                    (16 - width_bits(rule->src_first, rule->src_last)) +
                    (16 - width_bits(rule->dst_first, rule->dst_last));
    return UINT32_MAX - ((says * 256 + below(r, 8 * 256)) << 8 | below(r, 256));
}

static int compare_rules(const void *left, const void *right)
{
    const struct bench_rule *a = left, *b = right;
    uint64_t x = hash_box(a), y = hash_box(b);
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return x < y ? -1 : x > y;
}

bool bench_rules_make(const char *shape_name, size_t count, uint64_t seed,
                      struct bench_rules *rules)
{
    const struct shape *shape = NULL;
    struct random r = {mix(seed)};
    size_t slots = 64, tries = 0;
    uint32_t *seen;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].name, shape_name) == 0)
            shape = &shapes[i];
    }
    while (slots < 2 * count)
        slots *= 2;
    *rules = (struct bench_rules){0};
    seen = shape ? calloc(slots, sizeof *seen) : NULL; /* index + 1 */
    while (seen && rules->count < count) {
        struct bench_rule rule, *kept;
        /* Where the drawn values are used up, draw from a larger pool. */
        make_rule(shape, count + tries++ / 4, seed, &r, &rule);
        size_t slot = (size_t)hash_box(&rule) & (slots - 1);
        while (seen[slot] && !equal_boxes(&rules->items[seen[slot] - 1], &rule))
            slot = (slot + 1) & (slots - 1);
        if (seen[slot])
            continue;
        if (!(kept = bench_rules_push(rules)))
            break;
        *kept = rule;
        kept->id = sort_key(&rule, &r);
        seen[slot] = (uint32_t)rules->count;
    }
    free(seen);
    if (!shape || rules->count < count) {
        bench_rules_free(rules);
        return false;
    }
    if (count)
        qsort(rules->items, count, sizeof *rules->items, compare_rules);
    for (size_t i = 0; i < count; i++)
        rules->items[i].id = (uint32_t)i;
    return true;
}

bool bench_packets_make(const struct bench_rules *rules, size_t count, uint64_t seed,
                        struct bench_packets *packets)
{
    struct random r = {mix(seed ^ 0x7ace)};
    *packets = (struct bench_packets){0};
    for (size_t i = 0; i < count; i++) {
        struct bench_packet *p = bench_packets_push(packets);
        if (!p) {
            bench_packets_free(packets);
            return false;
        }
        *p = (struct bench_packet){draw(&r), draw(&r), (uint16_t)draw(&r), (uint16_t)draw(&r),
                                   (uint8_t)draw(&r)};
        if (rules->count && below(&r, 10)) {
            const struct bench_rule *rule = &rules->items[below(&r, (uint32_t)rules->count)];
            p->src = rule->src | (p->src & ~mask_of(rule->src_length));
            p->dst = rule->dst | (p->dst & ~mask_of(rule->dst_length));
            p->src_port =
                (uint16_t)(rule->src_first + below(&r, rule->src_last - rule->src_first + 1u));
            p->dst_port =
                (uint16_t)(rule->dst_first + below(&r, rule->dst_last - rule->dst_first + 1u));
            if (!rule->any_protocol)
                p->protocol = rule->protocol;
        }
    }
    return true;
}

bool bench_rule_holds(const struct bench_rule *rule, const struct bench_packet *packet)
{
    return ((packet->src ^ rule->src) & mask_of(rule->src_length)) == 0 &&
           ((packet->dst ^ rule->dst) & mask_of(rule->dst_length)) == 0 &&
           packet->src_port >= rule->src_first && packet->src_port <= rule->src_last &&
           packet->dst_port >= rule->dst_first && packet->dst_port <= rule->dst_last &&
           (rule->any_protocol || packet->protocol == rule->protocol);
}

uint32_t bench_rules_first(const struct bench_rules *rules, const struct bench_packet *packet)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (bench_rule_holds(&rules->items[i], packet))
            return rules->items[i].id;
    }
    return BENCH_NO_RULE;
}

struct np_box bench_rule_box(const struct bench_rule *rule)
{
    struct np_box box;
    memset(&box, 0, sizeof box);
    box.src[1] = rule->src;
    box.dst[1] = rule->dst;
    box.src_length = rule->src_length;
    box.dst_length = rule->dst_length;
    box.family = 4;
    box.protocol = rule->protocol;
    box.any_protocol = rule->any_protocol;
    box.src_first = rule->src_first;
    box.src_last = rule->src_last;
    box.dst_first = rule->dst_first;
    box.dst_last = rule->dst_last;
    box.value = rule->id;
    return box;
}

struct np_cut_key bench_packet_key(const struct bench_packet *packet)
{
    struct np_cut_key key;
    memset(&key, 0, sizeof key);
    key.src[1] = packet->src;
    key.dst[1] = packet->dst;
    key.src_port = packet->src_port;
    key.dst_port = packet->dst_port;
    key.family = 4;
    key.protocol = packet->protocol;
    key.has_ports = 1;
    return key;
}
