/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes, namespaces and service accounts. */
#include "dialect/core.h"

struct core_node {
    struct np_label_list labels;
    struct np_address *addresses;
    struct np_prefix *ranges;
    uint32_t n_addresses, n_ranges;
};

static void pack_node_addresses(struct np_decode *d, const struct np_core_node_status *status,
                                struct core_node *node)
{
    node->addresses = np_decode_alloc(d, status->addresses.count, sizeof *node->addresses);
    for (size_t i = 0; node->addresses && i < status->addresses.count; i++) {
        np_core_keep_address(node->addresses, &node->n_addresses,
                             &status->addresses.items[i].value);
    }
}

static void *pack_node(struct np_decode *d, const void *decoded)
{
    const struct np_core_node_object *object = decoded;
    struct core_node *node = np_decode_alloc(d, 1, sizeof *node);
    if (!node) {
        return NULL;
    }
    if (object->metadata) {
        np_core_keep_labels(d, &object->metadata->label_list, &node->labels);
    }
    if (object->status) {
        pack_node_addresses(d, object->status, node);
    }
    if (object->spec && object->spec->n_prefixes) {
        uint32_t count = object->spec->n_prefixes;
        node->ranges = np_decode_alloc(d, count, sizeof *node->ranges);
        if (node->ranges) {
            memcpy(node->ranges, object->spec->prefixes, count * sizeof *node->ranges);
            node->n_ranges = count;
        }
    }
    return d->no_memory ? NULL : node;
}

int np_core_node_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_node_shape, root, pack_node);
}

int np_core_node_lower(struct np_lower *l)
{
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_build *b = l->build;
    const struct core_node *node = l->object->spec;
    struct np_node_info *info = np_build_node(b, np_build_str(b, l->object->name));
    struct np_prefix *addresses = np_build_alloc(b, node->n_addresses, sizeof *addresses);
    if (!info || !addresses) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < node->n_addresses; i++) {
        addresses[i] = np_prefix_of(&node->addresses[i]);
    }
    info->labels = np_meta_build_labels(b, &node->labels);
    info->addresses = addresses;
    info->n_addresses = node->n_addresses;
    info->pod_cidrs = np_build_prefixes(b, node->ranges, node->n_ranges);
    info->n_pod_cidrs = node->n_ranges;
    return np_core_status(l);
}

/* ---- objects of which only the labels count ---- */

static void *pack_labelled(struct np_decode *d, const void *decoded)
{
    const struct np_core_labelled *object = decoded;
    struct np_label_list *labels = np_decode_alloc(d, 1, sizeof *labels);
    if (labels && object->metadata) {
        np_core_keep_labels(d, &object->metadata->label_list, labels);
    }
    return d->no_memory ? NULL : labels;
}

int np_core_labelled_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_labelled_shape, root, pack_labelled);
}

int np_core_namespace_lower(struct np_lower *l)
{
    if (np_core_readable(l)) {
        struct np_build *b = l->build;
        struct np_namespace *space = np_build_namespace(b, np_build_str(b, l->object->name));
        if (space) {
            space->labels = np_meta_build_labels(b, l->object->spec);
        }
    }
    return np_core_status(l);
}

int np_core_account_lower(struct np_lower *l)
{
    if (np_core_readable(l)) {
        struct np_build *b = l->build;
        np_build_service_account(b, np_build_str(b, l->object->namespace_name),
                                 np_build_str(b, l->object->name),
                                 np_meta_build_labels(b, l->object->spec));
    }
    return np_core_status(l);
}
