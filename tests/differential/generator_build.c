/* SPDX-License-Identifier: Apache-2.0 */
/* Building a drawn set into a model, with one difference: checkpoints, tiers, policies, rules. */
#include "differential/generator_internal.h"

/* ---- rules ---- */

static uint8_t families_of(const struct builder *x, uint8_t families)
{
    static const uint8_t turned[] = {0, NP_FAMILY_6, NP_FAMILY_4, NP_FAMILY_ANY};
    return x->tweak->six ? turned[families] : families;
}

static void build_alt(struct builder *x, struct np_rule *rule, const struct gen_match *m)
{
    struct np_match *match = np_build_alt(x->b, rule);
    if (!match) {
        return;
    }
    match->families = families_of(x, m->families);
    match->relations = m->relations;
    match->routes = m->routes;
    match->listener = m->listener;
    match->near = gen_build_set(x, &m->near);
    match->far = gen_build_set(x, &m->far);
    match->service = gen_build_ports(x, &m->service);
    match->src_service = gen_build_ports(x, &m->source);
    match->dst_ports = gen_build_names(x, &m->names);
    match->src_ports = gen_build_names(x, &m->source_names);
    match->connection = gen_build_expr(x, &m->connection);
    match->request = gen_build_expr(x, &m->request);
}

static struct np_rule *build_head(struct builder *x, struct np_policy *policy, int d,
                                  const struct gen_rule *r, uint32_t index)
{
    struct np_rule *rule =
        np_build_rule(x->b, policy, (enum np_direction)d, (enum np_action)r->action);
    if (rule) {
        rule->rank = r->rank;
        rule->index = index;
        static const char *const texts[] = {NULL, "a", "b"};
        rule->redirect_parser = r->redirect;
        rule->redirect_priority = r->priority;
        rule->listener_name = np_build_text(x->b, texts[r->listener]);
        rule->terminating = np_build_text(x->b, r->opens_tls ? "a/s" : NULL);
        rule->step = np_build_text(x->b, texts[r->step]);
        rule->auth_mode = r->auth_mode;
        rule->auth_explicit = r->auth_explicit;
        rule->refuses = r->refuses;
        rule->provider = np_build_text(x->b, "opa");
        if (r->effect) {
            struct np_effect add = {.kind = (uint8_t)(index % 3),
                                    .name = np_build_text(x->b, "x-a"),
                                    .value = np_build_text(x->b, "1")};
            np_build_effect(x->b, rule, &add);
        }
    }
    return rule;
}

static void build_rule(struct builder *x, struct np_policy *policy, int d, const struct gen_rule *r,
                       uint32_t index)
{
    if (x->tweak->no_notes && r->action == NP_ACT_NOTE) {
        return;
    }
    struct np_rule *rule = build_head(x, policy, d, r, index);
    for (uint8_t i = 0; rule && i < r->alts; i++) {
        if (x->tweak->split && i > 0 && !r->effect) {
            rule = build_head(x, policy, d, r, index);
        }
        build_alt(x, rule, &r->match[i]);
        if (x->tweak->twice) {
            build_alt(x, rule, &r->match[i]);
        }
    }
}

/* ---- policies ---- */

/* Does a staged namesake take an enforced policy away in the second walk? */
static bool is_replaced(const struct gen *g, const struct gen_policy *p)
{
    enum { PROMOTE = 1 }; /* of option staged */
    for (uint8_t i = 0; i < g->n_policies; i++) {
        const struct gen_policy *o = &g->policies[i];
        bool takes = o->state == NP_STAGED_DELETE ||
                     (o->state == NP_STAGED_SET && g->options.staged == PROMOTE);
        if (takes && o->tier == p->tier && o->space == p->space && o->name == p->name) {
            return true;
        }
    }
    return false;
}

static void build_policy(struct builder *x, uint8_t index)
{
    static const char *const ties[] = {NULL, "a", "b"};
    const struct gen_policy *p = &x->g->policies[index];
    bool promote = x->tweak->promote;
    if (promote &&
        (p->state == NP_STAGED_DELETE || (p->state == NP_ENFORCED && is_replaced(x->g, p)))) {
        return;
    }
    struct np_policy *policy = np_build_policy(
        x->b, x->tiers[p->tier], "Policy", gen_keyed(x, "ns", p->space),
        np_build_format(x->b, "%s%u", x->tweak->rename ? "renamed" : "policy", p->name));
    if (!policy) {
        return;
    }
    policy->state = promote ? NP_ENFORCED : p->state;
    policy->order = p->order;
    policy->tie = np_build_text(x->b, ties[p->tie]);
    policy->origin.line = index + 1u; /* where it stands tells namesakes apart */
    policy->part = index;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        bool here = p->directions >> d & 1;
        policy->subjects[d] = here ? gen_build_set(x, &p->subjects) : NULL;
        policy->isolates[d] = here && p->isolates >> d & 1;
        for (uint8_t i = 0; i < p->n_rules[d]; i++) {
            build_rule(x, policy, d, &p->rules[d][i], i);
        }
        if (x->tweak->add_allow && index == 0) {
            struct np_rule *rule = np_build_rule(x->b, policy, (enum np_direction)d, NP_ACT_ALLOW);
            if (rule && p->n_rules[d]) {
                build_alt(x, rule, &p->rules[d][0].match[0]);
            }
        }
    }
}

/* ---- checkpoints ---- */

static struct np_stage *first_stage(struct builder *x, uint8_t place, int d, const char *name)
{
    static const char *const names[] = {"workload", "host", "mesh", "list"};
    const struct gen_check *check = &x->g->checks[place];
    struct np_checkpoint *c = np_build_checkpoint(x->b, (enum np_checkpoint_kind)place,
                                                  (enum np_direction)d, names[place]);
    struct np_stage *stage = np_build_stage(x->b, c, name);
    if (stage) {
        stage->on_end = check->on_end;
        c->mode = check->mode[d];
        c->mesh_mode = place == NP_CHECK_MESH ? x->g->mesh_mode : 0;
        c->subjects = gen_build_set(x, &check->subjects);
    }
    return stage;
}

static void add_tiers(struct builder *x, struct np_stage *stage, uint8_t place, uint8_t stages)
{
    for (int i = 0; i < GEN_TIERS; i++) {
        if (x->g->tiers[i].place == place && x->g->tiers[i].stages & stages) {
            np_build_add_tier(x->b, stage, x->tiers[i]);
        }
    }
}

/* Untracked, before translation, then what is forwarded or what is the host's. */
static void build_host_stages(struct builder *x, int d)
{
    static const struct {
        const char *name;
        uint8_t view, applies, on_end;
    } all[] = {
        [GEN_UNTRACKED] = {"untracked", NP_PRE_NAT,  NP_ROUTE_ANY,          NP_ON_END_NEXT },
        [GEN_PRE_DNAT] = {"preDNAT",   NP_PRE_NAT,  NP_ROUTE_ANY,          NP_ON_END_NEXT },
        [GEN_FORWARD] = {"forward",   NP_POST_NAT, NP_ROUTE_FORWARDED,    NP_ON_END_ALLOW},
        [GEN_NORMAL] = {"normal",    NP_POST_NAT, NP_ROUTE_TO_FROM_HOST, NP_ON_END_ALLOW},
    };
    struct np_checkpoint *c = NULL;
    for (int i = 0; i < GEN_STAGE_COUNT; i++) {
        if (i == GEN_PRE_DNAT && d == NP_EGRESS) {
            continue;
        }
        if (!c) {
            c = np_build_checkpoint(x->b, NP_CHECK_HOST, (enum np_direction)d, "host");
        }
        struct np_stage *stage = np_build_stage(x->b, c, all[i].name);
        if (stage) {
            stage->view = all[i].view;
            stage->applies = all[i].applies;
            stage->on_end = all[i].on_end;
            c->mode = x->g->checks[NP_CHECK_HOST].mode[d];
        }
        add_tiers(x, stage, NP_CHECK_HOST, (uint8_t)(1 << i));
    }
}

static bool has_place(const struct gen *g, uint8_t place)
{
    for (int i = 0; i < GEN_TIERS; i++) {
        if (g->tiers[i].place == place) {
            return true;
        }
    }
    return false;
}

static void build_checkpoints(struct builder *x, struct np_stage *workload[NP_DIRECTIONS])
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        workload[d] = first_stage(x, NP_CHECK_WORKLOAD, d, "workload");
        add_tiers(x, workload[d], NP_CHECK_WORKLOAD, UINT8_MAX);
        if (x->g->stages) {
            build_host_stages(x, d);
        } else if (x->g->host) {
            add_tiers(x, first_stage(x, NP_CHECK_HOST, d, "normal"), NP_CHECK_HOST, UINT8_MAX);
        }
        if (x->g->list) {
            add_tiers(x, first_stage(x, NP_CHECK_LIST, d, "list"), NP_CHECK_LIST, UINT8_MAX);
        }
    }
    if (has_place(x->g, NP_CHECK_MESH)) {
        add_tiers(x, first_stage(x, NP_CHECK_MESH, NP_INGRESS, "mesh"), NP_CHECK_MESH, UINT8_MAX);
    }
}

/* ---- tiers ---- */

static void build_tier(struct builder *x, uint8_t index)
{
    const struct gen_tier *t = &x->g->tiers[index];
    char name[] = {'t', (char)('0' + index), 0};
    struct np_tier *tier = np_build_tier(x->b, name, t->order, (enum np_rank_order)t->rank_order);
    x->tiers[index] = tier;
    if (tier) {
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = t->end;
        tier->end_if = t->end_if;
    }
}

/* A tier of both workload checkpoints with one rule each way for every pod. */
static void extra_tier(struct builder *x, struct np_stage *const workload[NP_DIRECTIONS],
                       const char *name, double order, enum np_action action)
{
    static const struct gen_ports some = {
        .present = true,
        .count = 1,
        .spans = {{.protocol = 6, .ports = true, .first = 80, .last = 81}}};
    struct np_tier *tier = np_build_tier(x->b, name, order, NP_LISTED);
    struct np_policy *policy =
        np_build_policy(x->b, tier, "Extra", NULL, np_build_text(x->b, name));
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        np_build_add_tier(x->b, workload[d], tier);
        policy->subjects[d] =
            np_build_set_of(x->b, np_build_objects(x->b, NP_OBJ_WORKLOAD,
                                                   np_build_select(x->b, NP_SELECT_ALL, NULL, 0)));
        struct np_rule *rule = np_build_rule(x->b, policy, (enum np_direction)d, action);
        struct np_match *match = np_build_alt(x->b, rule);
        if (match && action == NP_ACT_ALLOW) {
            match->relations = NP_REL_SELF;
        } else if (match) {
            match->service = gen_build_ports(x, &some);
        }
    }
}

struct np_model *gen_build(const struct netpol_ctx *ctx, const struct gen *g,
                           const struct gen_tweak *tweak)
{
    struct builder x = {
        .b = np_build_create(ctx), .g = g, .tweak = tweak, .order = {tweak->shuffle}};
    struct np_model *model = NULL;
    struct np_stage *workload[NP_DIRECTIONS];
    uint8_t order[GEN_POLICIES];
    if (!x.b) {
        return NULL;
    }
    *np_build_options(x.b) = g->options;
    gen_build_inventory(&x);
    gen_permute(&x, order, GEN_TIERS);
    for (int i = 0; i < GEN_TIERS; i++) {
        build_tier(&x, order[i]);
    }
    build_checkpoints(&x, workload);
    gen_permute(&x, order, g->n_policies);
    for (int i = 0; i < g->n_policies; i++) {
        build_policy(&x, order[i]);
    }
    if (tweak->top_deny) {
        extra_tier(&x, workload, "top", -1, NP_ACT_DENY);
    }
    if (tweak->pass_tier) {
        extra_tier(&x, workload, "pass", 0.5, NP_ACT_PASS);
    }
    if (tweak->self_first) {
        extra_tier(&x, workload, "self", -2, NP_ACT_ALLOW);
    }
    if (g->incomplete) {
        np_build_incomplete(x.b);
    }
    (void)np_build_seal(x.b, &model);
    np_build_destroy(x.b);
    return model;
}
