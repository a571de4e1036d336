/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unicode_test: every class of Unicode and every folding, each over all code points, against
 * libre2. All one- and two-letter names are asked for, and all that our table has.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>

enum { LAST = 0x10FFFF, BLOCK = 256 };

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; c >>= 6) {
        out[i] = (char)(0x80 | (c & 0x3F));
    }
    out[0] = (char)((0xF00u >> size & 0xF0) | c);
    return size;
}

/* Blocks of which nothing is in the class, by both, are told by one text each. */
static unsigned long compare_class(struct np_arena *arena, const char *item, bool everywhere)
{
    char class[80], none[80], text[4 * BLOCK];
    struct both both;
    struct both others;
    unsigned long different = 0;
    snprintf(class, sizeof class, "[%s]", item);
    snprintf(none, sizeof none, "[^%s]*", item);
    enum compared compared = both_read(arena, np_slice_of(class), &both);
    different += compared == DIFFERENT;
    bool fine =
        compared == SAME_ACCEPTED && both_read(arena, np_slice_of(none), &others) == SAME_ACCEPTED;
    for (uint32_t block = 0; fine && block <= LAST; block += BLOCK) {
        size_t len = 0;
        for (uint32_t c = block; c < block + BLOCK; c++) {
            len += encode(c, text + len);
        }
        bool matches;
        different += both_match(&others, (struct np_slice){text, len}, &matches) != SAME_MATCH;
        for (uint32_t c = block; (!matches || everywhere) && c < block + BLOCK; c++) {
            bool in;
            len = encode(c, text);
            different += both_match(&both, (struct np_slice){text, len}, &in) != SAME_MATCH;
        }
    }
    if (different) {
        printf("%s: %lu different\n", class, different);
    }
    both_free(&both);
    if (compared == SAME_ACCEPTED) {
        both_free(&others);
    }
    np_arena_reset(arena);
    return different;
}

static const char *const names[] = {
#define NP_UNICODE_GROUP(name, ...) #name,
#include "regex/build/unicode_groups.def"
#undef NP_UNICODE_GROUP
    "Any", "any", "Foo", "Latn", "Cn", "LC", "L&", "IsGreek", "InGreek", "Script=Greek"};

static unsigned long compare_names(struct np_arena *arena, size_t step)
{
    char item[64];
    unsigned long different = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i += step) {
        snprintf(item, sizeof item, "\\p{%s}", names[i]);
        different += compare_class(arena, item, false);
    }
    for (int a = 'A'; a <= 'Z'; a += (int)(step % 26)) {
        snprintf(item, sizeof item, "\\p%c", a);
        different += compare_class(arena, item, false);
        for (int b = 'a'; b <= 'z'; b++) {
            snprintf(item, sizeof item, "\\p{%c%c}", a, b);
            different += compare_class(arena, item, false);
        }
    }
    return different;
}

/* Of each code point that has others: all of them, by its whole block; of each pair of bounds. */
static unsigned long compare_folding(struct np_arena *arena, size_t step)
{
    static const struct {
        uint32_t first, last;
    } folds[] = {
#define NP_UNICODE_FOLD(first, last, step) {first, last},
#include "regex/build/unicode_fold.def"
#undef NP_UNICODE_FOLD
    };
    char pattern[64];
    unsigned long different = 0;
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i += step) {
        for (uint32_t c = folds[i].first - 1; c <= folds[i].last + 1; c++) {
            struct both both;
            bool matches;
            snprintf(pattern, sizeof pattern, "(?i)\\x{%x}", c);
            different += both_read(arena, np_slice_of(pattern), &both) != SAME_ACCEPTED;
            for (size_t k = 0; both.own && k < sizeof folds / sizeof *folds; k++) {
                for (uint32_t other = folds[k].first; other <= folds[k].last; other++) {
                    char text[4];
                    size_t len = encode(other, text);
                    struct np_slice slice = {text, len};
                    different += both_match(&both, slice, &matches) != SAME_MATCH;
                }
            }
            both_free(&both);
        }
        np_arena_reset(arena);
    }
    return different;
}

int main(int argc, char **argv)
{
    struct netpol_ctx *ctx;
    struct np_arena arena;
    size_t step = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    if (step == 0 || step % 26 == 0 || netpol_ctx_create(NULL, &ctx) != NETPOL_OK) {
        return 1;
    }
    np_arena_init(&arena, ctx, 65536);
    unsigned long classes = compare_names(&arena, step);
    unsigned long foldings = compare_folding(&arena, step);
    printf("classes: %lu different; foldings: %lu different\n", classes, foldings);
    np_arena_free(&arena);
    netpol_ctx_destroy(ctx);
    return classes || foldings;
}
