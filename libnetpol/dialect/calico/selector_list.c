/* SPDX-License-Identifier: Apache-2.0 */
/* The selectors of a policy, wherever they are written. */
#include "dialect/calico/policy.h"

#include <stdio.h>

struct list {
    np_calico_selector_fn visit;
    void *user;
    char path[128];
};

static void visit(struct list *list, const char *key, const struct np_calico_selector *s)
{
    size_t len = strlen(list->path);
    if (s) {
        snprintf(list->path + len, sizeof list->path - len, ".%s", key);
        list->visit(list->user, list->path, s);
        list->path[len] = '\0';
    }
}

static void visit_entity(struct list *list, const char *key, const struct np_calico_entity *entity)
{
    size_t len = strlen(list->path);
    if (!entity) {
        return;
    }
    snprintf(list->path + len, sizeof list->path - len, ".%s", key);
    visit(list, "selector", entity->selects);
    visit(list, "notSelector", entity->selects_not);
    visit(list, "namespaceSelector", entity->namespaces);
    visit(list, "serviceAccounts.selector", entity->accounts ? entity->accounts->selects : NULL);
    list->path[len] = '\0';
}

static void visit_rules(struct list *list, const struct np_calico_spec *spec,
                        enum np_direction direction)
{
    for (size_t i = 0; i < spec->rules[direction].count; i++) {
        const struct np_calico_rule *rule = &spec->rules[direction].items[i];
        snprintf(list->path, sizeof list->path, "spec.%s[%zu]",
                 direction == NP_INGRESS ? "ingress" : "egress", i);
        visit_entity(list, "source", rule->source);
        visit_entity(list, "destination", rule->destination);
    }
}

void np_calico_selectors_of(const struct np_object *object, np_calico_selector_fn visit_one,
                            void *user)
{
    struct list list = {.visit = visit_one, .user = user, .path = "spec"};
    const struct np_calico_policy *policy =
        object->reader->lower == np_calico_policy_lower ? object->spec : NULL;
    const struct np_calico_spec *spec = policy ? policy->spec : NULL;
    if (!spec || object->state != NP_OBJECT_OK) {
        return;
    }
    visit(&list, "selector", spec->selects);
    visit(&list, "namespaceSelector", spec->namespaces);
    visit(&list, "serviceAccountSelector", spec->accounts);
    visit_rules(&list, spec, NP_INGRESS);
    visit_rules(&list, spec, NP_EGRESS);
}
