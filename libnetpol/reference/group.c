/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is judged together: one rule, or all ALLOWs of one rank of a BY_VERDICT tier, which are
 * alternatives (lowering 2.5).
 *
 * Over such a group: one allow must match; with `separate` joins, some allow must accept the server
 * name and some allow the request; Kafka's topics must each be allowed by some rule. Where a rule
 * sends traffic to a proxy, that proxy must be able to read the hop, or it denies with reason
 * PROTOCOL; without a request in hand even a plain ALLOW beside it can only be INSPECT.
 */
#include "reference/internal.h"

/* ---- which rules form a group ---- */

static bool in_one_group(const struct np_tier *tier, const struct np_rule *a,
                         const struct np_rule *b)
{
    return tier->rank_order == NP_BY_VERDICT && a->action == NP_ACT_ALLOW &&
           b->action == NP_ACT_ALLOW && a->rank == b->rank &&
           !(a->policy->order < b->policy->order) && !(a->policy->order > b->policy->order);
}

uint32_t np_group_end(const struct np_tier *tier, uint8_t direction, uint32_t first)
{
    const struct np_rule *const *walk = tier->walk[direction];
    uint32_t end = first + 1;
    while (end < tier->n_walk[direction] && in_one_group(tier, walk[first], walk[end])) {
        end++;
    }
    return end;
}

uint32_t np_group_begin(const struct np_tier *tier, uint8_t direction, uint32_t last)
{
    const struct np_rule *const *walk = tier->walk[direction];
    uint32_t begin = last - 1;
    while (begin > 0 && in_one_group(tier, walk[begin - 1], walk[last - 1])) {
        begin--;
    }
    return begin;
}

/* ---- truth ---- */

struct phases { /* ORs over all alternatives of a group */
    np_truth both, connection, request;
    bool has_connection;
    bool split; /* readings of a header differ in whether one matches */
};

/* A truth, and so a phase of it, holds only as far as the policy selects the subject and the rule
 * stands. */
static void join_rule(const struct np_walk *walk, const struct np_rule *rule, np_truth subject,
                      struct phases *phases)
{
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        const struct np_match *match = &rule->alternatives[i];
        struct np_judged judged = np_judge(walk, match);
        np_truth flow = np_and(subject, judged.flow);
        np_truth request = np_polar(judged.request, rule->action);
        np_truth connection = np_and(flow, judged.connection);
        phases->both = np_or(phases->both, np_and(connection, request));
        phases->connection = np_or(phases->connection, connection);
        phases->request = np_or(phases->request, np_and(flow, request));
        phases->has_connection = phases->has_connection || (match->connection && flow != NP_NO);
        phases->split =
            phases->split || (connection != NP_NO && judged.request.must != judged.request.may);
    }
}

/* How well a rule matches, for attribution: the first of the best grade is named. */
static int grade_of(const struct phases *one)
{
    if (one->both != NP_NO) {
        return one->both == NP_YES ? 3 : 2;
    }
    return one->request != NP_NO;
}

/* The rules one after the other, each seeing what those before it did to the request. */
static np_truth judge_once(struct np_walk *walk, const struct np_group *group,
                           struct np_group_truth *out)
{
    enum { SEPARATE }; /* the order of option sni_http_join */
    struct phases all = {.both = NP_NO};
    int grade = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct np_rule *rule = group->rules[i];
        np_truth subject = np_rule_stands(walk, group, rule);
        if (subject == NP_NO) {
            continue;
        }
        struct phases one = {.both = NP_NO};
        join_rule(walk, rule, subject, &one);
        if (grade_of(&one) > grade) {
            grade = grade_of(&one);
            out->first = rule;
        }
        all.both = np_or(all.both, one.both);
        all.connection = np_or(all.connection, one.connection);
        all.request = np_or(all.request, one.request);
        all.has_connection = all.has_connection || one.has_connection;
        out->split = out->split || one.split;
        np_forward_rule(walk, rule);
    }
    const struct np_rule *head = group->rules[0];
    bool alternatives =
        head->action == NP_ACT_ALLOW && head->policy->tier->rank_order == NP_BY_VERDICT;
    bool separate =
        alternatives && all.has_connection && walk->model->options.sni_http_join == SEPARATE;
    return separate ? np_and(all.connection, all.request) : all.both;
}

static bool has_for_all(const struct np_group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        if (group->rules[i]->for_all_topics) {
            return true;
        }
    }
    return false;
}

/* Every topic must be allowed, each by some rule. A request without topics is judged once. */
static np_truth judge_topics(struct np_walk *walk, const struct np_group *group,
                             struct np_group_truth *out)
{
    const struct netpol_request *request = walk->hop->request;
    bool kafka = request && request->kind == NETPOL_REQUEST_KAFKA && request->n_kafka_topics > 0;
    if (!kafka || !has_for_all(group)) {
        return judge_once(walk, group, out);
    }
    uint32_t seen = walk->seen;
    np_truth result = NP_YES;
    for (size_t i = 0; i < request->n_kafka_topics && result != NP_NO; i++) {
        walk->topic = &request->kafka_topics[i];
        walk->seen = seen;
        result = np_and(result, judge_once(walk, group, out));
    }
    walk->topic = NULL;
    return result;
}

struct np_group_truth np_group_judge(struct np_walk *walk, const struct np_group *group)
{
    struct np_group_truth out = {.readable = NP_YES};
    np_group_redirects(walk, group, &out);
    out.truth = judge_topics(walk, group, &out);
    if (out.redirector) {
        uint8_t parser = out.redirector->redirect_parser;
        out.readable = out.redirector->listener_name /* whose it is reads what nobody here knows */
                           ? NP_MAYBE | NP_CAUSE_REQUEST
                           : np_readable(walk, parser ? parser : NP_PARSER_HTTP);
    }
    if (!out.first) {
        out.first = group->rules[0];
    }
    return out;
}

/* ---- outcome ---- */

static uint8_t rule_reason(const struct np_rule *rule)
{
    if (rule->refuses) {
        return NETPOL_REASON_INVALID;
    }
    return rule->origin.option || rule->policy->synthetic ? NETPOL_REASON_OPTION
                                                          : NETPOL_REASON_RULE;
}

static struct np_outcome allowed(struct np_walk *walk, const struct np_group *group,
                                 const struct np_group_truth *judged)
{
    const struct np_rule *rule = judged->first;
    struct np_outcome allow = np_outcome_allow(rule->number, rule_reason(rule));
    allow.untracked = walk->checkpoint->kind == NP_CHECK_HOST &&
                      np_slice_is(np_str_slice(walk->stage->name), "untracked");
    struct np_auth auth = {0, NP_NO};
    if (judged->truth != NP_NO || judged->split) {
        auth = np_group_auth(walk, group);
    }
    struct np_outcome with = allow;
    with.auth_required = true;
    with.auth_mode = auth.mode;
    struct np_outcome without = with;
    without.may_allow = false;
    without.may_deny = true;
    const struct netpol_request *request = walk->hop->request;
    uint8_t said = request ? request->authenticated : NETPOL_TRI_NOT_SAID;
    np_truth authenticated = said == NETPOL_TRI_NOT_SAID ? NP_MAYBE | NP_CAUSE_REQUEST
                                                         : np_truth_of(said == NETPOL_TRI_YES);
    if (auth.mode > 1) { /* always fails */
        authenticated = NP_NO;
    }
    with = np_outcome_either(authenticated, &with, &without, rule->number);
    return np_outcome_either(auth.required, &with, &allow, rule->number);
}

/* Which answer a CUSTOM provider gave. */
uint8_t np_decision_of(const struct np_walk *walk, const struct np_rule *rule)
{
    const struct netpol_request *request = walk->hop->request;
    for (size_t i = 0; request && i < request->n_decisions; i++) {
        const struct netpol_pair *answer = &request->decisions[i];
        if (np_slice_equal(np_slice_from(answer->name), np_str_slice(rule->provider))) {
            return np_slice_is(np_slice_from(answer->value), "allow") ? NETPOL_DECISION_ALLOW
                                                                      : NETPOL_DECISION_DENY;
        }
    }
    return NETPOL_DECISION_NONE;
}

/* {DENY} u R(i+1) until the provider has answered; "allow" goes on as if unmatched. */
static struct np_outcome asked(struct np_walk *walk, const struct np_rule *rule,
                               const struct np_outcome *next)
{
    static const np_truth denies[] = {[NETPOL_DECISION_NONE] = NP_MAYBE | NP_CAUSE_EXTERNAL,
                                      [NETPOL_DECISION_ALLOW] = NP_NO,
                                      [NETPOL_DECISION_DENY] = NP_YES};
    struct np_outcome deny = np_outcome_deny(rule->number, rule_reason(rule));
    return np_outcome_either(denies[np_decision_of(walk, rule)], &deny, next, rule->number);
}

static struct np_outcome noted(const struct np_walk *walk, np_truth truth,
                               const struct np_outcome *next)
{
    struct np_outcome out = *next;
    if (truth == NP_YES) {
        out.flags |=
            walk->checkpoint->plane == NETPOL_PLANE_MESH ? NETPOL_PART_AUDIT : NETPOL_PART_LOG;
    } else if (np_is_maybe(truth)) {
        out.observe = true;
    }
    return out;
}

static struct np_outcome refused(const struct np_group_truth *judged)
{
    return np_outcome_deny(judged->redirector->number, NETPOL_REASON_PROTOCOL);
}

/* What the proxy of the group adds: nothing, INSPECT until it has read, or a refusal to read. */
static struct np_outcome through_proxy(const struct np_group_truth *judged,
                                       const struct np_outcome *out)
{
    const struct np_rule *rule = judged->redirector;
    struct np_outcome with = *out;
    with.must_inspect = with.must_inspect || np_is_maybe(judged->readable);
    if (rule->redirect_parser != NP_PARSER_NONE) {
        with.redirect = rule->redirect;
    }
    struct np_outcome no = refused(judged);
    return judged->readable == NP_NO ? np_outcome_either(judged->redirect, &no, out, rule->number)
                                     : with;
}

struct np_outcome np_group_outcome(struct np_walk *walk, const struct np_group *group,
                                   const struct np_outcome *next,
                                   const struct np_outcome *next_tier)
{
    struct np_group_truth judged = np_group_judge(walk, group);
    const struct np_rule *rule = judged.first;
    struct np_outcome then;
    if (judged.truth == NP_NO && !judged.redirector && !walk->hop->request) {
        return *next;
    }
    switch (rule->action) {
    case NP_ACT_NOTE:
        return noted(walk, judged.truth, next);
    case NP_ACT_ALLOW:
        then = allowed(walk, group, &judged);
        if (judged.split &&
            then.may_deny) { /* an allow that can refuse: no reading of it is safe */
            judged.truth |= NP_MAYBE | NP_CAUSE_REQUEST;
            judged.truth &= ~(np_truth)NP_YES;
        }
        if (judged.redirector && judged.readable == NP_NO && !np_group_lets_past(walk, group)) {
            then = refused(&judged); /* whichever of them matches sends it to the proxy */
        }
        break;
    case NP_ACT_PASS:
        then = *next_tier;
        break;
    case NP_ACT_ASK:
        then = asked(walk, rule, next);
        break;
    default:
        then = np_outcome_deny(rule->number, rule_reason(rule));
        break;
    }
    struct np_outcome out = np_outcome_either(judged.truth, &then, next, rule->number);
    if (judged.redirector) {
        out = through_proxy(&judged, &out);
    }
    return out;
}
