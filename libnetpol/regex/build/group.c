/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind "(". */
#include "regex/build/internal.h"

static bool push_open(struct np_re_parser *p)
{
    struct np_re_node *node = np_re_node(p, NP_RE_OPEN);
    if (node) {
        node->flags = p->flags;
    }
    return np_re_push(p, node);
}

/* At "(?P<" or "(?<", `size` bytes. Names are not kept: two groups may have the same, as in RE2. */
static bool named(struct np_re_parser *p, size_t size)
{
    size_t from = p->at;
    size_t to = from + size;
    while (to < p->text.len && p->text.ptr[to] != '>') {
        to++;
    }
    bool fine = to > from + size;
    for (p->at = from + size; p->at < to;) {
        uint32_t rune;
        if (!np_re_rune(p, &rune)) {
            return false;
        }
        fine = fine && np_re_in_name(rune);
        p->re2_only |= rune >= 0x80;
    }
    if (to == p->text.len) {
        return np_re_fail(p, NP_REGEX_BAD_NAME, from, to, "the name of a group is not closed");
    }
    p->at = to + 1;
    if (!fine) {
        return np_re_fail(p, NP_REGEX_BAD_NAME, from, p->at,
                          "the name of a group is of letters, digits and '_'");
    }
    return push_open(p);
}

static bool unknown(struct np_re_parser *p, size_t from)
{
    char c = from + 2 < p->text.len ? p->text.ptr[from + 2] : '\0';
    char d = from + 3 < p->text.len ? p->text.ptr[from + 3] : '\0';
    bool around = c == '=' || c == '!' || (c == '<' && (d == '=' || d == '!'));
    return np_re_fail(p, NP_REGEX_BAD_GROUP, from, p->at,
                      around ? "looking around is not supported"
                             : "\"(?\" is followed by what is no flag, ':', P<name> or <name>");
}

static uint8_t flag_of(uint32_t c)
{
    return c == 'i' ? NP_RE_FOLD : c == 's' ? NP_RE_DOT_LINE : c == 'm' ? NP_RE_LINES : 0;
}

/* At "(?": flags, then ":" of a group, or ")". */
static bool flags(struct np_re_parser *p)
{
    size_t from = p->at;
    uint8_t flags = p->flags;
    bool negative = false;
    bool any = true; /* '-' wants one behind it */
    for (p->at += 2;;) {
        uint32_t c;
        if (p->at >= p->text.len) {
            return unknown(p, from);
        }
        if (!np_re_rune(p, &c)) {
            return false;
        }
        bool ends = c == ')' || c == ':';
        bool minus = c == '-' && !negative;
        if ((!ends && !minus && c != 'U' && !flag_of(c)) || (ends && !any)) {
            return unknown(p, from);
        }
        if (ends) {
            bool pushed = c == ')' || push_open(p);
            p->flags = flags;
            return pushed;
        }
        negative |= minus;
        any = !minus;
        flags = (uint8_t)(negative ? flags & ~flag_of(c) : flags | flag_of(c));
    }
}

bool np_re_open(struct np_re_parser *p)
{
    struct np_slice rest = {p->text.ptr + p->at, p->text.len - p->at};
    if (rest.len > 4 && memcmp(rest.ptr, "(?P<", 4) == 0) {
        return named(p, 4);
    }
    if (rest.len > 3 && memcmp(rest.ptr, "(?<", 3) == 0 && rest.ptr[3] != '=' &&
        rest.ptr[3] != '!') { /* since RE2 2023-09-01 */
        return named(p, 3);
    }
    if (rest.len >= 2 && rest.ptr[1] == '?') {
        return flags(p);
    }
    p->at++;
    return push_open(p);
}
