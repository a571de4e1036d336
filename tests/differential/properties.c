/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties that every verdict of the reference must have, on random models.
 *
 * Each property draws a set, builds it twice with one difference, and asks both the same questions.
 * usage: properties COUNT [SEED]. A failure prints the property, the seed and the question; the
 * same COUNT 1 and SEED show it again, with every walk.
 */
#include "differential/properties.h"

#include <stdio.h>
#include <stdlib.h>

struct np_model *build(const struct run *run, const struct gen_tweak *tweak)
{
    struct np_model *model = gen_build(run->ctx, &run->gen, tweak);
    if (!model) {
        fprintf(stderr, "properties: out of memory\n");
        exit(1);
    }
    return model;
}

/* One line a step, when a single set is looked at. */
static void show_step(void *user, const struct np_trace_step *s)
{
    static const char *const kinds[] = {"checkpoint",   "  stage",      "    tier",
                                        "      policy", "        rule", "    end of tier",
                                        "  decision",   "        note"};
    const struct np_rule *rule = s->rule;
    (void)user;
    printf("  %s %s%s number %u action %d truth %x%s axis %s", kinds[s->kind],
           s->checkpoint->name->text, s->checkpoint->direction == NP_EGRESS ? " out" : " in",
           rule        ? rule->number
           : s->policy ? s->policy->end_number[s->checkpoint->direction]
                       : 0,
           rule ? rule->action : -1, s->truth, s->reached ? "" : " (not reached)",
           s->axis ? s->axis : "-");
    if (s->result) {
        printf(" -> %d by %u", s->result->action, s->result->decision);
    }
    printf("\n");
}

static void ask(struct run *run, const struct np_model *model, const struct gen_question *q,
                const struct gen_tweak *tweak, struct netpol_verdict *out)
{
    static const struct np_trace show = {NULL, show_step};
    gen_ask(model, q, tweak, NULL, run->show ? &show : NULL, out);
    run->asked++;
    run->actions[out->action]++;
}

void fail(struct run *run, const struct gen_question *q, const struct netpol_verdict *a,
          const struct netpol_verdict *b)
{
    static const char *const names[] = {"allow", "inspect", "unknown", "deny"};
    if (++run->failures > 5) {
        return;
    }
    printf("%s: seed %llu: %u -> %u protocol %u port %u flags %u request %d by_address %d: "
           "%s (%u %u %u) missing %x, then %s (%u %u %u) missing %x\n",
           run->property, (unsigned long long)run->seed, q->src, q->dst, q->protocol, q->port,
           q->flags, q->asked, q->by_address, names[a->action], a->egress.rule, a->ingress.rule,
           a->mesh.rule, a->missing, names[b->action], b->egress.rule, b->ingress.rule,
           b->mesh.rule, b->missing);
}

static bool same_part(const struct netpol_part *a, const struct netpol_part *b)
{
    return a->action == b->action && a->reason == b->reason && a->rule == b->rule &&
           a->staged == b->staged && a->flags == b->flags;
}

static bool same_whole(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return a->action == b->action && a->plane == b->plane && a->side == b->side &&
           a->missing == b->missing && same_part(&a->egress, &b->egress) &&
           same_part(&a->ingress, &b->ingress) && same_part(&a->mesh, &b->mesh);
}

static bool same_action(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return a->action == b->action;
}

/* Asks both builds the same questions; `agrees` says what must hold. */
static void compare(struct run *run, const struct gen_tweak *first, const struct gen_tweak *second,
                    bool (*agrees)(const struct netpol_verdict *, const struct netpol_verdict *))
{
    struct np_model *a = build(run, first);
    struct np_model *b = build(run, second);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict va, vb;
        gen_question_make(&q, &run->random, run->features);
        ask(run, a, &q, first, &va);
        ask(run, b, &q, second, &vb);
        if (!agrees(&va, &vb)) {
            fail(run, &q, &va, &vb);
        }
    }
    np_model_destroy(a);
    np_model_destroy(b);
}

const struct gen_tweak as_drawn = {0};

/* 2. Load order changes nothing, not even a number; names that keep their order, neither. */
static void load_order(struct run *run)
{
    struct gen_tweak other = {.shuffle = gen_next(&run->random) | 1, .rename = true};
    compare(run, &as_drawn, &other, same_whole);
}

/* 2. Giving every condition twice changes nothing. */
static void given_twice(struct run *run)
{
    struct gen_tweak other = {.twice = true};
    compare(run, &as_drawn, &other, same_whole);
}

/* 3, 13. What is certain stays so when everything else is filled in at random. */
static void completion(struct run *run)
{
    struct gen_tweak full = {.complete = true, .learn = true, .resolve = 1};
    full.resolve += (int)gen_below(&run->random, 2);
    /* where the mode says nothing, the listener follows the question by definition (lowering 4.5)
     */
    run->gen.mesh_mode = (uint8_t)(1 + run->gen.mesh_mode % NETPOL_MESH_ZTUNNEL);
    struct np_model *open = build(run, &as_drawn);
    struct np_model *closed = build(run, &full);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict before, after;
        gen_question_make(&q, &run->random, run->features);
        ask(run, open, &q, &as_drawn, &before);
        gen_question_complete(&q, &run->random);
        ask(run, closed, &q, &full, &after);
        bool certain = before.action == NETPOL_ALLOW || before.action == NETPOL_DENY;
        run->bite += !certain;
        if (certain && after.action != before.action) {
            fail(run, &q, &before, &after);
        }
        if (after.action == NETPOL_UNKNOWN) { /* 21: nothing is missing any more */
            fail(run, &q, &before, &after);
        }
    }
    np_model_destroy(open);
    np_model_destroy(closed);
}

/* 5. The whole is the combination of its enforcement points. */
static void split_by_point(struct run *run)
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
    struct np_model *model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict whole, parts[3], joined;
        gen_question_make(&q, &run->random, run->features);
        ask(run, model, &q, &as_drawn, &whole);
        for (int p = 0; p < 3; p++) {
            gen_ask(model, &q, &as_drawn, &points[p], NULL, &parts[p]);
        }
        np_reference_combine(parts, 3, &joined);
        if (joined.action != whole.action || joined.missing != whole.missing) {
            fail(run, &q, &whole, &joined);
        }
    }
    np_model_destroy(model);
}

static bool no_new_deny(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return !(a->action == NETPOL_ALLOW && b->action != NETPOL_ALLOW);
}

/* 6. In a NetworkPolicy tier one more ALLOW of a policy never takes an allow away. */
static void additive(struct run *run)
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
static void permuted_rank(struct run *run)
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
    struct np_model *a = build(run, &as_drawn);
    struct np_model *b = gen_build(run->ctx, &swapped, &as_drawn);
    for (int i = 0; b && i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict va, vb;
        gen_question_make(&q, &run->random, run->features);
        ask(run, a, &q, &as_drawn, &va);
        ask(run, b, &q, &as_drawn, &vb);
        if (!same_action(&va, &vb)) {
            fail(run, &q, &va, &vb);
        }
    }
    np_model_destroy(a);
    np_model_destroy(b);
}

/* 6. In a LISTED tier neighbours that no traffic can both match may change places. */
static void moved_past_disjoint(struct run *run)
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
static void deny_on_top(struct run *run)
{
    struct gen_tweak more = {.top_deny = true};
    compare(run, &as_drawn, &more, no_new_allow);
}

/* 7. Notes decide nothing. */
static void without_notes(struct run *run)
{
    struct gen_tweak less = {.no_notes = true};
    compare(run, &as_drawn, &less, same_action);
}

/* 8. A tier with only PASS rules that isolates nobody is no tier. */
static void only_pass(struct run *run)
{
    struct gen_tweak more = {.pass_tier = true};
    compare(run, &as_drawn, &more, same_action);
}

/* 9. The second walk is the first of the set with staged policies enforced. */
static void staging(struct run *run)
{
    struct gen_tweak promoted = {.promote = true};
    struct np_model *staged = build(run, &as_drawn);
    struct np_model *enforced = build(run, &promoted);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct np_hop hop;
        struct netpol_verdict now, pending, then;
        gen_question_make(&q, &run->random, run->features);
        q.asked = false;
        q.flags = 0;
        ask(run, staged, &q, &as_drawn, &now);
        ask(run, enforced, &q, &promoted, &then);
        if (!resolve(staged, &q, &hop)) {
            continue;
        }
        np_reference_pending(staged, &hop, NULL, &pending);
        bool would = (now.egress.flags | now.ingress.flags) & NETPOL_PART_WOULD_DENY;
        bool said = now.egress.staged || now.ingress.staged;
        run->bite += said;
        if (pending.action != then.action || pending.egress.action != then.egress.action ||
            pending.ingress.action != then.ingress.action || pending.missing != then.missing ||
            (now.action != then.action && !said) ||
            (now.action != NETPOL_DENY && then.action == NETPOL_DENY && !would)) {
            fail(run, &q, &pending, &then);
        }
    }
    np_model_destroy(staged);
    np_model_destroy(enforced);
}

/* 10. Prefixes, port ranges and rules may be given in pieces. */
static void refined(struct run *run)
{
    struct gen *g = &run->gen;
    for (int i = 0; i < g->n_policies; i++) { /* authentication looks at specificity */
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < GEN_RULES; k++) {
                g->policies[i].rules[d][k].auth_mode = 0;
                g->policies[i].rules[d][k].auth_explicit = false;
            }
        }
    }
    struct gen_tweak pieces = {.split = true};
    compare(run, &as_drawn, &pieces, same_action);
}

/* 12. The same in IPv6; and IPv4 named by its mapped address. */
static void in_six(struct run *run)
{
    struct gen_tweak six = {.six = true};
    compare(run, &as_drawn, &six, same_whole);
}

static void mapped(struct run *run)
{
    run->gen.options.mapped_v6 = 0;
    struct np_model *model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict plain, as_mapped;
        gen_question_make(&q, &run->random, run->features);
        ask(run, model, &q, &as_drawn, &plain);
        q.mapped = true;
        ask(run, model, &q, &as_drawn, &as_mapped);
        if (!same_whole(&plain, &as_mapped)) {
            fail(run, &q, &plain, &as_mapped);
        }
    }
    np_model_destroy(model);
}

/* 16. What the nodes are called does not matter. */
static void node_names(struct run *run)
{
    struct gen_tweak swapped = {.swap_nodes = true};
    compare(run, &as_drawn, &swapped, same_whole);
}

/* 16. A pod reaches itself whatever its labels, when that is allowed first; nobody else gains. */
static void self(struct run *run)
{
    struct gen_tweak first = {.self_first = true};
    struct np_model *model = build(run, &as_drawn);
    struct np_model *with = build(run, &first);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict plain, allowed;
        gen_question_make(&q, &run->random, run->features);
        q.asked = false;
        if (i % 2 == 0) {
            q.dst = q.src;
        }
        ask(run, model, &q, &as_drawn, &plain);
        ask(run, with, &q, &first, &allowed);
        bool itself = q.src == q.dst && gen_end_is_pod(&run->gen, q.src);
        if (itself ? allowed.action != NETPOL_ALLOW : allowed.action != plain.action) {
            fail(run, &q, &plain, &allowed);
        }
    }
    np_model_destroy(model);
    np_model_destroy(with);
}

/* 21. Every refusal says what refused. */
static void accounted(struct run *run)
{
    struct np_model *model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict v;
        gen_question_make(&q, &run->random, run->features);
        ask(run, model, &q, &as_drawn, &v);
        const struct netpol_part *parts[] = {&v.egress, &v.ingress, &v.mesh};
        for (int p = 0; p < 3; p++) {
            bool named = parts[p]->rule > 0 && parts[p]->rule < model->n_decisions &&
                         model->decisions[parts[p]->rule].checkpoint;
            if (parts[p]->action != NETPOL_ALLOW && !named) {
                fail(run, &q, &v, &v);
            }
        }
        bool says_why = v.missing || v.egress.reason == NETPOL_REASON_EXTERNAL ||
                        v.ingress.reason == NETPOL_REASON_EXTERNAL ||
                        v.mesh.reason == NETPOL_REASON_EXTERNAL;
        if ((v.action == NETPOL_UNKNOWN && !says_why) ||
            (v.action != NETPOL_UNKNOWN && v.missing)) {
            fail(run, &q, &v, &v);
        }
    }
    np_model_destroy(model);
}

/* 19. What `safe` allows, the other readings of headers allow as well. */
static void safe_readings(struct run *run)
{
    struct np_model *models[3];
    for (uint8_t i = 0; i < 3; i++) {
        run->gen.options.header_reading = i;
        models[i] = build(run, &as_drawn);
    }
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict joined, each, safe;
        gen_question_make(&q, &run->random, run->features);
        ask(run, models[0], &q, &as_drawn, &joined);
        ask(run, models[1], &q, &as_drawn, &each);
        ask(run, models[2], &q, &as_drawn, &safe);
        run->bite += joined.action != each.action;
        if (safe.action == NETPOL_ALLOW &&
            (joined.action != NETPOL_ALLOW || each.action != NETPOL_ALLOW)) {
            fail(run, &q, &safe, joined.action == NETPOL_ALLOW ? &each : &joined);
        }
    }
    for (int i = 0; i < 3; i++) {
        np_model_destroy(models[i]);
    }
}

enum {
    ANY = GEN_ALL & ~GEN_CROWD,
    /* conditions on ends and ports, no requests */
    ENDS =
        GEN_MISSING | GEN_WIDE | GEN_DUAL | GEN_SERVICES | GEN_HOST_NET | GEN_SHARED | GEN_OPTIONS
};
static const struct property {
    const char *name;
    unsigned features;
    void (*run)(struct run *run);
} properties[] = {
    {"2 load order",          ANY,                               load_order         },
    {"2 given twice",         ANY,                               given_twice        },
    {"3, 13, 21 completion",  GEN_PLAIN & ~GEN_STAGED,           completion         },
    {"5 split by point",      ANY & ~GEN_SHARED,                 split_by_point     },
    {"6 additive",            ENDS,                              additive           },
    {"6 permuted rank",       ENDS,                              permuted_rank      },
    {"6 moved past disjoint", ENDS,                              moved_past_disjoint},
    {"7 deny on top",         ANY & ~GEN_MODES,                  deny_on_top        },
    {"7 without notes",       ANY,                               without_notes      },
    {"8 only pass",           ANY,                               only_pass          },
    {"9 staging",             ENDS | GEN_STAGED | GEN_LIST,      staging            },
    {"10 refined",            ANY,                               refined            },
    {"2.5 enumerated",        ENDS | GEN_ASK | GEN_LIST,         enumerated         },
    {"11 complement",         ENDS | GEN_HOST | GEN_OPAQUE,      complement         },
    {"12 in IPv6",            ANY & ~GEN_DUAL,                   in_six             },
    {"12 mapped",             ANY,                               mapped             },
    {"16 node names",         ANY & ~GEN_HOST,                   node_names         },
    {"16 self",               GEN_WIDE | GEN_MODES,              self               },
    {"19 safe readings",      GEN_REQUEST | GEN_MESH,            safe_readings      },
    {"21 accounted",          ANY & ~(GEN_SHARED | GEN_OPTIONS), accounted          },
};

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct netpol_ctx *ctx = NULL;
    unsigned failures = 0;
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    for (size_t p = 0; p < sizeof properties / sizeof *properties; p++) {
        struct run run = {.ctx = ctx,
                          .property = properties[p].name,
                          .features = properties[p].features,
                          .show = count == 1};
        for (uint64_t i = 0; i < count; i++) {
            run.seed = seed + i;
            run.random.state = run.seed * 1000003 + p;
            gen_make(&run.gen, run.seed, properties[p].features);
            properties[p].run(&run);
        }
        printf(
            "%-24s %8llu answers: %llu allow, %llu inspect, %llu unknown, %llu deny; %llu telling; %u wrong\n",
            run.property, (unsigned long long)run.asked, (unsigned long long)run.actions[0],
            (unsigned long long)run.actions[1], (unsigned long long)run.actions[2],
            (unsigned long long)run.actions[3], (unsigned long long)run.bite, run.failures);
        failures += run.failures;
    }
    netpol_ctx_destroy(ctx);
    return failures ? 1 : 0;
}
