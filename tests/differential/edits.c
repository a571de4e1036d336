/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits of a store, compiled from the matcher before and from nothing, through the public API.
 *
 * usage: edits ROWS [SEED [STEPS [TUPLES]]]. Each row starts from a cluster and edits its policies
 * (edits_draw.h), one to three changes a step. At every step both matchers must be the same to
 * whoever asks: messages of the compile, verdicts, what the deciding rules are called and where
 * they are, explanations word for word, counts, differences (none). The image must be sound and
 * answer the same when opened. Decisions keep their numbers, and no number gets another meaning.
 * Matchers of earlier steps, which go in any order, must still say what they said.
 */
#include "differential/edits_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLD = 3, MOST_TUPLES = 400, TEXT = 1 << 18, NUMBERS = 2048 /* of decisions, to look at */ };

struct kept { /* a matcher of an earlier step, and what it said */
    struct netpol_matcher *matcher;
    struct netpol_view *view;
    struct netpol_verdict verdicts[MOST_TUPLES];
};
struct run {
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct gen_random random;
    unsigned tuples, step;
    const char *setting;
    struct netpol_matcher *matcher; /* of the step before */
    struct netpol_tuple asked[MOST_TUPLES];
    struct kept old[OLD];
    struct edit edits[3];
    unsigned n_edits;
    uint64_t updated, steps;
};
struct text {
    size_t used;
    char bytes[TEXT];
};

static int add_text(void *user, const char *bytes, size_t size)
{
    struct text *t = user;
    if (size >= sizeof t->bytes - t->used) {
        return 1;
    }
    memcpy(t->bytes + t->used, bytes, size);
    t->bytes[t->used += size] = '\0';
    return 0;
}

static int drop_text(void *user, const char *bytes, size_t size)
{
    (void)user;
    (void)bytes;
    (void)size;
    return 0;
}

static bool wrong(const struct run *r, const char *what)
{
    printf("step %u: %s differs\n", r->step, what);
    for (unsigned i = 0; i < r->n_edits; i++) {
        printf("edit %u: %s\n%s", i, r->edits[i].what, r->edits[i].text);
    }
    return false;
}

/* ---- two matchers ---- */

static void tell(const struct netpol_diags *diags, struct text *out)
{
    out->used = 0;
    out->bytes[0] = '\0';
    for (size_t i = 0; i < netpol_diags_count(diags); i++) {
        (void)netpol_diag_format(netpol_diags_at(diags, i), NETPOL_DIAG_TEXT, add_text, out);
    }
}

static int compile(struct run *r, struct netpol_matcher *previous, int strict,
                   struct text *messages, struct netpol_matcher **out)
{
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "kubernetes",
                                             .settings = &r->setting,
                                             .n_settings = r->setting != NULL,
                                             .strict = strict,
                                             .previous = previous};
    netpol_diags_clear(r->diags);
    int status = netpol_compile(r->store, &options, r->diags, out);
    messages->used = 0;
    messages->bytes[0] = '\0';
    for (size_t i = 0; i < netpol_diags_count(r->diags); i++) {
        (void)netpol_diag_format(netpol_diags_at(r->diags, i), NETPOL_DIAG_TEXT, add_text,
                                 messages);
    }
    return status;
}

/* What there is to say against a set. */
static bool lint(struct run *r, const struct netpol_matcher *matcher, struct text *out)
{
    netpol_diags_clear(r->diags);
    bool fine = netpol_lint(matcher, NULL, r->diags) == NETPOL_OK;
    tell(r->diags, out);
    return fine;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool same_rule(const struct netpol_matcher *a, uint32_t x, const struct netpol_matcher *b,
                      uint32_t y)
{
    struct netpol_rule_info i, k;
    if (!x || !y) {
        return x == y;
    }
    return netpol_rule_describe(a, x, netpol_matcher_generation(a), &i) == NETPOL_OK &&
           netpol_rule_describe(b, y, netpol_matcher_generation(b), &k) == NETPOL_OK &&
           i.key == k.key && i.action == k.action && i.side == k.side &&
           same_text(i.policy, k.policy) && same_text(i.rule, k.rule) &&
           same_text(i.title, k.title) && same_text(i.position, k.position) &&
           same_text(i.tier, k.tier) && same_text(i.option, k.option) && same_text(i.log, k.log);
}

static bool same_program(const struct netpol_matcher *a, uint32_t x, const struct netpol_matcher *b,
                         uint32_t y)
{
    struct netpol_program_info i, k;
    if (!x || !y) {
        return x == y;
    }
    return netpol_program_describe(a, x, netpol_matcher_generation(a), &i) == NETPOL_OK &&
           netpol_program_describe(b, y, netpol_matcher_generation(b), &k) == NETPOL_OK &&
           i.parser == k.parser && i.priority == k.priority && i.auth == k.auth &&
           same_text(i.listener, k.listener) && same_text(i.terminating, k.terminating) &&
           same_text(i.originating, k.originating);
}

static bool same_part(const struct netpol_matcher *a, const struct netpol_part *x,
                      const struct netpol_matcher *b, const struct netpol_part *y)
{
    return x->action == y->action && x->reason == y->reason && x->flags == y->flags &&
           same_program(a, x->program, b, y->program) && same_rule(a, x->rule, b, y->rule) &&
           same_rule(a, x->staged, b, y->staged);
}

static bool same_verdict(const struct netpol_matcher *a, const struct netpol_verdict *x,
                         const struct netpol_matcher *b, const struct netpol_verdict *y)
{
    return x->action == y->action && x->plane == y->plane && x->side == y->side &&
           x->missing == y->missing && same_part(a, &x->egress, b, &y->egress) &&
           same_part(a, &x->ingress, b, &y->ingress) && same_part(a, &x->mesh, b, &y->mesh);
}

static bool explain(const struct netpol_view *view, const struct netpol_tuple *tuple,
                    struct text *out)
{
    struct netpol_explanation *explanation = NULL;
    out->used = 0;
    bool fine = netpol_explain(view, NULL, tuple, NULL, &explanation) == NETPOL_OK &&
                netpol_explanation_write(explanation, 0, 0, add_text, out) == NETPOL_OK;
    netpol_explanation_destroy(explanation);
    return fine;
}

/* The same texts of a few tuples, word for word. */
static bool same_words(struct run *r, const struct netpol_view *a, const struct netpol_view *b)
{
    static struct text x, y;
    for (unsigned i = 0; i < r->tuples; i += 16) {
        if (!explain(a, &r->asked[i], &x) || !explain(b, &r->asked[i], &y) ||
            !same_text(x.bytes, y.bytes)) {
            printf("from the one before:\n%sfrom nothing:\n%s", x.bytes, y.bytes);
            return false;
        }
    }
    return true;
}

static bool same_lints(struct run *r, const struct netpol_matcher *a,
                       const struct netpol_matcher *b)
{
    static struct text x, y;
    bool fine = lint(r, a, &x) && lint(r, b, &y) && same_text(x.bytes, y.bytes);
    if (!fine) {
        printf("from the one before:\n%sfrom nothing:\n%s", x.bytes, y.bytes);
    }
    return fine;
}

static int one_row(void *user, const struct netpol_change *change)
{
    (void)user;
    printf("%s -> %s: %d, %d\n", change->src, change->dst, change->before, change->after);
    return 1;
}

static bool no_difference(const struct netpol_matcher *a, const struct netpol_matcher *b)
{
    struct netpol_diff_options options = {.size = sizeof options, .rules = 1};
    return netpol_diff(a, b, &options, one_row, NULL, NULL) == NETPOL_OK;
}

static bool same_counts(const struct netpol_matcher *a, const struct netpol_matcher *b)
{
    struct netpol_matcher_stats x = {.size = sizeof x}, y = {.size = sizeof y};
    return netpol_matcher_stats(a, &x) == NETPOL_OK && netpol_matcher_stats(b, &y) == NETPOL_OK &&
           x.policies == y.policies && x.endpoints == y.endpoints && x.addresses == y.addresses &&
           y.reused_groups == 0;
}

static bool image_is_sound(struct run *r, const struct netpol_matcher *matcher,
                           const struct netpol_verdict *said)
{
    size_t size = 0;
    const void *bytes = netpol_matcher_image(matcher, &size);
    struct netpol_matcher *opened = NULL;
    struct netpol_view *view = NULL;
    bool fine =
        netpol_image_verify(bytes, size, NULL) == NETPOL_OK &&
        netpol_matcher_open(r->ctx, bytes, size, 0, NULL, &opened) == NETPOL_OK &&
        netpol_view_create(opened, NULL, &view) == NETPOL_OK &&
        netpol_matcher_dump(matcher, NETPOL_DUMP_TEXT, &r->asked[0], drop_text, NULL) == NETPOL_OK;
    for (unsigned i = 0; i < r->tuples && fine; i++) {
        struct netpol_verdict verdict;
        netpol_eval(view, &r->asked[i], &verdict);
        fine = same_verdict(matcher, &said[i], opened, &verdict);
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(opened);
    return fine;
}

/* The number of a decision; 0: there is none of this key. */
static uint32_t find_key(const struct netpol_matcher *matcher, uint64_t key)
{
    uint64_t generation = netpol_matcher_generation(matcher);
    uint32_t found = 0;
    for (uint32_t i = 1; i < NUMBERS && !found; i++) {
        found = netpol_rule_key(matcher, i, generation) == key ? i : 0;
    }
    return found;
}

/* Decisions that are still there have their numbers; no number means something else. */
static bool numbers_last(const struct run *r, const struct netpol_matcher *next)
{
    uint64_t was = netpol_matcher_generation(r->matcher), is = netpol_matcher_generation(next);
    for (uint32_t i = 1; i < NUMBERS; i++) {
        uint64_t before = netpol_rule_key(r->matcher, i, was), now = netpol_rule_key(next, i, is);
        uint32_t moved = before && !now ? find_key(next, before) : 0;
        if (before && (moved || (now && before != now))) {
            struct netpol_rule_info info = {0};
            (void)netpol_rule_describe(r->matcher, i, was, &info);
            printf("number %u was %s %s \"%s\" of tier %s, which is number %u now\n", i,
                   info.policy, info.rule, info.title, info.tier, moved);
            return false;
        }
    }
    return true;
}

/* ---- steps ---- */

static void forget(struct kept *k)
{
    netpol_view_destroy(k->view);
    netpol_matcher_unref(k->matcher);
    *k = (struct kept){0};
}

static bool still_says(struct run *r, const struct kept *k)
{
    struct netpol_verdict verdict;
    for (unsigned i = 0; i < r->tuples && k->view; i++) {
        netpol_eval(k->view, &r->asked[i], &verdict);
        if (memcmp(&verdict, &k->verdicts[i], sizeof verdict) != 0) {
            return false;
        }
    }
    return true;
}

static bool compare(struct run *r, struct netpol_matcher *next, struct netpol_matcher *whole,
                    struct kept *keep)
{
    struct netpol_view *view = NULL;
    bool fine = netpol_view_create(next, NULL, &keep->view) == NETPOL_OK &&
                netpol_view_create(whole, NULL, &view) == NETPOL_OK;
    keep->matcher = netpol_matcher_ref(next);
    for (unsigned i = 0; i < r->tuples && fine; i++) {
        struct netpol_verdict verdict;
        netpol_eval(view, &r->asked[i], &verdict);
        netpol_eval(keep->view, &r->asked[i], &keep->verdicts[i]);
        fine = same_verdict(next, &keep->verdicts[i], whole, &verdict) || wrong(r, "a verdict");
    }
    fine = fine && (same_words(r, keep->view, view) || wrong(r, "an explanation"));
    fine = fine && (same_counts(next, whole) || wrong(r, "a count"));
    fine = fine && (same_lints(r, next, whole) || wrong(r, "a lint"));
    fine = fine && (no_difference(next, whole) || wrong(r, "connectivity"));
    fine = fine && (image_is_sound(r, next, keep->verdicts) || wrong(r, "the image"));
    fine = fine && (numbers_last(r, next) || wrong(r, "a number"));
    netpol_view_destroy(view);
    return fine;
}

static bool edit(struct run *r)
{
    r->n_edits = 0;
    for (uint32_t n = 1 + gen_below(&r->random, 3); n > 0; n--) {
        struct edit *e = &r->edits[r->n_edits++];
        int status = edits_draw(r->store, &r->random, 3, r->step, e);
        if (status != NETPOL_OK && status != NETPOL_ERR_INPUT) {
            printf("%s\n", netpol_status_text(status));
            return wrong(r, "a load");
        }
    }
    return true;
}

static bool step(struct run *r)
{
    static struct text messages, expected;
    struct netpol_matcher *next = NULL, *whole = NULL;
    struct netpol_matcher_stats stats = {.size = sizeof stats};
    int strict = gen_chance(&r->random, 10);
    if (!edit(r)) {
        return false;
    }
    int status = compile(r, r->matcher, strict, &messages, &next);
    if (status != compile(r, NULL, strict, &expected, &whole) ||
        !same_text(messages.bytes, expected.bytes)) {
        printf("%s", messages.bytes);
        return wrong(r, "a message");
    }
    if (status != NETPOL_OK) {
        return strict && status == NETPOL_ERR_INPUT;
    }
    struct kept *keep = &r->old[gen_below(&r->random, OLD)];
    forget(keep);
    bool fine = compare(r, next, whole, keep);
    for (unsigned i = 0; i < OLD && fine; i++) {
        fine = still_says(r, &r->old[i]) || wrong(r, "an earlier matcher");
    }
    (void)netpol_matcher_stats(next, &stats);
    r->updated += stats.reused_groups > 0;
    r->steps++;
    netpol_matcher_unref(r->matcher);
    netpol_matcher_unref(whole);
    r->matcher = next;
    return fine;
}

static bool row(struct run *r, uint64_t seed, unsigned steps)
{
    static const char *const settings[] = {NULL, "unreadable=close", "other_proto=allow",
                                           "other_proto=deny", "host_network=pod"};
    static struct text messages;
    r->random = (struct gen_random){seed * 6364136223846793005u + 1};
    r->setting = settings[seed % 5];
    r->matcher = NULL;
    bool fine =
        netpol_store_create(r->ctx, &r->store) == NETPOL_OK && edits_cluster(r->store) == NETPOL_OK;
    for (unsigned i = 0; i < r->tuples; i++) {
        edits_tuple(&r->random, &r->asked[i]);
    }
    for (r->step = 0; r->step < 8 && fine; r->step++) {
        fine = edit(r);
    }
    fine = fine && compile(r, NULL, 0, &messages, &r->matcher) == NETPOL_OK;
    for (; r->step < 8 + steps && fine; r->step++) {
        fine = step(r);
    }
    if (gen_chance(&r->random, 50)) {
        netpol_store_destroy(r->store);
        r->store = NULL;
    }
    netpol_matcher_unref(r->matcher);
    for (unsigned i = 0; i < OLD; i++) {
        fine = fine && still_says(r, &r->old[i]);
        forget(&r->old[i]);
    }
    netpol_store_destroy(r->store);
    if (!fine) {
        printf("seed %llu\n", (unsigned long long)seed);
    }
    return fine;
}

int main(int argc, char **argv)
{
    static struct run r;
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 20;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    unsigned steps = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 20;
    unsigned tuples = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 160;
    r.tuples = tuples < 1 ? 1 : tuples > MOST_TUPLES ? MOST_TUPLES : tuples;
    if (netpol_ctx_create(NULL, &r.ctx) != NETPOL_OK ||
        netpol_diags_create(r.ctx, &r.diags) != NETPOL_OK) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool fine = true;
    for (uint64_t i = 0; i < rows && fine; i++) {
        fine = row(&r, seed + i, steps);
    }
    printf("%llu rows, %llu steps, %llu from the matcher before\n", (unsigned long long)rows,
           (unsigned long long)r.steps, (unsigned long long)r.updated);
    netpol_diags_destroy(r.diags);
    netpol_ctx_destroy(r.ctx);
    return fine && r.updated * 8 > r.steps ? 0 : 1;
}
