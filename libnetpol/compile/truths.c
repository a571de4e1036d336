/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and alternatives of a group, what services say of its columns, and what of the rules
 * depends on the far end. */
#include "compile/truths.h"

/* ---- what sort of rules ---- */

static bool plain_rule(const struct np_rule *rule)
{
    bool plain = rule->redirect_parser == NP_PARSER_NONE && !rule->auth_mode &&
                 !rule->auth_explicit && rule->n_effects == 0 && !rule->for_all_topics &&
                 !rule->unless_isolated;
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

/* ---- beginning and end ---- */

bool np_truths_init(struct np_truths *t, struct np_plan *plan, const struct np_side_plan *side)
{
    const struct netpol_ctx *ctx = plan->draft.ctx;
    *t = (struct np_truths){
        .plan = plan, .side = side, .usual = !is_mixed(side) && !has_relative_subjects(side)};
    np_map_init(&t->seen, ctx);
    np_arena_init(&t->arena, ctx, 65536);
    t->head = np_zalloc(ctx, (plan->classes.count + 1) * sizeof *t->head);
    return np_port_lists_init(&t->ports, &plan->ports) && t->head;
}

void np_truths_free(struct np_truths *t)
{
    const struct netpol_ctx *ctx = t->plan->draft.ctx;
    np_map_free(&t->seen);
    np_arena_free(&t->arena);
    np_port_lists_free(&t->ports);
    np_free(ctx, t->head, (t->plan->classes.count + 1) * sizeof *t->head);
    np_vec_free(ctx, &t->entries);
    np_vec_free(ctx, &t->always);
    np_vec_free(ctx, &t->links);
    np_vec_free(ctx, &t->touched);
    np_vec_free(ctx, &t->found);
    np_vec_free(ctx, &t->chained);
    np_vec_free(ctx, &t->wide);
    np_vec_free(ctx, &t->kept);
    np_vec_free(ctx, &t->key);
}

/* ---- columns of services ---- */

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

static np_truth family_of_column(const struct np_truths *t, const struct np_match *m,
                                 uint32_t column)
{
    const struct np_ports *ports = &t->plan->ports;
    return ports->n_families > 1
               ? family_truth(m->families, ports->points[t->columns[column]].family)
               : NP_YES;
}

/* What a service says of columns, when asked of families: by what it says of the classes that
 * stand for them. */
struct shape {
    const struct np_port_truth *columns;
    uint32_t n_columns;
    const np_truth *all;
};
struct shaper {
    struct np_truths *t;
    const uint16_t *map;
    struct np_map shapes; /* number of a service, families -> struct shape */
};

static bool fill_shape(const struct shaper *s, const struct np_match *m,
                       const struct np_port_list *list, struct shape *out)
{
    enum { FEW = 4 };
    struct np_truths *t = s->t;
    const struct np_ports *ports = &t->plan->ports;
    bool wide = !list || list->count > t->n_columns / FEW;
    np_truth *all = wide ? np_arena_array(&t->arena, t->n_columns, sizeof *all) : NULL;
    struct np_port_truth *few = wide ? NULL : np_arena_array(&t->arena, list->count, sizeof *few);
    if (!all && !few) {
        return false;
    }
    *out = (struct shape){few, 0, all};
    for (uint32_t c = 0; !list && c < t->n_columns; c++) {
        all[c] = family_of_column(t, m, c);
    }
    for (uint32_t i = 0; list && i < list->count; i++) {
        uint32_t column = s->map[list->items[i].class];
        if (ports->classes[t->columns[column]] != list->items[i].class) {
            continue;
        }
        np_truth truth = np_and(list->items[i].truth, family_of_column(t, m, column));
        if (wide) {
            all[column] = truth;
        } else if (truth != NP_NO) {
            few[out->n_columns++] = (struct np_port_truth){column, truth};
        }
    }
    for (uint32_t c = 0; wide && c < t->n_columns; c++) {
        t->doubts[c] |= np_is_maybe(all[c]) ? all[c] : NP_NO;
    }
    return true;
}

static const struct shape *shape_of(struct shaper *s, const struct np_match *m)
{
    struct np_truths *t = s->t;
    uint32_t number = m->service ? np_port_lists_number(&t->ports, m->service) : 0;
    uint32_t key[2] = {m->service ? number + 1 : 0,
                       t->plan->ports.n_families > 1 ? m->families : (uint8_t)NP_FAMILY_ANY};
    bool added;
    uint64_t *at =
        number == UINT32_MAX
            ? NULL
            : np_map_add(&s->shapes, (struct np_slice){(const char *)key, sizeof key}, &added);
    if (!at) {
        return NULL;
    }
    if (added) {
        struct shape *shape = np_arena_alloc(&t->arena, sizeof *shape);
        const struct np_port_list *list = m->service ? &t->ports.lists.items[number] : NULL;
        if (!shape || !fill_shape(s, m, list, shape)) {
            return NULL;
        }
        *at = (uint64_t)(uintptr_t)shape;
    }
    return (const struct shape *)(uintptr_t)*at;
}

np_truth np_truths_ports(const struct np_truths *t, const struct np_truth_alternative *a,
                         uint32_t column, uint16_t source_port)
{
    if (!a->free) {
        return a->all[column];
    }
    const struct np_port_point *point = &t->plan->ports.points[t->columns[column]];
    struct np_hop hop =
        np_ask_hop(t->plan, t->side, t->near, t->far, t->relation, point, source_port);
    np_truth ports = np_reference_ports(a->match, &hop, t->side->checkpoints[0]);
    return np_and(ports, family_of_column(t, a->match, column));
}

/* ---- a group ---- */

/* Does the policy certainly select, in the walk as it is and as it would be? Whom it selects at a
 * host is not the end of the hop. */
static int certainly_selects(const struct np_truths *t, const struct np_policy *policy, bool *out)
{
    const struct np_set *subjects =
        policy->subjects[t->side->near_is_source ? NP_EGRESS : NP_INGRESS];
    np_truth truth = NP_NO;
    int status = NETPOL_OK;
    if (t->usual && subjects && !t->side->host && policy->state == NP_ENFORCED &&
        !policy->staged_delete && !policy->staged_set) {
        status = np_draft_member(&t->plan->draft, subjects, t->side->near_is_source,
                                 NP_RELATION_OTHER, t->near, &truth);
    }
    *out = truth == NP_YES;
    return status;
}

static int list_rules(struct np_truths *t)
{
    const struct np_policy *last = NULL;
    bool selects = false;
    int status = NETPOL_OK;
    uint32_t tier = 0;
    t->n_alternatives = 0;
    t->certain = NP_RULE_NONE;
    for (const struct np_focus_tier *f = t->focus->tiers; f; f = f->next, tier++) {
        for (uint32_t r = f->first; r < f->first + f->count && status == NETPOL_OK; r++) {
            const struct np_rule *rule = t->focus->rules[r];
            if (rule->policy != last) {
                last = rule->policy;
                status = certainly_selects(t, last, &selects);
            }
            bool ends = rule->action == NP_ACT_ALLOW || rule->action == NP_ACT_DENY ||
                        rule->action == NP_ACT_PASS;
            t->rules[r] = (struct np_truth_rule){.rule = rule,
                                                 .first = t->n_alternatives,
                                                 .tier = tier,
                                                 .behind_tier = f->first + f->count,
                                                 .behind_stage = f->behind,
                                                 .stops = selects && ends};
            t->n_alternatives += rule->n_alternatives;
            t->plain = t->plain && plain_rule(rule);
            if (selects && !last->synthetic && t->certain == NP_RULE_NONE) {
                t->certain = r;
            }
        }
    }
    t->n_tiers = tier;
    t->rules[t->n_rules] = (struct np_truth_rule){.first = t->n_alternatives, .tier = tier};
    return status;
}

static int list_alternatives(struct np_truths *t, const uint16_t *map)
{
    struct shaper s = {.t = t, .map = map};
    bool fine = true;
    np_map_init(&s.shapes, t->plan->draft.ctx);
    for (uint32_t r = 0; r < t->n_rules && fine; r++) {
        const struct np_rule *rule = t->rules[r].rule;
        for (uint32_t i = 0; i < rule->n_alternatives && fine; i++) {
            const struct np_match *m = &rule->alternatives[i];
            bool service = by_service(m);
            const struct shape *shape = service ? shape_of(&s, m) : NULL;
            fine = !service || shape;
            t->alternatives[t->rules[r].first + i] = (struct np_truth_alternative){
                .match = m,
                .rule = r,
                .n_columns = shape ? shape->n_columns : 0,
                .columns = shape ? shape->columns : NULL,
                .all = shape ? shape->all : NULL,
                .free = !service,
                .odd = m->listener != NP_LISTENER_ANY || m->routes != NP_ROUTE_ANY};
        }
    }
    np_map_free(&s.shapes);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

static bool make_room(struct np_truths *t)
{
    size_t cells = (size_t)t->n_tiers * t->n_columns;
    t->begin = np_arena_array(&t->arena, t->n_columns + 1, sizeof *t->begin);
    t->decided = np_arena_array(&t->arena, cells, sizeof *t->decided);
    t->least = np_arena_array(&t->arena, cells, sizeof *t->least);
    t->mixed = np_arena_array(&t->arena, t->n_columns, 1);
    t->unclear = np_arena_array(&t->arena, t->n_columns, 1);
    t->doubts = np_arena_array(&t->arena, t->n_columns, sizeof *t->doubts);
    t->linked = np_arena_array(&t->arena, t->n_tiers, 1);
    t->chain = np_arena_array(&t->arena, t->n_columns, sizeof *t->chain);
    t->chain_stamp = np_arena_array(&t->arena, t->n_columns, sizeof *t->chain_stamp);
    t->ordinals = np_arena_array(&t->arena, t->n_rules + 1, sizeof *t->ordinals);
    t->alternatives = np_arena_array(&t->arena, t->n_alternatives, sizeof *t->alternatives);
    t->stamp = 0;
    if (!t->begin || !t->decided || !t->least || !t->mixed || !t->unclear || !t->doubts ||
        !t->linked || !t->chain || !t->chain_stamp || !t->ordinals || !t->alternatives) {
        return false;
    }
    return true;
}

int np_truths_begin(struct np_truths *t, const struct np_focus *focus, uint32_t near,
                    const uint32_t *columns, uint32_t n_columns, const uint16_t *map)
{
    np_arena_reset(&t->arena);
    np_map_free(&t->seen);
    t->focus = focus;
    t->near = near;
    t->columns = columns;
    t->n_columns = n_columns;
    t->n_rules = focus->n_rules;
    t->plain = t->usual;
    t->rules = np_arena_array(&t->arena, t->n_rules + 1, sizeof *t->rules);
    int status = t->rules ? list_rules(t) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK && !make_room(t) ? NETPOL_ERR_MEMORY : status;
    return status == NETPOL_OK ? list_alternatives(t, map) : status;
}

/* ---- a relation ---- */

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

/* Whom the far set of an alternative holds for, by class. */
static bool link_members(struct np_truths *t, uint32_t alternative,
                         const struct np_members *members)
{
    const struct np_grouping *g = &t->plan->classes;
    bool fine = true;
    for (uint32_t i = 0; i < members->count && fine; i++) {
        uint32_t s = members->items[i].signature, class = g->of[s];
        if (g->first[class] != s) {
            continue;
        }
        struct np_truth_link *link = np_vec_push(t->plan->draft.ctx, &t->links);
        uint32_t *touched = t->head[class] ? NULL : np_vec_push(t->plan->draft.ctx, &t->touched);
        fine = link && (touched || t->head[class]);
        if (fine) {
            *link = (struct np_truth_link){alternative, t->head[class], members->items[i].truth};
            t->head[class] = (uint32_t)t->links.count;
        }
        if (fine && touched) {
            *touched = class;
        }
    }
    return fine;
}

static bool link_far(struct np_truths *t, uint32_t alternative)
{
    const struct np_set *far = t->alternatives[alternative].match->far;
    struct np_members rest;
    struct np_members own =
        np_draft_members_parts(&t->plan->draft, far, !t->side->near_is_source, t->relation, &rest);
    return (own.items || !own.count) && link_members(t, alternative, &own) &&
           link_members(t, alternative, &rest);
}

int np_truths_relate(struct np_truths *t, enum np_relation relation)
{
    int status = NETPOL_OK;
    for (size_t i = 0; i < t->touched.count; i++) {
        t->head[t->touched.items[i]] = 0;
    }
    t->touched.count = t->links.count = t->always.count = 0;
    t->relation = relation;
    for (uint32_t i = 0; i < t->n_alternatives && status == NETPOL_OK; i++) {
        struct np_truth_alternative *a = &t->alternatives[i];
        const struct np_set *near = a->match->near;
        a->near = relation_truth(a->match->relations, relation);
        if (near && a->near != NP_NO) {
            np_truth truth;
            status = np_draft_member(&t->plan->draft, near, t->side->near_is_source, relation,
                                     t->near, &truth);
            a->near = np_and(a->near, truth);
        }
        if (status != NETPOL_OK || a->near == NP_NO) {
            continue;
        }
        if (a->match->far) {
            status = link_far(t, i) ? NETPOL_OK : NETPOL_ERR_MEMORY;
        } else if (a->free) {
            uint32_t *place = np_vec_push(t->plan->draft.ctx, &t->always);
            status = place ? NETPOL_OK : NETPOL_ERR_MEMORY;
            if (place) {
                *place = i;
            }
        }
    }
    return status == NETPOL_OK && !np_truths_fill_entries(t) ? NETPOL_ERR_MEMORY : status;
}
