/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_BASE_BASE_H
#define NP_BASE_BASE_H
/*
 * base: what the other rooms stand on.
 *
 * Memory. Everything is allocated through the context's hook. Three shapes cover all uses: an
 * arena (many small things that die together), a vector (one array that grows), a map (bytes ->
 * 64-bit value). Nothing here aborts: an allocation that fails returns NULL or ERR_MEMORY and the
 * caller passes it up. Arenas keep no per-object cost, so "free" is one loop over chunks.
 *
 * Strings. `struct np_slice` is a view, not owned and not terminated. `np_str` is an interned
 * string: one address per distinct text within one `struct np_strings`, so equality is one compare.
 */
#include <netpol/base.h>
#include <netpol/diag.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* The deepest nesting a context may be set to: readers recurse, and a stack has an end. */
enum { NP_DEPTH_MAX = 1000 };

struct netpol_ctx {
    struct netpol_allocator allocator;
    struct netpol_limits limits; /* no field 0 */
    netpol_log_fn log;           /* may be NULL */
    void *log_user;
    uint64_t hash_seed;
    atomic_uint_least64_t generations; /* compiles so far; the one thing here that changes */
};

void *np_alloc(const struct netpol_ctx *ctx, size_t size);  /* not zeroed */
void *np_zalloc(const struct netpol_ctx *ctx, size_t size); /* zeroed */
void *np_resize(const struct netpol_ctx *ctx, void *ptr, size_t old_size, size_t new_size);
void np_free(const struct netpol_ctx *ctx, void *ptr, size_t size); /* NULL is ignored */

/* ---- slices ---- */
struct np_slice {
    const char *ptr;
    size_t len;
};
static inline struct np_slice np_slice_of(const char *text)
{
    return (struct np_slice){text, text ? strlen(text) : 0};
}
static inline bool np_slice_equal(struct np_slice a, struct np_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool np_slice_is(struct np_slice a, const char *text)
{
    return np_slice_equal(a, np_slice_of(text));
}
int np_slice_compare(struct np_slice a, struct np_slice b); /* bytes, then length: <0, 0, >0 */

/* ---- arena ---- */
struct np_arena_chunk;
struct np_arena {
    const struct netpol_ctx *ctx;
    struct np_arena_chunk *head;
    size_t next_size; /* of the next chunk; doubles up to 256 KiB */
    size_t bytes;     /* held from the allocator */
};
void np_arena_init(struct np_arena *arena, const struct netpol_ctx *ctx, size_t first_chunk);
void *np_arena_alloc(struct np_arena *arena, size_t size); /* zeroed, 16-aligned; NULL: no memory */
/* Like alloc for count elements, NULL also on overflow; count 0 gives a non-NULL pointer. */
void *np_arena_array(struct np_arena *arena, size_t count, size_t element);
char *np_arena_text(struct np_arena *arena, struct np_slice text); /* copy, NUL-terminated */
/* The same as a slice; ptr NULL: no memory. */
struct np_slice np_arena_slice(struct np_arena *arena, struct np_slice text);
void np_arena_reset(struct np_arena *arena); /* keeps the largest chunk for re-use */
void np_arena_free(struct np_arena *arena);

/* ---- interned strings ---- */
struct np_string {
    uint32_t id; /* dense, from 0, in order of first sight */
    uint32_t len;
    uint64_t hash;
    char text[]; /* NUL-terminated */
};
typedef const struct np_string *np_str;
struct np_strings; /* single-threaded while it grows */
struct np_strings *np_strings_create(const struct netpol_ctx *ctx);
/*
 * A table that begins with the strings of another, which must outlive it and is not written to any
 * more; what both have is one string. NULL: no memory.
 */
struct np_strings *np_strings_upon(const struct np_strings *below);
void np_strings_destroy(struct np_strings *strings);
np_str np_intern(struct np_strings *strings, struct np_slice text); /* NULL: no memory */
np_str np_intern_text(struct np_strings *strings, const char *text);
/* NULL: never seen. */
np_str np_strings_find(const struct np_strings *strings, struct np_slice text);
uint32_t np_strings_count(const struct np_strings *strings);
static inline struct np_slice np_str_slice(np_str s)
{
    return s ? (struct np_slice){s->text, s->len} : (struct np_slice){"", 0};
}

/* ---- vector: np_vec(struct x) v = {0}; ---- */
#define np_vec(type)            \
    struct {                    \
        type *items;            \
        size_t count, capacity; \
    }
/* Makes room for one more; returns a pointer to it (not zeroed), NULL when memory is out. */
#define np_vec_push(ctx, v)                                                                       \
    (np_vec_grow((ctx), (void **)&(v)->items, &(v)->capacity, (v)->count + 1, sizeof *(v)->items) \
         ? &(v)->items[(v)->count++]                                                              \
         : NULL)
#define np_vec_free(ctx, v)                                                             \
    (np_free((ctx), (v)->items, (v)->capacity * sizeof *(v)->items), (v)->items = NULL, \
     (v)->count = (v)->capacity = 0)
bool np_vec_grow(const struct netpol_ctx *ctx, void **items, size_t *capacity, size_t need,
                 size_t element);

/* ---- hash map: bytes -> 64-bit value; keys are copied ---- */
struct np_map {
    const struct netpol_ctx *ctx;
    struct np_map_entry *entries;
    size_t count, capacity; /* capacity is 0 or a power of two */
    struct np_arena keys;
    size_t live_bytes, dead_bytes; /* of keys; removed keys are squeezed out now and then */
};
void np_map_init(struct np_map *map, const struct netpol_ctx *ctx);
void np_map_free(struct np_map *map);
uint64_t *np_map_find(const struct np_map *map, struct np_slice key); /* NULL: absent */
/* Finds or adds (value 0, *added true). NULL: no memory. The pointer lives until the next add. */
uint64_t *np_map_add(struct np_map *map, struct np_slice key, bool *added);
bool np_map_remove(struct np_map *map, struct np_slice key);
/* Iterates in no particular order; *cursor starts at 0; false at the end. */
bool np_map_next(const struct np_map *map, size_t *cursor, struct np_slice *key, uint64_t *value);
uint64_t np_hash(const struct netpol_ctx *ctx, const void *bytes, size_t size); /* XXH3, seeded */
uint64_t np_hash_stable(const void *bytes, size_t size); /* the same in every context and process */
/* np_hash_stable of the parts, one after the other. */
uint64_t np_hash_parts(const struct np_slice *parts, size_t count);

/* ---- bitset ---- */
struct np_bits {
    uint64_t *words;
    size_t bits;
};
bool np_bits_init(const struct netpol_ctx *ctx, struct np_bits *set, size_t bits); /* all clear */
void np_bits_free(const struct netpol_ctx *ctx, struct np_bits *set);
static inline void np_bits_set(struct np_bits *s, size_t i)
{
    s->words[i / 64] |= 1ull << (i % 64);
}
static inline void np_bits_clear(struct np_bits *s, size_t i)
{
    s->words[i / 64] &= ~(1ull << (i % 64));
}
static inline bool np_bits_get(const struct np_bits *s, size_t i)
{
    return s->words[i / 64] >> (i % 64) & 1;
}
size_t np_bits_count(const struct np_bits *set);

/* ---- growing text ---- */
struct np_text {
    const struct netpol_ctx *ctx;
    char *ptr; /* NUL-terminated once anything was added */
    size_t len, capacity;
    bool failed; /* memory ran out; later adds do nothing */
};
void np_text_init(struct np_text *text, const struct netpol_ctx *ctx);
void np_text_free(struct np_text *text);
void np_text_add(struct np_text *text, const char *bytes, size_t len);
void np_text_addf(struct np_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string, quoted and escaped; bytes that are not UTF-8 become U+FFFD. */
typedef void (*np_emit_fn)(void *user, const char *bytes, size_t size);
void np_json_write(struct np_slice value, np_emit_fn emit, void *user);
void np_text_json(struct np_text *text, struct np_slice value);

/* ---- diagnostics, the writing side ---- */
enum np_code {
#define NP_CODE(code, slug, severity, why, fix) NP_CODE_##code,
#include "codes.def"
#undef NP_CODE
    NP_CODE_COUNT
};
/* Where a diagnostic points. text..text+size is the whole source when at hand (for the excerpt). */
struct np_place {
    const char *source;
    const char *text;
    size_t size;
    uint32_t line, column, length;
    uint32_t
        first_line; /* number of the first line of text, when that is one line of a file; 0: 1 */
    const char *object;
    const char *path;
};
/* Adds one with the code's own severity and fix as hint. diags NULL: nothing is kept. */
void np_diag(struct netpol_diags *diags, enum np_code code, const struct np_place *place,
             const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with another hint (NULL: the code's) or another severity (-1: the code's). */
void np_diag_full(struct netpol_diags *diags, enum np_code code, int severity, const char *hint,
                  const struct np_place *place, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
bool np_diags_has_errors(const struct netpol_diags *diags);
/*
 * While one source is read, excerpts are found from the line of the previous diagnostic on instead
 * of from the start. Valid until called again; text NULL ends it. The text must not change
 * meanwhile.
 */
void np_diags_watch(struct netpol_diags *diags, const char *text, size_t size);

/* The candidate nearest to word (edit distance at most 2, or a case difference); NULL: none. */
const char *np_suggest(struct np_slice word, const char *const *candidates, size_t count);

void np_log(const struct netpol_ctx *ctx, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Local owning variables: np_auto(np_text_free) struct np_text t; */
#define np_auto(release) __attribute__((cleanup(release)))
#endif
