/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_TABLE_H
#define NP_MATCH_TABLE_H
/*
 * The endpoints table that changes while evaluations run.
 *
 * Readers (look.c, tuple.c) never wait and never know; all care is the writer's:
 *
 * - What a slot says (address, endpoint, node) is written once, before its key, and stays until the
 *   whole table is gone. A key is published by one release store; readers load it by acquire.
 * - Same owner, other signature: the key is replaced in place, by one store.
 * - Other owner: a NEW slot, further on in the search, is written whole; then the old slot's key
 *   dies by one store, and that is the change: who still met the old key judges by the old record,
 *   who meets a dead one goes on and finds the new. Searches stop at free slots only, and a slot
 *   never becomes free again, so an address that has a slot is never missed.
 * - Several owners of one address are a list that is never changed, only replaced.
 * - When live and dead slots fill a table, a new one is made of the live ones and its pointer is
 *   published. The old one goes when no reader can be in it: after the epoch of the slot in which
 *   the views are (slot.h), or when the caller says so (quiesce), or with the endpoints.
 *
 * An evaluation takes the table once (np_endpoints_table), so it sees one table; within it each of
 * its two ends is as some moment of the evaluation had it.
 *
 * Writers are serialised by a lock, which readers do not know. Everything that a change needs is
 * reserved before the first store, so that one which fails for memory has changed nothing.
 *
 * What only writers need to know of an endpoint is kept aside: `flags` of its slot_ref, `kind`
 * beside it; in `more` all addresses of those that have more than one of a family. Endpoint numbers
 * are never re-used.
 */
#include "image/project.h"
#include "match/look.h"
#include "match/matcher.h"
#include <netpol/change.h>

#include <pthread.h>

enum np_ref_flags {
    NP_REF_GUEST = 1,      /* on its node's network: it owns no address, so it has no slots */
    NP_REF_NODE = 2,       /* and its traffic is its node's: it has the node's address */
    NP_REF_UNCOMPILED = 4, /* something about it waits for the next compile */
    NP_REF_WRITTEN = 8     /* what it is was said anew since the compile */
};
enum np_live_part { NP_LIVE_4, NP_LIVE_6, NP_LIVE_REFS, NP_LIVE_PARTS };
#define NP_NO_SLOT UINT32_MAX

/* What is known of an endpoint. */
struct np_ref_record {
    struct np_slot_ref slot;
    struct np_own own;
};

/* One table in one block of memory. */
struct np_live {
    struct np_table table; /* what readers see */
    struct np_slot4 *slots4;
    struct np_slot6 *slots6;
    struct np_slot_ref *refs;
    struct np_own *own;
    struct np_shared *shared;
    uint32_t *by_number; /* endpoint number -> slot in refs + 1; as many as refs */
    uint32_t used[NP_LIVE_PARTS], live[NP_LIVE_PARTS]; /* used: dead ones included */
    uint32_t limit[NP_LIVE_PARTS];                     /* of used */
    uint32_t n_shared, shared_room;
    size_t bytes;
    struct np_live *next; /* retired ones */
    uint64_t retired;     /* epoch from which readers cannot see it */
    bool loose;           /* evaluations that no slot counts may see it */
};
/* room[]: live entries it is made for. NULL: no memory. */
struct np_live *np_live_create(const struct netpol_ctx *ctx, const uint32_t room[NP_LIVE_PARTS],
                               uint32_t shared_room);
void np_live_destroy(const struct netpol_ctx *ctx, struct np_live *live);
/* All live entries of a table into an empty one that has the room. */
void np_live_copy(const struct np_table *from, struct np_live *to);
/* Room for so many more slots? */
bool np_live_has_room(const struct np_live *live, const uint32_t more[NP_LIVE_PARTS],
                      uint32_t shared);

/* For the writer. A slot number, or NP_NO_SLOT. */
uint32_t np_live_find(const struct np_live *live, const struct np_where *where);
struct np_party np_live_party(const struct np_live *live, const struct np_where *where,
                              uint32_t slot);
/* The address has this party from now on; slot: as found. */
void np_live_set(struct np_live *live, const struct np_where *where, uint32_t slot,
                 struct np_party party);
void np_live_kill(struct np_live *live, const struct np_where *where, uint32_t slot);
/* Keeps a list of owners (at least two); what a slot's signature is then. */
uint32_t np_live_share(struct np_live *live, const struct np_shared *owners, uint32_t count);
uint32_t np_live_find_ref(const struct np_live *live, uint64_t ref);
uint32_t np_live_find_number(const struct np_live *live, uint32_t number);
struct np_ref_record np_live_record(const struct np_live *live, uint32_t slot);
/* In place of the slot that was found for the record's reference, or of none. */
void np_live_set_ref(struct np_live *live, uint32_t slot, const struct np_ref_record *record);
void np_live_kill_ref(struct np_live *live, uint32_t slot);

/* ---- the endpoints ---- */

/* One of the addresses of an endpoint that has more than one of a family. */
struct np_more {
    struct np_where where;
    uint32_t next; /* index + 1 */
};
struct np_node_address { /* what is known of a node's addresses in a family */
    uint32_t count;      /* 0, 1; more: which is its first is not known */
    struct np_where where;
};
/* The last state of one endpoint that changed (table.c knows the state itself). */
struct np_journal_entry {
    uint64_t ref;
    uint64_t change; /* number of the last one; 0: none */
    uint64_t said;   /* number of the last one that said anew what it is; others lost an address */
    void *spec;      /* a copy of what put was given; NULL: not known */
    size_t spec_size;
};
struct np_mark {
    uint64_t generation, change;
};
enum { NP_MARKS = 4 };
struct np_journal {
    uint64_t changes; /* so far */
    struct np_mark marks[NP_MARKS];
    uint32_t n_marks;
    struct np_map places; /* ref -> index + 1 in entries; only once there is a mark */
    np_vec(struct np_journal_entry) entries;
};

struct netpol_slot;
struct np_learnt;
struct netpol_endpoints {
    _Atomic(const struct np_table *) table; /* of current; the one thing readers load */
    pthread_mutex_t lock;
    struct netpol_ctx *ctx;
    struct netpol_matcher *matcher;
    struct np_live *current, *retired;
    struct np_projection projection;
    struct np_kinds kinds;
    const struct np_combo *combos;
    uint32_t n_combos, n_nodes;
    struct np_node_address *nodes[2]; /* by family, node number */
    struct np_map node_names;         /* -> number */
    uint32_t next_number;
    struct np_map more_of; /* endpoint number -> index + 1 of its first in more */
    np_vec(struct np_more) more;
    uint32_t more_free, more_left;             /* index + 1 of the first free one; how many */
    np_vec(struct np_where) had, wanted, gone; /* of the change at hand */
    np_vec(struct np_shared) owners;
    uint64_t writes, rebuilds, uncompiled;
    struct np_journal journal;
    struct np_learnt *learnt; /* learn.h; NULL: no name was learnt yet */
    struct netpol_slot *slot; /* whose readers see views of this; NULL: none */
    uint32_t bound, in_slot;  /* views; of these in the slot */
    bool owned;               /* goes with its last view in the slot */
};

/* The table of one evaluation: loaded once. */
static inline const struct np_table *np_endpoints_table(const struct netpol_endpoints *endpoints)
{
    return atomic_load_explicit(&endpoints->table, memory_order_acquire);
}
static inline struct netpol_matcher *np_endpoints_matcher(const struct netpol_endpoints *endpoints)
{
    return endpoints->matcher;
}
/* Each view that is made and destroyed says so: old tables wait for views that are in no slot. */
void np_endpoints_bind(struct netpol_endpoints *endpoints);
void np_endpoints_unbind(struct netpol_endpoints *endpoints);
/*
 * Compile is about to take its snapshot: changes from here on are kept for np_endpoints_advance.
 * The four last marks are remembered. A compile whose matcher has no generation yet marks under
 * another number of its own, and says the generation at the end.
 */
void np_endpoints_mark(struct netpol_endpoints *endpoints, uint64_t generation);
void np_endpoints_marked(struct netpol_endpoints *endpoints, uint64_t number, uint64_t generation);

/* Was anything written since they were made, replayed changes included? */
bool np_endpoints_changed(struct netpol_endpoints *endpoints);

/* As in <netpol/change.h>, arguments checked as far as they do not need the endpoints. */
int np_endpoints_create(struct netpol_matcher *matcher, struct netpol_endpoints **out);
void np_endpoints_destroy(struct netpol_endpoints *endpoints);
int np_endpoints_kind(const struct netpol_endpoints *endpoints,
                      const struct netpol_endpoint_spec *spec, uint32_t *kind);
uint32_t np_endpoints_node(const struct netpol_endpoints *endpoints, const char *name);
int np_endpoints_set(struct netpol_endpoints *endpoints, const struct netpol_endpoint_entry *entry);
int np_endpoints_put(struct netpol_endpoints *endpoints, uint64_t ref,
                     const struct netpol_endpoint_spec *spec);
int np_endpoints_remove(struct netpol_endpoints *endpoints, uint64_t ref);
int np_endpoints_advance(struct netpol_endpoints *from, struct netpol_matcher *matcher,
                         struct netpol_endpoints **out);
void np_endpoints_stats(struct netpol_endpoints *endpoints, struct netpol_endpoints_stats *out);
void np_endpoints_quiesce(struct netpol_endpoints *endpoints);

/* ---- between the files of the table ---- */

/* What an endpoint is to become. */
struct np_becoming {
    uint64_t ref;
    uint32_t kind, node;
    uint8_t flags;                /* NP_REF_GUEST, NP_REF_NODE */
    bool keep;                    /* addresses it has besides `wanted` stay */
    const struct np_where *items; /* addresses, in order */
    size_t count;
};
/* table_change.c; the lock is held. OK, NEEDS_COMPILE, ERR_MEMORY (nothing changed). */
int np_endpoints_become(struct netpol_endpoints *endpoints, const struct np_becoming *to);
int np_endpoints_forget(struct netpol_endpoints *endpoints, uint64_t ref);
/* The addresses of a record into endpoints->had. false: no memory. */
bool np_endpoints_had(struct netpol_endpoints *endpoints, const struct np_ref_record *record);
/* table_room.c: makes room in the table, by a new one if need be. OK, ERR_MEMORY. */
int np_endpoints_reserve(struct netpol_endpoints *endpoints, const uint32_t more[NP_LIVE_PARTS],
                         uint32_t shared);
/* table_room.c: gives the extra addresses of an endpoint; reserved before. */
bool np_more_reserve(struct netpol_endpoints *endpoints, uint32_t number, size_t count);
void np_more_clear(struct netpol_endpoints *endpoints, uint32_t number, bool gone);
void np_more_add(struct netpol_endpoints *endpoints, uint32_t number, const struct np_where *where);
uint32_t np_more_first(const struct netpol_endpoints *endpoints, uint32_t number);
/* journal.c: room for a note about ref, and the note itself. */
bool np_journal_reserve(struct netpol_endpoints *endpoints, uint64_t ref);
void np_journal_note(struct netpol_endpoints *endpoints, uint64_t ref, bool said);
/* Hands a copy of a spec over to the entry of ref, if there is one; else it is freed. */
void np_journal_spec(struct netpol_endpoints *endpoints, uint64_t ref, void *spec, size_t size);
void np_journal_free(struct netpol_endpoints *endpoints);
/* table_spec.c: the kind of a spec (0: not seen), and the same of a copy. OK, ERR_MEMORY. */
int np_spec_kind(const struct netpol_endpoints *endpoints, const struct netpol_endpoint_spec *spec,
                 uint32_t *kind);
void *np_spec_copy(const struct netpol_ctx *ctx, const struct netpol_endpoint_spec *spec,
                   size_t *size); /* NULL: no memory */
/* NP_REF_GUEST and NP_REF_NODE of a kind. */
uint8_t np_kind_ref_flags(const struct np_kinds *kinds, uint32_t kind);

static inline void np_endpoints_lock(struct netpol_endpoints *endpoints)
{
    pthread_mutex_lock(&endpoints->lock);
}
static inline void np_endpoints_unlock(struct netpol_endpoints *endpoints)
{
    pthread_mutex_unlock(&endpoints->lock);
}
#endif
