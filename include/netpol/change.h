/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_CHANGE_H
#define NETPOL_CHANGE_H
/*
 * What changes while evaluations run: endpoints, and which matcher is in force.
 *
 * ENDPOINTS are the part of a compiled policy that changes per pod: address or reference -> record.
 * Writers are serialised by a lock that readers do not know; readers never wait and never see half
 * a change of an address: one that is there before and after a write is never missed, its re-use by
 * another pod is one atomic replacement. An endpoint of a kind and place that the compile knows is
 * visible at once; any other is NEEDS_COMPILE, and UNKNOWN (never the outside world) until the next
 * compile.
 *
 * A SLOT publishes views. A READER (one per worker, not tied to a thread) enters, gets the view in
 * force, evaluates as often as it likes, and leaves: two stores to its own cache line, wait-free.
 * Publishing never waits; a retired view is freed by a later publish or reclaim, when no reader is
 * inside that entered before it was retired.
 *
 * match/slot.h explains the scheme (epochs), match/table.h the table, docs/change.md the use of it.
 */
#include <netpol/eval.h>
#include <netpol/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- endpoints ---- */

/*
 * The endpoints of a matcher's compile, from now on changeable. Holds a reference on the matcher.
 * *out owned by the caller. OK, ERR_ARGUMENT, ERR_MEMORY. Linear in the endpoints.
 */
NETPOL_API int netpol_endpoints_create(struct netpol_matcher *matcher,
                                       struct netpol_endpoints **out);
/* No evaluation may run on it, and no view may be bound to it. NULL is ignored. */
NETPOL_API void netpol_endpoints_destroy(struct netpol_endpoints *endpoints);

/*
 * What policies see of an endpoint apart from its addresses, as a number of this matcher: labels
 * are projected onto those that some selector mentions, so unique ones cost nothing. Addresses and
 * name of the spec are not looked at (unless policies select by name). 0 in *kind: not seen by the
 * compile. OK, NEEDS_COMPILE, ERR_ARGUMENT, ERR_MEMORY (hundreds of labels that count).
 * Thread-safe.
 */
NETPOL_API int netpol_endpoints_kind(const struct netpol_endpoints *endpoints,
                                     const struct netpol_endpoint_spec *spec, uint32_t *kind);
/* The number of a node by name, 0: not known to the compile. */
NETPOL_API uint32_t netpol_endpoints_node(const struct netpol_endpoints *endpoints,
                                          const char *name);

/* One address of an endpoint, its kind known: a write of well under a microsecond. */
struct netpol_endpoint_entry {
    size_t size;         /* sizeof(struct netpol_endpoint_entry) */
    uint64_t ref;        /* of the store; never re-used; below 1 << 63 */
    uint32_t kind, node; /* see above; node 0: not known */
    uint8_t family;      /* 4, 6; 0: the endpoint has no address */
    uint8_t address[16]; /* as in netpol_tuple */
};
/*
 * Adds an address to an endpoint, or gives it from whoever had it (an address of several owners, of
 * which it is one, stays theirs). kind and node hold for all its addresses. OK, NEEDS_COMPILE
 * (visible as UNKNOWN until then), ERR_ARGUMENT, ERR_MEMORY (nothing changed). O(1), amortised: now
 * and then a larger table is made, some milliseconds for 100,000 endpoints.
 */
NETPOL_API int netpol_endpoints_set(struct netpol_endpoints *endpoints,
                                    const struct netpol_endpoint_entry *entry);
/* From labels: kind, node and every address at once; addresses it no longer has are removed.
 * OK, NEEDS_COMPILE, ERR_ARGUMENT, ERR_INPUT (an address that is none), ERR_MEMORY. */
NETPOL_API int netpol_endpoints_put(struct netpol_endpoints *endpoints, uint64_t ref,
                                    const struct netpol_endpoint_spec *spec);
/* Forgets an endpoint and its addresses; an address two owners share stays the other's.
 * OK, ERR_ARGUMENT, ERR_NOT_FOUND, ERR_MEMORY. */
NETPOL_API int netpol_endpoints_remove(struct netpol_endpoints *endpoints, uint64_t ref);

/*
 * The endpoints for a newer matcher of the same store: those of its compile, then every change that
 * was made to `from` since that compile took its snapshot, in order (the journal). from stays as it
 * is. netpol_compile_options.endpoints tells the compile to mark the place in the journal; the four
 * last marks are remembered. An endpoint of which only a kind number is known (set) is UNKNOWN
 * until the next compile when the two matchers do not look at the same labels.
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_STATE (the matcher did not mark from); where names are live
 * (names.h) also ERR_UNSUPPORTED (the matcher has no model, so it cannot take them) and ERR_LIMIT.
 */
NETPOL_API int netpol_endpoints_advance(struct netpol_endpoints *from,
                                        struct netpol_matcher *matcher,
                                        struct netpol_endpoints **out);

struct netpol_endpoints_stats {
    size_t size; /* sizeof(struct netpol_endpoints_stats) */
    uint64_t endpoints, addresses, bytes;
    uint64_t writes, rebuilds, uncompiled; /* uncompiled: waiting for the next compile */
    uint64_t journal;                      /* changes that the next compile has not seen */
};
NETPOL_API int netpol_endpoints_stats(const struct netpol_endpoints *endpoints,
                                      struct netpol_endpoints_stats *out);
/* The caller says that no evaluation is running: memory of replaced tables is freed. For endpoints
 * with views that are not in a slot (a slot does this by itself; without views nothing is kept). */
NETPOL_API void netpol_endpoints_quiesce(struct netpol_endpoints *endpoints);

/* ---- publication ---- */

struct netpol_slot;
struct netpol_reader;

/* An empty slot. OK, ERR_ARGUMENT, ERR_MEMORY. */
NETPOL_API int netpol_slot_create(struct netpol_ctx *ctx, struct netpol_slot **out);
/*
 * Frees the slot and every view in it. Readers that still exist are cut off: entering gives NULL
 * from now on, destroying them stays allowed (the last one frees what they share). No reader may be
 * inside: then ERR_STATE and nothing was done. NULL is ignored. OK, ERR_STATE.
 */
NETPOL_API int netpol_slot_destroy(struct netpol_slot *slot);
/*
 * Puts a view in force and takes it over (with its endpoints, if they are to die with it:
 * own_endpoints 1). Never waits for readers. One publisher at a time (the slot locks). Frees
 * retired views that nobody can see any more. OK, ERR_MEMORY, ERR_ARGUMENT (also: the view is in
 * the slot already; other views of its endpoints are in another slot).
 */
NETPOL_API int netpol_slot_publish(struct netpol_slot *slot, struct netpol_view *view,
                                   int own_endpoints);
/* Frees what can be freed; returns how many retired views are left. Any thread. */
NETPOL_API size_t netpol_slot_reclaim(struct netpol_slot *slot);

/* OK, ERR_ARGUMENT, ERR_MEMORY. */
NETPOL_API int netpol_reader_create(struct netpol_slot *slot, struct netpol_reader **out);
/* Inside: it leaves first. NULL is ignored. */
NETPOL_API void netpol_reader_destroy(struct netpol_reader *reader);
/*
 * The view in force, valid until leave; NULL: nothing was published, or the slot is gone. Nested
 * enters count; the view stays that of the outermost. Wait-free. One thread at a time per reader.
 */
NETPOL_API const struct netpol_view *netpol_reader_enter(struct netpol_reader *reader);
NETPOL_API void netpol_reader_leave(struct netpol_reader *reader);
/* For occasional callers without a reader: counted under a lock. NULL: nothing published. While
 * something is borrowed, nothing is freed that was replaced since the first such borrow. */
NETPOL_API const struct netpol_view *netpol_slot_borrow(struct netpol_slot *slot);
NETPOL_API void netpol_slot_return(struct netpol_slot *slot, const struct netpol_view *view);
/*
 * After fork, in the child, before anything else: the readers of other threads are gone with them;
 * this one declares every reader outside and everything borrowed returned. At the moment of the
 * fork other threads may be reading; none may be inside a call that changes endpoints or the slot,
 * or that makes or destroys readers. OK, ERR_ARGUMENT.
 */
NETPOL_API int netpol_slot_after_fork(struct netpol_slot *slot);

#ifdef __cplusplus
}
#endif
#endif
