/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calico's policies to the model. Source: libcalico-go/lib/backend/syncersv1/updateprocessors
 * (networkpolicyprocessor.go, globalnetworkpolicyprocessor.go), api/pkg/defaults/networkpolicy.go,
 * felix/calc/event_sequencer.go (tierInfoToProtoTierInfo) and felix/calc/policy_sorter.go of
 * projectcalico/calico.
 *
 * A policy isolates its subjects in the directions of its types, rules or not. A global one stands
 * in the stages that its flags say; one that applies to forwarded traffic stands in two, as a
 * policy each.
 */
#include "dialect/calico/policy.h"

#include "dialect/calico/calico.h"
#include "dialect/syntax.h"
#include "base/defect.h"

#include <math.h>

/* ---- what a policy is about ---- */

static struct np_slice tier_of(const struct np_calico_spec *spec)
{
    return spec && spec->tier.len ? spec->tier : np_slice_of("default");
}

/* api/pkg/defaults/networkpolicy.go: without types, the directions that have rules, else ingress.
 */
static bool listed(const struct np_calico_spec *spec, enum np_direction direction)
{
    if (!spec || spec->types.count == 0) {
        if (np_defect(CALICO_TYPES_BOTH)) {
            return true;
        }
        bool egress = spec && spec->rules[NP_EGRESS].count;
        bool ingress = spec && spec->rules[NP_INGRESS].count;
        return direction == NP_EGRESS ? egress : ingress || !egress;
    }
    const char *name = direction == NP_INGRESS ? "Ingress" : "Egress";
    for (size_t i = 0; i < spec->types.count; i++) {
        if (np_slice_is(spec->types.items[i].text, name)) {
            return true;
        }
    }
    return false;
}

static const struct np_selector *field(struct np_lower *l, const char *key)
{
    return np_build_term(l->build, NP_SCOPE_FIELD, np_build_text(l->build, key), NP_OP_EXISTS, NULL,
                         0);
}

/*
 * Where selectors over namespaces or accounts are given, all() means "has one", in the selector of
 * endpoints as well: the processors replace it in the joined text.
 */
static const struct np_selector *selector_of(struct np_lower *l, const struct np_calico_spec *spec)
{
    const struct np_selector *terms[4];
    uint32_t count = 0;
    const struct np_selector *everything = np_build_select(l->build, NP_SELECT_ALL, NULL, 0);
    const struct np_selector *account = spec && spec->accounts ? field(l, "serviceaccount") : NULL;
    const struct np_selector *all = np_defect(CALICO_ALL_IS_ALL) ? everything
                                    : spec && spec->namespaces   ? field(l, "namespace")
                                    : account                    ? account
                                                                 : everything;
    if (l->object->namespace_name.len) {
        np_str name = np_build_str(l->build, l->object->namespace_name);
        terms[count++] = np_build_term(l->build, NP_SCOPE_FIELD,
                                       np_build_text(l->build, "namespace"), NP_OP_IN, &name, 1);
    }
    if (spec && spec->selects) {
        terms[count++] = np_calico_selector_lower_as(l, spec->selects, NP_CALICO_OBJECT, all);
    }
    if (spec && spec->namespaces) {
        terms[count++] = np_calico_selector_lower_as(l, spec->namespaces, NP_CALICO_NAMESPACE, all);
    }
    if (account) {
        terms[count++] = np_calico_selector_lower_as(l, spec->accounts, NP_CALICO_ACCOUNT, account);
    }
    return np_build_select(l->build, NP_SELECT_ALL, terms, count);
}

/* Namespaced: pods; global: hosts, too. */
static const struct np_set *subjects_of(struct np_lower *l, const struct np_calico_spec *spec)
{
    uint16_t kinds = np_lower_pod_kinds(l);
    if (!l->object->namespace_name.len && !np_defect(CALICO_PODS_ONLY)) {
        kinds |= NP_OBJ_HOST_ENDPOINT;
    }
    struct np_set_build *set = np_build_set(l->build);
    if (spec && spec->unread) {
        struct np_literal fact = {.kind = NP_LIT_FACT, .number = NP_FACT_UNREADABLE};
        np_set_literal(set, np_build_literal(l->build, &fact), false);
        spec = NULL; /* of the kinds it can be about, in its namespace */
    }
    np_set_literal(set, np_build_objects(l->build, kinds, selector_of(l, spec)), false);
    return np_set_done(set);
}

/* ---- where it stands ---- */

/* The stages of a policy; returns how many. */
static uint32_t stages_of(const struct np_calico_spec *spec, enum np_calico_stage out[2])
{
    uint32_t count = 0;
    if (spec && spec->untracked.value) {
        out[count++] = NP_CALICO_UNTRACKED;
    } else if (spec && spec->pre_dnat.value) {
        out[count++] = NP_CALICO_PRE_DNAT;
    } else {
        bool both = !spec || !spec->forward.value || !np_defect(CALICO_FORWARD_ONLY);
        if (both) {
            out[count++] = NP_CALICO_NORMAL;
        }
        if (spec && spec->forward.value) {
            out[count++] = NP_CALICO_FORWARD;
        }
    }
    return count;
}

/* Which policies a staged one may replace: Calico's own kind of the name, wherever it stands. */
static const char *namesakes(const struct np_object *object)
{
    return object->namespace_name.len ? "projectcalico.org/NetworkPolicy"
                                      : "projectcalico.org/GlobalNetworkPolicy";
}

static uint8_t state_of(const struct np_calico_spec *spec, const struct np_reader *reader)
{
    bool staged = strncmp(reader->kind, "Staged", 6) == 0;
    bool removes = staged && spec && !np_defect(CALICO_DELETE_SETS) &&
                   np_slice_is(spec->staged_action, "Delete");
    return removes ? NP_STAGED_DELETE : staged ? NP_STAGED_SET : NP_ENFORCED;
}

static bool is_unused(struct np_slice action)
{
    return !np_defect(CALICO_LEARN_COUNTS) &&
           (np_slice_is(action, "Learn") || np_slice_is(action, "Ignore"));
}

static void lower_rules(struct np_lower *l, struct np_policy *policy,
                        const struct np_calico_spec *spec, enum np_direction direction)
{
    const char *path = direction == NP_INGRESS ? "spec.ingress" : "spec.egress";
    for (size_t i = 0; spec && i < spec->rules[direction].count; i++) {
        np_calico_rule_lower(l, policy, direction, &spec->rules[direction].items[i], i, path);
    }
}

static void lower_in(struct np_lower *l, const struct np_calico_spec *spec,
                     enum np_calico_stage stage)
{
    const struct np_object *object = l->object;
    np_str space =
        object->namespace_name.len ? np_build_str(l->build, object->namespace_name) : NULL;
    struct np_policy *policy =
        np_build_policy(l->build, np_calico_tier(l, tier_of(spec), stage), object->reader->kind,
                        space, np_build_str(l->build, object->name));
    if (!policy) {
        return;
    }
    policy->origin = np_lower_origin(l, spec ? spec->node : NULL, "spec");
    policy->order = spec && spec->order.set            ? spec->order.value
                    : np_defect(CALICO_NO_ORDER_FIRST) ? -HUGE_VAL
                                                       : HUGE_VAL;
    policy->tie = np_calico_tie(l, policy->kind);
    policy->state = state_of(spec, object->reader);
    policy->namesakes = np_build_text(l->build, namesakes(object));
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        enum np_direction direction = (enum np_direction)d;
        if (listed(spec, direction)) {
            policy->isolates[d] = true;
            policy->subjects[d] = subjects_of(l, spec);
            lower_rules(l, policy, spec, direction);
        }
    }
}

static void lower_unreadable(struct np_lower *l, const struct np_calico_policy *source)
{
    const struct np_calico_spec *spec = source ? source->spec : NULL;
    enum np_calico_stage stages[2];
    if (state_of(NULL, l->object->reader) != NP_ENFORCED) {
        return; /* enforces nothing, whatever it says */
    }
    const struct np_set *subjects = subjects_of(l, source && source->subject_read ? spec : NULL);
    uint32_t count = stages_of(spec, stages);
    bool named = spec && spec->tier.len && !np_syntax_label(spec->tier);
    for (uint32_t i = 0; i < count; i++) {
        struct np_slice tier = named ? spec->tier : np_slice_of("default");
        np_lower_unreadable_in(l, np_calico_unreadable_tier(l, tier, stages[i]), subjects);
    }
}

int np_calico_policy_lower(struct np_lower *l)
{
    const struct np_calico_policy *source = l->object->spec;
    const struct np_calico_spec *spec = source ? source->spec : NULL;
    if (!np_calico_engine(l)) {
        return np_lower_status(l);
    }
    if (l->object->state == NP_OBJECT_UNREADABLE) {
        lower_unreadable(l, source);
    } else if (!spec || !is_unused(spec->staged_action)) {
        enum np_calico_stage stages[2];
        uint32_t count = stages_of(spec, stages);
        for (uint32_t i = 0; i < count; i++) {
            lower_in(l, spec, stages[i]);
        }
    }
    return np_lower_status(l);
}

/* ---- StagedKubernetesNetworkPolicy ---- */

int np_calico_sknp_lower(struct np_lower *l)
{
    const struct np_calico_staged_kube_policy *source = l->object->spec;
    const struct np_calico_staged_kube_spec *spec = source ? source->spec : NULL;
    bool counts = np_calico_engine(l) && l->object->state != NP_OBJECT_UNREADABLE &&
                  !(spec && is_unused(spec->staged_action));
    struct np_policy *policy =
        counts ? np_kubernetes_lower_spec(l, spec ? &spec->kube : NULL) : NULL;
    if (policy) {
        bool removes = spec && np_slice_is(spec->staged_action, "Delete");
        policy->state = removes ? NP_STAGED_DELETE : NP_STAGED_SET;
        policy->tie = np_calico_tie(l, policy->kind);
    }
    return np_lower_status(l);
}
