/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that no policy has. Source: felix/rules/endpoints.go and static.go, felix/config
 * config_params.go (the lists of failsafe ports).
 *
 * Failsafe ports of a host are accepted before its normal policies, and leave every tier of the
 * stages before translation: those go on without a word, so that nothing is untracked and the
 * forward stage, which has no failsafes, judges. (What answers them belongs to a connection that is
 * tracked, and passes with it: Felix has rules for it in the raw table, questions are about first
 * packets.) What a pod and its own node say to each other passes no interface of the node's: it is
 * accepted in the normal stage and leaves the tiers of all others. Whether a pod may speak to its
 * own node at all is DefaultEndpointToHostAction; the packets that it may not send (VXLAN,
 * IP-in-IP) are dropped before its policies.
 */
#include "dialect/calico/inventory.h"
#include "base/defect.h"

#include <math.h>

enum { TCP = 6, UDP = 17, IPIP = 4, VXLAN_PORT = 4789 };

struct port { /* of the built-in lists */
    uint8_t protocol;
    uint16_t port;
};
static const struct port inbound[] = {
    {TCP, 22  },
    {UDP, 68  },
    {TCP, 179 },
    {TCP, 2379},
    {TCP, 2380},
    {TCP, 5473},
    {TCP, 6443},
    {TCP, 6666},
    {TCP, 6667}
};
static const struct port outbound[] = {
    {UDP, 53  },
    {UDP, 67  },
    {TCP, 179 },
    {TCP, 2379},
    {TCP, 2380},
    {TCP, 5473},
    {TCP, 6443},
    {TCP, 6666},
    {TCP, 6667}
};
static const struct {
    const struct port *items;
    size_t count;
} built_in[] = {
    [NP_INGRESS] = {inbound,  sizeof inbound / sizeof *inbound  },
    [NP_EGRESS] = {outbound, sizeof outbound / sizeof *outbound}
};

static const struct np_calico_felix_spec *felix(const struct np_lower *l)
{
    const struct np_object *object = l->calico ? l->calico->felix : NULL;
    return object ? ((const struct np_calico_felix_object *)object->spec)->spec : NULL;
}

static struct np_policy *synthetic(struct np_lower *l, struct np_tier *tier, const char *option,
                                   double order)
{
    struct np_policy *policy = np_lower_option_policy(l, tier, option);
    if (policy) {
        policy->order = order;
    }
    return policy;
}

/* ---- failsafe ports ---- */

/* Ports, at the far end of `far` alone (family 0: anyone). */
static void failsafe_alternative(struct np_lower *l, struct np_rule *rule,
                                 const struct np_port_span *spans, uint32_t count,
                                 const struct np_prefix *far)
{
    struct np_match *match = count ? np_build_alt(l->build, rule) : NULL;
    if (match) {
        match->service = np_build_service(l->build, spans, count, false);
        match->far = far->address.family
                         ? np_build_set_of(l->build, np_build_cidr(l->build, *far, NP_DOMAIN_ALL))
                         : NULL;
    }
}

static void failsafe_ports(struct np_lower *l, struct np_rule *rule, enum np_direction direction)
{
    const struct np_calico_felix_spec *config = felix(l);
    bool configured = config && np_is(config->failsafe[direction].node, NP_LIST);
    size_t count = configured ? config->failsafe[direction].count : built_in[direction].count;
    struct np_port_span *spans = np_build_alloc(l->build, count, sizeof *spans);
    struct np_prefix anyone = {0};
    uint32_t used = 0;
    for (size_t i = 0; spans && i < count; i++) {
        struct port port = {0};
        const struct np_prefix *far = &anyone;
        if (configured) {
            const struct np_calico_host_port *item = &config->failsafe[direction].items[i];
            port = (struct port){item->number, (uint16_t)item->port.value};
            far = &item->prefix;
        } else {
            port = built_in[direction].items[i];
        }
        struct np_port_span span = {
            .protocol = port.protocol, .ports = true, .first = port.port, .last = port.port};
        if (far->address.family) {
            failsafe_alternative(l, rule, &span, 1, far);
        } else {
            spans[used++] = span;
        }
    }
    failsafe_alternative(l, rule, spans, used, &anyone);
}

static void failsafe(struct np_lower *l, struct np_tier *tier, enum np_direction direction,
                     enum np_action action)
{
    struct np_policy *policy = synthetic(l, tier, "failsafe_ports", -HUGE_VAL);
    failsafe_ports(l, np_lower_option_rule(l, policy, direction, action, NP_OBJ_HOST_ENDPOINT),
                   direction);
}

/* ---- the own node ---- */

enum to_host { DROP, RETURN, ACCEPT };

static enum to_host to_host(const struct np_lower *l)
{
    const struct np_calico_felix_spec *config = felix(l);
    if (l->options->endpoint_to_host) { /* felix, drop, return, accept */
        return (enum to_host)(l->options->endpoint_to_host - 1);
    }
    if (config && config->to_host.ptr && !np_slice_is(config->to_host, "Drop")) {
        return np_slice_is(config->to_host, "Return") ? RETURN : ACCEPT;
    }
    return DROP;
}

/* order: among what stands in the tier; where that is policies, before all of them. */
static void own_node(struct np_lower *l, struct np_tier *tier, const char *option,
                     enum np_direction direction, uint16_t kinds, enum np_action action,
                     double order)
{
    struct np_rule *rule =
        np_lower_option_rule(l, synthetic(l, tier, option, order), direction, action, kinds);
    struct np_match *match = np_build_alt(l->build, rule);
    if (match) {
        match->relations = NP_REL_OWN_NODE;
    }
}

/* ---- tiers of the host's stages ---- */

void np_calico_guard(struct np_lower *l, struct np_tier *tier, enum np_calico_stage stage)
{
    const struct np_object *maker = l->object;
    bool failsafes = stage != NP_CALICO_FORWARD && !l->options->failsafe_ports &&
                     !np_defect(CALICO_NO_EARLY_FAILSAFES); /* default, none */
    np_build_maker(l->build, NULL); /* it stays with the tier, not with the policy that made that */
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        enum np_direction direction = (enum np_direction)d;
        if (!l->options->own_node_hosts) { /* skip, judge */
            own_node(l, tier, "own_node_hosts", direction, NP_OBJ_HOST_ENDPOINT, NP_ACT_PASS,
                     -HUGE_VAL);
        }
        if (failsafes && (stage == NP_CALICO_UNTRACKED || direction == NP_INGRESS)) {
            failsafe(l, tier, direction, NP_ACT_PASS);
        }
    }
    np_build_maker(l->build, maker);
}

/* ---- encapsulation ---- */

static void encapsulation(struct np_lower *l)
{
    const struct np_calico_felix_spec *config = felix(l);
    uint8_t option = l->options->workload_encapsulation; /* felix, drop, allow */
    bool vxlan = option == 0 ? !config || !config->allow_vxlan.value : option == 1;
    bool ipip = option == 0 ? !config || !config->allow_ipip.value : option == 1;
    uint16_t port =
        config && config->vxlan_port.set ? (uint16_t)config->vxlan_port.value : VXLAN_PORT;
    struct np_port_span spans[] = {
        {.protocol = UDP, .ports = true,   .first = port, .last = port      },
        { .protocol = IPIP,  .ports = true, .no_port = true,    .first = 0, .last = UINT16_MAX}
    };
    if ((!vxlan && !ipip) || np_defect(CALICO_ENCAPSULATION)) {
        return;
    }
    struct np_rule *rule = np_lower_option_rule(
        l, synthetic(l, np_calico_options_tier(l), "workload_encapsulation", 1), NP_EGRESS,
        NP_ACT_DENY, NP_OBJ_WORKLOAD);
    struct np_match *match = np_build_alt(l->build, rule);
    if (match) {
        match->service =
            np_build_service(l->build, spans + !vxlan, (uint32_t)(vxlan + ipip), false);
    }
}

void np_calico_synthetic(struct np_lower *l, bool hosts)
{
    encapsulation(l);
    if (to_host(l) == DROP && !np_defect(CALICO_TO_HOST)) {
        own_node(l, np_calico_options_tier(l), "endpoint_to_host", NP_EGRESS, NP_OBJ_WORKLOAD,
                 NP_ACT_DENY, 2);
    }
    if (!hosts) {
        return;
    }
    struct np_tier *tier = np_calico_host_options_tier(l);
    for (int d = 0; !l->options->own_node_hosts && d < NP_DIRECTIONS; d++) {
        own_node(l, tier, "own_node_hosts", (enum np_direction)d, NP_OBJ_HOST_ENDPOINT,
                 NP_ACT_ALLOW, 2);
    }
    for (int d = 0; !l->options->failsafe_ports && d < NP_DIRECTIONS; d++) {
        failsafe(l, tier, (enum np_direction)d, NP_ACT_ALLOW);
    }
}

/* ---- FelixConfiguration ---- */

int np_calico_felix_lower(struct np_lower *l)
{
    if (np_core_readable(l) && l->calico && np_slice_is(l->object->name, "default")) {
        l->calico->felix = l->object;
    }
    return np_core_status(l);
}
