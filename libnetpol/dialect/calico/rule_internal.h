/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_RULE_INTERNAL_H
#define NP_DIALECT_CALICO_RULE_INTERNAL_H
/*
 * Lowering of a rule, taken apart: its ends (rule_end.c), its ports (rule_ports.c), its services
 * (rule_services.c), put together by rule_lower.c.
 */
#include "dialect/calico/rule.h"

/* What has the address of an end, and is selected. */
enum np_calico_whose {
    NP_CALICO_COVERING, /* a pod, a host, or a network set */
    NP_CALICO_OWNERS,   /* what may have ports with names: a pod or a host */
    NP_CALICO_STRANGERS /* no pod nor host, so a network set */
};
enum { NP_CALICO_WHOSE = NP_CALICO_STRANGERS + 1 };
/*
 * The set of an end; NULL: nothing is asked of it, or no memory. rule: the end is in the addresses
 * of its services, which are filled in for this rule; NULL: services are not asked for.
 */
const struct np_set *np_calico_rule_end(struct np_lower *l, const struct np_calico_entity *entity,
                                        enum np_calico_whose whose, struct np_rule *rule);
/* Must an object be known that its selectors select? entity may be NULL. */
bool np_calico_rule_selects(const struct np_lower *l, const struct np_calico_entity *entity);
/* The same destination, with the names of the network sets that it selects. */
const struct np_set *np_calico_with_names(struct np_lower *l, const struct np_set *end);
/* The addresses behind a service, filled in by the seal. */
const struct np_literal *np_calico_service_addresses(struct np_lower *l,
                                                     const struct np_calico_service_match *match,
                                                     struct np_rule *rule);
/* Its addresses with their ports, likewise. */
const struct np_portset *np_calico_service_ports(struct np_lower *l,
                                                 const struct np_calico_service_match *match,
                                                 const struct np_service *within,
                                                 struct np_rule *rule);

/* One of the ways in which the ports of an end may match: numbers or names; both NULL: any. */
struct np_calico_ports {
    const struct np_service *service;
    const struct np_portset *names;
    enum np_calico_whose whose;
};
enum { NP_CALICO_WAYS = 3 };
/*
 * Those of the destination, with the protocol, or of the source. Returns how many ways, not 0.
 * Where the end selects objects, names are a way of their own: a named port is one of the selected
 * pods and hosts (felix/calc/rule_scanner.go), so a network set with the same address is not
 * enough; nor is a pod that is not selected for what notPorts name.
 */
uint32_t np_calico_rule_ports(struct np_lower *l, const struct np_calico_rule *rule, bool source,
                              struct np_calico_ports ways[NP_CALICO_WAYS]);
#endif
