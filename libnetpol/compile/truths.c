/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truths of a group's rules, so that the reference is asked once for each combination of them.
 *
 * The outcome of a checkpoint is folded over the truths of its rules and of whom its policies
 * select; the latter are the same for all of a group. So where truths are all that rules
 * contribute, equal truths are equal outcomes. The truth of one condition is the reference's here
 * as well: sets through members, services through np_reference_service.
 */
#include "compile/plan.h"

static bool plain_match(const struct np_match *m)
{
    return !m->dst_ports && !m->src_ports && !m->src_service && !m->connection && !m->request &&
           m->routes == NP_ROUTE_ANY && m->listener == NP_LISTENER_ANY;
}

static bool plain_rule(const struct np_rule *rule)
{
    bool plain = rule->redirect_parser == NP_PARSER_NONE && !rule->auth_mode &&
                 !rule->auth_explicit && rule->n_effects == 0 && !rule->for_all_topics;
    for (uint32_t a = 0; a < rule->n_alternatives && plain; a++) {
        plain = plain_match(&rule->alternatives[a]);
    }
    return plain;
}

static const struct np_match *alternative(const struct np_truths *t, const struct np_focus *focus,
                                          uint32_t rule, uint32_t at)
{
    return &focus->rules[rule]->alternatives[at - t->first[rule]];
}

static bool make_room(struct np_truths *t)
{
    size_t words = t->n_rules + 1 + (size_t)t->n_alternatives * (t->n_columns + 1) +
                   2 * (size_t)t->n_rules + 1;
    size_t bytes = words * sizeof(uint32_t);
    if (bytes > t->room) {
        void *memory = np_resize(t->ctx, t->memory, t->room, 2 * bytes);
        if (!memory) {
            return false;
        }
        t->memory = memory;
        t->room = 2 * bytes;
    }
    t->first = t->memory;
    t->ports = t->first + t->n_rules + 1;
    t->flow = t->ports + (size_t)t->n_alternatives * t->n_columns;
    t->key = t->flow + t->n_alternatives;
    return true;
}

static int truth_of_set(struct np_plan *plan, const struct np_set *set, bool source,
                        uint32_t signature, enum np_relation relation, np_truth *out)
{
    *out = NP_YES;
    if (set) {
        struct np_members m = np_draft_members(&plan->draft, set, source, relation);
        if (!m.items && m.count) {
            return NETPOL_ERR_MEMORY;
        }
        *out = np_members_find(&m, signature);
    }
    return NETPOL_OK;
}

static void fill_ports(struct np_truths *t, const struct np_plan *plan, const struct np_match *m,
                       uint32_t at, const uint32_t *columns)
{
    np_truth *row = t->ports + (size_t)at * t->n_columns;
    for (uint32_t c = 0; c < t->n_columns; c++) {
        const struct np_port_point *p = &plan->ports.points[columns[c]];
        row[c] =
            m->service ? np_reference_service(m->service, p->kind, p->protocol, p->port) : NP_YES;
    }
}

int np_truths_begin(struct np_truths *t, struct np_plan *plan, const struct np_focus *focus,
                    const uint32_t *columns, uint32_t n_columns)
{
    t->ctx = plan->draft.ctx;
    t->n_rules = focus->n_rules;
    t->n_columns = n_columns;
    t->n_alternatives = 0;
    t->plain = true;
    np_map_free(&t->seen);
    np_map_init(&t->seen, t->ctx);
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        t->plain = t->plain && plain_rule(focus->rules[r]);
        t->n_alternatives += focus->rules[r]->n_alternatives;
    }
    if (!make_room(t)) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t r = 0, at = 0; r < focus->n_rules; r++) {
        t->first[r] = at;
        for (uint32_t a = 0; a < focus->rules[r]->n_alternatives; a++, at++) {
            fill_ports(t, plan, &focus->rules[r]->alternatives[a], at, columns);
        }
        t->first[r + 1] = at;
    }
    t->first[t->n_rules] = t->n_alternatives;
    return NETPOL_OK;
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

int np_truths_aim(struct np_truths *t, struct np_plan *plan, const struct np_side_plan *side,
                  const struct np_focus *focus, uint32_t near, uint32_t far,
                  enum np_relation relation)
{
    int status = NETPOL_OK;
    for (uint32_t r = 0; r < t->n_rules && status == NETPOL_OK; r++) {
        for (uint32_t at = t->first[r]; at < t->first[r + 1] && status == NETPOL_OK; at++) {
            const struct np_match *m = alternative(t, focus, r, at);
            np_truth truth = relation_truth(m->relations, relation), set;
            status = truth == NP_NO
                         ? NETPOL_OK
                         : truth_of_set(plan, m->near, side->near_is_source, near, relation, &set);
            truth = truth == NP_NO || status != NETPOL_OK ? NP_NO : np_and(truth, set);
            if (truth != NP_NO) {
                status = truth_of_set(plan, m->far, !side->near_is_source, far, relation, &set);
                truth = status == NETPOL_OK ? np_and(truth, set) : NP_NO;
            }
            t->flow[at] = truth;
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

static np_truth family_truth(uint8_t families, uint8_t family, bool by_family)
{
    if (!by_family || families == NP_FAMILY_ANY) {
        return NP_YES;
    }
    if (family == 0) {
        return families ? NP_UNKNOWN(NP_FACT_POD_ADDRESS) : NP_NO;
    }
    return np_truth_of(families & (family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6));
}

uint64_t *np_truths_find(struct np_truths *t, const struct np_focus *focus, uint32_t column,
                         uint8_t family, bool by_family, bool *added)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < t->n_rules; r++) {
        np_truth truth = NP_NO;
        for (uint32_t at = t->first[r]; at < t->first[r + 1]; at++) {
            if (t->flow[at] != NP_NO) {
                np_truth ports = t->ports[(size_t)at * t->n_columns + column];
                np_truth exists =
                    family_truth(alternative(t, focus, r, at)->families, family, by_family);
                truth = np_or(truth, np_and(t->flow[at], np_and(ports, exists)));
            }
        }
        if (truth != NP_NO) {
            t->key[count++] = r;
            t->key[count++] = truth;
        }
    }
    return np_map_add(&t->seen, (struct np_slice){(const char *)t->key, count * sizeof *t->key},
                      added);
}

void np_truths_free(struct np_truths *t)
{
    np_map_free(&t->seen);
    np_free(t->ctx, t->memory, t->room);
}
