/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_LOWER_H
#define NP_DIALECT_LOWER_H
/*
 * What the lowerings of the Kubernetes family share: the tiers of the workload checkpoint, origins,
 * pods as a set, ranges of addresses, and the shell of a policy that could not be read.
 *
 * The tiers, in order: `options` (synthetic rules: own node, a pod to itself), `Admin`,
 * `NetworkPolicy`, `Baseline`; the end of the stage allows. In front of the last three stands, when
 * needed, a tier `unreadable` of their own. Under engine=calico they are Calico's tiers kube-admin,
 * default and kube-baseline (calico/calico.h), under engine=cilium Admin, Normal and Baseline
 * (cilium/cilium.h).
 *
 * Alternative i of a lowered rule is peer i (from[i], to[i]); a rule without peers has one
 * alternative without far axis. Explanations count on that.
 */
#include "dialect/label_selector.h"

enum np_lower_tier {
    NP_TIER_OPTIONS,
    NP_TIER_ADMIN,
    NP_TIER_NETWORK_POLICY,
    NP_TIER_BASELINE,
    NP_TIER_COUNT
};
struct np_tier *np_lower_tier(struct np_lower *l, enum np_lower_tier which);
/* Where a policy of these kinds stands in its tier; under engine=calico with Calico's tie-break. */
void np_lower_place(struct np_lower *l, struct np_policy *policy, double order);
/* engine=kubernetes: what the API documents leave open is for options to say. */
bool np_lower_own_engine(const struct np_lower *l);

/* Of the object being lowered; path is of the field at node (NULL: the object). */
struct np_origin np_lower_origin(struct np_lower *l, const struct np_node *node, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* Kinds of objects that NetworkPolicy sees as pods, under option host_network. */
uint16_t np_lower_pod_kinds(const struct np_lower *l);
/* Pods by labels of theirs and of their namespace; namespace_name.len 0: any namespace. */
const struct np_selector *np_lower_pods(struct np_lower *l, struct np_slice namespace_name,
                                        const struct np_label_selector *namespaces,
                                        const struct np_label_selector *pods);
const struct np_set *np_lower_pod_set(struct np_lower *l, uint16_t kinds,
                                      const struct np_selector *selector);
/* A range, by the options ipblock_matches_* and ipv6_networks; `except` may be NULL. */
const struct np_set *np_lower_block(struct np_lower *l, const struct np_prefix *prefix,
                                    const struct np_prefix *except, size_t n_except);
/* NP_DOMAIN_*: where ranges match at all. */
uint8_t np_lower_block_domain(const struct np_lower *l);
const struct np_literal *np_lower_prefix(struct np_lower *l, const struct np_prefix *prefix);
const struct np_set *np_lower_nothing(struct np_lower *l);

/* Ports of a rule as they are read: spans and names, the two ways an alternative can hold them. */
struct np_lower_ports {
    struct np_port_span *spans;
    struct np_port_member *members;
    uint32_t n_spans, n_members;
};
bool np_lower_ports_room(struct np_lower *l, struct np_lower_ports *ports, size_t room);
void np_lower_span(struct np_lower_ports *ports, uint8_t protocol, int64_t first, int64_t last);
void np_lower_all_ports(struct np_lower_ports *ports, uint8_t protocol);
void np_lower_port_name(struct np_lower *l, struct np_lower_ports *ports, int16_t protocol,
                        struct np_slice name);
struct np_axes { /* of every alternative of a rule */
    const struct np_service *service;
    const struct np_portset *names;
};
struct np_axes np_lower_axes(struct np_lower *l, const struct np_lower_ports *ports);
void np_lower_alternative(struct np_lower *l, struct np_rule *rule, const struct np_set *far,
                          struct np_axes axes);

/* What an option says as a policy of its tier; of all objects of these kinds, each rule of it. */
struct np_policy *np_lower_option_policy(struct np_lower *l, struct np_tier *tier,
                                         const char *option);
struct np_rule *np_lower_option_rule(struct np_lower *l, struct np_policy *policy,
                                     enum np_direction direction, enum np_action action,
                                     uint16_t kinds);

/* Everything but TCP, UDP and SCTP. */
const struct np_service *np_lower_other_protocols(struct np_lower *l);
enum { NP_OTHER_PROTO_JUDGE, NP_OTHER_PROTO_ALLOW, NP_OTHER_PROTO_DENY }; /* as in options.def */

/* The lowering of every refused kind, and of what a reader could not read. */
int np_lower_unreadable(struct np_lower *l);
/* A policy of which nothing but its subjects may be known, in a tier made for such. */
int np_lower_unreadable_in(struct np_lower *l, struct np_tier *tier, const struct np_set *subjects);
int np_lower_unreadable_as(struct np_lower *l, enum np_lower_tier before,
                           const struct np_set *subjects);
/* Decodes a part again without messages: is it without errors? */
bool np_decode_again(struct np_decode *d, const struct np_shape *shape, const struct np_node *node);
int np_lower_status(const struct np_lower *l);
#endif
