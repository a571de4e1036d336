/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster as a model, built as the reader of NetworkPolicies would: one tier, one rank, what no
 * rule of an isolated pod allows is denied, the rest passes. */
#include "workload_k8s.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys[BENCH_KEYS] = {"app", "tier", "team", "release"};

static np_str number(struct np_build *b, const char *format, uint32_t value)
{
    return np_build_format(b, format, value);
}

static void build_pods(struct np_build *b, const struct bench_cluster_set *set)
{
    np_str space = np_build_text(b, "shop");
    np_build_namespace(b, space);
    for (uint32_t i = 0; i < set->n_pods; i++) {
        struct np_label labels[BENCH_KEYS + 1];
        uint32_t n = 0;
        for (; n < (set->hard ? BENCH_KEYS : 1u); n++) {
            labels[n].key = np_build_text(b, keys[n]);
            labels[n].value = number(b, "v%u", set->pods[i].labels[n]);
        }
        /* k8s: no policy looks at it */
        labels[n].key = np_build_text(b, set->hard ? "id" : "pod-template-hash");
        labels[n++].value = number(b, "id%u", i);
        struct np_endpoint *pod = np_build_endpoint(b, space, number(b, "pod-%u", i));
        if (pod) {
            struct np_prefix address = bench_prefix(set->pods[i].address, 32);
            pod->kind = NP_OBJ_WORKLOAD;
            pod->labels = np_build_labels(b, labels, n);
            pod->prefixes = np_build_prefixes(b, &address, 1);
            pod->n_prefixes = 1;
        }
    }
}

static const struct np_set *pods_of(struct np_build *b, const struct np_selector *selector)
{
    return np_build_set_of(b, np_build_objects(b, NP_OBJ_WORKLOAD, selector));
}

static const struct np_set *group(struct np_build *b, uint32_t key, uint32_t value)
{
    np_str text = number(b, "v%u", value);
    return pods_of(
        b, np_build_term(b, NP_SCOPE_OBJECT, np_build_text(b, keys[key]), NP_OP_IN, &text, 1));
}

static const struct np_set *far_set(struct np_build *b, const struct bench_peer *peer)
{
    if (peer->kind == BENCH_PEER_GROUP) {
        return group(b, peer->key, peer->value);
    }
    if (peer->kind == BENCH_PEER_IDS) {
        np_str ids[BENCH_IDS];
        for (uint32_t i = 0; i < BENCH_IDS; i++) {
            ids[i] = number(b, "id%u", peer->ids[i]);
        }
        return pods_of(
            b, np_build_term(b, NP_SCOPE_OBJECT, np_build_text(b, "id"), NP_OP_IN, ids, BENCH_IDS));
    }
    const struct bench_block *block = &peer->block;
    struct np_set_build *s = np_build_set(b);
    np_set_clause(s);
    np_set_literal(s, np_build_cidr(b, bench_prefix(block->address, block->length), NP_DOMAIN_ALL),
                   false);
    for (uint32_t e = 0; e < block->n_excepts; e++) {
        struct np_prefix except = bench_prefix(block->excepts[e].address, block->excepts[e].length);
        np_set_literal(s, np_build_cidr(b, except, NP_DOMAIN_ALL), true);
    }
    return np_set_done(s);
}

static void build_rule(struct np_build *b, struct np_policy *policy, enum np_direction direction,
                       const struct bench_policy_rule *from)
{
    struct np_rule *rule = np_build_rule(b, policy, direction, NP_ACT_ALLOW);
    struct np_port_span spans[BENCH_SPANS];
    for (uint32_t s = 0; s < from->n_spans; s++) {
        spans[s] = (struct np_port_span){.protocol = from->spans[s].protocol,
                                         .ports = true,
                                         .first = from->spans[s].first,
                                         .last = from->spans[s].last};
    }
    const struct np_service *service = np_build_service(b, spans, from->n_spans, false);
    for (uint32_t i = 0; i < from->n_peers; i++) {
        struct np_match *match = np_build_alt(b, rule);
        const struct np_set *far = far_set(b, &from->peers[i]);
        if (match) {
            match->far = far;
            match->service = service;
        }
    }
}

static void build_policy(struct np_build *b, struct np_tier *tier, int directions, uint32_t index,
                         const struct bench_policy *from)
{
    np_str name = number(b, "p%06u", index);
    struct np_policy *policy =
        np_build_policy(b, tier, "NetworkPolicy", np_build_text(b, "shop"), name);
    for (int d = 0; policy && d < directions; d++) {
        policy->subjects[d] = group(b, from->key, from->value);
        policy->isolates[d] = true;
        policy->origin.object = np_build_format(b, "NetworkPolicy/shop/p%06u", index);
        for (uint32_t r = 0; r < BENCH_POLICY_RULES; r++) {
            build_rule(b, policy, (enum np_direction)d, &from->rules[d][r]);
        }
    }
}

/* Decision numbers of the sealed model -> answers of the benchmark; by name, not by order. */
static uint32_t *number_answers(const struct np_model *model)
{
    uint32_t *answers = calloc(model->n_decisions, sizeof *answers);
    for (uint32_t i = 1; answers && i < model->n_decisions; i++) {
        const struct np_decision *d = &model->decisions[i];
        uint32_t policy =
            d->policy ? (uint32_t)strtoul(np_str_slice(d->policy->name).ptr + 1, NULL, 10) : 0;
        switch (d->kind) {
        case NP_DECIDED_RULE:
            answers[i] = bench_answer(bench_policy_id(policy, d->rule->index, d->direction), true);
            break;
        case NP_DECIDED_ISOLATION:
            answers[i] =
                bench_answer(bench_policy_id(policy, BENCH_ISOLATION, d->direction), false);
            break;
        default:
            answers[i] = BENCH_DEFAULT;
            break;
        }
    }
    return answers;
}

struct np_model *bench_k8s_model(const struct bench_workload *w, const struct netpol_ctx *ctx,
                                 uint32_t **answers)
{
    int directions = w->both ? NP_DIRECTIONS : 1; /* ingress is the first */
    struct np_build *b = np_build_create(ctx);
    struct np_model *model = NULL;
    struct np_tier *tier = np_build_tier(b, "NetworkPolicy", 200, NP_BY_VERDICT);
    for (int d = 0; d < directions; d++) {
        struct np_stage *stage = np_build_workload_stage(b, (enum np_direction)d);
        if (stage && tier) {
            stage->on_end = NP_ON_END_ALLOW;
            tier->end[d] = NP_END_DENY;
            tier->end_if = NP_TIER_ISOLATED;
        }
        np_build_add_tier(b, stage, tier);
    }
    build_pods(b, w->cluster);
    for (uint32_t i = 0; i < w->cluster->n_policies; i++) {
        build_policy(b, tier, directions, i, &w->cluster->policies[i]);
    }
    if (b && np_build_seal(b, &model) == NETPOL_OK) {
        *answers = number_answers(model);
    }
    np_build_destroy(b);
    if (model && !*answers) {
        np_model_destroy(model);
        model = NULL;
    }
    return model;
}
