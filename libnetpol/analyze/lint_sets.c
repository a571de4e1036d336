/* SPDX-License-Identifier: Apache-2.0 */
/* What the lints ask of sets and matches. */
#include "analyze/lint.h"

#include "analyze/tell.h"

bool np_set_asks_label(const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            if (np_selector_asks(set->clauses[c].items[i].literal->selector, NP_SCOPE_OBJECT)) {
                return true;
            }
        }
    }
    return false;
}

bool np_set_has(const struct np_set *set, enum np_literal_kind kind)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            if (set->clauses[c].items[i].literal->kind == kind) {
                return true;
            }
        }
    }
    return false;
}

bool np_set_only_pods(const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            if (set->clauses[c].items[i].literal->kind != NP_LIT_OBJECTS ||
                set->clauses[c].items[i].negative) {
                return false;
            }
        }
    }
    return set && set->count > 0;
}

/* Does every pod satisfy it, whatever labels it has? */
static bool asks_nothing(const struct np_selector *selector)
{
    if (selector->op == NP_SELECT_TERM) {
        return selector->scope == NP_SCOPE_FIELD && selector->term_op == NP_OP_EXISTS &&
               np_slice_is(np_str_slice(selector->key), "namespace");
    }
    if (selector->op == NP_SELECT_NOT) {
        return false;
    }
    bool all = selector->op == NP_SELECT_ALL;
    for (uint32_t i = 0; i < selector->count; i++) {
        if (asks_nothing(selector->kids[i]) != all) {
            return !all;
        }
    }
    return all;
}

bool np_set_every_pod(const struct np_set *far)
{
    for (uint32_t c = 0; far && c < far->count; c++) {
        const struct np_clause *clause = &far->clauses[c];
        if (clause->count == 1 && !clause->items[0].negative &&
            clause->items[0].literal->kind == NP_LIT_OBJECTS &&
            asks_nothing(clause->items[0].literal->selector)) {
            return true;
        }
    }
    return false;
}

uint16_t np_set_kinds(const struct np_set *set)
{
    uint16_t kinds = 0;
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            kinds |= literal->kind == NP_LIT_OBJECTS ? literal->kinds : 0;
        }
    }
    return kinds;
}

/* ---- objects that are no members of classes ---- */

enum { LOOKS_MAX = 50000000 };

/* One object has to satisfy all that the clause asks of objects. */
static bool clause_takes(const struct np_clause *clause, const struct np_endpoint *object)
{
    bool asked = false;
    for (uint32_t i = 0; i < clause->count; i++) {
        const struct np_literal *literal = clause->items[i].literal;
        if (literal->kind != NP_LIT_OBJECTS || clause->items[i].negative) {
            continue;
        }
        asked = true;
        if (!(literal->kinds & object->kind) || !np_selector_match(literal->selector, object)) {
            return false;
        }
    }
    return asked;
}

bool np_lint_others(struct np_lint *l, const struct np_set *set)
{
    const struct np_inventory *inventory = &l->model->inventory;
    uint16_t kinds = np_set_kinds(set) & (NP_OBJ_HOST_ENDPOINT | NP_OBJ_NETWORK_SET);
    for (uint32_t e = 0; kinds && e < inventory->n_endpoints; e++) {
        const struct np_endpoint *object = inventory->endpoints[e];
        for (uint32_t c = 0; (object->kind & kinds) && c < set->count; c++) {
            if (++l->looked > LOOKS_MAX) {
                l->stopped = true;
                return true;
            }
            if (clause_takes(&set->clauses[c], object)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- matches ---- */

bool np_match_everything(const struct np_match *match)
{
    return !match->near && !match->far && !match->service && !match->dst_ports &&
           !match->src_service && !match->src_ports && !match->request && !match->connection &&
           match->families == NP_FAMILY_ANY && match->relations == NP_REL_ANY;
}

bool np_match_covers_port(const struct np_match *match, uint8_t protocol, uint16_t port)
{
    if (!match->service && !match->dst_ports) {
        return true;
    }
    bool in = false;
    for (uint32_t i = 0; match->service && i < match->service->count; i++) {
        const struct np_port_span *span = &match->service->spans[i];
        in = in || ((span->protocol < 0 || span->protocol == protocol) && span->ports &&
                    span->first <= port && port <= span->last);
    }
    return match->service && match->service->complement ? !in : in;
}
