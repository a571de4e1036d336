/* SPDX-License-Identifier: Apache-2.0 */
/* Properties below the verdict: the walk against its enumeration, conditions against their
 * negation. */
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

/* 2.5 by enumeration: the outcome set is what some way of settling every MAYBE leads to. */
void enumerated(struct run *run)
{
    struct np_model *model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        gen_question_make(&q, &run->random, run->features);
        q.flags = 0;
        if (!resolve(model, &q, &hop)) {
            continue;
        }
        for (uint32_t c = 0; c < model->n_checkpoints; c++) {
            const struct np_checkpoint *checkpoint = model->checkpoints[c];
            struct oracle_answer answer;
            struct np_result result;
            oracle_ask(model, checkpoint, &hop, &answer);
            np_reference_checkpoint(model, checkpoint, &hop, NULL, &result);
            if (np_reference_applies(model, checkpoint, &hop) != NP_YES || !answer.known) {
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
    np_model_destroy(model);
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
    struct np_model *model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        gen_question_make(&q, &run->random, run->features);
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
            np_truth a =
                np_reference_match(model, &rule->alternatives[0], &hop, c, c->stages[0], &axis);
            np_truth b =
                np_reference_match(model, &rule->alternatives[1], &hop, c, c->stages[0], &axis);
            run->asked++;
            run->bite += np_is_maybe(a);
            if (!disjoint(a, b)) {
                struct netpol_verdict v = {.missing = a, .ingress.rule = n};
                struct netpol_verdict w = {.missing = b};
                fail(run, &q, &v, &w);
            }
        }
    }
    np_model_destroy(model);
}
