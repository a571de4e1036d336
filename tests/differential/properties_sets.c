/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of policy sets: order, repetition, tiers, ranks, staging. */
#include "differential/properties.h"

/* 2. Load order changes nothing, not even a number; names that keep their order, neither. */
void load_order(struct run *run)
{
    struct gen_tweak other = {.shuffle = gen_next(&run->random) | 1, .rename = true};
    compare(run, &as_drawn, &other, same_whole);
}

/* 2. Giving every condition twice changes nothing. */
void given_twice(struct run *run)
{
    struct gen_tweak other = {.twice = true};
    compare(run, &as_drawn, &other, same_whole);
}

/* 5. The whole is the combination of its enforcement points. */
void split_by_point(struct run *run)
{
    static const struct netpol_point points[] = {
        {.plane = NETPOL_PLANE_NETWORK, .side = NETPOL_SIDE_EGRESS},
        {.plane = NETPOL_PLANE_NETWORK,                             .side = NETPOL_SIDE_INGRESS},
        {.plane = NETPOL_PLANE_MESH},
    };
    /* what a rule does to the request is carried by the request, not by a point */
    for (int i = 0; i < run->gen.n_policies; i++) {
        for (int k = 0; k < NP_DIRECTIONS * GEN_RULES; k++) {
            run->gen.policies[i].rules[k % NP_DIRECTIONS][k / NP_DIRECTIONS].effect = false;
        }
    }
    struct built model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict whole, parts[3], joined;
        draw(run, &q);
        ask(run, &model, &q, &as_drawn, &whole);
        for (int p = 0; p < 3; p++) {
            ask_at(run, &model, &q, &as_drawn, &points[p], &parts[p]);
        }
        np_reference_combine(parts, 3, &joined);
        if (joined.action != whole.action || joined.missing != whole.missing) {
            fail(run, &q, &whole, &joined);
        }
    }
    unbuild(&model);
}

static bool no_new_deny(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return !(a->action == NETPOL_ALLOW && b->action != NETPOL_ALLOW);
}

/* 6. In a NetworkPolicy tier one more ALLOW of a policy never takes an allow away. */
void additive(struct run *run)
{
    struct gen *g = &run->gen;
    for (int t = 0; t < GEN_TIERS; t++) {
        g->tiers[t].rank_order = NP_BY_VERDICT;
        g->tiers[t].end = t == 0 ? NP_END_DENY : NP_END_PASS;
        g->tiers[t].end_if = NP_TIER_ISOLATED;
    }
    for (int i = 0; i < g->n_policies; i++) {
        struct gen_policy *p = &g->policies[i];
        p->tier = 0;
        p->order = 0;
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < GEN_RULES; k++) {
                p->rules[d][k].action = NP_ACT_ALLOW;
                p->rules[d][k].rank = 0;
            }
        }
    }
    struct gen_tweak more = {.add_allow = true};
    compare(run, &as_drawn, &more, no_new_deny);
}

/* 6. Permuting the rules of a rank changes no verdict: other names, another order. */
void permuted_rank(struct run *run)
{
    struct gen swapped = run->gen;
    struct gen *g = &run->gen;
    for (int t = 0; t < GEN_TIERS; t++) {
        g->tiers[t].rank_order = NP_BY_VERDICT;
    }
    swapped = *g;
    for (int i = 0; i < g->n_policies; i++) {
        struct gen_policy *p = &swapped.policies[i];
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < p->n_rules[d]; k++) {
                p->rules[d][k] = g->policies[i].rules[d][p->n_rules[d] - 1 - k];
            }
        }
    }
    struct built a = build(run, &as_drawn);
    run->gen = swapped;
    struct built b = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict va, vb;
        draw(run, &q);
        ask(run, &a, &q, &as_drawn, &va);
        ask(run, &b, &q, &as_drawn, &vb);
        if (!same_action(&va, &vb)) {
            fail(run, &q, &va, &vb);
        }
    }
    unbuild(&a);
    unbuild(&b);
}

/* 6. In a LISTED tier neighbours that no traffic can both match may change places. */
void moved_past_disjoint(struct run *run)
{
    struct gen *g = &run->gen;
    for (int t = 0; t < GEN_TIERS; t++) {
        g->tiers[t].rank_order = NP_LISTED;
    }
    for (int i = 0; i < g->n_policies; i++) {
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < GEN_RULES; k++) {
                struct gen_rule *r = &g->policies[i].rules[d][k];
                for (int a = 0; a < GEN_ALTS; a++) {
                    static const int16_t protocols[GEN_RULES] = {6, 17, 1, 132};
                    r->match[a].service =
                        (struct gen_ports){.present = true,
                                           .count = 1,
                                           .spans = {{protocols[k], true, true, 0, UINT16_MAX}}};
                    r->match[a].names.present = false;
                }
            }
        }
    }
    permuted_rank(run);
}

static bool no_new_allow(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return !(b->action == NETPOL_ALLOW && a->action != NETPOL_ALLOW);
}

/* 7. A DENY on top gives nobody anything. */
void deny_on_top(struct run *run)
{
    struct gen_tweak more = {.top_deny = true};
    compare(run, &as_drawn, &more, no_new_allow);
}

/* 7. Notes decide nothing. */
void without_notes(struct run *run)
{
    struct gen_tweak less = {.no_notes = true};
    compare(run, &as_drawn, &less, same_action);
}

/* 8. A tier with only PASS rules that isolates nobody is no tier. */
void only_pass(struct run *run)
{
    struct gen_tweak more = {.pass_tier = true};
    compare(run, &as_drawn, &more, same_action);
}

/* 9. The second walk is the first of the set with staged policies enforced. */
void staging(struct run *run)
{
    struct gen_tweak promoted = {.promote = true};
    struct built staged = build(run, &as_drawn);
    struct built enforced = build(run, &promoted);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        struct netpol_verdict now, both, pending, then;
        draw(run, &q);
        q.asked = false;
        q.flags = 0;
        ask(run, &staged, &q, &as_drawn, &now);
        ask(run, &enforced, &q, &promoted, &then);
        if (!resolve(staged.model, &q, &hop)) {
            continue;
        }
        np_reference_pending(staged.model, &hop, NULL, NULL, &pending);
        np_reference_hop(staged.model, &hop, NULL, NULL, &both);
        bool would = (now.egress.flags | now.ingress.flags) & NETPOL_PART_WOULD_DENY;
        bool said = now.egress.staged || now.ingress.staged;
        run->bite += said;
        if (pending.action != then.action || pending.egress.action != then.egress.action ||
            pending.ingress.action != then.ingress.action || pending.missing != then.missing ||
            (now.action != then.action && !said) ||
            netpol_verdict_pending(&both) != pending.action ||
            netpol_part_pending(&both.egress) != pending.egress.action ||
            netpol_part_pending(&both.ingress) != pending.ingress.action ||
            netpol_part_pending(&both.mesh) != pending.mesh.action ||
            (now.action != NETPOL_DENY && then.action == NETPOL_DENY && !would)) {
            fail(run, &q, &pending, &then);
        }
    }
    unbuild(&staged);
    unbuild(&enforced);
}
