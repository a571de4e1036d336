/* SPDX-License-Identifier: Apache-2.0 */
#include "regex/build/wildcard.h"
#include "base/defect.h"

/* A pattern in tokens: a byte is itself but for these two. */
enum { STAR = 1 /* characters of one label */, LABELS = 2 /* one whole label or more */ };
struct tokens {
    uint8_t items[NP_WILDCARD_MAX + 2];
    size_t count;
};
/* Where a walk may stand: before a token, or behind at least one character of its last label. */
struct places {
    bool before[NP_WILDCARD_MAX + 3];
    bool inside[NP_WILDCARD_MAX + 3];
};

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

static bool is_label(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static size_t stars_at(struct np_slice text, size_t at)
{
    size_t stars = 0;
    while (at + stars < text.len && text.ptr[at + stars] == '*') {
        stars++;
    }
    return stars;
}

/* ---- what may be written ---- */

static const char *name_wrong(struct np_slice pattern)
{
    if (pattern.len == 0) {
        return "a pattern cannot be empty";
    }
    if (pattern.len > NP_WILDCARD_MAX) {
        return "a pattern has at most 255 characters";
    }
    for (size_t i = 0; i < pattern.len; i++) {
        int c = lower(pattern.ptr[i]);
        if (!is_label(c) && c != '.' && c != '*') {
            return "a pattern has letters, digits, '-', '_', '.' and '*' only";
        }
    }
    return NULL;
}

const char *np_fqdn_pattern_wrong(struct np_slice pattern)
{
    return name_wrong(pattern);
}

const char *np_sni_pattern_wrong(struct np_slice pattern)
{
    const char *wrong = name_wrong(pattern);
    for (size_t i = 0; !wrong && i < pattern.len; i++) {
        if (stars_at(pattern, i) > 2) {
            wrong = "\"*\" is a part of a label and \"**\" whole labels; three stars are neither";
        }
    }
    return wrong;
}

/* ---- the walk ---- */

static void push(struct tokens *tokens, int token)
{
    tokens->items[tokens->count++] = (uint8_t)token;
}

/* A STAR is nothing as well; so is what follows the labels of LABELS. */
static void close(const struct tokens *tokens, struct places *places)
{
    for (size_t i = 0; i < tokens->count; i++) {
        bool leaves = tokens->items[i] == STAR ? places->before[i] : places->inside[i];
        places->before[i + 1] |= leaves;
    }
}

static void take(const struct tokens *tokens, const struct places *places, int c,
                 struct places *next)
{
    bool label = is_label(c);
    *next = (struct places){{false}, {false}};
    for (size_t i = 0; i < tokens->count; i++) {
        int token = tokens->items[i];
        if (token == STAR) {
            bool crosses = c == '.' && np_defect(CILIUM_STAR_CROSSES);
            next->before[i] |= (label || crosses) && places->before[i];
        } else if (token == LABELS) {
            next->inside[i] = label && (places->before[i] || places->inside[i]);
            next->before[i] |= c == '.' && places->inside[i];
        } else {
            next->before[i + 1] |= c == token && places->before[i];
        }
    }
}

/* dot: one more '.' is read at the end of the name. */
static bool match(const struct tokens *tokens, struct np_slice name, bool dot)
{
    struct places places = {{true}, {false}};
    for (size_t i = 0; i < name.len + dot; i++) {
        struct places next;
        close(tokens, &places);
        take(tokens, &places, i < name.len ? lower(name.ptr[i]) : '.', &next);
        places = next;
    }
    close(tokens, &places);
    return places.before[tokens->count];
}

bool np_fqdn_pattern_is_any(struct np_slice pattern)
{
    size_t stars = stars_at(pattern, 0);
    return stars &&
           (stars == pattern.len || (stars + 1 == pattern.len && pattern.ptr[stars] == '.'));
}

bool np_fqdn_match(struct np_slice pattern, struct np_slice name)
{
    struct tokens tokens = {.count = 0};
    const bool any = np_fqdn_pattern_is_any(pattern);
    size_t stars = stars_at(pattern, 0), at = 0;
    if (np_fqdn_pattern_wrong(pattern) || name.len == 0) {
        return false;
    }
    if (any && np_slice_is(name, ".")) {
        return true;
    }
    if (any || (stars >= 2 && pattern.ptr[stars] == '.')) {
        push(&tokens, LABELS);
        at = stars;
    }
    while (at < pattern.len) {
        stars = stars_at(pattern, at);
        push(&tokens, stars ? STAR : lower(pattern.ptr[at]));
        at += stars ? stars : 1;
    }
    if (tokens.items[tokens.count - 1] != '.') {
        push(&tokens, '.');
    }
    return match(&tokens, name, name.ptr[name.len - 1] != '.');
}

bool np_sni_match(struct np_slice pattern, struct np_slice name)
{
    struct tokens tokens = {.count = 0};
    if (np_sni_pattern_wrong(pattern) || name.len == 0) {
        return false;
    }
    bool all = stars_at(pattern, 0) == pattern.len;
    if (np_defect(CILIUM_SNI_DOT) && name.ptr[name.len - 1] == '.') {
        name.len--;
    }
    for (size_t at = 0; at < pattern.len;) {
        size_t stars = stars_at(pattern, at);
        push(&tokens, all || stars == 2 ? LABELS : stars ? STAR : lower(pattern.ptr[at]));
        at += stars ? stars : 1;
    }
    return match(&tokens, name, false);
}
