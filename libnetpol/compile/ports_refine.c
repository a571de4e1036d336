/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port classes when policies come: a new span cuts intervals that were one, and divides classes.
 * What a span divides not (names, source ports, families) is taken up by the next making.
 */
#include "compile/ports_internal.h"

/* What must be the same afterwards. */
struct outline {
    bool by_family, names_used, source_axes, auth;
    uint64_t names, uses;
    size_t n_sources, alone;
};

static struct outline outline_of(struct np_ports_maker *m)
{
    const struct np_ports *ports = m->ports;
    struct outline o = {.by_family = ports->by_family,
                        .names_used = ports->names_used,
                        .source_axes = ports->source_axes,
                        .auth = ports->auth,
                        .names = ports->names.count};
    size_t cursor = 0;
    struct np_slice key;
    uint64_t use;
    while (np_map_next(&ports->names, &cursor, &key, &use)) {
        o.uses += use;
    }
    np_cuts_sort(&m->sources);
    o.n_sources = m->sources.count;
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        o.alone += m->alone[p].count;
    }
    return o;
}

static bool same_outline(const struct outline *a, const struct outline *b)
{
    return a->by_family == b->by_family && a->names_used == b->names_used &&
           a->source_axes == b->source_axes && a->auth == b->auth && a->names == b->names &&
           a->uses == b->uses && a->n_sources == b->n_sources && a->alone == b->alone;
}

static void begin(struct np_ports_maker *m)
{
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        for (uint32_t i = 0; i < m->ports->n_starts[p]; i++) {
            np_ports_push(m, &m->cuts[p], m->ports->starts[p][i]);
        }
    }
    for (uint32_t i = 0; i < m->ports->n_sources; i++) {
        np_ports_push(m, &m->sources, m->ports->sources[i]);
    }
}

/* The points of all cuts, in their old classes; then what is new divides these. */
static bool refine(struct np_ports_maker *m, const struct np_ports *before)
{
    struct np_ports *ports = m->ports;
    ports->points = NULL;
    ports->classes = ports->first_point = NULL;
    ports->n_points = ports->capacity = ports->n_classes = 0;
    if (!np_ports_points(m) || !np_partition_init(ports->ctx, &m->partition, ports->n_points)) {
        return false;
    }
    for (uint32_t i = 0; i < ports->n_points; i++) {
        np_partition_mark(&m->partition, i, np_ports_class(before, &ports->points[i]) + 1);
    }
    np_partition_split(&m->partition);
    for (size_t i = 0; i < m->services.count; i++) {
        np_ports_by_service(m, m->services.items[i]);
    }
    bool numbered = np_ports_number(m);
    np_partition_free(&m->partition);
    return numbered;
}

static const uint32_t *list_parents(const struct np_ports *ports, const struct np_ports *before,
                                    struct np_arena *arena)
{
    uint32_t *parents = np_arena_array(arena, ports->n_classes, sizeof *parents);
    for (uint32_t c = 0; parents && c < ports->n_classes; c++) {
        parents[c] = np_ports_class(before, &ports->points[ports->first_point[c]]);
    }
    return parents;
}

int np_ports_refine(struct np_draft *draft, const struct np_side_plan *fresh,
                    struct np_ports *ports, struct np_arena *arena, const uint32_t **parents,
                    bool *outgrown)
{
    struct np_ports before = *ports;
    struct np_ports_maker m = {.draft = draft, .ports = ports};
    *parents = NULL;
    begin(&m);
    struct outline old = outline_of(&m);
    np_ports_collect(&m, fresh);
    struct outline new = outline_of(&m);
    *outgrown = !same_outline(&old, &new) || (ports->auth && m.services.count);
    bool fine = !m.failed;
    if (fine && !*outgrown && m.services.count) {
        fine = refine(&m, &before);
        *parents = fine ? list_parents(ports, &before, arena) : NULL;
        fine = fine && *parents;
        np_free(before.ctx, before.points, before.capacity * sizeof *before.points);
        np_free(before.ctx, before.classes, before.capacity * sizeof *before.classes);
        np_free(before.ctx, before.first_point, before.capacity * sizeof *before.first_point);
        *outgrown = ports->n_classes > UINT16_MAX;
    }
    np_ports_maker_free(&m);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
