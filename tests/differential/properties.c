/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties that every verdict must have (lowering 6), on random models.
 *
 * Each property draws a set, builds it twice with one difference, and asks both the same questions:
 * of the reference, then of the matcher. usage: properties COUNT [SEED [COMPILED]]: so many sets
 * for the reference, and so many for the matcher (default: none). A failure prints the property,
 * the seed and the question; the same COUNT 1 and SEED show it again, with every walk.
 */
#include "differential/properties.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- sets ---- */

const struct gen_tweak as_drawn = {0};

struct built build(struct run *run, const struct gen_tweak *tweak)
{
    struct built b = {0};
    const char *why = "out of memory";
    if (run->matcher) {
        why = world_open(&b.world, run->ctx, &run->gen, tweak);
        b.model = why ? NULL : b.world.model;
    } else {
        b.model = b.owned = gen_build(run->ctx, &run->gen, tweak);
    }
    if (!b.model) {
        fprintf(stderr, "properties: %s: seed %llu: %s\n", run->property,
                (unsigned long long)run->seed, why);
        exit(1);
    }
    return b;
}

void unbuild(struct built *b)
{
    if (b->owned) {
        np_model_destroy(b->owned);
    }
    world_close(&b->world);
}

/* ---- questions ---- */

void draw(struct run *run, struct gen_question *q)
{
    enum { REQUESTS = 30 /* percent that stay: with one the matcher asks its model */ };
    gen_question_make(q, &run->random, run->features);
    q->asked = q->asked && (!run->matcher || gen_chance(&run->random, REQUESTS));
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

void ask_at(const struct run *run, const struct built *b, const struct gen_question *q,
            const struct gen_tweak *tweak, const struct netpol_point *point,
            struct netpol_verdict *out)
{
    static const struct np_trace show = {NULL, show_step};
    struct gen_question here = *q;
    struct netpol_tuple tuple;
    const struct netpol_request *request = gen_request(&here);
    const struct world *w = &b->world;
    const struct netpol_view *view = request ? w->view : w->opened_view;
    if (!run->matcher) {
        gen_ask(b->model, q, tweak, point, run->show ? &show : NULL, out);
        return;
    }
    gen_tuple(b->model, q, tweak, &tuple);
    if (point) {
        (void)netpol_eval_at(view, point, &tuple, request, request ? w->scratch : NULL, out);
    } else if (request) {
        (void)netpol_eval_request(view, &tuple, request, w->scratch, out);
    } else {
        (void)netpol_eval(view, &tuple, out);
    }
    out->generation = 0;
}

void ask(struct run *run, const struct built *b, const struct gen_question *q,
         const struct gen_tweak *tweak, struct netpol_verdict *out)
{
    ask_at(run, b, q, tweak, NULL, out);
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

bool same_whole(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return a->action == b->action && a->plane == b->plane && a->side == b->side &&
           a->missing == b->missing && same_part(&a->egress, &b->egress) &&
           same_part(&a->ingress, &b->ingress) && same_part(&a->mesh, &b->mesh);
}

bool same_action(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return a->action == b->action;
}

void compare(struct run *run, const struct gen_tweak *first, const struct gen_tweak *second,
             agreement *agrees)
{
    struct built a = build(run, first), b = build(run, second);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict va, vb;
        draw(run, &q);
        ask(run, &a, &q, first, &va);
        ask(run, &b, &q, second, &vb);
        if (!agrees(&va, &vb)) {
            fail(run, &q, &va, &vb);
        }
    }
    unbuild(&a);
    unbuild(&b);
}

/* ---- the table ---- */

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
    enum { BOTH, OF_REFERENCE, OF_MATCHER } who;
} properties[] = {
    {"2 load order",           ANY,                               load_order,          BOTH        },
    {"2 given twice",          ANY,                               given_twice,         BOTH        },
    {"3, 13, 21 completion",   GEN_PLAIN & ~GEN_STAGED,           completion,          BOTH        },
    {"5 split by point",       ANY & ~GEN_SHARED,                 split_by_point,      BOTH        },
    {"6 additive",             ENDS,                              additive,            BOTH        },
    {"6 permuted rank",        ENDS,                              permuted_rank,       BOTH        },
    {"6 moved past disjoint",  ENDS,                              moved_past_disjoint, BOTH        },
    {"7 deny on top",          ANY & ~GEN_MODES,                  deny_on_top,         BOTH        },
    {"7 without notes",        ANY,                               without_notes,       BOTH        },
    {"8 only pass",            ANY,                               only_pass,           BOTH        },
    {"9 staging",              ENDS | GEN_STAGED | GEN_LIST,      staging,             BOTH        },
    {"10 refined",             ANY,                               refined,             BOTH        },
    {"2.5 enumerated",         ENDS | GEN_ASK | GEN_LIST,         enumerated,          BOTH        },
    {"11 complement",          ENDS | GEN_HOST | GEN_OPAQUE,      complement,          OF_REFERENCE},
    {"11 complementary rules", (ENDS | GEN_OPAQUE) & ~GEN_SHARED, complementary_rules, BOTH        },
    {"12 in IPv6",             ANY & ~GEN_DUAL,                   in_six,              BOTH        },
    {"12 mapped",              ANY,                               mapped,              BOTH        },
    {"14 class invariance",    ANY & ~GEN_LIST,                   class_invariance,    OF_MATCHER  },
    {"16 node names",          ANY & ~GEN_HOST,                   node_names,          BOTH        },
    {"16 self",                GEN_WIDE | GEN_MODES,              self,                BOTH        },
    {"19 safe readings",       GEN_REQUEST | GEN_MESH,            safe_readings,       BOTH        },
    {"21 accounted",           ANY & ~(GEN_SHARED | GEN_OPTIONS), accounted,           BOTH        },
};

static unsigned try_property(struct netpol_ctx *ctx, size_t p, bool matcher, uint64_t count,
                             uint64_t seed)
{
    static struct run run;
    run = (struct run){.ctx = ctx,
                       .property = properties[p].name,
                       .features = properties[p].features,
                       .matcher = matcher,
                       .show = count == 1 && !matcher};
    for (uint64_t i = 0; i < count; i++) {
        run.seed = seed + i;
        run.random.state = run.seed * 1000003 + p;
        gen_make(&run.gen, run.seed, run.features);
        properties[p].run(&run);
    }
    printf("%-23s %-9s %8llu answers: %llu allow, %llu inspect, %llu unknown, %llu deny; "
           "%llu telling; %u wrong\n",
           run.property, matcher ? "matcher" : "reference", (unsigned long long)run.asked,
           (unsigned long long)run.actions[0], (unsigned long long)run.actions[1],
           (unsigned long long)run.actions[2], (unsigned long long)run.actions[3],
           (unsigned long long)run.bite, run.failures);
    return run.failures;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    uint64_t compiled = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    struct netpol_ctx *ctx = NULL;
    unsigned failures = 0;
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    for (size_t p = 0; p < sizeof properties / sizeof *properties; p++) {
        if (count && properties[p].who != OF_MATCHER) {
            failures += try_property(ctx, p, false, count, seed);
        }
        if (compiled && properties[p].who != OF_REFERENCE) {
            failures += try_property(ctx, p, true, compiled, seed);
        }
    }
    netpol_ctx_destroy(ctx);
    return failures ? 1 : 0;
}
