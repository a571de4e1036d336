/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_CALICO_H
#define NP_DIALECT_CALICO_CALICO_H
/*
 * What the Calico kinds share: the tiers and the stages in which they stand (engine=calico).
 *
 * A workload has one stage. Its tiers, in order: `(options)` (synthetic rules), those of the Tier
 * objects and the three that are built in, those that policies name and nobody made, `(profiles)`.
 * A host endpoint has up to four stages, each with tiers of its own but the last:
 *
 *     untracked   before translation; the tier's end always goes on
 *     preDNAT     before translation, inbound only; the tier's end always goes on
 *     forward     what the node forwards; where no tier decides it is allowed
 *     normal      what begins or ends on the host: the workload's tiers, profiles included
 *
 * An allow in any of them leaves the host endpoint. Sources: felix/calc/event_sequencer.go
 * tierInfoToProtoTierInfo, felix/bpf/polprog Instructions.
 *
 * Tiers of synthetic rules have parentheses in their names, which no Tier can have.
 */
#include "dialect/lower.h"

enum np_calico_stage {
    NP_CALICO_NORMAL,
    NP_CALICO_FORWARD,
    NP_CALICO_PRE_DNAT,
    NP_CALICO_UNTRACKED,
    NP_CALICO_STAGES
};
/*
 * The tier of a Tier's name in a stage, made on first use (the host's stages with it). A name that
 * no Tier object has, nor is built in: last, end DENY, reported when the model is checked
 * (np_calico_check). NULL: no memory.
 */
struct np_tier *np_calico_tier(struct np_lower *l, struct np_slice name,
                               enum np_calico_stage stage);
/*
 * In front of that tier, in its stages: for policies that could not be read
 * (np_lower_unreadable_in).
 */
struct np_tier *np_calico_unreadable_tier(struct np_lower *l, struct np_slice name,
                                          enum np_calico_stage stage);
/* The Tier's name: "default" of "default (forward)". */
struct np_slice np_calico_tier_name(const struct np_tier *tier);
/* `(profiles)`, which is no Tier. */
bool np_calico_tier_is_profiles(const struct np_tier *tier);
/* The tier was named by policies and made by nobody. */
bool np_calico_tier_missing(const struct np_tier *tier);
/*
 * "name/namespace/kind", by which policies of one order are compared as bytes (PolKVLess); kinds of
 * Kubernetes are called "KubernetesNetworkPolicy" and so on there.
 */
np_str np_calico_tie(struct np_lower *l, np_str kind);

bool np_calico_engine(const struct np_lower *l);
/* The tiers that are always there. Before all lowering, engine=calico only. */
void np_calico_begin(struct np_lower *l);
/* The host's stages, if they are not there yet. */
void np_calico_hosts(struct np_lower *l);
/* Of a sealed model: tiers that nobody made. */
void np_calico_check(struct np_lower *l, const struct np_model *model);
/* Of a Tier object; HUGE_VAL: no order. Nothing happens where the tier is there. */
void np_calico_make_tier(struct np_lower *l, struct np_slice name, double order,
                         enum np_end_action end);
/* Before every tier, and after them: `(options)`, `(profiles)`; the host's normal stage has its
 * own. */
struct np_tier *np_calico_options_tier(struct np_lower *l);
struct np_tier *np_calico_host_options_tier(struct np_lower *l);
struct np_tier *np_calico_profiles_tier(struct np_lower *l);
struct np_tier *np_calico_host_profiles_tier(struct np_lower *l);

/* ---- what endpoints and configuration add up to ---- */
/* Objects of a kind, in the order of all objects. */
struct np_calico_item {
    const struct np_object *object;
    struct np_endpoint *endpoint; /* NULL: none made of it */
    struct np_calico_item *next;
};
struct np_calico_list {
    struct np_calico_item *first, *last;
};
struct np_calico { /* np_lower.calico */
    struct np_calico_list hosts, workloads, profiles;
    const struct np_object *felix; /* the FelixConfiguration; NULL: none */
};
struct np_calico_item *np_calico_note(struct np_lower *l, struct np_calico_list *list);
/*
 * After all kinds that are no policies: labels of profiles, WorkloadEndpoints without a Pod, the
 * host's stages where there are host endpoints, profiles and synthetic rules. OK, ERR_MEMORY.
 */
int np_calico_cluster(struct np_lower *l, struct np_object *const *objects, size_t count);
/* Profiles: a policy for each of them in each place of the lists that name it. */
void np_calico_profiles(struct np_lower *l);
/* Adds the labels of an endpoint's profiles that it does not have itself; the first profile wins.
 */
void np_calico_profile_labels(struct np_lower *l, const struct np_calico_item *item);

/* Everything that options say of hosts and pods; hosts: there are host endpoints. */
void np_calico_synthetic(struct np_lower *l, bool hosts);
/* What leaves a tier of these stages before its first rule: failsafe ports, the own node's pods. */
void np_calico_guard(struct np_lower *l, struct np_tier *tier, enum np_calico_stage stage);
#endif
