/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that change nothing. A rule inside another one that says the same is merely superfluous (a
 * note); a rule behind one that covers it (in an ordered tier behind any, else behind one whose
 * action goes first) is never reached, whatever it says, and where it says something else somebody
 * thinks that it is. Judged by structure, so the answer holds for pods to come.
 */
#include "analyze/cover.h"
#include "analyze/lint.h"

enum { PAIRS_MAX = 4000000 };

static bool is_written(const struct np_rule *rule)
{
    return !rule->policy->synthetic && rule->policy->state == NP_ENFORCED &&
           rule->n_alternatives > 0;
}

/* A note lets the walk go on, and so may an asked one. */
static bool decides(const struct np_rule *rule)
{
    return is_written(rule) && rule->action != NP_ACT_NOTE && rule->action != NP_ACT_ASK;
}

static bool covers(const struct np_rule *outer, const struct np_rule *inner,
                   enum np_direction direction)
{
    return np_cover_set(outer->policy->subjects[direction], inner->policy->subjects[direction]) &&
           np_cover_rule(outer, inner);
}

/* Subjects of two namespaces never meet: spares the comparison. */
static bool may_meet(const struct np_rule *a, const struct np_rule *b)
{
    return !a->policy->namespace_name || !b->policy->namespace_name ||
           a->policy->namespace_name == b->policy->namespace_name;
}

/* Made of one written rule. */
static bool is_sibling(const struct np_rule *a, const struct np_rule *b)
{
    return a->policy == b->policy && a->index == b->index &&
           a->policy->tier->rank_order == NP_LISTED;
}

__attribute__((format(printf, 5, 0))) static void report(struct np_lint *l, enum np_code code,
                                                         const struct np_rule *inner,
                                                         const struct np_rule *outer,
                                                         const char *format)
{
    np_lint_report(l, code, -1, &inner->origin, format,
                   outer->origin.object ? outer->origin.object->text : "",
                   outer->origin.path ? outer->origin.path->text : "");
}

/* Where the order is that of verdicts, an allow behind a deny is not heard, nor a pass behind both.
 */
static bool goes_first(const struct np_tier *tier, enum np_direction direction, uint32_t outer,
                       uint32_t inner)
{
    const struct np_rule *a = tier->walk[direction][outer], *b = tier->walk[direction][inner];
    return tier->rank_order == NP_LISTED || a->action == b->action || outer < inner;
}

/* Has the rule a say beside one that allows the same? How both ends prove who they are, where the
 * traffic is sent, what becomes of its headers. */
static bool says_more(const struct np_rule *outer, const struct np_rule *inner)
{
    bool authentication =
        inner->auth_explicit && !(outer->auth_explicit && outer->auth_mode == inner->auth_mode);
    bool listener = inner->listener_name && inner->listener_name != outer->listener_name;
    return outer->action == inner->action && (authentication || listener || inner->n_effects > 0);
}

/* Equal rules cover each other: only the later one is named. */
static const struct np_rule *find_cover(struct np_lint *l, const struct np_tier *tier,
                                        enum np_direction direction, uint32_t at, uint32_t *pairs)
{
    const struct np_rule *inner = tier->walk[direction][at];
    bool listed = tier->rank_order == NP_LISTED;
    uint32_t last = listed ? at : tier->n_walk[direction];
    for (uint32_t i = 0; i < last; i++) {
        const struct np_rule *outer = tier->walk[direction][i];
        if (i == at || !decides(outer) || is_sibling(outer, inner) || !may_meet(outer, inner) ||
            !goes_first(tier, direction, i, at) || says_more(outer, inner)) {
            continue;
        }
        if (++*pairs > PAIRS_MAX) {
            l->stopped = true;
            return NULL;
        }
        if (covers(outer, inner, direction) && (i < at || !covers(inner, outer, direction))) {
            return outer;
        }
    }
    return NULL;
}

static void check_tier(struct np_lint *l, const struct np_tier *tier, enum np_direction direction,
                       uint32_t *pairs)
{
    for (uint32_t at = 0; at < tier->n_walk[direction]; at++) {
        const struct np_rule *inner = tier->walk[direction][at];
        const struct np_rule *outer =
            is_written(inner) ? find_cover(l, tier, direction, at, pairs) : NULL;
        if (outer && outer->action != inner->action) {
            report(l, NP_CODE_4112, inner, outer, "never reached: %s %s decides all of it before");
        } else if (outer && tier->rank_order == NP_LISTED) {
            report(l, NP_CODE_4111, inner, outer, "%s %s says the same of all of it before");
        } else if (outer) {
            report(l, NP_CODE_4111, inner, outer, "%s %s allows all that this rule allows");
        }
    }
}

void np_lint_redundancy(struct np_lint *l)
{
    uint32_t pairs = 0;
    for (uint32_t c = 0; c < l->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = l->model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t t = 0; t < checkpoint->stages[s]->n_tiers; t++) {
                const struct np_tier *tier = checkpoint->stages[s]->tiers[t];
                if (checkpoint->kind == NP_CHECK_WORKLOAD || !np_lint_of_workloads(l, tier)) {
                    check_tier(l, tier, checkpoint->direction, &pairs);
                }
            }
        }
    }
}
