/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_READING_H
#define NP_TESTS_READING_H
/*
 * Reads a source and writes down what came out: one line a document, in a notation that shows kinds
 * ("s:text" strings, "i:8" integers, "f:1.5" floats, bare true/false/null). With positions every
 * value and key is followed by @line:column. A prefix or list of an item stands before it.
 */
#include "np_cmocka.h"

#include "source/node.h"

struct reading {
    struct counting memory;
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct np_text out;
    bool positions;
    size_t documents;
    int stop_with;  /* what the sink returns, */
    size_t stop_at; /* at this document (from 1) */
    int status;
};

typedef int (*read_fn)(struct netpol_ctx *, const char *, size_t, const char *,
                       struct netpol_diags *, np_document_fn, void *);

static inline void write_node(struct reading *r, const struct np_node *node);

static inline void write_place(struct reading *r, uint32_t line, uint32_t column)
{
    if (r->positions) {
        np_text_addf(&r->out, "@%u:%u", line, column);
    }
}

static inline void write_collection(struct reading *r, const struct np_node *node)
{
    bool map = node->kind == NP_MAP;
    size_t count = map ? node->map.count : node->list.count;
    np_text_add(&r->out, map ? "{" : "[", 1);
    for (size_t i = 0; i < count; i++) {
        np_text_addf(&r->out, i ? ", " : "");
        if (map) {
            const struct np_member *m = &node->map.members[i];
            np_text_add(&r->out, m->key.ptr, m->key.len);
            write_place(r, m->line, m->column);
            np_text_addf(&r->out, ": ");
            write_node(r, m->value);
        } else {
            write_node(r, node->list.items[i]);
        }
    }
    np_text_add(&r->out, map ? "}" : "]", 1);
}

static inline void write_node(struct reading *r, const struct np_node *node)
{
    switch (node->kind) {
    case NP_NULL:
        np_text_addf(&r->out, "null");
        break;
    case NP_BOOL:
        np_text_addf(&r->out, node->boolean ? "true" : "false");
        break;
    case NP_INT:
        np_text_addf(&r->out, "i:%lld", (long long)node->integer);
        break;
    case NP_FLOAT:
        np_text_addf(&r->out, "f:%.17g", node->real);
        break;
    case NP_STRING:
        np_text_addf(&r->out, "s:");
        np_text_add(&r->out, node->text.ptr, node->text.len);
        break;
    default:
        write_collection(r, node);
    }
    if (node->flags & NP_NODE_BIG) {
        np_text_addf(&r->out, "!big(%.*s)", (int)node->text.len, node->text.ptr);
    }
    if (node->flags & NP_NODE_OCTAL) {
        np_text_addf(&r->out, "!octal");
    }
    if (node->flags & NP_NODE_ALIAS) {
        np_text_addf(&r->out, "!alias");
    }
    write_place(r, node->line, node->column);
}

static inline int write_document(void *user, const struct np_document *document)
{
    struct reading *r = user;
    r->documents++;
    if (r->out.len) {
        np_text_add(&r->out, "\n", 1);
    }
    if (document->path_prefix[0]) {
        np_text_addf(&r->out, "%s<%.*s %.*s> ", document->path_prefix,
                     (int)document->list_api_version.len, document->list_api_version.ptr,
                     (int)document->list_kind.len, document->list_kind.ptr);
    }
    write_node(r, document->root);
    return r->documents == r->stop_at ? r->stop_with : NETPOL_OK;
}

static inline int count_document(void *user, const struct np_document *document)
{
    (void)document;
    ((struct reading *)user)->documents++;
    return NETPOL_OK;
}

static inline void reading_open(struct reading *r, const struct netpol_limits *limits)
{
    *r = (struct reading){.stop_with = NETPOL_OK};
    r->ctx = counting_ctx(&r->memory, limits);
    assert_non_null(r->ctx);
    assert_int_equal(netpol_diags_create(r->ctx, &r->diags), NETPOL_OK);
    np_text_init(&r->out, r->ctx);
}

static inline void reading_close(struct reading *r)
{
    np_text_free(&r->out);
    netpol_diags_destroy(r->diags);
    netpol_ctx_destroy(r->ctx);
    assert_int_equal(r->memory.blocks, 0);
    assert_false(r->memory.bad_size);
}

/* The bytes are copied to a block of exactly their size, so that sanitizers see reads past it. */
static inline void reading_run(struct reading *r, read_fn read, const char *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    r->documents = 0;
    r->status = read(r->ctx, copy, size, "test", r->diags, write_document, r);
    free(copy);
}

static inline int read_auto(struct netpol_ctx *ctx, const char *bytes, size_t size,
                            const char *name, struct netpol_diags *diags, np_document_fn sink,
                            void *user)
{
    return np_source_read(ctx, bytes, size, name, NP_FORMAT_AUTO, diags, sink, user);
}

/* Accepted input -> the documents. */
struct accepted {
    const char *input, *documents;
};

static inline void check_accepted(read_fn read, const struct accepted *cases, size_t count,
                                  bool positions)
{
    for (size_t i = 0; i < count; i++) {
        struct reading r;
        reading_open(&r, NULL);
        r.positions = positions;
        reading_run(&r, read, cases[i].input, strlen(cases[i].input));
        const char *got = r.out.ptr ? r.out.ptr : "";
        const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
        if (r.status != NETPOL_OK || strcmp(got, cases[i].documents) != 0 || d) {
            print_error("input:\n%s\nstatus %d%s%s\n", cases[i].input, r.status, d ? ": " : "",
                        d ? d->message : "");
        }
        assert_string_equal(got, cases[i].documents);
        assert_int_equal(r.status, NETPOL_OK);
        assert_null(d);
        reading_close(&r);
    }
}

/* Rejected input -> code and place of the first diagnostic. */
struct rejected {
    const char *input, *code;
    uint32_t line, column;
    const char *path;
};

static inline void check_rejected(read_fn read, const struct rejected *cases, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct reading r;
        reading_open(&r, NULL);
        reading_run(&r, read, cases[i].input, strlen(cases[i].input));
        const struct netpol_diag *d = netpol_diags_at(r.diags, 0);
        const char *path = cases[i].path ? cases[i].path : "";
        bool limit = strncmp(cases[i].code, "NP14", 4) == 0;
        if (!d || strcmp(d->code, cases[i].code) != 0 || d->line != cases[i].line ||
            d->column != cases[i].column || strcmp(d->path, path) != 0) {
            print_error("input:\n%s\ngot %s at %u:%u path '%s': %s\n", cases[i].input,
                        d ? d->code : "nothing", d ? d->line : 0, d ? d->column : 0,
                        d ? d->path : "", d ? d->message : "");
            wrong++;
        }
        assert_non_null(d);
        assert_int_equal(d->severity, NETPOL_ERROR);
        assert_int_equal(r.status, limit ? NETPOL_ERR_LIMIT : NETPOL_ERR_INPUT);
        assert_true(strlen(d->message) > 0 && strlen(d->hint) > 0);
        reading_close(&r);
    }
    assert_int_equal(wrong, 0);
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#endif
