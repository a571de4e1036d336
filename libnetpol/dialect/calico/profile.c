/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: what is asked when no tier has decided. Source: libcalico-go/lib/backend/k8s/conversion
 * NamespaceToProfile, felix/rules/endpoints.go, felix/calc/active_rules_calculator.go,
 * app-policy/checker/check.go checkTiers.
 *
 * An endpoint names its profiles in an order of its own, so there is a policy for each profile and
 * place: of its endpoints are those that name it there. kns.NAMESPACE, which every pod has, allows
 * both directions; it is one policy for all pods instead of one for each namespace: they say the
 * same, and pods of different namespaces stay alike.
 */
#include "dialect/calico/inventory.h"

static const struct np_calico_thing *thing_of(const struct np_calico_item *item)
{
    return item->object->spec;
}

static bool begins(struct np_slice text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

/* Made by Calico: allow all, or (of a service account) labels only. */
static bool allows_all(struct np_slice profile)
{
    return begins(profile, "kns.") || np_slice_is(profile, "projectcalico-default-allow");
}

/* `{action: Allow}`, and no condition; empty ends are none. */
static bool is_plain_allow(const struct np_calico_rule *rule)
{
    for (size_t i = 0; i < rule->node->map.count; i++) {
        const struct np_member *member = &rule->node->map.members[i];
        bool empty = np_is(member->value, NP_MAP) && member->value->map.count == 0;
        if (!empty && !np_slice_is(member->key, "action") &&
            !np_slice_is(member->key, "metadata")) {
            return false;
        }
    }
    return np_slice_is(rule->action, "Allow");
}

void np_calico_check_built_in(struct np_decode *d, const struct np_calico_profile_object *profile)
{
    static const char *const keys[] = {[NP_INGRESS] = "ingress", [NP_EGRESS] = "egress"};
    const struct np_calico_profile_spec *spec = profile->spec;
    bool allows = allows_all(d->object->name), labels = begins(d->object->name, "ksa.");
    for (int i = 0; (allows || labels) && i < NP_DIRECTIONS; i++) {
        size_t count = spec ? spec->rules[i].count : 0;
        if (labels ? count != 0 : count != 1 || !is_plain_allow(&spec->rules[i].items[0])) {
            size_t mark = spec ? np_path_key(d, "spec") : d->path.len;
            np_decode_report_in(d, NP_CODE_2416, spec ? spec->node : profile->node, keys[i],
                                "the profile %.*s %s",
                                (int)(d->object->name.len < 100 ? d->object->name.len : 100),
                                d->object->name.ptr, allows ? "allows everything" : "has no rules");
            np_path_end(d, mark);
        }
    }
}

int np_calico_profile_lower(struct np_lower *l)
{
    if (np_core_readable(l) && l->calico) {
        np_calico_note(l, &l->calico->profiles);
    }
    return np_core_status(l);
}

static const struct np_object *find(const struct np_lower *l, struct np_slice name)
{
    for (const struct np_calico_item *item = l->calico->profiles.first; item; item = item->next) {
        if (np_slice_equal(item->object->name, name)) {
            return item->object;
        }
    }
    return NULL;
}

static const struct np_calico_profile_spec *spec_of(const struct np_object *profile)
{
    return profile ? ((const struct np_calico_profile_object *)profile->spec)->spec : NULL;
}

/* ---- labels ---- */

static bool has_label(const struct np_label *items, uint32_t count, np_str key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].key == key) {
            return true;
        }
    }
    return false;
}

static void add_labels(struct np_lower *l, struct np_endpoint *endpoint,
                       const struct np_label_list *labels)
{
    uint32_t count = endpoint->labels.count;
    struct np_label *items = np_build_alloc(l->build, count + labels->count, sizeof *items);
    if (!items || labels->count == 0) {
        return;
    }
    if (count) {
        memcpy(items, endpoint->labels.items, count * sizeof *items);
    }
    for (uint32_t i = 0; i < labels->count; i++) {
        np_str key = np_build_str(l->build, labels->items[i].key);
        if (!has_label(items, count, key)) {
            items[count++] = (struct np_label){key, np_build_str(l->build, labels->items[i].value)};
        }
    }
    endpoint->labels = np_build_labels(l->build, items, count);
}

void np_calico_profile_labels(struct np_lower *l, const struct np_calico_item *item)
{
    for (uint32_t i = 0; item->endpoint && i < thing_of(item)->n_profiles; i++) {
        const struct np_calico_profile_spec *spec = spec_of(find(l, thing_of(item)->profiles[i]));
        if (spec) {
            add_labels(l, item->endpoint, &spec->label_list);
        }
    }
}

/* ---- who names a profile at a place ---- */

static bool names_it(const struct np_calico_item *item, uint32_t place, struct np_slice profile)
{
    const struct np_calico_thing *thing = thing_of(item);
    return item->endpoint && place < thing->n_profiles &&
           np_slice_equal(thing->profiles[place], profile);
}

static const struct np_selector *is_called(struct np_lower *l, const char *field, np_str value)
{
    return np_build_term(l->build, NP_SCOPE_FIELD, np_build_text(l->build, field), NP_OP_IN, &value,
                         1);
}

static const struct np_selector *is_this(struct np_lower *l, const struct np_endpoint *endpoint)
{
    const struct np_selector *name = is_called(l, "name", endpoint->name);
    if (!endpoint->namespace_name) {
        return name;
    }
    const struct np_selector *both[] = {is_called(l, "namespace", endpoint->namespace_name), name};
    return np_build_select(l->build, NP_SELECT_ALL, both, 2);
}

/* The endpoints of the list that name it there; all that exist: without a word of their names. */
static const struct np_selector *those(struct np_lower *l, const struct np_calico_list *list,
                                       uint32_t place, struct np_slice profile)
{
    uint32_t count = 0, all = 0;
    for (const struct np_calico_item *item = list->first; item; item = item->next) {
        count += names_it(item, place, profile);
        all++;
    }
    if (count == all && !list->first->endpoint->namespace_name) {
        return np_build_select(l->build, NP_SELECT_ALL, NULL, 0);
    }
    const struct np_selector **kids = np_build_alloc(l->build, count, sizeof(struct np_selector *));
    uint32_t used = 0;
    for (const struct np_calico_item *item = list->first; kids && item; item = item->next) {
        if (names_it(item, place, profile)) {
            kids[used++] = is_this(l, item->endpoint);
        }
    }
    return kids ? np_build_select(l->build, NP_SELECT_ANY, kids, used) : NULL;
}

/* ---- policies ---- */

static void one_rule(struct np_lower *l, struct np_policy *policy, enum np_action action)
{
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        struct np_rule *rule = np_build_rule(l->build, policy, (enum np_direction)d, action);
        if (rule && np_build_alt(l->build, rule)) {
            rule->origin = policy->origin;
        }
    }
}

static struct np_policy *add(struct np_lower *l, struct np_tier *tier, struct np_slice name,
                             uint32_t place, const struct np_set *subjects)
{
    np_str text = np_build_str(l->build, name);
    struct np_policy *policy = np_build_policy(l->build, tier, "Profile", NULL, text);
    if (policy) {
        policy->order = place;
        policy->tie = text;
        policy->synthetic = true;
        policy->origin.object = text ? np_build_format(l->build, "Profile/%s", text->text) : NULL;
        policy->origin.path = np_build_text(l->build, "spec");
        policy->subjects[NP_INGRESS] = policy->subjects[NP_EGRESS] = subjects;
    }
    return policy;
}

/* Felix takes a profile that does not exist for one that denies all. */
static void missing(struct np_lower *l, const struct np_calico_item *item, struct np_slice profile)
{
    const struct np_object *object = item->object;
    struct np_place place = {.source = object->source,
                             .line = object->line,
                             .column = object->column,
                             .object = object->label,
                             .path = "spec.profiles"};
    l->said = true;
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_2414, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "there is no profile \"%.*s\"; it denies everything",
                 (int)(profile.len < 100 ? profile.len : 100), profile.ptr);
}

/* Pass in a profile is Deny: there is nothing behind it. */
static void own_rules(struct np_lower *l, struct np_policy *policy, const struct np_object *profile)
{
    static const char *const paths[] = {[NP_INGRESS] = "spec.ingress", [NP_EGRESS] = "spec.egress"};
    const struct np_calico_profile_spec *spec = spec_of(profile);
    l->object = profile;
    if (policy) {
        policy->synthetic = false;
        policy->origin = np_lower_origin(l, spec ? spec->node : NULL, "spec");
    }
    for (int d = 0; policy && spec && d < NP_DIRECTIONS; d++) {
        for (size_t i = 0; i < spec->rules[d].count; i++) {
            struct np_calico_rule rule = spec->rules[d].items[i];
            rule.action = np_slice_is(rule.action, "Pass") ? np_slice_of("Deny") : rule.action;
            np_calico_rule_lower(l, policy, (enum np_direction)d, &rule, i, paths[d]);
        }
    }
    l->object = NULL;
}

static void at_place(struct np_lower *l, const struct np_calico_list *list, struct np_tier *tier,
                     uint16_t kinds, const struct np_calico_item *item, uint32_t place)
{
    struct np_slice profile = thing_of(item)->profiles[place];
    for (const struct np_calico_item *before = list->first; before != item; before = before->next) {
        if (names_it(before, place, profile)) {
            return; /* made with that one */
        }
    }
    if (begins(profile, "ksa.")) {
        return;
    }
    struct np_policy *policy =
        add(l, tier, profile, place, np_lower_pod_set(l, kinds, those(l, list, place, profile)));
    const struct np_object *object = allows_all(profile) ? NULL : find(l, profile);
    if (object) {
        own_rules(l, policy, object);
    } else if (allows_all(profile)) {
        one_rule(l, policy, NP_ACT_ALLOW);
    } else {
        one_rule(l, policy, NP_ACT_DENY);
        missing(l, item, profile);
    }
}

static void of_list(struct np_lower *l, const struct np_calico_list *list, struct np_tier *tier,
                    uint16_t kinds)
{
    for (const struct np_calico_item *item = list->first; item; item = item->next) {
        for (uint32_t i = 0; item->endpoint && i < thing_of(item)->n_profiles; i++) {
            at_place(l, list, tier, kinds, item, i);
        }
    }
}

/* Every end that is a pod, known or not: all but those that say themselves which profiles they
 * have. */
static const struct np_set *pods(struct np_lower *l)
{
    const struct np_calico_list *list = &l->calico->workloads;
    struct np_set_build *set = np_build_set(l->build);
    uint32_t count = 0;
    for (const struct np_calico_item *item = list->first; item; item = item->next) {
        count += item->endpoint != NULL;
    }
    const struct np_selector **kids = np_build_alloc(l->build, count, sizeof(struct np_selector *));
    uint32_t used = 0;
    for (const struct np_calico_item *item = list->first; kids && item; item = item->next) {
        if (item->endpoint) {
            kids[used++] = is_this(l, item->endpoint);
        }
    }
    np_set_clause(set);
    if (used) {
        np_set_literal(set,
                       np_build_objects(l->build, NP_OBJ_WORKLOAD,
                                        np_build_select(l->build, NP_SELECT_ANY, kids, used)),
                       true);
    }
    return np_set_done(set);
}

void np_calico_profiles(struct np_lower *l)
{
    struct np_slice name = np_slice_of("kns");
    if (!l->options->namespace_profiles) { /* allow, none */
        struct np_policy *policy = add(l, np_calico_profiles_tier(l), name, 0, pods(l));
        if (policy) {
            policy->origin =
                (struct np_origin){.option = np_build_text(l->build, "namespace_profiles")};
        }
        one_rule(l, policy, NP_ACT_ALLOW);
    }
    of_list(l, &l->calico->workloads, np_calico_profiles_tier(l), NP_OBJ_WORKLOAD);
    if (l->calico->hosts.first) {
        of_list(l, &l->calico->hosts, np_calico_host_profiles_tier(l), NP_OBJ_HOST_ENDPOINT);
    }
}
