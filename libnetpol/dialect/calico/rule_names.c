/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS names of network sets. Source: documentation of Calico Enterprise, allowedEgressDomains of
 * NetworkSet and GlobalNetworkSet.
 *
 * A destination is in a set by an address or by a name: beside each clause of an end that asks for
 * objects stands one that asks for the names of the sets among them. Which sets these are is known
 * when the inventory is sealed, so the seal fills them in.
 */
#include "dialect/calico/rule_internal.h"

struct names {
    struct np_literal *literal; /* to be filled in */
    const struct np_selector *selector;
};

static bool has_names(const struct np_endpoint *object, const struct names *names)
{
    return object->kind == NP_OBJ_NETWORK_SET && object->n_domains &&
           np_selector_match(names->selector, object);
}

static void fill_in(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    const struct names *names = what;
    uint32_t count = 0;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *object = inventory->endpoints[i];
        count += has_names(object, names) ? object->n_domains : 0;
    }
    struct np_pattern *patterns = np_build_alloc(b, count, sizeof *patterns);
    uint32_t used = 0;
    for (uint32_t i = 0; patterns && i < inventory->n_endpoints; i++) {
        const struct np_endpoint *object = inventory->endpoints[i];
        for (uint32_t d = 0; has_names(object, names) && d < object->n_domains; d++) {
            patterns[used++] = (struct np_pattern){
                .kind = NP_PATTERN_DNS, .ignore_case = true, .text = object->domains[d]};
        }
    }
    names->literal->patterns = patterns;
    names->literal->n_patterns = used;
}

static const struct np_literal *names_of(struct np_lower *l, const struct np_literal *objects)
{
    struct names *names = np_build_alloc(l->build, 1, sizeof *names);
    struct np_literal *literal = np_build_alloc(l->build, 1, sizeof *literal);
    if (names && literal) {
        literal->kind = NP_LIT_DNS_NAMES;
        literal->domain = NP_DOMAIN_ALL;
        *names = (struct names){literal, objects->selector};
        np_build_late(l->build, fill_in, names);
    }
    return literal;
}

static bool asks_for_sets(const struct np_signed_literal *item)
{
    return item->literal && item->literal->kind == NP_LIT_OBJECTS &&
           (item->literal->kinds & NP_OBJ_NETWORK_SET);
}

/* by_name: what is selected is asked for by its names. What is excluded is, either way. */
static void add_clause(struct np_lower *l, struct np_set_build *set, const struct np_clause *clause,
                       bool by_name)
{
    np_set_clause(set);
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_signed_literal *item = &clause->items[i];
        bool named = asks_for_sets(item);
        if (!named || item->negative || !by_name) {
            np_set_literal(set, item->literal, item->negative);
        }
        if (named && (item->negative || by_name)) {
            np_set_literal(set, names_of(l, item->literal), item->negative);
        }
    }
}

const struct np_set *np_calico_with_names(struct np_lower *l, const struct np_set *end)
{
    if (!end || !np_build_names_sets(l->build)) {
        return end;
    }
    struct np_set_build *set = np_build_set(l->build);
    for (uint32_t c = 0; c < end->count; c++) {
        const struct np_clause *clause = &end->clauses[c];
        bool selects = false;
        for (uint32_t i = 0; i < clause->count; i++) {
            selects = selects || (asks_for_sets(&clause->items[i]) && !clause->items[i].negative);
        }
        add_clause(l, set, clause, false);
        if (selects) {
            add_clause(l, set, clause, true);
        }
    }
    return np_set_done(set);
}
