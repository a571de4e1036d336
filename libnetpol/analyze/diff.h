/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_DIFF_H
#define NP_ANALYZE_DIFF_H
/*
 * What changes between two policy sets: what the files of diff share.
 *
 * The simplest method asks both references about every two pods and every port: 10,000 pods are
 * 10^8 pairs. Instead the pods of both inventories (by name) and the pieces of the address space
 * that no prefix cuts are the ENDS of one list. An end's LOOK in a model is everything that some
 * policy of either set could see of it; the looks are written with words both models share, so that
 * the two of one end can be compared. Ends with the same two looks are one CLASS.
 *
 * The answer for a pair can change only where a policy that differs selects one of the two
 * (touched), or where one of the two looks different (moved). Only such pairs of classes are
 * judged, and by the reference, which walks only the policies that select the class (narrow.h), on
 * every span of ports that none of them cuts. Nothing in here decides anything itself.
 *
 * What does not follow from two looks alone is how two ends stand to each other: an end and itself,
 * a pod and its own node. Classes where that may happen are `odd` and looked at pod by pod.
 */
#include "analyze/narrow.h"
#include "analyze/survey.h"
#include "compile/matcher.h"

#include <netpol/analyze.h>

enum np_diff_which { NP_DIFF_OLD, NP_DIFF_NEW, NP_DIFF_MODELS };
#define NP_DIFF_NONE UINT32_MAX

struct np_diff_end {
    const struct np_endpoint *pod[NP_DIFF_MODELS]; /* of each inventory; both NULL: addresses */
    struct np_address first, last;                 /* the piece of the address space */
    struct np_address samples[2]; /* in it, nobody's in either; the second may be missing */
    uint8_t families;             /* NP_FAMILY_* it has an address of in either; 0: none known */
    uint32_t class;
};
static inline bool np_diff_is_pod(const struct np_diff_end *end)
{
    return end->pod[NP_DIFF_OLD] || end->pod[NP_DIFF_NEW];
}

/* What walks when a class is the subject of a direction. */
struct np_diff_near {
    bool made;
    const struct np_checkpoint **checkpoints[NP_DIFF_MODELS];
    uint32_t n_checkpoints[NP_DIFF_MODELS];
    const uint32_t *cuts; /* protocol << NP_CUT_PROTOCOL_BITS | port, sorted; of both models */
    uint32_t n_cuts;
};
struct np_diff_class {
    uint32_t first, second; /* ends; second NP_DIFF_NONE: there is one */
    bool moved;             /* looks different in the two models */
    bool odd;               /* some pairs stand in a relation of their own */
    bool several;           /* an address of several owners: pairs are judged one by one */
    bool touched[NP_DIRECTIONS];
    struct np_diff_near near[NP_DIRECTIONS];
};

/* What both sets mention, in words of diff->strings. */
struct np_diff_words {
    np_str *keys; /* of labels: of objects, namespaces, service accounts */
    uint32_t n_keys;
    struct np_map port_names;
    struct np_prefix *prefixes; /* sorted, distinct */
    uint32_t *parents;          /* of each the one around it; NP_DIFF_NONE */
    uint32_t n_prefixes;
    uint8_t *protocols; /* to be asked one by one; the last one stands for all others */
    uint32_t n_protocols;
    bool names, accounts, hosts; /* they can tell names, service accounts, nodes of pods apart */
};
struct np_diff_model {
    const struct netpol_matcher *matcher;
    const struct np_model *model;
    uint32_t *words;    /* by id of a string of the model: id in diff->strings + 1; 0: not yet */
    const np_str *keys; /* words.keys as the model's own strings; NULL: it has none such */
    bool covers;        /* something other than pods carries labels */
    const struct np_policy **changed; /* policies the other model has not */
    uint32_t n_changed;
};

/* A span of ports whose verdict changed, for one pair of ends. */
struct np_diff_span {
    uint8_t protocol, family; /* family 0: every one the pair has */
    bool all, others;
    uint16_t first, last;
    uint8_t actions[NP_DIFF_MODELS];
    uint32_t decisions[NP_DIFF_MODELS][NP_DIRECTIONS];
};
struct np_diff_outcome { /* in the arena */
    const struct np_diff_span *spans;
    uint32_t n_spans;
    uint32_t src, dst; /* the ends that were asked about */
};
typedef np_vec(struct np_diff_span) np_diff_spans;

struct np_diff {
    const struct netpol_ctx *ctx;
    const struct netpol_diff_options *options;
    int (*row)(void *user, const struct netpol_change *change);
    void *user;
    struct np_arena arena;
    struct np_strings *strings;
    struct np_diff_model models[NP_DIFF_MODELS];
    struct np_diff_words words;
    bool everything; /* options or the order of tiers differ: nothing is known to be equal */
    bool inspected;  /* some pair is inspect in both */
    bool inspected_otherwise; /* ... and another rule decides there */
    struct np_diff_end *ends; /* pods by names, then addresses in order */
    uint32_t n_ends, n_pods;
    struct np_diff_class *classes;
    uint32_t n_classes;
};

/* diff_words.c: what the sets mention. All of these: OK, ERR_MEMORY. */
int np_diff_mentions(struct np_diff *diff);
/* The shared word for a string of a model; 0 for NULL. UINT32_MAX: no memory. */
uint32_t np_diff_word(struct np_diff *diff, enum np_diff_which which, np_str text);
/* The innermost mentioned prefix that holds the address; NP_DIFF_NONE. */
uint32_t np_diff_prefix_at(const struct np_diff_words *words, const struct np_address *address);

/* diff_policies.c: which policies differ. */
int np_diff_policies(struct np_diff *diff);

/* diff_ends.c, diff_pieces.c, diff_look.c: the ends, and which look alike. */
int np_diff_ends(struct np_diff *diff);
int np_diff_pieces(struct np_diff *diff, uint32_t *n_pieces, struct np_diff_end **pieces);
int np_diff_classes(struct np_diff *diff);
/* Appends what policies could see of an end in one model. */
void np_diff_look(struct np_diff *diff, enum np_diff_which which, const struct np_diff_end *end,
                  struct np_text *out);
/* An end as the reference takes it; the address is the sample of that number. */
void np_diff_resolve(const struct np_diff *diff, enum np_diff_which which,
                     const struct np_diff_end *end, uint8_t family, int sample, uint32_t owner,
                     struct np_end *out, uint32_t *owners);
/* The address families of a connection between the two; returns how many (one may be 0). */
uint32_t np_diff_families(const struct np_diff_end *a, const struct np_diff_end *b, uint8_t out[2]);

/* diff_judge.c: what changes for a pair. */
int np_diff_touched(struct np_diff *diff);
/* Can anything change between the two classes? */
bool np_diff_is_candidate(const struct np_diff *diff, uint32_t src, uint32_t dst);
/* Both ends as they are, also when they are one. */
int np_diff_judge(struct np_diff *diff, uint32_t src, uint32_t dst, struct np_diff_outcome *out);
/* How the two stand to each other in both models, as a number. */
uint32_t np_diff_relation(const struct np_diff *diff, uint32_t src, uint32_t dst);

/* diff_near.c: the policies and port cuts of a class. */
const struct np_diff_near *np_diff_near(struct np_diff *diff, uint32_t class,
                                        enum np_direction direction); /* NULL: no memory */

/* diff_rows.c: units of equal ends, row by row. */
int np_diff_rows(struct np_diff *diff);

/* diff_requests.c: says so when what rules ask of requests may differ where the verdict is inspect
 * in both sets. */
void np_diff_tell_requests(const struct np_diff *diff, struct netpol_diags *diags);

/* The whole of netpol_diff; arguments are checked. */
int np_diff_run(const struct netpol_matcher *old, const struct netpol_matcher *now,
                const struct netpol_diff_options *options,
                int (*row)(void *user, const struct netpol_change *change), void *user,
                struct netpol_diags *diags);
#endif
