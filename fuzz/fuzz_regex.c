/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions against libre2: a pattern, then texts, each behind a byte FE. Acceptance, the
 * reason of a refusal and matches are equal (tests/regex/compare.h says where RE2 is wrong); a walk
 * that is fed byte by byte says what the whole text does.
 */
#include "compare.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATTERN_MAX = 128, TEXT_MAX = 256 };

static void demand(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Up to the next FE; *rest moves behind it. */
static struct np_slice part(struct np_slice *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, 0xFE, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    struct np_slice first = {rest->ptr, len};
    size_t skip = end ? len + 1 : len;
    *rest = (struct np_slice){rest->ptr + skip, rest->len - skip};
    return first;
}

static void feed(const struct np_regex *regex, struct np_slice text, bool matches)
{
    struct np_regex_walk walk;
    bool open = true;
    np_regex_begin(&walk, regex);
    for (size_t i = 0; i < text.len; i++) {
        bool more = np_regex_feed(&walk, (unsigned char)text.ptr[i]);
        demand(open || !more);
        open = more;
    }
    demand(np_regex_end(&walk) == matches);
    demand(open || !matches);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct netpol_ctx *ctx;
    struct np_slice rest = {(const char *)data, size};
    struct np_slice pattern = part(&rest);
    struct np_arena arena;
    struct both both;
    if (pattern.len > PATTERN_MAX) {
        return 0;
    }
    if (!ctx) {
        demand(netpol_ctx_create(NULL, &ctx) == NETPOL_OK);
    }
    np_arena_init(&arena, ctx, 4096);
    enum compared compared = both_read(&arena, pattern, &both);
    demand(compared != DIFFERENT);
    for (bool more = compared == SAME_ACCEPTED; more; more = rest.len > 0) {
        struct np_slice text = part(&rest);
        bool matches;
        if (text.len <= TEXT_MAX) {
            enum match match = both_match(&both, text, &matches);
            demand(match != OTHER_MATCH);
            feed(both.own, text, match == FACTORED ? !matches : matches);
        }
    }
    both_free(&both);
    np_arena_free(&arena);
    return 0;
}
