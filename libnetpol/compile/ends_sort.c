/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as numbers, and their sort: byte by byte from the right, each pass stable, bytes that
 * are the same everywhere skipped. Pods of one cluster differ in a few bytes, so 100,000 of them
 * cost a few passes and no comparison.
 */
#include "compile/ends_internal.h"

enum { BYTES = 16, RADIX = 256 };

static uint64_t read_word(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 | (uint64_t)bytes[2] << 40 |
           (uint64_t)bytes[3] << 32 | (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
           (uint64_t)bytes[6] << 8 | bytes[7];
}

static void write_word(uint8_t *bytes, uint64_t word)
{
    bytes[0] = (uint8_t)(word >> 56);
    bytes[1] = (uint8_t)(word >> 48);
    bytes[2] = (uint8_t)(word >> 40);
    bytes[3] = (uint8_t)(word >> 32);
    bytes[4] = (uint8_t)(word >> 24);
    bytes[5] = (uint8_t)(word >> 16);
    bytes[6] = (uint8_t)(word >> 8);
    bytes[7] = (uint8_t)word;
}

struct np_number np_number_of(const struct np_address *address)
{
    return (struct np_number){read_word(address->bytes), read_word(address->bytes + 8)};
}

struct np_address np_number_address(struct np_number number, uint8_t family)
{
    struct np_address address = {.family = family};
    bool six = family == NP_IPV6;
    write_word(address.bytes, six ? number.high : number.high >> 32 << 32);
    write_word(address.bytes + 8, six ? number.low : 0);
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
