/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection needs both sides: egress of the source and ingress of the destination. A rule that
 * allows it on one side while the other side denies every port of it does nothing, and is what
 * people debug for hours.
 *
 * For each rule that names pods as peers (every pod of every namespace is no name), every pair of a
 * subject class and a peer class is judged on the ports of the rule. All pairs blocked: the rule is
 * without effect (a warning). Some blocked: it may be meant so (a note).
 */
#include "analyze/lint.h"
#include "analyze/tell.h"

#include <stdio.h>

/*
 * Bounds, so that no set keeps the reader waiting: a pair costs a walk of all that applies to both
 * ends, WORK_MAX counts the alternatives looked at.
 */
enum { PAIRS_OF_RULE = 20000, PAIRS_MAX = 400000, WORK_MAX = 20000000 };

struct budget {
    uint32_t pairs;
    uint64_t work;
};

struct blocked {
    uint32_t pairs, count;
    const struct np_class *src, *dst; /* the first blocked pair */
    uint32_t decision;                /* of the side that denies */
};

/*
 * Of the ports that the alternative allows on its own side: 0 none, 1 some pass the other side,
 * 2 the other side denies all of them.
 */
static int judge_pair(struct np_lint *l, const struct np_class *const ends[NP_DIRECTIONS],
                      enum np_direction own, const struct np_match *match, struct np_hop *hop,
                      const struct np_intervals *intervals, uint32_t *decision)
{
    enum np_direction other = own == NP_EGRESS ? NP_INGRESS : NP_EGRESS;
    const struct np_checkpoint *checkpoint = ends[own]->focus[own].checkpoint;
    bool any = false;
    for (size_t i = 0; i < intervals->count; i++) {
        const struct np_interval *interval = &intervals->items[i];
        const char *axis = NULL;
        struct np_result result;
        np_survey_aim(hop, interval->protocol, interval->ports, interval->first);
        if (np_reference_match(l->model, match, hop, checkpoint, checkpoint->stages[0], &axis) !=
            NP_YES) {
            continue;
        }
        np_survey_side(&l->survey, ends[own], own, hop, &result);
        if (result.action != NETPOL_ALLOW) {
            continue;
        }
        np_survey_side(&l->survey, ends[other], other, hop, &result);
        if (result.action != NETPOL_DENY) {
            return 1;
        }
        any = true;
        *decision = result.decision;
    }
    return any ? 2 : 0;
}

static const struct np_endpoint *partner(const struct np_class *a, const struct np_class *b)
{
    return a == b ? b->second : b->first;
}

static void check_pair(struct np_lint *l, const struct np_rule *rule, const struct np_match *match,
                       const struct np_class *subject, const struct np_class *peer,
                       struct np_intervals *intervals, struct blocked *blocked)
{
    bool out = rule->direction == NP_EGRESS;
    const struct np_class *src = out ? subject : peer, *dst = out ? peer : subject;
    const struct np_endpoint *to = partner(src, dst);
    struct np_hop hop;
    uint32_t decision = 0;
    if (!to || !np_survey_hop(&l->survey, src->first, to, np_survey_family(src->first, to), &hop)) {
        return;
    }
    const struct np_class *const ends[NP_DIRECTIONS] = {[NP_EGRESS] = src, [NP_INGRESS] = dst};
    if (np_survey_split(&l->survey, src, dst, hop.family, intervals) != NETPOL_OK) {
        l->failed = true;
        return;
    }
    int found = judge_pair(l, ends, rule->direction, match, &hop, intervals, &decision);
    blocked->pairs += found > 0;
    if (found == 2 && blocked->count++ == 0) {
        blocked->src = src;
        blocked->dst = dst;
        blocked->decision = decision;
    }
}

/* "by NetworkPolicy/a/b" of the side that denies. */
static void tell_denier(struct np_lint *l, uint32_t number, struct np_text *out)
{
    const struct np_decision *decision =
        number && number < l->model->n_decisions ? &l->model->decisions[number] : NULL;
    const struct np_policy *policy = decision && decision->rule ? decision->rule->policy
                                     : decision                 ? decision->policy
                                                                : NULL;
    if (policy && policy->origin.object) {
        np_text_addf(out, " (%s)", policy->origin.object->text);
    }
}

static void report(struct np_lint *l, const struct np_rule *rule, const struct np_match *match,
                   const struct blocked *blocked)
{
    struct np_text src, dst, ports, by;
    bool out = rule->direction == NP_EGRESS;
    np_text_init(&src, l->ctx);
    np_text_init(&dst, l->ctx);
    np_text_init(&ports, l->ctx);
    np_text_init(&by, l->ctx);
    np_tell_endpoint(&src, blocked->src->first);
    np_tell_endpoint(&dst, blocked->dst->first);
    np_tell_ports(&ports, match);
    tell_denier(l, blocked->decision, &by);
    bool all = blocked->count == blocked->pairs;
    char pairs[64] = "";
    if (blocked->pairs > 1) {
        snprintf(pairs, sizeof pairs, "; so are %u of %u pairs of this peer", blocked->count,
                 blocked->pairs);
    }
    np_lint_report(l, NP_CODE_4115, all ? -1 : NETPOL_INFO, &rule->origin,
                   "%s -> %s (%s) is allowed by %s but denied by %s of the %s%s%s",
                   src.ptr ? src.ptr : "", dst.ptr ? dst.ptr : "", ports.ptr ? ports.ptr : "",
                   np_direction_text(rule->direction), out ? "ingress" : "egress",
                   out ? "destination" : "source", by.ptr ? by.ptr : "", pairs);
    np_text_free(&by);
    np_text_free(&ports);
    np_text_free(&dst);
    np_text_free(&src);
}

static uint64_t cost_of_pair(const struct np_lint *l, const struct np_rule *rule,
                             const struct np_class *subject, const struct np_class *peer)
{
    enum np_direction other = rule->direction == NP_EGRESS ? NP_INGRESS : NP_EGRESS;
    uint64_t walk = subject->focus[rule->direction].n_alternatives;
    return (walk + peer->focus[other].n_alternatives) * l->survey.n_protocols;
}

static void check_alternative(struct np_lint *l, const struct np_lint_policy *known,
                              const struct np_rule *rule, const struct np_match *match,
                              struct np_intervals *intervals, struct budget *budget)
{
    struct blocked blocked = {0};
    const struct np_bits *subjects = &known->selected[rule->direction];
    const struct np_bits *peers = np_lint_peers(l, match->far);
    uint32_t pairs = 0;
    for (uint32_t s = 0; peers && s < l->survey.n_classes && !l->failed; s++) {
        for (uint32_t p = 0; np_bits_get(subjects, s) && p < l->survey.n_classes; p++) {
            if (!np_bits_get(peers, p)) {
                continue;
            }
            budget->work += cost_of_pair(l, rule, &l->survey.classes[s], &l->survey.classes[p]);
            if (++pairs > PAIRS_OF_RULE || ++budget->pairs > PAIRS_MAX || budget->work > WORK_MAX) {
                l->stopped = true;
                return;
            }
            check_pair(l, rule, match, &l->survey.classes[s], &l->survey.classes[p], intervals,
                       &blocked);
        }
    }
    if (blocked.count && !l->failed) {
        report(l, rule, match, &blocked);
    }
}

void np_lint_one_sided(struct np_lint *l)
{
    struct np_intervals intervals = {.ctx = l->ctx};
    struct budget budget = {0};
    for (uint32_t p = 0; p < l->n_policies && !l->off[NP_CODE_4115]; p++) {
        const struct np_lint_policy *known = &l->policies[p];
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (uint32_t r = 0; known->selects[d] && r < known->policy->n_rules[d]; r++) {
                const struct np_rule *rule = &known->policy->rules[d][r];
                for (uint32_t a = 0; rule->action == NP_ACT_ALLOW && a < rule->n_alternatives;
                     a++) {
                    const struct np_set *far = rule->alternatives[a].far;
                    if (np_set_only_pods(far) && !np_set_every_pod(far) && !l->failed) {
                        check_alternative(l, known, rule, &rule->alternatives[a], &intervals,
                                          &budget);
                    }
                }
            }
        }
    }
    np_vec_free(l->ctx, &intervals);
}
