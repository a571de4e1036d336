/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about names that Cilium never learns. It learns them from the answers that its DNS proxy
 * passes on, and that sees only what a rule with `dns` sends to it (pkg/fqdn, "DNS-based policies"
 * of its documentation). For pods without such a rule toFQDNs matches nothing, whatever they ask.
 */
#include "analyze/lint.h"

#include "dialect/lower.h"

static bool is_about_names(const struct np_rule *rule)
{
    for (uint32_t a = 0; a < rule->n_alternatives; a++) {
        const struct np_set *far = rule->alternatives[a].far;
        if (far && np_set_has(far, NP_LIT_DNS_NAMES)) {
            return true;
        }
    }
    return false;
}

static bool has_dns_rule(const struct np_policy *policy)
{
    for (uint32_t r = 0; r < policy->n_rules[NP_EGRESS]; r++) {
        if (policy->rules[NP_EGRESS][r].redirect_parser == NP_PARSER_DNS) {
            return true;
        }
    }
    return false;
}

/* The classes that some policy with a DNS rule selects. */
static bool find_heard(const struct np_lint *l, struct np_bits *heard)
{
    if (!np_bits_init(l->ctx, heard, (size_t)l->survey.n_classes + 1)) {
        return false;
    }
    for (uint32_t p = 0; p < l->n_policies; p++) {
        bool asks = has_dns_rule(l->policies[p].policy);
        for (uint32_t c = 0; asks && c < l->survey.n_classes; c++) {
            if (np_bits_get(&l->policies[p].selected[NP_EGRESS], c)) {
                np_bits_set(heard, c);
            }
        }
    }
    return true;
}

/* One finding a policy: its first rule about names, and a class that is not heard. */
static void look_at(struct np_lint *l, const struct np_lint_policy *policy,
                    const struct np_bits *heard)
{
    const struct np_rule *rules = policy->policy->rules[NP_EGRESS];
    uint32_t r = 0, c = 0;
    while (r < policy->policy->n_rules[NP_EGRESS] && !is_about_names(&rules[r])) {
        r++;
    }
    while (c < l->survey.n_classes &&
           (!np_bits_get(&policy->selected[NP_EGRESS], c) || np_bits_get(heard, c))) {
        c++;
    }
    if (r < policy->policy->n_rules[NP_EGRESS] && c < l->survey.n_classes) {
        const struct np_endpoint *e = l->survey.classes[c].first;
        np_str name = e->workload_name ? e->workload_name : e->name;
        np_lint_report(l, NP_CODE_4120, -1, &rules[r].origin,
                       "no dns rule is about %s/%s, so Cilium never learns these names for it",
                       e->namespace_name ? e->namespace_name->text : "", name ? name->text : "");
    }
}

void np_lint_names(struct np_lint *l)
{
    const struct np_options *options = &l->model->options;
    struct np_bits heard = {0};
    if (options->engine != NP_ENGINE_CILIUM || options->fqdn_dns_rule || l->off[NP_CODE_4120]) {
        return;
    }
    l->failed |= !find_heard(l, &heard);
    for (uint32_t p = 0; p < l->n_policies && !l->failed; p++) {
        np_str object = l->policies[p].policy->origin.object;
        if (object && strncmp(object->text, "Cilium", 6) == 0) {
            look_at(l, &l->policies[p], &heard);
        }
    }
    np_bits_free(l->ctx, &heard);
}
