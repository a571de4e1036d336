/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which conditions on names a name satisfies. Most patterns are a name, or "*" and what names end
 * in; these are found by their text. What is found is only a candidate: whether it matches is for
 * the reference's np_pattern_match to say.
 */
#include "compile/naming.h"
#include "reference/internal.h"

#include <stdlib.h>

enum { TEXT_MOST = 255 };

void np_name_index_init(struct np_name_index *index, const struct netpol_ctx *ctx)
{
    *index = (struct np_name_index){.ctx = ctx};
    np_map_init(&index->whole, ctx);
    np_map_init(&index->ends, ctx);
}

void np_name_index_free(struct np_name_index *index)
{
    np_map_free(&index->whole);
    np_map_free(&index->ends);
    np_vec_free(index->ctx, &index->candidates);
    np_vec_free(index->ctx, &index->rest);
}

/* The text in lower case, without a dot at the end; empty: too long. */
static struct np_slice lower_text(struct np_slice text, char room[TEXT_MOST])
{
    if (text.len && text.ptr[text.len - 1] == '.') {
        text.len--;
    }
    if (text.len > TEXT_MOST) {
        return (struct np_slice){"", 0};
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        room[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return (struct np_slice){room, text.len};
}

static bool is_name_kind(const struct np_pattern *pattern)
{
    return pattern->kind == NP_PATTERN_EXACT || pattern->kind == NP_PATTERN_DNS ||
           pattern->kind == NP_PATTERN_FQDN;
}

/* What follows the stars that a pattern begins with. */
static struct np_slice behind_stars(struct np_slice text)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] == '*') {
        at++;
    }
    return (struct np_slice){text.ptr + at, text.len - at};
}

static bool has_star(struct np_slice text)
{
    return text.len && memchr(text.ptr, '*', text.len) != NULL;
}

/* The list that candidates with such a pattern are on; NULL in *list: those no text leads to. */
static bool list_of(struct np_name_index *index, const struct np_pattern *pattern, uint64_t **list)
{
    char room[TEXT_MOST];
    struct np_slice text = lower_text(np_str_slice(pattern->text), room);
    struct np_slice end = behind_stars(text);
    bool added;
    *list = NULL;
    if (!is_name_kind(pattern) || text.len == 0) {
        return true;
    }
    if (pattern->kind == NP_PATTERN_EXACT || !has_star(text)) {
        *list = np_map_add(&index->whole, text, &added);
        return *list != NULL;
    }
    if (end.len < text.len && end.len && end.ptr[0] == '.' && !has_star(end)) {
        *list = np_map_add(&index->ends, end, &added);
        return *list != NULL;
    }
    return true;
}

bool np_name_index_add(struct np_name_index *index, const struct np_pattern *pattern,
                       uint32_t literal)
{
    struct np_name_candidate *candidate = np_vec_push(index->ctx, &index->candidates);
    uint64_t *list;
    if (!candidate || !list_of(index, pattern, &list)) {
        return false;
    }
    *candidate = (struct np_name_candidate){.pattern = pattern, .literal = literal};
    uint32_t number = (uint32_t)index->candidates.count;
    if (list) {
        candidate->next = (uint32_t)*list;
        *list = number;
        return true;
    }
    uint32_t *rest = np_vec_push(index->ctx, &index->rest);
    if (rest) {
        *rest = number - 1;
    }
    return rest != NULL;
}

static uint32_t try_one(const struct np_name_index *index, uint32_t at, struct np_slice name,
                        uint32_t *out, uint32_t n)
{
    const struct np_name_candidate *candidate = &index->candidates.items[at];
    if (np_pattern_match(candidate->pattern, name, false)) {
        out[n++] = candidate->literal;
    }
    return n;
}

static uint32_t try_list(const struct np_name_index *index, const struct np_map *map,
                         struct np_slice text, struct np_slice name, uint32_t *out, uint32_t n)
{
    const uint64_t *list = map->count ? np_map_find(map, text) : NULL;
    for (uint32_t at = list ? (uint32_t)*list : 0; at; at = index->candidates.items[at - 1].next) {
        n = try_one(index, at - 1, name, out, n);
    }
    return n;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t np_name_index_match(const struct np_name_index *index, struct np_slice name, uint32_t *out)
{
    uint32_t n = try_list(index, &index->whole, name, name, out, 0);
    for (size_t i = 0; i < name.len && index->ends.count; i++) {
        if (name.ptr[i] == '.') {
            n = try_list(index, &index->ends, (struct np_slice){name.ptr + i, name.len - i}, name,
                         out, n);
        }
    }
    for (size_t i = 0; i < index->rest.count; i++) {
        n = try_one(index, index->rest.items[i], name, out, n);
    }
    if (n > 1) {
        qsort(out, n, sizeof *out, compare);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++) { /* several patterns of a literal: it is told once */
        if (kept == 0 || out[kept - 1] != out[i]) {
            out[kept++] = out[i];
        }
    }
    return kept;
}
