/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a service to the points it can hold for: those of the intervals that its spans name, and
 * those without a known port. Only these are asked of the reference; there may be tens of thousands
 * of both. What a service says of the classes is remembered by its content.
 */
#include "compile/ports_internal.h"

/* ---- points ---- */

struct reach {
    const struct np_ports *ports;
    void (*visit)(void *user, uint32_t point);
    void *user;
};

static void visit_all(const struct reach *r, uint32_t begin, uint32_t count)
{
    for (uint32_t i = begin; i < begin + count; i++) {
        r->visit(r->user, i);
    }
}

/* Intervals begin where spans do, so that each is in a span or not. */
static void visit_span(const struct reach *r, uint32_t family, int p,
                       const struct np_port_span *span)
{
    const uint32_t *starts = r->ports->starts[p];
    uint32_t low = 0, high = r->ports->n_starts[p];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        low = starts[middle] < span->first ? middle + 1 : low;
        high = starts[middle] < span->first ? high : middle;
    }
    uint32_t end = low;
    while (end < r->ports->n_starts[p] && starts[end] <= span->last) {
        end++;
    }
    uint32_t begin = family;
    for (int before = 0; before < p; before++) {
        begin += r->ports->n_starts[before];
    }
    visit_all(r, begin + low, end - low);
}

/* The points of one family, in the order of np_ports_points. */
static void visit_family(const struct reach *r, uint32_t family, const struct np_port_span *span)
{
    uint32_t rest = family;
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        bool agrees = span->protocol < 0 || span->protocol == np_port_protocols[p];
        rest += r->ports->n_starts[p];
        if (agrees && span->ports) {
            visit_span(r, family, p, span);
        }
    }
    if (span->no_port && span->protocol < 0) {
        visit_all(r, rest, 256);
    } else if (span->no_port) {
        visit_all(r, rest + (uint8_t)span->protocol, 1);
    }
    for (int p = 0; p < NP_PORT_PROTOCOLS; p++) {
        if (span->ports && (span->protocol < 0 || span->protocol == np_port_protocols[p])) {
            visit_all(r, rest + 256 + (uint32_t)p, 1);
        }
    }
}

void np_ports_reach(const struct np_ports *ports, const struct np_service *service,
                    void (*visit)(void *user, uint32_t point), void *user)
{
    struct reach r = {ports, visit, user};
    uint32_t of_family = ports->n_points / ports->n_families;
    if (service->complement) {
        visit_all(&r, 0, ports->n_points);
        return;
    }
    for (uint32_t i = 0; i < service->count; i++) {
        for (uint32_t f = 0; f < ports->n_families; f++) {
            visit_family(&r, f * of_family, &service->spans[i]);
        }
    }
}

/* ---- classes ---- */

bool np_port_lists_init(struct np_port_lists *lists, const struct np_ports *ports)
{
    *lists = (struct np_port_lists){.ports = ports};
    np_map_init(&lists->known, ports->ctx);
    np_arena_init(&lists->arena, ports->ctx, 65536);
    lists->stamp = np_zalloc(ports->ctx, (ports->n_classes + 1) * sizeof *lists->stamp);
    return lists->stamp != NULL;
}

void np_port_lists_free(struct np_port_lists *lists)
{
    if (lists->ports) {
        np_free(lists->ports->ctx, lists->stamp,
                (lists->ports->n_classes + 1) * sizeof *lists->stamp);
        np_vec_free(lists->ports->ctx, &lists->found);
        np_vec_free(lists->ports->ctx, &lists->lists);
        np_map_free(&lists->known);
        np_arena_free(&lists->arena);
    }
    *lists = (struct np_port_lists){0};
}

struct collector {
    struct np_port_lists *lists;
    const struct np_service *service;
};

static void collect(void *user, uint32_t point)
{
    struct collector *c = user;
    struct np_port_lists *lists = c->lists;
    uint32_t class = lists->ports->classes[point];
    if (lists->stamp[class] == lists->stamps) {
        return;
    }
    lists->stamp[class] = lists->stamps;
    const struct np_port_point *p = &lists->ports->points[lists->ports->first_point[class]];
    np_truth truth = np_reference_service(c->service, p->kind, p->protocol, p->port);
    struct np_port_truth *place =
        truth != NP_NO ? np_vec_push(lists->ports->ctx, &lists->found) : NULL;
    if (place) {
        *place = (struct np_port_truth){class, truth};
    }
    lists->failed |= truth != NP_NO && !place;
}

static bool make_list(struct np_port_lists *lists, const struct np_service *service,
                      struct np_port_list *out)
{
    struct collector c = {lists, service};
    lists->found.count = 0;
    lists->stamps++;
    np_ports_reach(lists->ports, service, collect, &c);
    out->count = (uint32_t)lists->found.count;
    struct np_port_truth *items = np_arena_array(&lists->arena, out->count, sizeof *items);
    if (items && out->count) {
        memcpy(items, lists->found.items, out->count * sizeof *items);
    }
    out->items = items;
    return items && !lists->failed;
}

uint32_t np_port_lists_number(struct np_port_lists *lists, const struct np_service *service)
{
    struct np_port_span key[16];
    struct np_port_list list;
    bool added;
    size_t room = sizeof key / sizeof *key;
    struct np_port_span *content = key;
    size_t bytes = (service->count + 1) * sizeof *key;
    if (service->count + 1 > room && !(content = np_alloc(lists->ports->ctx, bytes))) {
        return UINT32_MAX;
    }
    memset(content, 0, sizeof *content);
    content->ports = service->complement;
    if (service->count) {
        memcpy(content + 1, service->spans, service->count * sizeof *content);
    }
    uint64_t *at =
        np_map_add(&lists->known, (struct np_slice){(const char *)content, bytes}, &added);
    if (content != key) {
        np_free(lists->ports->ctx, content, bytes);
    }
    if (!at || !added) {
        return at ? (uint32_t)*at : UINT32_MAX;
    }
    *at = lists->lists.count;
    struct np_port_list *place =
        make_list(lists, service, &list) ? np_vec_push(lists->ports->ctx, &lists->lists) : NULL;
    if (!place) {
        lists->failed = true;
        return UINT32_MAX;
    }
    *place = list;
    place->user = 0;
    return (uint32_t)*at;
}
