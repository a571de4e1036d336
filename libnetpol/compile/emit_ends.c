/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's addresses and references as tables, its places as tries. */
#include "compile/plan.h"
#include "base/defect.h"
#include "image/project.h"

static unsigned bits_for(size_t count)
{
    unsigned bits = 1;
    while (count * 5 > ((size_t)4 << bits)) { /* at most four fifths full */
        bits++;
    }
    return bits;
}

/* Where a table is small anyway, at most a quarter: then nearly all are in their first slots. */
static unsigned slot_bits_for(size_t count)
{
    enum { SMALL_BITS = 12 };
    unsigned bits = bits_for(count);
    while (bits < SMALL_BITS && count * 4 > (size_t)1 << bits) {
        bits++;
    }
    return bits;
}

static uint64_t number_of(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static uint64_t who_of(uint32_t endpoint, uint32_t node)
{
    return (uint64_t)endpoint << 32 | node;
}

/* ---- addresses ---- */

/* One address of the table: its record, or the list of its owners. */
struct owned {
    const struct np_address *address;
    uint32_t signature;
    uint64_t who;
};

static bool next_owned(struct np_emit *emit, uint32_t *at, struct np_shared *shared,
                       uint32_t *n_shared, struct owned *out)
{
    const struct np_draft *draft = &emit->plan->draft;
    if (*at == draft->n_addresses) {
        return false;
    }
    const struct np_address_entry *first = &draft->addresses[*at];
    uint32_t end = *at + 1;
    while (end < draft->n_addresses &&
           np_address_equal(&draft->addresses[end].address, &first->address)) {
        end++;
    }
    *out = (struct owned){&first->address, emit->number[first->signature],
                          who_of(first->endpoint, first->node)};
    if (end - *at > 1 && !np_defect(ONE_OWNER_WRITTEN)) {
        out->signature = (uint32_t)NP_SIG_SHARED | *n_shared;
        out->who = 0;
        for (uint32_t i = *at; i < end; i++) {
            const struct np_address_entry *e = &draft->addresses[i];
            shared[(*n_shared)++] =
                (struct np_shared){emit->number[e->signature], e->endpoint, e->node, i + 1 == end};
        }
    }
    *at = end;
    return true;
}

static void put4(struct np_slot4 *slots, unsigned bits, const struct owned *owned, uint32_t *probes)
{
    uint32_t address = (uint32_t)number_of(owned->address->bytes, 4);
    uint32_t mask = (1u << bits) - 1, at = np_slot4_at(address, bits), steps = 2;
    for (; (uint32_t)slots[at].key != NP_SIG_NONE; steps++) {
        at = (at + 1) & mask;
    }
    slots[at] = (struct np_slot4){(uint64_t)address << 32 | owned->signature, owned->who};
    *probes = steps > *probes ? steps : *probes;
}

static void put6(struct np_slot6 *slots, unsigned bits, const struct owned *owned, uint32_t *probes)
{
    uint64_t high = number_of(owned->address->bytes, 8);
    uint64_t low = number_of(owned->address->bytes + 8, 8);
    uint32_t mask = (1u << bits) - 1, at = np_slot6_at(high, low, bits), steps = 2;
    for (; slots[at].key != NP_SIG_NONE; steps++) {
        at = (at + 1) & mask;
    }
    slots[at] = (struct np_slot6){high, low, owned->signature, owned->who};
    *probes = steps > *probes ? steps : *probes;
}

/* The longest search meets a whole run of slots and then a free one. */
static uint32_t longest(uint32_t probes, unsigned bits)
{
    return probes < 1u << bits ? probes : 1u << bits;
}

static bool add_addresses(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    struct np_image_header *h = &emit->writer.header;
    size_t count[2] = {0, 0};
    for (uint32_t i = 0; i < draft->n_addresses; i++) {
        count[draft->addresses[i].address.family == NP_IPV6]++;
    }
    h->slots4_bits = (uint8_t)slot_bits_for(count[0]);
    h->slots6_bits = (uint8_t)slot_bits_for(count[1]);
    h->slots4_probes = h->slots6_probes = 1;
    struct np_slot4 *slots4 = np_emit_alloc(emit, (size_t)1 << h->slots4_bits, sizeof *slots4);
    struct np_slot6 *slots6 = np_emit_alloc(emit, (size_t)1 << h->slots6_bits, sizeof *slots6);
    struct np_shared *shared = np_emit_alloc(emit, draft->n_addresses, sizeof *shared);
    if (!slots4 || !slots6 || !shared) {
        return false;
    }
    uint32_t at = 0, n_shared = 0;
    struct owned owned;
    while (next_owned(emit, &at, shared, &n_shared, &owned)) {
        if (owned.address->family == NP_IPV4) {
            put4(slots4, h->slots4_bits, &owned, &h->slots4_probes);
        } else {
            put6(slots6, h->slots6_bits, &owned, &h->slots6_probes);
        }
    }
    h->slots4_probes = longest(h->slots4_probes, h->slots4_bits);
    h->slots6_probes = longest(h->slots6_probes, h->slots6_bits);
    np_emit_section(emit, NP_SECTION_SLOTS4, slots4, sizeof *slots4 << h->slots4_bits);
    np_emit_section(emit, NP_SECTION_SLOTS6, slots6, sizeof *slots6 << h->slots6_bits);
    np_emit_section(emit, NP_SECTION_SHARED, shared, n_shared * sizeof *shared);
    return true;
}

/* ---- references ---- */

static struct np_slot_ref slot_of(const struct np_emit *emit, const struct np_ref_entry_draft *ref)
{
    struct np_slot_ref slot = {
        .ref = ref->ref, .who = who_of(ref->endpoint, ref->node), .family = ref->first_family};
    for (int f = 0; f < 3; f++) {
        slot.signature[f] = emit->number[ref->signature[f]];
    }
    slot.families = (uint8_t)((ref->own[0].family ? 1 : 0) | (ref->own[1].family ? 2 : 0));
    return slot;
}

static struct np_own own_of(const struct np_ref_entry_draft *ref)
{
    struct np_own own = {0};
    if (ref->own[0].family) {
        own.address4 = (uint32_t)number_of(ref->own[0].bytes, 4);
    }
    if (ref->own[1].family) {
        own.high6 = number_of(ref->own[1].bytes, 8);
        own.low6 = number_of(ref->own[1].bytes + 8, 8);
    }
    return own;
}

static bool add_refs(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    struct np_image_header *h = &emit->writer.header;
    unsigned bits = bits_for(draft->n_refs);
    uint32_t mask = (1u << bits) - 1, probes = 1;
    struct np_slot_ref *slots = np_emit_alloc(emit, (size_t)1 << bits, sizeof *slots);
    struct np_own *own = np_emit_alloc(emit, (size_t)1 << bits, sizeof *own);
    for (uint32_t i = 0; slots && own && i < draft->n_refs; i++) {
        uint32_t at = np_slot_ref_at(draft->refs[i].ref, bits), steps = 2;
        for (; slots[at].ref; steps++) {
            at = (at + 1) & mask;
        }
        slots[at] = slot_of(emit, &draft->refs[i]);
        own[at] = own_of(&draft->refs[i]);
        probes = steps > probes ? steps : probes;
    }
    h->refs_bits = (uint8_t)bits;
    h->refs_probes = longest(probes, bits);
    np_emit_section(emit, NP_SECTION_REFS, slots, sizeof *slots << bits);
    np_emit_section(emit, NP_SECTION_OWN, own, sizeof *own << bits);
    return slots && own;
}

/* ---- tries ---- */

static int keep_trie(struct np_emit *emit, int status, enum np_section section, uint8_t *bits,
                     struct np_trie *trie)
{
    uint32_t *words = status == NETPOL_OK ? np_emit_alloc(emit, trie->count, sizeof *words) : NULL;
    if (words && trie->count) {
        memcpy(words, trie->words, trie->count * sizeof *words);
    }
    np_emit_section(emit, section, words, words ? trie->count * sizeof *words : 0);
    *bits = trie->root_bits;
    np_trie_free(emit->plan->draft.ctx, trie);
    return status == NETPOL_OK && !words ? NETPOL_ERR_MEMORY : status;
}

static int add_trie4(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    const struct netpol_ctx *ctx = draft->ctx;
    struct np_trie trie = {0};
    size_t count = 0;
    struct np_place4 *places = np_alloc(ctx, (draft->n_places4 + 1) * sizeof *places);
    for (uint32_t i = 0; places && i < draft->n_places4; i++) {
        uint32_t signature = emit->number[draft->places[i].signature];
        bool merged = np_defect(PLACES_MERGED) && i % 3 == 2;
        if (count == 0 || (places[count - 1].signature != signature && !merged)) {
            places[count++] =
                (struct np_place4){(uint32_t)number_of(draft->places[i].first.bytes, 4), signature};
        }
    }
    int status = places ? np_trie4_build(ctx, places, count, &trie) : NETPOL_ERR_MEMORY;
    np_free(ctx, places, (draft->n_places4 + 1) * sizeof *places);
    return keep_trie(emit, status, NP_SECTION_TRIE4, &emit->writer.header.trie4_bits, &trie);
}

static int add_trie6(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    const struct netpol_ctx *ctx = draft->ctx;
    struct np_trie trie = {0};
    size_t count = 0, room = draft->n_places - draft->n_places4 + 1;
    struct np_place6 *places = np_alloc(ctx, room * sizeof *places);
    for (uint32_t i = draft->n_places4; places && i < draft->n_places; i++) {
        uint32_t signature = emit->number[draft->places[i].signature];
        if (count == 0 || places[count - 1].signature != signature) {
            places[count++] =
                (struct np_place6){number_of(draft->places[i].first.bytes, 8),
                                   number_of(draft->places[i].first.bytes + 8, 8), signature};
        }
    }
    int status = places ? np_trie6_build(ctx, places, count, &trie) : NETPOL_ERR_MEMORY;
    np_free(ctx, places, room * sizeof *places);
    return keep_trie(emit, status, NP_SECTION_TRIE6, &emit->writer.header.trie6_bits, &trie);
}

/* ---- the way of endpoints that come later ---- */

static int add_combos(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    struct np_combo *list = np_emit_alloc(emit, draft->n_combos, sizeof *list), *table = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; list && i < draft->n_combos; i++) {
        list[i] = draft->combos[i];
        list[i].place = emit->number[list[i].place];
        list[i].signature = emit->number[list[i].signature];
    }
    int status = list ? np_combos_write(draft->ctx, list, draft->n_combos, &table, &count)
                      : NETPOL_ERR_MEMORY;
    if (status == NETPOL_OK) {
        struct np_combo *copy = np_emit_alloc(emit, count, sizeof *copy);
        if (copy && count) {
            memcpy(copy, table, count * sizeof *copy);
        }
        np_emit_section(emit, NP_SECTION_COMBOS, copy, copy ? count * sizeof *copy : 0);
        status = copy ? NETPOL_OK : NETPOL_ERR_MEMORY;
        np_free(draft->ctx, table, count * sizeof *table);
    }
    return status;
}

static int add_kinds(struct np_emit *emit)
{
    const struct np_draft *draft = &emit->plan->draft;
    np_emit_section(emit, NP_SECTION_PROJECTION, draft->projection,
                    draft->n_projection * sizeof *draft->projection);
    np_emit_section(emit, NP_SECTION_KINDS, draft->kinds, draft->kinds_bytes);
    return add_combos(emit);
}

int np_emit_ends(struct np_emit *emit)
{
    if (!add_addresses(emit) || !add_refs(emit)) {
        return NETPOL_ERR_MEMORY;
    }
    int status = add_trie4(emit);
    status = status == NETPOL_OK ? add_trie6(emit) : status;
    return status == NETPOL_OK ? add_kinds(emit) : status;
}

void np_emit_ends_again(struct np_emit *emit, const struct np_image *before)
{
    static const uint8_t sections[] = {
        NP_SECTION_OWN,    NP_SECTION_SLOTS4, NP_SECTION_SLOTS6, NP_SECTION_REFS,
        NP_SECTION_SHARED, NP_SECTION_TRIE4,  NP_SECTION_TRIE6,  NP_SECTION_PROJECTION,
        NP_SECTION_KINDS,  NP_SECTION_COMBOS,
    };
    struct np_image_header *to = &emit->writer.header;
    const struct np_image_header *from = before->header;
    to->slots4_bits = from->slots4_bits;
    to->slots6_bits = from->slots6_bits;
    to->refs_bits = from->refs_bits;
    to->trie4_bits = from->trie4_bits;
    to->trie6_bits = from->trie6_bits;
    to->slots4_probes = from->slots4_probes;
    to->slots6_probes = from->slots6_probes;
    to->refs_probes = from->refs_probes;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        np_emit_again(emit, before, (enum np_section)sections[i]);
    }
}
