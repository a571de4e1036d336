/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of an image: who is in which class, what is called how; and the outline of it all. */
#include "analyze/dump.h"
#include "analyze/range.h"
#include "image/layout.h"
#include "match/names.h"

#include <stdio.h>
#include <stdlib.h>

const char *const np_dump_sides[NP_SIDES] = {"egress", "ingress", "mesh"};
#define BOTH(relation) relation, relation ", far address not known"
const char *const np_dump_variants[NP_VARIANTS] = {
    BOTH("other"),
    BOTH("self"),
    BOTH("own-node"),
    BOTH("maybe own-node"),
    BOTH("maybe self (unlearnt address)"),
    BOTH("maybe self (service address)"),
};

/* ---- names ---- */

const char *np_dump_string(const struct np_dump *dump, uint32_t offset)
{
    return (const char *)dump->image->section[NP_SECTION_STRINGS] + offset;
}

void np_dump_endpoint_name(const struct np_dump *dump, uint32_t number, char out[256])
{
    const struct np_endpoint_record *records = dump->image->section[NP_SECTION_ENDPOINTS];
    if (number == 0 || number > dump->image->count[NP_SECTION_ENDPOINTS]) {
        snprintf(out, 256, "endpoint %u", number);
        return;
    }
    const struct np_endpoint_record *record = &records[number - 1];
    snprintf(out, 256, "%s/%s", np_dump_string(dump, record->namespace_name),
             np_dump_string(dump, record->name));
}

static struct np_address address_of(uint8_t family, const uint64_t number[2])
{
    struct np_address address = {.family = family};
    unsigned size = family == NP_IPV4 ? 4 : 16;
    for (unsigned i = 0; i < size; i++) {
        unsigned from_end = size - 1 - i;
        address.bytes[i] = (uint8_t)(number[from_end < 8] >> 8 * (from_end % 8));
    }
    return address;
}

void np_dump_member_name(const struct np_dump *dump, const struct np_dump_member *member,
                         char out[256])
{
    if (member->family == 0) {
        np_dump_endpoint_name(dump, member->endpoint, out);
        size_t len = strlen(out);
        if (member->without) {
            snprintf(out + len, 256 - len, " (asked in IPv%u)", member->without);
        }
        return;
    }
    struct np_address first = address_of(member->family, member->first);
    struct np_address last = address_of(member->family, member->last);
    np_range_name(&first, &last, out);
}

void np_dump_part(const struct np_dump *dump, uint32_t index, char out[512])
{
    const struct netpol_part *part = &dump->hot->parts[index];
    struct netpol_rule_info info;
    if (part->flags & NP_PART_RESIDUAL) {
        snprintf(out, 512, "residual tree %u", part->rule);
        return;
    }
    int len = snprintf(out, 512, "%s, %s", netpol_action_text(part->action),
                       netpol_reason_text(part->reason));
    if (np_names_rule(dump->image, part->rule, &info)) {
        const char *name = info.policy[0] ? info.policy : info.option;
        bool place = info.position[0];
        snprintf(out + len, 512 - (size_t)len, " %u%s%s%s%s%s%s%s", part->rule, name[0] ? " " : "",
                 name, info.rule[0] ? " " : "", info.rule, place ? " (" : "", info.position,
                 place ? ")" : "");
    }
}

/* ---- tables ---- */

uint32_t np_dump_column(const struct np_dump *dump, const struct np_side *side, uint32_t port_class)
{
    size_t entry = (size_t)side->ports + port_class;
    const uint8_t *maps = dump->hot->port_maps;
    if (dump->hot->flags & NP_IMAGE_WIDE_PORTS) {
        return maps[2 * entry] | (uint32_t)maps[2 * entry + 1] << 8;
    }
    return maps[entry];
}

uint32_t np_dump_columns(const struct np_dump *dump, const struct np_side *side)
{
    uint32_t count = 0;
    for (uint32_t c = 0; c < dump->n_port_classes; c++) {
        uint32_t column = np_dump_column(dump, side, c);
        count = column >= count ? column + 1 : count;
    }
    return count;
}

uint32_t np_dump_row(const struct np_dump *dump, uint32_t base, uint32_t row, uint32_t class)
{
    const struct np_comb *comb = &dump->hot->comb[(size_t)base + class];
    return comb->base == base ? comb->row : row;
}

uint32_t np_dump_near(const struct np_dump *dump, int side, uint32_t signature)
{
    return signature < dump->image->count[NP_SECTION_SIDE_EGRESS + side] ? signature : 0;
}

struct np_row np_dump_variant(const struct np_dump *dump, int side, uint32_t signature,
                              uint32_t variant)
{
    uint32_t at = np_dump_near(dump, side, signature);
    const struct np_side *entry = &dump->hot->side[side][at];
    if (variant == 0 || !(dump->hot->flags & NP_IMAGE_RELATIONS)) {
        return (struct np_row){entry->base, entry->row};
    }
    size_t first = dump->hot->side_rel[(size_t)side * dump->hot->n_near + at];
    return dump->hot->rel_rows[first + variant];
}

/* ---- who has which signature ---- */

static bool add_member(struct np_dump *dump, struct np_dump_member member)
{
    if (member.signature >= dump->n_signatures) {
        return true;
    }
    struct np_dump_member *place = np_vec_push(dump->ctx, &dump->members);
    if (place) {
        *place = member;
    }
    return place != NULL;
}

/* One signature for each family it can be asked in; what they share is told once. */
static bool add_endpoint(struct np_dump *dump, const struct np_slot_ref *slot)
{
    static const uint8_t families[] = {4, 6, 0};
    bool fine = true;
    for (int f = 0; f < 3 && fine; f++) {
        bool told = false, has = f == 2 || (slot->families >> f & 1);
        for (int k = 0; k < f; k++) {
            told = told || slot->signature[k] == slot->signature[f];
        }
        if (!told) {
            fine = add_member(dump, (struct np_dump_member){.signature = slot->signature[f],
                                                            .endpoint = (uint32_t)(slot->who >> 32),
                                                            .without = has ? 0 : families[f]});
        }
    }
    return fine;
}

static bool add_endpoints(struct np_dump *dump)
{
    size_t slots = dump->table->probes_ref ? (size_t)1 << dump->table->bits_ref : 0;
    bool fine = true;
    for (size_t i = 0; i < slots && fine; i++) {
        const struct np_slot_ref *slot = &dump->table->refs[i];
        if (slot->ref && slot->ref != UINT64_MAX) {
            fine = add_endpoint(dump, slot);
        }
    }
    return fine;
}

/* Addresses of the tables that no endpoint owns: of nodes and services. */
static bool add_addresses(struct np_dump *dump)
{
    const struct np_table *t = dump->table;
    bool fine = true;
    for (size_t i = 0; t->probes4 && i < (size_t)1 << t->bits4 && fine; i++) {
        uint64_t key = t->slots4[i].key, address = key >> 32;
        if ((uint32_t)key && t->slots4[i].who >> 32 == 0) {
            fine = add_member(dump, (struct np_dump_member){
                                        .signature = (uint32_t)key,
                                        .family = 4,
                                        .first = {0, address},
                                        .last = {0, address}
            });
        }
    }
    for (size_t i = 0; t->probes6 && i < (size_t)1 << t->bits6 && fine; i++) {
        const struct np_slot6 *slot = &t->slots6[i];
        if ((uint32_t)slot->key && slot->who >> 32 == 0) {
            fine = add_member(dump, (struct np_dump_member){
                                        .signature = (uint32_t)slot->key,
                                        .family = 6,
                                        .first = {slot->high, slot->low},
                                        .last = {slot->high, slot->low}
            });
        }
    }
    return fine;
}

static int compare_members(const void *x, const void *y)
{
    const struct np_dump_member *a = x, *b = y;
    int by = (a->signature > b->signature) - (a->signature < b->signature);
    by = by ? by : a->family - b->family;
    by = by ? by : a->without - b->without;
    by = by ? by : (a->endpoint > b->endpoint) - (a->endpoint < b->endpoint);
    by = by ? by : (a->first[0] > b->first[0]) - (a->first[0] < b->first[0]);
    return by ? by : (a->first[1] > b->first[1]) - (a->first[1] < b->first[1]);
}

static bool index_members(struct np_dump *dump)
{
    size_t at = 0;
    dump->first_member =
        np_arena_array(&dump->arena, (size_t)dump->n_signatures + 1, sizeof(uint32_t));
    if (!dump->first_member) {
        return false;
    }
    if (dump->members.count > 1) {
        qsort(dump->members.items, dump->members.count, sizeof *dump->members.items,
              compare_members);
    }
    for (uint32_t s = 0; s <= dump->n_signatures; s++) {
        while (at < dump->members.count && dump->members.items[at].signature < s) {
            at++;
        }
        dump->first_member[s] = (uint32_t)at;
    }
    return true;
}

/* ---- groups ---- */

static bool number_groups(struct np_dump *dump, int side)
{
    uint32_t n_near = dump->hot->n_near;
    struct np_map seen;
    bool fine = true;
    dump->groups[side] = np_arena_array(&dump->arena, n_near, sizeof(uint32_t));
    dump->heads[side] = np_arena_array(&dump->arena, n_near, sizeof(uint32_t));
    if (!dump->groups[side] || !dump->heads[side]) {
        return false;
    }
    np_map_init(&seen, dump->ctx);
    for (uint32_t s = 0; s < n_near && fine; s++) {
        struct {
            struct np_side entry;
            struct np_row variants[NP_VARIANTS];
        } key;
        memset(&key, 0, sizeof key);
        key.entry = dump->hot->side[side][np_dump_near(dump, side, s)];
        for (uint32_t v = 0; v < NP_VARIANTS; v++) {
            key.variants[v] = np_dump_variant(dump, side, s, v);
        }
        bool added;
        uint64_t *number =
            np_map_add(&seen, (struct np_slice){(const char *)&key, sizeof key}, &added);
        fine = number != NULL;
        if (fine && added) {
            *number = dump->n_groups[side];
            dump->heads[side][dump->n_groups[side]++] = s;
        }
        dump->groups[side][s] = fine ? (uint32_t)*number : 0;
    }
    np_map_free(&seen);
    return fine;
}

int np_dump_open(const struct netpol_matcher *matcher, struct np_dump *out)
{
    const struct np_image_header *header = matcher->image.header;
    *out = (struct np_dump){.ctx = matcher->ctx,
                            .image = &matcher->image,
                            .hot = &matcher->hot,
                            .table = &matcher->frozen,
                            .n_signatures = header->n_signatures,
                            .n_port_classes = header->n_port_classes};
    np_arena_init(&out->arena, out->ctx, 16384);
    bool fine =
        add_endpoints(out) && add_addresses(out) && np_dump_places(out) && index_members(out);
    for (int side = 0; side < NP_SIDES && fine; side++) {
        fine = number_groups(out, side);
    }
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

void np_dump_free(struct np_dump *dump)
{
    np_vec_free(dump->ctx, &dump->members);
    np_arena_free(&dump->arena);
}
