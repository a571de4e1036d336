/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of inventory.def with their checks, what of them stays, and how that is lowered. */
#include "dialect/cilium/inventory.h"

#include "dialect/cidr.h"
#include "dialect/cilium/identity.h"
#include "dialect/syntax.h"

enum { CLUSTER_NAME_MAX = 32 };

/* ---- checks ---- */

/* One kind of list of ranges; repeats are one. */
static struct np_prefix *read_ranges(struct np_decode *d, const char *key,
                                     const struct np_string_item *items, size_t n_items,
                                     uint32_t *count)
{
    struct np_prefix *prefixes = np_decode_alloc(d, n_items, sizeof *prefixes);
    size_t mark = np_path_key(d, key);
    *count = 0;
    for (size_t i = 0; prefixes && i < n_items; i++) {
        size_t inner = np_path_index(d, i);
        *count +=
            np_decode_cidr(d, items[i].node, items[i].text, NP_CIDR_STRICT, &prefixes[*count]);
        np_path_end(d, inner);
    }
    np_path_end(d, mark);
    return prefixes;
}

static void check_group_spec(struct np_decode *d, void *object)
{
    struct np_cilium_group_spec *spec = object;
    spec->prefixes =
        read_ranges(d, "externalCIDRs", spec->cidrs.items, spec->cidrs.count, &spec->n_prefixes);
}

static void check_node_address(struct np_decode *d, void *object)
{
    struct np_cilium_node_address *address = object;
    np_core_check_ip(d, address->node, "ip", address->ip, &address->value);
}

static void check_pair(struct np_decode *d, void *object)
{
    struct np_cilium_pair *pair = object;
    np_core_check_ip(d, pair->node, "ipv4", pair->ipv4, &pair->values[0]);
    np_core_check_ip(d, pair->node, "ipv6", pair->ipv6, &pair->values[1]);
}

static void check_ipam(struct np_decode *d, void *object)
{
    struct np_cilium_ipam *ipam = object;
    ipam->prefixes =
        read_ranges(d, "podCIDRs", ipam->pod_cidrs.items, ipam->pod_cidrs.count, &ipam->n_prefixes);
}

static void check_number(struct np_decode *d, void *object)
{
    const struct np_cilium_numbered *numbered = object;
    if (np_cilium_number_of(d->object->name) == NETPOL_IDENTITY_UNKNOWN) {
        np_decode_report(d, NP_CODE_2591, numbered->node, "\"%.*s\" is no number of a label set",
                         (int)d->object->name.len, d->object->name.ptr);
    }
}

/* ValidateClusterName of pkg/clustermesh/types/types.go: the agent does not start with others. */
static void check_config(struct np_decode *d, void *object)
{
    const struct np_cilium_config *config = object;
    size_t mark = np_path_key(d, "data");
    for (size_t i = 0; i < config->data.count; i++) {
        const struct np_pair *pair = &config->data.items[i];
        const char *wrong = !np_slice_is(pair->key, "cluster-name") ? NULL
                            : pair->value.len > CLUSTER_NAME_MAX    ? "has more than 32 characters"
                                                                    : np_syntax_label(pair->value);
        if (wrong) {
            size_t inner = np_path_member(d, pair->key);
            np_decode_report(d, NP_CODE_2545, pair->member->value, "\"%.*s\" %s",
                             (int)(pair->value.len < 80 ? pair->value.len : 80), pair->value.ptr,
                             wrong);
            np_path_end(d, inner);
        }
    }
    np_path_end(d, mark);
}

#include "dialect/cilium/inventory.def"

/* ---- what stays ---- */

static struct np_prefix *keep_prefixes(struct np_decode *d, const struct np_prefix *from,
                                       uint32_t count, uint32_t *kept)
{
    struct np_prefix *to = np_decode_alloc(d, count, sizeof *to);
    if (to && count) {
        memcpy(to, from, count * sizeof *to);
        *kept = count;
    }
    return to;
}

static void *keep_group(struct np_decode *d, const void *decoded)
{
    const struct np_cilium_group_object *group = decoded;
    struct np_cilium_ranges *ranges = np_decode_alloc(d, 1, sizeof *ranges);
    if (ranges && group->metadata) {
        np_core_keep_labels(d, &group->metadata->label_list, &ranges->labels);
    }
    if (ranges && group->spec) {
        ranges->prefixes =
            keep_prefixes(d, group->spec->prefixes, group->spec->n_prefixes, &ranges->n_prefixes);
    }
    return d->no_memory ? NULL : ranges;
}

static void keep_addresses(struct np_decode *d, const struct np_cilium_node_spec *spec,
                           struct np_cilium_node *node)
{
    node->addresses = np_decode_alloc(d, spec->addresses.count, sizeof *node->addresses);
    for (size_t i = 0; node->addresses && i < spec->addresses.count; i++) {
        const struct np_address *address = &spec->addresses.items[i].value;
        if (address->family) {
            node->addresses[node->n_addresses++] = np_prefix_of(address);
        }
    }
}

static void *keep_node(struct np_decode *d, const void *decoded)
{
    const struct np_cilium_node_object *object = decoded;
    const struct np_cilium_node_spec *spec = object->spec;
    struct np_cilium_node *node = np_decode_alloc(d, 1, sizeof *node);
    if (node && object->metadata) {
        np_core_keep_labels(d, &object->metadata->label_list, &node->labels);
    }
    if (!node || !spec) {
        return node;
    }
    keep_addresses(d, spec, node);
    if (spec->ipam) {
        node->ranges =
            keep_prefixes(d, spec->ipam->prefixes, spec->ipam->n_prefixes, &node->n_ranges);
    }
    if (spec->health) {
        memcpy(node->health, spec->health->values, sizeof node->health);
    }
    if (spec->ingress) {
        memcpy(node->ingress, spec->ingress->values, sizeof node->ingress);
    }
    return d->no_memory ? NULL : node;
}

static void *keep_config(struct np_decode *d, const void *decoded)
{
    const struct np_cilium_config *config = decoded;
    struct np_cilium_name *name = np_decode_alloc(d, 1, sizeof *name);
    for (size_t i = 0; name && i < config->data.count; i++) {
        if (np_slice_is(config->data.items[i].key, "cluster-name")) {
            name->text = np_core_keep(d, config->data.items[i].value);
        }
    }
    return d->no_memory ? NULL : name;
}

static void *keep_numbered(struct np_decode *d, const void *decoded)
{
    const struct np_cilium_numbered *numbered = decoded;
    struct np_label_list *labels = np_decode_alloc(d, 1, sizeof *labels);
    struct np_label_text *items = np_decode_alloc(d, numbered->labels.count, sizeof *items);
    for (size_t i = 0; labels && items && i < numbered->labels.count; i++) {
        items[i] = (struct np_label_text){np_core_keep(d, numbered->labels.items[i].key),
                                          np_core_keep(d, numbered->labels.items[i].value)};
    }
    if (labels) {
        *labels = (struct np_label_list){items, (uint32_t)numbered->labels.count};
    }
    return d->no_memory ? NULL : labels;
}

int np_cilium_group_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_cilium_group_shape, root, keep_group);
}

int np_cilium_node_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_cilium_node_shape, root, keep_node);
}

int np_cilium_config_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_cilium_config_shape, root, keep_config);
}

int np_cilium_numbered_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_cilium_numbered_shape, root, keep_numbered);
}

/* ---- to the inventory ---- */

static int lower_ranges(struct np_lower *l, const char *kind)
{
    const struct np_cilium_ranges *ranges = l->object->spec;
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_address_set *set =
        np_build_address_set(l->build, kind, np_build_str(l->build, l->object->name));
    if (set) {
        set->labels = np_meta_build_labels(l->build, &ranges->labels);
        set->prefixes = np_build_prefixes(l->build, ranges->prefixes, ranges->n_prefixes);
        set->n_prefixes = ranges->n_prefixes;
    }
    return np_core_status(l);
}

int np_cilium_group_lower(struct np_lower *l)
{
    return lower_ranges(l, NP_CILIUM_GROUP);
}

int np_cilium_fed_lower(struct np_lower *l)
{
    return lower_ranges(l, NP_CILIUM_FED);
}

/* Both lists, one behind the other; the seal drops repeats. */
static const struct np_prefix *join(struct np_lower *l, const struct np_prefix *a, uint32_t n_a,
                                    const struct np_prefix *b, uint32_t n_b, uint32_t *count)
{
    struct np_prefix *all = np_build_alloc(l->build, (size_t)n_a + n_b, sizeof *all);
    *count = all ? n_a + n_b : 0;
    if (all && n_a) {
        memcpy(all, a, n_a * sizeof *all);
    }
    if (all && n_b) {
        memcpy(all + n_a, b, n_b * sizeof *all);
    }
    return all;
}

static void add_identity(struct np_lower *l, const char *name, const struct np_address pair[2])
{
    struct np_prefix prefixes[2];
    uint32_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        if (pair[i].family) {
            prefixes[count++] = np_prefix_of(&pair[i]);
        }
    }
    struct np_address_set *set =
        count ? np_build_address_set(l->build, NP_CILIUM_IDENTITY, np_build_text(l->build, name))
              : NULL;
    if (set) {
        set->prefixes = np_build_prefixes(l->build, prefixes, count);
        set->n_prefixes = count;
        set->inside = np_cilium_engine(l);
    }
}

/* A Node of the same name was lowered before (by the order of keys); its labels stay. */
int np_cilium_node_lower(struct np_lower *l)
{
    const struct np_cilium_node *node = l->object->spec;
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_node_info *info = np_build_node(l->build, np_build_str(l->build, l->object->name));
    if (!info) {
        return NETPOL_ERR_MEMORY;
    }
    if (info->labels.count == 0) {
        info->labels = np_meta_build_labels(l->build, &node->labels);
    }
    info->addresses = join(l, info->addresses, info->n_addresses, node->addresses,
                           node->n_addresses, &info->n_addresses);
    info->pod_cidrs = join(l, info->pod_cidrs, info->n_pod_cidrs, node->ranges, node->n_ranges,
                           &info->n_pod_cidrs);
    add_identity(l, "health", node->health);
    add_identity(l, "ingress", node->ingress);
    return np_core_status(l);
}

int np_cilium_config_lower(struct np_lower *l)
{
    const struct np_cilium_name *name = l->object->spec;
    if (np_core_readable(l) && name->text.len) {
        np_build_cluster(l->build, np_build_str(l->build, name->text));
    }
    return np_core_status(l);
}

/* Labels under a name; it has no addresses. */
int np_cilium_numbered_lower(struct np_lower *l)
{
    const struct np_label_list *labels = l->object->spec;
    if (!np_core_readable(l) || np_cilium_number_of(l->object->name) == NETPOL_IDENTITY_UNKNOWN) {
        return np_core_status(l);
    }
    struct np_address_set *set =
        np_build_address_set(l->build, NP_CILIUM_NUMBERED, np_build_str(l->build, l->object->name));
    if (set) {
        set->labels = np_meta_build_labels(l->build, labels);
    }
    return np_core_status(l);
}
