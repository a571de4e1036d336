/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"
#include "regex/build/internal.h"

/* As RE2 reads UTF-8: surrogates are code points like others. */
static size_t rune_at(struct np_slice text, size_t at, uint32_t *rune)
{
    size_t left = text.len - at;
    const char *ptr = text.ptr + at;
    size_t size = left ? np_utf8_decode(ptr, left, rune) : 0;
    if (size == 0 && left >= 3 && ptr[0] == '\xED' && (ptr[1] & 0xE0) == 0xA0 &&
        (ptr[2] & 0xC0) == 0x80) {
        *rune = 0xD000u | (uint32_t)(ptr[1] & 0x3F) << 6 | (uint32_t)(ptr[2] & 0x3F);
        size = 3;
    }
    return size;
}

bool np_re_rune(struct np_re_parser *p, uint32_t *rune)
{
    size_t size = rune_at(p->text, p->at, rune);
    if (size == 0) {
        return np_re_fail(p, NP_REGEX_BAD_UTF8, p->at, p->at + (p->at < p->text.len),
                          "the pattern is not UTF-8");
    }
    p->at += size;
    return true;
}

static int hex_of(uint32_t c)
{
    if (c >= '0' && c <= '9') {
        return (int)(c - '0');
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (int)(c - 'a') + 10 : -1;
}

static bool is_octal(const struct np_re_parser *p)
{
    return p->at < p->text.len && p->text.ptr[p->at] >= '0' && p->text.ptr[p->at] <= '7';
}

static bool bad(struct np_re_parser *p, size_t from, const char *why)
{
    return np_re_fail(p, NP_REGEX_BAD_ESCAPE, from, p->at, why);
}

static const char bad_hex[] = "\\x takes two hexadecimal digits, or {digits} up to 10FFFF";

/* Behind "\x{". */
static bool braced(struct np_re_parser *p, size_t from, uint32_t *rune)
{
    uint32_t c;
    int digits = 0;
    *rune = 0;
    for (;; digits++) {
        if (p->at >= p->text.len) {
            return bad(p, from, bad_hex);
        }
        if (!np_re_rune(p, &c)) {
            return false;
        }
        if (hex_of(c) < 0) {
            return (c == '}' && digits > 0) || bad(p, from, bad_hex);
        }
        *rune = *rune << 4 | (uint32_t)hex_of(c);
        if (*rune > NP_RE_LAST) {
            return bad(p, from, "a code point is at most 10FFFF");
        }
    }
}

/* Behind "\x". */
static bool hexadecimal(struct np_re_parser *p, size_t from, uint32_t *rune)
{
    uint32_t high;
    uint32_t low;
    if (p->at >= p->text.len) {
        return bad(p, from, bad_hex);
    }
    if (!np_re_rune(p, &high)) {
        return false;
    }
    if (high == '{') {
        return braced(p, from, rune);
    }
    if (p->at >= p->text.len) {
        return bad(p, from, bad_hex);
    }
    if (!np_re_rune(p, &low)) {
        return false;
    }
    if (hex_of(high) < 0 || hex_of(low) < 0) {
        return bad(p, from, bad_hex);
    }
    *rune = (uint32_t)(hex_of(high) << 4 | hex_of(low));
    return true;
}

/* Behind the first digit, which is `c`: up to three; one that is not 0 alone refers to a group. */
static bool octal(struct np_re_parser *p, size_t from, uint32_t c, uint32_t *rune)
{
    if (c != '0' && !is_octal(p)) {
        return bad(p, from, "references to groups are not supported");
    }
    *rune = c - '0';
    for (int i = 0; i < 2 && is_octal(p); i++) {
        *rune = *rune * 8 + (uint32_t)(p->text.ptr[p->at++] - '0');
    }
    return true;
}

static bool is_letter_or_digit(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool np_re_escape(struct np_re_parser *p, uint32_t *rune)
{
    static const char letters[] = "afnrtv";
    static const char meant[] = "\a\f\n\r\t\v";
    size_t from = p->at++;
    uint32_t c;
    if (p->at >= p->text.len) {
        return np_re_fail(p, NP_REGEX_TRAILING_BACKSLASH, from, p->at,
                          "a backslash stands at the end");
    }
    if (!np_re_rune(p, &c)) {
        return false;
    }
    if (c < 0x80 && !is_letter_or_digit(c)) {
        *rune = c;
        return true;
    }
    if (c >= '0' && c <= '7') {
        return octal(p, from, c, rune);
    }
    if (c == 'x') {
        return hexadecimal(p, from, rune);
    }
    const char *known = c < 0x80 ? strchr(letters, (int)c) : NULL;
    if (known) {
        *rune = (unsigned char)meant[known - letters];
        return true;
    }
    return bad(p, from,
               c == '8' || c == '9' || c == 'k' || c == 'g'
                   ? "references to groups are not supported"
                   : "there is no such escape");
}
