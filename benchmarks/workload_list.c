/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of 5-tuple rules, as routers and firewalls have them; as a model: one list checkpoint whose
 * only tier is judged line by line. */
#include "rulelist.h"
#include "workload_set.h"

#include <stdio.h>
#include <stdlib.h>

static const struct np_set *prefix_set(struct np_build *b, uint32_t address, uint8_t length)
{
    return length
               ? np_build_set_of(b, np_build_cidr(b, bench_prefix(address, length), NP_DOMAIN_ALL))
               : NULL;
}

static const struct np_service *ports(struct np_build *b, const struct bench_line *rule,
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

static void build_rule(struct np_build *b, struct np_policy *policy, const struct bench_line *from)
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

/* ---- lists, made or read ---- */

enum { TRACE = 1 << 19 };

static bool take_rules(const struct bench_rules *rules, struct bench_lines *out)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct bench_rule *r = &rules->items[i];
        const struct bench_line line = {
            .src = r->src,
            .dst = r->dst,
            .src_length = r->src_length,
            .dst_length = r->dst_length,
            .src_first = r->src_first,
            .src_last = r->src_last,
            .dst_first = r->dst_first,
            .dst_last = r->dst_last,
            .protocol = r->protocol,
            .any_protocol = r->any_protocol,
            .answer = bench_answer(r->id + 1, r->allow),
        };
        if (!bench_lines_add(out, &line)) {
            return false;
        }
    }
    return true;
}

/* Short traces again and again: a run takes its time over enough headers. */
static bool take_packets(const struct bench_packets *packets, struct bench_workload *out)
{
    size_t count = packets->count < TRACE ? TRACE : packets->count;
    out->trace = packets->count ? malloc(count * sizeof *out->trace) : NULL;
    out->n_trace = out->trace ? count : 0;
    for (size_t i = 0; i < out->n_trace; i++) {
        const struct bench_packet *p = &packets->items[i % packets->count];
        out->trace[i] = (struct bench_key){p->src, p->dst, p->src_port, p->dst_port, p->protocol};
    }
    return out->trace != NULL;
}

bool bench_list_make(const char *name, size_t nominal, struct bench_workload *out)
{
    struct bench_rules rules = {0};
    struct bench_packets packets = {0};
    out->model = bench_list_model;
    bool made = bench_rules_make(name, nominal, 1, &rules) &&
                bench_packets_make(&rules, TRACE, 2, &packets) &&
                take_rules(&rules, &out->rules[NP_INGRESS]) && take_packets(&packets, out);
    bench_rules_free(&rules);
    bench_packets_free(&packets);
    return made;
}

bool bench_workload_read(const char *rules_path, const char *trace_path, struct bench_workload *out,
                         char why[BENCH_ERROR])
{
    struct bench_rules rules = {0};
    struct bench_packets packets = {0};
    *out = (struct bench_workload){.name = "file", .model = bench_list_model};
    FILE *list = fopen(rules_path, "r"), *trace = fopen(trace_path, "r");
    bool read = false;
    if (!list || !trace) {
        snprintf(why, BENCH_ERROR, "%.200s cannot be opened", list ? trace_path : rules_path);
    } else if (bench_rules_read(list, rules_path, &rules, why) &&
               bench_packets_read(trace, trace_path, &packets, why)) {
        read = rules.count && take_rules(&rules, &out->rules[NP_INGRESS]) &&
               take_packets(&packets, out);
        snprintf(why, BENCH_ERROR, "no filters, no headers, or no memory");
        out->nominal = rules.count;
    }
    if (list) {
        fclose(list);
    }
    if (trace) {
        fclose(trace);
    }
    bench_rules_free(&rules);
    bench_packets_free(&packets);
    if (!read) {
        bench_workload_free(out);
    }
    return read;
}
