/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names learnt at run time, over random policy sets (lowering 6, property 15): after any sequence
 * of learning, expiry and forgetting the verdict equals the reference's where the question holds
 * exactly the live names.
 *
 * usage: names SETS [SEED [STEPS [TUPLES]]]. Which names are live is kept here as a plain list that
 * shares nothing with the library's book. One answer may differ: where rules look at the names of
 * the near end, UNKNOWN for want of names is right as well. It is counted.
 */
#include "compile/matcher.h"
#include "differential/boundaries.h"
#include "differential/engines.h"
#include "differential/show.h"

#include <netpol/names.h>
#include <stdlib.h>

enum { LIVE = 64, NAMES = 8, ADDRESSES = 12, MOST_TUPLES = 256 };

static const char *const names[NAMES] = {"a.example",  "b.a.example", "c.test",    "x.c.test",
                                         "A.Example.", "nobody",      "d.example", "example"};

struct live {
    struct np_address address;
    char name[32];
    uint64_t end;
};
struct run {
    struct netpol_ctx *ctx;
    const struct np_model *model;
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints;
    struct netpol_view *view;
    struct gen_random random;
    struct live live[LIVE];
    uint32_t n_live;
    struct np_address addresses[ADDRESSES];
    uint64_t now, told;
    uint64_t questions, named, decided, loose, evaluated, combinations;
};

/* ---- what is live, told the simple way ---- */

static void canonical(const char *name, char out[32])
{
    size_t n = strlen(name);
    n -= n && name[n - 1] == '.';
    for (size_t i = 0; i < n; i++) {
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    out[n] = 0;
}

static void keep(struct run *run,
                 bool (*stays)(const struct run *run, const struct live *live, const void *user),
                 const void *user)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < run->n_live; i++) {
        if (stays(run, &run->live[i], user)) {
            run->live[kept++] = run->live[i];
        }
    }
    run->n_live = kept;
}

static bool not_over(const struct run *run, const struct live *live, const void *user)
{
    (void)user;
    return live->end > run->told;
}

struct meant {
    const struct np_address *address;
    const char *name;
};

static bool not_meant(const struct run *run, const struct live *live, const void *user)
{
    const struct meant *meant = user;
    char text[32];
    (void)run;
    canonical(meant->name ? meant->name : "", text);
    return !((!meant->address || np_address_equal(meant->address, &live->address)) &&
             (!meant->name || strcmp(text, live->name) == 0));
}

static void remember(struct run *run, const struct np_address *address, const char *name,
                     uint64_t end)
{
    char text[32];
    canonical(name, text);
    for (uint32_t i = 0; i < run->n_live; i++) {
        struct live *live = &run->live[i];
        if (np_address_equal(&live->address, address) && strcmp(live->name, text) == 0) {
            live->end = end > live->end ? end : live->end;
            return;
        }
    }
    struct live *live = &run->live[run->n_live++];
    *live = (struct live){.address = *address, .end = end};
    memcpy(live->name, text, sizeof text);
}

/* ---- steps ---- */

static bool step_learn(struct run *run)
{
    const struct np_address *address = &run->addresses[gen_below(&run->random, ADDRESSES)];
    const char *name = names[gen_below(&run->random, NAMES)];
    uint64_t ttl = gen_chance(&run->random, 8)   ? NETPOL_NAMES_FOREVER
                   : gen_chance(&run->random, 8) ? 0
                                                 : 1 + gen_below(&run->random, 30);
    uint64_t now = run->now > 3 && gen_chance(&run->random, 10) ? run->now - 3 : run->now;
    uint64_t end = ttl == NETPOL_NAMES_FOREVER ? ttl : now + ttl;
    if (run->n_live == LIVE) {
        return true;
    }
    if (ttl && end > run->told) {
        remember(run, address, name, end);
    }
    return netpol_names_learn(run->endpoints, name, address->family, address->bytes, ttl, now) ==
           NETPOL_OK;
}

static bool step_advance(struct run *run)
{
    run->now += gen_below(&run->random, 12);
    uint64_t told = gen_chance(&run->random, 10) && run->now > 5 ? run->now - 5 : run->now;
    run->told = told > run->told ? told : run->told;
    keep(run, not_over, NULL);
    return netpol_names_advance(run->endpoints, told) == NETPOL_OK;
}

static bool step_forget(struct run *run)
{
    struct meant meant = {0};
    uint32_t before = run->n_live;
    if (gen_chance(&run->random, 80)) {
        meant.address = &run->addresses[gen_below(&run->random, ADDRESSES)];
    }
    if (gen_chance(&run->random, meant.address ? 60 : 95)) {
        meant.name = names[gen_below(&run->random, NAMES)];
    }
    keep(run, not_meant, &meant);
    int status =
        netpol_names_forget(run->endpoints, meant.name, meant.address ? meant.address->family : 0,
                            meant.address ? meant.address->bytes : NULL);
    return status == (run->n_live < before ? NETPOL_OK : NETPOL_ERR_NOT_FOUND);
}

static bool step(struct run *run)
{
    uint32_t which = gen_below(&run->random, 10);
    return which < 6 ? step_learn(run) : which < 9 ? step_advance(run) : step_forget(run);
}

/* ---- questions ---- */

static struct np_end end_at(const struct run *run, const struct np_address *address)
{
    struct np_end end;
    uint32_t owners;
    (void)np_inventory_end(&run->model->inventory, &run->model->options, 0, address,
                           address->family, 0, &end, &owners);
    return end;
}

/* What is live for an end, if it can have names at all. */
static void names_of(const struct run *run, const uint8_t bytes[16], uint8_t family, bool other,
                     struct netpol_string list[LIVE], struct np_end_names *out)
{
    struct np_address address = {.family = family};
    memcpy(address.bytes, bytes, 16);
    address = np_address_fold(&address);
    *out = (struct np_end_names){.items = list};
    if (other || (family != 4 && family != 6)) {
        return;
    }
    struct np_end end = end_at(run, &address);
    if (end.endpoint || end.node) {
        return;
    }
    for (uint32_t i = 0; i < run->n_live; i++) {
        if (np_address_equal(&run->live[i].address, &address)) {
            list[out->count++] =
                (struct netpol_string){run->live[i].name, strlen(run->live[i].name)};
        }
    }
    out->given = out->count > 0;
}

static void expect(struct run *run, const struct netpol_tuple *t, const struct netpol_point *point,
                   struct netpol_verdict *out)
{
    struct netpol_string src[LIVE], dst[LIVE];
    struct np_end_names given[2];
    names_of(run, t->src, t->family,
             t->flags & (NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS), src, &given[0]);
    names_of(run, t->dst, t->family,
             t->flags & (NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS), dst, &given[1]);
    np_reference_eval_named(run->model, t, NULL, given, point, NULL, out);
    out->generation = run->matcher->generation;
    if (!point) {
        struct netpol_verdict without;
        np_reference_eval(run->model, t, NULL, NULL, NULL, &without);
        run->questions++;
        run->named += given[0].given || given[1].given;
        run->decided += without.action != out->action;
    }
}

/* The same, or UNKNOWN for want of the near end's names; so may be what staged policies would do,
 * and then the rule that it names is the first that may hold. */
static bool is_part_fine(const struct netpol_part *expected, const struct netpol_part *got)
{
    enum {
        OF_STAGED = NETPOL_PART_STAGED_ALLOW | NETPOL_PART_STAGED_INSPECT |
                    NETPOL_PART_STAGED_UNKNOWN | NETPOL_PART_STAGED_DENY | NETPOL_PART_WOULD_DENY
    };
    struct netpol_part now = *got;
    if (got->flags & NETPOL_PART_STAGED_UNKNOWN) {
        now.staged = expected->staged;
        now.flags = (uint16_t)((got->flags & ~OF_STAGED) | (expected->flags & OF_STAGED));
    }
    return memcmp(expected, &now, sizeof now) == 0 ||
           (got->action == NETPOL_UNKNOWN && got->reason == NETPOL_REASON_MISSING);
}

/* Is it less certain than it could be, and no more than that? */
static bool is_loose(const struct netpol_verdict *expected, const struct netpol_verdict *got)
{
    return is_part_fine(&expected->egress, &got->egress) &&
           is_part_fine(&expected->ingress, &got->ingress) &&
           is_part_fine(&expected->mesh, &got->mesh) &&
           (got->action == expected->action ||
            (got->action == NETPOL_UNKNOWN && (got->missing & NETPOL_MISSING_NAMES)));
}

static bool same(struct run *run, const char *engine, const struct netpol_tuple *tuple,
                 const struct netpol_verdict *expected, const struct netpol_verdict *got)
{
    if (memcmp(expected, got, sizeof *got) == 0) {
        return true;
    }
    if (is_loose(expected, got)) {
        run->loose++;
        return true;
    }
    show_model(stdout, run->model);
    show_tuple(stdout, tuple);
    for (uint32_t i = 0; i < run->n_live; i++) {
        const uint8_t *b = run->live[i].address.bytes;
        printf("live: %s at %u.%u.%u.%u (IPv%u), end %llu\n", run->live[i].name, b[0], b[1], b[2],
               b[3], run->live[i].address.family, (unsigned long long)run->live[i].end);
    }
    printf("reference: ");
    show_verdict(stdout, expected);
    printf("%s: ", engine);
    show_verdict(stdout, got);
    return false;
}

static const struct netpol_point of_ingress = {.plane = NETPOL_PLANE_NETWORK,
                                               .side = NETPOL_SIDE_INGRESS};

static bool ask_all(struct run *run, const struct netpol_tuple *tuples, uint32_t count)
{
    static struct netpol_verdict expected[MOST_TUPLES], got[MOST_TUPLES];
    bool fine = true;
    for (uint32_t i = 0; i < count; i++) {
        expect(run, &tuples[i], NULL, &expected[i]);
    }
    for (uint32_t i = 0; i < count && fine; i++) {
        struct netpol_verdict at, told;
        (void)netpol_eval(run->view, &tuples[i], &got[0]);
        (void)netpol_eval_at(run->view, &of_ingress, &tuples[i], NULL, NULL, &told);
        expect(run, &tuples[i], &of_ingress, &at);
        fine = same(run, "single", &tuples[i], &expected[i], &got[0]) &&
               same(run, "ingress alone", &tuples[i], &at, &told);
    }
    for (int v = 0; v < NP_SIMD_COUNT && fine; v++) {
        if (!np_simd_available((enum np_simd)v) || !np_simd_use((enum np_simd)v)) {
            continue;
        }
        (void)netpol_eval_batch(run->view, tuples, got, count);
        for (uint32_t i = 0; i < count && fine; i++) {
            fine = same(run, "batch", &tuples[i], &expected[i], &got[i]);
        }
    }
    return fine;
}

/* With a request as well: the model is asked with what was learnt. */
static bool ask_request(struct run *run, struct netpol_scratch *scratch,
                        const struct netpol_tuple *tuple)
{
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_string src[LIVE], dst[LIVE];
    struct np_end_names given[2];
    struct netpol_verdict expected, got;
    names_of(run, tuple->src, tuple->family,
             tuple->flags & (NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS), src, &given[0]);
    names_of(run, tuple->dst, tuple->family,
             tuple->flags & (NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS), dst, &given[1]);
    np_reference_eval_named(run->model, tuple, &request, given, NULL, NULL, &expected);
    expected.generation = run->matcher->generation;
    (void)netpol_eval_request(run->view, tuple, &request, scratch, &got);
    return memcmp(&expected, &got, sizeof got) == 0 || same(run, "request", tuple, &expected, &got);
}

/* ---- a set ---- */

/* Most of them addresses of nobody, that are outside for certain; the last ones any. */
static void choose_addresses(struct run *run, const struct boundaries *b)
{
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        bool six = b->n_four == 0 || (b->n_six && i % 3 == 2), fits = false;
        for (int tries = 0; tries < 60 && !fits; tries++) {
            struct np_address one = six ? b->six[gen_below(&run->random, b->n_six)]
                                        : b->four[gen_below(&run->random, b->n_four)];
            run->addresses[i] = np_address_fold(&one);
            struct np_end end = end_at(run, &run->addresses[i]);
            fits = i > 8 || (!end.endpoint && !end.node && !np_is_maybe(end.missing));
        }
    }
}

/* An end of the tuple becomes one of the addresses that names are learnt for. */
static void aim(struct run *run, bool source, struct netpol_tuple *t)
{
    uint16_t flags = source ? NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS
                            : NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS;
    for (int tries = 0; tries < 8; tries++) {
        const struct np_address *address = &run->addresses[gen_below(&run->random, ADDRESSES)];
        if (t->family == address->family) {
            t->flags &= (uint16_t)~flags;
            *(source ? &t->src_ref : &t->dst_ref) = 0;
            memcpy(source ? t->src : t->dst, address->bytes, 16);
            return;
        }
    }
}

static void ask_for_name(struct gen_match *match, struct gen_random *r)
{
    struct gen_set *set = gen_chance(r, 97) ? &match->far : &match->near;
    struct gen_literal *literal = &set->items[set->count ? gen_below(r, set->count) : 0];
    if (gen_chance(r, 40)) {
        *set = (struct gen_set){.present = true, .all = true, .count = 1};
        literal = &set->items[0];
    }
    literal->kind = NP_LIT_DNS_NAMES;
    literal->name = gen_draw(r, 4);
    literal->domain = gen_chance(r, 80) ? NP_DOMAIN_ALL : NP_DOMAIN_OUTSIDE;
    if (gen_chance(r, 50)) {
        match->relations = NP_REL_ANY;
    }
    match->near.present = match->near.present && gen_chance(r, 30);
}

/* Many more conditions on names than the generator draws; few of them on the near end. */
static void ask_for_names(struct gen *g, struct gen_random *r)
{
    for (uint32_t p = 0; p < g->n_policies; p++) {
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (uint32_t k = 0; k < g->policies[p].n_rules[d]; k++) {
                struct gen_rule *rule = &g->policies[p].rules[d][k];
                for (uint32_t a = 0; a < rule->alts; a++) {
                    if (gen_chance(r, 60)) {
                        ask_for_name(&rule->match[a], r);
                    }
                }
            }
        }
    }
}

static bool try_steps(struct run *run, const struct boundaries *b, uint32_t steps, uint32_t count)
{
    static struct netpol_tuple tuples[MOST_TUPLES];
    struct netpol_scratch *scratch = NULL;
    bool fine = netpol_scratch_create(run->matcher, &scratch) == NETPOL_OK;
    for (uint32_t s = 0; s < steps && fine; s++) {
        for (uint32_t i = 0; i < 4 && fine; i++) {
            fine = step(run);
            if (!fine) {
                printf("a step failed\n");
            }
        }
        for (uint32_t i = 0; i < count; i++) {
            boundaries_draw(b, &run->random, &tuples[i]);
            if (gen_chance(&run->random, 80)) {
                aim(run, gen_chance(&run->random, 25), &tuples[i]);
            }
            if (gen_chance(&run->random, 15)) {
                aim(run, gen_chance(&run->random, 50), &tuples[i]);
            }
        }
        fine = fine && ask_all(run, tuples, count);
        for (uint32_t i = 0; i < count && fine; i += 16) {
            fine = ask_request(run, scratch, &tuples[i]);
        }
    }
    netpol_scratch_destroy(scratch);
    return fine;
}

static bool try_set(struct run *run, uint64_t seed, uint32_t steps, uint32_t count)
{
    static struct gen g;
    static struct boundaries b;
    static const struct gen_tweak as_drawn = {0};
    const unsigned certain = GEN_ALL & ~(unsigned)(GEN_CROWD | GEN_MISSING | GEN_OPAQUE);
    const unsigned all = GEN_ALL & ~(unsigned)GEN_CROWD;
    gen_make(&g, seed, seed % 5 == 0 ? GEN_CALICO_SHAPE : seed % 2 ? certain : all);
    run->random = (struct gen_random){seed * 7919};
    ask_for_names(&g, &run->random);
    g.options.unlearnt_names = gen_draw(&run->random, 2);
    struct np_model *model = gen_build(run->ctx, &g, &as_drawn);
    struct netpol_matcher *matcher = NULL;
    if (!model || np_compile_model(run->ctx, model, &matcher) != NETPOL_OK) {
        printf("seed %llu: not compiled\n", (unsigned long long)seed);
        return false;
    }
    run->model = model;
    run->matcher = matcher;
    run->n_live = 0;
    run->now = run->told = 0;
    boundaries_of(model, &b);
    choose_addresses(run, &b);
    bool fine = netpol_endpoints_create(matcher, &run->endpoints) == NETPOL_OK &&
                netpol_view_create(matcher, run->endpoints, &run->view) == NETPOL_OK &&
                try_steps(run, &b, steps, count);
    struct netpol_names_stats stats = {.size = sizeof stats};
    if (fine) {
        (void)netpol_names_stats(run->endpoints, &stats);
        run->evaluated += stats.evaluated;
        run->combinations += stats.combinations;
        fine = stats.entries == run->n_live && stats.unsettled == 0;
    }
    netpol_view_destroy(run->view);
    netpol_endpoints_destroy(run->endpoints);
    netpol_matcher_unref(matcher);
    if (!fine) {
        printf("seed %llu\n", (unsigned long long)seed);
    }
    return fine;
}

static uint64_t argument(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct netpol_ctx_options options = {.size = sizeof options, .hash_seed = 1};
    uint64_t sets = argument(argc, argv, 1, 60), first = argument(argc, argv, 2, 1), done = 0;
    uint64_t steps = argument(argc, argv, 3, 12), tuples = argument(argc, argv, 4, 96);
    if (netpol_ctx_create(&options, &run.ctx) != NETPOL_OK) {
        return 1;
    }
    tuples = tuples < MOST_TUPLES ? tuples : MOST_TUPLES;
    bool fine = true;
    for (; done < sets && fine; done++) {
        fine = try_set(&run, first + done, (uint32_t)steps, (uint32_t)tuples);
    }
    printf("%llu sets, %llu questions, %llu with names, %llu decided by them, %llu left unknown; "
           "%llu combinations, %llu answers folded\n",
           (unsigned long long)done, (unsigned long long)run.questions,
           (unsigned long long)run.named, (unsigned long long)run.decided,
           (unsigned long long)run.loose, (unsigned long long)run.combinations,
           (unsigned long long)run.evaluated);
    netpol_ctx_destroy(run.ctx);
    return fine && run.decided && run.combinations ? 0 : 1;
}
