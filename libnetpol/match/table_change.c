/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to endpoints: what an endpoint becomes, and who loses an address by it.
 *
 * A change first counts what it can need at most (slots, shared owners, notes in the journal) and
 * reserves it; then it is made of stores that cannot fail. The order of those is: the addresses the
 * endpoint gets, those who lost one, the endpoint's own record, the addresses it gives up. So an
 * address goes from hand to hand without a moment in which it is nobody's.
 */
#include "match/learn.h"

struct needs {
    uint32_t slots[NP_LIVE_PARTS], shared;
};

static bool same(const struct np_where *a, const struct np_where *b)
{
    return a->family == b->family && a->high == b->high && a->low == b->low;
}

static bool contains(const struct np_where *items, size_t count, const struct np_where *where)
{
    for (size_t i = 0; i < count; i++) {
        if (same(&items[i], where)) {
            return true;
        }
    }
    return false;
}

static uint32_t number_of(const struct np_ref_record *record)
{
    return (uint32_t)(record->slot.who >> 32);
}

/* ---- the addresses of a record ---- */

static bool keep_address(struct netpol_endpoints *e, struct np_where where)
{
    struct np_where *item = np_vec_push(e->ctx, &e->had);
    if (item) {
        *item = where;
    }
    return item != NULL;
}

bool np_endpoints_had(struct netpol_endpoints *endpoints, const struct np_ref_record *record)
{
    const struct np_where four = {4, 0, record->own.address4};
    const struct np_where six = {6, record->own.high6, record->own.low6};
    bool has4 = record->slot.families & 1, has6 = record->slot.families & 2, fine = true;
    endpoints->had.count = 0;
    if (record->slot.flags & NP_REF_GUEST) {
        return true;
    }
    uint32_t at = np_more_first(endpoints, number_of(record));
    if (!at) { /* at most one of each family; the first one first */
        fine = record->slot.family != 6 || keep_address(endpoints, six);
        fine = fine && (!has4 || keep_address(endpoints, four));
        fine = fine && (!has6 || record->slot.family == 6 || keep_address(endpoints, six));
    }
    while (fine && at) {
        const struct np_more *more = &endpoints->more.items[at - 1];
        fine = keep_address(endpoints, more->where);
        at = more->next;
    }
    return fine;
}

/* More than one of a family? */
static bool is_many(const struct np_where *items, size_t count)
{
    bool seen[2] = {false, false};
    for (size_t i = 0; i < count; i++) {
        seen[items[i].family == 6] = true;
    }
    return count > (size_t)seen[0] + seen[1];
}

/* The record says one address of each family. Are there more, all are kept aside, in order.
 * Reserved before. */
static void keep_list(struct netpol_endpoints *e, const struct np_ref_record *record,
                      const struct np_where *items, size_t count)
{
    np_more_clear(e, number_of(record), false);
    if ((record->slot.flags & NP_REF_GUEST) || !is_many(items, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        np_more_add(e, number_of(record), &items[i]);
    }
}

/* ---- signatures ---- */

static uint32_t sign(const struct netpol_endpoints *e, const struct np_ref_record *record,
                     const struct np_where *where)
{
    const struct np_hot *hot = &e->matcher->hot;
    bool by_node = (record->slot.flags & NP_REF_NODE) || (hot->flags & NP_IMAGE_NODES);
    uint32_t place = NP_SIG_NOWHERE;
    if (record->own.kind == 0) {
        return NP_SIG_UNCOMPILED;
    }
    if (where->family == 4) {
        place = np_trie4_find(hot->trie4, hot->trie4_bits, (uint32_t)where->low);
    } else if (where->family == 6) {
        place = np_trie6_find(hot->trie6, hot->trie6_bits, where->high, where->low);
    }
    return np_combos_find(e->combos, e->n_combos, record->own.kind, place,
                          by_node ? (uint32_t)record->slot.who : 0);
}

/* Whose traffic is its node's has the node's address where it has none of its own. false: which
 * that is cannot be told. */
static bool lend_address(const struct netpol_endpoints *e, struct np_ref_record *record, int side)
{
    uint32_t node = (uint32_t)record->slot.who;
    const struct np_node_address *of_node = node ? &e->nodes[side][node] : NULL;
    if (!of_node || of_node->count != 1) {
        return !of_node || of_node->count == 0;
    }
    if (side == 0) {
        record->own.address4 = (uint32_t)of_node->where.low;
    } else {
        record->own.high6 = of_node->where.high;
        record->own.low6 = of_node->where.low;
    }
    record->slot.families |= (uint8_t)(1 << side);
    record->slot.family = record->slot.family ? record->slot.family : of_node->where.family;
    return true;
}

/* The record of an endpoint with these addresses; ref, who, kind and NP_REF_GUEST are set. */
static void fill_record(const struct netpol_endpoints *e, struct np_ref_record *record,
                        const struct np_where *items, size_t count)
{
    bool told[2] = {true, true};
    record->slot.families = record->slot.family = 0;
    record->own.address4 = 0;
    record->own.high6 = record->own.low6 = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t bit = items[i].family == 4 ? 1 : 2;
        if (record->slot.families & bit) {
            continue;
        }
        record->slot.families |= bit;
        record->slot.family = record->slot.family ? record->slot.family : items[i].family;
        if (bit == 1) {
            record->own.address4 = (uint32_t)items[i].low;
        } else {
            record->own.high6 = items[i].high;
            record->own.low6 = items[i].low;
        }
    }
    for (int side = 0; side < 2; side++) {
        if ((record->slot.flags & NP_REF_NODE) && !(record->slot.families >> side & 1)) {
            told[side] = lend_address(e, record, side);
        }
    }
    const struct np_where own[2] = {
        {record->slot.families & 1 ? 4 : 0, 0,                 record->own.address4},
        {record->slot.families & 2 ? 6 : 0, record->own.high6, record->own.low6    }
    };
    for (int side = 0; side < 2; side++) {
        record->slot.signature[side] = told[side] ? sign(e, record, &own[side]) : NP_SIG_UNCOMPILED;
    }
    record->slot.signature[2] = record->slot.signature[record->slot.family == 6];
    bool waits = record->slot.signature[0] == NP_SIG_UNCOMPILED ||
                 record->slot.signature[1] == NP_SIG_UNCOMPILED;
    enum { LASTING = NP_REF_GUEST | NP_REF_NODE | NP_REF_WRITTEN };
    record->slot.flags =
        (uint8_t)((record->slot.flags & LASTING) | (waits ? NP_REF_UNCOMPILED : 0));
}

static bool alike(const struct np_ref_record *a, const struct np_ref_record *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void put_record(struct netpol_endpoints *e, uint32_t slot,
                       const struct np_ref_record *record)
{
    struct np_ref_record before = {0};
    if (slot != NP_NO_SLOT) {
        before = np_live_record(e->current, slot);
        e->uncompiled -= (before.slot.flags & NP_REF_UNCOMPILED) != 0;
    }
    e->uncompiled += (record->slot.flags & NP_REF_UNCOMPILED) != 0;
    if (slot == NP_NO_SLOT || !alike(&before, record)) {
        np_live_set_ref(e->current, slot, record);
    }
}

/* ---- owners of an address ---- */

/* The owners that the address has, into e->owners. false: no memory. */
static bool list_owners(struct netpol_endpoints *e, const struct np_where *where, uint32_t slot)
{
    struct np_party party =
        slot == NP_NO_SLOT ? (struct np_party){0, 0} : np_live_party(e->current, where, slot);
    const struct np_shared alone = {.signature = party.signature,
                                    .endpoint = (uint32_t)(party.who >> 32),
                                    .node = (uint32_t)party.who,
                                    .last = 1};
    const struct np_shared *owner = np_is_shared(party.signature)
                                        ? &e->current->shared[party.signature - NP_SIG_SHARED]
                                        : &alone;
    e->owners.count = 0;
    for (bool more = slot != NP_NO_SLOT; more; owner++) {
        struct np_shared *item = np_vec_push(e->ctx, &e->owners);
        if (!item) {
            return false;
        }
        *item = *owner;
        more = !owner->last;
    }
    return true;
}

/* Is one of e->owners this endpoint, and does it share? Then it is replaced among them. */
static struct np_shared *shared_owner(struct netpol_endpoints *e, uint32_t number)
{
    for (size_t i = 0; e->owners.count > 1 && i < e->owners.count; i++) {
        if (e->owners.items[i].endpoint == number) {
            return &e->owners.items[i];
        }
    }
    return NULL;
}

static void set_owners(struct netpol_endpoints *e, const struct np_where *where, uint32_t slot)
{
    const struct np_shared *first = e->owners.items;
    struct np_party party = {first->signature, (uint64_t)first->endpoint << 32 | first->node};
    if (e->owners.count > 1) {
        party = (struct np_party){
            np_live_share(e->current, e->owners.items, (uint32_t)e->owners.count), 0};
    }
    np_live_set(e->current, where, slot, party);
}

/* What the compile said of an address that is no pod's but a node's or a service's. */
static bool bare_party(const struct netpol_endpoints *e, const struct np_where *where,
                       struct np_party *out)
{
    const struct np_hot *hot = &e->matcher->hot;
    const struct np_table *frozen = &e->matcher->frozen;
    *out = where->family == 4 ? np_party_search4(hot, frozen, (uint32_t)where->low)
                              : np_party_search6(hot, frozen, where->high, where->low);
    if (!np_is_single(out->signature)) {
        return false;
    }
    bool node = hot->sig_class[out->signature] >> 24 & NP_SIG_NODE;
    uint32_t place = where->family == 4
                         ? np_trie4_find(hot->trie4, hot->trie4_bits, (uint32_t)where->low)
                         : np_trie6_find(hot->trie6, hot->trie6_bits, where->high, where->low);
    return node || (out->who >> 32 == 0 && out->signature != place);
}

/* ---- an endpoint loses an address ---- */

/* Somebody else has it now. */
static void lose(struct netpol_endpoints *e, uint32_t number, const struct np_where *where)
{
    uint32_t slot = np_live_find_number(e->current, number);
    if (slot == NP_NO_SLOT) { /* a node's or a service's: no record says that it has it */
        return;
    }
    struct np_ref_record record = np_live_record(e->current, slot);
    if ((record.slot.flags & NP_REF_GUEST) || !np_endpoints_had(e, &record)) {
        return; /* memory for the list was there before: see count_change */
    }
    size_t kept = 0;
    for (size_t i = 0; i < e->had.count; i++) {
        if (!same(&e->had.items[i], where)) {
            e->had.items[kept++] = e->had.items[i];
        }
    }
    fill_record(e, &record, e->had.items, kept);
    keep_list(e, &record, e->had.items, kept);
    put_record(e, slot, &record);
    np_journal_note(e, record.slot.ref, false);
}

/* An endpoint gives an address up that it has: to the other owners, to what it was before (with the
 * names learnt for it), or to nobody. */
static void give_up(struct netpol_endpoints *e, const struct np_where *where, uint32_t number)
{
    uint32_t slot = np_live_find(e->current, where);
    if (slot == NP_NO_SLOT || !list_owners(e, where, slot)) {
        return;
    }
    struct np_shared *shared = shared_owner(e, number);
    struct np_party bare;
    if (shared) {
        size_t behind = (size_t)(e->owners.items + e->owners.count - (shared + 1));
        memmove(shared, shared + 1, behind * sizeof *shared);
        e->owners.count--;
        set_owners(e, where, slot);
    } else if (e->owners.items[0].endpoint != number) {
        return; /* not its own any more */
    } else if (np_learnt_party(e, where, &bare) || bare_party(e, where, &bare)) {
        np_live_set(e->current, where, slot, bare);
    } else {
        np_live_kill(e->current, where, slot);
    }
}

/* ---- counting first ---- */

static enum np_live_part part_of(const struct np_where *where)
{
    return where->family == 4 ? NP_LIVE_4 : NP_LIVE_6;
}

/* What it takes that `number` gets or gives up an address. Room in lists is made on the way. */
static bool count_address(struct netpol_endpoints *e, const struct np_where *where, uint32_t number,
                          bool gets, struct needs *needs)
{
    if (!list_owners(e, where, np_live_find(e->current, where))) {
        return false;
    }
    needs->slots[part_of(where)]++;
    if (shared_owner(e, number)) {
        needs->shared += (uint32_t)e->owners.count;
        return true;
    }
    size_t count = gets ? e->owners.count : 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t loser = e->owners.items[i].endpoint;
        uint32_t slot = loser == number ? NP_NO_SLOT : np_live_find_number(e->current, loser);
        if (slot == NP_NO_SLOT) {
            continue;
        }
        const struct np_ref_record record = np_live_record(e->current, slot);
        needs->slots[NP_LIVE_REFS]++;
        if (!np_endpoints_had(e, &record) || !np_journal_reserve(e, record.slot.ref)) {
            return false;
        }
    }
    return true;
}

/* All of it, for the record that is to be and the lists `wanted` and `gone`. */
static int reserve(struct netpol_endpoints *e, const struct np_ref_record *record)
{
    struct needs needs = {.slots = {[NP_LIVE_REFS] = 1}};
    uint32_t number = number_of(record);
    if (!np_journal_reserve(e, record->slot.ref)) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; !(record->slot.flags & NP_REF_GUEST) && i < e->wanted.count; i++) {
        if (!count_address(e, &e->wanted.items[i], number, true, &needs)) {
            return NETPOL_ERR_MEMORY;
        }
    }
    for (size_t i = 0; i < e->gone.count; i++) {
        if (!count_address(e, &e->gone.items[i], number, false, &needs)) {
            return NETPOL_ERR_MEMORY;
        }
    }
    if (!np_more_reserve(e, number,
                         is_many(e->wanted.items, e->wanted.count) ? e->wanted.count : 0)) {
        return NETPOL_ERR_MEMORY;
    }
    return np_endpoints_reserve(e, needs.slots, needs.shared);
}

/* ---- a change ---- */

static bool push(struct netpol_endpoints *e, struct np_where **items, size_t *count,
                 size_t *capacity, const struct np_where *where)
{
    if (contains(*items, *count, where)) {
        return true;
    }
    if (!np_vec_grow(e->ctx, (void **)items, capacity, *count + 1, sizeof **items)) {
        return false;
    }
    (*items)[(*count)++] = *where;
    return true;
}

#define PUSH(e, vector, where) \
    push((e), &(e)->vector.items, &(e)->vector.count, &(e)->vector.capacity, (where))

/* `wanted`: the addresses it is to have; `gone`: those it has now and is not to have. */
static bool list_addresses(struct netpol_endpoints *e, const struct np_becoming *to,
                           const struct np_ref_record *before)
{
    e->wanted.count = e->gone.count = e->had.count = 0;
    bool fine = !before || np_endpoints_had(e, before), guest = to->flags & NP_REF_GUEST;
    if (fine && guest && before && (before->slot.flags & NP_REF_GUEST) && to->keep) {
        /* its own ones, in the families that are not said anew */
        bool said[2] = {false, false};
        for (size_t i = 0; i < to->count; i++) {
            said[to->items[i].family == 6] = true;
        }
        const struct np_where four = {4, 0, before->own.address4};
        const struct np_where six = {6, before->own.high6, before->own.low6};
        fine = (said[0] || !(before->slot.families & 1) || PUSH(e, wanted, &four)) &&
               (said[1] || !(before->slot.families & 2) || PUSH(e, wanted, &six));
    }
    for (size_t i = 0; fine && to->keep && !guest && i < e->had.count; i++) {
        fine = PUSH(e, wanted, &e->had.items[i]);
    }
    for (size_t i = 0; fine && i < to->count; i++) {
        fine = PUSH(e, wanted, &to->items[i]);
    }
    for (size_t i = 0; fine && i < e->had.count; i++) {
        bool stays = !guest && contains(e->wanted.items, e->wanted.count, &e->had.items[i]);
        fine = stays || PUSH(e, gone, &e->had.items[i]);
    }
    return fine;
}

/* The address is its own from now on; or, where it is one of several owners, still is. */
static void take(struct netpol_endpoints *e, const struct np_ref_record *record,
                 const struct np_where *where, uint32_t signature)
{
    uint32_t slot = np_live_find(e->current, where), number = number_of(record);
    if (!list_owners(e, where, slot)) {
        return; /* not met: the list was as long before */
    }
    struct np_shared *shared = shared_owner(e, number);
    if (shared) {
        bool as_before =
            shared->signature == signature && shared->node == (uint32_t)record->slot.who;
        shared->signature = signature;
        shared->node = (uint32_t)record->slot.who;
        if (!as_before) {
            set_owners(e, where, slot);
        }
        return;
    }
    np_live_set(e->current, where, slot, (struct np_party){signature, record->slot.who});
    for (size_t i = 0; i < e->owners.count; i++) {
        if (e->owners.items[i].endpoint != number) {
            lose(e, e->owners.items[i].endpoint, where);
        }
    }
}

int np_endpoints_become(struct netpol_endpoints *endpoints, const struct np_becoming *to)
{
    struct netpol_endpoints *e = endpoints;
    uint32_t slot = np_live_find_ref(e->current, to->ref);
    struct np_ref_record before = {0},
                         record = {.slot = {.ref = to->ref}, .own = {.kind = to->kind}};
    if (slot != NP_NO_SLOT) {
        before = np_live_record(e->current, slot);
    } else if (e->next_number == UINT32_MAX) {
        return NETPOL_ERR_MEMORY; /* four thousand million endpoints later */
    }
    uint32_t number = slot != NP_NO_SLOT ? number_of(&before) : e->next_number;
    record.slot.who = (uint64_t)number << 32 | to->node;
    record.slot.flags = to->flags | NP_REF_WRITTEN;
    if (!list_addresses(e, to, slot != NP_NO_SLOT ? &before : NULL)) {
        return NETPOL_ERR_MEMORY;
    }
    int status = reserve(e, &record);
    if (status != NETPOL_OK) {
        return status;
    }
    e->next_number += slot == NP_NO_SLOT;
    bool waits = false, guest = to->flags & NP_REF_GUEST;
    for (size_t i = 0; !guest && i < e->wanted.count; i++) {
        uint32_t signature = sign(e, &record, &e->wanted.items[i]);
        take(e, &record, &e->wanted.items[i], signature);
        waits = waits || signature == NP_SIG_UNCOMPILED;
    }
    fill_record(e, &record, e->wanted.items, e->wanted.count);
    record.slot.flags |= waits ? NP_REF_UNCOMPILED : 0;
    put_record(e, np_live_find_ref(e->current, to->ref), &record);
    keep_list(e, &record, e->wanted.items, e->wanted.count);
    for (size_t i = 0; i < e->gone.count; i++) {
        give_up(e, &e->gone.items[i], number);
    }
    e->writes++;
    np_journal_note(e, to->ref, true);
    return record.slot.flags & NP_REF_UNCOMPILED ? NETPOL_NEEDS_COMPILE : NETPOL_OK;
}

int np_endpoints_forget(struct netpol_endpoints *endpoints, uint64_t ref)
{
    struct netpol_endpoints *e = endpoints;
    uint32_t slot = np_live_find_ref(e->current, ref);
    if (slot == NP_NO_SLOT) {
        return NETPOL_ERR_NOT_FOUND;
    }
    struct np_ref_record record = np_live_record(e->current, slot);
    e->wanted.count = e->gone.count = 0;
    if (!np_endpoints_had(e, &record)) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < e->had.count; i++) {
        if (!PUSH(e, gone, &e->had.items[i])) {
            return NETPOL_ERR_MEMORY;
        }
    }
    int status = reserve(e, &record);
    if (status != NETPOL_OK) {
        return status;
    }
    for (size_t i = 0; i < e->gone.count; i++) {
        give_up(e, &e->gone.items[i], number_of(&record));
    }
    e->uncompiled -= (record.slot.flags & NP_REF_UNCOMPILED) != 0;
    np_live_kill_ref(e->current, np_live_find_ref(e->current, ref));
    np_more_clear(e, number_of(&record), true);
    e->writes++;
    np_journal_note(e, ref, true);
    return NETPOL_OK;
}
