/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_FUZZ_SOURCE_CHECK_H
#define NP_FUZZ_SOURCE_CHECK_H
/*
 * What must hold for every source, whatever its bytes: every position lies within the source, a
 * clone equals its original, reading again gives the same trees and diagnostics, keys of a map are
 * distinct, and a diagnostic is safe to print and valid JSON.
 */
#include "source/node.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                             \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

struct source_check {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    const char *bytes; /* without a byte order mark */
    size_t size;
    size_t *line_starts;
    size_t lines;
    uint64_t hash; /* of all trees */
    size_t documents, items, big;
    /* Called with each document; may be NULL. */
    void (*each)(struct source_check *check, const struct np_document *document);
    void *user;
    int status;
};

static inline void mix(struct source_check *check, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < size; i++) {
        check->hash = (check->hash ^ p[i]) * 1099511628211u;
    }
}

static inline void check_place(const struct source_check *check, uint32_t line, uint32_t column)
{
    MUST(line >= 1 && line <= check->lines);
    size_t start = check->line_starts[line - 1];
    size_t end = line < check->lines ? check->line_starts[line] : check->size + 1;
    MUST(column >= 1 && start + column - 1 < end);
}

static inline void check_keys(const struct np_node *map)
{
    for (size_t i = 0; i < map->map.count && i < 64; i++) {
        for (size_t j = 0; j < i; j++) {
            MUST(!np_slice_equal(map->map.members[i].key, map->map.members[j].key));
        }
    }
}

static inline void check_node(struct source_check *check, const struct np_node *node, size_t depth)
{
    MUST(node && node->kind < NP_KIND_COUNT && depth <= check->ctx->limits.depth + 1);
    MUST(node->length >= 1);
    check_place(check, node->line, node->column);
    uint32_t head[5] = {node->kind, node->flags, node->line, node->column, node->length};
    mix(check, head, sizeof head);
    check->big += (node->flags & NP_NODE_BIG) != 0;
    if (node->kind == NP_LIST) {
        for (size_t i = 0; i < node->list.count; i++) {
            check_node(check, node->list.items[i], depth + 1);
        }
    } else if (node->kind == NP_MAP) {
        check_keys(node);
        for (size_t i = 0; i < node->map.count; i++) {
            const struct np_member *member = &node->map.members[i];
            check_place(check, member->line, member->column);
            mix(check, member->key.ptr, member->key.len);
            check_node(check, member->value, depth + 1);
        }
    } else {
        mix(check, node->text.ptr, node->text.len);
    }
}

static inline void check_equal(const struct np_node *a, const struct np_node *b)
{
    MUST(a != b && a->kind == b->kind && a->flags == b->flags && a->line == b->line);
    MUST(a->column == b->column && a->length == b->length);
    if (a->kind == NP_LIST) {
        MUST(a->list.count == b->list.count);
        for (size_t i = 0; i < a->list.count; i++) {
            check_equal(a->list.items[i], b->list.items[i]);
        }
    } else if (a->kind == NP_MAP) {
        MUST(a->map.count == b->map.count);
        for (size_t i = 0; i < a->map.count; i++) {
            const struct np_member *x = &a->map.members[i], *y = &b->map.members[i];
            MUST(np_slice_equal(x->key, y->key) && x->key_plain_kind == y->key_plain_kind);
            check_equal(x->value, y->value);
        }
    } else {
        MUST(np_slice_equal(a->text, b->text));
        MUST(a->kind != NP_INT || a->integer == b->integer);
        MUST(a->kind != NP_BOOL || a->boolean == b->boolean);
    }
}

static inline int check_document(void *user, const struct np_document *document)
{
    struct source_check *check = user;
    struct np_arena arena;
    check->documents++;
    check->items += document->path_prefix[0] != '\0';
    MUST(document->size == check->size);
    check_node(check, document->root, 1);
    np_arena_init(&arena, check->ctx, 1024);
    const struct np_node *clone = np_node_clone(document->root, &arena);
    MUST(clone);
    check_equal(document->root, clone);
    if (check->each) {
        check->each(check, document);
    }
    np_arena_free(&arena);
    return NETPOL_OK;
}

static inline int add_output(void *user, const char *bytes, size_t size)
{
    np_text_add(user, bytes, size);
    return 0;
}

static inline void check_diag(struct source_check *check, const struct netpol_diag *diag)
{
    struct np_text out;
    if (diag->line) {
        check_place(check, diag->line, diag->column);
    }
    np_text_init(&out, check->ctx);
    MUST(netpol_diag_format(diag, NETPOL_DIAG_TEXT, add_output, &out) == NETPOL_OK);
    for (size_t i = 0; i < out.len; i++) {
        unsigned char c = (unsigned char)out.ptr[i];
        MUST(c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7F));
    }
    mix(check, out.ptr, out.len);
    np_text_free(&out);
    MUST(netpol_diag_format(diag, NETPOL_DIAG_JSON, add_output, &out) == NETPOL_OK);
    json_t *parsed = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, NULL);
    MUST(json_is_object(parsed));
    json_decref(parsed);
    np_text_free(&out);
}

static inline void find_lines(struct source_check *check)
{
    check->lines = 1;
    for (size_t i = 0; i < check->size; i++) {
        check->lines += check->bytes[i] == '\n';
    }
    check->line_starts = malloc(check->lines * sizeof *check->line_starts);
    MUST(check->line_starts);
    check->line_starts[0] = 0;
    for (size_t i = 0, line = 1; i < check->size; i++) {
        if (check->bytes[i] == '\n') {
            check->line_starts[line++] = i + 1;
        }
    }
}

/* Reads the bytes once and checks everything; close with check_close. */
static inline void check_read(struct source_check *check, const uint8_t *data, size_t size,
                              enum np_format format)
{
    const char *bytes = (const char *)data;
    bool mark = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    check->bytes = bytes + (mark ? 3 : 0);
    check->size = size - (mark ? 3 : 0);
    struct netpol_limits limits = {.size = sizeof limits, .documents = 500, .depth = 20};
    struct netpol_ctx_options options = {.size = sizeof options, .limits = &limits, .hash_seed = 1};
    MUST(netpol_ctx_create(&options, &check->ctx) == NETPOL_OK);
    MUST(netpol_diags_create(check->ctx, &check->diags) == NETPOL_OK);
    find_lines(check);
    check->status = np_source_read(check->ctx, bytes, size, "fuzz", format, check->diags,
                                   check_document, check);
    MUST(check->status == NETPOL_OK || check->status == NETPOL_ERR_INPUT ||
         check->status == NETPOL_ERR_LIMIT);
    MUST((check->status != NETPOL_OK) == np_diags_has_errors(check->diags));
    for (size_t i = 0; i < netpol_diags_count(check->diags); i++) {
        check_diag(check, netpol_diags_at(check->diags, i));
    }
}

static inline void check_close(struct source_check *check)
{
    free(check->line_starts);
    netpol_diags_destroy(check->diags);
    netpol_ctx_destroy(check->ctx);
}
#endif
