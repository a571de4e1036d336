/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"name": "a.example", "addresses": ["192.0.2.1", "2001:db8::1"], "ttl": 60}, one a line or a list
 * of them, in JSON or YAML. What is wrong is said with its place, and then nothing is learnt.
 */
#include "analyze/names_file.h"
#include "model/inventory.h"
#include "source/node.h"

#include <stdarg.h>
#include <stdio.h>

enum { NAME_MOST = 255 };

struct answer { /* one address of a name */
    struct np_slice name;
    struct np_where where;
    uint64_t ttl;
};
struct reading {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    const struct np_document *document;
    struct np_arena arena;
    np_vec(struct answer) answers;
    char path[64]; /* "[3].addresses[0]" */
    uint32_t errors;
};

static void error_at(struct reading *r, enum np_code code, uint32_t line, uint32_t column,
                     uint32_t length, const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

static void error_at(struct reading *r, enum np_code code, uint32_t line, uint32_t column,
                     uint32_t length, const char *hint, const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct np_place place = {.source = r->document->source,
                             .text = r->document->text,
                             .size = r->document->size,
                             .line = line,
                             .column = column,
                             .length = length,
                             .path = r->path};
    r->errors++;
    np_diag_full(r->diags, code, -1, hint, &place, "%s", message);
}

#define BAD(r, code, node, ...) \
    error_at((r), (code), (node)->line, (node)->column, (node)->length, NULL, __VA_ARGS__)

/* ---- values ---- */

static bool read_name(struct reading *r, const struct np_node *node, struct np_slice *out)
{
    if (!np_is(node, NP_STRING)) {
        BAD(r, NP_CODE_5104, node, "a name in text is expected, not %s", np_kind_name(node->kind));
        return false;
    }
    size_t len = node->text.len;
    len -= len && node->text.ptr[len - 1] == '.';
    if (len == 0 || len > NAME_MOST || memchr(node->text.ptr, 0, node->text.len)) {
        BAD(r, NP_CODE_5104, node, "'%.*s' is no DNS name",
            (int)(node->text.len < 80 ? node->text.len : 80), node->text.ptr);
        return false;
    }
    *out = np_arena_slice(&r->arena, node->text);
    return out->ptr != NULL;
}

static bool read_address(struct reading *r, const struct np_node *node, struct np_where *out)
{
    struct np_address address;
    if (!np_is(node, NP_STRING)) {
        BAD(r, NP_CODE_5104, node, "an address in text is expected, not %s",
            np_kind_name(node->kind));
        return false;
    }
    enum np_prefix_error error = np_address_parse(node->text, &address, NULL);
    if (error != NP_PREFIX_OK) {
        BAD(r, NP_CODE_5104, node, "'%.*s' is no address: %s", (int)node->text.len, node->text.ptr,
            np_prefix_error_text(error));
        return false;
    }
    address = np_address_fold(&address);
    *out = address.family == NP_IPV4
               ? (struct np_where){4, 0, np_read_32(address.bytes)}
               : (struct np_where){6, np_read_64(address.bytes), np_read_64(address.bytes + 8)};
    return true;
}

static bool read_ttl(struct reading *r, const struct np_node *node, uint64_t *out)
{
    if (!np_is(node, NP_INT) || (node->flags & NP_NODE_BIG) || node->integer < 0) {
        BAD(r, NP_CODE_5104, node, "a whole number from 0 on is expected");
        return false;
    }
    *out = (uint64_t)node->integer;
    return true;
}

/* ---- one answer of DNS ---- */

static bool add_addresses(struct reading *r, const struct np_node *list, struct np_slice name,
                          uint64_t ttl, const char *at)
{
    if (!np_is(list, NP_LIST)) {
        BAD(r, NP_CODE_5104, list, "a list of addresses is expected, not %s",
            np_kind_name(list->kind));
        return true;
    }
    for (size_t i = 0; i < list->list.count; i++) {
        struct answer answer = {.name = name, .ttl = ttl};
        snprintf(r->path, sizeof r->path, "%s%saddresses[%zu]", at, *at ? "." : "", i);
        if (read_address(r, list->list.items[i], &answer.where)) {
            struct answer *item = np_vec_push(r->ctx, &r->answers);
            if (!item) {
                return false;
            }
            *item = answer;
        }
    }
    return true;
}

static void report_unknown(struct reading *r, const struct np_member *member)
{
    static const char *const known[] = {"name", "addresses", "ttl"};
    char hint[64];
    const char *near = np_suggest(member->key, known, sizeof known / sizeof *known);
    if (near) {
        snprintf(hint, sizeof hint, "Did you mean '%s'?", near);
    }
    error_at(r, NP_CODE_5102, member->line, member->column, (uint32_t)member->key.len,
             near ? hint : NULL, "an entry of names has no member '%.*s'", (int)member->key.len,
             member->key.ptr);
}

/* at: where it stands, "" or "[3]". false: no memory. */
static bool read_entry(struct reading *r, const struct np_node *node, const char *at)
{
    struct np_slice name = {NULL, 0};
    uint64_t ttl = NETPOL_NAMES_FOREVER;
    const struct np_node *addresses = NULL;
    snprintf(r->path, sizeof r->path, "%s", at);
    if (!np_is(node, NP_MAP)) {
        BAD(r, NP_CODE_5101, node, "an object is expected, not %s", np_kind_name(node->kind));
        return true;
    }
    uint32_t errors = r->errors;
    for (size_t i = 0; i < node->map.count; i++) {
        const struct np_member *member = &node->map.members[i];
        snprintf(r->path, sizeof r->path, "%s%s%.*s", at, *at ? "." : "",
                 (int)(member->key.len < 32 ? member->key.len : 32), member->key.ptr);
        if (np_slice_is(member->key, "name")) {
            (void)read_name(r, member->value, &name);
        } else if (np_slice_is(member->key, "ttl")) {
            (void)read_ttl(r, member->value, &ttl);
        } else if (np_slice_is(member->key, "addresses")) {
            addresses = member->value;
        } else {
            report_unknown(r, member);
        }
    }
    snprintf(r->path, sizeof r->path, "%s", at);
    if (!np_get(node, "name")) {
        BAD(r, NP_CODE_5103, node, "an entry of names needs 'name'");
    }
    if (!addresses) {
        BAD(r, NP_CODE_5103, node, "an entry of names needs 'addresses'");
        return true;
    }
    if (r->errors == errors && !name.ptr) {
        return false;
    }
    return add_addresses(r, addresses, name, ttl, at);
}

static int read_document(void *user, const struct np_document *document)
{
    struct reading *r = user;
    bool fine = true;
    r->document = document;
    if (!np_is(document->root, NP_LIST)) {
        return read_entry(r, document->root, document->path_prefix) ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; fine && i < document->root->list.count; i++) {
        char at[32];
        snprintf(at, sizeof at, "[%zu]", i);
        fine = read_entry(r, document->root->list.items[i], at);
    }
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- the file ---- */

int np_names_load(struct netpol_endpoints *endpoints, const char *path, uint64_t now, bool lasting,
                  struct netpol_diags *diags)
{
    struct reading r = {.ctx = endpoints->ctx, .diags = diags};
    char *bytes = NULL;
    size_t size = 0;
    int status = np_file_read(r.ctx, path, diags, &bytes, &size);
    if (status != NETPOL_OK) {
        return status;
    }
    np_arena_init(&r.arena, r.ctx, 4096);
    status = np_source_read(r.ctx, bytes, size, strcmp(path, "-") == 0 ? "stdin" : path,
                            NP_FORMAT_AUTO, diags, read_document, &r);
    status = status == NETPOL_OK && r.errors ? NETPOL_ERR_INPUT : status;
    for (size_t i = 0; i < r.answers.count && status == NETPOL_OK; i++) {
        const struct answer *answer = &r.answers.items[i];
        uint64_t ttl = lasting ? NETPOL_NAMES_FOREVER : answer->ttl;
        status = np_names_learn(endpoints, answer->name, &answer->where, ttl, now);
    }
    np_vec_free(r.ctx, &r.answers);
    np_arena_free(&r.arena);
    np_free(r.ctx, bytes, size + 1);
    return status;
}
