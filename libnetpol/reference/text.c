/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns over text. A header given several times is read as its values joined by commas without
 * building that text: the pieces are read as one stream, from any offset.
 */
#include "reference/internal.h"

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same(const char *a, const char *b, size_t len, bool fold)
{
    if (!fold) {
        return len == 0 || memcmp(a, b, len) == 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower((unsigned char)a[i]) != lower((unsigned char)b[i])) {
            return false;
        }
    }
    return true;
}

bool np_slice_same(struct np_slice a, struct np_slice b)
{
    return a.len == b.len && same(a.ptr, b.ptr, a.len, true);
}

static struct np_slice without_dot(struct np_slice name)
{
    if (name.len && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    return name;
}

/* "*.x.io": one label or more before it, never x.io itself; "*": any name; else the name. */
static bool match_dns(struct np_slice pattern, struct np_slice name)
{
    pattern = without_dot(pattern);
    name = without_dot(name);
    if (np_slice_is(pattern, "*")) {
        return name.len > 0;
    }
    if (pattern.len < 2 || pattern.ptr[0] != '*' || pattern.ptr[1] != '.') {
        return np_slice_same(pattern, name);
    }
    size_t suffix = pattern.len - 1; /* ".x.io" */
    return name.len > suffix && name.ptr[0] != '.' &&
           same(pattern.ptr + 1, name.ptr + name.len - suffix, suffix, true);
}

bool np_pattern_match(const struct np_pattern *pattern, struct np_slice text, bool fold_case)
{
    struct np_slice wanted = np_str_slice(pattern->text);
    bool fold = fold_case || pattern->ignore_case;
    if (pattern->kind == NP_PATTERN_PRESENT) {
        return true;
    }
    if (pattern->kind == NP_PATTERN_DNS) {
        return match_dns(wanted, text);
    }
    if (wanted.len > text.len) {
        return false;
    }
    size_t rest = text.len - wanted.len;
    switch (pattern->kind) {
    case NP_PATTERN_EXACT:
        return rest == 0 && same(wanted.ptr, text.ptr, wanted.len, fold);
    case NP_PATTERN_PREFIX:
        return same(wanted.ptr, text.ptr, wanted.len, fold);
    case NP_PATTERN_SUFFIX:
        return same(wanted.ptr, text.ptr + rest, wanted.len, fold);
    default:
        for (size_t at = 0; at <= rest; at++) {
            if (same(wanted.ptr, text.ptr + at, wanted.len, fold)) {
                return true;
            }
        }
        return false;
    }
}

/* ---- pieces read as one text ---- */

struct stream {
    const struct np_pieces *pieces;
    uint64_t cursor;
    struct np_slice piece;
    size_t at;
    bool started;
};

/* The next byte; -1 at the end. */
static int stream_next(struct stream *s)
{
    if (!s->started || s->at == s->piece.len) {
        bool comma = s->started;
        if (!s->pieces->next(s->pieces->source, &s->cursor, &s->piece)) {
            s->piece.len = s->at = 0;
            return -1;
        }
        s->started = true;
        s->at = 0;
        if (comma) {
            return ',';
        }
        if (s->piece.len == 0) {
            return stream_next(s); /* once: only before the first byte */
        }
    }
    return (unsigned char)s->piece.ptr[s->at++];
}

static size_t stream_length(const struct np_pieces *pieces)
{
    struct stream s = {.pieces = pieces};
    size_t length = 0;
    while (stream_next(&s) >= 0) {
        length++;
    }
    return length;
}

static bool match_at(const struct np_pieces *pieces, size_t offset, struct np_slice wanted,
                     bool fold)
{
    struct stream s = {.pieces = pieces};
    for (size_t i = 0; i < offset; i++) {
        (void)stream_next(&s);
    }
    for (size_t i = 0; i < wanted.len; i++) {
        int a = (unsigned char)wanted.ptr[i];
        int b = stream_next(&s);
        if (fold ? lower(a) != lower(b) : a != b) {
            return false;
        }
    }
    return true;
}

bool np_pattern_match_joined(const struct np_pattern *pattern, const struct np_pieces *pieces)
{
    struct np_slice wanted = np_str_slice(pattern->text);
    size_t length = stream_length(pieces);
    if (pattern->kind == NP_PATTERN_PRESENT) {
        return true;
    }
    if (wanted.len > length) {
        return false;
    }
    size_t rest = length - wanted.len;
    switch (pattern->kind) {
    case NP_PATTERN_PREFIX:
        return match_at(pieces, 0, wanted, pattern->ignore_case);
    case NP_PATTERN_SUFFIX:
        return match_at(pieces, rest, wanted, pattern->ignore_case);
    case NP_PATTERN_CONTAINS:
        for (size_t at = 0; at <= rest; at++) {
            if (match_at(pieces, at, wanted, pattern->ignore_case)) {
                return true;
            }
        }
        return false;
    default: /* a DNS pattern is no header condition: as exact */
        return rest == 0 && match_at(pieces, 0, wanted, pattern->ignore_case);
    }
}
