/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"

uint32_t draw_below(struct draw *draw, uint32_t limit)
{
    draw->state ^= draw->state << 13;
    draw->state ^= draw->state >> 7;
    draw->state ^= draw->state << 17;
    return (uint32_t)((draw->state >> 11) % limit);
}

static void put(struct drawn *out, const char *text)
{
    size_t len = strlen(text);
    if (out->len + len <= sizeof out->bytes) {
        memcpy(out->bytes + out->len, text, len);
        out->len += len;
    }
}

static const char *one_of(struct draw *draw, const char *const *items, size_t count)
{
    return items[draw_below(draw, (uint32_t)count)];
}
#define ONE_OF(draw, items) one_of(draw, items, sizeof(items) / sizeof *(items))

/* ---- patterns ---- */

static const char *const letters[] = {"a",
                                      "b",
                                      "c",
                                      "A",
                                      "k",
                                      "s",
                                      "_",
                                      "0",
                                      "9",
                                      " ",
                                      "/",
                                      "-",
                                      ",",
                                      ":",
                                      "]",
                                      "}",
                                      "{",
                                      "=",
                                      "<",
                                      "!",
                                      "P",
                                      "i",
                                      "z",
                                      "Z",
                                      "\xc3\xa9",
                                      "\xc3\x89",
                                      "\xc5\xbf",
                                      "\xe2\x84\xaa",
                                      "\xce\xa3",
                                      "\xcf\x82",
                                      "\xe4\xb8\xad",
                                      "\xf0\x90\x90\x80",
                                      "\xed\xa0\x80",
                                      "\xf4\x8f\xbf\xbf",
                                      "\x7f",
                                      "\n",
                                      "\xc7\x85"};
static const char *const escapes[] = {
    "\\.",       "\\*",       "\\n",        "\\t",   "\\a",   "\\f",     "\\v",
    "\\r",       "\\\\",      "\\-",        "\\]",   "\\x41", "\\x{e9}", "\\x{10FFFF}",
    "\\x{D800}", "\\101",     "\\0",        "\\012", "\\777", "\\x{80}", "\\x{7ff}",
    "\\x{800}",  "\\x{ffff}", "\\x{10000}", "\\_",   "\\x00", "\\xff"};
static const char *const bad_escapes[] = {"\\1",         "\\8", "\\Z",  "\\q",    "\\xg", "\\x{",
                                          "\\x{110000}", "\\",  "\\x4", "\\k<a>", "\\e",  "\\cA"};
static const char *const groups[] = {
    "\\d",        "\\D",         "\\s",          "\\S",      "\\w",          "\\W",
    "\\pL",       "\\PL",        "\\pN",         "\\p{Lu}",  "\\P{Lu}",      "\\p{Greek}",
    "\\P{Greek}", "\\p{^Greek}", "\\P{^Ll}",     "\\p{Any}", "\\P{Any}",     "\\p{Han}",
    "\\p{Cs}",    "\\pZ",        "\\p{Braille}", "\\p{Lt}",  "\\p{Cherokee}"};
static const char *const bad_groups[] = {"\\pX",     "\\pY", "\\PH",  "\\p{",
                                         "\\p{Foo}", "\\p",  "\\p{}", "\\P{lu}"};
static const char *const posix[] = {
    "[:alpha:]", "[:^alpha:]", "[:word:]",  "[:space:]",  "[:ascii:]", "[:^ascii:]", "[:cntrl:]",
    "[:punct:]", "[:print:]",  "[:blank:]", "[:xdigit:]", "[:upper:]", "[:lower:]",  "[:graph:]",
    "[:digit:]", "[:alnum:]",  "[:foo:]",   "[:alpha",    "[:"};
static const char *const repeats[] = {"*",      "+",   "?",      "*?",    "+?",     "??",
                                      "{2}",    "{0}", "{1,}",   "{0,2}", "{1,3}?", "{,2}",
                                      "{2,1}",  "{3",  "{02}",   "{0,0}", "{1001}", "{30}",
                                      "{1,40}", "**",  "{2}{3}", "{}",    "{1,x}"};
static const char *const marks[] = {"^", "$", "\\A", "\\z", "\\b", "\\B", "\\C", ".", ".", "."};
static const char *const opens[] = {
    "(",    "(",     "(?:",    "(?:",      "(?i:",   "(?s:",     "(?m:",
    "(?U:", "(?-i:", "(?i-s:", "(?ism-U:", "(?P<n>", "(?P<n_1>", "(?P<\xc3\xa9\xd9\xa3>"};
static const char *const flags[] = {"(?i)",  "(?s)",  "(?m)", "(?-i)",
                                    "(?im)", "(?-s)", "(?U)", "(?ims)"};
static const char *const odd[] = {
    "(?",   "(?i",   "(?=", "(?!a)", "(?<=a)", "(?P<n",      "(?P<>a)",        "(?P=n)", "(?<n>a)",
    "(?-)", "(?i-)", ")",   "(",     "[",      "]",          "\xff",           "\xc3",   "\xe2\x82",
    "|",    "\\Q",   "\\E", "[^",    "*",      "(?P<a b>x)", "(?P<\xc2\xb2>x)"};

static void rune(struct draw *draw, struct drawn *out)
{
    put(out, draw_below(draw, 4) ? ONE_OF(draw, letters) : ONE_OF(draw, escapes));
}

static void bracket(struct draw *draw, struct drawn *out)
{
    put(out, draw_below(draw, 3) ? "[" : "[^");
    if (draw_below(draw, 8) == 0) {
        put(out, draw_below(draw, 2) ? "]" : "-");
    }
    for (uint32_t n = 1 + draw_below(draw, 3); n > 0; n--) {
        switch (draw_below(draw, 8)) {
        case 0:
            put(out, ONE_OF(draw, groups));
            break;
        case 1:
            put(out, ONE_OF(draw, posix));
            break;
        case 2:
        case 3:
            rune(draw, out);
            put(out, "-");
            rune(draw, out);
            break;
        default:
            rune(draw, out);
            break;
        }
    }
    put(out, "]");
}

static void choice(struct draw *draw, struct drawn *out, int depth);

static void strange(struct draw *draw, struct drawn *out)
{
    switch (draw_below(draw, 3)) {
    case 0:
        put(out, ONE_OF(draw, bad_escapes));
        break;
    case 1:
        put(out, ONE_OF(draw, bad_groups));
        break;
    default:
        put(out, ONE_OF(draw, odd));
        break;
    }
}

static void atom(struct draw *draw, struct drawn *out, int depth)
{
    uint32_t which = draw_below(draw, 100);
    if (which < 45) {
        rune(draw, out);
    } else if (which < 55) {
        put(out, ONE_OF(draw, groups));
    } else if (which < 67) {
        bracket(draw, out);
    } else if (which < 77) {
        put(out, ONE_OF(draw, marks));
    } else if (which < 81) {
        put(out, ONE_OF(draw, flags));
    } else if (which < 83) {
        put(out, "\\Q");
        rune(draw, out);
        put(out, "*.\\E");
    } else if (which < 84) {
        strange(draw, out);
    } else if (depth > 0) {
        put(out, ONE_OF(draw, opens));
        choice(draw, out, depth - 1);
        put(out, ")");
    }
}

static void choice(struct draw *draw, struct drawn *out, int depth)
{
    for (uint32_t n = 1 + draw_below(draw, 2) * draw_below(draw, 3); n > 0; n--) {
        for (uint32_t k = draw_below(draw, 4); k > 0; k--) {
            atom(draw, out, depth);
            if (draw_below(draw, 4) == 0) {
                put(out, ONE_OF(draw, repeats));
            }
        }
        if (n > 1) {
            put(out, "|");
        }
    }
}

void draw_pattern(struct draw *draw, struct drawn *out)
{
    out->len = 0;
    choice(draw, out, 3);
    if (draw_below(draw, 40) == 0 && out->len > 0) {
        size_t at = draw_below(draw, (uint32_t)out->len);
        out->bytes[at] = (char)draw_below(draw, 256);
    }
}

/* ---- texts ---- */

static const char *const bytes[] = {"\xff",
                                    "\x80",
                                    "\xc3",
                                    "\xc0\x80",
                                    "\xe0\x80\x80",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xf0\x80\x80\x80",
                                    "\xe2\x84",
                                    "\xf0\x90\x90",
                                    "\xf4\xbf\xbf\xbf",
                                    "\xf8\x88\x80\x80\x80",
                                    "\xc1\xbf",
                                    "\xe0\x9f\xbf",
                                    "\xf0\x8f\xbf\xbf"};

/* The letters of the pattern with other letters between: what stands in both has a chance. */
static void piece(struct draw *draw, const struct drawn *pattern, struct drawn *out)
{
    static const char syntax[] = "()[]{}*+?|\\^$";
    switch (draw_below(draw, 12)) {
    case 0:
        put(out, ONE_OF(draw, bytes));
        return;
    case 1:
    case 2:
    case 3:
        put(out, ONE_OF(draw, letters));
        return;
    case 4:
        if (out->len < sizeof out->bytes) {
            out->bytes[out->len++] = (char)draw_below(draw, 256);
        }
        return;
    default:
        break;
    }
    size_t at = pattern->len ? draw_below(draw, (uint32_t)pattern->len) : 0;
    size_t end = at + 1 + draw_below(draw, 4);
    for (; at < end && at < pattern->len && out->len < sizeof out->bytes; at++) {
        if (!pattern->bytes[at] || !strchr(syntax, pattern->bytes[at])) {
            out->bytes[out->len++] = pattern->bytes[at];
        }
    }
}

void draw_text(struct draw *draw, const struct drawn *pattern, struct drawn *out)
{
    out->len = 0;
    for (uint32_t n = draw_below(draw, 4); n > 0; n--) {
        piece(draw, pattern, out);
    }
    if (draw_below(draw, 16) == 0 && out->len > 0 && out->len * 2 < sizeof out->bytes) {
        memcpy(out->bytes + out->len, out->bytes, out->len);
        out->len *= 2;
    }
}
