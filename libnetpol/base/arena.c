/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: a list of chunks, the newest first; an allocation takes the next bytes of the first chunk.
 * A request too big for what a chunk usually holds gets a chunk of its own *behind* the first, so
 * that the room left in the first is not lost.
 */
#include "base/base.h"

enum { ALIGN = 16, CHUNK_MIN = 256, CHUNK_MAX = 256 * 1024 };

struct np_arena_chunk {
    struct np_arena_chunk *next;
    size_t size; /* of the data behind this header */
    size_t used;
    size_t unused; /* keeps the data 16-aligned on 64-bit and 32-bit alike */
};

_Static_assert(sizeof(struct np_arena_chunk) % ALIGN == 0, "data behind the header is aligned");

void np_arena_init(struct np_arena *arena, const struct netpol_ctx *ctx, size_t first_chunk)
{
    size_t first = first_chunk < CHUNK_MIN ? CHUNK_MIN : first_chunk;
    *arena = (struct np_arena){.ctx = ctx, .next_size = first};
}

static struct np_arena_chunk *new_chunk(struct np_arena *arena, size_t size)
{
    struct np_arena_chunk *chunk = np_alloc(arena->ctx, sizeof *chunk + size);
    if (!chunk) {
        return NULL;
    }
    *chunk = (struct np_arena_chunk){.size = size};
    arena->bytes += sizeof *chunk + size;
    return chunk;
}

static void *alloc_slow(struct np_arena *arena, size_t size)
{
    bool own = size > arena->next_size / 4 && arena->head;
    size_t room = own || size > arena->next_size ? size : arena->next_size;
    struct np_arena_chunk *chunk = new_chunk(arena, room);
    if (!chunk) {
        return NULL;
    }
    chunk->used = size;
    if (own) {
        chunk->next = arena->head->next;
        arena->head->next = chunk;
    } else {
        chunk->next = arena->head;
        arena->head = chunk;
        if (arena->next_size < CHUNK_MAX) {
            arena->next_size *= 2;
        }
    }
    return memset((char *)(chunk + 1), 0, size);
}

void *np_arena_alloc(struct np_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = size ? (size + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    struct np_arena_chunk *head = arena->head;
    if (!head || head->size - head->used < size) {
        return alloc_slow(arena, size);
    }
    char *ptr = (char *)(head + 1) + head->used;
    head->used += size;
    return memset(ptr, 0, size);
}

void *np_arena_array(struct np_arena *arena, size_t count, size_t element)
{
    size_t size;
    if (__builtin_mul_overflow(count, element, &size)) {
        return NULL;
    }
    return np_arena_alloc(arena, size);
}

char *np_arena_text(struct np_arena *arena, struct np_slice text)
{
    if (text.len == SIZE_MAX) {
        return NULL;
    }
    char *copy = np_arena_alloc(arena, text.len + 1);
    if (copy && text.len) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}

struct np_slice np_arena_slice(struct np_arena *arena, struct np_slice text)
{
    char *copy = np_arena_text(arena, text);
    return (struct np_slice){copy, copy ? text.len : 0};
}

static void release(struct np_arena *arena, struct np_arena_chunk *chunk)
{
    arena->bytes -= sizeof *chunk + chunk->size;
    np_free(arena->ctx, chunk, sizeof *chunk + chunk->size);
}

void np_arena_reset(struct np_arena *arena)
{
    struct np_arena_chunk *best = arena->head;
    for (struct np_arena_chunk *c = arena->head; c; c = c->next) {
        if (c->size > best->size) {
            best = c;
        }
    }
    for (struct np_arena_chunk *c = arena->head, *next; c; c = next) {
        next = c->next;
        if (c != best) {
            release(arena, c);
        }
    }
    if (best) {
        best->next = NULL;
        best->used = 0;
    }
    arena->head = best;
}

void np_arena_free(struct np_arena *arena)
{
    for (struct np_arena_chunk *c = arena->head, *next; c; c = next) {
        next = c->next;
        release(arena, c);
    }
    arena->head = NULL;
}
