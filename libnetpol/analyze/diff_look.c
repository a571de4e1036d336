/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What policies could see of an end, written out. Two ends that are written alike get the same
 * answer from every policy of either set, as long as they stand alike to the other end.
 */
#include "analyze/diff.h"

#include "model/build.h"

struct eye {
    struct np_diff *diff;
    enum np_diff_which which;
    const struct np_inventory *inventory;
    struct np_text *out;
};

static void put(const struct eye *eye, uint32_t value)
{
    np_text_add(eye->out, (const char *)&value, sizeof value);
}

static void put_str(const struct eye *eye, np_str text)
{
    uint32_t word = np_diff_word(eye->diff, eye->which, text);
    eye->out->failed = eye->out->failed || word == UINT32_MAX;
    put(eye, word);
}

static void put_labels(const struct eye *eye, const struct np_labels *labels)
{
    const struct np_diff_model *side = &eye->diff->models[eye->which];
    for (uint32_t i = 0; i < eye->diff->words.n_keys; i++) {
        put_str(eye, side->keys[i] ? np_labels_get(labels, side->keys[i]) : NULL);
    }
}

/* Network sets and the like that hold an address. */
static void put_covering(const struct eye *eye, const struct np_address *address)
{
    enum { MOST = 256 };
    const struct np_endpoint *found[MOST];
    if (!eye->diff->models[eye->which].covers) {
        return;
    }
    uint32_t count = np_inventory_covering(eye->inventory, address, found, MOST);
    for (uint32_t i = 0; i < count && i < MOST; i++) {
        if (found[i]->kind != NP_OBJ_WORKLOAD && found[i]->kind != NP_OBJ_HOST_NET_WORKLOAD) {
            put(eye, found[i]->kind);
            put_str(eye, found[i]->namespace_name);
            put_str(eye, found[i]->name);
            put_labels(eye, &found[i]->labels);
            put_labels(eye, found[i]->space ? &found[i]->space->labels : NULL);
        }
    }
    if (count > MOST) { /* too many to compare: like no other address */
        np_text_add(eye->out, (const char *)address->bytes, sizeof address->bytes);
    }
}

static void put_place(const struct eye *eye, const struct np_address *address)
{
    put(eye, address->family);
    put(eye, np_diff_prefix_at(&eye->diff->words, address));
    put_covering(eye, address);
}

static void put_node(const struct eye *eye, const struct np_node_info *node)
{
    put(eye, node ? 1u + node->synthesized : 0);
    put_str(eye, node ? node->name : NULL);
    put_labels(eye, node ? &node->labels : NULL);
}

static void put_ports(const struct eye *eye, const struct np_endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->n_ports; i++) {
        const struct np_named_port *port = &endpoint->ports[i];
        if (np_map_find(&eye->diff->words.port_names, np_str_slice(port->name))) {
            put_str(eye, port->name);
            put(eye, (uint32_t)port->protocol << 16 | port->port);
        }
    }
}

static void put_endpoint(const struct eye *eye, const struct np_endpoint *endpoint)
{
    const struct np_diff_words *words = &eye->diff->words;
    put(eye, (uint32_t)endpoint->kind << 8 | endpoint->host_network);
    put_str(eye, endpoint->namespace_name);
    put_labels(eye, endpoint->space ? &endpoint->space->labels : NULL);
    put_labels(eye, &endpoint->labels);
    put_str(eye, words->names ? endpoint->name : NULL);
    if (words->accounts) {
        put_str(eye, endpoint->service_account);
        put_labels(eye, endpoint->account_labels);
    }
    put_ports(eye, endpoint);
    put(eye, UINT32_MAX);
    for (uint32_t i = 0; i < endpoint->n_prefixes; i++) {
        put(eye, endpoint->prefixes[i].length);
        put_place(eye, &endpoint->prefixes[i].address);
    }
    if (words->hosts || endpoint->host_network || endpoint->kind != NP_OBJ_WORKLOAD) {
        put_str(eye, endpoint->node_name);
        put_node(eye, endpoint->node_name
                          ? np_inventory_node(eye->inventory, np_str_slice(endpoint->node_name))
                          : NULL);
    }
}

/* As np_inventory_end finds it: a pod that owns it, a node, a service, the pod range, outside. */
static void put_address(const struct eye *eye, const struct np_address *address)
{
    struct np_end end;
    uint32_t owners = 1;
    put_place(eye, address);
    for (uint32_t i = 0; i < owners; i++) {
        (void)np_inventory_end(eye->inventory, &eye->diff->models[eye->which].model->options, 0,
                               address, address->family, i, &end, &owners);
        put(eye, (uint32_t)end.domain << 24 | (uint32_t)(end.endpoint != NULL) << 16 | owners);
        put(eye, end.missing);
        put(eye, end.missing_address);
        if (end.endpoint) {
            put_endpoint(eye, end.endpoint);
        }
        put_node(eye, end.node);
    }
}

/* The address a pod is asked about on the side that does not know it. */
static const struct np_address *own_address(const struct np_diff_end *end, uint8_t family)
{
    const struct np_endpoint *pod =
        end->pod[NP_DIFF_OLD] ? end->pod[NP_DIFF_OLD] : end->pod[NP_DIFF_NEW];
    for (uint32_t i = 0; i < pod->n_prefixes; i++) {
        const struct np_prefix *prefix = &pod->prefixes[i];
        if ((family == 0 || prefix->address.family == family) &&
            prefix->length == np_prefix_of(&prefix->address).length) {
            return &prefix->address;
        }
    }
    return NULL;
}

void np_diff_look(struct np_diff *diff, enum np_diff_which which, const struct np_diff_end *end,
                  struct np_text *out)
{
    const struct eye eye = {diff, which, &diff->models[which].model->inventory, out};
    static const uint8_t families[] = {NP_IPV4, NP_IPV6};
    put(&eye, end->families);
    if (end->pod[which]) {
        put(&eye, 1);
        put_endpoint(&eye, end->pod[which]);
        return;
    }
    put(&eye, np_diff_is_pod(end) ? 2 : 3);
    for (size_t f = 0; f < 2; f++) {
        const struct np_address *address =
            np_diff_is_pod(end) ? own_address(end, families[f]) : &end->samples[0];
        if (address && address->family == families[f]) {
            put_address(&eye, address);
        }
    }
}

void np_diff_resolve(const struct np_diff *diff, enum np_diff_which which,
                     const struct np_diff_end *end, uint8_t family, int sample, uint32_t owner,
                     struct np_end *out, uint32_t *owners)
{
    const struct np_model *model = diff->models[which].model;
    const struct np_endpoint *pod = end->pod[which];
    const struct np_address *address = NULL;
    if (!pod) {
        address = np_diff_is_pod(end) ? own_address(end, family) : &end->samples[sample];
    }
    (void)np_inventory_end(&model->inventory, &model->options, pod ? pod->ref : 0, address, family,
                           owner, out, owners);
}

uint32_t np_diff_families(const struct np_diff_end *a, const struct np_diff_end *b, uint8_t out[2])
{
    uint8_t both =
        a->families && b->families ? a->families & b->families : a->families | b->families;
    uint32_t count = 0;
    if (!a->families && !b->families) {
        out[count++] = 0;
    }
    if (both & NP_FAMILY_4) {
        out[count++] = NP_IPV4;
    }
    if (both & NP_FAMILY_6) {
        out[count++] = NP_IPV6;
    }
    return count;
}
