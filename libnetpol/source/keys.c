/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are the keys of a map distinct? Most maps have a handful of keys, where comparing all pairs by
 * length and first byte costs less than one hash; a map with many gets a table.
 */
#include "source/reader.h"

enum { COMPARE_UP_TO = 16 };

void np_keys_free(struct np_keys *keys)
{
    np_free(keys->ctx, keys->slots, keys->capacity * sizeof *keys->slots);
    keys->slots = NULL;
    keys->capacity = 0;
}

bool np_keys_start(struct np_keys *keys, const struct np_member *members, size_t most)
{
    keys->members = members;
    keys->count = 0;
    keys->mask = 0;
    if (most <= COMPARE_UP_TO) {
        return true;
    }
    size_t wanted = 64;
    while (wanted < most * 2) {
        wanted *= 2;
    }
    if (wanted > UINT32_MAX) {
        return false;
    }
    if (wanted > keys->capacity) {
        np_keys_free(keys);
        keys->slots = np_alloc(keys->ctx, wanted * sizeof *keys->slots);
        if (!keys->slots) {
            return false;
        }
        keys->capacity = wanted;
    }
    memset(keys->slots, 0, wanted * sizeof *keys->slots);
    keys->mask = wanted - 1;
    return true;
}

static bool same(struct np_slice a, struct np_slice b)
{
    return a.len == b.len && (a.len == 0 || (a.ptr[0] == b.ptr[0] && np_slice_equal(a, b)));
}

static size_t compare_all(const struct np_keys *keys, struct np_slice key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (same(keys->members[i].key, key)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* The slot that holds the key, or the free one where it belongs. */
static uint32_t *probe(const struct np_keys *keys, struct np_slice key)
{
    size_t i = (size_t)np_hash(keys->ctx, key.ptr, key.len) & keys->mask;
    while (keys->slots[i] && !same(keys->members[keys->slots[i] - 1].key, key)) {
        i = (i + 1) & keys->mask;
    }
    return &keys->slots[i];
}

size_t np_keys_find(const struct np_keys *keys, struct np_slice key)
{
    if (!keys->mask) {
        return compare_all(keys, key);
    }
    uint32_t slot = *probe(keys, key);
    return slot ? slot - 1 : SIZE_MAX;
}

size_t np_keys_add(struct np_keys *keys)
{
    struct np_slice key = keys->members[keys->count].key;
    size_t found = SIZE_MAX;
    if (!keys->mask) {
        found = compare_all(keys, key);
    } else {
        uint32_t *slot = probe(keys, key);
        if (*slot) {
            found = *slot - 1;
        } else {
            *slot = (uint32_t)keys->count + 1;
        }
    }
    keys->count++;
    return found;
}
