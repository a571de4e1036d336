/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes as subjects (option host_firewall). Source: pkg/endpoint (the host endpoint has the labels
 * of its node and reserved:host), bpf/lib/host_firewall.h: judged where traffic begins or ends on
 * the node, also to and from its own pods; what the node says to itself passes no device.
 */
#include "dialect/cilium/inventory.h"
#include "dialect/cilium/policy.h"

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

/* ---- the host firewall is off ---- */

static const struct np_cilium_spec *part_of_nodes(const struct np_object *object)
{
    const struct np_cilium_policy *policy = object->spec;
    if (object->reader->lower != np_cilium_policy_lower || object->state != NP_OBJECT_OK) {
        return NULL;
    }
    for (size_t i = 0; i < np_cilium_parts(policy); i++) {
        if (np_cilium_part(policy, i)->nodes) {
            return np_cilium_part(policy, i);
        }
    }
    return NULL;
}

void np_cilium_check_hosts(struct np_lower *l, struct np_object *const *objects, size_t count)
{
    const struct np_object *first = NULL;
    const struct np_node *at = NULL;
    size_t policies = 0;
    for (size_t i = 0; !l->options->host_firewall && i < count; i++) {
        const struct np_cilium_spec *part = part_of_nodes(objects[i]);
        if (part && !first) {
            first = objects[i];
            at = part->nodes->node;
        }
        policies += part != NULL;
    }
    if (!first) {
        return;
    }
    struct np_place place = {.source = first->source,
                             .line = at->line,
                             .column = at->column,
                             .object = first->label,
                             .path = "nodeSelector"};
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_2590, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "%zu %s about nodes %s nothing with host_firewall=off", policies,
                 policies > 1 ? "policies" : "policy", policies > 1 ? "decide" : "decides");
}
