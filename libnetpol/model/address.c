/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and prefixes as values: compare, contain, fold, write. */
#include "model/prefix.h"
#include "base/defect.h"

static unsigned width_of(uint8_t family)
{
    return family == NP_IPV4 ? 4 : family == NP_IPV6 ? 16 : 0;
}

int np_address_compare(const struct np_address *a, const struct np_address *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    return memcmp(a->bytes, b->bytes, width_of(a->family));
}

bool np_address_equal(const struct np_address *a, const struct np_address *b)
{
    return np_address_compare(a, b) == 0;
}

int np_prefix_compare(const struct np_prefix *a, const struct np_prefix *b)
{
    int order = np_address_compare(&a->address, &b->address);
    return order ? order : (int)a->length - (int)b->length;
}

bool np_prefix_equal(const struct np_prefix *a, const struct np_prefix *b)
{
    return np_prefix_compare(a, b) == 0;
}

bool np_prefix_has(const struct np_prefix *prefix, const struct np_address *address)
{
    unsigned width = width_of(address->family);
    if (width == 0 || prefix->address.family != address->family || prefix->length > width * 8) {
        return false;
    }
    unsigned whole = prefix->length / 8u;
    unsigned rest = prefix->length % 8u;
    if (memcmp(prefix->address.bytes, address->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || np_defect(PREFIX_BYTES) ||
           ((prefix->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

bool np_prefix_within(const struct np_prefix *inner, const struct np_prefix *outer)
{
    return inner->length >= outer->length && np_prefix_has(outer, &inner->address);
}

struct np_prefix np_prefix_of(const struct np_address *address)
{
    return (struct np_prefix){*address, (uint8_t)(width_of(address->family) * 8)};
}

struct np_prefix np_prefix_cut(const struct np_address *address, uint8_t length)
{
    struct np_prefix prefix = {*address, length};
    for (unsigned i = 0; i < sizeof address->bytes; i++) {
        unsigned keep = length > 8 * i ? length - 8 * i : 0;
        if (keep < 8) {
            prefix.address.bytes[i] &= (uint8_t)(0xff00u >> keep);
        }
    }
    return prefix;
}

bool np_address_is_mapped(const struct np_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return address->family == NP_IPV6 && memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

struct np_address np_address_fold(const struct np_address *address)
{
    if (!np_address_is_mapped(address)) {
        return *address;
    }
    struct np_address v4 = {.family = NP_IPV4};
    memcpy(v4.bytes, address->bytes + 12, 4);
    return v4;
}

static char *put_number(char *out, unsigned value, unsigned base)
{
    char digits[8];
    unsigned n = 0;
    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (n) {
        *out++ = digits[--n];
    }
    return out;
}

/* The longest run of two or more zero groups (the first of equals), as RFC 5952 asks. */
static unsigned zero_run(const unsigned group[8], unsigned *length)
{
    unsigned best = 8;
    *length = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && group[end] == 0) {
            end++;
        }
        if (end - i > *length) {
            best = i;
            *length = end - i;
        }
        i = end > i ? end - 1 : i;
    }
    return best;
}

static char *put_ipv4(char *out, const uint8_t bytes[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0) {
            *out++ = '.';
        }
        out = put_number(out, bytes[i], 10);
    }
    return out;
}

static char *put_ipv6(char *out, const uint8_t bytes[16])
{
    unsigned group[8], run_length;
    for (unsigned i = 0; i < 8; i++) {
        group[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    }
    unsigned run = zero_run(group, &run_length);
    for (unsigned i = 0; i < 8; i++) {
        if (i == run) {
            *out++ = ':';
            *out++ = ':';
            i += run_length - 1;
            continue;
        }
        if (i > 0 && out[-1] != ':') {
            *out++ = ':';
        }
        out = put_number(out, group[i], 16);
    }
    return out;
}

size_t np_address_format(const struct np_address *address, char out[46])
{
    char *end = out;
    if (address->family == NP_IPV4) {
        end = put_ipv4(end, address->bytes);
    } else if (np_address_is_mapped(address)) {
        memcpy(end, "::ffff:", 7);
        end = put_ipv4(end + 7, address->bytes + 12);
    } else if (address->family == NP_IPV6) {
        end = put_ipv6(end, address->bytes);
    }
    *end = '\0';
    return (size_t)(end - out);
}

size_t np_prefix_format(const struct np_prefix *prefix, char out[50])
{
    size_t len = np_address_format(&prefix->address, out);
    out[len] = '/';
    char *end = put_number(out + len + 1, prefix->length, 10);
    *end = '\0';
    return (size_t)(end - out);
}
