/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_test PATTERNS SEED [TEXTS]: our regular expressions against libre2. First a table of
 * patterns and texts, each pattern with each text; then random patterns, each with some texts of
 * its own. Acceptance, the reason of a refusal and every match must be equal.
 */
#include "compare.h"
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>

struct tally {
    unsigned long patterns, refused, limits, pairs, matched, factored, different;
};

static void show(const char *what, struct np_slice text)
{
    printf("  %s \"", what);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        printf(c < 0x20 || c >= 0x7F || c == '"' || c == '\\' ? "\\x%02x" : "%c", c);
    }
    printf("\"\n");
}

static void differ(struct tally *tally, struct np_slice pattern, const struct np_slice *text,
                   const struct both *both, bool matches)
{
    tally->different++;
    show("pattern", pattern);
    if (text) {
        show("text", *text);
        printf("  RE2 says %s\n", matches ? "match" : "no match");
    } else {
        printf("  RE2's answer %d, ours %d: %s\n", both->answer, both->error.kind,
               both->error.why ? both->error.why : "fine");
    }
}

static bool read_both(struct tally *tally, struct np_arena *arena, struct np_slice pattern,
                      struct both *both)
{
    enum compared compared = both_read(arena, pattern, both);
    tally->patterns++;
    tally->refused += compared == SAME_REFUSED;
    tally->limits += compared == ONE_LIMIT;
    if (compared == DIFFERENT) {
        differ(tally, pattern, NULL, both, false);
    }
    return compared == SAME_ACCEPTED;
}

static void match_both(struct tally *tally, struct np_slice pattern, struct np_slice text,
                       const struct both *both)
{
    bool matches;
    tally->pairs++;
    switch (both_match(both, text, &matches)) {
    case FACTORED:
        tally->factored++;
        break;
    case OTHER_MATCH:
        differ(tally, pattern, &text, both, matches);
        break;
    default:
        break;
    }
    tally->matched += matches;
}

/* ---- the table ---- */

#define TEXT(literal)                \
    {                                \
        literal, sizeof(literal) - 1 \
    }
static const struct np_slice patterns[] = {
#define PATTERN(literal) TEXT(literal),
#include "patterns.def"
#undef PATTERN
};
static const struct np_slice texts[] = {
#define SUBJECT(literal) TEXT(literal),
#include "subjects.def"
#undef SUBJECT
};
enum { PATTERNS = sizeof patterns / sizeof *patterns, TEXTS = sizeof texts / sizeof *texts };

static void table(struct tally *tally, struct np_arena *arena)
{
    for (size_t i = 0; i < PATTERNS; i++) {
        struct both both;
        bool fine = read_both(tally, arena, patterns[i], &both);
        for (size_t k = 0; fine && k < TEXTS; k++) {
            match_both(tally, patterns[i], texts[k], &both);
        }
        for (size_t k = 0; fine && k < PATTERNS; k++) { /* patterns are texts as well */
            match_both(tally, patterns[i], patterns[k], &both);
        }
        both_free(&both);
        np_arena_reset(arena);
    }
}

/* ---- at random ---- */

static void at_random(struct tally *tally, struct np_arena *arena, struct draw *draw,
                      unsigned long count, unsigned long each)
{
    for (unsigned long i = 0; i < count && tally->different < 20; i++) {
        struct drawn pattern;
        struct drawn text;
        struct both both;
        draw_pattern(draw, &pattern);
        const struct np_slice slice = {pattern.bytes, pattern.len};
        bool fine = read_both(tally, arena, slice, &both);
        for (unsigned long k = 0; fine && k < each; k++) {
            draw_text(draw, &pattern, &text);
            match_both(tally, slice, (struct np_slice){text.bytes, text.len}, &both);
        }
        both_free(&both);
        np_arena_reset(arena);
    }
}

static void tell(const char *what, const struct tally *tally)
{
    printf("%s: %lu patterns (%lu refused by both, %lu too large for one), %lu pairs, "
           "%lu matched, %lu different where RE2 joins alternatives, %lu different\n",
           what, tally->patterns, tally->refused, tally->limits, tally->pairs, tally->matched,
           tally->factored, tally->different);
}

int main(int argc, char **argv)
{
    struct netpol_ctx *ctx;
    struct np_arena arena;
    struct tally fixed = {0};
    struct tally drawn = {0};
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    struct draw draw = {.state = 0x9E3779B97F4A7C15u ^ (argc > 2 ? strtoul(argv[2], NULL, 10) : 1)};
    unsigned long each = argc > 3 ? strtoul(argv[3], NULL, 10) : 12;
    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    np_arena_init(&arena, ctx, 65536);
    table(&fixed, &arena);
    tell("table", &fixed);
    at_random(&drawn, &arena, &draw, count, each);
    tell("random", &drawn);
    np_arena_free(&arena);
    netpol_ctx_destroy(ctx);
    bool poor = drawn.matched * 20 < drawn.pairs || drawn.refused == drawn.patterns;
    if (poor) {
        printf("too few of the random texts match\n");
    }
    return fixed.different || drawn.different || poor;
}
