/* SPDX-License-Identifier: Apache-2.0 */
/* Interned strings: an open-addressing table of pointers into an arena, kept at most 3/4 full. */
#include "base/base.h"

struct slot {
    uint64_t hash;
    struct np_string *string; /* NULL: free */
};

struct np_strings {
    const struct netpol_ctx *ctx;
    struct slot *slots;
    size_t capacity; /* a power of two */
    uint32_t count;  /* with those of the base */
    uint32_t filled; /* slots in use here */
    struct np_arena arena;
    const struct np_strings *base; /* searched first; never written to; NULL: none */
};

enum { FIRST_CAPACITY = 64 };

struct np_strings *np_strings_create(const struct netpol_ctx *ctx)
{
    struct np_strings *strings = np_zalloc(ctx, sizeof *strings);
    if (!strings) {
        return NULL;
    }
    strings->ctx = ctx;
    strings->capacity = FIRST_CAPACITY;
    strings->slots = np_zalloc(ctx, FIRST_CAPACITY * sizeof *strings->slots);
    if (!strings->slots) {
        np_free(ctx, strings, sizeof *strings);
        return NULL;
    }
    np_arena_init(&strings->arena, ctx, 4096);
    return strings;
}

struct np_strings *np_strings_upon(const struct np_strings *below)
{
    struct np_strings *strings = np_strings_create(below->ctx);
    if (!strings) {
        return NULL;
    }
    strings->base = below->base ? below->base : below;
    strings->count = below->count;
    if (!below->base) {
        return strings;
    }
    struct slot *slots = np_alloc(below->ctx, below->capacity * sizeof *slots);
    if (!slots) {
        np_strings_destroy(strings);
        return NULL;
    }
    memcpy(slots, below->slots, below->capacity * sizeof *slots);
    np_free(below->ctx, strings->slots, strings->capacity * sizeof *strings->slots);
    strings->slots = slots;
    strings->capacity = below->capacity;
    strings->filled = below->filled;
    return strings;
}

void np_strings_destroy(struct np_strings *strings)
{
    if (strings) {
        const struct netpol_ctx *ctx = strings->ctx;
        np_arena_free(&strings->arena);
        np_free(ctx, strings->slots, strings->capacity * sizeof *strings->slots);
        np_free(ctx, strings, sizeof *strings);
    }
}

/* The slot that holds text, or the free one where it belongs. */
static struct slot *probe(const struct np_strings *strings, uint64_t hash, struct np_slice text)
{
    size_t mask = strings->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &strings->slots[i];
        if (!slot->string ||
            (slot->hash == hash && np_slice_equal(np_str_slice(slot->string), text))) {
            return slot;
        }
    }
}

static bool grow(struct np_strings *strings)
{
    size_t old_capacity = strings->capacity;
    struct slot *old = strings->slots;
    if (old_capacity > SIZE_MAX / 2 / sizeof *old) {
        return false;
    }
    struct slot *slots = np_zalloc(strings->ctx, old_capacity * 2 * sizeof *slots);
    if (!slots) {
        return false;
    }
    size_t mask = old_capacity * 2 - 1;
    for (size_t i = 0; i < old_capacity; i++) {
        if (!old[i].string) {
            continue;
        }
        size_t at = (size_t)old[i].hash & mask;
        while (slots[at].string) {
            at = (at + 1) & mask;
        }
        slots[at] = old[i];
    }
    strings->slots = slots;
    strings->capacity = old_capacity * 2;
    np_free(strings->ctx, old, old_capacity * sizeof *old);
    return true;
}

np_str np_intern(struct np_strings *strings, struct np_slice text)
{
    uint64_t hash = np_hash(strings->ctx, text.ptr, text.len);
    struct slot *slot = strings->base ? probe(strings->base, hash, text) : NULL;
    if (slot && slot->string) {
        return slot->string;
    }
    slot = probe(strings, hash, text);
    if (slot->string) {
        return slot->string;
    }
    if (text.len >= UINT32_MAX || strings->count == UINT32_MAX) {
        return NULL;
    }
    if ((strings->filled + 1ull) * 4 > strings->capacity * 3ull) {
        if (!grow(strings)) {
            return NULL;
        }
        slot = probe(strings, hash, text);
    }
    struct np_string *string = np_arena_alloc(&strings->arena, sizeof *string + text.len + 1);
    if (!string) {
        return NULL;
    }
    string->id = strings->count++;
    string->len = (uint32_t)text.len;
    string->hash = hash;
    if (text.len) {
        memcpy(string->text, text.ptr, text.len);
    }
    *slot = (struct slot){hash, string};
    strings->filled++;
    return string;
}

np_str np_intern_text(struct np_strings *strings, const char *text)
{
    return np_intern(strings, np_slice_of(text));
}

np_str np_strings_find(const struct np_strings *strings, struct np_slice text)
{
    uint64_t hash = np_hash(strings->ctx, text.ptr, text.len);
    np_str found = strings->base ? probe(strings->base, hash, text)->string : NULL;
    return found ? found : probe(strings, hash, text)->string;
}

uint32_t np_strings_count(const struct np_strings *strings)
{
    return strings->count;
}
