/* SPDX-License-Identifier: Apache-2.0 */
/* Classes: in brackets, by name, by one letter. */
#include "regex/build/internal.h"

struct ascii_class {
    const char *name;
    const char *ranges; /* first and last of each, in turn */
};
static const struct ascii_class posix[] = {
    {"alnum",  "09AZaz"        },
    {"alpha",  "AZaz"          },
    {"ascii",  "\0\177"        },
    {"blank",  "\t\t  "        },
    {"cntrl",  "\0\037\177\177"},
    {"digit",  "09"            },
    {"graph",  "!~"            },
    {"lower",  "az"            },
    {"print",  " ~"            },
    {"punct",  "!/:@[`{~"      },
    {"space",  "\t\r  "        },
    {"upper",  "AZ"            },
    {"word",   "09AZ__az"      },
    {"xdigit", "09AFaf"        },
};
static const struct ascii_class perl[] = {
    {"d", "09"        },
    {"s", "\t\n\f\r  "},
    {"w", "09AZ__az"  }
};
enum { POSIX = sizeof posix / sizeof *posix, PERL = sizeof perl / sizeof *perl };

static void add(struct np_re_parser *p, struct np_re_ranges *set, uint32_t low, uint32_t high)
{
    if (p->flags & NP_RE_FOLD) {
        np_re_add_folded(set, low, high);
    } else {
        np_re_add(set, low, high);
    }
}

/* What p->other has, or all that it has not, into p->ranges. */
static void join(struct np_re_parser *p, bool negative)
{
    if (negative) {
        np_re_sort(&p->other);
        np_re_negate(&p->other);
    }
    for (size_t i = 0; i < p->other.v.count; i++) {
        np_re_add(&p->ranges, p->other.v.items[i].low, p->other.v.items[i].high);
    }
    p->other.v.count = 0;
}

static void add_ascii(struct np_re_parser *p, const struct ascii_class *c, bool negative)
{
    const char *range = c->ranges;
    do { /* the first bound may be NUL */
        add(p, &p->other, (unsigned char)range[0], (unsigned char)range[1]);
        range += 2;
    } while (*range);
    join(p, negative);
}

/* ---- \d, \pN ---- */

/* At "\p" or "\P". */
static enum np_re_found unicode(struct np_re_parser *p)
{
    size_t from = p->at;
    bool negative = p->text.ptr[from + 1] == 'P';
    struct np_slice name = {p->text.ptr + from + 2, 0};
    uint32_t rune;
    p->at += 2;
    if (p->at == p->text.len) {
        np_re_fail(p, NP_REGEX_BAD_CLASS_RANGE, from, p->at, "the name of a class is missing");
        return NP_RE_FAILED;
    }
    if (!np_re_rune(p, &rune)) {
        return NP_RE_FAILED;
    }
    if (rune == '{') {
        name.ptr++;
        while (p->at < p->text.len && p->text.ptr[p->at] != '}') {
            if (!np_re_rune(p, &rune)) {
                return NP_RE_FAILED;
            }
        }
        if (p->at == p->text.len) {
            np_re_fail(p, NP_REGEX_BAD_CLASS_RANGE, from, p->at,
                       "the name of a class is not closed");
            return NP_RE_FAILED;
        }
        p->at++;
    }
    name.len = (size_t)(p->text.ptr + p->at - name.ptr) - (name.ptr[-1] == '{');
    if (name.len && name.ptr[0] == '^') {
        negative = !negative;
        name = (struct np_slice){name.ptr + 1, name.len - 1};
    }
    if (!np_re_unicode_add(&p->other, name, p->flags & NP_RE_FOLD)) {
        np_re_fail(p, NP_REGEX_BAD_CLASS_RANGE, from, p->at, "Unicode has no such class");
        return NP_RE_FAILED;
    }
    join(p, negative);
    return NP_RE_FOUND;
}

enum np_re_found np_re_group(struct np_re_parser *p)
{
    if (p->text.len - p->at < 2 || p->text.ptr[p->at] != '\\') {
        return NP_RE_NOTHING;
    }
    char letter = p->text.ptr[p->at + 1];
    if (letter == 'p' || letter == 'P') {
        return unicode(p);
    }
    for (size_t i = 0; i < PERL; i++) {
        if ((letter | 0x20) == perl[i].name[0]) {
            p->at += 2;
            add_ascii(p, &perl[i], !(letter & 0x20));
            return NP_RE_FOUND;
        }
    }
    return NP_RE_NOTHING;
}

/* ---- [...] ---- */

/* The first ":]" from `from` on. It is asked for in order, so each byte is looked at once. */
static size_t name_end(struct np_re_parser *p, size_t from)
{
    if (p->name_end < from) {
        size_t at = from;
        while (at + 2 <= p->text.len && !(p->text.ptr[at] == ':' && p->text.ptr[at + 1] == ']')) {
            at++;
        }
        p->name_end = at + 2 <= p->text.len ? at : SIZE_MAX;
    }
    return p->name_end;
}

/* "[:name:]", where ":]" stands anywhere behind it; else "[" is itself. */
static enum np_re_found named(struct np_re_parser *p)
{
    size_t from = p->at;
    if (p->text.len - from < 2 || p->text.ptr[from] != '[' || p->text.ptr[from + 1] != ':') {
        return NP_RE_NOTHING;
    }
    size_t to = name_end(p, from + 2);
    if (to == SIZE_MAX) {
        return NP_RE_NOTHING;
    }
    bool negative = p->text.ptr[from + 2] == '^';
    struct np_slice name = {p->text.ptr + from + 2 + negative, to - from - 2 - negative};
    for (size_t i = 0; i < POSIX; i++) {
        if (np_slice_is(name, posix[i].name)) {
            p->at = to + 2;
            add_ascii(p, &posix[i], negative);
            return NP_RE_FOUND;
        }
    }
    np_re_fail(p, NP_REGEX_BAD_CLASS_RANGE, from, to + 2, "there is no class of this name");
    return NP_RE_FAILED;
}

static bool not_closed(struct np_re_parser *p, size_t from)
{
    return np_re_fail(p, NP_REGEX_MISSING_BRACKET, from, p->text.len, "a bracket is not closed");
}

static bool bound(struct np_re_parser *p, size_t open, uint32_t *rune)
{
    if (p->at >= p->text.len) {
        return not_closed(p, open);
    }
    return p->text.ptr[p->at] == '\\' ? np_re_escape(p, rune) : np_re_rune(p, rune);
}

/* One character or "a-z"; "-" before the bracket's end is itself. */
static bool range(struct np_re_parser *p, size_t open)
{
    size_t from = p->at;
    uint32_t low;
    if (!bound(p, open, &low)) {
        return false;
    }
    uint32_t high = low;
    if (np_re_more(p, '-') && p->at + 1 < p->text.len && p->text.ptr[p->at + 1] != ']') {
        p->at++;
        if (!bound(p, open, &high)) {
            return false;
        }
        if (high < low) {
            return np_re_fail(p, NP_REGEX_BAD_CLASS_RANGE, from, p->at,
                              "a range of characters ends before it begins");
        }
    }
    add(p, &p->ranges, low, high);
    return true;
}

static bool item(struct np_re_parser *p, size_t open)
{
    enum np_re_found found = named(p);
    if (found == NP_RE_NOTHING) {
        found = np_re_group(p);
    }
    bool fine = found == NP_RE_NOTHING ? range(p, open) : found == NP_RE_FOUND;
    return fine && np_re_ranges_fit(p);
}

bool np_re_bracket(struct np_re_parser *p)
{
    size_t open = p->at++;
    bool negative = np_re_more(p, '^');
    p->at += negative;
    for (bool first = true; first || !np_re_more(p, ']'); first = false) {
        if (p->at >= p->text.len) {
            return not_closed(p, open);
        }
        if (!item(p, open)) {
            return false;
        }
    }
    p->at++;
    np_re_sort(&p->ranges);
    if (negative) {
        np_re_negate(&p->ranges);
    }
    return np_re_push_class(p);
}
