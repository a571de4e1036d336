/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash map with linear probing. Removal shifts the followers back, so there are no tombstones and a
 * lookup never gets slower with age. Keys live in an arena; when more than half of it belongs to
 * removed keys, the living ones move to a new arena.
 */
#include "base/base.h"

struct np_map_entry {
    const char *key; /* NULL: free */
    size_t len;
    uint64_t hash;
    uint64_t value;
};

enum { FIRST_CAPACITY = 16, SQUEEZE_FROM = 4096 };

void np_map_init(struct np_map *map, const struct netpol_ctx *ctx)
{
    *map = (struct np_map){.ctx = ctx};
    np_arena_init(&map->keys, ctx, 0);
}

void np_map_free(struct np_map *map)
{
    if (map->ctx) {
        np_free(map->ctx, map->entries, map->capacity * sizeof *map->entries);
        np_arena_free(&map->keys);
        np_map_init(map, map->ctx);
    }
}

static struct np_map_entry *probe(const struct np_map *map, uint64_t hash, struct np_slice key)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct np_map_entry *entry = &map->entries[i];
        if (!entry->key || (entry->hash == hash && entry->len == key.len &&
                            memcmp(entry->key, key.ptr, key.len) == 0)) {
            return entry;
        }
    }
}

/* A key of no bytes may come with a NULL pointer, which memcmp must not see. */
static struct np_slice safe_key(struct np_slice key)
{
    return key.ptr ? key : (struct np_slice){"", 0};
}

uint64_t *np_map_find(const struct np_map *map, struct np_slice key)
{
    if (map->count == 0) {
        return NULL;
    }
    key = safe_key(key);
    struct np_map_entry *entry = probe(map, np_hash(map->ctx, key.ptr, key.len), key);
    return entry->key ? &entry->value : NULL;
}

static bool grow(struct np_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : FIRST_CAPACITY;
    if (capacity > SIZE_MAX / 2 / sizeof *map->entries) {
        return false;
    }
    struct np_map_entry *entries = np_zalloc(map->ctx, capacity * sizeof *entries);
    if (!entries) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (!map->entries[i].key) {
            continue;
        }
        size_t at = (size_t)map->entries[i].hash & (capacity - 1);
        while (entries[at].key) {
            at = (at + 1) & (capacity - 1);
        }
        entries[at] = map->entries[i];
    }
    np_free(map->ctx, map->entries, map->capacity * sizeof *map->entries);
    map->entries = entries;
    map->capacity = capacity;
    return true;
}

uint64_t *np_map_add(struct np_map *map, struct np_slice key, bool *added)
{
    key = safe_key(key);
    uint64_t hash = np_hash(map->ctx, key.ptr, key.len);
    *added = false;
    if (map->capacity) {
        struct np_map_entry *entry = probe(map, hash, key);
        if (entry->key) {
            return &entry->value;
        }
    }
    if ((map->count + 1) * 4 > map->capacity * 3 && !grow(map)) {
        return NULL;
    }
    char *copy = np_arena_text(&map->keys, key);
    if (!copy) {
        return NULL;
    }
    struct np_map_entry *entry = probe(map, hash, key);
    *entry = (struct np_map_entry){.key = copy, .len = key.len, .hash = hash};
    map->count++;
    map->live_bytes += key.len;
    *added = true;
    return &entry->value;
}

/* Does nothing when memory is out: the old arena is complete, only larger than it need be. */
static void squeeze(struct np_map *map)
{
    struct np_arena fresh;
    np_arena_init(&fresh, map->ctx, map->live_bytes);
    const char **moved = np_alloc(map->ctx, map->capacity * sizeof *moved);
    bool complete = moved != NULL;
    for (size_t i = 0; complete && i < map->capacity; i++) {
        struct np_map_entry *e = &map->entries[i];
        if (e->key) {
            moved[i] = np_arena_text(&fresh, (struct np_slice){e->key, e->len});
            complete = moved[i] != NULL;
        }
    }
    if (complete) {
        for (size_t i = 0; i < map->capacity; i++) {
            if (map->entries[i].key) {
                map->entries[i].key = moved[i];
            }
        }
        np_arena_free(&map->keys);
        map->keys = fresh;
        map->dead_bytes = 0;
    } else {
        np_arena_free(&fresh);
    }
    np_free(map->ctx, moved, map->capacity * sizeof *moved);
}

bool np_map_remove(struct np_map *map, struct np_slice key)
{
    if (map->count == 0) {
        return false;
    }
    key = safe_key(key);
    struct np_map_entry *entry = probe(map, np_hash(map->ctx, key.ptr, key.len), key);
    if (!entry->key) {
        return false;
    }
    map->count--;
    map->live_bytes -= entry->len;
    map->dead_bytes += entry->len + 16;
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(entry - map->entries);
    for (size_t i = (hole + 1) & mask; map->entries[i].key; i = (i + 1) & mask) {
        size_t home = (size_t)map->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (struct np_map_entry){0};
    if (map->dead_bytes > SQUEEZE_FROM && map->dead_bytes > map->live_bytes) {
        squeeze(map);
    }
    return true;
}

bool np_map_next(const struct np_map *map, size_t *cursor, struct np_slice *key, uint64_t *value)
{
    for (; *cursor < map->capacity; (*cursor)++) {
        const struct np_map_entry *entry = &map->entries[*cursor];
        if (entry->key) {
            *key = (struct np_slice){entry->key, entry->len};
            *value = entry->value;
            (*cursor)++;
            return true;
        }
    }
    return false;
}
