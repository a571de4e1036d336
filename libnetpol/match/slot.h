/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_SLOT_H
#define NP_MATCH_SLOT_H
/*
 * Publication by epochs.
 *
 * Simplest would be a lock around "take the view, count it up": correct, but every reader writes
 * the same line. A bare pointer would be fast, but nobody would know when the old view may go.
 *
 * So: the slot has an epoch, a number that grows with every publication. A reader that enters
 * writes the epoch it saw into its own cache line, then takes the view; it writes 0 when it leaves.
 * A publisher swaps the view, then raises the epoch to E, and keeps the old view with the stamp E.
 * A reader whose line says E or more loaded the epoch after the swap, hence took the new view. So
 * the old view may go as soon as every reader is outside or at E or later. A reader that has
 * written nothing visible yet takes its view after the publisher's swap (fence.h orders the two
 * pairs of store and load), so it has the new one. Readers wait for nobody; one that stays inside
 * for long only keeps memory from being freed.
 *
 * Replaced endpoints tables (table.h) go by the same epochs, as a view inside leads to them.
 *
 * Occasional callers borrow: the view counts them under a lock, and they keep back what was retired
 * after the first of those still out came.
 *
 * Locks, in the order in which they are taken: `publishing` (publish, reclaim, destroy), that of an
 * endpoints, `lists` (readers, borrows; never held while anything else is called).
 */
#include "match/fence.h"
#include "match/table.h"

#define NP_SLOT_LINE 64

struct netpol_reader {
    atomic_uint_least64_t inside; /* the epoch it entered in; 0: outside */
    uint32_t depth;
    const struct netpol_view *view; /* of the outermost enter */
    struct netpol_slot *slot;
    struct netpol_reader *next, **link; /* in the slot's list */
};
_Static_assert(sizeof(struct netpol_reader) <= NP_SLOT_LINE, "a reader is one cache line");

/* A view that was put in force. */
struct np_published {
    struct netpol_view *view;
    struct np_published *next;
    uint64_t retired; /* epoch from which nobody takes it; 0: in force */
    uint64_t borrowed_in;
    size_t borrows;
};

struct netpol_slot {
    /* what entering reads */
    _Atomic(struct netpol_view *) view;
    atomic_uint_least64_t epoch; /* from 1 */
    struct np_fence fence;
    /* the rest */
    _Alignas(NP_SLOT_LINE) struct netpol_ctx *ctx;
    atomic_uint refs; /* the handle, and one for each reader */
    pthread_mutex_t publishing, lists;
    struct netpol_reader *readers;
    struct np_published *published; /* the one in force first, then older and older ones */
};

/* After something was replaced: the epoch from which readers cannot see the old one. */
uint64_t np_slot_retire(struct netpol_slot *slot);
/* What was retired at this epoch or before may go. */
uint64_t np_slot_oldest(struct netpol_slot *slot);

int np_slot_create(struct netpol_ctx *ctx, struct netpol_slot **out);
int np_slot_destroy(struct netpol_slot *slot);
int np_slot_publish(struct netpol_slot *slot, struct netpol_view *view, int own_endpoints);
size_t np_slot_reclaim(struct netpol_slot *slot);
const struct netpol_view *np_slot_borrow(struct netpol_slot *slot);
void np_slot_return(struct netpol_slot *slot, const struct netpol_view *view);
void np_slot_after_fork(struct netpol_slot *slot);
void np_slot_unref(struct netpol_slot *slot);
int np_reader_create(struct netpol_slot *slot, struct netpol_reader **out);
void np_reader_destroy(struct netpol_reader *reader);

/* table_room.c. A view of the endpoints comes into the slot. false: they are in another one. */
bool np_endpoints_attach(struct netpol_endpoints *endpoints, struct netpol_slot *slot, bool own);
/* One is gone from it. true: it was the last, and the endpoints go with it. */
bool np_endpoints_detach(struct netpol_endpoints *endpoints);
/* Frees the tables that no reader sees any more. */
void np_endpoints_collect(struct netpol_endpoints *endpoints);
#endif
