/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port classes.
 *
 * Every bound of a span, and every port that a name or a member resolves to, cuts the port numbers
 * of its protocol; what lies between two cuts is one point. Packets without ports, and questions
 * that do not give them, are points of their own. Points that no service tells apart then fall into
 * one class. Ports of names stay apart: which of them a rule means depends on the pod.
 */
#include "compile/ports_internal.h"
#include "base/defect.h"

void np_ports_push(struct np_ports_maker *m, np_cut_list *list, uint32_t value)
{
    uint32_t *at = value <= UINT16_MAX ? np_vec_push(m->draft->ctx, list) : NULL;
    if (at) {
        *at = value;
    }
    m->failed = m->failed || (!at && value <= UINT16_MAX);
}

static bool agrees(int16_t wanted, uint8_t protocol)
{
    return wanted < 0 || wanted == protocol;
}

/* Which piece of a range holds a port decides about authentication (reference/auth.c). */
static void cut_pieces(struct np_ports_maker *m, np_cut_list *list, uint32_t first, uint32_t last)
{
    while (first <= last) {
        uint32_t size = first ? first & (~first + 1) : 65536;
        while (first + size - 1 > last) {
            size /= 2;
        }
        np_ports_push(m, list, first);
        first += size;
    }
}

static void cut_span(struct np_ports_maker *m, np_cut_list *list, const struct np_port_span *span)
{
    if (span->ports && span->first <= span->last) {
        np_ports_push(m, list, span->first);
        np_ports_push(m, list, (uint32_t)span->last + !np_defect(LAST_PORT_OUT));
        if (m->ports->auth) {
            cut_pieces(m, list, span->first, span->last);
        }
    }
}

static void take_service(struct np_ports_maker *m, const struct np_service *service)
{
    bool added;
    struct np_slice content = {(const char *)service->spans,
                               service->count * sizeof *service->spans};
    if (!np_map_add(&m->ports->known, content, &added)) {
        m->failed = true;
        return;
    }
    const struct np_service **at = added ? np_vec_push(m->draft->ctx, &m->services) : NULL;
    if (!added || !at) {
        m->failed = m->failed || added;
        return;
    }
    *at = service;
    for (uint32_t i = 0; i < service->count; i++) {
        for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
            if (agrees(service->spans[i].protocol, np_port_protocols[p])) {
                cut_span(m, &m->cuts[p], &service->spans[i]);
            }
        }
    }
}

static void cut_alone(struct np_ports_maker *m, int16_t protocol, uint16_t port)
{
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (agrees(protocol, np_port_protocols[p])) {
            np_ports_push(m, &m->cuts[p], port);
            np_ports_push(m, &m->cuts[p], (uint32_t)port + 1);
            np_ports_push(m, &m->alone[p], port);
        }
    }
}

/* Members by number are cut here; names wait until all that are used are known. */
static void take_members(struct np_ports_maker *m, const struct np_portset *portset, bool source)
{
    for (uint32_t i = 0; i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        bool added;
        m->ports->names_used = true;
        if (member->name) {
            struct np_slice key = {(const char *)&member->name, sizeof member->name};
            uint64_t *value = np_map_add(&m->ports->names, key, &added);
            m->failed = m->failed || !value;
            if (value) {
                *value |= source ? 2 : 1;
            }
        } else if (source) {
            np_ports_push(m, &m->sources, member->port);
            np_ports_push(m, &m->sources, (uint32_t)member->port + 1);
        } else {
            cut_alone(m, member->protocol, member->port);
        }
    }
}

static void take_source_spans(struct np_ports_maker *m, const struct np_service *service)
{
    for (uint32_t i = 0; service && i < service->count; i++) {
        cut_span(m, &m->sources, &service->spans[i]);
    }
}

static void take_match(void *user, const struct np_rule *rule, const struct np_match *match)
{
    struct np_ports_maker *m = user;
    (void)rule;
    if (match->service) {
        take_service(m, match->service);
    }
    if (match->dst_ports) {
        take_members(m, match->dst_ports, false);
        if (match->dst_ports->within) {
            take_service(m, match->dst_ports->within);
        }
    }
    take_source_spans(m, match->src_service);
    if (match->src_ports) {
        take_members(m, match->src_ports, true);
        take_source_spans(m, match->src_ports->within);
    }
    m->ports->source_axes = m->ports->source_axes || match->src_service || match->src_ports;
    m->ports->by_family =
        m->ports->by_family || (match->families != NP_FAMILY_ANY && !np_defect(FAMILIES_ALIKE));
}

static void take_names(struct np_ports_maker *m)
{
    const struct np_inventory *inventory = &m->draft->model->inventory;
    for (uint32_t e = 0; m->ports->names.count && e < inventory->n_endpoints; e++) {
        const struct np_endpoint *endpoint = inventory->endpoints[e];
        for (uint32_t i = 0; i < endpoint->n_ports; i++) {
            const struct np_named_port *port = &endpoint->ports[i];
            struct np_slice key = {(const char *)&port->name, sizeof port->name};
            const uint64_t *use = np_map_find(&m->ports->names, key);
            if (use && *use & 1) {
                cut_alone(m, port->protocol, port->port);
            }
            if (use && *use & 2) {
                np_ports_push(m, &m->sources, port->port);
                np_ports_push(m, &m->sources, (uint32_t)port->port + 1);
            }
        }
    }
}

static bool take_sources(struct np_ports_maker *m)
{
    struct np_ports *ports = m->ports;
    np_ports_push(m, &m->sources, 0);
    np_ports_push(m, &m->sources, 1);
    np_cuts_sort(&m->sources);
    if (m->failed) {
        return false;
    }
    ports->n_sources = (uint32_t)m->sources.count;
    ports->sources = np_alloc(ports->ctx, m->sources.count * sizeof *ports->sources);
    for (size_t i = 0; ports->sources && i < m->sources.count; i++) {
        ports->sources[i] = (uint16_t)m->sources.items[i];
    }
    return ports->sources != NULL;
}

void np_ports_collect(struct np_ports_maker *m, const struct np_side_plan *sides)
{
    for (int s = 0; s < NP_SIDES; s++) {
        m->ports->auth = m->ports->auth || sides[s].auth;
        m->ports->list = m->ports->list || sides[s].list;
    }
    for (int s = 0; s < NP_SIDES; s++) {
        np_side_each(&sides[s], take_match, m);
    }
}

static int make(struct np_ports_maker *m, const struct np_side_plan *sides)
{
    np_ports_collect(m, sides);
    take_names(m);
    if (m->failed || !take_sources(m) || !np_ports_points(m) ||
        !np_partition_init(m->ports->ctx, &m->partition, m->ports->n_points)) {
        return NETPOL_ERR_MEMORY;
    }
    np_ports_by_kind(m);
    for (size_t i = 0; i < m->services.count; i++) {
        np_ports_by_service(m, m->services.items[i]);
    }
    bool numbered = np_ports_number(m);
    np_partition_free(&m->partition);
    if (!numbered) {
        return NETPOL_ERR_MEMORY;
    }
    return m->ports->n_classes <= UINT16_MAX ? NETPOL_OK : NETPOL_ERR_LIMIT;
}

void np_ports_maker_free(struct np_ports_maker *m)
{
    np_vec_free(m->draft->ctx, &m->services);
    np_vec_free(m->draft->ctx, &m->sources);
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        np_vec_free(m->draft->ctx, &m->cuts[p]);
        np_vec_free(m->draft->ctx, &m->alone[p]);
    }
}

int np_ports_make(struct np_draft *draft, const struct np_side_plan *sides, struct np_ports *out)
{
    struct np_ports_maker m = {.draft = draft, .ports = out};
    *out = (struct np_ports){.ctx = draft->ctx};
    np_map_init(&out->known, draft->ctx);
    np_map_init(&out->names, draft->ctx);
    int status = make(&m, sides);
    np_ports_maker_free(&m);
    return status;
}
