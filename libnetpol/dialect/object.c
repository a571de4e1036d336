/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document becomes one object: find out what it claims to be, who reads that, and whether the
 * answer is an object, nothing (a kind without meaning to policies), a refusal, or - for objects
 * that an API server has accepted - the shell of an object that nobody could read.
 */
#include "dialect/decode.h"
#include "dialect/meta.h"

enum { FIRST_CHUNK = 512 };

/* ---- objects ---- */

struct np_object *np_object_create(struct netpol_ctx *ctx, const struct np_reader *reader)
{
    struct np_object *object = np_zalloc(ctx, sizeof *object);
    if (object) {
        atomic_init(&object->refs, 1);
        np_arena_init(&object->arena, ctx, FIRST_CHUNK);
        object->reader = reader;
        object->label = object->source = object->path_prefix = "";
    }
    return object;
}

struct np_object *np_object_ref(struct np_object *object)
{
    if (object) {
        atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
    }
    return object;
}

void np_object_unref(struct np_object *object)
{
    if (object && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1) {
        const struct netpol_ctx *ctx = object->arena.ctx;
        np_arena_free(&object->arena);
        np_free(ctx, object, sizeof *object);
    }
}

bool np_object_name_it(struct np_object *object)
{
    struct np_text text;
    np_text_init(&text, object->arena.ctx);
    np_text_add(&text, object->kind.ptr, object->kind.len);
    if (object->namespace_name.len) {
        np_text_add(&text, "/", 1);
        np_text_add(&text, object->namespace_name.ptr, object->namespace_name.len);
    }
    np_text_add(&text, "/", 1);
    np_text_add(&text, object->name.ptr, object->name.len);
    const char *label =
        text.failed ? NULL : np_arena_text(&object->arena, (struct np_slice){text.ptr, text.len});
    np_text_free(&text);
    object->label = label ? label : "";
    return label != NULL;
}

/* ---- what the document claims to be ---- */

struct claim {
    struct np_slice api_version, kind;
};

static bool claim_text(struct np_decode *d, const struct np_node *root, const char *key,
                       struct np_slice inherited, struct np_slice *out)
{
    const struct np_node *node = np_get(root, key);
    if (node && node->kind != NP_NULL) {
        size_t mark = np_path_key(d, key);
        bool good = np_is(node, NP_STRING);
        if (!good) {
            char found[64];
            np_decode_report(d, NP_CODE_2008, node, "expected string, found %s",
                             np_decode_found(node, found));
        }
        np_path_end(d, mark);
        *out = good ? node->text : (struct np_slice){"", 0};
        return good;
    }
    *out = inherited;
    return true;
}

/* PodList gives its items kind Pod; a plain List gives nothing. */
static struct np_slice item_kind(struct np_slice list_kind)
{
    if (list_kind.len <= 4 || memcmp(list_kind.ptr + list_kind.len - 4, "List", 4) != 0) {
        return (struct np_slice){"", 0};
    }
    return (struct np_slice){list_kind.ptr, list_kind.len - 4};
}

static bool read_claim(struct np_decode *d, const struct np_node *root, struct claim *out)
{
    const struct np_document *document = d->document;
    if (!np_is(root, NP_MAP)) {
        char found[64];
        np_decode_report(d, NP_CODE_2001, root, "expected an object, found %s",
                         root ? np_decode_found(root, found) : "nothing");
        return false;
    }
    struct np_slice kind = item_kind(document->list_kind);
    struct np_slice version = kind.len ? document->list_api_version : (struct np_slice){"", 0};
    bool good = claim_text(d, root, "apiVersion", version, &out->api_version);
    good = claim_text(d, root, "kind", kind, &out->kind) && good;
    if (good && (out->kind.len == 0 || out->api_version.len == 0)) {
        np_decode_report(d, NP_CODE_2002, root, "%s is missing",
                         out->kind.len ? "apiVersion" : "kind");
        return false;
    }
    return good;
}

static int shown(struct np_slice text)
{
    return (int)(text.len < 80 ? text.len : 80);
}

static bool ends_in(struct np_slice text, const char *end)
{
    size_t len = strlen(end);
    return text.len >= len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/*
 * No reader. Skipping is right for kinds that mean nothing to policies, and a wrong allow for a
 * policy: so a kind of a policy's name in another group, or named like one, is refused. true: such
 * a policy.
 */
static bool judge_unread(struct np_decode *d, const struct np_node *root, const struct claim *claim)
{
    bool policy = true;
    const char *serving = np_reader_group_of(claim->kind);
    if (serving) {
        bool spelt = strncmp(serving, claim->kind.ptr, claim->kind.len) == 0 &&
                     serving[claim->kind.len] == ' ';
        np_decode_report_in(d, NP_CODE_2006, root, spelt ? "apiVersion" : "kind",
                            "there is no kind %.*s in %.*s that is read here; %s",
                            shown(claim->kind), claim->kind.ptr, shown(claim->api_version),
                            claim->api_version.ptr, serving);
    } else if (ends_in(claim->kind, "NetworkPolicy") || ends_in(claim->kind, "NetworkPolicies")) {
        np_decode_report_in(d, NP_CODE_2004, root, "kind", "no reader yet for kind %.*s of %.*s",
                            shown(claim->kind), claim->kind.ptr, shown(claim->api_version),
                            claim->api_version.ptr);
    } else if (d->load_flags & NETPOL_LOAD_STRICT) {
        policy = false;
        np_decode_report_in(d, NP_CODE_2003, root, "kind", "kind %.*s of %.*s means nothing here",
                            shown(claim->kind), claim->kind.ptr, shown(claim->api_version),
                            claim->api_version.ptr);
    }
    return policy && d->errors;
}

/* ---- the object ---- */

static bool keep(struct np_object *object, struct np_slice text, struct np_slice *out)
{
    *out = np_arena_slice(&object->arena, text);
    return out->ptr != NULL;
}

static struct np_object *begin_object(struct np_decode *d, const struct np_reader *reader,
                                      const struct claim *claim)
{
    const struct np_document *document = d->document;
    struct np_object *object = np_object_create(d->ctx, reader);
    if (!object) {
        return NULL;
    }
    struct np_arena *arena = &object->arena;
    object->source = np_arena_text(arena, np_slice_of(document->source ? document->source : ""));
    object->path_prefix =
        np_arena_text(arena, np_slice_of(document->path_prefix ? document->path_prefix : ""));
    object->line = document->root->line;
    object->column = document->root->column;
    if (!object->source || !object->path_prefix ||
        !keep(object, claim->api_version, &object->api_version) ||
        !keep(object, claim->kind, &object->kind)) {
        np_object_unref(object);
        return NULL;
    }
    object->label = "";
    return object;
}

/* FOREIGN: a policy that nobody here can read. */
static void refuse_foreign(struct np_decode *d, const struct np_node *root,
                           const struct np_reader *reader)
{
    const struct np_object *object = d->object;
    bool old = reader->hint != NULL;
    const struct np_node *node = np_get(root, old ? "apiVersion" : "kind");
    size_t mark = np_path_key(d, old ? "apiVersion" : "kind");
    np_decode_report_full(
        d, old ? NP_CODE_2005 : NP_CODE_2004, -1, reader->hint, np_spot_of(node ? node : root),
        "%s %.*s of %.*s", old ? "no reader for this version:" : "no reader yet for policy kind",
        shown(object->kind), object->kind.ptr, shown(object->api_version), object->api_version.ptr);
    np_path_end(d, mark);
}

/* Decodes into d->object; named: the object knows who it is, so that it can be held. */
static int fill_object(struct np_decode *d, const char *default_namespace, bool *named)
{
    struct np_object *object = d->object;
    const struct np_node *root = d->document->root;
    const struct np_reader *reader = object->reader;
    *named = np_meta_identity(d, root, reader->namespaced,
                              reader->name_syntax ? reader->name_syntax : np_syntax_subdomain,
                              default_namespace, &object->namespace_name, &object->name);
    if (d->no_memory || !np_object_name_it(object)) {
        return NETPOL_ERR_MEMORY;
    }
    if (reader->family == NP_FAMILY_FOREIGN && reader != np_reader_unread(reader->namespaced)) {
        refuse_foreign(d, root, reader);
    }
    int status = reader->decode ? reader->decode(d, root) : NETPOL_OK;
    return d->no_memory || d->path.failed ? NETPOL_ERR_MEMORY : status;
}

static int finish_object(struct np_decode *d, int status, bool named, struct np_object **out)
{
    struct np_object *object = d->object;
    if (status == NETPOL_OK && d->errors == 0) {
        *out = object;
        return NETPOL_OK;
    }
    if (status == NETPOL_OK && named && (d->load_flags & NETPOL_LOAD_ADMITTED)) {
        object->state = NP_OBJECT_UNREADABLE;
        d->path.len = 0;
        np_decode_report(d, NP_CODE_2020, NULL, "%s could not be read and is held as unreadable",
                         object->label);
        *out = object;
        return NETPOL_ERR_INPUT;
    }
    np_object_unref(object);
    return status == NETPOL_OK ? NETPOL_ERR_INPUT : status;
}

/* What an API server accepted and nobody here knows may be a policy: it is held, too. */
static const struct np_reader *unread(const struct np_decode *d)
{
    const struct np_node *space = np_get(np_get(d->document->root, "metadata"), "namespace");
    return d->load_flags & NETPOL_LOAD_ADMITTED ? np_reader_unread(np_is(space, NP_STRING)) : NULL;
}

static int read_object(struct np_decode *d, const struct np_reader *reader,
                       const struct claim *claim, const char *default_namespace,
                       struct np_object **out)
{
    bool named = false;
    d->object = begin_object(d, reader, claim);
    if (!d->object) {
        return NETPOL_ERR_MEMORY;
    }
    int status = fill_object(d, default_namespace, &named);
    return finish_object(d, status, named, out);
}

/* Of some kinds one object means something to policies. */
static bool is_read(const struct np_decode *d, const struct np_reader *reader)
{
    const struct np_node *name = np_get(np_get(d->document->root, "metadata"), "name");
    return !reader->only || (np_is(name, NP_STRING) && np_slice_is(name->text, reader->only));
}

int np_decode_object(struct netpol_ctx *ctx, const struct np_document *document,
                     uint32_t load_flags, const char *default_namespace, struct np_object **out)
{
    struct np_decode d = {
        .ctx = ctx, .document = document, .diags = document->diags, .load_flags = load_flags};
    struct claim claim;
    int status = NETPOL_OK;
    *out = NULL;
    np_text_init(&d.path, ctx);
    if (document->path_prefix && *document->path_prefix) {
        np_text_add(&d.path, document->path_prefix, strlen(document->path_prefix));
    }
    if (read_claim(&d, document->root, &claim)) {
        const struct np_reader *reader = np_reader_find(claim.api_version, claim.kind);
        reader = reader && !is_read(&d, reader) ? NULL : reader;
        if (!reader) {
            reader = judge_unread(&d, document->root, &claim) ? unread(&d) : NULL;
        }
        status = reader ? read_object(&d, reader, &claim, default_namespace, out) : NETPOL_OK;
    }
    if (status == NETPOL_OK && d.errors) {
        status = NETPOL_ERR_INPUT;
    }
    np_text_free(&d.path);
    return status;
}
