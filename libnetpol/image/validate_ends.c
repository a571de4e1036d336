/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at an address: the endpoints tables and the tries. A search in a table walks around it at
 * most as often as the header says, so nothing but the contents of its slots can lead outside.
 */
#include "image/layout.h"
#include "image/trie.h"

enum { SLOT_BITS_MOST = 28 };

static bool is_table(const struct np_image *image, enum np_section section, uint8_t bits,
                     uint32_t probes)
{
    if (probes == 0) { /* there is none */
        return image->count[section] == 0;
    }
    return bits >= 1 && bits <= SLOT_BITS_MOST && image->count[section] == 1u << bits &&
           probes <= 1u << bits;
}

static bool is_who(const struct np_image *image, uint64_t endpoint, uint64_t node)
{
    return endpoint <= image->count[NP_SECTION_ENDPOINTS] && node <= image->count[NP_SECTION_NODES];
}

/* What a slot may hold: free, dead, a signature, or the first of several owners. */
static bool is_held(const struct np_image *image, uint64_t signature, uint64_t who)
{
    if (signature == NP_SIG_NONE || signature == NP_SIG_DEAD) {
        return true;
    }
    bool shared = signature >= NP_SIG_SHARED;
    return is_who(image, who >> 32, (uint32_t)who) &&
           (shared ? signature - NP_SIG_SHARED < image->count[NP_SECTION_SHARED]
                   : signature < image->header->n_signatures);
}

static bool ref_valid(const struct np_image *image, const struct np_slot_ref *slot)
{
    if (slot->ref == 0 || slot->ref == UINT64_MAX) {
        return true;
    }
    for (int i = 0; i < 3; i++) {
        if (slot->signature[i] >= image->header->n_signatures) {
            return false;
        }
    }
    bool family = slot->family == 0 || slot->family == 4 || slot->family == 6;
    return family && slot->families <= 3 && is_who(image, slot->who >> 32, (uint32_t)slot->who);
}

static bool shared_valid(const struct np_image *image)
{
    const struct np_shared *owners = image->section[NP_SECTION_SHARED];
    uint32_t count = image->count[NP_SECTION_SHARED];
    for (uint32_t i = 0; i < count; i++) {
        if (owners[i].signature >= image->header->n_signatures || owners[i].last > 1 ||
            !is_who(image, owners[i].endpoint, owners[i].node)) {
            return false;
        }
    }
    return count == 0 || owners[count - 1].last; /* so every list ends */
}

/* How many owners an address has: 0, one that stands in the slot itself, or none. */
static uint64_t owners_of(const struct np_image *image, uint64_t signature)
{
    const struct np_shared *owners = image->section[NP_SECTION_SHARED];
    uint64_t count = 0;
    if (signature >= NP_SIG_SHARED && signature != NP_SIG_DEAD) {
        do {
            count++;
        } while (!owners[signature - NP_SIG_SHARED + count - 1].last);
    }
    return count;
}

/* Every list belongs to one address, so tables that are made of these (match/table.c) have room for
 * all of them. Where lists overlap, the sum of their lengths is more than there are owners. */
static bool lists_apart(const struct np_image *image)
{
    const struct np_slot4 *slots4 = image->section[NP_SECTION_SLOTS4];
    const struct np_slot6 *slots6 = image->section[NP_SECTION_SLOTS6];
    uint64_t all = image->count[NP_SECTION_SHARED], count = 0;
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS4] && count <= all; i++) {
        count += owners_of(image, (uint32_t)slots4[i].key);
    }
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS6] && count <= all; i++) {
        count += owners_of(image, slots6[i].key);
    }
    return count <= all;
}

static const char *tables_wrong(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    const struct np_slot4 *slots4 = image->section[NP_SECTION_SLOTS4];
    const struct np_slot6 *slots6 = image->section[NP_SECTION_SLOTS6];
    const struct np_slot_ref *refs = image->section[NP_SECTION_REFS];
    if (!is_table(image, NP_SECTION_SLOTS4, header->slots4_bits, header->slots4_probes) ||
        !is_table(image, NP_SECTION_SLOTS6, header->slots6_bits, header->slots6_probes) ||
        !is_table(image, NP_SECTION_REFS, header->refs_bits, header->refs_probes) ||
        image->count[NP_SECTION_OWN] != image->count[NP_SECTION_REFS]) {
        return "a table of endpoints has an impossible length";
    }
    bool valid = shared_valid(image);
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS4]; i++) {
        valid = valid && is_held(image, (uint32_t)slots4[i].key, slots4[i].who);
    }
    for (uint32_t i = 0; i < image->count[NP_SECTION_SLOTS6]; i++) {
        valid = valid && is_held(image, slots6[i].key, slots6[i].who);
    }
    for (uint32_t i = 0; i < image->count[NP_SECTION_REFS]; i++) {
        valid = valid && ref_valid(image, &refs[i]);
    }
    if (!valid) {
        return "an endpoint has a signature, name or node that does not exist";
    }
    return lists_apart(image) ? NULL : "two addresses have one list of owners";
}

const char *np_validate_ends(const struct np_image *image)
{
    const struct np_image_header *header = image->header;
    if (!np_trie4_valid(image->section[NP_SECTION_TRIE4], image->count[NP_SECTION_TRIE4],
                        header->trie4_bits, header->n_signatures) ||
        !np_trie6_valid(image->section[NP_SECTION_TRIE6], image->count[NP_SECTION_TRIE6],
                        header->trie6_bits, header->n_signatures)) {
        return "a trie of addresses leads outside";
    }
    return tables_wrong(image);
}
