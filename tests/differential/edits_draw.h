/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EDITS_DRAW_H
#define EDITS_DRAW_H
/*
 * Random edits of a store through the public API: NetworkPolicies, admin policies of all kinds,
 * objects that an API server admitted and nobody can read, now and then the cluster itself. The
 * pools are small, so that edits meet: few names, labels, ranges, ports and priorities, and among
 * each of them one that hardly any policy asks for.
 */
#include "differential/generator.h"
#include <netpol/netpol.h>

/* Pods, nodes and namespaces, one of which is known from its pods only. OK or why not. */
int edits_cluster(struct netpol_store *store);
/* What a draw did, for a person who has to read a failure; "" and text are written. */
struct edit {
    char what[64];
    char text[8192];
};
/*
 * One change. rare: percent of changes of what is no policy. `fresh` is a number that goes into the
 * name of some policies, so that names never come again. OK, or what the store says.
 */
int edits_draw(struct netpol_store *store, struct gen_random *r, unsigned rare, unsigned fresh,
               struct edit *out);
/* A connection of the cluster's pods, nodes and the outside. */
void edits_tuple(struct gen_random *r, struct netpol_tuple *out);
#endif
