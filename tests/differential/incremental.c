/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles from the matcher before, against the reference.
 *
 * usage: incremental SETS [SEED [TUPLES]]. Of each random set some policies are left out, the rest
 * is compiled from nothing. Then, step by step, policies go, come back, and come back changed (a
 * rule less, other ports, another action); each step is compiled from the last. Every step must say
 * what the reference says of its model, whole and side by side, in every engine; and so must the
 * matchers of earlier steps, which share memory with it.
 */
#include "compile/matcher.h"
#include "compile/plan.h"
#include "differential/boundaries.h"
#include "differential/engines.h"
#include "differential/show.h"

#include <stdlib.h>

enum { STEPS = 6, MOST_POLICIES = 512 };

struct row { /* of compiles */
    struct netpol_ctx *ctx;
    struct gen_random random;
    const struct np_model *pool; /* with all policies */
    const struct np_policy *policies[MOST_POLICIES];
    size_t n_policies;
    struct world worlds[STEPS + 1];
    unsigned n_worlds;
    uint64_t updated, outgrown, tuples;
};

static bool same_name(const struct np_policy *a, const struct np_policy *b)
{
    return a->tier->name == b->tier->name && a->kind == b->kind && a->name == b->name &&
           a->namespace_name == b->namespace_name && a->part == b->part;
}

/* Which of the pool are taken; a policy is known by its maker. */
static bool is_marked(void *user, const struct np_policy *policy)
{
    const struct row *r = user;
    for (size_t i = 0; i < r->n_policies; i++) {
        if (r->policies[i] == policy || same_name(r->policies[i], policy)) {
            return true;
        }
    }
    return false;
}

static bool not_marked(void *user, const struct np_policy *policy)
{
    return !is_marked(user, policy);
}

static struct np_tier *find_tier(struct np_build *b, const struct np_policy *policy)
{
    return np_build_find_tier(b, policy->tier->name->text);
}

static const struct np_service *any_service(struct row *r)
{
    const struct np_decision *decisions = r->pool->decisions;
    for (int tries = 0; tries < 32; tries++) {
        const struct np_rule *rule = decisions[gen_below(&r->random, r->pool->n_decisions)].rule;
        if (rule && rule->n_alternatives) {
            return rule->alternatives[0].service;
        }
    }
    return NULL;
}

static void change_rule(struct row *r, struct np_rule *rule)
{
    if (rule->n_alternatives && gen_chance(&r->random, 30)) {
        struct np_match *match = (struct np_match *)(uintptr_t)&rule->alternatives[0];
        match->service = any_service(r);
    }
    if (gen_chance(&r->random, 20) &&
        (rule->action == NP_ACT_ALLOW || rule->action == NP_ACT_DENY)) {
        rule->action = rule->action == NP_ACT_ALLOW ? NP_ACT_DENY : NP_ACT_ALLOW;
    }
}

/* The policy again, perhaps not quite. */
static void copy_policy(struct row *r, struct np_build *b, const struct np_policy *from, bool alter)
{
    struct np_policy *to =
        np_build_policy(b, find_tier(b, from), from->kind->text, from->namespace_name, from->name);
    if (!to) {
        return;
    }
    to->part = from->part;
    to->order = from->order;
    to->tie = from->tie;
    to->state = from->state;
    to->synthetic = from->synthetic;
    to->origin = from->origin;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        to->subjects[d] = from->subjects[d];
        to->isolates[d] = from->isolates[d];
        for (uint32_t i = 0; i < from->n_rules[d]; i++) {
            if (alter && gen_chance(&r->random, 25)) {
                continue;
            }
            struct np_rule *rule = np_build_rule(b, to, (enum np_direction)d, NP_ACT_ALLOW);
            if (!rule) {
                return;
            }
            uint32_t index = rule->index;
            *rule = from->rules[d][i];
            rule->index = index;
            rule->number = rule->place = rule->n_alternatives = 0;
            rule->alternatives = NULL;
            rule->policy = to;
            for (uint32_t a = 0; a < from->rules[d][i].n_alternatives; a++) {
                struct np_match *match = np_build_alt(b, rule);
                if (match) {
                    *match = from->rules[d][i].alternatives[a];
                }
            }
            if (alter) {
                change_rule(r, rule);
            }
        }
    }
}

/* ---- steps ---- */

static const struct np_model *model_of(const struct row *r)
{
    return r->worlds[r->n_worlds - 1].model;
}

/* Draws some of the pool: what goes, and what comes. */
static void mark_some(struct row *r, unsigned percent)
{
    r->n_policies = 0;
    for (uint32_t i = 1; i < r->pool->n_decisions; i++) {
        const struct np_policy *policy = r->pool->decisions[i].policy;
        bool known = !policy || is_marked(r, policy) || r->n_policies == MOST_POLICIES;
        if (!known && gen_chance(&r->random, percent)) {
            r->policies[r->n_policies++] = policy;
        }
    }
}

static bool in_model(const struct np_model *model, const struct np_policy *policy)
{
    for (uint32_t i = 1; i < model->n_decisions; i++) {
        if (model->decisions[i].policy && same_name(model->decisions[i].policy, policy)) {
            return true;
        }
    }
    return false;
}

/* NULL: the step would be more than policies. */
static struct np_model *next_model(struct row *r, struct np_plan_change *change,
                                   const struct np_policy **dropped, const struct np_policy **added)
{
    const struct np_model *model = model_of(r);
    struct np_model *out = NULL;
    bool comes[MOST_POLICIES];
    for (size_t i = 0; i < r->n_policies; i++) {
        comes[i] = !in_model(model, r->policies[i]) || gen_chance(&r->random, 60);
    }
    struct np_build *b = np_build_upon(model, not_marked, r);
    for (size_t i = 0; b && i < r->n_policies; i++) {
        if (comes[i]) {
            copy_policy(r, b, r->policies[i], gen_chance(&r->random, 70));
        }
    }
    if (b && !np_build_outgrown(b)) {
        size_t count = 0, cursor = 0;
        const struct np_policy *const *old = np_build_dropped(b, &count);
        *change = (struct np_plan_change){.dropped = dropped, .added = added};
        for (; change->n_dropped < count && change->n_dropped < MOST_POLICIES;
             change->n_dropped++) {
            dropped[change->n_dropped] = old[change->n_dropped];
        }
        while ((added[change->n_added] = np_build_added(b, &cursor)) != NULL) {
            change->n_added++;
        }
        (void)np_build_seal(b, &out);
    }
    np_build_destroy(b);
    return out;
}

static bool open_world(struct row *r, struct netpol_matcher *matcher)
{
    const char *why = world_of(&r->worlds[r->n_worlds], r->ctx, matcher);
    r->n_worlds++;
    if (why) {
        printf("%s\n", why);
    }
    return !why;
}

/* Nothing more to do is no failure. */
static bool step(struct row *r)
{
    static const struct np_policy *dropped[MOST_POLICIES], *added[MOST_POLICIES + 1];
    struct np_plan_change change;
    struct netpol_matcher *matcher = NULL;
    bool outgrown = false;
    mark_some(r, 5 + gen_below(&r->random, 30));
    struct np_model *model = next_model(r, &change, dropped, added);
    if (!model) {
        return true;
    }
    int status = np_compile_model_upon(r->worlds[r->n_worlds - 1].compiled, model, &change,
                                       &matcher, &outgrown);
    r->updated += !outgrown;
    r->outgrown += outgrown;
    if (status == NETPOL_OK && outgrown) {
        status = np_compile_model(r->ctx, model, &matcher);
    }
    if (status != NETPOL_OK) {
        np_model_destroy(model);
        printf("a step: %s\n", netpol_status_text(status));
        return false;
    }
    return open_world(r, matcher);
}

/* The first model: half of the policies, compiled as if there never were more. */
static bool first(struct row *r)
{
    struct np_model *model = NULL;
    struct netpol_matcher *matcher = NULL;
    mark_some(r, 50);
    struct np_build *b = np_build_upon(r->pool, not_marked, r);
    int status = b ? np_build_seal(b, &model) : NETPOL_ERR_MEMORY;
    np_build_destroy(b);
    status = status == NETPOL_OK ? np_compile_model(r->ctx, model, &matcher) : status;
    if (status != NETPOL_OK) {
        np_model_destroy(model);
        printf("the first: %s\n", netpol_status_text(status));
        return false;
    }
    return open_world(r, matcher);
}

static bool agrees(struct row *r, const struct world *w, unsigned count)
{
    static struct boundaries b;
    static struct netpol_tuple tuples[WORLD_TUPLES];
    struct difference d;
    boundaries_of(w->model, &b);
    for (unsigned i = 0; i < count; i++) {
        boundaries_draw(&b, &r->random, &tuples[i]);
    }
    r->tuples += count;
    if (world_agrees(w, tuples, count, NULL, NULL, &d)) {
        return true;
    }
    show_model(stdout, w->model);
    show_tuple(stdout, &d.tuple);
    printf("reference: ");
    show_verdict(stdout, &d.expected);
    printf("%s: ", d.engine);
    show_verdict(stdout, &d.got);
    return false;
}

static bool try_set(struct row *r, uint64_t seed, unsigned tuples)
{
    static struct gen g;
    static const struct gen_tweak as_drawn = {0};
    /* where hosts judge or a list is imported, nothing is updated */
    unsigned features = seed % 8 ? GEN_ALL & ~(unsigned)(GEN_HOST | GEN_LIST) : GEN_ALL;
    gen_make(&g, seed, features);
    struct np_model *pool = gen_build(r->ctx, &g, &as_drawn);
    r->random = (struct gen_random){seed * 7919 + 1};
    r->pool = pool;
    r->n_worlds = 0;
    bool fine = pool && first(r);
    for (int i = 0; i < STEPS && fine; i++) {
        fine = step(r) && agrees(r, &r->worlds[r->n_worlds - 1], tuples);
    }
    np_model_destroy(pool);
    for (unsigned i = 0; i < r->n_worlds; i++) { /* also when those they come from are gone */
        fine = fine && agrees(r, &r->worlds[i], tuples / 4 + 1);
        world_close(&r->worlds[i]);
    }
    if (!fine) {
        printf("seed %llu, step %u\n", (unsigned long long)seed, r->n_worlds - 1);
    }
    return fine;
}

int main(int argc, char **argv)
{
    static struct row r;
    uint64_t sets = argc > 1 ? strtoull(argv[1], NULL, 10) : 100;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned tuples = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 100;
    tuples = tuples < 1 ? 1 : tuples > WORLD_TUPLES ? WORLD_TUPLES : tuples;
    if (netpol_ctx_create(NULL, &r.ctx) != NETPOL_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool fine = true;
    for (uint64_t i = 0; i < sets && fine; i++) {
        fine = try_set(&r, seed + i, tuples);
    }
    printf("%llu sets, %llu compiles from the matcher before, %llu from nothing, %llu tuples\n",
           (unsigned long long)sets, (unsigned long long)r.updated, (unsigned long long)r.outgrown,
           (unsigned long long)r.tuples);
    netpol_ctx_destroy(r.ctx);
    return fine && r.updated > sets ? 0 : 1;
}
