/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a rule as a set of one clause. Source:
 * libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go of projectcalico/calico, which
 * flattens all selectors of an end into one.
 *
 * In a namespaced policy every selector is about the policy's namespace; namespaceSelector replaces
 * that. notSelector is part of the selector, so that what it excludes must be known, except where
 * it stands alone in a global policy: then it excludes addresses.
 */
#include "dialect/calico/rule_internal.h"
#include "base/defect.h"

enum {
    OWNERS = NP_OBJ_WORKLOAD | NP_OBJ_HOST_ENDPOINT,
    COVERING = OWNERS | NP_OBJ_NETWORK_SET,
    TERMS = 5 /* namespace, selector, notSelector, account names, account selector */
};

struct terms {
    const struct np_selector *items[TERMS];
    uint32_t count;
};

static void add(struct terms *terms, const struct np_selector *selector)
{
    terms->items[terms->count++] = selector;
}

static const struct np_selector *not_what(struct np_lower *l, const struct np_calico_selector *s)
{
    const struct np_selector *selector = np_calico_selector_lower(l, s, NP_CALICO_OBJECT);
    return np_build_select(l->build, NP_SELECT_NOT, &selector, 1);
}

static const struct np_selector *has_namespace(struct np_lower *l, bool has)
{
    return np_build_term(l->build, NP_SCOPE_FIELD, np_build_text(l->build, "namespace"),
                         has ? NP_OP_EXISTS : NP_OP_ABSENT, NULL, 0);
}

static const struct np_selector *account_named(struct np_lower *l,
                                               const struct np_calico_accounts *accounts)
{
    np_str *names = np_build_alloc(l->build, accounts->names.count, sizeof(np_str));
    for (size_t i = 0; names && i < accounts->names.count; i++) {
        names[i] = np_build_str(l->build, accounts->names.items[i].text);
    }
    return np_build_term(l->build, NP_SCOPE_FIELD, np_build_text(l->build, "serviceaccount"),
                         NP_OP_IN, names, (uint32_t)accounts->names.count);
}

/* all(): of any namespace; global(): of none. */
static const struct np_selector *namespaces(struct np_lower *l, const struct np_calico_selector *s)
{
    return np_calico_selector_is_global(s) && !np_defect(CALICO_GLOBAL_IS_TRUE)
               ? has_namespace(l, false)
               : np_calico_selector_lower_as(l, s, NP_CALICO_NAMESPACE, has_namespace(l, true));
}

/* In a namespaced policy even `{}`, which names none, is about its namespace. */
static bool names_accounts(const struct np_lower *l, const struct np_calico_entity *entity)
{
    const struct np_calico_accounts *accounts = entity->accounts;
    return accounts &&
           (accounts->names.count || accounts->selects || l->object->namespace_name.len);
}

bool np_calico_rule_selects(const struct np_lower *l, const struct np_calico_entity *entity)
{
    return entity && (entity->selects || entity->namespaces || names_accounts(l, entity) ||
                      (entity->selects_not && l->object->namespace_name.len));
}

static void select(struct np_lower *l, const struct np_calico_entity *entity, struct terms *terms)
{
    struct np_slice own = l->object->namespace_name;
    bool selects = entity->selects || entity->selects_not || names_accounts(l, entity);
    if (entity->namespaces) {
        add(terms, namespaces(l, entity->namespaces));
    } else if (selects && own.len && !np_defect(CALICO_ANY_NAMESPACE)) {
        np_str name = np_build_str(l->build, own);
        add(terms, np_build_term(l->build, NP_SCOPE_FIELD, np_build_text(l->build, "namespace"),
                                 NP_OP_IN, &name, 1));
    }
    if (entity->selects) {
        add(terms, np_calico_selector_lower(l, entity->selects, NP_CALICO_OBJECT));
    }
    if (entity->accounts && entity->accounts->names.count && !np_defect(CALICO_ACCOUNTS_UNHEARD)) {
        add(terms, account_named(l, entity->accounts));
    }
    if (entity->accounts && entity->accounts->selects) {
        add(terms,
            np_calico_selector_lower_as(l, entity->accounts->selects, NP_CALICO_ACCOUNT,
                                        np_build_term(l->build, NP_SCOPE_FIELD,
                                                      np_build_text(l->build, "serviceaccount"),
                                                      NP_OP_EXISTS, NULL, 0)));
    }
    if (entity->selects_not && terms->count && !np_defect(CALICO_NOT_SELECTOR_UNHEARD)) {
        add(terms, not_what(l, entity->selects_not));
    }
}

static void add_objects(struct np_lower *l, struct np_set_build *set,
                        const struct np_calico_entity *entity, enum np_calico_whose whose)
{
    struct terms terms = {.count = 0};
    select(l, entity, &terms);
    if (terms.count) {
        const struct np_selector *all =
            np_build_select(l->build, NP_SELECT_ALL, terms.items, terms.count);
        uint16_t kinds = whose == NP_CALICO_OWNERS ? OWNERS : COVERING;
        np_set_literal(set, np_build_objects(l->build, kinds, all), false);
        if (whose == NP_CALICO_STRANGERS) {
            np_set_literal(set, np_build_objects(l->build, OWNERS, all), true);
        }
    } else if (entity->selects_not) {
        const struct np_selector *excluded =
            np_calico_selector_lower(l, entity->selects_not, NP_CALICO_OBJECT);
        np_set_literal(set, np_build_objects(l->build, COVERING, excluded), true);
    }
}

/* Several ranges are one literal: the set stays one clause. */
static void add_nets(struct np_lower *l, struct np_set_build *set, const struct np_prefix *prefixes,
                     size_t count, bool negative)
{
    struct np_literal several = {.kind = NP_LIT_FED_SET,
                                 .domain = NP_DOMAIN_ALL,
                                 .prefixes = prefixes,
                                 .n_prefixes = (uint32_t)count};
    if (count > 1) {
        several.prefixes = np_build_prefixes(l->build, prefixes, (uint32_t)count);
    }
    if (count) {
        np_set_literal(set,
                       count == 1 ? np_build_cidr(l->build, prefixes[0], NP_DOMAIN_ALL)
                                  : np_build_literal(l->build, &several),
                       negative);
    }
}

static void add_domains(struct np_lower *l, struct np_set_build *set,
                        const struct np_calico_entity *entity)
{
    size_t count = entity->domains.count;
    struct np_pattern *patterns = np_build_alloc(l->build, count, sizeof *patterns);
    for (size_t i = 0; patterns && i < count; i++) {
        patterns[i] =
            (struct np_pattern){.kind = NP_PATTERN_DNS,
                                .ignore_case = true,
                                .text = np_build_str(l->build, entity->domains.items[i].text)};
    }
    if (count) {
        np_set_literal(set, np_build_names(l->build, patterns, (uint32_t)count, NP_DOMAIN_ALL),
                       false);
    }
}

static bool asks(const struct np_lower *l, const struct np_calico_entity *entity, bool services)
{
    return entity->nets.count || entity->not_nets.count || entity->selects || entity->selects_not ||
           entity->namespaces || names_accounts(l, entity) || entity->domains.count ||
           entity->unread || services;
}

const struct np_set *np_calico_rule_end(struct np_lower *l, const struct np_calico_entity *entity,
                                        enum np_calico_whose whose, struct np_rule *rule)
{
    bool services = rule && entity && entity->services;
    if (!entity || !asks(l, entity, services)) {
        return NULL;
    }
    if (entity->unread) { /* what is known of the rest may be wrong without it */
        struct np_literal fact = {.kind = NP_LIT_FACT, .number = NP_FACT_UNREADABLE};
        return np_build_set_of(l->build, np_build_literal(l->build, &fact));
    }
    struct np_set_build *set = np_build_set(l->build);
    add_nets(l, set, entity->prefixes, entity->nets.count, false);
    add_nets(l, set, entity->not_prefixes, entity->not_nets.count, true);
    add_objects(l, set, entity, whose);
    add_domains(l, set, entity);
    if (services) {
        np_set_literal(set, np_calico_service_addresses(l, entity->services, rule), false);
    }
    return np_set_done(set);
}
