/* SPDX-License-Identifier: Apache-2.0 */
#include "compare.h"

#include <stdlib.h>

/*
 * Our kinds are RE2's codes. What RE2 says of bytes that are not UTF-8 depends on where they stand,
 * and it says so of some patterns that merely end too early ("\\x{").
 */
static bool same_kind(enum np_regex_wrong kind, enum re2_answer answer)
{
    static const uint8_t answers[] = {
        [NP_REGEX_FINE] = RE2_FINE,
        [NP_REGEX_BAD_ESCAPE] = RE2_BAD_ESCAPE,
        [NP_REGEX_BAD_CLASS_RANGE] = RE2_BAD_CLASS,
        [NP_REGEX_MISSING_BRACKET] = RE2_MISSING_BRACKET,
        [NP_REGEX_MISSING_PAREN] = RE2_MISSING_PAREN,
        [NP_REGEX_UNEXPECTED_PAREN] = RE2_UNEXPECTED_PAREN,
        [NP_REGEX_TRAILING_BACKSLASH] = RE2_TRAILING_BACKSLASH,
        [NP_REGEX_NOTHING_TO_REPEAT] = RE2_NOTHING_TO_REPEAT,
        [NP_REGEX_BAD_REPEAT_SIZE] = RE2_BAD_REPEAT_SIZE,
        [NP_REGEX_REPEATED_REPEAT] = RE2_REPEATED_REPEAT,
        [NP_REGEX_BAD_UTF8] = RE2_BAD_UTF8,
        [NP_REGEX_BAD_NAME] = RE2_BAD_NAME,
        [NP_REGEX_BAD_GROUP] = RE2_BAD_GROUP,
        [NP_REGEX_TOO_LARGE] = RE2_TOO_LARGE,
    };
    bool unreadable = kind == NP_REGEX_BAD_UTF8 || answer == RE2_BAD_UTF8;
    bool class = kind == NP_REGEX_BAD_CLASS_RANGE && answer == RE2_BAD_ESCAPE; /* "[\\p" */
    return answers[kind] == answer || class ||
           (unreadable && kind != NP_REGEX_FINE && answer != RE2_FINE);
}

/* "(?<name>" is newer than the libre2 that we compare with. */
static bool names_newly(struct np_slice p)
{
    for (size_t at = 0; at + 3 < p.len; at++) {
        if (memcmp(p.ptr + at, "(?<", 3) == 0 && p.ptr[at + 3] != '=' && p.ptr[at + 3] != '!') {
            return true;
        }
    }
    return false;
}

enum compared both_read(struct np_arena *arena, struct np_slice pattern, struct both *out)
{
    *out = (struct both){.pattern = pattern};
    out->answer = re2_oracle_create(pattern.ptr, pattern.len, &out->re2);
    int status = np_regex_parse(arena, pattern, &out->own, &out->error);
    if (status == NETPOL_ERR_LIMIT || out->answer == RE2_TOO_LARGE ||
        (out->answer == RE2_BAD_GROUP && names_newly(pattern))) {
        return ONE_LIMIT;
    }
    if (!same_kind((enum np_regex_wrong)out->error.kind, out->answer)) {
        return DIFFERENT;
    }
    bool inside =
        out->error.offset <= pattern.len && out->error.length <= pattern.len - out->error.offset;
    if (!out->own && (!out->error.why || !inside)) {
        return DIFFERENT;
    }
    return out->own ? SAME_ACCEPTED : SAME_REFUSED;
}

/* ---- the pattern with "()" before each alternative ---- */

/* The length of one item of a class: an escape, "[:name:]", a byte. */
static size_t in_class(struct np_slice p, size_t at)
{
    if (p.ptr[at] == '\\') {
        return 2;
    }
    for (size_t i = at + 2; p.ptr[at] == '[' && p.ptr[at + 1] == ':' && i + 1 < p.len; i++) {
        if (p.ptr[i] == ':' && p.ptr[i + 1] == ']') {
            return i + 2 - at;
        }
    }
    return 1;
}

/* The length of what stands at `at` and has no syntax inside, such as a class. */
static size_t opaque(struct np_slice p, size_t at)
{
    size_t end = at + 1;
    if (p.ptr[at] == '\\' && p.ptr[at + 1] == 'Q') {
        while (end < p.len && !(p.ptr[end] == '\\' && end + 1 < p.len && p.ptr[end + 1] == 'E')) {
            end++;
        }
        return end < p.len ? end + 2 - at : end - at;
    }
    if (p.ptr[at] == '\\') {
        return 2;
    }
    if (p.ptr[at] != '[') {
        return 1;
    }
    end += p.ptr[end] == '^';
    for (bool first = true; first || p.ptr[end] != ']'; first = false) {
        end += in_class(p, end);
    }
    return end + 1 - at;
}

/* Of "(", "(?i:", "(?P<name>"; of "(?i)", which opens nothing, 0. */
static size_t opening(struct np_slice p, size_t at)
{
    size_t end = at + 1;
    if (p.ptr[end] != '?') {
        return 1;
    }
    while (p.ptr[end] != ':' && p.ptr[end] != ')' && p.ptr[end] != '>') {
        end++;
    }
    return p.ptr[end] == ')' ? 0 : end + 1 - at;
}

static struct re2_oracle *guarded(struct np_slice pattern)
{
    char *text = malloc(3 * pattern.len + 2);
    struct re2_oracle *oracle = NULL;
    size_t len = 0;
    if (!text) {
        abort();
    }
    memcpy(text, "()", 2);
    len = 2;
    for (size_t at = 0; at < pattern.len;) {
        bool opens = pattern.ptr[at] == '(' && opening(pattern, at) > 0;
        bool bar = pattern.ptr[at] == '|';
        size_t size = opens ? opening(pattern, at) : opaque(pattern, at);
        memcpy(text + len, pattern.ptr + at, size);
        len += size;
        at += size;
        if (opens || bar) {
            memcpy(text + len, "()", 2);
            len += 2;
        }
    }
    (void)re2_oracle_create(text, len, &oracle);
    free(text);
    return oracle;
}

enum match both_match(const struct both *both, struct np_slice text, bool *matches)
{
    bool own = np_regex_full_match(both->own, text);
    *matches = re2_oracle_full_match(both->re2, text.ptr, text.len);
    if (own == *matches) {
        return SAME_MATCH;
    }
    struct re2_oracle *oracle = guarded(both->pattern);
    bool same = oracle && re2_oracle_full_match(oracle, text.ptr, text.len) == own;
    re2_oracle_destroy(oracle);
    return same ? FACTORED : OTHER_MATCH;
}

void both_free(struct both *both)
{
    re2_oracle_destroy(both->re2);
    both->re2 = NULL;
}
