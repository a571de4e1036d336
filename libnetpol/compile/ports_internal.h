/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_PORTS_INTERNAL_H
#define NP_COMPILE_PORTS_INTERNAL_H
/* What the files that find port classes share: cuts and services, as they are collected. */
#include "compile/plan.h"

typedef np_vec(uint32_t) np_cut_list;

struct np_ports_maker {
    struct np_draft *draft;
    struct np_ports *ports;
    np_cut_list cuts[NP_PORT_PROTOCOLS];  /* where an interval begins */
    np_cut_list alone[NP_PORT_PROTOCOLS]; /* ports of names and members */
    np_cut_list sources;
    np_vec(const struct np_service *) services; /* of new content */
    bool failed;
    struct np_partition partition;
    uint32_t *stamp, stamps; /* by point: the service that marked it last */
};
/* ports.c */
void np_ports_push(struct np_ports_maker *m, np_cut_list *list, uint32_t value);
void np_ports_collect(struct np_ports_maker *m, const struct np_side_plan *sides);
void np_ports_maker_free(struct np_ports_maker *m);
/* ports_points.c */
void np_cuts_sort(np_cut_list *list); /* and each once */
/* Points of all cuts; of what the maker found. false: no memory. */
bool np_ports_points(struct np_ports_maker *m);
void np_ports_by_kind(struct np_ports_maker *m);
void np_ports_by_service(struct np_ports_maker *m, const struct np_service *service);
/* ports_reach.c: visits every point that a service may hold for, some more than once. */
void np_ports_reach(const struct np_ports *ports, const struct np_service *service,
                    void (*visit)(void *user, uint32_t point), void *user);
/* Parts become classes. false: no memory. */
bool np_ports_number(struct np_ports_maker *m);
#endif
