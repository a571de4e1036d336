/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that cannot resolve names: their egress is closed and nobody thought of DNS. The commonest
 * outage that a default-deny policy causes, and one that shows as a timeout of something else.
 *
 * Where the DNS pods are in the inventory, the reference says whether UDP 53 reaches one of them; a
 * rule that names port 53 for anybody else who exists is taken for DNS too (a resolver of one's
 * own, an address outside). Where they are not, any rule that lets UDP 53 out is enough.
 */
#include "analyze/lint.h"
#include "analyze/tell.h"

enum { UDP = 17, DNS_PORT = 53, OPENSHIFT_DNS_PORT = 5353, NAMES_SHOWN = 3 };

/* ---- who answers DNS ---- */

static bool label_is(const struct np_endpoint *endpoint, const char *key, const char *value)
{
    for (uint32_t i = 0; i < endpoint->labels.count; i++) {
        const struct np_label *label = &endpoint->labels.items[i];
        if (strcmp(label->key->text, key) == 0) {
            return !value || strcmp(label->value->text, value) == 0;
        }
    }
    return false;
}

static bool is_dns_pod(const struct np_endpoint *endpoint)
{
    return label_is(endpoint, "k8s-app", "kube-dns") || label_is(endpoint, "k8s-app", "coredns") ||
           label_is(endpoint, "k8s-app", "node-local-dns") ||
           label_is(endpoint, "app.kubernetes.io/name", "coredns") ||
           label_is(endpoint, "dns.operator.openshift.io/daemonset-dns", NULL);
}

static void note_dns(struct np_lint *l, struct np_bits *dns, const struct np_endpoint *endpoint)
{
    uint32_t class = endpoint ? l->survey.class_of[endpoint->index] : UINT32_MAX;
    if (class != UINT32_MAX) {
        np_bits_set(dns, class);
    }
}

static void find_dns(struct np_lint *l, struct np_bits *dns)
{
    const struct np_inventory *inventory = &l->model->inventory;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        if (is_dns_pod(inventory->endpoints[i])) {
            note_dns(l, dns, inventory->endpoints[i]);
        }
    }
    for (uint32_t s = 0; s < inventory->n_services; s++) {
        const struct np_service_info *service = inventory->services[s];
        bool named = strcmp(service->name->text, "kube-dns") == 0 ||
                     strcmp(service->name->text, "coredns") == 0 ||
                     strcmp(service->name->text, "dns-default") == 0;
        for (uint32_t b = 0; named && b < service->n_backends; b++) {
            note_dns(l, dns, service->backends[b].endpoint);
        }
    }
}

/* ---- may a class ask it ---- */

static bool lets_through(struct np_lint *l, const struct np_class *from, const struct np_class *to,
                         uint16_t port, uint32_t *decision)
{
    struct np_hop hop;
    struct np_result result;
    uint8_t family = np_survey_family(from->first, to->first);
    if (!np_survey_hop(&l->survey, from->first, to->first, family, &hop)) {
        return true;
    }
    np_survey_aim(&hop, UDP, true, port);
    np_survey_side(&l->survey, from, NP_EGRESS, &hop, &result);
    *decision = result.decision;
    return result.action != NETPOL_DENY;
}

static bool reaches_dns(struct np_lint *l, const struct np_class *from, const struct np_bits *dns,
                        uint32_t *decision)
{
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        const struct np_class *to = &l->survey.classes[c];
        if (!np_bits_get(dns, c)) {
            continue;
        }
        if (lets_through(l, from, to, DNS_PORT, decision)) {
            return true;
        }
        for (uint32_t i = 0; i < to->first->n_ports;
             i++) { /* some listen elsewhere, behind a service */
            const struct np_named_port *port = &to->first->ports[i];
            if (port->protocol == UDP && lets_through(l, from, to, port->port, decision)) {
                return true;
            }
        }
    }
    return false;
}

/* Ports are named, and a port of DNS is among them: UDP 53, 5353 (OpenShift), or one called dns. */
static bool names_dns_port(const struct np_match *match)
{
    for (uint32_t i = 0; match->dst_ports && i < match->dst_ports->count; i++) {
        np_str name = match->dst_ports->members[i].name;
        if (name && strncmp(name->text, "dns", 3) == 0) {
            return true;
        }
    }
    return match->service && (np_match_covers_port(match, UDP, DNS_PORT) ||
                              np_match_covers_port(match, UDP, OPENSHIFT_DNS_PORT));
}

static bool has_someone(struct np_lint *l, const struct np_set *far)
{
    if (!far || !np_set_only_pods(far)) {
        return true;
    }
    const struct np_bits *peers = np_lint_peers(l, far);
    return !peers || np_bits_count(peers) > 0;
}

static bool is_dns_rule(struct np_lint *l, const struct np_rule *rule, bool strict)
{
    for (uint32_t a = 0; rule->action == NP_ACT_ALLOW && a < rule->n_alternatives; a++) {
        const struct np_match *match = &rule->alternatives[a];
        if (strict ? names_dns_port(match) && has_someone(l, match->far)
                   : names_dns_port(match) || np_match_covers_port(match, UDP, DNS_PORT)) {
            return true;
        }
    }
    return false;
}

static bool has_dns_rule(struct np_lint *l, const struct np_class *class, bool strict)
{
    const struct np_focus *focus = &class->focus[NP_EGRESS];
    for (uint32_t p = 0; p < focus->n_policies; p++) {
        const struct np_policy *policy = focus->policies[p];
        for (uint32_t r = 0; r < policy->n_rules[NP_EGRESS]; r++) {
            if (is_dns_rule(l, &policy->rules[NP_EGRESS][r], strict)) {
                return true;
            }
        }
    }
    return false;
}

static const struct np_policy *isolator(const struct np_class *class)
{
    const struct np_focus *focus = &class->focus[NP_EGRESS];
    for (uint32_t p = 0; p < focus->n_policies; p++) {
        const struct np_policy *policy = focus->policies[p];
        if (policy->isolates[NP_EGRESS] && policy->tier->end[NP_EGRESS] == NP_END_DENY) {
            return policy;
        }
    }
    return NULL;
}

/* The policy that cuts the class off from DNS; NULL: it is not cut off. */
static const struct np_policy *cut_off_by(struct np_lint *l, const struct np_class *class,
                                          const struct np_bits *dns, bool any_dns)
{
    uint32_t decision = 0;
    if (!np_lint_restricted(class, NP_EGRESS) || !class->focus[NP_EGRESS].applies) {
        return NULL;
    }
    if (!any_dns) {
        return has_dns_rule(l, class, false) ? NULL : isolator(class);
    }
    if (reaches_dns(l, class, dns, &decision) || has_dns_rule(l, class, true)) {
        return NULL;
    }
    const struct np_decision *by =
        decision && decision < l->model->n_decisions ? &l->model->decisions[decision] : NULL;
    const struct np_policy *policy = by && by->rule ? by->rule->policy : by ? by->policy : NULL;
    return policy && !policy->synthetic ? policy : isolator(class);
}

/* ---- one finding a policy ---- */

static bool has_egress_rule(const struct np_class *class)
{
    const struct np_focus *focus = &class->focus[NP_EGRESS];
    for (uint32_t p = 0; p < focus->n_policies; p++) {
        if (focus->policies[p]->n_rules[NP_EGRESS]) {
            return true;
        }
    }
    return false;
}

/* A workload that was named and may open no connection at all is closed on purpose: only a note. */
static void report(struct np_lint *l, const struct np_policy *policy,
                   const struct np_policy *const *by, bool any_dns)
{
    struct np_text names;
    uint32_t count = 0;
    np_str last = NULL;
    bool meant = np_set_asks_label(policy->subjects[NP_EGRESS]);
    np_text_init(&names, l->ctx);
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        const struct np_endpoint *endpoint = l->survey.classes[c].first;
        if (by[c] != policy ||
            (count && endpoint->workload_name && endpoint->workload_name == last)) {
            continue;
        }
        last = endpoint->workload_name;
        meant = meant && !has_egress_rule(&l->survey.classes[c]);
        if (count++ < NAMES_SHOWN) {
            np_text_addf(&names, "%s", count > 1 ? ", " : "");
            np_tell_endpoint(&names, endpoint);
        }
    }
    if (count > NAMES_SHOWN) {
        np_text_addf(&names, " and %u more", count - NAMES_SHOWN);
    }
    np_lint_report(l, NP_CODE_4101, meant ? NETPOL_INFO : -1, &policy->origin,
                   "egress is closed and no rule lets DNS out (UDP 53%s): %s cannot resolve names",
                   any_dns ? " to the cluster's DNS pods" : "", names.ptr ? names.ptr : "");
    np_text_free(&names);
}

void np_lint_dns(struct np_lint *l)
{
    struct np_bits dns;
    const struct np_policy **by = np_arena_array(&l->survey.arena, l->survey.n_classes, sizeof *by);
    if (l->off[NP_CODE_4101]) {
        return;
    }
    if (!by || !np_bits_init(l->ctx, &dns, l->survey.n_classes)) {
        l->failed = true;
        return;
    }
    find_dns(l, &dns);
    bool any_dns = np_bits_count(&dns) > 0;
    for (uint32_t c = 0; c < l->survey.n_classes && !l->failed; c++) {
        by[c] = np_bits_get(&dns, c) ? NULL : cut_off_by(l, &l->survey.classes[c], &dns, any_dns);
    }
    for (uint32_t p = 0; p < l->n_policies && !l->failed; p++) {
        bool any = false;
        for (uint32_t c = 0; c < l->survey.n_classes; c++) {
            any = any || (by[c] && by[c] == l->policies[p].policy);
        }
        if (any) {
            report(l, l->policies[p].policy, by, any_dns);
        }
    }
    np_bits_free(l->ctx, &dns);
}
