/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing PROJECTION: what was added is kept as rows of texts and numbers, then sorted, rid of
 * repetitions and laid out as project.c reads it. So the order of adding leaves no trace.
 */
#include "image/project_internal.h"

#include <stdlib.h>

enum row_kind { ROW_KEY, ROW_TEST, ROW_PORT, ROW_SPACE, ROW_ACCOUNT, ROW_KINDS };

/* One row of any table. Rows compare by number, first, op, second; not by class. */
struct row {
    uint32_t number; /* scope of a key or test */
    uint32_t op;
    struct np_slice first, second; /* key and text; namespace and account */
    uint32_t class;
};
struct rows {
    struct row *items;
    size_t count, capacity;
};
struct np_project_build {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct rows rows[ROW_KINDS];
    uint32_t flags;
    uint32_t *words;
    size_t n_words;
};

struct np_project_build *np_project_build(const struct netpol_ctx *ctx)
{
    struct np_project_build *build = np_zalloc(ctx, sizeof *build);
    if (build) {
        build->ctx = ctx;
        np_arena_init(&build->arena, ctx, 4096);
    }
    return build;
}

void np_project_build_free(struct np_project_build *build)
{
    if (build) {
        const struct netpol_ctx *ctx = build->ctx;
        for (int kind = 0; kind < ROW_KINDS; kind++) {
            np_vec_free(ctx, &build->rows[kind]);
        }
        np_free(ctx, build->words, build->n_words * sizeof *build->words);
        np_arena_free(&build->arena);
        np_free(ctx, build, sizeof *build);
    }
}

void np_project_build_flags(struct np_project_build *build, uint32_t flags)
{
    build->flags |= flags;
}

static int add_row(struct np_project_build *build, enum row_kind kind, struct row row)
{
    row.first = np_arena_slice(&build->arena, row.first);
    row.second = np_arena_slice(&build->arena, row.second);
    struct row *item =
        row.first.ptr && row.second.ptr ? np_vec_push(build->ctx, &build->rows[kind]) : NULL;
    if (!item) {
        return NETPOL_ERR_MEMORY;
    }
    *item = row;
    return NETPOL_OK;
}

int np_project_build_key(struct np_project_build *build, enum np_project_scope scope,
                         struct np_slice key)
{
    return add_row(build, ROW_KEY,
                   (struct row){
                       .number = scope, .first = key, .second = {"", 0}
    });
}

int np_project_build_test(struct np_project_build *build, enum np_project_scope scope,
                          struct np_slice key, enum np_project_op op, struct np_slice text)
{
    int status = np_project_build_key(build, scope, key);
    if (status == NETPOL_OK) {
        status = add_row(build, ROW_TEST,
                         (struct row){.number = scope, .op = op, .first = key, .second = text});
    }
    return status;
}

int np_project_build_port(struct np_project_build *build, struct np_slice name)
{
    return add_row(build, ROW_PORT,
                   (struct row){
                       .first = name, .second = {"", 0}
    });
}

int np_project_build_space(struct np_project_build *build, struct np_slice name, uint32_t class)
{
    return add_row(build, ROW_SPACE,
                   (struct row){
                       .first = name, .second = {"", 0},
                            .class = class
    });
}

int np_project_build_account(struct np_project_build *build, struct np_slice namespace_name,
                             struct np_slice name, uint32_t class)
{
    return add_row(build, ROW_ACCOUNT,
                   (struct row){.first = namespace_name, .second = name, .class = class});
}

/* ---- the section ---- */

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->number != y->number) {
        return x->number < y->number ? -1 : 1;
    }
    int order = np_slice_compare(x->first, y->first);
    if (order) {
        return order;
    }
    if (x->op != y->op) {
        return x->op < y->op ? -1 : 1;
    }
    return np_slice_compare(x->second, y->second);
}

static void sort_rows(struct rows *rows)
{
    size_t kept = 0;
    if (rows->count) {
        qsort(rows->items, rows->count, sizeof *rows->items, compare_rows);
    }
    for (size_t i = 0; i < rows->count; i++) {
        if (kept == 0 || compare_rows(&rows->items[kept - 1], &rows->items[i]) != 0) {
            rows->items[kept++] = rows->items[i];
        }
    }
    rows->count = kept;
}

struct output {
    uint32_t *next;
    char *texts;
    uint32_t n_texts; /* bytes so far */
};

static void put_word(struct output *out, uint32_t word)
{
    *out->next++ = word;
}

static void put_text(struct output *out, struct np_slice text)
{
    put_word(out, out->n_texts);
    put_word(out, (uint32_t)text.len);
    if (text.len) {
        memcpy(out->texts + out->n_texts, text.ptr, text.len);
    }
    out->n_texts += (uint32_t)text.len;
}

static void put_keys(struct np_project_build *build, struct output *out)
{
    const struct rows *keys = &build->rows[ROW_KEY], *tests = &build->rows[ROW_TEST];
    size_t at = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct row *key = &keys->items[i];
        size_t first = at;
        while (at < tests->count && tests->items[at].number == key->number &&
               np_slice_equal(tests->items[at].first, key->first)) {
            at++;
        }
        put_text(out, key->first);
        put_word(out, key->number);
        put_word(out, (uint32_t)first);
        put_word(out, (uint32_t)(at - first));
    }
    for (size_t i = 0; i < tests->count; i++) {
        put_text(out, tests->items[i].second);
        put_word(out, tests->items[i].op);
    }
}

static void put_rows(const struct rows *rows, enum row_kind kind, struct output *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        put_text(out, rows->items[i].first);
        if (kind == ROW_ACCOUNT) {
            put_text(out, rows->items[i].second);
        }
        if (kind != ROW_PORT) {
            put_word(out, rows->items[i].class);
        }
    }
}

/* Bytes of all texts as they are written. */
static uint64_t text_bytes(const struct np_project_build *build)
{
    uint64_t bytes = 0;
    for (int kind = 0; kind < ROW_KINDS; kind++) {
        for (size_t i = 0; i < build->rows[kind].count; i++) {
            const struct row *row = &build->rows[kind].items[i];
            bytes += kind == ROW_TEST ? row->second.len : row->first.len;
            bytes += kind == ROW_ACCOUNT ? row->second.len : 0;
        }
    }
    return bytes;
}

int np_project_build_write(struct np_project_build *build, const uint32_t **words, size_t *count)
{
    static const uint8_t width[ROW_KINDS] = {KEY_WORDS, TEST_WORDS, PORT_WORDS, SPACE_WORDS,
                                             ACCOUNT_WORDS};
    uint64_t tables = HEAD_WORDS;
    for (int kind = 0; kind < ROW_KINDS; kind++) {
        sort_rows(&build->rows[kind]);
        tables += (uint64_t)build->rows[kind].count * width[kind];
    }
    uint64_t bytes = text_bytes(build);
    if (tables + bytes / 4 >= UINT32_MAX / 8) {
        return NETPOL_ERR_LIMIT;
    }
    np_free(build->ctx, build->words, build->n_words * sizeof *build->words);
    build->n_words = (size_t)(tables + (bytes + 3) / 4);
    build->words = np_zalloc(build->ctx, build->n_words * sizeof *build->words);
    if (!build->words) {
        return NETPOL_ERR_MEMORY;
    }
    build->words[HEAD_FLAGS] = build->flags;
    build->words[HEAD_KEYS] = (uint32_t)build->rows[ROW_KEY].count;
    build->words[HEAD_TESTS] = (uint32_t)build->rows[ROW_TEST].count;
    build->words[HEAD_PORTS] = (uint32_t)build->rows[ROW_PORT].count;
    build->words[HEAD_SPACES] = (uint32_t)build->rows[ROW_SPACE].count;
    build->words[HEAD_ACCOUNTS] = (uint32_t)build->rows[ROW_ACCOUNT].count;
    build->words[HEAD_BYTES] = (uint32_t)bytes;
    struct output out = {build->words + HEAD_WORDS, (char *)(build->words + tables), 0};
    put_keys(build, &out);
    put_rows(&build->rows[ROW_PORT], ROW_PORT, &out);
    put_rows(&build->rows[ROW_SPACE], ROW_SPACE, &out);
    put_rows(&build->rows[ROW_ACCOUNT], ROW_ACCOUNT, &out);
    *words = build->words;
    *count = build->n_words;
    return NETPOL_OK;
}
