/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port classes.
 *
 * Every bound of a span, and every port that a name or a member resolves to, cuts the port numbers
 * of its protocol; what lies between two cuts is one point. Packets without ports, and questions
 * that do not give them, are points of their own. Points that no service tells apart then fall into
 * one class. Ports of names stay apart: which of them a rule means depends on the pod.
 */
#include "compile/plan.h"
#include "base/defect.h"

#include <stdlib.h>

const uint8_t np_port_protocols[NP_PORT_PROTOCOLS] = {1, 6, 17, 33, 58, 132, 136};

typedef np_vec(uint32_t) cut_list;

struct maker {
    struct np_draft *draft;
    struct np_ports *ports;
    cut_list cuts[NP_PORT_PROTOCOLS];  /* where an interval begins */
    cut_list alone[NP_PORT_PROTOCOLS]; /* ports of names and members */
    cut_list sources;
    np_vec(const struct np_service *) services;
    struct np_map known; /* content of services */
    struct np_map names; /* names in use, by address of the string */
    bool failed, names_used, source_axes, auth, list;
    struct np_partition partition;
    uint32_t *stamps, stamp; /* by point: marked for the service at hand */
};

static void push(struct maker *m, cut_list *list, uint32_t value)
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
static void cut_pieces(struct maker *m, cut_list *list, uint32_t first, uint32_t last)
{
    while (first <= last) {
        uint32_t size = first ? first & (~first + 1) : 65536;
        while (first + size - 1 > last) {
            size /= 2;
        }
        push(m, list, first);
        first += size;
    }
}

static void cut_span(struct maker *m, cut_list *list, const struct np_port_span *span)
{
    if (span->ports && span->first <= span->last) {
        push(m, list, span->first);
        push(m, list, (uint32_t)span->last + !np_defect(LAST_PORT_OUT));
        if (m->auth) {
            cut_pieces(m, list, span->first, span->last);
        }
    }
}

static void take_service(struct maker *m, const struct np_service *service)
{
    bool added;
    struct np_slice content = {(const char *)service->spans,
                               service->count * sizeof *service->spans};
    if (!np_map_add(&m->known, content, &added)) {
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

static void cut_alone(struct maker *m, int16_t protocol, uint16_t port)
{
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (agrees(protocol, np_port_protocols[p])) {
            push(m, &m->cuts[p], port);
            push(m, &m->cuts[p], (uint32_t)port + 1);
            push(m, &m->alone[p], port);
        }
    }
}

/* Members by number are cut here; names wait until all that are used are known. */
static void take_members(struct maker *m, const struct np_portset *portset, bool source)
{
    for (uint32_t i = 0; i < portset->count; i++) {
        const struct np_port_member *member = &portset->members[i];
        bool added;
        m->names_used = true;
        if (member->name) {
            struct np_slice key = {(const char *)&member->name, sizeof member->name};
            uint64_t *value = np_map_add(&m->names, key, &added);
            m->failed = m->failed || !value;
            if (value) {
                *value |= source ? 2 : 1;
            }
        } else if (source) {
            push(m, &m->sources, member->port);
            push(m, &m->sources, (uint32_t)member->port + 1);
        } else {
            cut_alone(m, member->protocol, member->port);
        }
    }
}

static void take_match(void *user, const struct np_rule *rule, const struct np_match *match)
{
    struct maker *m = user;
    (void)rule;
    if (match->service) {
        take_service(m, match->service);
    }
    if (match->dst_ports) {
        take_members(m, match->dst_ports, false);
    }
    for (uint32_t i = 0; match->src_service && i < match->src_service->count; i++) {
        cut_span(m, &m->sources, &match->src_service->spans[i]);
    }
    if (match->src_ports) {
        take_members(m, match->src_ports, true);
    }
    m->source_axes = m->source_axes || match->src_service || match->src_ports;
    m->ports->by_family =
        m->ports->by_family || (match->families != NP_FAMILY_ANY && !np_defect(FAMILIES_ALIKE));
}

static void take_names(struct maker *m)
{
    const struct np_inventory *inventory = &m->draft->model->inventory;
    for (uint32_t e = 0; m->names.count && e < inventory->n_endpoints; e++) {
        const struct np_endpoint *endpoint = inventory->endpoints[e];
        for (uint32_t i = 0; i < endpoint->n_ports; i++) {
            const struct np_named_port *port = &endpoint->ports[i];
            struct np_slice key = {(const char *)&port->name, sizeof port->name};
            const uint64_t *use = np_map_find(&m->names, key);
            if (use && *use & 1) {
                cut_alone(m, port->protocol, port->port);
            }
            if (use && *use & 2) {
                push(m, &m->sources, port->port);
                push(m, &m->sources, (uint32_t)port->port + 1);
            }
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_unique(cut_list *list)
{
    size_t used = 0;
    if (list->count) {
        qsort(list->items, list->count, sizeof *list->items, compare);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->items[i] != list->items[i - 1]) {
            list->items[used++] = list->items[i];
        }
    }
    list->count = used;
}

static void add_point(struct maker *m, uint8_t family, enum np_port_kind kind, uint8_t protocol,
                      uint32_t port)
{
    m->ports->points[m->ports->n_points++] =
        (struct np_port_point){family, (uint8_t)kind, protocol, (uint16_t)port};
}

/* Points in a fixed order, so that np_ports_class finds them by arithmetic. */
static bool add_points(struct maker *m)
{
    static const uint8_t families[] = {4, 6, 0};
    struct np_ports *ports = m->ports;
    uint32_t of_family = 256 + NP_PORT_PROTOCOLS;
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        push(m, &m->cuts[p], 0);
        sort_unique(&m->cuts[p]);
        sort_unique(&m->alone[p]);
        of_family += (uint32_t)m->cuts[p].count;
        ports->starts[p] = m->cuts[p].items;
        ports->n_starts[p] = (uint32_t)m->cuts[p].count;
    }
    ports->n_families = ports->by_family ? 3 : 1;
    ports->capacity = of_family * ports->n_families;
    ports->points = np_alloc(ports->ctx, ports->capacity * sizeof *ports->points);
    if (m->failed || !ports->points) {
        return false;
    }
    for (uint32_t f = 0; f < ports->n_families; f++) {
        for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
            for (size_t i = 0; i < m->cuts[p].count; i++) {
                add_point(m, families[f], NP_PORT_KNOWN, np_port_protocols[p], m->cuts[p].items[i]);
            }
        }
        for (uint32_t p = 0; p < 256; p++) {
            add_point(m, families[f], NP_PORT_NONE, (uint8_t)p, 0);
        }
        for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
            add_point(m, families[f], NP_PORT_UNKNOWN, np_port_protocols[p], 0);
        }
    }
    return true;
}

/* ---- refinement ---- */

static void refine_by_service(struct maker *m, const struct np_service *service)
{
    struct np_service plain = *service; /* a complement divides alike */
    plain.complement = false;
    for (uint32_t i = 0; i < m->ports->n_points; i++) {
        const struct np_port_point *point = &m->ports->points[i];
        np_truth truth = np_reference_service(&plain, point->kind, point->protocol, point->port);
        if (truth != NP_NO) {
            np_partition_mark(&m->partition, i, truth);
        }
    }
    np_partition_split(&m->partition);
}

static bool is_alone(const struct maker *m, const struct np_port_point *point)
{
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (np_port_protocols[p] == point->protocol) {
            uint32_t port = point->port;
            return m->alone[p].count &&
                   bsearch(&port, m->alone[p].items, m->alone[p].count, sizeof port, compare);
        }
    }
    return false;
}

/* What does not come from services: families, names, source ports. */
static void refine_by_kind(struct maker *m)
{
    for (uint32_t i = 0; i < m->ports->n_points; i++) {
        const struct np_port_point *point = &m->ports->points[i];
        uint32_t mark = m->ports->by_family ? point->family : 0;
        mark |= m->list && point->kind == NP_PORT_UNKNOWN ? 1u << 30 : 0;
        if (m->names_used || m->source_axes) {
            mark |=
                (uint32_t)point->kind << 4 |
                (point->kind == NP_PORT_NONE && !m->source_axes ? 0u : (uint32_t)point->protocol)
                    << 8;
        }
        np_partition_mark(&m->partition, i, mark);
    }
    np_partition_split(&m->partition);
    for (uint32_t i = 0; i < m->ports->n_points; i++) {
        if (m->ports->points[i].kind == NP_PORT_KNOWN && is_alone(m, &m->ports->points[i])) {
            np_partition_mark(&m->partition, i, 1u << 16 | m->ports->points[i].port);
        }
    }
    np_partition_split(&m->partition);
}

static bool number_classes(struct maker *m)
{
    struct np_ports *ports = m->ports;
    uint32_t n = ports->n_points;
    ports->classes = np_alloc(ports->ctx, ports->capacity * sizeof *ports->classes);
    ports->first_point = np_alloc(ports->ctx, ports->capacity * sizeof *ports->first_point);
    uint32_t *number = np_alloc(ports->ctx, n * sizeof *number);
    if (!ports->classes || !ports->first_point || !number) {
        np_free(ports->ctx, number, n * sizeof *number);
        return false;
    }
    memset(number, 0xff, n * sizeof *number);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t part = m->auth ? i : m->partition.part[i];
        if (number[part] == UINT32_MAX) {
            ports->first_point[ports->n_classes] = i;
            number[part] = ports->n_classes++;
        }
        ports->classes[i] = number[part];
    }
    np_free(ports->ctx, number, n * sizeof *number);
    return true;
}

static bool take_sources(struct maker *m)
{
    struct np_ports *ports = m->ports;
    push(m, &m->sources, 0);
    push(m, &m->sources, 1);
    sort_unique(&m->sources);
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

static int make(struct maker *m, const struct np_side_plan *sides)
{
    for (int s = 0; s < NP_SIDES; s++) {
        m->auth = m->auth || sides[s].auth;
        m->list = m->list || sides[s].list;
    }
    for (int s = 0; s < NP_SIDES; s++) {
        np_side_each(&sides[s], take_match, m);
    }
    take_names(m);
    if (m->failed || !take_sources(m) || !add_points(m) ||
        !np_partition_init(m->ports->ctx, &m->partition, m->ports->n_points)) {
        return NETPOL_ERR_MEMORY;
    }
    refine_by_kind(m);
    for (size_t i = 0; i < m->services.count; i++) {
        refine_by_service(m, m->services.items[i]);
    }
    bool numbered = number_classes(m);
    np_partition_free(&m->partition);
    if (!numbered) {
        return NETPOL_ERR_MEMORY;
    }
    return m->ports->n_classes < NP_PORT_DIRECT ? NETPOL_OK : NETPOL_ERR_LIMIT;
}

int np_ports_make(struct np_draft *draft, const struct np_side_plan *sides, struct np_ports *out)
{
    struct maker m = {.draft = draft, .ports = out};
    *out = (struct np_ports){.ctx = draft->ctx};
    np_map_init(&m.known, draft->ctx);
    np_map_init(&m.names, draft->ctx);
    int status = make(&m, sides);
    np_map_free(&m.known);
    np_map_free(&m.names);
    np_vec_free(draft->ctx, &m.services);
    np_vec_free(draft->ctx, &m.sources);
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        uint32_t *starts = np_arena_array(&draft->arena, m.cuts[p].count, sizeof *starts);
        if (!starts) {
            status = NETPOL_ERR_MEMORY;
        } else if (m.cuts[p].count) {
            memcpy(starts, m.cuts[p].items, m.cuts[p].count * sizeof *starts);
        }
        out->starts[p] = starts;
        np_vec_free(draft->ctx, &m.cuts[p]);
        np_vec_free(draft->ctx, &m.alone[p]);
    }
    return status;
}

void np_ports_free(struct np_ports *ports)
{
    if (ports->ctx) {
        np_free(ports->ctx, ports->points, ports->capacity * sizeof *ports->points);
        np_free(ports->ctx, ports->classes, ports->capacity * sizeof *ports->classes);
        np_free(ports->ctx, ports->first_point, ports->capacity * sizeof *ports->first_point);
        np_free(ports->ctx, ports->sources, ports->n_sources * sizeof *ports->sources);
    }
    *ports = (struct np_ports){0};
}

uint32_t np_ports_class(const struct np_ports *ports, const struct np_port_point *point)
{
    uint32_t family = ports->n_families == 1 ? 0
                      : point->family == 4   ? 0
                      : point->family == 6   ? 1
                                             : 2;
    uint32_t base = family * (ports->n_points / ports->n_families);
    uint32_t index = 0;
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (point->kind == NP_PORT_KNOWN && np_port_protocols[p] == point->protocol) {
            uint32_t low = 0, high = ports->n_starts[p];
            while (high - low > 1) {
                uint32_t middle = low + (high - low) / 2;
                low = ports->starts[p][middle] <= point->port ? middle : low;
                high = ports->starts[p][middle] <= point->port ? high : middle;
            }
            return ports->classes[base + index + low];
        }
        index += ports->n_starts[p];
    }
    if (point->kind != NP_PORT_UNKNOWN) { /* NONE; a protocol without ports has none */
        return ports->classes[base + index + point->protocol];
    }
    for (uint32_t p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (np_port_protocols[p] == point->protocol) {
            return ports->classes[base + index + 256 + p];
        }
    }
    return ports->classes[base + index + point->protocol];
}
