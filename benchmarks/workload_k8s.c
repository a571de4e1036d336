/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the cluster, expands it to 5-tuples, and makes headers. workload_k8s.h has the idea. */
#include "workload_k8s.h"

#include <stdlib.h>

enum { TRACE = 1 << 19 };

/* ---- drawing ---- */

static const struct {
    size_t nominal;
    uint32_t pods, groups, blocks;
} shapes[2][4] = {
    {{1000, 70, 20, 50},
     {10000, 360, 50, 200},
     {100000, 1450, 75, 1000},
     {1000000, 5700, 120, 3000}                                                                  },
    {{1000, 16, 4, 16},  {10000, 120, 14, 60}, {100000, 700, 60, 300}, {1000000, 4000, 230, 2000}},
};

static struct bench_span draw_span(struct bench_random *r, bool hard, bool range)
{
    static const uint16_t usual[] = {80, 443, 8080, 8443, 9090, 5432, 3306, 6379, 9092, 53};
    enum { USUAL = sizeof usual / sizeof *usual };
    uint16_t first = (uint16_t)(bench_below(r, 2) ? usual[bench_below(r, USUAL)]
                                                  : 8000 + bench_below(r, hard ? 300 : 30));
    uint8_t protocol = first == 53 || (hard && bench_below(r, 5) == 0) ? BENCH_UDP : BENCH_TCP;
    if (range) {
        first =
            (uint16_t)(hard ? 20000 + bench_below(r, 10000) : 20000 + 1000 * bench_below(r, 10));
        uint16_t last = (uint16_t)(first + (hard ? 1 + bench_below(r, 5000) : 999));
        return (struct bench_span){protocol, first, last};
    }
    return (struct bench_span){protocol, first, first};
}

static void draw_spans(struct bench_random *r, bool hard, struct bench_policy_rule *rule)
{
    uint32_t kind = bench_below(r, 3); /* one port, two, or a range */
    rule->n_spans = kind == 1 ? 2 : 1;
    rule->spans[0] = draw_span(r, hard, kind == 2);
    rule->spans[1] = draw_span(r, hard, false);
}

/* k8s: side by side. */
static void draw_blocks(struct bench_random *r, struct bench_cluster_set *set)
{
    for (uint32_t i = 0; i < set->n_blocks; i++) {
        uint8_t length = (uint8_t)(18 + bench_below(r, 13));
        uint32_t address = (32u << 24) + (i << 16) + (bench_next(r) & 0xffff);
        set->blocks[i] =
            (struct bench_block){.address = address & bench_mask(length), .length = length};
    }
}

static void draw_excepts(struct bench_random *r, struct bench_block *block)
{
    block->n_excepts = (uint8_t)bench_below(r, BENCH_EXCEPTS + 1);
    for (uint32_t e = 0; e < block->n_excepts; e++) {
        uint8_t length = (uint8_t)(block->length + 1 + bench_below(r, 5));
        length = length > 32 ? 32 : length;
        uint32_t inside = (uint32_t)bench_next(r) & ~bench_mask(block->length);
        block->excepts[e].address = (block->address | inside) & bench_mask(length);
        block->excepts[e].length = length;
    }
}

/* k8s-hard: one in another, some wide, some narrow. */
static void draw_nested_blocks(struct bench_random *r, struct bench_cluster_set *set)
{
    static const struct {
        uint32_t address;
        uint8_t length;
    } roots[] = {
        {100u << 24 | 64 << 16,  10},
        {172u << 24 | 16 << 16,  12},
        {192u << 24 | 168 << 16, 16},
    };
    for (uint32_t i = 0; i < set->n_blocks; i++) {
        uint32_t root = bench_below(r, 3);
        uint32_t address = roots[root].address;
        uint8_t length = roots[root].length;
        if (i > 8 && bench_below(r, 2)) { /* in one that was drawn before */
            uint32_t outer = bench_below(r, i);
            address = set->blocks[outer].address;
            length = set->blocks[outer].length;
        }
        uint8_t longer = (uint8_t)(length + 2 + bench_below(r, 11));
        longer = longer > 31 ? 31 : longer;
        address |= (uint32_t)bench_next(r) & ~bench_mask(length);
        set->blocks[i] =
            (struct bench_block){.address = address & bench_mask(longer), .length = longer};
    }
}

static struct bench_peer draw_block(struct bench_random *r, const struct bench_cluster_set *set,
                                    uint32_t index)
{
    struct bench_peer peer = {.kind = BENCH_PEER_BLOCK, .block = set->blocks[index]};
    if (set->hard) {
        draw_excepts(r, &peer.block);
    }
    return peer;
}

static struct bench_peer draw_pods(struct bench_random *r, const struct bench_cluster_set *set,
                                   bool ids)
{
    struct bench_peer peer = {.kind = ids ? BENCH_PEER_IDS : BENCH_PEER_GROUP};
    peer.key = set->hard ? bench_below(r, BENCH_KEYS) : 0;
    peer.value = bench_below(r, set->n_values);
    for (uint32_t i = 0; i < BENCH_IDS; i++) {
        peer.ids[i] = bench_below(r, set->n_pods);
    }
    return peer;
}

/* Two rules: from pods, and from blocks. */
static void draw_direction(struct bench_random *r, const struct bench_cluster_set *set,
                           uint32_t blocks_each, struct bench_policy_rule rules[BENCH_POLICY_RULES])
{
    struct bench_policy_rule *pods = &rules[0], *blocks = &rules[1];
    pods->n_peers = set->hard ? 2 : 2 + bench_below(r, 3);
    for (uint32_t i = 0; i < pods->n_peers; i++) {
        pods->peers[i] = draw_pods(r, set, set->hard && i == 1);
    }
    blocks->n_peers = blocks_each ? blocks_each : set->hard ? 2 : 3;
    for (uint32_t i = 0; i < blocks->n_peers; i++) {
        uint32_t next = (set->n_policies - 1) * blocks_each + i;
        blocks->peers[i] =
            draw_block(r, set, blocks_each ? next % set->n_blocks : bench_below(r, set->n_blocks));
    }
    draw_spans(r, set->hard, pods);
    draw_spans(r, set->hard, blocks);
}

bool bench_cluster_draw(uint64_t seed, const struct bench_cluster_set *shape, uint32_t blocks_each,
                        struct bench_cluster_set *set)
{
    struct bench_random random = {seed}, *r = &random;
    uint32_t keys = shape->hard ? BENCH_KEYS : 1;
    *set = *shape;
    set->policies = calloc((size_t)set->n_values * keys, sizeof *set->policies);
    set->pods = calloc(set->n_pods, sizeof *set->pods);
    set->blocks = calloc(set->n_blocks, sizeof *set->blocks);
    if (!set->policies || !set->pods || !set->blocks) {
        return false;
    }
    for (uint32_t i = 0; i < set->n_pods; i++) {
        set->pods[i].address = (10u << 24 | 244u << 16) + (i / 200 << 8) + 10 + i % 200;
        for (uint32_t k = 0; k < BENCH_KEYS; k++) {
            set->pods[i].labels[k] =
                k == 0 && !set->hard ? i % set->n_values : bench_below(r, set->n_values);
        }
    }
    if (set->hard) {
        draw_nested_blocks(r, set);
    } else {
        draw_blocks(r, set);
    }
    for (uint32_t key = 0; key < keys; key++) {
        for (uint32_t value = 0; value < set->n_values; value++) {
            if (!set->hard && value % 10 == 9) {
                continue; /* one class of ten has no policy */
            }
            struct bench_policy *policy = &set->policies[set->n_policies++];
            policy->key = key;
            policy->value = value;
            draw_direction(r, set, blocks_each, policy->rules[NP_INGRESS]);
            draw_direction(r, set, blocks_each, policy->rules[NP_EGRESS]);
        }
    }
    return true;
}

/* ---- asking ---- */

bool bench_peer_has(const struct bench_cluster_set *set, const struct bench_peer *peer,
                    uint32_t pod)
{
    if (peer->kind == BENCH_PEER_GROUP) {
        return set->pods[pod].labels[peer->key] == peer->value;
    }
    for (uint32_t i = 0; peer->kind == BENCH_PEER_IDS && i < BENCH_IDS; i++) {
        if (peer->ids[i] == pod) {
            return true;
        }
    }
    return false; /* blocks are not where the pods are */
}

uint32_t bench_policies_of(const struct bench_cluster_set *set, uint32_t pod,
                           uint32_t policies[BENCH_KEYS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->n_policies; i++) {
        const struct bench_policy *policy = &set->policies[i];
        if (set->pods[pod].labels[policy->key] == policy->value) {
            policies[count++] = i;
        }
    }
    return count;
}

/* ---- expanding ---- */

struct piece { /* of a block, still to be looked at */
    uint32_t address;
    uint8_t length;
};

bool bench_block_pieces(const struct bench_block *block,
                        bool (*emit)(void *user, uint32_t address, uint8_t length), void *user)
{
    struct piece stack[64] = {
        {block->address, block->length}
    };
    size_t depth = 1;
    while (depth) {
        struct piece p = stack[--depth];
        bool gone = false, cut = false;
        for (uint32_t e = 0; e < block->n_excepts; e++) {
            uint8_t shorter =
                p.length < block->excepts[e].length ? p.length : block->excepts[e].length;
            if (((p.address ^ block->excepts[e].address) & bench_mask(shorter)) == 0) {
                gone |= block->excepts[e].length <= p.length;
                cut = true;
            }
        }
        if (gone) {
            continue;
        }
        if (cut) {
            uint8_t length = (uint8_t)(p.length + 1);
            stack[depth++] = (struct piece){p.address | 1u << (32 - length), length};
            stack[depth++] = (struct piece){p.address, length};
        } else if (!emit(user, p.address, p.length)) {
            return false;
        }
    }
    return true;
}

struct expansion {
    struct bench_lines *rules;
    int direction;
    uint32_t near;
    const struct bench_policy_rule *rule;
    uint32_t answer;
};

static bool add(struct expansion *x, uint32_t far, uint8_t length, const struct bench_span *span)
{
    bool in = x->direction == NP_INGRESS;
    const struct bench_line rule = {
        .src = in ? far : x->near,
        .dst = in ? x->near : far,
        .src_length = in ? length : 32,
        .dst_length = in ? 32 : length,
        .src_last = UINT16_MAX,
        .dst_first = span ? span->first : 0,
        .dst_last = span ? span->last : UINT16_MAX,
        .protocol = span ? span->protocol : 0,
        .any_protocol = !span,
        .answer = x->answer,
    };
    return bench_lines_add(x->rules, &rule);
}

static bool add_spans(void *user, uint32_t far, uint8_t length)
{
    struct expansion *x = user;
    bool added = true;
    for (uint32_t s = 0; s < x->rule->n_spans; s++) {
        added = added && add(x, far, length, &x->rule->spans[s]);
    }
    return added;
}

static bool expand_rule(const struct bench_cluster_set *set, struct expansion *x)
{
    for (uint32_t i = 0; i < x->rule->n_peers; i++) {
        const struct bench_peer *peer = &x->rule->peers[i];
        if (peer->kind == BENCH_PEER_BLOCK) {
            if (!bench_block_pieces(&peer->block, add_spans, x)) {
                return false;
            }
            continue;
        }
        for (uint32_t p = 0; p < set->n_pods; p++) {
            if (bench_peer_has(set, peer, p) && !add_spans(x, set->pods[p].address, 32)) {
                return false;
            }
        }
    }
    return true;
}

/* Pod by pod: the rules of its policies, then nobody else. Pods without a policy: nothing. */
static bool expand(const struct bench_cluster_set *set, int direction, struct bench_lines *rules)
{
    for (uint32_t pod = 0; pod < set->n_pods; pod++) {
        struct expansion x = {rules, direction, set->pods[pod].address, NULL, 0};
        uint32_t policies[BENCH_KEYS];
        uint32_t count = bench_policies_of(set, pod, policies);
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t r = 0; r < BENCH_POLICY_RULES; r++) {
                x.rule = &set->policies[policies[i]].rules[direction][r];
                x.answer = bench_answer(bench_policy_id(policies[i], r, direction), true);
                if (!expand_rule(set, &x)) {
                    return false;
                }
            }
        }
        x.answer =
            count ? bench_answer(bench_policy_id(policies[0], BENCH_ISOLATION, direction), false)
                  : 0;
        if (count && !add(&x, 0, 0, NULL)) {
            return false;
        }
    }
    return true;
}

/* ---- headers ---- */

static uint32_t any_pod(struct bench_random *r, const struct bench_cluster_set *set)
{
    return set->pods[bench_below(r, set->n_pods)].address;
}

/* Half of them what a rule admits or refuses; then pods among each other on ports that policies
 * name, ends outside near the blocks, and anything. */
static struct bench_key draw_header(struct bench_random *r, const struct bench_workload *w)
{
    const struct bench_cluster_set *set = w->cluster;
    const struct bench_lines *rules =
        &w->rules[w->both && bench_below(r, 2) ? NP_EGRESS : NP_INGRESS];
    const struct bench_line *rule = &rules->items[bench_below(r, rules->count)];
    struct bench_key key = bench_key_in(r, rule);
    uint32_t kind = bench_below(r, 100);
    bool anyone = rule->src_length == 0 || rule->dst_length == 0;
    if (kind >= 50 || anyone) {
        key.src = any_pod(r, set);
        key.dst = any_pod(r, set);
        struct bench_span span = draw_span(r, set->hard, bench_below(r, 3) == 0);
        key.dst_port = span.first;
        key.protocol = span.protocol;
    }
    if (kind >= 80 || (anyone && kind < 10)) {
        const struct bench_block *block = &set->blocks[bench_below(r, set->n_blocks)];
        uint32_t outside = block->address | ((uint32_t)bench_next(r) & ~bench_mask(block->length));
        outside = kind >= 95 ? (uint32_t)bench_next(r) : outside;
        *(w->both && bench_below(r, 2) ? &key.dst : &key.src) = outside;
    }
    key.src_port = (uint16_t)(32768 + bench_below(r, 28232));
    return key;
}

bool bench_k8s_make(bool hard, size_t nominal, bool both, struct bench_workload *out)
{
    struct bench_random r = {nominal * 2 + hard + 7};
    struct bench_cluster_set shape = {.hard = hard};
    for (size_t i = 0; i < 4; i++) {
        if (shapes[hard][i].nominal == nominal) {
            shape.n_pods = shapes[hard][i].pods;
            shape.n_values = shapes[hard][i].groups;
            shape.n_blocks = shapes[hard][i].blocks;
        }
    }
    out->model = bench_k8s_model;
    out->cluster = shape.n_pods ? calloc(1, sizeof *out->cluster) : NULL;
    out->trace = malloc(TRACE * sizeof *out->trace);
    if (!out->cluster || !out->trace ||
        !bench_cluster_draw(nominal * 2 + hard, &shape, 0, out->cluster) ||
        !expand(out->cluster, NP_INGRESS, &out->rules[NP_INGRESS]) ||
        (both && !expand(out->cluster, NP_EGRESS, &out->rules[NP_EGRESS]))) {
        return false;
    }
    for (out->n_trace = 0; out->n_trace < TRACE; out->n_trace++) {
        out->trace[out->n_trace] = draw_header(&r, out);
    }
    return true;
}

void bench_cluster_free(struct bench_cluster_set *set)
{
    free(set->pods);
    free(set->policies);
    free(set->blocks);
}

void bench_k8s_free(struct bench_workload *w)
{
    if (w->cluster) {
        bench_cluster_free(w->cluster);
        free(w->cluster);
    }
}
