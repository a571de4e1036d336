/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the reference: a near end, a far end, their relation, ports. */
#include "compile/plan.h"

const struct np_relation_view np_relation_views[NP_RELATIONS] = {
    [NP_RELATION_OTHER] = {NP_REL_OTHER,                   NP_NO                   },
    [NP_RELATION_SELF] = {NP_REL_SELF,                    NP_NO                   },
    [NP_RELATION_OWN_NODE] = {NP_REL_OWN_NODE,                NP_NO                   },
    [NP_RELATION_MAYBE_NODE] = {NP_REL_OWN_NODE | NP_REL_OTHER, NP_UNKNOWN(NP_FACT_NODE)},
    [NP_RELATION_MAYBE_UNLEARNT] = {NP_REL_SELF | NP_REL_OTHER,
                           NP_UNKNOWN(NP_FACT_UNLEARNT_ADDRESS)                    },
    [NP_RELATION_MAYBE_TRANSLATED] = {NP_REL_SELF | NP_REL_OTHER,
                           NP_UNKNOWN(NP_FACT_SERVICE_ADDRESS)                     },
};

static const struct netpol_part *part_of(const struct netpol_verdict *verdict,
                                         enum np_side_of_hop side)
{
    return side == NP_SIDE_EGRESS    ? &verdict->egress
           : side == NP_SIDE_INGRESS ? &verdict->ingress
                                     : &verdict->mesh;
}

struct np_hop np_ask_hop(const struct np_plan *plan, const struct np_side_plan *side, uint32_t near,
                         uint32_t far, enum np_relation relation, const struct np_port_point *point,
                         uint16_t source_port)
{
    const struct np_sig *near_sig = &plan->draft.sigs[near];
    const struct np_sig *far_sig = &plan->draft.sigs[far];
    struct np_hop hop = {.family = point->family,
                         .protocol = point->protocol,
                         .has_ports = point->kind == NP_PORT_KNOWN,
                         .ports_unknown = point->kind == NP_PORT_UNKNOWN,
                         .src_port = source_port,
                         .dst_port = point->port};
    if (plan->ports.n_families == 1) { /* no rule looks at it */
        hop.family = near_sig->family ? near_sig->family : far_sig->family;
    }
    struct np_end *near_end = side->near_is_source ? &hop.src : &hop.dst;
    struct np_end *far_end = side->near_is_source ? &hop.dst : &hop.src;
    *near_end = near_sig->end;
    *far_end = far_sig->end;
    near_end->relations = far_end->relations = np_relation_views[relation].possible;
    near_end->relation_cause = far_end->relation_cause = np_relation_views[relation].cause;
    hop.original = hop.dst;
    hop.original_port = hop.dst_port;
    return hop;
}

struct np_answer np_ask(struct np_plan *plan, const struct np_side_plan *side,
                        const struct np_model *focus, uint32_t near, uint32_t far,
                        enum np_relation relation, const struct np_port_point *point,
                        uint16_t source_port)
{
    struct np_hop hop = np_ask_hop(plan, side, near, far, relation, point, source_port);
    struct netpol_verdict verdict;
    np_reference_hop(focus, &hop, NULL, NULL, &verdict);
    plan->tables.evaluated++;
    return (struct np_answer){*part_of(&verdict, side->side), verdict.missing};
}
