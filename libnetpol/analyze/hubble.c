/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting flows. Sources: pkg/hubble/parser/{threefour,seven}/parser.go (verdict, drop reason),
 * pkg/node/types/nodename.go (the node's name); spec of flows: api/v1/flow/flow.proto.
 */
#include "analyze/hubble.h"
#include "dialect/cilium/identity.h"

struct collecting {
    struct netpol_hubble *hubble;
    np_vec(struct np_hubble_met) met; /* at the checkpoint at hand */
    struct side {
        bool judged;
        struct np_hubble_flow flow;
    } sides[NP_DIRECTIONS];
    bool failed;
};

/* ---- the judging node ---- */

static const char *kept(struct collecting *c, struct np_slice text)
{
    const char *copy = np_arena_text(&c->hubble->arena, text);
    c->failed = c->failed || !copy;
    return copy ? copy : "";
}

/* "default/n1", as Cilium names nodes; the name alone under another engine. */
static const char *node_of(struct collecting *c, const struct np_end *near)
{
    np_str name = near->node ? near->node->name : near->endpoint ? near->endpoint->node_name : NULL;
    struct np_text full np_auto(np_text_free);
    np_text_init(&full, c->hubble->ctx);
    if (!name) {
        return "";
    }
    if (c->hubble->identities) {
        np_text_addf(&full, "%s/", np_cilium_cluster_of(&c->hubble->model->inventory).ptr);
    }
    np_text_addf(&full, "%s", name->text);
    c->failed = c->failed || full.failed;
    return full.failed ? "" : kept(c, (struct np_slice){full.ptr, full.len});
}

/* ---- verdicts ---- */

/* Nobody has said that the ends have authenticated: the datapath drops until they have, also what a
 * proxy would read (bpf/lib/policy.h, __policy_check). */
static bool waits_for_auth(const struct np_trace_step *step, const struct np_rule *by)
{
    const struct netpol_request *request = step->hop->request;
    const struct np_result *result = step->result;
    bool done = request && request->authenticated == NETPOL_TRI_YES;
    return (result->flags & NETPOL_PART_AUTH_REQUIRED) && by && by->action == NP_ACT_ALLOW &&
           (result->action == NETPOL_DENY || (result->action == NETPOL_INSPECT && !done));
}

static int verdict_of(const struct np_trace_step *step, const struct np_rule *by)
{
    const struct np_result *result = step->result;
    if (result->flags & NETPOL_PART_WOULD_DENY && result->audited) {
        return NETPOL_HUBBLE_AUDIT;
    }
    if (waits_for_auth(step, by)) {
        return NETPOL_HUBBLE_DROPPED;
    }
    switch (result->action) {
    case NETPOL_ALLOW:
        return result->flags & NETPOL_PART_REDIRECT ? NETPOL_HUBBLE_REDIRECTED
                                                    : NETPOL_HUBBLE_FORWARDED;
    case NETPOL_INSPECT:
        return NETPOL_HUBBLE_REDIRECTED;
    case NETPOL_DENY:
        return NETPOL_HUBBLE_DROPPED;
    default:
        return NETPOL_HUBBLE_ERROR;
    }
}

static void tell_verdict(const struct np_trace_step *step, const struct np_rule *by,
                         struct netpol_hubble_flow *flow)
{
    flow->verdict = verdict_of(step, by);
    flow->auth_type = (int)(step->result->program % NP_AUTH_MODES);
    flow->denied = flow->verdict == NETPOL_HUBBLE_DROPPED || flow->verdict == NETPOL_HUBBLE_AUDIT;
    if (flow->verdict != NETPOL_HUBBLE_DROPPED) {
        return;
    }
    flow->drop = waits_for_auth(step, by)          ? NETPOL_HUBBLE_DROP_AUTH_REQUIRED
                 : by && by->action == NP_ACT_DENY ? NETPOL_HUBBLE_DROP_POLICY_DENY
                                                   : NETPOL_HUBBLE_DROP_POLICY_DENIED;
}

static void make_flow(struct collecting *c, const struct np_trace_step *step,
                      struct np_hubble_flow *flow)
{
    const struct np_result *result = step->result;
    const struct np_decision *decision =
        result->decision ? &c->hubble->model->decisions[result->decision] : NULL;
    const struct np_rule *by =
        decision && decision->kind == NP_DECIDED_RULE ? decision->rule : NULL;
    enum np_direction direction = (enum np_direction)step->checkpoint->direction;
    const struct np_end *near = direction == NP_EGRESS ? &step->hop->src : &step->hop->dst;
    *flow = (struct np_hubble_flow){
        .told = {.side = direction == NP_EGRESS ? NETPOL_SIDE_EGRESS : NETPOL_SIDE_INGRESS,
                 .rule = result->decision},
        .node = node_of(c, near),
        .action = result->action,
        .reason = result->reason,
        .missing = result->action == NETPOL_UNKNOWN ? result->missing : 0
    };
    tell_verdict(step, by, &flow->told);
    if (flow->told.verdict != NETPOL_HUBBLE_ERROR) {
        bool told = by ? np_hubble_by_rule(c->hubble, step, by, c->met.items, c->met.count, flow)
                       : np_hubble_by_none(c->hubble, direction, &flow->told);
        c->failed = c->failed || !told;
    }
    c->failed = c->failed || !np_hubble_end(c->hubble, &step->hop->src, near, &flow->src) ||
                !np_hubble_end(c->hubble, &step->hop->dst, near, &flow->dst);
    flow->told.src_identity = flow->src.identity;
    flow->told.dst_identity = flow->dst.identity;
}

/* ---- the walk ---- */

/* Does the rule match as far as the datapath can see? */
static bool has_matched(const struct np_trace_step *step)
{
    const np_truth open = step->truth & NP_CAUSES;
    return step->reached &&
           (step->truth == NP_YES || (np_is_maybe(step->truth) && open == NP_CAUSE_REQUEST));
}

static void collect(void *user, const struct np_trace_step *step)
{
    struct collecting *c = user;
    if (step->checkpoint->plane == NETPOL_PLANE_MESH) {
        return; /* another proxy's */
    }
    if (step->kind == NETPOL_STEP_CHECKPOINT) {
        c->met.count = 0;
    } else if (step->kind == NETPOL_STEP_RULE && has_matched(step)) {
        struct np_hubble_met *met = np_vec_push(c->hubble->ctx, &c->met);
        c->failed = c->failed || !met;
        if (met) {
            *met = (struct np_hubble_met){step->rule, step->alternative};
        }
    } else if (step->kind == NETPOL_STEP_DECISION) {
        /* as verdicts do (reference/hop.c): the worse speaks; of two that allow, the workload */
        struct side *side = &c->sides[step->checkpoint->direction];
        if (np_is_maybe(step->truth) && step->result->action == NETPOL_ALLOW) {
            return; /* perhaps nobody judges here, and it passes in any case */
        }
        bool better = step->checkpoint->kind == NP_CHECK_WORKLOAD &&
                      step->result->action == NETPOL_ALLOW && side->flow.action == NETPOL_ALLOW;
        if (!side->judged || better || step->result->action > side->flow.action) {
            side->judged = true;
            make_flow(c, step, &side->flow);
        }
    }
}

/* ---- with the request ---- */

static bool is_about_requests(const struct netpol_request *request)
{
    return request && request->kind != NETPOL_REQUEST_NONE;
}

static void add_flow(struct netpol_hubble *hubble, const struct np_hubble_flow *flow)
{
    hubble->flows[hubble->n_flows++] = *flow;
}

/* What the proxy says of the request (pkg/hubble/parser/seven: no policies, no authentication). */
static void add_request(struct netpol_hubble *hubble, const struct np_hubble_flow *connection,
                        const struct netpol_part *part)
{
    struct np_hubble_flow flow = *connection;
    flow.told.l7 = 1;
    flow.told.match = NETPOL_HUBBLE_MATCH_NONE;
    flow.told.auth_type = 0;
    flow.told.policies = NULL;
    flow.told.n_policies = 0;
    flow.n_logs = 0;
    flow.told.denied = part->action == NETPOL_DENY;
    flow.told.rule = part->rule;
    flow.told.verdict = part->action == NETPOL_ALLOW  ? NETPOL_HUBBLE_FORWARDED
                        : part->action == NETPOL_DENY ? NETPOL_HUBBLE_DROPPED
                                                      : NETPOL_HUBBLE_ERROR;
    flow.action = flow.answer = part->action;
    flow.reason = part->reason;
    add_flow(hubble, &flow);
}

static void add_sides(struct collecting *c, const struct netpol_verdict *whole, bool request)
{
    static const enum np_direction order[] = {NP_EGRESS, NP_INGRESS};
    for (size_t i = 0; i < NP_DIRECTIONS; i++) {
        const struct side *side = &c->sides[order[i]];
        const struct netpol_part *part = order[i] == NP_EGRESS ? &whole->egress : &whole->ingress;
        if (!side->judged) {
            continue;
        }
        int verdict = side->flow.told.verdict;
        struct np_hubble_flow flow = side->flow;
        flow.answer = part->action;
        add_flow(c->hubble, &flow);
        if (request && verdict == NETPOL_HUBBLE_REDIRECTED) {
            add_request(c->hubble, &side->flow, part);
        }
        if (verdict == NETPOL_HUBBLE_DROPPED || verdict == NETPOL_HUBBLE_ERROR ||
            part->action == NETPOL_DENY || part->action == NETPOL_UNKNOWN) {
            return; /* what is not passed on is not met again */
        }
    }
}

/* A tuple that cannot be, or whose end nobody knows: no checkpoint was met. */
static void add_refusal(struct netpol_hubble *hubble, const struct netpol_verdict *verdict)
{
    bool denied = verdict->action == NETPOL_DENY;
    add_flow(hubble,
             &(struct np_hubble_flow){
                 .told = {.verdict = denied ? NETPOL_HUBBLE_DROPPED : NETPOL_HUBBLE_ERROR,
                          .drop = denied ? NETPOL_HUBBLE_DROP_INVALID_PACKET : 0,
                          .denied = denied                                                                                    },
                 .src = { .namespace_name = "",                                                      .pod = "", .workload = "", .workload_kind = ""},
                 .dst = { .namespace_name = "",                                                      .pod = "", .workload = "", .workload_kind = ""},
                 .node = "",
                 .action = verdict->action,
                 .answer = verdict->action,
                 .reason = verdict->egress.reason,
                 .missing = verdict->missing
    });
}

/* ---- the whole ---- */

static struct netpol_hubble *make(struct netpol_matcher *matcher, const struct netpol_tuple *tuple)
{
    struct netpol_hubble *hubble = np_zalloc(matcher->ctx, sizeof *hubble);
    if (hubble) {
        hubble->ctx = matcher->ctx;
        hubble->matcher = np_matcher_ref(matcher);
        hubble->model = np_whole_of(matcher)->model;
        hubble->identities = matcher->image.count[NP_SECTION_IDENTITIES] != 0;
        hubble->tuple = *tuple;
        np_arena_init(&hubble->arena, hubble->ctx, 1024);
    }
    return hubble;
}

int np_hubble(struct netpol_matcher *matcher, const struct netpol_point *point,
              const struct netpol_tuple *tuple, const struct netpol_request *request,
              struct netpol_hubble **out)
{
    struct netpol_hubble *hubble = make(matcher, tuple);
    if (!hubble) {
        return NETPOL_ERR_MEMORY;
    }
    struct collecting c = {.hubble = hubble};
    struct np_trace trace = {.user = &c, .step = collect};
    struct netpol_verdict first, whole;
    struct netpol_request bare = NETPOL_REQUEST_INIT;
    bool l7 = is_about_requests(request);
    if (request) { /* what the datapath knows of it: all but the request and the name in it */
        bare = *request;
        bare.kind = NETPOL_REQUEST_NONE;
        bare.sni = (struct netpol_field){0};
    }
    np_reference_eval(hubble->model, tuple, request ? &bare : NULL, point, &trace, &first);
    np_reference_eval(hubble->model, tuple, request, point, NULL, &whole);
    np_vec_free(hubble->ctx, &c.met);
    add_sides(&c, &whole, l7);
    if (hubble->n_flows == 0 && whole.action != NETPOL_ALLOW) {
        add_refusal(hubble, &whole);
    }
    if (request && request->original_family) {
        struct np_address address = {.family = request->original_family};
        memcpy(address.bytes, request->original, sizeof address.bytes);
        hubble->service = np_inventory_service_at(&hubble->model->inventory, &address);
    }
    if (c.failed || !np_hubble_keep_request(hubble, request)) {
        np_hubble_destroy(hubble);
        return NETPOL_ERR_MEMORY;
    }
    *out = hubble;
    return NETPOL_OK;
}

void np_hubble_destroy(struct netpol_hubble *hubble)
{
    if (hubble) {
        struct netpol_matcher *matcher = hubble->matcher;
        np_arena_free(&hubble->arena);
        np_free(hubble->ctx, hubble, sizeof *hubble);
        np_matcher_unref(matcher);
    }
}
