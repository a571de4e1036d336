/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers, stages, defaults, and the rules that options make. Source: pkg/policy/types/entry.go,
 * pkg/policy/repository.go (computePolicyEnforcementAndRules), pkg/policy/mapstate.go
 * (determineAllowLocalhostIngress), bpf/lib/policy.h (allow_icmp_frag_needed).
 */
#include "dialect/cilium/cilium.h"
#include "base/defect.h"

enum { ENFORCE_DEFAULT, ENFORCE_ALWAYS, ENFORCE_NEVER }; /* policy_enforcement, in options.def */
enum { LOCALHOST_ON, LOCALHOST_TOP, LOCALHOST_OFF };     /* allow_localhost */
enum { ICMPV4 = 1, FRAGMENTATION_NEEDED = 3 << 8 | 4 };  /* type, code */

static const struct {
    const char *name, *host; /* of workloads; of nodes, NULL: they have none */
    const char *unreadable, *unreadable_host;
    double order;
} tiers[NP_CILIUM_TIERS] = {
    [NP_CILIUM_OPTIONS] = {"options",  "options (host)", "unreadable",          "unreadable (host)", 0  },
    [NP_CILIUM_ADMIN] = {"Admin",    NULL,             "unreadable Admin",    NULL,                100},
    [NP_CILIUM_NORMAL] = {"Normal",   "Normal (host)",  "unreadable Normal",
                           "unreadable Normal (host)",                                               200},
    [NP_CILIUM_BASELINE] = {"Baseline", NULL,             "unreadable Baseline", NULL,                250},
    [NP_CILIUM_DEFAULT] = {"Default",  "Default (host)", "unreadable Default",
                           "unreadable Default (host)",                                              255},
};

bool np_cilium_engine(const struct np_lower *l)
{
    return l->options->engine == NP_ENGINE_CILIUM;
}

/* ---- stages ---- */

static struct np_stage *host_stage(struct np_lower *l, enum np_direction direction)
{
    return np_build_find_stage(l->build, NP_CHECK_HOST, direction, "host");
}

static void make_stage(struct np_lower *l, enum np_checkpoint_kind kind,
                       enum np_direction direction)
{
    bool host = kind == NP_CHECK_HOST;
    const char *name = host ? "host" : "workload";
    struct np_checkpoint *checkpoint = np_build_checkpoint(l->build, kind, direction, name);
    struct np_stage *stage = np_build_stage(l->build, checkpoint, name);
    if (stage) {
        bool never = l->options->policy_enforcement == ENFORCE_NEVER;
        checkpoint->mode = never ? NP_MODE_OFF : NP_MODE_ENFORCE;
        stage->applies = host ? NP_ROUTE_TO_FROM_HOST : NP_ROUTE_ANY;
        stage->on_end = NP_ON_END_ALLOW;
    }
}

static struct np_tier *tier_in(struct np_lower *l, const char *name, double order, bool host)
{
    struct np_tier *tier = np_build_find_tier(l->build, name);
    if (tier) {
        return tier;
    }
    tier =
        np_build_tier(l->build, name, order, np_defect(CILIUM_LISTED) ? NP_LISTED : NP_BY_VERDICT);
    for (int d = 0; tier && d < NP_DIRECTIONS; d++) {
        enum np_direction direction = (enum np_direction)d;
        struct np_stage *stage =
            host ? host_stage(l, direction) : np_build_workload_stage(l->build, direction);
        np_build_add_tier(l->build, stage, tier);
    }
    return tier;
}

static bool has_hosts(const struct np_lower *l)
{
    return l->options->host_firewall; /* off, on */
}

struct np_tier *np_cilium_tier(struct np_lower *l, enum np_cilium_tier which)
{
    bool early = which == NP_CILIUM_DEFAULT && np_defect(CILIUM_DEFAULT_FIRST);
    return tier_in(l, tiers[which].name,
                   early ? tiers[NP_CILIUM_BASELINE].order - 1 : tiers[which].order, false);
}

struct np_tier *np_cilium_host_tier(struct np_lower *l, enum np_cilium_tier which)
{
    return has_hosts(l) && tiers[which].host
               ? tier_in(l, tiers[which].host, tiers[which].order, true)
               : NULL;
}

struct np_tier *np_cilium_unreadable_tier(struct np_lower *l, enum np_cilium_tier which, bool host)
{
    const char *name = host ? tiers[which].unreadable_host : tiers[which].unreadable;
    return name && (!host || has_hosts(l)) ? tier_in(l, name, tiers[which].order - 1, host) : NULL;
}

/* What no tier has decided, the last one does: denied where policies isolate, else let pass. */
static void set_default(const struct np_lower *l, struct np_tier *tier)
{
    if (tier) {
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = NP_END_DENY;
        tier->end_if =
            l->options->policy_enforcement == ENFORCE_ALWAYS ? NP_ALWAYS : NP_CHECKPOINT_ISOLATED;
    }
}

/* ---- rules of options ---- */

/* What comes from the own node, which is the identity reserved:host, before what else is in the
 * tier. */
static void own_node(struct np_lower *l, struct np_tier *tier, enum np_action action)
{
    const struct np_literal host = {.kind = NP_LIT_RESERVED, .number = NETPOL_IDENTITY_HOST};
    struct np_policy *policy = np_lower_option_policy(l, tier, "allow_localhost");
    if (!policy) {
        return;
    }
    policy->order = -1;
    struct np_match *match = np_build_alt(
        l->build, np_lower_option_rule(l, policy, NP_INGRESS, action, np_lower_pod_kinds(l)));
    if (match) {
        match->far = np_build_set_of(l->build, np_build_literal(l->build, &host));
    }
}

/*
 * Of pods alone: a node is not let in to itself by this (pkg/policy/repository.go
 * computePolicyEnforcementAndRules). An interim version (pkg/policy/mapstate.go
 * determineAllowLocalhostIngress) put the allow above what Admin and Baseline deny, and still below
 * a deny of the policies in tier Normal: so the own node passes over these two tiers.
 */
static void allow_localhost(struct np_lower *l)
{
    if (l->options->allow_localhost == LOCALHOST_OFF || np_defect(CILIUM_NO_LOCALHOST)) {
        return;
    }
    if (l->options->allow_localhost == LOCALHOST_TOP) {
        own_node(l, np_cilium_tier(l, NP_CILIUM_ADMIN), NP_ACT_PASS);
        own_node(l, np_cilium_tier(l, NP_CILIUM_BASELINE), NP_ACT_PASS);
    }
    own_node(l, np_cilium_tier(l, NP_CILIUM_DEFAULT), NP_ACT_ALLOW);
}

/* Before the policy map is asked, both ways; IPv4 alone. */
static void allow_fragmentation_needed(struct np_lower *l, struct np_tier *tier, uint16_t kinds)
{
    const struct np_port_span span = {.protocol = ICMPV4,
                                      .ports = true,
                                      .first = FRAGMENTATION_NEEDED,
                                      .last = FRAGMENTATION_NEEDED};
    struct np_policy *policy = l->options->icmp_frag_needed /* allow, judge */
                                   ? NULL
                                   : np_lower_option_policy(l, tier, "icmp_frag_needed");
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        struct np_match *match = np_build_alt(
            l->build, np_lower_option_rule(l, policy, (enum np_direction)d, NP_ACT_ALLOW, kinds));
        if (match) {
            match->service = np_build_service(l->build, &span, 1, false);
        }
    }
}

/* A node to itself; for pods the frame of all engines says it. */
static void allow_self(struct np_lower *l, struct np_tier *tier)
{
    struct np_policy *policy =
        l->options->self_traffic ? np_lower_option_policy(l, tier, "self_traffic") : NULL;
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        struct np_match *match =
            np_build_alt(l->build, np_lower_option_rule(l, policy, (enum np_direction)d,
                                                        NP_ACT_ALLOW, NP_OBJ_HOST_ENDPOINT));
        if (match) {
            match->relations = NP_REL_SELF;
        }
    }
}

void np_cilium_begin(struct np_lower *l)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        make_stage(l, NP_CHECK_WORKLOAD, (enum np_direction)d);
        if (has_hosts(l)) {
            make_stage(l, NP_CHECK_HOST, (enum np_direction)d);
        }
    }
    for (int i = 0; i < NP_CILIUM_TIERS; i++) {
        np_cilium_tier(l, (enum np_cilium_tier)i);
        np_cilium_host_tier(l, (enum np_cilium_tier)i);
    }
    set_default(l, np_cilium_tier(l, NP_CILIUM_DEFAULT));
    allow_localhost(l);
    allow_fragmentation_needed(l, np_cilium_tier(l, NP_CILIUM_OPTIONS), np_lower_pod_kinds(l));
    if (has_hosts(l)) {
        set_default(l, np_cilium_host_tier(l, NP_CILIUM_DEFAULT));
        allow_self(l, np_cilium_host_tier(l, NP_CILIUM_OPTIONS));
        allow_fragmentation_needed(l, np_cilium_host_tier(l, NP_CILIUM_OPTIONS),
                                   NP_OBJ_HOST_ENDPOINT);
    }
}

/* ---- what policies name ---- */

np_str np_cilium_cluster(const struct np_lower *l)
{
    np_str said = np_build_cluster_name(l->build);
    return said ? said : np_build_text(l->build, "default");
}
