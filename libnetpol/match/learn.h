/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_LEARN_H
#define NP_MATCH_LEARN_H
/*
 * Names learnt at run time: the writer's book of who is called what until when (learn_book.c), and
 * what becomes of that in the endpoints table (learn.c, by way of named.h).
 *
 * An entry is one (address, name) with its end; entries are a heap by end, and found by the pair.
 * What the names of an address are together follows from its FACTS: the sets of literals that some
 * name of it satisfies, each once, with how many names do. Only where a fact comes or goes, or the
 * first name or the last, is there anything to be told: names without number that no rule asks for
 * cost no more than one. An address that no endpoint and no node has, and that has entries, has a
 * slot with its combination. Who takes the address over finds the entries untouched, and they count
 * again when he gives it up.
 *
 * What an address is said to be may need a combination that was not met before, hence memory. Where
 * there is none, learning changes nothing; but what is over must not go on: an address that lost a
 * name is then UNCOMPILED (UNKNOWN) until a later call has the memory.
 */
#include "match/named_write.h"
#include "match/table.h"

#include <netpol/names.h>

struct np_name_record {
    char *text;               /* canonical; NULL: free */
    uint32_t len, set, count; /* count: of entries */
    uint32_t next;            /* free list, index + 1 */
};
struct np_named_address {
    struct np_where where;
    uint32_t count; /* of entries */
    uint32_t first; /* of its facts, index + 1 */
    uint32_t told;  /* the combination it was last said to be; NP_NAMED_NOT: that tells nothing */
    uint32_t next;  /* free list or list of those to be settled, index + 1 */
    bool unsettled;
};
struct np_name_fact {
    uint32_t address, set, count; /* count: of entries whose names satisfy exactly the set */
    uint32_t next, before;        /* of the address, index + 1; next also free list */
};
struct np_name_entry {
    uint64_t end; /* first moment at which it is over; NETPOL_NAMES_FOREVER: never */
    uint32_t address, name;
    uint32_t heap; /* place in the heap + 1; 0: not in it. Of a free one the next free, index + 1 */
};
struct np_learnt {
    const struct netpol_ctx *ctx;
    struct np_named_book named;
    struct np_map names, addresses, pairs, facts; /* -> index + 1 */
    np_vec(struct np_name_record) name;
    np_vec(struct np_named_address) address;
    np_vec(struct np_name_entry) entry;
    np_vec(struct np_name_fact) fact;
    np_vec(uint32_t) heap;
    np_vec(uint32_t) parts; /* sets of the facts of an address */
    uint32_t free_name, free_address, free_entry, free_fact;
    uint32_t unsettled; /* addresses, index + 1 */
    uint64_t now;       /* the latest that advance was told */
    size_t text_bytes;
};

/* ---- learn_book.c ---- */
struct np_learnt *np_book_create(const struct netpol_ctx *ctx, const struct np_hot *hot,
                                 const struct np_namer *namer); /* NULL: no memory */
void np_book_destroy(struct np_learnt *book);
/* Index of a record, made if need be; UINT32_MAX: no memory. */
uint32_t np_book_name(struct np_learnt *book, struct np_slice text);
uint32_t np_book_address(struct np_learnt *book, const struct np_where *where);
/* Index; UINT32_MAX: there is none. */
uint32_t np_book_find_name(const struct np_learnt *book, struct np_slice text);
uint32_t np_book_find_address(const struct np_learnt *book, const struct np_where *where);
uint32_t np_book_find_entry(const struct np_learnt *book, uint32_t address, uint32_t name);
/* Lets records go that no entry has. */
void np_book_sweep_name(struct np_learnt *book, uint32_t name);
void np_book_sweep_address(struct np_learnt *book, uint32_t address);
/* A new entry; UINT32_MAX: no memory. *news: what the address is may be another matter now. */
uint32_t np_book_add(struct np_learnt *book, uint32_t address, uint32_t name, uint64_t end,
                     bool *news);
/* And its name, where it was the last. As news above. */
bool np_book_drop(struct np_learnt *book, uint32_t entry);
void np_book_extend(struct np_learnt *book, uint32_t entry, uint64_t end);
/* Of all the names of an address: the set of literals, and the sets of its facts in book->parts.
 * UINT32_MAX: no memory. */
uint32_t np_book_set(struct np_learnt *book, uint32_t address);

/* ---- learn.c ---- */
/* As in <netpol/names.h>; names are texts as given, addresses canonical. */
int np_names_learn(struct netpol_endpoints *endpoints, struct np_slice name,
                   const struct np_where *where, uint64_t ttl, uint64_t now);
int np_names_advance(struct netpol_endpoints *endpoints, uint64_t now);
/* name.ptr NULL: every name; where NULL: every address. */
int np_names_forget(struct netpol_endpoints *endpoints, struct np_slice name,
                    const struct np_where *where);
void np_names_stats(struct netpol_endpoints *endpoints, struct netpol_names_stats *out);

/* The addresses that have names at the moment, in no order, into list (of ctx). false: no memory.
 */
struct np_where_list {
    struct np_where *items;
    size_t count, capacity;
};
bool np_names_places(struct netpol_endpoints *endpoints, const struct netpol_ctx *ctx,
                     struct np_where_list *list);
/* For the table. What an address is that nobody has any more, if names were learnt for it. */
bool np_learnt_party(struct netpol_endpoints *endpoints, const struct np_where *where,
                     struct np_party *out);
/* All that is live, into fresh endpoints. OK, ERR_MEMORY, ERR_LIMIT, ERR_UNSUPPORTED. */
int np_learnt_copy(struct netpol_endpoints *from, struct netpol_endpoints *to);
void np_learnt_destroy(struct netpol_endpoints *endpoints);
#endif
