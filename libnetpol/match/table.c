/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slots: finding, publishing, killing. table.h says why this is enough for readers that neither
 * wait nor know.
 *
 * A table is filled to seven eighths at most, dead slots included, so every search ends at a free
 * slot; it is made so large that what lives in it fills four fifths at most.
 */
#include "match/table.h"

enum { BITS_LEAST = 4, BITS_MOST = 28 };

static size_t part_bytes(enum np_live_part part, unsigned bits)
{
    static const size_t slot[NP_LIVE_PARTS] = {sizeof(struct np_slot4), sizeof(struct np_slot6),
                                               sizeof(struct np_slot_ref) + sizeof(struct np_own) +
                                                   sizeof(uint32_t) /* by_number */};
    return slot[part] << bits;
}

/* 0: too many. */
static uint8_t bits_for(uint32_t room)
{
    for (uint8_t bits = BITS_LEAST; bits <= BITS_MOST; bits++) {
        if ((uint64_t)room * 5 <= (UINT64_C(4) << bits)) {
            return bits;
        }
    }
    return 0;
}

struct np_live *np_live_create(const struct netpol_ctx *ctx, const uint32_t room[NP_LIVE_PARTS],
                               uint32_t shared_room)
{
    size_t head = (sizeof(struct np_live) + NP_IMAGE_ALIGN - 1) / NP_IMAGE_ALIGN * NP_IMAGE_ALIGN;
    size_t bytes = head;
    uint8_t bits[NP_LIVE_PARTS];
    for (int part = 0; part < NP_LIVE_PARTS; part++) {
        bits[part] = bits_for(room[part]);
        if (bits[part] == 0) {
            return NULL;
        }
        bytes += part_bytes((enum np_live_part)part, bits[part]);
    }
    bytes += shared_room * sizeof(struct np_shared);
    unsigned char *block = np_image_alloc(ctx, bytes);
    if (!block) {
        return NULL;
    }
    memset(block, 0, bytes);
    struct np_live *live = (struct np_live *)(void *)block;
    live->bytes = bytes;
    live->slots4 = (void *)(block + head);
    live->slots6 = (void *)(live->slots4 + (size_t)(1u << bits[NP_LIVE_4]));
    live->refs = (void *)(live->slots6 + (size_t)(1u << bits[NP_LIVE_6]));
    live->own = (void *)(live->refs + (size_t)(1u << bits[NP_LIVE_REFS]));
    live->shared = (void *)(live->own + (size_t)(1u << bits[NP_LIVE_REFS]));
    live->by_number = (void *)(live->shared + shared_room);
    live->shared_room = shared_room;
    for (int part = 0; part < NP_LIVE_PARTS; part++) {
        live->limit[part] = (1u << bits[part]) / 8 * 7;
    }
    live->table = (struct np_table){.slots4 = live->slots4,
                                    .slots6 = live->slots6,
                                    .refs = live->refs,
                                    .own = live->own,
                                    .shared = live->shared,
                                    .bits4 = bits[NP_LIVE_4],
                                    .bits6 = bits[NP_LIVE_6],
                                    .bits_ref = bits[NP_LIVE_REFS],
                                    .probes4 = 1u << bits[NP_LIVE_4],
                                    .probes6 = 1u << bits[NP_LIVE_6],
                                    .probes_ref = 1u << bits[NP_LIVE_REFS]};
    return live;
}

void np_live_destroy(const struct netpol_ctx *ctx, struct np_live *live)
{
    if (live) {
        np_image_free(ctx, live, live->bytes);
    }
}

bool np_live_has_room(const struct np_live *live, const uint32_t more[NP_LIVE_PARTS],
                      uint32_t shared)
{
    bool fits = shared <= live->shared_room - live->n_shared;
    for (int part = 0; part < NP_LIVE_PARTS; part++) {
        fits = fits && more[part] <= live->limit[part] - live->used[part];
    }
    return fits;
}

/* ---- addresses ---- */

static uint32_t home_of(const struct np_live *live, const struct np_where *where)
{
    return where->family == 4 ? np_slot4_at((uint32_t)where->low, live->table.bits4)
                              : np_slot6_at(where->high, where->low, live->table.bits6);
}

/* The slot that holds the address (alive), or the free one where the search ends. */
static uint32_t search(const struct np_live *live, const struct np_where *where, bool for_free)
{
    uint32_t at = home_of(live, where);
    if (where->family == 4) {
        uint32_t mask = (1u << live->table.bits4) - 1;
        for (;; at = (at + 1) & mask) {
            uint64_t key = live->slots4[at].key;
            if ((uint32_t)key == NP_SIG_NONE) {
                return for_free ? at : NP_NO_SLOT;
            }
            if (!for_free && key >> 32 == where->low && (uint32_t)key != NP_SIG_DEAD) {
                return at;
            }
        }
    }
    uint32_t mask = (1u << live->table.bits6) - 1;
    for (;; at = (at + 1) & mask) {
        const struct np_slot6 *slot = &live->slots6[at];
        if (slot->key == NP_SIG_NONE) {
            return for_free ? at : NP_NO_SLOT;
        }
        if (!for_free && slot->high == where->high && slot->low == where->low &&
            slot->key != NP_SIG_DEAD) {
            return at;
        }
    }
}

uint32_t np_live_find(const struct np_live *live, const struct np_where *where)
{
    return search(live, where, false);
}

struct np_party np_live_party(const struct np_live *live, const struct np_where *where,
                              uint32_t slot)
{
    if (where->family == 4) {
        return (struct np_party){(uint32_t)live->slots4[slot].key, live->slots4[slot].who};
    }
    return (struct np_party){(uint32_t)live->slots6[slot].key, live->slots6[slot].who};
}

static void store_key(struct np_live *live, const struct np_where *where, uint32_t slot,
                      uint32_t signature)
{
    if (where->family == 4) {
        uint64_t key = where->low << 32 | signature;
        __atomic_store_n(&live->slots4[slot].key, key, __ATOMIC_RELEASE);
    } else {
        __atomic_store_n(&live->slots6[slot].key, (uint64_t)signature, __ATOMIC_RELEASE);
    }
}

static void publish(struct np_live *live, const struct np_where *where, struct np_party party)
{
    uint32_t slot = search(live, where, true);
    enum np_live_part part = where->family == 4 ? NP_LIVE_4 : NP_LIVE_6;
    if (part == NP_LIVE_4) {
        /* relaxed: np_party_first4 and _first6 read it before they know whether they want it */
        __atomic_store_n(&live->slots4[slot].who, party.who, __ATOMIC_RELAXED);
    } else {
        __atomic_store_n(&live->slots6[slot].high, where->high, __ATOMIC_RELAXED);
        __atomic_store_n(&live->slots6[slot].low, where->low, __ATOMIC_RELAXED);
        __atomic_store_n(&live->slots6[slot].who, party.who, __ATOMIC_RELAXED);
    }
    store_key(live, where, slot, party.signature);
    live->used[part]++;
    live->live[part]++;
}

void np_live_kill(struct np_live *live, const struct np_where *where, uint32_t slot)
{
    store_key(live, where, slot, NP_SIG_DEAD);
    live->live[where->family == 4 ? NP_LIVE_4 : NP_LIVE_6]--;
}

void np_live_set(struct np_live *live, const struct np_where *where, uint32_t slot,
                 struct np_party party)
{
    if (slot == NP_NO_SLOT) {
        publish(live, where, party);
        return;
    }
    struct np_party before = np_live_party(live, where, slot);
    if (before.who == party.who) {
        if (before.signature != party.signature) {
            store_key(live, where, slot, party.signature);
        }
        return;
    }
    publish(live, where, party);
    np_live_kill(live, where, slot);
}

uint32_t np_live_share(struct np_live *live, const struct np_shared *owners, uint32_t count)
{
    uint32_t first = live->n_shared;
    for (uint32_t i = 0; i < count; i++) {
        live->shared[first + i] = owners[i];
        live->shared[first + i].last = i + 1 == count;
    }
    live->n_shared += count;
    return NP_SIG_SHARED + first;
}

/* ---- references ---- */

static const uint64_t dead_ref = ~UINT64_C(0);

uint32_t np_live_find_ref(const struct np_live *live, uint64_t ref)
{
    uint32_t mask = (1u << live->table.bits_ref) - 1;
    for (uint32_t at = np_slot_ref_at(ref, live->table.bits_ref);; at = (at + 1) & mask) {
        if (live->refs[at].ref == ref) {
            return at;
        }
        if (live->refs[at].ref == 0) {
            return NP_NO_SLOT;
        }
    }
}

static uint32_t number_of(const struct np_slot_ref *slot)
{
    return (uint32_t)(slot->who >> 32);
}

/* Where a number is in by_number, or the free place where the search for it ends. */
static uint32_t *place_of_number(const struct np_live *live, uint32_t number)
{
    uint32_t mask = (1u << live->table.bits_ref) - 1;
    for (uint32_t at = np_slot_ref_at(number, live->table.bits_ref);; at = (at + 1) & mask) {
        uint32_t *place = &live->by_number[at];
        if (*place == 0 || number_of(&live->refs[*place - 1]) == number) {
            return place;
        }
    }
}

uint32_t np_live_find_number(const struct np_live *live, uint32_t number)
{
    uint32_t place = *place_of_number(live, number);
    return place && live->refs[place - 1].ref != dead_ref ? place - 1 : NP_NO_SLOT;
}

void np_live_kill_ref(struct np_live *live, uint32_t slot)
{
    __atomic_store_n(&live->refs[slot].ref, dead_ref, __ATOMIC_RELEASE);
    live->live[NP_LIVE_REFS]--;
}

struct np_ref_record np_live_record(const struct np_live *live, uint32_t slot)
{
    return (struct np_ref_record){live->refs[slot], live->own[slot]};
}

void np_live_set_ref(struct np_live *live, uint32_t slot, const struct np_ref_record *record)
{
    uint32_t mask = (1u << live->table.bits_ref) - 1;
    uint32_t at = np_slot_ref_at(record->slot.ref, live->table.bits_ref);
    while (live->refs[at].ref != 0) {
        at = (at + 1) & mask;
    }
    struct np_slot_ref *target = &live->refs[at];
    struct np_slot_ref hidden = record->slot;
    live->own[at] = record->own;
    memcpy((char *)target + sizeof target->ref, (const char *)&hidden + sizeof hidden.ref,
           sizeof hidden - sizeof hidden.ref);
    __atomic_store_n(&target->ref, record->slot.ref, __ATOMIC_RELEASE);
    live->used[NP_LIVE_REFS]++;
    live->live[NP_LIVE_REFS]++;
    *place_of_number(live, number_of(&record->slot)) = at + 1;
    if (slot != NP_NO_SLOT) {
        np_live_kill_ref(live, slot);
    }
}

/* ---- a new table ---- */

static void copy_address(const struct np_table *from, struct np_live *to,
                         const struct np_where *where, struct np_party party)
{
    if (np_is_shared(party.signature)) {
        const struct np_shared *owners = &from->shared[party.signature - NP_SIG_SHARED];
        uint32_t count = 1;
        while (!owners[count - 1].last) {
            count++;
        }
        party.signature = np_live_share(to, owners, count);
    }
    publish(to, where, party);
}

void np_live_copy(const struct np_table *from, struct np_live *to)
{
    for (uint32_t i = 0; i < 1u << from->bits4; i++) {
        uint64_t key = from->slots4[i].key;
        if ((uint32_t)key != NP_SIG_NONE && (uint32_t)key != NP_SIG_DEAD) {
            copy_address(from, to, &(struct np_where){4, 0, key >> 32},
                         (struct np_party){(uint32_t)key, from->slots4[i].who});
        }
    }
    for (uint32_t i = 0; i < 1u << from->bits6; i++) {
        const struct np_slot6 *slot = &from->slots6[i];
        if (slot->key != NP_SIG_NONE && slot->key != NP_SIG_DEAD) {
            copy_address(from, to, &(struct np_where){6, slot->high, slot->low},
                         (struct np_party){(uint32_t)slot->key, slot->who});
        }
    }
    for (uint32_t i = 0; i < 1u << from->bits_ref; i++) {
        if (from->refs[i].ref != 0 && from->refs[i].ref != dead_ref) {
            const struct np_ref_record record = {from->refs[i], from->own[i]};
            np_live_set_ref(to, NP_NO_SLOT, &record);
        }
    }
}
