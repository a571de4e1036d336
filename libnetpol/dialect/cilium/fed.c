/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of addresses that the caller feeds. Each is an object of the store like any other, of a kind
 * that no document can have: it has a place in transactions and snapshots without more ado.
 */
#include "dialect/cilium/inventory.h"

#include "dialect/cidr.h"

enum { NAME_MAX = 4096 }; /* bytes; the names of groups list what they select by */

static const struct np_reader reader = {.group = NP_SET_GROUP,
                                        .kind = NP_SET_KIND,
                                        .family = NP_FAMILY_CORE,
                                        .engine = NP_ENGINE_KUBERNETES,
                                        .lower = np_cilium_fed_lower};

/* An address or a range. */
static void add(struct np_decode *d, struct np_cilium_ranges *ranges, const struct np_node *at,
                struct np_slice text)
{
    struct np_prefix *prefix = &ranges->prefixes[ranges->n_prefixes];
    struct np_address address;
    if (text.len && memchr(text.ptr, '/', text.len)) {
        ranges->n_prefixes += np_decode_cidr(d, at, text, NP_CIDR_STRICT, prefix);
    } else if (np_core_parse_ip(d, at, "address", text, &address)) {
        *prefix = np_prefix_of(&address);
        ranges->n_prefixes++;
    }
}

static void begin(struct np_decode *d, struct np_slice name, size_t room)
{
    struct np_object *object = d->object;
    struct np_cilium_ranges *ranges = np_decode_alloc(d, 1, sizeof *ranges);
    object->name = np_core_keep(d, name);
    object->kind = np_slice_of(NP_SET_KIND);
    object->api_version = np_slice_of("");
    object->spec = ranges;
    if (!ranges || d->no_memory || !np_object_name_it(object)) {
        d->no_memory = true;
        return;
    }
    ranges->prefixes = np_decode_alloc(d, room, sizeof *ranges->prefixes);
    if (name.len == 0 || name.len > NAME_MAX || memchr(name.ptr, '\0', name.len)) {
        np_decode_report(d, NP_CODE_2051, NULL, "the name of a set has 1 to %d characters",
                         NAME_MAX);
    }
}

static int finish(struct np_decode *d, struct np_object **out)
{
    bool no_memory = d->no_memory || d->path.failed;
    np_text_free(&d->path);
    if (no_memory || d->errors) {
        np_object_unref(d->object);
        return no_memory ? NETPOL_ERR_MEMORY : NETPOL_ERR_INPUT;
    }
    *out = d->object;
    return NETPOL_OK;
}

int np_decode_set(struct netpol_ctx *ctx, const char *name, const char *const *prefixes,
                  size_t count, struct netpol_diags *diags, struct np_object **out)
{
    const struct np_document document = {.source = "", .path_prefix = "", .diags = diags};
    struct np_decode d = {.ctx = ctx, .document = &document, .diags = diags};
    d.object = np_object_create(ctx, &reader);
    if (!d.object) {
        return NETPOL_ERR_MEMORY;
    }
    np_text_init(&d.path, ctx);
    begin(&d, np_slice_of(name), count);
    for (size_t i = 0; !d.no_memory && i < count; i++) {
        size_t mark = np_path_index(&d, i);
        add(&d, d.object->spec, NULL, np_slice_of(prefixes[i]));
        np_path_end(&d, mark);
    }
    return finish(&d, out);
}

static void read_list(struct np_decode *d, const struct np_node *list)
{
    for (size_t i = 0; !d->no_memory && i < list->list.count; i++) {
        struct np_slice text = {NULL, 0};
        size_t mark = np_path_index(d, i);
        if (np_decode_text(d, list->list.items[i], &text)) {
            add(d, d->object->spec, list->list.items[i], text);
        }
        np_path_end(d, mark);
    }
}

static int read_member(struct netpol_ctx *ctx, const struct np_document *document,
                       const struct np_member *member, struct np_object **out)
{
    struct np_decode d = {.ctx = ctx, .document = document, .diags = document->diags};
    bool list = np_is(member->value, NP_LIST);
    char found[64];
    d.object = np_object_create(ctx, &reader);
    if (!d.object) {
        return NETPOL_ERR_MEMORY;
    }
    np_text_init(&d.path, ctx);
    begin(&d, member->key, list ? member->value->list.count : 0);
    d.object->source =
        np_arena_text(&d.object->arena, np_slice_of(document->source ? document->source : ""));
    d.object->line = member->line;
    d.object->column = member->column;
    d.no_memory = d.no_memory || !d.object->source;
    size_t mark = np_path_member(&d, member->key);
    if (list) {
        read_list(&d, member->value);
    } else {
        np_decode_report_full(&d, NP_CODE_2008, -1, "Write a list: [192.0.2.0/24, 198.51.100.7].",
                              np_spot_of(member->value), "expected a list of ranges, found %s",
                              np_decode_found(member->value, found));
    }
    np_path_end(&d, mark);
    return finish(&d, out);
}

int np_decode_sets(struct netpol_ctx *ctx, const struct np_document *document,
                   int (*take)(void *user, const struct np_document *document,
                               struct np_object *object),
                   void *user, uint64_t *refused)
{
    struct np_decode d = {.ctx = ctx, .document = document, .diags = document->diags};
    const struct np_node *root = document->root;
    char found[64];
    np_text_init(&d.path, ctx);
    if (!np_is(root, NP_MAP)) {
        np_decode_report_full(&d, NP_CODE_2001, -1, "Write a line NAME: [RANGE, ...] for each set.",
                              np_spot_of(root),
                              "expected a map of names to lists of ranges, found %s",
                              root ? np_decode_found(root, found) : "nothing");
        ++*refused;
    }
    np_text_free(&d.path);
    int status = NETPOL_OK;
    for (size_t i = 0; np_is(root, NP_MAP) && status == NETPOL_OK && i < root->map.count; i++) {
        struct np_object *object = NULL;
        status = read_member(ctx, document, &root->map.members[i], &object);
        if (status == NETPOL_ERR_INPUT) {
            ++*refused;
            status = NETPOL_OK;
        } else if (status == NETPOL_OK) {
            status = take(user, document, object);
            np_object_unref(object);
        }
    }
    return status;
}
