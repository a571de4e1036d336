/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of core.def with their checks, and how a document becomes a packed object. */
#include "dialect/core.h"

#include "dialect/cidr.h"

enum { SCRATCH = 4096 };

static const char *const protocols[] = {"TCP", "UDP", "SCTP", NULL};

/* Names in messages are cut: hostile ones are long. */
#define SHOWN(text) (int)((text).len < 100 ? (text).len : 100), (text).ptr

/* ---- checks ---- */

bool np_core_check_syntax(struct np_decode *d, enum np_code code, const struct np_node *map,
                          const char *key, struct np_slice text, np_syntax_fn syntax)
{
    const char *wrong = text.ptr && text.len ? syntax(text) : NULL;
    if (wrong) {
        np_decode_report_in(d, code, map, key, "%s \"%.*s\" %s", key, SHOWN(text), wrong);
    }
    return !wrong;
}

bool np_core_parse_ip(struct np_decode *d, const struct np_node *at, const char *what,
                      struct np_slice text, struct np_address *out)
{
    unsigned odd = 0;
    enum np_prefix_error error = np_address_parse(text, out, &odd);
    if (error != NP_PREFIX_OK) {
        np_decode_report(d, NP_CODE_2304, at, "%s \"%.*s\" %s", what, SHOWN(text),
                         np_prefix_error_text(error));
        return false;
    }
    char canonical[46];
    np_address_format(out, canonical);
    if (odd & NP_ODD_LEADING_ZERO) {
        np_decode_report(d, NP_CODE_2028, at, "%.*s has leading zeros; it is read as %s",
                         SHOWN(text), canonical);
    }
    if (odd & NP_ODD_MAPPED) {
        np_decode_report(d, NP_CODE_2029, at,
                         "%.*s is an IPv4 address in IPv6 form; it is read as %s", SHOWN(text),
                         canonical);
    }
    return true;
}

bool np_core_check_ip(struct np_decode *d, const struct np_node *map, const char *key,
                      struct np_slice text, struct np_address *out)
{
    *out = (struct np_address){0};
    if (text.len == 0) {
        return true;
    }
    size_t mark = np_path_key(d, key);
    bool good = np_core_parse_ip(d, np_get(map, key), key, text, out);
    np_path_end(d, mark);
    return good;
}

static void check_meta(struct np_decode *d, void *object)
{
    struct np_core_meta *meta = object;
    size_t mark = np_path_key(d, "labels");
    np_meta_labels(d, meta->labels, &meta->label_list);
    np_path_end(d, mark);
}

static void check_container_port(struct np_decode *d, void *object)
{
    const struct np_core_container_port *port = object;
    np_core_check_syntax(d, NP_CODE_2303, port->node, "name", port->name, np_syntax_port_name);
}

static void check_pod_spec(struct np_decode *d, void *object)
{
    const struct np_core_pod_spec *spec = object;
    np_core_check_syntax(d, NP_CODE_2305, spec->node, "serviceAccountName", spec->account,
                         np_syntax_subdomain);
    np_core_check_syntax(d, NP_CODE_2305, spec->node, "serviceAccount", spec->old_account,
                         np_syntax_subdomain);
    np_core_check_syntax(d, NP_CODE_2306, spec->node, "nodeName", spec->node_name,
                         np_syntax_subdomain);
}

static void check_ip(struct np_decode *d, void *object)
{
    struct np_core_ip *ip = object;
    np_core_check_ip(d, ip->node, "ip", ip->ip, &ip->address);
}

static void check_pod_status(struct np_decode *d, void *object)
{
    struct np_core_pod_status *status = object;
    np_core_check_ip(d, status->node, "podIP", status->pod_ip, &status->pod_address);
    np_core_check_ip(d, status->node, "hostIP", status->host_ip, &status->host_address);
}

static void check_node_address(struct np_decode *d, void *object)
{
    struct np_core_node_address *address = object;
    if (np_slice_is(address->type, "InternalIP") || np_slice_is(address->type, "ExternalIP")) {
        np_core_check_ip(d, address->node, "address", address->address, &address->value);
    }
}

static void add_range(struct np_decode *d, struct np_core_node_spec *spec, const struct np_node *at,
                      struct np_slice text)
{
    struct np_prefix prefix;
    if (text.len == 0 || !np_decode_cidr(d, at, text, 0, &prefix)) {
        return;
    }
    for (uint32_t i = 0; i < spec->n_prefixes; i++) {
        if (np_prefix_equal(&spec->prefixes[i], &prefix)) {
            return;
        }
    }
    spec->prefixes[spec->n_prefixes++] = prefix;
}

static void check_node_spec(struct np_decode *d, void *object)
{
    struct np_core_node_spec *spec = object;
    spec->prefixes = np_decode_alloc(d, spec->pod_cidrs.count + 1, sizeof *spec->prefixes);
    if (!spec->prefixes) {
        return;
    }
    size_t mark = np_path_key(d, "podCIDR");
    add_range(d, spec, np_get(spec->node, "podCIDR"), spec->pod_cidr);
    np_path_end(d, mark);
    mark = np_path_key(d, "podCIDRs");
    for (size_t i = 0; i < spec->pod_cidrs.count; i++) {
        size_t inner = np_path_index(d, i);
        add_range(d, spec, spec->pod_cidrs.items[i].node, spec->pod_cidrs.items[i].text);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
}

#include "dialect/core.def"

/* ---- decoding ---- */

int np_core_decode(struct np_decode *d, const struct np_shape *shape, const struct np_node *root,
                   np_core_pack_fn pack)
{
    struct np_object *object = d->object;
    struct np_arena own = object->arena;
    np_arena_init(&object->arena, d->ctx, SCRATCH);
    d->kept = true; /* texts stay where they are: the document outlives this function */
    void *decoded = np_decode_alloc(d, 1, shape->size);
    bool good = decoded && np_decode_into(d, shape, root, decoded);
    d->kept = false;
    struct np_arena scratch = object->arena;
    object->arena = own;
    if (good) {
        object->spec = pack(d, decoded);
    }
    np_arena_free(&scratch);
    return d->no_memory ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

struct np_slice np_core_keep(struct np_decode *d, struct np_slice text)
{
    if (text.len == 0) {
        return (struct np_slice){"", 0};
    }
    struct np_slice copy = np_arena_slice(&d->object->arena, text);
    d->no_memory |= !copy.ptr;
    return copy;
}

bool np_core_keep_labels(struct np_decode *d, const struct np_label_list *from,
                         struct np_label_list *to)
{
    *to = (struct np_label_list){NULL, 0};
    if (from->count == 0) {
        return true;
    }
    struct np_label_text *items = np_decode_alloc(d, from->count, sizeof *items);
    for (uint32_t i = 0; items && i < from->count; i++) {
        items[i] = (struct np_label_text){np_core_keep(d, from->items[i].key),
                                          np_core_keep(d, from->items[i].value)};
    }
    if (items) {
        *to = (struct np_label_list){items, from->count};
    }
    return !d->no_memory;
}

bool np_core_keep_address(struct np_address *items, uint32_t *count,
                          const struct np_address *address)
{
    if (address->family == 0) {
        return false;
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (np_address_equal(&items[i], address)) {
            return false;
        }
    }
    items[(*count)++] = *address;
    return true;
}

/* ---- lowering ---- */

np_str np_core_position(struct np_lower *l)
{
    return np_build_format(l->build, "%s:%u:%u", l->object->source, l->object->line,
                           l->object->column);
}

bool np_core_readable(struct np_lower *l)
{
    if (l->object->state == NP_OBJECT_OK && l->object->spec) {
        return true;
    }
    np_build_incomplete(l->build);
    return false;
}

int np_core_status(const struct np_lower *l)
{
    return np_build_failed(l->build) ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

int np_core_unread_lower(struct np_lower *l)
{
    np_build_incomplete(l->build);
    return np_core_status(l);
}
