/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sets of Calico resources: an evaluator of its own (calico_oracle.h), the reference and the
 * matcher must agree. usage: as random_main (random_set.h); FEATURES: enum cal_features.
 */
#include "differential/calico_world.h"

static struct cal_tally tally;

static void draw(void *set, uint64_t seed, unsigned features)
{
    cal_draw(set, seed, features);
}

static void draw_question(const void *set, struct gen_random *r, void *asked)
{
    cal_draw_question(set, r, asked);
}

static bool take_away(void *set, unsigned which, bool *changed)
{
    return cal_remove(set, which, changed);
}

static void write_set(const void *set, struct random_text *out)
{
    cal_write(set, out);
}

static void load(void *loaded, struct netpol_ctx *ctx, const void *set, uint64_t shuffle)
{
    cal_load(loaded, ctx, set, shuffle);
}

static struct netpol_tuple tuple(const void *loaded, const void *asked)
{
    return cal_tuple(loaded, asked);
}

static const char *compare(const void *loaded, const void *asked, bool count)
{
    return cal_compare(loaded, asked, count ? &tally : NULL);
}

static bool same(const void *a, const void *b, const void *asked)
{
    return cal_same(a, b, asked);
}

static void bare(void *asked, const struct netpol_tuple *of)
{
    *(struct cal_asked *)asked = (struct cal_asked){.tuple = *of};
}

static void show(const void *loaded, const void *asked)
{
    cal_show(loaded, asked);
}

static unsigned report(unsigned features, FILE *out)
{
    return cal_tally_report(&tally, features, out);
}

int main(int argc, char **argv)
{
    static const struct random_language language = {.set_size = sizeof(struct cal),
                                                    .asked_size = sizeof(struct cal_asked),
                                                    .loaded_size = sizeof(struct loaded),
                                                    .features = CAL_FEATURES,
                                                    .everything = CAL_EVERYTHING,
                                                    .draw = draw,
                                                    .draw_question = draw_question,
                                                    .remove = take_away,
                                                    .write = write_set,
                                                    .load = load,
                                                    .tuple = tuple,
                                                    .compare = compare,
                                                    .same = same,
                                                    .bare = bare,
                                                    .show = show,
                                                    .report = report};
    return random_main(&language, argc, argv);
}
