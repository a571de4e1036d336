/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redirects: which proxy the traffic of a group is sent to, and which rules of the group that takes
 * out of it. Source: pkg/policy/types/entry.go (precedence) of cilium/cilium,
 * cilium/network_policy.cc (PortNetworkPolicyRules) of cilium/proxy.
 *
 * All alternatives of a rank are asked by the proxy, whichever of them sent the traffic there. Two
 * sorts are not: an allow bound to another listener than the one that the traffic goes to; and,
 * under plain_allow=dropped, an allow that needs no proxy where another one does. Nor is one that
 * stands unless the subject is isolated, where it is.
 */
#include "reference/internal.h"
#include "base/defect.h"

/*
 * The parser that must read the hop because of this alternative: that of the redirect, or HTTP
 * where an HTTP chain of the mesh judges a request.
 */
static enum np_parser parser_of(const struct np_walk *walk, const struct np_rule *rule,
                                const struct np_match *match)
{
    if (rule->redirect_parser != NP_PARSER_NONE) {
        return rule->redirect_parser;
    }
    bool http = walk->checkpoint->plane == NETPOL_PLANE_MESH &&
                np_listener(walk) == NP_LISTENER_HTTP &&
                np_expr_reads(match->request, NP_PARSER_HTTP);
    return http ? NP_PARSER_HTTP : NP_PARSER_NONE;
}

/* May traffic come to a proxy because of this rule? */
static np_truth redirect_truth(struct np_walk *walk, const struct np_rule *rule)
{
    np_truth result = NP_NO;
    for (uint32_t i = 0; i < rule->n_alternatives && result != NP_YES; i++) {
        const struct np_match *match = &rule->alternatives[i];
        if (parser_of(walk, rule, match) != NP_PARSER_NONE) {
            np_truth subject = np_policy_truth(walk, rule->policy);
            np_truth flow = subject == NP_NO ? NP_NO : np_judge(walk, match).flow;
            result = np_or(result, np_and(subject, flow));
        }
    }
    return result;
}

/* Of two redirects the one with an explicit priority, the smaller number first; then parser order.
 */
static bool stronger(const struct np_rule *a, const struct np_rule *b)
{
    int pa = a->redirect_priority > 0 ? a->redirect_priority : INT16_MAX;
    int pb = b->redirect_priority > 0 ? b->redirect_priority : INT16_MAX;
    return pa != pb ? pa < pb : a->redirect_parser < b->redirect_parser;
}

static bool drops_plain(const struct np_walk *walk)
{
    enum { DROPPED = 1 }; /* the order of option plain_allow */
    return walk->model->options.plain_allow == DROPPED &&
           walk->checkpoint->plane != NETPOL_PLANE_MESH;
}

void np_group_redirects(struct np_walk *walk, const struct np_group *group,
                        struct np_group_truth *out)
{
    walk->opened = walk->redirected = NP_NO;
    for (uint32_t i = 0; i < group->count; i++) {
        const struct np_rule *rule = group->rules[i];
        np_truth flow = rule->action == NP_ACT_NOTE ? NP_NO : redirect_truth(walk, rule);
        walk->redirected = np_or(walk->redirected, flow);
        walk->opened = rule->terminating ? np_or(walk->opened, flow) : walk->opened;
        if (flow != NP_NO && (!out->redirector || stronger(rule, out->redirector))) {
            out->redirector = rule;
        }
    }
    out->redirect = walk->redirected;
}

bool np_group_lets_past(struct np_walk *walk, const struct np_group *group)
{
    bool dropped = drops_plain(walk) && walk->redirected == NP_YES;
    for (uint32_t i = 0; i < group->count && !dropped; i++) {
        const struct np_rule *rule = group->rules[i];
        np_truth subject = rule->redirect_parser ? NP_NO : np_policy_truth(walk, rule->policy);
        for (uint32_t k = 0; subject != NP_NO && k < rule->n_alternatives; k++) {
            if (np_judge(walk, &rule->alternatives[k]).flow != NP_NO) {
                return true;
            }
        }
    }
    return false;
}

/* Is the traffic sent to another listener, with more right? */
static np_truth outdone(struct np_walk *walk, const struct np_group *group,
                        const struct np_rule *rule)
{
    np_truth result = NP_NO;
    for (uint32_t i = 0; i < group->count && result != NP_YES; i++) {
        const struct np_rule *other = group->rules[i];
        if (other->listener_name != rule->listener_name && stronger(other, rule)) {
            result = np_or(result, redirect_truth(walk, other));
        }
    }
    return result;
}

np_truth np_rule_stands(struct np_walk *walk, const struct np_group *group,
                        const struct np_rule *rule)
{
    np_truth subject = np_policy_truth(walk, rule->policy);
    if (subject == NP_NO || rule->action != NP_ACT_ALLOW) {
        return subject;
    }
    np_truth lost = NP_NO;
    if (rule->listener_name) {
        lost = outdone(walk, group, rule);
    } else if (rule->redirect_parser == NP_PARSER_NONE && drops_plain(walk)) {
        lost = walk->redirected;
    }
    if (rule->unless_isolated && !np_defect(CILIUM_OPEN_ISOLATED)) {
        lost = np_or(lost, np_checkpoint_isolation(walk).truth);
    }
    return np_and(subject, np_not(lost));
}
