/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns over text. A header given several times is read as its values joined by commas without
 * building that text: the pieces are read as one stream, from any offset. A path in normal form is
 * not built either (model/http_path.h).
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

/* Where "*" stands as a whole label; the length: nowhere. */
static size_t star_of(struct np_slice pattern)
{
    size_t at = 0;
    while (at < pattern.len &&
           !(pattern.ptr[at] == '*' && (at == 0 || pattern.ptr[at - 1] == '.') &&
             (at + 1 == pattern.len || pattern.ptr[at + 1] == '.'))) {
        at++;
    }
    return at;
}

/* "*" is one label or more: "*.x.io" is never x.io itself, "a.*.io" begins and ends so. */
static bool match_dns(struct np_slice pattern, struct np_slice name)
{
    pattern = without_dot(pattern);
    name = without_dot(name);
    size_t before = star_of(pattern);
    if (before == pattern.len) {
        return np_slice_same(pattern, name);
    }
    size_t behind = pattern.len - before - 1; /* ".x.io" */
    return name.len > before + behind && name.ptr[before] != '.' &&
           name.ptr[name.len - behind - 1] != '.' && same(pattern.ptr, name.ptr, before, true) &&
           same(pattern.ptr + before + 1, name.ptr + name.len - behind, behind, true);
}

/* ---- a pattern over any text of which one can ask what stands where ---- */

struct subject {
    const void *text;
    size_t length;
    /* wanted.len bytes at `at` are within the length */
    bool (*has)(const void *text, size_t at, struct np_slice wanted, bool fold);
};

/* The text itself, or what is below it as a path: "/a" over "/a/b", not over "/ab". */
static bool match_under(const struct subject *subject, struct np_slice wanted, bool fold)
{
    if (!subject->has(subject->text, 0, wanted, fold)) {
        return false;
    }
    bool open = wanted.len == 0 || wanted.ptr[wanted.len - 1] == '/';
    return open || subject->length == wanted.len ||
           subject->has(subject->text, wanted.len, (struct np_slice){"/", 1}, false);
}

static bool match_anywhere(const struct subject *subject, struct np_slice wanted, bool fold)
{
    for (size_t at = 0; at <= subject->length - wanted.len; at++) {
        if (subject->has(subject->text, at, wanted, fold)) {
            return true;
        }
    }
    return false;
}

/* A pattern of names over what is no name: as exact. */
static bool match(const struct np_pattern *pattern, const struct subject *subject, bool fold)
{
    struct np_slice wanted = np_str_slice(pattern->text);
    if (pattern->kind == NP_PATTERN_PRESENT) {
        return true;
    }
    if (wanted.len > subject->length) {
        return false;
    }
    size_t rest = subject->length - wanted.len;
    switch (pattern->kind) {
    case NP_PATTERN_PREFIX:
        return subject->has(subject->text, 0, wanted, fold);
    case NP_PATTERN_SUFFIX:
        return subject->has(subject->text, rest, wanted, fold);
    case NP_PATTERN_CONTAINS:
        return match_anywhere(subject, wanted, fold);
    case NP_PATTERN_UNDER:
        return match_under(subject, wanted, fold);
    default:
        return rest == 0 && subject->has(subject->text, 0, wanted, fold);
    }
}

static bool slice_has(const void *text, size_t at, struct np_slice wanted, bool fold)
{
    const struct np_slice *slice = text;
    return same(wanted.ptr, slice->ptr + at, wanted.len, fold);
}

bool np_pattern_match(const struct np_pattern *pattern, struct np_slice text, bool fold_case)
{
    const struct subject subject = {&text, text.len, slice_has};
    switch (pattern->kind) {
    case NP_PATTERN_DNS:
        return match_dns(np_str_slice(pattern->text), text);
    case NP_PATTERN_FQDN:
        return np_fqdn_match(np_str_slice(pattern->text), text);
    case NP_PATTERN_SNI:
        return np_sni_match(np_str_slice(pattern->text), text);
    case NP_PATTERN_REGEX:
        return pattern->regex && np_regex_full_match(pattern->regex, text);
    default:
        return match(pattern, &subject, fold_case || pattern->ignore_case);
    }
}

static bool path_has(const void *text, size_t at, struct np_slice wanted, bool fold)
{
    return np_http_path_has(text, at, wanted, fold);
}

/* No dialect asks for this: slow, but right. */
static bool match_regex_path(const struct np_regex *regex, const struct np_http_path *path)
{
    struct np_regex_walk walk;
    np_regex_begin(&walk, regex);
    for (size_t at = 0; at < path->length; at++) {
        (void)np_regex_feed(&walk, np_http_path_byte(path, at));
    }
    return np_regex_end(&walk);
}

bool np_pattern_match_path(const struct np_pattern *pattern, const struct np_http_path *path)
{
    if (pattern->kind == NP_PATTERN_REGEX) {
        return pattern->regex && match_regex_path(pattern->regex, path);
    }
    const struct subject subject = {path, path->length, path_has};
    return match(pattern, &subject, pattern->ignore_case);
}

/* ---- texts that are read byte by byte ---- */

struct source {
    const struct np_pieces *pieces; /* or */
    const struct np_proxy_path *path;
};

static size_t stream_length(const struct source *source)
{
    struct np_stream s;
    size_t length = 0;
    np_stream_open(&s, source->pieces, source->path);
    while (np_stream_next(&s) >= 0) {
        length++;
    }
    return length;
}

static bool stream_has(const void *text, size_t at, struct np_slice wanted, bool fold)
{
    const struct source *source = text;
    struct np_stream s;
    np_stream_open(&s, source->pieces, source->path);
    for (size_t i = 0; i < at; i++) {
        (void)np_stream_next(&s);
    }
    for (size_t i = 0; i < wanted.len; i++) {
        int a = (unsigned char)wanted.ptr[i];
        int b = np_stream_next(&s);
        if (fold ? lower(a) != lower(b) : a != b) {
            return false;
        }
    }
    return true;
}

static bool match_regex_stream(const struct np_regex *regex, const struct source *source)
{
    struct np_regex_walk walk;
    struct np_stream s;
    np_regex_begin(&walk, regex);
    np_stream_open(&s, source->pieces, source->path);
    for (int byte = np_stream_next(&s); byte >= 0; byte = np_stream_next(&s)) {
        (void)np_regex_feed(&walk, (unsigned char)byte);
    }
    return np_regex_end(&walk);
}

static bool match_stream(const struct np_pattern *pattern, const struct source *source)
{
    if (pattern->kind == NP_PATTERN_REGEX) {
        return pattern->regex && match_regex_stream(pattern->regex, source);
    }
    const struct subject subject = {source, stream_length(source), stream_has};
    return match(pattern, &subject, pattern->ignore_case);
}

bool np_pattern_match_joined(const struct np_pattern *pattern, const struct np_pieces *pieces)
{
    return match_stream(pattern, &(struct source){.pieces = pieces});
}

bool np_pattern_match_proxy(const struct np_pattern *pattern, const struct np_proxy_path *path)
{
    return match_stream(pattern, &(struct source){.path = path});
}
