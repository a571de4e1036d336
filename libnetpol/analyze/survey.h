/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_ANALYZE_SURVEY_H
#define NP_ANALYZE_SURVEY_H
/*
 * A survey: the endpoints of a model sorted into classes, so that looking at the whole set costs
 * classes x classes and not pods x pods.
 *
 * The question is "who may reach whom", for every pair. The simplest method asks the reference for
 * every two pods and every port: 10,000 pods with 2,000 policies are 10^8 pairs. But policies see a
 * pod only through the labels, port names and addresses that some policy mentions. Pods that are
 * equal in these form one class; one member stands for all. For each class and direction a `focus`
 * is kept: the checkpoint with the policies that do not select the class left out, which the
 * reference walks as if it were the whole. Nothing here decides anything: every verdict is the
 * reference's.
 *
 * Imprecise in one point: what depends on the node two pods run on (own-node options) is not part
 * of a class. Pods of the host network are no members: they are addresses of their node.
 */
#include "reference/reference.h"

/* A checkpoint as one class sees it. */
struct np_focus {
    const struct np_checkpoint *checkpoint; /* a copy, filtered; NULL: none in this direction */
    bool applies;
    const struct np_policy **policies; /* that select the class, not synthetic, enforced */
    uint32_t n_policies;
    const uint32_t *cuts; /* protocol << 17 | first port of a span, sorted; see NP_CUT_ANY */
    uint32_t n_cuts;
    uint64_t n_alternatives; /* of the rules that are walked: what one judgement costs */
};
struct np_class {
    const struct np_endpoint *first;
    const struct np_endpoint *second; /* another member of the same workload, or sibling; NULL */
    uint32_t n_members;
    struct np_focus focus[NP_DIRECTIONS];
};
struct np_survey {
    const struct np_model *model;
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    struct np_class *classes;
    uint32_t n_classes;
    uint32_t *class_of; /* by endpoint index; UINT32_MAX: in none */
    const np_str *keys; /* label keys that a policy mentions */
    uint32_t n_keys;
    const struct np_prefix *prefixes; /* that a policy mentions, distinct, sorted */
    uint32_t n_prefixes;
    const np_str *port_names;
    uint32_t n_port_names;
    const uint8_t *protocols; /* to be judged one by one; the last one stands for all others */
    uint32_t n_protocols;
    bool uses_names, uses_accounts; /* selectors over an object's name, over service accounts */
};
/* OK, ERR_MEMORY. free also after a failure. */
int np_survey_make(const struct netpol_ctx *ctx, const struct np_model *model,
                   struct np_survey *out);
void np_survey_free(struct np_survey *survey);

/* Calls visit for every set, match and portset of the policies that are not synthetic. */
struct np_visitor {
    void *user;
    void (*set)(void *user, const struct np_set *set);
    void (*match)(void *user, const struct np_match *match);
};
void np_survey_visit(const struct np_model *model, const struct np_visitor *visitor);

/* The two ends of a hop, without port: the address family both have, by preference IPv4. */
uint8_t np_survey_families(const struct np_endpoint *endpoint); /* bits NP_FAMILY_4, NP_FAMILY_6 */
/* The family a connection of the two uses: one that both have, IPv4 first; 0: none is known. */
uint8_t np_survey_family(const struct np_endpoint *a, const struct np_endpoint *b);
bool np_survey_hop(const struct np_survey *survey, const struct np_endpoint *src,
                   const struct np_endpoint *dst, uint8_t family, struct np_hop *out);
/* The same with an address outside as one end. */
bool np_survey_hop_address(const struct np_survey *survey, const struct np_endpoint *endpoint,
                           const struct np_address *address, bool from_address, struct np_hop *out);

/* ---- ports, partitioned where some policy cuts them ---- */
enum { NP_CUT_PROTOCOL_BITS = 17, NP_NO_PORT = 65536 };
struct np_interval {
    uint8_t protocol;
    bool other; /* stands for every protocol that no policy names */
    bool ports; /* first..last count; false: no port at all (one question) */
    uint16_t first, last;
    uint8_t actions[NP_DIRECTIONS]; /* enum netpol_action, each side on its own */
    uint32_t decisions[NP_DIRECTIONS];
};
/* Both sides combined. */
uint8_t np_interval_action(const struct np_interval *interval);
struct np_intervals {
    const struct netpol_ctx *ctx;
    struct np_interval *items;
    size_t count, capacity;
};
/*
 * One item, not judged yet, for each span of ports that no policy of the two sides distinguishes.
 * src_class, dst_class NULL: that end is outside. OK, ERR_MEMORY.
 */
int np_survey_split(const struct np_survey *survey, const struct np_class *src_class,
                    const struct np_class *dst_class, uint8_t family, struct np_intervals *out);
/* The same, each judged. */
int np_survey_judge(const struct np_survey *survey, const struct np_class *src_class,
                    const struct np_class *dst_class, struct np_hop *hop, struct np_intervals *out);
/* One side only. */
void np_survey_side(const struct np_survey *survey, const struct np_class *subject,
                    enum np_direction direction, const struct np_hop *hop, struct np_result *out);
/* Sets protocol and port of a hop. */
void np_survey_aim(struct np_hop *hop, uint8_t protocol, bool ports, uint16_t port);
bool np_protocol_has_ports(uint8_t protocol);
#endif
