/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: ranks in order, the defaults, and what is possible where facts are not given. */
#include "differential/cilium_oracle.h"

#include <arpa/inet.h>

/* ---- truth ---- */

cil_truth cil_and(cil_truth a, cil_truth b)
{
    if (a == CIL_NO || b == CIL_NO) {
        return CIL_NO;
    }
    return a == CIL_YES ? b : b == CIL_YES ? a : a | b;
}

cil_truth cil_or(cil_truth a, cil_truth b)
{
    if (a == CIL_YES || b == CIL_YES) {
        return CIL_YES;
    }
    return a == CIL_NO ? b : b == CIL_NO ? a : a | b;
}

/* ---- questions ---- */

static void end_of(const struct cil *c, const uint8_t address[16], bool six, struct cil_end *out)
{
    char text[40];
    uint8_t bytes[16];
    int family = six ? AF_INET6 : AF_INET;
    *out = (struct cil_end){.pod = -1, .node = -1, .six = six};
    memcpy(out->address, address, 16);
    for (unsigned i = 0; i < CIL_PODS + CIL_NODES + CIL_OUTSIDE; i++) {
        unsigned node = i - CIL_PODS, outside = node - CIL_NODES;
        memset(bytes, 0, sizeof bytes);
        if (i < CIL_PODS) {
            cil_pod_address(text, i, six ? 6 : 4);
        } else if (node < CIL_NODES) {
            cil_node_address(text, node, six ? 6 : 4);
        } else {
            snprintf(text, sizeof text, "%s", cil_outside[outside][six]);
        }
        (void)inet_pton(family, text, bytes);
        if (memcmp(bytes, address, 16) != 0) {
            continue;
        }
        if (i >= CIL_PODS && node < CIL_NODES) {
            out->node = (int)node;
            out->apiserver = node == 0 && c->apiserver & 1;
        } else if (i >= CIL_PODS) {
            out->apiserver = outside == 1 && c->apiserver & 2;
        } else if (c->pods[i].present && !c->pods[i].host_network &&
                   (six ? c->pods[i].six : c->pods[i].four)) {
            out->pod = (int)i;
        }
    }
}

void cil_question_of(const struct cil *c, const struct cil_asked *asked, struct cil_question *out)
{
    const struct netpol_tuple *t = &asked->tuple;
    *out = (struct cil_question){.asked = asked,
                                 .protocol = t->protocol,
                                 .port = t->dst_port,
                                 .icmp_type = t->icmp_type,
                                 .icmp_code = t->icmp_code};
    out->fragment = t->flags & NETPOL_TUPLE_LATER_FRAGMENT;
    out->has_ports =
        !out->fragment && (t->protocol == 6 || t->protocol == 17 || t->protocol == 132);
    end_of(c, t->src, t->family == 6, &out->src);
    end_of(c, t->dst, t->family == 6, &out->dst);
}

/* ---- what is possible ---- */

static struct cil_decision certain(bool allow)
{
    return (struct cil_decision){
        .judged = true, .may_allow = allow, .may_deny = !allow, .tier = UINT8_MAX};
}

/* One or the other, by a truth. */
static struct cil_decision either(cil_truth t, const struct cil_decision *yes,
                                  const struct cil_decision *no)
{
    if (t == CIL_YES || t == CIL_NO) {
        return t == CIL_YES ? *yes : *no;
    }
    struct cil_decision out = *yes;
    out.may_allow = yes->may_allow || no->may_allow;
    out.may_deny = yes->may_deny || no->may_deny;
    out.inspect = yes->inspect || no->inspect;
    out.unsure = yes->unsure || no->unsure;
    out.causes = t | yes->causes | no->causes;
    out.policies = 0;
    return out;
}

int cil_verdict(const struct cil_decision *d)
{
    if (!d->judged) {
        return NETPOL_ALLOW;
    }
    if (d->may_allow && d->may_deny) {
        return d->causes & CIL_OF_FACT ? NETPOL_UNKNOWN : NETPOL_INSPECT;
    }
    return d->may_deny ? NETPOL_DENY : d->inspect ? NETPOL_INSPECT : NETPOL_ALLOW;
}

/* ---- one rank ---- */

struct rank {
    const struct cil_side *side;
    const struct cil_entry *items;
    unsigned count;
    bool isolated;
};

static cil_truth any_of(const struct rank *r, uint8_t action, uint8_t *policies)
{
    cil_truth result = CIL_NO;
    for (unsigned i = 0; i < r->count; i++) {
        if (r->items[i].action == action) {
            result = cil_or(result, r->items[i].flow);
            *policies |= (uint8_t)(1 << r->items[i].policy);
        }
    }
    return result;
}

/* ListenerPriority* of pkg/policy/l4.go: the lowest takes the traffic; 0: nobody takes it. */
static int priority_of(const struct cil_entry *e)
{
    static const uint8_t priorities[] = {
        [CIL_BY_NOBODY] = 0,  [CIL_BY_HTTP] = 101, [CIL_BY_KAFKA] = 106,
        [CIL_BY_OTHER] = 111, [CIL_BY_TLS] = 116,  [CIL_BY_DNS] = 121};
    enum cil_reader reader = e->action == CIL_ACCEPT ? cil_reader_of(e->ports) : CIL_BY_NOBODY;
    if (reader != CIL_BY_NOBODY && e->ports->listener) {
        uint8_t priority = cil_listeners[e->ports->listener].priority;
        return priority ? priority : 126;
    }
    return priorities[reader];
}

struct allows {
    cil_truth matches, redirects, opened;
    enum cil_reader reader; /* of the redirect that takes it */
    uint8_t policies;
    bool auths; /* some rule speaks of authentication */
};

static bool is_same_listener(const struct cil *c, const struct cil_entry *a,
                             const struct cil_entry *b)
{
    const struct cil_listener *x = &cil_listeners[a->ports->listener];
    const struct cil_listener *y = &cil_listeners[b->ports->listener];
    bool shared[] = {x->kind && strstr(x->kind, "Clusterwide"),
                     y->kind && strstr(y->kind, "Clusterwide")};
    if (!x->name || !y->name) {
        return x == y;
    }
    return shared[0] == shared[1] && strcmp(x->config, y->config) == 0 &&
           strcmp(x->name, y->name) == 0 &&
           (shared[0] || c->policies[a->policy].space == c->policies[b->policy].space);
}

/* Does another listener take the traffic of an allow that is bound to one? */
static cil_truth outdone(const struct rank *r, const struct cil_entry *e)
{
    cil_truth result = CIL_NO;
    for (unsigned i = 0; e->ports && e->ports->listener && i < r->count; i++) {
        const struct cil_entry *other = &r->items[i];
        int priority = priority_of(other);
        if (priority && priority < priority_of(e) && !is_same_listener(r->side->set, other, e)) {
            result = cil_or(result, other->flow);
        }
    }
    return result;
}

static void find_redirects(const struct rank *r, struct allows *out)
{
    int first = INT16_MAX;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        int priority = priority_of(e);
        if (priority == 0) {
            continue;
        }
        out->redirects = cil_or(out->redirects, e->flow);
        out->opened = e->ports->terminating ? cil_or(out->opened, e->flow) : out->opened;
        if (priority < first) {
            first = priority;
            out->reader = cil_reader_of(e->ports);
        }
    }
}

static cil_truth unlike(cil_truth t)
{
    return t == CIL_YES || t == CIL_NO ? t == CIL_NO : t;
}

/* The flow of an allow that has a say. */
static cil_truth standing(const struct rank *r, const struct cil_entry *e,
                          const struct allows *allows)
{
    if (e->action != CIL_ACCEPT) {
        return CIL_NO;
    }
    bool dropped = r->side->set->options.plain_dropped && priority_of(e) == 0;
    cil_truth lost = dropped ? allows->redirects : outdone(r, e);
    return cil_and(e->flow, unlike(lost));
}

/* About one topic; NULL: about the request. */
static cil_truth join(const struct rank *r, const struct netpol_string *topic, struct allows *out)
{
    const struct cil_asked *asked = r->side->q->asked;
    const struct cil_options *options = &r->side->set->options;
    cil_truth both = CIL_NO, name = CIL_NO, request = CIL_NO;
    bool named = false;
    bool host = r->side->direction == CIL_INGRESS && options->allow_localhost < 2 &&
                cil_is_own_node(r->side->set, r->side->near, r->side->far);
    bool refused = cil_readable(asked, out->reader, out->opened) == CIL_NO;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        cil_truth flow = standing(r, e, out);
        if (flow == CIL_NO) {
            continue;
        }
        out->policies |= (uint8_t)(1 << e->policy);
        if (priority_of(e) && !host && refused) {
            continue; /* the proxy refuses, whatever the rule says */
        }
        cil_truth n = cil_server_name_matches(e->ports, asked);
        cil_truth q = cil_request_matches(r->side->set, e->ports, asked, topic, out->opened);
        if (e->all_requests && !r->isolated) { /* server names are heard all the same */
            q = CIL_YES;
        }
        if (host) {
            n = q = CIL_YES; /* hostWildcardL7 of pkg/policy/l4.go */
        }
        named = named || (e->ports && e->ports->n_names);
        both = cil_or(both, cil_and(flow, cil_and(n, q)));
        name = cil_or(name, cil_and(flow, n));
        request = cil_or(request, cil_and(flow, q));
        out->auths = out->auths || e->auth;
    }
    return named && !options->same_rule ? cil_and(name, request) : both;
}

/* All allows of a rank. Every topic of a request must be allowed, each by some rule. */
static void join_all(const struct rank *r, struct allows *out)
{
    const struct cil_asked *asked = r->side->q->asked;
    bool topics = asked->kind == CIL_KAFKA_REQUEST && asked->n_topics;
    find_redirects(r, out);
    out->matches = topics ? CIL_YES : join(r, NULL, out);
    for (unsigned i = 0; topics && i < asked->n_topics; i++) {
        out->matches = cil_and(out->matches, join(r, &asked->topics[i], out));
    }
}

/* ---- authentication ---- */

/* How specific an entry is: first by its ports, then by its peer. */
static int rank_of(const struct cil_entry *e)
{
    return 2 * e->bits + e->specific;
}

/* The explicit mode of the most specific entry below `limit`, of this kind of peer; -1: none. */
static int said_below(const struct rank *r, int limit, bool specific)
{
    int best = -1, mode = -1;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        int at = rank_of(e), auth = e->auth - CIL_AUTH_DISABLED;
        if (e->action == CIL_ACCEPT && e->auth && e->specific == specific && at <= limit &&
            (at > best || (at == best && auth > mode))) {
            best = at;
            mode = auth;
        }
    }
    return mode;
}

/* 0 none, 1 wanted, 2 never there */
static int mode_of(const struct rank *r)
{
    int top = -1;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        top = e->action == CIL_ACCEPT && rank_of(e) > top ? rank_of(e) : top;
    }
    int own = said_below(r, top, top & 1);
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        if (e->action == CIL_ACCEPT && e->auth && rank_of(e) == top) {
            return own;
        }
    }
    int other = said_below(r, INT16_MAX, !(top & 1)); /* what is not said is the greater of both */
    int greater = own > other ? own : other;
    return greater > 0 ? greater : 0;
}

static struct cil_decision with_auth(const struct rank *r, const struct allows *allows,
                                     struct cil_decision allow)
{
    if (!allows->auths) {
        return allow;
    }
    for (unsigned i = 0; i < r->count; i++) { /* which of them speak is another matter then */
        const struct cil_entry *e = &r->items[i];
        allow.unsure = allow.unsure || priority_of(e) || e->flow != CIL_YES;
    }
    const struct cil_asked *asked = r->side->q->asked;
    int mode = mode_of(r);
    uint8_t said = asked->asked ? asked->authenticated : NETPOL_TRI_NOT_SAID;
    struct cil_decision deny = certain(false);
    deny.policies = allow.policies;
    cil_truth passes = mode == 0                     ? CIL_YES
                       : mode == 2                   ? CIL_NO
                       : said == NETPOL_TRI_NOT_SAID ? CIL_MAYBE | CIL_OF_REQUEST
                                                     : said == NETPOL_TRI_YES;
    deny.unsure = allow.unsure;
    deny.tier = allow.tier;
    return either(passes, &allow, &deny);
}

/* ---- the walk ---- */

static struct cil_decision judge_rank(const struct rank *r, const struct cil_decision *next,
                                      const struct cil_decision *next_tier)
{
    struct cil_decision deny = certain(false), allow = certain(true);
    struct allows allows = {0};
    uint8_t passing = 0;
    deny.tier = allow.tier = r->items[0].tier;
    for (unsigned i = 0; i < r->count; i++) {
        const struct cil_entry *e = &r->items[i];
        deny.example = e->action == CIL_DENY ? *e : deny.example;
        allow.example = e->action == CIL_ACCEPT ? *e : allow.example;
    }
    cil_truth denies = any_of(r, CIL_DENY, &deny.policies);
    struct cil_decision here = either(any_of(r, CIL_PASS, &passing), next_tier, next);
    join_all(r, &allows);
    deny.overruled = allows.matches != CIL_NO;
    allow.policies = allows.policies;
    allow = with_auth(r, &allows, allow);
    here = either(allows.matches, &allow, &here);
    if (allows.reader != CIL_BY_NOBODY) {
        cil_truth read = cil_readable(r->side->q->asked, allows.reader, allows.opened);
        here.inspect = here.inspect || (read & CIL_MAYBE);
        struct cil_decision refused = certain(false);
        refused.policies = allows.policies;
        refused.tier = allow.tier;
        refused.example = allow.example;
        if (read == CIL_NO) {
            here = either(allows.redirects, &refused, &here);
        }
    }
    return either(denies, &deny, &here);
}

/* Before and behind all policies. */
static struct cil_decision judge_default(const struct cil_side *s, const struct cil_entries *e)
{
    bool host = s->direction == CIL_INGRESS && s->near->pod >= 0 &&
                cil_is_own_node(s->set, s->near, s->far); /* a node has no such rule for itself */
    bool allowed = host && s->set->options.allow_localhost < 2; /* Admin never names the host */
    return certain(!e->isolated || allowed);
}

static bool is_let_through(const struct cil_side *s)
{
    const struct cil_options *o = &s->set->options;
    const struct cil_question *q = s->q;
    bool itself = s->near->pod >= 0 ? s->near->pod == s->far->pod : s->near->node == s->far->node;
    bool needed = q->protocol == 1 && q->icmp_type == 3 && q->icmp_code == 4 && !q->fragment;
    return (itself && !o->self_judged) || (needed && !o->judge_frag_needed) ||
           o->policy_enforcement == 2;
}

static int by_rank(const void *a, const void *b)
{
    const struct cil_entry *x = a, *y = b;
    return x->tier != y->tier ? x->tier - y->tier : x->priority - y->priority;
}

static struct cil_decision judge_side(const struct cil_side *s)
{
    static struct cil_entries entries;
    cil_collect(s, &entries);
    if (is_let_through(s)) {
        return certain(true);
    }
    qsort(entries.items, entries.count, sizeof *entries.items, by_rank);
    struct cil_decision here = judge_default(s, &entries), next_tier = here;
    for (unsigned end = entries.count; end > 0;) { /* from the last rank to the first */
        unsigned begin = end - 1;
        while (begin > 0 && by_rank(&entries.items[begin - 1], &entries.items[end - 1]) == 0) {
            begin--;
        }
        if (end < entries.count && entries.items[end].tier != entries.items[begin].tier) {
            next_tier = here;
        }
        struct rank rank = {s, &entries.items[begin], end - begin, entries.isolated};
        here = judge_rank(&rank, &here, &next_tier);
        end = begin;
    }
    return here;
}

void cil_judge(const struct cil *c, const struct cil_question *q, struct cil_answer *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        struct cil_side side = {.set = c, .q = q, .direction = d};
        side.near = d == CIL_INGRESS ? &q->dst : &q->src;
        side.far = d == CIL_INGRESS ? &q->src : &q->dst;
        bool host = side.near->node >= 0 && c->options.host_firewall;
        if (side.near->pod >= 0 || host) {
            out->parts[d] = judge_side(&side);
        }
    }
}
