/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as numbers, and their sort: byte by byte from the right, each pass stable, bytes that
 * are the same everywhere skipped. Pods of one cluster differ in a few bytes, so 100,000 of them
 * cost a few passes and no comparison.
 */
#include "compile/ends_internal.h"

enum { BYTES = 16, RADIX = 256 };

struct np_number np_number_of(const struct np_address *address)
{
    struct np_number number = {0, 0};
    for (unsigned i = 0; i < 8; i++) {
        number.high = number.high << 8 | address->bytes[i];
        number.low = number.low << 8 | address->bytes[8 + i];
    }
    return number;
}

struct np_address np_number_address(struct np_number number, uint8_t family)
{
    struct np_address address = {.family = family};
    for (unsigned i = 0; i < (family == NP_IPV4 ? 4u : 8u); i++) {
        address.bytes[i] = (uint8_t)(number.high >> (56 - 8 * i));
        if (family == NP_IPV6) {
            address.bytes[8 + i] = (uint8_t)(number.low >> (56 - 8 * i));
        }
    }
    return address;
}

struct np_number np_number_last(struct np_number first, uint8_t length)
{
    if (length < 64) {
        first.high |= length ? ~0ull >> length : ~0ull;
        first.low = ~0ull;
    } else if (length < 128) {
        first.low |= length > 64 ? ~0ull >> (length - 64) : ~0ull;
    }
    return first;
}

struct np_number np_number_next(struct np_number number)
{
    number.low++;
    number.high += number.low == 0;
    return number;
}

static unsigned byte_of(const struct np_sort_item *item, unsigned byte)
{
    uint64_t half = byte < 8 ? item->key.low : item->key.high;
    return (unsigned)(half >> (8 * (byte & 7))) & 0xff;
}

static void pass(const struct np_sort_item *from, struct np_sort_item *to, size_t count,
                 unsigned byte, const size_t counts[RADIX])
{
    size_t at[RADIX];
    size_t sum = 0;
    for (unsigned i = 0; i < RADIX; i++) {
        at[i] = sum;
        sum += counts[i];
    }
    for (size_t i = 0; i < count; i++) {
        to[at[byte_of(&from[i], byte)]++] = from[i];
    }
}

bool np_sort_items(const struct netpol_ctx *ctx, struct np_sort_item *items, size_t count)
{
    size_t counts[RADIX];
    struct np_number same = {~0ull, ~0ull}; /* bits that all keys share */
    bool sorted = true;
    for (size_t i = 1; i < count; i++) {
        same.high &= ~(items[i].key.high ^ items[0].key.high);
        same.low &= ~(items[i].key.low ^ items[0].key.low);
        sorted = sorted && np_number_compare(items[i - 1].key, items[i].key) <= 0;
    }
    if (sorted) {
        return true;
    }
    struct np_sort_item *other = np_alloc(ctx, count * sizeof *other);
    if (!other) {
        return false;
    }
    struct np_sort_item *from = items;
    struct np_sort_item *to = other;
    for (unsigned byte = 0; byte < BYTES; byte++) {
        const struct np_sort_item mask = {same, 0};
        if (byte_of(&mask, byte) == 0xff) {
            continue;
        }
        memset(counts, 0, sizeof counts);
        for (size_t i = 0; i < count; i++) {
            counts[byte_of(&from[i], byte)]++;
        }
        pass(from, to, count, byte, counts);
        struct np_sort_item *swap = from;
        from = to;
        to = swap;
    }
    if (from != items) {
        memcpy(items, from, count * sizeof *items);
    }
    np_free(ctx, other, count * sizeof *other);
    return true;
}
