/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truths of a group's rules, so that the reference is asked once for each combination of them.
 *
 * The outcome of a checkpoint is folded over the truths of its rules and of whom its policies
 * select; the latter, the route and the listener are the same for all of a group. So where truths
 * are all that rules contribute, equal truths are equal outcomes; an alternative that route or
 * listener may rule out is kept apart from its siblings, whose truth it must not hide. The truth of
 * one condition is the reference's here as well: sets through members, ports through its own
 * functions.
 */
#include "compile/plan.h"

static bool plain_rule(const struct np_rule *rule)
{
    bool plain = rule->redirect_parser == NP_PARSER_NONE && !rule->auth_mode &&
                 !rule->auth_explicit && rule->n_effects == 0 && !rule->for_all_topics;
    for (uint32_t a = 0; a < rule->n_alternatives && plain; a++) {
        plain = !rule->alternatives[a].connection && !rule->alternatives[a].request;
    }
    return plain;
}

static bool by_service(const struct np_match *m)
{
    return !m->dst_ports && !m->src_ports && !m->src_service;
}

/* A list reads source port 0 unlike a workload's checkpoint: not both by one function. */
static bool is_mixed(const struct np_side_plan *side)
{
    bool mixed = false;
    for (uint32_t c = 1; c < side->n_checkpoints; c++) {
        mixed = mixed || (side->checkpoints[c]->kind == NP_CHECK_LIST) !=
                             (side->checkpoints[0]->kind == NP_CHECK_LIST);
    }
    return mixed;
}

/* Whom a policy selects may depend on the relation, which no truth of a rule tells. */
static bool has_relative_subjects(const struct np_side_plan *side)
{
    enum np_direction d = side->near_is_source ? NP_EGRESS : NP_INGRESS;
    bool relative = false;
    for (uint32_t c = 0; c < side->n_checkpoints && !relative; c++) {
        const struct np_set *subjects = side->checkpoints[c]->subjects;
        relative = subjects && np_set_is_relative(subjects);
    }
    for (uint32_t i = 0; i < side->n_policies && !relative; i++) {
        const struct np_set *subjects = side->policies[i]->subjects[d];
        relative = subjects && np_set_is_relative(subjects);
    }
    return relative;
}

static const struct np_match *alternative(const struct np_truths *t, uint32_t rule, uint32_t at)
{
    return &t->focus->rules[rule]->alternatives[at - t->first[rule]];
}

void np_truths_init(struct np_truths *t, struct np_plan *plan, const struct np_side_plan *side)
{
    *t = (struct np_truths){
        .plan = plan, .side = side, .usual = !is_mixed(side) && !has_relative_subjects(side)};
    np_map_init(&t->seen, plan->draft.ctx);
}

void np_truths_free(struct np_truths *t)
{
    np_map_free(&t->seen);
    np_free(t->plan->draft.ctx, t->memory, t->room);
}

static bool make_room(struct np_truths *t)
{
    size_t rules = t->focus->n_rules;
    size_t words = rules + 1 + (size_t)t->n_alternatives * (t->n_columns + 1) + 3 * rules +
                   2 * (size_t)t->n_alternatives + 1;
    size_t bytes = words * sizeof(uint32_t);
    if (bytes > t->room) {
        void *memory = np_resize(t->plan->draft.ctx, t->memory, t->room, 2 * bytes);
        if (!memory) {
            return false;
        }
        t->memory = memory;
        t->room = 2 * bytes;
    }
    t->first = t->memory;
    t->ports = t->first + rules + 1;
    t->flow = t->ports + (size_t)t->n_alternatives * t->n_columns;
    t->key = t->flow + t->n_alternatives;
    return true;
}

static void fill_ports(struct np_truths *t, const struct np_match *m, uint32_t at)
{
    np_truth *row = t->ports + (size_t)at * t->n_columns;
    for (uint32_t c = 0; c < t->n_columns; c++) {
        const struct np_port_point *p = &t->plan->ports.points[t->columns[c]];
        row[c] =
            m->service ? np_reference_service(m->service, p->kind, p->protocol, p->port) : NP_YES;
    }
}

int np_truths_begin(struct np_truths *t, const struct np_focus *focus, const uint32_t *columns,
                    uint32_t n_columns)
{
    t->focus = focus;
    t->columns = columns;
    t->n_columns = n_columns;
    t->n_alternatives = 0;
    t->plain = t->usual;
    np_map_free(&t->seen);
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        t->plain = t->plain && plain_rule(focus->rules[r]);
        t->n_alternatives += focus->rules[r]->n_alternatives;
    }
    if (!make_room(t)) {
        return NETPOL_ERR_MEMORY;
    }
    uint32_t at = 0;
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        t->first[r] = at;
        for (uint32_t a = 0; a < focus->rules[r]->n_alternatives; a++) {
            fill_ports(t, &focus->rules[r]->alternatives[a], at++);
        }
    }
    t->first[focus->n_rules] = at;
    return NETPOL_OK;
}

/* ---- flow ---- */

static int truth_of_set(struct np_truths *t, const struct np_set *set, bool source,
                        uint32_t signature, np_truth *out)
{
    *out = NP_YES;
    return set ? np_draft_member(&t->plan->draft, set, source, t->relation, signature, out)
               : NETPOL_OK;
}

static np_truth relation_truth(uint8_t wanted, enum np_relation relation)
{
    const struct np_relation_view *view = &np_relation_views[relation];
    if (wanted == NP_REL_ANY) {
        return NP_YES;
    }
    if ((view->possible & wanted) == 0) {
        return NP_NO;
    }
    return view->possible & ~wanted ? view->cause : NP_YES;
}

static int flow_of(struct np_truths *t, const struct np_match *m, np_truth *out)
{
    np_truth near, far;
    *out = relation_truth(m->relations, t->relation);
    if (*out == NP_NO) {
        return NETPOL_OK;
    }
    int status = truth_of_set(t, m->near, t->side->near_is_source, t->near, &near);
    if (status != NETPOL_OK || near == NP_NO) {
        *out = NP_NO;
        return status;
    }
    status = truth_of_set(t, m->far, !t->side->near_is_source, t->far, &far);
    *out = status == NETPOL_OK ? np_and(*out, np_and(near, far)) : NP_NO;
    return status;
}

int np_truths_aim(struct np_truths *t, uint32_t near, uint32_t far, enum np_relation relation)
{
    int status = NETPOL_OK;
    t->near = near;
    t->far = far;
    t->relation = relation;
    for (uint32_t r = 0; r < t->focus->n_rules && status == NETPOL_OK; r++) {
        for (uint32_t at = t->first[r]; at < t->first[r + 1] && status == NETPOL_OK; at++) {
            status = flow_of(t, alternative(t, r, at), &t->flow[at]);
        }
    }
    return status;
}

bool np_truths_may(const struct np_truths *t, uint32_t rule)
{
    for (uint32_t at = t->first[rule]; at < t->first[rule + 1]; at++) {
        if (t->flow[at] != NP_NO) {
            return true;
        }
    }
    return false;
}

/* ---- combinations ---- */

static np_truth family_truth(uint8_t families, uint8_t family)
{
    if (families == NP_FAMILY_ANY) {
        return NP_YES;
    }
    if (family == 0) {
        return families ? NP_UNKNOWN(NP_FACT_POD_ADDRESS) : NP_NO;
    }
    return np_truth_of(families & (family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6));
}

/* All of one alternative but its flow. */
static np_truth rest_of(const struct np_truths *t, const struct np_match *m, uint32_t at,
                        uint32_t column, uint16_t source_port)
{
    const struct np_port_point *point = &t->plan->ports.points[t->columns[column]];
    np_truth ports = t->ports[(size_t)at * t->n_columns + column];
    if (!by_service(m)) {
        struct np_hop hop =
            np_ask_hop(t->plan, t->side, t->near, t->far, t->relation, point, source_port);
        ports = np_reference_ports(m, &hop, t->side->checkpoints[0]);
    }
    bool by_family = t->plan->ports.n_families > 1;
    return by_family ? np_and(ports, family_truth(m->families, point->family)) : ports;
}

uint64_t *np_truths_find(struct np_truths *t, uint32_t column, uint16_t source_port, bool *added)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < t->focus->n_rules; r++) {
        np_truth truth = NP_NO, causes = NP_NO;
        for (uint32_t at = t->first[r]; at < t->first[r + 1]; at++) {
            if (t->flow[at] != NP_NO) {
                const struct np_match *m = alternative(t, r, at);
                np_truth one = np_and(t->flow[at], rest_of(t, m, at, column, source_port));
                if (m->listener != NP_LISTENER_ANY || m->routes != NP_ROUTE_ANY) {
                    t->key[count++] = ~at; /* no rule has such a number */
                    t->key[count++] = one;
                    continue;
                }
                truth = np_or(truth, one);
                causes |= np_is_maybe(one) ? one : NP_NO;
            }
        }
        if (truth != NP_NO) {
            t->key[count++] = r;
            t->key[count++] = truth;
            t->key[count++] = causes; /* told beside a YES, too, of a subject that is MAYBE */
        }
    }
    return np_map_add(&t->seen, (struct np_slice){(const char *)t->key, count * sizeof *t->key},
                      added);
}
