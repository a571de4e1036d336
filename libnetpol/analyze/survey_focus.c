/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one class sees of a checkpoint, and what the reference says of a hop on every port.
 *
 * A policy that does not select the subject takes no part in a walk: neither its rules nor its
 * isolation count. So a checkpoint without it gives the same result for this subject.
 */
#include "analyze/survey_internal.h"

#include <stdlib.h>

/* ---- who selects ---- */

/* The label that a workload must have for the selector to hold; NULL: none that is told so. */
static const struct np_selector *needed_label(const struct np_selector *selector)
{
    const struct np_selector *found = NULL;
    for (uint32_t i = 0; selector->op == NP_SELECT_ALL && !found && i < selector->count; i++) {
        found = selector->kids[i]->op == NP_SELECT_TERM ? needed_label(selector->kids[i]) : NULL;
    }
    bool label = selector->op == NP_SELECT_TERM && selector->scope == NP_SCOPE_OBJECT &&
                 selector->term_op == NP_OP_IN && selector->count == 1;
    return label ? selector : found;
}

/* Of a condition on workloads alone. */
static const struct np_selector *needed_by(const struct np_signed_literal *item)
{
    const struct np_literal *literal = item->literal;
    bool pods = literal->kind == NP_LIT_OBJECTS && !item->negative &&
                !(literal->kinds & ~(NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD));
    return pods ? needed_label(literal->selector) : NULL;
}

static bool has_label(const struct np_endpoint *endpoint, const struct np_selector *label)
{
    np_str value = np_labels_get(&endpoint->labels, label->key);
    return value && np_slice_equal(np_str_slice(value), np_str_slice(label->values[0]));
}

/* Most policies select by a label that the workload has not: that is soon seen. */
static bool lacks_label(const struct np_set *set, const struct np_endpoint *endpoint)
{
    bool lacks = true;
    for (uint32_t c = 0; c < set->count && lacks; c++) {
        const struct np_clause *clause = &set->clauses[c];
        const struct np_selector *label = NULL;
        for (uint32_t i = 0; i < clause->count && !label; i++) {
            label = needed_by(&clause->items[i]);
        }
        lacks = label && !has_label(endpoint, label);
    }
    return lacks;
}

static bool selects(const struct np_survey *survey, const struct np_policy *policy,
                    enum np_direction direction, const struct np_hop *own)
{
    const struct np_set *subjects = policy->subjects[direction];
    const struct np_end *end = direction == NP_EGRESS ? &own->src : &own->dst;
    return subjects && !(end->endpoint && lacks_label(subjects, end->endpoint)) &&
           np_reference_set(survey->model, subjects, own, end) != NP_NO;
}

static int by_place(const void *a, const void *b)
{
    const struct np_rule *x = *(const struct np_rule *const *)a;
    const struct np_rule *y = *(const struct np_rule *const *)b;
    return (x->place > y->place) - (x->place < y->place);
}

/* The rules of these policies in the order of the walk. NULL: no memory. */
static const struct np_rule **walk_of(struct np_survey *survey, const struct np_tier *tier,
                                      enum np_direction direction, uint32_t *count)
{
    size_t total = 0;
    for (uint32_t p = 0; p < tier->n_policies; p++) {
        total += tier->policies[p]->n_rules[direction];
    }
    const struct np_rule **walk = np_arena_array(&survey->arena, total, sizeof *walk);
    *count = 0;
    for (uint32_t p = 0; walk && p < tier->n_policies; p++) {
        for (uint32_t r = 0; r < tier->policies[p]->n_rules[direction]; r++) {
            walk[(*count)++] = &tier->policies[p]->rules[direction][r];
        }
    }
    if (walk && *count > 1) {
        qsort(walk, *count, sizeof *walk, by_place);
    }
    return walk;
}

static struct np_tier *focus_tier(struct np_survey *survey, const struct np_tier *tier,
                                  enum np_direction direction, const struct np_hop *own,
                                  struct np_focus *focus)
{
    struct np_tier *copy = np_arena_alloc(&survey->arena, sizeof *copy);
    np_vec(const struct np_policy *) selecting = {0};
    bool fine = copy != NULL;
    for (uint32_t i = 0; fine && i < tier->n_policies; i++) {
        if (selects(survey, tier->policies[i], direction, own)) {
            const struct np_policy **place = np_vec_push(survey->ctx, &selecting);
            fine = place != NULL;
            if (place) {
                *place = tier->policies[i];
            }
        }
    }
    uint32_t count = (uint32_t)selecting.count;
    const struct np_policy **policies =
        fine ? np_arena_array(&survey->arena, count, sizeof *policies) : NULL;
    if (policies) {
        *copy = *tier;
        copy->policies = policies;
        copy->n_policies = count;
        for (uint32_t p = 0; p < count; p++) {
            policies[p] = selecting.items[p];
            focus->n_policies += !policies[p]->synthetic && policies[p]->state == NP_ENFORCED;
        }
        copy->walk[direction] = walk_of(survey, copy, direction, &copy->n_walk[direction]);
    }
    np_vec_free(survey->ctx, &selecting);
    return policies && copy->walk[direction] ? copy : NULL;
}

static const struct np_stage *focus_stage(struct np_survey *survey, const struct np_stage *stage,
                                          enum np_direction direction, const struct np_hop *own,
                                          struct np_focus *focus)
{
    struct np_stage *copy = np_arena_alloc(&survey->arena, sizeof *copy);
    struct np_tier **tiers = np_arena_array(&survey->arena, stage->n_tiers, sizeof *tiers);
    if (!copy || !tiers) {
        return NULL;
    }
    *copy = *stage;
    copy->tiers = tiers;
    for (uint32_t i = 0; i < stage->n_tiers; i++) {
        tiers[i] = focus_tier(survey, stage->tiers[i], direction, own, focus);
        if (!tiers[i]) {
            return NULL;
        }
    }
    return copy;
}

/* ---- cuts ---- */

struct cuts {
    const struct netpol_ctx *ctx;
    np_vec(uint32_t) list;
    bool failed;
};

static void add_cut(struct cuts *cuts, uint32_t protocol, uint32_t port)
{
    uint32_t *place = np_vec_push(cuts->ctx, &cuts->list);
    if (place) {
        *place = protocol << NP_CUT_PROTOCOL_BITS | port;
    } else {
        cuts->failed = true;
    }
}

static void cut_rule(const struct np_survey *survey, struct cuts *cuts, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_service *service = rule->alternatives[a].service;
        for (uint32_t i = 0; service && i < service->count; i++) {
            const struct np_port_span *span = &service->spans[i];
            for (uint32_t p = 0; p < survey->n_protocols; p++) {
                if (span->ports && (span->protocol < 0 || span->protocol == survey->protocols[p])) {
                    add_cut(cuts, survey->protocols[p], span->first);
                    add_cut(cuts, survey->protocols[p], (uint32_t)span->last + 1);
                }
            }
        }
    }
}

static int compare_cuts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t sort_unique(uint32_t *items, size_t count)
{
    size_t kept = 0;
    if (count > 1) {
        qsort(items, count, sizeof *items, compare_cuts);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || items[kept - 1] != items[i]) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

/* Lists the policies and the port numbers at which something may change. */
static bool finish(struct np_survey *survey, struct np_focus *focus, enum np_direction direction)
{
    struct cuts cuts = {.ctx = survey->ctx};
    const struct np_policy **policies =
        np_arena_array(&survey->arena, focus->n_policies, sizeof *policies);
    uint32_t count = 0;
    for (uint32_t s = 0; policies && s < focus->checkpoint->n_stages; s++) {
        const struct np_stage *stage = focus->checkpoint->stages[s];
        for (uint32_t t = 0; t < stage->n_tiers; t++) {
            const struct np_tier *tier = stage->tiers[t];
            for (uint32_t p = 0; p < tier->n_policies; p++) {
                if (!tier->policies[p]->synthetic && tier->policies[p]->state == NP_ENFORCED) {
                    policies[count++] = tier->policies[p];
                }
            }
            for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
                cut_rule(survey, &cuts, tier->walk[direction][i]);
                focus->n_alternatives += tier->walk[direction][i]->n_alternatives;
            }
        }
    }
    size_t n_cuts = cuts.failed ? 0 : sort_unique(cuts.list.items, cuts.list.count);
    uint32_t *kept = np_arena_array(&survey->arena, n_cuts, sizeof *kept);
    bool fine = policies && kept && !cuts.failed;
    if (fine && n_cuts && cuts.list.items) {
        memcpy(kept, cuts.list.items, n_cuts * sizeof *kept);
    }
    focus->policies = policies;
    focus->cuts = kept;
    focus->n_cuts = (uint32_t)n_cuts;
    np_vec_free(survey->ctx, &cuts.list);
    return fine;
}

static bool focus_on(struct np_survey *survey, struct np_class *class,
                     const struct np_checkpoint *checkpoint)
{
    struct np_hop own;
    enum np_direction direction = checkpoint->direction;
    struct np_focus *focus = &class->focus[direction];
    uint8_t family = np_survey_family(class->first, class->first);
    if (!np_survey_hop(survey, class->first, class->first, family, &own)) {
        return true; /* nothing is known of it: no checkpoint */
    }
    focus->applies = np_reference_applies(survey->model, checkpoint, &own) != NP_NO;
    struct np_checkpoint *copy = np_arena_alloc(&survey->arena, sizeof *copy);
    struct np_stage **stages = np_arena_array(&survey->arena, checkpoint->n_stages, sizeof *stages);
    if (!copy || !stages) {
        return false;
    }
    *copy = *checkpoint;
    copy->stages = stages;
    for (uint32_t i = 0; i < checkpoint->n_stages; i++) {
        const struct np_stage *stage =
            focus_stage(survey, checkpoint->stages[i], direction, &own, focus);
        if (!stage) {
            return false;
        }
        memcpy(&stages[i], &stage, sizeof stage);
    }
    focus->checkpoint = copy;
    return finish(survey, focus, direction);
}

int np_survey_foci(struct np_survey *survey)
{
    for (uint32_t c = 0; c < survey->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = survey->model->checkpoints[c];
        if (checkpoint->kind != NP_CHECK_WORKLOAD) {
            continue;
        }
        for (uint32_t i = 0; i < survey->n_classes; i++) {
            if (!focus_on(survey, &survey->classes[i], checkpoint)) {
                return NETPOL_ERR_MEMORY;
            }
        }
    }
    return NETPOL_OK;
}

/* ---- judging ---- */

bool np_protocol_has_ports(uint8_t protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 132;
}

static bool has_types(uint8_t protocol)
{
    return protocol == 1 || protocol == 58; /* ICMP: type << 8 | code */
}

void np_survey_aim(struct np_hop *hop, uint8_t protocol, bool ports, uint16_t port)
{
    hop->protocol = protocol;
    hop->has_ports = ports;
    hop->dst_port = hop->original_port = port;
}

void np_survey_side(const struct np_survey *survey, const struct np_class *subject,
                    enum np_direction direction, const struct np_hop *hop, struct np_result *out)
{
    const struct np_focus *focus = subject ? &subject->focus[direction] : NULL;
    *out = (struct np_result){
        .action = NETPOL_ALLOW, .reason = NETPOL_REASON_NOT_JUDGED, .may_allow = true};
    if (focus && focus->checkpoint && focus->applies) {
        np_reference_checkpoint(survey->model, focus->checkpoint, hop, NULL, out);
    }
}

static void judge_one(const struct np_survey *survey, const struct np_class *src,
                      const struct np_class *dst, const struct np_hop *hop,
                      struct np_interval *interval)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        struct np_result result;
        np_survey_side(survey, d == NP_EGRESS ? src : dst, (enum np_direction)d, hop, &result);
        interval->actions[d] = result.action;
        interval->decisions[d] = result.decision;
    }
}

uint8_t np_interval_action(const struct np_interval *interval)
{
    /* the values of enum netpol_action are in the order in which sides combine */
    uint8_t in = interval->actions[NP_INGRESS], out = interval->actions[NP_EGRESS];
    return in > out ? in : out;
}

static bool push(struct np_intervals *out, struct np_interval interval)
{
    if (!np_vec_grow(out->ctx, (void **)&out->items, &out->capacity, out->count + 1,
                     sizeof interval)) {
        return false;
    }
    out->items[out->count++] = interval;
    return true;
}

/* All cuts of a question: those of both sides, and the named ports of the destination. */
static bool gather(const struct np_survey *survey, const struct np_class *src,
                   const struct np_class *dst, struct cuts *cuts)
{
    const struct np_focus *foci[] = {src ? &src->focus[NP_EGRESS] : NULL,
                                     dst ? &dst->focus[NP_INGRESS] : NULL};
    for (size_t f = 0; f < 2; f++) {
        for (uint32_t i = 0; foci[f] && i < foci[f]->n_cuts; i++) {
            add_cut(cuts, foci[f]->cuts[i] >> NP_CUT_PROTOCOL_BITS,
                    foci[f]->cuts[i] & ((1u << NP_CUT_PROTOCOL_BITS) - 1));
        }
    }
    for (uint32_t i = 0; dst && i < dst->first->n_ports && survey->n_port_names; i++) {
        const struct np_named_port *port = &dst->first->ports[i];
        add_cut(cuts, port->protocol, port->port);
        add_cut(cuts, port->protocol, (uint32_t)port->port + 1);
    }
    return !cuts->failed;
}

/* The spans of one protocol, between its cuts. */
static bool split_protocol(const struct cuts *cuts, struct np_interval one,
                           struct np_intervals *out)
{
    uint32_t base = (uint32_t)one.protocol << NP_CUT_PROTOCOL_BITS;
    uint32_t from = np_protocol_has_ports(one.protocol) ? 1 : 0;
    for (size_t i = 0; from <= UINT16_MAX;) {
        while (i < cuts->list.count && cuts->list.items[i] <= (base | from)) {
            i++;
        }
        bool cut = one.ports && i < cuts->list.count &&
                   cuts->list.items[i] >> NP_CUT_PROTOCOL_BITS == one.protocol;
        uint32_t next = cut ? cuts->list.items[i] - base : NP_NO_PORT;
        one.first = (uint16_t)from;
        one.last = (uint16_t)(next - 1);
        if (!push(out, one)) {
            return false;
        }
        from = next;
    }
    return true;
}

int np_survey_split(const struct np_survey *survey, const struct np_class *src_class,
                    const struct np_class *dst_class, uint8_t family, struct np_intervals *out)
{
    struct cuts cuts = {.ctx = survey->ctx};
    bool fine = gather(survey, src_class, dst_class, &cuts);
    out->count = 0;
    cuts.list.count = sort_unique(cuts.list.items, cuts.list.count);
    for (uint32_t p = 0; fine && p < survey->n_protocols; p++) {
        uint8_t protocol = survey->protocols[p];
        struct np_interval one = {.protocol = protocol,
                                  .other = p + 1 == survey->n_protocols,
                                  .ports = np_protocol_has_ports(protocol) || has_types(protocol)};
        if (protocol != (family == NP_IPV6 ? 1 : 58)) { /* not ICMP of the other family */
            fine = split_protocol(&cuts, one, out);
        }
    }
    np_vec_free(survey->ctx, &cuts.list);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

int np_survey_judge(const struct np_survey *survey, const struct np_class *src_class,
                    const struct np_class *dst_class, struct np_hop *hop, struct np_intervals *out)
{
    int status = np_survey_split(survey, src_class, dst_class, hop->family, out);
    for (size_t i = 0; status == NETPOL_OK && i < out->count; i++) {
        np_survey_aim(hop, out->items[i].protocol, out->items[i].ports, out->items[i].first);
        judge_one(survey, src_class, dst_class, hop, &out->items[i]);
    }
    return status;
}
