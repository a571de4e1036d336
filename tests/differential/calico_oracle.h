/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALICO_ORACLE_H
#define CALICO_ORACLE_H
/*
 * A second evaluator of Calico's language, over the drawn resources themselves.
 *
 * It does as Calico's own machinery does: every object becomes one flat map of labels (its own,
 * those of its namespace under pcns., of its account under pcsa.), selectors are evaluated over
 * such a map, policies are sorted by order and joined name, and rules are tried one by one. Slow,
 * and without any part of the library, on purpose.
 */
#include "differential/calico_set.h"

enum { CAL_MAP = 32, CAL_OBJECTS = CAL_PODS + CAL_HOSTS + CAL_SETS };
struct cal_map {
    uint8_t count;
    struct cal_label items[CAL_MAP];
};
struct cal_object {
    struct cal_map map;
    const struct cal_pod *pod; /* one of these */
    const struct cal_host *host;
    const struct cal_set *set;
};
/* How the set is read, where that is an option. */
struct cal_reading {
    bool own_node_allowed; /* from a pod's node to the pod */
    bool self_allowed;
    bool to_host_dropped; /* from a pod to its node */
    bool encapsulation_dropped;
    bool failsafes;
};
struct cal_world {
    const struct cal *set;
    struct cal_reading reading;
    uint8_t n_objects;
    struct cal_object objects[CAL_OBJECTS];
    uint8_t order[CAL_POLICIES]; /* policies that are there: tier by tier, each in order */
    uint8_t n_ordered;
    uint8_t tiers[CAL_TIER_NAMES], n_tiers; /* in order */
};
void cal_world_make(struct cal_world *w, const struct cal *set, struct cal_reading reading);
void cal_world_sort(struct cal_world *w); /* calico_oracle_order.c */

/* ---- conditions (calico_oracle_match.c) ---- */

const char *cal_map_get(const struct cal_map *map, const char *prefix, const char *key);
/* all_means: the label that all() wants instead; NULL: it holds for everything. */
bool cal_selects(const struct cal_selector *s, const char *prefix, const char *all_means,
                 const struct cal_map *map);
bool cal_net_has(const struct cal_net *net, bool six, int family, const uint8_t address[16]);
/* An end of a question. */
struct cal_end {
    int family, pod, node; /* -1: none; node: of the host whose address it is */
    uint8_t address[16];
    uint8_t covering[CAL_OBJECTS], n_covering; /* objects */
};
struct cal_request { /* in hand */
    bool given;
    const char *method, *path;
};
struct cal_question {
    struct cal_end src, dst;
    struct cal_end original; /* the destination before translation */
    uint16_t original_port;
    struct cal_request request;
    uint8_t protocol;
    bool has_ports;
    uint16_t src_port, dst_port;
    uint8_t icmp_type, icmp_code;
};
void cal_question_of(const struct cal_world *w, const struct cal_asked *asked,
                     struct cal_question *out);
/* Does a rule of a policy of this namespace (CAL_SPACES: global) match? */
enum cal_truth {
    CAL_NO,
    CAL_MAYBE, /* the request decides */
    CAL_YES,
    CAL_INVALID /* the request cannot be judged: denied */
};
enum cal_truth cal_http_matches(const struct cal_http *http, const struct cal_request *request);
enum cal_truth cal_rule_matches(const struct cal_world *w, const struct cal_rule *rule,
                                unsigned space, bool kubernetes, unsigned direction,
                                const struct cal_question *q);

/* ---- verdicts ---- */

enum { CAL_MAY_ALLOW = 1, CAL_MAY_DENY = 2 };
struct cal_decision {
    bool judged, sure; /* sure: it is known which policy decides */
    bool host, profile;
    uint8_t may;
    const struct cal_policy *policy; /* NULL: a profile, an option or an end */
    int rule;                        /* -1: end of the tier, policy the first that applies */
    uint8_t direction;
};
struct cal_answer {
    struct cal_decision parts[CAL_DIRECTIONS];
};
void cal_judge(const struct cal_world *w, const struct cal_question *q, bool pending,
               struct cal_answer *out);
/* enum netpol_action */
int cal_action(uint8_t may);
#endif
