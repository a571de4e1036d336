/* SPDX-License-Identifier: Apache-2.0 */
/* Properties below the verdict: the walk against its enumeration, conditions against their
 * negation. */
#include "differential/generator_draw.h"
#include "differential/oracle.h"
#include "differential/properties.h"

static bool has_numbers(uint8_t protocol)
{
    static const uint8_t protocols[] = {1, 6, 17, 33, 58, 132};
    return memchr(protocols, protocol, sizeof protocols) != NULL;
}

bool resolve(const struct np_model *model, const struct gen_question *q, struct np_hop *hop)
{
    struct netpol_tuple t;
    uint32_t src_owners, dst_owners;
    gen_tuple(model, q, &as_drawn, &t);
    struct np_address src = {.family = t.flags & NETPOL_TUPLE_SRC_REF ? 0 : t.family};
    struct np_address dst = {.family = t.flags & NETPOL_TUPLE_DST_REF ? 0 : t.family};
    memcpy(src.bytes, t.src, sizeof src.bytes);
    memcpy(dst.bytes, t.dst, sizeof dst.bytes);
    bool icmp = t.protocol == 1 || t.protocol == 58;
    *hop =
        (struct np_hop){.protocol = t.protocol,
                        .has_ports = has_numbers(t.protocol),
                        .src_port = icmp ? 0 : t.src_port,
                        .dst_port = (uint16_t)(icmp ? t.icmp_type << 8 | t.icmp_code : t.dst_port)};
    const struct np_inventory *inventory = &model->inventory;
    bool known = np_inventory_end(inventory, &model->options, t.src_ref, &src, t.family, 0,
                                  &hop->src, &src_owners) &&
                 np_inventory_end(inventory, &model->options, t.dst_ref, &dst, t.family, 0,
                                  &hop->dst, &dst_owners);
    hop->family = t.family                  ? t.family
                  : hop->src.address.family ? hop->src.address.family
                                            : hop->dst.address.family;
    hop->original = hop->dst;
    hop->original_port = hop->dst_port;
    return known && src_owners == 1 && dst_owners == 1;
}

/* What the one who is asked says of one checkpoint. The matcher says a side: false where that is
 * more than this checkpoint. */
static bool result_of(const struct run *run, const struct built *b, const struct gen_question *q,
                      const struct np_hop *hop, const struct np_checkpoint *checkpoint,
                      struct np_result *out)
{
    bool alone = true;
    if (!run->matcher) {
        np_reference_checkpoint(b->model, checkpoint, hop, NULL, out);
        return true;
    }
    for (uint32_t c = 0; c < b->model->n_checkpoints; c++) {
        const struct np_checkpoint *other = b->model->checkpoints[c];
        alone = alone && (other == checkpoint || other->direction != checkpoint->direction);
    }
    struct netpol_verdict v;
    ask_at(run, b, q, &as_drawn, NULL, &v);
    const struct netpol_part *part = checkpoint->direction == NP_INGRESS ? &v.ingress : &v.egress;
    *out = (struct np_result){.action = part->action,
                              .may_allow = part->action != NETPOL_DENY,
                              .may_deny = part->action != NETPOL_ALLOW};
    return alone;
}

/* 2.5 by enumeration: the outcome set is what some way of settling every MAYBE leads to. */
void enumerated(struct run *run)
{
    struct built b = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        draw(run, &q);
        q.asked = false;
        q.flags = 0;
        if (!resolve(b.model, &q, &hop)) {
            continue;
        }
        for (uint32_t c = 0; c < b.model->n_checkpoints; c++) {
            const struct np_checkpoint *checkpoint = b.model->checkpoints[c];
            struct oracle_answer answer;
            struct np_result result;
            oracle_ask(b.model, checkpoint, &hop, &answer);
            if (np_reference_applies(b.model, checkpoint, &hop) != NP_YES || !answer.known ||
                !result_of(run, &b, &q, &hop, checkpoint, &result)) {
                continue;
            }
            run->asked++;
            run->actions[result.action]++;
            run->bite += answer.may_allow && answer.may_deny;
            if (answer.may_allow != result.may_allow || answer.may_deny != result.may_deny) {
                struct netpol_verdict v = {.action = result.action};
                struct netpol_verdict w = {.action = answer.may_deny ? NETPOL_DENY : NETPOL_ALLOW};
                fail(run, &q, &v, &w);
            }
        }
    }
    unbuild(&b);
}

static bool disjoint(np_truth a, np_truth b)
{
    return np_is_maybe(a) ? a == b : !np_is_maybe(b) && a != b;
}

/* 11. A literal and its negation, a service and its complement: exactly one holds. */
void complement(struct run *run)
{
    struct gen *g = &run->gen;
    for (int i = 0; i < g->n_policies;
         i++) { /* pairs: the second alternative is the first, turned */
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < GEN_RULES; k++) {
                struct gen_rule *r = &g->policies[i].rules[d][k];
                bool ports = gen_chance(&run->random, 50);
                struct gen_match one = {
                    .families = NP_FAMILY_ANY, .relations = NP_REL_ANY, .routes = NP_ROUTE_ANY};
                one.far = r->match[0].far;
                one.far.present = !ports;
                one.far.count = 1;
                one.far.items[0].except_bits = 0;
                one.service = r->match[0].service;
                one.service.present = ports;
                r->alts = 2;
                r->match[0] = r->match[1] = one;
                r->match[1].far.items[0].negative = !one.far.items[0].negative;
                r->match[1].service.complement = !one.service.complement;
            }
        }
    }
    struct built b = build(run, &as_drawn);
    const struct np_model *model = b.model;
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        draw(run, &q);
        if (!resolve(model, &q, &hop)) {
            continue;
        }
        hop.ports_unknown = q.flags & NETPOL_TUPLE_NO_PORTS && has_numbers(q.protocol);
        hop.has_ports = hop.has_ports && q.flags == 0;
        for (uint32_t n = 1; n < model->n_decisions; n++) {
            const struct np_rule *rule = model->decisions[n].rule;
            const struct np_checkpoint *c = model->decisions[n].checkpoint;
            const char *axis;
            if (!rule) {
                continue;
            }
            np_truth one =
                np_reference_match(model, &rule->alternatives[0], &hop, c, c->stages[0], &axis);
            np_truth two =
                np_reference_match(model, &rule->alternatives[1], &hop, c, c->stages[0], &axis);
            run->asked++;
            run->bite += np_is_maybe(one);
            if (!disjoint(one, two)) {
                struct netpol_verdict v = {.missing = one, .ingress.rule = n};
                struct netpol_verdict w = {.missing = two};
                fail(run, &q, &v, &w);
            }
        }
    }
    unbuild(&b);
}

/* One policy for all pods with one ALLOW, on one condition, and an end that denies. */
static void only_rule(struct gen *g, struct gen_random *r)
{
    bool ports = gen_chance(r, 50);
    struct gen_policy *p = &g->policies[0];
    struct gen_match one = p->rules[0][0].match[0];
    one.far = gen_draw_set(r, GEN_WIDE, NP_CHECK_WORKLOAD, 100);
    one.service = gen_draw_ports(r, GEN_WIDE, 100);
    *p = (struct gen_policy){
        .directions = 3, .isolates = 3, .n_rules = {1, 1}
    };
    p->subjects = (struct gen_set){.present = true, .all = true, .count = 1};
    p->subjects.items[0] = (struct gen_literal){
        .kind = NP_LIT_OBJECTS, .kinds = NP_OBJ_WORKLOAD, .shape = GEN_EVERYTHING};
    struct gen_match match = {
        .families = NP_FAMILY_ANY, .relations = NP_REL_ANY, .routes = NP_ROUTE_ANY};
    match.far = one.far;
    match.far.present = !ports;
    match.far.count = 1;
    match.far.items[0].except_bits = 0;
    match.service = one.service;
    match.service.present = ports;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->rules[d][0] = (struct gen_rule){.action = NP_ACT_ALLOW, .alts = 1, .match = {match}};
    }
    g->n_policies = 1;
    for (int t = 0; t < GEN_TIERS; t++) {
        g->tiers[t].end = t == 0 ? NP_END_DENY : NP_END_PASS;
        g->tiers[t].end_if = NP_ALWAYS;
    }
}

/* 11. Of a rule and its complement exactly one allows, or neither can be told. */
void complementary_rules(struct run *run)
{
    only_rule(&run->gen, &run->random);
    struct built a = build(run, &as_drawn);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        struct gen_match *match = &run->gen.policies[0].rules[d][0].match[0];
        match->far.items[0].negative = !match->far.items[0].negative;
        match->service.complement = !match->service.complement;
    }
    struct built b = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict va, vb;
        draw(run, &q);
        q.asked = false;
        ask(run, &a, &q, &as_drawn, &va);
        ask(run, &b, &q, &as_drawn, &vb);
        const struct netpol_part *ones[] = {&va.egress, &va.ingress};
        const struct netpol_part *twos[] = {&vb.egress, &vb.ingress};
        for (int p = 0; p < 2; p++) {
            const struct netpol_part *x = ones[p], *y = twos[p];
            bool judged = x->flags & NETPOL_PART_JUDGED && x->reason != NETPOL_REASON_INVALID;
            bool apart = (x->action == NETPOL_ALLOW && y->action == NETPOL_DENY) ||
                         (x->action == NETPOL_DENY && y->action == NETPOL_ALLOW);
            run->bite += judged && apart;
            if (judged && !apart && (x->action != NETPOL_UNKNOWN || y->action != NETPOL_UNKNOWN)) {
                fail(run, &q, &va, &vb);
            }
        }
    }
    unbuild(&a);
    unbuild(&b);
}
