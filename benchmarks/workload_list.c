/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of 5-tuple rules, as routers and firewalls have them; as a model: one list checkpoint whose
 * only tier is judged line by line. */
#include "workload_set.h"

#include <stdlib.h>
#include <string.h>

static const struct np_set *prefix_set(struct np_build *b, uint32_t address, uint8_t length)
{
    return length
               ? np_build_set_of(b, np_build_cidr(b, bench_prefix(address, length), NP_DOMAIN_ALL))
               : NULL;
}

static const struct np_service *ports(struct np_build *b, const struct bench_rule *rule,
                                      uint16_t first, uint16_t last)
{
    bool all = first == 0 && last == UINT16_MAX;
    const struct np_port_span span = {.protocol = rule->any_protocol ? -1 : rule->protocol,
                                      .ports = true,
                                      .no_port = all,
                                      .first = first,
                                      .last = last};
    return all && rule->any_protocol ? NULL : np_build_service(b, &span, 1, false);
}

static void build_rule(struct np_build *b, struct np_policy *policy, const struct bench_rule *from)
{
    struct np_rule *rule =
        np_build_rule(b, policy, NP_INGRESS, from->answer & 1 ? NP_ACT_ALLOW : NP_ACT_DENY);
    struct np_match *match = np_build_alt(b, rule);
    if (match) {
        match->near = prefix_set(b, from->dst, from->dst_length);
        match->far = prefix_set(b, from->src, from->src_length);
        match->service = ports(b, from, from->dst_first, from->dst_last);
        match->src_service = from->src_first == 0 && from->src_last == UINT16_MAX
                                 ? NULL
                                 : ports(b, from, from->src_first, from->src_last);
    }
}

static uint32_t *number_answers(const struct bench_workload *w, const struct np_model *model)
{
    uint32_t *answers = calloc(model->n_decisions, sizeof *answers);
    for (uint32_t i = 1; answers && i < model->n_decisions; i++) {
        const struct np_decision *d = &model->decisions[i];
        answers[i] = d->kind == NP_DECIDED_RULE ? w->rules[NP_INGRESS].items[d->rule->index].answer
                                                : BENCH_DEFAULT;
    }
    return answers;
}

struct np_model *bench_list_model(const struct bench_workload *w, const struct netpol_ctx *ctx,
                                  uint32_t **answers)
{
    struct np_build *b = np_build_create(ctx);
    struct np_model *model = NULL;
    struct np_checkpoint *list = np_build_checkpoint(b, NP_CHECK_LIST, NP_INGRESS, "list");
    struct np_stage *stage = np_build_stage(b, list, "list");
    struct np_tier *tier = np_build_tier(b, "list", 0, NP_LISTED);
    struct np_policy *policy = np_build_policy(b, tier, "List", NULL, np_build_text(b, "list"));
    struct np_set_build *all = np_build_set(b);
    np_set_clause(all); /* no condition: everyone */
    const struct np_set *everyone = np_set_done(all);
    if (stage && policy) {
        stage->on_end = NP_ON_END_ALLOW;
        policy->subjects[NP_INGRESS] = everyone;
        policy->origin.object = np_build_text(b, "List/list");
    }
    np_build_add_tier(b, stage, tier);
    for (size_t i = 0; policy && i < w->rules[NP_INGRESS].count; i++) {
        build_rule(b, policy, &w->rules[NP_INGRESS].items[i]);
    }
    if (b && np_build_seal(b, &model) == NETPOL_OK) {
        *answers = number_answers(w, model);
    }
    np_build_destroy(b);
    if (model && !*answers) {
        np_model_destroy(model);
        model = NULL;
    }
    return model;
}
