/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_STORE_INTERNAL_H
#define NP_STORE_INTERNAL_H
/* What the files of the store share: keys, and the transaction that is open. */
#include "store/store.h"

/* One object that waits for the commit. */
struct np_staged {
    struct np_object *object; /* NULL: the key is to be removed */
    uint64_t ref;
    bool known; /* the store has an object of this key */
};

struct np_stage_area {
    np_vec(struct np_staged) items;
    struct np_map index;   /* key -> position in items, plus one */
    struct np_map skipped; /* kind -> how many documents */
    uint64_t n_skipped, n_left_out, bytes;
    int64_t growth;  /* objects that the commit will add, less those it will remove */
    bool failed;     /* a load went wrong: the commit will refuse */
    bool incomplete; /* a load left something out on purpose */
};

/* Writes the key of an object; text is emptied first. Check text->failed. */
void np_store_key(struct np_text *text, struct np_slice group, struct np_slice kind,
                  struct np_slice namespace_name, struct np_slice name);
void np_store_key_of(struct np_text *text, const struct np_object *object);

/* The object under a key, staged or not (a staged removal hides it); NULL: none. */
struct np_object *np_store_find(const struct netpol_store *store, struct np_slice key);
/* Notes that what is under a key has changed. */
void np_store_touch(struct netpol_store *store, struct np_slice key);
/* Two fresh references. */
uint64_t np_store_new_ref(struct netpol_store *store);

/*
 * Stages an object, whose reference is taken over in any case. *before (may be NULL): what this
 * transaction already holds under the key; then nothing is staged unless `replace`.
 * OK, ERR_MEMORY, ERR_LIMIT.
 */
int np_stage_put(struct netpol_store *store, struct np_object *object, bool replace,
                 const struct np_object **before);
int np_stage_remove(struct netpol_store *store, struct np_slice key);
/* Counts a skipped document of this kind. false: no memory. */
bool np_stage_skip(struct np_stage_area *stage, struct np_slice kind);
#endif
