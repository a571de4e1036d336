/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sets of Cilium resources: an evaluator of its own (cilium_oracle.h), the reference and the
 * matcher must agree. usage: as random_main (random_set.h); FEATURES: enum cil_features.
 *
 * usage: cilium --write FOLDER [SETS [SEED [TUPLES [FEATURES]]]]: writes the sets and their
 * questions as folders instead (cilium_export.h), for tests/upstream/cilium.
 */
#include "differential/cilium_export.h"

static struct cil_tally tally;

static void draw(void *set, uint64_t seed, unsigned features)
{
    cil_draw(set, seed, features);
}

static void draw_question(const void *set, struct gen_random *r, void *asked)
{
    cil_draw_question(set, r, asked);
}

static bool take_away(void *set, unsigned which, bool *changed)
{
    return cil_remove(set, which, changed);
}

static void write_set(const void *set, struct random_text *out)
{
    cil_write(set, out);
}

static void load(void *loaded, struct netpol_ctx *ctx, const void *set, uint64_t shuffle)
{
    cil_load(loaded, ctx, set, shuffle);
}

static struct netpol_tuple tuple(const void *loaded, const void *asked)
{
    return cil_tuple(loaded, asked);
}

static const char *compare(const void *loaded, const void *asked, bool count)
{
    return cil_compare(loaded, asked, count ? &tally : NULL);
}

/* All ports beside the policy map. */
static const char *compare_more(const void *loaded, const void *asked, bool count, void *found)
{
    const struct cil_loaded *l = loaded;
    return l->set->features & CIL_MAPPED ? cil_map_compare(l, asked, count ? &tally : NULL, found)
                                         : NULL;
}

static bool same(const void *a, const void *b, const void *asked)
{
    return cil_same(a, b, asked);
}

static void bare(void *asked, const struct netpol_tuple *of)
{
    *(struct cil_asked *)asked = (struct cil_asked){.tuple = *of};
}

static void show(const void *loaded, const void *asked)
{
    cil_show(loaded, asked);
}

static unsigned report(unsigned features, FILE *out)
{
    return cil_tally_report(&tally, features, out);
}

static uint64_t argument(int argc, char **argv, int at, uint64_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

static int write_sets(struct netpol_ctx *ctx, int argc, char **argv)
{
    uint64_t sets = argument(argc, argv, 3, 100), first = argument(argc, argv, 4, 1);
    unsigned tuples = (unsigned)argument(argc, argv, 5, 40);
    unsigned features = (unsigned)argument(argc, argv, 6, CIL_FEATURES);
    for (uint64_t i = 0; i < sets; i++) {
        if (!cil_export(ctx, argv[2], first + i, tuples, features)) {
            fprintf(stderr, "cannot write below %s\n", argv[2]);
            return 1;
        }
    }
    return 0;
}

static int write_folders(int argc, char **argv)
{
    struct netpol_ctx_options options = {.size = sizeof options, .hash_seed = 1};
    struct netpol_ctx *ctx;
    if (netpol_ctx_create(&options, &ctx) != NETPOL_OK) {
        return 1;
    }
    int status = write_sets(ctx, argc, argv);
    netpol_ctx_destroy(ctx);
    return status;
}

int main(int argc, char **argv)
{
    static const struct random_language language = {.set_size = sizeof(struct cil),
                                                    .asked_size = sizeof(struct cil_asked),
                                                    .loaded_size = sizeof(struct cil_loaded),
                                                    .features = CIL_FEATURES,
                                                    .everything = CIL_EVERYTHING,
                                                    .draw = draw,
                                                    .draw_question = draw_question,
                                                    .remove = take_away,
                                                    .write = write_set,
                                                    .load = load,
                                                    .tuple = tuple,
                                                    .compare = compare,
                                                    .compare_more = compare_more,
                                                    .same = same,
                                                    .bare = bare,
                                                    .show = show,
                                                    .report = report,
                                                    /* rules that cannot stand together */
                                                    .excused = "NP2567"};
    bool written = argc > 2 && strcmp(argv[1], "--write") == 0;
    return written ? write_folders(argc, argv) : random_main(&language, argc, argv);
}
