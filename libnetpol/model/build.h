/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_BUILD_H
#define NP_MODEL_BUILD_H
/*
 * Building a model: what dialects, the inventory readers and the model tests write with.
 *
 * One builder, one arena. A call that runs out of memory returns NULL (or does nothing) and the
 * builder remembers: check `np_build_failed` once at the end instead of after every call; every
 * function accepts NULL arguments that came from an earlier failure. The seal sorts (tiers by order
 * and name, policies by order and tie, listed rules as written), numbers every decision, indexes
 * the inventory and makes the model immutable. Load order never changes the sealed result.
 */
#include "model/policy.h"

struct np_build;
struct np_build *np_build_create(const struct netpol_ctx *ctx); /* NULL: no memory */
/*
 * A builder that has the options and the inventory of a sealed model, its checkpoints, stages and
 * tiers, and those of its policies that `keeps` says yes to; more policies may be added. The sealed
 * result shares with `before` all that lasts (ground.h), costs what its policies cost and says what
 * a model built from nothing would say; decisions keep their numbers, also those of a dropped
 * policy that is made again under its name, so numbers have gaps. NULL: no memory.
 */
struct np_build *np_build_upon(const struct np_model *before,
                               bool (*keeps)(void *user, const struct np_policy *policy),
                               void *user);
/*
 * A builder made upon a model: did something happen that is more than policies coming and going (a
 * tier was made, or one that an object made has lost its last policy)? Then its result is of no
 * use.
 */
bool np_build_outgrown(const struct np_build *b);
/*
 * To be called by the seal when the inventory is sealed and the policies are not: fills in what a
 * policy says by naming objects of the inventory. `what` lives in the builder's memory.
 */
typedef void (*np_late_fn)(struct np_build *b, const struct np_inventory *inventory, void *what);
void np_build_late(struct np_build *b, np_late_fn resolve, void *what);
/* Some network set has DNS names; known before policies are lowered. */
void np_build_name_sets(struct np_build *b);
bool np_build_names_sets(const struct np_build *b);
/* What the policies made from here on are lowered from: np_policy.maker. */
void np_build_maker(struct np_build *b, const void *maker);
/* The policies that were not kept, as the model before has them. */
const struct np_policy *const *np_build_dropped(const struct np_build *b, size_t *count);
/* The next policy that was not kept but made, *cursor from 0; it stays where it is. NULL: the end.
 */
const struct np_policy *np_build_added(const struct np_build *b, size_t *cursor);
void np_build_destroy(struct np_build *b); /* also after seal: model gone from it */
bool np_build_failed(const struct np_build *b);
struct np_arena *np_build_arena(struct np_build *b);
/* Zeroed memory of the model for `count` elements (never NULL for 0); NULL: no memory, remembered.
 */
void *np_build_alloc(struct np_build *b, size_t count, size_t element);
struct np_options *np_build_options(struct np_build *b); /* set before lowering */
np_str np_build_str(struct np_build *b, struct np_slice text);
np_str np_build_text(struct np_build *b, const char *text); /* NULL gives NULL */
np_str np_build_format(struct np_build *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void np_build_incomplete(struct np_build *b); /* answers come from a partial set */
/* Ends building: *out owns everything (np_model_destroy). OK, ERR_MEMORY. */
int np_build_seal(struct np_build *b, struct np_model **out);
void np_model_destroy(struct np_model *model);
/*
 * Gives every decision another number, once, before anybody else has the model: to[old], below
 * count, no two the same; numbers that nobody gets are free. OK, ERR_MEMORY.
 */
int np_model_renumber(struct np_model *model, const uint32_t *to, uint32_t count);

/* ---- selectors ---- */
const struct np_selector *np_build_term(struct np_build *b, enum np_scope scope, np_str key,
                                        enum np_term_op op, const np_str *values, uint32_t count);
const struct np_selector *np_build_equals(struct np_build *b, enum np_scope scope, const char *key,
                                          const char *value);
const struct np_selector *np_build_select(struct np_build *b, enum np_select_op op,
                                          const struct np_selector *const *kids, uint32_t count);

/* ---- literals and sets ---- */
const struct np_literal *np_build_objects(struct np_build *b, uint16_t kinds,
                                          const struct np_selector *selector);
const struct np_literal *np_build_cidr(struct np_build *b, struct np_prefix prefix, uint8_t domain);
const struct np_literal *np_build_node_addrs(struct np_build *b, const struct np_selector *selector,
                                             uint8_t domain);
const struct np_literal *np_build_names(struct np_build *b, const struct np_pattern *patterns,
                                        uint32_t count, uint8_t domain);
const struct np_literal *np_build_literal(struct np_build *b,
                                          const struct np_literal *literal); /* any other: copied */
struct np_set_build; /* grows clause by clause */
struct np_set_build *np_build_set(struct np_build *b);
void np_set_clause(struct np_set_build *s); /* starts an AND */
void np_set_literal(struct np_set_build *s, const struct np_literal *literal, bool negative);
const struct np_set *np_set_done(struct np_set_build *s);
const struct np_set *np_build_set_of(struct np_build *b,
                                     const struct np_literal *literal); /* one positive literal */

/* ---- ports ---- */
const struct np_service *np_build_service(struct np_build *b, const struct np_port_span *spans,
                                          uint32_t count, bool complement);
const struct np_portset *np_build_portset(struct np_build *b, const struct np_port_member *members,
                                          uint32_t count, bool complement);
const struct np_portset *np_build_portset_of(struct np_build *b,
                                             const struct np_portset *portset); /* copied */

/* ---- expressions ---- */
const struct np_expr *np_build_expr(struct np_build *b,
                                    const struct np_expr *expr); /* copied; kids too */

/* ---- checkpoints to rules ---- */
struct np_checkpoint *np_build_checkpoint(struct np_build *b, enum np_checkpoint_kind kind,
                                          enum np_direction direction, const char *name);
/* The network plane's workload checkpoint of a direction, one stage "workload"; made on first use.
 */
struct np_stage *np_build_workload_stage(struct np_build *b, enum np_direction direction);
/* POST_NAT, every route, on_end NEXT. */
struct np_stage *np_build_stage(struct np_build *b, struct np_checkpoint *checkpoint,
                                const char *name);
/* The first stage of this name in a checkpoint of this kind; NULL: none yet. */
struct np_stage *np_build_find_stage(struct np_build *b, enum np_checkpoint_kind kind,
                                     enum np_direction direction, const char *name);
/* end PASS, ALWAYS: a tier that decides at its end says so. */
struct np_tier *np_build_tier(struct np_build *b, const char *name, double order,
                              enum np_rank_order rank_order);
void np_build_add_tier(struct np_build *b, struct np_stage *stage,
                       struct np_tier *tier); /* a tier may be in several stages */
struct np_tier *np_build_find_tier(struct np_build *b, const char *name); /* NULL: none yet */
/* Subjects NULL, isolates nothing, order 0, ENFORCED. */
struct np_policy *np_build_policy(struct np_build *b, struct np_tier *tier, const char *kind,
                                  np_str namespace_name, np_str name);
/* Stays where it is until the seal; index: its place in the list, rank 0. */
struct np_rule *np_build_rule(struct np_build *b, struct np_policy *policy,
                              enum np_direction direction, enum np_action action);
/* A new alternative with every axis "any"; filled in by the caller before the next call for this
 * rule. */
struct np_match *np_build_alt(struct np_build *b, struct np_rule *rule);
void np_build_effect(struct np_build *b, struct np_rule *rule, const struct np_effect *effect);

/* ---- inventory ---- */
/*
 * Zeroed, kind WORKLOAD; the caller fills the rest, all strings from this builder. ref 0: given by
 * the seal. workload_kind, workload_name: the controller as the object names it; the seal follows
 * the chain up. host_network: the seal chooses the kind by the option.
 */
struct np_endpoint *np_build_endpoint(struct np_build *b, np_str namespace_name, np_str name);
/*
 * A representative of a workload template: dropped by the seal when a live pod resolves to the same
 * owner. The second one of a workload (sibling 1) is made by a second call.
 */
struct np_endpoint *np_build_representative(struct np_build *b, const char *workload_kind,
                                            np_str namespace_name, np_str name);
struct np_namespace *
np_build_namespace(struct np_build *b,
                   np_str name); /* one per name; metadata.name label added by the seal */
struct np_node_info *np_build_node(struct np_build *b, np_str name); /* one per name */
/* status.hostIP: an address of the node on which the endpoint runs, also when its name is not
 * known. */
void np_build_host_address(struct np_build *b, struct np_endpoint *endpoint,
                           const struct np_address *address);
struct np_service_info *np_build_service_info(struct np_build *b, np_str namespace_name,
                                              np_str name);
void np_build_backend(struct np_build *b, np_str namespace_name, np_str service,
                      const struct np_backend *backend, np_str pod_namespace,
                      np_str pod_name); /* from a slice; pod_name may be NULL */
void np_build_owner(struct np_build *b, const char *kind, np_str namespace_name, np_str name,
                    const char *owner_kind,
                    np_str owner_name); /* ReplicaSet web-abc is owned by Deployment web; workloads
                                           resolve through chains */
void np_build_service_account(struct np_build *b, np_str namespace_name, np_str name,
                              struct np_labels labels);
/* Of a kind; the caller fills in labels and prefixes. */
struct np_address_set *np_build_address_set(struct np_build *b, const char *kind, np_str name);
/* The cluster's own name among those of a mesh. */
void np_build_cluster(struct np_build *b, np_str name);
np_str np_build_cluster_name(const struct np_build *b); /* NULL: not said */
void np_build_pod_range(struct np_build *b, struct np_prefix prefix);
struct np_labels np_build_labels(struct np_build *b, const struct np_label *items,
                                 uint32_t count); /* copied, sorted */
const struct np_prefix *np_build_prefixes(struct np_build *b, const struct np_prefix *items,
                                          uint32_t count);

/* ---- looking things up in a sealed inventory (thread-safe) ---- */
const struct np_namespace *np_inventory_namespace(const struct np_inventory *inv,
                                                  struct np_slice name);
const struct np_endpoint *np_inventory_endpoint(const struct np_inventory *inv, uint64_t ref);
/* A pod by name, else the (first) endpoint of a workload by name; NULL: none. sibling: the second
 * representative, or another pod of the workload, or NULL. */
const struct np_endpoint *np_inventory_pod(const struct np_inventory *inv,
                                           struct np_slice namespace_name, struct np_slice name);
const struct np_endpoint *np_inventory_sibling(const struct np_inventory *inv,
                                               const struct np_endpoint *endpoint);
const struct np_service_info *np_inventory_service(const struct np_inventory *inv,
                                                   struct np_slice namespace_name,
                                                   struct np_slice name);
const struct np_service_info *np_inventory_service_at(const struct np_inventory *inv,
                                                      const struct np_address *address);
/*
 * Where a service sends its port at one of its backends: false when this backend does not serve the
 * port (another protocol or port name, or a target name that the endpoint does not declare).
 */
bool np_inventory_target(const struct np_service_info *service, const struct np_service_port *port,
                         const struct np_backend *backend, uint16_t *target);
/* NULL: none of this name. */
const struct np_address_set *np_inventory_address_set(const struct np_inventory *inv,
                                                      struct np_slice kind, struct np_slice name);
const struct np_node_info *np_inventory_node(const struct np_inventory *inv, struct np_slice name);
const struct np_node_info *np_inventory_node_at(const struct np_inventory *inv,
                                                const struct np_address *address);
/* Every endpoint (any kind) that covers the address; fills at most max, returns how many there are.
 */
uint32_t np_inventory_covering(const struct np_inventory *inv, const struct np_address *address,
                               const struct np_endpoint **out, uint32_t max);
bool np_inventory_in_pod_range(const struct np_inventory *inv, const struct np_address *address);
/* Is it of an address set that is inside? Whoever owns it says so first. */
bool np_inventory_is_inside(const struct np_inventory *inv, const struct np_address *address);
/*
 * The end of a hop for an address, an endpoint reference, or both (or neither: an outside address
 * not known); family: of the hop (0: unknown). With several owners of one address *n_owners > 1 and
 * `which` picks one (0 .. n_owners-1). Pods on the node's network own no address. An address of a
 * service that nothing else owns is missing SERVICE_ADDRESS, for objects and for prefixes alike;
 * one that a node or pod owns too (externalIPs) is that node or pod, np_inventory_service_at tells.
 * false: the reference is not of this inventory, or of a set of addresses, or its endpoint is not
 * known to have the address.
 */
bool np_inventory_end(const struct np_inventory *inv, const struct np_options *options,
                      uint64_t ref, const struct np_address *address, uint8_t family,
                      uint32_t which, struct np_end *out, uint32_t *n_owners);
/* What an address is that no endpoint owns, or none does any more. */
void np_inventory_place(const struct np_inventory *inv, const struct np_options *options,
                        const struct np_address *address, struct np_end *out);
#endif
