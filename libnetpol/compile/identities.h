/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_IDENTITIES_H
#define NP_COMPILE_IDENTITIES_H
/*
 * Identities of a compile: which there are, what number each has, and how they stand in the image
 * (image/identity.h, netpol/identity.h).
 *
 * There is one for each label set of a pod and one for each prefix that a policy names. What a
 * CiliumIdentity has the labels of gets its number, and nothing else ever does. Of the rest what
 * the ledger (the image of the matcher before, however it came to be) knows keeps its number. The
 * rest, sorted by label text, gets the free numbers that follow the one given last, around the end
 * of the range when need be; so a number that was given up comes back last. Where all are in use,
 * label sets are left without one: two never share a number.
 */
#include "image/image.h"
#include "model/prefix.h"

struct np_emit;
struct np_whole;

struct np_identity {
    struct np_slice labels; /* texts, each with its NUL; sorted by them */
    uint32_t number;        /* 0: none was free */
    struct np_prefix prefix;
};
struct np_identity_list {
    struct np_identity *items;
    uint32_t count;
    uint32_t next; /* where the search for a free number goes on; 0: at the first */
};
struct np_identities { /* all in the whole's arena */
    bool any;          /* the engine has identities */
    bool dual;         /* two worlds */
    bool same_pods;    /* the label sets are those of the ledger: their list is empty */
    struct np_identity_list pods, prefixes;
    const uint32_t *of_endpoint; /* inventory index -> index in pods + 1; 0: none */
    uint32_t without;            /* label sets without a number */
    uint32_t doubled;            /* CiliumIdentities with the labels of another one */
};

/*
 * Fills whole->identities from whole->model. ledger: NULL: none. same_pods: the ledger is the image
 * of a compile of the same inventory. OK, ERR_MEMORY.
 */
int np_identities_find(struct np_whole *whole, const struct np_image *ledger, bool same_pods);
/*
 * Free numbers of first..last for items that have none, in their order; `kept` are those in use,
 * sorted (distinct). Returns how many items are left without.
 */
uint32_t np_identity_numbers(struct np_identity_list *list, const uint32_t *kept, uint32_t n_kept,
                             uint32_t first, uint32_t last);
/* The number of an endpoint, by inventory index; 0: none. */
uint32_t np_identity_of_endpoint(const struct np_identities *identities, uint32_t index);
/* For the image: the offset of a text. */
typedef uint32_t (*np_identity_text_fn)(void *user, struct np_slice text);
/* Adds the sections; before: the image with the same pods, NULL: none. OK, ERR_MEMORY. */
int np_identities_emit(struct np_emit *emit, const struct np_identities *identities,
                       const struct np_image *before, np_identity_text_fn text, void *user);
#endif
