/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One checkpoint: does it exist for the hop, for which subject, and what does it decide?
 *
 * A workload's checkpoint exists where the end of the hop is a workload of the inventory. A host's
 * exists once for every host endpoint of the node: whom its policies select is that host endpoint,
 * while the conditions of rules are about the ends of the hop. What cannot be told (a pod whose
 * node is not known) makes the existence MAYBE, and the outcome the one or the other.
 */
#include "reference/internal.h"

static const struct np_end *near_end(const struct np_checkpoint *checkpoint,
                                     const struct np_hop *hop)
{
    return checkpoint->direction == NP_INGRESS ? &hop->dst : &hop->src;
}

static const struct np_end *far_end(const struct np_checkpoint *checkpoint,
                                    const struct np_hop *hop)
{
    return checkpoint->direction == NP_INGRESS ? &hop->src : &hop->dst;
}

static np_truth workload_exists(const struct np_checkpoint *checkpoint, const struct np_end *end)
{
    if (checkpoint->kind == NP_CHECK_LIST) {
        return NP_YES;
    }
    if (end->endpoint) {
        return np_truth_of(end->endpoint->kind == NP_OBJ_WORKLOAD);
    }
    return np_is_maybe(end->missing) ? end->missing : NP_NO;
}

/* Is the end at the node of this host endpoint? */
static np_truth same_node(const struct np_endpoint *host, const struct np_end *end)
{
    np_str name = np_end_node_name(end);
    if (name) {
        return np_truth_of(name == host->node_name);
    }
    if (np_is_maybe(end->missing)) {
        return end->missing;
    }
    return end->endpoint ? NP_UNKNOWN(NP_FACT_NODE) : NP_NO;
}

static np_truth host_exists(const struct np_checkpoint *checkpoint, const struct np_hop *hop,
                            const struct np_endpoint *host)
{
    np_truth here = same_node(host, near_end(checkpoint, hop));
    if (checkpoint->direction == NP_INGRESS && np_end_is_node(&hop->original)) {
        here = np_or(here, same_node(host, &hop->original)); /* where a node port is entered */
    }
    return here;
}

static np_truth selects(const struct np_model *model, const struct np_checkpoint *checkpoint,
                        const struct np_hop *hop, const struct np_end *subject)
{
    return checkpoint->subjects
               ? np_set_truth(model, checkpoint->subjects, hop, subject, far_end(checkpoint, hop))
               : NP_YES;
}

/* The subjects of a checkpoint one by one: *next starts at 0; false at the end. */
static bool next_subject(const struct np_model *model, const struct np_checkpoint *checkpoint,
                         const struct np_hop *hop, uint32_t *next, struct np_end *subject,
                         np_truth *exists)
{
    const struct np_inventory *inventory = &model->inventory;
    if (checkpoint->kind != NP_CHECK_HOST) {
        *subject = *near_end(checkpoint, hop);
        *exists = np_and(workload_exists(checkpoint, subject),
                         selects(model, checkpoint, hop, near_end(checkpoint, hop)));
        return (*next)++ == 0;
    }
    while (*next < inventory->n_endpoints) {
        const struct np_endpoint *host = inventory->endpoints[(*next)++];
        if (host->kind == NP_OBJ_HOST_ENDPOINT) {
            *subject = (struct np_end){.endpoint = host, .domain = NP_DOMAIN_NODES};
            *exists = np_and(host_exists(checkpoint, hop, host),
                             selects(model, checkpoint, hop, subject));
            return true;
        }
    }
    return false;
}

np_truth np_reference_applies(const struct np_model *model, const struct np_checkpoint *checkpoint,
                              const struct np_hop *hop)
{
    uint32_t next = 0;
    struct np_end subject;
    np_truth exists;
    np_truth any = NP_NO;
    while (next_subject(model, checkpoint, hop, &next, &subject, &exists)) {
        any = np_or(any, exists);
    }
    return any;
}

static void tell(const struct np_trace *trace, struct np_walk *walk, uint8_t kind, np_truth truth,
                 const struct np_result *result)
{
    if (trace) {
        const struct np_trace_step step = {.hop = walk->hop,
                                           .kind = kind,
                                           .truth = truth,
                                           .reached = true,
                                           .checkpoint = walk->checkpoint,
                                           .result = result};
        trace->step(trace->user, &step);
    }
}

static void judge_subject(struct np_walk *walk, np_truth exists, const struct np_trace *trace,
                          struct np_result *out)
{
    const struct np_hop *hop = walk->hop;
    walk->base = hop->effects ? hop->effects->count : 0;
    tell(trace, walk, NETPOL_STEP_CHECKPOINT, exists, NULL);
    if (trace || (walk->model->n_effects && hop->effects && hop->request)) {
        np_forward_checkpoint(walk, trace);
    }
    struct np_outcome outcome = np_fold_checkpoint(walk);
    struct np_outcome none = np_outcome_allow(0, NETPOL_REASON_NOT_JUDGED);
    /* told by the checkpoint, also where it might not exist but says the same */
    outcome = np_outcome_either(np_not(exists), &none, &outcome, outcome.decision);
    np_outcome_finish(&outcome, walk->checkpoint->mode == NP_MODE_AUDIT, out);
    tell(trace, walk, NETPOL_STEP_DECISION, exists, out);
}

void np_judge_checkpoint(const struct np_model *model, const struct np_checkpoint *checkpoint,
                         const struct np_hop *hop, uint8_t hook, bool pending,
                         const struct np_trace *trace, struct np_result *out)
{
    uint32_t next = 0;
    struct np_end subject;
    np_truth exists;
    *out = (struct np_result){
        .action = NETPOL_ALLOW, .reason = NETPOL_REASON_NOT_JUDGED, .may_allow = true};
    if (checkpoint->mode == NP_MODE_OFF || (hook && checkpoint->kind != NP_CHECK_HOST)) {
        return;
    }
    while (next_subject(model, checkpoint, hop, &next, &subject, &exists)) {
        if (exists == NP_NO) {
            continue;
        }
        struct np_walk walk = {
            .model = model,
            .hop = hop,
            .checkpoint = checkpoint,
            .direction = checkpoint->direction,
            .subject = checkpoint->kind == NP_CHECK_HOST ? &subject : near_end(checkpoint, hop),
            .pending = pending,
            .hook = hook};
        struct np_result one;
        judge_subject(&walk, exists, trace, &one);
        bool first = !(out->flags & NETPOL_PART_JUDGED);
        bool speaks = first || one.action > out->action;
        uint16_t flags = out->flags | one.flags;
        uint32_t program = one.program && (speaks || !out->program) ? one.program : out->program;
        *out = speaks ? one : *out;
        out->flags = flags;
        out->program = program;
    }
}

void np_reference_checkpoint(const struct np_model *model, const struct np_checkpoint *checkpoint,
                             const struct np_hop *hop, const struct np_trace *trace,
                             struct np_result *out)
{
    np_judge_checkpoint(model, checkpoint, hop, NETPOL_HOOK_NONE, false, trace, out);
}
