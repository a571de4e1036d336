/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/meet.h"

static bool is_object(const struct np_literal *literal, const struct np_endpoint *endpoint)
{
    return (literal->kinds & endpoint->kind) && np_selector_match(literal->selector, endpoint);
}

static bool literals_meet(struct np_meet *meet, const struct np_literal *a,
                          const struct np_literal *b)
{
    if (a->kind == NP_LIT_NOTHING || b->kind == NP_LIT_NOTHING) {
        return false;
    }
    if (a->kind == NP_LIT_CIDR && b->kind == NP_LIT_CIDR) {
        return np_prefix_within(&a->prefix, &b->prefix) || np_prefix_within(&b->prefix, &a->prefix);
    }
    if (a->kind != NP_LIT_OBJECTS || b->kind != NP_LIT_OBJECTS) {
        return true;
    }
    for (uint32_t i = 0; i < meet->inventory->n_endpoints && meet->budget; i++, meet->budget--) {
        const struct np_endpoint *endpoint = meet->inventory->endpoints[i];
        if (is_object(a, endpoint) && is_object(b, endpoint)) {
            return true;
        }
    }
    return meet->budget == 0;
}

/* Negative literals only make a set smaller, so they are left out. */
bool np_sets_meet(struct np_meet *meet, const struct np_set *a, const struct np_set *b)
{
    for (uint32_t i = 0; a && i < a->count; i++) {
        for (uint32_t j = 0; b && j < b->count; j++) {
            if (a->clauses[i].count && b->clauses[j].count &&
                literals_meet(meet, a->clauses[i].items[0].literal,
                              b->clauses[j].items[0].literal)) {
                return true;
            }
        }
    }
    return !a || !b;
}

static bool spans_meet(const struct np_service *a, const struct np_service *b)
{
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t j = 0; j < b->count; j++) {
            const struct np_port_span *x = &a->spans[i], *y = &b->spans[j];
            if (x->protocol == y->protocol && x->first <= y->last && y->first <= x->last) {
                return true;
            }
        }
    }
    return false;
}

bool np_ports_meet(const struct np_match *a, const struct np_match *b)
{
    bool names = a->dst_ports || b->dst_ports;
    return names || !a->service || !b->service || spans_meet(a->service, b->service);
}
