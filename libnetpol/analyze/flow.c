/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collecting hits. Sources: app-policy/checker/check.go (what is traced: the rule that decides,
 * each Pass, each end of a tier by the first policy that applies), goldmane/proto/methods.go.
 */
#include "analyze/flow.h"
#include "compile/matcher.h"
#include "dialect/calico/calico.h"

struct collecting {
    struct netpol_flow *flow;
    const struct np_model *model;
    bool pending;
    struct np_flow_hits here; /* of the checkpoint at hand */
    bool over;                /* nothing more is certain */
    bool named, failed;
};

/* ---- who a policy is ---- */

static int kind_of(const struct np_policy *policy)
{
    static const struct {
        const char *kind;
        uint8_t of_calico, of_kubernetes;
    } kinds[] = {
        {"NetworkPolicy",                 NETPOL_HIT_CALICO,            NETPOL_HIT_KUBERNETES    },
        {"GlobalNetworkPolicy",           NETPOL_HIT_CALICO_GLOBAL,     NETPOL_HIT_UNKNOWN       },
        {"StagedNetworkPolicy",           NETPOL_HIT_STAGED,            NETPOL_HIT_UNKNOWN       },
        {"StagedGlobalNetworkPolicy",     NETPOL_HIT_STAGED_GLOBAL,     NETPOL_HIT_UNKNOWN       },
        {"StagedKubernetesNetworkPolicy", NETPOL_HIT_STAGED_KUBERNETES, NETPOL_HIT_UNKNOWN       },
        {"ClusterNetworkPolicy",          NETPOL_HIT_UNKNOWN,           NETPOL_HIT_CLUSTER       },
        {"AdminNetworkPolicy",            NETPOL_HIT_UNKNOWN,           NETPOL_HIT_ADMIN         },
        {"BaselineAdminNetworkPolicy",    NETPOL_HIT_UNKNOWN,           NETPOL_HIT_BASELINE_ADMIN},
    };
    /* under engine=calico the tie ends in the kind by Calico's name: "name/namespace/kind" */
    static const struct np_slice kubernetes = {"Kubernetes", 10};
    struct np_slice kind = np_str_slice(policy->tie ? policy->tie : policy->kind);
    for (size_t i = kind.len; i > 0; i--) {
        if (kind.ptr[i - 1] == '/') {
            kind = (struct np_slice){kind.ptr + i, kind.len - i};
            break;
        }
    }
    bool foreign = !policy->tie;
    if (kind.len > kubernetes.len &&
        np_slice_equal((struct np_slice){kind.ptr, kubernetes.len}, kubernetes)) {
        foreign = true;
        kind = (struct np_slice){kind.ptr + kubernetes.len, kind.len - kubernetes.len};
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (np_slice_is(kind, kinds[i].kind)) {
            return foreign ? kinds[i].of_kubernetes : kinds[i].of_calico;
        }
    }
    return NETPOL_HIT_UNKNOWN;
}

static const char *kept(struct collecting *c, struct np_slice text)
{
    const char *copy = np_arena_text(&c->flow->arena, text);
    c->failed = c->failed || !copy;
    return copy ? copy : "";
}

/* Pods of every namespace share one policy that stands for their profiles: "kns" + its namespace.
 */
static const char *profile_name(struct collecting *c, const struct np_policy *policy,
                                const struct np_end *near)
{
    np_str space = near->endpoint ? near->endpoint->namespace_name : NULL;
    if (!policy->synthetic || !space) {
        return np_str_slice(policy->name).ptr;
    }
    struct np_text name np_auto(np_text_free);
    np_text_init(&name, c->flow->ctx);
    np_text_addf(&name, "%s.%s", np_str_slice(policy->name).ptr, space->text);
    c->failed = c->failed || name.failed;
    return name.failed ? "" : kept(c, (struct np_slice){name.ptr, name.len});
}

/* ---- hits ---- */

static void add(struct collecting *c, struct netpol_hit hit)
{
    struct netpol_hit *place = np_vec_push(c->flow->ctx, &c->here.list);
    if (!place) {
        c->failed = true;
        return;
    }
    hit.policy_index = (int)(c->here.list.count - 1);
    hit.text = np_hit_text(&c->flow->arena, &hit);
    c->failed = c->failed || !hit.text;
    *place = hit;
}

static const struct np_end *near_of(const struct np_trace_step *step)
{
    return step->checkpoint->direction == NP_EGRESS ? &step->hop->src : &step->hop->dst;
}

static void add_policy(struct collecting *c, const struct np_trace_step *step,
                       const struct np_policy *policy, int action, int rule_index)
{
    bool profile = np_calico_tier_is_profiles(policy->tier);
    if (policy->synthetic && !profile) {
        return; /* an option's */
    }
    add(c, (struct netpol_hit){.kind = profile ? NETPOL_HIT_PROFILE : kind_of(policy),
                               .action = action,
                               .rule_index = rule_index,
                               .tier = profile ? "__PROFILE__"
                                               : kept(c, np_calico_tier_name(policy->tier)),
                               .namespace_name = np_str_slice(policy->namespace_name).ptr,
                               .name = profile ? profile_name(c, policy, near_of(step))
                                               : np_str_slice(policy->name).ptr});
}

static void add_no_match(struct collecting *c)
{
    add(c, (struct netpol_hit){.kind = NETPOL_HIT_PROFILE,
                               .action = NETPOL_HIT_DENY,
                               .rule_index = -1,
                               .tier = "__PROFILE__",
                               .namespace_name = "",
                               .name = "__NO_MATCH__"});
}

/* ---- ends ---- */

static bool is_private(const struct np_address *address)
{
    const uint8_t *b = address->bytes;
    if (address->family == NP_IPV6) {
        return (b[0] & 0xfe) == 0xfc;
    }
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168);
}

/* The network set that covers an address: the first by name of the inventory. */
static const struct np_endpoint *set_at(const struct np_model *model, const struct np_end *end)
{
    enum { SEEN = 64 };
    const struct np_endpoint *covering[SEEN];
    uint32_t count = end->address.family
                         ? np_inventory_covering(&model->inventory, &end->address, covering, SEEN)
                         : 0;
    for (uint32_t i = 0; i < count && i < SEEN; i++) {
        if (covering[i]->kind == NP_OBJ_NETWORK_SET) {
            return covering[i];
        }
    }
    return NULL;
}

static void name_end(struct collecting *c, const struct np_end *end, struct np_flow_end *out)
{
    const struct np_endpoint *endpoint = end->endpoint ? end->endpoint : set_at(c->model, end);
    *out = (struct np_flow_end){.namespace_name = "", .name = ""};
    if (endpoint) {
        out->namespace_name = np_str_slice(endpoint->namespace_name).ptr;
        out->name = np_str_slice(endpoint->name).ptr;
        out->labels = endpoint->labels;
    } else if (end->node) {
        out->name = np_str_slice(end->node->name).ptr;
    } else if (end->address.family) {
        out->name = is_private(&end->address) ? "pvt" : "pub";
    }
}

/* ---- the walk ---- */

/* What may or may not have been taken ends what is certain; what was taken and decides ends it too.
 */
static bool is_taken(struct collecting *c, const struct np_trace_step *step, np_truth truth)
{
    if (c->over || !step->reached || truth == NP_NO) {
        return false;
    }
    c->here.open = c->here.open || np_is_maybe(truth);
    c->over = c->here.open;
    return !c->over;
}

static void tell_rule(struct collecting *c, const struct np_trace_step *step)
{
    const struct np_rule *rule = step->rule;
    if (rule->action == NP_ACT_NOTE || !is_taken(c, step, step->truth)) {
        return;
    }
    if (rule->action == NP_ACT_PASS) {
        add_policy(c, step, rule->policy, NETPOL_HIT_PASS, (int)rule->index);
    } else {
        c->here.open = rule->action == NP_ACT_ASK;
        c->over = true;
    }
}

static void tell_tier_end(struct collecting *c, const struct np_trace_step *step)
{
    bool passes = step->tier->end[step->checkpoint->direction] == NP_END_PASS;
    if (!is_taken(c, step, passes ? step->applies : step->truth)) {
        return;
    }
    if (passes) {
        add_policy(c, step, step->applying, NETPOL_HIT_PASS, -1);
    } else {
        c->over = true;
    }
}

static void add_decision(struct collecting *c, const struct np_trace_step *step)
{
    const struct np_result *result = step->result;
    int action = result->action == NETPOL_ALLOW ? NETPOL_HIT_ALLOW : NETPOL_HIT_DENY;
    if ((result->action != NETPOL_ALLOW && result->action != NETPOL_DENY) || !result->decision) {
        return;
    }
    const struct np_decision *by = &c->model->decisions[result->decision];
    switch (by->kind) {
    case NP_DECIDED_RULE:
        add_policy(c, step, by->rule->policy, action, (int)by->rule->index);
        break;
    case NP_DECIDED_ISOLATION:
        add_policy(c, step, by->policy, action, -1);
        break;
    case NP_DECIDED_TIER_END:
        if (np_calico_tier_is_profiles(by->tier)) {
            add_no_match(c);
        }
        break;
    default:
        break;
    }
}

/* As verdicts do (reference/hop.c): the worse speaks; of two that allow, the workload. */
static void keep(struct collecting *c, const struct np_trace_step *step)
{
    struct np_flow_hits *side = &c->flow->hits[c->pending][step->checkpoint->direction];
    bool workload = step->checkpoint->kind == NP_CHECK_WORKLOAD;
    bool better = workload && c->here.action == NETPOL_ALLOW && side->action == NETPOL_ALLOW;
    if (!side->judged || better || c->here.action > side->action) {
        struct np_flow_hits old = *side;
        *side = c->here;
        side->judged = true;
        c->here = old;
    }
}

static void collect(void *user, const struct np_trace_step *step)
{
    struct collecting *c = user;
    if (step->checkpoint->plane == NETPOL_PLANE_MESH) {
        return; /* its proxies log for themselves */
    }
    switch (step->kind) {
    case NETPOL_STEP_CHECKPOINT:
        if (!c->named) {
            name_end(c, &step->hop->src, &c->flow->src);
            name_end(c, &step->hop->dst, &c->flow->dst);
            c->named = true;
        }
        c->here.list.count = 0;
        c->here.open = c->over = np_is_maybe(step->truth);
        break;
    case NETPOL_STEP_STAGE:
        c->over = c->over || (step->reached && np_is_maybe(step->truth));
        c->here.open = c->here.open || (step->reached && np_is_maybe(step->truth));
        break;
    case NETPOL_STEP_RULE:
        tell_rule(c, step);
        break;
    case NETPOL_STEP_TIER_END:
        tell_tier_end(c, step);
        break;
    case NETPOL_STEP_DECISION:
        c->here.action = step->result->action;
        add_decision(c, step);
        keep(c, step);
        break;
    default:
        break;
    }
}

/* ---- the whole ---- */

static struct netpol_flow *make(const struct netpol_ctx *ctx, struct netpol_matcher *matcher,
                                const struct netpol_tuple *tuple)
{
    struct netpol_flow *flow = np_zalloc(ctx, sizeof *flow);
    if (flow) {
        flow->ctx = ctx;
        flow->matcher = matcher ? np_matcher_ref(matcher) : NULL;
        flow->protocol = tuple->protocol;
        flow->has_port = !(tuple->flags & (NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_LATER_FRAGMENT));
        flow->port = tuple->dst_port;
        np_arena_init(&flow->arena, ctx, 1024);
    }
    return flow;
}

int np_flow(const struct netpol_ctx *ctx, const struct np_model *model,
            struct netpol_matcher *matcher, const struct netpol_point *point,
            const struct netpol_tuple *tuple, const struct netpol_request *request,
            const struct np_named *const named[2], struct netpol_flow **out)
{
    struct np_end_names names[2];
    struct netpol_flow *flow = make(ctx, matcher, tuple);
    if (!flow) {
        return NETPOL_ERR_MEMORY;
    }
    struct collecting c = {.flow = flow, .model = model};
    struct np_trace trace = {.user = &c, .step = collect};
    struct netpol_verdict verdict;
    np_end_names_of(named, names);
    np_reference_eval_named(model, tuple, request, names, point, &trace, &verdict);
    c.pending = true;
    np_reference_eval_pending(model, tuple, request, names, point, &trace, &verdict);
    np_vec_free(ctx, &c.here.list);
    if (c.failed) {
        np_flow_destroy(flow);
        return NETPOL_ERR_MEMORY;
    }
    *out = flow;
    return NETPOL_OK;
}

void np_flow_destroy(struct netpol_flow *flow)
{
    if (!flow) {
        return;
    }
    for (size_t i = 0; i < 2 * NP_DIRECTIONS; i++) {
        np_vec_free(flow->ctx, &flow->hits[i / NP_DIRECTIONS][i % NP_DIRECTIONS].list);
    }
    struct netpol_matcher *matcher = flow->matcher;
    np_arena_free(&flow->arena);
    np_free(flow->ctx, flow, sizeof *flow);
    np_matcher_unref(matcher);
}
