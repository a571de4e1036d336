/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that name services. Members are the endpoints of the service's EndpointSlices, ready or
 * not, with the slices' ports (felix/serviceindex of projectcalico/calico; a port without number is
 * none). Where no slices were loaded, the service's selector tells the pods and its ports lead to
 * theirs. The inventory is sealed before members are known, so the seal fills them in.
 */
#include "dialect/calico/rule_internal.h"
#include "base/defect.h"

struct service {
    np_str space, name;
    struct np_rule *rule; /* that is about it; stays where it is until the policies are sealed */
    struct np_literal *addresses; /* to be filled in; one of the two */
    struct np_portset *ports;
};

static void each_backend(struct np_build *b, const struct np_service_info *info,
                         void (*visit)(struct np_build *b, const struct np_service_info *info,
                                       const struct np_backend *backend, void *user),
                         void *user)
{
    for (uint32_t i = 0; (info->has_slices || info->has_selector) && i < info->n_backends; i++) {
        visit(b, info, &info->backends[i], user);
    }
    for (uint32_t i = 0; i < info->n_waiting && !np_defect(CALICO_READY_ONLY); i++) {
        visit(b, info, &info->waiting[i], user);
    }
}

/* ---- addresses ---- */

struct prefixes {
    struct np_prefix *items;
    uint32_t count, room;
};

static void add_prefix(struct np_build *b, struct prefixes *out, const struct np_prefix *prefix)
{
    if (out->count == out->room) {
        uint32_t room = out->room ? 2 * out->room : 8;
        struct np_prefix *grown = np_build_alloc(b, room, sizeof *grown);
        if (!grown) {
            return;
        }
        if (out->count) {
            memcpy(grown, out->items, out->count * sizeof *grown);
        }
        out->items = grown;
        out->room = room;
    }
    out->items[out->count++] = *prefix;
}

/* A slice lists addresses of one family; a pod of the selector has all of its own. */
static void add_addresses(struct np_build *b, const struct np_service_info *info,
                          const struct np_backend *backend, void *user)
{
    const struct np_endpoint *e = backend->endpoint;
    if (info->has_slices || !e) {
        struct np_prefix host = np_prefix_of(&backend->address);
        if (backend->address.family) {
            add_prefix(b, user, &host);
        }
        return;
    }
    for (uint32_t i = 0; i < e->n_prefixes; i++) {
        add_prefix(b, user, &e->prefixes[i]);
    }
}

/* ---- addresses with ports ---- */

struct members {
    struct np_port_member *items;
    uint32_t count, room;
};

static void add_member(struct np_build *b, struct members *out, struct np_address address,
                       uint8_t protocol, uint16_t port)
{
    if (out->count == out->room) {
        uint32_t room = out->room ? 2 * out->room : 8;
        struct np_port_member *grown = np_build_alloc(b, room, sizeof *grown);
        if (!grown) {
            return;
        }
        if (out->count) {
            memcpy(grown, out->items, out->count * sizeof *grown);
        }
        out->items = grown;
        out->room = room;
    }
    out->items[out->count++] =
        (struct np_port_member){.protocol = protocol, .address = address, .port = port};
}

static void add_ports(struct np_build *b, const struct np_service_info *info,
                      const struct np_backend *backend, void *user)
{
    const struct np_endpoint *e = backend->endpoint;
    if (info->has_slices) {
        if (backend->port && backend->address.family) {
            add_member(b, user, backend->address, backend->protocol, backend->port);
        }
        return;
    }
    for (uint32_t p = 0; e && p < info->n_ports; p++) {
        uint16_t target;
        bool serves = np_inventory_target(info, &info->ports[p], backend, &target);
        for (uint32_t i = 0; serves && i < e->n_prefixes; i++) {
            add_member(b, user, e->prefixes[i].address, info->ports[p].protocol, target);
        }
    }
}

/* ---- the seal ---- */

static void fill_in(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    struct service *service = what;
    const struct np_service_info *info =
        np_inventory_service(inventory, np_str_slice(service->space), np_str_slice(service->name));
    if (!info) {
        service->rule->missing =
            np_build_format(b, "%s/%s", service->space->text, service->name->text);
        return;
    }
    if (service->addresses) {
        struct prefixes prefixes = {.count = 0};
        each_backend(b, info, add_addresses, &prefixes);
        service->addresses->prefixes = prefixes.items;
        service->addresses->n_prefixes = prefixes.count;
    } else {
        struct members members = {.count = 0};
        each_backend(b, info, add_ports, &members);
        service->ports->members = members.items;
        service->ports->count = members.count;
    }
}

static struct service *late(struct np_lower *l, const struct np_calico_service_match *match,
                            struct np_rule *rule)
{
    struct service *service = np_build_alloc(l->build, 1, sizeof *service);
    struct np_slice space = match->space.len ? match->space : l->object->namespace_name;
    if (service) {
        service->space = np_build_str(l->build, space);
        service->name = np_build_str(l->build, match->name);
        service->rule = rule;
    }
    np_build_late(l->build, fill_in, service);
    return service;
}

const struct np_literal *np_calico_service_addresses(struct np_lower *l,
                                                     const struct np_calico_service_match *match,
                                                     struct np_rule *rule)
{
    struct service *service = late(l, match, rule);
    struct np_literal *literal = np_build_alloc(l->build, 1, sizeof *literal);
    if (!service || !literal) {
        return NULL;
    }
    literal->kind = NP_LIT_FED_SET;
    literal->domain = NP_DOMAIN_ALL;
    literal->name = np_build_format(l->build, "Service/%s/%s", np_str_slice(service->space).ptr,
                                    np_str_slice(service->name).ptr);
    service->addresses = literal;
    return literal;
}

const struct np_portset *np_calico_service_ports(struct np_lower *l,
                                                 const struct np_calico_service_match *match,
                                                 const struct np_service *within,
                                                 struct np_rule *rule)
{
    struct service *service = late(l, match, rule);
    struct np_portset *portset = np_build_alloc(l->build, 1, sizeof *portset);
    if (!service || !portset) {
        return NULL;
    }
    portset->within = within;
    service->ports = portset;
    return portset;
}

/* ---- the set as a whole ---- */

static void say_missing(struct np_lower *l, const struct np_rule *rule)
{
    const struct np_origin *origin = &rule->origin;
    struct np_place place = {.source = np_str_slice(origin->source).ptr,
                             .line = origin->line,
                             .column = origin->column,
                             .object = np_str_slice(origin->object).ptr,
                             .path = np_str_slice(origin->path).ptr};
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_2476, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "there is no service %s", rule->missing->text);
}

static void say_missing_of(struct np_lower *l, const struct np_tier *tier, uint8_t direction)
{
    for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
        if (tier->walk[direction][i]->missing) {
            say_missing(l, tier->walk[direction][i]);
        }
    }
}

/* By place, not by number, so that it does not matter from what a model was made. */
void np_calico_check_services(struct np_lower *l, const struct np_model *model)
{
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            bool workloads_own =
                checkpoint->kind == NP_CHECK_HOST && stage->applies == NP_ROUTE_TO_FROM_HOST;
            for (uint32_t t = 0; !workloads_own && t < stage->n_tiers; t++) {
                say_missing_of(l, stage->tiers[t], checkpoint->direction);
            }
        }
    }
}
