/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors that select nothing: policies, peers, port names, contradictions. */
#include "analyze/cover.h"
#include "analyze/lint.h"
#include "analyze/tell.h"

#include "model/build.h"

/* ---- contradictions ---- */

static const struct np_selector *contradiction(const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (np_selector_contradicts(literal->selector)) {
                return literal->selector;
            }
        }
    }
    return NULL;
}

static void report_contradiction(struct np_lint *l, const struct np_origin *origin,
                                 const char *what, const struct np_selector *selector)
{
    struct np_text text;
    np_text_init(&text, l->ctx);
    np_tell_selector(&text, selector, NP_SCOPE_OBJECT);
    np_tell_selector(&text, selector, NP_SCOPE_NAMESPACE);
    np_lint_report(l, NP_CODE_4110, -1, origin, "no pod can satisfy the %s selector: %s", what,
                   text.ptr ? text.ptr : "");
    np_text_free(&text);
}

/* ---- policies ---- */

static bool has_pods(const struct np_lint *l, np_str space)
{
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        if (l->survey.classes[c].first->namespace_name == space) {
            return true;
        }
    }
    return false;
}

/*
 * "Every pod of my namespace" is the usual first policy of a namespace that is still empty; and a
 * namespace without any pod may be one whose pods were not loaded.
 */
static int selection_severity(const struct np_lint *l, const struct np_policy *policy,
                              const struct np_set *subjects)
{
    bool loaded = policy->namespace_name ? has_pods(l, policy->namespace_name) : l->whole;
    return np_set_asks_label(subjects) && loaded ? -1 : NETPOL_INFO;
}

/* Pods of the host network are their node: no selector reaches them, which surprises. */
static bool would_match_host_pod(const struct np_lint *l, const struct np_set *set)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t e = 0; e < inventory->n_endpoints; e++) {
        const struct np_endpoint *endpoint = inventory->endpoints[e];
        for (uint32_t c = 0; endpoint->kind == NP_OBJ_HOST_NET_WORKLOAD && c < set->count; c++) {
            const struct np_clause *clause = &set->clauses[c];
            const struct np_selector *selector =
                clause->count ? clause->items[0].literal->selector : NULL;
            if (selector && np_selector_match(selector, endpoint)) {
                return true;
            }
        }
    }
    return false;
}

static const char *host_note(const struct np_lint *l, const struct np_set *set)
{
    return would_match_host_pod(l, set)
               ? " (pods of the host network do not count: they are their node)"
               : "";
}

static const struct np_set *subjects_of(const struct np_policy *policy)
{
    return policy->subjects[NP_INGRESS] ? policy->subjects[NP_INGRESS]
                                        : policy->subjects[NP_EGRESS];
}

/* In its tier: one that judges hosts only selects hosts only. */
static bool selects_any(struct np_lint *l, const struct np_lint_policy *known)
{
    return known->selects[NP_INGRESS] || known->selects[NP_EGRESS] ||
           np_lint_others(l, subjects_of(known->policy));
}

/* What stands in several stages is a policy in each: it is named once, and if none selects. */
static bool another_speaks(struct np_lint *l, const struct np_lint_policy *known)
{
    for (uint32_t p = 0; p < l->n_policies; p++) {
        const struct np_lint_policy *other = &l->policies[p];
        if (other != known && other->policy->origin.object == known->policy->origin.object &&
            known->policy->origin.object && other->policy->part == known->policy->part &&
            (other < known || selects_any(l, other))) {
            return true;
        }
    }
    return false;
}

static void policy_selects(struct np_lint *l, const struct np_lint_policy *known)
{
    const struct np_policy *policy = known->policy;
    const struct np_set *subjects = subjects_of(policy);
    const struct np_selector *wrong = contradiction(subjects);
    if (!subjects || (!wrong && selects_any(l, known)) || another_speaks(l, known)) {
        return;
    }
    if (wrong) {
        report_contradiction(l, &policy->origin, "subject's", wrong);
        return;
    }
    struct np_text text;
    bool hosts = np_set_kinds(subjects) & NP_OBJ_HOST_ENDPOINT;
    bool pods = !hosts || np_lint_of_workloads(l, policy->tier);
    np_text_init(&text, l->ctx);
    np_tell_set(&text, subjects);
    np_lint_report(l, NP_CODE_4103, selection_severity(l, policy, subjects), &policy->origin,
                   "the policy selects no %s: there is none with %s%s",
                   !hosts ? "pod"
                   : pods ? "pod and no host endpoint"
                          : "host endpoint",
                   text.ptr ? text.ptr : "", pods ? host_note(l, subjects) : "");
    np_text_free(&text);
}

/* ---- peers ---- */

/* Did an earlier alternative of the rule have the same peers? (peers x ports) */
static bool seen_before(const struct np_rule *rule, uint32_t alternative)
{
    for (uint32_t i = 0; i < alternative; i++) {
        if (rule->alternatives[i].far == rule->alternatives[alternative].far) {
            return true;
        }
    }
    return false;
}

static bool any_bit(const struct np_bits *bits)
{
    return np_bits_count(bits) > 0;
}

/* Is there a namespace at all that the selector would take? Asked with a pod that has no labels. */
static bool matches_some_namespace(struct np_lint *l, const struct np_set *far)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t n = 0; n < inventory->n_namespaces; n++) {
        for (uint32_t c = 0; c < far->count; c++) {
            if (far->clauses[c].count == 0) {
                return true;
            }
            const struct np_selector *selector = far->clauses[c].items[0].literal->selector;
            struct np_endpoint probe = {.kind = NP_OBJ_WORKLOAD,
                                        .namespace_name = inventory->namespaces[n]->name,
                                        .space = inventory->namespaces[n]};
            if (np_selector_asks(selector, NP_SCOPE_OBJECT) ||
                np_selector_match(selector, &probe)) {
                return true;
            }
        }
    }
    return false;
}

/* Pods of other namespaces may just not have been loaded. */
static int peer_severity(const struct np_lint *l, const struct np_set *far)
{
    for (uint32_t c = 0; c < far->count && !l->whole; c++) {
        for (uint32_t i = 0; i < far->clauses[c].count; i++) {
            const struct np_selector *selector = far->clauses[c].items[i].literal->selector;
            if (!np_selector_asks(selector, NP_SCOPE_FIELD)) {
                return NETPOL_INFO;
            }
        }
    }
    return -1;
}

static void check_peers(struct np_lint *l, const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives && !l->failed; a++) {
        const struct np_set *far = rule->alternatives[a].far;
        if (!np_set_only_pods(far) || seen_before(rule, a)) {
            continue;
        }
        const struct np_selector *wrong = contradiction(far);
        const struct np_bits *peers = wrong ? NULL : np_lint_peers(l, far);
        if (wrong) {
            report_contradiction(l, &rule->origin, "peer's", wrong);
        } else if (peers && !any_bit(peers) && !np_lint_others(l, far)) {
            struct np_text text;
            np_text_init(&text, l->ctx);
            np_tell_set(&text, far);
            np_lint_report(l, NP_CODE_4104, peer_severity(l, far), &rule->origin,
                           "the peer matches no %s: %s%s",
                           matches_some_namespace(l, far) ? "pod" : "namespace",
                           text.ptr ? text.ptr : "", host_note(l, far));
            np_text_free(&text);
        }
    }
}

/* ---- port names ---- */

static bool declares(const struct np_endpoint *endpoint, const struct np_port_member *member)
{
    for (uint32_t i = 0; i < endpoint->n_ports; i++) {
        if (endpoint->ports[i].name == member->name &&
            (member->protocol < 0 || member->protocol == endpoint->ports[i].protocol)) {
            return true;
        }
    }
    return false;
}

/* By a host endpoint; whether it is one of those that are asked for is not looked into. */
static bool declared_elsewhere(const struct np_lint *l, const struct np_port_member *member)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t e = 0; e < inventory->n_endpoints; e++) {
        if (inventory->endpoints[e]->kind == NP_OBJ_HOST_ENDPOINT &&
            declares(inventory->endpoints[e], member)) {
            return true;
        }
    }
    return false;
}

/* Ports belong to the destination: the subject of ingress, the peer of egress. */
static bool name_exists(struct np_lint *l, const struct np_lint_policy *known,
                        const struct np_rule *rule, const struct np_match *match,
                        const struct np_port_member *member)
{
    const struct np_bits *owners = rule->direction == NP_INGRESS ? &known->selected[NP_INGRESS]
                                   : match->far                  ? np_lint_peers(l, match->far)
                                                                 : NULL;
    bool any = false;
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        if (owners && !np_bits_get(owners, c)) {
            continue;
        }
        any = true;
        if (declares(l->survey.classes[c].first, member)) {
            return true;
        }
    }
    return !any || declared_elsewhere(l, member); /* nobody there: another lint says so */
}

static void check_names(struct np_lint *l, const struct np_lint_policy *known,
                        const struct np_rule *rule)
{
    np_str told = NULL;
    char room[12];
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_match *match = &rule->alternatives[a];
        for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++) {
            const struct np_port_member *member = &match->dst_ports->members[i];
            if (!member->name || member->name == told ||
                name_exists(l, known, rule, match, member)) {
                continue;
            }
            told = member->name;
            np_lint_report(l, NP_CODE_4105, -1, &rule->origin,
                           "no container of the %s declares a port \"%s\" for %s",
                           rule->direction == NP_INGRESS ? "selected pods" : "peers",
                           member->name->text, np_tell_protocol(member->protocol, room));
        }
    }
}

static void check_rule(struct np_lint *l, struct np_lint_policy *known, const struct np_rule *rule)
{
    check_peers(l, rule);
    if (known->selects[rule->direction]) {
        check_names(l, known, rule);
    }
}

void np_lint_selection(struct np_lint *l)
{
    if (l->survey.n_classes == 0) {
        return; /* policies alone: nothing can be said about what they select */
    }
    for (uint32_t p = 0; p < l->n_policies; p++) {
        policy_selects(l, &l->policies[p]);
    }
    np_lint_rules(l, check_rule);
}
