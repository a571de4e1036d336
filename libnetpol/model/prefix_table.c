/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table of prefixes of every length; see inventory_internal.h for its idea. */
#include "model/inventory_internal.h"

#include <stdlib.h>

static int compare_pairs(const void *a, const void *b)
{
    const struct np_prefix_pair *x = a;
    const struct np_prefix_pair *y = b;
    int order = np_prefix_compare(&x->prefix, &y->prefix);
    return order ? order : np_compare_number(x->value, y->value);
}

static int compare_prefixes(const void *a, const void *b)
{
    return np_prefix_compare(a, b);
}

uint32_t np_prefixes_sort(struct np_prefix *items, uint32_t count)
{
    uint32_t used = 0;
    if (items && count) {
        qsort(items, count, sizeof *items, compare_prefixes);
        for (uint32_t i = 0; i < count; i++) {
            if (used == 0 || !np_prefix_equal(&items[used - 1], &items[i])) {
                items[used++] = items[i];
            }
        }
    }
    return used;
}

static unsigned side_of(uint8_t family)
{
    return family == NP_IPV6;
}

static uint32_t place_of(const struct netpol_ctx *ctx, const struct np_prefix_table *table,
                         const struct np_prefix *prefix)
{
    uint8_t key[18];
    key[0] = prefix->address.family;
    key[1] = prefix->length;
    memcpy(key + 2, prefix->address.bytes, 16);
    uint32_t at = (uint32_t)np_hash(ctx, key, sizeof key) & table->mask;
    while (table->slots[at].prefix.address.family != 0 &&
           !np_prefix_equal(&table->slots[at].prefix, prefix)) {
        at = (at + 1) & table->mask;
    }
    return at;
}

static void note_lengths(struct np_prefix_table *table, const struct np_prefix_pair *pairs,
                         size_t count)
{
    bool seen[2][129] = {{false}};
    for (size_t i = 0; i < count; i++) {
        seen[side_of(pairs[i].prefix.address.family)][pairs[i].prefix.length] = true;
    }
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned length = 129; length-- > 0;) {
            if (seen[side][length]) {
                table->lengths[side][table->n_lengths[side]++] = (uint8_t)length;
            }
        }
    }
}

bool np_prefix_table_build(struct np_build *b, struct np_prefix_table *table,
                           struct np_prefix_pair *pairs, size_t count)
{
    *table = (struct np_prefix_table){0};
    if (count > UINT32_MAX / 4) {
        return np_build_fail(b);
    }
    size_t capacity = 4;
    while (capacity < count + count / 2) {
        capacity *= 2;
    }
    struct np_prefix_slot *slots = np_build_alloc(b, capacity, sizeof *slots);
    uint32_t *values = np_build_alloc(b, count, sizeof *values);
    if (!slots || !values) {
        return false;
    }
    table->slots = slots;
    table->values = values;
    table->mask = (uint32_t)capacity - 1;
    if (count) {
        qsort(pairs, count, sizeof *pairs, compare_pairs);
    }
    note_lengths(table, pairs, count);
    uint32_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_pairs(&pairs[i - 1], &pairs[i]) == 0) {
            continue;
        }
        struct np_prefix_slot *slot = &slots[place_of(b->ctx, table, &pairs[i].prefix)];
        if (slot->prefix.address.family == 0) {
            *slot = (struct np_prefix_slot){.prefix = pairs[i].prefix, .first = used};
        }
        slot->count++;
        values[used++] = pairs[i].value;
    }
    return true;
}

const struct np_prefix_slot *np_prefix_table_next(const struct netpol_ctx *ctx,
                                                  const struct np_prefix_table *table,
                                                  const struct np_address *address,
                                                  unsigned *cursor)
{
    if (address->family != NP_IPV4 && address->family != NP_IPV6) {
        return NULL;
    }
    unsigned side = side_of(address->family);
    while (*cursor < table->n_lengths[side]) {
        struct np_prefix prefix = np_prefix_cut(address, table->lengths[side][(*cursor)++]);
        const struct np_prefix_slot *slot = &table->slots[place_of(ctx, table, &prefix)];
        if (slot->prefix.address.family != 0) {
            return slot;
        }
    }
    return NULL;
}
