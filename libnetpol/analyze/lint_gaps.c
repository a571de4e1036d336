/* SPDX-License-Identifier: Apache-2.0 */
/* Holes: Pass rules with nothing behind them, pods that no policy restricts. */
#include "analyze/lint.h"
#include "analyze/tell.h"

/* ---- pass ---- */

/* Does a tier behind this one say anything about the class? */
static bool has_next(const struct np_focus *focus, const struct np_tier *tier,
                     enum np_direction direction)
{
    bool behind = false;
    for (uint32_t s = 0; focus->checkpoint && s < focus->checkpoint->n_stages; s++) {
        const struct np_stage *stage = focus->checkpoint->stages[s];
        for (uint32_t t = 0; t < stage->n_tiers; t++) {
            const struct np_tier *next = stage->tiers[t];
            for (uint32_t p = 0; behind && p < next->n_policies; p++) {
                const struct np_policy *policy = next->policies[p];
                if (!policy->synthetic &&
                    (policy->isolates[direction] || policy->n_rules[direction])) {
                    return true;
                }
            }
            behind = behind || next->name == tier->name;
        }
    }
    return false;
}

static bool is_last_tier(const struct np_lint *l, const struct np_tier *tier)
{
    for (uint32_t c = 0; c < l->model->n_checkpoints; c++) {
        for (uint32_t s = 0; s < l->model->checkpoints[c]->n_stages; s++) {
            const struct np_stage *stage = l->model->checkpoints[c]->stages[s];
            if (stage->n_tiers && stage->tiers[stage->n_tiers - 1] == tier) {
                return true;
            }
        }
    }
    return false;
}

/* All Pass rules of a policy are alike in this: the first one is named. more: are there others? */
static bool passes_before(const struct np_rule *rule, uint32_t *more)
{
    const struct np_policy *policy = rule->policy;
    for (uint32_t r = 0; r < policy->n_rules[rule->direction]; r++) {
        const struct np_rule *other = &policy->rules[rule->direction][r];
        if (other->action == NP_ACT_PASS && other->index < rule->index) {
            return true;
        }
        *more += other->action == NP_ACT_PASS && other->index > rule->index;
    }
    return false;
}

static void check_pass(struct np_lint *l, struct np_lint_policy *known, const struct np_rule *rule)
{
    enum np_direction direction = rule->direction;
    const struct np_tier *tier = known->policy->tier;
    uint32_t more = 0;
    if (rule->action != NP_ACT_PASS || !known->selects[direction] || is_last_tier(l, tier) ||
        passes_before(rule, &more)) {
        return;
    }
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        const struct np_class *class = &l->survey.classes[c];
        if (np_bits_get(&known->selected[direction], c) &&
            (has_next(&class->focus[direction], tier, direction) ||
             np_lint_closed(class, direction))) {
            return;
        }
    }
    np_lint_report(l, NP_CODE_4113, -1, &rule->origin,
                   "Pass with nothing behind it: no later policy speaks of %s of these pods, so "
                   "this allows%s",
                   np_direction_text(direction), more ? "; and so do the Pass rules below" : "");
}

/* ---- pods that nothing restricts ---- */

enum { NAMES_SHOWN = 3 };

struct open_pods {
    struct np_text names;
    uint32_t count;
    const struct np_endpoint *first;
    np_str last_workload;
};

static void note_open(struct open_pods *open, const struct np_endpoint *endpoint)
{
    np_str workload = endpoint->workload_name ? endpoint->workload_name : endpoint->name;
    if (open->count && workload == open->last_workload) {
        return;
    }
    open->last_workload = workload;
    open->first = open->first ? open->first : endpoint;
    if (open->count++ < NAMES_SHOWN) {
        np_text_addf(&open->names, "%s%s", open->count > 1 ? ", " : "",
                     workload ? workload->text : "");
    }
}

/* Bits of the directions in which nothing restricts the class. */
static unsigned open_directions(const struct np_class *class)
{
    return (np_lint_restricted(class, NP_INGRESS) ? 0u : 1u << NP_INGRESS) |
           (np_lint_restricted(class, NP_EGRESS) ? 0u : 1u << NP_EGRESS);
}

static void check_namespace(struct np_lint *l, np_str space, unsigned directions)
{
    static const char *const names[] = {"", "ingress", "egress", "ingress and egress"};
    struct open_pods open = {0};
    np_text_init(&open.names, l->ctx);
    for (uint32_t c = 0; c < l->survey.n_classes; c++) {
        const struct np_class *class = &l->survey.classes[c];
        if (class->first->namespace_name == space && open_directions(class) == directions) {
            note_open(&open, class->first);
        }
    }
    if (open.count) {
        np_lint_report_at(l, NP_CODE_4114, open.first,
                          "no policy restricts %s of %u workload%s in namespace %s: %s%s",
                          names[directions], open.count, open.count > 1 ? "s" : "",
                          space ? space->text : "", open.names.ptr ? open.names.ptr : "",
                          open.count > NAMES_SHOWN ? ", ..." : "");
    }
    np_text_free(&open.names);
}

void np_lint_gaps(struct np_lint *l)
{
    np_lint_rules(l, check_pass);
    for (uint32_t n = 0; n < l->model->inventory.n_namespaces && !l->off[NP_CODE_4114]; n++) {
        for (unsigned directions = 1; directions < 1u << NP_DIRECTIONS; directions++) {
            check_namespace(l, l->model->inventory.namespaces[n]->name, directions);
        }
    }
}
