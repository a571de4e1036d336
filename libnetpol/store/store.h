/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_STORE_STORE_H
#define NP_STORE_STORE_H
/*
 * store: the resources as loaded.
 *
 * Objects are immutable and reference-counted; the store is a map from key to object. A key is
 * (group, kind, namespace, name): the same object in two API versions is one object. A transaction
 * is a second map on the side. Loading only ever writes to that side; commit first makes room in
 * the main map (the only step that can run out of memory, and it is undone when it does), then
 * moves the staged objects over, which cannot fail. So a failed load needs no repair: nothing was
 * touched.
 *
 * A snapshot is an array of counted references sorted by key, so a compile sees one moment, and
 * what it makes does not depend on load order.
 *
 * References to endpoints: every object gets two numbers that no other object of this store ever
 * had (ref for itself, ref + 1 for a sibling of a workload's representative); an object that is
 * replaced under its key keeps them. They stay below 1 << 63: from there on a seal may number what
 * no store knows.
 */
#include "dialect/dialect.h"
#include <netpol/store.h>

struct np_stage_area; /* an open transaction; transaction.c */

struct netpol_store {
    struct netpol_ctx *ctx;
    struct np_map objects;           /* key -> struct np_object * */
    np_vec(struct np_prefix) ranges; /* declared pod ranges; not part of transactions */
    struct np_stage_area *stage;     /* NULL: no transaction is open */
    uint64_t next_ref;
    uint64_t version;
    uint64_t bytes, n_skipped;
    bool incomplete;
    struct np_snapshot *last; /* counted: the newest, while little has changed; NULL */
    struct np_map touched;    /* keys of what has changed since */
};

/*
 * One moment of a store. A snapshot of a store that has hardly changed is made from the one before:
 * it counts the first of such a row as a whole, and by itself only what the first does not have.
 */
struct np_snapshot {
    atomic_uint refs;
    const struct netpol_ctx *ctx;
    struct np_object **objects; /* sorted by key */
    size_t count, objects_room;
    struct np_snapshot *base; /* counted; NULL: every object is counted once here */
    struct np_object **own;   /* with a base: those that are counted here */
    size_t n_own, own_room;
    struct np_prefix *ranges;
    size_t n_ranges;
    uint64_t version;
    bool incomplete;
};
/*
 * *out counted for the caller. OK, ERR_MEMORY. O(n log n) in the objects; after a few changes O(n)
 * copies of pointers.
 */
int np_snapshot_take(struct netpol_store *store, struct np_snapshot **out);
/* The store keeps the last one for the next; no more. */
void np_snapshot_forget(struct netpol_store *store);
struct np_snapshot *np_snapshot_ref(struct np_snapshot *snapshot);
void np_snapshot_free(struct np_snapshot *snapshot); /* gives one count back; NULL is ignored */

int np_store_create(struct netpol_ctx *ctx, struct netpol_store **out);
void np_store_destroy(struct netpol_store *store);
int np_store_begin(struct netpol_store *store);
int np_store_commit(struct netpol_store *store, struct netpol_diags *diags);
void np_store_rollback(struct netpol_store *store);
/* path, or else bytes and size under the name. Opens and closes a transaction when none is open. */
struct np_load {
    const char *path;
    const char *bytes;
    size_t size;
    const char *name;
    bool sets;                                 /* maps of names to ranges, no objects */
    const struct netpol_load_options *options; /* never NULL */
    struct netpol_diags *diags;
};
int np_store_load(struct netpol_store *store, const struct np_load *load);
int np_store_remove(struct netpol_store *store, struct np_slice group, struct np_slice kind,
                    struct np_slice namespace_name, struct np_slice name);
/* Adds or replaces an object that was made elsewhere; takes over the caller's reference in any
 * case. */
int np_store_upsert(struct netpol_store *store, struct np_object *object, uint64_t *ref);
int np_store_add_range(struct netpol_store *store, const char *prefix);
void np_store_stats(const struct netpol_store *store, struct netpol_store_stats *out);
#endif
