/* SPDX-License-Identifier: Apache-2.0 */
/* From cuts to points, from points to classes; and the class of a point. */
#include "compile/ports_internal.h"
#include "base/defect.h"

#include <stdlib.h>

const uint8_t np_port_protocols[NP_PORT_PROTOCOLS] = {1, 6, 17, 33, 58, 132, 136};

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void np_cuts_sort(np_cut_list *list)
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

static void add_point(struct np_ports_maker *m, uint8_t family, enum np_port_kind kind,
                      uint8_t protocol, uint32_t port)
{
    m->ports->points[m->ports->n_points++] =
        (struct np_port_point){family, (uint8_t)kind, protocol, (uint16_t)port};
}

/* Points in a fixed order, so that np_ports_class finds them by arithmetic. */
bool np_ports_points(struct np_ports_maker *m)
{
    static const uint8_t families[] = {4, 6, 0};
    struct np_ports *ports = m->ports;
    uint32_t of_family = 256 + NP_PORT_PROTOCOLS;
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        np_ports_push(m, &m->cuts[p], 0);
        np_cuts_sort(&m->cuts[p]);
        np_cuts_sort(&m->alone[p]);
        of_family += (uint32_t)m->cuts[p].count;
        ports->starts[p] =
            np_arena_array(&m->draft->arena, m->cuts[p].count, sizeof *ports->starts[p]);
        m->failed = m->failed || !ports->starts[p];
        for (size_t i = 0; ports->starts[p] && i < m->cuts[p].count; i++) {
            ports->starts[p][i] = m->cuts[p].items[i];
        }
        ports->n_starts[p] = (uint32_t)m->cuts[p].count;
    }
    ports->n_families = ports->by_family ? 3 : 1;
    ports->capacity = of_family * ports->n_families;
    ports->points = np_alloc(ports->ctx, ports->capacity * sizeof *ports->points);
    m->stamp = np_arena_array(&m->draft->arena, ports->capacity, sizeof *m->stamp);
    if (m->failed || !ports->points || !m->stamp) {
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

struct marker {
    struct np_ports_maker *m;
    struct np_service plain; /* a complement divides alike */
};

static void mark_point(void *user, uint32_t i)
{
    struct marker *marker = user;
    struct np_ports_maker *m = marker->m;
    const struct np_port_point *point = &m->ports->points[i];
    if (m->stamp[i] == m->stamps) { /* spans may overlap */
        return;
    }
    m->stamp[i] = m->stamps;
    np_truth truth =
        np_reference_service(&marker->plain, point->kind, point->protocol, point->port);
    if (truth != NP_NO) {
        np_partition_mark(&m->partition, i, truth);
    }
}

void np_ports_by_service(struct np_ports_maker *m, const struct np_service *service)
{
    struct marker marker = {m, *service};
    marker.plain.complement = false;
    m->stamps++;
    np_ports_reach(m->ports, &marker.plain, mark_point, &marker);
    np_partition_split(&m->partition);
}

static bool is_alone(const struct np_ports_maker *m, const struct np_port_point *point)
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
void np_ports_by_kind(struct np_ports_maker *m)
{
    for (uint32_t i = 0; i < m->ports->n_points; i++) {
        const struct np_port_point *point = &m->ports->points[i];
        uint32_t mark = m->ports->by_family ? point->family : 0;
        mark |= m->ports->list && point->kind == NP_PORT_UNKNOWN ? 1u << 30 : 0;
        if (m->ports->names_used || m->ports->source_axes) {
            mark |=
                (uint32_t)point->kind << 4 |
                (point->kind == NP_PORT_NONE && !m->ports->source_axes ? 0u
                                                                       : (uint32_t)point->protocol)
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

bool np_ports_number(struct np_ports_maker *m)
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
    for (int known = 0; known < 2; known++) { /* what must be below NP_PORT_DIRECT comes first */
        for (uint32_t i = 0; i < n; i++) {
            uint32_t part = m->ports->auth ? i : m->partition.part[i];
            if ((ports->points[i].kind == NP_PORT_KNOWN) != (known == 1)) {
                continue;
            }
            if (number[part] == UINT32_MAX) {
                ports->first_point[ports->n_classes] = i;
                number[part] = ports->n_classes++;
            }
            ports->classes[i] = number[part];
        }
    }
    np_free(ports->ctx, number, n * sizeof *number);
    return true;
}

void np_ports_free(struct np_ports *ports)
{
    if (ports->ctx) {
        np_free(ports->ctx, ports->points, ports->capacity * sizeof *ports->points);
        np_free(ports->ctx, ports->classes, ports->capacity * sizeof *ports->classes);
        np_free(ports->ctx, ports->first_point, ports->capacity * sizeof *ports->first_point);
        np_free(ports->ctx, ports->sources, ports->n_sources * sizeof *ports->sources);
        np_map_free(&ports->known);
        np_map_free(&ports->names);
    }
    *ports = (struct np_ports){0};
}

uint32_t np_ports_end(const struct np_ports *ports, const struct np_port_point *point)
{
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        for (uint32_t i = 0; np_port_protocols[p] == point->protocol && i < ports->n_starts[p];
             i++) {
            if (ports->starts[p][i] > point->port) {
                return ports->starts[p][i];
            }
        }
    }
    return UINT16_MAX + 1u;
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
