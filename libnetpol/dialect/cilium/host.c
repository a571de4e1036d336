/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes as subjects (option host_firewall). Source: pkg/endpoint (the host endpoint has the labels
 * of its node and reserved:host), bpf/lib/host_firewall.h: judged where traffic begins or ends on
 * the node, also to and from its own pods; what the node says to itself passes no device.
 */
#include "dialect/cilium/inventory.h"

static void make_host(struct np_lower *l, const struct np_object *object)
{
    struct np_build *b = l->build;
    np_str name = np_build_str(b, object->name);
    const struct np_node_info *node = np_build_node(b, name);
    struct np_endpoint *host = np_build_endpoint(b, NULL, name);
    if (!node || !host) {
        return;
    }
    l->object = object;
    host->ref = object->ref;
    host->kind = NP_OBJ_HOST_ENDPOINT;
    host->node_name = name;
    host->labels = node->labels;
    host->prefixes = np_build_prefixes(b, node->addresses, node->n_addresses);
    host->n_prefixes = node->n_addresses;
    host->source_object = np_build_text(b, object->label);
    host->position = np_core_position(l);
    l->object = NULL;
}

static bool is_node(const struct np_object *object)
{
    return object->state == NP_OBJECT_OK && (object->reader->lower == np_core_node_lower ||
                                             object->reader->lower == np_cilium_node_lower);
}

int np_cilium_hosts(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    struct np_map made;
    bool fine = true;
    if (!l->options->host_firewall) { /* off, on */
        return NETPOL_OK;
    }
    np_map_init(&made, l->ctx);
    for (size_t i = 0; fine && i < count; i++) { /* a Node comes before its CiliumNode */
        bool added = false;
        if (is_node(objects[i])) {
            fine = np_map_add(&made, objects[i]->name, &added) != NULL;
        }
        if (fine && added) {
            make_host(l, objects[i]);
        }
    }
    np_map_free(&made);
    return fine ? np_core_status(l) : NETPOL_ERR_MEMORY;
}
