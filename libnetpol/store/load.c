/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: files -> documents -> decoded objects -> the open transaction.
 *
 * Everything is read to the end whatever goes wrong, so that one run shows every problem; only
 * memory and limits stop it. The worst that happened decides the status.
 */
#include "store/internal.h"

enum { PROGRESS_EVERY = 512 }; /* objects */

struct loading {
    struct netpol_store *store;
    const struct netpol_load_options *options;
    struct netpol_diags *diags;
    np_document_fn take;
    const char *default_namespace;
    uint64_t bytes_done, bytes_total, objects, files;
    uint64_t refused; /* documents with errors */
    int status;       /* the worst of the files */
};

static void tell_progress(const struct loading *l)
{
    if (l->options->progress) {
        l->options->progress(l->options->progress_user, l->bytes_done, l->bytes_total, l->objects);
    }
}

static struct np_slice kind_of(const struct np_document *document)
{
    const struct np_node *kind = np_get(document->root, "kind");
    if (np_is(kind, NP_STRING)) {
        return kind->text;
    }
    struct np_slice list = document->list_kind;
    return list.len > 4 ? (struct np_slice){list.ptr, list.len - 4} : np_slice_of("?");
}

static struct np_place place_of(const struct np_document *document, const struct np_object *object)
{
    return (struct np_place){.source = document->source,
                             .text = document->text,
                             .size = document->size,
                             .line = object->line,
                             .column = object->column,
                             .length = 1,
                             .object = object->label,
                             .path = object->path_prefix};
}

/*
 * An object that an API server accepted and this library does not: the version before it stays;
 * without one it is held as unreadable. An unreadable pod or node leaves a hole in the inventory.
 */
static int take_unreadable(struct loading *l, const struct np_document *document,
                           struct np_object *object)
{
    struct np_text text np_auto(np_text_free);
    np_text_init(&text, l->store->ctx);
    np_store_key_of(&text, object);
    if (text.failed) {
        np_object_unref(object);
        return NETPOL_ERR_MEMORY;
    }
    struct np_place place = place_of(document, object);
    const struct np_object *previous =
        np_store_find(l->store, (struct np_slice){text.ptr, text.len});
    if (previous && previous->state == NP_OBJECT_OK) {
        np_diag(l->diags, NP_CODE_3004, &place, "%s cannot be read; its previous version stays",
                object->label);
        np_object_unref(object);
        return NETPOL_OK;
    }
    bool policy = object->reader->family != NP_FAMILY_CORE;
    l->store->stage->incomplete = l->store->stage->incomplete || !policy;
    return np_stage_put(l->store, object, true, NULL);
}

static int take(struct loading *l, const struct np_document *document, struct np_object *object)
{
    struct np_place place = place_of(document, object);
    const struct np_object *before = NULL;
    int status = np_stage_put(l->store, np_object_ref(object), false, &before);
    if (status == NETPOL_ERR_LIMIT) {
        np_diag(l->diags, NP_CODE_3003, &place, "more than %llu objects",
                (unsigned long long)l->store->ctx->limits.objects);
    } else if (status == NETPOL_OK && before) {
        np_diag(l->diags, NP_CODE_3001, &place, "%s is given twice, first at %s:%u:%u",
                object->label, before->source, before->line, before->column);
        l->refused++;
    } else {
        l->objects++;
    }
    return status;
}

static int take_document(void *user, const struct np_document *document)
{
    struct loading *l = user;
    struct np_object *object = NULL;
    int status =
        np_decode_object(l->store->ctx, document, l->options->flags, l->default_namespace, &object);
    if (status == NETPOL_ERR_INPUT) {
        bool admitted = (l->options->flags & NETPOL_LOAD_ADMITTED) != 0;
        if (admitted && object) {
            return take_unreadable(l, document, object);
        }
        l->refused++;
        return NETPOL_OK;
    }
    if (status != NETPOL_OK) {
        return status;
    }
    if (!object) {
        return np_stage_skip(l->store->stage, kind_of(document)) ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    status = take(l, document, object);
    np_object_unref(object);
    if (l->objects % PROGRESS_EVERY == 0) {
        tell_progress(l);
    }
    return status;
}

static int take_set(void *user, const struct np_document *document, struct np_object *object)
{
    return take(user, document, object);
}

static int take_sets(void *user, const struct np_document *document)
{
    struct loading *l = user;
    return np_decode_sets(l->store->ctx, document, take_set, l, &l->refused);
}

/* How bad a status is: what stops everything, then what stops a file, then bad documents. */
static int worse(int a, int b)
{
    static const int order[] = {NETPOL_ERR_MEMORY, NETPOL_ERR_LIMIT, NETPOL_ERR_IO,
                                NETPOL_ERR_INPUT};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return a != NETPOL_OK ? a : b;
}

static int load_bytes(struct loading *l, const char *bytes, size_t size, const char *name)
{
    int status =
        np_source_read(l->store->ctx, bytes, size, name, NP_FORMAT_AUTO, l->diags, l->take, l);
    l->bytes_done += size;
    l->store->stage->bytes += size;
    l->status = worse(l->status, status);
    tell_progress(l);
    return status == NETPOL_ERR_INPUT ? NETPOL_OK : status;
}

/* A file that cannot be read does not hide what is wrong with the others. */
static int load_file(void *user, const char *file)
{
    struct loading *l = user;
    char *bytes = NULL;
    size_t size = 0;
    l->files++;
    int status = np_file_read(l->store->ctx, file, l->diags, &bytes, &size);
    if (status != NETPOL_OK) {
        l->status = worse(l->status, status);
        return status == NETPOL_ERR_IO ? NETPOL_OK : status;
    }
    status = load_bytes(l, bytes, size, file);
    np_free(l->store->ctx, bytes, size + 1);
    return status;
}

static int run(struct loading *l, const struct np_load *load)
{
    int status;
    if (!load->path) {
        l->bytes_total = load->size;
        status = load_bytes(l, load->bytes, load->size, load->name);
    } else {
        status = np_file_list(l->store->ctx, load->path, l->diags, load_file, l);
        if (status == NETPOL_OK && l->files == 0) {
            struct np_place place = {.source = load->path};
            np_diag(l->diags, NP_CODE_3006, &place, "no *.yaml, *.yml or *.json file in it");
        }
    }
    status = worse(status, l->status);
    return l->refused && status == NETPOL_OK ? NETPOL_ERR_INPUT : status;
}

int np_store_load(struct netpol_store *store, const struct np_load *load)
{
    bool own = !store->stage;
    int status = own ? np_store_begin(store) : NETPOL_OK;
    if (status != NETPOL_OK) {
        return status;
    }
    struct loading l = {.store = store,
                        .options = load->options,
                        .diags = load->diags,
                        .take = load->sets ? take_sets : take_document,
                        .default_namespace = load->options->default_namespace};
    status = run(&l, load);
    if (status == NETPOL_ERR_INPUT && (load->options->flags & NETPOL_LOAD_KEEP_GOING)) {
        store->stage->incomplete = true;
        store->stage->n_left_out += l.refused ? l.refused : 1;
        status = NETPOL_OK;
    }
    if (status != NETPOL_OK) {
        store->stage->failed = true;
    }
    if (!own) {
        return status;
    }
    int committed = np_store_commit(store, load->diags);
    return status != NETPOL_OK ? status : committed;
}
