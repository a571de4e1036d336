/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints and publication: arguments are checked here, the work is done in match/. */
#include "api/internal.h"
#include "match/slot.h"

static bool spec_valid(const struct netpol_endpoint_spec *spec)
{
    if (!spec || spec->size != sizeof *spec || !spec->namespace_name || !spec->name ||
        (spec->n_labels && !spec->labels) || (spec->n_addresses && !spec->addresses) ||
        (spec->n_ports && !spec->ports) || (spec->host_network != 0 && spec->host_network != 1)) {
        return false;
    }
    bool valid = true;
    for (size_t i = 0; i < spec->n_labels; i++) {
        valid = valid && spec->labels[i].key && spec->labels[i].value;
    }
    for (size_t i = 0; i < spec->n_addresses; i++) {
        valid = valid && spec->addresses[i];
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        valid = valid && spec->ports[i].name;
    }
    return valid;
}

int netpol_endpoints_create(struct netpol_matcher *matcher, struct netpol_endpoints **out)
{
    return matcher && out ? np_endpoints_create(matcher, out) : NETPOL_ERR_ARGUMENT;
}

void netpol_endpoints_destroy(struct netpol_endpoints *endpoints)
{
    np_endpoints_destroy(endpoints);
}

int netpol_endpoints_kind(const struct netpol_endpoints *endpoints,
                          const struct netpol_endpoint_spec *spec, uint32_t *kind)
{
    return endpoints && kind && spec_valid(spec) ? np_endpoints_kind(endpoints, spec, kind)
                                                 : NETPOL_ERR_ARGUMENT;
}

uint32_t netpol_endpoints_node(const struct netpol_endpoints *endpoints, const char *name)
{
    return endpoints && name ? np_endpoints_node(endpoints, name) : 0;
}

int netpol_endpoints_set(struct netpol_endpoints *endpoints,
                         const struct netpol_endpoint_entry *entry)
{
    return endpoints && entry && entry->size == sizeof *entry ? np_endpoints_set(endpoints, entry)
                                                              : NETPOL_ERR_ARGUMENT;
}

int netpol_endpoints_put(struct netpol_endpoints *endpoints, uint64_t ref,
                         const struct netpol_endpoint_spec *spec)
{
    return endpoints && spec_valid(spec) ? np_endpoints_put(endpoints, ref, spec)
                                         : NETPOL_ERR_ARGUMENT;
}

int netpol_endpoints_remove(struct netpol_endpoints *endpoints, uint64_t ref)
{
    return endpoints ? np_endpoints_remove(endpoints, ref) : NETPOL_ERR_ARGUMENT;
}

int netpol_endpoints_advance(struct netpol_endpoints *from, struct netpol_matcher *matcher,
                             struct netpol_endpoints **out)
{
    return from && matcher && out ? np_endpoints_advance(from, matcher, out) : NETPOL_ERR_ARGUMENT;
}

int netpol_endpoints_stats(const struct netpol_endpoints *endpoints,
                           struct netpol_endpoints_stats *out)
{
    if (!endpoints || !out || out->size != sizeof *out) {
        return NETPOL_ERR_ARGUMENT;
    }
    /* the counts are read under the lock of the writers, which is what const does not reach */
    union {
        const struct netpol_endpoints *given;
        struct netpol_endpoints *lockable;
    } same = {endpoints};
    np_endpoints_stats(same.lockable, out);
    return NETPOL_OK;
}

void netpol_endpoints_quiesce(struct netpol_endpoints *endpoints)
{
    if (endpoints) {
        np_endpoints_quiesce(endpoints);
    }
}

/* ---- publication ---- */

int netpol_slot_create(struct netpol_ctx *ctx, struct netpol_slot **out)
{
    return ctx && out ? np_slot_create(ctx, out) : NETPOL_ERR_ARGUMENT;
}

int netpol_slot_destroy(struct netpol_slot *slot)
{
    return slot ? np_slot_destroy(slot) : NETPOL_OK;
}

int netpol_slot_publish(struct netpol_slot *slot, struct netpol_view *view, int own_endpoints)
{
    return slot && view && (own_endpoints == 0 || own_endpoints == 1)
               ? np_slot_publish(slot, view, own_endpoints)
               : NETPOL_ERR_ARGUMENT;
}

size_t netpol_slot_reclaim(struct netpol_slot *slot)
{
    return slot ? np_slot_reclaim(slot) : 0;
}

int netpol_reader_create(struct netpol_slot *slot, struct netpol_reader **out)
{
    return slot && out ? np_reader_create(slot, out) : NETPOL_ERR_ARGUMENT;
}

void netpol_reader_destroy(struct netpol_reader *reader)
{
    if (reader) {
        np_reader_destroy(reader);
    }
}

const struct netpol_view *netpol_slot_borrow(struct netpol_slot *slot)
{
    return slot ? np_slot_borrow(slot) : NULL;
}

void netpol_slot_return(struct netpol_slot *slot, const struct netpol_view *view)
{
    if (slot && view) {
        np_slot_return(slot, view);
    }
}

int netpol_slot_after_fork(struct netpol_slot *slot)
{
    if (!slot) {
        return NETPOL_ERR_ARGUMENT;
    }
    np_slot_after_fork(slot);
    return NETPOL_OK;
}
