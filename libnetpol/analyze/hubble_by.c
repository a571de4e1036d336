/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose decision a flow is: the entry of the policy map that answers, and the policies it is made
 * of. Sources: bpf/lib/policy.h (which of two entries answers, match types),
 * pkg/policy/correlation/correlation.go (CorrelatePolicy: which flows name policies),
 * pkg/policy/origin.go (their order), pkg/policy/mapstate.go (labels of what no policy says).
 */
#include "analyze/hubble.h"

#include <stdlib.h>

enum { ANY_PROTOCOL = 0, ANY_PORT = 8 }; /* bits of protocol and port that an entry fixes */

/* ---- how a rule stands in the map ---- */

static bool spans_all(const struct np_port_span *span)
{
    return !span->ports || (span->first == 0 && span->last == UINT16_MAX);
}

/* Of the span that the connection is in; a range is there as its power-of-two pieces. */
static int bits_of(const struct np_service *service, const struct np_hop *hop)
{
    int bits = service->complement ? ANY_PORT : ANY_PROTOCOL;
    for (uint32_t i = 0; !service->complement && i < service->count; i++) {
        const struct np_port_span *span = &service->spans[i];
        bool all = spans_all(span);
        bool here = (span->protocol < 0 || span->protocol == hop->protocol) &&
                    (all || (hop->dst_port >= span->first && hop->dst_port <= span->last));
        int one = all && span->protocol < 0 ? ANY_PROTOCOL
                  : all || !here
                      ? ANY_PORT
                      : ANY_PORT + np_port_piece_bits(span->first, span->last, hop->dst_port);
        bits = here && one > bits ? one : bits;
    }
    return bits;
}

/* The entry that the datapath takes: the longer key, of equal ones that of the peer. */
static int place_of(const struct np_match *match, const struct np_hop *hop)
{
    int bits = match->dst_ports ? ANY_PORT + 16
               : match->service ? bits_of(match->service, hop)
                                : ANY_PROTOCOL;
    return 2 * bits + (match->far != NULL);
}

static int type_of(int place)
{
    static const int types[2][3] = {
        {NETPOL_HUBBLE_MATCH_ALL,     NETPOL_HUBBLE_MATCH_PROTO_ONLY, NETPOL_HUBBLE_MATCH_L4_ONLY},
        {NETPOL_HUBBLE_MATCH_L3_ONLY, NETPOL_HUBBLE_MATCH_L3_PROTO,   NETPOL_HUBBLE_MATCH_L3_L4  }
    };
    int bits = place / 2;
    return types[place % 2][bits > ANY_PORT ? 2 : bits > ANY_PROTOCOL];
}

/* Judged together: in one rank, where nothing but verdicts orders. */
static bool is_alike(const struct np_rule *a, const struct np_rule *b)
{
    const struct np_tier *tier = a->policy->tier;
    return a == b || (tier == b->policy->tier && tier->rank_order == NP_BY_VERDICT &&
                      a->policy->order >= b->policy->order &&
                      a->policy->order <= b->policy->order && a->rank == b->rank &&
                      a->action == b->action && a->policy->synthetic == b->policy->synthetic);
}

static bool redirects(const struct np_hubble_met *met)
{
    const struct np_match *match = &met->rule->alternatives[met->alternative];
    return met->rule->redirect_parser != NP_PARSER_NONE || met->rule->listener_name ||
           match->request || match->connection;
}

/* ---- policies ---- */

static const char *text_of(np_str text)
{
    return text ? text->text : "";
}

/* What Cilium makes up where no policy says it. */
static const char *derived_of(const struct np_policy *policy, enum np_direction direction,
                              bool denied)
{
    static const char *const texts[NP_DIRECTIONS][2] = {
        [NP_INGRESS] = {"allow-any-ingress", "deny-any-ingress"},
        [NP_EGRESS] = {"allow-any-egress",  "deny-any-egress" },
    };
    np_str option = policy ? policy->origin.option : NULL;
    bool localhost = option && (strcmp(option->text, "allow_localhost") == 0 ||
                                strcmp(option->text, "own_node_ingress") == 0);
    return localhost && direction == NP_INGRESS ? "allow-localhost-ingress"
                                                : texts[direction][denied];
}

static bool set_derived(struct netpol_hubble *hubble, struct netpol_hubble_flow *flow,
                        const char *derived)
{
    struct netpol_hubble_policy *policy = np_arena_array(&hubble->arena, 1, sizeof *policy);
    if (policy) {
        *policy = (struct netpol_hubble_policy){
            .name = "", .namespace_name = "", .kind = "", .derived = derived};
        flow->policies = policy;
        flow->n_policies = 1;
    }
    return policy != NULL;
}

/* As their lists of labels stand in order. */
static int compare_policies(const void *a, const void *b)
{
    const struct netpol_hubble_policy *x = a, *y = b;
    int kind = strcmp(x->kind, y->kind), name = strcmp(x->name, y->name);
    return kind ? kind : name ? name : strcmp(x->namespace_name, y->namespace_name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts, and leaves each once; how many are left. */
static size_t sort_once(void *items, size_t count, size_t size,
                        int (*compare)(const void *, const void *))
{
    char *at = items;
    size_t kept = 0;
    if (count) {
        qsort(items, count, size, compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || compare(at + (kept - 1) * size, at + i * size) != 0) {
            memmove(at + kept++ * size, at + i * size, size);
        }
    }
    return kept;
}

/* Those of the entry: rules[0..n). A rule's texts live as long as the model. */
static bool set_policies(struct netpol_hubble *hubble, const struct np_rule *const *rules, size_t n,
                         struct np_hubble_flow *flow)
{
    struct netpol_hubble_policy *policies = np_arena_array(&hubble->arena, n, sizeof *policies);
    const char **logs = np_arena_array(&hubble->arena, n, sizeof *logs);
    size_t n_logs = 0;
    if (!policies || !logs) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct np_policy *policy = rules[i]->policy;
        policies[i] =
            (struct netpol_hubble_policy){.name = text_of(policy->name),
                                          .namespace_name = text_of(policy->namespace_name),
                                          .kind = text_of(policy->kind)};
        if (rules[i]->log_cookie) {
            logs[n_logs++] = rules[i]->log_cookie->text;
        }
    }
    flow->told.policies = policies;
    flow->told.n_policies = sort_once(policies, n, sizeof *policies, compare_policies);
    flow->logs = logs;
    flow->n_logs = sort_once(logs, n_logs, sizeof *logs, compare_texts);
    return true;
}

/* Hubble looks policies up by protocol and port, so a flow without either names none; of drops
 * only those by policies. */
static bool names_policies(const struct netpol_hubble *hubble,
                           const struct netpol_hubble_flow *flow)
{
    const struct netpol_tuple *tuple = &hubble->tuple;
    bool by_policy = flow->drop == NETPOL_HUBBLE_DROP_NONE ||
                     flow->drop == NETPOL_HUBBLE_DROP_POLICY_DENIED ||
                     flow->drop == NETPOL_HUBBLE_DROP_POLICY_DENY;
    return by_policy && (np_hubble_has_ports(tuple) ? tuple->dst_port != 0
                                                    : np_hubble_is_icmp(tuple) && tuple->icmp_type);
}

/* ---- both ---- */

bool np_hubble_by_rule(struct netpol_hubble *hubble, const struct np_trace_step *step,
                       const struct np_rule *by, const struct np_hubble_met *met, size_t n_met,
                       struct np_hubble_flow *flow)
{
    const struct np_rule **rules = np_arena_array(&hubble->arena, n_met + 1, sizeof *rules);
    const bool redirected = flow->told.verdict == NETPOL_HUBBLE_REDIRECTED;
    size_t count = 0;
    int best = -1;
    for (size_t i = 0; rules && i < n_met; i++) {
        if (!is_alike(met[i].rule, by) || (redirected && !redirects(&met[i]))) {
            continue;
        }
        int place = place_of(&met[i].rule->alternatives[met[i].alternative], step->hop);
        count = place > best ? 0 : count;
        best = place > best ? place : best;
        if (place == best) {
            rules[count++] = met[i].rule;
        }
    }
    if (best >= 0) {
        flow->told.match = type_of(best);
    }
    if (!rules || !names_policies(hubble, &flow->told)) {
        return rules != NULL;
    }
    if (by->policy->synthetic) {
        enum np_direction direction = (enum np_direction)step->checkpoint->direction;
        return set_derived(hubble, &flow->told,
                           derived_of(by->policy, direction, flow->told.denied));
    }
    if (count == 0) {
        rules[count++] = by;
    }
    return set_policies(hubble, rules, count, flow);
}

/* Nothing allowed it, or nothing judges here and Cilium has an entry for all. */
bool np_hubble_by_none(struct netpol_hubble *hubble, enum np_direction direction,
                       struct netpol_hubble_flow *flow)
{
    if (flow->verdict != NETPOL_HUBBLE_FORWARDED && flow->verdict != NETPOL_HUBBLE_REDIRECTED) {
        return true;
    }
    flow->match = NETPOL_HUBBLE_MATCH_ALL;
    return !names_policies(hubble, flow) ||
           set_derived(hubble, flow, derived_of(NULL, direction, false));
}
