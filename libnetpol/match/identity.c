/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who an end is, as a number: of an endpoint what the compile wrote beside it, of a node by where
 * it is looked at from, of the rest the longest prefix. What cannot be told is 0, never a guess.
 */
#include "match/identity.h"
#include "image/identity.h"
#include "match/look.h"
#include "match/table.h"

struct looking { /* who looks: one end's node, or another one */
    bool anywhere;
    uint32_t node; /* 0: not known */
};

static uint32_t of_endpoint(const struct np_hot *hot, const struct np_table *table, uint32_t number)
{
    const struct np_endpoint_record *records = hot->image->section[NP_SECTION_ENDPOINTS];
    if (number > hot->image->count[NP_SECTION_ENDPOINTS]) {
        return NETPOL_IDENTITY_UNKNOWN; /* came after the compile */
    }
    const struct np_slot_ref *slot = np_table_ref(table, records[number - 1].ref);
    bool as_compiled = slot && !(slot->flags & NP_REF_WRITTEN);
    return as_compiled ? records[number - 1].identity : NETPOL_IDENTITY_UNKNOWN;
}

static uint32_t of_node(const struct looking *from, uint32_t node)
{
    if (from->anywhere) {
        return NETPOL_IDENTITY_REMOTE_NODE;
    }
    if (!from->node || !node) {
        return NETPOL_IDENTITY_UNKNOWN;
    }
    return from->node == node ? NETPOL_IDENTITY_HOST : NETPOL_IDENTITY_REMOTE_NODE;
}

static uint32_t of_outside(const struct np_hot *hot, const struct np_where *where)
{
    uint8_t address[16] = {0};
    unsigned size = where->family == 4 ? 4 : 16;
    if (where->family == 0) {
        return NETPOL_IDENTITY_UNKNOWN;
    }
    for (unsigned i = 0; i < size; i++) {
        unsigned from_end = size - 1 - i;
        address[i] = (uint8_t)((from_end < 8 ? where->low : where->high) >> 8 * (from_end % 8));
    }
    uint32_t number = np_identity_longest(hot->image, where->family, address);
    uint32_t world = !(hot->flags & NP_IMAGE_DUAL_WORLD) ? NETPOL_IDENTITY_WORLD
                     : where->family == 4                ? NETPOL_IDENTITY_WORLD_IPV4
                                                         : NETPOL_IDENTITY_WORLD_IPV6;
    return number ? number : world;
}

static uint32_t of_party(const struct np_hot *hot, const struct np_table *table,
                         struct np_party party, const struct np_where *where,
                         const struct looking *from)
{
    if (party.signature < NP_SIG_FIRST) {
        return NETPOL_IDENTITY_UNKNOWN;
    }
    uint32_t bits = hot->sig_class[party.signature] >> 24, endpoint = (uint32_t)(party.who >> 32);
    if (bits & NP_SIG_NODE) {
        return of_node(from, (uint32_t)party.who);
    }
    if (endpoint) {
        return of_endpoint(hot, table, endpoint);
    }
    bool told = !(bits & (NP_SIG_MISSING | NP_SIG_SERVICE | NP_SIG_INSIDE));
    return told ? of_outside(hot, where) : NETPOL_IDENTITY_UNKNOWN;
}

/* What all its owners are. */
static uint32_t of_parties(const struct np_hot *hot, const struct np_table *table,
                           const struct np_parties *parties, const struct looking *from)
{
    const struct np_shared *owner = parties->shared;
    if (!owner) {
        return of_party(hot, table, parties->party, &parties->where, from);
    }
    uint32_t number = 0;
    for (bool first = true, more = true; more; owner++, first = false) {
        struct np_party party = {owner->signature, (uint64_t)owner->endpoint << 32 | owner->node};
        uint32_t one = of_party(hot, table, party, &parties->where, from);
        if (!first && one != number) {
            return NETPOL_IDENTITY_UNKNOWN;
        }
        number = one;
        more = !owner->last;
    }
    return number;
}

/* The node of an end; several owners on several nodes: not known. */
static uint32_t node_of(const struct np_parties *parties)
{
    const struct np_shared *owner = parties->shared;
    if (!owner) {
        return (uint32_t)parties->party.who;
    }
    uint32_t node = owner->node;
    for (; !owner->last; owner++) {
        node = owner[1].node == node ? node : 0;
    }
    return node;
}

bool np_match_identities(const struct np_hot *hot, const struct np_table *table,
                         const struct netpol_tuple *tuple, int side, uint32_t *src, uint32_t *dst)
{
    struct np_parties from, to;
    *src = *dst = NETPOL_IDENTITY_UNKNOWN;
    if (!np_match_parties(hot, table, tuple, &from, &to)) {
        return false;
    }
    const struct looking looking = {.anywhere = side == NETPOL_SIDE_NONE,
                                    .node = node_of(side == NETPOL_SIDE_EGRESS ? &from : &to)};
    *src = of_parties(hot, table, &from, &looking);
    *dst = of_parties(hot, table, &to, &looking);
    return true;
}
