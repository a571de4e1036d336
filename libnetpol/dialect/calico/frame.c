/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tiers and stages. Source: api/pkg/apis/projectcalico/v3/tier.go,
 * libcalico-go/lib/names/policy.go, felix/calc/policy_sorter.go (TierLess),
 * felix/calc/event_sequencer.go.
 */
#include "dialect/calico/calico.h"
#include "base/defect.h"

#include <math.h>

/* np_tier.late: the tiers of one order; in front of each kind the unreadable policies of it. */
enum { LATE_LISTED = 1, LATE_MISSING = 3, LATE_PROFILES = 5 };

#define OPTIONS  "(options)"
#define PROFILES "(profiles)"

static const struct {
    const char *name, *suffix; /* of the stage; of a tier's name in it */
    uint8_t view, applies, on_end;
} stages[NP_CALICO_STAGES] = {
    [NP_CALICO_NORMAL] = {"normal",    "",             NP_POST_NAT, NP_ROUTE_TO_FROM_HOST, NP_ON_END_NEXT},
    [NP_CALICO_FORWARD] = {"forward",   " (forward)",   NP_POST_NAT, NP_ROUTE_FORWARDED,
                          NP_ON_END_ALLOW                                                                },
    [NP_CALICO_PRE_DNAT] = {"preDNAT",   " (preDNAT)",   NP_PRE_NAT,  NP_ROUTE_ANY,          NP_ON_END_NEXT},
    [NP_CALICO_UNTRACKED] = {"untracked", " (untracked)", NP_PRE_NAT,  NP_ROUTE_ANY,          NP_ON_END_NEXT},
};

bool np_calico_engine(const struct np_lower *l)
{
    return l->options->engine == NP_ENGINE_CALICO;
}

struct np_slice np_calico_tier_name(const struct np_tier *tier)
{
    struct np_slice name = np_str_slice(tier->name);
    const char *blank = name.len ? memchr(name.ptr, ' ', name.len) : NULL;
    return blank ? (struct np_slice){name.ptr, (size_t)(blank - name.ptr)} : name;
}

bool np_calico_tier_is_profiles(const struct np_tier *tier)
{
    return np_slice_is(np_str_slice(tier->name), PROFILES);
}

bool np_calico_tier_missing(const struct np_tier *tier)
{
    return tier->late == LATE_MISSING;
}

np_str np_calico_tie(struct np_lower *l, np_str kind)
{
    const struct np_object *object = l->object;
    char between = np_defect(CALICO_TIE_BY_FIELDS) ? '\001' : '/';
    return kind ? np_build_format(l->build, "%.*s%c%.*s%c%s", (int)object->name.len,
                                  object->name.ptr, between, (int)object->namespace_name.len,
                                  object->namespace_name.ptr, between, kind->text)
                : NULL;
}

/* ---- stages ---- */

static struct np_stage *host_stage(struct np_lower *l, enum np_direction direction,
                                   enum np_calico_stage which)
{
    return np_build_find_stage(l->build, NP_CHECK_HOST, direction, stages[which].name);
}

static void make_host(struct np_lower *l, enum np_direction direction)
{
    static const enum np_calico_stage order[] = {NP_CALICO_UNTRACKED, NP_CALICO_PRE_DNAT,
                                                 NP_CALICO_FORWARD, NP_CALICO_NORMAL};
    struct np_checkpoint *host = np_build_checkpoint(l->build, NP_CHECK_HOST, direction, "host");
    const struct np_stage *workload = np_build_workload_stage(l->build, direction);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (order[i] == NP_CALICO_PRE_DNAT && direction == NP_EGRESS) {
            continue;
        }
        struct np_stage *stage = np_build_stage(l->build, host, stages[order[i]].name);
        if (stage) {
            stage->view = np_defect(CALICO_VIEWS_ALIKE) ? NP_POST_NAT : stages[order[i]].view;
            stage->applies = stages[order[i]].applies;
            stage->on_end = stages[order[i]].on_end;
            if (np_defect(CALICO_FORWARD_DENIES) && order[i] == NP_CALICO_FORWARD) {
                stage->on_end = NP_ON_END_DENY;
            }
        }
        for (uint32_t t = 0; order[i] == NP_CALICO_NORMAL && workload && t < workload->n_tiers;
             t++) {
            if (workload->tiers[t]->name->text[0] != '(') {
                np_build_add_tier(l->build, stage, workload->tiers[t]);
            }
        }
    }
}

void np_calico_hosts(struct np_lower *l)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (!host_stage(l, (enum np_direction)d, NP_CALICO_NORMAL)) {
            make_host(l, (enum np_direction)d);
        }
    }
}

enum { OF_WORKLOADS = 1, OF_HOSTS = 2 };

static void attach(struct np_lower *l, struct np_tier *tier, enum np_calico_stage which,
                   unsigned whose)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        enum np_direction direction = (enum np_direction)d;
        if (whose & OF_WORKLOADS) {
            np_build_add_tier(l->build, np_build_workload_stage(l->build, direction), tier);
        }
        struct np_stage *stage = whose & OF_HOSTS ? host_stage(l, direction, which) : NULL;
        if (stage) {
            np_build_add_tier(l->build, stage, tier);
        }
    }
}

/* ---- tiers ---- */

static struct np_tier *make_tier(struct np_lower *l, const char *name, double order, uint8_t late,
                                 enum np_end_action end, enum np_calico_stage which)
{
    struct np_tier *tier = np_build_tier(l->build, name, order, NP_LISTED);
    if (tier) {
        tier->late = late;
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = (uint8_t)end;
        tier->end_if = np_defect(CALICO_TIERS_ALWAYS_END) ? NP_ALWAYS : NP_TIER_ISOLATED;
        attach(l, tier, which, which == NP_CALICO_NORMAL ? OF_WORKLOADS | OF_HOSTS : OF_HOSTS);
        if (which != NP_CALICO_NORMAL) {
            np_calico_guard(l, tier, which);
        }
    }
    return tier;
}

/* A tier of synthetic rules, of workloads or of hosts in their normal stage. */
static struct np_tier *own_tier(struct np_lower *l, const char *name, bool first, unsigned whose)
{
    struct np_tier *tier = np_build_find_tier(l->build, name);
    if (!tier) {
        tier = np_build_tier(l->build, name, first ? -HUGE_VAL : HUGE_VAL, NP_LISTED);
    } else {
        return tier;
    }
    if (tier) {
        tier->late = first ? 0 : LATE_PROFILES;
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = first ? NP_END_PASS : NP_END_DENY;
        attach(l, tier, NP_CALICO_NORMAL, whose);
    }
    return tier;
}

/* Its order is that of the same name in the normal stage, which is made where it is not there. */
struct np_tier *np_calico_tier(struct np_lower *l, struct np_slice name, enum np_calico_stage stage)
{
    np_str text =
        np_build_format(l->build, "%.*s%s", (int)name.len, name.ptr, stages[stage].suffix);
    struct np_tier *tier = text ? np_build_find_tier(l->build, text->text) : NULL;
    if (tier || !text) {
        return tier;
    }
    if (stage == NP_CALICO_NORMAL) {
        bool passes = np_defect(CALICO_LOST_TIER_PASSES);
        return make_tier(l, text->text, HUGE_VAL, LATE_MISSING, passes ? NP_END_PASS : NP_END_DENY,
                         stage);
    }
    const struct np_tier *normal = np_calico_tier(l, name, NP_CALICO_NORMAL);
    if (!normal) {
        return NULL;
    }
    np_calico_hosts(l);
    enum np_end_action end = stage == NP_CALICO_FORWARD || np_defect(CALICO_EARLY_TIERS_END)
                                 ? (enum np_end_action)normal->end[NP_INGRESS]
                                 : NP_END_PASS;
    return make_tier(l, text->text, normal->order, normal->late, end, stage);
}

struct np_tier *np_calico_unreadable_tier(struct np_lower *l, struct np_slice name,
                                          enum np_calico_stage stage)
{
    const struct np_tier *before = np_calico_tier(l, name, stage);
    np_str text = before ? np_build_format(l->build, "unreadable %s", before->name->text) : NULL;
    struct np_tier *tier = text ? np_build_find_tier(l->build, text->text) : NULL;
    if (tier || !text) {
        return tier;
    }
    return make_tier(l, text->text, before->order, (uint8_t)(before->late - 1), NP_END_PASS, stage);
}

struct np_tier *np_calico_options_tier(struct np_lower *l)
{
    return own_tier(l, "(options)", true, OF_WORKLOADS);
}

struct np_tier *np_calico_host_options_tier(struct np_lower *l)
{
    return own_tier(l, "(host options)", true, OF_HOSTS);
}

struct np_tier *np_calico_profiles_tier(struct np_lower *l)
{
    return own_tier(l, "(profiles)", false, OF_WORKLOADS);
}

struct np_tier *np_calico_host_profiles_tier(struct np_lower *l)
{
    return own_tier(l, "(host profiles)", false, OF_HOSTS);
}

void np_calico_begin(struct np_lower *l)
{
    static const struct {
        const char *name;
        double order;
        enum np_end_action end;
    } built_in[] = {
        {"kube-admin",    1000,     NP_END_PASS},
        {"default",       1000000,  NP_END_DENY},
        {"kube-baseline", 10000000, NP_END_PASS},
    };
    np_calico_options_tier(l);
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        make_tier(l, built_in[i].name, built_in[i].order, LATE_LISTED, built_in[i].end,
                  NP_CALICO_NORMAL);
    }
    np_calico_profiles_tier(l);
}

void np_calico_make_tier(struct np_lower *l, struct np_slice name, double order,
                         enum np_end_action end)
{
    np_str text = np_build_str(l->build, name);
    if (text && !np_build_find_tier(l->build, text->text)) {
        struct np_tier *tier = make_tier(l, text->text, order, LATE_LISTED, end, NP_CALICO_NORMAL);
        if (tier) {
            tier->lasting = true; /* as long as its object, which is no policy */
        }
    }
}

/* ---- the set as a whole ---- */

static const struct np_policy *first_written(const struct np_tier *tier)
{
    for (uint32_t i = 0; i < tier->n_policies; i++) {
        if (!tier->policies[i]->synthetic) {
            return tier->policies[i];
        }
    }
    return NULL;
}

/* The first policy of a Tier's name, in whatever stage. */
static const struct np_policy *first_of_tier(const struct np_model *model,
                                             const struct np_tier *normal)
{
    const struct np_policy *first = first_written(normal);
    for (uint32_t c = 0; c < model->n_checkpoints && !first; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages && !first; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers && !first; t++) {
                first = np_calico_tier_missing(stage->tiers[t]) &&
                                np_slice_equal(np_calico_tier_name(stage->tiers[t]),
                                               np_str_slice(normal->name))
                            ? first_written(stage->tiers[t])
                            : NULL;
            }
        }
    }
    return first;
}

void np_calico_check(struct np_lower *l, const struct np_model *model)
{
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        if (checkpoint->kind != NP_CHECK_WORKLOAD || checkpoint->direction != NP_INGRESS) {
            continue; /* both directions share their tiers */
        }
        for (uint32_t t = 0; checkpoint->n_stages && t < checkpoint->stages[0]->n_tiers; t++) {
            const struct np_tier *tier = checkpoint->stages[0]->tiers[t];
            const struct np_policy *first =
                np_calico_tier_missing(tier) ? first_of_tier(model, tier) : NULL;
            if (!first) {
                continue;
            }
            struct np_place place = {
                .source = np_str_slice(first->origin.source).ptr,
                .line = first->origin.line,
                .column = first->origin.column,
                .object = np_str_slice(first->origin.object).ptr,
                .path = "spec.tier",
            };
            l->errors += l->strict;
            np_diag_full(l->diags, NP_CODE_2401, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                         "there is no tier \"%s\"; its policies are judged after all others, and "
                         "what they do not decide is denied",
                         np_str_slice(tier->name).ptr);
        }
    }
}
