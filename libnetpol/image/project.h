/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_PROJECT_H
#define NP_IMAGE_PROJECT_H
/*
 * From the labels of an endpoint to its kind, and from kind and place to a signature: the way that
 * compile goes, written down so that an endpoint which comes later goes the same way.
 *
 * PROJECTION says which labels count: the keys that some selector mentions and, for each, the
 * values and patterns it is compared with. What policies see of an endpoint is then a set of small
 * ITEMS: "key 3 is there with value 7", "key 3 fits pattern 2", "declares port name 1 as TCP 8080".
 * Sorted, behind two words for namespace, account and network, they are its CANONICAL WORDS. Two
 * endpoints with equal canonical words cannot be told apart by any selector; a label that nobody
 * mentions leaves no trace, a value that nobody mentions is the item "some other value".
 *
 * KINDS is the sorted list of the canonical words that compile has met; position is found by
 * bisection, so nothing depends on a hash that a tenant could aim at. COMBOS gives the signature of
 * (kind, place of the address, node); its keys are numbers given by compile, so a hash serves.
 *
 * Whatever is not found is "not seen": no kind, no signature, never a guess.
 *
 * Compile and runtime both call np_project_begin/label/port/end over the same section, hence the
 * same words.
 */
#include "image/image.h"

enum np_project_flags {
    NP_PROJECT_SPACES = 1,       /* the namespace counts: through its class in `spaces` */
    NP_PROJECT_ACCOUNTS = 2,     /* the service account counts: through its class in `accounts` */
    NP_PROJECT_HOST_NETWORK = 4, /* whether it is on the host's network counts */
    NP_PROJECT_OPAQUE = 8        /* something counts that no projection says: all is "not seen" */
};
enum np_project_scope {
    NP_PROJECT_LABEL,  /* a label of the endpoint */
    NP_PROJECT_NAME,   /* its name: key text is empty */
    NP_PROJECT_ACCOUNT /* the name of its service account: key text is empty */
};
enum np_project_op {
    NP_PROJECT_IS, /* the value itself */
    NP_PROJECT_PREFIX,
    NP_PROJECT_SUFFIX,
    NP_PROJECT_CONTAINS
};

/* ---- reading ---- */
struct np_projection {
    const uint32_t *words; /* the section */
    uint32_t flags;
    uint32_t n_keys, n_tests, n_ports, n_spaces, n_accounts;
    const uint32_t *keys, *tests, *ports, *spaces, *accounts;
    const char *texts;
};
/* Checks all of it, so that using it needs no checks; false: damaged. An empty section is one
 * where nothing is known (OPAQUE). */
bool np_projection_open(const uint32_t *words, size_t count, struct np_projection *out);

struct np_projector {
    const struct np_projection *projection;
    uint64_t *words; /* the caller's; canonical words after end */
    uint32_t count, capacity;
    bool unseen; /* after end: its namespace or account is one that compile did not know */
    bool full;   /* after end: capacity is too small, words are useless; count is enough */
};
/* How many words an endpoint with so many labels and ports can need. */
uint32_t np_project_room(const struct np_projection *projection, size_t n_labels, size_t n_ports);
/* account.ptr NULL: none given. */
void np_project_begin(struct np_projector *p, const struct np_projection *projection,
                      uint64_t *words, uint32_t capacity, struct np_slice namespace_name,
                      struct np_slice name, struct np_slice account, bool host_network);
/* In any order. A key given twice is unlike any endpoint that compile can have met. */
void np_project_label(struct np_projector *p, struct np_slice key, struct np_slice value);
void np_project_port(struct np_projector *p, struct np_slice name, uint8_t protocol, uint16_t port);
void np_project_end(struct np_projector *p);

enum np_kind_flags {
    NP_KIND_NODE = 1 /* its traffic is its node's: it owns no address (np_inventory_end) */
};
/*
 * The key of a combination: the kind; the signature that the trie gives for the address, or
 * NP_SIG_NOWHERE for an endpoint asked in a family of which it has no address (compile adds that
 * for every kind); the node's number where nodes count, which is in images with NP_IMAGE_NODES and
 * for kinds of NP_KIND_NODE, else 0.
 */
struct np_kinds {
    uint32_t count;          /* of kinds */
    const uint32_t *numbers; /* by position: kind number */
    const uint32_t *flags;   /* by position: enum np_kind_flags */
    const uint32_t *ends;    /* by position: end of its words; they begin where the last ones end */
    const uint64_t *words;
    const uint32_t *positions; /* by kind number - 1: position + 1 */
};
bool np_kinds_open(const void *bytes, size_t size, struct np_kinds *out);
/* The kind number; 0: not seen. */
uint32_t np_kinds_find(const struct np_kinds *kinds, const uint64_t *words, uint32_t count);
/* The canonical words of a kind; NULL: there is no such kind. */
const uint64_t *np_kinds_words(const struct np_kinds *kinds, uint32_t kind, uint32_t *count);
/* enum np_kind_flags of a kind; 0 for none. */
uint32_t np_kinds_flags(const struct np_kinds *kinds, uint32_t kind);

/* The signature of (kind, place, node); NP_SIG_UNCOMPILED: not seen. count: elements of COMBOS. */
uint32_t np_combos_find(const struct np_combo *combos, uint32_t count, uint32_t kind,
                        uint32_t place, uint32_t node);
/* A power of two with a free element (or nothing), every signature below n_signatures. */
bool np_combos_valid(const struct np_combo *combos, uint32_t count, uint32_t n_signatures);

/* ---- writing; the same input gives the same bytes, in whatever order it was added ---- */
struct np_project_build;
struct np_project_build *np_project_build(const struct netpol_ctx *ctx); /* NULL: no memory */
void np_project_build_free(struct np_project_build *build);
void np_project_build_flags(struct np_project_build *build, uint32_t flags);
/*
 * That the key counts (whether it is there), and what its value is compared with. Adding the same
 * again changes nothing. key empty for scopes other than LABEL. OK, ERR_MEMORY.
 */
int np_project_build_key(struct np_project_build *build, enum np_project_scope scope,
                         struct np_slice key);
int np_project_build_test(struct np_project_build *build, enum np_project_scope scope,
                          struct np_slice key, enum np_project_op op, struct np_slice text);
int np_project_build_port(struct np_project_build *build, struct np_slice name);
/* A namespace that compile knows; those of equal class are not told apart. class: below 1 << 31. */
int np_project_build_space(struct np_project_build *build, struct np_slice name, uint32_t class);
/* An account that compile knows; name empty: endpoints of that namespace that give none. */
int np_project_build_account(struct np_project_build *build, struct np_slice namespace_name,
                             struct np_slice name, uint32_t class);
/* The section; after it nothing is added. Lives as long as build. OK, ERR_MEMORY, ERR_LIMIT. */
int np_project_build_write(struct np_project_build *build, const uint32_t **words, size_t *count);

/* Canonical words -> kind numbers 1, 2, ... in order of first sight (or as the caller says). */
struct np_kinds_build;
struct np_kinds_build *np_kinds_build(const struct netpol_ctx *ctx); /* NULL: no memory */
void np_kinds_build_free(struct np_kinds_build *build);
/* Finds or adds. *kind: its number. flags: of the first add. OK, ERR_MEMORY, ERR_LIMIT. */
int np_kinds_build_add(struct np_kinds_build *build, const uint64_t *words, uint32_t count,
                       uint32_t flags, uint32_t *kind);
/* The section, borrowed until free. OK, ERR_MEMORY, ERR_LIMIT. */
int np_kinds_build_write(struct np_kinds_build *build, const void **bytes, size_t *size);

/*
 * The section COMBOS out of a list without duplicates of (kind, place, node): *out is memory of
 * *count elements, freed with np_free. OK, ERR_MEMORY, ERR_LIMIT.
 */
int np_combos_write(const struct netpol_ctx *ctx, const struct np_combo *list, size_t n,
                    struct np_combo **out, uint32_t *count);
#endif
