/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any tuple: what the reference does before it judges (reference/eval.c, model/inventory_end.c).
 *
 * The tuple is made canonical or refused; each end is resolved to the parties it may be (owners of
 * a shared address); every pair of them is judged and the most restrictive answer stands. An end
 * that no compile has seen makes the whole answer UNKNOWN, never that of the outside world.
 */
#include "match/named.h"
#include "base/defect.h"

struct end { /* as the tuple names it */
    uint64_t ref;
    struct np_where where; /* family 0: no address is given */
};

void np_match_refuse(struct netpol_verdict *out, uint8_t action, uint8_t reason, uint32_t missing)
{
    struct netpol_part part = {.action = action, .reason = reason};
    *out = (struct netpol_verdict){
        .action = action, .missing = missing, .egress = part, .ingress = part, .mesh = part};
}

/* ---- what is asked ---- */

/* A flag that this version does not know may forbid what it would allow. */
static bool is_understood(const struct netpol_tuple *tuple)
{
    enum {
        KNOWN = NETPOL_TUPLE_LATER_FRAGMENT | NETPOL_TUPLE_NO_PORTS | NETPOL_TUPLE_SRC_REF |
                NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_SRC_NO_ADDRESS | NETPOL_TUPLE_DST_NO_ADDRESS
    };
    return ((tuple->flags & ~(unsigned)KNOWN) == 0 && tuple->reserved == 0) ||
           np_defect(FLAGS_IGNORED);
}

/* false: the address cannot be. Mapped addresses are folded, or bogus. */
static bool take_address(const struct np_hot *hot, const uint8_t bytes[16], uint8_t family,
                         struct np_where *out)
{
    uint64_t high = np_read_64(bytes), low = np_read_64(bytes + 8);
    out->family = family;
    if (family == 4) { /* anything after the four bytes is a mistake */
        out->high = 0;
        out->low = high >> 32;
        return ((uint32_t)high == 0 && low == 0) || np_defect(TAIL_IGNORED);
    }
    out->high = high;
    out->low = low;
    if (family == 6 && np_is_mapped(high, low) && !np_defect(MAPPED_STAYS)) {
        out->family = 4;
        out->low = (uint32_t)low;
        return !(hot->flags & NP_IMAGE_MAPPED_DENY);
    }
    return family == 6;
}

static bool take_end(const struct np_hot *hot, const uint8_t bytes[16], uint8_t family,
                     const uint64_t *ref, bool no_address, struct end *out)
{
    static const uint8_t none[16] = {0};
    *out = (struct end){.ref = ref ? *ref : 0};
    if (ref && *ref == 0) {
        return false;
    }
    /* with a reference, an address of zeros is one that was not given */
    bool absent = no_address || (ref && (family == 0 || memcmp(bytes, none, sizeof none) == 0));
    return absent || take_address(hot, bytes, family, &out->where);
}

/* Families must agree; *family is that of the question, 0: neither end has an address. */
static bool take_ends(const struct np_hot *hot, const struct netpol_tuple *t, struct end *src,
                      struct end *dst, uint8_t *family)
{
    const uint64_t *src_ref = t->flags & NETPOL_TUPLE_SRC_REF ? &t->src_ref : NULL;
    const uint64_t *dst_ref = t->flags & NETPOL_TUPLE_DST_REF ? &t->dst_ref : NULL;
    if (!take_end(hot, t->src, t->family, src_ref, t->flags & NETPOL_TUPLE_SRC_NO_ADDRESS, src) ||
        !take_end(hot, t->dst, t->family, dst_ref, t->flags & NETPOL_TUPLE_DST_NO_ADDRESS, dst)) {
        return false;
    }
    uint8_t given = src->where.family ? src->where.family : dst->where.family;
    *family = given ? given : t->family;
    if (src->where.family && dst->where.family && src->where.family != dst->where.family &&
        !np_defect(FAMILIES_MIX)) {
        return false;
    }
    return *family == 0 || *family == 4 || *family == 6;
}

static struct np_hop_ports take_ports(const struct netpol_tuple *tuple, uint8_t family)
{
    struct np_hop_ports out = np_ports_of(tuple, np_family_index(family));
    if (out.kind == NP_PORT_KNOWN) {
        if (tuple->flags & NETPOL_TUPLE_LATER_FRAGMENT && !np_defect(FRAGMENT_HAS_PORTS)) {
            out.kind = NP_PORT_NONE; /* there are none in it */
        } else if (tuple->flags & NETPOL_TUPLE_NO_PORTS && !np_defect(PORTS_GIVEN)) {
            out.kind = NP_PORT_UNKNOWN;
        }
    }
    return out;
}

/* ---- who the ends are ---- */

const struct np_slot_ref *np_table_ref(const struct np_table *table, uint64_t ref)
{
    const uint64_t dead = ~UINT64_C(0);
    if (ref == 0 || ref == dead) {
        return NULL;
    }
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits_ref) - 1);
    uint32_t at = np_slot_ref_at(ref, table->bits_ref);
    for (uint32_t left = table->probes_ref; left; left--, at = (at + 1) & mask) {
        const struct np_slot_ref *slot = &table->refs[at];
        uint64_t found = np_acquire(&slot->ref);
        if (found == ref) {
            return slot;
        }
        if (found == 0) {
            break;
        }
    }
    return NULL;
}

/* The family of the address that an endpoint has in a family (index 0, 1; 2: its first one). */
static uint8_t own_family(const struct np_slot_ref *slot, unsigned index)
{
    uint8_t family = index == 0 ? 4 : index == 1 ? 6 : slot->family;
    bool has = family == 4 ? slot->families & 1 : family == 6 && (slot->families & 2);
    return has ? family : 0;
}

/* And the address. */
static struct np_where own_address(const struct np_table *table, const struct np_slot_ref *slot,
                                   unsigned index)
{
    const struct np_own *own = &table->own[slot - table->refs];
    switch (own_family(slot, index)) {
    case 4:
        return (struct np_where){4, 0, own->address4};
    case 6:
        return (struct np_where){6, own->high6, own->low6};
    default:
        return (struct np_where){0, 0, 0};
    }
}

static bool is_there(const struct np_where *a, const struct np_where *b)
{
    return a->family == b->family && a->high == b->high && a->low == b->low;
}

static struct np_party party_at(const struct np_hot *hot, const struct np_table *table,
                                const struct np_where *where)
{
    return where->family == 4 ? np_party_search4(hot, table, (uint32_t)where->low)
                              : np_party_search6(hot, table, where->high, where->low);
}

static const struct np_shared *owners_of(const struct np_table *table, struct np_party party)
{
    return np_is_shared(party.signature) ? &table->shared[party.signature - NP_SIG_SHARED] : NULL;
}

static struct np_party owner_party(const struct np_shared *owner)
{
    return (struct np_party){owner->signature, (uint64_t)owner->endpoint << 32 | owner->node};
}

/* Becomes the owner that is this endpoint; false: none of them is. */
static bool pick_owner(const struct np_table *table, uint32_t endpoint, struct np_party *party)
{
    const struct np_shared *owner = owners_of(table, *party);
    if (!owner) {
        return party->who >> 32 == endpoint;
    }
    while (owner->endpoint != endpoint) {
        if (owner->last) {
            return false;
        }
        owner++;
    }
    *party = owner_party(owner);
    return true;
}

/* By reference; with an address only if the endpoint is known to have it. false: not known. */
static bool resolve_ref(const struct np_hot *hot, const struct np_table *table,
                        const struct end *end, uint8_t family, struct np_parties *out)
{
    const struct np_slot_ref *slot = np_table_ref(table, end->ref);
    if (!slot) {
        out->party = (struct np_party){NP_SIG_NOWHERE, 0};
        out->where = end->where;
        return np_defect(STALE_IS_OUTSIDE);
    }
    unsigned index = np_family_index(end->where.family ? end->where.family : family);
    uint32_t signature = slot->signature[index], endpoint = (uint32_t)(slot->who >> 32);
    out->party = (struct np_party){signature, slot->who};
    out->where = end->where;
    if (!np_is_single(signature)) {
        return false;
    }
    if (end->where.family == 0 || np_defect(ANY_ADDRESS_OF_REF)) {
        bool read = hot->image->count[NP_SECTION_CUT_ROOTS]; /* nothing else looks at it */
        out->where = read ? own_address(table, slot, index)
                          : (struct np_where){.family = own_family(slot, index)};
        return true;
    }
    /* only workloads have addresses besides: what is on a node has the node's */
    bool node = hot->sig_class[signature] >> 24 & NP_SIG_NODE;
    struct np_party there = node ? out->party : party_at(hot, table, &end->where);
    if (!node && endpoint && there.who == slot->who && there.signature == signature) {
        return true; /* as nearly always */
    }
    struct np_where own = own_address(table, slot, index);
    if (is_there(&own, &end->where)) {
        return true;
    }
    out->party = there;
    return !node && endpoint && pick_owner(table, endpoint, &out->party) &&
           np_is_single(out->party.signature);
}

/* false: an end that no compile has seen. */
static bool resolve(const struct np_hot *hot, const struct np_table *table, const struct end *end,
                    uint8_t family, struct np_parties *out)
{
    out->shared = NULL;
    out->named = NULL;
    if (end->ref) {
        return resolve_ref(hot, table, end, family, out);
    }
    out->where = end->where;
    if (end->where.family == 0) {
        out->party = (struct np_party){NP_SIG_NOWHERE, 0};
        return true;
    }
    out->party = party_at(hot, table, &end->where);
    if (np_is_named(out->party.signature)) {
        out->named = np_named_at(table->named, out->party.signature);
        out->party.signature = out->named->base;
    }
    out->shared = owners_of(table, out->party);
    for (const struct np_shared *owner = out->shared; owner; owner++) {
        if (!np_is_single(owner->signature)) {
            return false;
        }
        if (owner->last) {
            return true;
        }
    }
    return np_is_single(out->party.signature);
}

/* ---- every pair of owners ---- */

static void merge(const struct np_hot *hot, const struct netpol_verdict *one,
                  struct netpol_verdict *out)
{
    if ((hot->flags & NP_IMAGE_SHARED_UNKNOWN) && one->action != out->action) {
        uint32_t missing = out->missing | one->missing | NETPOL_MISSING_SHARED_ADDRESS;
        np_match_refuse(out, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, missing);
    } else if (one->action > out->action) {
        *out = *one;
    }
}

static void mark_shared(struct netpol_part *part)
{
    if (part->flags & NETPOL_PART_JUDGED) {
        part->flags |= NETPOL_PART_SHARED_ADDRESS;
    }
}

static bool has_several(const struct np_parties *parties)
{
    return parties->shared && !parties->shared[0].last;
}

/* The i-th owner; *more: there are others after it. */
static struct np_party owner_at(const struct np_parties *parties, uint32_t i, bool *more)
{
    *more = parties->shared && !parties->shared[i].last && !np_defect(FIRST_OWNER);
    return parties->shared ? owner_party(&parties->shared[i]) : parties->party;
}

static void judge_owners(const struct np_hot *hot, struct np_shape shape,
                         const struct np_parties *src, const struct np_parties *dst,
                         const struct np_ask *ask, struct netpol_verdict *out)
{
    uint32_t port_class = np_port_class(hot, ask->ports);
    bool more_src = true, more_dst;
    for (uint32_t i = 0; more_src; i++) {
        struct np_party from = owner_at(src, i, &more_src);
        more_dst = true;
        for (uint32_t j = 0; more_dst; j++) {
            struct netpol_verdict one;
            struct np_party to = owner_at(dst, j, &more_dst);
            if (src->named || dst->named) {
                const struct np_named *named[2] = {src->named, dst->named};
                np_look_named(hot, shape, from, to, named, port_class, ask, &one);
            } else {
                np_look(hot, shape, from, to, port_class, NULL, ask, &one);
            }
            if (i == 0 && j == 0) {
                *out = one;
            } else {
                merge(hot, &one, out);
            }
        }
    }
    if (has_several(src) || has_several(dst)) {
        mark_shared(&out->egress);
        mark_shared(&out->ingress);
        mark_shared(&out->mesh);
    }
    out->generation = hot->generation;
}

static void refuse(const struct np_hot *hot, uint8_t action, uint8_t reason, uint32_t missing,
                   struct netpol_verdict *out)
{
    np_match_refuse(out, action, reason, missing);
    out->generation = hot->generation;
}

void np_match_any(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                  const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    struct end src_end, dst_end;
    struct np_parties src, dst;
    uint8_t family;
    if (!is_understood(tuple) || !take_ends(hot, tuple, &src_end, &dst_end, &family)) {
        refuse(hot, NETPOL_DENY, NETPOL_REASON_INVALID, 0, out);
        return;
    }
    if (!resolve(hot, table, &src_end, family, &src) ||
        !resolve(hot, table, &dst_end, family, &dst)) {
        refuse(hot, NETPOL_UNKNOWN, NETPOL_REASON_STALE, NETPOL_MISSING_SIGNATURE, out);
        return;
    }
    if (family == 0) { /* known when one of the two has an address after all */
        family = src.where.family ? src.where.family : dst.where.family;
    }
    struct np_ask ask = {.src = src.where, .dst = dst.where, .ports = take_ports(tuple, family)};
    judge_owners(hot, np_shape_of(hot, sides), &src, &dst, &ask, out);
}

bool np_match_parties(const struct np_hot *hot, const struct np_table *table,
                      const struct netpol_tuple *tuple, struct np_parties *src,
                      struct np_parties *dst)
{
    static const struct np_parties nobody = {
        .party = {NP_SIG_UNCOMPILED, 0}
    };
    struct end from, to;
    uint8_t family;
    *src = *dst = nobody;
    if (!is_understood(tuple) || !take_ends(hot, tuple, &from, &to, &family)) {
        return false;
    }
    *src = resolve(hot, table, &from, family, src) ? *src : nobody;
    *dst = resolve(hot, table, &to, family, dst) ? *dst : nobody;
    return true;
}

void np_match_named(const struct np_hot *hot, const struct np_table *table,
                    const struct netpol_tuple *tuple, const struct np_named *out[2])
{
    struct np_parties src, dst;
    bool can_be = np_match_parties(hot, table, tuple, &src, &dst);
    out[0] = can_be ? src.named : NULL;
    out[1] = can_be ? dst.named : NULL;
}

/* ---- the same question over two tables ---- */

static bool same_party(struct np_party a, struct np_party b)
{
    return a.signature == b.signature && a.who == b.who;
}

static bool same_parties(const struct np_parties *a, const struct np_parties *b)
{
    bool more_a = true, more_b = true, same = is_there(&a->where, &b->where);
    for (uint32_t i = 0; same && more_a; i++) {
        struct np_party one = owner_at(a, i, &more_a), other = owner_at(b, i, &more_b);
        same = same_party(one, other) && more_a == more_b;
    }
    return same;
}

static bool same_end(const struct np_hot *hot, const struct np_table *a, const struct np_table *b,
                     const struct end *end, uint8_t family)
{
    struct np_parties one, other;
    bool in_a = resolve(hot, a, end, family, &one), in_b = resolve(hot, b, end, family, &other);
    return in_a == in_b && (!in_a || same_parties(&one, &other));
}

bool np_match_same_ends(const struct np_hot *hot, const struct np_table *a,
                        const struct np_table *b, const struct netpol_tuple *tuple)
{
    struct end src, dst;
    uint8_t family;
    if (!is_understood(tuple) || !take_ends(hot, tuple, &src, &dst, &family)) {
        return true; /* whoever the ends are, it cannot be */
    }
    return same_end(hot, a, b, &src, family) && same_end(hot, a, b, &dst, family);
}
