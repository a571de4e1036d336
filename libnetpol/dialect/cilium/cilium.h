/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_CILIUM_H
#define NP_DIALECT_CILIUM_CILIUM_H
/*
 * What the Cilium kinds share: the tiers in which they stand (engine=cilium).
 *
 *     options    0     synthetic rules: what passes before every policy
 *     Admin      100   ClusterNetworkPolicy (tier Admin), AdminNetworkPolicy
 *     Normal     200   CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy: one rank
 *     Baseline   250   ClusterNetworkPolicy (tier Baseline), BaselineAdminNetworkPolicy
 *     Default    255   the own node; denied where some policy of any tier isolates the subject
 *
 * All of them are BY_VERDICT: of what has one key a deny comes before an allow, an allow before a
 * pass, however specific. Sources: pkg/policy/types/entry.go (tiers), pkg/policy/mapstate.go and
 * pkg/policy/testutils/simulate.go (order), pkg/policy/repository.go
 * computePolicyEnforcementAndRules (default).
 *
 * Nodes are subjects under host_firewall=on: a stage of their own with the tiers options, Normal
 * and Default, whose names end in " (host)".
 */
#include "dialect/lower.h"

enum np_cilium_tier {
    NP_CILIUM_OPTIONS,
    NP_CILIUM_ADMIN,
    NP_CILIUM_NORMAL,
    NP_CILIUM_BASELINE,
    NP_CILIUM_DEFAULT,
    NP_CILIUM_TIERS
};
bool np_cilium_engine(const struct np_lower *l);
/* Of workloads; NULL: no memory. */
struct np_tier *np_cilium_tier(struct np_lower *l, enum np_cilium_tier which);
/* Of nodes; NULL: option host_firewall=off, a tier that nodes do not have, or no memory. */
struct np_tier *np_cilium_host_tier(struct np_lower *l, enum np_cilium_tier which);
/*
 * In front of that tier: for policies that could not be read (np_lower_unreadable_in). host: of
 * nodes, NULL as above.
 */
struct np_tier *np_cilium_unreadable_tier(struct np_lower *l, enum np_cilium_tier which, bool host);
/* The tiers that are always there, and synthetic rules. Before all lowering, engine=cilium only. */
void np_cilium_begin(struct np_lower *l);
/* After all kinds that are no policies: with host_firewall=on a subject for each node that is
 * loaded. OK, ERR_MEMORY. */
int np_cilium_hosts(struct np_lower *l, struct np_object *const *objects, size_t count);

/* Of a sealed model: what policies name and nobody has given. OK, ERR_MEMORY. */
int np_cilium_check(struct np_lower *l, const struct np_model *model);

/* Of the objects: policies about nodes that decide nothing. */
void np_cilium_check_hosts(struct np_lower *l, struct np_object *const *objects, size_t count);

/* The cluster's name, "default" where nothing says another. */
np_str np_cilium_cluster(const struct np_lower *l);
/*
 * Ranges by the name of a CiliumCIDRGroup; of all groups that a selector matches. They match
 * addresses that CIDRs of policies match at all (options ipblock_matches_*), and are filled in when
 * the inventory is sealed: until then a literal says nothing. A name that nobody has given matches
 * nothing, with a warning.
 */
const struct np_literal *np_cilium_group_literal(struct np_lower *l, struct np_slice name);
const struct np_literal *np_cilium_groups_literal(struct np_lower *l,
                                                  const struct np_label_selector *selector);
/* The same for a set of addresses that the caller feeds (netpol_store_put_set). */
const struct np_literal *np_cilium_fed_literal(struct np_lower *l, struct np_slice name);
/*
 * A reserved identity by its number (pkg/identity/numericidentity.go): those that the model knows,
 * or their addresses where objects tell them: health and ingress (CiliumNode), the API server.
 */
const struct np_literal *np_cilium_reserved_literal(struct np_lower *l, uint32_t number);
/* The API server: addresses of the backends of Service default/kubernetes, as far as known. */
const struct np_literal *np_cilium_apiserver_literal(struct np_lower *l);
/*
 * Of a ClusterNetworkPolicy, with the names that one of its rules allows: makes of `rule`, which
 * has no alternative yet, one that lets them be asked for. rule NULL: no memory. (queries.c)
 */
void np_cilium_allow_queries(struct np_lower *l, const struct np_node *node,
                             const struct np_string_item *domains, size_t count,
                             struct np_rule *rule);
#endif
