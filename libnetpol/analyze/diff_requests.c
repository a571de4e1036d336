/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rows cannot tell. A connection that is inspect in both sets has no row, also when a rule
 * that was about one path is about all of them now: sets of requests are not compared.
 */
#include "analyze/diff.h"

static bool is_about_requests(const struct np_rule *rule)
{
    bool any = rule->redirect_parser || rule->listener_name || rule->terminating ||
               rule->originating || rule->n_effects > 0;
    for (uint32_t i = 0; i < rule->n_alternatives; i++) {
        any = any || rule->alternatives[i].connection || rule->alternatives[i].request;
    }
    return any;
}

static bool reads_requests(const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        for (uint32_t i = 0; i < policy->n_rules[d]; i++) {
            if (is_about_requests(&policy->rules[d][i])) {
                return true;
            }
        }
    }
    return false;
}

static const struct np_policy *first_about_requests(const struct np_diff_model *side)
{
    for (uint32_t i = 0; i < side->n_changed; i++) {
        if (reads_requests(side->changed[i])) {
            return side->changed[i];
        }
    }
    return NULL;
}

void np_diff_tell_requests(const struct np_diff *diff, struct netpol_diags *diags)
{
    struct np_place place = {.source = "", .object = "", .path = ""};
    const struct np_policy *policy = first_about_requests(&diff->models[NP_DIFF_NEW]);
    policy = policy ? policy : first_about_requests(&diff->models[NP_DIFF_OLD]);
    if (!diff->inspected || (!policy && !diff->inspected_otherwise)) {
        return;
    }
    if (policy) {
        const struct np_origin *origin = &policy->origin;
        place.source = origin->source ? origin->source->text : "";
        place.line = origin->line;
        place.column = origin->column;
        place.object = origin->object ? origin->object->text : "";
        place.path = origin->path ? origin->path->text : "";
    }
    np_diag(diags, NP_CODE_4002, &place,
            policy ? "this policy differs, and requests decide in both sets: which of them pass "
                     "was not compared"
                   : "other rules about requests decide: which requests pass was not compared");
}
