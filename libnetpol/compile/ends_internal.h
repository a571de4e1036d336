/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_ENDS_INTERNAL_H
#define NP_COMPILE_ENDS_INTERNAL_H
/*
 * What the files that find the ends share.
 *
 * The steps, in this order: what conditions mention (project_mentions.c), endpoints into kinds
 * (project.c), nodes into numbers and classes (project_nodes.c), the address space into places
 * (places.c), then addresses and references into signatures (ends_table.c, ends.c). Everything that
 * is compared is a sequence of numbers that is kept once (struct np_words), so that "equal in all
 * that policies can see" is one number being equal.
 */
#include "compile/draft.h"
#include "image/project.h"
#include "model/build.h"
#include "reference/internal.h"

/* ---- ends_words.c ---- */

/* Distinct sequences of numbers, numbered from 1. */
struct np_words {
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    np_vec(struct np_word_entry {
        const uint64_t *items;
        uint32_t count;
        uint64_t hash;
    }) entries;
    uint32_t *slots; /* number, 0: free */
    uint32_t capacity;
};
void np_words_init(struct np_words *words, const struct netpol_ctx *ctx);
void np_words_free(struct np_words *words);
/* The number of a sequence, found or added; 0: no memory. */
uint32_t np_words_add(struct np_words *words, const uint64_t *items, uint32_t count);
static inline const struct np_word_entry *np_words_get(const struct np_words *words, uint32_t n)
{
    return &words->entries.items[n - 1];
}

/* Numbers to numbers; neither key nor value is ever 0. */
struct np_pairs {
    const struct netpol_ctx *ctx;
    struct np_pair_slot {
        uint64_t key;
        uint32_t value;
    } * slots;
    uint32_t capacity, count;
};
void np_pairs_free(struct np_pairs *pairs);
uint32_t np_pairs_find(const struct np_pairs *pairs, uint64_t key); /* 0: absent */
/* Keeps a value that is there; false: no memory. */
bool np_pairs_add(struct np_pairs *pairs, uint64_t key, uint32_t value);

/* ---- ends_sort.c ---- */

/* An address as a number, bits to the left; IPv4 has 32 of them. */
struct np_number {
    uint64_t high, low;
};
struct np_number np_number_of(const struct np_address *address);
struct np_address np_number_address(struct np_number number, uint8_t family);
static inline int np_number_compare(struct np_number a, struct np_number b)
{
    return a.high != b.high ? (a.high > b.high) - (a.high < b.high)
                            : (a.low > b.low) - (a.low < b.low);
}
/* The last number of a prefix (of IPv4: with all bits behind the 32 set). */
struct np_number np_number_last(struct np_number first, uint8_t length);
struct np_number np_number_next(struct np_number number);

struct np_sort_item {
    struct np_number key;
    uint32_t value;
};
/* By key, stable. false: no memory. */
bool np_sort_items(const struct netpol_ctx *ctx, struct np_sort_item *items, size_t count);

/* ---- project_mentions.c: what conditions can see ---- */

enum np_mention_scope { /* of a key: enum np_scope, and the two of nodes */
                        NP_MENTION_NODE_LABEL = 4,
                        NP_MENTION_NODE_NAME
};
enum np_mention_field {
    NP_FIELD_NAMESPACE,
    NP_FIELD_NAME,
    NP_FIELD_ACCOUNT,
    NP_FIELD_ORCHESTRATOR,
    NP_FIELDS
};
struct np_mention_key {
    np_str key;
    uint8_t scope;
    uint32_t first_test; /* the last one noted, plus one; then its `next` */
};
struct np_mention_test { /* a part that values of a key are compared with */
    np_str text;
    uint8_t op; /* enum np_term_op */
    uint32_t next;
};
struct np_mention_prefix {
    struct np_prefix prefix;
    uint32_t fact;
};
struct np_mention_value {
    uint32_t key; /* number */
    np_str value;
};
enum { NP_PROJECT_OTHER = 1, NP_PROJECT_VALUE = 2 /* plus id of the string */ };
struct np_mentions {
    const struct netpol_ctx *ctx;
    struct np_pairs key_numbers; /* (scope + 1) << 32 | string -> number of the key, from 1 */
    struct np_pairs values;      /* key number << 32 | string */
    np_vec(struct np_mention_value) value_list;
    np_vec(np_str) port_list;
    np_vec(struct np_mention_key) keys;
    np_vec(struct np_mention_test) tests;
    struct np_pairs test_seen;  /* key number << 34 | string << 2 | operator */
    uint32_t fields[NP_FIELDS]; /* key numbers; 0: not seen */
    uint32_t node_name;
    bool scopes[8];
    uint16_t kinds;           /* of objects that some literal asks for */
    bool nodes;               /* some literal asks for nodes */
    struct np_pairs ports;    /* string: name of a port */
    struct np_pairs refs;     /* references of endpoints in portsets */
    struct np_words facts;    /* about addresses: enum np_fact_kind and what belongs to it */
    struct np_pairs fed_sets; /* literal -> its fact */
    np_vec(struct np_mention_prefix) prefixes; /* with facts; see places.c */
    bool failed;
};
void np_mentions_init(struct np_mentions *m, const struct netpol_ctx *ctx);
void np_mentions_free(struct np_mentions *m);
int np_mentions_collect(struct np_mentions *m, const struct np_model *model);
/* Adds what one policy asks. *grown becomes true when something is new. OK, ERR_MEMORY. */
int np_mentions_policy(struct np_mentions *m, const struct np_policy *policy, bool *grown);
/* The number of a key, 0: nobody asks for it. */
uint32_t np_mentions_key(const struct np_mentions *m, uint8_t scope, np_str key);
/* Value code (enum above), 0: not seen or absent. */
uint32_t np_project_value(const struct np_mentions *m, uint32_t key_number, np_str value);
/* Which tests of the key the value fits, one after the other: *test from 0, plus one of the last
 * that was found; false at the end. */
bool np_project_test(const struct np_mentions *m, uint32_t key_number, np_str value,
                     uint32_t *test);
/* What may be known of an address; the same words are the same fact. */
enum np_fact_kind {
    NP_FACT_OF_PREFIX,  /* in this prefix */
    NP_FACT_OF_FED_SET, /* in this set of prefixes */
    NP_FACT_OF_MEMBER,  /* is this address (of a portset) */
    NP_FACT_OF_OBJECT,  /* covered by an object of this kind */
    NP_FACT_OF_CUT      /* none; but something may differ here */
};

/* The number of a fact; 0: no memory. */
uint32_t np_mentions_prefix(struct np_mentions *m, enum np_fact_kind kind,
                            const struct np_prefix *prefix);
uint32_t np_mentions_fed_set(struct np_mentions *m, const struct np_literal *literal);

/* ---- the state ---- */
#if defined(__GNUC__)
#define NP_SOON(pointer) __builtin_prefetch(pointer) /* it will be read */
#else
#define NP_SOON(pointer) ((void)(pointer))
#endif
enum { NP_AHEAD = 8 };          /* so many endpoints before it is */
#define NP_IS_TEST (1ull << 63) /* a word of a kind that says that a value fits a test */
enum { NP_KIND_HEAD = 4 };      /* words of a kind before those of its labels; see project.c */
struct np_place_run {
    struct np_number first;
    uint32_t class, signature;
};
struct np_ends_state {
    const struct netpol_ctx *ctx;
    struct np_mentions mentions;
    /* project.c */
    struct np_words kinds, projections;
    np_vec(uint64_t) scratch;                      /* the words being put together */
    np_vec(const struct np_endpoint *) kind_first; /* by kind - 1 */
    uint32_t *kind_of;                             /* by endpoint index */
    struct np_pairs spaces, accounts; /* projections of namespaces (by index + 1) and accounts */
    /* project_nodes.c */
    struct np_pairs node_numbers; /* string id + 1 -> node number */
    np_vec(np_str) node_names;    /* by node number - 1 */
    uint32_t *node_of;            /* by endpoint index: number of node_name */
    uint32_t *node_class;         /* by node number */
    uint32_t *host_class;
    /* places.c */
    struct np_words fact_sets, place_classes;
    np_vec(struct np_place_run) runs[2]; /* IPv4, IPv6 */
    uint32_t *class_place;               /* by class: index of its first place in draft->places */
    /* ends_table.c */
    /* addresses that are not bare, sorted; value: endpoint number << 1 | it is the first of its
     * family; 0: of no pod */
    np_vec(struct np_sort_item) owned[2];
    bool ranges_owned;          /* a pod owns a range: nobody can number its addresses */
    uint32_t *own_signature[2]; /* by endpoint index: of its own address in each family */
    /* ends.c */
    struct np_words keys; /* of signatures from NP_SIG_FIRST on */
    np_vec(struct np_sig) sigs;
    struct np_pairs pods; /* kind << 32 | class -> signature of a plain pod, unless nodes count */
    struct np_words port_lists; /* ends_ports.c */
    /* project_write.c */
    struct np_project_build *project_build;
    struct np_kinds_build *kinds_build;
    uint32_t *pod_kind; /* by kind: its number in the section KINDS; 0: of no pod */
    struct np_members_state *members;
};

/* project.c; each: OK or ERR_MEMORY */
bool np_project_put(struct np_ends_state *state, uint64_t word);
/* Appends what can be seen of a value of a key to the scratch. false: no memory. */
bool np_project_put_value(struct np_ends_state *state, uint32_t key_number, np_str value);
bool np_project_put_labels(struct np_ends_state *state, uint8_t scope,
                           const struct np_labels *labels);
int np_project_kinds(struct np_draft *draft);
/* project_nodes.c */
int np_project_nodes(struct np_draft *draft);
uint32_t np_node_number(const struct np_ends_state *state, const struct np_end *end);
/* places.c */
int np_places_cut(struct np_draft *draft);
const struct np_place_run *np_place_at(const struct np_ends_state *state,
                                       const struct np_address *address);
/* ends_table.c: addresses of an endpoint, while it is at hand; then those of nobody, and the sort
 */
bool np_owned_add(struct np_ends_state *state, const struct np_endpoint *e);
int np_owned_collect(struct np_draft *draft);
int np_owned_sign(struct np_draft *draft);
/* ends.c: the signature of an end at a place of this class (0: no address); 0: no memory. */
uint32_t np_sign_end(struct np_draft *draft, const struct np_end *end, uint32_t class);
/* The same of a pod of the pod network: address NULL: none of the family. */
uint32_t np_sign_pod(struct np_draft *draft, uint32_t index, const struct np_address *address,
                     uint32_t class);
/* What np_sign_end compares besides the place. */
enum { NP_END_WORDS = 4 };
void np_end_words(const struct np_draft *draft, const struct np_end *end, uint32_t class,
                  uint64_t words[NP_END_WORDS]);
uint8_t np_end_bits(const struct np_end *end);
/* ends_combine.c: kinds at places where there may be one later; the writer's way to signatures */
int np_combine_kinds(struct np_draft *draft);
int np_combine_write(struct np_draft *draft);
/* project_write.c */
int np_project_write(struct np_draft *draft);
/* members.c */
void np_members_free(struct np_draft *draft);
#endif
