/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: tiers, profiles, host endpoints and their stages. */
#include "differential/calico_oracle.h"

#define SPACE_LABEL   "projectcalico.org/namespace"
#define ACCOUNT_LABEL "projectcalico.org/serviceaccount"

/* ---- which policies apply ---- */

enum stage { WORKLOAD, UNTRACKED, PRE_DNAT, FORWARD, NORMAL };

static bool is_staged(const struct cal_policy *p)
{
    return p->kind == CAL_STAGED_NP || p->kind == CAL_STAGED_GNP || p->kind == CAL_STAGED_K8S;
}

static bool is_kubernetes(const struct cal_policy *p)
{
    return p->kind >= CAL_STAGED_K8S;
}

/* A staged deletion of its namespace and name, of the staged twin of its kind; a tier is no part of
 * who a policy is. */
static bool is_deleted(const struct cal *c, const struct cal_policy *p)
{
    for (unsigned i = 0; i < CAL_POLICIES; i++) {
        const struct cal_policy *other = &c->policies[i];
        bool twin = (p->kind == CAL_NP && other->kind == CAL_STAGED_NP) ||
                    (p->kind == CAL_GNP && other->kind == CAL_STAGED_GNP) ||
                    (p->kind == CAL_K8S && other->kind == CAL_STAGED_K8S);
        if (twin && other->present && other->staged == CAL_DELETE_IT && other->space == p->space &&
            other->name == p->name) {
            return true;
        }
    }
    return false;
}

static bool counts(const struct cal *c, const struct cal_policy *p, bool pending)
{
    if (is_staged(p)) {
        return pending && p->staged <= CAL_SET_IT;
    }
    return !pending || !is_deleted(c, p);
}

static bool has_type(const struct cal_policy *p, unsigned direction)
{
    if (p->kind == CAL_CNP) {
        return p->n_rules[direction] > 0;
    }
    if (p->typed) {
        return p->types >> direction & 1;
    }
    if (direction == CAL_EGRESS) {
        return p->n_rules[CAL_EGRESS] > 0;
    }
    return is_kubernetes(p) || p->n_rules[CAL_INGRESS] > 0 || p->n_rules[CAL_EGRESS] == 0;
}

static bool is_in_stage(const struct cal_policy *p, enum stage stage)
{
    switch (stage) {
    case UNTRACKED:
        return p->untracked;
    case PRE_DNAT:
        return p->pre_dnat;
    case FORWARD:
        return p->forward && !p->untracked && !p->pre_dnat;
    default:
        return !p->untracked && !p->pre_dnat;
    }
}

static bool selects(const struct cal_policy *p, const struct cal_map *map)
{
    const char *space = cal_map_get(map, "", SPACE_LABEL);
    const char *all = p->spaces.present ? SPACE_LABEL : p->account.present ? ACCOUNT_LABEL : NULL;
    if (p->space < CAL_SPACES && !(space && strcmp(space, cal_space_names[p->space]) == 0)) {
        return false;
    }
    if (is_kubernetes(p) && !cal_map_get(map, "", "projectcalico.org/orchestrator")) {
        return false;
    }
    return cal_selects(&p->selector, "", all, map) &&
           cal_selects(&p->spaces, "pcns.", SPACE_LABEL, map) &&
           cal_selects(&p->account, "pcsa.", ACCOUNT_LABEL, map);
}

/* ---- one stage ---- */

struct walk {
    const struct cal_world *w;
    const struct cal_question *q;
    const struct cal_map *subject;
    unsigned direction;
    bool pending;
    struct cal_decision *out;
};

static bool applies(const struct walk *walk, const struct cal_policy *p, enum stage stage)
{
    return counts(walk->w->set, p, walk->pending) && has_type(p, walk->direction) &&
           is_in_stage(p, stage) && selects(p, walk->subject);
}

static void decide(const struct walk *walk, bool allow, const struct cal_policy *policy, int rule)
{
    walk->out->sure = walk->out->may == 0;
    walk->out->may |= allow ? CAL_MAY_ALLOW : CAL_MAY_DENY;
    walk->out->policy = policy;
    walk->out->rule = rule;
}

enum next { DECIDED, NEXT_RULE, NEXT_TIER };

static enum next try_policy(const struct walk *walk, const struct cal_policy *p)
{
    unsigned d = walk->direction;
    for (unsigned i = 0; i < p->n_rules[d]; i++) {
        const struct cal_rule *rule = &p->rules[d][i];
        enum cal_truth truth =
            cal_rule_matches(walk->w, rule, p->space, is_kubernetes(p), d, walk->q);
        if (truth == CAL_NO || rule->action == CAL_LOG) {
            continue;
        }
        if (rule->action == CAL_PASS) {
            return NEXT_TIER;
        }
        if (truth == CAL_MAYBE) {
            /* a path that does not begin with "/" would be denied */
            walk->out->may |= rule->http.n_paths ? CAL_MAY_ALLOW | CAL_MAY_DENY : CAL_MAY_ALLOW;
            continue;
        }
        decide(walk, rule->action == CAL_ALLOW && truth == CAL_YES, p, (int)i);
        return DECIDED;
    }
    return NEXT_RULE;
}

static bool ends_with_pass(const struct cal *c, uint8_t tier, enum stage stage)
{
    if (stage == UNTRACKED || stage == PRE_DNAT) {
        return true;
    }
    return tier < CAL_TIERS ? c->tiers[tier].pass
                            : tier == CAL_TIER_ADMIN || tier == CAL_TIER_BASELINE;
}

/* *any: a policy applies at all. true: decided. */
static bool try_tiers(const struct walk *walk, enum stage stage, bool *any)
{
    const struct cal_world *w = walk->w;
    *any = false;
    for (unsigned t = 0; t < w->n_tiers; t++) {
        const struct cal_policy *first = NULL;
        enum next next = NEXT_RULE;
        for (unsigned i = 0; i < w->n_ordered && next == NEXT_RULE; i++) {
            const struct cal_policy *p = &w->set->policies[w->order[i]];
            if (p->tier == w->tiers[t] && applies(walk, p, stage)) {
                first = first ? first : p;
                *any = true;
                next = try_policy(walk, p);
            }
        }
        if (next == DECIDED) {
            return true;
        }
        if (first && next == NEXT_RULE && !ends_with_pass(w->set, w->tiers[t], stage)) {
            decide(walk, false, first, -1);
            return true;
        }
    }
    return false;
}

/* ---- profiles ---- */

/* Of the namespace: allows all. */
static void judge_workload(const struct walk *walk)
{
    bool any;
    walk->out->judged = true;
    if (!try_tiers(walk, WORKLOAD, &any)) {
        decide(walk, true, NULL, 0);
        walk->out->profile = true;
    }
}

static void try_profiles(const struct walk *walk, const struct cal_host *host)
{
    const struct cal *c = walk->w->set;
    for (unsigned k = 0; k < CAL_PROFILES; k++) {
        unsigned at = host->reversed ? CAL_PROFILES - 1 - k : k;
        const struct cal_profile *profile = &c->profiles[at];
        if (!(host->profiles >> at & 1)) {
            continue;
        }
        if (!profile->present) { /* Felix takes it for one that denies all */
            break;
        }
        for (unsigned i = 0; i < profile->n_rules[walk->direction]; i++) {
            const struct cal_rule *rule = &profile->rules[walk->direction][i];
            if (rule->action != CAL_LOG && cal_rule_matches(walk->w, rule, CAL_SPACES, false,
                                                            walk->direction, walk->q) == CAL_YES) {
                decide(walk, rule->action == CAL_ALLOW, NULL, 0);
                walk->out->profile = true;
                return;
            }
        }
    }
    decide(walk, false, NULL, 0);
    walk->out->profile = true;
}

/* ---- host endpoints ---- */

static bool is_one_of(const uint16_t *ports, unsigned count, uint16_t port)
{
    for (unsigned i = 0; i < count; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

/* felix/config/config_params.go */
static bool is_failsafe(unsigned direction, uint8_t protocol, uint16_t port)
{
    static const uint16_t tcp[] = {179, 2379, 2380, 5473, 6443, 6666, 6667, 22};
    static const uint16_t udp[] = {53, 67};
    bool in = direction == CAL_INGRESS;
    return (protocol == 6 && is_one_of(tcp, in ? 8 : 7, port)) ||
           (protocol == 17 && (in ? port == 68 : is_one_of(udp, 2, port)));
}

/* Does the stage leave the packet alone, or (normal) accept it? Nothing tracks connections in the
 * first: answers count as well. */
static bool is_safe(const struct walk *walk, enum stage stage)
{
    const struct cal_question *q = walk->q;
    return walk->w->reading.failsafes && q->has_ports && stage != FORWARD &&
           is_failsafe(walk->direction, q->protocol, q->dst_port);
}

/* A pod and its own node: that passes no interface of the host's. */
static bool is_own(const struct cal *c, const struct cal_end *pod, const struct cal_end *node)
{
    return pod->pod >= 0 && node->node >= 0 && c->pods[pod->pod].node == node->node;
}

static bool is_own_node(const struct walk *walk)
{
    const struct cal_question *q = walk->q;
    return is_own(walk->w->set, &q->src, &q->dst) || is_own(walk->w->set, &q->dst, &q->src);
}

static void judge_host(const struct walk *walk, const struct cal_host *host, bool forwarded)
{
    bool any;
    struct cal_question before = *walk->q;
    struct walk early = *walk;
    before.dst = before.original;
    before.dst_port = before.original_port;
    early.q = &before;
    walk->out->judged = walk->out->host = true;
    enum stage last = forwarded ? FORWARD : NORMAL;
    bool in = walk->direction == CAL_INGRESS;
    bool own = is_own_node(walk), skips = is_own_node(&early);
    if ((!skips && !is_safe(&early, UNTRACKED) && try_tiers(&early, UNTRACKED, &any)) ||
        (in && !skips && !is_safe(&early, PRE_DNAT) && try_tiers(&early, PRE_DNAT, &any)) ||
        (!own && !is_safe(walk, last) && try_tiers(walk, last, &any))) {
        return;
    }
    if (forwarded || own || is_safe(walk, last)) { /* no policy, or all tiers passed */
        decide(walk, true, NULL, 0);
    } else {
        try_profiles(walk, host);
    }
}

/* 0 allow, 1 inspect, 2 deny */
static int severity(uint8_t may)
{
    return may == CAL_MAY_DENY ? 2 : may == CAL_MAY_ALLOW ? 0 : 1;
}

/* All host endpoints of the node; the worst speaks. */
static struct cal_decision judge_hosts(const struct walk *walk, const struct cal_end *near)
{
    const struct cal_world *w = walk->w;
    struct cal_decision worst = {.may = CAL_MAY_ALLOW};
    int node = near->pod >= 0 ? w->set->pods[near->pod].node : near->node;
    /* where a node port is entered */
    int entered = walk->direction == CAL_INGRESS ? walk->q->original.node : -1;
    for (unsigned i = 0; i < w->n_objects; i++) {
        const struct cal_host *host = w->objects[i].host;
        if (!host || (host->node != node && host->node != entered)) {
            continue;
        }
        struct cal_decision one = {.direction = (uint8_t)walk->direction};
        struct walk here = *walk;
        here.out = &one;
        here.subject = &w->objects[i].map;
        judge_host(&here, host, near->node < 0);
        if (!worst.judged || severity(one.may) > severity(worst.may)) {
            worst = one;
        } else if (severity(one.may) == severity(worst.may)) {
            worst.sure = false; /* which of them is told is no matter */
        }
    }
    return worst;
}

/* ---- one side ---- */

static bool is_encapsulated(const struct cal_world *w, const struct cal_question *q)
{
    bool vxlan = q->protocol == 17 && q->has_ports && q->dst_port == 4789;
    return w->reading.encapsulation_dropped && (vxlan || q->protocol == 4);
}

static void judge_side(const struct cal_world *w, const struct cal_question *q, unsigned direction,
                       bool pending, struct cal_decision *out)
{
    const struct cal_end *near = direction == CAL_INGRESS ? &q->dst : &q->src;
    const struct cal_end *far = direction == CAL_INGRESS ? &q->src : &q->dst;
    struct cal_decision pod = {.may = CAL_MAY_ALLOW, .direction = (uint8_t)direction};
    struct walk walk = {.w = w, .q = q, .direction = direction, .pending = pending, .out = &pod};
    if (near->pod >= 0) {
        bool in = direction == CAL_INGRESS;
        bool own = far->node >= 0 && far->node == w->set->pods[near->pod].node;
        bool self = far->pod == near->pod && w->reading.self_allowed;
        bool dropped =
            !in && !self && ((own && w->reading.to_host_dropped) || is_encapsulated(w, q));
        for (unsigned i = 0; i < w->n_objects; i++) {
            walk.subject =
                w->objects[i].pod == &w->set->pods[near->pod] ? &w->objects[i].map : walk.subject;
        }
        pod.may = 0;
        if (dropped || self || (in && own && w->reading.own_node_allowed)) {
            pod.judged = true;
            decide(&walk, !dropped, NULL, 0);
        } else {
            judge_workload(&walk);
        }
    }
    struct cal_decision host = judge_hosts(&walk, near);
    *out = host.judged && (!pod.judged || severity(host.may) > severity(pod.may)) ? host : pod;
    if (host.judged && pod.judged && severity(host.may) == severity(pod.may)) {
        out->sure = out->sure && severity(pod.may) != 1;
        *out = direction == CAL_INGRESS && severity(pod.may) == 2 ? host : *out;
    }
}

void cal_judge(const struct cal_world *w, const struct cal_question *q, bool pending,
               struct cal_answer *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned d = 0; d < CAL_DIRECTIONS; d++) {
        judge_side(w, q, d, pending, &out->parts[d]);
    }
}

int cal_action(uint8_t may)
{
    return may == CAL_MAY_DENY ? NETPOL_DENY : may == CAL_MAY_ALLOW ? NETPOL_ALLOW : NETPOL_INSPECT;
}
