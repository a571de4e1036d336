/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate. It reads the text once, by the grammar alone, and writes it again without the leading
 * zeros that parsers disagree about; then inet_pton reads that, and libcidr must see the same
 * address and length. What the gate refuses never reaches a permissive parser.
 */
#include "model/prefix.h"

#include <arpa/inet.h>
#if NETPOL_WITH_LIBCIDR
#include <errno.h>
#include <libcidr.h>
#endif

enum { TEXT_MAX = 64, GROUPS = 8 };

/* A text on its way through the gate. */
struct gate {
    struct np_slice rest; /* not read yet */
    char clean[TEXT_MAX]; /* the address as it was understood, NUL-terminated */
    size_t len;
    uint8_t family;
    unsigned oddities;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool next_is(const struct gate *g, char c)
{
    return g->rest.len > 0 && g->rest.ptr[0] == c;
}

static void skip(struct gate *g, size_t count)
{
    g->rest.ptr += count;
    g->rest.len -= count;
}

static bool put(struct gate *g, const char *bytes, size_t count)
{
    if (g->len + count >= TEXT_MAX) {
        return false;
    }
    memcpy(g->clean + g->len, bytes, count);
    g->len += count;
    g->clean[g->len] = '\0';
    return true;
}

static size_t run_of(const struct gate *g, bool (*of)(char))
{
    size_t count = 0;
    while (count < g->rest.len && of(g->rest.ptr[count])) {
        count++;
    }
    return count;
}

/* A decimal number up to limit; leading zeros are dropped and noted. */
static bool read_decimal(struct gate *g, unsigned limit, unsigned *value)
{
    size_t digits = run_of(g, is_digit);
    if (digits == 0) {
        return false;
    }
    size_t zeros = 0;
    while (zeros + 1 < digits && g->rest.ptr[zeros] == '0') {
        zeros++;
    }
    if (zeros > 0) {
        g->oddities |= NP_ODD_LEADING_ZERO;
    }
    *value = 0;
    for (size_t i = zeros; i < digits; i++) {
        *value = *value * 10 + (unsigned)(g->rest.ptr[i] - '0');
        if (*value > limit) {
            return false;
        }
    }
    skip(g, digits);
    return true;
}

static bool read_ipv4(struct gate *g)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0) {
            if (!next_is(g, '.') || !put(g, ".", 1)) {
                return false;
            }
            skip(g, 1);
        }
        const char *begin = g->rest.ptr;
        unsigned value;
        if (!read_decimal(g, 255, &value)) {
            return false;
        }
        size_t width = value > 99 ? 3 : value > 9 ? 2 : 1;
        if (!put(g, begin + ((size_t)(g->rest.ptr - begin) - width), width)) {
            return false;
        }
    }
    return true;
}

/* Whether what follows is the dotted tail of an IPv6 address and not a hexadecimal group. */
static bool dotted_follows(const struct gate *g)
{
    size_t digits = run_of(g, is_digit);
    return digits > 0 && digits < g->rest.len && g->rest.ptr[digits] == '.';
}

/* ':' between groups, or the one '::'. *more: a group must or may follow. */
static bool read_colons(struct gate *g, unsigned groups, bool *compressed, bool *more)
{
    bool pair = g->rest.len > 1 && g->rest.ptr[0] == ':' && g->rest.ptr[1] == ':';
    *more = false;
    if (pair) {
        if (*compressed || !put(g, "::", 2)) {
            return false;
        }
        *compressed = true;
        skip(g, 2);
        *more = run_of(g, is_hex) > 0;
        return true;
    }
    if (groups == 0) {
        *more = true;
        return true;
    }
    if (next_is(g, ':')) {
        skip(g, 1);
        *more = true;
        return put(g, ":", 1);
    }
    return true;
}

/* RFC 4291 text: eight groups of one to four digits, '::' once, the last two perhaps dotted. */
static bool read_ipv6(struct gate *g)
{
    unsigned groups = 0;
    bool compressed = false;
    for (;;) {
        bool more;
        if (!read_colons(g, groups, &compressed, &more)) {
            return false;
        }
        if (!more) {
            break;
        }
        if (dotted_follows(g)) {
            groups += 2;
            if (!read_ipv4(g)) {
                return false;
            }
            break;
        }
        size_t digits = run_of(g, is_hex);
        if (digits == 0 || digits > 4 || ++groups > GROUPS || !put(g, g->rest.ptr, digits)) {
            return false;
        }
        skip(g, digits);
    }
    return compressed ? groups < GROUPS : groups == GROUPS;
}

static enum np_prefix_error read_address(struct gate *g)
{
    if (g->rest.len == 0) {
        return NP_PREFIX_EMPTY;
    }
    size_t digits = run_of(g, is_hex);
    bool six = digits < g->rest.len && g->rest.ptr[digits] == ':';
    g->family = six ? NP_IPV6 : NP_IPV4;
    if (!(six ? read_ipv6(g) : read_ipv4(g))) {
        return NP_PREFIX_BAD_ADDRESS;
    }
    return next_is(g, '%') ? NP_PREFIX_ZONE : NP_PREFIX_OK;
}

#if NETPOL_WITH_LIBCIDR
/*
 * libcidr keeps IPv4 in the last four bytes, and reads a length with leading zeros as octal. It
 * looks for ".arpa" in the five bytes before the end of the text, also when the text is shorter.
 */
static bool second_opinion(const struct gate *g, const struct np_prefix *prefix)
{
    char room[16 + TEXT_MAX + 8] = {0};
    char *text = room + 16;
    memcpy(text, g->clean, g->len);
    char *end = text + g->len;
    *end++ = '/';
    for (unsigned unit = 100; unit > 0; unit /= 10) {
        if (prefix->length >= unit || unit == 1) {
            *end++ = (char)('0' + prefix->length / unit % 10);
        }
    }
    *end = '\0';
    errno = 0;
    CIDR *cidr = cidr_from_str(text);
    if (!cidr) {
        /* Without memory it has no opinion, and a build without it decides alike. */
        return errno == ENOMEM;
    }
    bool four = prefix->address.family == NP_IPV4;
    bool agree = cidr->proto == (four ? CIDR_IPV4 : CIDR_IPV6) &&
                 cidr_get_pflen(cidr) == prefix->length &&
                 memcmp(cidr->addr + (four ? 12 : 0), prefix->address.bytes, four ? 4 : 16) == 0;
    cidr_free(cidr);
    return agree;
}
#else
static bool second_opinion(const struct gate *g, const struct np_prefix *prefix)
{
    (void)g;
    (void)prefix;
    return true;
}
#endif

/* Address and length as read -> the value, after both parsers agreed. */
static enum np_prefix_error settle(struct gate *g, unsigned length, struct np_prefix *out,
                                   unsigned *oddities)
{
    struct np_prefix prefix = {.address.family = g->family, .length = (uint8_t)length};
    int family = g->family == NP_IPV4 ? AF_INET : AF_INET6;
    if (inet_pton(family, g->clean, prefix.address.bytes) != 1 || !second_opinion(g, &prefix)) {
        return NP_PREFIX_DISAGREE;
    }
    if (np_address_is_mapped(&prefix.address)) {
        g->oddities |= NP_ODD_MAPPED;
        if (length >= 96) {
            prefix.address = np_address_fold(&prefix.address);
            prefix.length = (uint8_t)(length - 96);
        }
    }
    struct np_prefix cut = np_prefix_cut(&prefix.address, prefix.length);
    if (!np_prefix_equal(&cut, &prefix)) {
        g->oddities |= NP_ODD_HOST_BITS;
    }
    if (!oddities && (g->oddities & NP_ODD_LEADING_ZERO)) {
        return NP_PREFIX_LEADING_ZERO;
    }
    if (!oddities && (g->oddities & NP_ODD_HOST_BITS)) {
        return NP_PREFIX_HOST_BITS;
    }
    if (oddities) {
        *oddities = g->oddities;
    }
    *out = cut;
    return NP_PREFIX_OK;
}

enum np_prefix_error np_prefix_parse(struct np_slice text, struct np_prefix *out,
                                     unsigned *oddities)
{
    struct gate g = {.rest = text};
    enum np_prefix_error error = read_address(&g);
    if (error != NP_PREFIX_OK) {
        return error;
    }
    if (g.rest.len == 0) {
        return NP_PREFIX_NO_LENGTH;
    }
    if (!next_is(&g, '/')) {
        return NP_PREFIX_BAD_ADDRESS;
    }
    skip(&g, 1);
    unsigned width = g.family == NP_IPV4 ? 32 : 128;
    unsigned length;
    size_t digits = run_of(&g, is_digit);
    if (digits == 0 || digits != g.rest.len) {
        return NP_PREFIX_BAD_LENGTH;
    }
    if (!read_decimal(&g, width, &length)) {
        return NP_PREFIX_LENGTH_RANGE;
    }
    return settle(&g, length, out, oddities);
}

enum np_prefix_error np_address_parse(struct np_slice text, struct np_address *out,
                                      unsigned *oddities)
{
    struct gate g = {.rest = text};
    enum np_prefix_error error = read_address(&g);
    if (error != NP_PREFIX_OK) {
        return error;
    }
    if (g.rest.len > 0) {
        return NP_PREFIX_BAD_ADDRESS;
    }
    struct np_prefix prefix;
    error = settle(&g, g.family == NP_IPV4 ? 32 : 128, &prefix, oddities);
    if (error == NP_PREFIX_OK) {
        *out = prefix.address;
    }
    return error;
}

const char *np_prefix_error_text(enum np_prefix_error error)
{
    static const char *const texts[NP_PREFIX_ERROR_COUNT] = {
        [NP_PREFIX_OK] = "is right",
        [NP_PREFIX_EMPTY] = "is empty",
        [NP_PREFIX_NO_LENGTH] = "has no '/length'",
        [NP_PREFIX_BAD_ADDRESS] = "is not an IPv4 or IPv6 address",
        [NP_PREFIX_BAD_LENGTH] = "has a length that is not a number",
        [NP_PREFIX_LENGTH_RANGE] = "has a length over 32 (IPv4) or 128 (IPv6)",
        [NP_PREFIX_ZONE] = "has a zone ('%'), which means nothing outside one host",
        [NP_PREFIX_DISAGREE] = "is read differently by two parsers",
        [NP_PREFIX_HOST_BITS] = "has bits set behind its length",
        [NP_PREFIX_LEADING_ZERO] = "has leading zeros",
    };
    return error < NP_PREFIX_ERROR_COUNT ? texts[error] : "is wrong";
}
