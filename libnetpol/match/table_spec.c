/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller says of an endpoint -> its kind, its node, its addresses. */
#define _DEFAULT_SOURCE /* inet_pton */
#include "match/table.h"

#include <arpa/inet.h>

enum { USUAL_WORDS = 256, USUAL_ADDRESSES = 8 };

static void project(const struct np_projection *projection, const struct netpol_endpoint_spec *spec,
                    uint64_t *words, uint32_t capacity, struct np_projector *p)
{
    struct np_slice account = {NULL, 0};
    if (spec->service_account) {
        account = np_slice_of(spec->service_account);
    }
    np_project_begin(p, projection, words, capacity, np_slice_of(spec->namespace_name),
                     np_slice_of(spec->name), account, spec->host_network != 0);
    for (size_t i = 0; i < spec->n_labels; i++) {
        np_project_label(p, np_slice_of(spec->labels[i].key), np_slice_of(spec->labels[i].value));
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        np_project_port(p, np_slice_of(spec->ports[i].name), spec->ports[i].protocol,
                        spec->ports[i].port);
    }
    np_project_end(p);
}

int np_spec_kind(const struct netpol_endpoints *endpoints, const struct netpol_endpoint_spec *spec,
                 uint32_t *kind)
{
    uint64_t usual[USUAL_WORDS], *words = usual;
    uint32_t room = np_project_room(&endpoints->projection, spec->n_labels, spec->n_ports);
    struct np_projector p;
    *kind = 0;
    project(&endpoints->projection, spec, words, USUAL_WORDS, &p);
    if (p.full) {
        size_t size = room * sizeof *words;
        words = np_alloc(endpoints->ctx, size);
        if (!words) {
            return NETPOL_ERR_MEMORY;
        }
        project(&endpoints->projection, spec, words, room, &p);
    }
    if (!p.unseen && !p.full) {
        *kind = np_kinds_find(&endpoints->kinds, words, p.count);
    }
    if (words != usual) {
        np_free(endpoints->ctx, words, room * sizeof *words);
    }
    return NETPOL_OK;
}

/* The second canonical word says whether it is on the host's network. */
uint8_t np_kind_ref_flags(const struct np_kinds *kinds, uint32_t kind)
{
    uint32_t count;
    const uint64_t *words = np_kinds_words(kinds, kind, &count);
    bool node = np_kinds_flags(kinds, kind) & NP_KIND_NODE;
    bool guest = node || (words && count >= 2 && words[1]);
    return (uint8_t)((guest ? NP_REF_GUEST : 0) | (node ? NP_REF_NODE : 0));
}

int np_endpoints_kind(const struct netpol_endpoints *endpoints,
                      const struct netpol_endpoint_spec *spec, uint32_t *kind)
{
    int status = np_spec_kind(endpoints, spec, kind);
    return status != NETPOL_OK || *kind ? status : NETPOL_NEEDS_COMPILE;
}

uint32_t np_endpoints_node(const struct netpol_endpoints *endpoints, const char *name)
{
    const uint64_t *number = name && endpoints->node_names.count
                                 ? np_map_find(&endpoints->node_names, np_slice_of(name))
                                 : NULL;
    return number ? (uint32_t)*number : 0;
}

/* ---- addresses ---- */

/* As a question is read: a mapped address is the IPv4 one. */
static void where_of(const uint8_t bytes[16], uint8_t family, struct np_where *out)
{
    *out = (struct np_where){.family = family};
    if (family == 4) {
        out->low = np_read_32(bytes);
        return;
    }
    out->high = np_read_64(bytes);
    out->low = np_read_64(bytes + 8);
    if (np_is_mapped(out->high, out->low)) {
        *out = (struct np_where){.family = 4, .low = (uint32_t)out->low};
    }
}

static bool parse_address(const char *text, struct np_where *out)
{
    uint8_t bytes[16] = {0};
    if (inet_pton(AF_INET, text, bytes) == 1) {
        where_of(bytes, 4, out);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        where_of(bytes, 6, out);
        return true;
    }
    return false;
}

/* ---- writes ---- */

int np_endpoints_set(struct netpol_endpoints *endpoints, const struct netpol_endpoint_entry *entry)
{
    static const uint8_t none[16] = {0};
    bool short4 = entry->family == 4 && memcmp(entry->address + 4, none, 12) != 0;
    if (entry->ref == 0 || entry->ref >> 63 || entry->kind > endpoints->kinds.count ||
        entry->node > endpoints->n_nodes || short4 ||
        (entry->family != 0 && entry->family != 4 && entry->family != 6)) {
        return NETPOL_ERR_ARGUMENT;
    }
    struct np_where where;
    where_of(entry->address, entry->family, &where);
    struct np_becoming to = {.ref = entry->ref,
                             .kind = entry->kind,
                             .node = entry->node,
                             .flags = np_kind_ref_flags(&endpoints->kinds, entry->kind),
                             .keep = true,
                             .items = &where,
                             .count = entry->family != 0};
    np_endpoints_lock(endpoints);
    int status = np_endpoints_become(endpoints, &to);
    np_endpoints_unlock(endpoints);
    return status;
}

/* The addresses of a spec into memory of n. OK, ERR_INPUT. */
static int read_addresses(const struct netpol_endpoint_spec *spec, struct np_where *items)
{
    for (size_t i = 0; i < spec->n_addresses; i++) {
        if (!parse_address(spec->addresses[i], &items[i])) {
            return NETPOL_ERR_INPUT;
        }
    }
    return NETPOL_OK;
}

static int put(struct netpol_endpoints *endpoints, const struct np_becoming *to,
               const struct netpol_endpoint_spec *spec)
{
    void *copy = NULL;
    size_t size = 0;
    if (endpoints->journal.n_marks) {
        copy = np_spec_copy(endpoints->ctx, spec, &size);
        if (!copy) {
            return NETPOL_ERR_MEMORY;
        }
    }
    int status = np_endpoints_become(endpoints, to);
    if (status >= 0) {
        np_journal_spec(endpoints, to->ref, copy, size);
    } else {
        np_free(endpoints->ctx, copy, size);
    }
    return status;
}

int np_endpoints_put(struct netpol_endpoints *endpoints, uint64_t ref,
                     const struct netpol_endpoint_spec *spec)
{
    struct np_where usual[USUAL_ADDRESSES], *items = usual;
    size_t size = spec->n_addresses * sizeof *items;
    uint32_t kind;
    if (ref == 0 || ref >> 63) {
        return NETPOL_ERR_ARGUMENT;
    }
    if (spec->n_addresses > USUAL_ADDRESSES) {
        items =
            spec->n_addresses < SIZE_MAX / sizeof *items ? np_alloc(endpoints->ctx, size) : NULL;
        if (!items) {
            return NETPOL_ERR_MEMORY;
        }
    }
    int status = read_addresses(spec, items);
    if (status == NETPOL_OK) {
        status = np_spec_kind(endpoints, spec, &kind);
    }
    if (status == NETPOL_OK) {
        struct np_becoming to = {.ref = ref,
                                 .kind = kind,
                                 .node = np_endpoints_node(endpoints, spec->node),
                                 .flags = np_kind_ref_flags(&endpoints->kinds, kind),
                                 .items = items,
                                 .count = spec->n_addresses};
        to.flags |= spec->host_network ? NP_REF_GUEST : 0;
        np_endpoints_lock(endpoints);
        status = put(endpoints, &to, spec);
        np_endpoints_unlock(endpoints);
    }
    if (items != usual) {
        np_free(endpoints->ctx, items, size);
    }
    return status;
}

int np_endpoints_remove(struct netpol_endpoints *endpoints, uint64_t ref)
{
    if (ref == 0 || ref >> 63) {
        return NETPOL_ERR_ARGUMENT;
    }
    np_endpoints_lock(endpoints);
    int status = np_endpoints_forget(endpoints, ref);
    np_endpoints_unlock(endpoints);
    return status;
}

/* ---- a copy of a spec, in one block ---- */

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *copy_text(char **next, const char *text)
{
    size_t size = text_size(text);
    char *copy = *next;
    if (!size) {
        return NULL;
    }
    memcpy(copy, text, size);
    *next += size;
    return copy;
}

void *np_spec_copy(const struct netpol_ctx *ctx, const struct netpol_endpoint_spec *spec,
                   size_t *size)
{
    struct block {
        struct netpol_endpoint_spec spec;
        struct netpol_label labels[];
    };
    size_t tables = sizeof(struct block) + spec->n_labels * sizeof(struct netpol_label) +
                    spec->n_ports * sizeof(struct netpol_port_name);
    size_t texts = text_size(spec->namespace_name) + text_size(spec->name) +
                   text_size(spec->service_account) + text_size(spec->node);
    for (size_t i = 0; i < spec->n_labels; i++) {
        texts += text_size(spec->labels[i].key) + text_size(spec->labels[i].value);
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        texts += text_size(spec->ports[i].name);
    }
    *size = tables + texts;
    struct block *block = np_alloc(ctx, *size);
    if (!block) {
        return NULL;
    }
    struct netpol_port_name *ports = (void *)(block->labels + spec->n_labels);
    char *next = (char *)block + tables;
    for (size_t i = 0; i < spec->n_labels; i++) {
        block->labels[i].key = copy_text(&next, spec->labels[i].key);
        block->labels[i].value = copy_text(&next, spec->labels[i].value);
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        ports[i] = spec->ports[i];
        ports[i].name = copy_text(&next, spec->ports[i].name);
    }
    block->spec =
        (struct netpol_endpoint_spec){.size = sizeof block->spec,
                                      .namespace_name = copy_text(&next, spec->namespace_name),
                                      .name = copy_text(&next, spec->name),
                                      .labels = block->labels,
                                      .n_labels = spec->n_labels,
                                      .ports = ports,
                                      .n_ports = spec->n_ports,
                                      .service_account = copy_text(&next, spec->service_account),
                                      .node = copy_text(&next, spec->node),
                                      .host_network = spec->host_network};
    return block;
}
