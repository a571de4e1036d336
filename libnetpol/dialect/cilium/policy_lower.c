/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cilium's policies to the model. Source: pkg/policy/utils/parserules.go (RulesToPolicyEntries) and
 * pkg/policy/repository.go (computePolicyEnforcementAndRules) of cilium/cilium.
 *
 * Each part is a policy in the tier Normal, which has one rank: what denies goes before what
 * allows, however specific either is. A part isolates its subjects in a direction that has elements
 * and for which enableDefaultDeny does not say false; where no part isolates them, the end of the
 * tier Default lets pass what nothing denies.
 */
#include "dialect/cilium/policy.h"
#include "base/defect.h"

#include "dialect/cilium/cilium.h"

enum { NON_DEFAULT_DENY_ON, NON_DEFAULT_DENY_OFF }; /* as in options.def */
enum { DENY_ALONE_IGNORED, DENY_ALONE_ISOLATES };   /* default_deny_alone */

/* ---- subjects ---- */

static const struct np_set *subjects_of(struct np_lower *l, const struct np_cilium_spec *spec)
{
    return spec->nodes
               ? np_lower_pod_set(l, NP_OBJ_HOST_ENDPOINT, np_cilium_node_selector(l, spec->nodes))
               : np_cilium_subjects(l, spec->endpoints);
}

static struct np_tier *tier_of(struct np_lower *l, const struct np_cilium_spec *spec)
{
    return spec->nodes ? np_cilium_host_tier(l, NP_CILIUM_NORMAL)
                       : np_cilium_tier(l, NP_CILIUM_NORMAL);
}

/* ---- a part ---- */

static size_t elements(const struct np_cilium_spec *spec, enum np_direction direction)
{
    return spec->allow[direction].count + spec->deny[direction].count;
}

/*
 * Where there are elements, unless the flag says false. Alone it says nothing, since only elements
 * become entries (pkg/policy/utils/parserules.go RulesToPolicyEntries); the option lets it isolate.
 */
static bool isolates(const struct np_lower *l, const struct np_cilium_spec *spec,
                     enum np_direction direction)
{
    bool some = elements(spec, direction) > 0;
    const struct np_int *flag =
        spec->default_deny ? &spec->default_deny->flags[direction] : &(struct np_int){0};
    bool heard = flag->set && !np_defect(CILIUM_FLAG_UNHEARD) &&
                 l->options->non_default_deny != NON_DEFAULT_DENY_OFF &&
                 (some || l->options->default_deny_alone == DENY_ALONE_ISOLATES);
    return heard ? flag->value != 0 : some;
}

static void lower_elements(struct np_lower *l, const np_cilium_elements *list, np_str path,
                           struct np_cilium_place place)
{
    for (size_t i = 0; i < list->count; i++) {
        np_str at = np_build_format(l->build, "%s[%zu]", np_str_slice(path).ptr, i);
        place.path = np_str_slice(at).ptr;
        np_cilium_element_lower(l, &list->items[i], &place);
    }
}

static void lower_direction(struct np_lower *l, struct np_policy *policy,
                            const struct np_cilium_spec *spec, enum np_direction direction,
                            const char *path)
{
    const char *way = direction == NP_INGRESS ? "ingress" : "egress";
    struct np_cilium_place place = {.policy = policy, .direction = direction};
    policy->isolates[direction] = isolates(l, spec, direction);
    if (!policy->isolates[direction] && elements(spec, direction) == 0) {
        return;
    }
    if (spec->log && spec->log->value.len) {
        place.log = np_build_str(l->build, spec->log->value);
    }
    policy->subjects[direction] = subjects_of(l, spec);
    place.action = NP_ACT_DENY;
    lower_elements(l, &spec->deny[direction], np_build_format(l->build, "%s.%sDeny", path, way),
                   place);
    place.action = NP_ACT_ALLOW;
    lower_elements(l, &spec->allow[direction], np_build_format(l->build, "%s.%s", path, way),
                   place);
}

static void lower_part(struct np_lower *l, const struct np_cilium_policy *source, size_t part)
{
    const struct np_object *object = l->object;
    const struct np_cilium_spec *spec = np_cilium_part(source, part);
    struct np_tier *tier = tier_of(l, spec);
    if (!tier) {
        return; /* of nodes, and nobody enforces it there */
    }
    np_str space =
        object->namespace_name.len ? np_build_str(l->build, object->namespace_name) : NULL;
    struct np_policy *policy = np_build_policy(l->build, tier, object->reader->kind, space,
                                               np_build_str(l->build, object->name));
    size_t first = source->spec ? 1 : 0; /* part of specs[0] */
    np_str path = part < first ? np_build_text(l->build, "spec")
                               : np_build_format(l->build, "specs[%zu]", part - first);
    if (!policy || !path) {
        return;
    }
    policy->part = (uint32_t)part;
    policy->origin = np_lower_origin(l, spec->node, "%s", path->text);
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        lower_direction(l, policy, spec, (enum np_direction)d, path->text);
    }
}

/* ---- what could not be read ---- */

static void add_clauses(struct np_set_build *out, const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        np_set_clause(out);
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_signed_literal *item = &set->clauses[c].items[i];
            np_set_literal(out, item->literal, item->negative);
        }
    }
}

/* What is known of the subjects of all parts: of pods, or of nodes. NULL: there are none. */
static const struct np_set *known_subjects(struct np_lower *l,
                                           const struct np_cilium_policy *source, bool nodes)
{
    struct np_set_build *set = np_build_set(l->build);
    bool some = false;
    for (size_t i = 0; i < np_cilium_parts(source); i++) {
        const struct np_cilium_spec *spec = np_cilium_part(source, i);
        if ((spec->nodes != NULL) == nodes) {
            add_clauses(set, subjects_of(l, spec));
            some = true;
        }
    }
    return some ? np_set_done(set) : NULL;
}

static void lower_unreadable(struct np_lower *l, const struct np_cilium_policy *source)
{
    bool known = source && source->subjects_read;
    bool clusterwide = l->object->namespace_name.len == 0;
    for (int nodes = 0; nodes < 2; nodes++) {
        struct np_tier *tier = np_cilium_unreadable_tier(l, NP_CILIUM_NORMAL, nodes);
        const struct np_set *subjects =
            !tier    ? NULL
            : known  ? known_subjects(l, source, nodes)
            : !nodes ? np_cilium_subjects(l, NULL)
            : clusterwide
                ? np_lower_pod_set(l, NP_OBJ_HOST_ENDPOINT, np_cilium_node_selector(l, NULL))
                : NULL;
        if (subjects) {
            np_lower_unreadable_in(l, tier, subjects);
        }
    }
}

int np_cilium_policy_lower(struct np_lower *l)
{
    const struct np_cilium_policy *source = l->object->spec;
    if (!np_cilium_engine(l)) {
        return np_lower_status(l);
    }
    if (!source || l->object->state == NP_OBJECT_UNREADABLE) {
        lower_unreadable(l, source);
        return np_lower_status(l);
    }
    for (size_t i = 0; i < np_cilium_parts(source); i++) {
        lower_part(l, source, i);
    }
    return np_lower_status(l);
}
