/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of diagnostics. Whatever comes in is counted; the first limits.diags are kept (notes
 * only while half of the list is free), each with copies of its strings cut to a fixed size, so
 * that no input makes the list large.
 */
#include "base/utf8.h"
#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_MAX = 1024, NAME_MAX_BYTES = 4096, FIELD_MAX = 1024, EXCERPT_MAX = 200 };

struct netpol_diags {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    np_vec(struct netpol_diag *) kept; /* pointers: a diagnostic never moves */
    uint64_t seen[NETPOL_SEVERITY_COUNT];
    /* np_diags_watch: where line `line` of the text begins. */
    const char *text;
    size_t size;
    size_t line_start;
    uint32_t line;
};

static const struct netpol_code_info codes[] = {
#define NP_CODE(code, slug, severity, why, fix) {"NP" #code, slug, NETPOL_##severity, why, fix},
#include "codes.def"
#undef NP_CODE
};

_Static_assert(sizeof codes / sizeof codes[0] == NP_CODE_COUNT, "one entry per code");

const struct netpol_code_info *netpol_code_at(size_t i)
{
    return i < NP_CODE_COUNT ? &codes[i] : NULL;
}

int netpol_diags_create(struct netpol_ctx *ctx, struct netpol_diags **out)
{
    if (!ctx || !out) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct netpol_diags *diags = np_zalloc(ctx, sizeof *diags);
    if (!diags) {
        return NETPOL_ERR_MEMORY;
    }
    diags->ctx = ctx;
    np_arena_init(&diags->arena, ctx, 1024);
    *out = diags;
    return NETPOL_OK;
}

void netpol_diags_destroy(struct netpol_diags *diags)
{
    if (diags) {
        np_arena_free(&diags->arena);
        np_vec_free(diags->ctx, &diags->kept);
        np_free(diags->ctx, diags, sizeof *diags);
    }
}

void netpol_diags_clear(struct netpol_diags *diags)
{
    if (diags) {
        np_arena_reset(&diags->arena);
        diags->kept.count = 0;
        memset(diags->seen, 0, sizeof diags->seen);
    }
}

size_t netpol_diags_count(const struct netpol_diags *diags)
{
    return diags ? diags->kept.count : 0;
}

uint64_t netpol_diags_seen(const struct netpol_diags *diags, int severity)
{
    bool known = severity >= 0 && severity < NETPOL_SEVERITY_COUNT;
    return diags && known ? diags->seen[severity] : 0;
}

const struct netpol_diag *netpol_diags_at(const struct netpol_diags *diags, size_t i)
{
    return diags && i < diags->kept.count ? diags->kept.items[i] : NULL;
}

bool np_diags_has_errors(const struct netpol_diags *diags)
{
    return netpol_diags_seen(diags, NETPOL_ERROR) > 0;
}

void np_diags_watch(struct netpol_diags *diags, const char *text, size_t size)
{
    if (diags) {
        diags->text = text;
        diags->size = size;
        diags->line_start = 0;
        diags->line = 1;
    }
}

/* The bytes of one line, from 1, without its end; ptr NULL when the text has no such line. */
static struct np_slice find_line(struct netpol_diags *diags, const struct np_place *place)
{
    bool watched = diags->text && !place->first_line && place->text == diags->text &&
                   place->size == diags->size;
    bool onward = watched && place->line >= diags->line;
    const char *end = place->text + place->size;
    const char *start = place->text + (onward ? diags->line_start : 0);
    uint32_t line = onward ? diags->line : place->first_line ? place->first_line : 1;
    while (line < place->line) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        if (!newline) {
            return (struct np_slice){NULL, 0};
        }
        start = newline + 1;
        line++;
    }
    if (watched) {
        diags->line_start = (size_t)(start - place->text);
        diags->line = line;
    }
    const char *newline = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
    const char *stop = newline ? newline : end;
    if (stop > start && stop[-1] == '\r') {
        stop--;
    }
    return (struct np_slice){start, (size_t)(stop - start)};
}

static const char *copy(struct netpol_diags *diags, const char *text, size_t max)
{
    if (!text || !*text) {
        return "";
    }
    struct np_slice slice = np_slice_of(text);
    slice.len = np_utf8_cut(slice, max);
    return np_arena_text(&diags->arena, slice);
}

/* A long line (minified JSON) is cut to a window that has the column in it. */
static void add_excerpt(struct netpol_diags *diags, struct netpol_diag *diag,
                        const struct np_place *place)
{
    diag->excerpt = "";
    diag->excerpt_column = 1;
    if (!place->text || place->line == 0) {
        return;
    }
    struct np_slice line = find_line(diags, place);
    if (!line.ptr) {
        return;
    }
    if (line.len > EXCERPT_MAX && place->column > EXCERPT_MAX / 2) {
        size_t skip = place->column - EXCERPT_MAX / 2;
        skip = skip > line.len ? line.len : skip;
        skip = np_utf8_cut(line, skip);
        line.ptr += skip;
        line.len -= skip;
        diag->excerpt_column += (uint32_t)skip;
    }
    line.len = np_utf8_cut(line, EXCERPT_MAX);
    const void *nul = line.len ? memchr(line.ptr, '\0', line.len) : NULL;
    if (nul) {
        line.len = (size_t)((const char *)nul - line.ptr);
    }
    diag->excerpt = np_arena_text(&diags->arena, line);
}

static void keep(struct netpol_diags *diags, enum np_code code, int severity, const char *hint,
                 const struct np_place *place, const char *message)
{
    struct netpol_diag *diag = np_arena_alloc(&diags->arena, sizeof *diag);
    if (!diag) {
        return;
    }
    diag->severity = severity;
    diag->line = place->line;
    diag->column = place->line ? place->column : 0;
    diag->length = diag->column && place->length == 0 ? 1 : place->length;
    diag->code = codes[code].code;
    diag->name = codes[code].name;
    diag->source = copy(diags, place->source, NAME_MAX_BYTES);
    diag->object = copy(diags, place->object, FIELD_MAX);
    diag->path = copy(diags, place->path, FIELD_MAX);
    diag->message = copy(diags, message, MESSAGE_MAX);
    diag->hint = copy(diags, hint, MESSAGE_MAX);
    add_excerpt(diags, diag, place);
    if (!diag->source || !diag->object || !diag->path || !diag->message || !diag->hint ||
        !diag->excerpt) {
        return;
    }
    struct netpol_diag **slot = np_vec_push(diags->ctx, &diags->kept);
    if (slot) {
        *slot = diag;
    }
}

static void add(struct netpol_diags *diags, enum np_code code, int severity, const char *hint,
                const struct np_place *place, const char *format, va_list args)
{
    static const struct np_place nowhere = {0};
    if (!diags) {
        return;
    }
    if (severity < 0 || severity >= NETPOL_SEVERITY_COUNT) {
        severity = codes[code].severity;
    }
    diags->seen[severity]++;
    size_t room = diags->ctx->limits.diags;
    if (severity == NETPOL_INFO) { /* notes that come in thousands must not hide the one error */
        room = (room + 1) / 2;
    }
    if (diags->kept.count >= room) {
        return;
    }
    char message[MESSAGE_MAX + 4];
    int len = vsnprintf(message, sizeof message, format, args);
    if (len < 0) {
        message[0] = '\0';
    }
    keep(diags, code, severity, hint ? hint : codes[code].fix, place ? place : &nowhere, message);
}

void np_diag(struct netpol_diags *diags, enum np_code code, const struct np_place *place,
             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diags, code, -1, NULL, place, format, args);
    va_end(args);
}

void np_diag_full(struct netpol_diags *diags, enum np_code code, int severity, const char *hint,
                  const struct np_place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diags, code, severity, hint, place, format, args);
    va_end(args);
}
