/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles policy sets and writes them down with questions and the reference's answers.
 *
 * usage: ask FOLDER SETS SEED. Random sets of every construct of the model, at least half of them
 * with residual trees (source ports, pairs of prefixes, imported lists); then lists of rules as
 * routers, firewalls and chains hold them and clusters, which make trees and tables of every depth.
 * Prints how many images there are.
 */
#include "compile/matcher.h"
#include "cases.h"
#include "differential/boundaries.h"
#include "workload_set.h"

#include <netpol/netpol.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLICIES = 3 /* at most: larger sets take long to compile and make no other trees */ };

struct writer {
    struct netpol_ctx *ctx;
    const char *folder;
    unsigned images, trees; /* written; of these with residual trees */
};

static struct cross_case cases[CROSS_CASES];

static bool write_file(const struct writer *w, const char *what, const void *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%u.%s", w->folder, w->images, what);
    FILE *out = fopen(path, "wb");
    bool written = out && fwrite(bytes, 1, size, out) == size;
    return out && fclose(out) == 0 && written;
}

static struct netpol_matcher *compile(struct writer *w, struct np_model *model)
{
    struct netpol_matcher *matcher = NULL;
    if (model && np_compile_model(w->ctx, model, &matcher) != NETPOL_OK) {
        np_model_destroy(model);
    }
    return matcher; /* owns the model */
}

static uint64_t trees_of(const struct netpol_matcher *matcher)
{
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    return netpol_matcher_stats(matcher, &stats) == NETPOL_OK ? stats.residuals : 0;
}

static bool write_set(struct writer *w, const struct netpol_matcher *matcher, size_t count)
{
    size_t size = 0;
    const void *image = netpol_matcher_image(matcher, &size);
    const struct np_model *model = np_whole_of(matcher)->model;
    for (size_t i = 0; i < count; i++) {
        np_reference_eval(model, &cases[i].tuple, NULL, NULL, NULL, &cases[i].expected);
        cases[i].expected.generation = 0;
    }
    bool written =
        write_file(w, "image", image, size) && write_file(w, "cases", cases, count * sizeof *cases);
    w->trees += trees_of(matcher) > 0;
    w->images++;
    return written;
}

/* Source ports do not factor: rules that look at them become residual trees. */
static void look_at_sources(struct gen *g, struct gen_random *r)
{
    static const uint16_t firsts[] = {0, 53, 80, 1024, 65535};
    for (int p = 0; p < g->n_policies; p++) {
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            struct gen_match *match = &g->policies[p].rules[d][0].match[0];
            uint16_t first = firsts[gen_below(r, 5)];
            match->source = (struct gen_ports){.present = true, .count = 1};
            match->source.spans[0] =
                (struct gen_span){.protocol = gen_chance(r, 50) ? 6 : -1,
                                  .ports = true,
                                  .no_port = gen_chance(r, 30),
                                  .first = first,
                                  .last = gen_chance(r, 50) ? first : UINT16_MAX};
        }
    }
}

/* Every set counts until half of them are there; after that only those with trees. */
static bool write_drawn(struct writer *w, unsigned sets, uint64_t seed)
{
    static struct gen g;
    static struct boundaries b;
    static const struct gen_tweak as_drawn = {0};
    bool fine = true;
    for (; fine && w->images < sets; seed++) {
        struct gen_random random = {seed};
        gen_make(&g, seed, GEN_ALL);
        if (g.n_policies > POLICIES) {
            continue;
        }
        if (seed % 2) {
            look_at_sources(&g, &random);
        }
        struct netpol_matcher *matcher = compile(w, gen_build(w->ctx, &g, &as_drawn));
        fine = matcher != NULL;
        if (fine && (trees_of(matcher) > 0 || w->images - w->trees < sets / 2)) {
            boundaries_of(np_whole_of(matcher)->model, &b);
            for (size_t i = 0; i < CROSS_CASES; i++) {
                boundaries_draw(&b, &random, &cases[i].tuple);
            }
            fine = write_set(w, matcher, CROSS_CASES);
        }
        netpol_matcher_unref(matcher);
    }
    return fine;
}

static bool write_workload(struct writer *w, const char *name, size_t rules, bool both)
{
    struct bench_workload load;
    uint32_t *answers = NULL;
    if (!bench_workload_make(name, rules, both, &load)) {
        return false;
    }
    struct netpol_matcher *matcher = compile(w, load.model(&load, w->ctx, &answers));
    size_t count = load.n_trace < CROSS_CASES ? load.n_trace : CROSS_CASES;
    for (size_t i = 0; i < count; i++) {
        cases[i].tuple = bench_tuple(&load.trace[i]);
    }
    bool fine = matcher && write_set(w, matcher, count);
    netpol_matcher_unref(matcher);
    bench_workload_free(&load);
    free(answers);
    return fine;
}

int main(int argc, char **argv)
{
    struct writer w = {0};
    if (argc != 4 || netpol_ctx_create(NULL, &w.ctx) != NETPOL_OK) {
        fprintf(stderr, "usage: ask FOLDER SETS SEED\n");
        return 3;
    }
    w.folder = argv[1];
    bool fine = write_drawn(&w, (unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    static const struct {
        const char *name;
        size_t rules;
        bool both;
    } more[] = {
        {"acl",      20,   false},
        {"acl",      200,  false},
        {"acl",      2000, false},
        {"fw",       200,  false},
        {"fw",       2000, false},
        {"ipc",      200,  false},
        {"ipc",      2000, false},
        {"k8s",      1000, true },
        {"k8s-hard", 1000, true },
    };
    for (size_t i = 0; fine && i < sizeof more / sizeof *more; i++) {
        fine = write_workload(&w, more[i].name, more[i].rules, more[i].both);
    }
    netpol_ctx_destroy(w.ctx);
    if (!fine) {
        fprintf(stderr, "ask: set %u cannot be compiled or written\n", w.images);
        return 1;
    }
    printf("%u\n", w.images);
    return 0;
}
